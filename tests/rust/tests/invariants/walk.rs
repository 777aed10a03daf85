//! A world, what was done to it, and what an observer outside of it knows.

use crate::acts::{Act, Mishap, SITES, Wish};
use crate::edits::{Edits, STRAY};
use jiff::Timestamp;
use protector_core::engine::{Engine, OperationView, Progress, Request, StopOptions};
use protector_core::exec::{Limits, OperationState};
use protector_core::model::{FailoverType, GroupRecord, Mappings, OperationKind, SiteName};
use protector_core::plan::{ExpectedLoss, Plan};
use protector_core::ports::{Cancel, ServerState, StorageDriver as _};
use protector_core::wrap::{Fault, FaultScript};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::crash::{Fuse, with_fuse};
use protector_tests::faults::with_faults;
use protector_tests::gate::{Gate, Stall, gated};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, files, pods, to_secondary};
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Longest lease of an executor that is not heard of any more, and a little.
const LEASE_SECONDS: u64 = 90;
/// Changing methods of an array, whose replies may be lost.
const CHANGES: [&str; 4] = ["clone_volumes", "create_protection_group_snapshot", "fence", "ensure_members"];

/// Writes per disk name.
pub(crate) type Contents = BTreeMap<String, u64>;

#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) stage: Stage,
    /// What the workload was told is written, since when; the newest last.
    pub(crate) written: Vec<(Timestamp, Contents)>,
    /// Somebody consented to losing data.
    pub(crate) forced: bool,
    /// Highest epoch and version that each site has shown.
    pub(crate) highest: BTreeMap<SiteName, (u64, u64)>,
    /// Everything that was ever seen on the arrays, with the instant at which it was destroyed.
    pub(crate) volumes: BTreeMap<String, Option<i64>>,
    /// There has been a complete recovery point, and nobody outside destroyed one since.
    pub(crate) had_point: bool,
    /// What people did behind everybody's back.
    pub(crate) edits: Edits,
    /// An operation that ended as completed and moved the group, until a law has looked at what it came to.
    pub(crate) arrived: Option<OperationView>,
    /// A test or sync that changed the record of a group.
    pub(crate) changed_by_a_test: Option<String>,
    /// Changes that an executor made although another one had taken its operation.
    pub(crate) acted_late: Option<String>,
    /// Unplanned failovers that have made their target the primary.
    switched: std::collections::BTreeSet<String>,
    stalled: Option<Stalled>,
    /// Where the world lies, unless it is in memory.
    _directory: Option<TempDir>,
}

/// An executor that stands still in a change of an array.
#[derive(Debug)]
struct Stalled {
    site: &'static str,
    operation: String,
    /// Attempts at the operation when it stood still.
    attempts: u32,
    gate: Arc<Gate>,
    task: JoinHandle<Result<OperationView>>,
}

impl Walk {
    pub(crate) async fn begin() -> Result<Self> {
        Self::on(Stage::replicated().await?, None).await
    }

    /// With a group in a stretched pod.
    pub(crate) async fn begin_in_pod() -> Result<Self> {
        let directory = files::directory()?;
        let stage = pods::stage(directory.path()).await?;
        stage.completes(&Request::Sync {}).await?;
        Self::on(stage, Some(directory)).await
    }

    async fn on(stage: Stage, directory: Option<TempDir>) -> Result<Self> {
        let contents = stage.contents(&stage.engine).await?;
        Ok(Self {
            stage,
            written: vec![(Timestamp::UNIX_EPOCH, contents)],
            forced: false,
            highest: BTreeMap::new(),
            volumes: BTreeMap::new(),
            had_point: true,
            edits: Edits::default(),
            arrived: None,
            changed_by_a_test: None,
            acted_late: None,
            switched: Default::default(),
            stalled: None,
            _directory: directory,
        })
    }

    pub(crate) fn engine(&self, site: &str) -> Result<Engine> {
        self.stage.deployment.engine(Some(site))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.stage.deployment.world().clock().now()
    }

