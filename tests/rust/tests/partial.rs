//! Members that do not arrive: the others do, and the missing ones are gone on with from the same clones.

#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests do"
)]

use protector_core::engine::{Engine, Event, MemberUpdate, OperationView, Progress, Request};
use protector_core::exec::Record;
use protector_core::mock::Mishap;
use protector_core::model::{BootCheck, GroupStatus, Mappings, MemberStatus, OperationStatus, Protection, SiteName};
use protector_core::ports::{Cancel, Cloud as _, Cx, ServerState};
use protector_core::{ErrorKind, Result};
use protector_tests::compare::{differences, rows, state, text};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, add_member, failover, operate, server_id, to_secondary, unplanned};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const DB: &str = "db-server-1";
const APP: &str = "app-server-1";
const WEB: &str = "web-server-1";

fn retry() -> Request {
    Request::RetryFailed { mappings: Mappings::default() }
}

fn failback() -> Request {
    Request::Failback { mappings: Mappings::default() }
}

fn tcp(port: u16) -> Option<BootCheck> {
    Some(BootCheck::Tcp { port, timeout_seconds: 60, in_tests: false })
}

async fn update(stage: &Stage, server: &str, change: MemberUpdate) -> Result<()> {
    stage.engine.member_update(GROUP, server, &change).await.map(drop)
}

/// Database and web server in tier 0, and in tier 1 an application that depends on the database; all replicated.
async fn ordered() -> Result<Stage> {
    let stage = Stage::protected().await?;
    add_member(&stage.deployment, &stage.engine, DB, 0).await?;
    add_member(&stage.deployment, &stage.engine, APP, 1).await?;
    update(&stage, APP, MemberUpdate { depends_on: Some(vec![DB.into()]), ..MemberUpdate::default() }).await?;
    update(&stage, WEB, MemberUpdate { boot_check: tcp(443), ..MemberUpdate::default() }).await?;
    stage.completes(&Request::Sync {}).await?;
    Ok(stage)
}

fn mishap(stage: &Stage, mishap: Mishap, name: &str, happens: bool) -> Result<()> {
    stage.deployment.world().set_mishap(&"site-b".into(), mishap, name, happens)
}

/// Name of the first volume of a server.
async fn volume_of(stage: &Stage, server: &str) -> Result<String> {
    let record = stage.record(&stage.engine).await?;
    let member = record.members.iter().find(|m| m.name == server).expect("a member");
    Ok(member.disks[0].name.clone())
}

fn outcomes(view: &OperationView) -> BTreeMap<&str, &str> {
    view.instances.iter().map(|i| (i.name.trim_end_matches("-test"), i.outcome.as_str())).collect()
}

async fn statuses(engine: &Engine) -> Result<BTreeMap<String, MemberStatus>> {
    let members = engine.member_list(GROUP).await?;
    Ok(members.into_iter().map(|m| (m.name, m.status)).collect())
}

/// What holds whenever nothing is open: the sites agree, `partial` follows from the members (I-38), the Cinder group and
/// the array group hold exactly the copies that the record knows, and nothing that held data is gone (I-13).
async fn check_at_rest(stage: &Stage, before: &serde_json::Value) -> Result<()> {
    let record = stage.record(&stage.engine).await?;
    assert_eq!(record, stage.record(&stage.other()?).await?);
    assert_eq!(record.group.operation, None);
    let failed = record.failed_members().count();
    assert_eq!((record.group.partial, record.unfinished.is_some()), (failed > 0, failed > 0));
    let facts = stage.engine.facts(GROUP, &failback()).await?;
    let site = &record.group.current_primary_site;
    let copies: Vec<_> = record.disks().filter_map(|(_, d)| d.copies.get(site)).collect();
    let grouped = &facts.source.cloud.known().expect("the cloud").group_volumes;
    assert_eq!(*grouped, copies.iter().map(|c| c.volume_id.clone()).collect());
    if record.group.protection == Protection::Protected {
        let group = facts.source.array.known().and_then(|a| a.local_group.clone()).expect("the array group");
        assert_eq!(group.volumes, copies.iter().map(|c| c.array_volume.clone()).collect());
    }
    for row in before["world"]["volumes"].as_array().into_iter().flatten() {
        let volumes = rows(&stage.deployment, "volumes")?;
        let now = volumes.iter().find(|v| v["id"] == row["id"]).expect("the volume is still there");
        assert_eq!(now["destroyed_ms"], row["destroyed_ms"], "{now}");
    }
    Ok(())
}

