//! A group in Cinder's pod, as drivers and clouds see it while arrays and sites come and go.

use super::super::{Lab, assert_refused};
use crate::ErrorKind::{Precondition, Unreachable};
use crate::mock::{MockStorageDriver, WorldSettings};
use crate::model::{ArrayGroupName, ArrayVolumeName, VolumeId};
use crate::ports::{
    CloneRequest, Cloud, FenceState, GroupSpec, MemberMode, MemberSet, Outcome, PodMember, PodMemberState,
    ReplicationLink, ReplicationSpec, SnapshotRequest, StorageDriver,
};
use PodMemberState::{Offline, Online, Resyncing, Unknown};

fn group() -> ArrayGroupName {
    "cinder-pod::pg-sync".into()
}

/// A server in Cinder's pod, and its volumes in a group that both arrays have marked. A resynchronisation takes 1 s.
struct Stretched {
    lab: Lab,
    volumes: Vec<(VolumeId, ArrayVolumeName)>,
}

impl Stretched {
    async fn new() -> Self {
        let lab = Lab::synchronous();
        lab.world.set_settings(WorldSettings { transfer_millis: 1000, ..WorldSettings::default() }).unwrap();
        let server = lab.server("sync-server-1").await;
        let volumes: Vec<_> =
            server.volumes.into_iter().map(|v| (v.volume.id, v.volume.array_volume.unwrap())).collect();
        let spec = GroupSpec { name: group(), owner: "pg-2".into(), adopt: false };
        lab.array_a.ensure_group(&lab.cx("group"), &spec).await.unwrap();
        let members = volumes.iter().map(|(_, name)| name.clone()).collect();
        let members = MemberSet { volumes: members, mode: MemberMode::Exact };
        lab.array_a.ensure_members(&lab.cx("members"), &group(), &members).await.unwrap();
        let replication = ReplicationSpec { target: "flasharray-b".into(), interval: 0 };
        let stretched = lab.array_a.ensure_replication(&lab.cx("stretch"), &group(), &replication).await.unwrap();
        assert_eq!(stretched, Outcome::AlreadyDone(()), "Cinder has stretched its pod");
        let accepted = lab.array_b.accept_from_peer(&lab.cx("accept"), &group(), &"pg-2".into(), true).await.unwrap();
        assert_eq!(accepted, Outcome::Done(()));
        Self { lab, volumes }
    }

    /// The parts of flasharray-a and flasharray-b, as one of them sees them.
    async fn parts(&self, array: &MockStorageDriver) -> [PodMember; 2] {
        let pod = array.replication_status(&group()).await.unwrap().value.pod.unwrap();
        pod.arrays.into_values().collect::<Vec<_>>().try_into().unwrap()
    }

    async fn states(&self, array: &MockStorageDriver) -> [PodMemberState; 2] {
        self.parts(array).await.map(|part| part.state)
    }

    fn write(&self, site: &str) -> crate::Result<()> {
        let clouds = "UPDATE cinder_volumes SET site = ?1 WHERE id = ?2";
        let (id, _) = &self.volumes[0];
        // as if that site had taken the volume over: its hosts write through its array
        self.lab.world.mutate(|tx| tx.execute(clouds, [site, id.as_str()])).unwrap();
        self.lab.world.write(&site.into(), id, 1)
    }

    async fn snapshot(&self, array: &MockStorageDriver, suffix: &str) -> crate::Result<()> {
        let request = SnapshotRequest { suffix: suffix.to_owned(), replicate_now: false };
        array.create_protection_group_snapshot(&self.lab.cx(suffix), &group(), &request).await.map(drop)
    }

    async fn clone(&self, array: &MockStorageDriver, suffix: &str) -> crate::Result<()> {
        let volumes = self.volumes.iter().enumerate().map(|(n, (_, name))| (name.clone(), format!("dr-{n}").into()));
        let request = CloneRequest { point: format!("{}.{suffix}", group()).into(), volumes: volumes.collect() };
        array.clone_volumes(&self.lab.cx("clone"), &request).await.map(drop)
    }

    fn array_a(&self, available: bool) {
        self.lab.world.set_array_available(&"flasharray-a".into(), available).unwrap();
    }
}

#[tokio::test]
async fn a_lost_array_is_offline_for_the_survivor_until_it_has_caught_up() {
    let pair = Stretched::new().await;
    let (a, b) = (&pair.lab.array_a, &pair.lab.array_b);
    pair.write("site-a").unwrap();
    pair.snapshot(a, "dr-1").await.unwrap();
    let lost_at = pair.lab.clock.now();
    pair.array_a(false);
    assert_eq!(pair.states(b).await, [Offline, Online]);
    let [part_a, part_b] = pair.parts(b).await;
    assert_eq!((part_a.frozen_at, part_a.progress, part_a.mediator_reachable), (Some(lost_at), None, None));
    assert_eq!((part_b.frozen_at, part_b.progress, part_b.mediator_reachable), (None, None, Some(true)));
    assert_eq!(b.replication_status(&group()).await.unwrap().value.link, ReplicationLink::Disconnected);
    assert_refused(a.group(&group()).await, Unreachable, &["flasharray-a"]);
    assert_refused(pair.write("site-a"), Precondition, &["cinder-pod", "offline", "flasharray-a"]);
    pair.write("site-b").unwrap();
    pair.snapshot(b, "dr-2").await.unwrap();
    pair.clone(b, "dr-1").await.unwrap();

    pair.array_a(true);
    for (waited, progress) in [(0, 0), (400, 40), (590, 99)] {
        pair.lab.sleep(waited).await;
        assert_eq!(pair.states(b).await, [Resyncing, Online], "after {waited} ms more");
        assert!(pair.parts(a).await[0].progress.unwrap().abs_diff(progress) <= 1, "after {waited} ms more");
    }
    assert_refused(pair.write("site-a"), Precondition, &["cinder-pod", "resyncing", "flasharray-a"]);
    assert_refused(pair.snapshot(a, "dr-3").await, Precondition, &["cinder-pod", "resyncing", "flasharray-a"]);
    pair.lab.sleep(10).await;
    for array in [a, b] {
        assert_eq!(pair.states(array).await, [Online, Online]);
    }
    pair.write("site-a").unwrap();
    pair.snapshot(a, "dr-3").await.unwrap();
    assert_eq!(pair.lab.suffixes(a, &group()).await, ["dr-3", "dr-2", "dr-1"]);
}

