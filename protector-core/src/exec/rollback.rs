//! Before the pivot: restoring the start.

use super::Record;
use super::decide::{self, Undo};
use super::metadata::is_silence;
use super::perform::{self, Performed};
use super::run::Run;
use crate::model::{ArrayGroupName, GroupRecord, OperationStatus, ServerId, SiteName};
use crate::plan::{Step, transition};
use crate::ports::{
    Cx, FenceState, GroupChange, Outcome, PeerVersion, ReplicationLink, ReplicationStatus, StopKind, VolumeQuery,
};
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
    answer_stop(run).await?;
    let end = decide::begun_end(&run.plan, &run.state());
    if let Some(close) = end {
        return close_or_leave_peer(run, close).await;
    }
    let (mut left_behind, mut source_is_lost) = (false, false);
    for step in run.plan.steps.iter().rev() {
        answer_stop(run).await?;
        if !decide::needs_undo(step, &run.state()) {
            continue;
        }
        let e = match undo(run, step).await {
            // it was completed instead
            Ok(_) if decide::stays(&step.action) && run.state().is_settled(&step.id) => continue,
            Ok(note) => {
                run.append(vec![Record::StepUndone { step: step.id.clone(), note }]).await?;
                run.tell_step(step, "undone");
                continue;
            }
            Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
            Err(e) => e,
        };
        let means = decide::failed_undo(&run.plan, &run.state(), step, e.kind(), run.endpoints.peer.site());
        let e = e.context(format!("undoing '{}'", step.title));
        fail(run, step, if means.peer_is_silent { or_leave_peer(run, e) } else { e }).await?;
        if !means.goes_on {
            return Ok(());
        }
        source_is_lost |= means.source_is_lost;
        left_behind |= means.left_behind;
    }
    if left_behind {
        return Ok(());
    }
    let status = decide::restored(&run.state(), source_is_lost);
    free_group(run, status).await
}

pub(super) async fn fail(run: &Run, step: &Step, e: Error) -> Result<()> {
    let (code, message) = (e.kind().code().to_owned(), e.to_string());
    run.append(vec![Record::StepFailed { step: step.id.clone(), code, message }]).await?;
    run.tell_step(step, "failed");
    Ok(())
}

/// The way out if the other site never comes back.
pub(super) fn or_leave_peer(run: &Run, e: Error) -> Error {
    let (id, site) = (&run.operation.id, run.endpoints.peer.site());
    e.remedy(format!(
        "once {site} answers: openstack protector operation resume {id}; if it is lost for good: \
         openstack protector operation abort {id} --leave-peer"
    ))
}

/// Between two undos: a cancel stops here, an abort may bring a consent.
pub(super) async fn answer_stop(run: &Run) -> Result<()> {
    match run.pending_stop() {
        Some(request) if request.kind == StopKind::Cancel => Err(run.obey_cancel(request).await?),
        Some(request) => run.obey_abort(request).await,
        None => Ok(()),
    }
}

/// Undoes a step; what is worth knowing of how it stands afterwards.
async fn undo(run: &Run, step: &Step) -> Result<Option<String>> {
    let cx = run.cx(step);
    match decide::undo(&step.action) {
        Undo::Start { site, server } => start(run, &cx, site, server).await,
        Undo::Unfence { site, group } => unfence(run, &cx, site, group).await,
        Undo::Complete => {
            let Performed { output, change, .. } = perform::perform(run, step, &cx).await?;
            let done = Record::StepDone { step: step.id.clone(), output };
            run.append_with(vec![done], change, false).await.map(|()| None)
        }
        Undo::RemoveClones { site } => {
            let array = run.endpoints.array(site)?;
            let made = VolumeQuery::ClonedBy(cx.op_key.clone());
            let clones: BTreeSet<_> =
                run.observe(&cx, || array.volumes(&made)).await?.into_iter().map(|v| v.id).collect();
            if clones.is_empty() {
                return Ok(None);
            }
            run.settle(&cx, || array.remove_clones(&cx, &cx.op_key, &clones)).await.map(|()| None)
        }
        Undo::Leave => Ok(None),
    }
}

/// Starts a server again. One that somebody removed meanwhile cannot be: that is said, and holds nothing up.
async fn start(run: &Run, cx: &Cx, site: &SiteName, server: &ServerId) -> Result<Option<String>> {
    let cloud = run.endpoints.cloud(site)?;
    match run.settle(cx, || cloud.start_server(cx, server)).await {
        Err(e) if e.kind() == ErrorKind::NotFound => match run.observe(cx, || cloud.server(server)).await? {
            None => Ok(Some(format!("server {server} is gone from {site} and was not started again"))),
            Some(_) => Err(e),
        },
        other => other.map(|()| None),
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

/// The record as before, without the operation, at the next version; on the other site first, unless the plan does without
/// it. That is so also if the other site was never told of the operation: the version has gone on here.
pub(super) async fn free_group(run: &Run, status: OperationStatus) -> Result<()> {
    let record = run.record().await?;
    let began = run.state().steps.values().filter_map(|s| s.begun_at).min().unwrap_or_else(|| run.now());
    let mut next = decide::freed(&record, &run.plan, &run.state(), &run.operation.id, began);
    let tells_end = decide::tells_end(&run.plan, &record);
    let mut agreed = tells_end.is_some();
    if let Some(step) = tells_end
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
        agreed = false;
        transition::diverge(&mut next, &run.operation.id, run.endpoints.peer.site(), began);
    }
    let change = GroupChange { expected: record.version, record: next, agreed };
    run.append_with(vec![Record::Finished { status }], Some(change), true).await
}

/// Makes the last step of an operation that was given up when that had begun already, and with it its end. The other site may
/// stay silent for good: then it ends here alone, with the consent of an abort.
pub(super) async fn close_or_leave_peer(run: &Run, close: &Step) -> Result<()> {
    let status = decide::ended(&run.plan, &run.state());
    match perform::perform(run, close, &run.cx(close)).await {
        Ok(Performed { output, change, .. }) => {
            let done = Record::StepDone { step: close.id.clone(), output };
            run.append_with(vec![done, Record::Finished { status }], change, true).await
        }
        Err(e) if e.kind() == ErrorKind::Cancelled => Err(e),
        Err(e) if is_silence(e.kind()) && run.state().leave_peer => free_group(run, status).await,
        Err(e) => fail(run, close, or_leave_peer(run, e.context(&close.title))).await,
    }
}

/// Pushes the end, over nothing but what this operation found or left there itself.
async fn tell_end(run: &Run, step: &Step, record: &GroupRecord, next: &GroupRecord) -> Result<()> {
    let (peer, cx) = (&run.endpoints.peer, run.cx(step));
    run.settle(&cx, || async {
        let held = peer.version(&record.group.id).await?;
        match decide::overwrites(held, &run.plan, record, next.version) {
            Some(expected) => peer.push(next, expected).await,
            None => Err(moved_on(peer.site(), held)),
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

#[cfg(test)]
mod tests;