/// Steps with what is said of them, in the order in which it is heard.
fn events() -> (Progress, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = heard.clone();
    let progress = Progress::new(move |event: &Event| {
        let step = event.step.clone().unwrap_or_default();
        listener.lock().expect("no panic before").push(format!("{step} {}", event.state));
    });
    (progress, heard)
}

async fn accept(engine: &Engine, request: &Request) -> Result<String> {
    Ok(engine.accept(&engine.plan(GROUP, request).await?).await?.id.to_string())
}

/// I-27: nobody starts before what it depends on is up and checked; shutdown is the exact reverse.
#[tokio::test]
async fn members_start_in_order_and_stop_in_reverse() -> Result<()> {
    let stage = ordered().await?;
    update(
        &stage,
        DB,
        MemberUpdate { boot_check: tcp(5432), depends_on: Some(vec![WEB.into()]), ..MemberUpdate::default() },
    )
    .await?;
    let operation = accept(&stage.engine, &failover()).await?;
    let (progress, heard) = events();
    let done = stage.engine.run(&operation, &Cancel::default(), &progress).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    let heard = heard.lock().expect("no panic before").clone();
    let at = |event: String| heard.iter().position(|h| *h == event).unwrap_or_else(|| panic!("{event}: {heard:#?}"));
    for (first, then) in [(WEB, DB), (DB, APP)] {
        assert!(at(format!("check_server/{first} done")) < at(format!("ensure_server/{then} started")));
        assert!(at(format!("stop_server/{then} done")) < at(format!("stop_server/{first} started")));
    }
    assert!(at("running/tier-0 done".into()) < at(format!("ensure_server/{APP} started")));
    Ok(())
}

