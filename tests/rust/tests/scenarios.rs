//! Whole stories: what becomes of data, servers and metadata.

#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests do"
)]

use protector_core::engine::{Engine, Request};
use protector_core::model::{GroupStatus, Mappings, OperationStatus, Protection, SiteName, SyncStatus};
use protector_core::ports::{Cloud as _, ServerState};
use protector_core::{ErrorKind, Result};
use protector_tests::compare::{differences, rows, state, text};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, add_member, failover, operate, server_id, to_secondary, unplanned};
use serde_json::Value;

fn failback() -> Request {
    Request::Failback { mappings: Mappings::default() }
}

fn rehearsal() -> Request {
    Request::TestFailover { mappings: to_secondary(), retain_primary: true }
}

async fn server_state(stage: &Stage, site: &str, id: &str) -> Result<Option<ServerState>> {
    Ok(stage.deployment.world().cloud(&site.into())?.server(&id.into()).await?.map(|s| s.state))
}

/// I-10
#[tokio::test]
async fn a_planned_failover_loses_no_write() -> Result<()> {
    let stage = Stage::replicated().await?;
    let synced = stage.contents(&stage.engine).await?;
    stage.write("site-a", 7).await?;
    let written = stage.contents(&stage.engine).await?;
    assert!(written.iter().all(|(disk, count)| *count == synced[disk] + 7), "{synced:?} {written:?}");

    stage.completes(&failover()).await?;
    assert_eq!(stage.contents(&stage.engine).await?, written);
    let refused = stage.write("site-a", 1).await.expect_err("the source is fenced");
    assert_eq!(refused.kind(), ErrorKind::Precondition);

    stage.write("site-b", 5).await?;
    let written = stage.contents(&stage.engine).await?;
    stage.completes(&failback()).await?;
    assert_eq!(stage.contents(&stage.engine).await?, written);
    stage.write("site-a", 1).await?;
    Ok(())
}

/// I-18
#[tokio::test]
async fn there_and_back_without_a_write_changes_nothing_that_matters() -> Result<()> {
    let stage = Stage::replicated().await?;
    add_member(&stage.deployment, &stage.engine, "db-server-1", 1).await?;
    stage.completes(&Request::Sync {}).await?;
    let (before, contents) = (stage.record(&stage.engine).await?, stage.contents(&stage.engine).await?);
    stage.completes(&failover()).await?;
    stage.completes(&failback()).await?;
    let after = stage.record(&stage.engine).await?;
    assert_eq!(stage.contents(&stage.engine).await?, contents);
    let shape = |record: &protector_core::model::GroupRecord| {
        let disks = |m: &protector_core::model::Member| {
            m.disks.iter().map(|d| (d.id.clone(), d.size_gib, d.device.clone(), d.boot)).collect::<Vec<_>>()
        };
        let member = |m: &protector_core::model::Member| {
            let home = m.captures.get(&SiteName::from("site-a")).map(|c| (c.flavor.clone(), c.security_groups.clone()));
            let addresses: Vec<_> =
                m.captures.values().flat_map(|c| &c.nics).map(|n| (n.network.clone(), n.fixed_ips.clone())).collect();
            (m.id.clone(), m.name.clone(), m.tier, m.status, disks(m), home, addresses.first().cloned())
        };
        record.members.iter().map(member).collect::<Vec<_>>()
    };
    assert_eq!(shape(&before), shape(&after));
    let stable = |r: &protector_core::model::GroupRecord| {
        let g = &r.group;
        (g.id.clone(), g.is_home(), g.protection, g.consistency_group.clone(), g.mappings.clone(), r.policy.clone())
    };
    assert_eq!(stable(&before), stable(&after));
    assert_eq!(after.group.epoch.0, before.group.epoch.0 + 2);
    // the Cinder group and the array group hold exactly the disks again
    let facts = stage.engine.facts(GROUP, &failover()).await?;
    let disks: Vec<_> = after.disks().map(|(_, d)| &d.copies[&SiteName::from("site-a")]).collect();
    let source = facts.source.array.known().and_then(|a| a.local_group.clone()).expect("the array group");
    assert_eq!(source.volumes, disks.iter().map(|c| c.array_volume.clone()).collect());
    let grouped = &facts.source.cloud.known().expect("the cloud").group_volumes;
    assert_eq!(*grouped, disks.iter().map(|c| c.volume_id.clone()).collect());
    Ok(())
}

