//! Operations: plan, accept, run, look at.

use super::describe::OpenOperationView;
use super::{Engine, OperationView, describe};
use crate::exec::{JOURNAL_SCHEMA, Measures, Progress, Record, decide, lease, read_plan};
use crate::model::{GroupRecord, OpenOperation, OperationId, OperationStatus};
use crate::plan::{Action, Facts, Graph, Plan, PointSource, Request};
use crate::ports::{Cancel, GroupChange, JOURNAL_START, JournalEntry, Lease, OperationFilter, StoredOperation};
use crate::{Error, Result};

impl Engine {
    /// Observes and plans. Changes nothing. What speaks against it is in the plan's findings.
    ///
    /// # Errors
    /// no such group → `NotFound`; request contradicts itself → `InvalidRequest`; nothing to clean up → `Precondition`.
    pub async fn plan(&self, group: &str, request: &Request) -> Result<Plan> {
        // boxed: whoever awaits a plan should not carry all that was looked at
        crate::plan::plan(&Box::pin(self.facts(group, request)).await?, request)
    }

    /// Accepts a plan: looks again, and opens the operation if the world is still the same. Nothing is executed yet.
    ///
    /// # Errors
    /// blockers → `PlanBlocked`; the world changed → `PlanStale`; made on another site → `InvalidRequest`; somebody else
    /// opened an operation → `Conflict`.
    pub async fn accept(&self, plan: &Plan) -> Result<OperationView> {
        plan.check_acceptable()?;
        if plan.local_site != self.0.site {
            return Err(Error::invalid(format!(
                "{} was made on {}, this engine works from {}",
                plan.id, plan.local_site, self.0.site
            ))
            .remedy("accept it on the site where it was made, or plan again here"));
        }
        let facts = Box::new(Box::pin(self.facts(plan.group.as_str(), &plan.request)).await?);
        plan.check_fresh(&crate::plan::plan(&facts, &plan.request)?)?;
        let record = self.load(plan.group.as_str()).await?;
        let stored = self.new_operation(plan, &record)?;
        let accepted = Record::PlanAccepted {
            schema: JOURNAL_SCHEMA,
            plan_hash: plan.hash.clone(),
            consents: plan.consents.clone(),
            measures: Some(measures(plan, &facts)),
        };
        let first = JournalEntry::seal(0, stored.accepted_at, serde_json::to_string(&accepted)?, JOURNAL_START);
        let change = plan.kind.changes_metadata().then(|| self.opening(plan, &record, &stored));
        self.0.endpoints.store.begin_operation(&stored, &[first], change.as_ref()).await?;
        self.operation_show(stored.id.as_str()).await
    }

    /// Runs an accepted operation, or continues an interrupted or failed one, to its end. Finished already: shows it.
    ///
    /// # Errors
    /// no such operation here → `NotFound`; a living executor is at work → `Conflict`; cancelled at a step boundary →
    /// `Cancelled`, `run` again continues. A failed step is not an error of this call: see the returned operation.
    pub async fn run(&self, operation: &str, cancel: &Cancel, progress: &Progress) -> Result<OperationView> {
        let id = OperationId::new(operation);
        if self.0.project.is_some() {
            self.stored(operation).await?;
        }
        // boxed: whoever awaits this should not carry the whole executor
        Box::pin(self.0.executor.run(&id, cancel, progress)).await?;
        self.operation_show(operation).await
    }

    /// One operation of this site.
    ///
    /// # Errors
    /// not on this site → `NotFound`.
    pub async fn operation_show(&self, operation: &str) -> Result<OperationView> {
        let stored = self.stored(operation).await?;
        self.view(&stored).await
    }

    /// Operations of this site, newest first.
    ///
    /// # Errors
    /// store cannot be read → `Storage`.
    pub async fn operation_list(&self) -> Result<Vec<OperationView>> {
        self.listed(OperationFilter::default()).await
    }

    /// Those of them that have not ended. What it costs does not grow with what has.
    ///
    /// # Errors
    /// store cannot be read → `Storage`.
    pub async fn operation_list_open(&self) -> Result<Vec<OperationView>> {
        self.listed(OperationFilter { open: true, ..OperationFilter::default() }).await
    }

    async fn listed(&self, filter: OperationFilter) -> Result<Vec<OperationView>> {
        let mut views = Vec::new();
        let filter = OperationFilter { project: self.0.project.clone(), ..filter };
        for stored in self.0.endpoints.store.operations(&filter).await? {
            views.push(self.view(&stored).await?);
        }
        Ok(views)
    }

    /// The plan that an operation was accepted with.
    ///
    /// # Errors
    /// not on this site → `NotFound`; of another version → `Unsupported`.
    pub async fn operation_plan(&self, operation: &str) -> Result<Plan> {
        read_plan(&self.stored(operation).await?)
    }

