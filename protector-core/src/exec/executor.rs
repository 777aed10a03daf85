//! Taking up an operation and bringing it to an end.

use super::run::Run;
use super::{Endpoints, OperationState, Progress, Record, StepState, forward, lease, rollback};
use crate::model::OperationId;
use crate::plan::{Action, OLDEST_PLAN_SCHEMA, PLAN_SCHEMA, Plan};
use crate::ports::{Cancel, LeaseHolder, StoredOperation};
use crate::{Error, Result};
use std::collections::BTreeSet;

/// How many steps may run at the same time on one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls to one array.
    pub array: usize,
    /// Calls to one cloud.
    pub cloud: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { array: 4, cloud: 8 }
    }
}

impl Limits {
    /// One step at a time: a run can be compared with another one, call by call.
    pub const SEQUENTIAL: Self = Self { array: 1, cloud: 1 };
}

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
        let state = OperationState::fold(&store.journal(id, 0).await?)?;
        if state.finished.is_some() {
            return Ok(state);
        }
        let plan = read_plan(&operation)?;
        let taken = lease::take(store, &*self.endpoints.clock, id, &self.holder).await?;
        // somebody may have written between reading and taking
        let state = OperationState::fold(&store.journal(id, 0).await?)?;
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

    async fn drive(&self, run: &Run) -> Result<()> {
        let mut records = vec![Record::Attempt { holder: self.holder.clone(), generation: run.lease_generation() }];
        if reopens(run) {
            records.push(Record::MembersReopened {});
        }
        run.append(records).await?;
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

/// Whether members that failed are tried again: the last attempt stopped by itself, and nobody has been told who arrived.
fn reopens(run: &Run) -> bool {
    let state = run.state();
    let told = run.plan.steps.iter().any(|s| {
        matches!(s.action, Action::SwitchPrimary { .. } | Action::Close {}) && state.begun_at.contains_key(&s.id)
    });
    let failed = state.steps.values().any(|s| matches!(s, StepState::MemberFailed(_)));
    state.error.is_some() && failed && !told
}

fn unknown(id: &OperationId) -> Error {
    Error::not_found(format!("operation '{id}' does not exist on this site"))
        .remedy("openstack protector operation list; operations are kept on the site where they were started")
}

/// The plan that was accepted.
pub(crate) fn read_plan(operation: &StoredOperation) -> Result<Plan> {
    let schema = operation.plan.get("schema").and_then(serde_json::Value::as_u64);
    let known = u64::from(OLDEST_PLAN_SCHEMA)..=u64::from(PLAN_SCHEMA);
    if !schema.is_some_and(|schema| known.contains(&schema)) {
        return Err(Error::unsupported(format!(
            "the plan of {} has schema {schema:?}, this build executes {OLDEST_PLAN_SCHEMA} to {PLAN_SCHEMA}",
            operation.id
        ))
        .remedy("continue with the version of Protector that accepted it"));
    }
    let plan: Plan = serde_json::from_value(operation.plan.clone())
        .map_err(|e| Error::storage(format!("the plan of {} cannot be read: {e}", operation.id)).source(e))?;
    let known: BTreeSet<_> = plan.steps.iter().map(|s| &s.id).collect();
    if known.len() != plan.steps.len() || plan.steps.iter().flat_map(|s| &s.after).any(|id| !known.contains(id)) {
        return Err(Error::storage(format!("the plan of {} is damaged: step ids do not fit together", operation.id)));
    }
    Ok(plan)
}