    /// The record of the site that knows more: the one with the higher epoch, then version.
    pub(crate) async fn record(&self) -> Result<(&'static str, GroupRecord)> {
        let mut newest: Option<(&'static str, GroupRecord)> = None;
        for site in SITES {
            let record = self.stage.record(&self.engine(site)?).await?;
            let key = |r: &GroupRecord| (r.group.epoch.0, r.version);
            if newest.as_ref().is_none_or(|(_, known)| key(&record) > key(known)) {
                newest = Some((site, record));
            }
        }
        newest.ok_or_else(|| Error::internal("there are no sites"))
    }

    /// Whether cloud and array of a site answer.
    pub(crate) async fn answers(&self, site: &SiteName) -> Result<bool> {
        let world = self.stage.deployment.world();
        Ok(world.site_is_available(site)? && world.storage_driver(site)?.info().await.is_ok())
    }

    /// Does it. What is refused is an answer, too.
    pub(crate) async fn make(&mut self, act: &Act) -> Result<()> {
        let world = self.stage.deployment.world().clone();
        match *act {
            Act::Write(count) => self.write(u64::from(count)).await?,
            Act::Pass(minutes) => self.stage.pass(60 * u64::from(minutes)).await,
            Act::Sleep(hours) => self.stage.pass(3600 * u64::from(hours)).await,
            Act::Site { site, up } => world.set_site_available(&site.into(), up)?,
            Act::Array { site, up } => {
                let sites = world.sites()?;
                let of_site = sites.iter().find(|s| s.name.as_str() == site);
                let array = &of_site.ok_or_else(|| Error::not_found(site))?.array;
                world.set_array_available(array, up)?;
            }
            Act::Link { up } => world.set_link_connected(up)?,
            Act::Operate { from, wish, mishap } => self.operate(from, wish, mishap).await?,
            Act::Resume { from } => drop(self.resume(from).await?),
            Act::TakeOver { from } => self.take_over(from).await?,
            Act::WakeUp => self.wake_up().await?,
            Act::Abort { from, leave_peer } => drop(self.abort(from, leave_peer).await?),
            Act::SyncMetadata { from } => drop(self.engine(from)?.sync_metadata(GROUP).await),
            Act::Edit(edit) => {
                let (site, record) = self.record().await?;
                self.edits.make(edit, &self.engine(site)?, &self.stage.deployment, &record).await;
                self.had_point &= !self.edits.destroyed_a_point;
            }
        }
        Ok(())
    }

    /// A workload writes to all of its disks or, when its server is down or its volumes are fenced, to none.
    async fn write(&mut self, count: u64) -> Result<()> {
        let (_, record) = self.record().await?;
        let site = record.group.current_primary_site.clone();
        let world = self.stage.deployment.world();
        if !self.server_runs(&record, &site).await? {
            return Ok(());
        }
        for (_, disk) in record.disks() {
            let Some(copy) = disk.copies.get(&site) else { return Ok(()) };
            match world.write(&site, &copy.volume_id, count) {
                Ok(()) => {}
                Err(e) if matches!(e.kind(), ErrorKind::Precondition | ErrorKind::Unreachable) => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        let mut contents = self.written.last().map(|(_, contents)| contents.clone()).unwrap_or_default();
        contents.values_mut().for_each(|written| *written += count);
        self.written.push((self.now(), contents));
        Ok(())
    }

    /// Whether a member's server is active on a site that is up.
    pub(crate) async fn server_runs(&self, record: &GroupRecord, site: &SiteName) -> Result<bool> {
        let world = self.stage.deployment.world();
        if !world.site_is_available(site)? {
            return Ok(false);
        }
        let servers = protector_core::ports::Cloud::servers(&world.cloud(site)?).await?;
        let ours: Vec<_> = record.members.iter().filter_map(|m| m.server_on(site)).collect();
        Ok(servers.iter().any(|s| ours.contains(&&s.id) && s.state == ServerState::Active))
    }

    async fn operate(&mut self, from: &'static str, wish: Wish, mishap: Mishap) -> Result<()> {
        let engine = self.engine(from)?;
        let before = self.record().await?.1;
        let request = request(wish, &before);
        let Ok(plan) = engine.plan(GROUP, &request).await else { return Ok(()) };
        let Ok(accepted) = engine.accept(&plan).await else { return Ok(()) };
        self.forced |= plan.kind == OperationKind::UnplannedFailover;
        self.run(&engine, from, accepted.id.as_str(), mishap).await;
        self.learn(&engine, &plan, accepted.id.as_str()).await?;
        if !plan.kind.changes_metadata() && self.record().await?.1 != before {
            self.changed_by_a_test = Some(format!("{} {}", plan.kind, accepted.id));
        }
        Ok(())
    }

    /// Goes on with what is open on a site. Returns whether there was anything.
    pub(crate) async fn resume(&mut self, from: &str) -> Result<bool> {
        // whoever froze has lost its lease by now
        self.stage.pass(LEASE_SECONDS).await;
        let engine = self.engine(from)?;
        let Some(open) = open(&engine).await? else { return Ok(false) };
        let plan = engine.operation_plan(&open).await?;
        let was_told = self.is_told_elsewhere(from).await?;
        drop(engine.run(&open, &Cancel::default(), &Progress::none()).await);
        self.learn(&engine, &plan, &open).await?;
        self.arrived = self.arrived.take().filter(|_| !was_told);
        Ok(true)
    }

    async fn take_over(&mut self, from: &str) -> Result<()> {
        let engine = self.engine(from)?;
        let Some(open) = open(&engine).await? else { return Ok(()) };
        let plan = engine.operation_plan(&open).await?;
        let was_told = self.is_told_elsewhere(from).await?;
        drop(engine.operation_takeover(&open, &Cancel::default(), &Progress::none()).await);
        self.learn(&engine, &plan, &open).await?;
        self.arrived = self.arrived.take().filter(|_| !was_told);
        Ok(())
    }

    /// Whether the other site knows the end of what is open on this one. Who arrived was looked at then.
    async fn is_told_elsewhere(&self, from: &str) -> Result<bool> {
        let other = if from == SITES[0] { SITES[1] } else { SITES[0] };
        let (ours, theirs) =
            (self.stage.record(&self.engine(from)?).await?, self.stage.record(&self.engine(other)?).await?);
        Ok(theirs.version > ours.version && theirs.group.operation.is_none())
    }

    /// Gives up what is open on a site. Returns whether there was anything.
    pub(crate) async fn abort(&mut self, from: &str, leave_peer: bool) -> Result<bool> {
        self.stage.pass(LEASE_SECONDS).await;
        let engine = self.engine(from)?;
        let Some(open) = open(&engine).await? else { return Ok(false) };
        let options = StopOptions { leave_peer, ..StopOptions::default() };
        let (cancel, none) = (Cancel::default(), Progress::none());
        drop(engine.operation_abort(&open, &options, &cancel, &none).await);
        self.learn(&engine, &engine.operation_plan(&open).await?, &open).await?;
        Ok(true)
    }

    /// Lets an executor go on that stood still. If somebody has taken its operation meanwhile, it makes no further change.
    pub(crate) async fn wake_up(&mut self) -> Result<()> {
        let Some(Stalled { site, operation, attempts, gate, task }) = self.stalled.take() else { return Ok(()) };
        let engine = self.engine(site)?;
        let was_taken = state(&engine, &operation).await?.attempts > attempts;
        let changes = gate.changes();
        gate.release();
        let ended = task.await.map_err(|e| Error::internal(format!("the executor that stood still: {e}")))?;
        if was_taken && gate.changes() > changes {
            self.acted_late = Some(format!("{operation}: {} more changes, {ended:?}", gate.changes() - changes));
        }
        self.learn(&engine, &engine.operation_plan(&operation).await?, &operation).await?;
        // what somebody else brought to its end was looked at then
        self.arrived = self.arrived.take().filter(|_| !was_taken);
        Ok(())
    }

    /// Runs an operation, as far as it comes.
    async fn run(&mut self, engine: &Engine, from: &'static str, id: &str, mishap: Mishap) {
        let (cancel, none) = (Cancel::default(), Progress::none());
        match mishap {
            Mishap::Stalls(number) if self.stalled.is_none() => {
                self.run_until_it_stalls(engine, from, id, number).await;
            }
            Mishap::None | Mishap::Stalls(_) => drop(engine.run(id, &cancel, &none).await),
            Mishap::Freezes(point) => {
                let fuse = Fuse::freezing(u64::from(point));
                let doomed = with_fuse(engine, &fuse);
                tokio::select! {
                    ended = doomed.run(id, &cancel, &none) => drop(ended),
                    () = fuse.frozen() => {}
                }
            }
            Mishap::LosesReply(number) => {
                let script = CHANGES.iter().fold(FaultScript::default(), |script, method| {
                    script.nth(method, u32::from(number), Fault::LostReply)
                });
                let (engine, _) = with_faults(engine, &[("site-b".into(), script)]);
                drop(engine.run(id, &cancel, &none).await);
            }
        }
    }

    async fn run_until_it_stalls(&mut self, engine: &Engine, site: &'static str, id: &str, number: u8) {
        let gate = Gate::new(usize::from(number), Stall::AfterEffect);
        let (slow, operation) = (gated(engine, &gate, Limits::SEQUENTIAL), id.to_owned());
        let id = operation.clone();
        let mut task = tokio::spawn(async move { slow.run(&id, &Cancel::default(), &Progress::none()).await });
        tokio::select! {
            () = gate.stands() => {}
            ended = &mut task => return drop(ended),
        }
        let attempts = state(engine, &operation).await.map_or(0, |state| state.attempts);
        self.stalled = Some(Stalled { site, operation, attempts, gate, task });
    }

    /// What an operation means for the data, once the workload runs where it led: what was written after its recovery point
    /// is lost in an unplanned failover, and nothing else.
    async fn learn(&mut self, engine: &Engine, plan: &Plan, operation: &str) -> Result<()> {
        let shown = engine.operation_show(operation).await?;
        let completed = shown.status == protector_core::model::OperationStatus::Completed;
        self.arrived = Some(shown).filter(|_| completed && plan.kind.moves_workload());
        self.edits.stray_may_leave |= plan.findings.iter().any(|f| f.message.contains(STRAY));
        let ExpectedLoss::After { created, .. } = &plan.expected_loss else { return Ok(()) };
        let (_, record) = self.record().await?;
        let is_there = record.group.current_primary_site == plan.target && record.group.epoch > plan.epoch;
        if !is_there || !self.switched.insert(operation.to_owned()) {
            return Ok(());
        }
        self.written.retain(|(at, _)| at <= created);
        let (_, kept) = self.written.last().cloned().ok_or_else(|| Error::internal("nothing was ever written"))?;
        self.written.push((self.now(), kept));
        Ok(())
    }
}

/// The operation that is open on the site of an engine.
pub(crate) async fn open(engine: &Engine) -> Result<Option<String>> {
    let open = engine.operation_list().await?.into_iter().find(|o| o.finished_at.is_none());
    Ok(open.map(|o| o.id.to_string()))
}

/// How an operation stands, by its journal.
pub(crate) async fn state(engine: &Engine, operation: &str) -> Result<OperationState> {
    OperationState::fold(&engine.endpoints().store.journal(&operation.into(), 0).await?)
}

pub(crate) fn request(wish: Wish, record: &GroupRecord) -> Request {
    let mappings = if record.group.is_home() { to_secondary() } else { Mappings::default() };
    let failover = |failover_type: FailoverType, force: bool| Request::Failover {
        failover_type,
        force,
        reason: force.then(|| "the site is lost".to_owned()),
        mappings: mappings.clone(),
    };
    match wish {
        Wish::Sync => Request::Sync {},
        Wish::Test => Request::TestFailover { mappings: mappings.clone(), retain_primary: true },
        Wish::Cleanup => Request::TestCleanup { test: None },
        Wish::Planned => failover(FailoverType::Planned, false),
        Wish::Unplanned => failover(FailoverType::Unplanned, true),
        Wish::Failback => Request::Failback { mappings: Mappings::default() },
        Wish::Reprotect => Request::Reprotect {},
        Wish::Commit => Request::Commit {},
        Wish::Retry => Request::RetryFailed { mappings: Mappings::default() },
    }
}