#[tokio::test]
async fn a_server_that_never_boots_stops_only_who_depends_on_it() -> Result<()> {
    let stage = ordered().await?;
    stage.write("site-a", 5).await?;
    let (before, written) = (state(&stage.deployment).await?, stage.contents(&stage.engine).await?);
    mishap(&stage, Mishap::Boot, DB, true)?;
    let partial = operate(&stage.engine, &failover()).await?;
    assert_eq!(partial.status, OperationStatus::CompletedPartial, "{partial:#?}");
    assert_eq!(outcomes(&partial), BTreeMap::from([(DB, "failed"), (APP, "blocked"), (WEB, "succeeded")]));
    assert_eq!((partial.instances_failed, partial.instances_succeeded), (2, 1));
    assert!(
        partial.error.as_deref().is_some_and(|e| e.contains("2 of 3 members did not arrive")),
        "{:?}",
        partial.error
    );
    assert!(partial.next[0].ends_with("failover drill-web-app --retry-failed"), "{:?}", partial.next);
    let blocked = partial.steps.iter().find(|s| s.id == format!("ensure_server/{APP}")).expect("the step");
    assert_eq!(blocked.state, "blocked");
    let group = stage.engine.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.current_primary_site.as_str()), (GroupStatus::FailedOverPartial, "site-b"));
    assert!(group.next[0].ends_with("--retry-failed"), "{:?}", group.next);
    let expected = [(APP, MemberStatus::Error), (DB, MemberStatus::Error), (WEB, MemberStatus::FailedOver)];
    assert_eq!(statuses(&stage.engine).await?, expected.map(|(name, status)| (name.to_owned(), status)).into());
    check_at_rest(&stage, &before).await?;
    // all data arrived, whoever runs
    assert_eq!(stage.contents(&stage.engine).await?, written);

    // still without success: the group is let go all the same
    let web = server_id(&stage.deployment, "site-b", WEB).await?;
    let again = operate(&stage.engine, &retry()).await?;
    assert_eq!((again.status, again.finished_at.is_some()), (OperationStatus::Failed, true), "{again:#?}");
    assert_eq!(outcomes(&again), BTreeMap::from([(DB, "failed"), (APP, "blocked")]));
    check_at_rest(&stage, &before).await?;

    mishap(&stage, Mishap::Boot, DB, false)?;
    stage.completes(&retry()).await?;
    let group = stage.engine.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.protection), (GroupStatus::FailedOver, Protection::Protected));
    assert!(statuses(&stage.engine).await?.values().all(|s| *s == MemberStatus::FailedOver));
    check_at_rest(&stage, &before).await?;
    assert_eq!(stage.contents(&stage.engine).await?, written);
    // one server for each, and the one that had arrived is the same
    assert_eq!(server_id(&stage.deployment, "site-b", WEB).await?, web);
    for name in [DB, APP, WEB] {
        let here = rows(&stage.deployment, "servers")?
            .into_iter()
            .filter(|s| text(s, "name") == name && text(s, "site") == "site-b");
        assert_eq!(here.count(), 1, "{name}");
    }
    stage.completes(&failback()).await?;
    assert_eq!(stage.contents(&stage.engine).await?, written);
    Ok(())
}

/// It runs and may write, it only does not pass: what it wrote goes home with the others.
#[tokio::test]
async fn a_failback_of_a_partial_group_loses_no_write() -> Result<()> {
    let stage = ordered().await?;
    let before = state(&stage.deployment).await?;
    mishap(&stage, Mishap::Check, WEB, true)?;
    let partial = operate(&stage.engine, &failover()).await?;
    assert_eq!(partial.status, OperationStatus::CompletedPartial, "{partial:#?}");
    assert_eq!(outcomes(&partial), BTreeMap::from([(DB, "succeeded"), (APP, "succeeded"), (WEB, "failed")]));
    let web = partial.instances.iter().find(|i| i.name == WEB).expect("an instance");
    assert!(web.error.as_deref().is_some_and(|e| e.contains("nothing answers on")), "{:?}", web.error);
    check_at_rest(&stage, &before).await?;
    stage.write("site-b", 3).await?;
    let written = stage.contents(&stage.engine).await?;
    let plan = stage.engine.plan(GROUP, &failback()).await?;
    assert!(plan.to_string().contains("[member_not_arrived]"), "{plan}");
    stage.completes(&failback()).await?;
    assert_eq!(stage.contents(&stage.engine).await?, written);
    assert_eq!(stage.engine.protection_group_show(GROUP).await?.status, GroupStatus::Active);
    check_at_rest(&stage, &before).await
}

/// The server is built late, when nobody waits for it any more: a failback stops it first.
#[tokio::test]
async fn a_server_that_boots_after_it_was_given_up_is_known() -> Result<()> {
    let stage = ordered().await?;
    mishap(&stage, Mishap::Boot, DB, true)?;
    operate(&stage.engine, &failover()).await?;
    mishap(&stage, Mishap::Boot, DB, false)?;
    let id = server_id(&stage.deployment, "site-b", DB).await?;
    let record = stage.record(&stage.engine).await?;
    let member = record.members.iter().find(|m| m.name == DB).expect("a member");
    assert_eq!(member.server_on(&"site-b".into()).map(|s| s.as_str()), Some(id.as_str()));
    let plan = stage.engine.plan(GROUP, &failback()).await?;
    assert!(plan.steps.iter().any(|s| s.id.as_str() == format!("stop_server/{DB}")), "{plan}");
    assert!(!plan.steps.iter().any(|s| s.id.as_str() == format!("stop_server/{APP}")), "{plan}");
    stage.completes(&failback()).await
}

