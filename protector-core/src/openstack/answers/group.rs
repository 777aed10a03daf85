//! Generic volume groups.

use crate::model::VolumeId;
use crate::ports::{CinderGroup, CinderGroupStatus};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a group type must say to keep the volumes of a group consistent, to the letter.
pub(in crate::openstack) const TRUE: &str = "<is> True";
const SNAPSHOT: &str = "consistent_group_snapshot_enabled";
const REPLICATION: &str = "consistent_group_replication_enabled";

/// A group, with its volumes if they were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct Group {
    pub(in crate::openstack) id: String,
    #[serde(default)]
    pub(in crate::openstack) name: Option<String>,
    pub(in crate::openstack) status: String,
    /// Ids of the types of its volumes.
    #[serde(default)]
    pub(in crate::openstack) volume_types: Vec<String>,
    #[serde(default)]
    pub(in crate::openstack) volumes: Option<Vec<String>>,
}

impl Group {
    pub(in crate::openstack) fn members(&self) -> BTreeSet<VolumeId> {
        self.volumes.iter().flatten().map(|id| VolumeId::from(id.as_str())).collect()
    }

    pub(in crate::openstack) fn is_changing(&self) -> bool {
        matches!(self.status.as_str(), "creating" | "updating" | "deleting")
    }

    pub(in crate::openstack) fn is_failed(&self) -> bool {
        self.status.starts_with("error")
    }

    /// `volume_type` by name and `backend`, which the group itself does not tell.
    pub(in crate::openstack) fn show(&self, volume_type: String, backend: String) -> CinderGroup {
        CinderGroup {
            id: self.id.as_str().into(),
            name: self.name.clone().unwrap_or_default(),
            volume_type,
            backend,
            status: match self.status.as_str() {
                "available" | "in-use" => CinderGroupStatus::Available,
                status if status.starts_with("error") => CinderGroupStatus::Error,
                _ => CinderGroupStatus::Updating,
            },
            volumes: self.members(),
        }
    }
}

/// A group type. Plain members do not see its specs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::openstack) struct GroupType {
    pub(in crate::openstack) id: String,
    pub(in crate::openstack) name: String,
    #[serde(default)]
    pub(in crate::openstack) group_specs: Option<BTreeMap<String, String>>,
}

impl GroupType {
    fn says(&self, key: &str) -> bool {
        self.group_specs.as_ref().and_then(|specs| specs.get(key)).is_some_and(|value| value == TRUE)
    }

    pub(in crate::openstack) fn keeps_snapshots_consistent(&self) -> bool {
        self.says(SNAPSHOT)
    }

    pub(in crate::openstack) fn replicates(&self) -> bool {
        self.says(REPLICATION)
    }
}
