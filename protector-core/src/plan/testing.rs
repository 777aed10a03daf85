//! Facts for tests: a world in which everything works, and what can be missing from it.

use super::{
    ArrayFacts, CloudFacts, Durations, FACTS_SCHEMA, Facts, FindingCode, Limits, Observation, PeerFacts, SiteFacts,
    TestRun,
};
use crate::model::{
    ConsistencyGroup, ConsistencyGroupStatus, Disk, DiskCopy, Divergence, Epoch, FenceDue, FlavorShape, GroupRecord,
    LedgerEntry, LedgerState, LedgerVolume, Mappings, Member, MemberStatus, MetadataVersion, Nic, OpenOperation,
    OperationKind, PolicyStatus, Protection, ProtectionGroup, REPLICATION_ENABLED, REPLICATION_TYPE, RecoveryPoint,
    ReplicationPolicy, ReplicationType, RetainedCopy, ServerCapture, SiteName, Transfer, VolumeType,
};
use crate::ports::{
    ArrayGroup, AttachedVolume, CloudVolume, Flavor, Network, Quota, ReplicationLink, Server, ServerState, VolumeState,
};
use crate::rules::naming;
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(crate) mod pods;

/// One member: tier, disks, interfaces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) tier: u16,
    pub(crate) disks: usize,
    pub(crate) nics: usize,
}

/// The present of all facts here.
const NOW: i64 = 1_800_000_000;
const POLICY_GROUP: &str = "pg-web";
const SHAPE: FlavorShape = FlavorShape { vcpus: 2, ram_mib: 4096, disk_gib: 40 };

