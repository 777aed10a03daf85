//! Records as people see them.

mod operations;

pub(super) use operations::{Seen, operation, standing, step_word};

use super::views::{
    ConsistencyGroupView, FenceDueView, GroupView, LedgerEntryView, MemberView, PolicyView, VolumeView,
};
use crate::model::{
    FenceDue, GroupRecord, GroupStatus, LedgerEntry, LedgerVolume, Member, MemberStatus, OperationStatus, Protection,
    SiteName,
};
use crate::rules;
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(super) fn status(record: &GroupRecord) -> GroupStatus {
    rules::status::group_status(&record.group, record.members.iter().any(|m| m.status == MemberStatus::Error))
}

/// How the operation stands that holds a group, as far as this site can tell.
#[derive(Debug, Clone)]
pub(super) struct OpenOperationView {
    pub(super) status: OperationStatus,
    pub(super) can_abort: bool,
    /// Its journal lies there, not here.
    pub(super) elsewhere: Option<SiteName>,
}

/// `operation` is how the open operation stands.
pub(super) fn group(
    record: &GroupRecord,
    operation: Option<&OpenOperationView>,
    last_replication_at: Option<Timestamp>,
) -> GroupView {
    let group = &record.group;
    GroupView {
        id: group.id.to_string(),
        name: group.name.clone(),
        description: group.description.clone(),
        status: status(record),
        protection: group.protection,
        replication_type: group.replication_type,
        consistency_group_id: group.consistency_group.id.to_string(),
        primary_site: group.primary_site.clone(),
        secondary_site: group.secondary_site.clone(),
        current_primary_site: group.current_primary_site.clone(),
        volume_type: group.volume_type.clone(),
        project_id: group.project_id.to_string(),
        members: record.members.iter().map(member).collect(),
        operation_id: group.operation.as_ref().map(|o| o.id.clone()),
        priority: group.priority,
        mappings: group.mappings.clone(),
        last_replication_at,
        version: record.version.0,
        epoch: group.epoch.0,
        diverged: record.divergence.is_some(),
        fences_due: record.fences_due.iter().map(fence_due).collect(),
        ledger: record.ledger.iter().filter(|entry| entry.is_kept()).map(ledger_entry).collect(),
        next: next_commands(record, operation),
    }
}

fn fence_due(due: &FenceDue) -> FenceDueView {
    FenceDueView {
        site: due.site.clone(),
        array_group: due.group.to_string(),
        servers: due.servers.iter().map(ToString::to_string).collect(),
        since: due.since,
        operation_id: due.operation.clone(),
    }
}

pub(super) fn ledger_entry(entry: &LedgerEntry) -> LedgerEntryView {
    LedgerEntryView {
        id: entry.id.to_string(),
        state: entry.state,
        site: entry.site.clone(),
        operation_id: entry.operation.clone(),
        recovery_point: entry.point.to_string(),
        data_time: entry.data_time,
        since: entry.since,
        volumes: entry.volumes.iter().map(ledger_volume).collect(),
        evidence: entry.evidence.clone(),
        snapshot: entry.snapshot.as_ref().map(ToString::to_string),
        discarded: entry.discarded.as_ref().map(|d| format!("{} by {}: {}", d.at, d.by, d.reason)),
    }
}

/// By its id in Cinder, else by its name on the array.
fn ledger_volume(volume: &LedgerVolume) -> String {
    volume.volume_id.as_ref().map_or_else(|| volume.array_volume.to_string(), ToString::to_string)
}

/// An entry in one line.
pub(super) fn ledger_line(entry: &LedgerEntry) -> String {
    let LedgerEntry { id, state, site, data_time, .. } = entry;
    let kept = match &entry.snapshot {
        Some(snapshot) => format!("kept in '{snapshot}' there"),
        None => "in no snapshot yet".to_owned(),
    };
    format!("{id}: {state}; what {site} wrote after {data_time} is {kept}")
}

