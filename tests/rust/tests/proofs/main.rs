//! One invariant each, by the number that `tests/invariants.md` gives it: what no walk and no scenario shows by itself.

#![allow(clippy::indexing_slicing, reason = "helpers of tests may panic as tests do")]

mod acceptance;
mod creation;
mod deadlines;
mod evidence;
mod journal_cuts;
mod lost_site;
mod orders;
mod rehearsals;
mod write_ahead;

use protector_core::engine::{Engine, OperationView, Progress, Request, StorageDefaults};
use protector_core::exec::{Endpoints, Limits, Record};
use protector_core::model::{Mappings, OperationStatus};
use protector_core::ports::Cancel;
use protector_core::{Error, Result};
use protector_tests::stage::Stage;
use protector_tests::watched::{Watcher, watched};
use protector_tests::{GROUP, add_member, failover, operate, to_secondary, unplanned};
use std::sync::Arc;

fn failback() -> Request {
    Request::Failback { mappings: Mappings::default() }
}

fn rehearsal() -> Request {
    Request::TestFailover { mappings: to_secondary(), retain_primary: true }
}

/// Two members in two tiers, with a recovery point.
async fn stage() -> Result<Stage> {
    let stage = Stage::replicated().await?;
    add_member(&stage.deployment, &stage.engine, "app-server-1", 1).await?;
    stage.completes(&Request::Sync {}).await?;
    Ok(stage)
}

async fn run(engine: &Engine, operation: &str) -> Result<OperationView> {
    engine.run(operation, &Cancel::default(), &Progress::none()).await
}

async fn accepted(engine: &Engine, request: &Request) -> Result<String> {
    Ok(engine.accept(&engine.plan(GROUP, request).await?).await?.id.to_string())
}

async fn records(engine: &Engine, operation: &str) -> Result<Vec<Record>> {
    let journal = engine.endpoints().store.journal(&operation.into(), 0).await?;
    journal.into_iter().map(|entry| Ok(serde_json::from_str(&entry.record)?)).collect()
}

/// An engine of the same site whose store is watched.
fn with_watcher(engine: &Engine, watcher: Arc<dyn Watcher>) -> Engine {
    let endpoints = engine.endpoints().clone();
    let store = watched(endpoints.store.clone(), watcher);
    let endpoints = Endpoints { store, ..endpoints };
    Engine::new(engine.site().clone(), endpoints, StorageDefaults::default(), Limits::SEQUENTIAL)
}

/// Every kind of operation but the retry, in an order in which each of them can be made. `each` is given the site to work
/// from and the request, and brings it to its end.
async fn through_all_kinds(stage: &Stage, each: impl AsyncFn(&Engine, &Request) -> Result<()>) -> Result<()> {
    let (home, away) = (&stage.engine, stage.other()?);
    for request in
        [Request::Sync {}, rehearsal(), Request::TestCleanup { test: None }, failover(), failback(), failover()]
    {
        each(home, &request).await?;
    }
    each(home, &Request::Commit {}).await?;
    each(home, &failback()).await?;
    stage.set_site("site-a", false)?;
    each(&away, &unplanned(true)).await?;
    stage.set_site("site-a", true)?;
    away.sync_metadata(GROUP).await?;
    each(&away, &Request::Reprotect {}).await?;
    each(&away, &failback()).await
}

fn completed(view: &OperationView) -> Result<()> {
    match view.status {
        OperationStatus::Completed => Ok(()),
        other => Err(Error::internal(format!("{} is {other}: {:?}", view.id, view.error))),
    }
}

async fn completes(engine: &Engine, request: &Request) -> Result<()> {
    completed(&operate(engine, request).await?)
}
