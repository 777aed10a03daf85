//! Operations that fail, are stopped, or are run by two: before the pivot the start is restored, after it only the way
//! forward is left.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests may panic as tests do")]

use jiff::SignedDuration;
use protector_core::engine::{Engine, Event, OperationView, Progress, StorageDefaults};
use protector_core::exec::Limits;
use protector_core::model::{GroupStatus, OperationStatus, SiteName};
use protector_core::ports::{Cancel, Cloud as _, Cx, LeaseHolder, ServerState};
use protector_core::wrap::{Fault, FaultScript};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::compare::{differences, end_state, remove_times, state};
use protector_tests::faults::with_faults;
use protector_tests::stage::Stage;
use protector_tests::{GROUP, add_member, failover, server_id, unplanned};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

/// Two members in two tiers, with a recovery point and an accepted failover.
async fn accepted() -> Result<(Stage, String)> {
    let stage = Stage::replicated().await?;
    add_member(&stage.deployment, &stage.engine, "app-server-1", 1).await?;
    stage.completes(&protector_core::engine::Request::Sync {}).await?;
    let operation = stage.accepted(&failover()).await?;
    Ok((stage, operation))
}

async fn run(engine: &Engine, operation: &str) -> Result<OperationView> {
    engine.run(operation, &Cancel::default(), &Progress::none()).await
}

/// Takes a site away when `step` has reached `state`.
fn lose_site(stage: &Stage, site: &'static str, step: &'static str, when: &'static str) -> Progress {
    let world = stage.deployment.world().clone();
    Progress::new(move |event: &Event| {
        if event.step.as_deref() == Some(step) && event.state == when {
            world.set_site_available(&site.into(), false).expect("the site is there");
        }
    })
}

/// What a rollback restores: production as it was, with nothing open and both sites agreeing.
/// `epoch`: a pivot that was begun uses one up, because an array may have seen it.
async fn check_restored(stage: &Stage, before: &serde_json::Value, epoch: u64) -> Result<()> {
    check_runs(stage).await?;
    let group = stage.engine.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.operation_id, group.epoch), (GroupStatus::Active, None, epoch));
    let (home, away) = (stage.record(&stage.engine).await?, stage.record(&stage.other()?).await?);
    assert_eq!(home, away);
    let (mut before, mut after) = (before.clone(), serde_json::to_value(&home)?);
    for record in [&mut before, &mut after] {
        remove_times(record);
        record["version"].take();
        if let Some(epoch) = record.pointer_mut("/group/epoch") {
            epoch.take();
        }
    }
    assert_eq!(differences(&before, &after), Vec::<String>::new());
    Ok(())
}

/// The servers of site-a are active, and what they write is taken.
async fn check_runs(stage: &Stage) -> Result<()> {
    let cloud = stage.deployment.world().cloud(&"site-a".into())?;
    for name in ["web-server-1", "app-server-1"] {
        let id = server_id(&stage.deployment, "site-a", name).await?;
        let server = cloud.server(&id.as_str().into()).await?;
        assert_eq!(server.map(|s| s.state), Some(ServerState::Active), "{name}");
    }
    stage.write("site-a", 1).await
}

async fn record_of(stage: &Stage) -> Result<serde_json::Value> {
    let mut record = stage.record(&stage.engine).await?;
    record.group.operation = None;
    Ok(serde_json::to_value(record)?)
}

#[tokio::test]
async fn a_final_copy_that_never_arrives_restores_the_start() -> Result<()> {
    let (stage, operation) = accepted().await?;
    let (before, contents) = (record_of(&stage).await?, stage.contents(&stage.engine).await?);
    stage.deployment.world().set_link_connected(false)?;
    let ended = run(&stage.engine, &operation).await?;
    assert_eq!(ended.status, OperationStatus::RolledBack, "{ended:#?}");
    assert!(ended.error.as_deref().is_some_and(|e| e.contains("ran past its deadline")), "{:?}", ended.error);
    assert_eq!(stage.contents(&stage.engine).await?, contents);
    check_restored(&stage, &before, 1).await?;
    // once the link is back, the same thing works
    stage.deployment.world().set_link_connected(true)?;
    stage.completes(&protector_core::engine::Request::Sync {}).await?;
    stage.completes(&failover()).await
}