#[tokio::test]
async fn a_lost_site_takes_its_array_along_and_the_other_site_goes_on() {
    let pair = Stretched::new().await;
    pair.lab.world.set_site_available(&"site-a".into(), false).unwrap();
    assert_eq!(pair.states(&pair.lab.array_b).await, [Offline, Online]);
    assert_refused(pair.write("site-a"), Unreachable, &["site-a"]);
    pair.write("site-b").unwrap();
    pair.lab.world.set_site_available(&"site-a".into(), true).unwrap();
    pair.lab.sleep(1000).await;
    assert_eq!(pair.states(&pair.lab.array_a).await, [Online, Online]);
}

#[tokio::test]
async fn arrays_that_lose_each_other_elect_the_preferred_one() {
    for (preferred, states) in [(None, [Online, Offline]), (Some("flasharray-b"), [Offline, Online])] {
        let pair = Stretched::new().await;
        let world = &pair.lab.world;
        if let Some(array) = preferred {
            world.prefer_in_pod(&"flasharray-a".into(), "cinder-pod", &[array.into()]).unwrap();
        }
        world.set_link_connected(false).unwrap();
        let [a, b] = [&pair.lab.array_a, &pair.lab.array_b];
        let (survivor, lost, of_lost) =
            if states[0] == Online { (a, b, [Unknown, Offline]) } else { (b, a, [Offline, Unknown]) };
        assert_eq!(pair.states(survivor).await, states);
        assert_eq!(pair.states(lost).await, of_lost, "who is offline cannot know");
        pair.snapshot(survivor, "dr-1").await.unwrap();
        assert_refused(pair.snapshot(lost, "dr-2").await, Precondition, &["cinder-pod", "offline"]);
        assert_refused(pair.clone(lost, "dr-1").await, Precondition, &["cinder-pod", "offline"]);
        world.set_link_connected(true).unwrap();
        pair.lab.sleep(1000).await;
        assert_eq!(pair.states(lost).await, [Online, Online]);
        pair.clone(lost, "dr-1").await.unwrap();
    }
}

#[tokio::test]
async fn without_a_mediator_the_survivor_stops_as_well() {
    let pair = Stretched::new().await;
    pair.lab.world.set_mediator_reachable(&"flasharray-b".into(), false).unwrap();
    pair.array_a(false);
    assert_eq!(pair.states(&pair.lab.array_b).await, [Unknown, Offline]);
    assert_refused(pair.write("site-b"), Precondition, &["cinder-pod", "offline", "flasharray-b"]);
    pair.array_a(true);
    assert_eq!(pair.states(&pair.lab.array_b).await, [Online, Online], "neither has missed anything");
}

#[tokio::test]
async fn a_fence_on_one_array_lets_the_other_go_on() {
    let pair = Stretched::new().await;
    let fence = async |array: &MockStorageDriver| array.fence(&pair.lab.cx("fence"), &group()).await.unwrap();
    assert_eq!(fence(&pair.lab.array_a).await, Outcome::Done(FenceState::Fenced));
    assert_refused(pair.write("site-a"), Precondition, &["fenced"]);
    pair.write("site-b").unwrap();
    // it stays while the array is away
    pair.array_a(false);
    pair.array_a(true);
    pair.lab.sleep(1000).await;
    assert_refused(pair.write("site-a"), Precondition, &["fenced"]);
    assert_eq!(fence(&pair.lab.array_a).await, Outcome::AlreadyDone(FenceState::Fenced));
    let lifted = pair.lab.array_a.unfence(&pair.lab.cx("unfence"), &group()).await.unwrap();
    assert_eq!(lifted, Outcome::Done(FenceState::Open));
    pair.write("site-a").unwrap();
}

#[tokio::test]
async fn an_epoch_is_known_to_the_array_that_saw_it() {
    let pair = Stretched::new().await;
    pair.array_a(false);
    let mut newer = pair.lab.cx("newer");
    newer.epoch = crate::model::Epoch(2);
    pair.lab.array_b.fence(&newer, &group()).await.unwrap();
    assert_refused(pair.snapshot(&pair.lab.array_b, "dr-1").await, crate::ErrorKind::Conflict, &["epoch 2"]);
    pair.array_a(true);
    pair.lab.sleep(1000).await;
    pair.snapshot(&pair.lab.array_a, "dr-1").await.unwrap();
    let servers = pair.lab.cloud_a.servers().await.unwrap();
    assert!(servers.iter().any(|server| server.name == "sync-server-1"));
}
