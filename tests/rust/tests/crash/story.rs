//! A story: how the world gets to an operation, and what it must end in however often it is killed.

use protector_core::connect::Deployment;
use protector_core::engine::{Engine, MemberUpdate, Progress, Request};
use protector_core::exec::Record;
use protector_core::mock::Mishap;
use protector_core::model::{ArrayGroupName, Epoch, OperationStatus, ReplicationType};
use protector_core::plan::Action;
use protector_core::ports::{Cancel, Cx, verify_chain};
use protector_core::{Error, Result};
use protector_tests::compare::{differences, end_state};
use protector_tests::{GROUP, add_member, failover, files, operate, pods, protect, unplanned};
use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

/// More points than any operation has.
const MOST_POINTS: u64 = 2000;

/// An operation, and how the world gets to it.
pub(crate) struct Story {
    /// Operations that went before.
    pub(crate) before: Vec<Request>,
    pub(crate) request: Request,
    /// How the group is replicated.
    pub(crate) replication: ReplicationType,
    /// Site from which it is run.
    pub(crate) site: &'static str,
    pub(crate) what_happens: Incident,
    pub(crate) ends: OperationStatus,
}

#[derive(PartialEq)]
pub(crate) enum Incident {
    None,
    /// site-a is lost before the operation is planned.
    SiteLost,
    /// site-a was lost, site-b took over, and site-a is back.
    SiteLostAndBack,
    /// The same, and the link is cut after the plan was accepted: the first copy cannot be made.
    SiteLostAndBackWithoutLink,
    /// The target array refuses replication after the plan was accepted: the final snapshot cannot be taken.
    ReplicationRefused,
    /// The first member never boots on site-b, the second depends on it, and a third one has nothing to do with them.
    OneNeverBoots,
    /// That happened, and then Cinder takes over what it did not before.
    OneIsImportedLater,
}

impl Incident {
    fn loses_site(&self) -> bool {
        matches!(self, Self::SiteLost | Self::SiteLostAndBack | Self::SiteLostAndBackWithoutLink)
    }
}

impl Story {
    pub(crate) fn of(before: &[Request], request: Request) -> Self {
        let (what_happens, ends) = (Incident::None, OperationStatus::Completed);
        let replication = ReplicationType::Async;
        Self { before: before.to_vec(), request, replication, site: "site-a", what_happens, ends }
    }

    /// The same with a group in a stretched pod.
    pub(crate) fn in_pod(before: &[Request], request: Request) -> Self {
        Self { replication: ReplicationType::Sync, ..Self::of(before, request) }
    }
}

pub(crate) async fn survives_any_kill(story: Story) -> Result<()> {
    let accepted = files::directory()?;
    let operation = accept(accepted.path(), &story).await?;

    let reference = files::directory()?;
    files::copy(accepted.path(), reference.path())?;
    let expected = finish(reference.path(), &story, &operation).await?;

    let mut kills = 0;
    for point in 1..MOST_POINTS {
        let directory = files::directory()?;
        files::copy(accepted.path(), directory.path())?;
        if !is_killed_at(point, directory.path(), story.site, &operation)? {
            break;
        }
        kills += 1;
        let found = finish(directory.path(), &story, &operation).await?;
        let differences = differences(&expected, &found);
        assert!(differences.is_empty(), "killed at point {point}:\n{}", differences.join("\n"));
    }
    // before and after at least: the attempt, an intent, an outcome
    assert!((6..MOST_POINTS - 1).contains(&kills), "{kills} kills");
    Ok(())
}

/// Brings the world to where the operation is accepted and has not begun.
async fn accept(directory: &Path, story: &Story) -> Result<String> {
    let (deployment, engine) = protected(directory, story).await?;
    let has_missing = matches!(story.what_happens, Incident::OneNeverBoots | Incident::OneIsImportedLater);
    if has_missing {
        add_member(&deployment, &engine, "db-server-1", 0).await?;
        let change = MemberUpdate { depends_on: Some(vec!["web-server-1".into()]), ..MemberUpdate::default() };
        engine.member_update(GROUP, "app-server-1", &change).await?;
        // fewer looks at a server that never boots, and so fewer points
        let change = MemberUpdate { start_timeout_seconds: Some(5), ..MemberUpdate::default() };
        engine.member_update(GROUP, "web-server-1", &change).await?;
    }
    for request in &story.before {
        assert_eq!(operate(&engine, request).await?.status, OperationStatus::Completed);
    }
    let engine = deployment.engine(Some(story.site))?;
    if has_missing {
        miss(&deployment, &engine, story).await?;
    }
    if story.what_happens.loses_site() {
        deployment.world().set_site_available(&"site-a".into(), false)?;
    }
    if matches!(story.what_happens, Incident::SiteLostAndBack | Incident::SiteLostAndBackWithoutLink) {
        assert_eq!(operate(&engine, &unplanned(true)).await?.status, OperationStatus::Completed);
        deployment.world().set_site_available(&"site-a".into(), true)?;
        engine.sync_metadata(GROUP).await?;
    }
    let plan = engine.plan(GROUP, &story.request).await?;
    let operation = engine.accept(&plan).await?.id.to_string();
    match story.what_happens {
        Incident::ReplicationRefused => refuse_replication(&engine).await?,
        Incident::SiteLostAndBackWithoutLink => deployment.world().set_link_connected(false)?,
        _ => {}
    }
    Ok(operation)
}

