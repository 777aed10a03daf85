//! Cinder: volumes, types, groups, and where they are.
//!
//! Never called: `list_replication_targets`, and `get_pools` with its details: both answer with the tokens of arrays.

use crate::model::{ArrayVolumeId, CinderGroupId, VOLUME_BACKEND_NAME, VolumeId};
use crate::openstack::answers::{VolumeMark, taken_over};
use crate::openstack::call::Call;
use crate::openstack::service::Service;
use crate::openstack::versions::Microversion;
use crate::ports::{BlankVolume, ImportRequest};
use serde_json::json;
use std::collections::BTreeSet;

const CINDER: Service = Service::BlockStorage;

/// All volumes of the project.
pub(in crate::openstack) fn volumes() -> Call {
    Call::get(CINDER, &["volumes", "detail"])
}

/// One volume.
pub(in crate::openstack) fn volume(id: &VolumeId) -> Call {
    Call::get(CINDER, &["volumes", id.as_str()])
}

/// All volume types that the user may see, private ones too.
pub(in crate::openstack) fn types() -> Call {
    Call::get(CINDER, &["types"]).with("is_public", "none")
}

/// Pools that offer a volume type, by name.
pub(in crate::openstack) fn pools(volume_type: &str) -> Call {
    Call::get(CINDER, &["scheduler-stats", "get_pools"]).with("volume_type", volume_type)
}

/// Pools of backends that call themselves so, or all of them, by name. Only these versions look through capabilities of
/// pools: later ones refuse it, earlier ones do not know it.
pub(in crate::openstack) fn pools_of_backend(backend_name: Option<&str>) -> Call {
    let pools = Call::get(CINDER, &["scheduler-stats", "get_pools"]).at(Microversion(3, 28));
    match backend_name {
        Some(name) => pools.with(VOLUME_BACKEND_NAME, name),
        None => pools,
    }
}

/// The services that talk to arrays.
pub(in crate::openstack) fn services() -> Call {
    Call::get(CINDER, &["os-services"]).with("binary", "cinder-volume")
}

/// Array volumes that a backend could take over, from the `offset`-th on.
pub(in crate::openstack) fn manageable(host: &str, limit: u32, offset: usize) -> Call {
    Call::get(CINDER, &["manageable_volumes", "detail"])
        .with("host", host)
        .with("limit", limit.to_string())
        .with("offset", offset.to_string())
}

/// Takes an array volume over. Which one it was is said in the description, which stays; drivers replace metadata.
pub(in crate::openstack) fn manage(host: &str, request: &ImportRequest) -> Call {
    let body = json!({
        "host": host,
        "ref": {"source-name": request.array_volume},
        "name": request.name,
        "description": taken_over(&request.array_volume_id),
        "volume_type": request.volume_type,
        "bootable": request.bootable,
    });
    Call::post(CINDER, &["manageable_volumes"], json!({"volume": body}))
}

/// A volume with nothing on it.
pub(in crate::openstack) fn create_blank(wanted: &BlankVolume) -> Call {
    let mark = VolumeMark::blank(&wanted.stands_for);
    let body = json!({
        "name": wanted.name,
        "description": mark.description,
        "size": wanted.size_gib,
        "volume_type": wanted.volume_type,
        "metadata": {mark.key: mark.value},
    });
    Call::post(CINDER, &["volumes"], json!({"volume": body}))
}

/// Lets servers be started from a volume.
pub(in crate::openstack) fn set_bootable(id: &str) -> Call {
    let body = json!({"os-set_bootable": {"bootable": true}});
    Call::post(CINDER, &["volumes", id, "action"], body).repeatable()
}

/// Deletes a volume that was made blank. Cinder refuses if it is attached, in a group, or has snapshots.
pub(in crate::openstack) fn delete_blank(id: &str) -> Call {
    Call::delete(CINDER, &["volumes", id])
}

/// Marks a blank volume as what it is; other metadata stay.
pub(in crate::openstack) fn mark_blank(id: &str, stands_for: &ArrayVolumeId) -> Call {
    let metadata = VolumeMark::blank_metadata(id, stands_for);
    Call::post(CINDER, &["volumes", id, "metadata"], json!({"metadata": metadata})).repeatable()
}

