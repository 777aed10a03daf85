//! Facts for tests: a world in which everything works.

use crate::model::{
    ConsistencyGroup, ConsistencyGroupStatus, Disk, DiskCopy, Epoch, FlavorShape, GroupRecord, Mappings, Member,
    MemberStatus, MetadataVersion, Nic, PolicyStatus, Protection, ProtectionGroup, REPLICATION_ENABLED,
    REPLICATION_TYPE, RecoveryPoint, ReplicationPolicy, ReplicationType, ServerCapture, SiteName, Transfer, VolumeType,
};
use crate::plan::{
    ArrayFacts, CloudFacts, Durations, FACTS_SCHEMA, Facts, Limits, Observation, PeerFacts, SiteFacts, TestRun,
};
use crate::ports::{
    ArrayGroup, AttachedVolume, CloudVolume, Flavor, Network, Quota, ReplicationLink, Server, ServerState, VolumeState,
};
use crate::rules::naming;
use jiff::Timestamp;
use std::collections::BTreeMap;

mod defects;
pub(crate) mod pods;

pub(crate) use defects::{DEFECTS, Defect, MENDED, REMARKS, leave_without_fence, retain};

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
            differs: false,
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
        simulated_storage: None,
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
            project: None,
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
