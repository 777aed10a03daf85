//! Going forward: which steps are left, what a failure means, and how it ends.

use crate::ErrorKind;
use crate::exec::outcomes::nobody_arrives;
use crate::exec::{OperationState, Record, StepState, closed_steps, final_status, member_outcomes};
use crate::model::{Epoch, OperationKind, OperationStatus, ServerId, SiteName};
use crate::plan::{Action, Limits, OnFailure, Phase, Plan, Schedule, Step};
use crate::ports::StopKind;

/// What comes after the last step that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It has ended already.
    Over,
    /// It ends like this, and lets the group go.
    Finish(OperationStatus),
    /// The abort that waits is obeyed.
    Abort,
    /// Somebody asked to stop: it stays as it is.
    Stopped,
    /// It stays open with its error; a resume tries again.
    StayOpen,
    /// The start is restored.
    RollBack,
}

/// Which steps need nothing more, by position.
pub fn settled(plan: &Plan, state: &OperationState) -> Vec<bool> {
    plan.steps.iter().map(|step| state.is_settled(&step.id)).collect()
}

/// What is left to be made, and may begin: what needs nothing more is out of it, and so is what will not be made any more.
/// The closed ones are returned by their positions. `settled`: as told by [`settled`].
pub fn schedule(plan: &Plan, state: &OperationState, settled: &[bool], limits: Limits) -> (Schedule, Vec<usize>) {
    let is_settled = |at: usize| settled.get(at) == Some(&true);
    let needs_nothing = |at: usize| is_settled(at) || plan.steps.get(at).is_some_and(|step| state.has_failed(&step.id));
    let lengths = plan.step_lengths(|at| !is_settled(at));
    let mut schedule = Schedule::new(&plan.steps, needs_nothing, limits, lengths);
    let closed = closed_positions(plan, state);
    for at in &closed {
        schedule.close(*at);
    }
    (schedule, closed)
}

/// Steps that will not be made any more, by their positions.
pub fn closed_positions(plan: &Plan, state: &OperationState) -> Vec<usize> {
    let closed = closed_steps(plan, state);
    if closed.is_empty() {
        return Vec::new();
    }
    (0..).zip(&plan.steps).filter(|(_, step)| closed.contains_key(&step.id)).map(|(at, _)| at).collect()
}

/// What the failure of a step means. An endpoint that nobody gets an answer from is not the failure of one member, nor is
/// one that fell silent after a reply was lost.
pub fn meaning(step: &Step, kind: ErrorKind) -> OnFailure {
    let of_the_endpoint =
        matches!(kind, ErrorKind::Unreachable | ErrorKind::Unauthenticated | ErrorKind::Indeterminate);
    match step.on_failure {
        OnFailure::FailMember if of_the_endpoint || step.member.is_none() => OnFailure::Stop,
        other => other,
    }
}

/// Whether a step whose endpoint fell silent is made again for a while, rather than that the operation stops at once. What
/// skips a step alone is not waited for.
pub fn bears_with(step: &Step, kind: ErrorKind) -> bool {
    use ErrorKind::{Indeterminate, PeerUnreachable, Unreachable};
    matches!(kind, Unreachable | PeerUnreachable | Indeterminate) && meaning(step, kind) == OnFailure::Stop
}

/// The generation that the calls of a step carry: from the pivot on they belong to the next one. So do those of the way back,
/// once the pivot was begun, where it was to happen: an array that has seen the next one refuses what comes from before.
pub fn epoch_of(plan: &Plan, state: &OperationState, step: &Step) -> Epoch {
    let on_target = || step.action.endpoint().site.as_ref() == Some(&plan.target);
    let back = || state.rollback.is_some() && on_target() && pivot_begun(plan, state);
    let is_next = step.phase >= Phase::Pivot || back();
    if plan.kind.moves_workload() && is_next { plan.epoch.next() } else { plan.epoch }
}

/// Whether an array may have seen the epoch that the pivot brings.
pub(super) fn pivot_begun(plan: &Plan, state: &OperationState) -> bool {
    plan.steps.iter().any(|step| step.phase == Phase::Pivot && state.has_begun(&step.id))
}

