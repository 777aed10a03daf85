//! Plans to the byte. `tests/data/drill.json` holds the plan hashes of the drill; `tests/data/plans/` holds facts, request
//! and plan of every kind. Other languages read the same files.
//!
//! The drill: in memory and in virtual time, from site-a. Group `drill-web-app` (async, site-a, site-b, replicated-ssd),
//! then its policy (`mock-pg-drill-web-app`, 300 s, 15 min), then `web-server-1`; then the requests in order, each planned,
//! accepted and run. Only these calls change anything, so ids and times are the same everywhere.

#![allow(clippy::indexing_slicing, reason = "helpers of tests may panic as tests do")]

use protector_core::connect::Deployment;
use protector_core::engine::{
    Engine, GroupCreate, GroupUpdate, MemberAdd, MemberUpdate, PolicyChange, Progress, Request, SiteFailoverRequest,
};
use protector_core::mock::Mishap;
use protector_core::model::{BootCheck, FailoverType, Mappings, OperationKind, OperationStatus};
use protector_core::plan::{Facts, Plan, SimulatedStorage, SiteWork, plan, plan_json};
use protector_core::ports::Cancel;
use protector_core::{Error, Result};
use protector_tests::compare::state;
use protector_tests::stage::Stage;
use protector_tests::{
    GROUP, VIRTUAL, add_member, deployment, drill, failover, files, golden, group_create, operate, pods, protect,
    server_id, to_secondary, unplanned,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Serialize)]
struct DrillStep {
    request: Request,
    kind: OperationKind,
    hash: String,
}

/// I-24
#[tokio::test]
async fn the_drill_in_memory() -> Result<()> {
    golden::check("drill.json", &hashes(&deployment(VIRTUAL).await?).await?)
}

/// As a shell or another language has it: everything in files.
#[tokio::test]
async fn the_drill_in_files() -> Result<()> {
    let directory = files::directory()?;
    golden::check("drill.json", &hashes(&files::seeded(directory.path()).await?).await?)
}

async fn hashes(deployment: &Deployment) -> Result<Vec<DrillStep>> {
    let engine = deployment.engine(Some("site-a"))?;
    protect(deployment, &engine).await?;
    let mut steps = Vec::new();
    for request in drill() {
        let Plan { kind, hash, .. } = engine.plan(GROUP, &request).await?;
        let done = operate(&engine, &request).await?;
        assert_eq!((done.status, &done.plan_hash), (OperationStatus::Completed, &hash));
        steps.push(DrillStep { request, kind, hash });
    }
    Ok(steps)
}

const KINDS: [OperationKind; 9] = [
    OperationKind::Sync,
    OperationKind::TestFailover,
    OperationKind::TestCleanup,
    OperationKind::PlannedFailover,
    OperationKind::UnplannedFailover,
    OperationKind::Failback,
    OperationKind::Reprotect,
    OperationKind::Commit,
    OperationKind::RetryFailed,
];

/// One golden plan.
#[derive(Serialize, Deserialize)]
struct Case {
    name: String,
    facts: Facts,
    request: Request,
    plan: Plan,
}

struct Cases(Vec<Case>);

impl Cases {
    async fn add(&mut self, name: &str, stage: &Stage, engine: &Engine, request: &Request) -> Result<()> {
        self.add_of(GROUP, name, stage, engine, request).await
    }

    async fn add_of(
        &mut self,
        group: &str,
        name: &str,
        stage: &Stage,
        engine: &Engine,
        request: &Request,
    ) -> Result<()> {
        let changes = || stage.deployment.world().mutations();
        let before = (changes()?, state(&stage.deployment).await?);
        let facts = engine.facts(group, request).await?;
        let plan = plan(&facts, request)?;
        assert_eq!(engine.plan(group, request).await?, plan);
        assert_eq!((changes()?, state(&stage.deployment).await?), before, "{name}: to plan is to look, no more");
        self.0.push(Case { name: name.to_owned(), facts, request: request.clone(), plan });
        Ok(())
    }

    /// Another case as it would be if only its arrays were simulated.
    fn simulate(&mut self, of: &str, allowed: bool, name: &str) -> Result<()> {
        let found = self.0.iter().find(|case| case.name == of).ok_or_else(|| Error::not_found(of))?;
        let (mut facts, request) = (found.facts.clone(), found.request.clone());
        facts.simulated_storage = Some(SimulatedStorage { failover_to_blank_disks: allowed });
        let plan = plan(&facts, &request)?;
        self.0.push(Case { name: name.to_owned(), facts, request, plan });
        Ok(())
    }
}

fn failback() -> Request {
    Request::Failback { mappings: Mappings::default() }
}

