//! The record that each step on the metadata leads to, and when the other site is not waited for.

use super::missing;
use crate::exec::metadata::is_silence;
use crate::exec::{OperationState, StepState};
use crate::model::{GroupRecord, OpenOperation, OperationId, OperationKind, Protection, SiteName, StepId};
use crate::plan::{Action, Outputs, Phase, Plan, Step, divergence, transition};
use crate::ports::FenceState;
use crate::{Error, ErrorKind, Result};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The record with the operation on it. An unplanned failover that cannot tell `peer` says so at once.
pub fn opened(
    record: &GroupRecord,
    plan: &Plan,
    operation: OpenOperation,
    peer: &SiteName,
    at: Timestamp,
) -> GroupRecord {
    let absent = (!announces(plan) && plan.kind == OperationKind::UnplannedFailover).then_some(peer);
    let id = operation.id.clone();
    let mut next = transition::opened(record, operation, absent, at);
    if plan.kind == OperationKind::UnplannedFailover {
        divergence::suspect(&mut next, plan, &id, at);
    }
    next
}

/// The record that a step leads to. `at`: when it began for the first time, so that a repeat gives the very same.
///
/// # Errors
/// the step is to say that a site is fenced, and nothing in the journal shows it → `Internal`: nothing is taken off the list
/// without evidence; the step changes no metadata → `Internal`.
pub fn next_record(
    plan: &Plan,
    state: &OperationState,
    operation: &OperationId,
    step: &Step,
    record: &GroupRecord,
    at: Timestamp,
) -> Result<GroupRecord> {
    let failed = missing(plan, state);
    let arrival = |to| arrival(plan, state, operation, to, &failed);
    Ok(match &step.action {
        Action::SwitchPrimary { to } => {
            let mut next = transition::switched(record, &arrival(to), at);
            if plan.kind == OperationKind::UnplannedFailover {
                let done = |id: &StepId| state.step(id) == Some(&StepState::Done);
                divergence::owe_fence(&mut next, plan, done, operation, at);
            }
            next
        }
        Action::SettleOldSite { site, evidence } => {
            if record.owes_fence(site) && !is_fenced(&state.outputs, site) {
                return Err(Error::internal(format!("{site} was not seen fenced by {operation}")));
            }
            divergence::settled(record, site, evidence, &state.outputs, at)
        }
        Action::ForgetRetained { volumes } => transition::forgotten(record, volumes, at),
        Action::Close {} => {
            let arrival = arrival(&plan.target);
            match plan.kind {
                OperationKind::Commit => transition::closed(record, record.group.protection, at),
                OperationKind::Reprotect => transition::protected(record, &state.outputs, at),
                OperationKind::RetryFailed => transition::rejoined(record, &arrival, at),
                OperationKind::UnplannedFailover => transition::moved(record, &arrival, record.group.protection, at),
                _ => transition::moved(record, &arrival, Protection::Protected, at),
            }
        }
        other => return Err(Error::internal(format!("'{}' changes no metadata", other.word()))),
    })
}

/// The record that a retry leaves, whoever came up.
pub(super) fn rejoined(
    record: &GroupRecord,
    plan: &Plan,
    state: &OperationState,
    operation: &OperationId,
    at: Timestamp,
) -> GroupRecord {
    let failed = missing(plan, state);
    transition::rejoined(record, &arrival(plan, state, operation, &plan.target, &failed), at)
}

fn arrival<'a>(
    plan: &'a Plan,
    state: &'a OperationState,
    operation: &'a OperationId,
    to: &'a SiteName,
    failed: &'a BTreeSet<crate::model::ServerId>,
) -> transition::Arrival<'a> {
    let (outputs, mappings) = (&state.outputs, plan.request.mappings());
    transition::Arrival { from: &plan.source, to, outputs, failed, operation, mappings }
}

fn is_fenced(outputs: &Outputs, site: &SiteName) -> bool {
    outputs.fences.get(site) == Some(&FenceState::Fenced)
}

fn announces(plan: &Plan) -> bool {
    plan.steps.iter().any(|s| matches!(s.action, Action::Announce {}))
}

/// Whether a step on the metadata tells the other site: not if that was not told of the operation at all.
pub fn tells_peer(plan: &Plan, record: &GroupRecord) -> bool {
    announces(plan) && record.divergence.is_none()
}

/// The step with which an earlier attempt may have told the other site the end: then that site has to be asked before
/// anything is changed about who arrived.
pub fn told_with<'a>(plan: &'a Plan, state: &OperationState, record: &GroupRecord) -> Option<&'a Step> {
    closing(plan).filter(|close| tells_peer(plan, record) && state.has_begun(&close.id))
}

/// The step that writes down the end on both sites.
pub(super) fn closing(plan: &Plan) -> Option<&Step> {
    plan.steps.iter().rfind(|step| matches!(step.action, Action::Close {}))
}

/// Whether a step tells the other site of the operation once more before it acts: the pivot does. Who was silent before, and
/// answers now that somebody forced the group there meanwhile, keeps a second workload from being started.
pub fn tells_again(plan: &Plan, step: &Step) -> bool {
    step.phase == Phase::Pivot && announces(plan)
}

/// Whether a step goes on although the other site could not be told: an unplanned failover does, and whatever only lets the
/// group go. The mark of divergence is left.
pub fn goes_on_untold(plan: &Plan, step: &Step, kind: ErrorKind) -> bool {
    let is_behind = kind == ErrorKind::Conflict;
    // it may have been told the end before, by a call whose answer was lost, and have gone on since
    if is_behind && matches!(step.action, Action::Close {}) {
        return true;
    }
    // it was silent when it was told of the operation, and answers again with what it held before
    let is_behind = is_behind && step.phase > Phase::Pivot;
    plan.kind == OperationKind::UnplannedFailover && (is_silence(kind) || is_behind)
}
