//! Each law can be broken: a world or a record that was tampered with makes it say no, with its number.

#![allow(clippy::expect_used, reason = "helpers of tests may panic as tests do")]

use crate::acts::Wish;
use crate::edits::{STRAY, array_of};
use crate::laws::{audit, check, data, mapping, roles};
use crate::walk::{Walk, request};
use protector_core::engine::{OperationView, Progress};
use protector_core::exec::{JOURNAL_SCHEMA, Record};
use protector_core::model::{GroupRecord, OperationStatus, SiteName};
use protector_core::ports::{Cancel, Cloud as _, Cx, GroupChange, ServerSpec, StorageDriver as _};
use protector_core::{Error, Result};
use protector_tests::GROUP;

fn site(name: &str) -> SiteName {
    name.into()
}

fn cx(record: &GroupRecord, key: &str) -> Cx {
    let (epoch, deadline) = (record.group.epoch.next(), jiff::Timestamp::MAX);
    Cx { op_key: key.into(), epoch, deadline, cancel: Cancel::default() }
}

/// The law says no, and which law it is.
fn says<T: std::fmt::Debug>(law: &str, found: Result<T>) {
    let refused = found.expect_err("the law is broken").to_string();
    assert!(refused.starts_with(law), "{refused}");
}

async fn done(walk: &mut Walk, from: &str, wish: Wish) -> Result<OperationView> {
    let engine = walk.engine(from)?;
    let record = walk.record().await?.1;
    let plan = engine.plan(GROUP, &request(wish, &record)).await?;
    let accepted = engine.accept(&plan).await?;
    engine.run(accepted.id.as_str(), &Cancel::default(), &Progress::none()).await
}

/// Stores another record on a site, without asking anybody.
async fn store(walk: &Walk, name: &str, change: impl FnOnce(&mut GroupRecord)) -> Result<GroupRecord> {
    let engine = walk.engine(name)?;
    let mut record = walk.stage.record(&engine).await?;
    let expected = record.version;
    change(&mut record);
    let change = GroupChange { record: record.clone(), expected, agreed: false };
    engine.endpoints().store.update_group(&change).await?;
    Ok(record)
}

/// The group on site-b, and the old server running again on site-a, where nothing refuses writes any more.
async fn two_sides() -> Result<Walk> {
    let mut walk = Walk::begin().await?;
    done(&mut walk, "site-a", Wish::Planned).await?;
    let record = walk.record().await?.1;
    let world = walk.stage.deployment.world().clone();
    let policy = record.policy.as_ref().ok_or_else(|| Error::not_found("a policy"))?;
    let (array, cloud) = (world.storage_driver(&site("site-a"))?, world.cloud(&site("site-a"))?);
    array.unfence(&cx(&record, "somebody"), &policy.pure_pg_name).await?;
    let old = record.members.iter().find_map(|m| m.server_on(&site("site-a"))).cloned();
    let old = old.ok_or_else(|| Error::not_found("the old server"))?;
    for _ in 0..2 {
        drop(cloud.start_server(&cx(&record, "somebody"), &old).await);
        walk.stage.pass(5).await;
    }
    Ok(walk)
}

#[tokio::test]
async fn both_sides_write() -> Result<()> {
    let mut walk = two_sides().await?;
    says("I-01", check(&mut walk).await);
    // with a consent it may be so, as long as that is said
    walk.forced = true;
    says("I-02", check(&mut walk).await);
    let mut record = walk.record().await?.1;
    record.divergence = Some(protector_core::model::Divergence {
        operation: "op-1".into(),
        since: walk.now(),
        absent_site: site("site-a"),
    });
    roles::one_side_writes(&walk, &record).await
}

#[tokio::test]
async fn epochs_and_versions_go_back() -> Result<()> {
    let mut walk = Walk::begin().await?;
    check(&mut walk).await?;
    walk.highest.insert(site("site-b"), (9, 0));
    says("I-06", roles::epochs_and_versions_only_rise(&mut walk).await);
    walk.highest.insert(site("site-b"), (0, 99));
    says("I-46", roles::epochs_and_versions_only_rise(&mut walk).await);
    Ok(())
}

