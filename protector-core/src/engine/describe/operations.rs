//! Operations as people see them.

use crate::engine::times;
use crate::engine::views::{InstanceView, OperationView, StepView};
use crate::exec::{MemberOutcome, OperationState, StepState, closed_steps, member_outcomes};
use crate::model::{OperationId, OperationKind, OperationStatus, ServerId};
use crate::plan::graph::{Standing, StepWord};
use crate::plan::{Action, Limits, Plan, Step};
use crate::ports::{StopKind, StopRequest, StoredOperation};
use crate::rules;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What is to be known of an operation beside its journal.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Seen<'a> {
    /// Somebody is at work on it.
    pub(in crate::engine) executing: bool,
    /// The request to stop that waits.
    pub(in crate::engine) stop: Option<&'a StopRequest>,
    pub(in crate::engine) now: Timestamp,
    /// How much an executor does at once.
    pub(in crate::engine) limits: Limits,
}

pub(in crate::engine) fn operation(
    stored: &StoredOperation,
    plan: &Plan,
    state: &OperationState,
    seen: &Seen<'_>,
) -> OperationView {
    let Seen { executing, stop, now, limits } = *seen;
    let status = state.status(executing);
    let count = |wanted: fn(&StepState) -> bool| state.states().filter(|s| wanted(s)).count();
    let instances = instances(plan, state);
    let outcome = |word: &str| instances.iter().filter(|i| i.outcome == word).count();
    OperationView {
        id: stored.id.clone(),
        protection_group_id: stored.group.to_string(),
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
        predicted_p50_seconds: plan.forecast.as_ref().map(|f| f.p50_seconds),
        predicted_p95_seconds: plan.forecast.as_ref().map(|f| f.p95_seconds),
        elapsed_seconds: times::elapsed_seconds(state, now),
        remaining_seconds: times::remaining_seconds(plan, state, executing, limits, now),
        error: state.error.clone().or_else(|| state.rollback.clone()).or_else(|| missing(&instances)),
        stop: stop_of(state, stop),
        taken_from: state.taken_from.as_ref().map(|h| format!("process {} on {}", h.process, h.host)),
        instances,
        steps: steps(plan, state),
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
    let group = &stored.group_name;
    let show = format!("openstack protector protection-group show {group}");
    match (status, stored.kind) {
        (OperationStatus::CompletedPartial, _) => {
            vec![format!("openstack protector failover {group} --retry-failed"), show]
        }
        (_, OperationKind::TestFailover) => vec![format!("openstack protector test-cleanup {group}")],
        _ => vec![show],
    }
}

/// The word for how a step stands, and why it failed, was skipped or is not made. `cause`: the failed step that closed it.
pub(in crate::engine) fn step_word(state: Option<&StepState>, cause: Option<&Step>) -> (StepWord, Option<String>) {
    match (state, cause) {
        (None, Some(cause)) => (StepWord::Blocked, Some(format!("not made, because this failed: {}", cause.title))),
        (None, None) => (StepWord::Pending, None),
        (Some(StepState::Begun), _) => (StepWord::Running, None),
        (Some(StepState::Done), _) => (StepWord::Done, None),
        (Some(StepState::Undone), _) => (StepWord::Undone, None),
        (Some(StepState::Skipped(why)), _) => (StepWord::Skipped, Some(why.clone())),
        (Some(StepState::Failed(why) | StepState::MemberFailed(why)), _) => (StepWord::Failed, Some(why.clone())),
    }
}

/// How the operation stands, for its graph.
pub(in crate::engine) fn standing(id: &OperationId, plan: &Plan, state: &OperationState, executing: bool) -> Standing {
    let closed = closed_steps(plan, state);
    let words = plan.steps.iter().filter_map(|step| {
        let (stands, cause) = (state.step(&step.id), closed.get(&step.id).copied());
        (stands.is_some() || cause.is_some()).then(|| (step.id.clone(), step_word(stands, cause)))
    });
    Standing {
        operation: id.clone(),
        status: state.status(executing),
        percent: state.progress(plan),
        steps: words.collect(),
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
        let (word, why) = step_word(state.step(&step.id), closed.get(&step.id).copied());
        let detail = why.or_else(|| state.undo_notes.get(&step.id).filter(|_| word == StepWord::Undone).cloned());
        StepView { id: step.id.to_string(), title: step.title.clone(), state: word.to_string(), detail }
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
