//! The same world, with the group in a stretched pod.

use super::{DEFECTS, Defect, NOW, array, at};
use crate::model::VolumeType;
use crate::model::{
    ArrayName, ArrayVolumeName, REPLICATION_TYPE, RecoveryPoint, ReplicationType, Transfer, VOLUME_BACKEND_NAME,
};
use crate::plan::{Facts, FindingCode, SiteFacts};
use crate::ports::{ArrayGroup, PodMember, PodMemberState, PodPromotion, PodStatus};

pub(crate) const GROUP: &str = "cinder-pod::pg-web";

/// Makes the group synchronous: its volumes and its array group are in a pod that is online on both arrays.
pub(crate) fn in_pod(facts: &mut Facts) {
    let record = &mut facts.record;
    record.group.replication_type = ReplicationType::Sync;
    record.policy.iter_mut().for_each(|policy| policy.pure_pg_name = GROUP.into());
    let copies = record
        .members
        .iter_mut()
        .flat_map(|m| &mut m.disks)
        .flat_map(|disk| disk.copies.iter_mut())
        .map(|(_, copy)| copy);
    copies.for_each(|copy| copy.array_volume = in_the_pod(&copy.array_volume));
    let members: Vec<ArrayVolumeName> =
        record.disks().filter_map(|(_, d)| Some(d.copies.get(&facts.source.site)?.array_volume.clone())).collect();
    let names = [&facts.source, &facts.target].map(|site| format!("array-of-{}", site.site).into());
    for site in [&mut facts.source, &mut facts.target] {
        types(site);
        put_into_pod(site, &names, &members);
    }
}

fn in_the_pod(name: &ArrayVolumeName) -> ArrayVolumeName {
    ArrayVolumeName::new(format!("cinder-pod::{name}"))
}

fn types(site: &mut SiteFacts) {
    super::cloud(site, |cloud| {
        let types = cloud.volume_types.get_or_insert_default();
        for volume_type in types.iter_mut() {
            volume_type.extra_specs.insert(REPLICATION_TYPE.to_owned(), "<in> sync".to_owned());
            volume_type.extra_specs.insert(VOLUME_BACKEND_NAME.to_owned(), "pure".to_owned());
        }
        types.push(VolumeType {
            id: "type-2".to_owned(),
            name: "plain".to_owned(),
            extra_specs: [(VOLUME_BACKEND_NAME.to_owned(), "pure".to_owned())].into(),
        });
        let volumes = cloud.servers.values_mut().flat_map(|server| &mut server.volumes);
        volumes.for_each(|v| v.volume.array_volume = v.volume.array_volume.as_ref().map(in_the_pod));
    });
}

fn put_into_pod(site: &mut SiteFacts, names: &[ArrayName; 2], members: &[ArrayVolumeName]) {
    array(site, |array| {
        array.image = None;
        array.local_group = Some(ArrayGroup {
            name: GROUP.into(),
            owner: Some("pg-1".into()),
            is_local: true,
            volumes: members.iter().cloned().collect(),
            targets: names.iter().filter(|name| **name != array.name).map(|name| (name.clone(), true)).collect(),
            replication_interval: None,
            destroyed: false,
        });
        array.recovery_points = vec![RecoveryPoint {
            name: format!("{GROUP}.earlier").into(),
            group: GROUP.into(),
            created: at(NOW - 200),
            transfer: Transfer::Local,
            volumes: members.to_vec(),
            destroyed: false,
        }];
        array.pod = Some(PodStatus {
            arrays: names.iter().map(|name| (name.clone(), member(PodMemberState::Online))).collect(),
            promotion: PodPromotion::Promoted,
            replica_links: Vec::new(),
        });
    });
}

fn member(state: PodMemberState) -> PodMember {
    PodMember { state, progress: None, frozen_at: None, mediator_reachable: Some(true) }
}

/// How the array of `of` stands in the pod, as that of `seen_from` shows it.
pub(crate) fn set_state(seen_from: &mut SiteFacts, of: &str, state: PodMemberState) {
    let name = ArrayName::from(format!("array-of-{of}"));
    array(seen_from, |array| {
        if let Some(pod) = &mut array.pod {
            pod.arrays.insert(name, member(state));
        }
    });
}

/// What keeps a sync group from being moved with both sites, and the finding that says so.
pub(crate) const POD_DEFECTS: [Defect; 5] = [
    ("target resyncs", FindingCode::PodNotInStep, |f| {
        let site = f.target.site.to_string();
        set_state(&mut f.target, &site, PodMemberState::Resyncing);
    }),
    ("source cut off", FindingCode::PodNotInStep, |f| {
        let site = f.source.site.to_string();
        set_state(&mut f.source, &site, PodMemberState::Offline);
    }),
    ("target cannot say", FindingCode::PodNotInStep, |f| {
        let site = f.target.site.to_string();
        set_state(&mut f.target, &site, PodMemberState::Unknown);
    }),
    ("pod is gone", FindingCode::PodNotInStep, |f| array(&mut f.target, |a| a.pod = None)),
    ("group drifted", FindingCode::MemberDrift, |f| {
        array(&mut f.source, |a| a.local_group.iter_mut().for_each(|g| g.volumes.clear()));
    }),
];

/// Defects that a group in a pod shares with every other: it has no image, schedule or permission, and a planned move of
/// it needs no recovery point.
pub(crate) fn shared_defects() -> impl Iterator<Item = &'static Defect> {
    let of_transfers = |d: &Defect| {
        let codes = [FindingCode::ReplicaNotAllowed, FindingCode::NoRecoveryPoint, FindingCode::RpoBreach];
        codes.contains(&d.1) || ["image of somebody else", "sync group without a pod"].contains(&d.0)
    };
    DEFECTS.iter().filter(move |defect| !of_transfers(defect))
}
