//! Where every exploration begins: a group at home, protected, with one recovery point on the other array.

use crate::arrays::{GROUP, instant};
use crate::facts::{FLAVOR, SHAPE, TYPE, cinder_group};
use crate::kept::Kept;
use crate::world::{Image, LocalGroup, Machine, Managed, Side, Site, Snapshot, Volume, World};
use protector_core::model::{
    ArrayVolumeId, ConsistencyGroup, ConsistencyGroupStatus, Disk, DiskCopy, Epoch, GroupRecord, Mappings, Member,
    MemberStatus, MetadataVersion, PolicyStatus, Protection, ProtectionGroup, ReplicationPolicy, ReplicationType,
    ServerCapture, VolumeId,
};
use protector_core::rules::naming;
use std::collections::BTreeMap;

/// Two volumes: two of one server, or one each of two that start one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    OneServer,
    TwoServers,
}

struct Part {
    server: &'static str,
    tier: u16,
    disks: &'static [(&'static str, &'static str)],
}

impl Shape {
    fn parts(self) -> &'static [Part] {
        match self {
            Self::OneServer => &[Part { server: "web", tier: 0, disks: &[("root", "vda"), ("data", "vdb")] }],
            Self::TwoServers => &[
                Part { server: "db", tier: 0, disks: &[("db-root", "vda")] },
                Part { server: "web", tier: 1, disks: &[("web-root", "vda")] },
            ],
        }
    }
}

fn volume_id(disk: &str) -> VolumeId {
    VolumeId::new(format!("managed-{disk}"))
}

fn array_id(disk: &str) -> ArrayVolumeId {
    ArrayVolumeId::new(format!("id-{disk}"))
}

pub(crate) fn world(shape: Shape) -> World {
    let record = Kept::new(record(shape));
    let disks: Vec<&str> = shape.parts().iter().flat_map(|part| part.disks).map(|(disk, _)| *disk).collect();
    let name = |disk: &str| naming::cinder_volume_name(&volume_id(disk));
    let first = Snapshot { taken: 0, complete: true, volumes: disks.iter().map(|disk| (name(disk), 0)).collect() };
    let volume = |disk: &&str| Volume {
        name: name(disk),
        holds: 0,
        fenced: false,
        destroyed: false,
        cloned: None,
        of_test: false,
    };
    let managed = |disk: &&str| Managed { name: (*disk).to_owned(), array_volume: array_id(disk), grouped: true };
    let server = |part: &Part| Machine {
        name: part.server.to_owned(),
        running: true,
        op_key: None,
        volumes: part.disks.iter().map(|(disk, device)| ((*device).to_owned(), volume_id(disk))).collect(),
    };
    let home = Site {
        volumes: disks.iter().map(|disk| (array_id(disk), volume(disk))).collect(),
        local: Some(LocalGroup {
            volumes: disks.iter().map(|disk| array_id(disk)).collect(),
            scheduled: true,
            seen: 1,
            snapshots: [("auto-1".to_owned(), first.clone())].into(),
        }),
        image: None,
        managed: disks.iter().map(|disk| (volume_id(disk), managed(disk))).collect(),
        servers: shape.parts().iter().map(|part| (part.server.into(), server(part))).collect(),
        record: record.clone(),
    };
    let away = Site {
        volumes: BTreeMap::new(),
        local: None,
        image: Some(Image { allowed: true, seen: 1, replicas: [("auto-1".to_owned(), first)].into() }),
        managed: BTreeMap::new(),
        servers: BTreeMap::new(),
        record,
    };
    World::new(home, away, 1)
}

fn record(shape: Shape) -> GroupRecord {
    GroupRecord {
        version: MetadataVersion(7),
        group: group(),
        policy: Some(ReplicationPolicy {
            primary_fa_url: None,
            primary_fa_api_token: None,
            secondary_fa_url: None,
            secondary_fa_api_token: None,
            pure_pg_name: GROUP.into(),
            replication_interval: 300,
            rpo_minutes: 15,
            status: PolicyStatus::Active,
        }),
        members: shape.parts().iter().map(member).collect(),
        retained: Vec::new(),
        divergence: None,
        fences_due: Vec::new(),
        ledger: Vec::new(),
        unfinished: None,
    }
}

fn group() -> ProtectionGroup {
    let (primary, secondary) = (Side::A.site().clone(), Side::B.site().clone());
    ProtectionGroup {
        id: "pg-1".into(),
        name: "web".to_owned(),
        description: None,
        project_id: "project".into(),
        replication_type: ReplicationType::Async,
        current_primary_site: primary.clone(),
        primary_site: primary,
        secondary_site: secondary,
        partial: false,
        protection: Protection::Protected,
        operation: None,
        epoch: Epoch(1),
        volume_type: TYPE.to_owned(),
        consistency_group: ConsistencyGroup {
            id: "cg-1".into(),
            backend_name: "pure".to_owned(),
            secondary_volume_type: TYPE.to_owned(),
            primary_cg_id: cinder_group(Side::A),
            secondary_cg_id: cinder_group(Side::B),
            status: ConsistencyGroupStatus::Active,
        },
        priority: 0,
        mappings: Mappings::default(),
        created_at: instant(0),
        updated_at: instant(0),
    }
}

fn member(part: &Part) -> Member {
    let home = Side::A.site();
    let capture = ServerCapture {
        flavor: FLAVOR.to_owned(),
        flavor_shape: SHAPE,
        key_name: None,
        availability_zone: None,
        security_groups: Vec::new(),
        metadata: BTreeMap::new(),
        nics: Vec::new(),
        captured_at: instant(0),
    };
    let copy = |disk: &str| DiskCopy {
        volume_id: volume_id(disk),
        array_volume: naming::cinder_volume_name(&volume_id(disk)),
        array_volume_id: array_id(disk),
        cloned_under: None,
    };
    Member {
        id: part.server.into(),
        name: part.server.to_owned(),
        tier: part.tier,
        start: Default::default(),
        status: MemberStatus::Protected,
        captures: [(home.clone(), capture)].into_iter().collect(),
        disks: part
            .disks
            .iter()
            .enumerate()
            .map(|(at, (disk, device))| Disk {
                id: (*disk).into(),
                name: (*disk).to_owned(),
                size_gib: 10,
                device: (*device).to_owned(),
                boot: at == 0,
                copies: [(home.clone(), copy(disk))].into_iter().collect(),
            })
            .collect(),
        servers: [(home.clone(), part.server.into())].into_iter().collect(),
    }
}
