//! Records for the checks. Those of two names have nothing in common but their sites.

use crate::model::{
    BySite, ConsistencyGroup, ConsistencyGroupStatus, Disk, DiskCopy, Epoch, FenceDue, FlavorShape, GroupRecord,
    LedgerEntry, LedgerState, LedgerVolume, Mappings, Member, MemberStatus, MetadataVersion, OperationKind,
    PolicyStatus, Protection, ProtectionGroup, ReplicationPolicy, ReplicationType, RetainedCopy, ServerCapture, Site,
    SiteName, SiteStatus,
};
use crate::ports::{GroupChange, JOURNAL_START, JournalEntry, LeaseHolder, StopKind, StopRequest, StoredOperation};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A time, so many seconds into the story.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap_or_default()
}

pub(crate) fn site(name: &str) -> Site {
    Site {
        id: format!("id of {name}").into(),
        name: name.into(),
        auth_url: Some(format!("https://{name}.example.com:5000/v3")),
        cloud: None,
        description: None,
        status: SiteStatus::Active,
    }
}

pub(crate) fn record(name: &str) -> GroupRecord {
    let member = member(&format!("server-{name}"));
    let retained = RetainedCopy {
        site: "site-a".into(),
        disk: format!("disk-{name}").into(),
        volume_id: format!("retained-{name}").into(),
        array_volume: format!("array-volume-retained-{name}").into(),
        array_volume_id: format!("array-volume-id-retained-{name}").into(),
        cloned_under: Some("op-before/clone_volumes".into()),
        operation: "op-before".into(),
        since: at(1),
    };
    GroupRecord {
        version: MetadataVersion::FIRST,
        group: group(name),
        policy: Some(policy(name)),
        members: vec![member],
        retained: vec![retained],
        divergence: None,
        fences_due: vec![FenceDue {
            site: "site-a".into(),
            group: format!("pg-{name}").into(),
            servers: vec![format!("server-{name}").into()],
            since: at(2),
            operation: "op-before".into(),
        }],
        ledger: vec![ledger_entry(name)],
        unfinished: None,
    }
}

fn ledger_entry(name: &str) -> LedgerEntry {
    LedgerEntry {
        id: "diverged-1".into(),
        operation: "op-before".into(),
        site: "site-a".into(),
        group: format!("pg-{name}").into(),
        point: format!("array-a:pg-{name}.auto-1").into(),
        data_time: at(1),
        volumes: vec![LedgerVolume {
            disk: format!("disk-{name}").into(),
            volume_id: Some(format!("volume-{name}").into()),
            array_volume: format!("array-volume-{name}").into(),
            array_volume_id: format!("array-volume-id-{name}").into(),
        }],
        since: at(2),
        state: LedgerState::Preserved,
        evidence: Some("a later snapshot".to_owned()),
        snapshot: Some(format!("pg-{name}.dr-1-diverged").into()),
        discarded: None,
    }
}

fn group(name: &str) -> ProtectionGroup {
    ProtectionGroup {
        id: format!("pg-{name}").into(),
        name: name.to_owned(),
        description: Some("ä \"quoted\" line\nand another".to_owned()),
        project_id: "project".into(),
        replication_type: ReplicationType::Async,
        primary_site: "site-a".into(),
        secondary_site: "site-b".into(),
        current_primary_site: "site-a".into(),
        partial: false,
        protection: Protection::Protected,
        operation: None,
        epoch: Epoch(3),
        volume_type: "replicated-ssd".to_owned(),
        consistency_group: ConsistencyGroup {
            id: format!("cg-{name}").into(),
            backend_name: "pure@backend-a".to_owned(),
            secondary_volume_type: "replicated-ssd".to_owned(),
            primary_cg_id: format!("cinder-a-{name}").into(),
            secondary_cg_id: format!("cinder-b-{name}").into(),
            status: ConsistencyGroupStatus::Active,
        },
        priority: 0,
        mappings: Mappings::default(),
        created_at: at(0),
        updated_at: at(3),
    }
}

