use super::{Lab, SELDOM, assert_refused, group, image, point};
use crate::ErrorKind::{Conflict, DataSafety, InvalidRequest, PendingEradication, Precondition, Unreachable};
use crate::ports::{
    Cloud, GroupSpec, ImportRequest, MemberMode, MemberSet, Outcome, PortSpec, ReplicationLink, ReplicationSpec,
    ServerSpec, SnapshotRequest, StorageDriver, SurvivingRecoveryPoint, VolumeQuery,
};
use std::collections::{BTreeMap, BTreeSet};

#[tokio::test]
async fn a_site_that_is_down_does_not_answer_and_says_so() {
    let lab = Lab::new();
    lab.world.set_site_available(&"site-a".into(), false).unwrap();
    assert!(!lab.world.site_is_available(&"site-a".into()).unwrap());
    assert_refused(lab.array_a.info().await, Unreachable, &["flasharray-a", "site-a"]);
    let spec = GroupSpec { name: group(), owner: "pg-1".into(), adopt: false };
    assert_refused(lab.array_a.ensure_group(&lab.cx("x"), &spec).await, Unreachable, &["flasharray-a"]);
    assert_refused(lab.cloud_a.ping().await, Unreachable, &["site-a"]);
    assert_refused(lab.cloud_a.delete_port(&lab.cx("x"), &"port".into()).await, Unreachable, &["site-a"]);
    let peers = lab.array_b.peers().await.unwrap();
    assert_eq!(peers[0].link, ReplicationLink::Disconnected);
    lab.cloud_b.ping().await.unwrap();
    lab.world.set_site_available(&"site-a".into(), true).unwrap();
    lab.array_a.info().await.unwrap();
    lab.cloud_a.ping().await.unwrap();
    assert_refused(lab.world.set_site_available(&"site-x".into(), true), crate::ErrorKind::NotFound, &["site-x"]);
}

#[tokio::test]
async fn a_cut_link_shows_and_stops_new_targets() {
    let lab = Lab::new();
    lab.replicate(SELDOM).await;
    assert_eq!(lab.array_a.replication_status(&group()).await.unwrap().value.allowed, Some(true));
    lab.world.set_link_connected(false).unwrap();
    assert!(!lab.world.link_is_connected().unwrap());
    assert_eq!(lab.array_a.peers().await.unwrap()[0].link, ReplicationLink::Disconnected);
    let source = lab.array_a.replication_status(&group()).await.unwrap().value;
    assert_eq!((source.link, source.allowed), (ReplicationLink::Disconnected, None), "it cannot ask the target now");
    assert_eq!(lab.array_b.replication_status(&image()).await.unwrap().value.allowed, Some(true));
    assert_eq!(lab.target(SELDOM).await.unwrap(), Outcome::AlreadyDone(()));
    let spec = GroupSpec { name: "pg-new".into(), owner: "pg-2".into(), adopt: false };
    lab.array_a.ensure_group(&lab.cx("new"), &spec).await.unwrap();
    let replication = ReplicationSpec { target: "flasharray-b".into(), interval: 300 };
    let refused = lab.array_a.ensure_replication(&lab.cx("new"), &spec.name, &replication).await;
    assert_refused(refused, Precondition, &["flasharray-a", "flasharray-b"]);
}

#[tokio::test]
async fn an_interval_is_held_to_the_limits_of_arrays() {
    let lab = Lab::new();
    lab.replicate(300).await;
    for interval in [0, 59, 34_560_001] {
        assert_refused(lab.target(interval).await, InvalidRequest, &[&interval.to_string(), "60 to 34560000 s"]);
    }
    assert_eq!(lab.target(34_560_000).await.unwrap(), Outcome::Done(()));
}

#[test]
fn everything_is_offered() {
    let capabilities = Lab::new().array_a.capabilities();
    assert!(capabilities.simulated && capabilities.async_groups && capabilities.fence);
    assert!(capabilities.sync_pods && capabilities.promotion && !capabilities.persistent);
}

