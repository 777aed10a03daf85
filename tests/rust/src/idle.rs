//! Operations on a cloud where nothing takes time: what is left is the executor and its journal.

use async_trait::async_trait;
use protector_core::connect::SystemProbe;
use protector_core::exec::lease::this_process;
use protector_core::exec::{Endpoints, Executor, JOURNAL_SCHEMA, Limits, OperationState, Progress, Record};
use protector_core::model::*;
use protector_core::plan::{Action, OnFailure, Phase, Plan, Request, Step, StepOutput, plan};
use protector_core::ports::*;
use protector_core::store::{Durability, SqlStore, StoreLocation};
use protector_core::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::{fmt, path::Path, time::Instant};

const SITE: &str = "site-b";

/// An operation, and what runs it.
#[derive(Debug)]
pub struct Idle {
    executor: Executor,
    store: Arc<dyn Store>,
    operation: OperationId,
    cloud: Arc<Nobody>,
}

/// An accepted operation of `steps` steps on a store in `directory`, which syncs nothing, of which `done` are done in an
/// attempt that died: its journal has one record, one more for the attempt, and two for each of these steps.
///
/// # Errors
/// store cannot be written → `Storage`.
pub async fn operation(directory: &Path, steps: usize, done: usize) -> Result<Idle> {
    let location = StoreLocation::File(directory.join("idle.db"));
    SqlStore::migrate(&location)?;
    let store = Arc::new(SqlStore::open(location, None, Durability::Off)?);
    let plan = idle_plan(steps)?;
    let now = jiff::Timestamp::UNIX_EPOCH;
    let operation = StoredOperation {
        id: "op-idle".into(),
        group: plan.group.clone(),
        group_name: plan.group_name.clone(),
        project: "project".into(),
        kind: plan.kind,
        accepted_at: now,
        plan: serde_json::to_string(&plan)?,
    };
    let entries = journal(&plan, done)?;
    store.begin_operation(&operation, &entries, None).await?;
    let cloud = Arc::new(Nobody { site: SITE.into(), asked: OnceLock::new() });
    let endpoints = Endpoints {
        store: store.clone(),
        peer: cloud.clone(),
        clouds: BTreeMap::from([(SITE.into(), cloud.clone() as Arc<dyn Cloud>)]),
        arrays: BTreeMap::new(),
        clock: Arc::new(SystemClock),
        identifiers: Arc::new(RandomIdentifiers),
        probe: Arc::new(SystemProbe),
    };
    let executor = Executor::new(endpoints, this_process("idle".to_owned()), Limits::default());
    Ok(Idle { executor, store, operation: operation.id, cloud })
}

impl Idle {
    /// Runs it to its end.
    ///
    /// # Errors
    /// what the executor says; not completed → `Internal`.
    pub async fn run(&self) -> Result<OperationState> {
        let state = self.executor.run(&self.operation, &Cancel::default(), &Progress::none()).await?;
        match state.finished {
            Some((OperationStatus::Completed, _)) => Ok(state),
            other => Err(Error::internal(format!("{other:?}: {:?}", state.error))),
        }
    }

    /// When the first of its steps called the cloud.
    pub fn acted(&self) -> Option<Instant> {
        self.cloud.asked.get().copied()
    }

    /// Reads its journal and folds it.
    ///
    /// # Errors
    /// as [`OperationState::read`].
    pub async fn state(&self) -> Result<OperationState> {
        OperationState::read(&*self.store, &self.operation).await
    }
}

fn idle_plan(steps: usize) -> Result<Plan> {
    let step = |n: usize| Step {
        id: format!("delete_port/{n:06}").into(),
        title: format!("delete port {n}"),
        phase: Phase::Cleanup,
        action: Action::DeletePort { site: SITE.into(), port: format!("port-{n}").into() },
        after: Vec::new(),
        weight: 1,
        timeout_seconds: 60,
        on_failure: OnFailure::Stop,
        member: None,
    };
    let any = plan(&crate::scale::facts(2), &Request::Sync {})?;
    Ok(Plan { steps: (0..steps).map(step).collect(), ..any })
}

fn journal(plan: &Plan, done: usize) -> Result<Vec<JournalEntry>> {
    let mut records = vec![Record::PlanAccepted {
        schema: JOURNAL_SCHEMA,
        plan_hash: plan.hash.clone(),
        consents: Vec::new(),
        measures: None,
    }];
    if done > 0 {
        records.push(Record::Attempt { holder: this_process("dead".to_owned()), generation: 1, taken_from: None });
    }
    for step in plan.steps.iter().take(done) {
        records.push(Record::StepIntent { step: step.id.clone() });
        records.push(Record::StepDone { step: step.id.clone(), output: StepOutput::Nothing });
    }
    let mut entries: Vec<JournalEntry> = Vec::with_capacity(records.len());
    for (sequence, record) in (0..).zip(records) {
        let previous = entries.last().map_or(JOURNAL_START, |entry| &*entry.hash);
        let record = serde_json::to_string(&record)?;
        entries.push(JournalEntry::seal(sequence, written_at(sequence)?, record, previous));
    }
    Ok(entries)
}

