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
    let verbs = ["resume", "abort"].map(|verb| format!("openstack protector operation {verb} {operation}"));
    assert_eq!(failed.next, verbs);
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

/// What was done on the site that was left stays done; the group is free again, unprotected as before.
#[tokio::test]
async fn a_reprotect_that_fails_can_be_given_up() -> Result<()> {
    let left = left().await?;
    left.away.sync_metadata(GROUP).await?;
    let operation = left.away.accept(&left.away.plan(GROUP, &reprotect()).await?).await?.id.to_string();
    left.stage.deployment.world().set_link_connected(false)?;
    left.away.run(&operation, &Cancel::default(), &Progress::none()).await?;
    let options = protector_core::engine::StopOptions::default();
    let ended = left.away.operation_abort(&operation, &options, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(ended.status, OperationStatus::Cancelled, "{ended:#?}");
    let record = left.record().await?;
    assert_eq!((record.group.operation.as_ref(), record.group.protection), (None, Protection::Unprotected));
    assert!(record.fences_due.is_empty() && record.ledger[0].state == LedgerState::Preserved);
    assert_eq!(left.stage.record(&left.stage.engine).await?, record, "both sites know that it ended");

    left.stage.deployment.world().set_link_connected(true)?;
    left.completes(&reprotect()).await?;
    assert_eq!(left.record().await?.group.protection, Protection::Protected);
    Ok(())
}

/// The array was emptied meanwhile, and the server is gone: no dead end, and no claim that it was kept.
#[tokio::test]
async fn an_old_side_that_lost_everything_is_no_dead_end() -> Result<()> {
    let left = left().await?;
    left.away.sync_metadata(GROUP).await?;
    let ids: Vec<_> = left.entry().await?.volumes.into_iter().map(|v| v.array_volume_id).collect();
    let (world, name) = (left.stage.deployment.world(), left.record().await?.policy.expect("a policy").pure_pg_name);
    let (cloud, cx) = (world.cloud(&site_a())?, somebody(&left).await?);
    let (clock, server) = (&*left.stage.engine.endpoints().clock, left.old_server.as_str().into());
    protector_core::exec::settle(clock, &cx, || cloud.stop_server(&cx, &server)).await?;
    protector_core::exec::settle(clock, &cx, || cloud.delete_server(&cx, &server)).await?;
    world.change_array(&"flasharray-a".into(), |array| -> Result<()> {
        let group = array.protection_group(name.as_str())?.ok_or_else(|| Error::not_found("the group"))?;
        array.destroy_protection_group(&group)?;
        for id in &ids {
            array.destroy_volume(id.as_str())?;
        }
        Ok(())
    })?;
    left.stage.blocks(&left.away, &reprotect(), &["is destroyed and cannot be fenced", "purepgroup recover"]).await?;
    left.stage.pass(25 * 3600).await;
    left.completes(&reprotect()).await?;
    let record = left.record().await?;
    assert!(record.fences_due.is_empty());
    let entry = left.entry().await?;
    assert_eq!((entry.is_kept(), entry.snapshot), (true, None));
    assert!(entry.evidence.is_some_and(|e| e.contains("holds nothing")));
    assert_eq!(record.group.protection, Protection::Protected);
    Ok(())
}

/// Somebody took a volume out of the group on the old side: the fence holds for it all the same.
#[tokio::test]
async fn a_volume_that_left_the_group_on_the_old_side_is_fenced_too() -> Result<()> {
    let left = left().await?;
    left.away.sync_metadata(GROUP).await?;
    let name = left.record().await?.policy.expect("a policy").pure_pg_name;
    let array = left.stage.deployment.world().storage_driver(&site_a())?;
    let nobody = MemberSet { volumes: Default::default(), mode: MemberMode::Exact };
    array.ensure_members(&somebody(&left).await?, &name, &nobody).await?;
    left.completes(&reprotect()).await?;
    assert!(!left.old_side_takes_writes().await?);
    let record = left.record().await?;
    assert_eq!(preserved(&left.stage, &record, &record.ledger[0]).await?, left.held, "I-15");
    Ok(())
}

async fn somebody(left: &Left) -> Result<Cx> {
    let (epoch, deadline) = (left.record().await?.group.epoch, jiff::Timestamp::MAX);
    Ok(Cx { op_key: "somebody".into(), epoch, deadline, cancel: Cancel::default() })
}