#[tokio::test]
async fn a_target_that_is_lost_before_the_pivot_restores_the_start() -> Result<()> {
    let (stage, operation) = accepted().await?;
    let (before, contents) = (record_of(&stage).await?, stage.contents(&stage.engine).await?);
    let lost = lose_site(&stage, "site-b", "fence_source", "done");
    let stopped = stage.engine.run(&operation, &Cancel::default(), &lost).await?;
    assert_eq!(stopped.status, OperationStatus::Failed, "{stopped:#?}");
    // the workload does not wait for the other site: it runs again, and is not fenced
    check_runs(&stage).await?;
    let shown = stage.engine.operation_show(&operation).await?;
    let unfenced = shown.steps.iter().find(|s| s.id == "fence_source").expect("the step");
    assert_eq!(unfenced.state, "undone");
    let said = unfenced.detail.as_deref().unwrap_or_default();
    assert!(said.contains("takes writes again, but its link is"), "{said}");
    assert!(!shown.status.is_final() && shown.next == [format!("openstack protector operation resume {operation}")]);

    stage.set_site("site-b", true)?;
    let ended = run(&stage.engine, &operation).await?;
    assert_eq!(ended.status, OperationStatus::RolledBack, "{ended:#?}");
    assert!(stage.contents(&stage.engine).await?.iter().all(|(disk, count)| *count == contents[disk] + 1));
    check_restored(&stage, &before, 2).await
}

#[tokio::test]
async fn a_target_that_is_lost_after_the_pivot_leaves_the_way_forward() -> Result<()> {
    for (step, when) in [
        ("clone_volumes", "done"),
        ("ensure_server/web-server-1", "started"),
        ("verify_server/app-server-1", "done"),
        ("switch_primary", "done"),
        ("reprotect/first_snapshot", "done"),
    ] {
        let (stage, operation) = accepted().await?;
        stage.write("site-a", 3).await?;
        let written = stage.contents(&stage.engine).await?;
        let lost = lose_site(&stage, "site-b", step, when);
        let stopped = stage.engine.run(&operation, &Cancel::default(), &lost).await?;
        assert_eq!(stopped.status, OperationStatus::Failed, "{step} {when}: {stopped:#?}");
        assert!(stopped.error.is_some() && stopped.next[0].ends_with(&format!("resume {operation}")), "{stopped:#?}");
        let group = stage.engine.protection_group_show(GROUP).await?;
        assert_eq!(group.status, GroupStatus::FailingOver, "{step} {when}");
        // not even a resume without the site leads back
        let again = run(&stage.engine, &operation).await?;
        assert_eq!(again.status, OperationStatus::Failed, "{step} {when}");

        stage.set_site("site-b", true)?;
        let ended = run(&stage.engine, &operation).await?;
        assert_eq!(ended.status, OperationStatus::Completed, "{step} {when}: {ended:#?}");
        assert_eq!(stage.contents(&stage.engine).await?, written, "{step} {when}");
        assert_eq!(stage.record(&stage.engine).await?, stage.record(&stage.other()?).await?);
    }
    Ok(())
}

/// Services restart. Whatever was asked of them is asked again for a while, before the pivot and after it, and who watches
/// hears what is waited for.
#[tokio::test]
async fn a_site_that_is_away_for_a_moment_stops_nothing() -> Result<()> {
    for (site, step, when) in [
        ("site-a", "announce", "done"),
        ("site-b", "await_final_snapshot", "done"),
        ("site-b", "clone_volumes", "done"),
        ("site-b", "ensure_server/web-server-1", "started"),
        ("site-b", "verify_server/app-server-1", "done"),
        ("site-b", "switch_primary", "done"),
    ] {
        let (stage, operation) = accepted().await?;
        stage.write("site-a", 3).await?;
        let written = stage.contents(&stage.engine).await?;
        let (world, waited) = (stage.deployment.world().clone(), Arc::new(Mutex::new(None)));
        let seen = waited.clone();
        let listener = Progress::new(move |event: &Event| {
            let goes = event.step.as_deref() == Some(step) && event.state == when;
            if goes || event.state == "waiting" {
                world.set_site_available(&site.into(), !goes).expect("the site is there");
            }
            if event.state == "waiting" {
                *seen.lock().expect("no panic before") = Some(event.title.clone());
            }
        });
        let ended = stage.engine.run(&operation, &Cancel::default(), &listener).await?;
        assert_eq!(ended.status, OperationStatus::Completed, "{step} {when}: {ended:#?}");
        let waited = waited.lock().expect("no panic before").clone().expect("somebody waited");
        assert!(waited.contains("does not answer"), "{step} {when}: {waited}");
        assert_eq!(stage.contents(&stage.engine).await?, written, "{step} {when}");
        assert_eq!(stage.record(&stage.engine).await?, stage.record(&stage.other()?).await?);
    }
    Ok(())
}

