//! Moves with both sites.

use crate::{check_protected, completes, failback, protected, refuses_writes, write};
use protector_core::engine::{Progress, Request};
use protector_core::exec::Record;
use protector_core::mock::{Mishap, NewVolume};
use protector_core::model::{GroupStatus, Mappings, OperationStatus, Protection};
use protector_core::plan::StepOutput;
use protector_core::ports::{Cancel, FenceState};
use protector_core::{ErrorKind, Result};
use protector_tests::{GROUP, failover, operate};

#[tokio::test]
async fn there_and_back_loses_no_write_and_is_protected_all_the_way() -> Result<()> {
    let (_directory, stage) = protected().await?;
    let engine = &stage.engine;
    check_protected(engine).await?;
    write(&stage, engine, 7).await?;
    let written = stage.contents(engine).await?;

    completes(engine, &failover()).await?;
    assert_eq!(stage.contents(engine).await?, written);
    refuses_writes(&stage, engine, "site-a").await?;
    let group = engine.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.protection), (GroupStatus::FailedOver, Protection::Protected));
    check_protected(engine).await?;

    write(&stage, engine, 5).await?;
    let written = stage.contents(engine).await?;
    completes(engine, &failback()).await?;
    assert_eq!(stage.contents(engine).await?, written);
    refuses_writes(&stage, engine, "site-b").await?;
    check_protected(engine).await?;
    write(&stage, engine, 1).await
}

/// I-08: evidence of the fence of both arrays lies in the journal before the clones are begun.
#[tokio::test]
async fn both_arrays_said_that_they_are_fenced_before_anything_is_cloned() -> Result<()> {
    let (_directory, stage) = protected().await?;
    let done = operate(&stage.engine, &failover()).await?;
    let journal = stage.engine.endpoints().store.journal(&done.id, 0).await?;
    let mut fenced = Vec::new();
    for entry in journal {
        match serde_json::from_str(&entry.record)? {
            Record::StepDone { output: StepOutput::Fenced { site, state, .. }, .. } => fenced.push((site, state)),
            Record::StepIntent { step } if step.as_str() == "clone_volumes" => break,
            _ => {}
        }
    }
    assert_eq!(fenced, [("site-a".into(), FenceState::Fenced), ("site-b".into(), FenceState::Fenced)]);
    Ok(())
}

/// I-34 for a pod: given up before the pivot, the workload runs as before and both fences are off.
#[tokio::test]
async fn a_move_that_cannot_clone_restores_the_start() -> Result<()> {
    let (_directory, stage) = protected().await?;
    let engine = &stage.engine;
    let operation = stage.accepted(&failover()).await?;
    // the name of one clone is taken by somebody else
    let disk = stage.record(engine).await?.disks().next().expect("a disk").1.id.clone();
    let name = protector_core::rules::naming::clone_volume_name(&operation.as_str().into(), &disk);
    let taken = NewVolume {
        name: name.as_str(),
        provisioned: 1 << 20,
        content: 0,
        source: None,
        pod_id: None,
        volume_group_id: None,
    };
    let world = stage.deployment.world();
    world.change_array(&"flasharray-b".into(), |array| array.create_volume(&taken).map(drop))?;
    let ended = engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(ended.status, OperationStatus::RolledBack, "{ended:#?}");
    stage.pass(300).await;
    write(&stage, engine, 1).await?;
    check_protected(engine).await
}

#[tokio::test]
async fn members_that_do_not_arrive_are_retried_from_the_same_clones() -> Result<()> {
    let (_directory, stage) = protected().await?;
    let engine = &stage.engine;
    let set =
        |happens| stage.deployment.world().set_mishap(&"site-b".into(), Mishap::Import, "sync-server-2-os", happens);
    set(true)?;
    write(&stage, engine, 3).await?;
    let written = stage.contents(engine).await?;
    let moved = operate(engine, &failover()).await?;
    assert_eq!(moved.status, OperationStatus::CompletedPartial, "{moved:#?}");
    assert_eq!(engine.protection_group_show(GROUP).await?.status, GroupStatus::FailedOverPartial);
    set(false)?;
    completes(engine, &Request::RetryFailed { mappings: Mappings::default() }).await?;
    assert_eq!(stage.contents(engine).await?, written);
    check_protected(engine).await
}

#[tokio::test]
async fn a_pod_out_of_step_keeps_the_workload_at_home() -> Result<()> {
    let (_directory, stage) = protected().await?;
    stage.deployment.world().set_link_connected(false)?;
    let parts = ["pod 'cinder-pod' is", "purepod list cinder-pod", "link of"];
    stage.blocks(&stage.engine, &failover(), &parts).await?;
    let health = stage.engine.health().await?;
    assert!(!health[0].failover_ready, "{health:?}");
    stage.deployment.world().set_link_connected(true)?;
    stage.pass(3600).await;
    completes(&stage.engine, &failover()).await
}

/// What earlier moves left is released once a recovery point of the present volumes is there.
#[tokio::test]
async fn a_commit_wants_a_recovery_point_of_the_volumes_that_run() -> Result<()> {
    let (_directory, stage) = protected().await?;
    let engine = &stage.engine;
    completes(engine, &failover()).await?;
    completes(engine, &failback()).await?;
    completes(engine, &failover()).await?;
    assert!(!stage.record(engine).await?.retained.is_empty());
    stage.pass(3600).await;
    stage.blocks(engine, &Request::Commit {}, &["exceeds RPO threshold", "consistency-group sync"]).await?;
    completes(engine, &Request::Sync {}).await?;
    completes(engine, &Request::Commit {}).await?;
    assert!(stage.record(engine).await?.retained.is_empty());
    check_protected(engine).await?;
    completes(engine, &failback()).await
}

#[tokio::test]
async fn a_group_of_either_kind_keeps_to_its_own_volumes() -> Result<()> {
    let (_directory, stage) = protected().await?;
    let add = protector_tests::add_member(&stage.deployment, &stage.engine, "web-server-1", 0);
    stage.refuses(add, ErrorKind::NotEligible, &["does not replicate as 'sync'", "is in no pod"]).await
}