#[tokio::test]
async fn nothing_leads_on() -> Result<()> {
    let walk = Walk::begin().await?;
    let mut view = walk.stage.engine.protection_group_show(GROUP).await?;
    view.next.clear();
    says("I-03", roles::every_state_leads_on("site-a", &view));
    Ok(())
}

#[tokio::test]
async fn somebody_acts_too_late() -> Result<()> {
    let mut walk = Walk::begin().await?;
    walk.acted_late = Some("op-1".to_owned());
    says("I-07", check(&mut walk).await);
    Ok(())
}

#[tokio::test]
async fn the_last_recovery_point_goes() -> Result<()> {
    let mut walk = Walk::begin().await?;
    check(&mut walk).await?;
    let world = walk.stage.deployment.world().clone();
    world.change_array(&array_of(&world, &site("site-b"))?, |array| {
        let snapshots = array.protection_group_snapshots()?;
        snapshots.iter().try_for_each(|s| array.set_protection_group_snapshot_destroyed(s, true))
    })?;
    says("I-13", check(&mut walk).await);
    Ok(())
}

#[tokio::test]
async fn a_write_is_missing() -> Result<()> {
    let mut walk = Walk::begin().await?;
    check(&mut walk).await?;
    walk.stage.write("site-a", 1).await?;
    says("I-10, I-11", check(&mut walk).await);
    Ok(())
}

/// One disk of a member is taken from another move than the other one.
#[tokio::test]
async fn recovery_points_are_mixed() -> Result<()> {
    let mut walk = Walk::begin().await?;
    let before = walk.record().await?.1;
    done(&mut walk, "site-a", Wish::Planned).await?;
    let mut record = walk.record().await?.1;
    let world = walk.stage.deployment.world().dump()?;
    data::one_recovery_point_for_a_member(&world, &record)?;
    let of_the_tenant = before.disks().next().and_then(|(_, disk)| disk.copies.get(&site("site-a"))).cloned();
    let disk = record.members.iter_mut().flat_map(|m| &mut m.disks).next().ok_or_else(|| Error::not_found("a disk"))?;
    disk.copies.insert(site("site-b"), of_the_tenant.ok_or_else(|| Error::not_found("a copy"))?);
    says("I-12", data::one_recovery_point_for_a_member(&world, &record));
    Ok(())
}

#[tokio::test]
async fn a_volume_is_eradicated() -> Result<()> {
    let mut walk = Walk::begin().await?;
    walk.volumes.insert("gone".to_owned(), None);
    says("I-14", check(&mut walk).await);
    // destroyed, and gone before its timer
    walk.volumes.insert("gone".to_owned(), Some(walk.now().as_millisecond() - 1000));
    says("I-14", check(&mut walk).await);
    walk.volumes.insert("gone".to_owned(), Some(walk.now().as_millisecond() - 86_400_000));
    check(&mut walk).await
}

#[tokio::test]
async fn the_groups_differ() -> Result<()> {
    let mut walk = Walk::begin().await?;
    let record = walk.record().await?.1;
    let cloud = walk.stage.deployment.world().cloud(&site("site-a"))?;
    let group = record.group.cinder_group_on(&site("site-a"));
    drop(cloud.ensure_group_members(&cx(&record, "somebody"), group, &Default::default()).await?);
    says("I-44", check(&mut walk).await);

    let mut walk = Walk::begin().await?;
    walk.edits
        .make(crate::acts::Edit::FillsArrayGroup, &walk.stage.engine.clone(), &walk.stage.deployment, &record)
        .await;
    check(&mut walk).await?;
    let world = walk.stage.deployment.world().clone();
    let policy = record.policy.as_ref().ok_or_else(|| Error::not_found("a policy"))?;
    world.change_array(&array_of(&world, &site("site-a"))?, |array| {
        let row = array.protection_group(policy.pure_pg_name.as_str())?.ok_or_else(|| Error::not_found("the group"))?;
        array.remove_protection_group_member(&row, STRAY)
    })?;
    says("I-44", check(&mut walk).await);
    Ok(())
}