fn policy(name: &str) -> ReplicationPolicy {
    ReplicationPolicy {
        primary_fa_url: Some("https://array-a.example.com".to_owned()),
        primary_fa_api_token: None,
        secondary_fa_url: None,
        secondary_fa_api_token: None,
        pure_pg_name: format!("array-group-{name}").into(),
        replication_interval: 300,
        rpo_minutes: 15,
        status: PolicyStatus::Active,
    }
}

/// A server with one disk on both sites.
pub(crate) fn member(server: &str) -> Member {
    let copy = |site: &str| {
        let copy = DiskCopy {
            volume_id: format!("volume-of-{server}-on-{site}").into(),
            array_volume: format!("array-volume-of-{server}-on-{site}").into(),
            array_volume_id: format!("array-volume-id-of-{server}-on-{site}").into(),
            cloned_under: None,
        };
        (SiteName::from(site), copy)
    };
    Member {
        id: server.into(),
        name: server.to_owned(),
        tier: 0,
        start: Default::default(),
        status: MemberStatus::Protected,
        captures: BySite::from_iter([(SiteName::from("site-a"), capture())]),
        disks: vec![Disk {
            id: format!("disk-of-{server}").into(),
            name: format!("{server}-boot"),
            size_gib: 50,
            device: "vda".to_owned(),
            boot: true,
            copies: BySite::from_iter([copy("site-a"), copy("site-b")]),
        }],
        servers: BySite::from_iter([
            (SiteName::from("site-a"), server.into()),
            (SiteName::from("site-b"), format!("{server}-on-site-b").as_str().into()),
        ]),
    }
}

fn capture() -> ServerCapture {
    ServerCapture {
        flavor: "m1.small".to_owned(),
        flavor_shape: FlavorShape { vcpus: 1, ram_mib: 2048, disk_gib: 0 },
        key_name: None,
        availability_zone: None,
        security_groups: vec!["default".to_owned()],
        metadata: BTreeMap::new(),
        nics: Vec::new(),
        captured_at: at(2),
    }
}

/// The change of `record` to its next version, edited.
pub(crate) fn change(record: &GroupRecord, edit: impl FnOnce(&mut GroupRecord)) -> GroupChange {
    let mut next = record.clone();
    next.version = record.version.next();
    edit(&mut next);
    GroupChange { record: next, expected: record.version, agreed: false }
}

pub(crate) fn operation(name: &str, group: &GroupRecord, second: i64) -> StoredOperation {
    StoredOperation {
        id: format!("op-{name}").into(),
        group: group.group.id.clone(),
        group_name: group.group.name.clone(),
        project: "project".into(),
        kind: OperationKind::PlannedFailover,
        accepted_at: at(second),
        plan: r#"{"schema": 1, "steps": [{"id": "fence", "weight": 0.10}]}"#.to_owned(),
    }
}

/// Entries `from..to` of one and the same journal.
pub(crate) fn journal(from: usize, to: usize) -> Vec<JournalEntry> {
    let mut entries: Vec<JournalEntry> = Vec::new();
    for (sequence, second) in (0..to as u64).zip(10..) {
        let previous = entries.last().map_or(JOURNAL_START, |entry| &*entry.hash);
        // neither in the order nor in the form that a serialiser would write it in
        let record = format!(r#"{{"type": "step_intent", "step": "step {sequence}", "progress": 0.10}}"#);
        entries.push(JournalEntry::seal(sequence, at(second), record, previous));
    }
    entries.split_off(from)
}

pub(crate) fn holder(engine: &str) -> LeaseHolder {
    LeaseHolder {
        host: "host-1".to_owned(),
        process: 4711,
        process_start: 99,
        process_namespace: "boot pid:[4026531836]".to_owned(),
        engine: engine.to_owned(),
    }
}

pub(crate) fn stop(kind: StopKind, second: i64) -> StopRequest {
    let reason = Some("the \"wrong\" night".to_owned());
    StopRequest { kind, by: "ops on host-2".to_owned(), reason, at: at(second), leave_peer: false }
}