/// Facts of every kind of operation, accepted and blocked, as the simulated world shows them.
async fn capture() -> Result<Vec<Case>> {
    let mut cases = Cases(Vec::new());
    unprotected(&mut cases).await?;
    at_home(&mut cases).await?;
    site_lost(&mut cases).await?;
    ordered(&mut cases).await?;
    in_pod(&mut cases).await?;
    of_a_site(&mut cases).await?;
    cases.simulate("test_failover", false, "test_failover_on_simulated_storage")?;
    cases.simulate("planned_failover", false, "planned_failover_blocked_on_simulated_storage")?;
    cases.simulate("failback", true, "failback_on_simulated_storage")?;
    Ok(cases.0)
}

async fn unprotected(cases: &mut Cases) -> Result<()> {
    let stage = Stage::empty().await?;
    stage.engine.protection_group_create(&group_create(GROUP)).await?;
    cases.add("sync_blocked_without_policy_and_members", &stage, &stage.engine, &Request::Sync {}).await?;
    cases.add("planned_failover_blocked_without_policy_and_members", &stage, &stage.engine, &failover()).await?;
    let stage = Stage::protected().await?;
    cases.add("planned_failover_blocked_without_recovery_point", &stage, &stage.engine, &failover()).await
}

async fn at_home(cases: &mut Cases) -> Result<()> {
    let stage = Stage::protected().await?;
    add_member(&stage.deployment, &stage.engine, "db-server-1", 1).await?;
    let engine = &stage.engine;
    cases.add("sync", &stage, engine, &Request::Sync {}).await?;
    operate(engine, &Request::Sync {}).await?;
    let rehearsal = Request::TestFailover { mappings: to_secondary(), retain_primary: true };
    cases.add("test_failover", &stage, engine, &rehearsal).await?;
    operate(engine, &rehearsal).await?;
    stage.set_site("site-b", false)?;
    cases.add("test_failover_blocked_by_a_silent_standby_site", &stage, engine, &rehearsal).await?;
    let cleanup = Request::TestCleanup { test: None };
    cases.add("test_cleanup_blocked_by_a_silent_standby_site", &stage, engine, &cleanup).await?;
    stage.set_site("site-b", true)?;
    cases.add("test_cleanup", &stage, engine, &cleanup).await?;
    operate(engine, &Request::TestCleanup { test: None }).await?;
    cases.add("planned_failover", &stage, engine, &failover()).await?;
    cases.add("failback_blocked_while_active", &stage, engine, &failback()).await?;
    let unmapped = Request::Failover {
        failover_type: FailoverType::Planned,
        force: false,
        reason: None,
        mappings: Mappings::default(),
    };
    cases.add("planned_failover_blocked_without_mapping", &stage, engine, &unmapped).await?;
    cases.add("unplanned_failover_while_the_source_answers", &stage, engine, &unplanned(true)).await?;
    stage.deployment.world().set_link_connected(false)?;
    stage.pass(47 * 60 - 30).await;
    cases.add("planned_failover_blocked_by_link_and_rpo", &stage, engine, &failover()).await?;
    stage.deployment.world().set_link_connected(true)?;
    operate(engine, &Request::Sync {}).await?;
    operate(engine, &failover()).await?;
    cases.add("failback", &stage, engine, &failback()).await?;
    cases.add("failover_of_a_failed_over_group_is_a_failback", &stage, engine, &failover()).await?;
    cases.add("unplanned_failover_of_a_failed_over_group", &stage, engine, &unplanned(true)).await?;
    cases.add("reprotect_blocked_while_protected", &stage, engine, &Request::Reprotect {}).await?;
    cases.add("commit_blocked_with_nothing_retained", &stage, engine, &Request::Commit {}).await?;
    let retry = Request::RetryFailed { mappings: Mappings::default() };
    cases.add("retry_blocked_with_nothing_to_retry", &stage, engine, &retry).await?;
    operate(engine, &failback()).await?;
    operate(engine, &failover()).await?;
    cases.add("commit", &stage, engine, &Request::Commit {}).await?;
    let rehearsal = Request::TestFailover { mappings: Mappings::default(), retain_primary: true };
    operate(&stage.other()?, &rehearsal).await?;
    cases.add("commit_blocked_by_a_test_of_the_other_site", &stage, engine, &Request::Commit {}).await
}

