//! What a commit releases, what it leaves, and that it never takes the last recovery point.

#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "helpers of tests may panic as tests do")]

use protector_core::engine::{DivergenceDiscard, Progress, Request};
use protector_core::model::{LedgerState, Mappings, OperationStatus, Protection, RetainedCopy, SiteName};
use protector_core::plan::Plan;
use protector_core::ports::{Cancel, Cloud as _, Cx, ServerSpec, StorageDriver as _, VolumeQuery};
use protector_core::{Error, Result};
use protector_tests::compare::{differences, rows};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, failover, operate, unplanned};
use std::collections::{BTreeMap, BTreeSet};

const SITES: [&str; 2] = ["site-a", "site-b"];

fn failback() -> Request {
    Request::Failback { mappings: Mappings::default() }
}

fn commit() -> Request {
    Request::Commit {}
}

/// There, back, and there again: site-a keeps what the tenant made, site-b the first clones.
async fn moved_about() -> Result<Stage> {
    let stage = Stage::replicated().await?;
    for request in [failover(), failback(), failover()] {
        stage.completes(&request).await?;
    }
    Ok(stage)
}

/// What is retained, ours and the tenant's.
async fn retained(stage: &Stage) -> Result<(Vec<RetainedCopy>, Vec<RetainedCopy>)> {
    let record = stage.record(&stage.engine).await?;
    Ok(record.retained.into_iter().partition(|copy| copy.cloned_under.is_some()))
}

/// Usable recovery points of every group on every array.
async fn usable_points(stage: &Stage) -> Result<BTreeSet<String>> {
    let mut usable = BTreeSet::new();
    for site in SITES {
        let driver = stage.deployment.world().storage_driver(&site.into())?;
        for group in rows(&stage.deployment, "protection_groups")? {
            let name = protector_tests::compare::text(&group, "name").into();
            let points = driver.recovery_points(&name).await?.value;
            usable.extend(points.into_iter().filter(|p| p.is_usable()).map(|p| format!("{site}: {}", p.name)));
        }
    }
    Ok(usable)
}

/// How each volume stands on its array: `Some(true)` if it is destroyed and recoverable, `None` if it is eradicated.
async fn destroyed(stage: &Stage, copies: &[RetainedCopy]) -> Result<Vec<Option<bool>>> {
    let mut found = Vec::new();
    for copy in copies {
        let driver = stage.deployment.world().storage_driver(&copy.site)?;
        let ids = VolumeQuery::Ids([copy.array_volume_id.clone()].into());
        found.push(driver.volumes(&ids).await?.first().map(|volume| volume.destroyed));
    }
    Ok(found)
}

async fn in_cinder(stage: &Stage, copies: &[RetainedCopy]) -> Result<Vec<bool>> {
    let mut found = Vec::new();
    for copy in copies {
        let cloud = stage.deployment.world().cloud(&copy.site)?;
        found.push(cloud.volume(&copy.volume_id).await?.is_some());
    }
    Ok(found)
}

fn step_ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

