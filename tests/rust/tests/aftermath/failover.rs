//! What an unplanned failover writes down before and while it happens.

use super::*;

/// I-02: the mark is there before the first clone is made, and both sides take writes only while it says suspected.
#[tokio::test]
async fn the_ledger_suspects_the_old_side_before_the_pivot() -> Result<()> {
    for answers in [false, true] {
        let stage = Stage::replicated().await?;
        stage.set_site("site-a", answers)?;
        let away = stage.other()?;
        let operation = away.accept(&away.plan(GROUP, &unplanned(true)).await?).await?.id.to_string();
        let before = stage.record(&away).await?;
        assert_eq!(before.ledger[0].state, LedgerState::Suspected);
        assert!(before.group.is_home(), "nothing has moved yet");
        let done = away.run(&operation, &Cancel::default(), &Progress::none()).await?;
        assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");

        let record = stage.record(&away).await?;
        assert_eq!((record.ledger.len(), record.ledger[0].state), (1, LedgerState::Suspected));
        let entry = &record.ledger[0];
        assert_eq!((&entry.site, entry.operation.as_str()), (&site_a(), operation.as_str()));
        assert_eq!(entry.volumes.len(), record.disks().count());
        // a source that answered was stopped and fenced; one that did not waits for it
        assert_eq!(record.fences_due.is_empty(), answers, "{:?}", record.fences_due);
        stage.set_site("site-a", true)?;
        let writable = stage.deployment.world().write(&site_a(), in_cinder(&entry.volumes[0]), 0).is_ok();
        assert_eq!(writable, !answers);
    }
    Ok(())
}

