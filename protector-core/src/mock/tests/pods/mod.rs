//! Pods: what administrators do with them, and what becomes of them when arrays and connections fail.

mod links;
mod members;
mod promotion;
mod synchronous;

use super::assert_refused;
use crate::ErrorKind::{AlreadyExists, Forbidden, InvalidRequest, LimitReached, NotFound, Precondition};
use crate::mock::array::{self, volumes};
use crate::mock::{
    ArrayTx, ConnectionKind, PodDetails, PodMemberRow, PodRow, World, WorldLocation, WorldSettings, WorldTime,
};
use crate::{Error, Result};
use std::time::Duration;

const GIB: u64 = 1 << 30;

/// Two arrays with a sync connection, on which data take a second.
struct Pair(World);

impl Pair {
    fn new() -> Self {
        let pair = Self(World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap());
        for name in ["a", "b", "c"] {
            pair.0.ensure_array(&name.into()).unwrap();
        }
        pair.0.connect_arrays(&"a".into(), &"b".into(), ConnectionKind::Sync).unwrap();
        pair.0.connect_arrays(&"a".into(), &"c".into(), ConnectionKind::Async).unwrap();
        pair.0.set_settings(WorldSettings { transfer_millis: 1000, ..WorldSettings::default() }).unwrap();
        pair
    }

