//! Steps on the metadata of both sites. The other site first, then here, together with the outcome in the journal; the
//! record is computed from the time of the first intent, so that a repeat pushes the very same one.

use super::super::metadata::is_silence;
use super::super::{StepState, run::Run};
use crate::model::{ArrayVolumeId, GroupRecord, OperationKind, Protection, ServerId, SiteName, StepId};
use crate::plan::{Action, Outputs, Step, divergence, transition};
use crate::ports::{Cx, FenceState, GroupChange, Outcome, PeerVersion};
use crate::{Error, ErrorKind, Result};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The record with the open operation, as it was stored when the plan was accepted.
pub(super) async fn announce(run: &Run, cx: &Cx) -> Result<()> {
    let record = run.record().await?;
    let peer = &run.endpoints.peer;
    let told = run
        .settle(cx, || async { peer.push(&record, PeerVersion::At(run.plan.version)).await.map(Outcome::Done) })
        .await;
    match told {
        Err(e) if run.plan.kind == OperationKind::UnplannedFailover && is_silence(e.kind()) => Ok(()),
        other => other,
    }
}

pub(super) async fn switch_primary(run: &Run, step: &Step, to: &SiteName) -> Result<GroupChange> {
    let record = run.record().await?;
    let at = begun_at(run, step);
    let missing = run.missing_members();
    let mut next = run.outputs(|outputs| transition::switched(&record, &arrival(run, to, outputs, &missing), at));
    if run.plan.kind == OperationKind::UnplannedFailover {
        let state = run.state();
        let done = |id: &StepId| state.steps.get(id) == Some(&StepState::Done);
        divergence::owe_fence(&mut next, &run.plan, done, &run.operation.id, at);
    }
    publish(run, step, &record, next).await
}

/// The site that was left is fenced, and what it held is kept.
///
/// # Errors
/// no fence was seen in this operation → `Internal`: nothing is taken off the list without evidence.
pub(super) async fn settle_old_site(
    run: &Run,
    step: &Step,
    site: &SiteName,
    evidence: &[String],
) -> Result<GroupChange> {
    let record = run.record().await?;
    if record.owes_fence(site) && run.outputs(|o| o.fences.get(site).copied()) != Some(FenceState::Fenced) {
        return Err(Error::internal(format!("{site} was not seen fenced by {}", run.operation.id)));
    }
    let at = begun_at(run, step);
    let next = run.outputs(|outputs| divergence::settled(&record, site, evidence, outputs, at));
    publish(run, step, &record, next).await
}

pub(super) async fn forget_retained(
    run: &Run,
    step: &Step,
    volumes: &BTreeSet<(SiteName, ArrayVolumeId)>,
) -> Result<GroupChange> {
    let record = run.record().await?;
    let next = transition::forgotten(&record, volumes, begun_at(run, step));
    publish(run, step, &record, next).await
}

pub(super) async fn close(run: &Run, step: &Step) -> Result<GroupChange> {
    let record = run.record().await?;
    let (at, missing) = (begun_at(run, step), run.missing_members());
    let next = run.outputs(|outputs| {
        let arrival = arrival(run, &run.plan.target, outputs, &missing);
        match run.plan.kind {
            OperationKind::Commit => transition::closed(&record, record.group.protection, at),
            OperationKind::Reprotect => transition::protected(&record, outputs, at),
            OperationKind::RetryFailed => transition::rejoined(&record, &arrival, at),
            OperationKind::UnplannedFailover => transition::moved(&record, &arrival, record.group.protection, at),
            _ => transition::moved(&record, &arrival, Protection::Protected, at),
        }
    });
    publish(run, step, &record, next).await
}

fn arrival<'a>(
    run: &'a Run,
    to: &'a SiteName,
    outputs: &'a Outputs,
    missing: &'a BTreeSet<ServerId>,
) -> transition::Arrival<'a> {
    transition::Arrival {
        from: &run.plan.source,
        to,
        outputs,
        failed: missing,
        operation: &run.operation.id,
        mappings: run.plan.request.mappings(),
    }
}

/// Pushes `next` unless the other site was not told of the operation at all. An unplanned failover goes on without it and
/// leaves the mark of divergence.
async fn publish(run: &Run, step: &Step, current: &GroupRecord, mut next: GroupRecord) -> Result<GroupChange> {
    let expected = current.version;
    let announced = run.plan.steps.iter().any(|s| matches!(s.action, Action::Announce {}));
    if announced && current.divergence.is_none() {
        let peer = &run.endpoints.peer;
        let cx = run.cx(step);
        match run.settle(&cx, || async { peer.push(&next, PeerVersion::At(expected)).await.map(Outcome::Done) }).await {
            Ok(()) => {}
            // a conflict: it was silent when it was told of the operation, and answers again with what it held before
            Err(e)
                if run.plan.kind == OperationKind::UnplannedFailover
                    && (is_silence(e.kind()) || e.kind() == ErrorKind::Conflict) =>
            {
                transition::diverge(&mut next, &run.operation.id, peer.site(), begun_at(run, step));
            }
            Err(e) => return Err(e),
        }
    }
    Ok(GroupChange { record: next, expected })
}

fn begun_at(run: &Run, step: &Step) -> Timestamp {
    run.state().begun_at.get(&step.id).copied().unwrap_or(run.operation.accepted_at)
}
