//! Records as people see them.

use super::views::{
    ConsistencyGroupView, GroupView, InstanceView, MemberView, OperationView, PolicyView, StepView, VolumeView,
};
use crate::exec::{OperationState, StepState};
use crate::model::{GroupRecord, GroupStatus, Member, MemberStatus, OperationStatus, Protection, SiteName};
use crate::plan::Plan;
use crate::ports::{StopKind, StopRequest, StoredOperation};
use crate::rules;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

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
        mappings: group.mappings.clone(),
        last_replication_at,
        version: record.version.0,
        epoch: group.epoch.0,
        diverged: record.divergence.is_some(),
        next: next_commands(record, operation),
    }
}

/// The ways out of a status, as commands.
fn next_commands(record: &GroupRecord, operation: Option<&OpenOperationView>) -> Vec<String> {
    let name = &record.group.name;
    let id = record.group.operation.as_ref().map(|o| o.id.to_string()).unwrap_or_default();
    let command = |verb: &str| {
        let rest = match verb {
            "failover" | "failback" | "test-failover" => format!("{verb} {name}"),
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
    rules::status::verbs_out(status(record), record.divergence.is_some(), open)
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

pub(super) fn operation(
    stored: &StoredOperation,
    plan: &Plan,
    state: &OperationState,
    executing: bool,
    stop: Option<&StopRequest>,
) -> OperationView {
    let status = state.status(executing);
    let count = |wanted: fn(&StepState) -> bool| state.steps.values().filter(|s| wanted(s)).count();
    let instances = instances(plan, state);
    let outcome = |word: &str| instances.iter().filter(|i| i.outcome == word).count();
    OperationView {
        id: stored.id.clone(),
        operation_type: stored.kind.operation_type().to_owned(),
        failover_type: stored.kind.failover_type(),
        protection_group: stored.group_name.clone(),
        status,
        progress: state.progress(plan),
        instances_failed: outcome("failed"),
        instances_succeeded: outcome("succeeded"),
        steps_completed: count(|s| *s == StepState::Done),
        steps_failed: count(|s| matches!(s, StepState::Failed(_))),
        steps_total: plan.steps.len(),
        source_site: plan.source.clone(),
        target_site: plan.target.clone(),
        plan_hash: plan.hash.clone(),
        started_at: stored.accepted_at,
        finished_at: state.finished.map(|(_, at)| at),
        error: state.error.clone().or_else(|| state.rollback.clone()),
        stop: stop_of(state, stop),
        taken_from: state.taken_from.as_ref().map(|h| format!("process {} on {}", h.process, h.host)),
        instances,
        steps: plan.steps.iter().map(|s| step(s, state)).collect(),
        next: next_of_operation(stored, status, state, plan),
    }
}

/// Who asked to stop, and whether that is still to come.
fn stop_of(state: &OperationState, pending: Option<&StopRequest>) -> Option<String> {
    let pending = pending.filter(|p| Some(*p) != state.answered.as_ref());
    match (pending, &state.stopped) {
        (Some(request), _) => Some(format!("stopping: {request}")),
        (None, Some(request)) => Some(format!("stopped: {request}")),
        // an abort that was refused has left no trace in the state
        (None, None) => {
            let obeyed = state.answered.as_ref().filter(|a| a.kind == StopKind::Abort);
            obeyed.filter(|_| state.aborted || state.rollback.is_some()).map(|request| format!("stopped: {request}"))
        }
    }
}

fn next_of_operation(
    stored: &StoredOperation,
    status: OperationStatus,
    state: &OperationState,
    plan: &Plan,
) -> Vec<String> {
    if state.finished.is_none() {
        // what is being restored already is finished by a resume
        let can_abort = state.can_abort(plan) && state.rollback.is_none();
        let mut verbs = rules::status::operation_verbs_out(status);
        verbs.retain(|verb| can_abort || *verb != "abort");
        return verbs.iter().map(|verb| format!("openstack protector operation {verb} {}", stored.id)).collect();
    }
    vec![match stored.kind {
        crate::model::OperationKind::TestFailover => format!("openstack protector test-cleanup {}", stored.group_name),
        _ => format!("openstack protector protection-group show {}", stored.group_name),
    }]
}

fn step(step: &crate::plan::Step, state: &OperationState) -> StepView {
    let (word, detail) = match state.steps.get(&step.id) {
        None => ("pending", None),
        Some(StepState::Begun) => ("running", None),
        Some(StepState::Done) => ("done", None),
        Some(StepState::Undone) => ("undone", None),
        Some(StepState::Skipped(why)) => ("skipped", Some(why.clone())),
        Some(StepState::Failed(why)) => ("failed", Some(why.clone())),
    };
    StepView { id: step.id.to_string(), title: step.title.clone(), state: word.to_owned(), detail }
}

/// Members by how their steps stand: all done, one failed, or still to come.
fn instances(plan: &Plan, state: &OperationState) -> Vec<InstanceView> {
    let mut members = Vec::new();
    let mut seen = BTreeSet::new();
    for step in &plan.steps {
        if let Some(member) = &step.member
            && seen.insert(member)
        {
            members.push(member);
        }
    }
    let mut by_member: BTreeMap<_, Vec<&crate::plan::Step>> = BTreeMap::new();
    for step in &plan.steps {
        if let Some(member) = &step.member {
            by_member.entry(member).or_default().push(step);
        }
    }
    members
        .into_iter()
        .map(|member| {
            let steps = by_member.get(member).map(Vec::as_slice).unwrap_or_default();
            let error = steps.iter().find_map(|s| match state.steps.get(&s.id) {
                Some(StepState::Failed(why)) => Some(why.clone()),
                _ => None,
            });
            let outcome = if error.is_some() {
                "failed"
            } else if steps.iter().all(|s| state.is_settled(&s.id)) {
                "succeeded"
            } else {
                "pending"
            };
            let name = steps.iter().find_map(|s| match &s.action {
                crate::plan::Action::EnsureServer { name, .. } => Some(name.clone()),
                _ => None,
            });
            InstanceView {
                instance_id: member.to_string(),
                name: name.unwrap_or_default(),
                outcome: outcome.to_owned(),
                server_id: state.outputs.servers.get(member).map(|(id, _)| id.to_string()),
                error,
            }
        })
        .collect()
}
