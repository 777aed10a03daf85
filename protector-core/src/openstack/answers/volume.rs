//! Volumes, their types, and where they are.

use crate::model::{ArrayVolumeId, VolumeType};
use crate::ports::{CloudVolume, VolumeState};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Key of a volume's metadata that held the id of the array volume that was taken over, before the description alone did.
const ARRAY_VOLUME_ID: &str = "protector_array_volume_id";

/// Key of a blank volume's metadata that holds the id of the simulated array volume it stands for.
const BLANK_FOR: &str = "protector_blank_for";

/// Key of a blank volume's metadata that holds its own id. One that is restored from a backup gets the metadata of the
/// volume that was backed up, too, and must not pass for it.
const BLANK_ITSELF: &str = "protector_blank";

/// Key under which Cinder's driver tells the volume's name on the array.
const ARRAY_VOLUME_NAME: &str = "array_volume_name";

/// A volume, as `volumes/detail` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct Volume {
    pub(in crate::openstack) id: String,
    #[serde(default)]
    pub(in crate::openstack) name: Option<String>,
    #[serde(default)]
    pub(in crate::openstack) description: Option<String>,
    #[serde(default)]
    pub(in crate::openstack) size: u64,
    pub(in crate::openstack) status: String,
    #[serde(default)]
    pub(in crate::openstack) volume_type: Option<String>,
    #[serde(default)]
    pub(in crate::openstack) group_id: Option<String>,
    #[serde(default)]
    pub(in crate::openstack) bootable: Option<String>,
    #[serde(default)]
    pub(in crate::openstack) metadata: BTreeMap<String, String>,
    #[serde(default)]
    pub(in crate::openstack) attachments: Vec<Attachment>,
    /// For administrators.
    #[serde(default)]
    pub(in crate::openstack) provider_id: Option<String>,
    /// For administrators: `host@backend#pool`.
    #[serde(default, rename = "os-vol-host-attr:host")]
    pub(in crate::openstack) host: Option<String>,
}

/// What a volume is attached to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct Attachment {
    pub(in crate::openstack) server_id: Option<String>,
    #[serde(default)]
    pub(in crate::openstack) device: Option<String>,
}

impl Volume {
    /// Id of the array volume that was taken over as this one: out of the description, which Cinder leaves alone, or out of
    /// the metadata of one that was marked by them.
    pub(in crate::openstack) fn array_volume_id(&self) -> Option<ArrayVolumeId> {
        let own = self.metadata.get(ARRAY_VOLUME_ID).map(String::as_str);
        own.or_else(|| self.description.as_deref()?.strip_prefix(TAKEN_OVER)).map(ArrayVolumeId::from)
    }

    /// Id of the simulated array volume that this blank volume stands for: out of our metadata or, until those are set,
    /// out of the description. Drivers may replace metadata while they make a volume.
    pub(in crate::openstack) fn blank_for(&self) -> Option<ArrayVolumeId> {
        let own = self.metadata.get(BLANK_FOR).map(String::as_str);
        own.or_else(|| self.description.as_deref()?.strip_prefix(BLANK)).map(ArrayVolumeId::from)
    }

    /// Whether its metadata say that this very volume was made blank.
    pub(in crate::openstack) fn is_marked_blank(&self) -> bool {
        self.metadata.contains_key(BLANK_FOR) && self.metadata.get(BLANK_ITSELF) == Some(&self.id)
    }

    /// Its name on the array: as the driver tells everybody, or else as it tells administrators.
    pub(in crate::openstack) fn array_volume(&self) -> Option<&str> {
        let told = self.metadata.get(ARRAY_VOLUME_NAME).or(self.provider_id.as_ref());
        told.map(String::as_str).filter(|name| !name.is_empty())
    }

    /// Server it is attached to.
    pub(in crate::openstack) fn server(&self) -> Option<&str> {
        self.attachments.iter().find_map(|attachment| attachment.server_id.as_deref())
    }

    /// Its device on a server, without `/dev/`.
    pub(in crate::openstack) fn device_on(&self, server: &str) -> Option<&str> {
        let on = self.attachments.iter().find(|attachment| attachment.server_id.as_deref() == Some(server))?;
        on.device.as_deref().map(|device| device.strip_prefix("/dev/").unwrap_or(device)).filter(|d| !d.is_empty())
    }

    /// Whether it is what is left of an attempt to take an array volume over, and was to be given back: Cinder's record of a
    /// volume that never was. The Pure driver of Cinder 29.0 stumbles over the name that it has not, so the record stays.
    pub(in crate::openstack) fn has_nothing_behind_it(&self) -> bool {
        self.status == "error_unmanaging" && self.array_volume_id().is_some() && self.array_volume().is_none()
    }

