//! A cloud that is played as real, on an array of another world.

use super::{Lab, World, WorldLocation, WorldTime, assert_refused, group, image, point};
use crate::mock::CloudOnMockArray;
use crate::model::{ArrayVolumeId, ServerId, SiteName, VolumeId};
use crate::ports::{
    AttachedVolume, CinderGroupSpec, CloneRequest, ClonedVolume, Cloud, CloudVolume, GroupSpec, ImportRequest,
    MemberMode, MemberSet, Outcome, ReplicationSpec, SnapshotRequest, StorageDriver, VolumeState,
};
use crate::{ErrorKind, mock::MockStorageDriver};
use std::sync::Arc;
use std::time::Duration;

/// Clouds of one world, arrays of another.
struct Mixed {
    real: Lab,
    world: World,
    cloud_a: CloudOnMockArray,
    cloud_b: CloudOnMockArray,
    array_a: MockStorageDriver,
    array_b: MockStorageDriver,
}

impl Mixed {
    fn new() -> Self {
        let real = Lab::new();
        let world = World::open(&WorldLocation::Memory, WorldTime::Given(real.clock.clone())).unwrap();
        let (a, b) = (SiteName::from("site-a"), SiteName::from("site-b"));
        world.put_arrays_under(&[b.clone(), a.clone()]).unwrap();
        let on = |cloud, site| CloudOnMockArray::new(Arc::new(cloud), world.clone(), site).unwrap();
        Self {
            cloud_a: on(real.cloud_a.clone(), &a),
            cloud_b: on(real.cloud_b.clone(), &b),
            array_a: world.storage_driver(&a).unwrap().without_pods(),
            array_b: world.storage_driver(&b).unwrap().without_pods(),
            real,
            world,
        }
    }

    async fn web(&self) -> Vec<AttachedVolume> {
        let id: ServerId = self.real.server("web-server-1").await.id;
        self.cloud_a.server(&id).await.unwrap().unwrap().volumes
    }

    /// Clones of the volumes of web-server-1 on the array of site-b, boot disk first.
    async fn clones(&self) -> Vec<ClonedVolume> {
        let cx = |key| self.real.cx(key);
        let names: Vec<_> = self.web().await.into_iter().map(|v| v.volume.array_volume.unwrap()).collect();
        let spec = GroupSpec { name: group(), owner: "pg-1".into(), adopt: false };
        self.array_a.ensure_group(&cx("group"), &spec).await.unwrap();
        let members = MemberSet { volumes: names.iter().cloned().collect(), mode: MemberMode::Exact };
        self.array_a.ensure_members(&cx("members"), &group(), &members).await.unwrap();
        let replication = ReplicationSpec { target: "flasharray-b".into(), interval: 86_400 };
        self.array_a.ensure_replication(&cx("target"), &group(), &replication).await.unwrap();
        self.array_b.accept_from_peer(&cx("accept"), &image(), &"pg-1".into(), true).await.unwrap();
        let request = SnapshotRequest { suffix: "one".to_owned(), replicate_now: true };
        self.array_a.create_protection_group_snapshot(&cx("snapshot"), &group(), &request).await.unwrap();
        self.real.clock.sleep(Duration::from_secs(10)).await;
        let volumes = names.iter().enumerate().map(|(n, name)| (name.clone(), format!("clone-{n}").into())).collect();
        let clones = CloneRequest { point: point("one"), volumes };
        let made = self.array_b.clone_volumes(&cx("clone"), &clones).await.unwrap().finished().unwrap();
        names.iter().map(|name| made.iter().find(|clone| clone.source == *name).unwrap().clone()).collect()
    }

    async fn import(&self, clone: &ClonedVolume) -> crate::Result<Outcome<CloudVolume>> {
        let request = ImportRequest {
            array_volume_id: clone.id.clone(),
            array_volume: clone.name.clone(),
            name: format!("web {}", clone.name),
            volume_type: "replicated-ssd".to_owned(),
            bootable: true,
        };
        self.cloud_b.import_volume(&self.real.cx("import"), &request).await
    }

    async fn imported(&self, clone: &ClonedVolume) -> CloudVolume {
        self.import(clone).await.unwrap().finished().unwrap()
    }

    async fn release(&self, id: &VolumeId) -> crate::Result<Outcome<()>> {
        self.cloud_b.release_volume(&self.real.cx("release"), id).await
    }
}

/// A plan is a look: it asks for all servers, and changes nothing.
#[tokio::test]
async fn a_volume_gets_an_array_volume_of_its_size_when_its_server_is_asked_for() {
    let mixed = Mixed::new();
    let before = mixed.world.dump().unwrap();
    let listed = mixed.cloud_a.servers().await.unwrap();
    let listed = listed.into_iter().flat_map(|s| s.volumes).map(|v| v.volume);
    let names: Vec<_> = listed.map(|v| (v.id, v.array_volume.unwrap(), v.array_volume_id)).collect();
    assert!(
        names.iter().all(|(id, name, on_array)| name.as_str() == format!("volume-{id}-cinder") && on_array.is_none())
    );
    assert_eq!(mixed.world.dump().unwrap(), before);

    let (own, there) = (mixed.web().await, mixed.real.web_volumes().await);
    let ids: Vec<_> = own.iter().map(|v| v.volume.array_volume_id.clone().unwrap()).collect();
    for (volume, (id, real_name)) in own.iter().map(|v| &v.volume).zip(there) {
        assert_eq!((&volume.id, volume.array_volume.as_ref()), (&id, Some(&real_name)));
        let query = crate::ports::VolumeQuery::Names([real_name].into());
        let [found]: [_; 1] = mixed.array_a.volumes(&query).await.unwrap().try_into().unwrap();
        assert_eq!((Some(found.id), found.provisioned), (volume.array_volume_id.clone(), volume.size_gib << 30));
    }
    let again: Vec<_> = mixed.web().await.into_iter().map(|v| v.volume.array_volume_id.unwrap()).collect();
    assert_eq!(again, ids);
    let one = mixed.cloud_a.volume(&own[0].volume.id).await.unwrap().unwrap();
    assert_eq!(one.array_volume_id.as_ref(), Some(&ids[0]));
}

