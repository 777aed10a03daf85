//! Before the pivot: restoring the start.

use super::metadata::is_silence;
use super::run::Run;
use super::{Record, StepState};
use crate::model::{GroupRecord, OperationStatus, SiteName};
use crate::plan::{Action, Phase, Step, transition};
use crate::ports::{GroupChange, Outcome, PeerVersion, StopKind, VolumeQuery};
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeSet;

/// Undoes, last first, every step that was made or may have been made, then frees the group. The workload comes first: it
/// does not wait for a target that cannot be tidied up.
///
/// An undo that fails leaves the operation open with its error; the next run goes on from there. What cannot be undone
/// because the other site is lost for good stays as it is only with the consent of an abort, and is then named.
///
/// # Errors
/// stopped on request → `Cancelled`; the journal cannot be written → `Storage`.
pub(super) async fn run(run: &Run) -> Result<()> {
    let (mut left_behind, mut source_is_lost) = (false, false);
    for step in run.plan.steps.iter().rev() {
        answer_stop(run).await?;
        let touched =
            matches!(run.state().steps.get(&step.id), Some(StepState::Begun | StepState::Done | StepState::Failed(_)));
        if !touched {
            continue;
        }
        let e = match undo(run, step).await {
            Ok(()) => {
                run.append(vec![Record::StepUndone { step: step.id.clone() }]).await?;
                run.tell_step(step, "undone");
                continue;
            }
            Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
            Err(e) => e,
        };
        let (site, silent) = (step.action.endpoint().site, is_silence(e.kind()));
        let at_peer = site.as_ref() == Some(run.endpoints.peer.site());
        let e = e.context(format!("undoing '{}'", step.title));
        fail(run, step, if at_peer && silent { or_leave_peer(run, e) } else { e }).await?;
        if at_peer && silent && run.state().leave_peer {
            source_is_lost |= site.as_ref() == Some(&run.plan.source);
        } else if site.as_ref() == Some(&run.plan.target) {
            left_behind = true;
        } else {
            return Ok(());
        }
    }
    if left_behind {
        return Ok(());
    }
    // a start that lies on a lost site is not restored, and nobody is told so
    free_group(run, if source_is_lost { OperationStatus::Failed } else { run.state().restored() }).await
}

async fn fail(run: &Run, step: &Step, e: Error) -> Result<()> {
    let (code, message) = (e.kind().code().to_owned(), e.to_string());
    run.append(vec![Record::StepFailed { step: step.id.clone(), code, message }]).await?;
    run.tell_step(step, "failed");
    Ok(())
}

/// The way out if the other site never comes back.
fn or_leave_peer(run: &Run, e: Error) -> Error {
    let (id, site) = (&run.operation.id, run.endpoints.peer.site());
    e.remedy(format!(
        "once {site} answers: openstack protector operation resume {id}; if it is lost for good: \
         openstack protector operation abort {id} --leave-peer"
    ))
}

/// Between two undos: a cancel stops here, an abort may bring a consent.
async fn answer_stop(run: &Run) -> Result<()> {
    match run.pending_stop() {
        Some(request) if request.kind == StopKind::Cancel => Err(run.obey_cancel(request).await?),
        Some(request) => run.obey_abort(request).await,
        None => Ok(()),
    }
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

/// The record as before, without the operation, at the next version; on the other site first, unless the plan does without
/// it. That is so also if the other site was never told of the operation: the version has gone on here.
async fn free_group(run: &Run, status: OperationStatus) -> Result<()> {
    let record = run.record().await?;
    let began = run.state().begun_at.values().next().copied().unwrap_or_else(|| run.now());
    let mut next = transition::closed(&record, record.group.protection, began);
    let pivot_begun =
        run.plan.steps.iter().any(|s| s.phase == Phase::Pivot && run.state().begun_at.contains_key(&s.id));
    if pivot_begun {
        // an array may have seen the epoch that the pivot was to bring, and refuses an older one from then on
        next.group.epoch = next.group.epoch.max(run.plan.epoch.next());
    }
    let announcement = run.plan.steps.iter().find(|s| matches!(s.action, Action::Announce {}));
    if let Some(step) = announcement.filter(|_| record.divergence.is_none())
        && let Err(e) = tell_end(run, step, &record, &next).await
    {
        if e.kind() == ErrorKind::Cancelled {
            return Err(e);
        }
        if !run.state().leave_peer {
            let e = e.context(format!("telling {} that the operation ends", run.endpoints.peer.site()));
            return fail(run, step, or_leave_peer(run, e)).await;
        }
        // a lease that was lost shows in the write below
        transition::diverge(&mut next, &run.operation.id, run.endpoints.peer.site(), began);
    }
    let change = GroupChange { expected: record.version, record: next };
    run.append_with(vec![Record::Finished { status }], Some(change), true).await
}

/// Pushes the end, over nothing but what this operation found or left there itself.
async fn tell_end(run: &Run, step: &Step, record: &GroupRecord, next: &GroupRecord) -> Result<()> {
    let (peer, cx) = (&run.endpoints.peer, run.cx(step));
    // the announcement may not have arrived; then the other site still holds the version before
    let ours = [run.plan.version, record.version, next.version];
    run.settle(&cx, || async {
        match peer.version(&record.group.id).await? {
            PeerVersion::At(held) if held == next.version => peer.push(next, PeerVersion::At(record.version)).await,
            PeerVersion::At(held) if ours.contains(&held) => peer.push(next, PeerVersion::At(held)).await,
            other => Err(moved_on(peer.site(), other)),
        }
        .map(Outcome::Done)
    })
    .await
}

fn moved_on(site: &SiteName, held: PeerVersion) -> Error {
    let held = match held {
        PeerVersion::At(version) => format!("version {version}"),
        PeerVersion::Absent => "no version".to_owned(),
    };
    Error::conflict(format!("{site} holds {held} of the group, which is not of this operation"))
}
