//! Cancel, abort, takeover: what each of them does to an operation, however it stands.

#![allow(clippy::expect_used, reason = "helpers of tests may panic as tests do")]

mod left_request;
mod lost;

use protector_core::engine::{Engine, Event, OperationView, Progress, Request, StopOptions};
use protector_core::exec::Record;
use protector_core::model::{GroupStatus, OperationStatus};
use protector_core::plan::ConsentKind;
use protector_core::ports::{Cancel, LeaseHolder};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::compare::{differences, end_state, rows, state};
use protector_tests::restored::{self, start_of};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, add_member, failover, operate, to_secondary, unplanned};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use OperationStatus::{Cancelled, Completed, Failed, Interrupted, Pending, RolledBack};

/// Two members in two tiers, with a recovery point and an accepted operation.
async fn accepted(request: &Request) -> Result<(Stage, String)> {
    let stage = Stage::replicated().await?;
    add_member(&stage.deployment, &stage.engine, "app-server-1", 1).await?;
    stage.completes(&Request::Sync {}).await?;
    let operation = stage.accepted(request).await?;
    Ok((stage, operation))
}

fn test_failover() -> Request {
    Request::TestFailover { mappings: to_secondary(), retain_primary: true }
}

fn because(reason: &str) -> StopOptions {
    StopOptions { reason: Some(reason.to_owned()), by: Some("ops@control-1".to_owned()), ..StopOptions::default() }
}

async fn run(engine: &Engine, operation: &str) -> Result<OperationView> {
    engine.run(operation, &Cancel::default(), &Progress::none()).await
}

async fn abort(engine: &Engine, operation: &str, options: &StopOptions) -> Result<OperationView> {
    engine.operation_abort(operation, options, &Cancel::default(), &Progress::none()).await
}

async fn takeover(engine: &Engine, operation: &str) -> Result<OperationView> {
    engine.operation_takeover(operation, &Cancel::default(), &Progress::none()).await
}

/// Runs until `step` is in `state`, and stops there as by Ctrl-C.
async fn run_until(engine: &Engine, operation: &str, step: &'static str, when: &'static str) -> Result<()> {
    let cancel = Cancel::default();
    let asked = cancel.clone();
    let listener = Progress::new(move |event: &Event| {
        if event.step.as_deref() == Some(step) && event.state == when {
            asked.request();
        }
    });
    let stopped = engine.run(operation, &cancel, &listener).await;
    assert_eq!(stopped.map_err(|e| e.kind()).err(), Some(ErrorKind::Cancelled), "{step} {when}");
    Ok(())
}

/// Calls an engine from within a progress listener, which is not async.
fn within<T>(call: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(call))
}

/// What somebody else's engine was told when it called at event number `event`; `None`: there was no such event.
type Told = Arc<Mutex<Option<Result<OperationView>>>>;

/// A listener that lets another engine of the site call at that event.
fn at_event<F>(event: usize, call: impl Fn() -> F + Send + Sync + 'static) -> (Progress, Told)
where
    F: Future<Output = Result<OperationView>>,
{
    let (told, seen) = (Told::default(), AtomicUsize::new(0));
    let hears = told.clone();
    let listener = Progress::new(move |_| {
        if seen.fetch_add(1, Ordering::SeqCst) + 1 == event {
            *hears.lock().expect("no panic before") = Some(within(call()));
        }
    });
    (listener, told)
}

async fn records(engine: &Engine, operation: &str) -> Result<Vec<Record>> {
    let journal = engine.endpoints().store.journal(&operation.into(), 0).await?;
    journal.into_iter().map(|entry| Ok(serde_json::from_str(&entry.record)?)).collect()
}

/// I-34 while an executor is at work: whenever it is asked, it restores the start, or the way is forward and it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_at_work_obeys_an_abort_at_any_event() -> Result<()> {
    let (mut restored, mut refused) = (0, 0);
    for event in 1.. {
        let (stage, operation) = accepted(&failover()).await?;
        let start = start_of(&stage.deployment, &stage.engine).await?;
        let (rival, id) = (stage.deployment.engine(Some("site-a"))?, operation.clone());
        let (listener, told) = at_event(event, move || {
            let (rival, id) = (rival.clone(), id.clone());
            async move { abort(&rival, &id, &because("wrong night")).await }
        });
        let ended = stage.engine.run(&operation, &Cancel::default(), &listener).await?;
        let Some(told) = told.lock().expect("no panic before").take() else { break };
        match (told, ended.status) {
            (Ok(asked), Cancelled) => {
                assert_eq!(asked.status, OperationStatus::Running, "event {event}");
                let stop = asked.stop.unwrap_or_default();
                assert!(stop.starts_with("stopping: abort requested by ops@control-1 at "), "event {event}: {stop}");
                assert!(ended.error.as_deref().is_some_and(|e| e.ends_with(": wrong night")), "{:?}", ended.error);
                restored::check(&start, &stage.deployment, &stage.engine).await?;
                let told =
                    |r: &Record| matches!(r, Record::AbortRequested { request, .. } if request.by == "ops@control-1");
                assert_eq!(records(&stage.engine, &operation).await?.iter().filter(|r| told(r)).count(), 1);
                restored += 1;
            }
            (Err(late), Completed) => {
                assert_eq!(late.kind(), ErrorKind::Precondition, "event {event}: {late}");
                // once it has ended there is nothing to resume
                assert!(late.to_string().contains("openstack protector "), "{late}");
                refused += 1;
            }
            (told, status) => return Err(Error::internal(format!("event {event}: {told:?}, then {status}"))),
        }
        let left = stage.engine.endpoints().store.stop_request(&operation.as_str().into()).await?;
        assert_eq!(left, None, "event {event}");
    }
    assert!(restored > 10 && refused > 20, "{restored} {refused}");
    Ok(())
}

