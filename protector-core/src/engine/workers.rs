//! Workers of the engine service of this site: who takes up what is accepted.

use super::{Engine, WorkerReport};
use crate::Result;
use crate::model::{ServiceState, WorkerBeat};
use crate::rules::engine_service::{engine_service, worker_state};
use jiff::Timestamp;
use serde::Serialize;

/// The engine service of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServiceView {
    /// Whether a worker lives.
    pub state: ServiceState,
    /// Since when none does, if it failed.
    pub since: Option<Timestamp>,
    /// The same for a person.
    pub detail: String,
    /// Those that were seen within a week, in the order in which they began.
    pub workers: Vec<WorkerView>,
}

/// A worker of the engine service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkerView {
    /// Whether it lives.
    pub state: ServiceState,
    /// Its host.
    pub host: String,
    /// Its process on that host.
    pub process: u32,
    /// Tells two engines of one process apart.
    pub engine: String,
    /// Version of its program.
    pub version: String,
    /// Operations it was at work on when it was seen last.
    pub under_way: u32,
    /// Seconds after which it meant to be seen again.
    pub interval_seconds: u32,
    /// When it was seen first.
    pub started_at: Timestamp,
    /// When it was seen last.
    pub seen_at: Timestamp,
    /// When it ended of its own accord; absent: it did not, as far as is known.
    pub stopped_at: Option<Timestamp>,
}

impl Engine {
    /// Shows that this engine's worker lives, or that it ends of its own accord. To be called at least once per
    /// `interval_seconds`; see [`Engine::workers`].
    ///
    /// # Errors
    /// made for one project → `Forbidden`; store cannot be written → `Storage`, `Transient` or `Unreachable` → go on, and
    /// show it at the next look.
    pub async fn record_worker(&self, report: &WorkerReport) -> Result<()> {
        self.for_all_projects("a worker")?;
        let (store, now) = (&self.0.endpoints.store, self.0.endpoints.clock.now());
        if report.stopped {
            return store.stop_worker(&self.0.holder, now).await;
        }
        let beat = WorkerBeat {
            holder: self.0.holder.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            under_way: report.under_way,
            interval_seconds: report.interval_seconds,
            at: now,
        };
        store.record_worker(&beat).await
    }

    /// The workers of this site that were seen within a week, and whether one of them lives.
    ///
    /// # Errors
    /// made for one project → `Forbidden`; store cannot be read → `Storage`.
    pub async fn workers(&self) -> Result<ServiceView> {
        self.for_all_projects("who executes operations")?;
        let workers = self.0.endpoints.store.workers().await?;
        let now = self.0.endpoints.clock.now();
        let service = engine_service(&workers, now);
        let workers = workers.into_iter().map(|worker| WorkerView {
            state: worker_state(&worker, now),
            host: worker.holder.host,
            process: worker.holder.process,
            engine: worker.holder.engine,
            version: worker.version,
            under_way: worker.under_way,
            interval_seconds: worker.interval_seconds,
            started_at: worker.started_at,
            seen_at: worker.seen_at,
            stopped_at: worker.stopped_at,
        });
        Ok(ServiceView {
            state: service.state,
            since: service.since,
            detail: service.detail,
            workers: workers.collect(),
        })
    }
}
