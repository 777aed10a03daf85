//! What came of each member, as a function of the plan and the state of its steps.

use super::{OperationState, StepState};
use crate::model::{OperationKind, OperationStatus, ServerId, StepId};
use crate::plan::{Action, OnFailure, Plan, Step};
use std::collections::{BTreeMap, HashMap};

/// What came of a member in an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberOutcome {
    /// Some of its steps are still to come.
    Pending,
    /// All of its steps are done.
    Succeeded,
    /// One of its steps failed.
    Failed {
        /// Why.
        reason: String,
    },
    /// Not started, because a member failed that it depends on.
    Blocked {
        /// That member.
        by: ServerId,
        /// In words.
        reason: String,
    },
}

impl MemberOutcome {
    /// Whether it did not arrive.
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Blocked { .. })
    }
}

/// Steps that will not be made, each with the failed step that is the reason: the steps of members that follow it without
/// a barrier between.
pub fn closed_steps<'a>(plan: &'a Plan, state: &OperationState) -> HashMap<&'a StepId, &'a Step> {
    let mut causes: HashMap<&StepId, &Step> = HashMap::new();
    let mut closed = HashMap::new();
    for step in plan.steps.iter().filter(|s| s.member.is_some() && s.on_failure == OnFailure::FailMember) {
        if matches!(state.step(&step.id), Some(StepState::MemberFailed(_))) {
            causes.insert(&step.id, step);
        } else if let Some(cause) = step.after.iter().find_map(|id| causes.get(id)).copied()
            && !state.is_settled(&step.id)
        {
            causes.insert(&step.id, cause);
            closed.insert(&step.id, cause);
        }
    }
    closed
}

/// The outcome of every member that the plan has steps for: each of them has exactly one.
pub fn member_outcomes(plan: &Plan, state: &OperationState) -> BTreeMap<ServerId, MemberOutcome> {
    let closed = closed_steps(plan, state);
    let mut outcomes: BTreeMap<ServerId, MemberOutcome> = BTreeMap::new();
    for step in &plan.steps {
        let Some(member) = &step.member else { continue };
        let found = of_step(step, state, closed.get(&step.id).copied());
        let outcome = outcomes.entry(member.clone()).or_insert(MemberOutcome::Succeeded);
        if weight(&found) > weight(outcome) {
            *outcome = found;
        }
    }
    if let Some(reason) = given_up(plan, state) {
        let open = outcomes.values_mut().filter(|outcome| !outcome.is_missing());
        open.for_each(|outcome| *outcome = MemberOutcome::Failed { reason: reason.clone() });
    }
    outcomes
}

/// Why nobody is brought up by a retry any more: it was given up before anybody was told who arrived. Whoever was up already
/// was not looked at once more, and is found by the next one.
fn given_up(plan: &Plan, state: &OperationState) -> Option<String> {
    let closes = |step: &&Step| matches!(step.action, Action::Close {}) && state.has_begun(&step.id);
    let is_given_up = plan.kind == OperationKind::RetryFailed && state.is_given_up();
    if !is_given_up || plan.steps.iter().any(|step| closes(&step)) {
        return None;
    }
    let reason = state.answered.as_ref().map(ToString::to_string).unwrap_or_default();
    Some(format!("the retry was given up: {reason}"))
}

fn of_step(step: &Step, state: &OperationState, cause: Option<&Step>) -> MemberOutcome {
    match (state.step(&step.id), cause) {
        (Some(StepState::Failed(reason) | StepState::MemberFailed(reason)), _) => {
            MemberOutcome::Failed { reason: reason.clone() }
        }
        (_, Some(cause)) if cause.member != step.member => MemberOutcome::Blocked {
            by: cause.member.clone().unwrap_or_else(|| "".into()),
            reason: format!("not started, because this failed: {}", cause.title),
        },
        (Some(StepState::Done | StepState::Skipped(_)), _) => MemberOutcome::Succeeded,
        _ => MemberOutcome::Pending,
    }
}

/// Which outcome of several steps is that of the member.
const fn weight(outcome: &MemberOutcome) -> u8 {
    match outcome {
        MemberOutcome::Succeeded => 0,
        MemberOutcome::Pending => 1,
        MemberOutcome::Blocked { .. } => 2,
        MemberOutcome::Failed { .. } => 3,
    }
}

/// Why nobody arrives, if that is certain: every member has failed or is blocked, and no step of theirs is made again by
/// itself.
pub(super) fn nobody_arrives(plan: &Plan, state: &OperationState) -> Option<String> {
    let outcomes = member_outcomes(plan, state);
    let again = |s: &Step| s.member.is_some() && matches!(state.step(&s.id), Some(StepState::Failed(_)));
    if outcomes.is_empty() || outcomes.values().any(|o| !o.is_missing()) || plan.steps.iter().any(again) {
        return None;
    }
    let reason = |outcome: &MemberOutcome| match outcome {
        MemberOutcome::Failed { reason } => Some(reason.clone()),
        _ => None,
    };
    outcomes.values().find_map(reason)
}

/// How an operation ends whose steps are all made or closed.
pub fn final_status(kind: OperationKind, outcomes: &BTreeMap<ServerId, MemberOutcome>) -> OperationStatus {
    let arrived = outcomes.values().any(|o| !o.is_missing());
    match (kind, outcomes.values().any(MemberOutcome::is_missing)) {
        (_, false) => OperationStatus::Completed,
        (OperationKind::TestFailover, true) => OperationStatus::Failed,
        (OperationKind::RetryFailed, true) if !arrived => OperationStatus::Failed,
        (_, true) => OperationStatus::CompletedPartial,
    }
}

#[cfg(test)]
mod tests;
