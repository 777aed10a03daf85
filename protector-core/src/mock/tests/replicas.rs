//! Volume snapshots, replicas and copies of them, as administrators of the arrays see them.

use super::{Lab, SELDOM, group};
use crate::Error;
use crate::mock::{ArrayTx, Tagged, VolumeSnapshotRow};
use crate::model::VolumeId;

fn on<T>(lab: &Lab, array: &str, act: impl FnOnce(&ArrayTx<'_>) -> crate::Result<T>) -> T {
    lab.world.change_array::<_, Error>(&array.into(), act).unwrap()
}

fn snapshots(lab: &Lab, array: &str) -> Vec<VolumeSnapshotRow> {
    on(lab, array, |array| array.volume_snapshots())
}

/// A replicated group whose first volume holds an even number of writes, and that volume.
async fn replicated(lab: &Lab) -> (VolumeId, String, u64) {
    lab.replicate(SELDOM).await;
    let (id, name) = lab.web_volumes().await.remove(0);
    let name = name.as_str().to_owned();
    let content = |lab: &Lab| on(lab, "flasharray-a", |array| Ok(array.volume(&name)?.unwrap().content));
    if content(lab) % 2 == 1 {
        lab.world.write(&"site-a".into(), &id, 1).unwrap();
    }
    let content = content(lab);
    (id, name, content)
}

#[tokio::test]
async fn a_replica_is_listed_before_it_is_complete_and_copied_as_far_as_it_has_come() {
    let lab = Lab::new();
    let (id, volume, content) = replicated(&lab).await;
    lab.snapshot("dr-1").await;
    lab.world.write(&"site-a".into(), &id, 100).unwrap();
    let name = format!("flasharray-a:pg-web.dr-1.{volume}");
    let find = || on(&lab, "flasharray-b", |array| Ok(array.volume_snapshot(&name)?.unwrap()));

    lab.sleep(750).await;
    let half = find();
    let transfer = half.transfer.unwrap();
    assert_eq!((transfer.completed_ms, transfer.progress), (None, 0.5));
    assert_eq!(half.content, content / 2);
    assert_eq!(half.part_of.as_deref(), Some("flasharray-a:pg-web.dr-1"));
    assert_eq!(half.source.name, format!("flasharray-a:{volume}"));
    assert!(snapshots(&lab, "flasharray-b").contains(&half));
    let copy = |to: &str| {
        on(&lab, "flasharray-b", |array| {
            let source = array.copy_source(&name)?.unwrap();
            let id = array.copy_volume(&source, to, None, None)?;
            Ok(array.volume_by_id(&id)?.unwrap())
        })
    };
    assert_eq!(copy("partial").content, content / 2, "an array does not keep anybody from this");

    lab.sleep(750).await;
    let whole = find();
    let transfer = whole.transfer.unwrap();
    assert_eq!((transfer.completed_ms, transfer.progress), (Some(transfer.started_ms + 1500), 1.0));
    assert_eq!((whole.content, whole.id.as_str()), (content, half.id.as_str()));
    let clone = copy("whole");
    assert_eq!((clone.content, clone.source), (content, Some(whole.source.clone())));
    let by_id = on(&lab, "flasharray-b", |array| array.volume_snapshot_by_id(&whole.id));
    assert_eq!(by_id, Some(whole));
}

#[tokio::test]
async fn a_replica_that_cannot_start_is_not_there() {
    let lab = Lab::new();
    let (_, volume, _) = replicated(&lab).await;
    lab.world.set_link_connected(false).unwrap();
    lab.snapshot("dr-1").await;
    lab.sleep(10_000).await;
    assert!(snapshots(&lab, "flasharray-b").is_empty());
    let names: Vec<String> = snapshots(&lab, "flasharray-a").into_iter().map(|row| row.name).collect();
    assert!(names.contains(&format!("pg-web.dr-1.{volume}")), "{names:?}");
}

#[tokio::test]
async fn the_snapshot_of_a_group_remembers_its_volumes() {
    let lab = Lab::new();
    let (_, volume, content) = replicated(&lab).await;
    lab.snapshot("dr-1").await;
    let name = format!("{}.dr-1.{volume}", group());
    let find = || on(&lab, "flasharray-a", |array| Ok(array.volume_snapshot(&name)?.unwrap()));
    let id = on(&lab, "flasharray-a", |array| Ok(array.volume(&volume)?.unwrap().id));
    let before = find();
    assert_eq!((before.source.id.as_deref(), before.content, before.transfer), (Some(id.as_str()), content, None));
    assert_eq!(before.serial.len(), 24);
    on(&lab, "flasharray-a", |array| array.eradicate_volume(&id));
    assert_eq!(find().source.id, None, "it is gone");
    lab.sleep(1).await;
    lab.world.create_volume(&"flasharray-a".into(), &volume, 1 << 20).unwrap();
    assert_eq!(find().source.id, None, "this one is another");
}

#[tokio::test]
async fn tags_of_a_volume_in_the_snapshot_of_a_group_go_with_it() {
    let lab = Lab::new();
    let (_, volume, _) = replicated(&lab).await;
    lab.snapshot("dr-1").await;
    lab.sleep(1500).await;
    let tags = |lab: &Lab| on(lab, "flasharray-b", |array| array.tags(Tagged::VolumeSnapshots));
    on(&lab, "flasharray-b", |array| {
        let on = array.tagged(Tagged::VolumeSnapshots, &format!("flasharray-a:pg-web.dr-1.{volume}"))?.unwrap();
        let tag = crate::mock::Tag {
            namespace: "default".to_owned(),
            key: "k".to_owned(),
            value: "v".to_owned(),
            copyable: true,
        };
        array.set_tag(&on, &tag)
    });
    assert_eq!(tags(&lab).len(), 1);
    lab.world.mutate(|tx| tx.execute("DELETE FROM snapshots", [])).unwrap();
    assert_eq!(lab.world.dump().unwrap()["tags"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn new_volumes_join_the_default_groups_of_their_container() {
    let lab = Lab::new();
    lab.replicate(SELDOM).await;
    let protections = |array: &ArrayTx<'_>, pod: Option<&str>| {
        array.default_protections(pod).map(|rows| rows.into_iter().map(|row| row.group.name).collect::<Vec<_>>())
    };
    on(&lab, "flasharray-a", |array| {
        let own = array.protection(group().as_str())?.unwrap();
        assert!(!own.replica && !own.destroyed);
        let id = own.group.id.unwrap();
        array.set_default_protections(None, std::slice::from_ref(&id))?;
        assert_eq!(protections(array, None)?, [group().as_str()]);
        array.set_default_protections(None, &[])?;
        assert!(protections(array, None)?.is_empty());
        array.set_default_protections(None, &[id])
    });
    on(&lab, "flasharray-b", |array| {
        assert!(protections(array, None)?.is_empty(), "each array has its own");
        assert!(array.protection("flasharray-a:pg-web")?.unwrap().replica);
        Ok(())
    });
}