/// Nobody has to sit a silence out.
#[tokio::test]
async fn a_wait_for_a_silent_site_ends_on_request() -> Result<()> {
    let (stage, operation) = accepted().await?;
    let (world, cancel) = (stage.deployment.world().clone(), Cancel::default());
    let asked = cancel.clone();
    let listener = Progress::new(move |event: &Event| match (event.step.as_deref(), event.state.as_str()) {
        (Some("clone_volumes"), "done") => world.set_site_available(&"site-b".into(), false).expect("it is there"),
        (_, "waiting") => asked.request(),
        _ => (),
    });
    let stopped = stage.engine.run(&operation, &cancel, &listener).await.expect_err("it was stopped");
    assert_eq!(stopped.kind(), ErrorKind::Cancelled, "{stopped}");
    stage.set_site("site-b", true)?;
    assert_eq!(run(&stage.engine, &operation).await?.status, OperationStatus::Completed);
    Ok(())
}

/// A silence is not sat out for an operation that has failed at something else.
#[tokio::test]
async fn who_waits_gives_up_when_the_operation_fails_at_something_else() -> Result<()> {
    let stage = Stage::replicated().await?;
    let away = stage.other()?;
    let operation = away.accept(&away.plan(GROUP, &failover()).await?).await?.id.to_string();
    // while the cloud of site-b is silent, the array of site-a refuses something
    let refused = FaultScript::default().always("disable_replication", Fault::Before(ErrorKind::Precondition));
    let (faulty, _) = with_faults(&away, &[("site-a".into(), refused)]);
    let endpoints = faulty.endpoints().clone();
    let engine = Engine::new("site-b".into(), endpoints, StorageDefaults::default(), Limits::default());
    let (world, heard) = (stage.deployment.world().clone(), Arc::new(Mutex::new(BTreeMap::new())));
    let seen = heard.clone();
    let listener = Progress::new(move |event: &Event| {
        let here = format!("{} {}", event.step.as_deref().unwrap_or_default(), event.state);
        if here == "verify_server/web-server-1 done" {
            world.set_site_available(&"site-b".into(), false).expect("it is there");
        }
        seen.lock().expect("no panic before").insert(here, event.at);
    });
    let stopped = engine.run(&operation, &Cancel::default(), &listener).await?;
    assert_eq!(stopped.status, OperationStatus::Failed, "{stopped:#?}");
    let heard = heard.lock().expect("no panic before").clone();
    let at = |event: &str| heard.get(event).copied().unwrap_or_else(|| panic!("no '{event}' in {heard:#?}"));
    // a pause and the tries that are under way, and not the rest of a minute
    let gave_up = at("group_volumes failed").duration_since(at("reprotect/disable_old_direction failed"));
    assert!(gave_up < SignedDuration::from_secs(10), "{gave_up} after the failure");
    Ok(())
}

/// An executor dies between the final recovery point and the pivot, and somebody starts the workload again: what that writes
/// is not lost, because the move turns back.
#[tokio::test]
async fn a_workload_that_was_started_again_meanwhile_keeps_what_it_writes() -> Result<()> {
    let (stage, operation) = accepted().await?;
    let cancel = Cancel::default();
    let asked = cancel.clone();
    let listener = Progress::new(move |event: &Event| {
        if event.step.as_deref() == Some("await_final_snapshot") && event.state == "done" {
            asked.request();
        }
    });
    let stopped = stage.engine.run(&operation, &cancel, &listener).await.expect_err("it was stopped");
    assert_eq!(stopped.kind(), ErrorKind::Cancelled, "{stopped}");
    let id = server_id(&stage.deployment, "site-a", "web-server-1").await?;
    let cloud = stage.deployment.world().cloud(&"site-a".into())?;
    let epoch = stage.record(&stage.engine).await?.group.epoch;
    let cx = Cx { op_key: "tenant".into(), epoch, deadline: jiff::Timestamp::MAX, cancel: Cancel::default() };
    cloud.start_server(&cx, &id.as_str().into()).await?;
    stage.pass(300).await;
    stage.write("site-a", 7).await?;
    let written = stage.contents(&stage.engine).await?;

    let ended = run(&stage.engine, &operation).await?;
    assert_eq!(ended.status, OperationStatus::RolledBack, "{ended:#?}");
    let said = ended.error.unwrap_or_default();
    assert!(said.contains("'web-server-1'") && said.contains("is not in the recovery point"), "{said}");
    assert_eq!(stage.contents(&stage.engine).await?, written);
    check_runs(&stage).await?;
    // the next one takes it along
    let written = stage.contents(&stage.engine).await?;
    stage.completes(&failover()).await?;
    assert_eq!(stage.contents(&stage.engine).await?, written);
    Ok(())
}

