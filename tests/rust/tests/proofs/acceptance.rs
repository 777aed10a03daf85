//! I-29, I-41: what an acceptance holds for, and what is left of it afterwards.

use super::{accepted, completed, records, run, stage};
use protector_core::engine::{GroupUpdate, Request};
use protector_core::exec::{OperationState, Record};
use protector_core::model::OperationStatus;
use protector_core::plan::ConsentKind;
use protector_core::ports::{JournalEntry, verify_chain};
use protector_core::{ErrorKind, Result};
use protector_tests::{GROUP, failover, group_create, unplanned};
use std::collections::BTreeMap;

/// I-29: what has nothing to do with a plan does not make it stale.
#[tokio::test]
async fn a_plan_outlives_what_it_does_not_depend_on() -> Result<()> {
    let stage = stage().await?;
    let plan = stage.engine.plan(GROUP, &failover()).await?;
    // another group, a server of somebody else, a few seconds, a write
    stage.engine.protection_group_create(&group_create("other")).await?;
    let world = stage.deployment.world();
    let legacy = protector_tests::server_id(&stage.deployment, "site-a", "legacy-server-1").await?;
    world.attach_new_volume(&"site-a".into(), &legacy.as_str().into(), "vdz", 1)?;
    stage.pass(20).await;
    stage.write("site-a", 1).await?;
    let operation = stage.engine.accept(&plan).await?.id.to_string();
    completed(&run(&stage.engine, &operation).await?)
}

/// I-29: what it depends on does, each by itself, and the refusal says what it was.
#[tokio::test]
async fn a_plan_is_stale_once_anything_changed_that_it_depends_on() -> Result<()> {
    for (change, says) in [
        ("metadata", "metadata went from version"),
        ("a newer recovery point", "first difference at"),
        ("a lost link", "blockers were"),
    ] {
        let stage = stage().await?;
        let request = if change == "a newer recovery point" { unplanned(true) } else { failover() };
        let plan = stage.engine.plan(GROUP, &request).await?;
        match change {
            "metadata" => {
                let update = GroupUpdate { description: Some("changed".to_owned()), ..GroupUpdate::default() };
                stage.engine.protection_group_update(GROUP, &update).await?;
            }
            "a lost link" => stage.deployment.world().set_link_connected(false)?,
            _ => stage.completes(&Request::Sync {}).await?,
        }
        stage.refuses(stage.engine.accept(&plan), ErrorKind::PlanStale, &[says, "plan again"]).await?;
    }
    Ok(())
}

/// I-41: the journal alone tells how an operation stands; each consent is in it once, with its scope and reason; who ran it
/// is in it; and what is written stays as it is.
#[tokio::test]
async fn the_journal_tells_everything_once() -> Result<()> {
    let stage = stage().await?;
    stage.set_site("site-a", false)?;
    let away = stage.other()?;
    let operation = accepted(&away, &unplanned(true)).await?;
    completed(&run(&away, &operation).await?)?;
    let store = &away.endpoints().store;
    let journal = store.journal(&operation.as_str().into(), 0).await?;
    verify_chain(&journal)?;
    let state = OperationState::fold(&journal)?;
    let shown = away.operation_show(&operation).await?;
    assert_eq!((state.status(false), state.finished.map(|(_, at)| at)), (shown.status, shown.finished_at), "I-41");
    let mut used: BTreeMap<ConsentKind, usize> = BTreeMap::new();
    for record in records(&away, &operation).await? {
        match record {
            Record::PlanAccepted { consents, .. } | Record::AbortRequested { consents, .. } => {
                for consent in consents {
                    assert!(!consent.scope.is_empty() && consent.reason.as_deref() == Some("site-a is lost"), "I-41");
                    *used.entry(consent.kind).or_default() += 1;
                }
            }
            Record::Attempt { holder, .. } => assert!(holder.process > 0 && !holder.host.is_empty(), "I-41"),
            _ => {}
        }
    }
    assert!(used.len() >= 3 && used.values().all(|times| *times == 1), "I-41: {used:?}");
    // nothing is written over
    let forged = JournalEntry::seal(1, journal[1].at, journal[1].record.clone(), &journal[0].hash);
    let lease = store.lease(&operation.as_str().into()).await?.map_or(0, |lease| lease.generation);
    assert!(store.append(&operation.as_str().into(), lease, &[forged], None, false).await.is_err(), "I-41");
    assert_eq!(store.journal(&operation.as_str().into(), 0).await?, journal, "I-41");
    let again = run(&away, &operation).await?;
    assert_eq!(again.status, OperationStatus::Completed);
    assert_eq!(
        store.journal(&operation.as_str().into(), 0).await?,
        journal,
        "I-41: an ended operation gets no word more"
    );
    Ok(())
}
