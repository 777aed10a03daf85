//! Protection groups as administrators work with them, where REST alone does not show it all.

use super::assert_refused;
use crate::ErrorKind::{AlreadyExists, Conflict, InvalidRequest, NotFound, PendingEradication, Precondition};
use crate::mock::{
    ArrayTx, ConnectionKind, MockStorageDriver, NewVolume, ProtectionGroupRow, ReplicationStart, SnapshotOptions,
    World, WorldLocation, WorldSettings, WorldTime,
};
use crate::ports::StorageDriver;
use crate::{Error, Result};
use std::time::Duration;

const A: &str = "arrA";
const B: &str = "arrB";
const C: &str = "arrC";

/// Three arrays; A is connected to B and, with a sync connection, to C.
fn world() -> World {
    let world = World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap();
    for name in [A, B, C] {
        world.ensure_array(&name.into()).unwrap();
    }
    world.connect_arrays(&A.into(), &B.into(), ConnectionKind::Async).unwrap();
    world.connect_arrays(&A.into(), &C.into(), ConnectionKind::Sync).unwrap();
    world.connect_arrays(&C.into(), &B.into(), ConnectionKind::Async).unwrap();
    world
}

fn change<T>(world: &World, array: &str, work: impl FnOnce(&ArrayTx<'_>) -> Result<T>) -> Result<T> {
    world.change_array(&array.into(), work)
}

fn look<T>(world: &World, array: &str, work: impl FnOnce(&ArrayTx<'_>) -> Result<T>) -> T {
    world.read_array(&array.into(), work).unwrap()
}

fn group(array: &ArrayTx<'_>, name: &str) -> Result<ProtectionGroupRow> {
    array.protection_group(name)?.ok_or_else(|| Error::not_found(name.to_owned()))
}

fn add_volume(world: &World, array: &str, name: &str, content: u64) {
    change(world, array, |tx| {
        let pod = tx.place(name)?;
        let pod_id = pod.as_ref().map(|pod| pod.id.as_str());
        let volume = NewVolume { name, provisioned: 1 << 30, content, source: None, pod_id, volume_group_id: None };
        tx.create_volume(&volume).map(drop)
    })
    .unwrap();
}

/// A group of those volumes that is replicated to B, which allows it.
fn replicated(world: &World, name: &str, volumes: &[&str], image: &str) {
    change(world, A, |tx| {
        tx.create_protection_group(name)?;
        for volume in volumes {
            assert!(tx.add_protection_group_member(&group(tx, name)?, volume)?);
        }
        tx.add_protection_group_target(&group(tx, name)?, B)
    })
    .unwrap();
    assert!(change(world, B, |tx| tx.allow_protection_group(&group(tx, image)?, true)).unwrap());
}

fn snapshot(world: &World, array: &str, name: &str, suffix: &str) {
    let options = SnapshotOptions {
        suffix: Some(suffix.to_owned()),
        replicate: Some(ReplicationStart::Now),
        ..SnapshotOptions::default()
    };
    change(world, array, |tx| tx.snapshot_protection_group(&group(tx, name)?, &options)).unwrap();
}

fn snapshots(world: &World, array: &str) -> Vec<String> {
    look(world, array, |tx| Ok(tx.protection_group_snapshots()?.into_iter().map(|row| row.name).collect()))
}

async fn sleep(world: &World, millis: u64) {
    world.clock().sleep(Duration::from_millis(millis)).await;
}

fn stretched() -> World {
    let world = world();
    change(&world, A, |tx| tx.create_pod("pod").map(drop)).unwrap();
    add_volume(&world, A, "pod::v", 7);
    replicated(&world, "pod::pg", &["pod::v"], "pod:pg");
    change(&world, A, |tx| tx.stretch_pod(&tx.pod_by_name("pod")?.unwrap(), C)).unwrap();
    world
}

#[tokio::test]
async fn a_group_in_a_stretched_pod_is_on_both_arrays_and_replicated_under_the_name_of_the_pod() {
    let world = stretched();
    sleep(&world, 10_000).await;
    for array in [A, C] {
        let found = look(&world, array, |tx| group(tx, "pod::pg"));
        assert_eq!((found.volumes, found.targets, found.source.name.as_str()), (1, 1, "pod"), "{array}");
        assert_eq!(found.pod.map(|pod| pod.name).as_deref(), Some("pod"), "{array}");
    }
    let image = look(&world, B, |tx| group(tx, "pod:pg"));
    assert_eq!((image.is_local, image.source.name.as_str(), image.pod), (false, "pod", None));
    snapshot(&world, C, "pod::pg", "s1");
    assert_eq!(snapshots(&world, A), ["pod::pg.s1"]);
    assert_eq!(snapshots(&world, C), ["pod::pg.s1"]);
    assert_eq!(snapshots(&world, B), ["pod:pg.s1"]);
    sleep(&world, 2000).await;
    // the parts of a snapshot have no pod in their names, whatever the copy goes into
    change(&world, B, |tx| tx.create_pod("dr").map(drop)).unwrap();
    change(&world, B, |tx| {
        let taken = tx.protection_group_snapshot("pod:pg.s1")?.unwrap();
        tx.copy_to_new_protection_group(&taken, "dr::pg")?;
        tx.copy_to_new_protection_group(&taken, "plain")
    })
    .unwrap();
    for name in ["dr::v", "v"] {
        let copy = look(&world, B, |tx| tx.volume(name)).unwrap();
        assert_eq!((copy.content, copy.provisioned), (7, 1 << 30), "{name}");
    }
}

#[tokio::test]
async fn a_stretched_pod_is_replicated_by_whichever_array_is_left() {
    let world = stretched();
    sleep(&world, 10_000).await;
    let flows = || look(&world, B, |tx| Ok(tx.protection_group_targets()?[0].flows));
    assert!(flows());
    world.set_array_available(&A.into(), false).unwrap();
    assert!(flows(), "by way of the other array");
    world.set_array_available(&C.into(), false).unwrap();
    assert!(!flows());
}

#[tokio::test]
async fn members_and_groups_are_in_the_same_place() {
    let world = stretched();
    add_volume(&world, A, "plain", 1);
    let add = |name: &'static str, volume: &'static str| {
        change(&world, A, |tx| tx.add_protection_group_member(&group(tx, name)?, volume))
    };
    assert_refused(add("pod::pg", "plain"), InvalidRequest, &["plain", "pod::pg"]);
    change(&world, A, |tx| tx.create_protection_group("outside")).unwrap();
    assert_refused(add("outside", "pod::v"), InvalidRequest, &["pod::v"]);
    assert_refused(add("outside", "nope"), NotFound, &["nope"]);
    change(&world, A, |tx| tx.destroy_volume(&tx.volume("plain")?.unwrap().id)).unwrap();
    assert_refused(add("outside", "plain"), PendingEradication, &["plain"]);
    let own = change(&world, A, |tx| tx.add_protection_group_target(&group(tx, "pod::pg")?, C));
    assert_refused(own, InvalidRequest, &[C]);
}

#[tokio::test]
async fn names_are_the_same_in_whatever_case() {
    let world = world();
    change(&world, A, |tx| tx.create_protection_group("Pg")).unwrap();
    assert_eq!(look(&world, A, |tx| group(tx, "pG")).name, "Pg");
    assert_refused(change(&world, A, |tx| tx.create_protection_group("PG")), AlreadyExists, &["PG"]);
    change(&world, A, |tx| tx.rename_protection_group(&group(tx, "pg")?, "PG")).unwrap();
    assert_eq!(look(&world, A, |tx| group(tx, "pg")).name, "PG");
}

#[tokio::test]
async fn what_has_not_arrived_is_not_in_a_copy() {
    let world = world();
    add_volume(&world, A, "v", 1000);
    replicated(&world, "pg", &["v"], "arrA:pg");
    snapshot(&world, A, "pg", "s1");
    sleep(&world, 750).await;
    let copy = |name: &'static str| {
        change(&world, B, |tx| {
            let taken = tx.protection_group_snapshot("arrA:pg.s1")?.unwrap();
            match tx.protection_group(name)? {
                Some(present) => tx.overwrite_protection_group(&taken, &present),
                None => tx.copy_to_new_protection_group(&taken, name),
            }
        })
    };
    let content = || look(&world, B, |tx| tx.volume("v")).unwrap().content;
    copy("dr").unwrap();
    assert_eq!(content(), 500);
    sleep(&world, 750).await;
    copy("dr").unwrap();
    assert_eq!(content(), 1000);
    assert_refused(copy("dr2"), AlreadyExists, &["v"]);
    add_volume(&world, B, "w", 1);
    change(&world, B, |tx| tx.add_protection_group_member(&group(tx, "dr")?, "w")).unwrap();
    assert_refused(copy("dr"), InvalidRequest, &["arrA:pg.s1", "dr"]);
}

#[tokio::test]
async fn a_replica_of_an_earlier_group_is_not_taken_over() {
    let world = world();
    add_volume(&world, A, "v", 1);
    replicated(&world, "pg", &["v"], "arrA:pg");
    change(&world, A, |tx| {
        tx.destroy_protection_group(&group(tx, "pg")?)?;
        tx.eradicate_protection_group(&group(tx, "pg")?)?;
        tx.create_protection_group("pg")
    })
    .unwrap();
    let target = || change(&world, A, |tx| tx.add_protection_group_target(&group(tx, "pg")?, B));
    assert_refused(target(), Conflict, &["arrA:pg"]);
    change(&world, B, |tx| tx.destroy_protection_group(&group(tx, "arrA:pg")?)).unwrap();
    assert_refused(target(), PendingEradication, &["arrA:pg"]);
    change(&world, B, |tx| tx.eradicate_protection_group(&group(tx, "arrA:pg")?)).unwrap();
    target().unwrap();
    let away = change(&world, A, |tx| tx.add_protection_group_target(&group(tx, "pg")?, "arrX"));
    assert_refused(away, NotFound, &["arrX"]);
    world.set_link_connected(false).unwrap();
    change(&world, A, |tx| tx.create_protection_group("other")).unwrap();
    let cut = change(&world, A, |tx| tx.add_protection_group_target(&group(tx, "other")?, B));
    assert_refused(cut, Precondition, &[B]);
}

#[tokio::test]
async fn a_group_of_one_source_stays_in_step_with_its_replica_however_it_was_made() {
    let world = world();
    add_volume(&world, A, "v", 1);
    change(&world, A, |tx| {
        tx.create_protection_group("pg")?;
        let row = group(tx, "pg")?;
        let mut policy = row.policy.clone();
        policy.target_retention.days = 30;
        tx.set_protection_group_policy(&row, &policy)?;
        tx.lock_protection_group(&row)
    })
    .unwrap();
    replicated_later(&world);
    let image = look(&world, B, |tx| group(tx, "arrA:pg"));
    assert_eq!((image.policy.target_retention.days, image.retention_locked), (30, true));
    let remote = look(&world, A, |tx| tx.remote_protection_groups());
    assert_eq!((remote[0].retention.days, remote[0].target.name.as_str()), (30, B));
    change(&world, A, |tx| {
        let row = group(tx, "pg")?;
        let mut policy = row.policy.clone();
        policy.target_retention.days = 31;
        tx.set_protection_group_policy(&row, &policy)
    })
    .unwrap();
    assert_eq!(look(&world, A, |tx| tx.remote_protection_groups())[0].retention.days, 31);
}

fn replicated_later(world: &World) {
    change(world, A, |tx| tx.add_protection_group_target(&group(tx, "pg")?, B)).unwrap();
}

#[tokio::test]
async fn transfers_add_up_over_all_targets() {
    let world = world();
    add_volume(&world, A, "v", 1000);
    replicated(&world, "pg", &["v"], "arrA:pg");
    change(&world, A, |tx| tx.add_protection_group_target(&group(tx, "pg")?, C)).unwrap();
    assert!(change(&world, C, |tx| tx.allow_protection_group(&group(tx, "arrA:pg")?, true)).unwrap());
    snapshot(&world, A, "pg", "s1");
    sleep(&world, 600).await;
    world.set_array_available(&C.into(), false).unwrap();
    sleep(&world, 5000).await;
    let on = |array| look(&world, array, |tx| Ok(tx.protection_group_transfers()?.remove(0)));
    assert_eq!((on(B).progress, on(B).transferred), (Some(1.0), 4_096_000));
    let source = on(A);
    assert_eq!((source.completed_ms, source.started_ms), (None, on(B).started_ms));
    assert!((0.39..0.41).contains(&source.progress.unwrap()), "the slowest counts: {source:?}");
    world.set_array_available(&C.into(), true).unwrap();
    sleep(&world, 5000).await;
    assert_eq!((on(A).progress, on(A).completed_ms), (Some(1.0), on(C).completed_ms));
}

#[tokio::test]
async fn a_transfer_in_turn_that_comes_late_starts_when_the_link_is_back() {
    let world = world();
    add_volume(&world, A, "v", 1);
    replicated(&world, "pg", &["v"], "arrA:pg");
    let settings = world.settings().unwrap();
    world.set_settings(WorldSettings { transfer_millis: 1000, ..settings }).unwrap();
    world.set_link_connected(false).unwrap();
    let in_turn = SnapshotOptions { replicate: Some(ReplicationStart::InTurn), ..SnapshotOptions::default() };
    let suffix = change(&world, A, |tx| tx.snapshot_protection_group(&group(tx, "pg")?, &in_turn)).unwrap();
    assert_eq!(suffix, "1");
    assert!(snapshots(&world, B).is_empty(), "the target has not heard of it");
    sleep(&world, 60_000).await;
    world.set_link_connected(true).unwrap();
    assert_eq!(snapshots(&world, B), ["arrA:pg.1"]);
    sleep(&world, 1000).await;
    assert!(look(&world, B, |tx| Ok(tx.protection_group_transfers()?.remove(0))).completed_ms.is_some());
}

#[tokio::test]
async fn a_driver_sees_nothing_of_what_waits_in_turn() {
    let world = world();
    add_volume(&world, A, "v", 1);
    replicated(&world, "pg", &["v"], "arrA:pg");
    snapshot(&world, A, "pg", "s1");
    let in_turn = SnapshotOptions { replicate: Some(ReplicationStart::InTurn), ..SnapshotOptions::default() };
    change(&world, A, |tx| tx.snapshot_protection_group(&group(tx, "pg")?, &in_turn)).unwrap();
    let driver = MockStorageDriver::new(world.clone(), &B.into()).unwrap();
    let seen = async || driver.recovery_points(&"arrA:pg".into()).await.unwrap().value.len();
    assert_eq!(seen().await, 1);
    sleep(&world, 1500).await;
    assert_eq!(seen().await, 2);
}
