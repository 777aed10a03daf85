//! I-05, I-09, I-11, I-30: what a site that is lost changes, and what it does not.

use super::{accepted, completed, failback, rehearsal, run, stage};
use protector_core::engine::Request;
use protector_core::model::{OperationKind, OperationStatus};
use protector_core::plan::ExpectedLoss;
use protector_core::wrap::FaultScript;
use protector_core::{ErrorKind, Result};
use protector_tests::compare::{differences, rows, state, text, without_ids};
use protector_tests::faults::with_faults;
use protector_tests::stage::Stage;
use protector_tests::{GROUP, failover, operate, unplanned};
use serde_json::{Value, json};

/// What stands on site-b and its array.
fn on_target(stage: &Stage) -> Result<Value> {
    let world = without_ids(&stage.deployment.world().dump()?);
    let of_site = |table: &str| -> Value {
        let rows = world.get(table).and_then(Value::as_array).into_iter().flatten();
        rows.filter(|row| text(row, "site") == "site-b").cloned().collect()
    };
    let array = world
        .get("arrays")
        .and_then(Value::as_array)
        .and_then(|a| a.iter().find(|a| text(a, "name") == "flasharray-b"));
    let array = array.map(|array| text(array, "id").to_owned()).unwrap_or_default();
    let volumes = world.get("volumes").and_then(Value::as_array).into_iter().flatten();
    let volumes: Value = volumes.filter(|row| text(row, "array_id") == array).cloned().collect();
    Ok(
        json!({"servers": of_site("servers"), "ports": of_site("ports"), "cinder": of_site("cinder_volumes"), "volumes": volumes}),
    )
}

/// I-05: the target ends the same, whether the source answered and was stopped and fenced, or is not there at all.
#[tokio::test]
async fn a_source_that_is_gone_changes_nothing_on_the_target() -> Result<()> {
    let mut ends = Vec::new();
    for answers in [true, false] {
        let stage = stage().await?;
        let away = stage.other()?;
        let operation = accepted(&away, &unplanned(true)).await?;
        // also if it goes only once the plan is accepted
        stage.set_site("site-a", answers)?;
        completed(&run(&away, &operation).await?)?;
        assert!(!on_target(&stage)?["servers"].as_array().is_none_or(Vec::is_empty));
        ends.push(on_target(&stage)?);
    }
    let stage = stage().await?;
    stage.set_site("site-a", false)?;
    let away = stage.other()?;
    completed(&operate(&away, &unplanned(true)).await?)?;
    ends.push(on_target(&stage)?);
    for end in &ends {
        assert_eq!(differences(&ends[0], end), Vec::<String>::new(), "I-05");
    }
    Ok(())
}

/// I-09: sites go and come, hours pass, people look and plan; as long as nobody accepts, no engine changes anything.
#[tokio::test]
async fn nothing_is_promoted_that_nobody_accepted() -> Result<()> {
    let stage = stage().await?;
    let (home, seen_at_home) = with_faults(&stage.engine, &[("site-a".into(), FaultScript::default())]);
    let (away, seen_away) = with_faults(&stage.other()?, &[("site-b".into(), FaultScript::default())]);
    let before = state(&stage.deployment).await?;
    for (site, up) in [("site-a", false), ("site-a", true), ("site-b", false), ("site-b", true)] {
        stage.set_site(site, up)?;
        stage.pass(2 * 3600).await;
        for engine in [&home, &away] {
            engine.protection_group_show(GROUP).await?;
            engine.health().await?;
            engine.operation_list().await?;
            engine.sync_status(GROUP).await?;
            for request in
                [failover(), unplanned(false), unplanned(true), failback(), Request::Reprotect {}, rehearsal()]
            {
                drop(engine.plan(GROUP, &request).await);
            }
        }
    }
    let changes = seen_at_home.seen().into_iter().chain(seen_away.seen()).filter(|(_, call)| call.is_change).count();
    assert_eq!(changes, 0, "I-09");
    let after = state(&stage.deployment).await?;
    for part in ["records", "operations"] {
        assert_eq!(differences(&before[part], &after[part]), Vec::<String>::new(), "I-09");
    }
    for table in ["servers", "ports", "cinder_volumes", "volumes", "connections", "attachments"] {
        assert_eq!(differences(&before["world"][table], &after["world"][table]), Vec::<String>::new(), "I-09: {table}");
    }
    Ok(())
}

/// I-11: the loss that is shown is what is lost, and the age that is shown is not younger than the data.
#[tokio::test]
async fn the_loss_is_what_was_said() -> Result<()> {
    let stage = stage().await?;
    for _ in 0..3 {
        stage.write("site-a", 2).await?;
        stage.pass(200).await;
    }
    let at_the_last_point = stage.contents(&stage.engine).await?;
    stage.completes(&Request::Sync {}).await?;
    stage.pass(90).await;
    stage.write("site-a", 5).await?;
    stage.set_site("site-a", false)?;
    stage.pass(61).await;
    let away = stage.other()?;
    let plan = away.plan(GROUP, &unplanned(true)).await?;
    let ExpectedLoss::After { created, age_seconds, .. } = &plan.expected_loss else {
        return Err(protector_core::Error::internal(format!("{:?}", plan.expected_loss)));
    };
    let now = stage.deployment.world().clock().now();
    assert!(*age_seconds >= now.duration_since(*created).as_secs() && *age_seconds >= 151, "I-11: {age_seconds}");
    let consent = plan.consents.iter().find(|c| c.scope.contains(&format!("up to {age_seconds} s")));
    assert!(consent.is_some(), "I-11: what is consented to names the age: {:?}", plan.consents);
    let operation = away.accept(&plan).await?.id.to_string();
    completed(&run(&away, &operation).await?)?;
    assert_eq!(stage.contents(&away).await?, at_the_last_point, "I-11");
    Ok(())
}

/// I-30: a planned move that cannot be made is refused or rolled back. It stays planned, carries no consent, and only a new
/// plan that somebody accepts is an unplanned one.
#[tokio::test]
async fn a_planned_move_never_becomes_a_forced_one() -> Result<()> {
    let stage = stage().await?;
    stage.set_site("site-b", false)?;
    let plan = stage.engine.plan(GROUP, &failover()).await?;
    assert_eq!((plan.kind, plan.consents.len()), (OperationKind::PlannedFailover, 0), "I-30");
    let refused = stage.engine.accept(&plan).await.expect_err("the other site is silent");
    assert_eq!(refused.kind(), ErrorKind::PlanBlocked, "{refused}");
    assert!(plan.blockers().all(|finding| finding.consent.is_none()), "I-30: nothing to consent to: {plan}");
    stage.set_site("site-b", true)?;

    let operation = accepted(&stage.engine, &failover()).await?;
    stage.deployment.world().set_link_connected(false)?;
    let ended = run(&stage.engine, &operation).await?;
    assert_eq!(ended.status, OperationStatus::RolledBack, "{ended:#?}");
    let plan = stage.engine.operation_plan(&operation).await?;
    assert_eq!(plan.kind, OperationKind::PlannedFailover, "I-30");
    assert!(rows(&stage.deployment, "volumes")?.iter().all(|volume| volume["clone_key"].is_null()), "I-30: no pivot");

    let forced = accepted(&stage.engine, &unplanned(true)).await?;
    let kinds: Vec<_> =
        stage.engine.operation_list().await?.into_iter().map(|o| (o.id.to_string(), o.failover_type)).collect();
    assert_ne!(forced, operation);
    assert!(kinds.contains(&(forced, Some(protector_core::model::FailoverType::Unplanned))), "I-30: {kinds:?}");
    Ok(())
}