async fn site_lost(cases: &mut Cases) -> Result<()> {
    let stage = Stage::replicated().await?;
    stage.set_site("site-a", false)?;
    let away = stage.other()?;
    cases.add("planned_failover_blocked_by_a_lost_site", &stage, &away, &failover()).await?;
    cases.add("unplanned_failover_blocked_without_consents", &stage, &away, &unplanned(false)).await?;
    cases.add("unplanned_failover", &stage, &away, &unplanned(true)).await?;
    let world = stage.deployment.world();
    world.set_array_available(&"flasharray-a".into(), true)?;
    cases.add("unplanned_failover_while_only_the_array_answers", &stage, &away, &unplanned(true)).await?;
    world.set_array_available(&"flasharray-a".into(), false)?;
    operate(&away, &unplanned(true)).await?;
    stage.set_site("site-a", true)?;
    cases.add("failback_blocked_by_divergence", &stage, &away, &failback()).await?;
    cases.add("reprotect_blocked_by_divergence", &stage, &away, &Request::Reprotect {}).await?;
    away.sync_metadata(GROUP).await?;
    // it waits to be fenced, and its ledger says that it ran on
    cases.add("failback_of_an_unprotected_workload", &stage, &away, &failback()).await?;
    cases.add("reprotect", &stage, &away, &Request::Reprotect {}).await?;
    cases.add("commit_blocked_while_unprotected", &stage, &away, &Request::Commit {}).await?;
    operate(&away, &Request::Reprotect {}).await?;
    cases.add("failback_after_a_reprotect", &stage, &away, &failback()).await?;
    operate(&away, &failback()).await?;
    cases.add("commit_blocked_by_the_ledger", &stage, &away, &Request::Commit {}).await
}

/// A database, an application that depends on it, and a web server that is checked.
async fn ordered(cases: &mut Cases) -> Result<()> {
    let stage = Stage::protected().await?;
    let engine = &stage.engine;
    add_member(&stage.deployment, engine, "db-server-1", 1).await?;
    add_member(&stage.deployment, engine, "app-server-1", 1).await?;
    let tcp = BootCheck::Tcp { port: 443, timeout_seconds: 90, in_tests: false };
    let arguments = vec!["--wait".to_owned(), "60".to_owned()];
    let command = BootCheck::Command {
        program: "/usr/local/bin/db-ready".into(),
        arguments,
        timeout_seconds: 120,
        in_tests: true,
    };
    let update = |server: &'static str, change: MemberUpdate| async move {
        engine.member_update(GROUP, server, &change).await.map(drop)
    };
    update("web-server-1", MemberUpdate { tier: Some(2), boot_check: Some(tcp), ..MemberUpdate::default() }).await?;
    let required = MemberUpdate { required: Some(true), start_timeout_seconds: Some(900), ..MemberUpdate::default() };
    update("db-server-1", MemberUpdate { boot_check: Some(command), ..required }).await?;
    let waits = MemberUpdate { depends_on: Some(vec!["db-server-1".into()]), ..MemberUpdate::default() };
    update("app-server-1", waits).await?;
    operate(engine, &Request::Sync {}).await?;
    cases.add("planned_failover_in_order_with_checks", &stage, engine, &failover()).await?;
    let rehearsal = Request::TestFailover { mappings: to_secondary(), retain_primary: true };
    cases.add("test_failover_in_order_with_checks", &stage, engine, &rehearsal).await?;
    stage.deployment.world().set_mishap(&"site-b".into(), Mishap::Import, "app-server-1-os", true)?;
    assert_eq!(operate(engine, &failover()).await?.status, OperationStatus::CompletedPartial);
    let retry = Request::RetryFailed { mappings: Mappings::default() };
    cases.add("retry_of_failed_members", &stage, engine, &retry).await?;
    cases.add("failback_blocked_by_a_member_that_did_not_arrive", &stage, engine, &failback()).await?;
    stage.set_site("site-b", false)?;
    cases.add("retry_blocked_by_a_lost_site", &stage, engine, &retry).await?;
    // the application was never imported there: it starts from its own volumes
    cases.add("unplanned_failover_of_a_partial_group", &stage, engine, &unplanned(true)).await
}

/// A group in a stretched pod: there and back, and a site that is lost.
async fn in_pod(cases: &mut Cases) -> Result<()> {
    let directory = files::directory()?;
    let stage = pods::stage(directory.path()).await?;
    let engine = &stage.engine;
    let rehearsal = Request::TestFailover { mappings: to_secondary(), retain_primary: true };
    cases.add("pod_test_failover_blocked_without_recovery_point", &stage, engine, &rehearsal).await?;
    cases.add("pod_sync", &stage, engine, &Request::Sync {}).await?;
    operate(engine, &Request::Sync {}).await?;
    cases.add("pod_test_failover", &stage, engine, &rehearsal).await?;
    cases.add("pod_planned_failover", &stage, engine, &failover()).await?;
    cases.add("pod_unplanned_failover_while_the_source_answers", &stage, engine, &unplanned(true)).await?;
    stage.deployment.world().set_link_connected(false)?;
    cases.add("pod_planned_failover_blocked_out_of_step", &stage, engine, &failover()).await?;
    stage.deployment.world().set_link_connected(true)?;
    stage.pass(3600).await;
    operate(engine, &failover()).await?;
    cases.add("pod_failback", &stage, engine, &failback()).await?;
    operate(engine, &failback()).await?;
    stage.set_site("site-a", false)?;
    let away = stage.other()?;
    cases.add("pod_unplanned_failover", &stage, &away, &unplanned(true)).await?;
    operate(&away, &unplanned(true)).await?;
    stage.set_site("site-a", true)?;
    away.sync_metadata(GROUP).await?;
    cases.add("pod_failback_blocked_while_unprotected", &stage, &away, &failback()).await?;
    cases.add("pod_reprotect", &stage, &away, &Request::Reprotect {}).await
}