#[tokio::test]
async fn what_is_not_ours_or_not_here_is_not_changed() {
    let lab = Lab::new();
    lab.replicate(SELDOM).await;
    let before = lab.world.dump().unwrap();
    let empty = MemberSet { volumes: BTreeSet::new(), mode: MemberMode::Exact };
    let snapshot = SnapshotRequest { suffix: "dr-1".to_owned(), replicate_now: false };
    let cases = [(&lab.array_a, "cinder-group".into(), Conflict), (&lab.array_b, image(), Precondition)];
    for (array, name, kind) in cases {
        let (cx, named) = (lab.cx("x"), &[name.as_str()]);
        assert_refused(array.ensure_members(&cx, &name, &empty).await, kind, named);
        assert_refused(array.create_protection_group_snapshot(&cx, &name, &snapshot).await, kind, named);
        assert_refused(array.fence(&cx, &name).await, kind, named);
        assert_refused(array.disable_replication(&cx, &name).await, kind, named);
    }
    assert_eq!(lab.world.dump().unwrap(), before);
}

#[tokio::test]
async fn a_retired_group_does_not_prove_its_own_survival() {
    let lab = Lab::new();
    lab.replicate(SELDOM).await;
    lab.snapshot("dr-1").await;
    let own = SurvivingRecoveryPoint { array: lab.array_a.info().await.unwrap().id, point: "pg-web.dr-1".into() };
    let retire = async |proof| lab.array_a.retire_group(&lab.cx("retire"), &group(), &"pg-1".into(), proof).await;
    assert_refused(retire(Some(&own)).await, DataSafety, &["pg-web"]);
    let other = SurvivingRecoveryPoint { array: lab.array_b.info().await.unwrap().id, point: point("dr-1") };
    assert_eq!(retire(Some(&other)).await.unwrap(), Outcome::Done(()));
    let points = lab.array_a.recovery_points(&group()).await.unwrap().value;
    assert!(points.iter().all(|point| point.destroyed), "{points:?}");
    assert_refused(lab.array_a.fence(&lab.cx("fence"), &group()).await, PendingEradication, &["pg-web"]);
    lab.sleep(24 * 3_600_000).await;
    assert_eq!(lab.array_a.group(&group()).await.unwrap(), None, "eradicated by time");
    assert!(lab.array_b.group(&image()).await.unwrap().is_some(), "the image is the target's own");
}

#[tokio::test]
async fn a_group_of_the_same_name_does_not_take_over_an_old_image() {
    let lab = Lab::new();
    lab.replicate(SELDOM).await;
    lab.snapshot("dr-1").await;
    let proof = SurvivingRecoveryPoint { array: lab.array_b.info().await.unwrap().id, point: point("dr-1") };
    lab.array_a.retire_group(&lab.cx("retire"), &group(), &"pg-1".into(), Some(&proof)).await.unwrap();
    lab.sleep(24 * 3_600_000).await;
    let spec = GroupSpec { name: group(), owner: "pg-9".into(), adopt: false };
    lab.array_a.ensure_group(&lab.cx("anew"), &spec).await.unwrap();
    assert_refused(lab.target(300).await, Conflict, &["flasharray-b", "flasharray-a:pg-web"]);
}

async fn complete(lab: &Lab) {
    lab.replicate(SELDOM).await;
    lab.snapshot("dr-1").await;
    lab.sleep(1500).await;
}

fn import(clone: &crate::ports::ClonedVolume) -> ImportRequest {
    ImportRequest {
        array_volume_id: clone.id.clone(),
        array_volume: clone.name.clone(),
        name: "imported".to_owned(),
        volume_type: "replicated-ssd".to_owned(),
        bootable: true,
    }
}

#[tokio::test]
async fn clones_are_found_again_after_cinder_has_renamed_them() {
    let lab = Lab::new();
    complete(&lab).await;
    let clones = lab.clone("clone", "dr", "dr-1").await.unwrap().finished().unwrap();
    let imported = lab.cloud_b.import_volume(&lab.cx("import"), &import(&clones[0])).await.unwrap().finished().unwrap();
    let again = lab.clone("clone", "dr", "dr-1").await.unwrap();
    let Outcome::AlreadyDone(again) = again else { panic!("{again:?}") };
    assert_eq!(again[0].id, clones[0].id);
    assert_eq!(Some(&again[0].name), imported.array_volume.as_ref());
    assert_eq!(again[0].name.as_str(), format!("volume-{}-cinder", imported.id));
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let lab = Lab::new();
    complete(&lab).await;
    lab.snapshot("dr-2").await;
    lab.sleep(1500).await;
    lab.clone("clone", "dr", "dr-1").await.unwrap();
    assert_refused(lab.clone("clone", "dr", "dr-2").await, InvalidRequest, &["clone", "dr-2"]);
}

