//! Taking up an operation and bringing it to an end.

use super::run::Run;
use super::{Endpoints, OperationState, Progress, Record, forward, lease, rollback};
use crate::model::OperationId;
use crate::plan::{Limits, PLAN_SCHEMA, Plan};
use crate::ports::{Cancel, LeaseHolder, StoredOperation};
use crate::{Error, Result};
use serde::Deserialize;
use std::collections::HashSet;

/// Executes operations that were accepted.
#[derive(Debug, Clone)]
pub struct Executor {
    endpoints: Endpoints,
    holder: LeaseHolder,
    limits: Limits,
}

impl Executor {
    /// An executor that acts as `holder`.
    pub fn new(endpoints: Endpoints, holder: LeaseHolder, limits: Limits) -> Self {
        Self { endpoints, holder, limits }
    }

    /// Runs the operation from wherever its journal stands to its end. Finished already: returns how it ended.
    ///
    /// A requested cancel stops at the next step boundary and keeps the journal; a later run continues.
    ///
    /// # Errors
    /// no such operation → `NotFound`; a living executor is at work → `Conflict`; plan or journal of another version →
    /// `Unsupported`; cancelled → `Cancelled`; the journal cannot be written → `Storage`, nothing more is done. A step that
    /// fails is not an error of this call: it is in the returned state.
    pub async fn run(&self, id: &OperationId, cancel: &Cancel, progress: &Progress) -> Result<OperationState> {
        let store = &*self.endpoints.store;
        let operation = store.operation(id).await?.ok_or_else(|| unknown(id))?;
        let mut state = OperationState::fold(&store.journal(id, 0).await?)?;
        if state.finished.is_some() {
            return Ok(state);
        }
        let plan = read_plan(&operation)?;
        let taken = lease::take(store, &*self.endpoints.clock, id, &self.holder).await?;
        // somebody may have written between reading and taking
        store.journal(id, state.next_sequence).await?.iter().try_for_each(|entry| state.apply(entry))?;
        let generation = taken.generation;
        let run = Run::new(
            self.endpoints.clone(),
            self.holder.clone(),
            operation,
            plan,
            state,
            taken,
            cancel.clone(),
            progress.clone(),
        );
        let result = self.drive(&run).await;
        // the lease ends with this run whatever came out; if it cannot be given back, it expires
        let released = store.release_lease(id, generation).await;
        result.and(released)?;
        Ok(run.into_state())
    }

    /// How many steps it runs at once.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    async fn drive(&self, run: &Run) -> Result<()> {
        run.append(vec![Record::Attempt { holder: self.holder.clone(), generation: run.lease_generation() }]).await?;
        run.tell_operation("running");
        if !run.rolling_back() {
            forward::run(run, self.limits).await?;
        }
        if run.rolling_back() {
            rollback::run(run).await?;
        }
        run.tell_operation(&run.status().to_string());
        Ok(())
    }
}

fn unknown(id: &OperationId) -> Error {
    Error::not_found(format!("operation '{id}' does not exist on this site"))
        .remedy("openstack protector operation list; operations are kept on the site where they were started")
}

/// The plan that was accepted.
pub(crate) fn read_plan(operation: &StoredOperation) -> Result<Plan> {
    let schema = operation.plan.get("schema").and_then(serde_json::Value::as_u64);
    if schema != Some(u64::from(PLAN_SCHEMA)) {
        return Err(Error::unsupported(format!(
            "the plan of {} has schema {schema:?}, this build executes {PLAN_SCHEMA}",
            operation.id
        ))
        .remedy("continue with the version of Protector that accepted it"));
    }
    let plan = Plan::deserialize(&operation.plan)
        .map_err(|e| Error::storage(format!("the plan of {} cannot be read: {e}", operation.id)).source(e))?;
    let known: HashSet<_> = plan.steps.iter().map(|s| &s.id).collect();
    if known.len() != plan.steps.len() || plan.steps.iter().flat_map(|s| &s.after).any(|id| !known.contains(id)) {
        return Err(Error::storage(format!("the plan of {} is damaged: step ids do not fit together", operation.id)));
    }
    Ok(plan)
}