    /// The plan of an operation as a graph, with how each step stands now: the same picture while it runs and after it.
    ///
    /// # Errors
    /// not on this site → `NotFound`; of another version → `Unsupported`.
    pub async fn operation_graph(&self, operation: &str) -> Result<Graph> {
        let stored = self.stored(operation).await?;
        let (plan, state) = (read_plan(&stored)?, self.state(&stored.id).await?);
        let executing = state.finished.is_none() && self.is_executing(&stored.id).await?;
        Ok(plan.graph_with(&describe::standing(&stored.id, &plan, &state, executing)))
    }

    pub(super) async fn stored(&self, operation: &str) -> Result<StoredOperation> {
        let found = self.0.endpoints.store.operation(&OperationId::new(operation)).await?;
        let is_visible = |found: &StoredOperation| self.0.project.as_ref().is_none_or(|own| *own == found.project);
        found.filter(is_visible).ok_or_else(|| {
            Error::not_found(format!("operation '{operation}' does not exist on {}", self.0.site))
                .remedy("openstack protector operation list; operations are kept on the site where they were started")
        })
    }

    async fn view(&self, stored: &StoredOperation) -> Result<OperationView> {
        let state = self.state(&stored.id).await?;
        let open = state.finished.is_none();
        let executing = open && self.is_executing(&stored.id).await?;
        let stop = if open { self.0.endpoints.store.stop_request(&stored.id).await? } else { None };
        let (now, limits) = (self.0.endpoints.clock.now(), self.0.executor.limits());
        let seen = describe::Seen { executing, stop: stop.as_ref(), now, limits };
        Ok(describe::operation(stored, &read_plan(stored)?, &state, &seen))
    }

    /// Whether somebody is at work on it, as far as the lease tells. A lease of our own that nobody here uses is none.
    pub(super) async fn is_executing(&self, id: &OperationId) -> Result<bool> {
        let now = self.0.endpoints.clock.now();
        let lease = self.0.endpoints.store.lease(id).await?;
        let in_use = |l: &Lease| l.holder != self.0.holder || self.0.executor.is_at_work(id);
        Ok(lease.is_some_and(|l| lease::is_alive(&l, now) && in_use(&l)))
    }

    /// How the operation stands that holds the group, as far as this site can tell.
    pub(super) async fn open_status(&self, record: &GroupRecord) -> Result<Option<OpenOperationView>> {
        let Some(open) = &record.group.operation else { return Ok(None) };
        let Some(stored) = self.0.endpoints.store.operation(&open.id).await? else {
            let (status, elsewhere) = (OperationStatus::Running, Some(open.site.clone()));
            return Ok(Some(OpenOperationView { status, can_abort: true, elsewhere }));
        };
        let state = self.state(&stored.id).await?;
        let status = state.status(self.is_executing(&stored.id).await?);
        Ok(Some(OpenOperationView { status, can_abort: state.can_abort(&read_plan(&stored)?), elsewhere: None }))
    }

    fn new_operation(&self, plan: &Plan, record: &GroupRecord) -> Result<StoredOperation> {
        Ok(StoredOperation {
            id: OperationId::new(format!("op-{}", self.0.endpoints.identifiers.uuid())),
            group: plan.group.clone(),
            group_name: plan.group_name.clone(),
            project: record.group.project_id.clone(),
            kind: plan.kind,
            accepted_at: self.0.endpoints.clock.now(),
            plan: serde_json::to_string(plan)?,
        })
    }

    /// The group's record with the operation on it.
    fn opening(&self, plan: &Plan, record: &GroupRecord, stored: &StoredOperation) -> GroupChange {
        let open = OpenOperation { id: stored.id.clone(), kind: stored.kind, site: self.0.site.clone() };
        let next = decide::opened(record, plan, open, self.0.endpoints.peer.site(), stored.accepted_at);
        GroupChange { expected: record.version, record: next, agreed: false }
    }
}

/// What the report of the operation will be measured by.
fn measures(plan: &Plan, facts: &Facts) -> Measures {
    let pinned = plan.steps.iter().find_map(|step| match &step.action {
        Action::CloneVolumes { point: PointSource::Pinned(name), .. } => Some(name),
        _ => None,
    });
    let points = facts.target.array.known().map(|array| array.recovery_points.as_slice()).unwrap_or_default();
    let point = pinned.and_then(|name| points.iter().find(|p| p.name == *name));
    Measures {
        rpo_minutes: facts.record.policy.as_ref().map(|policy| policy.rpo_minutes),
        point: point.map(|p| (p.name.clone(), p.created)),
    }
}
