//! Volumes, snapshots, tags and hosts of an array, without the REST in front.

use super::{ArrayTx, Initiator, Tag, Tagged};
use crate::ErrorKind::{self, AlreadyExists, Conflict, InvalidRequest, NotFound, Precondition};
use crate::mock::{HostSettings, World, WorldLocation, WorldTime};
use crate::{Error, Result};
use std::time::Duration;

const MIB: u64 = 1 << 20;

fn world() -> World {
    let world = World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap();
    world.ensure_array(&"arrA".into()).unwrap();
    world.ensure_array(&"arrB".into()).unwrap();
    world
}

#[track_caller]
fn on_a<T>(world: &World, change: impl FnOnce(&ArrayTx<'_>) -> Result<T>) -> T {
    world.change_array(&"arrA".into(), change).unwrap()
}

#[track_caller]
fn kind<T>(result: Result<T>) -> ErrorKind {
    result.err().map(|e: Error| e.kind()).unwrap()
}

fn volume(world: &World, name: &str, mib: u64) {
    world.create_volume(&"arrA".into(), name, mib * MIB).unwrap();
}

/// A host that is connected to these volumes.
fn attach(world: &World, volumes: &[&str]) {
    on_a(world, |array| {
        array.create_host("h", &HostSettings::default())?;
        let host = array.host("h")?.unwrap();
        for name in volumes {
            array.connect(&array.volume(name)?.unwrap().id, Initiator::Host(&host), None)?;
        }
        Ok(())
    });
}

#[test]
fn a_name_is_taken_in_whatever_case_and_until_eradication() {
    let world = world();
    volume(&world, "v", 1);
    assert_eq!(kind(world.create_volume(&"arrA".into(), "V", MIB)), AlreadyExists);
    on_a(&world, |array| array.destroy_volume(&array.volume("v")?.unwrap().id));
    assert_eq!(kind(world.create_volume(&"arrA".into(), "v", MIB)), AlreadyExists);
    world.create_volume(&"arrB".into(), "v", MIB).unwrap();
    world.advance(Duration::from_hours(24)).unwrap();
    world.create_volume(&"arrA".into(), "v", MIB).unwrap();
    assert_eq!(kind(world.create_volume(&"arrA".into(), "nope::v", MIB)), NotFound);
    assert_eq!(kind(world.create_volume(&"arrA".into(), "nope/v", MIB)), NotFound);
}

#[test]
fn only_a_connected_host_writes() {
    let world = world();
    let a = "arrA".into();
    volume(&world, "v", 10);
    volume(&world, "w", 10);
    assert_eq!(kind(world.write_as_host(&a, "v", 1)), Precondition);
    attach(&world, &["v"]);
    world.write_as_host(&a, "v", 3).unwrap();
    assert_eq!(kind(world.write_as_host(&a, "w", 1)), Precondition, "the host has the other one");
    assert_eq!(kind(world.write_as_host(&a, "nope", 1)), NotFound);
    assert_eq!(kind(world.write_as_host(&"arrB".into(), "v", 1)), NotFound);
    let id = on_a(&world, |array| Ok(array.volume("v")?.unwrap().id));
    on_a(&world, |array| array.demote_volume(&id, true));
    assert_eq!(kind(world.write_as_host(&a, "v", 1)), Precondition);
    on_a(&world, |array| array.demote_volume(&id, false));
    on_a(&world, |array| array.destroy_volume(&id));
    assert_eq!(kind(world.write_as_host(&a, "v", 1)), Precondition);
    on_a(&world, |array| array.recover_volume(&id));
    world.set_array_available(&a, false).unwrap();
    assert_eq!(kind(world.write_as_host(&a, "v", 1)), ErrorKind::Unreachable);
    let row = on_a(&world, |array| Ok(array.volume("v")?.unwrap()));
    assert_eq!((row.content, row.written(), row.connections), (3, 3 * MIB, 1));
}

#[test]
fn snapshots_are_numbered_past_what_is_taken() {
    let world = world();
    volume(&world, "v", 1);
    let names = on_a(&world, |array| {
        let volume = array.volume("v")?.unwrap();
        array.snapshot_volume(&volume, Some("2"))?;
        for _ in 0..2 {
            array.snapshot_volume(&volume, None)?;
        }
        assert_eq!(kind(array.snapshot_volume(&volume, Some("2"))), AlreadyExists);
        Ok(array.volume_snapshots()?.into_iter().map(|row| row.name).collect::<Vec<_>>())
    });
    assert_eq!(names, ["v.1", "v.2", "v.3"]);
}

#[test]
fn what_is_cut_off_or_overwritten_is_kept_for_a_day() {
    let world = world();
    volume(&world, "v", 8);
    volume(&world, "w", 2);
    attach(&world, &["v"]);
    world.write_as_host(&"arrA".into(), "v", 8).unwrap();
    on_a(&world, |array| {
        array.resize_volume(&array.volume("v")?.unwrap(), 4 * MIB)?;
        assert_eq!(array.volume("v")?.unwrap().content, 4, "what lies behind the end is gone");
        array.resize_volume(&array.volume("v")?.unwrap(), 16 * MIB)?;
        assert_eq!(array.volume("v")?.unwrap().content, 4, "and does not come back");
        let source = array.copy_source("w")?.unwrap();
        array.overwrite_volume(&array.volume("v")?.unwrap(), &source)?;
        let row = array.volume("v")?.unwrap();
        assert_eq!((row.provisioned, row.content, row.source.unwrap().name), (2 * MIB, 0, "w".to_owned()));
        let kept: Vec<_> = array.volume_snapshots()?.iter().map(|s| (s.content, s.destroyed_ms.is_some())).collect();
        assert_eq!(kept, [(8, true), (4, true)]);
        Ok(())
    });
    world.advance(Duration::from_hours(24)).unwrap();
    on_a(&world, |array| {
        assert!(array.volume_snapshots()?.is_empty());
        Ok(())
    });
}

#[test]
fn a_volume_takes_its_snapshots_along() {
    let world = world();
    volume(&world, "v", 1);
    on_a(&world, |array| {
        let volume = array.volume("v")?.unwrap();
        let gone = array.snapshot_volume(&volume, Some("gone"))?;
        array.destroy_volume_snapshot(&gone)?;
        array.snapshot_volume(&volume, Some("s"))?;
        Ok(())
    });
    world.advance(Duration::from_secs(1)).unwrap();
    let states = |world: &World| {
        on_a(world, |array| {
            let rows = array.volume_snapshots()?;
            Ok(rows.into_iter().map(|row| (row.name, row.destroyed_ms.is_some())).collect::<Vec<_>>())
        })
    };
    let id = on_a(&world, |array| Ok(array.volume("v")?.unwrap().id));
    on_a(&world, |array| array.destroy_volume(&id));
    assert_eq!(states(&world), [("v.gone".to_owned(), true), ("v.s".to_owned(), true)]);
    on_a(&world, |array| array.recover_volume(&id));
    assert_eq!(states(&world), [("v.gone".to_owned(), true), ("v.s".to_owned(), false)], "not what was gone before");
    on_a(&world, |array| array.rename_volume(&id, "w", None, None));
    assert_eq!(states(&world), [("w.gone".to_owned(), true), ("w.s".to_owned(), false)]);
    on_a(&world, |array| array.eradicate_volume(&id));
    assert!(states(&world).is_empty());
}

#[test]
fn luns_go_up_for_hosts_and_down_for_groups() {
    let world = world();
    for name in ["v1", "v2", "v3", "v4"] {
        volume(&world, name, 1);
    }
    on_a(&world, |array| {
        array.create_host("h1", &HostSettings::default())?;
        let group_id = array.create_host_group("hg")?;
        let id = |name: &str| array.volume(name).unwrap().unwrap().id;
        let host = array.host("h1")?.unwrap();
        assert_eq!(array.connect(&id("v1"), Initiator::Host(&host), None)?, 1);
        assert_eq!(array.connect(&id("v2"), Initiator::Host(&host), Some(3))?, 3);
        assert_eq!(kind(array.connect(&id("v3"), Initiator::Host(&host), Some(3))), Conflict);
        assert_eq!(kind(array.connect(&id("v3"), Initiator::Host(&host), Some(0))), InvalidRequest);
        assert_eq!(kind(array.connect(&id("v3"), Initiator::Host(&host), Some(4096))), InvalidRequest);
        array.set_host_group(&host.id, Some(&group_id))?;
        let group = array.host_group("hg")?.unwrap();
        assert_eq!(array.connect(&id("v3"), Initiator::Group(&group), None)?, 254);
        assert_eq!(array.connect(&id("v4"), Initiator::Group(&group), Some(1)).map_err(|e| e.kind()), Err(Conflict));
        let host = array.host("h1")?.unwrap();
        assert!(array.is_connected(&id("v3"), Initiator::Host(&host))?, "through its group");
        assert!(!array.disconnect(&id("v3"), Initiator::Host(&host))?, "that connection is the group's");
        assert_eq!(host.connections, 3);
        let seen: Vec<_> = array.connections()?.into_iter().map(|row| (row.volume.name, row.host, row.lun)).collect();
        let h1 = Some("h1".to_owned());
        let expected = [("v1", 1), ("v2", 3), ("v3", 254)].map(|(v, lun)| (v.to_owned(), h1.clone(), lun));
        assert_eq!(seen, expected);
        assert!(array.disconnect(&id("v3"), Initiator::Group(&group))?);
        assert!(!array.disconnect(&id("v3"), Initiator::Group(&group))?);
        Ok(())
    });
}

#[test]
fn an_initiator_is_of_one_host() {
    let world = world();
    on_a(&world, |array| {
        let settings = HostSettings {
            iqns: vec!["iqn.a".to_owned()],
            nqns: vec!["nqn.b".to_owned()],
            wwns: vec!["2100F4C7AA002706".to_owned()],
            ..HostSettings::default()
        };
        array.create_host("h", &settings)?;
        for initiator in ["iqn.a", "IQN.A", "nqn.b", "2100f4c7aa002706"] {
            assert_eq!(array.host_of_initiator(initiator)?.as_deref(), Some("h"), "{initiator}");
        }
        assert_eq!(array.host_of_initiator("iqn.b")?, None);
        assert_eq!(array.host("h")?.unwrap().settings, settings);
        Ok(())
    });
}

#[test]
fn tags_go_with_what_carries_them() {
    let world = world();
    volume(&world, "v", 1);
    let tag = |key: &str, copyable| Tag {
        namespace: "default".to_owned(),
        key: key.to_owned(),
        value: "1".to_owned(),
        copyable,
    };
    on_a(&world, |array| {
        let volume = array.volume("v")?.unwrap();
        array.snapshot_volume(&volume, Some("s"))?;
        array.create_host("h", &HostSettings::default())?;
        for (kind, name) in [(Tagged::Volumes, "v"), (Tagged::VolumeSnapshots, "v.s"), (Tagged::Hosts, "h")] {
            let object = array.tagged(kind, name)?.unwrap();
            array.set_tag(&object, &tag("copied", true))?;
            array.set_tag(&object, &tag("kept", false))?;
            array.set_tag(&object, &tag("kept", false))?;
            assert_eq!(array.tags(kind)?.len(), 2, "{name}");
            assert_eq!(array.tagged_by_id(kind, object.object.id.as_deref().unwrap())?.unwrap(), object);
        }
        for source in ["v", "v.s"] {
            let copy = format!("copy-of-{}", source.replace('.', "-"));
            array.copy_volume(&array.copy_source(source)?.unwrap(), &copy, None, None)?;
            let tags = array.tags_of(&array.tagged(Tagged::Volumes, &copy)?.unwrap())?;
            assert_eq!(tags.iter().map(|row| row.tag.key.as_str()).collect::<Vec<_>>(), ["copied"], "{source}");
        }
        let object = array.tagged(Tagged::Volumes, "v")?.unwrap();
        assert!(array.remove_tag(&object, "default", "kept")?);
        assert!(!array.remove_tag(&object, "default", "kept")?);
        array.eradicate_volume(&volume.id)?;
        array.delete_host(&array.host("h")?.unwrap().id)?;
        let left: Vec<_> = array.tags(Tagged::Volumes)?.into_iter().map(|row| row.on.object.name).collect();
        assert_eq!(left, ["copy-of-v", "copy-of-v-s"]);
        Ok(())
    });
    let dump = world.dump().unwrap();
    assert_eq!(dump["tags"].as_array().unwrap().len(), 2, "{}", dump["tags"]);
}

#[test]
fn a_volume_group_takes_its_volumes_along() {
    let world = world();
    on_a(&world, |array| array.create_volume_group("g", None));
    volume(&world, "g/v", 2);
    volume(&world, "w", 1);
    on_a(&world, |array| {
        array.snapshot_volume(&array.volume("g/v")?.unwrap(), Some("s"))?;
        array.rename_volume_group(&array.volume_group("g")?.unwrap(), "group")?;
        assert_eq!(array.volume_snapshots()?[0].name, "group/v.s");
        let group = array.volume_group("group")?.unwrap();
        assert_eq!((group.volumes, group.provisioned), (1, 2 * MIB));
        array.destroy_volume_group(&group.id)?;
        let destroyed = |name: &str| array.volume(name).unwrap().unwrap().destroyed_ms.is_some();
        assert!(destroyed("group/v") && !destroyed("w"));
        array.recover_volume_group(&group.id)?;
        assert!(!destroyed("group/v"));
        array.eradicate_volume_group(&group.id)?;
        assert_eq!(array.volumes()?.len(), 1);
        Ok(())
    });
}