    pub(in crate::openstack) fn is_bootable(&self) -> bool {
        self.bootable.as_deref() == Some("true")
    }

    pub(in crate::openstack) fn state(&self) -> VolumeState {
        match self.status.as_str() {
            "available" => VolumeState::Available,
            "in-use" => VolumeState::InUse,
            // Cinder shows `managing` as `creating`, and `error_managing` as `error`
            "creating" | "managing" | "unmanaging" | "attaching" | "detaching" | "reserved" | "retyping"
            | "extending" | "maintenance" | "restoring-backup" | "deleting" => VolumeState::Creating,
            status if status.starts_with("error") => VolumeState::Error,
            _ => VolumeState::Other,
        }
    }

    /// Whether it is what a failed attempt left: in error, and nothing lies under it on the array.
    pub(in crate::openstack) fn is_hollow(&self) -> bool {
        self.state() == VolumeState::Error && self.array_volume().is_none()
    }

    pub(in crate::openstack) fn show(&self) -> CloudVolume {
        CloudVolume {
            id: self.id.as_str().into(),
            name: self.name.clone().unwrap_or_default(),
            size_gib: self.size,
            volume_type: self.volume_type.clone().unwrap_or_default(),
            backend: self.host.as_deref().map(without_pool).unwrap_or_default().to_owned(),
            state: self.state(),
            group: self.group_id.as_deref().filter(|id| !id.is_empty()).map(Into::into),
            array_volume: self.array_volume().map(Into::into),
            array_volume_id: self.array_volume_id().or_else(|| self.blank_for()),
        }
    }
}

/// What the description of a volume begins with that was taken over. `manage` replaces the metadata that it was given.
const TAKEN_OVER: &str = "Taken over by Protector: array volume ";

/// What the description of a volume begins with that was made blank.
const BLANK: &str = "Blank, made by Protector for a trial in place of array volume ";

/// The description of a volume that is taken over. Cinder renames what it takes over, and a name on the array says nothing
/// about what it was.
pub(in crate::openstack) fn taken_over(array_volume: &ArrayVolumeId) -> String {
    format!("{TAKEN_OVER}{array_volume}")
}

/// How a blank volume says what it stands for: in its metadata, and in its description.
pub(in crate::openstack) struct VolumeMark {
    pub(in crate::openstack) key: &'static str,
    pub(in crate::openstack) value: String,
    pub(in crate::openstack) description: String,
}

impl VolumeMark {
    /// That of a blank volume, which stands for a simulated array volume.
    pub(in crate::openstack) fn blank(stands_for: &ArrayVolumeId) -> Self {
        let value = stands_for.to_string();
        Self { key: BLANK_FOR, description: format!("{BLANK}{value}"), value }
    }

    /// The metadata of a blank volume that is there, and so has an id.
    pub(in crate::openstack) fn blank_metadata(id: &str, stands_for: &ArrayVolumeId) -> BTreeMap<&'static str, String> {
        BTreeMap::from([(BLANK_FOR, stands_for.to_string()), (BLANK_ITSELF, id.to_owned())])
    }
}

/// `host@backend` of `host@backend#pool`.
pub(in crate::openstack) fn without_pool(host: &str) -> &str {
    host.split('#').next().unwrap_or(host)
}

/// A volume type.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct VolumeTypeAnswer {
    pub(in crate::openstack) id: String,
    pub(in crate::openstack) name: String,
    #[serde(default)]
    extra_specs: Option<BTreeMap<String, Option<String>>>,
}

impl VolumeTypeAnswer {
    pub(in crate::openstack) fn show(self) -> VolumeType {
        let specs = self.extra_specs.unwrap_or_default().into_iter();
        VolumeType {
            id: self.id,
            name: self.name,
            extra_specs: specs.filter_map(|(key, value)| Some((key, value?))).collect(),
        }
    }
}

/// A pool by name. Its capabilities are never asked for: they carry the tokens of arrays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct Pool {
    pub(in crate::openstack) name: String,
}

/// A service of Cinder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct CinderService {
    pub(in crate::openstack) host: String,
    pub(in crate::openstack) status: String,
    pub(in crate::openstack) state: String,
}

/// An array volume, as a backend offers it to be taken over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct Manageable {
    #[serde(default)]
    reference: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    pub(in crate::openstack) safe_to_manage: bool,
    #[serde(default)]
    pub(in crate::openstack) reason_not_safe: Option<String>,
    #[serde(default)]
    pub(in crate::openstack) cinder_id: Option<String>,
}