/// The source is silent while it should hear of the move, and answers again later: that is no dead end.
#[tokio::test]
async fn a_source_that_comes_and_goes_during_an_unplanned_failover() -> Result<()> {
    for (gone, back) in [
        (("announce", "started"), ("switch_primary", "started")),
        (("announce", "done"), ("close", "started")),
        (("clone_volumes", "done"), ("switch_primary", "done")),
    ] {
        let stage = Stage::replicated().await?;
        let (away, world) = (stage.other()?, stage.deployment.world().clone());
        let operation = away.accept(&away.plan(GROUP, &unplanned(true)).await?).await?.id.to_string();
        let listener = Progress::new(move |event: &Event| {
            let here = (event.step.as_deref().unwrap_or_default(), event.state.as_str());
            if here == gone || here == back {
                world.set_site_available(&"site-a".into(), here == back).expect("the site is there");
            }
        });
        let ended = away.run(&operation, &Cancel::default(), &listener).await?;
        assert_eq!(ended.status, OperationStatus::Completed, "{gone:?} {back:?}: {ended:#?}");
        // what the other site did not hear is known, and can be mended
        stage.set_site("site-a", true)?;
        let in_sync = stage.record(&stage.engine).await? == stage.record(&away).await?;
        assert_eq!(away.protection_group_show(GROUP).await?.diverged, !in_sync, "{gone:?} {back:?}");
        away.sync_metadata(GROUP).await?;
        assert_eq!(stage.record(&stage.engine).await?, stage.record(&away).await?);
    }
    Ok(())
}

#[tokio::test]
async fn cancelled_at_any_event_a_resume_reaches_the_same_end() -> Result<()> {
    let (stage, operation) = accepted().await?;
    run(&stage.engine, &operation).await?;
    let expected = end_state(&stage.deployment, &stage.engine, &operation).await?;
    let mut cancelled = 0;
    for event in 1.. {
        let (stage, operation) = accepted().await?;
        let cancel = Cancel::default();
        let (asked, seen) = (cancel.clone(), AtomicUsize::new(0));
        let listener = Progress::new(move |_| {
            if seen.fetch_add(1, Ordering::SeqCst) + 1 == event {
                asked.request();
            }
        });
        match stage.engine.run(&operation, &cancel, &listener).await {
            Err(stopped) => {
                assert_eq!(stopped.kind(), ErrorKind::Cancelled, "event {event}: {stopped}");
                assert!(stopped.to_string().contains(&format!("operation resume {operation}")), "{stopped}");
                let shown = stage.engine.operation_show(&operation).await?;
                assert_eq!(shown.status, OperationStatus::Interrupted, "event {event}");
                cancelled += 1;
            }
            // asked for too late, or never
            Ok(done) => assert_eq!(done.status, OperationStatus::Completed),
        }
        let ended = run(&stage.engine, &operation).await?;
        assert_eq!(ended.status, OperationStatus::Completed, "event {event}");
        let found = end_state(&stage.deployment, &stage.engine, &operation).await?;
        assert_eq!(differences(&expected, &found), Vec::<String>::new(), "event {event}");
        if !cancel.is_requested() {
            break;
        }
    }
    assert!(cancelled > 40, "{cancelled}");
    Ok(())
}

