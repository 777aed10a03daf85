//! I-32: nothing changes before the intent to change it is durable.

use super::{accepted, completed, rehearsal, run, stage, through_all_kinds, with_watcher};
use async_trait::async_trait;
use protector_core::engine::{Engine, Event, Progress, StorageDefaults};
use protector_core::exec::{Endpoints, Limits, Record};
use protector_core::mock::World;
use protector_core::model::StepId;
use protector_core::ports::{Cancel, JournalEntry, StorageDriver, Store};
use protector_core::wrap::{Call, Layer, Reply, Wrapped};
use protector_core::{Error, Result};
use protector_tests::watched::Watcher;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts the changes of the world, of clouds and arrays, between the writes of a journal.
#[derive(Debug)]
struct Ledger {
    world: World,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Steps with an intent and no outcome.
    begun: BTreeSet<StepId>,
    rolls_back: bool,
    changes: Option<u64>,
    violations: Vec<String>,
}

impl Ledger {
    fn new(world: &World) -> Arc<Self> {
        Arc::new(Self { world: world.clone(), state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, entry: &JournalEntry) {
        let mut state = self.state();
        match serde_json::from_str(&entry.record) {
            Ok(Record::StepIntent { step }) => drop(state.begun.insert(step)),
            Ok(
                Record::StepDone { step, .. }
                | Record::StepSkipped { step, .. }
                | Record::StepFailed { step, .. }
                | Record::MemberFailed { step, .. }
                | Record::StepUndone { step, .. },
            ) => drop(state.begun.remove(&step)),
            Ok(Record::RollbackStarted { .. }) => state.rolls_back = true,
            _ => {}
        }
    }
}

#[async_trait]
impl Watcher for Ledger {
    async fn before(&self, entries: &[JournalEntry]) {
        let changes = self.world.mutations().ok();
        let mut state = self.state();
        let covered = state.rolls_back || !state.begun.is_empty();
        if !covered && state.changes.is_some() && state.changes != changes {
            let what = format!("{:?} changes became {changes:?} before {entries:?}", state.changes);
            state.violations.push(what);
        }
    }

    async fn after(&self, entries: &[JournalEntry]) {
        entries.iter().for_each(|entry| self.note(entry));
        self.state().changes = self.world.mutations().ok();
    }
}

/// Lets no change of an array pass whose step has no intent in the store.
#[derive(Debug)]
struct Announced {
    store: Arc<dyn Store>,
    unannounced: Mutex<Vec<String>>,
}

impl Layer for Announced {
    async fn around<'a, T, F>(&'a self, call: Call<'a, T>, make: F) -> Result<T>
    where
        T: Send + 'a,
        F: Fn() -> Reply<'a, T> + Send + Sync + 'a,
    {
        if let Some(cx) = call.cx
            && !is_announced(&*self.store, cx.op_key.as_str()).await?
        {
            let mut found = self.unannounced.lock().unwrap_or_else(PoisonError::into_inner);
            found.push(format!("{} of {}", call.method, cx.op_key));
        }
        make().await
    }
}

/// Whether the last word of the journal on the step of a key is that it has begun.
async fn is_announced(store: &dyn Store, key: &str) -> Result<bool> {
    let (operation, step) = key.split_once('/').ok_or_else(|| Error::internal(format!("key '{key}'")))?;
    for entry in store.journal(&operation.into(), 0).await?.into_iter().rev() {
        match serde_json::from_str(&entry.record)? {
            Record::StepIntent { step: begun } if begun.as_str() == step => return Ok(true),
            Record::StepDone { step: done, .. } if done.as_str() == step => return Ok(false),
            _ => {}
        }
    }
    Ok(false)
}

fn announced(engine: &Engine) -> (Engine, Vec<Arc<Wrapped<Announced>>>) {
    let endpoints = engine.endpoints().clone();
    let wrap = |inner: &Arc<dyn StorageDriver>| {
        let layer = Announced { store: endpoints.store.clone(), unannounced: Mutex::default() };
        Arc::new(Wrapped::new(layer, inner.clone()))
    };
    let layers: BTreeMap<_, _> = endpoints.arrays.iter().map(|(site, inner)| (site.clone(), wrap(inner))).collect();
    let arrays = layers.iter().map(|(site, array)| (site.clone(), array.clone() as Arc<dyn StorageDriver>)).collect();
    let endpoints = Endpoints { arrays, ..endpoints };
    let engine = Engine::new(engine.site().clone(), endpoints, StorageDefaults::default(), Limits::SEQUENTIAL);
    (engine, layers.into_values().collect())
}

/// I-32, in every kind of operation, for every call to an array or a cloud.
#[tokio::test]
async fn nothing_changes_before_its_intent_is_durable() -> Result<()> {
    let stage = stage().await?;
    let world = stage.deployment.world().clone();
    through_all_kinds(&stage, async |engine, request| {
        let operation = accepted(engine, request).await?;
        let ledger = Ledger::new(&world);
        let (engine, layers) = announced(&with_watcher(engine, ledger.clone()));
        completed(&run(&engine, &operation).await?)?;
        assert_eq!(ledger.state().violations, Vec::<String>::new(), "{request:?}");
        for layer in layers {
            let found = layer.layer().unannounced.lock().unwrap_or_else(PoisonError::into_inner).clone();
            assert_eq!(found, Vec::<String>::new(), "{request:?}");
        }
        Ok(())
    })
    .await
}

/// I-32 can fail: a change between two steps is seen.
#[tokio::test]
async fn a_change_that_nobody_announced_is_seen() -> Result<()> {
    let stage = stage().await?;
    let world = stage.deployment.world().clone();
    let operation = accepted(&stage.engine, &rehearsal()).await?;
    let ledger = Ledger::new(&world);
    let engine = with_watcher(&stage.engine, ledger.clone());
    let meddles = Progress::new(move |event: &Event| {
        if event.step.as_deref() == Some("clone_volumes") && event.state == "done" {
            drop(world.create_volume(&"flasharray-b".into(), "meddled", 1 << 30));
        }
    });
    completed(&engine.run(&operation, &Cancel::default(), &meddles).await?)?;
    assert_eq!(ledger.state().violations.len(), 1, "{:?}", ledger.state().violations);
    Ok(())
}
