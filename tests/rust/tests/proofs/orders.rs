//! I-26, I-37: whatever order the edges of a plan allow, the end is the same; and no endpoint gets more calls than it can
//! take.

use super::{accepted, completed, run, stage};
use protector_core::engine::{Engine, Request, StorageDefaults};
use protector_core::exec::{Endpoints, JOURNAL_SCHEMA, Limits, Record, decide};
use protector_core::model::{OpenOperation, OperationId, OperationStatus, SiteName, StepId};
use protector_core::plan::{Action, Plan, Step};
use protector_core::ports::{GroupChange, JOURNAL_START, JournalEntry, StorageDriver, StoredOperation};
use protector_core::rules::naming;
use protector_core::wrap::{Call, Layer, Reply, Wrapped};
use protector_core::{Error, Result};
use protector_tests::compare::{self, differences, rows, without_ids};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, add_member, failover};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The same steps in another order that their edges allow.
fn shuffled(plan: &Plan, seed: u64) -> Plan {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut left: Vec<&Step> = plan.steps.iter().collect();
    let (mut done, mut steps): (BTreeSet<&StepId>, Vec<Step>) = Default::default();
    while !left.is_empty() {
        let ready: Vec<usize> =
            (0..left.len()).filter(|at| left[*at].after.iter().all(|id| done.contains(id))).collect();
        let step = left.remove(ready[random.usize(..ready.len())]);
        done.insert(&step.id);
        steps.push(step.clone());
    }
    Plan { steps, ..plan.clone() }
}

/// Opens an operation with that plan, as accepting it would.
async fn open(engine: &Engine, stage: &Stage, plan: &Plan, id: &str) -> Result<String> {
    let (record, at) = (stage.record(engine).await?, engine.endpoints().clock.now());
    let stored = StoredOperation {
        id: OperationId::new(id),
        group: plan.group.clone(),
        group_name: plan.group_name.clone(),
        project: "project".into(),
        kind: plan.kind,
        accepted_at: at,
        plan: serde_json::to_string(plan)?,
    };
    let (schema, plan_hash) = (JOURNAL_SCHEMA, plan.hash.clone());
    let first = Record::PlanAccepted { schema, plan_hash, consents: Vec::new(), measures: None };
    let first = JournalEntry::seal(0, at, serde_json::to_string(&first)?, JOURNAL_START);
    let change = plan.kind.changes_metadata().then(|| {
        let operation = OpenOperation { id: stored.id.clone(), kind: plan.kind, site: engine.site().clone() };
        let next = decide::opened(&record, plan, operation, engine.endpoints().peer.site(), at);
        GroupChange { expected: record.version, record: next, agreed: false }
    });
    engine.endpoints().store.begin_operation(&stored, &[first], change.as_ref()).await?;
    Ok(stored.id.to_string())
}

/// The world without ids, and without what is drawn in the order of the calls.
fn world(stage: &Stage) -> Result<Value> {
    let dump = stage.deployment.world().dump()?;
    // an array names a volume by its id in Cinder
    let mut text = dump.to_string();
    for row in rows(&stage.deployment, "cinder_volumes")? {
        text = text.replace(
            compare::text(&row, "id"),
            &format!("{}-{}", compare::text(&row, "site"), compare::text(&row, "name")),
        );
    }
    let mut world = without_ids(&serde_json::from_str(&text)?);
    for (table, columns) in
        [("ports", &["mac_address", "name"][..]), ("port_addresses", &["address"]), ("subnets", &["next_host"])]
    {
        let rows = world.get_mut(table).and_then(Value::as_array_mut);
        for row in rows.into_iter().flatten().filter_map(Value::as_object_mut) {
            columns.iter().for_each(|column| drop(row.remove(*column)));
        }
    }
    for rows in world.as_object_mut().into_iter().flat_map(|tables| tables.values_mut()).filter_map(Value::as_array_mut)
    {
        rows.sort_by_key(Value::to_string);
    }
    Ok(world)
}

