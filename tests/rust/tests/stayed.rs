//! I-03: members had not arrived, and the site is lost that they were to arrive on. A failback and a retry would need it; the
//! other site takes over, and starts everybody.

#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "helpers of tests may panic as tests do")]

use protector_core::Result;
use protector_core::engine::{Engine, Request};
use protector_core::mock::Mishap;
use protector_core::model::{DiskCopy, GroupStatus, OperationStatus, Protection, SiteName};
use protector_core::plan::{ConsentKind, FindingCode, Plan};
use protector_core::ports::{Cloud as _, ServerState, StorageDriver as _, VolumeQuery};
use protector_tests::compare::{rows, text};
use protector_tests::ordered::{APP, DB, WEB, failback, mishap, ordered, outcomes, retry, volume_of};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, failover, files, operate, pods, unplanned};
use std::collections::BTreeMap;

/// The copies of a member's disks on a site, as the record of `engine` has them.
async fn copies(stage: &Stage, engine: &Engine, server: &str, site: &str) -> Result<Vec<DiskCopy>> {
    let record = stage.record(engine).await?;
    let member = record.members.iter().find(|m| m.name == server).expect("a member");
    Ok(member.disks.iter().filter_map(|disk| disk.copies.get(&SiteName::from(site)).cloned()).collect())
}

/// How many writes each volume of a site's cloud holds, by its name; the newest of that name counts.
fn held(stage: &Stage, site: &str) -> Result<BTreeMap<String, u64>> {
    let array = if site == "site-a" { "flasharray-a" } else { "flasharray-b" };
    let mut volumes = rows(&stage.deployment, "cinder_volumes")?;
    volumes.retain(|row| {
        text(row, "site") == site && [DB, APP, WEB].iter().any(|name| text(row, "name").starts_with(name))
    });
    volumes.sort_by_key(|row| row["created_ms"].as_i64());
    let content = |row: &serde_json::Value| {
        let found = stage.deployment.world().content(&array.into(), &text(row, "array_volume_id").into())?;
        Ok((text(row, "name").to_owned(), found))
    };
    volumes.iter().map(content).collect()
}

/// Writes to the disks of one member where the group runs.
async fn write(stage: &Stage, engine: &Engine, server: &str, count: u64) -> Result<()> {
    let record = stage.record(engine).await?;
    let site = &record.group.current_primary_site;
    let member = record.members.iter().find(|m| m.name == server).expect("a member");
    let mut disks = member.disks.iter();
    disks.try_for_each(|disk| stage.deployment.world().write(site, &disk.copies[site].volume_id, count))
}

async fn all_run(stage: &Stage, site: &str) -> Result<()> {
    let servers = stage.deployment.world().cloud(&site.into())?.servers().await?;
    for name in [DB, APP, WEB] {
        let running: Vec<_> = servers.iter().filter(|s| s.name == name && s.state == ServerState::Active).collect();
        assert_eq!(running.len(), 1, "{name} on {site}");
    }
    Ok(())
}

fn messages(plan: &Plan, code: FindingCode) -> Vec<&str> {
    plan.findings.iter().filter(|finding| finding.code == code).map(|finding| finding.message.as_str()).collect()
}

/// All data had arrived, only a server had not: everybody starts from the recovery point.
#[tokio::test]
async fn a_member_whose_data_had_arrived_starts_from_the_recovery_point() -> Result<()> {
    let stage = ordered().await?;
    mishap(&stage, Mishap::Boot, DB, true)?;
    assert_eq!(operate(&stage.engine, &failover()).await?.status, OperationStatus::CompletedPartial);
    write(&stage, &stage.engine, WEB, 3).await?;
    stage.pass(400).await;
    let at_the_point = stage.contents(&stage.engine).await?;
    write(&stage, &stage.engine, WEB, 5).await?;
    stage.set_site("site-b", false)?;
    let lost = ["site-b does not answer", "openstack protector failover drill-web-app --type unplanned --force"];
    stage.blocks(&stage.engine, &retry(), &lost).await?;
    stage.blocks(&stage.engine, &failback(), &lost).await?;

    let plan = stage.engine.plan(GROUP, &unplanned(true)).await?;
    let said = messages(&plan, FindingCode::MemberNotArrived);
    assert_eq!(said.len(), 2, "{plan}");
    assert!(said.iter().all(|text| text.contains("its data are in the recovery point")), "{plan}");
    let moved = operate(&stage.engine, &unplanned(true)).await?;
    assert_eq!(moved.status, OperationStatus::Completed, "{moved:#?}");
    assert_eq!(stage.contents(&stage.engine).await?, at_the_point);
    all_run(&stage, "site-a").await?;
    let group = stage.engine.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.protection), (GroupStatus::Active, Protection::Unprotected));
    comes_back(&stage, &stage.engine, "site-b").await
}

