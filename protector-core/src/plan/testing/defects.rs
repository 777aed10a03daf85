//! What can be missing from a world in which everything works, or be in it besides.

use super::{NOW, POLICY_GROUP, array, at, cloud, silent};
use crate::model::{
    Divergence, FenceDue, LedgerEntry, LedgerState, LedgerVolume, OpenOperation, OperationKind, Protection,
    RecoveryPoint, ReplicationType, RetainedCopy, Transfer,
};
use crate::plan::{Facts, FindingCode, Observation};
use crate::ports::{ReplicationLink, ServerState};

/// Something that is missing or wrong, and the blocker that says so.
pub(crate) type Defect = (&'static str, FindingCode, fn(&mut Facts));

pub(crate) const DEFECTS: [Defect; 32] = [
    ("no policy", FindingCode::NoPolicy, |f| f.record.policy = None),
    ("no members", FindingCode::NoMembers, |f| f.record.members.clear()),
    ("sync group without a pod", FindingCode::PodNotInStep, |f| {
        f.record.group.replication_type = ReplicationType::Sync;
    }),
    ("source cloud silent", FindingCode::SiteUnreachable, |f| f.source.cloud = silent()),
    ("source array silent", FindingCode::SiteUnreachable, |f| f.source.array = silent()),
    ("source credentials rejected", FindingCode::CredentialsRejected, |f| {
        f.source.cloud = Observation::Refused("401".to_owned());
    }),
    ("target credentials rejected", FindingCode::CredentialsRejected, |f| {
        f.target.array = Observation::Refused("401".to_owned());
    }),
    ("target cloud silent", FindingCode::SiteUnreachable, |f| f.target.cloud = silent()),
    ("target array silent", FindingCode::SiteUnreachable, |f| f.target.array = silent()),
    ("peer silent", FindingCode::PeerUnreachable, |f| f.peer.version = silent()),
    ("peer behind", FindingCode::MetadataOutOfSync, |f| f.peer.version = Observation::Known(None)),
    ("diverged", FindingCode::MetadataDiverged, |f| {
        f.record.divergence =
            Some(Divergence { operation: "op-0".into(), since: at(NOW - 50), absent_site: "site-b".into() });
    }),
    ("operation open", FindingCode::OperationOpen, |f| {
        let kind = OperationKind::PlannedFailover;
        f.open_operation = Some(OpenOperation { id: "op-1".into(), kind, site: "site-a".into() });
    }),
    ("journal of another version", FindingCode::JournalUnknown, |f| {
        f.unreadable_operation = Some("journal has schema 9".to_owned());
    }),
    ("link down", FindingCode::LinkNotConnected, |f| array(&mut f.source, |a| a.link = ReplicationLink::Disconnected)),
    ("no array group", FindingCode::ArrayGroupNotReady, |f| array(&mut f.source, |a| a.local_group = None)),
    ("array group of somebody else", FindingCode::ArrayGroupForeign, |f| {
        array(&mut f.source, |a| a.local_group.iter_mut().for_each(|g| g.owner = Some("pg-2".into())));
    }),
    ("image of somebody else", FindingCode::ArrayGroupForeign, |f| {
        array(&mut f.target, |a| a.image.iter_mut().for_each(|g| g.owner = Some("pg-2".into())));
    }),
    ("replica not allowed", FindingCode::ReplicaNotAllowed, |f| {
        array(&mut f.source, |a| {
            a.local_group.iter_mut().flat_map(|g| g.targets.values_mut()).for_each(|allowed| *allowed = false);
        });
    }),
    ("array group drifted", FindingCode::MemberDrift, |f| {
        array(&mut f.source, |a| a.local_group.iter_mut().for_each(|g| g.volumes.clear()));
    }),
    ("no recovery point", FindingCode::NoRecoveryPoint, |f| array(&mut f.target, |a| a.recovery_points.clear())),
    ("recovery point on its way", FindingCode::NoRecoveryPoint, |f| {
        array(&mut f.target, |a| {
            a.recovery_points.iter_mut().for_each(|p| p.transfer = Transfer::InProgress { percent: 40 });
        });
    }),
    ("recovery point old", FindingCode::RpoBreach, |f| {
        array(&mut f.target, |a| a.recovery_points.iter_mut().for_each(|p| p.created = at(NOW - 47 * 60)));
    }),
    ("volume retyped", FindingCode::VolumeTypeNotEligible, |f| {
        cloud(&mut f.source, |c| {
            c.servers.values_mut().flat_map(|s| &mut s.volumes).for_each(|v| v.volume.volume_type = "fast".to_owned());
        });
    }),
    ("target type does not replicate", FindingCode::VolumeTypeNotEligible, |f| {
        cloud(&mut f.target, |c| c.volume_types.iter_mut().flatten().for_each(|t| t.extra_specs.clear()));
    }),
    ("quota short on the target", FindingCode::QuotaShort, |f| {
        cloud(&mut f.target, |c| c.quota.iter_mut().for_each(|q| q.volumes = Some(0)));
    }),
    ("server gone", FindingCode::ServerMissing, |f| cloud(&mut f.source, |c| c.servers.clear())),
    ("Cinder group drifted", FindingCode::MemberDrift, |f| cloud(&mut f.source, |c| c.group_volumes.clear())),
    ("no networks on the target", FindingCode::NetworkAbsent, |f| cloud(&mut f.target, |c| c.networks.clear())),
    ("no flavors on the target", FindingCode::FlavorAbsent, |f| cloud(&mut f.target, |c| c.flavors.clear())),
    ("members in a circle", FindingCode::StartOrderInvalid, |f| {
        let ids: Vec<_> = f.record.members.iter().map(|m| m.id.clone()).collect();
        for (member, id) in f.record.members.iter_mut().zip(ids.into_iter().rev()) {
            member.tier = 0;
            member.start.depends_on.insert(id);
        }
    }),
    ("old servers would take their volumes along", FindingCode::StandbyServerInTheWay, |f| {
        cloud(&mut f.target, |c| {
            c.servers.values_mut().flat_map(|s| &mut s.volumes).for_each(|v| v.delete_on_termination = true);
        });
    }),
];

/// Something worth knowing that blocks nothing, and the warning that says so.
pub(crate) const REMARKS: [Defect; 4] = [
    ("schedule off", FindingCode::ScheduleDrift, |f| {
        array(&mut f.source, |a| a.local_group.iter_mut().for_each(|g| g.replication_interval = None));
    }),
    ("interval longer than the objective", FindingCode::IntervalExceedsRpo, |f| {
        f.record.policy.iter_mut().for_each(|p| p.replication_interval = 3600);
    }),
    ("quota not known", FindingCode::QuotaUnknown, |f| cloud(&mut f.target, |c| c.quota = None)),
    ("newer recovery point on its way", FindingCode::TransferIncomplete, |f| {
        array(&mut f.target, |a| {
            let coming = a.recovery_points.first().cloned().map(|p| RecoveryPoint {
                name: format!("{}-2", p.name).into(),
                created: at(NOW - 10),
                transfer: Transfer::InProgress { percent: 40 },
                ..p
            });
            a.recovery_points.extend(coming);
        });
    }),
];

/// A change of a world, by its name.
pub(crate) type Change = (&'static str, fn(&mut Facts));

/// What a plan of a move mends by itself, or has nothing to do with.
pub(crate) const MENDED: [Change; 3] = [
    ("unprotected", |f| f.record.group.protection = Protection::Unprotected),
    ("left without a fence", leave_without_fence),
    ("volumes retained", retain),
];

/// The standby site was left by an unplanned failover; its servers run.
pub(crate) fn leave_without_fence(f: &mut Facts) {
    let site = f.target.site.clone();
    f.record.group.protection = Protection::Unprotected;
    f.record.fences_due.push(FenceDue {
        site: site.clone(),
        group: POLICY_GROUP.into(),
        servers: f.record.members.iter().filter_map(|m| m.server_on(&site)).cloned().collect(),
        since: at(NOW - 600),
        operation: "op-left".into(),
    });
    let volumes = f.record.disks().filter_map(|(_, d)| Some((d.id.clone(), d.copies.get(&site)?.clone())));
    f.record.ledger.push(LedgerEntry {
        id: "diverged-left".into(),
        operation: "op-left".into(),
        site: site.clone(),
        group: POLICY_GROUP.into(),
        point: "array:pg-web.auto-0".into(),
        data_time: at(NOW - 900),
        volumes: volumes
            .map(|(disk, copy)| LedgerVolume {
                disk,
                volume_id: Some(copy.volume_id),
                array_volume: copy.array_volume,
                array_volume_id: copy.array_volume_id,
            })
            .collect(),
        since: at(NOW - 600),
        state: LedgerState::Suspected,
        evidence: None,
        snapshot: None,
        discarded: None,
    });
    cloud(&mut f.target, |c| c.servers.values_mut().for_each(|s| s.state = ServerState::Active));
}

/// Of each disk an old volume of ours, one of the tenant, and one that the ledger names.
pub(crate) fn retain(f: &mut Facts) {
    let site = f.source.site.clone();
    for (_, disk) in f.record.members.iter().flat_map(|m| m.disks.iter().map(move |d| (m, d))) {
        for made_by in ["ours", "tenant", "kept"] {
            f.record.retained.push(RetainedCopy {
                site: site.clone(),
                disk: disk.id.clone(),
                volume_id: format!("{}-{made_by}", disk.id).into(),
                array_volume: format!("array-{}-{made_by}", disk.id).into(),
                array_volume_id: format!("array-id-{}-{made_by}", disk.id).into(),
                cloned_under: (made_by != "tenant").then(|| "op-before/clone_volumes".into()),
                operation: "op-after".into(),
                since: at(NOW - 700),
            });
        }
    }
    let kept = f.record.retained.iter().filter(|c| c.volume_id.as_str().ends_with("kept"));
    let volumes = kept.map(|copy| LedgerVolume {
        disk: copy.disk.clone(),
        volume_id: Some(copy.volume_id.clone()),
        array_volume: copy.array_volume.clone(),
        array_volume_id: copy.array_volume_id.clone(),
    });
    let entry = LedgerEntry {
        id: "diverged-kept".into(),
        operation: "op-kept".into(),
        site,
        group: POLICY_GROUP.into(),
        point: "array:pg-web.auto-0".into(),
        data_time: at(NOW - 2000),
        volumes: volumes.collect(),
        since: at(NOW - 1900),
        state: LedgerState::Preserved,
        evidence: None,
        snapshot: Some("pg-web.dr-1-diverged".into()),
        discarded: None,
    };
    f.record.ledger.push(entry);
}