/// I-13, I-14: what was cloned is destroyed and recoverable, what the tenant made is left, every recovery point survives.
#[tokio::test]
async fn a_commit_releases_our_clones_and_leaves_what_the_tenant_made() -> Result<()> {
    let stage = moved_about().await?;
    let (ours, of_tenant) = retained(&stage).await?;
    assert!(!ours.is_empty() && ours.iter().all(|copy| copy.site.as_str() == "site-b"), "{ours:?}");
    assert!(!of_tenant.is_empty() && of_tenant.iter().all(|copy| copy.site.as_str() == "site-a"), "{of_tenant:?}");
    let (points, contents) = (usable_points(&stage).await?, stage.contents(&stage.engine).await?);
    assert!(!points.is_empty());
    let next = stage.engine.protection_group_show(GROUP).await?.next;
    assert!(next.contains(&format!("openstack protector commit {GROUP}")), "{next:?}");

    let text = stage.engine.plan(GROUP, &commit()).await?.to_text();
    for copy in &of_tenant {
        let command = format!("openstack --os-cloud site-a volume delete {}", copy.volume_id);
        assert!(text.contains(&command), "{text}");
    }
    stage.completes(&commit()).await?;

    assert!(points.is_subset(&usable_points(&stage).await?), "I-13");
    assert!(destroyed(&stage, &ours).await?.iter().all(|state| *state == Some(true)), "I-14");
    assert!(in_cinder(&stage, &ours).await?.iter().all(|found| !found));
    assert!(destroyed(&stage, &of_tenant).await?.iter().all(|state| *state == Some(false)));
    assert!(in_cinder(&stage, &of_tenant).await?.iter().all(|found| *found));
    let record = stage.record(&stage.engine).await?;
    assert!(record.retained.is_empty());
    assert_eq!(record, stage.record(&stage.other()?).await?);
    assert_eq!(record.group.protection, Protection::Protected);
    assert_eq!(stage.contents(&stage.engine).await?, contents);
    stage.blocks(&stage.engine, &commit(), &["nothing is retained"]).await?;
    // and the group moves on as before
    stage.completes(&failback()).await?;
    assert_eq!(stage.contents(&stage.engine).await?, contents);
    stage.write("site-a", 1).await
}

/// The proof is made when it counts, not when it was planned.
#[tokio::test]
async fn a_recovery_point_that_grew_old_meanwhile_proves_nothing() -> Result<()> {
    let stage = moved_about().await?;
    let listed = retained(&stage).await?;
    let ours = &listed.0;
    let operation = stage.accepted(&commit()).await?;
    stage.deployment.world().set_link_connected(false)?;
    stage.pass(3600).await;
    let before = rows(&stage.deployment, "cinder_volumes")?;
    let failed = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(failed.status, OperationStatus::Failed, "{failed:#?}");
    let error = failed.error.unwrap_or_default();
    assert!(error.contains("nothing is released") && error.contains("exceeds RPO threshold"), "{error}");
    assert_eq!(rows(&stage.deployment, "cinder_volumes")?, before);
    assert!(destroyed(&stage, ours).await?.iter().all(|state| *state == Some(false)));
    assert_eq!(retained(&stage).await?, listed);

    stage.deployment.world().set_link_connected(true)?;
    stage.pass(3600).await;
    let done = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    assert!(destroyed(&stage, ours).await?.iter().all(|state| *state == Some(true)));
    Ok(())
}

/// Proven once, and lost before the clones are destroyed.
#[tokio::test]
async fn a_proof_that_no_longer_holds_stops_before_anything_is_destroyed() -> Result<()> {
    let stage = moved_about().await?;
    let (ours, _) = retained(&stage).await?;
    let operation = stage.accepted(&commit()).await?;
    let cancel = Cancel::default();
    let listener = {
        let cancel = cancel.clone();
        Progress::new(move |event| {
            if event.step.as_deref().is_some_and(|step| step.starts_with("release_volume/")) && event.state == "done" {
                cancel.request();
            }
        })
    };
    stage.engine.run(&operation, &cancel, &listener).await.expect_err("it was stopped");
    stage.deployment.world().set_link_connected(false)?;
    stage.pass(3600).await;
    let failed = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(failed.status, OperationStatus::Failed, "{failed:#?}");
    assert!(destroyed(&stage, &ours).await?.iter().all(|state| *state == Some(false)));
    Ok(())
}