/// Servers that an earlier attempt at a planned move stopped, each with its site: nothing that they write after that is in the
/// recovery point which the move starts from, so its pivot looks at them once more.
pub fn stopped_before<'a>(plan: &'a Plan, state: &OperationState) -> Vec<(&'a SiteName, &'a ServerId)> {
    let is_planned = matches!(plan.kind, OperationKind::PlannedFailover | OperationKind::Failback);
    if !is_planned || state.attempts < 2 {
        return Vec::new();
    }
    let stopped = |step: &'a Step| match &step.action {
        Action::StopServer { site, server } if *site == plan.source && state.is_settled(&step.id) => {
            Some((site, server))
        }
        _ => None,
    };
    plan.steps.iter().filter_map(stopped).collect()
}

/// Nobody is made the primary of nothing: why a move stops before its switch, if no member arrives.
pub fn nobody_to_switch_to(plan: &Plan, state: &OperationState) -> Option<String> {
    let begun = |s: &Step| matches!(s.action, Action::SwitchPrimary { .. }) && state.has_begun(&s.id);
    if !plan.kind.moves_workload() || plan.steps.iter().any(begun) {
        return None;
    }
    nobody_arrives(plan, state).map(|reason| format!("no member arrived: {reason}"))
}

/// How it ends when all steps are made or closed.
pub fn ended(plan: &Plan, state: &OperationState) -> OperationStatus {
    final_status(plan.kind, &member_outcomes(plan, state))
}

/// What a failure or a request to stop means, once no step is in flight. It depends on the kind and on whether the pivot is
/// passed.
pub fn ending(
    plan: &Plan,
    state: &OperationState,
    nothing_left: bool,
    stop: Option<StopKind>,
    has_failed: bool,
) -> Ending {
    if state.finished.is_some() {
        return Ending::Over;
    }
    if nothing_left {
        return Ending::Finish(ended(plan, state));
    }
    let moves = plan.kind.moves_workload();
    let pivot_passed = state.pivot_passed(plan);
    if stop == Some(StopKind::Abort) && !(moves && pivot_passed) {
        return Ending::Abort;
    }
    if !has_failed {
        return Ending::Stopped;
    }
    if !plan.kind.changes_metadata() {
        // nothing of production was touched: the group is free again, and what a test made is known to its cleanup
        return Ending::Finish(OperationStatus::Failed);
    }
    // what moves nothing has nothing to undo: it is made again
    if pivot_passed || !moves { Ending::StayOpen } else { Ending::RollBack }
}

/// Whether steps in flight are left where they are for a request to stop. An undo is finished; so is, when a test is given
/// up, what it makes: its cleanup knows only what has an outcome.
pub fn leaves_steps(plan: &Plan, state: &OperationState, request: StopKind) -> bool {
    let forward = state.rollback.is_none();
    match request {
        StopKind::Cancel => forward,
        StopKind::Abort => forward && !state.aborted && plan.kind.changes_metadata() && !state.pivot_passed(plan),
    }
}

/// Whether an abort undoes what was done. A test, a sync and a retry just end: what they made stays, and is known.
pub fn is_undone(plan: &Plan) -> bool {
    plan.kind.changes_metadata() && plan.kind != OperationKind::RetryFailed
}

/// What an attempt that is to bring an operation to its end takes back of earlier ones when it begins: members that failed
/// are tried again, and the last look is made again, since what was seen then says nothing of now.
pub fn taken_back(plan: &Plan, state: &OperationState) -> Vec<Record> {
    let looked =
        |step: &&Step| matches!(step.action, Action::Confirm { .. }) && state.step(&step.id) == Some(&StepState::Done);
    let goes_on = state.finished.is_none() && state.rollback.is_none() && !state.aborted;
    let look = plan.steps.iter().find(looked).filter(|_| goes_on);
    let look = look.map(|step| Record::StepReopened { step: step.id.clone() });
    reopens(plan, state).then_some(Record::MembersReopened {}).into_iter().chain(look).collect()
}

/// Whether members that failed are tried again by the next attempt: the last one stopped by itself, and nobody has been told
/// who arrived.
fn reopens(plan: &Plan, state: &OperationState) -> bool {
    let told = plan
        .steps
        .iter()
        .any(|s| matches!(s.action, Action::SwitchPrimary { .. } | Action::Close {}) && state.has_begun(&s.id));
    let failed = state.states().any(|s| matches!(s, StepState::MemberFailed(_)));
    state.error.is_some() && failed && !told
}

/// Whether nothing but the outcome of the step tells what it made.
pub fn known_by_outcome_alone(action: &Action) -> bool {
    matches!(action, Action::CloneVolumes { .. } | Action::ImportVolume { .. } | Action::EnsurePort { .. })
}