#[tokio::test]
async fn a_clone_in_use_is_not_removed() {
    let lab = Lab::new();
    complete(&lab).await;
    let clones = lab.clone("clone", "dr", "dr-1").await.unwrap().finished().unwrap();
    let volume = lab.cloud_b.import_volume(&lab.cx("import"), &import(&clones[0])).await.unwrap().finished().unwrap();
    let port = PortSpec {
        name: "port".to_owned(),
        reuse: None,
        network: "net-secondary-web".to_owned(),
        fixed_ips: Vec::new(),
        security_groups: Vec::new(),
    };
    let port = lab.cloud_b.ensure_port(&lab.cx("port"), &port).await.unwrap().finished().unwrap();
    let server = ServerSpec {
        op_key: "server".into(),
        name: "web-server-1".to_owned(),
        flavor: "m1.small".to_owned(),
        ports: vec![port.id],
        volumes: vec![("vda".to_owned(), volume.id)],
        key_name: None,
        metadata: BTreeMap::new(),
    };
    lab.cloud_b.ensure_server(&lab.cx("server"), &server).await.unwrap();
    let reverse = GroupSpec { name: "pg-reverse".into(), owner: "pg-1".into(), adopt: false };
    lab.array_b.ensure_group(&lab.cx("reverse"), &reverse).await.unwrap();
    let members = MemberSet { volumes: [clones[1].name.clone()].into(), mode: MemberMode::Exact };
    lab.array_b.ensure_members(&lab.cx("reverse"), &reverse.name, &members).await.unwrap();

    let ids: BTreeSet<_> = clones.iter().map(|clone| clone.id.clone()).collect();
    for (clone, user) in clones.iter().zip(["web-server-1", "pg-reverse"]) {
        let asked = [clone.id.clone()].into();
        let refused = lab.array_b.remove_clones(&lab.cx("cleanup"), &"clone".into(), &asked).await;
        assert_refused(refused, DataSafety, &[user]);
    }
    let left = lab.array_b.volumes(&VolumeQuery::Ids(ids)).await.unwrap();
    assert!(left.iter().all(|volume| !volume.destroyed), "{left:?}");
}

#[tokio::test]
async fn the_oracle_tells_what_a_clone_holds() {
    let lab = Lab::new();
    let site = "site-a".into();
    let volumes = lab.web_volumes().await;
    let content = |array: &str, id| lab.world.content(&array.into(), id).unwrap();
    let ids: BTreeMap<_, _> = lab
        .array_a
        .volumes(&VolumeQuery::Names(volumes.iter().map(|(_, name)| name.clone()).collect()))
        .await
        .unwrap()
        .into_iter()
        .map(|volume| (volume.name, volume.id))
        .collect();
    lab.world.write(&site, &volumes[0].0, 7).unwrap();
    let at_snapshot = content("flasharray-a", &ids[&volumes[0].1]);
    complete(&lab).await;
    lab.world.write(&site, &volumes[0].0, 5).unwrap();
    assert_eq!(content("flasharray-a", &ids[&volumes[0].1]), at_snapshot + 5);
    let clones = lab.clone("clone", "dr", "dr-1").await.unwrap().finished().unwrap();
    let clone = clones.iter().find(|clone| clone.source == volumes[0].1).unwrap();
    assert_eq!(content("flasharray-b", &clone.id), at_snapshot, "of the instant of the snapshot, not of now");
}

#[tokio::test]
async fn a_fence_stops_writes_through_the_cloud() {
    let lab = Lab::new();
    lab.replicate(SELDOM).await;
    let (volume, name) = lab.web_volumes().await.remove(0);
    lab.array_a.fence(&lab.cx("fence"), &group()).await.unwrap();
    assert_refused(lab.world.write(&"site-a".into(), &volume, 1), Precondition, &[name.as_str(), "fenced"]);
    lab.array_a.unfence(&lab.cx("unfence"), &group()).await.unwrap();
    lab.world.write(&"site-a".into(), &volume, 1).unwrap();
    lab.world.set_site_available(&"site-a".into(), false).unwrap();
    assert_refused(lab.world.write(&"site-a".into(), &volume, 1), Unreachable, &["site-a"]);
}
