//! What Cinder does on the array when a volume gets a type that replicates synchronously, or loses it.

use super::{Lab, SELDOM, assert_refused, group};
use crate::ErrorKind::Precondition;
use crate::mock::{ConnectionKind, SeedOptions};
use crate::model::{ArrayVolumeName, VolumeId};
use crate::ports::{
    Cloud, CloudVolume, GroupSpec, ImportRequest, MemberMode, MemberSet, Outcome, StorageDriver, VolumeQuery,
};

const SYNC: &str = "replicated-sync";
const PLAIN: &str = "standard-ssd";

/// The data disk of the server in the pod.
async fn in_pod(lab: &Lab) -> CloudVolume {
    lab.server("sync-server-1").await.volumes.pop().unwrap().volume
}

async fn retype(lab: &Lab, id: &VolumeId, volume_type: &str) -> crate::Result<CloudVolume> {
    match lab.cloud_a.retype_volume(&lab.cx("retype"), id, volume_type).await? {
        Outcome::Done(volume) => Ok(volume),
        other => panic!("{other:?}"),
    }
}

/// How the arrays call the volume.
async fn names(lab: &Lab, volume: &CloudVolume) -> [Option<ArrayVolumeName>; 2] {
    let query = VolumeQuery::Ids([volume.array_volume_id.clone().unwrap()].into());
    let mut names = Vec::new();
    for array in [&lab.array_a, &lab.array_b] {
        names.push(array.volumes(&query).await.unwrap().pop().map(|found| found.name));
    }
    names.try_into().unwrap()
}

#[tokio::test]
async fn a_volume_that_enters_the_pod_is_on_both_arrays_and_in_no_group() {
    let lab = Lab::synchronous();
    lab.replicate(SELDOM).await;
    let (id, name) = lab.web_volumes().await.pop().unwrap();
    let before = lab.cloud_a.volume(&id).await.unwrap().unwrap();
    assert_eq!(names(&lab, &before).await, [Some(name.clone()), None]);
    lab.world.write(&"site-a".into(), &id, 7).unwrap();
    let after = retype(&lab, &id, SYNC).await.unwrap();
    let inside = ArrayVolumeName::from(format!("cinder-pod::{name}"));
    assert_eq!(names(&lab, &after).await, [Some(inside.clone()), Some(inside)]);
    assert_eq!(after.array_volume_id, before.array_volume_id);
    for pg in [group(), "cinder-group".into()] {
        let members = lab.array_a.group(&pg).await.unwrap().unwrap().value.volumes;
        assert!(!members.iter().any(|member| member.as_str().contains(id.as_str())), "{pg}: {members:?}");
    }
    let content = |array: &str| lab.world.content(&array.into(), after.array_volume_id.as_ref().unwrap()).unwrap();
    assert_eq!(content("flasharray-a"), content("flasharray-b"));
    lab.world.write(&"site-a".into(), &id, 1).unwrap();
    let back = retype(&lab, &id, "replicated-ssd").await.unwrap();
    assert_eq!(names(&lab, &back).await, [Some(name.clone()), None]);
    let members = lab.array_a.group(&"cinder-group".into()).await.unwrap().unwrap().value.volumes;
    assert!(members.contains(&name), "{members:?}");
    assert_eq!(content("flasharray-a"), 1009, "the 1001 of the seed, and 8");
}

#[tokio::test]
async fn a_volume_that_leaves_the_pod_stays_on_the_array_of_its_cloud() {
    let lab = Lab::synchronous();
    let (volume, a, b) = (in_pod(&lab).await, "site-a".into(), "site-b".into());
    lab.cloud_a.volume(&volume.id).await.unwrap().unwrap();
    // as if the other site had taken it over
    let sql = "UPDATE cinder_volumes SET site = 'site-b' WHERE id = ?1";
    lab.world.mutate(|tx| tx.execute(sql, [volume.id.as_str()])).unwrap();
    lab.world.write(&b, &volume.id, 2).unwrap();
    let moved = lab.cloud_b.retype_volume(&lab.cx("retype"), &volume.id, PLAIN).await.unwrap().finished().is_some();
    assert!(moved);
    let plain = ArrayVolumeName::from(format!("volume-{}-cinder", volume.id));
    assert_eq!(names(&lab, &volume).await, [None, Some(plain)]);
    lab.world.write(&b, &volume.id, 1).unwrap();
    lab.world.set_site_available(&a, false).unwrap();
    lab.world.write(&b, &volume.id, 1).unwrap();
    let content = lab.world.content(&"flasharray-b".into(), &volume.array_volume_id.unwrap()).unwrap();
    assert_eq!(content, 1013, "the 1009 of the seed, and 4");
}

#[tokio::test]
async fn nobody_moves_while_the_arrays_do_not_reach_each_other() {
    let lab = Lab::synchronous();
    let (inside, (outside, _)) = (in_pod(&lab).await, lab.web_volumes().await.pop().unwrap());
    lab.world.set_link_connected(false).unwrap();
    let before = lab.world.dump().unwrap();
    assert_refused(retype(&lab, &outside, SYNC).await, Precondition, &["flasharray-a", "site-a"]);
    assert_refused(retype(&lab, &inside.id, PLAIN).await, Precondition, &["flasharray-a", "site-a"]);
    assert_eq!(lab.world.dump().unwrap(), before);
    lab.world.set_link_connected(true).unwrap();
    lab.world.set_array_available(&"flasharray-a".into(), false).unwrap();
    assert_refused(retype(&lab, &outside, SYNC).await, Precondition, &["cinder-pod", "offline", "flasharray-a"]);
}