#[tokio::test]
async fn the_status_is_made_up() -> Result<()> {
    let walk = Walk::begin().await?;
    let record = store(&walk, "site-a", |record| record.group.partial = true).await?;
    says("I-38", mapping::the_status_follows_from_the_members(&record));
    Ok(())
}

#[tokio::test]
async fn a_server_runs_twice() -> Result<()> {
    let mut walk = Walk::begin().await?;
    let record = walk.record().await?.1;
    let cloud = walk.stage.deployment.world().cloud(&site("site-a"))?;
    let servers = cloud.servers().await?;
    let one = servers.iter().find(|s| s.name == "web-server-1").ok_or_else(|| Error::not_found("web-server-1"))?;
    let spare = servers.iter().find(|s| s.name == "legacy-server-1").ok_or_else(|| Error::not_found("a spare"))?;
    cloud.delete_server(&cx(&record, "somebody"), &spare.id).await?;
    let spec = ServerSpec {
        op_key: "twice".into(),
        name: one.name.clone(),
        flavor: one.flavor.clone(),
        ports: Vec::new(),
        volumes: spare.volumes.iter().map(|v| (v.device.clone(), v.volume.id.clone())).collect(),
        key_name: None,
        metadata: Default::default(),
    };
    drop(cloud.ensure_server(&cx(&record, "somebody"), &spec).await?);
    says("I-33", check(&mut walk).await);
    Ok(())
}

#[tokio::test]
async fn completed_is_not_true() -> Result<()> {
    let mut walk = Walk::begin().await?;
    let moved = done(&mut walk, "site-a", Wish::Planned).await?;
    walk.arrived = Some(moved);
    check(&mut walk).await?;
    let moved = done(&mut walk, "site-a", Wish::Failback).await?;
    walk.arrived = Some(OperationView { target_site: site("site-b"), ..moved });
    says("I-39", check(&mut walk).await);
    Ok(())
}

#[tokio::test]
async fn a_test_changes_something() -> Result<()> {
    let mut walk = Walk::begin().await?;
    walk.changed_by_a_test = Some("test failover op-1".to_owned());
    says("I-20, I-23", check(&mut walk).await);
    Ok(())
}

#[tokio::test]
async fn a_pivot_without_a_fence() -> Result<()> {
    let mut walk = Walk::begin().await?;
    let moved = done(&mut walk, "site-a", Wish::Planned).await?;
    audit::journals_tell_everything(&walk).await?;
    let store = &walk.stage.engine.endpoints().store;
    let stored = store.operation(&moved.id).await?.ok_or_else(|| Error::not_found("the operation"))?;
    let accepted =
        Record::PlanAccepted { schema: JOURNAL_SCHEMA, plan_hash: String::new(), consents: Vec::new(), measures: None };
    let records = [accepted, Record::StepIntent { step: "clone_volumes".into() }];
    says("I-08", audit::a_fence_or_a_consent_comes_first(&stored, &records));
    Ok(())
}

/// Somebody says of an operation what its journal does not.
#[tokio::test]
async fn a_journal_tells_something_else() -> Result<()> {
    let walk = Walk::begin().await?;
    let engine = walk.engine("site-a")?;
    let stored = engine.operation_list().await?.pop().ok_or_else(|| Error::not_found("the sync"))?;
    let shown = OperationView { status: OperationStatus::RolledBack, ..stored };
    says("I-41", audit::is_shown_as_it_stands(&shown, &crate::walk::state(&engine, shown.id.as_str()).await?));
    Ok(())
}

/// The same version, and not the same record.
#[tokio::test]
async fn the_sites_never_agree() -> Result<()> {
    let mut walk = Walk::begin().await?;
    crate::home::lead_home(&mut walk).await?;
    store(&walk, "site-b", |record| record.group.description = Some("something else".to_owned())).await?;
    says("I-46", crate::home::lead_home(&mut walk).await);
    Ok(())
}