/// I-26: every order that the edges allow ends in the same world.
#[tokio::test]
async fn any_order_that_the_edges_allow_ends_the_same() -> Result<()> {
    let mut ends: Vec<(Vec<StepId>, Value)> = Vec::new();
    for seed in 0..12 {
        let stage = stage().await?;
        add_member(&stage.deployment, &stage.engine, "db-server-1", 1).await?;
        stage.completes(&Request::Sync {}).await?;
        let plan = stage.engine.plan(GROUP, &failover()).await?;
        let plan = if seed == 0 { plan } else { shuffled(&plan, seed) };
        let operation = open(&stage.engine, &stage, &plan, "op-shuffled").await?;
        let ended = run(&stage.engine, &operation).await?;
        assert_eq!(ended.status, OperationStatus::Completed, "I-26: seed {seed}: {ended:#?}");
        ends.push((plan.steps.iter().map(|step| step.id.clone()).collect(), world(&stage)?));
    }
    let orders: BTreeSet<&Vec<StepId>> = ends.iter().map(|(order, _)| order).collect();
    assert!(orders.len() > 8, "only {} orders", orders.len());
    for (order, end) in &ends {
        assert_eq!(differences(&ends[0].1, end), Vec::<String>::new(), "I-26: {order:?}");
    }
    Ok(())
}

/// Counts calls in flight, and gives others time to begin.
#[derive(Debug, Default)]
struct Busy {
    in_flight: AtomicUsize,
    most: AtomicUsize,
}

impl Layer for Busy {
    async fn around<'a, T, F>(&'a self, call: Call<'a, T>, make: F) -> Result<T>
    where
        T: Send + 'a,
        F: Fn() -> Reply<'a, T> + Send + Sync + 'a,
    {
        if call.cx.is_none() {
            return make().await;
        }
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        let reply = make().await;
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        reply
    }
}

/// I-37 at the arrays themselves: a plan whose steps could all be made at once keeps to the limit, and uses it.
#[tokio::test]
async fn never_more_changes_of_an_array_in_flight_than_the_limit() -> Result<()> {
    let stage = stage().await?;
    let site = SiteName::from("site-b");
    for limit in [1, 2, 4] {
        let busy = Arc::new(Wrapped::new(Busy::default(), stage.engine.endpoints().arrays[&site].clone()));
        let endpoints = stage.engine.endpoints().clone();
        let arrays = BTreeMap::from([(site.clone(), busy.clone() as Arc<dyn StorageDriver>)]);
        let endpoints = Endpoints { arrays: endpoints.arrays.into_iter().chain(arrays).collect(), ..endpoints };
        let limits = Limits { array: limit, cloud: 8 };
        let engine = Engine::new(stage.engine.site().clone(), endpoints, StorageDefaults::default(), limits);
        let operation = changes_side_by_side(&engine, &stage).await?;
        completed(&run(&engine, &operation).await?)?;
        assert_eq!(busy.layer().most.load(Ordering::SeqCst), limit, "I-37");
    }
    Ok(())
}

/// A sync whose plan has eight harmless changes of one array, none of which waits for another.
async fn changes_side_by_side(engine: &Engine, stage: &Stage) -> Result<String> {
    let plan = engine.plan(GROUP, &Request::Sync {}).await?;
    let policy = stage.record(engine).await?.policy.ok_or_else(|| Error::not_found("a policy"))?;
    let any = plan.steps.first().cloned().ok_or_else(|| Error::not_found("a step"))?;
    let group = naming::target_group_name(&"flasharray-a".into(), &policy.pure_pg_name);
    let step = |n: usize| Step {
        id: format!("accept-{n}").into(),
        after: Vec::new(),
        action: Action::AcceptFromPeer { site: "site-b".into(), group: group.clone() },
        ..any.clone()
    };
    let plan = Plan { steps: (0..8).map(step).collect(), ..plan };
    let count = engine.operation_list().await?.len();
    open(engine, stage, &plan, &format!("op-busy-{count}")).await
}

/// I-37: with the limits of production the end is that of one step after the other.
#[tokio::test]
async fn steps_side_by_side_end_like_steps_in_a_row() -> Result<()> {
    let mut ends = Vec::new();
    for limits in [Limits::SEQUENTIAL, Limits::default()] {
        let stage = stage().await?;
        let endpoints = stage.engine.endpoints().clone();
        let engine = Engine::new(stage.engine.site().clone(), endpoints, StorageDefaults::default(), limits);
        let operation = accepted(&engine, &failover()).await?;
        completed(&run(&engine, &operation).await?)?;
        ends.push(world(&stage)?);
    }
    assert_eq!(differences(&ends[0], &ends[1]), Vec::<String>::new());
    Ok(())
}
