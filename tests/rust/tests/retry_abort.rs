//! A retry that is given up: the group is free again, its members are failed as before, nothing is destroyed, and the next
//! retry finds whatever was made.

#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "helpers of tests may panic as tests do")]

use protector_core::engine::{Engine, Event, OperationView, Progress, StopOptions};
use protector_core::mock::Mishap;
use protector_core::model::{GroupStatus, MemberStatus, OperationStatus};
use protector_core::ports::Cancel;
use protector_core::{Error, ErrorKind, Result};
use protector_tests::compare::{rows, state, text};
use protector_tests::crash::{Fuse, with_fuse};
use protector_tests::ordered::{APP, DB, WEB, accept, check_at_rest, failback, mishap, ordered, retry, volume_of};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, failover, operate};
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use OperationStatus::{Cancelled, Completed, Failed};

/// On site-b without the database, whose volume Cinder takes over now, and without the application that depends on it; a
/// retry is accepted. With the world before the move.
async fn accepted() -> Result<(Stage, String, Value)> {
    let stage = ordered().await?;
    let before = state(&stage.deployment).await?;
    let volume = volume_of(&stage, DB).await?;
    mishap(&stage, Mishap::Import, &volume, true)?;
    assert_eq!(operate(&stage.engine, &failover()).await?.status, OperationStatus::CompletedPartial);
    mishap(&stage, Mishap::Import, &volume, false)?;
    let operation = accept(&stage.engine, &retry()).await?;
    Ok((stage, operation, before))
}

async fn abort(engine: &Engine, operation: &str, leave_peer: bool) -> Result<OperationView> {
    let options = StopOptions { reason: Some("enough".to_owned()), leave_peer, ..StopOptions::default() };
    engine.operation_abort(operation, &options, &Cancel::default(), &Progress::none()).await
}

/// Given up, free, failed as before, whole, and the next retry brings everybody up, each once.
async fn check_given_up(stage: &Stage, ended: &OperationView, before: &Value, what: &str) -> Result<()> {
    assert_eq!(ended.status, Cancelled, "{what}: {ended:#?}");
    assert!(
        ended.finished_at.is_some() && ended.instances.iter().all(|i| i.outcome != "succeeded"),
        "{what}: {ended:#?}"
    );
    let group = stage.engine.protection_group_show(GROUP).await?;
    assert_eq!(
        (group.status, group.operation_id, group.diverged),
        (GroupStatus::FailedOverPartial, None, false),
        "{what}"
    );
    assert!(group.next[0].ends_with("--retry-failed"), "{what}: {:?}", group.next);
    let members = stage.engine.member_list(GROUP).await?;
    let found: BTreeMap<&str, MemberStatus> = members.iter().map(|m| (m.name.as_str(), m.status)).collect();
    let expected = [(APP, MemberStatus::Error), (DB, MemberStatus::Error), (WEB, MemberStatus::FailedOver)];
    assert_eq!(found, BTreeMap::from(expected), "{what}");
    // Cinder group and array group hold what the record knows, the sites agree, and no volume is gone
    check_at_rest(stage, before).await?;
    let destroyed = rows(&stage.deployment, "volumes")?.into_iter().filter(|v| !v["destroyed_ms"].is_null()).count();
    assert_eq!(destroyed, 0, "{what}");

    stage.completes(&retry()).await?;
    for name in [DB, APP, WEB] {
        let servers = rows(&stage.deployment, "servers")?;
        let here = servers.iter().filter(|s| text(s, "name") == name && text(s, "site") == "site-b").count();
        assert_eq!(here, 1, "{what}: {name}");
    }
    check_at_rest(stage, before).await
}

/// Calls an engine from within a progress listener, which is not async.
fn within<T>(call: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(call))
}

/// Whoever is at work hears of it at any event, and gives the retry up; after the last step there is nothing to give up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_at_work_gives_a_retry_up_at_any_event() -> Result<()> {
    let (mut given_up, mut too_late) = (0, 0);
    for event in 1.. {
        let (stage, operation, before) = accepted().await?;
        let (rival, id) = (stage.deployment.engine(Some("site-a"))?, operation.clone());
        let told: Arc<Mutex<Option<Result<OperationView>>>> = Arc::default();
        let (hears, seen) = (told.clone(), AtomicUsize::new(0));
        let listener = Progress::new(move |_: &Event| {
            if seen.fetch_add(1, Ordering::SeqCst) + 1 == event {
                *hears.lock().expect("no panic before") = Some(within(abort(&rival, &id, false)));
            }
        });
        let ended = stage.engine.run(&operation, &Cancel::default(), &listener).await?;
        let Some(told) = told.lock().expect("no panic before").take() else { break };
        match (told, ended.status) {
            (Ok(_), Cancelled) => {
                check_given_up(&stage, &ended, &before, &format!("event {event}")).await?;
                given_up += 1;
            }
            (Err(late), Completed) => {
                assert_eq!(late.kind(), ErrorKind::Precondition, "event {event}: {late}");
                too_late += 1;
            }
            // asked while the last step was under way
            (Ok(_), Completed) => too_late += 1,
            (told, status) => return Err(Error::internal(format!("event {event}: {told:?}, then {status}"))),
        }
    }
    assert!(given_up > 20 && too_late >= 1, "{given_up} {too_late}");
    Ok(())
}