/// I-35
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_at_work_obeys_a_cancel_at_any_event() -> Result<()> {
    let (reference, operation) = accepted(&failover()).await?;
    run(&reference.engine, &operation).await?;
    let expected = end_state(&reference.deployment, &reference.engine, &operation).await?;
    let mut stopped = 0;
    for event in 1.. {
        let (stage, operation) = accepted(&failover()).await?;
        let (rival, id) = (stage.deployment.engine(Some("site-a"))?, operation.clone());
        let (listener, told) = at_event(event, move || {
            let (rival, id) = (rival.clone(), id.clone());
            async move { rival.operation_cancel(&id, &because("lunch")).await }
        });
        match stage.engine.run(&operation, &Cancel::default(), &listener).await {
            Err(e) => {
                assert_eq!(e.kind(), ErrorKind::Cancelled, "event {event}: {e}");
                assert!(e.message().contains("ops@control-1") && e.message().ends_with(": lunch"), "{e}");
                let shown = stage.engine.operation_show(&operation).await?;
                assert_eq!(shown.status, Interrupted, "event {event}");
                let stop = shown.stop.unwrap_or_default();
                assert!(stop.starts_with("stopped: cancel requested by ops@control-1"), "{stop}");
                stopped += 1;
            }
            Ok(done) => assert_eq!(done.status, Completed),
        }
        let Some(told) = told.lock().expect("no panic before").take() else { break };
        if let Err(e) = told {
            assert_eq!(e.kind(), ErrorKind::Precondition, "only after the end: {e}");
        }
        // the request is used up: the next run is not stopped by it
        let ended = run(&stage.engine, &operation).await?;
        assert_eq!((ended.status, ended.stop), (Completed, None), "event {event}");
        let found = end_state(&stage.deployment, &stage.engine, &operation).await?;
        assert_eq!(differences(&expected, &found), Vec::<String>::new(), "event {event}");
    }
    assert!(stopped > 40, "{stopped}");
    Ok(())
}

/// A test ends wherever it is, and whatever it made until then can be cleaned up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_test_is_known_to_its_cleanup() -> Result<()> {
    let mut cleaned = 0;
    for event in 1.. {
        let (stage, operation) = accepted(&test_failover()).await?;
        let before = visible(&stage)?;
        let (rival, id) = (stage.deployment.engine(Some("site-a"))?, operation.clone());
        let (listener, told) = at_event(event, move || {
            let (rival, id) = (rival.clone(), id.clone());
            async move { abort(&rival, &id, &StopOptions::default()).await }
        });
        let ended = stage.engine.run(&operation, &Cancel::default(), &listener).await?;
        let Some(told) = told.lock().expect("no panic before").take() else { break };
        let last_step = told.as_ref().is_ok_and(|asked| asked.steps_completed + 1 == asked.steps_total);
        let expected = if told.is_ok() && !last_step { Cancelled } else { Completed };
        assert_eq!(ended.status, expected, "event {event}: {told:?}");
        if made_any(&before, &visible(&stage)?) {
            let cleanup = operate(&stage.engine, &Request::TestCleanup { test: None }).await?;
            assert_eq!(cleanup.status, Completed, "event {event}");
            cleaned += 1;
        }
        assert_eq!(differences(&before, &visible(&stage)?), Vec::<String>::new(), "event {event}");
        stage.completes(&failover()).await?;
    }
    assert!(cleaned > 5, "{cleaned}");
    Ok(())
}

