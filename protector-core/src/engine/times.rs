//! How long an operation has taken, and what is left of it.

use crate::exec::{OperationState, StepState};
use crate::model::StepId;
use crate::plan::{self, Limits, Plan, StepProgress};
use jiff::Timestamp;

/// From the begin of the first attempt to the end, or until now.
pub(super) fn elapsed_seconds(state: &OperationState, now: Timestamp) -> Option<u64> {
    let end = state.finished.map_or(now, |(_, at)| at);
    Some((milliseconds(state.attempted_at?, end) + 500) / 1000)
}

/// What is left of an operation that has not ended and goes forward. `executing`: whether somebody is at work.
pub(super) fn remaining_seconds(
    plan: &Plan,
    state: &OperationState,
    executing: bool,
    limits: Limits,
    now: Timestamp,
) -> Option<u64> {
    if state.finished.is_some() || state.rollback.is_some() {
        return None;
    }
    let progress = |step: &StepId| match (state.step(step), state.begun_at(step)) {
        (Some(StepState::Done | StepState::Skipped(_)), _) => StepProgress::Settled,
        // a later attempt makes the step again, and when that began is not known
        (Some(StepState::Begun), Some(begun)) if executing && state.attempts == 1 => {
            StepProgress::Begun(milliseconds(begun, now))
        }
        _ => StepProgress::Pending,
    };
    Some(plan::remaining_seconds(plan, limits, progress))
}

fn milliseconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0)
}