    fn on<T>(&self, array: &str, change: impl FnOnce(&ArrayTx<'_>) -> Result<T>) -> Result<T> {
        self.0.change_array(&array.into(), change)
    }

    fn pod(&self, array: &str, name: &str) -> PodRow {
        self.find(array, name).unwrap()
    }

    fn find(&self, array: &str, name: &str) -> Option<PodRow> {
        self.0.read_array(&array.into(), |tx| tx.pod_by_name(name)).unwrap()
    }

    /// Does something with a pod.
    fn with<T>(&self, array: &str, pod: &str, change: impl FnOnce(&ArrayTx<'_>, &PodRow) -> Result<T>) -> Result<T> {
        self.on(array, |tx| change(tx, &tx.pod_by_name(pod)?.ok_or_else(|| Error::not_found("pod"))?))
    }

    fn details(&self, array: &str, name: &str) -> PodDetails {
        self.with(array, name, |tx, pod| tx.pod_details(pod.clone())).unwrap()
    }

    fn members(&self, array: &str, name: &str) -> [PodMemberRow; 2] {
        self.details(array, name).members.try_into().unwrap()
    }

    /// `online` or `offline`, ... of both arrays, as one sees it.
    fn statuses(&self, array: &str, name: &str) -> [&'static str; 2] {
        self.members(array, name).map(|member| member.status.as_str())
    }

    fn volume(&self, array: &str, name: &str) {
        self.on(array, |tx| {
            let id = volumes::create(tx.tx, &tx.array, name, GIB, 1)?;
            if let Some(pod) = tx.place(name)? {
                tx.tx.execute("UPDATE volumes SET pod_id = ?2 WHERE id = ?1", [&id, &pod.id])?;
            }
            Ok(())
        })
        .unwrap();
    }

    fn group(&self, array: &str, name: &str, member: &str) {
        self.on(array, |tx| {
            let pod = tx.place(name)?.unwrap();
            let id = array::groups::create(tx.tx, &tx.array, name, Some(&pod.id))?;
            let member = volumes::by_name(tx.tx, &tx.array.id, member)?.unwrap();
            array::groups::add_member(tx.tx, &id, &member.id)
        })
        .unwrap();
    }

    /// A volume group with one volume `w` in it.
    fn volume_group(&self, array: &str, name: &str) {
        let volume = format!("{name}/w");
        self.volume(array, &volume);
        self.on(array, |tx| {
            let pod = tx.place(name)?.unwrap();
            let id = tx.create_volume_group(name, Some(&pod.id))?;
            tx.tx.execute("UPDATE volumes SET volume_group_id = ?2 WHERE name = ?1", [&volume, &id])
        })
        .unwrap();
    }

    /// How many volumes of a volume group are not destroyed, and whether it is not.
    fn in_volume_group(&self, array: &str, name: &str) -> (u64, bool) {
        let found = self.on(array, |tx| tx.volume_group(name)).unwrap().unwrap();
        (found.volumes, found.destroyed_ms.is_none())
    }

    /// Members of a group, by name.
    fn group_members(&self, array: &str, name: &str) -> Vec<String> {
        self.on(array, |tx| {
            let group = array::groups::find(tx.tx, &tx.array, name)?.unwrap();
            Ok(volumes::of_group(tx.tx, &tx.array.id, &group.id)?.into_iter().map(|volume| volume.name).collect())
        })
        .unwrap()
    }

    fn write(&self, array: &str, volume: &str) -> Result<()> {
        self.on(array, |tx| {
            let found = volumes::by_name(tx.tx, &tx.array.id, volume)?.ok_or_else(|| Error::not_found("volume"))?;
            volumes::write(tx.tx, &tx.array.id, &found, 1)
        })
    }

    fn stored(&self, array: &str, volume: &str) -> Option<volumes::Volume> {
        self.on(array, |tx| volumes::by_name(tx.tx, &tx.array.id, volume)).unwrap()
    }

    fn content(&self, array: &str, volume: &str) -> u64 {
        self.stored(array, volume).unwrap().content
    }

    fn link(&self, connected: bool) {
        self.0.set_link_connected(connected).unwrap();
    }

    fn up(&self, array: &str, available: bool) {
        self.0.set_array_available(&array.into(), available).unwrap();
    }

    fn mediator(&self, array: &str, reachable: bool) {
        self.0.set_mediator_reachable(&array.into(), reachable).unwrap();
    }

    fn wait(&self, millis: u64) {
        self.0.advance(Duration::from_millis(millis)).unwrap();
    }

    /// Pod `p` with volume `p::v` on both arrays.
    fn stretched() -> Self {
        let pair = Self::new();
        pair.on("a", |tx| tx.create_pod("p")).unwrap();
        pair.volume("a", "p::v");
        pair.with("a", "p", |tx, pod| tx.stretch_pod(pod, "b")).unwrap();
        pair.wait(1000);
        pair
    }
}

#[test]
fn a_pod_name_is_taken_in_any_case_and_until_eradication() {
    let pair = Pair::new();
    let made = pair.on("a", |tx| tx.create_pod("Prod")).unwrap();
    assert_refused(pair.on("a", |tx| tx.create_pod("pROD")), AlreadyExists, &["already exists"]);
    assert_eq!(pair.pod("a", "prod").id, made.id);
    pair.on("b", |tx| tx.create_pod("prod")).unwrap();
    pair.with("a", "prod", |tx, pod| tx.destroy_pod(pod, false)).unwrap();
    assert_refused(pair.on("a", |tx| tx.create_pod("prod")), AlreadyExists, &["already exists"]);
    pair.wait(86_400_000);
    assert_eq!(pair.find("a", "prod"), None);
    pair.on("a", |tx| tx.create_pod("prod")).unwrap();
}

#[test]
fn names_that_no_array_accepts_are_refused() {
    let pair = Pair::new();
    for name in ["", "-p", "p-", "p_q", "p.restretch", "p::q", "12", &"x".repeat(64)] {
        assert_refused(pair.on("a", |tx| tx.create_pod(name)), InvalidRequest, &[]);
    }
    pair.on("a", |tx| tx.create_pod(&"x".repeat(63))).unwrap();
}

#[test]
fn the_place_of_an_object_is_the_pod_in_its_name() {
    let pair = Pair::new();
    let made = pair.on("a", |tx| tx.create_pod("p")).unwrap();
    let place = |array: &str, name: &str| pair.on(array, |tx| tx.place(name));
    assert_eq!(place("a", "p::v").unwrap().unwrap().id, made.id);
    assert_eq!(place("a", "v").unwrap(), None);
    assert_eq!(place("a", "arrB:pg.1").unwrap(), None);
    assert_refused(place("a", "q::v"), NotFound, &["'q'", "'a'"]);
    assert_refused(place("b", "p::v"), NotFound, &["'p'", "'b'"]);
    let on = |array: &str| pair.on("a", |tx| tx.is_on_array(&made.id, &array::by_name(tx.tx, &array.into())?.id));
    assert!(on("a").unwrap() && !on("b").unwrap());
}

#[test]
fn a_pod_goes_with_what_is_in_it_only_if_told_so_and_comes_back_with_it() {
    let pair = Pair::new();
    pair.on("a", |tx| tx.create_pod("p")).unwrap();
    pair.volume("a", "p::gone");
    pair.with("a", "p", |tx, _| {
        volumes::destroy(tx.tx, &volumes::by_name(tx.tx, &tx.array.id, "p::gone")?.unwrap().id)
    })
    .unwrap();
    pair.wait(1);
    pair.volume("a", "p::v");
    pair.group("a", "p::pg", "p::v");
    assert_refused(pair.with("a", "p", |tx, pod| tx.destroy_pod(pod, false)), Precondition, &["Pod contains"]);
    pair.with("a", "p", |tx, pod| tx.destroy_pod(pod, true)).unwrap();
    assert!(pair.pod("a", "p").destroyed_ms.is_some() && pair.stored("a", "p::v").unwrap().destroyed);
    assert_refused(pair.with("a", "p", |tx, pod| tx.destroy_pod(pod, true)), Precondition, &["has been destroyed"]);
    assert_refused(pair.write("a", "p::v"), Precondition, &["'p'", "has been destroyed"]);
    pair.with("a", "p", |tx, pod| tx.recover_pod(pod)).unwrap();
    assert_eq!(pair.pod("a", "p").destroyed_ms, None);
    assert!(!pair.stored("a", "p::v").unwrap().destroyed, "it was destroyed with the pod");
    assert!(pair.stored("a", "p::gone").unwrap().destroyed, "it was destroyed before");
    assert_eq!(pair.group_members("a", "p::pg"), ["p::v"]);
    pair.write("a", "p::v").unwrap();
}

#[test]
fn a_pod_is_eradicated_once_it_is_destroyed_and_if_the_array_allows_it() {
    let pair = Pair::new();
    pair.on("a", |tx| tx.create_pod("p")).unwrap();
    pair.volume("a", "p::v");
    pair.group("a", "p::pg", "p::v");
    pair.volume_group("a", "p::vg");
    let eradicate = |with_contents| pair.with("a", "p", |tx, pod| tx.eradicate_pod(pod, with_contents));
    assert_refused(eradicate(true), Precondition, &["'p'", "not destroyed"]);
    pair.with("a", "p", |tx, pod| tx.destroy_pod(pod, true)).unwrap();
    assert_refused(eradicate(false), Precondition, &["Pod contains"]);
    pair.on("a", |tx| tx.set_eradication(86_400_000, "disabled")).unwrap();
    assert_refused(eradicate(true), Forbidden, &["disabled"]);
    pair.on("a", |tx| tx.set_eradication(86_400_000, "all-enabled")).unwrap();
    eradicate(true).unwrap();
    assert_eq!(pair.find("a", "p"), None);
    let left = pair.0.dump().unwrap();
    for table in ["volumes", "protection_groups", "volume_groups"] {
        assert_eq!(left[table], serde_json::json!([]), "{table}");
    }
}

#[test]
fn a_quota_is_kept() {
    let pair = Pair::new();
    pair.on("a", |tx| tx.create_pod("p")).unwrap();
    pair.volume("a", "p::v");
    let set = |quota, ignore| pair.with("a", "p", |tx, pod| tx.set_pod_quota(pod, quota, ignore));
    let room = |bytes| pair.with("a", "p", |tx, pod| tx.check_pod_quota(&pod.id, bytes));
    room(u64::MAX).unwrap();
    for wrong in [0, 512, (1 << 20) + 1] {
        assert_refused(set(Some(wrong), false), InvalidRequest, &[&wrong.to_string(), "512"]);
    }
    set(Some(2 * GIB), false).unwrap();
    room(GIB).unwrap();
    assert_refused(room(GIB + 1), LimitReached, &["'p'"]);
    assert_refused(set(Some(1 << 20), false), Precondition, &["'p'", "1048576"]);
    set(Some(1 << 20), true).unwrap();
    assert_refused(room(1), LimitReached, &["'p'"]);
    set(None, false).unwrap();
    room(u64::MAX).unwrap();
}

#[test]
fn a_renamed_pod_renames_what_is_in_it() {
    let pair = Pair::stretched();
    pair.group("a", "p::pg", "p::v");
    pair.on("b", |tx| tx.create_pod("taken")).unwrap();
    let rename = |to| pair.with("a", "p", |tx, pod| tx.rename_pod(pod, to));
    assert_refused(rename("taken"), AlreadyExists, &[]);
    assert_eq!(rename("quite-long").unwrap().name, "quite-long");
    assert!(pair.stored("b", "quite-long::v").is_some() && pair.stored("a", "p::v").is_none());
    assert_eq!(pair.group_members("b", "quite-long::pg"), ["quite-long::v"]);
}

#[test]
fn volume_groups_go_with_their_pod() {
    let pair = Pair::new();
    pair.on("a", |tx| tx.create_pod("p")).unwrap();
    pair.volume_group("a", "p::vg");
    pair.with("a", "p", |tx, pod| tx.clone_pod(pod, "copy")).unwrap();
    assert_eq!(pair.in_volume_group("a", "copy::vg"), (1, true));
    pair.with("a", "p", |tx, pod| tx.rename_pod(pod, "new")).unwrap();
    assert!(pair.stored("a", "new::vg/w").is_some());
    pair.with("a", "new", |tx, pod| tx.destroy_pod(pod, true)).unwrap();
    assert_eq!(pair.in_volume_group("a", "new::vg"), (0, false));
    pair.with("a", "new", |tx, pod| tx.recover_pod(pod)).unwrap();
    assert_eq!(pair.in_volume_group("a", "new::vg"), (1, true));
    pair.with("a", "new", |tx, pod| tx.stretch_pod(pod, "b")).unwrap();
    pair.wait(1000);
    pair.with("b", "new", |tx, pod| tx.unstretch_pod(pod, "a", false)).unwrap();
    assert_eq!(pair.in_volume_group("b", "new::vg"), (1, true));
    assert_eq!(pair.in_volume_group("a", "new.restretch::vg"), (0, false));
    pair.wait(86_400_000);
    assert_eq!(pair.find("a", "new.restretch"), None);
}

#[test]
fn a_clone_is_a_pod_of_its_own() {
    let pair = Pair::new();
    pair.on("a", |tx| tx.create_pod("p")).unwrap();
    pair.volume("a", "p::v");
    pair.group("a", "p::pg", "p::v");
    let copy = pair.with("a", "p", |tx, pod| tx.clone_pod(pod, "q")).unwrap();
    assert_eq!(copy.source.as_deref(), Some("p"));
    pair.write("a", "q::v").unwrap();
    assert_eq!((pair.content("a", "p::v"), pair.content("a", "q::v")), (1, 2));
    assert_eq!(pair.group_members("a", "q::pg"), ["q::v"]);
    assert_eq!(pair.details("a", "q").provisioned, GIB);
    pair.with("a", "p", |tx, pod| tx.demote_pod(pod, true)).unwrap();
    pair.with("a", "p.undo-demote", |tx, pod| tx.clone_pod(pod, "undone")).unwrap();
    pair.write("a", "undone::v").unwrap();
    assert_eq!(pair.group_members("a", "undone::pg"), ["undone::v"]);
    pair.with("a", "q", |tx, pod| tx.destroy_pod(pod, true)).unwrap();
    assert_refused(pair.with("a", "q", |tx, pod| tx.clone_pod(pod, "r")), Precondition, &["has been destroyed"]);
}