/// I-11, I-46: the loss is what was written after the recovery point, and the side that comes back adopts.
#[tokio::test]
async fn a_lost_site_and_the_way_home() -> Result<()> {
    let stage = Stage::replicated().await?;
    let home = stage.engine.clone();
    let at_the_point = stage.contents(&home).await?;
    let old_server = server_id(&stage.deployment, "site-a", "web-server-1").await?;
    stage.write("site-a", 9).await?;
    stage.set_site("site-a", false)?;

    // unplanned: exactly what was written after the recovery point is lost
    let away = stage.other()?;
    let moved = operate(&away, &unplanned(true)).await?;
    assert_eq!(moved.status, OperationStatus::Completed, "{moved:#?}");
    assert_eq!(stage.contents(&away).await?, at_the_point);
    let group = away.protection_group_show(GROUP).await?;
    assert_eq!(
        (group.status, group.protection, group.diverged),
        (GroupStatus::FailedOver, Protection::Unprotected, true)
    );
    assert_eq!((group.current_primary_site.as_str(), group.epoch), ("site-b", 2));

    // nothing leads on while the sites may disagree
    stage.set_site("site-a", true)?;
    assert_eq!(server_state(&stage, "site-a", &old_server).await?, Some(ServerState::Active));
    stage.blocks(&away, &failback(), &["site-a has not heard of", "protection-group sync"]).await?;
    stage.blocks(&home, &failover(), &["OUT OF SYNC"]).await?;
    stage.refuses(home.sync_metadata(GROUP), ErrorKind::Conflict, &["site-b is ahead"]).await?;
    assert_eq!(away.sync_metadata(GROUP).await?.sync_status, SyncStatus::InSync);
    assert_eq!(stage.record(&home).await?, stage.record(&away).await?);

    write_away(&stage, &away, 4).await?;
    let written = stage.contents(&away).await?;
    check_the_plan_home(&away).await?;
    let back = operate(&away, &failback()).await?;
    assert_eq!(back.status, OperationStatus::Completed, "{back:#?}");
    assert_eq!(stage.contents(&home).await?, written);
    let group = home.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.protection, group.diverged), (GroupStatus::Active, Protection::Protected, false));
    assert_eq!(server_state(&stage, "site-a", &old_server).await?, None, "the old server is retired");
    let new_server = group.members[0].servers[&SiteName::from("site-a")].clone();
    assert_eq!(server_state(&stage, "site-a", &new_server).await?, Some(ServerState::Active));
    // and it can be moved again
    stage.completes(&failover()).await
}

/// Writes where the group runs, as `engine` knows it.
async fn write_away(stage: &Stage, engine: &Engine, count: u64) -> Result<()> {
    let record = stage.record(engine).await?;
    let site = &record.group.current_primary_site;
    record.disks().try_for_each(|(_, disk)| stage.deployment.world().write(site, &disk.copies[site].volume_id, count))
}

/// It protects the workload before it stops it, and gets the old servers of site-a out of the way.
async fn check_the_plan_home(engine: &Engine) -> Result<()> {
    let plan = engine.plan(GROUP, &failback()).await?;
    let position =
        |id: &str| plan.steps.iter().position(|s| s.id.as_str() == id).unwrap_or_else(|| panic!("{id}: {plan}"));
    assert!(position("protect/first_arrival") < position("stop_server/web-server-1"), "{plan}");
    assert!(position("stop_old_server/web-server-1") < position("retire_server/web-server-1"), "{plan}");
    assert!(position("retire_server/web-server-1") < position("ensure_server/web-server-1"), "{plan}");
    Ok(())
}

