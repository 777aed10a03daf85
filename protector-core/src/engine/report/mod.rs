//! The report of an operation, for people who were not there: what was asked, what was reached, what was left behind, and
//! what proves it. Made of the journal alone, but for things that a step may have made and could not tell: those are
//! looked for.
//!
//! `value` is what is said; `fold`, `things` and `verdict` decide it, without I/O; `tables` puts it into tables, which `html`
//! and `text` write.

mod drills;
mod fold;
mod html;
mod tables;
mod text;
mod things;
mod value;
mod verdict;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use value::{
    Answer, CleanupRun, Executing, JournalSeal, MemberReport, MemberResult, OperationReport, PhaseTime, PointUsed,
    REPORT_SCHEMA, RecoveryPointReport, RecoveryTimeReport, StepReport, Things, ThingsReport, Verdict,
};

pub(super) use drills::drills;

use super::{Engine, describe};
use crate::Result;
use crate::exec::{OperationState, read_plan};
use crate::model::OperationKind;
use crate::plan::{Action, Observation, Request};
use crate::ports::{OperationFilter, SERVER_OP_KEY, Store, StoredOperation, VolumeQuery};
use fold::Told;
use std::collections::BTreeSet;

impl Engine {
    /// The report of an operation of this site. One that has not ended is reported as that.
    ///
    /// # Errors
    /// not on this site → `NotFound`; of another version → `Unsupported`; the journal does not verify → `Storage`: nothing
    /// can be said that would hold.
    pub async fn operation_report(&self, operation: &str) -> Result<OperationReport> {
        let stored = self.stored(operation).await?;
        let store = &*self.0.endpoints.store;
        let told = told(store, &stored).await?;
        let executing = told.state.finished.is_none() && self.is_executing(&stored.id).await?;
        let standing = describe::standing(&stored.id, &told.plan, &told.state, executing);
        let cleanups = cleanups_of(store, &stored).await?;
        let found = self.look_for_untold(&stored, &told).await;
        let (now, site) = (self.0.endpoints.clock.now(), self.0.site.clone());
        Ok(fold::report(&stored, &told, &standing, &cleanups, &found, now, site))
    }

    /// What steps without a known outcome may have made. Looks only where there is such a step.
    async fn look_for_untold(&self, stored: &StoredOperation, told: &Told) -> things::Found {
        let mut found = things::Found::default();
        if stored.kind == OperationKind::TestCleanup {
            return found;
        }
        for step in things::untold(told) {
            match &step.action {
                Action::EnsureServer { site, .. } if found.servers.is_none() => {
                    let made_by = format!("{}/", stored.id);
                    let servers = match self.0.endpoints.cloud(site) {
                        Ok(cloud) => cloud.servers().await,
                        Err(e) => Err(e),
                    };
                    let ours = servers.map(|servers| {
                        let ours = |key: &String| key.starts_with(&made_by);
                        let ours = servers.into_iter().filter(|s| s.metadata.get(SERVER_OP_KEY).is_some_and(ours));
                        ours.map(|s| s.id).collect::<BTreeSet<_>>()
                    });
                    found.servers = Some(Observation::from(ours));
                }
                Action::CloneVolumes { site, .. } if found.clones.is_none() => {
                    let made_by = VolumeQuery::ClonedBy(format!("{}/{}", stored.id, step.id).into());
                    let volumes = match self.0.endpoints.array(site) {
                        Ok(array) => array.volumes(&made_by).await,
                        Err(e) => Err(e),
                    };
                    let ours = volumes.map(|volumes| volumes.into_iter().map(|v| v.id).collect::<BTreeSet<_>>());
                    found.clones = Some(Observation::from(ours));
                }
                _ => {}
            }
        }
        found
    }
}

async fn told(store: &dyn Store, stored: &StoredOperation) -> Result<Told> {
    let journal = store.journal(&stored.id, 0).await?;
    // a store checks the chain as it reads; the report must not depend on that
    crate::ports::verify_chain(&journal)?;
    Ok(Told { plan: read_plan(stored)?, state: OperationState::fold(&journal)?, journal })
}

/// The cleanups of a test that were accepted, oldest first.
async fn cleanups_of(store: &dyn Store, test: &StoredOperation) -> Result<Vec<(StoredOperation, Told)>> {
    if test.kind != OperationKind::TestFailover {
        return Ok(Vec::new());
    }
    let filter = OperationFilter { group: Some(test.group.clone()), ..OperationFilter::default() };
    let mut cleanups = Vec::new();
    for stored in store.operations(&filter).await?.into_iter().rev() {
        if stored.kind != OperationKind::TestCleanup {
            continue;
        }
        let told = told(store, &stored).await?;
        if matches!(&told.plan.request, Request::TestCleanup { test: Some(id) } if *id == test.id) {
            cleanups.push((stored, told));
        }
    }
    Ok(cleanups)
}
