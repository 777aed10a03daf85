//! Members that did not arrive are gone on with, from the same clones, or leave.

#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests do"
)]

use protector_core::engine::{Engine, Progress, Request};
use protector_core::mock::Mishap;
use protector_core::model::{Epoch, GroupStatus, MemberStatus, OperationStatus, Protection, SiteName};
use protector_core::ports::{Cancel, Cloud, Cx};
use protector_core::{ErrorKind, Result};
use protector_tests::compare::{rows, state, text};
use protector_tests::ordered::{APP, DB, WEB, check_at_rest, failback, mishap, ordered, outcomes, retry, volume_of};
use protector_tests::{GROUP, failover, operate, server_id, unplanned};
use std::collections::BTreeMap;

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
    stage.blocks(&stage.engine, &Request::Sync {}, &["[status_not_allowed]", "--retry-failed"]).await?;
    // from either site
    let done = operate(&stage.other()?, &retry()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    assert_eq!(stage.record(&stage.engine).await?, stage.record(&stage.other()?).await?);
    stage.blocks(&stage.engine, &retry(), &["[nothing_to_retry]"]).await
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
async fn a_member_that_moved_leaves_by_an_id_of_either_site_or_by_its_name() -> Result<()> {
    let stage = ordered().await?;
    let at_home = server_id(&stage.deployment, "site-a", APP).await?;
    stage.completes(&failover()).await?;
    let moved = server_id(&stage.deployment, "site-b", WEB).await?;
    for named in [moved.as_str(), at_home.as_str(), DB] {
        stage.engine.member_remove(GROUP, named).await?;
    }
    assert!(statuses(&stage.engine).await?.is_empty());
    stage.refuses(stage.engine.member_remove(GROUP, DB), ErrorKind::NotFound, &["is not a member", "member-list"]).await
}

/// Nova notes late which ports of a server were there before it, and so may delete them with one that never ran.
#[tokio::test]
async fn ports_that_went_with_a_server_that_never_ran_are_made_again() -> Result<()> {
    let stage = ordered().await?;
    let before = state(&stage.deployment).await?;
    let all = [DB, APP, WEB];
    all.iter().try_for_each(|name| mishap(&stage, Mishap::Boot, name, true))?;
    let stopped = operate(&stage.engine, &failover()).await?;
    assert_eq!((stopped.status, stopped.finished_at), (OperationStatus::Failed, None), "{stopped:#?}");
    assert!(stopped.next[0].contains("operation resume"), "{:?}", stopped.next);

    let cloud = stage.deployment.world().cloud(&"site-b".into())?;
    let deadline = jiff::Timestamp::MAX;
    let cx = Cx { op_key: "nova".into(), epoch: Epoch(1), deadline, cancel: Cancel::default() };
    for server in cloud.servers().await? {
        cloud.delete_server(&cx, &server.id).await?;
        for port in server.nics.iter().filter_map(|nic| nic.port.as_ref()) {
            cloud.delete_port(&cx, port).await?;
        }
    }
    all.iter().try_for_each(|name| mishap(&stage, Mishap::Boot, name, false))?;
    let ended = stage.engine.run(stopped.id.as_str(), &Cancel::default(), &Progress::none()).await?;
    assert_eq!((ended.status, ended.instances_failed), (OperationStatus::Completed, 0), "{ended:#?}");
    for server in cloud.servers().await? {
        assert!(server.nics.iter().all(|nic| nic.port.is_some() && !nic.fixed_ips.is_empty()), "{server:#?}");
        assert!(!server.nics.is_empty(), "{server:#?}");
    }
    check_at_rest(&stage, &before).await
}

async fn statuses(engine: &Engine) -> Result<BTreeMap<String, MemberStatus>> {
    let members = engine.member_list(GROUP).await?;
    Ok(members.into_iter().map(|m| (m.name, m.status)).collect())
}
