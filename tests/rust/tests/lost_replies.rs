//! Whichever reply of an array is lost, an operation ends as if it had come: in the same world, with nothing made twice.

use protector_core::Result;
use protector_core::engine::{Engine, OperationView, Progress, Request};
use protector_core::model::{Mappings, OperationStatus, SiteName};
use protector_core::ports::Cancel;
use protector_core::wrap::{Fault, FaultScript, SeenCall};
use protector_tests::compare::{differences, end_state};
use protector_tests::faults::{Faults, with_faults};
use protector_tests::stage::Stage;
use protector_tests::{add_member, drill, failover, files, operate, pods, to_secondary, unplanned};
use serde_json::Value;
use tempfile::TempDir;

/// An operation, and how the world gets to it.
struct Story {
    /// Operations that went before.
    before: Vec<Request>,
    request: Request,
    /// site-a is lost before the operation is planned, which is run from site-b.
    site_is_lost: bool,
    /// Method of the array of site-b whose replies never come.
    never_answers: Option<&'static str>,
    ends: OperationStatus,
    /// Changes of an array that the operation makes at least.
    changes: &'static [&'static str],
    /// The group is in a stretched pod.
    in_pod: bool,
}

impl Story {
    fn of(before: &[Request], request: Request, changes: &'static [&'static str]) -> Self {
        let ends = OperationStatus::Completed;
        Self {
            before: before.to_vec(),
            request,
            site_is_lost: false,
            never_answers: None,
            ends,
            changes,
            in_pod: false,
        }
    }
}

#[tokio::test]
async fn sync() -> Result<()> {
    loses_any_reply(Story::of(&[], Request::Sync {}, &["create_protection_group_snapshot"])).await
}

#[tokio::test]
async fn test_failover() -> Result<()> {
    let request = Request::TestFailover { mappings: to_secondary(), retain_primary: true };
    loses_any_reply(Story::of(&[Request::Sync {}], request, &["clone_volumes"])).await
}

#[tokio::test]
async fn test_cleanup() -> Result<()> {
    loses_any_reply(Story::of(&drill()[..2], Request::TestCleanup { test: None }, &["remove_clones"])).await
}

/// Every change of a move, in the order in which a planned one makes them.
const MOVES: &[&str] = &[
    "create_protection_group_snapshot",
    "fence",
    "clone_volumes",
    "ensure_group",
    "ensure_members",
    "ensure_replication",
    "accept_from_peer",
    "disable_replication",
];

/// I-33
#[tokio::test]
async fn planned_failover() -> Result<()> {
    loses_any_reply(Story::of(&[Request::Sync {}], failover(), MOVES)).await
}

#[tokio::test]
async fn failback() -> Result<()> {
    let request = Request::Failback { mappings: Mappings::default() };
    loses_any_reply(Story::of(&[Request::Sync {}, failover()], request, MOVES)).await
}

#[tokio::test]
async fn unplanned_failover() -> Result<()> {
    let story = Story::of(&[Request::Sync {}], unplanned(true), &["clone_volumes"]);
    loses_any_reply(Story { site_is_lost: true, ..story }).await
}

/// The clones are there, nobody ever hears of it: they are found and removed, and the source runs again.
#[tokio::test]
async fn planned_failover_that_rolls_back() -> Result<()> {
    let changes = &["fence", "clone_volumes", "remove_clones", "unfence"];
    let story = Story::of(&[Request::Sync {}], failover(), changes);
    loses_any_reply(Story { never_answers: Some("clone_volumes"), ends: OperationStatus::RolledBack, ..story }).await
}

/// Every change of a move of a group in a pod.
const POD_MOVES: &[&str] = &[
    "create_protection_group_snapshot",
    "fence",
    "clone_volumes",
    "ensure_group",
    "ensure_members",
    "ensure_replication",
    "accept_from_peer",
];

#[tokio::test]
async fn planned_failover_of_a_pod() -> Result<()> {
    loses_any_reply(Story { in_pod: true, ..Story::of(&[], failover(), POD_MOVES) }).await
}

#[tokio::test]
async fn unplanned_failover_of_a_pod() -> Result<()> {
    let changes = &["fence", "create_protection_group_snapshot", "clone_volumes"];
    loses_any_reply(Story { in_pod: true, site_is_lost: true, ..Story::of(&[], unplanned(true), changes) }).await
}

async fn loses_any_reply(story: Story) -> Result<()> {
    let (expected, calls) = run(&story, None).await?;
    let changed: Vec<_> = calls.iter().filter(|(_, call)| call.is_change).map(|(_, call)| call.method).collect();
    for method in story.changes {
        assert!(changed.contains(method), "{method} is not called: {changed:?}");
    }
    for (site, call) in calls {
        if story.never_answers == Some(call.method) {
            continue;
        }
        let (found, _) = run(&story, Some((&site, call))).await?;
        let differences = differences(&expected, &found);
        let SeenCall { method, number, .. } = call;
        assert!(differences.is_empty(), "without reply {number} of {method} on {site}:\n{}", differences.join("\n"));
    }
    Ok(())
}

/// A world of its own, the operation in it with this reply lost, and what it came to with the calls that it made.
async fn run(story: &Story, lost: Option<(&SiteName, SeenCall)>) -> Result<(Value, Vec<(SiteName, SeenCall)>)> {
    let (_directory, stage, engine, operation) = accepted(story).await?;
    let (engine, faults) = losing(&engine, story, lost);
    let mut view = attempt(&engine, &operation).await?;
    // an operation that stopped says how it goes on
    if !view.status.is_final() {
        view = attempt(&engine, &operation).await?;
    }
    assert_eq!(view.status, story.ends, "{lost:?}: {view:#?}");
    assert_eq!(faults.unmet(), Vec::<String>::new(), "{lost:?}");
    Ok((end_state(&stage.deployment, &engine, &operation).await?, faults.seen()))
}

fn losing(engine: &Engine, story: &Story, lost: Option<(&SiteName, SeenCall)>) -> (Engine, Faults) {
    let mut scripts: Vec<(SiteName, FaultScript)> = Vec::new();
    if let Some(method) = story.never_answers {
        scripts.push(("site-b".into(), FaultScript::default().always(method, Fault::LostReply)));
    }
    if let Some((site, call)) = lost {
        scripts.push((site.clone(), FaultScript::default().nth(call.method, call.number, Fault::LostReply)));
    }
    with_faults(engine, &scripts)
}

async fn attempt(engine: &Engine, operation: &str) -> Result<OperationView> {
    engine.run(operation, &Cancel::default(), &Progress::none()).await
}

/// Two members in two tiers, and the operation accepted.
async fn accepted(story: &Story) -> Result<(TempDir, Stage, Engine, String)> {
    let directory = files::directory()?;
    let stage = if story.in_pod { pods::stage(directory.path()).await? } else { Stage::protected().await? };
    if !story.in_pod {
        add_member(&stage.deployment, &stage.engine, "app-server-1", 1).await?;
    }
    for request in &story.before {
        assert_eq!(operate(&stage.engine, request).await?.status, OperationStatus::Completed);
    }
    let mut engine = stage.engine.clone();
    if story.site_is_lost {
        stage.set_site("site-a", false)?;
        engine = stage.other()?;
    }
    let plan = engine.plan(protector_tests::GROUP, &story.request).await?;
    let operation = engine.accept(&plan).await?.id.to_string();
    Ok((directory, stage, engine, operation))
}
