//! A site is lost, and comes back.

use crate::{check_protected, completes, failback, pod, protected, refuses_writes, write};
use protector_core::Result;
use protector_core::engine::Request;
use protector_core::model::{GroupStatus, LedgerState, Mappings, OperationStatus, Protection, SiteName};
use protector_core::plan::{ConsentKind, ExpectedLoss};
use protector_core::ports::{Cloud as _, PodMemberState, ServerState};
use protector_tests::{GROUP, operate, unplanned};

#[tokio::test]
async fn a_lost_site_takes_no_acknowledged_write_with_it() -> Result<()> {
    let (_directory, stage) = protected().await?;
    let (home, away) = (stage.engine.clone(), stage.other()?);
    write(&stage, &home, 9).await?;
    let written = stage.contents(&home).await?;
    stage.set_site("site-a", false)?;
    let survivor = pod(&away, "site-b").await?;
    assert_eq!(survivor.arrays[&"flasharray-b".into()].state, PodMemberState::Online, "{survivor:?}");

    let plan = away.plan(GROUP, &unplanned(true)).await?;
    assert_eq!(plan.expected_loss, ExpectedLoss::None, "{plan}");
    completes(&away, &unplanned(true)).await?;
    assert_eq!(stage.contents(&away).await?, written);
    let group = away.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.protection), (GroupStatus::FailedOver, Protection::Unprotected));
    assert_eq!((group.fences_due.len(), group.ledger.len(), group.diverged), (1, 1, true));
    let health = &away.health().await?[0];
    assert_eq!((health.recovery_point_age_seconds, health.failover_ready), (None, false), "{health:?}");
    write(&stage, &away, 2).await?;
    let written = stage.contents(&away).await?;

    // it comes back: it is stopped and fenced, what it held is kept, and the volumes that run go into the pod
    stage.set_site("site-a", true)?;
    away.sync_metadata(GROUP).await?;
    stage.blocks(&away, &failback(), &["runs unprotected on site-b", "protector reprotect"]).await?;
    completes(&away, &Request::Reprotect {}).await?;
    let group = away.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.protection), (GroupStatus::FailedOver, Protection::Protected));
    assert!(group.fences_due.is_empty());
    assert_eq!(stage.record(&away).await?.ledger[0].state, LedgerState::Preserved);
    refuses_writes(&stage, &away, "site-a").await?;
    for server in stage.deployment.world().cloud(&"site-a".into())?.servers().await? {
        let expected = if server.name.starts_with("sync-") { ServerState::Shutoff } else { ServerState::Active };
        assert_eq!(server.state, expected, "{}", server.name);
    }
    assert_eq!(stage.contents(&away).await?, written);
    check_protected(&away).await?;

    completes(&away, &failback()).await?;
    assert_eq!(stage.contents(&home).await?, written);
    check_protected(&home).await
}

/// Only the cloud is lost: its array still takes writes, and the plan says so.
#[tokio::test]
async fn a_source_that_still_writes_is_stopped_and_its_loss_is_asked_for() -> Result<()> {
    let (_directory, stage) = protected().await?;
    let plan = stage.engine.plan(GROUP, &unplanned(false)).await?;
    assert_eq!(plan.expected_loss, ExpectedLoss::AfterPivot {});
    assert!(plan.consents_needed.contains(&ConsentKind::DataLoss), "{plan}");
    write(&stage, &stage.engine, 4).await?;
    let written = stage.contents(&stage.engine).await?;
    completes(&stage.engine, &unplanned(true)).await?;
    assert_eq!(stage.contents(&stage.engine).await?, written, "it was fenced before the point was taken");
    refuses_writes(&stage, &stage.engine, "site-a").await?;
    let record = stage.record(&stage.engine).await?;
    let point = record.ledger[0].point.as_str();
    let group = protector_tests::pods::ARRAY_GROUP.into();
    let points = stage.engine.endpoints().array(&"site-b".into())?.recovery_points(&group).await?;
    assert!(points.value.iter().any(|p| p.name.as_str() == point), "the ledger names the point that was taken");
    completes(&stage.engine, &Request::Reprotect {}).await?;
    check_protected(&stage.engine).await
}

/// The arrays lost each other, and the pod went on at home: what the other array has is old, and nobody may start from it.
#[tokio::test]
async fn nothing_is_started_from_an_array_that_fell_out_of_the_pod() -> Result<()> {
    let (_directory, stage) = protected().await?;
    stage.deployment.world().set_mediator_reachable(&"flasharray-b".into(), false)?;
    stage.deployment.world().set_link_connected(false)?;
    write(&stage, &stage.engine, 1).await?;
    let away = stage.other()?;
    let survivor = pod(&away, "site-b").await?;
    assert_ne!(survivor.arrays[&"flasharray-b".into()].state, PodMemberState::Online, "{survivor:?}");
    stage.set_site("site-a", false)?;
    stage.blocks(&away, &unplanned(true), &["pod 'cinder-pod' is", "purepod list cinder-pod"]).await?;

    stage.set_site("site-a", true)?;
    stage.deployment.world().set_mediator_reachable(&"flasharray-b".into(), true)?;
    stage.deployment.world().set_link_connected(true)?;
    stage.pass(3600).await;
    check_protected(&stage.engine).await
}

/// The site that took over is lost, too, before anything was protected: the way home is another unplanned failover, as far as
/// the array at home has the data of the volumes that ran.
#[tokio::test]
async fn the_site_that_took_over_is_lost_after_it_was_protected() -> Result<()> {
    let (_directory, stage) = protected().await?;
    let home = stage.engine.clone();
    completes(&home, &protector_tests::failover()).await?;
    write(&stage, &home, 3).await?;
    let written = stage.contents(&home).await?;
    stage.set_site("site-b", false)?;
    completes(&home, &unplanned(true)).await?;
    assert_eq!(stage.contents(&home).await?, written);
    stage.set_site("site-b", true)?;
    home.sync_metadata(GROUP).await?;
    completes(&home, &Request::Reprotect {}).await?;
    check_protected(&home).await
}

#[tokio::test]
async fn members_that_do_not_arrive_after_a_loss_are_retried_and_protected_later() -> Result<()> {
    let (_directory, stage) = protected().await?;
    let away = stage.other()?;
    stage.set_site("site-a", false)?;
    let set = |happens| {
        let world = stage.deployment.world();
        world.set_mishap(&"site-b".into(), protector_core::mock::Mishap::Boot, "sync-server-2", happens)
    };
    set(true)?;
    let moved = operate(&away, &unplanned(true)).await?;
    assert_eq!(moved.status, OperationStatus::CompletedPartial, "{moved:#?}");
    set(false)?;
    completes(&away, &Request::RetryFailed { mappings: Mappings::default() }).await?;
    stage.set_site("site-a", true)?;
    away.sync_metadata(GROUP).await?;
    completes(&away, &Request::Reprotect {}).await?;
    check_protected(&away).await?;
    let record = stage.record(&away).await?;
    assert!(record.members.iter().all(|m| m.server_on(&SiteName::from("site-b")).is_some()));
    Ok(())
}