/// The site that was lost comes back: it is fenced, the group is protected again, and can be moved again.
async fn comes_back(stage: &Stage, engine: &Engine, site: &str) -> Result<()> {
    stage.set_site(site, true)?;
    engine.sync_metadata(GROUP).await?;
    for name in [DB, APP, WEB] {
        for mishap in [Mishap::Boot, Mishap::Import] {
            for volume in [name.to_owned(), volume_of(stage, name).await?] {
                stage.deployment.world().set_mishap(&site.into(), mishap, &volume, false)?;
            }
        }
    }
    let done = operate(engine, &Request::Reprotect {}).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    let written = stage.contents(engine).await?;
    let request = if stage.record(engine).await?.group.is_home() { failover() } else { failback() };
    let done = operate(engine, &request).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    assert_eq!(stage.contents(engine).await?, written);
    Ok(())
}

/// A group of three on site-b, of which the database is not: Cinder there did not take its first volume over.
async fn without_database() -> Result<Stage> {
    let stage = ordered().await?;
    mishap(&stage, Mishap::Import, &volume_of(&stage, DB).await?, true)?;
    let partial = operate(&stage.engine, &failover()).await?;
    assert_eq!(outcomes(&partial), BTreeMap::from([(DB, "failed"), (APP, "blocked"), (WEB, "succeeded")]));
    Ok(stage)
}

/// The database never ran on site-b, and no recovery point has all of it: it starts from its own volumes, which stayed
/// behind the fence, before the application that depends on it. The others start from the recovery point.
#[tokio::test]
async fn a_member_that_was_left_behind_starts_from_its_own_volumes() -> Result<()> {
    let stage = without_database().await?;
    let own = copies(&stage, &stage.engine, DB, "site-a").await?;
    let before = held(&stage, "site-a")?;
    write(&stage, &stage.engine, WEB, 3).await?;
    stage.pass(400).await;
    write(&stage, &stage.engine, WEB, 5).await?;
    let record = stage.record(&stage.engine).await?;
    stage.set_site("site-b", false)?;

    let never = "'db-server-1' never ran on site-b: it starts from its own volumes on site-a as they were left";
    stage.blocks(&stage.engine, &unplanned(false), &[never, "consent 'data_loss'"]).await?;
    let plan = stage.engine.plan(GROUP, &unplanned(true)).await?;
    let consented = plan.consents.iter().find(|c| c.scope.contains(never)).expect("it is consented to");
    assert_eq!((consented.kind, consented.reason.as_deref()), (ConsentKind::DataLoss, Some("site-a is lost")));
    let moved = operate(&stage.engine, &unplanned(true)).await?;
    assert_eq!(moved.status, OperationStatus::Completed, "{moved:#?}");
    assert_eq!(outcomes(&moved).values().filter(|outcome| **outcome == "succeeded").count(), 3, "{moved:#?}");

    all_run(&stage, "site-a").await?;
    assert_eq!(copies(&stage, &stage.engine, DB, "site-a").await?, own, "the very same volumes");
    // what it held when it was to move, and of the web server what had been replicated since
    let (held, world) = (held(&stage, "site-a")?, stage.deployment.world());
    for (disk, content) in held {
        let wrote = if disk.starts_with(WEB) { 3 } else { 0 };
        assert_eq!(content, before[&disk] + wrote, "{disk}");
    }
    // it writes again, and what other members left behind does not
    write(&stage, &stage.engine, DB, 1).await?;
    let left = record.disks().filter(|(member, _)| member.name != DB);
    let left = left.map(|(_, disk)| disk.copies[&SiteName::from("site-a")].array_volume_id.clone()).collect();
    let left = world.storage_driver(&"site-a".into())?.volumes(&VolumeQuery::Ids(left)).await?;
    assert!(left.len() > 2 && left.iter().all(|volume| volume.fenced), "{left:?}");
    let group = stage.engine.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.protection), (GroupStatus::Active, Protection::Unprotected));
    let record = stage.record(&stage.engine).await?;
    assert!(record.unfinished.is_none() && !record.group.partial);
    assert!(record.retained.iter().all(|copy| own.iter().all(|own| own.array_volume_id != copy.array_volume_id)));
    comes_back(&stage, &stage.engine, "site-b").await
}

/// At home the group is in error, and home is lost: the other site takes over in the same way.
#[tokio::test]
async fn a_group_in_error_at_home_leaves_it_too() -> Result<()> {
    let stage = ordered().await?;
    stage.completes(&failover()).await?;
    stage.write("site-b", 2).await?;
    let volume = volume_of(&stage, APP).await?;
    stage.deployment.world().set_mishap(&"site-a".into(), Mishap::Import, &volume, true)?;
    assert_eq!(operate(&stage.engine, &failback()).await?.status, OperationStatus::CompletedPartial);
    assert_eq!(stage.engine.protection_group_show(GROUP).await?.status, GroupStatus::Error);
    stage.pass(400).await;
    let away = stage.other()?;
    let own = copies(&stage, &away, APP, "site-b").await?;
    stage.set_site("site-a", false)?;
    let moved = operate(&away, &unplanned(true)).await?;
    assert_eq!(moved.status, OperationStatus::Completed, "{moved:#?}");
    all_run(&stage, "site-b").await?;
    assert_eq!(copies(&stage, &away, APP, "site-b").await?, own);
    assert_eq!(away.protection_group_show(GROUP).await?.status, GroupStatus::FailedOver);
    comes_back(&stage, &away, "site-a").await
}