/// I-02, I-46: each site opened an operation of its own while they did not reach each other, so both count the same version.
/// The one that turns back neither ends that of the other site nor takes its mark away.
#[tokio::test]
async fn an_operation_that_turns_back_leaves_that_of_the_other_site_alone() -> Result<()> {
    let stage = Stage::replicated().await?;
    let planned = stage.accepted(&failover()).await?;
    stage.set_site("site-a", false)?;
    let away = stage.other()?;
    let forced = away.accept(&away.plan(GROUP, &unplanned(true)).await?).await?.id.to_string();
    stage.set_site("site-a", true)?;
    let marked = stage.record(&away).await?;
    assert_eq!(stage.record(&stage.engine).await?.version, marked.version);

    let turned = stage.engine.run(&planned, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(turned.status, OperationStatus::Failed, "{turned:#?}");
    assert!(turned.error.is_some_and(|error| error.contains(&forced)));
    assert_eq!(stage.record(&away).await?, marked, "what site-b holds is site-b's");

    let done = away.run(&forced, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    assert_eq!(stage.record(&away).await?.ledger[0].state, LedgerState::Suspected);
    // the way on for the other one: it ends here, and then hears what happened there
    let options = StopOptions { leave_peer: true, ..StopOptions::default() };
    let given_up = stage.engine.operation_abort(&planned, &options, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(given_up.status, OperationStatus::RolledBack, "{given_up:#?}");
    away.sync_metadata(GROUP).await?;
    assert_eq!(stage.record(&stage.engine).await?, stage.record(&away).await?);
    Ok(())
}

/// I-02, I-03: two people force the group to the same site, from both sides of a partition. Who comes second hears of the
/// other one before he makes anything.
#[tokio::test]
async fn of_two_forced_failovers_one_turns_back_before_its_pivot() -> Result<()> {
    let stage = Stage::replicated().await?;
    let first = stage.accepted(&unplanned(true)).await?;
    stage.set_site("site-b", false)?;
    let cancel = Cancel::default();
    let asked = cancel.clone();
    let listener = Progress::new(move |event: &Event| {
        if event.step.as_deref() == Some("announce") && event.state == "done" {
            asked.request();
        }
    });
    let stopped = stage.engine.run(&first, &cancel, &listener).await;
    assert_eq!(stopped.map_err(|e| e.kind()).err(), Some(ErrorKind::Cancelled), "site-b was not told");

    stage.set_site("site-b", true)?;
    stage.set_site("site-a", false)?;
    let away = stage.other()?;
    let second = operate(&away, &unplanned(true)).await?;
    assert_eq!(second.status, OperationStatus::Completed, "{second:#?}");
    stage.set_site("site-a", true)?;
    let before = (rows(&stage.deployment, "volumes")?, rows(&stage.deployment, "servers")?);

    let turned = stage.engine.run(&first, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(turned.status, OperationStatus::Failed, "{turned:#?}");
    let after = (rows(&stage.deployment, "volumes")?, rows(&stage.deployment, "servers")?);
    assert_eq!((after.0.len(), after.1.len()), (before.0.len(), before.1.len()), "nothing was made");
    assert_eq!(stage.record(&away).await?.ledger[0].state, LedgerState::Suspected);
    Ok(())
}

/// A source that answers when planning and not when it matters is a source that was not fenced.
#[tokio::test]
async fn best_effort_steps_that_are_skipped_leave_a_fence_due() -> Result<()> {
    for lost_at in ["announce", "stop_server/web-server-1"] {
        let stage = Stage::replicated().await?;
        let (away, world) = (stage.other()?, stage.deployment.world().clone());
        let operation = away.accept(&away.plan(GROUP, &unplanned(true)).await?).await?.id.to_string();
        let listener = Progress::new(move |event: &Event| {
            if event.step.as_deref() == Some(lost_at) && event.state == "done" {
                world.set_site_available(&"site-a".into(), false).expect("the site is there");
            }
        });
        let done = away.run(&operation, &Cancel::default(), &listener).await?;
        assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
        let record = stage.record(&away).await?;
        assert_eq!(record.fences_due.len(), 1, "{lost_at}");
        let due = &record.fences_due[0];
        assert_eq!((&due.site, due.servers.len(), due.operation.as_str()), (&site_a(), 1, operation.as_str()));
        assert_eq!(due.group, record.ledger[0].group);
    }
    Ok(())
}

/// The array of the lost site answers and its cloud does not: nothing is stopped, and yet nothing is written there.
#[tokio::test]
async fn an_array_that_answers_is_fenced_although_its_cloud_is_silent() -> Result<()> {
    let stage = Stage::replicated().await?;
    let (away, world) = (stage.other()?, stage.deployment.world());
    stage.set_site("site-a", false)?;
    world.set_array_available(&"flasharray-a".into(), true)?;
    let plan = away.plan(GROUP, &unplanned(true)).await?;
    let steps: Vec<&str> = plan.steps.iter().map(|s| s.id.as_str()).collect();
    assert!(steps.contains(&"fence_source") && !steps.iter().any(|id| id.starts_with("stop_server/")), "{plan}");
    assert!(plan.to_string().contains("its array answers, and its cloud does not"), "{plan}");
    let operation = away.accept(&plan).await?.id.to_string();
    let done = away.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    let outputs = outputs(&away, &operation).await?;
    check_evidence(&stage, &outputs["fence_source"], "site-a").await?;
    // its servers were not seen to stop: that waits, and the fence with it
    let record = stage.record(&away).await?;
    assert_eq!((record.fences_due.len(), record.fences_due[0].servers.len()), (1, 1));
    stage.set_site("site-a", true)?;
    let entry = &record.ledger[0];
    assert!(world.write(&site_a(), in_cinder(&entry.volumes[0]), 0).is_err(), "the server runs behind the fence");
    away.sync_metadata(GROUP).await?;
    let settled = operate(&away, &reprotect()).await?;
    assert_eq!(settled.status, OperationStatus::Completed, "{settled:#?}");
    assert!(stage.record(&away).await?.fences_due.is_empty());
    let servers = world.cloud(&site_a())?.servers().await?;
    let old = servers.iter().find(|s| s.name == "web-server-1").expect("the old server");
    assert_eq!(old.state, ServerState::Shutoff);
    Ok(())
}

/// The cloud answers and the array does not: what runs is stopped, and the fence waits.
#[tokio::test]
async fn servers_are_stopped_although_their_array_is_silent() -> Result<()> {
    let stage = Stage::replicated().await?;
    let (away, world) = (stage.other()?, stage.deployment.world());
    world.set_array_available(&"flasharray-a".into(), false)?;
    let plan = away.plan(GROUP, &unplanned(true)).await?;
    let steps: Vec<&str> = plan.steps.iter().map(|s| s.id.as_str()).collect();
    assert!(!steps.contains(&"fence_source") && steps.contains(&"stop_server/web-server-1"), "{plan}");
    assert!(plan.to_string().contains("its cloud answers, and its array does not"), "{plan}");
    let done = operate(&away, &unplanned(true)).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    let servers = world.cloud(&site_a())?.servers().await?;
    let old = servers.iter().find(|s| s.name == "web-server-1").expect("the old server");
    assert_eq!(old.state, ServerState::Shutoff);
    // whoever starts it again before the site is fenced writes where nobody looks: all of it waits
    let record = stage.record(&away).await?;
    assert_eq!((record.fences_due.len(), record.fences_due[0].servers.len()), (1, 1));
    world.set_array_available(&"flasharray-a".into(), true)?;
    assert!(world.write(&site_a(), in_cinder(&record.ledger[0].volumes[0]), 0).is_ok());
    // the sites never lost touch
    assert_eq!(record.divergence, None);
    let settled = operate(&away, &reprotect()).await?;
    assert_eq!(settled.status, OperationStatus::Completed, "{settled:#?}");
    assert!(world.write(&site_a(), in_cinder(&record.ledger[0].volumes[0]), 0).is_err());
    Ok(())
}

/// I-08: in planned and unplanned failovers, and where a site that was left is fenced later.
#[tokio::test]
async fn a_fence_leaves_its_evidence_in_the_journal() -> Result<()> {
    for request in [failover(), unplanned(true)] {
        let stage = Stage::replicated().await?;
        let done = operate(&stage.engine, &request).await?;
        check_evidence(&stage, &outputs(&stage.engine, done.id.as_str()).await?["fence_source"], "site-a").await?;
    }
    let left = left().await?;
    left.away.sync_metadata(GROUP).await?;
    let done = left.completes(&reprotect()).await?;
    let outputs = outputs(&left.away, done.id.as_str()).await?;
    check_evidence(&left.stage, &outputs["old_site/fence"], "site-a").await?;
    let StepOutput::Preserved { snapshot, .. } = &outputs["old_site/preserve"] else {
        return Err(Error::internal("no snapshot"));
    };
    assert_eq!(snapshot.as_ref(), left.entry().await?.snapshot.as_ref());
    Ok(())
}

/// A failover that never reached its pivot has left nothing.
#[tokio::test]
async fn a_rollback_withdraws_the_suspicion() -> Result<()> {
    let stage = Stage::replicated().await?;
    let operation = stage.accepted(&unplanned(true)).await?;
    stage.set_site("site-b", false)?;
    let failed = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(failed.status, OperationStatus::Failed, "{failed:#?}");
    stage.set_site("site-b", true)?;
    let ended = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(ended.status, OperationStatus::RolledBack, "{ended:#?}");
    let record = stage.record(&stage.engine).await?;
    assert!(record.ledger.is_empty() && record.fences_due.is_empty(), "{record:#?}");
    // incident 25: un-fenced, and it replicates
    stage.write("site-a", 1).await?;
    stage.completes(&Request::Sync {}).await
}
