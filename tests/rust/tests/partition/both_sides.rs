//! Both sites go on by themselves, and meet again.

use super::{both_agree, describe, seen};
use protector_core::engine::{Engine, Request};
use protector_core::model::{
    ArrayVolumeId, GroupRecord, GroupStatus, LedgerState, Mappings, OpenOperation, OperationKind, OperationStatus,
    SiteName, SyncStatus,
};
use protector_core::plan::ReconcilePlan;
use protector_core::ports::{Cloud as _, GroupChange, ServerState};
use protector_core::{ErrorKind, Result};
use protector_tests::link::{Link, Weather, linked};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, failover, operate, unplanned};
use std::collections::BTreeSet;

/// site-a was told of an edit, and nobody heard that it was; then the sites are cut, and site-b takes over.
async fn parted() -> Result<(Stage, Engine)> {
    let stage = Stage::replicated().await?;
    let (away, link) = (stage.other()?, Link::default());
    link.set(Weather::DiesAfterIt);
    let told = linked(&away, &link).protection_group_update(GROUP, &describe("told to site-a alone")).await;
    assert_eq!(told.map_err(|e| e.kind()).err(), Some(ErrorKind::Indeterminate));
    stage.write("site-a", 9).await?;

    stage.set_site("site-a", false)?;
    let moved = operate(&away, &unplanned(true)).await?;
    assert_eq!(moved.status, OperationStatus::Completed, "{moved:#?}");
    let site = SiteName::from("site-b");
    for (_, disk) in stage.record(&away).await?.disks() {
        stage.deployment.world().write(&site, &disk.copies[&site].volume_id, 4)?;
    }
    stage.set_site("site-a", true)?;
    Ok((stage, away))
}

/// All volumes that a record names, wherever it does.
fn volumes(record: &GroupRecord) -> BTreeSet<(SiteName, ArrayVolumeId)> {
    let copies = record.disks().flat_map(|(_, disk)| disk.copies.iter());
    let copies = copies.map(|(site, copy)| (site.clone(), copy.array_volume_id.clone()));
    let retained = record.retained.iter().map(|copy| (copy.site.clone(), copy.array_volume_id.clone()));
    let ledger = record
        .ledger
        .iter()
        .flat_map(|entry| entry.volumes.iter().map(|volume| (entry.site.clone(), volume.array_volume_id.clone())));
    copies.chain(retained).chain(ledger).collect()
}

async fn known(stage: &Stage, away: &Engine) -> Result<BTreeSet<(SiteName, ArrayVolumeId)>> {
    let (mut known, theirs) = (volumes(&stage.record(&stage.engine).await?), volumes(&stage.record(away).await?));
    known.extend(theirs);
    Ok(known)
}

/// Shows the plan to whoever reads a failure.
async fn reconcile(engine: &Engine, winner: &str) -> Result<ReconcilePlan> {
    let plan = engine.plan_reconcile(GROUP, winner).await?;
    let status = engine.reconcile(&plan).await?;
    assert_eq!(status.sync_status, SyncStatus::InSync, "{plan}\n{status:#?}");
    Ok(plan)
}

