//! Before the pivot: restoring the start.

use super::perform::{self, Performed};
use super::run::Run;
use super::{Record, StepState};
use crate::model::{ArrayGroupName, OperationStatus, SiteName};
use crate::plan::{Action, Step, divergence, transition};
use crate::ports::{Cx, FenceState, GroupChange, PeerVersion, ReplicationLink, ReplicationStatus, VolumeQuery};
use crate::{Error, Result};
use std::collections::BTreeSet;

/// Undoes, last first, every step that was made or may have been made, then frees the group. The workload comes first: it
/// does not wait for a target that cannot be tidied up.
///
/// An undo that fails leaves the operation open with its error; the next run goes on from there.
///
/// # Errors
/// the other site cannot be told of the end → `PeerUnreachable`; the journal cannot be written → `Storage`.
pub(super) async fn run(run: &Run) -> Result<()> {
    let mut left_behind = false;
    for step in run.plan.steps.iter().rev() {
        let touched =
            matches!(run.state().steps.get(&step.id), Some(StepState::Begun | StepState::Done | StepState::Failed(_)));
        if !touched || (stays(&step.action) && run.state().is_settled(&step.id)) {
            continue;
        }
        match undo(run, step).await {
            // it was completed instead
            Ok(_) if stays(&step.action) && run.state().is_settled(&step.id) => {}
            Ok(note) => {
                run.append(vec![Record::StepUndone { step: step.id.clone(), note }]).await?;
                run.tell_step(step, "undone");
            }
            Err(e) => {
                note_failure(run, step, e).await?;
                if step.action.endpoint().site.as_ref() != Some(&run.plan.target) {
                    return Ok(());
                }
                left_behind = true;
            }
        }
    }
    if left_behind { Ok(()) } else { free_group(run).await }
}

/// What is done on a site that was left stays done: it keeps two sides from taking writes. What a commit released is gone.
fn stays(action: &Action) -> bool {
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

async fn note_failure(run: &Run, step: &Step, e: Error) -> Result<()> {
    let e = e.context(format!("undoing '{}'", step.title));
    let (code, message) = (e.kind().code().to_owned(), e.to_string());
    run.append(vec![Record::StepFailed { step: step.id.clone(), code, message }]).await?;
    run.tell_step(step, "failed");
    Ok(())
}

/// Undoes a step; what is worth knowing of how it stands afterwards.
async fn undo(run: &Run, step: &Step) -> Result<Option<String>> {
    let cx = run.cx(step);
    match &step.action {
        Action::StopServer { site, server } => {
            let cloud = run.endpoints.cloud(site)?;
            run.settle(&cx, || cloud.start_server(&cx, server)).await.map(|()| None)
        }
        Action::Fence { site, group } => unfence(run, &cx, site, group).await,
        // the other site may have heard of it already, so it is made to its end
        Action::SettleOldSite { .. } | Action::ForgetRetained { .. } => {
            let Performed { output, change } = perform::perform(run, step).await?;
            let done = Record::StepDone { step: step.id.clone(), output };
            run.append_with(vec![done], change, false).await.map(|()| None)
        }
        Action::CloneVolumes { site, .. } => {
            let array = run.endpoints.array(site)?;
            let made = VolumeQuery::ClonedBy(cx.op_key.clone());
            let clones: BTreeSet<_> =
                run.observe(&cx, || array.volumes(&made)).await?.into_iter().map(|v| v.id).collect();
            if clones.is_empty() {
                return Ok(None);
            }
            run.settle(&cx, || array.remove_clones(&cx, &cx.op_key, &clones)).await.map(|()| None)
        }
        // a snapshot more does no harm, replication set up stays useful, and the group is freed at the end
        _ => Ok(None),
    }
}

/// Takes the fence away and looks whether it is gone. The workload does not wait for replication, but whether that goes
/// on is looked at too, and said.
///
/// # Errors
/// some volume still refuses writes → `Precondition`.
async fn unfence(run: &Run, cx: &Cx, site: &SiteName, group: &ArrayGroupName) -> Result<Option<String>> {
    let array = run.endpoints.array(site)?;
    check_open(run.settle(cx, || array.unfence(cx, group)).await?, site, group)?;
    let seen = run.observe(cx, || array.replication_status(group)).await;
    let fault = match &seen {
        Ok(seen) => fault_of(&seen.value),
        Err(e) => Some(format!("how it replicates is not known: {e}")),
    };
    Ok(fault.map(|fault| format!("'{group}' on {site} takes writes again, but {fault}")))
}

fn check_open(state: FenceState, site: &SiteName, group: &ArrayGroupName) -> Result<()> {
    match state {
        FenceState::Open => Ok(()),
        FenceState::Fenced | FenceState::Partial => {
            Err(Error::precondition(format!("array group '{group}' on {site} is {state:?} after it was un-fenced")))
        }
    }
}

/// Why a group that should replicate does not. What its array cannot tell is not good.
fn fault_of(status: &ReplicationStatus) -> Option<String> {
    if status.link != ReplicationLink::Connected {
        return Some(format!("its link is {:?}", status.link));
    }
    if !status.enabled {
        return Some("its schedule is off".to_owned());
    }
    match status.allowed {
        Some(true) => None,
        Some(false) => Some("its target does not allow it".to_owned()),
        None => Some("whether its target allows it is not known".to_owned()),
    }
}

/// The record as before, without the operation, at the next version; on the other site first, if it was told.
async fn free_group(run: &Run) -> Result<()> {
    let record = run.record().await?;
    let began = run.state().begun_at.values().next().copied().unwrap_or_else(|| run.now());
    let mut next = transition::closed(&record, record.group.protection, began);
    divergence::withdraw(&mut next, &run.operation.id);
    let told = run
        .plan
        .steps
        .iter()
        .any(|s| matches!(s.action, Action::Announce {}) && run.state().begun_at.contains_key(&s.id));
    if told {
        let heard = run.endpoints.peer.version(&record.group.id).await?;
        // the announcement may not have arrived; then the other site still holds the version before
        let expected = if heard == PeerVersion::At(next.version) { PeerVersion::At(record.version) } else { heard };
        run.endpoints.peer.push(&next, expected).await?;
    }
    let change = GroupChange { expected: record.version, record: next };
    run.append_with(vec![Record::Finished { status: OperationStatus::RolledBack }], Some(change), true).await
}

#[cfg(test)]
mod tests;