#[tokio::test]
async fn a_clone_is_taken_over_as_a_blank_volume_once() {
    let mixed = Mixed::new();
    let clones = mixed.clones().await;
    let made = mixed.import(&clones[1]).await.unwrap();
    let Outcome::Done(made) = made else { panic!("{made:?}") };
    assert_eq!((made.state, made.size_gib, made.name.as_str()), (VolumeState::Available, 200, "web clone-1"));
    assert_eq!(made.array_volume_id.as_ref(), Some(&clones[1].id));
    assert_eq!(made.array_volume.as_ref().unwrap().as_str(), format!("volume-{}-cinder", made.id));
    // the array knows it under that name, as it does after Cinder has taken one over
    let query = crate::ports::VolumeQuery::Ids([clones[1].id.clone()].into());
    let found = mixed.array_b.volumes(&query).await.unwrap();
    assert_eq!(found.iter().map(|v| Some(&v.name)).collect::<Vec<_>>(), [made.array_volume.as_ref()]);
    assert_eq!(mixed.import(&clones[1]).await.unwrap(), Outcome::AlreadyDone(made.clone()));
    // whatever it stands for, nothing is on it
    assert_eq!(mixed.real.world.content(&"flasharray-b".into(), &behind(&mixed, &made.id).await).unwrap(), 0);
    assert_ne!(mixed.imported(&clones[0]).await.id, made.id);
}

/// What is really under a volume.
async fn behind(mixed: &Mixed, id: &VolumeId) -> ArrayVolumeId {
    mixed.real.cloud_b.volume(id).await.unwrap().unwrap().array_volume_id.unwrap()
}

#[tokio::test]
async fn what_the_world_does_not_have_is_not_made() {
    let mixed = Mixed::new();
    let mut clone = mixed.clones().await.remove(0);
    clone.id = "nobody".into();
    assert_refused(mixed.import(&clone).await, ErrorKind::NotFound, &["nobody", "mock_db_path"]);
}

#[tokio::test]
async fn only_what_was_made_blank_is_deleted() {
    let mixed = Mixed::new();
    let made = mixed.imported(&mixed.clones().await[0]).await;
    let cx = mixed.real.cx("cg");
    let spec = CinderGroupSpec { name: "cg".to_owned(), volume_type: "replicated-ssd".to_owned() };
    let cg = mixed.cloud_b.ensure_consistency_group(&cx, &spec).await.unwrap().finished().unwrap();
    mixed.cloud_b.ensure_group_members(&cx, &cg.id, &[made.id.clone()].into()).await.unwrap();
    assert_refused(mixed.release(&made.id).await, ErrorKind::Precondition, &[made.id.as_str()]);
    mixed.cloud_b.ensure_group_members(&cx, &cg.id, &[].into()).await.unwrap();
    assert_eq!(mixed.release(&made.id).await.unwrap(), Outcome::Done(()));
    assert_eq!(mixed.cloud_b.volume(&made.id).await.unwrap(), None);
    assert_eq!(mixed.release(&made.id).await.unwrap(), Outcome::AlreadyDone(()));

    // the tenant's own, and with it what the world makes of it
    let own = mixed.web().await.remove(1).volume;
    let cx = mixed.real.cx("own");
    let before = (mixed.real.world.dump().unwrap(), mixed.world.dump().unwrap());
    assert_refused(mixed.cloud_a.release_volume(&cx, &own.id).await, ErrorKind::DataSafety, &[own.id.as_str()]);
    let retyped = mixed.cloud_a.retype_volume(&cx, &own.id, "standard-ssd").await;
    assert_refused(retyped, ErrorKind::Unsupported, &[own.id.as_str(), "storage_driver = pure"]);
    assert_eq!((mixed.real.world.dump().unwrap(), mixed.world.dump().unwrap()), before);
}

#[test]
fn a_site_that_the_world_does_not_have_is_refused() {
    let mixed = Mixed::new();
    let cloud = Arc::new(mixed.real.cloud_a.clone());
    assert_refused(
        CloudOnMockArray::new(cloud, mixed.world.clone(), &"denver".into()),
        ErrorKind::NotFound,
        &["denver"],
    );
    let sites = ["boston", "site-a"].map(SiteName::from);
    assert_refused(mixed.world.put_arrays_under(&sites), ErrorKind::InvalidConfiguration, &["boston", "site-b"]);
    let one = World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap();
    assert_refused(one.put_arrays_under(&sites[..1]), ErrorKind::InvalidConfiguration, &["two sites"]);
}
