//! A world, what was done to it, and what an observer outside of it knows.

use crate::acts::{Act, Mishap, SITES, Wish};
use jiff::Timestamp;
use protector_core::engine::{Engine, Progress, Request, StopOptions};
use protector_core::model::{FailoverType, GroupRecord, Mappings, OperationKind, SiteName};
use protector_core::plan::{ExpectedLoss, Plan};
use protector_core::ports::{Cancel, ServerState};
use protector_core::wrap::{Fault, FaultScript};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::crash::{Fuse, with_fuse};
use protector_tests::faults::with_faults;
use protector_tests::stage::Stage;
use protector_tests::{GROUP, to_secondary};
use std::collections::BTreeMap;

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
    /// Highest epoch that each site has shown.
    pub(crate) epochs: BTreeMap<SiteName, u64>,
    /// Ids of everything that was ever seen on the arrays.
    pub(crate) volumes: std::collections::BTreeSet<String>,
    /// There has been a complete recovery point.
    pub(crate) had_point: bool,
    /// Unplanned failovers that have made their target the primary.
    switched: std::collections::BTreeSet<String>,
}

impl Walk {
    pub(crate) async fn begin() -> Result<Self> {
        let stage = Stage::replicated().await?;
        let contents = stage.contents(&stage.engine).await?;
        let (epochs, volumes) = Default::default();
        Ok(Self {
            stage,
            written: vec![(Timestamp::UNIX_EPOCH, contents)],
            forced: false,
            epochs,
            volumes,
            had_point: true,
            switched: Default::default(),
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

    /// Does it. What is refused is an answer, too.
    pub(crate) async fn make(&mut self, act: &Act) -> Result<()> {
        let world = self.stage.deployment.world().clone();
        match *act {
            Act::Write(count) => self.write(u64::from(count)).await,
            Act::Pass(minutes) => {
                self.stage.pass(60 * u64::from(minutes)).await;
                Ok(())
            }
            Act::Site { site, up } => world.set_site_available(&site.into(), up),
            Act::Link { up } => world.set_link_connected(up),
            Act::Operate { from, wish, mishap } => self.operate(from, wish, mishap).await,
            Act::Resume { from } => self.resume(from).await,
            Act::Abort { from, leave_peer } => self.abort(from, leave_peer).await,
            Act::SyncMetadata { from } => {
                drop(self.engine(from)?.sync_metadata(GROUP).await);
                Ok(())
            }
        }
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

    async fn operate(&mut self, from: &str, wish: Wish, mishap: Mishap) -> Result<()> {
        let engine = self.engine(from)?;
        let before = self.record().await?.1;
        let request = request(wish, &before);
        let Ok(plan) = engine.plan(GROUP, &request).await else { return Ok(()) };
        let Ok(accepted) = engine.accept(&plan).await else { return Ok(()) };
        self.forced |= plan.kind == OperationKind::UnplannedFailover;
        self.run(&engine, accepted.id.as_str(), mishap).await;
        self.learn(&plan, accepted.id.as_str()).await
    }

    async fn resume(&mut self, from: &str) -> Result<()> {
        // whoever froze has lost its lease by now
        self.stage.pass(LEASE_SECONDS).await;
        let engine = self.engine(from)?;
        let open = engine.operation_list().await?.into_iter().find(|o| o.finished_at.is_none());
        let Some(open) = open else { return Ok(()) };
        let plan = engine.operation_plan(open.id.as_str()).await?;
        self.run(&engine, open.id.as_str(), Mishap::None).await;
        self.learn(&plan, open.id.as_str()).await
    }

    async fn abort(&mut self, from: &str, leave_peer: bool) -> Result<()> {
        self.stage.pass(LEASE_SECONDS).await;
        let engine = self.engine(from)?;
        let open = engine.operation_list().await?.into_iter().find(|o| o.finished_at.is_none());
        let Some(open) = open else { return Ok(()) };
        let options = StopOptions { leave_peer, ..StopOptions::default() };
        let (cancel, none) = (Cancel::default(), Progress::none());
        drop(engine.operation_abort(open.id.as_str(), &options, &cancel, &none).await);
        self.learn(&engine.operation_plan(open.id.as_str()).await?, open.id.as_str()).await
    }

    /// Runs an operation, as far as it comes.
    async fn run(&self, engine: &Engine, id: &str, mishap: Mishap) {
        let (cancel, none) = (Cancel::default(), Progress::none());
        match mishap {
            Mishap::None => drop(engine.run(id, &cancel, &none).await),
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

    /// What an unplanned failover means for the data, once the workload runs where it led: what was written after its
    /// recovery point is lost, and nothing else.
    async fn learn(&mut self, plan: &Plan, operation: &str) -> Result<()> {
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

fn request(wish: Wish, record: &GroupRecord) -> Request {
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
