//! A site that is lost for good in the middle of an operation, or that has moved on.

use super::*;

/// I-03: the other site never comes back, and still the group is free in the end, with the mark and the consent.
#[tokio::test]
async fn a_target_that_is_lost_for_good() -> Result<()> {
    for (step, when) in [("announce", "started"), ("fence_source", "done"), ("clone_volumes", "started")] {
        let (stage, operation) = accepted(&failover()).await?;
        let start = start_of(&stage.deployment, &stage.engine).await?;
        run_until(&stage.engine, &operation, step, when).await?;
        stage.set_site("site-b", false)?;
        let open = abort(&stage.engine, &operation, &because("site-b burns")).await?;
        assert_eq!(open.status, Failed, "{step} {when}: {open:#?}");
        let error = open.error.unwrap_or_default();
        assert!(error.contains(&format!("operation abort {operation} --leave-peer")), "{step} {when}: {error}");
        // the workload runs, whoever is told
        restored::check_world(&start, &stage.deployment)?;
        assert_eq!(stage.engine.protection_group_show(GROUP).await?.status, GroupStatus::FailingOver);

        let leave = StopOptions { leave_peer: true, ..because("site-b burns") };
        let ended = abort(&stage.engine, &operation, &leave).await?;
        assert_eq!(ended.status, Cancelled, "{step} {when}: {ended:#?}");
        let group = stage.engine.protection_group_show(GROUP).await?;
        assert_eq!((group.status, group.diverged, group.operation_id), (GroupStatus::Active, true, None));
        let mark = stage.record(&stage.engine).await?.divergence;
        assert_eq!(
            mark.map(|d| (d.absent_site.to_string(), d.operation.to_string())),
            Some(("site-b".into(), operation.clone()))
        );
        let consents: Vec<_> = records(&stage.engine, &operation)
            .await?
            .into_iter()
            .filter_map(|r| if let Record::AbortRequested { consents, .. } = r { Some(consents) } else { None })
            .flatten()
            .map(|c| (c.kind, c.reason))
            .collect();
        assert_eq!(consents, [(ConsentKind::MetadataDiverged, Some("site-b burns".to_owned()))], "I-41: once");

        // it comes back after all
        stage.set_site("site-b", true)?;
        stage.engine.sync_metadata(GROUP).await?;
        assert_eq!(stage.record(&stage.engine).await?, stage.record(&stage.other()?).await?);
        stage.completes(&Request::Sync {}).await?;
        stage.completes(&failover()).await?;
    }
    Ok(())
}

/// With the source gone nothing can be restored. That is said, and the way to the other site is free.
#[tokio::test]
async fn a_source_that_is_lost_for_good() -> Result<()> {
    let (stage, sync) = accepted(&Request::Sync {}).await?;
    run(&stage.engine, &sync).await?;
    let away = stage.other()?;
    let operation = away.accept(&away.plan(GROUP, &failover()).await?).await?.id.to_string();
    run_until(&away, &operation, "fence_source", "done").await?;
    stage.set_site("site-a", false)?;
    let open = abort(&away, &operation, &because("site-a burns")).await?;
    assert_eq!(open.status, Failed, "{open:#?}");
    assert!(open.error.unwrap_or_default().contains("--leave-peer"));
    let ended = abort(&away, &operation, &StopOptions { leave_peer: true, ..because("site-a burns") }).await?;
    // not 'cancelled': nobody started anything on a site that is gone
    assert_eq!((ended.status, ended.finished_at.is_some()), (Failed, true), "{ended:#?}");
    assert!(ended.steps.iter().any(|s| s.state == "failed" && s.id.starts_with("stop_server")), "{ended:#?}");
    assert_eq!(away.protection_group_show(GROUP).await?.operation_id, None);
    let moved = operate(&away, &unplanned(true)).await?;
    assert_eq!(moved.status, Completed, "{moved:#?}");
    Ok(())
}

/// I-46: the other site went on without us. What it holds is not written over.
#[tokio::test]
async fn a_peer_that_moved_on_is_not_overwritten() -> Result<()> {
    let (stage, operation) = accepted(&failover()).await?;
    run_until(&stage.engine, &operation, "fence_source", "done").await?;
    let away = stage.other()?;
    let mut theirs = stage.record(&away).await?;
    let expected = theirs.version;
    theirs.version = expected.next().next().next();
    theirs.group.description = Some("moved on".into());
    let change = protector_core::ports::GroupChange { record: theirs.clone(), expected, agreed: false };
    away.endpoints().store.update_group(&change).await?;
    let open = abort(&stage.engine, &operation, &because("no")).await?;
    assert_eq!(open.status, Failed, "{open:#?}");
    assert!(open.error.unwrap_or_default().contains("which is not of this operation"));
    assert_eq!(stage.record(&away).await?, theirs);
    let leave = StopOptions { leave_peer: true, ..StopOptions::default() };
    assert_eq!(abort(&stage.engine, &operation, &leave).await?.status, Cancelled);
    assert_eq!(stage.record(&away).await?, theirs);
    assert!(stage.engine.protection_group_show(GROUP).await?.diverged);
    Ok(())
}