/// I-03: the site that took over is lost as well. A failback would need it, so the way home is an unplanned failover.
#[tokio::test]
async fn the_site_that_took_over_is_lost_too() -> Result<()> {
    let stage = Stage::replicated().await?;
    let home = stage.engine.clone();
    stage.completes(&failover()).await?;
    let at_the_point = stage.contents(&home).await?;
    stage.write("site-b", 3).await?;
    stage.set_site("site-b", false)?;
    let remedy = ["site-b does not answer", "openstack protector failover drill-web-app --type unplanned --force"];
    stage.blocks(&home, &failback(), &remedy).await?;
    stage.completes(&unplanned(true)).await?;
    assert_eq!(stage.contents(&home).await?, at_the_point);
    let group = home.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.protection), (GroupStatus::Active, Protection::Unprotected));
    assert_eq!((group.fences_due.len(), group.ledger.len()), (1, 1), "{group:#?}");

    // site-b comes back: it is stopped and fenced, and the group is protected again
    stage.set_site("site-b", true)?;
    home.sync_metadata(GROUP).await?;
    stage.completes(&Request::Reprotect {}).await?;
    let group = home.protection_group_show(GROUP).await?;
    assert_eq!((group.status, group.protection), (GroupStatus::Active, Protection::Protected));
    assert!(group.fences_due.is_empty());
    assert!(stage.write("site-b", 1).await.is_err());
    stage.completes(&failover()).await
}

#[tokio::test]
async fn an_unplanned_failover_while_the_source_answers_stops_and_fences_it() -> Result<()> {
    let stage = Stage::replicated().await?;
    let old_server = server_id(&stage.deployment, "site-a", "web-server-1").await?;
    stage.completes(&unplanned(true)).await?;
    assert_eq!(server_state(&stage, "site-a", &old_server).await?, Some(ServerState::Shutoff));
    assert!(stage.write("site-a", 1).await.is_err());
    let group = stage.engine.protection_group_show(GROUP).await?;
    assert_eq!((group.protection, group.diverged), (Protection::Unprotected, false));
    assert_eq!(stage.record(&stage.engine).await?, stage.record(&stage.other()?).await?);
    stage.completes(&failback()).await
}

/// I-20, I-21
#[tokio::test]
async fn a_test_leaves_production_alone_and_its_cleanup_removes_what_it_made() -> Result<()> {
    let stage = Stage::replicated().await?;
    add_member(&stage.deployment, &stage.engine, "db-server-1", 1).await?;
    stage.completes(&Request::Sync {}).await?;
    let before = state(&stage.deployment).await?;
    stage.completes(&rehearsal()).await?;

    let during = state(&stage.deployment).await?;
    assert_eq!(before["records"], during["records"]);
    check_unchanged(&before["world"], &during["world"]);
    assert_eq!(during["world"]["servers"].as_array().map(Vec::len), Some(5 + 2));
    stage.completes(&Request::TestCleanup { test: None }).await?;

    let after = state(&stage.deployment).await?;
    assert_eq!(before["records"], after["records"]);
    check_only_destroyed_clones_are_left(&before["world"], &after["world"]);
    // and a second cleanup finds nothing to do
    let again = stage.engine.plan(GROUP, &Request::TestCleanup { test: None });
    stage.refuses(again, ErrorKind::Precondition, &["has no test failover to clean up"]).await
}

/// Every row of `before` is in `after`, to the letter.
fn check_unchanged(before: &Value, after: &Value) {
    for (table, rows) in tables(before) {
        let after = &tables(after).find(|(name, _)| *name == table).expect("the table").1;
        for row in rows {
            assert!(after.contains(&row), "{table}: {row} was changed");
        }
    }
}

