//! Taking up an operation and bringing it to an end.

use super::run::Run;
use super::{Endpoints, OperationState, Progress, Record, decide, forward, give_up, lease, rollback};
use crate::caller::{carried, spawn_blocking};
use crate::model::{LookupSet, OperationId};
use crate::plan::{Limits, OLDEST_PLAN_SCHEMA, PLAN_SCHEMA, Plan};
use crate::ports::{Cancel, LeaseHolder, StopKind, StopRequest, Store, StoredOperation};
use crate::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinError;

/// Executes operations that were accepted.
#[derive(Debug, Clone)]
pub struct Executor {
    endpoints: Endpoints,
    holder: LeaseHolder,
    limits: Limits,
    /// What this value is at work on: its lease does not keep it apart from itself.
    at_work: Arc<Mutex<BTreeSet<OperationId>>>,
}

/// What an executor takes an operation up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To bring it to its end.
    Finish,
    /// To obey the abort that waits, and nothing else.
    Abort,
}

impl Executor {
    /// An executor that acts as `holder`.
    pub fn new(endpoints: Endpoints, holder: LeaseHolder, limits: Limits) -> Self {
        Self { endpoints, holder, limits, at_work: Arc::default() }
    }

    /// Whether this value runs the operation right now.
    pub fn is_at_work(&self, id: &OperationId) -> bool {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    /// Runs the operation from wherever its journal stands to its end. Finished already: returns how it ended.
    ///
    /// A requested cancel stops at the next step boundary and keeps the journal; a later run continues. An abort that waits
    /// in the store is obeyed as long as the pivot is not done.
    ///
    /// # Errors
    /// no such operation → `NotFound`; a living executor is at work → `Conflict`; plan or journal of another version →
    /// `Unsupported`; cancelled → `Cancelled`; the journal cannot be written → `Storage`, nothing more is done. A step that
    /// fails is not an error of this call: it is in the returned state.
    pub async fn run(&self, id: &OperationId, cancel: &Cancel, progress: &Progress) -> Result<OperationState> {
        self.take_up(id, Purpose::Finish, cancel, progress).await
    }

    /// Obeys the abort that waits for an operation which nobody is at work on: restores the start. Makes no step forward.
    ///
    /// # Errors
    /// as [`Executor::run`]; the pivot is done → `Precondition`, nothing was changed.
    pub async fn abort(&self, id: &OperationId, cancel: &Cancel, progress: &Progress) -> Result<OperationState> {
        self.take_up(id, Purpose::Abort, cancel, progress).await
    }

    async fn take_up(
        &self,
        id: &OperationId,
        purpose: Purpose,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<OperationState> {
        let store = &*self.endpoints.store;
        // a large plan takes as long as its journal, so both are read at once
        let plan = tokio::spawn(carried(accepted(self.endpoints.store.clone(), id.clone())));
        let mut state = OperationState::read(store, id).await?;
        if state.finished.is_some() {
            return Ok(state);
        }
        let (operation, plan) = plan.await.map_err(not_read)??;
        let _at_work = AtWork::begin(&self.at_work, id)?;
        // whoever asked before meant the executor before
        let asked_before = store.stop_request(id).await?;
        let (taken, taken_from) = lease::take(store, &*self.endpoints.clock, id, &self.holder).await?;
        // somebody may have written between reading and taking
        store.journal(id, state.next_sequence).await?.iter().try_for_each(|entry| state.apply(entry))?;
        let generation = taken.generation;
        let run = Run::new(self.endpoints.clone(), operation, plan, state, taken, cancel.clone(), progress.clone());
        let attempt = Record::Attempt { holder: self.holder.clone(), generation, taken_from };
        let result = self.drive(&run, purpose, attempt, asked_before).await;
        // the lease ends with this run whatever came out; if it cannot be given back, it expires
        let released = store.release_lease(id, generation).await;
        result.and(released)?;
        Ok(run.into_state())
    }

    /// How many steps it runs at once.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    async fn drive(
        &self,
        run: &Run,
        purpose: Purpose,
        attempt: Record,
        asked_before: Option<StopRequest>,
    ) -> Result<()> {
        if run.state().finished.is_some() {
            return Ok(());
        }
        let answered = run.state().answered.clone();
        if let Some(old) = asked_before.filter(|r| r.kind == StopKind::Cancel || Some(r) == answered.as_ref()) {
            run.withdraw(&old).await?;
        }
        if purpose == Purpose::Abort && !run.state().can_abort(&run.plan) {
            return Err(too_late(&run.operation.id));
        }
        let taken_back = match purpose {
            Purpose::Finish => decide::taken_back(&run.plan, &run.state()),
            Purpose::Abort => Vec::new(),
        };
        run.append([attempt].into_iter().chain(taken_back).collect()).await?;
        run.take_stock();
        run.tell_operation("running");
        self.make_steps(run, purpose).await?;
        if let Some(unheard) = run.pending_stop().filter(|r| r.kind == StopKind::Cancel) {
            // it stands still, or has ended
            run.withdraw(&unheard).await?;
        }
        run.tell_operation(&run.status().to_string());
        Ok(())
    }

    async fn make_steps(&self, run: &Run, purpose: Purpose) -> Result<()> {
        let aborts = run.pending_stop().is_some_and(|r| r.kind == StopKind::Abort);
        let is_over = || run.rolling_back() || run.is_given_up();
        // somebody else obeyed the abort, and this executor has nothing of its own to do
        if purpose == Purpose::Abort && !aborts && !is_over() {
            return Ok(());
        }
        if !is_over() {
            forward::run(run, self.limits).await?;
        }
        if run.is_given_up() {
            give_up::run(run).await?;
        }
        if run.rolling_back() {
            rollback::run(run).await?;
        }
        Ok(())
    }
}

/// Notes that an operation is being run, as long as it lives.
#[derive(Debug)]
struct AtWork {
    all: Arc<Mutex<BTreeSet<OperationId>>>,
    id: OperationId,
}

impl AtWork {
    fn begin(all: &Arc<Mutex<BTreeSet<OperationId>>>, id: &OperationId) -> Result<Self> {
        if all.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone()) {
            return Ok(Self { all: all.clone(), id: id.clone() });
        }
        Err(Error::conflict(format!("{id} is being executed by this very engine"))
            .remedy(format!("openstack protector operation watch {id}, or: openstack protector operation cancel {id}")))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// The refusal of an abort that cannot restore the start any more.
pub(crate) fn too_late(id: &OperationId) -> Error {
    Error::precondition(format!(
        "{id} cannot be aborted: its pivot is done, the volumes are cloned on the target, and the way is forward"
    ))
    .remedy(format!("openstack protector operation resume {id}"))
}

fn unknown(id: &OperationId) -> Error {
    Error::not_found(format!("operation '{id}' does not exist on this site"))
        .remedy("openstack protector operation list; operations are kept on the site where they were started")
}

/// An operation with its plan, which is read on a thread where that is in nobody's way.
async fn accepted(store: Arc<dyn Store>, id: OperationId) -> Result<(StoredOperation, Plan)> {
    let operation = store.operation(&id).await?.ok_or_else(|| unknown(&id))?;
    spawn_blocking(move || read_plan(&operation).map(|plan| (operation, plan))).await.map_err(not_read)?
}

fn not_read(e: JoinError) -> Error {
    Error::internal("the plan was not read").source(e)
}

/// The plan that was accepted.
pub(crate) fn read_plan(operation: &StoredOperation) -> Result<Plan> {
    let plan: Plan = match serde_json::from_str(&operation.plan) {
        Ok(plan) => plan,
        // why it does not read
        Err(e) => {
            check_schema(operation, schema_of(&operation.plan))?;
            return Err(Error::storage(format!("the plan of {} cannot be read: {e}", operation.id)).source(e));
        }
    };
    check_schema(operation, Some(plan.schema))?;
    let known: LookupSet<_> = plan.steps.iter().map(|s| &s.id).collect();
    if known.len() != plan.steps.len() || plan.steps.iter().flat_map(|s| &s.after).any(|id| !known.contains(id)) {
        return Err(Error::storage(format!("the plan of {} is damaged: step ids do not fit together", operation.id)));
    }
    Ok(plan)
}

/// What the plan says of its own shape, also where the rest of it is not known to this build.
fn schema_of(plan: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Shape {
        schema: u32,
    }
    serde_json::from_str::<Shape>(plan).ok().map(|shape| shape.schema)
}

fn check_schema(operation: &StoredOperation, schema: Option<u32>) -> Result<()> {
    let known = OLDEST_PLAN_SCHEMA..=PLAN_SCHEMA;
    if schema.is_some_and(|schema| known.contains(&schema)) {
        return Ok(());
    }
    Err(Error::unsupported(format!(
        "the plan of {} has schema {schema:?}, this build executes {OLDEST_PLAN_SCHEMA} to {PLAN_SCHEMA}",
        operation.id
    ))
    .remedy("continue with the version of Protector that accepted it"))
}