/// Stands still at the first event of `step` until it is released; says that it stands.
fn pause_at(step: &'static str) -> (Progress, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let ((stands, is_standing), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
    let once = Mutex::new(Some(released));
    let listener = Progress::new(move |event: &Event| {
        let here = event.step.as_deref() == Some(step);
        if let Some(released) = here.then(|| once.lock().expect("no panic before").take()).flatten() {
            stands.send(()).expect("the test waits");
            // ends also when the test has failed and let go of the other end
            let _ = released.recv();
        }
    });
    (listener, is_standing, release)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_executor_waits_for_a_living_one_and_replaces_a_silent_one() -> Result<()> {
    let (reference, operation) = accepted().await?;
    run(&reference.engine, &operation).await?;
    let expected = end_state(&reference.deployment, &reference.engine, &operation).await?;

    for silent in [false, true] {
        let (stage, operation) = accepted().await?;
        let (listener, is_standing, release) = pause_at("import_volume/web-server-1/vda");
        let (first, id) = (stage.engine.clone(), operation.clone());
        let first = tokio::spawn(async move { first.run(&id, &Cancel::default(), &listener).await });
        tokio::task::block_in_place(|| is_standing.recv()).map_err(|e| Error::internal(e.to_string()))?;

        let second = stage.deployment.engine(Some("site-a"))?;
        let parts = [operation.as_str(), "is being executed by process", "resume"];
        stage.refuses(run(&second, &operation), ErrorKind::Conflict, &parts).await?;
        if silent {
            // nothing heard for longer than a lease lasts
            stage.pass(61).await;
            let taken = second.operation_takeover(&operation, &Cancel::default(), &Progress::none()).await?;
            let from = stage.engine.holder();
            assert_eq!(taken.status, OperationStatus::Completed);
            assert_eq!(taken.taken_from, Some(format!("process {} on {}", from.process, from.host)));
        }
        let end_of_second = state(&stage.deployment).await?;
        drop(release);
        match (silent, first.await.map_err(|e| Error::internal(e.to_string()))?) {
            (false, done) => assert_eq!(done?.status, OperationStatus::Completed),
            // it finds that the operation is somebody else's, and touches nothing
            (true, Err(fenced)) => {
                assert_eq!(fenced.kind(), ErrorKind::Conflict, "{fenced}");
                assert_eq!(differences(&end_of_second, &state(&stage.deployment).await?), Vec::<String>::new());
            }
            (true, Ok(done)) => return Err(Error::internal(format!("two executors finished: {done:?}"))),
        }
        let found = end_state(&stage.deployment, &stage.engine, &operation).await?;
        assert_eq!(differences(&expected, &found), Vec::<String>::new(), "silent: {silent}");
    }
    Ok(())
}

#[tokio::test]
async fn a_lease_of_a_dead_process_does_not_last() -> Result<()> {
    let (stage, operation) = accepted().await?;
    let store = &stage.engine.endpoints().store;
    let now = stage.deployment.world().clock().now();
    let expires_at = now.checked_add(jiff::SignedDuration::from_secs(60)).expect("a time");
    let mut ended = std::process::Command::new("true").spawn().expect("a process");
    let dead =
        LeaseHolder { process: ended.id(), engine: "gone".into(), process_start: 1, ..stage.engine.holder().clone() };
    ended.wait().expect("its end");
    store.acquire_lease(&operation.as_str().into(), &dead, expires_at, None).await?;
    assert_eq!(run(&stage.engine, &operation).await?.status, OperationStatus::Completed);

    // nobody can tell whether a process of another host lives
    let (stage, operation) = accepted().await?;
    let elsewhere = LeaseHolder { host: "elsewhere".into(), ..dead };
    let store = &stage.engine.endpoints().store;
    store.acquire_lease(&operation.as_str().into(), &elsewhere, expires_at, None).await?;
    stage.refuses(run(&stage.engine, &operation), ErrorKind::Conflict, &["on elsewhere until"]).await?;
    stage.pass(61).await;
    assert_eq!(run(&stage.engine, &operation).await?.status, OperationStatus::Completed);
    Ok(())
}

#[tokio::test]
async fn progress_never_goes_back() -> Result<()> {
    let (stage, operation) = accepted().await?;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = {
        let heard = heard.clone();
        Progress::new(move |event: &Event| heard.lock().expect("no panic before").push(event.progress))
    };
    stage.engine.run(&operation, &Cancel::default(), &listener).await?;
    let heard = heard.lock().expect("no panic before").clone();
    assert!(heard.is_sorted() && heard.first() == Some(&0) && heard.last() == Some(&100), "{heard:?}");
    assert_eq!(stage.record(&stage.engine).await?.group.current_primary_site, SiteName::from("site-b"));
    Ok(())
}
