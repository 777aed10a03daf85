//! I-07: an executor that was thought dead wakes up in the middle of a call, and finds that its operation is somebody
//! else's. It makes no further call, and what both did is what one would have done.

#![allow(clippy::expect_used, reason = "helpers of tests may panic as tests do")]

use protector_core::engine::{Engine, OperationView, Progress, Request, StopOptions};
use protector_core::exec::Limits;
use protector_core::model::OperationStatus;
use protector_core::ports::Cancel;
use protector_core::{Error, ErrorKind, Result};
use protector_tests::compare::{differences, end_state, state, without_ids};
use protector_tests::gate::{Gate, Stall, gated};
use protector_tests::restored::{check, start_of};
use protector_tests::stage::Stage;
use protector_tests::{add_member, failover};
use serde_json::Value;
use std::sync::Arc;

/// More changes than an operation makes on arrays.
const MOST_CHANGES: usize = 20;

async fn accepted() -> Result<(Stage, String)> {
    let stage = Stage::replicated().await?;
    add_member(&stage.deployment, &stage.engine, "app-server-1", 1).await?;
    stage.completes(&Request::Sync {}).await?;
    let operation = stage.accepted(&failover()).await?;
    Ok((stage, operation))
}

async fn run(engine: &Engine, operation: &str) -> Result<OperationView> {
    engine.run(operation, &Cancel::default(), &Progress::none()).await
}

/// Brings an executor to where it stands still in its change number `stalls_at`; `None`: it makes fewer, and has ended.
type Standing = (Stage, String, Arc<Gate>, tokio::task::JoinHandle<Result<OperationView>>);

async fn standing(stalls_at: usize, stall: Stall, limits: Limits) -> Result<Option<Standing>> {
    let (stage, operation) = accepted().await?;
    let gate = Gate::new(stalls_at, stall);
    let (first, id) = (gated(&stage.engine, &gate, limits), operation.clone());
    let mut first = tokio::spawn(async move { run(&first, &id).await });
    tokio::select! {
        () = gate.stands() => {}
        ended = &mut first => {
            assert_eq!(ended.expect("no panic")?.status, OperationStatus::Completed);
            return Ok(None);
        }
    }
    Ok(Some((stage, operation, gate, first)))
}

/// The world without ids and what is made of them.
fn world(stage: &Stage) -> Result<Value> {
    let mut world = without_ids(&stage.deployment.world().dump()?);
    if let Some(ports) = world.get_mut("ports").and_then(Value::as_array_mut) {
        ports.iter_mut().filter_map(Value::as_object_mut).for_each(|port| drop(port.remove("mac_address")));
        ports.sort_by_key(ToString::to_string);
    }
    Ok(world)
}

/// Lets it go on; it must stop with a conflict, and without another change.
async fn wakes_up(gate: &Gate, first: tokio::task::JoinHandle<Result<OperationView>>) -> Result<()> {
    let changes = gate.changes();
    gate.release();
    match first.await.expect("no panic") {
        Err(fenced) => assert_eq!(fenced.kind(), ErrorKind::Conflict, "{fenced}"),
        Ok(done) => return Err(Error::internal(format!("two executors finished: {done:?}"))),
    }
    assert_eq!(gate.changes(), changes, "it acted after it had lost the lease");
    Ok(())
}

/// I-07: what both did is what one of them would have done.
#[tokio::test]
async fn an_executor_that_wakes_up_after_a_takeover_makes_no_further_change() -> Result<()> {
    let (reference, operation) = accepted().await?;
    run(&reference.engine, &operation).await?;
    let expected = end_state(&reference.deployment, &reference.engine, &operation).await?;
    let expected_world = world(&reference)?;
    let mut stalls = 0;
    // with several steps in flight ids are given in another order
    for limits in [Limits::SEQUENTIAL, Limits::default()] {
        for (stall, stalls_at) in everywhere() {
            let what = format!("{stall:?} {stalls_at} {limits:?}");
            let Some((stage, operation, gate, first)) = standing(stalls_at, stall, limits).await? else { continue };
            // nothing heard for longer than a lease lasts
            stage.pass(61).await;
            let second = stage.deployment.engine(Some("site-a"))?;
            let done = second.operation_takeover(&operation, &Cancel::default(), &Progress::none()).await?;
            assert_eq!(done.status, OperationStatus::Completed, "{what}: {done:#?}");
            let after_second = state(&stage.deployment).await?;
            wakes_up(&gate, first).await?;
            let found = end_state(&stage.deployment, &second, &operation).await?;
            if limits == Limits::SEQUENTIAL {
                assert_eq!(differences(&expected, &found), Vec::<String>::new(), "{what}");
            }
            let found = world(&stage)?;
            assert_eq!(differences(&expected_world, &found), Vec::<String>::new(), "{what}");
            // the one call that was on its way is the same that the second has made: it changes nothing
            let changed = differences(&after_second, &state(&stage.deployment).await?);
            assert_eq!(changed, Vec::<String>::new(), "{what}");
            stalls += 1;
        }
    }
    assert!(stalls > 28, "{stalls}");
    Ok(())
}

fn everywhere() -> impl Iterator<Item = (Stall, usize)> {
    [Stall::BeforeEffect, Stall::AfterEffect].into_iter().flat_map(|stall| (1..MOST_CHANGES).map(move |at| (stall, at)))
}

/// I-07: the same while the second one restores the start.
#[tokio::test]
async fn an_executor_that_wakes_up_after_an_abort_makes_no_further_change() -> Result<()> {
    let (mut restored, mut too_late) = (0, 0);
    for stalls_at in 1..MOST_CHANGES {
        let Some((stage, operation, gate, first)) = standing(stalls_at, Stall::AfterEffect, Limits::default()).await?
        else {
            break;
        };
        stage.pass(61).await;
        let second = stage.deployment.engine(Some("site-a"))?;
        let aborted =
            second.operation_abort(&operation, &StopOptions::default(), &Cancel::default(), &Progress::none()).await;
        match aborted {
            Ok(ended) => {
                assert_eq!(ended.status, OperationStatus::Cancelled, "{stalls_at}: {ended:#?}");
                let start = start_of(&stage.deployment, &second).await?;
                wakes_up(&gate, first).await?;
                check(&start, &stage.deployment, &second).await?;
                restored += 1;
            }
            Err(late) => {
                assert_eq!(late.kind(), ErrorKind::Precondition, "{stalls_at}: {late}");
                gate.release();
                // nobody took anything: it goes on
                assert_eq!(first.await.expect("no panic")?.status, OperationStatus::Completed, "{stalls_at}");
                too_late += 1;
            }
        }
    }
    assert!(restored >= 3 && too_late > 3, "{restored} {too_late}");
    Ok(())
}