#[tokio::test]
async fn an_open_test_and_an_unprotected_workload_come_first() -> Result<()> {
    let stage = moved_about().await?;
    let rehearsal = Request::TestFailover { mappings: Mappings::default(), retain_primary: true };
    stage.completes(&rehearsal).await?;
    stage.blocks(&stage.engine, &commit(), &["is not cleaned up", "protector test-cleanup"]).await?;
    stage.completes(&Request::TestCleanup { test: None }).await?;
    stage.completes(&commit()).await?;

    let stage = moved_about().await?;
    stage.completes(&failback()).await?;
    stage.completes(&unplanned(true)).await?;
    stage.blocks(&stage.engine, &commit(), &["runs unprotected", "protector reprotect"]).await?;
    stage.completes(&Request::Reprotect {}).await?;
    stage.completes(&commit()).await
}

/// Volumes that a ledger entry names are kept even where they are clones of ours, until somebody gives the entry up.
/// A test is in the journals of the site it was made from, and nowhere else: the other site is asked. What it does not answer
/// is not taken for none.
#[tokio::test]
async fn a_test_of_the_other_site_comes_first_too() -> Result<()> {
    let stage = moved_about().await?;
    let away = stage.other()?;
    let rehearsal = Request::TestFailover { mappings: Mappings::default(), retain_primary: true };
    let before = (stage.record(&stage.engine).await?, stage.record(&away).await?);
    // accepted, and nobody has run it yet
    let test = away.accept(&away.plan(GROUP, &rehearsal).await?).await?.id.to_string();
    let open = format!("test failover {test} on site-a is not cleaned up");
    let cleanup = "openstack --os-cloud site-b protector test-cleanup drill-web-app";
    stage.blocks(&stage.engine, &commit(), &[&open, cleanup, "[test_open]"]).await?;
    let done = away.run(&test, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    stage.blocks(&stage.engine, &commit(), &[&open, cleanup]).await?;
    stage.blocks(&away, &commit(), &[&open, "openstack protector test-cleanup drill-web-app"]).await?;

    assert_eq!(operate(&away, &Request::TestCleanup { test: None }).await?.status, OperationStatus::Completed);
    assert_eq!((stage.record(&stage.engine).await?, stage.record(&away).await?), before, "tests touch no metadata");
    stage.set_site("site-b", false)?;
    let silent = ["whether a test failover that was made from site-b is open is not known", "Peer site unreachable"];
    stage.blocks(&stage.engine, &commit(), &silent).await?;
    stage.set_site("site-b", true)?;
    stage.completes(&commit()).await
}

#[tokio::test]
async fn what_the_ledger_names_is_kept_until_it_is_given_up() -> Result<()> {
    let stage = Stage::replicated().await?;
    for request in [failover(), failback(), unplanned(true), Request::Reprotect {}, failback()] {
        stage.completes(&request).await?;
    }
    let record = stage.record(&stage.engine).await?;
    let entry = &record.ledger[0];
    assert_eq!(entry.state, LedgerState::Preserved);
    let named: BTreeSet<_> = entry.volumes.iter().map(|v| &v.array_volume_id).collect();
    let (ours, _) = retained(&stage).await?;
    let (kept, released): (Vec<_>, Vec<_>) = ours.into_iter().partition(|c| named.contains(&c.array_volume_id));
    assert!(!kept.is_empty() && !released.is_empty(), "{kept:?} {released:?}");

    let plan = stage.engine.plan(GROUP, &commit()).await?;
    assert!(plan.to_text().contains(&format!("divergence discard {GROUP} {}", entry.id)), "{plan}");
    stage.completes(&commit()).await?;
    assert!(destroyed(&stage, &kept).await?.iter().all(|state| *state == Some(false)));
    assert!(in_cinder(&stage, &kept).await?.iter().all(|found| *found));
    assert!(destroyed(&stage, &released).await?.iter().all(|state| *state == Some(true)));
    assert_eq!(stage.record(&stage.engine).await?.retained, kept);
    stage.blocks(&stage.engine, &commit(), &["nothing to do", "kept by the ledger"]).await?;

    let entry = entry.id.to_string();
    let discard = DivergenceDiscard { entry, reason: "nobody misses it".to_owned(), by: None };
    stage.engine.divergence_discard(GROUP, &discard).await?;
    let points = usable_points(&stage).await?;
    stage.completes(&commit()).await?;
    assert!(destroyed(&stage, &kept).await?.iter().all(|state| *state == Some(true)));
    assert!(points.is_subset(&usable_points(&stage).await?), "I-13: also the snapshot that kept it");
    assert!(stage.record(&stage.engine).await?.retained.is_empty());
    Ok(())
}

fn cx(stage: &Stage, key: &str, epoch: protector_core::model::Epoch) -> Cx {
    let deadline = stage.engine.endpoints().clock.now() + std::time::Duration::from_secs(600);
    Cx { op_key: key.into(), epoch, deadline, cancel: Cancel::default() }
}

#[tokio::test]
async fn a_retained_volume_that_somebody_uses_blocks() -> Result<()> {
    let stage = moved_about().await?;
    let (ours, _) = retained(&stage).await?;
    let cloud = stage.deployment.world().cloud(&"site-b".into())?;
    let flavor = cloud.flavors().await?.remove(0).name;
    let spec = ServerSpec {
        op_key: "somebody".into(),
        name: "rescue".to_owned(),
        flavor,
        ports: Vec::new(),
        volumes: ours.iter().take(1).map(|copy| ("vda".to_owned(), copy.volume_id.clone())).collect(),
        key_name: None,
        metadata: BTreeMap::new(),
    };
    let cx = cx(&stage, "somebody", stage.record(&stage.engine).await?.group.epoch);
    let clock = &*stage.engine.endpoints().clock;
    let server = protector_core::exec::settle(clock, &cx, || cloud.ensure_server(&cx, &spec)).await?;
    stage.blocks(&stage.engine, &commit(), &["is attached to a server", "server remove volume"]).await?;
    protector_core::exec::settle(clock, &cx, || cloud.delete_server(&cx, &server.id)).await?;
    stage.completes(&commit()).await
}

/// Somebody put an old volume back into the Cinder group: it is taken out, and the others stay.
#[tokio::test]
async fn a_retained_volume_leaves_the_cinder_group_first() -> Result<()> {
    let stage = moved_about().await?;
    let record = stage.record(&stage.engine).await?;
    let (ours, _) = retained(&stage).await?;
    let site = SiteName::from("site-b");
    let (cloud, group) = (stage.deployment.world().cloud(&site)?, record.group.cinder_group_on(&site));
    let members = cloud.consistency_group(group).await?.ok_or_else(|| Error::not_found("the group"))?.volumes;
    let more: BTreeSet<_> = members.iter().cloned().chain(ours.iter().map(|copy| copy.volume_id.clone())).collect();
    let cx = cx(&stage, "somebody", record.group.epoch);
    let clock = &*stage.engine.endpoints().clock;
    protector_core::exec::settle(clock, &cx, || cloud.ensure_group_members(&cx, group, &more)).await?;

    let plan = stage.engine.plan(GROUP, &commit()).await?;
    assert!(step_ids(&plan).contains(&"leave_group/site-b"), "{plan}");
    stage.completes(&commit()).await?;
    let left = cloud.consistency_group(group).await?.ok_or_else(|| Error::not_found("the group"))?.volumes;
    assert_eq!(left, members);
    Ok(())
}

/// Nothing of it moves: the workload, its roles and its replication are what they were.
#[tokio::test]
async fn a_commit_leaves_production_alone() -> Result<()> {
    let stage = moved_about().await?;
    let tables = ["servers", "ports", "attachments", "array_connections", "snapshots"];
    let before = stage.deployment.world().dump()?;
    let done = operate(&stage.engine, &commit()).await?;
    assert_eq!((done.status, done.operation_type.as_str()), (OperationStatus::Completed, "commit"));
    let after = stage.deployment.world().dump()?;
    for table in tables {
        assert_eq!(differences(&before[table], &after[table]), Vec::<String>::new());
    }
    Ok(())
}
