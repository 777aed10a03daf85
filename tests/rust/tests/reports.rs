//! Reports and pictures of operations of the simulated world, against what the world says itself.

#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests do"
)]

use protector_core::Result;
use protector_core::engine::report::{Answer, MemberResult, OperationReport, Verdict};
use protector_core::engine::{Progress, Request};
use protector_core::mock::WorldSettings;
use protector_core::model::OperationStatus;
use protector_core::plan::GraphFormat;
use protector_core::plan::graph::StepWord;
use protector_core::ports::{Cancel, Cloud as _};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, add_member, failover, golden, operate, to_secondary, unplanned};
use std::collections::BTreeSet;

fn rehearsal() -> Request {
    Request::TestFailover { mappings: to_secondary(), retain_primary: true }
}

const CLEANUP: Request = Request::TestCleanup { test: None };

/// Two members on two tiers, replicated.
async fn stage() -> Result<Stage> {
    let stage = Stage::protected().await?;
    add_member(&stage.deployment, &stage.engine, "db-server-1", 1).await?;
    stage.completes(&Request::Sync {}).await?;
    Ok(stage)
}

async fn report(stage: &Stage, operation: &str) -> Result<OperationReport> {
    let report = stage.engine.operation_report(operation).await?;
    // read and written again it is the same: people keep reports
    let kept: OperationReport = serde_json::from_str(&serde_json::to_string(&report)?)?;
    assert_eq!(kept, report);
    Ok(report)
}

/// Servers, ports and volumes of a site, by id.
async fn there(stage: &Stage, site: &str) -> Result<BTreeSet<String>> {
    let cloud = stage.deployment.world().cloud(&site.into())?;
    let mut ids = BTreeSet::new();
    for server in cloud.servers().await? {
        ids.extend(server.nics.iter().filter_map(|n| n.port.as_ref()).map(ToString::to_string));
        ids.extend(server.volumes.iter().map(|v| v.volume.id.to_string()));
        ids.insert(server.id.to_string());
    }
    Ok(ids)
}

/// The report without what differs from process to process.
fn stable(mut report: OperationReport) -> OperationReport {
    for (n, executing) in report.executed_by.iter_mut().enumerate() {
        executing.host = "host".to_owned();
        executing.process = u32::try_from(n).unwrap_or_default();
    }
    report.journal.head = "0".repeat(64);
    report
}

/// I-21: what the report calls made is what appeared in the world, and what it calls removed has left it.
#[tokio::test]
async fn golden_report_of_a_drill() -> Result<()> {
    let stage = stage().await?;
    let before = there(&stage, "site-b").await?;
    stage.pass(60).await;
    let test = operate(&stage.engine, &rehearsal()).await?.id.to_string();
    let during = there(&stage, "site-b").await?;

    let open = report(&stage, &test).await?;
    assert_eq!(open.verdict, Verdict::NotCleanedUp, "{}", open.headline);
    let things = &open.things;
    assert_eq!(things.made, things.left);
    let made: BTreeSet<String> = (things.made.servers.iter().map(ToString::to_string))
        .chain(things.made.ports.iter().map(ToString::to_string))
        .chain(things.made.volumes.iter().map(ToString::to_string))
        .collect();
    assert_eq!(during.difference(&before).cloned().collect::<BTreeSet<_>>(), made);
    assert_eq!(things.made.clones.len(), things.made.volumes.len());

    stage.completes(&CLEANUP).await?;
    assert_eq!(there(&stage, "site-b").await?, before);
    let closed = report(&stage, &test).await?;
    assert_eq!((closed.verdict, closed.things.left.count()), (Verdict::Passed, 0), "{}", closed.headline);
    assert_eq!(closed.things.made, closed.things.removed);
    assert_eq!((closed.recovery_point.met, closed.things.cleanups.len()), (Answer::Yes, 1));
    let journal = stage.engine.endpoints().store.journal(&test.as_str().into(), 0).await?;
    assert_eq!(closed.journal.records, journal.len());
    assert_eq!(Some(closed.journal.head.as_str()), journal.last().map(|e| &*e.hash));
    golden::check_text("reports/drill.txt", &stable(closed.clone()).to_text())?;
    golden::check_text("reports/drill.html", &stable(closed).to_html())
}

#[tokio::test]
async fn a_server_that_never_comes_up_fails_the_drill_and_is_found() -> Result<()> {
    let stage = stage().await?;
    let world = stage.deployment.world();
    let usual = world.settings()?;
    world.set_settings(WorldSettings { boot_millis: 20 * 60 * 1000, ..usual })?;
    let failed = operate(&stage.engine, &rehearsal()).await?;
    assert_eq!(failed.status, OperationStatus::Failed);
    world.set_settings(usual)?;
    let test = failed.id.to_string();

    let open = report(&stage, &test).await?;
    assert_eq!(open.verdict, Verdict::Failed);
    assert!(open.headline.starts_with("Drill failed: 0 of 2 servers ran, "), "{}", open.headline);
    let results: Vec<_> = open.members.iter().map(|m| m.result).collect();
    assert_eq!(results, [MemberResult::Failed, MemberResult::Failed]);
    // what a member that failed left behind is in the journal: it is named, also where nobody can look
    assert_eq!((open.things.left.servers.len(), open.things.untold.len()), (2, 0), "{:?}", open.things);
    stage.set_site("site-b", false)?;
    let blind = report(&stage, &test).await?;
    assert_eq!(blind.things, open.things);
    stage.set_site("site-b", true)?;

    stage.completes(&CLEANUP).await?;
    let closed = report(&stage, &test).await?;
    assert_eq!((closed.verdict, closed.things.left.count(), closed.things.untold.len()), (Verdict::Failed, 0, 0));
    assert_eq!(closed.things.removed.servers.len(), 2);
    assert!(closed.headline.ends_with("everything removed"), "{}", closed.headline);
    Ok(())
}