/// Gives a volume back to the array, with its data.
pub(in crate::openstack) fn unmanage(id: &str) -> Call {
    Call::post(CINDER, &["volumes", id, "action"], json!({"os-unmanage": {}}))
}

/// Gives a volume another type on the backend where it is.
pub(in crate::openstack) fn retype(id: &VolumeId, volume_type: &str) -> Call {
    let body = json!({"os-retype": {"new_type": volume_type, "migration_policy": "never"}});
    Call::post(CINDER, &["volumes", id.as_str(), "action"], body)
}

/// What users are told about an object that went wrong.
pub(in crate::openstack) fn messages(id: &str) -> Call {
    Call::get(CINDER, &["messages"]).with("resource_uuid", id).with("sort", "created_at:desc")
}

/// All groups of the project, with their volumes.
pub(in crate::openstack) fn groups() -> Call {
    Call::get(CINDER, &["groups", "detail"]).with("list_volume", "True")
}

/// One group, with its volumes.
pub(in crate::openstack) fn group(id: &CinderGroupId) -> Call {
    Call::get(CINDER, &["groups", id.as_str()]).with("list_volume", "True")
}

/// The group types.
pub(in crate::openstack) fn group_types() -> Call {
    Call::get(CINDER, &["group_types"])
}

/// An empty group.
pub(in crate::openstack) fn create_group(name: &str, group_type: &str, volume_type: &str) -> Call {
    let body = json!({
        "name": name,
        "description": "Made by Protector",
        "group_type": group_type,
        "volume_types": [volume_type],
    });
    Call::post(CINDER, &["groups"], json!({"group": body}))
}

/// Longest list of volumes that Cinder takes at once, in characters: six ids.
const LONGEST_LIST: usize = 255;

/// Changes who is in a group, or the first few of many: the call is made again for the others. Only what changes may be
/// named: to add a member again is refused.
pub(in crate::openstack) fn change_group(
    id: &CinderGroupId,
    add: &BTreeSet<&VolumeId>,
    remove: &BTreeSet<&VolumeId>,
) -> Call {
    let mut group = serde_json::Map::new();
    for (key, volumes) in [("add_volumes", add), ("remove_volumes", remove)] {
        if !volumes.is_empty() {
            group.insert(key.to_owned(), first_few(volumes).into());
        }
    }
    Call::put(CINDER, &["groups", id.as_str()], json!({"group": group})).once()
}

/// As many ids as Cinder takes at once, joined.
fn first_few(volumes: &BTreeSet<&VolumeId>) -> String {
    let mut list = String::new();
    for id in volumes {
        if !list.is_empty() {
            if list.len() + 1 + id.as_str().len() > LONGEST_LIST {
                break;
            }
            list.push(',');
        }
        list.push_str(id.as_str());
    }
    list
}

/// Deletes a group that is empty. One with volumes is refused by Cinder, which would delete them if it were asked to.
pub(in crate::openstack) fn delete_group(id: &CinderGroupId) -> Call {
    Call::post(CINDER, &["groups", id.as_str(), "action"], json!({"delete": {"delete-volumes": false}}))
}

