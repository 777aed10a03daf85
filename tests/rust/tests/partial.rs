//! Members that do not arrive: the others do, in their order.

#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests do"
)]

use protector_core::engine::{Event, MemberUpdate, Progress, Request};
use protector_core::exec::Record;
use protector_core::mock::Mishap;
use protector_core::model::{BootCheck, GroupStatus, OperationStatus, Protection};
use protector_core::ports::{Cancel, Cloud as _, Cx, ServerState};
use protector_core::{ErrorKind, Result};
use protector_tests::compare::{differences, state};
use protector_tests::ordered::{
    APP, DB, WEB, accept, check_at_rest, failback, mishap, ordered, outcomes, retry, tcp, update, volume_of,
};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, failover, operate, server_id, to_secondary};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

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
        journal.into_iter().map(|e| serde_json::from_str(&e.record)).collect::<Result<_, _>>()?;
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

/// A cloud that does not answer is nobody's failure: everything goes on once it is back.
#[tokio::test]
async fn a_lost_site_gives_nobody_up() -> Result<()> {
    let stage = Stage::replicated().await?;
    let operation = accept(&stage.engine, &failover()).await?;
    let world = stage.deployment.world().clone();
    let loses = Progress::new(move |event: &Event| {
        if event.step.as_deref() == Some("clone_volumes") && event.state == "done" {
            world.set_site_available(&"site-b".into(), false).expect("the site is there");
        }
    });
    for progress in [loses, Progress::none()] {
        let stopped = stage.engine.run(&operation, &Cancel::default(), &progress).await?;
        assert_eq!((stopped.status, stopped.finished_at), (OperationStatus::Failed, None), "{stopped:#?}");
        assert!(stopped.error.as_deref().is_some_and(|e| e.contains("does not answer")), "{:?}", stopped.error);
    }
    stage.set_site("site-b", true)?;
    let done = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    Ok(())
}