#[tokio::test]
async fn the_age_of_the_data_is_that_of_the_acceptance_and_the_objective_that_of_then() -> Result<()> {
    let stage = stage().await?;
    stage.pass(60).await;
    let accepted = stage.accepted(&unplanned(true)).await?;
    stage.pass(3600).await;
    stage.engine.run(&accepted, &Cancel::default(), &Progress::none()).await?;
    let report = report(&stage, &accepted).await?;
    let age = *report.recovery_point.age_seconds.known().expect("an age");
    assert!((60.0..300.0).contains(&age), "{age}");
    assert_eq!(report.recovery_point.objective_seconds.known(), Some(&900.0));
    assert_eq!(report.recovery_point.met, Answer::Yes);
    // it counts from the acceptance, not from when somebody got round to it
    assert!(*report.recovery_time.seconds.known().expect("a time") > 3600.0);
    assert!(report.consents.iter().all(|c| c.reason.as_deref() == Some("site-a is lost")));
    assert!(!report.consents.is_empty());
    Ok(())
}

#[tokio::test]
async fn every_kind_of_operation_has_a_report_and_a_picture() -> Result<()> {
    let stage = stage().await?;
    let back = Request::Failback { mappings: protector_core::model::Mappings::default() };
    for request in [Request::Sync {}, rehearsal(), CLEANUP, failover(), back] {
        let done = operate(&stage.engine, &request).await?;
        let report = report(&stage, done.id.as_str()).await?;
        let passed = if request == rehearsal() { Verdict::NotCleanedUp } else { Verdict::Passed };
        assert_eq!(report.verdict, passed, "{}", report.headline);
        let graph = stage.engine.operation_graph(done.id.as_str()).await?;
        assert_eq!(graph, report.graph);
        assert_eq!(graph.progress.as_ref().map(|p| p.percent), Some(100));
        for node in &graph.nodes {
            assert_eq!(node.standing.keys().collect::<Vec<_>>(), [&StepWord::Done], "{node:?}");
        }
    }
    Ok(())
}

/// The same picture before, and after a failure: what is done, what failed, what is left.
#[tokio::test]
async fn a_picture_shows_how_far_an_operation_came() -> Result<()> {
    let stage = stage().await?;
    let words = |graph: &protector_core::plan::Graph| {
        graph.nodes.iter().flat_map(|n| n.standing.keys().copied()).collect::<BTreeSet<_>>()
    };
    let accepted = stage.accepted(&failover()).await?;
    let graph = stage.engine.operation_graph(&accepted).await?;
    assert_eq!(words(&graph), BTreeSet::from([StepWord::Pending]));

    let deployment = stage.deployment.clone();
    let lose_the_site = Progress::new(move |event| {
        if event.title.starts_with("clone") && event.state == "done" {
            deployment.world().set_site_available(&"site-b".into(), false).expect("it is there");
        }
    });
    stage.engine.run(&accepted, &Cancel::default(), &lose_the_site).await?;
    let graph = stage.engine.operation_graph(&accepted).await?;
    assert_eq!(words(&graph), BTreeSet::from([StepWord::Pending, StepWord::Done, StepWord::Failed]));
    let progress = graph.progress.as_ref().expect("it has begun");
    assert_eq!(progress.status, OperationStatus::Failed);
    assert!(!progress.troubles.is_empty() && progress.troubles.iter().all(|t| !t.reason.is_empty()));
    assert!(graph.render(GraphFormat::Html).contains("Failed and skipped steps"));

    // a report of what is not ended says so, and the pivot is passed: the way is forward
    let report = report(&stage, &accepted).await?;
    assert_eq!(report.verdict, Verdict::Failed, "{}", report.headline);
    assert_eq!(report.ended_at.reason(), Some("it has not ended"));
    assert_eq!(report.next, [format!("openstack protector operation resume {accepted}")]);
    assert!(!report.to_text().contains("The workload runs on it"), "{}", report.to_text());
    stage.set_site("site-b", true)?;
    stage.engine.run(&accepted, &Cancel::default(), &Progress::none()).await?;
    let graph = stage.engine.operation_graph(&accepted).await?;
    assert_eq!(words(&graph), BTreeSet::from([StepWord::Done]));
    let report = stage.engine.operation_report(&accepted).await?;
    assert_eq!((report.verdict, report.executed_by.len()), (Verdict::Passed, 2), "{}", report.headline);
    assert!(report.steps.iter().any(|s| s.attempts == 2));
    assert_eq!(stage.engine.operation_show(&accepted).await?.status, OperationStatus::Completed);
    assert_eq!(stage.record(&stage.engine).await?.group.name, GROUP);
    Ok(())
}