/// The same when the process died, and somebody else gives the test up.
#[tokio::test]
async fn a_test_that_nobody_runs_is_given_up_with_what_its_steps_may_have_made() -> Result<()> {
    for step in
        ["clone_volumes", "import_volume/web-server-1/vda", "ensure_port/web-server-1/0", "ensure_server/web-server-1"]
    {
        let (stage, operation) = accepted(&test_failover()).await?;
        let before = visible(&stage)?;
        run_until(&stage.engine, &operation, step, "started").await?;
        let given_up = abort(&stage.engine, &operation, &StopOptions::default()).await?;
        assert_eq!(given_up.status, Cancelled, "{step}");
        if made_any(&before, &visible(&stage)?) {
            let cleanup = operate(&stage.engine, &Request::TestCleanup { test: None }).await?;
            assert_eq!(cleanup.status, Completed, "{step}");
        }
        assert_eq!(differences(&before, &visible(&stage)?), Vec::<String>::new(), "{step}");
    }
    Ok(())
}

/// What people see of servers, ports and volumes: no recoverable ones.
fn visible(stage: &Stage) -> Result<serde_json::Value> {
    let of = |table: &str| -> Result<serde_json::Value> {
        let mut rows = rows(&stage.deployment, table)?;
        rows.retain(|row| row.get("destroyed_ms").is_none_or(serde_json::Value::is_null));
        rows.iter_mut().for_each(protector_tests::compare::remove_times);
        Ok(rows.into())
    };
    Ok(serde_json::json!({
        "servers": of("servers")?, "ports": of("ports")?, "cinder": of("cinder_volumes")?, "volumes": of("volumes")?
    }))
}

fn made_any(before: &serde_json::Value, now: &serde_json::Value) -> bool {
    !differences(before, now).is_empty()
}

#[tokio::test]
async fn an_aborted_sync_frees_the_group() -> Result<()> {
    let (stage, operation) = accepted(&Request::Sync {}).await?;
    run_until(&stage.engine, &operation, "take_snapshot", "done").await?;
    assert_eq!(abort(&stage.engine, &operation, &because("enough")).await?.status, Cancelled);
    stage.completes(&Request::Sync {}).await
}

/// An operation that stands in some way, on a fresh stage.
async fn standing(status: OperationStatus, pivot_is_done: bool) -> Result<(Stage, String)> {
    let (stage, operation) = accepted(&failover()).await?;
    let engine = &stage.engine;
    match (status, pivot_is_done) {
        (Pending, _) => {}
        (Interrupted, false) => run_until(engine, &operation, "fence_source", "done").await?,
        (Interrupted, true) => run_until(engine, &operation, "clone_volumes", "done").await?,
        (Failed, false) => {
            // lost while the clones are made: they cannot be removed
            let world = stage.deployment.world().clone();
            let lose = Progress::new(move |event: &Event| {
                if event.step.as_deref() == Some("clone_volumes") && event.state == "started" {
                    world.set_site_available(&"site-b".into(), false).expect("the site is there");
                }
            });
            engine.run(&operation, &Cancel::default(), &lose).await?;
        }
        (Failed, true) => {
            run_until(engine, &operation, "clone_volumes", "done").await?;
            stage.set_site("site-b", false)?;
            run(engine, &operation).await?;
        }
        (RolledBack, _) => {
            stage.deployment.world().set_link_connected(false)?;
            run(engine, &operation).await?;
        }
        (Cancelled, _) => drop(abort(engine, &operation, &because("wrong night")).await?),
        _ => drop(run(engine, &operation).await?),
    }
    let shown = engine.operation_show(&operation).await?;
    assert_eq!(shown.status, status, "{shown:#?}");
    Ok((stage, operation))
}