/// A group with a member in each of two tiers.
async fn protected(directory: &Path, story: &Story) -> Result<(Deployment, Engine)> {
    if story.replication == ReplicationType::Sync {
        let deployment = pods::seeded(directory).await?;
        let engine = deployment.engine(Some("site-a"))?;
        pods::protect(&deployment, &engine).await?;
        return Ok((deployment, engine));
    }
    let deployment = files::seeded(directory).await?;
    let engine = deployment.engine(Some("site-a"))?;
    protect(&deployment, &engine).await?;
    add_member(&deployment, &engine, "app-server-1", 1).await?;
    Ok((deployment, engine))
}

/// Lets `web-server-1` not arrive, for good or until the retry.
async fn miss(deployment: &Deployment, engine: &Engine, story: &Story) -> Result<()> {
    let set = |mishap, name: &str, happens| deployment.world().set_mishap(&"site-b".into(), mishap, name, happens);
    for name in ["web-server-1", "web-server-1-test"] {
        set(Mishap::Boot, name, story.what_happens == Incident::OneNeverBoots)?;
    }
    if story.what_happens == Incident::OneIsImportedLater {
        set(Mishap::Import, "web-server-1-os", true)?;
        assert_eq!(operate(engine, &failover()).await?.status, OperationStatus::CompletedPartial);
        set(Mishap::Import, "web-server-1-os", false)?;
    }
    Ok(())
}

async fn refuse_replication(engine: &Engine) -> Result<()> {
    let endpoints = engine.endpoints();
    let deadline = jiff::Timestamp::MAX;
    let cx = Cx { op_key: "storage-admin".into(), epoch: Epoch(1), deadline, cancel: Cancel::default() };
    let image = ArrayGroupName::from("flasharray-a:mock-pg-drill-web-app");
    let array = endpoints.array(&"site-b".into())?;
    let owner = array.group(&image).await?.and_then(|group| group.value.owner);
    let owner = owner.ok_or_else(|| Error::not_found(format!("'{image}' carries no mark")))?;
    array.accept_from_peer(&cx, &image, &owner, false).await.map(drop)
}

/// Whether the child died by SIGKILL; else it came to the end of the operation.
fn is_killed_at(point: u64, directory: &Path, site: &str, operation: &str) -> Result<bool> {
    let child = Command::new(env!("CARGO_BIN_EXE_protector-test-child"))
        .args(["run", &directory.display().to_string(), site, operation, &point.to_string()])
        .output()
        .map_err(|e| Error::internal("no child was started").source(e))?;
    if child.status.signal() == Some(9) {
        return Ok(true);
    }
    assert!(child.status.success(), "{:?}: {}", child.status, String::from_utf8_lossy(&child.stderr));
    Ok(false)
}

/// Runs the operation from wherever it stands, and looks at everything.
async fn finish(directory: &Path, story: &Story, operation: &str) -> Result<serde_json::Value> {
    let deployment = files::open(directory).await?;
    let engine = deployment.engine(Some(story.site))?;
    let view = engine.run(operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(view.status, story.ends, "{view:#?}");
    check_journal(&engine, operation).await?;
    end_state(&deployment, &engine, operation).await
}

/// The chain holds, each outcome follows an intent, and no step has two outcomes unless it was reopened between.
async fn check_journal(engine: &Engine, operation: &str) -> Result<()> {
    let journal = engine.endpoints().store.journal(&operation.into(), 0).await?;
    verify_chain(&journal)?;
    let plan = engine.operation_plan(operation).await?;
    // a barrier has no effect, so nothing announces it
    let barriers: BTreeSet<_> =
        plan.steps.into_iter().filter(|s| s.action == Action::Barrier {}).map(|s| s.id).collect();
    let (mut begun, mut done) = (BTreeSet::new(), BTreeSet::new());
    for entry in journal {
        match serde_json::from_str(&entry.record)? {
            Record::StepReopened { step } => drop(done.remove(&step)),
            Record::StepIntent { step } => drop(begun.insert(step)),
            Record::StepDone { step, .. } => {
                assert!(begun.contains(&step) || barriers.contains(&step), "{step} was done before it began");
                assert!(done.insert(step.clone()), "{step} was done twice");
            }
            _ => {}
        }
    }
    Ok(())
}