/// Limits of the project, and what is used of them.
pub(in crate::openstack) fn limits() -> Call {
    Call::get(CINDER, &["limits"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openstack::call::{Safety, shown};

    #[test]
    fn pools_are_asked_for_by_name_alone() {
        assert_eq!(
            shown(&pools("replicated ssd")),
            "Cinder GET scheduler-stats/get_pools?volume_type=replicated%20ssd"
        );
        let of_backend = pools_of_backend(Some("pure@b"));
        assert_eq!(shown(&of_backend), "Cinder GET scheduler-stats/get_pools?volume_backend_name=pure%40b");
        assert_eq!(of_backend.version, Some(Microversion(3, 28)));
        assert_eq!(shown(&pools_of_backend(None)), "Cinder GET scheduler-stats/get_pools");
    }

    #[test]
    fn of_many_volumes_the_first_few_are_named() {
        let ids: Vec<VolumeId> = (0..20).map(|n| format!("06191d62-4223-4a03-ac16-4{n:011}").into()).collect();
        let call = change_group(&"g1".into(), &ids.iter().collect(), &ids.iter().take(6).collect());
        for key in ["add_volumes", "remove_volumes"] {
            let body = call.body.as_ref().unwrap()["group"][key].as_str().unwrap();
            let named: Vec<&str> = body.split(',').collect();
            assert_eq!(named, ids.iter().map(VolumeId::as_str).take(6).collect::<Vec<_>>(), "{key}");
        }
    }

    #[test]
    fn a_group_is_never_deleted_with_its_volumes() {
        assert_eq!(
            shown(&delete_group(&"g1".into())),
            r#"Cinder POST groups/g1/action {"delete":{"delete-volumes":false}}"#
        );
    }

    #[test]
    fn only_changes_of_a_group_are_named_and_sent_once() {
        let (a, b) = ("a".into(), "b".into());
        let call = change_group(&"g1".into(), &[&a, &b].into(), &[].into());
        assert_eq!(shown(&call), r#"Cinder PUT groups/g1 {"group":{"add_volumes":"a,b"}}"#);
        assert_eq!(call.safety, Safety::Once);
        let call = change_group(&"g1".into(), &[&a].into(), &[&b].into());
        assert_eq!(shown(&call), r#"Cinder PUT groups/g1 {"group":{"add_volumes":"a","remove_volumes":"b"}}"#);
    }

    #[test]
    fn what_is_taken_over_says_what_it_was_in_its_description() {
        let request = ImportRequest {
            array_volume_id: "id-1".into(),
            array_volume: "dr-1".into(),
            name: "web".into(),
            volume_type: "ssd".into(),
            bootable: true,
        };
        let call = manage("h@b#p", &request);
        let volume = &call.body.as_ref().unwrap()["volume"];
        assert_eq!(volume["host"], "h@b#p");
        assert_eq!(volume["ref"], json!({"source-name": "dr-1"}));
        assert!(volume.get("metadata").is_none(), "copies would inherit them");
        assert_eq!(volume["description"], "Taken over by Protector: array volume id-1");
        assert_eq!(call.safety, Safety::Once);
    }

    #[test]
    fn a_blank_volume_says_twice_what_it_stands_for_and_is_deleted_alone() {
        let wanted = BlankVolume {
            stands_for: "id-1".into(),
            name: "web".into(),
            size_gib: 3,
            volume_type: "ssd".into(),
            bootable: true,
        };
        let call = create_blank(&wanted);
        let volume = &call.body.as_ref().unwrap()["volume"];
        assert_eq!((&volume["size"], &volume["volume_type"]), (&json!(3), &json!("ssd")));
        assert_eq!(volume["metadata"], json!({"protector_blank_for": "id-1"}));
        assert!(volume["description"].as_str().unwrap().ends_with(" array volume id-1"), "{volume}");
        assert!(volume.get("imageRef").is_none() && volume.get("snapshot_id").is_none());
        assert_eq!(call.safety, Safety::Once);
        assert_eq!(
            shown(&mark_blank("v", &"id-1".into())),
            r#"Cinder POST volumes/v/metadata {"metadata":{"protector_blank":"v","protector_blank_for":"id-1"}}"#
        );
        assert_eq!(shown(&delete_blank("v")), "Cinder DELETE volumes/v");
        assert_eq!(set_bootable("v").safety, Safety::Repeatable);
    }

    #[test]
    fn a_type_is_changed_where_the_volume_is() {
        assert_eq!(
            shown(&retype(&"v".into(), "sync")),
            r#"Cinder POST volumes/v/action {"os-retype":{"migration_policy":"never","new_type":"sync"}}"#
        );
        assert_eq!(shown(&unmanage("v")), r#"Cinder POST volumes/v/action {"os-unmanage":{}}"#);
    }
}
