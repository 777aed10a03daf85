//! Records for the tests of this room.

use crate::model::{
    BySite, ConsistencyGroup, ConsistencyGroupStatus, Disk, DiskCopy, Epoch, FlavorShape, GroupRecord, Mappings,
    Member, MemberStatus, MetadataVersion, PolicyStatus, Protection, ProtectionGroup, RecoveryPoint, ReplicationPolicy,
    ReplicationType, ServerCapture, Transfer,
};
use jiff::Timestamp;

/// A protected group at home; everything of its own is named after `name`.
pub(super) fn group(name: &str) -> ProtectionGroup {
    ProtectionGroup {
        id: format!("pg-{name}").into(),
        name: name.to_owned(),
        description: None,
        project_id: "project".into(),
        replication_type: ReplicationType::Async,
        primary_site: "site-a".into(),
        secondary_site: "site-b".into(),
        current_primary_site: "site-a".into(),
        partial: false,
        protection: Protection::Protected,
        operation: None,
        epoch: Epoch(1),
        volume_type: "replicated-ssd".to_owned(),
        consistency_group: ConsistencyGroup {
            id: format!("cg-{name}").into(),
            backend_name: "pure@backend-a".to_owned(),
            secondary_volume_type: "replicated-ssd".to_owned(),
            primary_cg_id: format!("{name}-cinder-a").into(),
            secondary_cg_id: format!("{name}-cinder-b").into(),
            status: ConsistencyGroupStatus::Active,
        },
        priority: 0,
        mappings: Mappings::default(),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

/// The group with a policy and one member with one disk.
pub(super) fn record(name: &str) -> GroupRecord {
    GroupRecord {
        version: MetadataVersion::FIRST,
        group: group(name),
        policy: Some(ReplicationPolicy {
            primary_fa_url: None,
            primary_fa_api_token: None,
            secondary_fa_url: None,
            secondary_fa_api_token: None,
            pure_pg_name: format!("pg-{name}").into(),
            replication_interval: 300,
            rpo_minutes: 15,
            status: PolicyStatus::Active,
        }),
        members: vec![member(name)],
        retained: Vec::new(),
        divergence: None,
        fences_due: Vec::new(),
        ledger: Vec::new(),
        unfinished: None,
    }
}

fn member(name: &str) -> Member {
    let copy = DiskCopy {
        volume_id: format!("{name}-volume").into(),
        array_volume: format!("volume-{name}-cinder").into(),
        array_volume_id: format!("{name}-array-volume").into(),
        cloned_under: None,
    };
    Member {
        id: format!("{name}-server").into(),
        name: name.to_owned(),
        tier: 0,
        start: Default::default(),
        status: MemberStatus::Protected,
        captures: BySite::from_iter([(
            "site-a".into(),
            ServerCapture {
                flavor: "m1.small".to_owned(),
                flavor_shape: FlavorShape { vcpus: 1, ram_mib: 2048, disk_gib: 0 },
                key_name: None,
                availability_zone: None,
                security_groups: Vec::new(),
                metadata: Default::default(),
                nics: Vec::new(),
                captured_at: Timestamp::UNIX_EPOCH,
            },
        )]),
        disks: vec![Disk {
            id: format!("{name}-volume").into(),
            name: "boot".to_owned(),
            size_gib: 50,
            device: "vda".to_owned(),
            boot: true,
            copies: BySite::from_iter([("site-a".into(), copy)]),
        }],
        servers: BySite::from_iter([("site-a".into(), format!("{name}-server").into())]),
    }
}

/// A complete recovery point taken at `second`.
pub(super) fn point(name: &str, second: i64, volumes: &[&str]) -> RecoveryPoint {
    let created = Timestamp::from_second(second).unwrap();
    RecoveryPoint {
        name: format!("arrA:pg1.{name}").into(),
        group: "arrA:pg1".into(),
        created,
        transfer: Transfer::Completed { at: created },
        volumes: volumes.iter().map(|v| (*v).into()).collect(),
        destroyed: false,
    }
}