/// It fails again where it stayed: the group is partial, and a retry there starts it from the same volumes.
#[tokio::test]
async fn a_member_that_fails_again_is_retried_from_the_same_volumes() -> Result<()> {
    let stage = without_database().await?;
    let own = copies(&stage, &stage.engine, DB, "site-a").await?;
    stage.set_site("site-b", false)?;
    stage.deployment.world().set_mishap(&"site-a".into(), Mishap::Boot, DB, true)?;
    let moved = operate(&stage.engine, &unplanned(true)).await?;
    assert_eq!(outcomes(&moved), BTreeMap::from([(DB, "failed"), (APP, "blocked"), (WEB, "succeeded")]), "{moved:#?}");
    assert_eq!(stage.engine.protection_group_show(GROUP).await?.status, GroupStatus::Error);
    stage.deployment.world().set_mishap(&"site-a".into(), Mishap::Boot, DB, false)?;
    stage.completes(&retry()).await?;
    all_run(&stage, "site-a").await?;
    assert_eq!(copies(&stage, &stage.engine, DB, "site-a").await?, own);
    write(&stage, &stage.engine, DB, 1).await?;
    comes_back(&stage, &stage.engine, "site-b").await
}

/// Whatever was interrupted, the end is the same.
#[tokio::test]
async fn frozen_anywhere_and_gone_on_with_it_ends_the_same() -> Result<()> {
    use protector_core::engine::Progress;
    use protector_core::ports::Cancel;
    use protector_tests::compare::{differences, end_state};
    use protector_tests::crash::{Fuse, with_fuse};
    let (cancel, none) = (Cancel::default(), Progress::none());
    let prepared = async || -> Result<(Stage, String)> {
        let stage = without_database().await?;
        stage.set_site("site-b", false)?;
        let operation = stage.accepted(&unplanned(true)).await?;
        Ok((stage, operation))
    };
    let (reference, operation) = prepared().await?;
    reference.engine.run(&operation, &cancel, &none).await?;
    let expected = end_state(&reference.deployment, &reference.engine, &operation).await?;
    let mut points = 0;
    for point in 1.. {
        let (stage, operation) = prepared().await?;
        let fuse = Fuse::freezing(point);
        let doomed = with_fuse(&stage.engine, &fuse);
        tokio::select! {
            ended = doomed.run(&operation, &cancel, &none) => { ended?; break },
            () = fuse.frozen() => {}
        }
        stage.pass(61).await;
        let ended = stage.engine.run(&operation, &cancel, &none).await?;
        assert_eq!(ended.status, OperationStatus::Completed, "point {point}: {ended:#?}");
        let found = end_state(&stage.deployment, &stage.engine, &operation).await?;
        assert_eq!(differences(&expected, &found), Vec::<String>::new(), "point {point}");
        points += 1;
    }
    assert!(points > 40, "{points}");
    Ok(())
}

/// The same in a stretched pod, where the array that is left has the volumes of both sites.
#[tokio::test]
async fn a_member_that_was_left_behind_in_a_pod() -> Result<()> {
    let directory = files::directory()?;
    let stage = pods::stage(directory.path()).await?;
    let (first, second) = ("sync-server-1", "sync-server-2");
    let own = copies(&stage, &stage.engine, first, "site-a").await?;
    let volume = volume_of(&stage, first).await?;
    stage.deployment.world().set_mishap(&"site-b".into(), Mishap::Import, &volume, true)?;
    let partial = operate(&stage.engine, &failover()).await?;
    assert_eq!(outcomes(&partial), BTreeMap::from([(first, "failed"), (second, "succeeded")]), "{partial:#?}");
    write(&stage, &stage.engine, second, 3).await?;
    stage.set_site("site-b", false)?;
    let moved = operate(&stage.engine, &unplanned(true)).await?;
    assert_eq!(moved.status, OperationStatus::Completed, "{moved:#?}");
    assert_eq!(copies(&stage, &stage.engine, first, "site-a").await?, own);
    let servers = stage.deployment.world().cloud(&"site-a".into())?.servers().await?;
    for name in [first, second] {
        assert!(servers.iter().any(|s| s.name == name && s.state == ServerState::Active), "{name}");
        write(&stage, &stage.engine, name, 1).await?;
    }
    stage.set_site("site-b", true)?;
    stage.engine.sync_metadata(GROUP).await?;
    stage.deployment.world().set_mishap(&"site-b".into(), Mishap::Import, &volume, false)?;
    let written = stage.contents(&stage.engine).await?;
    stage.completes(&Request::Reprotect {}).await?;
    stage.completes(&failover()).await?;
    assert_eq!(stage.contents(&stage.engine).await?, written);
    Ok(())
}
