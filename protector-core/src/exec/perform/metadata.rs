//! Steps on the metadata of both sites. The other site first, then here, together with the outcome in the journal; the
//! record is computed from the time of the first intent, so that a repeat pushes the very same one.

use super::super::{decide, metadata::is_silence, run::Run};
use crate::Result;
use crate::plan::{Step, transition};
use crate::ports::{Cx, GroupChange, Outcome, PeerVersion};
use jiff::Timestamp;

/// The record with the open operation, as it was stored when the plan was accepted.
pub(super) async fn announce(run: &Run, step: &Step, cx: &Cx) -> Result<()> {
    let record = run.record().await?;
    let peer = &run.endpoints.peer;
    let told = run
        .settle(cx, || async { peer.push(&record, PeerVersion::At(run.plan.version)).await.map(Outcome::Done) })
        .await;
    match told {
        Err(e) if decide::goes_on_untold(&run.plan, step, e.kind()) => return Ok(()),
        other => other?,
    }
    // what the other site does from here on is its own change
    run.endpoints.store.agree(&record).await
}

/// The record that the step leads to, told to the other site unless that was not told of the operation at all. An unplanned
/// failover goes on without it and leaves the mark of divergence.
pub(super) async fn change(run: &Run, step: &Step, cx: &Cx) -> Result<GroupChange> {
    let record = run.record().await?;
    let at = begun_at(run, step);
    let mut next = decide::next_record(&run.plan, &run.state(), &run.operation.id, step, &record, at)?;
    let (expected, mut agreed) = (record.version, false);
    if decide::tells_peer(&run.plan, &record) {
        let peer = &run.endpoints.peer;
        match run.settle(cx, || async { peer.push(&next, PeerVersion::At(expected)).await.map(Outcome::Done) }).await {
            Ok(()) => agreed = true,
            Err(e) if decide::goes_on_untold(&run.plan, step, e.kind()) => {
                transition::diverge(&mut next, &run.operation.id, peer.site(), at);
            }
            Err(e) => return Err(e),
        }
    }
    Ok(GroupChange { record: next, expected, agreed })
}

/// Whether the end stands as an earlier attempt told the other site: it holds the very record that would be told now. Who
/// arrived is not said in two ways.
///
/// # Errors
/// the other site is silent, and nothing ends without it → `PeerUnreachable`.
pub(in crate::exec) async fn end_is_told(run: &Run, cx: &Cx) -> Result<bool> {
    let record = run.record().await?;
    let close = decide::told_with(&run.plan, &run.state(), &record);
    let Some(close) = close else { return Ok(false) };
    let at = begun_at(run, close);
    let end = decide::next_record(&run.plan, &run.state(), &run.operation.id, close, &record, at)?;
    match run.observe(cx, || run.endpoints.peer.record(&record.group.id)).await {
        Ok(held) => Ok(held.as_ref() == Some(&end)),
        Err(e) if is_silence(e.kind()) && decide::goes_on_untold(&run.plan, close, e.kind()) => Ok(false),
        Err(e) => Err(e),
    }
}

fn begun_at(run: &Run, step: &Step) -> Timestamp {
    run.state().begun_at(&step.id).unwrap_or(run.operation.accepted_at)
}