#[tokio::test]
async fn a_volume_that_is_not_imported_stays_a_clone_until_the_retry() -> Result<()> {
    let stage = ordered().await?;
    let (before, written) = (state(&stage.deployment).await?, stage.contents(&stage.engine).await?);
    let volume = volume_of(&stage, DB).await?;
    mishap(&stage, Mishap::Import, &volume, true)?;
    let partial = operate(&stage.engine, &failover()).await?;
    assert_eq!(
        outcomes(&partial),
        BTreeMap::from([(DB, "failed"), (APP, "blocked"), (WEB, "succeeded")]),
        "{partial:#?}"
    );
    check_at_rest(&stage, &before).await?;
    let record = stage.record(&stage.engine).await?;
    let missing: Vec<_> = record.disks().filter(|(_, d)| !d.copies.contains_key(&SiteName::from("site-b"))).collect();
    assert_eq!(
        missing.iter().map(|(m, d)| (m.name.as_str(), d.name.as_str())).collect::<Vec<_>>(),
        [(DB, volume.as_str())]
    );
    let clones = &record.unfinished.as_ref().expect("what is left").clones;
    assert_eq!(clones.iter().map(|c| &c.disk).collect::<Vec<_>>(), [&missing[0].1.id]);
    // its data would be left behind
    stage
        .blocks(&stage.engine, &failback(), &["did not arrive on site-b: no volume there for", "--retry-failed"])
        .await?;

    mishap(&stage, Mishap::Import, &volume, false)?;
    let plan = stage.engine.plan(GROUP, &retry()).await?;
    assert!(plan.steps.iter().all(|s| !s.id.as_str().contains(WEB)), "{plan}");
    stage.completes(&retry()).await?;
    assert_eq!(stage.contents(&stage.engine).await?, written);
    check_at_rest(&stage, &before).await?;
    stage.completes(&failback()).await
}

/// Whoever cannot be brought up may leave, and the rest is whole again.
#[tokio::test]
async fn a_member_that_did_not_arrive_can_be_removed() -> Result<()> {
    let stage = ordered().await?;
    let before = state(&stage.deployment).await?;
    mishap(&stage, Mishap::Import, &volume_of(&stage, DB).await?, true)?;
    operate(&stage.engine, &failover()).await?;
    let id = |name: &str| {
        let name = name.to_owned();
        let engine = stage.engine.clone();
        async move {
            engine.member_list(GROUP).await.map(|all| all.into_iter().find(|m| m.name == name).expect("it").instance_id)
        }
    };
    let (db, app, web) = (id(DB).await?, id(APP).await?, id(WEB).await?);
    stage
        .refuses(stage.engine.member_remove(GROUP, &db), ErrorKind::Conflict, &["depend on it", "--no-depends-on"])
        .await?;
    stage.refuses(stage.engine.member_remove(GROUP, &web), ErrorKind::Precondition, &["failed_over_partial"]).await?;
    stage.engine.member_remove(GROUP, &app).await?;
    stage.engine.member_remove(GROUP, &db).await?;
    check_at_rest(&stage, &before).await?;
    assert_eq!(stage.engine.protection_group_show(GROUP).await?.status, GroupStatus::FailedOver);
    stage.completes(&failback()).await
}

#[tokio::test]
async fn nothing_goes_on_without_a_required_member() -> Result<()> {
    let stage = ordered().await?;
    update(&stage, APP, MemberUpdate { required: Some(true), ..MemberUpdate::default() }).await?;
    stage.completes(&Request::Sync {}).await?;
    // the application needs the database
    mishap(&stage, Mishap::Boot, DB, true)?;
    let operation = accept(&stage.engine, &failover()).await?;
    for _ in 0..2 {
        let stopped = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
        assert_eq!((stopped.status, stopped.finished_at), (OperationStatus::Failed, None), "{stopped:#?}");
        assert_eq!(stage.engine.protection_group_show(GROUP).await?.status, GroupStatus::FailingOver);
        assert!(stopped.next[0].contains("operation resume"), "{:?}", stopped.next);
    }
    mishap(&stage, Mishap::Boot, DB, false)?;
    let done = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    Ok(())
}