/// Two groups of different priority, as a site failover moves them: each by a plan of its own.
async fn two_groups() -> Result<Stage> {
    let stage = Stage::replicated().await?;
    let update = GroupUpdate { priority: Some(5), ..GroupUpdate::default() };
    stage.engine.protection_group_update(GROUP, &update).await?;
    stage.engine.protection_group_create(&GroupCreate { priority: 1, ..group_create("payments") }).await?;
    let policy = PolicyChange {
        pure_pg_name: Some("pg-payments".into()),
        replication_interval: Some(300),
        rpo_minutes: Some(15),
        ..PolicyChange::default()
    };
    stage.engine.policy_create("payments", &policy).await?;
    let instance_id = server_id(&stage.deployment, "site-a", "db-server-1").await?;
    stage.engine.member_add("payments", &MemberAdd { instance_id, ..MemberAdd::default() }).await?;
    let sync = stage.engine.accept(&stage.engine.plan("payments", &Request::Sync {}).await?).await?;
    stage.engine.run(sync.id.as_str(), &Cancel::default(), &Progress::none()).await?;
    Ok(stage)
}

async fn of_a_site(cases: &mut Cases) -> Result<()> {
    let stage = two_groups().await?;
    for group in ["payments", GROUP] {
        cases.add_of(group, &format!("site_failover_of_{group}"), &stage, &stage.engine, &failover()).await?;
    }
    Ok(())
}

/// The plan of a whole site: its groups in their order, each with its own plan, which is in a file beside the others.
#[tokio::test]
async fn plan_of_a_site() -> Result<()> {
    let stage = two_groups().await?;
    let request = SiteFailoverRequest {
        failover_type: Some(FailoverType::Planned),
        force: false,
        reason: None,
        mappings: to_secondary(),
    };
    let plan = stage.engine.plan_site_failover("site-a", &request).await?;
    golden::check("site_failover.json", &plan)?;
    for group in &plan.groups {
        let own = stage.engine.plan(&group.group, &failover()).await?;
        assert_eq!(group.work, SiteWork::Move(Box::new(own)), "{}", group.group);
    }
    Ok(())
}

fn file(name: &str) -> String {
    format!("plans/{name}.json")
}

/// I-24, I-25
#[tokio::test]
async fn plans_of_every_kind() -> Result<()> {
    let cases = capture().await?;
    for case in &cases {
        assert_eq!(case.name.contains("blocked"), case.plan.blockers().count() > 0, "{}: {}", case.name, case.plan);
        golden::check(&file(&case.name), case)?;
    }
    // of every kind one that can be accepted, and one that cannot
    for blocked in [false, true] {
        let of_it = cases.iter().filter(|case| (case.plan.blockers().count() > 0) == blocked);
        let kinds: BTreeSet<_> = of_it.map(|case| case.plan.kind).collect();
        assert_eq!(kinds, KINDS.into(), "blocked: {blocked}");
    }
    // every file is one that is written here
    let names: BTreeSet<String> = cases.iter().map(|c| format!("{}.json", c.name)).collect();
    let files = std::fs::read_dir(golden::path("plans")).map_err(|e| Error::storage(e.to_string()))?;
    let files: BTreeSet<String> = files.flatten().map(|f| f.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(names, files);

    for name in cases.iter().map(|c| &c.name) {
        from_text(name)?;
    }
    Ok(())
}

/// The planner over the stored text gives the stored plan, to the byte and with the hash it claims.
fn from_text(name: &str) -> Result<()> {
    let text = golden::read(&file(name))?;
    let stored: Case = serde_json::from_str(&text)?;
    assert_eq!(stored.plan.hash, stored.plan.compute_hash(), "{name}");
    let loose: serde_json::Value = serde_json::from_str(&text)?;
    let planned = plan_json(&loose["facts"].to_string(), &loose["request"].to_string())?;
    assert_eq!(planned, serde_json::to_string(&stored.plan)?, "{name}");
    Ok(())
}
