//! I-43, I-45: a crash in the middle of creating or changing a group leaves nothing that stands in anybody's way, and nobody
//! joins by halves.

use super::stage;
use protector_core::engine::{Engine, MemberAdd, PolicyChange};
use protector_core::exec::Limits;
use protector_core::model::{ArrayVolumeName, GroupRecord, VolumeId};
use protector_core::ports::{Cloud as _, StorageDriver as _};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::compare::{differences, rows, text, without_ids};
use protector_tests::gate::{Gate, Stall, gated};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, group_create, server_id};
use std::collections::BTreeSet;
use std::future::Future;

fn policy() -> PolicyChange {
    PolicyChange {
        pure_pg_name: Some("pg-web".into()),
        replication_interval: Some(300),
        rpo_minutes: Some(15),
        ..PolicyChange::default()
    }
}

/// Lets an edit die in its change number `dies_at` of an array; `false`: it made fewer, and succeeded.
async fn dies<F, T>(stage: &Stage, dies_at: usize, stall: Stall, edit: impl FnOnce(Engine) -> F) -> Result<bool>
where
    F: Future<Output = Result<T>>,
{
    let gate = Gate::new(dies_at, stall);
    let doomed = gated(&stage.engine, &gate, Limits::SEQUENTIAL);
    tokio::select! {
        ended = edit(doomed) => ended.map(|_| false),
        () = gate.stands() => Ok(true),
    }
}

/// One record on both sites; one Cinder group on each site, one array group, and all three hold the same volumes.
async fn is_a_bijection(stage: &Stage, group: &str) -> Result<GroupRecord> {
    let away = stage.other()?;
    let (here, there) = (&stage.engine.endpoints().store, &away.endpoints().store);
    let record = here.group(group).await?.ok_or_else(|| Error::not_found(group))?;
    assert_eq!(there.group(group).await?.as_ref(), Some(&record), "I-43");
    let world = stage.deployment.world();
    let site = &record.group.current_primary_site;
    let copies: Vec<_> = record.disks().filter_map(|(_, disk)| disk.copies.get(site)).collect();
    let volumes: BTreeSet<VolumeId> = copies.iter().map(|copy| copy.volume_id.clone()).collect();
    let cinder = world.cloud(site)?.consistency_group(record.group.cinder_group_on(site)).await?;
    assert_eq!(cinder.map(|group| group.volumes), Some(volumes), "I-43, I-44");
    if let Some(policy) = &record.policy {
        let found = world.storage_driver(site)?.group(&policy.pure_pg_name).await?;
        let found = found.ok_or_else(|| Error::not_found("the array group"))?.value;
        let volumes: BTreeSet<ArrayVolumeName> = copies.iter().map(|copy| copy.array_volume.clone()).collect();
        assert_eq!((found.owner.as_ref(), found.volumes), (Some(&record.group.id), volumes), "I-43, I-44");
    }
    Ok(record)
}

/// I-43: whoever dies in the middle of making the array group leaves one with our mark, or none; the same command again
/// ends as if nobody had died.
#[tokio::test]
async fn a_policy_that_was_half_made_is_made_to_its_end() -> Result<()> {
    let reference = Stage::empty().await?;
    reference.engine.protection_group_create(&group_create("web")).await?;
    reference.engine.policy_create("web", &policy()).await?;
    let expected = without_ids(&reference.deployment.world().dump()?);
    let mut deaths = 0;
    for (dies_at, stall) in (1..9).flat_map(|n| [(n, Stall::BeforeEffect), (n, Stall::AfterEffect)]) {
        let stage = Stage::empty().await?;
        stage.engine.protection_group_create(&group_create("web")).await?;
        let record = is_a_bijection(&stage, "web").await?;
        let died =
            dies(&stage, dies_at, stall, |engine| async move { engine.policy_create("web", &policy()).await }).await?;
        deaths += usize::from(died);
        if died {
            // nothing was said of it yet, and what is there carries our mark
            assert_eq!(is_a_bijection(&stage, "web").await?, record, "I-43");
            let array = stage.deployment.world().storage_driver(&"site-a".into())?;
            let left = array.group(&"pg-web".into()).await?.map(|group| group.value.owner);
            assert!(left.is_none_or(|owner| owner == Some(record.group.id.clone())), "I-43");
        }
        stage.engine.policy_create("web", &policy()).await?;
        is_a_bijection(&stage, "web").await?;
        let found = without_ids(&stage.deployment.world().dump()?);
        assert_eq!(differences(&expected, &found), Vec::<String>::new(), "I-43: {stall:?} {dies_at}");
    }
    assert!(deaths >= 6, "{deaths}");
    Ok(())
}

/// I-43, I-45: whoever dies in the middle of adding a member leaves the record as it was. The same command again makes all of
/// it, and so does removing whoever is there already: nobody is half a member.
#[tokio::test]
async fn a_member_that_was_half_added_is_added_to_its_end() -> Result<()> {
    let mut deaths = 0;
    for (dies_at, stall) in (1..4).flat_map(|n| [(n, Stall::BeforeEffect), (n, Stall::AfterEffect)]) {
        let stage = stage().await?;
        let before = is_a_bijection(&stage, GROUP).await?;
        let instance_id = server_id(&stage.deployment, "site-a", "db-server-1").await?;
        let member = MemberAdd { instance_id, ..MemberAdd::default() };
        let added = |engine: Engine| {
            let member = member.clone();
            async move { engine.member_add(GROUP, &member).await }
        };
        if dies(&stage, dies_at, stall, added).await? {
            deaths += 1;
            assert_eq!(stage.record(&stage.engine).await?, before, "I-45");
            stage.engine.member_add(GROUP, &member).await?;
        }
        let after = is_a_bijection(&stage, GROUP).await?;
        assert_eq!(after.members.len(), before.members.len() + 1, "I-45: {stall:?} {dies_at}");
    }
    assert!(deaths >= 2, "{deaths}");
    Ok(())
}

/// I-43: what another protection group has is refused, whichever of the three it is.
#[tokio::test]
async fn what_is_taken_is_refused() -> Result<()> {
    let stage = stage().await?;
    let engine = &stage.engine;
    engine.protection_group_create(&group_create("other")).await?;
    let taken = PolicyChange { pure_pg_name: Some("mock-pg-drill-web-app".into()), ..policy() };
    stage
        .refuses(engine.policy_create("other", &taken), ErrorKind::Conflict, &["mock-pg-drill-web-app", GROUP])
        .await?;
    // and an array group that nobody knows the owner of
    let world = stage.deployment.world();
    world.change_array(&"flasharray-a".into(), |array| array.create_protection_group("pg-foreign"))?;
    let foreign = PolicyChange { pure_pg_name: Some("pg-foreign".into()), ..policy() };
    stage.refuses(engine.policy_create("other", &foreign), ErrorKind::Conflict, &["pg-foreign"]).await?;
    // a Cinder group is made for its protection group, so that nobody can name another one's
    let groups = rows(&stage.deployment, "cinder_groups")?;
    let ids: BTreeSet<&str> = groups.iter().map(|row| text(row, "id")).collect();
    assert_eq!(ids.len(), 4, "I-43: two for each group");
    Ok(())
}