/// The ways out of a status, as commands.
fn next_commands(record: &GroupRecord, operation: Option<&OpenOperationView>) -> Vec<String> {
    let name = &record.group.name;
    let id = record.group.operation.as_ref().map(|o| o.id.to_string()).unwrap_or_default();
    let command = |verb: &str| {
        let rest = match verb {
            "failover" | "failback" | "test-failover" | "reprotect" | "commit" => format!("{verb} {name}"),
            "retry-failed" => format!("failover {name} --retry-failed"),
            "sync" => format!("consistency-group sync {name}"),
            "reconcile" => format!("protection-group sync {name}"),
            "resume" | "watch" | "cancel" | "abort" => format!("operation {verb} {id}"),
            "member-remove" => format!("protection-group member-remove {name} --instance-id <instance>"),
            _ => return None,
        };
        Some(match operation.and_then(|o| o.elsewhere.as_ref()) {
            Some(site) => format!("openstack --os-cloud {site} protector {rest}"),
            None => format!("openstack protector {rest}"),
        })
    };
    let open = operation.map(|o| (o.status, o.can_abort));
    let verbs = rules::verbs_out(status(record), record.divergence.is_some(), open);
    rules::with_protection(verbs, record.group.protection, !record.retained.is_empty())
        .into_iter()
        .filter_map(command)
        .collect()
}

pub(super) fn member(member: &Member) -> MemberView {
    MemberView {
        instance_id: member.id.to_string(),
        name: member.name.clone(),
        status: member.status,
        tier: member.tier,
        depends_on: member.start.depends_on.iter().map(ToString::to_string).collect(),
        required: member.start.required,
        start_timeout_seconds: member.start.start_timeout_seconds,
        boot_check: member.start.boot_check.clone(),
        volumes: member.disks.len(),
        servers: member.servers.iter().map(|(site, id)| (site.clone(), id.to_string())).collect::<BTreeMap<_, _>>(),
    }
}

pub(super) fn policy(record: &GroupRecord) -> Option<PolicyView> {
    let policy = record.policy.as_ref()?;
    Some(PolicyView {
        protection_group_id: record.group.id.to_string(),
        pure_pg_name: policy.pure_pg_name.to_string(),
        replication_interval: policy.replication_interval,
        rpo_minutes: policy.rpo_minutes,
        status: policy.status,
        primary_fa_url: policy.primary_fa_url.clone(),
        secondary_fa_url: policy.secondary_fa_url.clone(),
        primary_fa_token_set: policy.primary_fa_api_token.is_some(),
        secondary_fa_token_set: policy.secondary_fa_api_token.is_some(),
    })
}

pub(super) fn consistency_group(record: &GroupRecord) -> ConsistencyGroupView {
    let cg = &record.group.consistency_group;
    ConsistencyGroupView {
        id: cg.id.to_string(),
        protection_group_id: record.group.id.to_string(),
        volume_type_name: record.group.volume_type.clone(),
        backend_name: cg.backend_name.clone(),
        primary_cg_id: cg.primary_cg_id.to_string(),
        secondary_cg_id: cg.secondary_cg_id.to_string(),
        status: cg.status.to_string(),
        volume_count: record.disks().count(),
    }
}

pub(super) fn volumes(record: &GroupRecord) -> Vec<VolumeView> {
    let status = match record.group.protection {
        Protection::Protected => "replicating",
        Protection::NotConfigured | Protection::Unprotected => "unprotected",
    };
    let site = &record.group.current_primary_site;
    let volume = |disk: &crate::model::Disk| VolumeView {
        volume_id: disk.copies.get(site).map(|c| c.volume_id.to_string()).unwrap_or_default(),
        volume_name: disk.name.clone(),
        size_gb: disk.size_gib,
        status: if disk.copies.contains_key(site) { status } else { "error" }.to_owned(),
    };
    record.disks().map(|(_, disk)| volume(disk)).collect()
}