/// I-46: neither site is written over, and each of them says how they differ and what leads on.
#[tokio::test]
async fn both_sites_name_the_divergence() -> Result<()> {
    let (stage, away) = parted().await?;
    let home = &stage.engine;
    let (ours, theirs) = (stage.record(home).await?, stage.record(&away).await?);
    for (engine, here, there) in [(home, &ours, &theirs), (&away, &theirs, &ours)] {
        let status = engine.sync_status(GROUP).await?;
        assert_eq!(status.sync_status, SyncStatus::OutOfSync);
        assert_eq!((status.local_version, status.remote_version), (here.version.0, Some(there.version.0)));
        assert!(status.base_version.is_some_and(|base| base < here.version.0.min(there.version.0)), "{status:#?}");
        assert!(status.detail.as_ref().is_some_and(|detail| detail.contains("both changed")), "{status:#?}");
        let primary = |record: &GroupRecord| Some(record.group.current_primary_site.to_string());
        let moved = (Some("site-a".to_owned()), primary(here), primary(there), vec!["site-b".to_owned()]);
        assert_eq!(seen(&status, "current primary"), Some(moved));
        let edited = seen(&status, "description").map(|(base, _, _, changed_on)| (base, changed_on));
        assert_eq!(edited, Some((None, vec!["site-a".to_owned()])));
        let winners: Vec<_> = status.next.iter().filter_map(|command| command.split("--winner ").nth(1)).collect();
        assert_eq!(winners.len(), 2, "{status:#?}");
        stage
            .refuses(Box::pin(engine.sync_metadata(GROUP)), ErrorKind::Conflict, &["both changed", "reconcile"])
            .await?;
    }
    stage.blocks(&away, &Request::Reprotect {}, &["OUT OF SYNC"]).await
}

/// A plan changes nothing, and is executed as it was shown or not at all.
#[tokio::test]
async fn a_plan_is_about_what_it_was_made_for() -> Result<()> {
    let (stage, away) = parted().await?;
    let home = &stage.engine;
    let before = (stage.record(home).await?, stage.record(&away).await?);
    let plan = home.plan_reconcile(GROUP, "site-a").await?;
    assert_eq!(before, (stage.record(home).await?, stage.record(&away).await?));
    // the same from either site, and another one for the other winner
    let same = away.plan_reconcile(GROUP, "site-a").await?;
    assert_eq!((&same.hash, &same.sites, &same.consequences), (&plan.hash, &plan.sites, &plan.consequences));
    assert_ne!(home.plan_reconcile(GROUP, "site-b").await?.hash, plan.hash);
    let text = plan.to_text();
    for part in ["site-a wins", "current primary: was site-a, is site-b on site-b", "site-b gives up:", "reprotect"] {
        assert!(text.contains(part), "'{part}' is not in:\n{text}");
    }

    let mut changed = before.1.clone();
    let expected = changed.version;
    changed.version = expected.next();
    changed.group.priority += 1;
    let change = GroupChange { record: changed, expected, agreed: false };
    away.endpoints().store.update_group(&change).await?;
    stage
        .refuses(Box::pin(home.reconcile(&plan)), ErrorKind::PlanStale, &["has changed since", "--winner site-a"])
        .await?;
    stage.refuses(home.plan_reconcile(GROUP, "site-c"), ErrorKind::InvalidRequest, &["'site-c'", "site-a"]).await?;
    stage.set_site("site-b", false)?;
    stage.refuses(home.plan_reconcile(GROUP, "site-a"), ErrorKind::PeerUnreachable, &["site-b"]).await
}

/// An open operation on either side holds the group.
#[tokio::test]
async fn nobody_wins_while_an_operation_is_open() -> Result<()> {
    let (stage, away) = parted().await?;
    let mut theirs = stage.record(&away).await?;
    let expected = theirs.version;
    theirs.version = expected.next();
    let (id, kind, site) = ("op-there".into(), OperationKind::UnplannedFailover, "site-b".into());
    theirs.group.operation = Some(OpenOperation { id, kind, site });
    away.endpoints().store.update_group(&GroupChange { record: theirs, expected, agreed: false }).await?;
    for winner in ["site-a", "site-b"] {
        let parts = ["op-there", "--os-cloud site-b", "resume"];
        stage.refuses(stage.engine.plan_reconcile(GROUP, winner), ErrorKind::Conflict, &parts).await?;
        stage.refuses(away.plan_reconcile(GROUP, winner), ErrorKind::Conflict, &["op-there", "resume"]).await?;
    }
    Ok(())
}