impl Manageable {
    /// Whether it is the array volume of this name; drivers call the key `name` or `source-name`.
    pub(in crate::openstack) fn is(&self, name: &str) -> bool {
        ["name", "source-name"].iter().any(|key| self.reference.get(*key).and_then(|v| v.as_str()) == Some(name))
    }
}

/// What Cinder tells users about a call that went wrong later on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct Message {
    pub(in crate::openstack) user_message: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// As Cinder 29.0 shows it to an administrator at 3.71, with fields that are not used left in.
    fn volume(more: &serde_json::Value) -> Volume {
        let mut volume = json!({
            "id": "v1", "name": "web-boot", "description": null, "size": 10, "status": "in-use", "user_id": "u1",
            "volume_type": "replicated-ssd", "volume_type_id": "t1", "group_id": "g1", "bootable": "true",
            "encrypted": false, "multiattach": false, "replication_status": "enabled", "snapshot_id": null,
            "source_volid": null, "consistencygroup_id": null, "availability_zone": "nova", "migration_status": null,
            "metadata": {"array_volume_name": "volume-v1-cinder", "array_name": "arr-a"}, "service_uuid": null,
            "shared_targets": true, "cluster_name": null, "consumes_quota": true, "links": [],
            "provider_id": "volume-v1-cinder", "os-vol-host-attr:host": "sitea@backend-a#pure@backend-a",
            "os-vol-tenant-attr:tenant_id": "p1", "os-vol-mig-status-attr:migstat": null,
            "attachments": [{"id": "v1", "attachment_id": "a1", "volume_id": "v1", "server_id": "s1", "host_name": "h",
                "device": "/dev/vda", "attached_at": "2026-11-30T10:00:00.000000"}],
            "created_at": "2026-11-30T10:00:00.000000", "updated_at": "2026-11-30T10:00:00.000000"
        });
        volume.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(volume).unwrap()
    }

    #[test]
    fn a_volume_is_shown_with_its_name_on_the_array_and_its_backend() {
        let shown = volume(&json!({})).show();
        assert_eq!(
            (shown.name.as_str(), shown.size_gib, shown.volume_type.as_str()),
            ("web-boot", 10, "replicated-ssd")
        );
        assert_eq!((shown.backend.as_str(), shown.state), ("sitea@backend-a", VolumeState::InUse));
        assert_eq!((shown.group, shown.array_volume_id), (Some("g1".into()), None));
        assert_eq!(shown.array_volume, Some("volume-v1-cinder".into()));
        assert_eq!(volume(&json!({})).device_on("s1"), Some("vda"));
        assert_eq!(volume(&json!({})).device_on("s2"), None);
    }

    #[test]
    fn what_a_plain_member_is_not_told_is_unknown() {
        let member = json!({"provider_id": null, "os-vol-host-attr:host": null, "metadata": {}, "group_id": ""});
        let shown = volume(&member).show();
        assert_eq!((shown.backend.as_str(), shown.array_volume, shown.group), ("", None, None));
    }

    #[test]
    fn only_known_states_are_good() {
        for (status, state) in [
            ("available", VolumeState::Available),
            ("in-use", VolumeState::InUse),
            ("creating", VolumeState::Creating),
            ("retyping", VolumeState::Creating),
            ("reserved", VolumeState::Creating),
            ("error", VolumeState::Error),
            ("error_unmanaging", VolumeState::Error),
            ("backing-up", VolumeState::Other),
            ("awaiting-transfer", VolumeState::Other),
            ("something new", VolumeState::Other),
        ] {
            assert_eq!(volume(&json!({ "status": status })).state(), state, "{status}");
        }
    }

    #[test]
    fn a_backend_names_its_volumes_in_either_way() {
        for key in ["name", "source-name"] {
            let found: Manageable =
                serde_json::from_value(json!({"reference": {key: "dr-1"}, "safe_to_manage": true})).unwrap();
            assert!(found.is("dr-1") && !found.is("dr-2"));
        }
    }

    #[test]
    fn specs_of_a_type_are_kept_as_they_are_written() {
        let read: VolumeTypeAnswer = serde_json::from_value(json!({"id": "t", "name": "ssd", "is_public": true,
            "extra_specs": {"replication_enabled": "<is> True", "nothing": null}, "qos_specs_id": null}))
        .unwrap();
        let shown = read.show();
        assert_eq!(
            shown.extra_specs.into_iter().collect::<Vec<_>>(),
            [("replication_enabled".to_owned(), "<is> True".to_owned())]
        );
    }
}