/// What each verb comes to: the status it ends with, or the refusal and what it names.
#[tokio::test]
async fn what_each_verb_does_in_each_status() -> Result<()> {
    type Answer = std::result::Result<OperationStatus, &'static [&'static str]>;
    let done: Answer = Err(&["it is completed since", "openstack protector failback drill-web-app"]);
    let still: Answer = Err(&["stands still already", "operation resume", "operation abort"]);
    let forward: Answer = Err(&["its pivot is done", "openstack protector operation resume"]);
    // status, pivot is done; cancel, abort, takeover
    let table: [(OperationStatus, bool, Answer, Answer, Answer); 8] = [
        (Pending, false, still, Ok(Cancelled), Ok(Completed)),
        (Interrupted, false, still, Ok(Cancelled), Ok(Completed)),
        (Interrupted, true, Err(&["stands still already", "operation resume"]), forward, Ok(Completed)),
        (Failed, false, still, Ok(Failed), Ok(Failed)),
        (Failed, true, Err(&["stands still already", "operation resume"]), forward, Ok(Failed)),
        (Completed, true, done, done, done),
        (RolledBack, false, Err(&["it is rolled_back since"]), Ok(RolledBack), Err(&["it is rolled_back since"])),
        (Cancelled, false, Err(&["it is cancelled since"]), Ok(Cancelled), Err(&["it is cancelled since"])),
    ];
    for (status, pivot_is_done, of_cancel, of_abort, of_takeover) in table {
        for (verb, answer) in [("cancel", of_cancel), ("abort", of_abort), ("takeover", of_takeover)] {
            let (stage, operation) = standing(status, pivot_is_done).await?;
            let before = (state(&stage.deployment).await?, records(&stage.engine, &operation).await?.len());
            let offered = stage.engine.operation_show(&operation).await?.next;
            let found = match verb {
                "cancel" => stage.engine.operation_cancel(&operation, &because("no")).await,
                "abort" => abort(&stage.engine, &operation, &because("no")).await,
                _ => takeover(&stage.engine, &operation).await,
            };
            let what = format!("{verb} of one that is {status}, pivot done: {pivot_is_done}");
            match (found, answer) {
                (Ok(view), Ok(expected)) => assert_eq!(view.status, expected, "{what}: {view:#?}"),
                (Err(e), Err(parts)) => {
                    assert_eq!(e.kind(), ErrorKind::Precondition, "{what}: {e}");
                    assert!(parts.iter().all(|part| e.to_string().contains(part)), "{what}: {e}");
                    let after = (state(&stage.deployment).await?, records(&stage.engine, &operation).await?.len());
                    assert!(before == after, "{what} changed something");
                    // a verb that is offered is not refused
                    let command = format!("openstack protector operation {verb} {operation}");
                    assert!(!offered.contains(&command), "{what}: {offered:?}");
                }
                (found, _) => return Err(Error::internal(format!("{what}: {found:?}"))),
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_cancel_with_a_consent_is_refused() -> Result<()> {
    let (stage, operation) = accepted(&failover()).await?;
    let options = StopOptions { leave_peer: true, ..StopOptions::default() };
    let cancel = stage.engine.operation_cancel(&operation, &options);
    stage.refuses(cancel, ErrorKind::InvalidRequest, &["leave_peer", "abort"]).await?;
    let options = StopOptions::default();
    let nobody = stage.engine.operation_cancel("op-none", &options);
    stage.refuses(nobody, ErrorKind::NotFound, &["op-none", "operation list"]).await
}

/// A living holder, and one that nobody can look at, are named; an expired one is replaced, and the journal says whom.
#[tokio::test]
async fn a_takeover_names_whom_it_takes_from() -> Result<()> {
    let (stage, operation) = accepted(&failover()).await?;
    let store = &stage.engine.endpoints().store;
    let expires_at = stage.deployment.world().clock().now() + jiff::SignedDuration::from_secs(60);
    let holder = LeaseHolder { host: "control-2".into(), process: 4711, ..stage.engine.holder().clone() };
    store.acquire_lease(&operation.as_str().into(), &holder, expires_at, None).await?;
    let parts = ["process 4711 on control-2 until 2026-", "operation cancel", "operation takeover"];
    stage.refuses(takeover(&stage.engine, &operation), ErrorKind::Conflict, &parts).await?;
    stage.pass(61).await;
    let done = takeover(&stage.engine, &operation).await?;
    assert_eq!((done.status, done.taken_from.as_deref()), (Completed, Some("process 4711 on control-2")));
    let attempts: Vec<_> = records(&stage.engine, &operation)
        .await?
        .into_iter()
        .filter_map(|r| if let Record::Attempt { taken_from, .. } = r { Some(taken_from) } else { None })
        .collect();
    assert_eq!(attempts, [Some(holder)]);
    Ok(())
}

/// The request of somebody whose executor died meant that executor: who resumes is not stopped by it. An abort still counts.
#[tokio::test]
async fn what_was_asked_of_a_dead_executor() -> Result<()> {
    for (verb, ends) in [("cancel", Completed), ("abort", Cancelled)] {
        let (stage, operation) = accepted(&failover()).await?;
        run_until(&stage.engine, &operation, "fence_source", "done").await?;
        let store = &stage.engine.endpoints().store;
        let expires_at = stage.deployment.world().clock().now() + jiff::SignedDuration::from_secs(60);
        let holder = LeaseHolder { host: "control-2".into(), process: 1, ..stage.engine.holder().clone() };
        store.acquire_lease(&operation.as_str().into(), &holder, expires_at, None).await?;
        let asked = match verb {
            "cancel" => stage.engine.operation_cancel(&operation, &because("no")).await?,
            _ => abort(&stage.engine, &operation, &because("no")).await?,
        };
        assert!(asked.status == OperationStatus::Running && asked.stop.is_some(), "{asked:#?}");
        stage.pass(61).await;
        let shown = stage.engine.operation_show(&operation).await?;
        assert_eq!((shown.status, shown.stop), (Interrupted, asked.stop), "{verb}");
        assert_eq!(run(&stage.engine, &operation).await?.status, ends, "{verb}");
    }
    Ok(())
}
