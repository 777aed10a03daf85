//! Cinder: volumes, types, groups, and where they are.
//!
//! Never called: `list_replication_targets`, and `get_pools` with its details: both answer with the tokens of arrays.

use crate::model::{ArrayVolumeId, CinderGroupId, VolumeId};
use crate::openstack::answers::VolumeMark;
use crate::openstack::call::Call;
use crate::openstack::service::Service;
use crate::ports::ImportRequest;
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

/// All pools, by name.
pub(in crate::openstack) fn all_pools() -> Call {
    Call::get(CINDER, &["scheduler-stats", "get_pools"])
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

/// Takes an array volume over. The metadata are for while it lasts: what the driver says then takes their place.
pub(in crate::openstack) fn manage(host: &str, request: &ImportRequest) -> Call {
    let mark = VolumeMark::of(&request.array_volume_id);
    let body = json!({
        "host": host,
        "ref": {"source-name": request.array_volume},
        "name": request.name,
        "description": mark.description,
        "volume_type": request.volume_type,
        "bootable": request.bootable,
        "metadata": {mark.key: mark.value},
    });
    Call::post(CINDER, &["manageable_volumes"], json!({"volume": body}))
}

/// Marks a volume with the array volume it was made from; other metadata stay.
pub(in crate::openstack) fn mark(id: &str, array_volume: &ArrayVolumeId) -> Call {
    let mark = VolumeMark::of(array_volume);
    let body = json!({"metadata": {mark.key: mark.value}});
    Call::post(CINDER, &["volumes", id, "metadata"], body).repeatable()
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

/// Changes who is in a group. Only what changes may be named: to add a member again is refused.
pub(in crate::openstack) fn change_group(
    id: &CinderGroupId,
    add: &BTreeSet<&VolumeId>,
    remove: &BTreeSet<&VolumeId>,
) -> Call {
    let mut group = serde_json::Map::new();
    for (key, volumes) in [("add_volumes", add), ("remove_volumes", remove)] {
        if !volumes.is_empty() {
            let ids: Vec<&str> = volumes.iter().map(|id| id.as_str()).collect();
            group.insert(key.to_owned(), ids.join(",").into());
        }
    }
    Call::put(CINDER, &["groups", id.as_str()], json!({"group": group})).once()
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
    fn what_is_taken_over_says_what_it_was_twice() {
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
        assert_eq!(volume["metadata"], json!({"protector_array_volume_id": "id-1"}));
        assert_eq!(volume["description"], "Taken over by Protector: array volume id-1");
        assert_eq!(call.safety, Safety::Once);
        assert_eq!(mark("v", &"id-1".into()).safety, Safety::Repeatable);
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
