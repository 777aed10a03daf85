//! I-36: no step outlasts its deadline, and no operation the longest way through the deadlines of its steps.

use super::{accepted, rehearsal, run, stage};
use jiff::SignedDuration;
use protector_core::Result;
use protector_core::engine::{Engine, Event, Progress, Request};
use protector_core::exec::Record;
use protector_core::mock::{Mishap, WorldSettings};
use protector_core::model::{OperationStatus, StepId};
use protector_core::plan::Plan;
use protector_core::ports::Cancel;
use protector_tests::stage::Stage;
use protector_tests::{failover, unplanned};
use std::collections::BTreeMap;

/// The sum of the deadlines along the way where it is largest.
fn longest_way(plan: &Plan) -> u64 {
    let mut ends: BTreeMap<&StepId, u64> = BTreeMap::new();
    for step in &plan.steps {
        let begins = step.after.iter().filter_map(|id| ends.get(id)).max().copied().unwrap_or_default();
        ends.insert(&step.id, begins + u64::from(step.timeout_seconds));
    }
    ends.into_values().max().unwrap_or_default()
}

/// Every step that was begun has an outcome in time. Returns how many took more than half of theirs.
async fn in_time(engine: &Engine, operation: &str) -> Result<usize> {
    let plan = engine.operation_plan(operation).await?;
    let limit = |id: &StepId| plan.steps.iter().find(|step| step.id == *id).map(|step| step.timeout_seconds);
    let (mut begun, mut long) = (BTreeMap::new(), 0);
    for entry in engine.endpoints().store.journal(&operation.into(), 0).await? {
        let id = match serde_json::from_str(&entry.record)? {
            Record::StepIntent { step } => {
                begun.insert(step, entry.at);
                continue;
            }
            Record::StepDone { step, .. }
            | Record::StepSkipped { step, .. }
            | Record::StepFailed { step, .. }
            | Record::MemberFailed { step, .. } => step,
            _ => continue,
        };
        let Some((began, seconds)) = begun.remove(&id).zip(limit(&id)) else { continue };
        let (took, limit) = (entry.at.duration_since(began), SignedDuration::from_secs(seconds.into()));
        assert!(took <= limit, "I-36: {id} took {took}, its deadline was after {limit}");
        long += usize::from(took > limit / 2);
    }
    assert!(begun.is_empty(), "I-36: without an outcome: {begun:?}");
    let shown = engine.operation_show(operation).await?;
    let ended = shown.finished_at.unwrap_or_else(|| engine.endpoints().clock.now());
    let took = ended.duration_since(shown.started_at);
    let limit = SignedDuration::from_secs(i64::try_from(longest_way(&plan)).unwrap_or(i64::MAX));
    assert!(took <= limit, "I-36: {operation} took {took}, the deadlines of its steps come to {limit}");
    Ok(long)
}

/// I-36 where everything goes well.
#[tokio::test]
async fn what_goes_well_ends_in_time() -> Result<()> {
    for request in [Request::Sync {}, rehearsal(), failover(), unplanned(true)] {
        let stage = stage().await?;
        let operation = accepted(&stage.engine, &request).await?;
        assert_eq!(run(&stage.engine, &operation).await?.status, OperationStatus::Completed);
        assert_eq!(in_time(&stage.engine, &operation).await?, 0);
    }
    Ok(())
}

/// Lets a site go when a step begins.
fn lose(stage: &Stage, site: &'static str, step: &'static str) -> Progress {
    let world = stage.deployment.world().clone();
    Progress::new(move |event: &Event| {
        if event.step.as_deref() == Some(step) && event.state == "started" {
            drop(world.set_site_available(&site.into(), false));
        }
    })
}

/// I-36 where something never comes: a copy, a boot, an answer before the pivot and one after it.
#[tokio::test]
async fn what_never_comes_is_waited_for_until_its_deadline_and_no_longer() -> Result<()> {
    let stage = self::stage().await?;
    let usual = stage.deployment.world().settings()?;
    stage.deployment.world().set_settings(WorldSettings { transfer_millis: 3_600_000_000, ..usual })?;
    let operation = accepted(&stage.engine, &failover()).await?;
    assert_eq!(run(&stage.engine, &operation).await?.status, OperationStatus::RolledBack);
    assert_eq!(in_time(&stage.engine, &operation).await?, 1, "the final copy");

    let stage = self::stage().await?;
    stage.deployment.world().set_mishap(&"site-b".into(), Mishap::Boot, "web-server-1", true)?;
    let operation = accepted(&stage.engine, &failover()).await?;
    assert_eq!(run(&stage.engine, &operation).await?.status, OperationStatus::CompletedPartial);
    assert_eq!(in_time(&stage.engine, &operation).await?, 1, "the boot");

    for (step, open) in [("take_final_snapshot", false), ("ensure_server/app-server-1", true)] {
        let stage = self::stage().await?;
        let operation = accepted(&stage.engine, &failover()).await?;
        let site = if open { "site-b" } else { "site-a" };
        let ended = stage.engine.run(&operation, &Cancel::default(), &lose(&stage, site, step)).await?;
        assert_eq!(ended.status, OperationStatus::Failed, "{step}: {ended:#?}");
        in_time(&stage.engine, &operation).await?;
    }
    Ok(())
}