/// What is new are clones that wait for their eradication, and the group that Cinder itself puts every volume into.
fn check_only_destroyed_clones_are_left(before: &Value, after: &Value) {
    check_unchanged(before, after);
    let clones: Vec<_> = after["volumes"].as_array().into_iter().flatten().filter(|v| is_destroyed_clone(v)).collect();
    assert_eq!(clones.len(), 4, "{clones:?}");
    let cinders_own = |table: &str, row: &Value| match table {
        "protection_groups" => row["name"] == "cinder-group",
        "protection_group_volumes" => clones.iter().any(|v| v["id"] == row["volume_id"]),
        _ => false,
    };
    for (table, rows) in tables(after) {
        let before = &tables(before).find(|(name, _)| *name == table).expect("the table").1;
        for row in rows.into_iter().filter(|row| !before.contains(row)) {
            let expected = table == "volumes" && is_destroyed_clone(&row) || cinders_own(&table, &row);
            assert!(expected, "{table}: {row} stayed behind");
        }
    }
}

fn is_destroyed_clone(volume: &Value) -> bool {
    !volume["destroyed_ms"].is_null() && !volume["clone_key"].is_null()
}

/// Tables with their rows, less the hint where the search for a free address begins.
fn tables(world: &Value) -> impl Iterator<Item = (String, Vec<Value>)> {
    world.as_object().into_iter().flatten().map(|(table, rows)| {
        let mut rows = rows.as_array().cloned().unwrap_or_default();
        for row in rows.iter_mut().filter_map(Value::as_object_mut) {
            row.remove("next_host");
        }
        (table.clone(), rows)
    })
}

#[tokio::test]
async fn a_test_needs_the_standby_site_only() -> Result<()> {
    let stage = Stage::replicated().await?;
    stage.set_site("site-a", false)?;
    let away = stage.other()?;
    for request in [rehearsal(), Request::TestCleanup { test: None }] {
        let done = operate(&away, &request).await?;
        assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    }
    Ok(())
}

/// A server that never gets ready fails the test; the cleanup removes it all the same.
#[tokio::test]
async fn a_test_that_failed_midway_is_cleaned_up() -> Result<()> {
    let stage = Stage::replicated().await?;
    let world = stage.deployment.world();
    let before = state(&stage.deployment).await?;
    let usual = world.settings()?;
    world.set_settings(protector_core::mock::WorldSettings { boot_millis: 20 * 60 * 1000, ..usual })?;
    let failed = operate(&stage.engine, &rehearsal()).await?;
    assert_eq!(failed.status, OperationStatus::Failed, "{failed:#?}");
    world.set_settings(usual)?;
    stage.completes(&Request::TestCleanup { test: None }).await?;
    let servers = rows(&stage.deployment, "servers")?;
    assert!(servers.iter().all(|s| !text(s, "name").ends_with("-test")), "{servers:?}");
    let now = state(&stage.deployment).await?;
    for table in ["servers", "ports", "cinder_volumes", "attachments"] {
        assert_eq!(differences(&before["world"][table], &now["world"][table]), Vec::<String>::new());
    }
    Ok(())
}

#[tokio::test]
async fn calls_to_each_array_are_counted() -> Result<()> {
    let stage = Stage::protected().await?;
    let calls = |site: &str, method: &str| {
        let counts = stage.deployment.array_calls(&site.into()).expect("the site is there");
        counts.get(method).map_or((0, 0), |count| (count.calls, count.errors))
    };
    let taken = "create_protection_group_snapshot";
    assert_eq!([calls("site-a", taken), calls("site-b", taken)], [(0, 0), (0, 0)]);
    stage.completes(&Request::Sync {}).await?;
    assert_eq!([calls("site-a", taken), calls("site-b", taken)], [(1, 0), (0, 0)]);

    let before = calls("site-b", "info");
    stage.set_site("site-b", false)?;
    let array = &stage.engine.endpoints().arrays[&SiteName::from("site-b")];
    assert_eq!(array.info().await.expect_err("it is lost").kind(), ErrorKind::Unreachable);
    assert_eq!(calls("site-b", "info"), (before.0 + 1, before.1 + 1));
    assert_eq!(stage.deployment.array_calls(&"site-c".into()), None);
    Ok(())
}
