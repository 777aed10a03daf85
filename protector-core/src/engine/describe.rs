//! Records as people see them.

use super::views::{
    ConsistencyGroupView, GroupView, InstanceView, MemberView, OperationView, PolicyView, StepView, VolumeView,
};
use crate::exec::{MemberOutcome, OperationState, StepState, closed_steps, member_outcomes};
use crate::model::{GroupRecord, GroupStatus, Member, MemberStatus, OperationStatus, Protection, ServerId};
use crate::plan::{Action, Plan, Step};
use crate::ports::StoredOperation;
use crate::rules;
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(super) fn status(record: &GroupRecord) -> GroupStatus {
    rules::status::group_status(&record.group, record.members.iter().any(|m| m.status == MemberStatus::Error))
}

/// `operation` is how the open operation stands.
pub(super) fn group(
    record: &GroupRecord,
    operation: Option<OperationStatus>,
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
fn next_commands(record: &GroupRecord, operation: Option<OperationStatus>) -> Vec<String> {
    let name = &record.group.name;
    let open = record.group.operation.as_ref().map(|o| o.id.to_string()).unwrap_or_default();
    let command = |verb: &str| {
        let rest = match verb {
            "failover" | "failback" | "test-failover" => format!("{verb} {name}"),
            "retry-failed" => format!("failover {name} --retry-failed"),
            "sync" => format!("consistency-group sync {name}"),
            "reconcile" => format!("protection-group sync {name}"),
            "resume" | "watch" => format!("operation {verb} {open}"),
            "member-remove" => format!("protection-group member-remove {name} --instance-id <instance>"),
            _ => return None,
        };
        Some(format!("openstack protector {rest}"))
    };
    rules::status::verbs_out(status(record), record.divergence.is_some(), operation)
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

pub(super) fn operation(
    stored: &StoredOperation,
    plan: &Plan,
    state: &OperationState,
    executing: bool,
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
        instances_failed: outcome("failed") + outcome("blocked"),
        instances_succeeded: outcome("succeeded"),
        steps_completed: count(|s| *s == StepState::Done),
        steps_failed: count(|s| matches!(s, StepState::Failed(_) | StepState::MemberFailed(_))),
        steps_total: plan.steps.len(),
        source_site: plan.source.clone(),
        target_site: plan.target.clone(),
        plan_hash: plan.hash.clone(),
        started_at: stored.accepted_at,
        finished_at: state.finished.map(|(_, at)| at),
        error: state.error.clone().or_else(|| state.rollback.clone()).or_else(|| missing(&instances)),
        instances,
        steps: steps(plan, state),
        next: next_of_operation(stored, status, state),
    }
}

fn next_of_operation(stored: &StoredOperation, status: OperationStatus, state: &OperationState) -> Vec<String> {
    let resume = || vec![format!("openstack protector operation resume {}", stored.id)];
    match (status, stored.kind) {
        (OperationStatus::Pending | OperationStatus::Interrupted, _) => resume(),
        (OperationStatus::Failed, _) if state.finished.is_none() => resume(),
        (OperationStatus::Running, _) => vec![format!("openstack protector operation watch {}", stored.id)],
        (OperationStatus::CompletedPartial, _) => {
            let group = &stored.group_name;
            vec![
                format!("openstack protector failover {group} --retry-failed"),
                format!("openstack protector protection-group show {group}"),
            ]
        }
        (_, crate::model::OperationKind::TestFailover) => {
            vec![format!("openstack protector test-cleanup {}", stored.group_name)]
        }
        _ => vec![format!("openstack protector protection-group show {}", stored.group_name)],
    }
}

/// What is to be said of members that did not arrive.
fn missing(instances: &[InstanceView]) -> Option<String> {
    let missing: Vec<String> = instances
        .iter()
        .filter(|i| matches!(i.outcome.as_str(), "failed" | "blocked"))
        .map(|i| format!("{}: {}", i.name, i.error.as_deref().unwrap_or("no reason is known")))
        .collect();
    match missing.len() {
        0 => None,
        count => Some(format!("{count} of {} members did not arrive: {}", instances.len(), missing.join("; "))),
    }
}

fn steps(plan: &Plan, state: &OperationState) -> Vec<StepView> {
    let closed = closed_steps(plan, state);
    let view = |step: &Step| {
        let (word, detail) = match (state.steps.get(&step.id), closed.get(&step.id)) {
            (None, Some(cause)) => ("blocked", Some(format!("not made, because this failed: {}", cause.title))),
            (None, None) => ("pending", None),
            (Some(StepState::Begun), _) => ("running", None),
            (Some(StepState::Done), _) => ("done", None),
            (Some(StepState::Undone), _) => ("undone", None),
            (Some(StepState::Skipped(why)), _) => ("skipped", Some(why.clone())),
            (Some(StepState::Failed(why) | StepState::MemberFailed(why)), _) => ("failed", Some(why.clone())),
        };
        StepView { id: step.id.to_string(), title: step.title.clone(), state: word.to_owned(), detail }
    };
    plan.steps.iter().map(view).collect()
}

/// Members in the order of the plan, each with the one outcome that it has.
fn instances(plan: &Plan, state: &OperationState) -> Vec<InstanceView> {
    let mut outcomes = member_outcomes(plan, state);
    let mut names: BTreeMap<&ServerId, &str> = BTreeMap::new();
    for step in &plan.steps {
        if let Action::EnsureServer { member, name, .. } = &step.action {
            names.insert(member, name);
        }
    }
    let name = |id: &ServerId| names.get(id).copied().unwrap_or_default().to_owned();
    let mut views = Vec::with_capacity(outcomes.len());
    for member in plan.steps.iter().filter_map(|s| s.member.as_ref()) {
        let Some(outcome) = outcomes.remove(member) else { continue };
        let (word, error) = match outcome {
            MemberOutcome::Pending => ("pending", None),
            MemberOutcome::Succeeded => ("succeeded", None),
            MemberOutcome::Failed { reason } => ("failed", Some(reason)),
            MemberOutcome::Blocked { by, reason } => ("blocked", Some(format!("depends on '{}': {reason}", name(&by)))),
        };
        views.push(InstanceView {
            instance_id: member.to_string(),
            name: name(member),
            outcome: word.to_owned(),
            server_id: state.outputs.servers.get(member).map(|(id, _)| id.to_string()),
            error,
        });
    }
    views
}
