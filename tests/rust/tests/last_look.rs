//! I-39: wherever an executor dies, and whatever stops running before somebody goes on, `completed` is said only of what
//! runs then, or ran when the other site was told that it does.

use protector_core::engine::{OperationView, Progress, Request};
use protector_core::model::{GroupStatus, OperationStatus};
use protector_core::ports::{Cancel, Cloud as _, Cx, ServerState};
use protector_core::{Error, Result};
use protector_tests::crash::{Fuse, with_fuse};
use protector_tests::ordered::{DB, ordered, outcomes};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, failover, unplanned};

/// More points than any of these operations has.
const MOST_POINTS: u64 = 300;
/// A lease, and a little.
const UNTIL_IT_IS_THOUGHT_DEAD: u64 = 90;

/// What came of an operation whose executor froze.
struct Resumed {
    stage: Stage,
    ended: OperationView,
    /// The server was there when its executor froze, and was deleted.
    was_deleted: bool,
    /// The other site had been told the end.
    was_told: bool,
}

/// Freezes an executor at a point, deletes a server of site-b and goes on. `None`: it ended before.
async fn resumed_without(server: &str, request: &Request, source_answers: bool, point: u64) -> Result<Option<Resumed>> {
    let stage = ordered().await?;
    stage.set_site("site-a", source_answers)?;
    let operation = stage.accepted(request).await?;
    let fuse = Fuse::freezing(point);
    let doomed = with_fuse(&stage.engine, &fuse);
    let (cancel, none) = (Cancel::default(), Progress::none());
    tokio::select! {
        ended = doomed.run(&operation, &cancel, &none) => return ended.map(|_| None),
        () = fuse.frozen() => {}
    }
    if stage.engine.operation_show(&operation).await?.status.is_final() {
        return Ok(None);
    }
    let was_deleted = delete(&stage, server).await?;
    let was_told = stage.record(&stage.other()?).await?.group.operation.is_none() && was_deleted;
    stage.pass(UNTIL_IT_IS_THOUGHT_DEAD).await;
    let ended = stage.engine.run(&operation, &cancel, &none).await?;
    Ok(Some(Resumed { stage, ended, was_deleted, was_told }))
}

async fn delete(stage: &Stage, name: &str) -> Result<bool> {
    let cloud = stage.deployment.world().cloud(&"site-b".into())?;
    let epoch = stage.record(&stage.engine).await?.group.epoch;
    let cx = Cx { op_key: "tenant".into(), epoch, deadline: jiff::Timestamp::MAX, cancel: Cancel::default() };
    let server = cloud.servers().await?.into_iter().find(|server| server.name == name);
    let Some(server) = server else { return Ok(false) };
    cloud.delete_server(&cx, &server.id).await.map(|_| true)
}

async fn runs(stage: &Stage, name: &str) -> Result<bool> {
    let servers = stage.deployment.world().cloud(&"site-b".into())?.servers().await?;
    Ok(servers.iter().any(|server| server.name == name && server.state == ServerState::Active))
}

/// Whether what is said of a server is true, at every point. Returns at how many it was deleted, and at how many of those
/// that had been told already.
async fn says_what_is(request: &Request, source_answers: bool) -> Result<(u32, u32)> {
    let (mut deleted, mut told) = (0, 0);
    for point in 1..MOST_POINTS {
        let resumed = resumed_without(DB, request, source_answers, point).await?;
        let Some(Resumed { stage, ended, was_deleted, was_told }) = resumed else { return Ok((deleted, told)) };
        let runs = was_told || runs(&stage, DB).await?;
        let said = if runs { "succeeded" } else { "failed" };
        assert_eq!(outcomes(&ended).get(DB).copied(), Some(said), "frozen at {point}: {ended:#?}");
        let (status, stands) = match runs {
            true => (OperationStatus::Completed, GroupStatus::FailedOver),
            false => (OperationStatus::CompletedPartial, GroupStatus::FailedOverPartial),
        };
        let group = stage.engine.protection_group_show(GROUP).await?;
        assert_eq!((ended.status, group.status), (status, stands), "frozen at {point}: {ended:#?}");
        deleted += u32::from(was_deleted);
        told += u32::from(was_told);
    }
    Err(Error::internal("it never ended by itself"))
}

/// I-39
#[tokio::test]
async fn of_a_planned_failover() -> Result<()> {
    let (deleted, told) = says_what_is(&failover(), true).await?;
    // between the telling and the note of it here there is hardly a point
    assert!(deleted > 10 && told < 4, "deleted at {deleted} points, told at {told}");
    Ok(())
}

/// I-39
#[tokio::test]
async fn of_an_unplanned_failover() -> Result<()> {
    let (deleted, told) = says_what_is(&unplanned(true), false).await?;
    // between the telling and the note of it here there is hardly a point
    assert!(deleted > 10 && told < 4, "deleted at {deleted} points, told at {told}");
    Ok(())
}
