//! The way home after an unplanned failover.

use super::*;

/// I-15, I-10: nothing that was acknowledged on site-b is lost, and what site-a held is in the snapshot, its last writes too.
#[tokio::test]
async fn the_way_home_fences_the_old_side_and_keeps_what_it_held() -> Result<()> {
    let left = left().await?;
    assert!(left.old_server_is(ServerState::Active).await? && left.old_side_takes_writes().await?);
    // the old server writes on, while the new one does
    let entry = left.entry().await?;
    for volume in &entry.volumes {
        left.stage.deployment.world().write(&site_a(), in_cinder(volume), 2)?;
    }
    left.away.sync_metadata(GROUP).await?;
    left.write(4).await?;
    let written = left.stage.contents(&left.away).await?;

    left.completes(&failback()).await?;
    assert_eq!(left.stage.contents(&left.away).await?, written, "I-10");
    let record = left.record().await?;
    assert_eq!((record.group.is_home(), record.group.protection), (true, Protection::Protected));
    assert!(record.fences_due.is_empty());
    let entry = left.entry().await?;
    assert_eq!(entry.state, LedgerState::Preserved);
    let held: BTreeMap<_, _> = left.held.iter().map(|(disk, count)| (disk.clone(), count + 2)).collect();
    assert_eq!(preserved(&left.stage, &record, &entry).await?, held, "I-15");
    assert!(!left.old_side_takes_writes().await?);
    left.stage.write("site-a", 1).await?;

    // what the entry names is retained, and a commit leaves it alone until somebody gives it up
    let named: Vec<_> = entry.volumes.iter().map(|v| v.array_volume_id.clone()).collect();
    assert!(record.retained.iter().all(|copy| named.contains(&copy.array_volume_id)), "{:?}", record.retained);
    left.stage.blocks(&left.away, &Request::Commit {}, &["kept by the ledger"]).await
}

/// I-18: there and back without a write ends where it began.
#[tokio::test]
async fn an_unplanned_cycle_without_a_write_ends_where_it_began() -> Result<()> {
    let stage = Stage::replicated().await?;
    let (before, contents) = (stage.record(&stage.engine).await?, stage.contents(&stage.engine).await?);
    stage.set_site("site-a", false)?;
    let away = stage.other()?;
    assert_eq!(operate(&away, &unplanned(true)).await?.status, OperationStatus::Completed);
    stage.set_site("site-a", true)?;
    away.sync_metadata(GROUP).await?;
    assert_eq!(operate(&away, &reprotect()).await?.status, OperationStatus::Completed);
    assert_eq!(operate(&away, &failback()).await?.status, OperationStatus::Completed);
    assert_eq!(stage.contents(&stage.engine).await?, contents);
    let after = stage.record(&stage.engine).await?;
    assert_eq!(after, stage.record(&away).await?);
    let shape = |r: &GroupRecord| {
        let disks: Vec<_> = r.disks().map(|(m, d)| (m.id.clone(), m.tier, d.id.clone(), d.device.clone())).collect();
        let group = &r.group;
        (group.is_home(), group.protection, group.mappings.clone(), r.policy.clone(), disks, r.fences_due.clone())
    };
    assert_eq!(shape(&before), shape(&after));
    stage.write("site-a", 1).await
}

/// A failback that is rolled back leaves the site fenced that two servers must not share; the workload runs on.
#[tokio::test]
async fn a_failback_that_rolls_back_keeps_the_old_side_fenced() -> Result<()> {
    let left = left().await?;
    left.away.sync_metadata(GROUP).await?;
    let operation = left.away.accept(&left.away.plan(GROUP, &failback()).await?).await?.id.to_string();
    left.stage.deployment.world().set_link_connected(false)?;
    let ended = left.away.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(ended.status, OperationStatus::RolledBack, "{ended:#?}");
    let record = left.record().await?;
    assert!(record.fences_due.is_empty() && record.ledger[0].state == LedgerState::Preserved);
    assert_eq!((record.group.protection, record.group.is_home()), (Protection::Unprotected, false));
    assert!(left.old_server_is(ServerState::Shutoff).await? && !left.old_side_takes_writes().await?);
    left.write(1).await?;
    assert_eq!(record, left.stage.record(&left.stage.engine).await?);
    left.stage.deployment.world().set_link_connected(true)?;
    left.completes(&failback()).await.map(drop)
}

/// The site is lost again while it should hear that it is fenced: the rollback tells it later, and only then lets go.
#[tokio::test]
async fn a_site_that_is_lost_again_hears_of_its_fence_later() -> Result<()> {
    let left = left().await?;
    left.away.sync_metadata(GROUP).await?;
    let operation = left.away.accept(&left.away.plan(GROUP, &failback()).await?).await?.id.to_string();
    let world = left.stage.deployment.world().clone();
    let listener = Progress::new(move |event: &Event| {
        if event.step.as_deref() == Some("old_site/settle") && event.state == "started" {
            world.set_site_available(&"site-a".into(), false).expect("the site is there");
        }
    });
    let failed = left.away.run(&operation, &Cancel::default(), &listener).await?;
    assert_eq!(failed.status, OperationStatus::Failed, "{failed:#?}");
    assert_eq!(left.record().await?.fences_due.len(), 1, "nobody was told, so it still waits");
    left.stage.set_site("site-a", true)?;
    let ended = left.away.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(ended.status, OperationStatus::RolledBack, "{ended:#?}");
    let record = left.record().await?;
    assert!(record.fences_due.is_empty() && record.ledger[0].state == LedgerState::Preserved);
    assert_eq!(record, left.stage.record(&left.stage.engine).await?);
    left.completes(&failback()).await.map(drop)
}