/// Two records in one write, as with eight steps in flight.
fn written_at(sequence: u64) -> Result<jiff::Timestamp> {
    let nanoseconds = sequence.div_ceil(2) * 1_234_567;
    jiff::Timestamp::from_nanosecond(nanoseconds.into())
        .map_err(|e| Error::internal("a time is out of range").source(e))
}

/// A cloud and a site that do what they are asked at once, and can do little.
#[derive(Debug)]
struct Nobody {
    site: SiteName,
    /// When for the first time.
    asked: OnceLock<Instant>,
}

impl fmt::Display for Nobody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody")
    }
}

fn cannot<T>() -> Result<T> {
    Err(Error::unsupported("an idle cloud only deletes ports"))
}

#[async_trait]
impl Peer for Nobody {
    fn site(&self) -> &SiteName {
        &self.site
    }

    async fn ping(&self) -> Result<()> {
        cannot()
    }

    async fn version(&self, _: &ProtectionGroupId) -> Result<PeerVersion> {
        cannot()
    }

    async fn record(&self, _: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        cannot()
    }

    async fn agreed(&self, _: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        cannot()
    }

    async fn check_tokens(&self, _: &GroupRecord) -> Result<()> {
        cannot()
    }

    async fn push(&self, _: &GroupRecord, _: PeerVersion) -> Result<()> {
        cannot()
    }

    async fn remove(&self, _: &ProtectionGroupId, _: PeerVersion) -> Result<()> {
        cannot()
    }
}

#[async_trait]
impl Cloud for Nobody {
    async fn delete_port(&self, _: &Cx, _: &PortId) -> Result<Outcome<()>> {
        self.asked.get_or_init(Instant::now);
        Ok(Outcome::Done(()))
    }

    async fn ping(&self) -> Result<CloudInfo> {
        cannot()
    }

    async fn volume_types(&self) -> Result<Vec<VolumeType>> {
        cannot()
    }

    async fn consistency_group(&self, _: &CinderGroupId) -> Result<Option<CinderGroup>> {
        cannot()
    }

    async fn ensure_consistency_group(&self, _: &Cx, _: &CinderGroupSpec) -> Result<Outcome<CinderGroup>> {
        cannot()
    }

    async fn ensure_group_members(
        &self,
        _: &Cx,
        _: &CinderGroupId,
        _: &BTreeSet<VolumeId>,
    ) -> Result<Outcome<CinderGroup>> {
        cannot()
    }

    async fn delete_consistency_group(&self, _: &Cx, _: &CinderGroupId) -> Result<Outcome<()>> {
        cannot()
    }

    async fn servers(&self) -> Result<Vec<Server>> {
        cannot()
    }

    async fn server(&self, _: &ServerId) -> Result<Option<Server>> {
        cannot()
    }

    async fn volume(&self, _: &VolumeId) -> Result<Option<CloudVolume>> {
        cannot()
    }

    async fn networks(&self) -> Result<Vec<Network>> {
        cannot()
    }

    async fn flavors(&self) -> Result<Vec<Flavor>> {
        cannot()
    }

    async fn quota(&self) -> Result<Quota> {
        cannot()
    }

    async fn stop_server(&self, _: &Cx, _: &ServerId) -> Result<Outcome<()>> {
        cannot()
    }

    async fn start_server(&self, _: &Cx, _: &ServerId) -> Result<Outcome<()>> {
        cannot()
    }

    async fn import_volume(&self, _: &Cx, _: &ImportRequest) -> Result<Outcome<CloudVolume>> {
        cannot()
    }

    async fn retype_volume(&self, _: &Cx, _: &VolumeId, _: &str) -> Result<Outcome<CloudVolume>> {
        cannot()
    }

    async fn release_volume(&self, _: &Cx, _: &VolumeId) -> Result<Outcome<()>> {
        cannot()
    }

    async fn ensure_port(&self, _: &Cx, _: &PortSpec) -> Result<Outcome<Port>> {
        cannot()
    }

    async fn ensure_server(&self, _: &Cx, _: &ServerSpec) -> Result<Outcome<Server>> {
        cannot()
    }

    async fn delete_server(&self, _: &Cx, _: &ServerId) -> Result<Outcome<()>> {
        cannot()
    }
}