#[tokio::test]
async fn a_move_of_which_nobody_arrives_is_not_switched() -> Result<()> {
    let stage = ordered().await?;
    for name in [DB, WEB] {
        mishap(&stage, Mishap::Boot, name, true)?;
    }
    let operation = accept(&stage.engine, &failover()).await?;
    for attempt in 0..2 {
        let stopped = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
        assert_eq!((stopped.status, stopped.finished_at), (OperationStatus::Failed, None), "{attempt}: {stopped:#?}");
        assert!(stopped.error.as_deref().is_some_and(|e| e.contains("no member arrived")), "{:?}", stopped.error);
        let record = stage.record(&stage.engine).await?;
        assert_eq!((record.group.current_primary_site.as_str(), record.group.partial), ("site-a", false));
    }
    // one of them is enough
    mishap(&stage, Mishap::Boot, WEB, false)?;
    let done = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(done.status, OperationStatus::CompletedPartial, "{done:#?}");
    assert_eq!(outcomes(&done), BTreeMap::from([(DB, "failed"), (APP, "blocked"), (WEB, "succeeded")]));
    Ok(())
}

/// I-21, I-22: a test goes on without members that fail, and its cleanup removes what is left of all of them.
#[tokio::test]
async fn a_test_with_failures_ends_failed_and_is_cleaned_up() -> Result<()> {
    let stage = ordered().await?;
    let before = state(&stage.deployment).await?;
    let request = Request::TestFailover { mappings: to_secondary(), retain_primary: true };
    let (boot, import) = (format!("{DB}-test"), format!("{}-test", volume_of(&stage, WEB).await?));
    mishap(&stage, Mishap::Boot, &boot, true)?;
    mishap(&stage, Mishap::Import, &import, true)?;
    let plan = stage.engine.plan(GROUP, &request).await?;
    assert!(plan.to_string().contains("since this is a test: web-server-1 [boot_check_skipped]"), "{plan}");
    let ended = operate(&stage.engine, &request).await?;
    assert_eq!((ended.status, ended.finished_at.is_some()), (OperationStatus::Failed, true), "{ended:#?}");
    assert_eq!(outcomes(&ended), BTreeMap::from([(DB, "failed"), (APP, "blocked"), (WEB, "failed")]));
    assert_eq!(stage.engine.protection_group_show(GROUP).await?.status, GroupStatus::Active);
    mishap(&stage, Mishap::Boot, &boot, false)?;
    mishap(&stage, Mishap::Import, &import, false)?;
    stage.completes(&Request::TestCleanup { test: None }).await?;
    let now = state(&stage.deployment).await?;
    for table in ["servers", "ports", "cinder_volumes", "attachments"] {
        assert_eq!(differences(&before["world"][table], &now["world"][table]), Vec::<String>::new());
    }
    Ok(())
}

