//! Protecting a workload where it runs.

use super::*;

#[tokio::test]
async fn a_reprotect_protects_where_the_workload_runs_and_moves_nothing() -> Result<()> {
    let left = left().await?;
    left.away.sync_metadata(GROUP).await?;
    let before = left.record().await?;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let operation = left.away.accept(&left.away.plan(GROUP, &reprotect()).await?).await?.id.to_string();
    let listener = {
        let seen = seen.clone();
        Progress::new(move |event: &Event| {
            if event.state == "done" {
                seen.lock().expect("nobody panicked").extend(event.step.clone());
            }
        })
    };
    let done = left.away.run(&operation, &Cancel::default(), &listener).await?;
    assert_eq!((done.status, done.operation_type.as_str()), (OperationStatus::Completed, "reprotect"), "{done:#?}");
    let first: Vec<_> = seen.lock().expect("nobody panicked").iter().take(5).cloned().collect();
    let expected =
        ["announce", "old_site/stop_server/web-server-1", "old_site/fence", "old_site/preserve", "old_site/settle"];
    assert_eq!(first, expected);

    let record = left.record().await?;
    assert_eq!(record, left.stage.record(&left.stage.engine).await?);
    assert_eq!((record.group.protection, record.group.operation.is_none()), (Protection::Protected, true));
    assert_eq!(record.group.epoch, before.group.epoch);
    assert_eq!(record.group.current_primary_site, before.group.current_primary_site);
    assert_eq!(record.members, before.members);
    assert!(record.fences_due.is_empty() && record.ledger[0].state == LedgerState::Preserved);
    assert!(left.old_server_is(ServerState::Shutoff).await? && !left.old_side_takes_writes().await?);
    assert_eq!(preserved(&left.stage, &record, &record.ledger[0]).await?, left.held, "I-15");

    // a second one is refused with the evidence, and the way home loses nothing
    left.stage.blocks(&left.away, &reprotect(), &["already protected from site-b to site-a", "-reprotect"]).await?;
    let group = left.away.protection_group_show(GROUP).await?;
    assert_eq!(
        (group.status, group.next[0].as_str()),
        (GroupStatus::FailedOver, "openstack protector failback drill-web-app")
    );
    left.write(3).await?;
    let written = left.stage.contents(&left.away).await?;
    left.completes(&failback()).await?;
    assert_eq!(left.stage.contents(&left.away).await?, written);
    Ok(())
}

/// A first copy that does not arrive leaves the operation open; the fence and the snapshot stay.
#[tokio::test]
async fn a_reprotect_that_fails_is_made_again() -> Result<()> {
    let left = left().await?;
    left.away.sync_metadata(GROUP).await?;
    let operation = left.away.accept(&left.away.plan(GROUP, &reprotect()).await?).await?.id.to_string();
    left.stage.deployment.world().set_link_connected(false)?;
    let failed = left.away.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(failed.status, OperationStatus::Failed, "{failed:#?}");
    assert_eq!(failed.next, [format!("openstack protector operation resume {operation}")]);
    let record = left.record().await?;
    assert_eq!(record.group.operation.as_ref().map(|o| o.id.as_str()), Some(operation.as_str()));
    assert!(record.fences_due.is_empty() && record.ledger[0].state == LedgerState::Preserved);
    assert_eq!(left.away.protection_group_show(GROUP).await?.status, GroupStatus::FailedOver);

    left.stage.deployment.world().set_link_connected(true)?;
    let done = left.away.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    assert_eq!(left.record().await?.group.protection, Protection::Protected);
    Ok(())
}
