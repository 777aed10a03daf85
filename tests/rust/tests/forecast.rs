//! What a plan predicts, and what it then takes: on the simulated world, in its own time.

use protector_core::Result;
use protector_core::engine::{OperationView, Progress, Request};
use protector_core::exec::Record;
use protector_core::model::{Mappings, OperationStatus};
use protector_core::plan::Plan;
use protector_core::ports::{Cancel, StepDurations};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, add_member, failover, operate};
use std::collections::BTreeMap;

fn failback() -> Request {
    Request::Failback { mappings: Mappings::default() }
}

async fn durations(stage: &Stage) -> Result<BTreeMap<String, Vec<u64>>> {
    let name = |kind: &StepDurations| match &kind.site {
        Some(site) => format!("{} on {site}", kind.action),
        None => kind.action.clone(),
    };
    let all = stage.engine.endpoints().store.durations().await?;
    Ok(all.into_iter().map(|kind| (name(&kind), kind.milliseconds)).collect())
}

/// Plans, runs, and returns both.
async fn predicted_and_actual(stage: &Stage, request: &Request) -> Result<(Plan, OperationView)> {
    let plan = stage.engine.plan(GROUP, request).await?;
    let done = operate(&stage.engine, request).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    Ok((plan, done))
}

fn p50(plan: &Plan) -> u64 {
    plan.forecast.as_ref().map_or(0, |f| f.p50_seconds)
}

#[tokio::test]
async fn the_second_failover_is_predicted_by_the_first() -> Result<()> {
    let stage = Stage::protected().await?;
    add_member(&stage.deployment, &stage.engine, "app-server-1", 1).await?;
    stage.completes(&Request::Sync {}).await?;
    let (guessed, first) = predicted_and_actual(&stage, &failover()).await?;
    let forecast = guessed.forecast.clone().unwrap_or_else(|| panic!("no forecast in {guessed}"));
    assert!(forecast.unmeasured_steps > forecast.measured_steps, "{forecast:?}");
    assert!(guessed.to_text().contains("not measured yet"), "{guessed}");
    assert_eq!(first.predicted_p50_seconds, Some(forecast.p50_seconds));
    operate(&stage.engine, &failback()).await?;

    let (measured, second) = predicted_and_actual(&stage, &failover()).await?;
    let forecast = measured.forecast.clone().unwrap_or_else(|| panic!("no forecast in {measured}"));
    // the servers that the first one left on site-b are removed for the first time
    let assumed: Vec<&str> = forecast.basis.iter().filter(|t| t.samples == 0).map(|t| t.action.as_str()).collect();
    assert_eq!((assumed, forecast.unmeasured_steps), (vec!["retire_server"], 2), "{measured}");
    let actual = second.elapsed_seconds.unwrap_or_default();
    let (low, high) = (p50(&measured) * 9 / 10, forecast.p95_seconds);
    assert!((low..=high).contains(&actual), "{actual} s, expected {low} to {high}:\n{measured}");
    // which the assumptions did not do
    let first_actual = first.elapsed_seconds.unwrap_or_default();
    assert!(p50(&guessed).abs_diff(first_actual) > p50(&measured).abs_diff(actual), "{guessed}\ntook {first_actual} s");
    assert_eq!((second.predicted_p50_seconds, second.predicted_p95_seconds), (Some(p50(&measured)), Some(high)));
    assert_eq!((second.remaining_seconds, first.remaining_seconds), (None, None));

    operate(&stage.engine, &failback()).await?;
    let third = stage.engine.plan(GROUP, &failover()).await?;
    assert!(third.forecast.as_ref().is_some_and(|f| f.unmeasured_steps == 0), "{third}");
    assert!(!third.to_text().contains("not measured yet"), "{third}");
    Ok(())
}

#[tokio::test]
async fn only_what_completes_is_measured() -> Result<()> {
    let stage = Stage::protected().await?;
    assert_eq!(durations(&stage).await?, BTreeMap::new());
    let accepted = stage.accepted(&Request::Sync {}).await?;
    let pending = stage.engine.operation_show(&accepted).await?;
    assert_eq!((pending.elapsed_seconds, pending.remaining_seconds), (None, pending.predicted_p50_seconds));
    stage.engine.run(&accepted, &Cancel::default(), &Progress::none()).await?;
    let after_sync = durations(&stage).await?;
    let kinds: Vec<&str> = after_sync.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["await_transfer on site-b", "take_snapshot on site-a"]);

    // a move that is rolled back measures nothing
    let accepted = stage.accepted(&failover()).await?;
    stage.deployment.world().set_link_connected(false)?;
    let ended = stage.engine.run(&accepted, &Cancel::default(), &Progress::none()).await?;
    assert_eq!((ended.status, ended.remaining_seconds), (OperationStatus::RolledBack, None), "{ended:#?}");
    assert_eq!(durations(&stage).await?, after_sync);
    Ok(())
}

/// Interrupted within a step and resumed later: neither the step that was cut nor those before it count, those after do.
#[tokio::test]
async fn a_resumed_step_is_not_measured() -> Result<()> {
    let stage = Stage::replicated().await?;
    let before = durations(&stage).await?;
    let operation = stage.accepted(&failover()).await?;
    // the process dies between the intent and the outcome of the stop
    let cancel = Cancel::default();
    let stop = cancel.clone();
    let listener = Progress::new(move |event| {
        if event.step.as_deref().is_some_and(|s| s.starts_with("stop_server")) && event.state == "started" {
            stop.request();
        }
    });
    assert!(stage.engine.run(&operation, &cancel, &listener).await.is_err());
    let cut = stage.engine.operation_show(&operation).await?;
    assert_eq!(cut.status, OperationStatus::Interrupted, "{cut:#?}");
    let left = cut.remaining_seconds.unwrap_or_default();
    assert!(left > 0 && left < cut.predicted_p50_seconds.unwrap_or_default(), "{cut:#?}");
    stage.pass(3600).await;

    let done = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    assert!(done.elapsed_seconds.is_some_and(|s| s >= 3600), "{done:#?}");
    let journal = stage.engine.endpoints().store.journal(&operation.as_str().into(), 0).await?;
    let intents = journal.iter().filter(|entry| {
        let record = serde_json::from_str(&entry.record);
        matches!(record, Ok(Record::StepIntent { step }) if step.as_str().starts_with("stop_server"))
    });
    assert_eq!(intents.count(), 2, "it was not cut within the step");

    let after = durations(&stage).await?;
    let news = |kind: &str| after.get(kind).map_or(0, Vec::len) - before.get(kind).map_or(0, Vec::len);
    assert_eq!([news("stop_server on site-a"), news("announce")], [0, 0], "{after:?}");
    assert_eq!([news("fence on site-a"), news("clone_volumes on site-b"), news("close")], [1, 1, 1], "{after:?}");
    assert!(after.values().flatten().all(|ms| *ms < 3_600_000), "{after:?}");
    Ok(())
}
