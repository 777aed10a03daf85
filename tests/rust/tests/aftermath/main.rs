//! What comes after a failover: the site that was left is fenced, what it held is kept, the workload is protected again.

#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "helpers of tests may panic as tests do")]

mod failback;
mod failover;
mod late_end;
mod ledger;
mod reprotect;

use protector_core::engine::{DivergenceDiscard, Engine, Event, OperationView, Progress, Request, StopOptions};
use protector_core::exec::Record;
use protector_core::model::{
    GroupRecord, GroupStatus, LedgerEntry, LedgerState, LedgerVolume, Mappings, OperationStatus, Protection, SiteName,
    VolumeId,
};
use protector_core::plan::StepOutput;
use protector_core::ports::{
    Cancel, CloneRequest, Cloud as _, Cx, FenceState, MemberMode, MemberSet, ServerState, SnapshotRequest,
    StorageDriver as _,
};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::compare::rows;
use protector_tests::stage::Stage;
use protector_tests::{GROUP, failover, operate, server_id, unplanned};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

fn failback() -> Request {
    Request::Failback { mappings: Mappings::default() }
}

fn reprotect() -> Request {
    Request::Reprotect {}
}

/// What it is called in Cinder: a volume that was in use has a name there.
fn in_cinder(volume: &LedgerVolume) -> &VolumeId {
    volume.volume_id.as_ref().expect("a volume of Cinder")
}

fn site_a() -> SiteName {
    "site-a".into()
}

/// What happened on site-a while nobody could reach it.
struct Left {
    stage: Stage,
    /// The engine of site-b, where the workload runs now.
    away: Engine,
    /// What each disk held on site-a when it came back.
    held: BTreeMap<String, u64>,
    old_server: String,
}

/// site-a was lost with 9 writes that are nowhere else, site-b took over, and site-a is back: its server runs on.
async fn left() -> Result<Left> {
    let stage = Stage::replicated().await?;
    let old_server = server_id(&stage.deployment, "site-a", "web-server-1").await?;
    stage.write("site-a", 9).await?;
    let held = stage.contents(&stage.engine).await?;
    stage.set_site("site-a", false)?;
    let away = stage.other()?;
    let moved = operate(&away, &unplanned(true)).await?;
    assert_eq!(moved.status, OperationStatus::Completed, "{moved:#?}");
    stage.set_site("site-a", true)?;
    Ok(Left { stage, away, held, old_server })
}

impl Left {
    async fn record(&self) -> Result<GroupRecord> {
        self.stage.record(&self.away).await
    }

    async fn entry(&self) -> Result<LedgerEntry> {
        Ok(self.record().await?.ledger.first().cloned().expect("the failover wrote an entry"))
    }

    /// Whether site-a takes writes to what it was left with.
    async fn old_side_takes_writes(&self) -> Result<bool> {
        let entry = self.entry().await?;
        let world = self.stage.deployment.world();
        Ok(entry.volumes.iter().any(|volume| world.write(&site_a(), in_cinder(volume), 0).is_ok()))
    }

    async fn old_server_is(&self, state: ServerState) -> Result<bool> {
        let cloud = self.stage.deployment.world().cloud(&site_a())?;
        Ok(cloud.server(&self.old_server.as_str().into()).await?.is_some_and(|server| server.state == state))
    }

    async fn completes(&self, request: &Request) -> Result<OperationView> {
        let done = operate(&self.away, request).await?;
        assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
        Ok(done)
    }

    async fn write(&self, count: u64) -> Result<()> {
        let site = SiteName::from("site-b");
        let record = self.record().await?;
        record
            .disks()
            .try_for_each(|(_, d)| self.stage.deployment.world().write(&site, &d.copies[&site].volume_id, count))
    }
}

/// What the finished steps of an operation left behind, by step.
async fn outputs(engine: &Engine, operation: &str) -> Result<BTreeMap<String, StepOutput>> {
    let mut outputs = BTreeMap::new();
    for entry in engine.endpoints().store.journal(&operation.into(), 0).await? {
        if let Record::StepDone { step, output } = serde_json::from_str(&entry.record)? {
            outputs.insert(step.to_string(), output);
        }
    }
    Ok(outputs)
}

/// I-08: what was seen, when, and from which array.
async fn check_evidence(stage: &Stage, output: &StepOutput, site: &str) -> Result<()> {
    let StepOutput::Fenced { site: at_site, group, state, array_id, array, at } = output else {
        return Err(Error::internal(format!("no evidence: {output:?}")));
    };
    let info = stage.deployment.world().storage_driver(&site.into())?.info().await?;
    assert_eq!((at_site.as_str(), *state, array_id, array), (site, FenceState::Fenced, &info.id, &info.name));
    assert_eq!(*group, stage.record(&stage.engine).await?.policy.expect("a policy").pure_pg_name);
    assert!(*at <= info.endpoint_time && info.endpoint_time.duration_since(*at).as_secs() < 3600);
    Ok(())
}

/// What the snapshot of a ledger entry holds, by name of the disk: cloned, as somebody would who wants it back.
async fn preserved(stage: &Stage, record: &GroupRecord, entry: &LedgerEntry) -> Result<BTreeMap<String, u64>> {
    let array = stage.deployment.world().storage_driver(&entry.site)?;
    let point = entry.snapshot.clone().ok_or_else(|| Error::not_found("the entry has no snapshot"))?;
    let volumes =
        entry.volumes.iter().map(|v| (v.array_volume.clone(), format!("rescue-{}", v.array_volume_id).into()));
    let (deadline, cancel) = (jiff::Timestamp::MAX, Cancel::default());
    let cx = Cx { op_key: "rescue".into(), epoch: record.group.epoch, deadline, cancel };
    let driver: &dyn protector_core::ports::StorageDriver = &array;
    let request = CloneRequest { point, volumes: volumes.collect() };
    let clones =
        protector_core::exec::settle(&*stage.engine.endpoints().clock, &cx, || driver.clone_volumes(&cx, &request));
    let clones = clones.await?;
    let name = driver.info().await?.name;
    let content = |volume: &LedgerVolume| {
        let disk = record.disks().find(|(_, disk)| disk.id == volume.disk).expect("a disk of the group").1;
        let clone = clones.iter().find(|c| c.source == volume.array_volume).expect("each volume was cloned");
        Ok((disk.name.clone(), stage.deployment.world().content(&name, &clone.id)?))
    };
    entry.volumes.iter().map(content).collect()
}
