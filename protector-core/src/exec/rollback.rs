//! Before the pivot: restoring the start.

use super::run::Run;
use super::{Record, StepState};
use crate::Result;
use crate::model::OperationStatus;
use crate::plan::{Action, Step, transition};
use crate::ports::{GroupChange, PeerVersion, VolumeQuery};
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
        if !touched {
            continue;
        }
        if let Err(e) = undo(run, step).await {
            let e = e.context(format!("undoing '{}'", step.title));
            let (code, message) = (e.kind().code().to_owned(), e.to_string());
            run.append(vec![Record::StepFailed { step: step.id.clone(), code, message }]).await?;
            run.tell_step(step, "failed");
            if step.action.endpoint().site.as_ref() != Some(&run.plan.target) {
                return Ok(());
            }
            left_behind = true;
            continue;
        }
        run.append(vec![Record::StepUndone { step: step.id.clone() }]).await?;
        run.tell_step(step, "undone");
    }
    if left_behind { Ok(()) } else { free_group(run).await }
}

async fn undo(run: &Run, step: &Step) -> Result<()> {
    let cx = run.cx(step);
    match &step.action {
        Action::StopServer { site, server } => {
            let cloud = run.endpoints.cloud(site)?;
            run.settle(&cx, || cloud.start_server(&cx, server)).await
        }
        Action::Fence { site, group } => {
            let array = run.endpoints.array(site)?;
            run.settle(&cx, || array.unfence(&cx, group)).await.map(drop)
        }
        Action::CloneVolumes { site, .. } => {
            let array = run.endpoints.array(site)?;
            let made = VolumeQuery::ClonedBy(cx.op_key.clone());
            let clones: BTreeSet<_> =
                run.observe(&cx, || array.volumes(&made)).await?.into_iter().map(|v| v.id).collect();
            if clones.is_empty() {
                return Ok(());
            }
            run.settle(&cx, || array.remove_clones(&cx, &cx.op_key, &clones)).await
        }
        // a snapshot more does no harm, replication set up stays useful, and the group is freed at the end
        _ => Ok(()),
    }
}

/// The record as before, without the operation, at the next version; on the other site first, if it was told.
async fn free_group(run: &Run) -> Result<()> {
    let record = run.record().await?;
    let began = run.state().begun_at.values().next().copied().unwrap_or_else(|| run.now());
    let next = transition::closed(&record, record.group.protection, began);
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
