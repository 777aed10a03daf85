//! What the conformance suites cannot ask for: files, time, outages, the oracle, the seed.

mod arrays;
mod clouds;
mod cycle;
mod files;
mod groups;
mod pods;
mod replicas;
mod retyping;
mod schedules;
mod seeding;
mod suites;
mod time;
mod under_clouds;

use super::{MockCloud, MockStorageDriver, SeedOptions, World, WorldLocation, WorldTime, seed};
use crate::model::{ArrayGroupName, ArrayVolumeName, Epoch, OpKey, RecoveryPointName, VolumeId};
use crate::ports::{
    Cancel, Clock, CloneRequest, ClonedVolume, Cloud, Cx, GroupSpec, MemberMode, MemberSet, Outcome, ReplicationSpec,
    Server, SnapshotRequest, StorageDriver,
};
use crate::{Error, ErrorKind};
use std::{sync::Arc, time::Duration};

/// A seeded world with both sites at hand.
struct Lab {
    world: World,
    clock: Arc<dyn Clock>,
    array_a: MockStorageDriver,
    array_b: MockStorageDriver,
    cloud_a: MockCloud,
    cloud_b: MockCloud,
}

impl Lab {
    fn new() -> Self {
        Self::seeded(SeedOptions::default())
    }

    fn seeded(options: SeedOptions) -> Self {
        let world = World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap();
        seed(&world, &options).unwrap();
        Self::over(world)
    }

    /// With one server whose volumes are in Cinder's pod.
    fn synchronous() -> Self {
        Self::seeded(SeedOptions { sync_servers: 1, ..SeedOptions::default() })
    }

    fn over(world: World) -> Self {
        let (a, b) = ("site-a".into(), "site-b".into());
        Self {
            clock: world.clock(),
            array_a: world.storage_driver(&a).unwrap(),
            array_b: world.storage_driver(&b).unwrap(),
            cloud_a: world.cloud(&a).unwrap(),
            cloud_b: world.cloud(&b).unwrap(),
            world,
        }
    }

    fn cx(&self, key: &str) -> Cx {
        let deadline = self.clock.now() + Duration::from_secs(3600);
        Cx { op_key: OpKey::from(key), epoch: Epoch(1), deadline, cancel: Cancel::default() }
    }

    async fn sleep(&self, millis: u64) {
        self.clock.sleep(Duration::from_millis(millis)).await;
    }

    async fn server(&self, name: &str) -> Server {
        let servers = self.cloud_a.servers().await.unwrap();
        servers.into_iter().find(|server| server.name == name).unwrap()
    }

    /// Cinder and array names of the volumes of web-server-1, boot disk first.
    async fn web_volumes(&self) -> Vec<(VolumeId, ArrayVolumeName)> {
        let volumes = self.server("web-server-1").await.volumes;
        volumes.into_iter().map(|v| (v.volume.id, v.volume.array_volume.unwrap())).collect()
    }

    /// Replicates the volumes of web-server-1, each `interval` seconds.
    async fn replicate(&self, interval: u32) {
        let spec = GroupSpec { name: group(), owner: "pg-1".into(), adopt: false };
        self.array_a.ensure_group(&self.cx("group"), &spec).await.unwrap();
        let volumes = self.web_volumes().await.into_iter().map(|(_, name)| name).collect();
        let members = MemberSet { volumes, mode: MemberMode::Exact };
        self.array_a.ensure_members(&self.cx("members"), &group(), &members).await.unwrap();
        self.target(interval).await.unwrap();
        let accepted = self.array_b.accept_from_peer(&self.cx("accept"), &image(), &"pg-1".into(), true).await.unwrap();
        assert_eq!(accepted, Outcome::Done(()));
    }

    async fn target(&self, interval: u32) -> crate::Result<Outcome<()>> {
        let replication = ReplicationSpec { target: "flasharray-b".into(), interval };
        self.array_a.ensure_replication(&self.cx("target"), &group(), &replication).await
    }

    async fn snapshot(&self, suffix: &str) {
        let request = SnapshotRequest { suffix: suffix.to_owned(), replicate_now: true };
        let taken = self.array_a.create_protection_group_snapshot(&self.cx(suffix), &group(), &request).await.unwrap();
        assert!(matches!(taken, Outcome::Done(_)), "{taken:?}");
    }

    /// Clones a complete recovery point to `<prefix>-0`, `<prefix>-1`.
    async fn clone(&self, key: &str, prefix: &str, suffix: &str) -> crate::Result<Outcome<Vec<ClonedVolume>>> {
        let request = self.clone_request(prefix, suffix).await;
        self.array_b.clone_volumes(&self.cx(key), &request).await
    }

    async fn clone_request(&self, prefix: &str, suffix: &str) -> CloneRequest {
        let volumes = self.web_volumes().await.into_iter().enumerate();
        CloneRequest {
            point: point(suffix),
            volumes: volumes.map(|(n, (_, source))| (source, format!("{prefix}-{n}").into())).collect(),
        }
    }

    async fn suffixes(&self, driver: &MockStorageDriver, group: &ArrayGroupName) -> Vec<String> {
        let found = driver.recovery_points(group).await.unwrap().value;
        found.iter().map(|point| point.name.as_str().rsplit_once('.').unwrap().1.to_owned()).collect()
    }
}

/// Seconds between snapshots where the schedule shall not come in between.
const SELDOM: u32 = 86_400;

fn group() -> ArrayGroupName {
    "pg-web".into()
}

fn image() -> ArrayGroupName {
    "flasharray-a:pg-web".into()
}

fn point(suffix: &str) -> RecoveryPointName {
    format!("flasharray-a:pg-web.{suffix}").into()
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, Error>, kind: ErrorKind, words: &[&str]) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    for word in words {
        assert!(error.to_string().contains(word), "'{error}' does not name '{word}'");
    }
}
