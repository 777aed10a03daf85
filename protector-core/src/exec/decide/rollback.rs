//! Going back: which steps are undone and how, and the record that lets the group go.

use super::ending::pivot_begun;
use super::metadata::{closing, rejoined};
use crate::ErrorKind;
use crate::exec::metadata::is_silence;
use crate::exec::{OperationState, StepState};
use crate::model::{
    ArrayGroupName, GroupRecord, MetadataVersion, OperationId, OperationKind, OperationStatus, ServerId, SiteName,
};
use crate::plan::{Action, Endpoint, EndpointKind, Plan, Step, divergence, transition};
use crate::ports::PeerVersion;
use jiff::Timestamp;

/// How a step is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo<'a> {
    /// The server is started again.
    Start {
        /// Where.
        site: &'a SiteName,
        /// Which.
        server: &'a ServerId,
    },
    /// The group takes writes again.
    Unfence {
        /// Where.
        site: &'a SiteName,
        /// Which.
        group: &'a ArrayGroupName,
    },
    /// The clones that were made under the step's key are destroyed.
    RemoveClones {
        /// Where.
        site: &'a SiteName,
    },
    /// It is made to its end instead: the other site may have heard of it already.
    Complete,
    /// It does no harm, or is freed with the group.
    Leave,
}

/// How a step is undone.
pub fn undo(action: &Action) -> Undo<'_> {
    match action {
        Action::StopServer { site, server } => Undo::Start { site, server },
        Action::Fence { site, group } => Undo::Unfence { site, group },
        Action::SettleOldSite { .. } | Action::ForgetRetained { .. } => Undo::Complete,
        Action::CloneVolumes { site, .. } => Undo::RemoveClones { site },
        // a snapshot more does no harm, replication set up stays useful, and the group is freed at the end
        _ => Undo::Leave,
    }
}

/// What is done on a site that was left stays done: it keeps two sides from taking writes. What a commit released is gone.
pub fn stays(action: &Action) -> bool {
    matches!(
        action,
        Action::StopOldServer { .. }
            | Action::FenceOldGroup { .. }
            | Action::PreserveGroup { .. }
            | Action::SettleOldSite { .. }
            | Action::LeaveGroup { .. }
            | Action::ReleaseVolume { .. }
            | Action::DestroyRetained { .. }
            | Action::ForgetRetained { .. }
    )
}

/// The step with which the other site may have been told the end, before somebody gave the operation up: then that is how it
/// ends, unless that site is given up, too.
pub fn begun_end<'a>(plan: &'a Plan, state: &OperationState) -> Option<&'a Step> {
    closing(plan).filter(|close| state.has_begun(&close.id) && !state.leave_peer)
}

/// Whether a step was made, or may have been made, and is not to stay.
pub fn needs_undo(step: &Step, state: &OperationState) -> bool {
    let touched = matches!(state.step(&step.id), Some(StepState::Begun | StepState::Done | StepState::Failed(_)));
    touched && !(stays(&step.action) && state.is_settled(&step.id))
}

/// What an undo that failed means for those that are left. What cannot be undone because the other site is lost for good
/// stays as it is only with the consent of an abort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AfterFailedUndo {
    /// The other site is silent: its metadata, its cloud or its array.
    pub peer_is_silent: bool,
    /// The others are undone all the same.
    pub goes_on: bool,
    /// The start lies on a site that is given up.
    pub source_is_lost: bool,
    /// Something stays on the target, and the operation stays open for it.
    pub left_behind: bool,
}

/// What it means that the undo of `step` failed with `kind`. `peer`: the other site.
pub fn failed_undo(
    plan: &Plan,
    state: &OperationState,
    step: &Step,
    kind: ErrorKind,
    peer: &SiteName,
) -> AfterFailedUndo {
    let Endpoint { kind: endpoint, site } = step.action.endpoint();
    // metadata is told to the other site first
    let at_peer = endpoint == EndpointKind::Metadata || site.as_ref() == Some(peer);
    let peer_is_silent = at_peer && is_silence(kind);
    let given_up = peer_is_silent && state.leave_peer;
    // the workload does not wait for a target that cannot be tidied up
    let left_behind = !given_up && site.as_ref() == Some(&plan.target);
    AfterFailedUndo {
        peer_is_silent,
        goes_on: given_up || left_behind,
        source_is_lost: given_up && site.as_ref() == Some(&plan.source),
        left_behind,
    }
}

/// How an operation ends that was rolled back. A start that lies on a lost site is not restored, and nobody is told so.
pub fn restored(state: &OperationState, source_is_lost: bool) -> OperationStatus {
    match (source_is_lost, state.aborted) {
        (true, _) => OperationStatus::Failed,
        (false, true) => OperationStatus::Cancelled,
        (false, false) => OperationStatus::RolledBack,
    }
}

/// The record as before, without the operation, at the next version. A retry that is given up leaves what it made in it.
pub fn freed(
    record: &GroupRecord,
    plan: &Plan,
    state: &OperationState,
    operation: &OperationId,
    at: Timestamp,
) -> GroupRecord {
    if plan.kind == OperationKind::RetryFailed {
        return rejoined(record, plan, state, operation, at);
    }
    let mut next = transition::closed(record, record.group.protection, at);
    divergence::withdraw(&mut next, operation);
    transition::rename_retyped(&mut next, &state.outputs);
    if pivot_begun(plan, state) {
        // an array that has seen it refuses an older one from then on
        next.group.epoch = next.group.epoch.max(plan.epoch.next());
    }
    next
}

/// The announcement that the other site is told the end of; `None`: the plan does without that site. It is told also if it
/// never heard of the operation: the version has gone on here.
pub fn tells_end<'a>(plan: &'a Plan, record: &GroupRecord) -> Option<&'a Step> {
    plan.steps.iter().find(|s| matches!(s.action, Action::Announce {})).filter(|_| record.divergence.is_none())
}

/// What the other site must hold when it is told the end: nothing but what the operation found or left there itself. `None`:
/// it holds something else.
pub fn overwrites(held: PeerVersion, plan: &Plan, record: &GroupRecord, next: MetadataVersion) -> Option<PeerVersion> {
    match held {
        PeerVersion::At(held) if held == next => Some(PeerVersion::At(record.version)),
        // the announcement may not have arrived; then the other site still holds the version before
        PeerVersion::At(held) if [plan.version, record.version].contains(&held) => Some(PeerVersion::At(held)),
        PeerVersion::At(_) | PeerVersion::Absent => None,
    }
}