#[tokio::test]
async fn a_released_volume_stays_in_the_pod_where_that_is_online() {
    let lab = Lab::synchronous();
    let volume = in_pod(&lab).await;
    let release = async || lab.cloud_a.release_volume(&lab.cx("release"), &volume.id).await;
    assert_refused(release().await, Precondition, &["attached"]);
    let sql = "DELETE FROM attachments WHERE volume_id = ?1";
    lab.world.mutate(|tx| tx.execute(sql, [volume.id.as_str()])).unwrap();
    lab.world.set_array_available(&"flasharray-a".into(), false).unwrap();
    assert_refused(release().await, Precondition, &["cinder-pod", "offline", "flasharray-a"]);
    lab.world.set_array_available(&"flasharray-a".into(), true).unwrap();
    lab.sleep(2000).await;
    assert_eq!(release().await.unwrap(), Outcome::Done(()));
    let name = ArrayVolumeName::from(format!("{}-unmanaged", volume.array_volume.as_ref().unwrap()));
    assert_eq!(names(&lab, &volume).await, [Some(name.clone()), Some(name)]);
}

#[tokio::test]
async fn a_volume_that_a_group_of_the_pod_protects_does_not_leave_it() {
    let lab = Lab::synchronous();
    let volume = in_pod(&lab).await;
    let spec = GroupSpec { name: "cinder-pod::pg-sync".into(), owner: "pg-2".into(), adopt: false };
    lab.array_a.ensure_group(&lab.cx("group"), &spec).await.unwrap();
    let set = |volumes| MemberSet { volumes, mode: MemberMode::Exact };
    let members = set([volume.array_volume.clone().unwrap()].into());
    lab.array_a.ensure_members(&lab.cx("members"), &spec.name, &members).await.unwrap();
    let before = lab.world.dump().unwrap();
    assert_refused(retype(&lab, &volume.id, PLAIN).await, Precondition, &["cinder-pod::pg-sync"]);
    assert_eq!(lab.world.dump().unwrap(), before);
    lab.array_a.ensure_members(&lab.cx("none"), &spec.name, &set([].into())).await.unwrap();
    retype(&lab, &volume.id, PLAIN).await.unwrap();
}

/// An array volume to import on site-b with the synchronous type.
fn importable(lab: &Lab) -> ImportRequest {
    let id = lab.world.create_volume(&"flasharray-b".into(), "dr-one", 1 << 30).unwrap();
    ImportRequest {
        array_volume_id: id,
        array_volume: "dr-one".into(),
        name: "one".to_owned(),
        volume_type: SYNC.to_owned(),
        bootable: false,
    }
}

#[tokio::test]
async fn an_import_makes_and_stretches_the_pod_if_the_arrays_are_connected_for_that() {
    let lab = Lab::seeded(SeedOptions::default());
    lab.world
        .mutate(|tx| {
            let specs = r#"{"replication_enabled":"<is> True","replication_type":"<in> sync"}"#;
            let sql = "INSERT INTO volume_types (id, site, name, extra_specs) VALUES ('t', 'site-b', ?1, ?2)";
            tx.execute(sql, [SYNC, specs])
        })
        .unwrap();
    let request = importable(&lab);
    let import = async || lab.cloud_b.import_volume(&lab.cx("import"), &request).await;
    let before = lab.world.dump().unwrap();
    assert_refused(import().await, Precondition, &["site-b", "flasharray-b"]);
    assert_eq!(lab.world.dump().unwrap(), before, "no pod is left behind");
    lab.world.connect_arrays(&"flasharray-a".into(), &"flasharray-b".into(), ConnectionKind::Sync).unwrap();
    lab.world.change_array(&"flasharray-a".into(), |array| array.create_pod("cinder-pod")).unwrap();
    assert_refused(import().await, Precondition, &["flasharray-a", "already exists"]);
    let gone = lab.world.change_array(&"flasharray-a".into(), |array| {
        array.destroy_pod(&array.pod_by_name("cinder-pod")?.unwrap(), false)?;
        array.eradicate_pod(&array.pod_by_name("cinder-pod")?.unwrap(), false)
    });
    gone.unwrap();
    let Outcome::Done(made) = import().await.unwrap() else { panic!("it was imported before") };
    let inside = ArrayVolumeName::from(format!("cinder-pod::volume-{}-cinder", made.id));
    assert_eq!(names(&lab, &made).await, [Some(inside.clone()), Some(inside)]);
}

#[tokio::test]
async fn a_volume_of_a_pod_on_one_array_is_managed_where_it_lies() {
    let lab = Lab::new();
    lab.world.change_array(&"flasharray-b".into(), |array| array.create_pod("p")).unwrap();
    let id = lab.world.create_volume(&"flasharray-b".into(), "p::v", 1 << 30).unwrap();
    let request = ImportRequest { array_volume_id: id, array_volume: "p::v".into(), ..importable(&lab) };
    let request = ImportRequest { volume_type: "replicated-ssd".to_owned(), ..request };
    let Outcome::Done(made) = lab.cloud_b.import_volume(&lab.cx("import"), &request).await.unwrap() else {
        panic!("it was imported before")
    };
    assert_eq!(made.array_volume.unwrap().as_str(), format!("p::volume-{}-cinder", made.id));
}