/// A group that could be moved right now, at home or, `away`, on its secondary site with the old servers still at home.
pub(crate) fn facts(sizes: &[Size], away: bool) -> Facts {
    let (source, target) = if away { ("site-b", "site-a") } else { ("site-a", "site-b") };
    let record = record(sizes, source, away);
    Facts {
        schema: FACTS_SCHEMA,
        now: at(NOW),
        local_site: "site-a".into(),
        open_operation: None,
        unreadable_operation: None,
        peer: PeerFacts {
            site: "site-b".into(),
            version: Observation::Known(Some(record.version)),
            tests: Some(Observation::Known(Vec::new())),
        },
        source: site_facts(&record, source, target, true),
        target: site_facts(&record, target, source, false),
        test: Some(TestRun {
            operation: "op-test".into(),
            site: target.into(),
            servers: record.members.iter().map(|m| format!("{}-test", m.id).into()).collect(),
            ports: record.members.iter().map(|m| format!("{}-port", m.id).into()).collect(),
            volumes: record.disks().map(|(_, d)| format!("{}-test", d.id).into()).collect(),
            clone_key: "op-test/clone_volumes".into(),
            clones: record.disks().map(|(_, d)| format!("{}-clone", d.id).into()).collect(),
        }),
        durations: Durations::default(),
        limits: Limits::default(),
        record,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn record(sizes: &[Size], runs_on: &str, away: bool) -> GroupRecord {
    let sites: &[&str] = if away { &["site-a", "site-b"] } else { &["site-a"] };
    GroupRecord {
        version: MetadataVersion(7),
        group: ProtectionGroup {
            id: "pg-1".into(),
            name: "web".to_owned(),
            description: None,
            project_id: "project".into(),
            replication_type: ReplicationType::Async,
            primary_site: "site-a".into(),
            secondary_site: "site-b".into(),
            current_primary_site: runs_on.into(),
            partial: false,
            protection: Protection::Protected,
            operation: None,
            epoch: Epoch(3),
            volume_type: "replicated".to_owned(),
            consistency_group: ConsistencyGroup {
                id: "cg-1".into(),
                backend_name: "pure".to_owned(),
                secondary_volume_type: "replicated".to_owned(),
                primary_cg_id: "cinder-a".into(),
                secondary_cg_id: "cinder-b".into(),
                status: ConsistencyGroupStatus::Active,
            },
            priority: 0,
            mappings: Mappings { networks: [("net-a".to_owned(), "net-b".to_owned())].into(), ..Default::default() },
            created_at: at(NOW - 9000),
            updated_at: at(NOW - 9000),
        },
        policy: Some(ReplicationPolicy {
            primary_fa_url: None,
            primary_fa_api_token: None,
            secondary_fa_url: None,
            secondary_fa_api_token: None,
            pure_pg_name: POLICY_GROUP.into(),
            replication_interval: 300,
            rpo_minutes: 15,
            status: PolicyStatus::Active,
        }),
        members: sizes.iter().enumerate().map(|(n, size)| member(n, *size, sites)).collect(),
        retained: Vec::new(),
        divergence: None,
        fences_due: Vec::new(),
        ledger: Vec::new(),
        unfinished: None,
    }
}

fn member(n: usize, size: Size, sites: &[&str]) -> Member {
    let capture = |site: &str| ServerCapture {
        flavor: "m1.medium".to_owned(),
        flavor_shape: SHAPE,
        key_name: None,
        availability_zone: None,
        security_groups: Vec::new(),
        metadata: BTreeMap::new(),
        nics: (0..size.nics).map(|nic| interface(n, nic, site)).collect(),
        captured_at: at(NOW - 8000),
    };
    let copy = |disk: usize, site: &str| DiskCopy {
        volume_id: format!("volume-{n}-{disk}-{site}").into(),
        array_volume: format!("array-volume-{n}-{disk}-{site}").into(),
        array_volume_id: format!("array-id-{n}-{disk}-{site}").into(),
        cloned_under: None,
    };
    Member {
        id: format!("server-{n}").into(),
        // every third name is shared: labels must still differ
        name: format!("web-{}", n / 3),
        tier: size.tier,
        start: Default::default(),
        status: MemberStatus::Protected,
        captures: sites.iter().map(|s| (SiteName::from(*s), capture(s))).collect(),
        disks: (0..size.disks)
            .map(|d| Disk {
                id: format!("disk-{n}-{d}").into(),
                name: format!("disk-{n}-{d}"),
                size_gib: 10,
                device: format!("vd{}", char::from(b'a' + u8::try_from(d).unwrap())),
                boot: d == 0,
                copies: sites.iter().map(|s| (SiteName::from(*s), copy(d, s))).collect(),
            })
            .collect(),
        servers: sites.iter().map(|s| (SiteName::from(*s), format!("server-{n}-{s}").into())).collect(),
    }
}

fn interface(n: usize, nic: usize, site: &str) -> Nic {
    let network = if site == "site-a" { "net-a" } else { "net-b" };
    Nic {
        port: Some(format!("port-{n}-{nic}-{site}").into()),
        network: network.to_owned(),
        mac_address: None,
        fixed_ips: vec![format!("10.0.{nic}.{n}")],
    }
}

fn site_facts(record: &GroupRecord, site: &str, other: &str, is_source: bool) -> SiteFacts {
    let array = |site: &str| naming_of(site);
    let volumes: Vec<_> = record
        .disks()
        .filter_map(|(_, d)| d.copies.get(&SiteName::from(if is_source { site } else { other })))
        .map(|c| c.array_volume.clone())
        .collect();
    let image = naming::target_group_name(&array(other), &POLICY_GROUP.into());
    let group = |name: &crate::model::ArrayGroupName, is_local: bool| ArrayGroup {
        name: name.clone(),
        owner: Some("pg-1".into()),
        is_local,
        volumes: volumes.iter().cloned().collect(),
        targets: [(array(if is_local { other } else { site }), true)].into(),
        replication_interval: is_local.then_some(300),
        destroyed: false,
    };
    let arrived = RecoveryPoint {
        name: format!("{image}.auto-1").into(),
        group: image.clone(),
        created: at(NOW - 200),
        transfer: Transfer::Completed { at: at(NOW - 100) },
        volumes: volumes.clone(),
        destroyed: false,
    };
    SiteFacts {
        site: site.into(),
        cloud: Observation::Known(cloud_facts(record, site, is_source)),
        array: Observation::Known(ArrayFacts {
            id: format!("id-of-{site}").into(),
            name: array(site),
            peer: Some(array(other)),
            link: ReplicationLink::Connected,
            local_group: is_source.then(|| group(&POLICY_GROUP.into(), true)),
            image: (!is_source).then(|| group(&image, false)),
            recovery_points: if is_source { Vec::new() } else { vec![arrived] },
            pod: None,
        }),
        observed_at: Some(at(NOW - 1)),
    }
}

fn naming_of(site: &str) -> crate::model::ArrayName {
    format!("array-of-{site}").into()
}

fn cloud_facts(record: &GroupRecord, site: &str, is_source: bool) -> CloudFacts {
    let here = SiteName::from(site);
    let server = |m: &Member| {
        let id = m.server_on(&here)?.clone();
        let attached = m.disks.iter().filter_map(|d| {
            let copy = d.copies.get(&here)?;
            let volume = CloudVolume {
                id: copy.volume_id.clone(),
                name: d.name.clone(),
                size_gib: d.size_gib,
                volume_type: "replicated".to_owned(),
                backend: "pure".to_owned(),
                state: VolumeState::InUse,
                group: None,
                array_volume: Some(copy.array_volume.clone()),
                array_volume_id: Some(copy.array_volume_id.clone()),
            };
            Some(AttachedVolume { device: d.device.clone(), boot: d.boot, delete_on_termination: false, volume })
        });
        let server = Server {
            id: id.clone(),
            name: m.name.clone(),
            state: if is_source { ServerState::Active } else { ServerState::Shutoff },
            flavor: "m1.medium".to_owned(),
            flavor_shape: SHAPE,
            key_name: None,
            availability_zone: None,
            security_groups: Vec::new(),
            metadata: BTreeMap::new(),
            nics: Vec::new(),
            volumes: attached.collect(),
        };
        Some((id, server))
    };
    let network = if site == "site-a" { "net-a" } else { "net-b" };
    CloudFacts {
        networks: vec![Network { id: network.to_owned(), name: network.to_owned(), cidrs: Vec::new() }],
        flavors: vec![Flavor { id: "medium".to_owned(), name: "m1.medium".to_owned(), shape: SHAPE }],
        servers: record.members.iter().filter_map(server).collect(),
        group_volumes: record.disks().filter_map(|(_, d)| d.copies.get(&here)).map(|c| c.volume_id.clone()).collect(),
        volume_types: Some(vec![VolumeType {
            id: "type-1".to_owned(),
            name: "replicated".to_owned(),
            extra_specs: [
                (REPLICATION_ENABLED.to_owned(), "<is> True".to_owned()),
                (REPLICATION_TYPE.to_owned(), "<in> async".to_owned()),
            ]
            .into(),
        }]),
        quota: Some(Quota { servers: None, vcpus: None, ram_mib: None, volumes: Some(1000), volume_gib: Some(10_000) }),
        retained: BTreeMap::new(),
    }
}

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
                volume_id: copy.volume_id,
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
        volume_id: copy.volume_id.clone(),
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

fn silent<T>() -> Observation<T> {
    Observation::Unknown("it does not answer".to_owned())
}

pub(crate) fn array(site: &mut SiteFacts, change: impl FnOnce(&mut ArrayFacts)) {
    if let Observation::Known(array) = &mut site.array {
        change(array);
    }
}

pub(crate) fn cloud(site: &mut SiteFacts, change: impl FnOnce(&mut CloudFacts)) {
    if let Observation::Known(cloud) = &mut site.cloud {
        change(cloud);
    }
}