/// Nothing of the lost site is needed, neither for the move nor for the retry.
#[tokio::test]
async fn a_retry_after_a_lost_site_and_the_way_home() -> Result<()> {
    let stage = ordered().await?;
    let at_the_point = stage.contents(&stage.engine).await?;
    mishap(&stage, Mishap::Boot, DB, true)?;
    stage.set_site("site-a", false)?;
    let away = stage.other()?;
    let partial = operate(&away, &unplanned(true)).await?;
    assert_eq!(partial.status, OperationStatus::CompletedPartial, "{partial:#?}");
    mishap(&stage, Mishap::Boot, DB, false)?;
    let done = operate(&away, &retry()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    let group = away.protection_group_show(GROUP).await?;
    assert_eq!(
        (group.status, group.protection, group.diverged),
        (GroupStatus::FailedOver, Protection::Unprotected, true)
    );
    assert_eq!(stage.contents(&away).await?, at_the_point);
    stage.set_site("site-a", true)?;
    away.sync_metadata(GROUP).await?;
    let back = operate(&away, &failback()).await?;
    assert_eq!(back.status, OperationStatus::Completed, "{back:#?}");
    assert_eq!(stage.contents(&stage.engine).await?, at_the_point);
    Ok(())
}

/// A silent peer that is not known to be behind blocks a retry, as it blocks every edit.
#[tokio::test]
async fn a_retry_tells_the_other_site() -> Result<()> {
    let stage = ordered().await?;
    mishap(&stage, Mishap::Boot, DB, true)?;
    operate(&stage.engine, &failover()).await?;
    mishap(&stage, Mishap::Boot, DB, false)?;
    stage.set_site("site-a", false)?;
    stage.blocks(&stage.other()?, &retry(), &["Peer site unreachable"]).await?;
    stage.set_site("site-a", true)?;
    stage.blocks(&stage.engine, &unplanned(true), &["[status_not_allowed]", "--retry-failed"]).await?;
    // from either site
    let done = operate(&stage.other()?, &retry()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    assert_eq!(stage.record(&stage.engine).await?, stage.record(&stage.other()?).await?);
    stage.blocks(&stage.engine, &retry(), &["[nothing_to_retry]"]).await
}

/// I-39: `completed` is said only of what still runs when the operation ends.
#[tokio::test]
async fn a_server_that_dies_before_the_end_has_not_arrived() -> Result<()> {
    let stage = ordered().await?;
    let operation = accept(&stage.engine, &failover()).await?;
    let world = stage.deployment.world().clone();
    let killer = Progress::new(move |event: &Event| {
        if event.step.as_deref() == Some("reprotect/first_arrival") && event.state == "done" {
            kill(&world).expect("the server is there");
        }
    });
    let ended = stage.engine.run(&operation, &Cancel::default(), &killer).await?;
    assert_eq!(ended.status, OperationStatus::CompletedPartial, "{ended:#?}");
    assert_eq!(outcomes(&ended), BTreeMap::from([(DB, "succeeded"), (APP, "succeeded"), (WEB, "failed")]));
    let group = stage.engine.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.protection), (GroupStatus::FailedOverPartial, Protection::Protected));
    stage.completes(&retry()).await?;
    assert_eq!(stage.engine.protection_group_show(GROUP).await?.status, GroupStatus::FailedOver);
    // the retry found the server and started it again
    let cloud = stage.deployment.world().cloud(&"site-b".into())?;
    let servers: Vec<_> = cloud.servers().await?.into_iter().filter(|s| s.name == WEB).collect();
    assert_eq!(servers.iter().map(|s| s.state).collect::<Vec<_>>(), [ServerState::Active]);
    Ok(())
}

fn kill(world: &protector_core::mock::World) -> Result<()> {
    let cloud = world.cloud(&"site-b".into())?;
    let deadline = jiff::Timestamp::MAX;
    let cx =
        Cx { op_key: "power-loss".into(), epoch: protector_core::model::Epoch(1), deadline, cancel: Cancel::default() };
    let work = async {
        let id = cloud.servers().await?.into_iter().find(|s| s.name == WEB).expect("the server").id;
        cloud.stop_server(&cx, &id).await.map(drop)
    };
    // the simulated cloud never waits
    futures::FutureExt::now_or_never(work).expect("an answer")
}

