//! I-04, I-06, I-08, I-16: what a fence and a pivot rest on, and what calls carry.

use super::{accepted, completed, failback, run, stage, through_all_kinds};
use protector_core::engine::{Engine, Request, StorageDefaults};
use protector_core::exec::{Endpoints, Limits, Record};
use protector_core::model::{Epoch, OperationKind};
use protector_core::plan::{Action, ConsentKind, Phase, PointSource, StepOutput};
use protector_core::ports::{FenceState, JournalEntry, StorageDriver};
use protector_core::wrap::{Call, Layer, Reply, Wrapped};
use protector_core::{Error, Result};
use protector_tests::{GROUP, failover, unplanned};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Where in a journal the first record is that `wanted` picks.
fn position(records: &[Record], wanted: impl Fn(&Record) -> bool) -> Option<usize> {
    records.iter().position(wanted)
}

async fn journal(engine: &Engine, operation: &str) -> Result<(Vec<JournalEntry>, Vec<Record>)> {
    let entries = engine.endpoints().store.journal(&operation.into(), 0).await?;
    let records: Result<Vec<Record>> = entries.iter().map(|entry| Ok(serde_json::from_str(&entry.record)?)).collect();
    Ok((entries, records?))
}

/// I-04: the source is fenced only once the target was seen to hold a complete recovery point that is younger than the
/// acceptance, so that there is something to start from. I-08: and nothing is cloned before the fence was seen.
#[tokio::test]
async fn a_source_is_fenced_only_when_the_target_can_start() -> Result<()> {
    let stage = stage().await?;
    for request in [failover(), failback()] {
        let operation = accepted(&stage.engine, &request).await?;
        completed(&run(&stage.engine, &operation).await?)?;
        let (entries, records) = journal(&stage.engine, &operation).await?;
        let intent = |id: &'static str| {
            position(&records, move |r| matches!(r, Record::StepIntent { step } if step.as_str() == id))
                .ok_or_else(|| Error::not_found(id))
        };
        let arrived = position(
            &records,
            |r| matches!(r, Record::StepDone { output: StepOutput::Point { created, .. }, .. } if *created >= entries[0].at),
        );
        let arrived = arrived.ok_or_else(|| Error::not_found("a recovery point younger than the acceptance"))?;
        assert!(arrived < intent("fence_source")?, "I-04: {request:?}");
        let fenced = position(&records, |r| {
            matches!(r, Record::StepDone { output: StepOutput::Fenced { state: FenceState::Fenced, at, .. }, .. }
                if *at >= entries[0].at)
        });
        let fenced = fenced.ok_or_else(|| Error::not_found("a fence with its time"))?;
        assert!(fenced < intent("clone_volumes")?, "I-08: {request:?}");
    }
    Ok(())
}

/// I-04, I-08, I-16 where the source is lost: the plan pins the newest complete recovery point, and the consent that stands
/// for the fence is in the journal, with its reason, before anything is cloned.
#[tokio::test]
async fn without_a_source_the_plan_pins_a_point_and_carries_the_consent() -> Result<()> {
    let stage = stage().await?;
    stage.write("site-a", 3).await?;
    stage.completes(&Request::Sync {}).await?;
    stage.set_site("site-a", false)?;
    let away = stage.other()?;
    let plan = away.plan(GROUP, &unplanned(true)).await?;
    let pinned = plan.steps.iter().find_map(|step| match &step.action {
        Action::CloneVolumes { point: PointSource::Pinned(point), .. } => Some(point.clone()),
        _ => None,
    });
    let facts = away.facts(GROUP, &unplanned(true)).await?;
    let points = facts.target.array.known().map(|array| array.recovery_points.clone()).unwrap_or_default();
    let newest = points.iter().filter(|p| p.is_usable()).max_by_key(|p| p.created).map(|p| p.name.clone());
    assert_eq!(pinned, newest, "I-16");
    assert!(plan.steps.iter().all(|step| step.phase != Phase::Fence), "nobody answers there: {plan}");
    let operation = away.accept(&plan).await?.id.to_string();
    completed(&run(&away, &operation).await?)?;
    let (_, records) = journal(&away, &operation).await?;
    let Some(Record::PlanAccepted { consents, .. }) = records.first() else {
        return Err(Error::internal("a journal begins with the acceptance"));
    };
    let consent = consents.iter().find(|consent| consent.kind == ConsentKind::SourceUnverified);
    let consent = consent.ok_or_else(|| Error::not_found("I-08: the consent"))?;
    assert_eq!(consent.reason.as_deref(), Some("site-a is lost"), "I-08");
    Ok(())
}

/// Epochs of changes, with the step that makes each.
type Seen = Arc<Mutex<Vec<(String, Epoch)>>>;

/// Keeps the epochs of changes.
#[derive(Debug)]
struct Noting(Seen);

impl Layer for Noting {
    async fn around<'a, T, F>(&'a self, call: Call<'a, T>, make: F) -> Result<T>
    where
        T: Send + 'a,
        F: Fn() -> Reply<'a, T> + Send + Sync + 'a,
    {
        if let Some(cx) = call.cx {
            let step = cx.op_key.as_str().split_once('/').map(|(_, step)| step.to_owned()).unwrap_or_default();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((step, cx.epoch));
        }
        make().await
    }
}

fn noting(engine: &Engine, seen: &Seen) -> Engine {
    let endpoints = engine.endpoints().clone();
    let wrap = |inner: &Arc<dyn StorageDriver>| {
        Arc::new(Wrapped::new(Noting(seen.clone()), inner.clone())) as Arc<dyn StorageDriver>
    };
    let arrays: BTreeMap<_, _> = endpoints.arrays.iter().map(|(site, array)| (site.clone(), wrap(array))).collect();
    let endpoints = Endpoints { arrays, ..endpoints };
    Engine::new(engine.site().clone(), endpoints, StorageDefaults::default(), Limits::SEQUENTIAL)
}

/// I-06: every change carries the epoch that the group had when the plan was made and, from the pivot of a move on, the next
/// one. Each move raises the epoch of the group by one, and nothing else does.
#[tokio::test]
async fn every_change_carries_the_epoch_of_its_operation() -> Result<()> {
    let stage = stage().await?;
    through_all_kinds(&stage, async |engine, request| {
        let epochs = Seen::default();
        let before = stage.record(engine).await?.group.epoch;
        let operation = accepted(engine, request).await?;
        completed(&run(&noting(engine, &epochs), &operation).await?)?;
        let plan = engine.operation_plan(&operation).await?;
        let seen = epochs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert!(!seen.is_empty() || plan.kind == OperationKind::TestCleanup, "{request:?} changes something");
        for (id, epoch) in seen {
            let step = plan.steps.iter().find(|step| step.id.as_str() == id).ok_or_else(|| Error::not_found(&id))?;
            let past_pivot = plan.kind.moves_workload() && step.phase >= Phase::Pivot;
            let expected = if past_pivot { plan.epoch.next() } else { plan.epoch };
            assert_eq!((plan.epoch, epoch), (before, expected), "I-06: {id} of {request:?}");
        }
        let after = stage.record(engine).await?.group.epoch;
        let expected = if plan.kind.moves_workload() { before.next() } else { before };
        assert_eq!(after, expected, "I-06: {request:?}");
        Ok(())
    })
    .await
}