/// Nobody is at work any more, wherever the executor died: whoever gives it up learns first what may have been made. Where
/// the other site may have been told who arrived, that is how it ends.
#[tokio::test]
async fn a_retry_that_nobody_runs_is_given_up_wherever_it_stands() -> Result<()> {
    let (mut given_up, mut ended_as_told) = (0, 0);
    for point in 1.. {
        let (stage, operation, before) = accepted().await?;
        let fuse = Fuse::freezing(point);
        let doomed = with_fuse(&stage.engine, &fuse);
        let (cancel, none) = (Cancel::default(), Progress::none());
        tokio::select! {
            ended = doomed.run(&operation, &cancel, &none) => { ended?; break },
            () = fuse.frozen() => {}
        }
        stage.pass(61).await;
        match abort(&stage.engine, &operation, false).await {
            Ok(ended) if ended.status == Cancelled => {
                check_given_up(&stage, &ended, &before, &format!("point {point}")).await?;
                given_up += 1;
            }
            Ok(ended) => {
                assert_eq!(ended.status, Completed, "point {point}: {ended:#?}");
                check_at_rest(&stage, &before).await?;
                ended_as_told += 1;
            }
            // it froze after its very end
            Err(e) => assert_eq!(e.kind(), ErrorKind::Precondition, "point {point}: {e}"),
        }
    }
    assert!(given_up > 20 && ended_as_told >= 1, "{given_up} {ended_as_told}");
    Ok(())
}

/// I-03: the other site never comes back. The group is free in the end, and says that the sites disagree.
#[tokio::test]
async fn a_retry_is_given_up_without_the_other_site() -> Result<()> {
    for step in ["import_volume/db-server-1/vda", "close"] {
        let (stage, operation, _) = accepted().await?;
        let world = stage.deployment.world().clone();
        let lose = Progress::new(move |event: &Event| {
            if event.step.as_deref() == Some(step) && event.state == "started" {
                drop(world.set_site_available(&"site-b".into(), false));
            }
        });
        let stopped = stage.engine.run(&operation, &Cancel::default(), &lose).await?;
        assert_eq!((stopped.status, stopped.finished_at), (Failed, None), "{step}: {stopped:#?}");
        let open = abort(&stage.engine, &operation, false).await?;
        assert_eq!((open.status, open.finished_at), (Failed, None), "{step}: {open:#?}");
        let error = open.error.unwrap_or_default();
        assert!(error.contains(&format!("operation abort {operation} --leave-peer")), "{step}: {error}");
        let ended = abort(&stage.engine, &operation, true).await?;
        let expected = if step == "close" { Completed } else { Cancelled };
        assert_eq!(ended.status, expected, "{step}: {ended:#?}");
        let group = stage.engine.protection_group_show(GROUP).await?;
        assert_eq!((group.operation_id, group.diverged), (None, true), "{step}");
        // and the way to the site that is left is free
        let moved = operate(&stage.engine, &protector_tests::unplanned(true)).await?;
        assert_eq!(moved.status, Completed, "{step}: {moved:#?}");
        assert_eq!(stage.engine.protection_group_show(GROUP).await?.status, GroupStatus::Active);
    }
    Ok(())
}

/// What was given up half-way goes home all the same.
#[tokio::test]
async fn a_group_whose_retry_was_given_up_fails_back_once_it_is_whole() -> Result<()> {
    let (stage, operation, before) = accepted().await?;
    let ended = abort(&stage.engine, &operation, false).await?;
    assert_eq!(ended.status, Cancelled, "{ended:#?}");
    stage.blocks(&stage.engine, &failback(), &["did not arrive on site-b", "--retry-failed"]).await?;
    stage.completes(&retry()).await?;
    stage.completes(&failback()).await?;
    check_at_rest(&stage, &before).await
}