/// A home that is not complete is an error of the group, with a way out.
#[tokio::test]
async fn a_partial_failback_is_retried_at_home() -> Result<()> {
    let stage = ordered().await?;
    stage.completes(&failover()).await?;
    stage.write("site-b", 2).await?;
    let written = stage.contents(&stage.engine).await?;
    let volume = volume_of(&stage, APP).await?;
    stage.deployment.world().set_mishap(&"site-a".into(), Mishap::Import, &volume, true)?;
    let before = state(&stage.deployment).await?;
    let partial = operate(&stage.engine, &failback()).await?;
    assert_eq!(
        outcomes(&partial),
        BTreeMap::from([(DB, "succeeded"), (APP, "failed"), (WEB, "succeeded")]),
        "{partial:#?}"
    );
    let group = stage.engine.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.current_primary_site.as_str()), (GroupStatus::Error, "site-a"));
    check_at_rest(&stage, &before).await?;
    stage.deployment.world().set_mishap(&"site-a".into(), Mishap::Import, &volume, false)?;
    stage.completes(&retry()).await?;
    assert_eq!(stage.contents(&stage.engine).await?, written);
    assert_eq!(stage.engine.protection_group_show(GROUP).await?.status, GroupStatus::Active);
    check_at_rest(&stage, &before).await?;
    stage.completes(&failover()).await
}

#[tokio::test]
async fn the_end_of_a_program_s_output_is_in_the_journal() -> Result<()> {
    let stage = ordered().await?;
    let check = BootCheck::Command {
        program: "/usr/local/bin/look".into(),
        arguments: vec!["--deep".into()],
        timeout_seconds: 30,
        in_tests: true,
    };
    update(&stage, DB, MemberUpdate { boot_check: Some(check), ..MemberUpdate::default() }).await?;
    let done = operate(&stage.engine, &failover()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    let journal = stage.engine.endpoints().store.journal(&done.id, 0).await?;
    let records: Vec<Record> =
        journal.into_iter().map(|e| serde_json::from_value(e.record)).collect::<Result<_, _>>()?;
    let lines = records.iter().find_map(|r| match r {
        Record::StepDone { output: protector_core::plan::StepOutput::Checked { lines }, .. } => Some(lines.clone()),
        _ => None,
    });
    assert_eq!(lines.expect("an output"), ["/usr/local/bin/look db-server-1: ok"]);
    Ok(())
}

#[tokio::test]
async fn start_options_that_cannot_be_kept_are_refused() -> Result<()> {
    let stage = ordered().await?;
    let refused = |server: &'static str, change: MemberUpdate, kind, parts: &'static [&'static str]| {
        let (stage, engine) = (stage.clone(), stage.engine.clone());
        async move {
            let call = async { engine.member_update(GROUP, server, &change).await };
            stage.refuses(call, kind, parts).await
        }
    };
    let waits = |name: &str| MemberUpdate { depends_on: Some(vec![name.into()]), ..MemberUpdate::default() };
    let invalid = ErrorKind::InvalidRequest;
    refused(DB, waits(APP), invalid, &["'db-server-1' of tier 0 depends on 'app-server-1' of tier 1"]).await?;
    refused(DB, waits(DB), invalid, &["circle: db-server-1 -> db-server-1"]).await?;
    refused(DB, waits("nobody"), ErrorKind::NotFound, &["'nobody' is not a member"]).await?;
    refused(DB, MemberUpdate { tier: Some(2), ..MemberUpdate::default() }, invalid, &["which starts later"]).await?;
    refused("nobody", MemberUpdate::default(), ErrorKind::NotFound, &["'nobody' is not a member"]).await?;
    let untested = MemberUpdate { check_in_tests: Some(true), ..MemberUpdate::default() };
    refused(DB, untested, invalid, &["has no check"]).await?;
    refused(DB, MemberUpdate { boot_check: tcp(0), ..MemberUpdate::default() }, invalid, &["port"]).await?;
    stage.set_site("site-b", false)?;
    refused(DB, waits(WEB), ErrorKind::PeerUnreachable, &["nothing was changed"]).await
}