/// The site that took over wins: what the other one held is kept, and it is stopped and fenced before anything else.
#[tokio::test]
async fn the_site_that_took_over_wins() -> Result<()> {
    for from in ["site-a", "site-b"] {
        let (stage, away) = parted().await?;
        let (known, epoch) = (known(&stage, &away).await?, stage.record(&away).await?.group.epoch);
        let written = stage.contents(&away).await?;
        reconcile(&stage.deployment.engine(Some(from))?, "site-b").await?;
        both_agree(&stage).await?;
        let record = stage.record(&away).await?;
        assert!(volumes(&record).is_superset(&known), "{record:#?}");
        assert_eq!((record.group.current_primary_site.as_str(), record.group.epoch), ("site-b", epoch));
        assert!(
            record.owes_fence(&"site-a".into()) && record.unsettled_on(&"site-a".into()).count() == 1,
            "{record:#?}"
        );

        completes(&away, &Request::Reprotect {}).await?;
        assert_eq!(stage.contents(&away).await?, written);
        assert!(stage.write("site-a", 1).await.is_err(), "site-a takes writes");
        completes(&away, &Request::Failback { mappings: Mappings::default() }).await?;
        assert_eq!(stage.contents(&stage.engine).await?, written);
        moves_again(&stage).await?;
    }
    Ok(())
}

/// The site that was left wins: what ran on the other one is stopped and fenced, and what it wrote is kept.
#[tokio::test]
async fn the_site_that_was_left_wins() -> Result<()> {
    for from in ["site-a", "site-b"] {
        let (stage, away) = parted().await?;
        let (known, theirs) = (known(&stage, &away).await?, stage.record(&away).await?);
        let written = stage.contents(&stage.engine).await?;
        let running = theirs.members[0].servers[&SiteName::from("site-b")].clone();
        let plan = reconcile(&stage.deployment.engine(Some(from))?, "site-a").await?;
        assert!(plan.consequences.iter().any(|line| line.contains(running.as_str())), "{plan}");
        both_agree(&stage).await?;
        let record = stage.record(&stage.engine).await?;
        assert!(volumes(&record).is_superset(&known), "{record:#?}");
        assert_eq!(record.group.current_primary_site.as_str(), "site-a");
        assert!(record.group.epoch > theirs.group.epoch && record.version > theirs.version, "{record:#?}");
        let due = record.fences_due.iter().find(|due| due.site.as_str() == "site-b").expect("a fence that is due");
        assert_eq!(due.servers, std::slice::from_ref(&running));

        let group = stage.engine.protection_group_show(GROUP).await?;
        assert!(group.next.iter().any(|command| command.contains(" reprotect ")), "{group:#?}");
        stage.completes(&Request::Reprotect {}).await?;
        let record = stage.record(&stage.engine).await?;
        assert!(record.fences_due.is_empty(), "{record:#?}");
        let of_b = record.ledger.iter().find(|entry| entry.site.as_str() == "site-b").expect("an entry of site-b");
        assert_eq!((of_b.state, of_b.snapshot.is_some()), (LedgerState::Preserved, true), "{of_b:#?}");
        let server = stage.deployment.world().cloud(&"site-b".into())?.server(&running).await?;
        assert!(server.is_some_and(|server| server.state == ServerState::Shutoff));
        assert_eq!(stage.contents(&stage.engine).await?, written);
        moves_again(&stage).await?;
        assert_eq!(stage.contents(&stage.engine).await?, written);
    }
    Ok(())
}

async fn completes(engine: &Engine, request: &Request) -> Result<()> {
    let done = operate(engine, request).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    Ok(())
}

/// From home: healthy, and there and back.
async fn moves_again(stage: &Stage) -> Result<()> {
    let health = stage.engine.health().await?.pop().expect("a group");
    assert!(health.failover_ready && health.sync_status == SyncStatus::InSync, "{health:#?}");
    stage.completes(&failover()).await?;
    let group = stage.engine.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.diverged), (GroupStatus::FailedOver, false));
    both_agree(stage).await
}
