//! Volumes, their snapshots and their connections.

use super::Reference;
use jiff::Timestamp;
use serde::Deserialize;

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::pure) struct Volume {
    /// Stable identity.
    pub(in crate::pure) id: String,
    /// Present name.
    pub(in crate::pure) name: String,
    /// Destroyed, waiting for eradication.
    #[serde(default)]
    pub(in crate::pure) destroyed: Option<bool>,
    /// Size in bytes.
    #[serde(default)]
    pub(in crate::pure) provisioned: Option<u64>,
    /// Hosts it is connected to.
    #[serde(default)]
    pub(in crate::pure) connection_count: Option<u64>,
    /// What it was cloned from. For a clone of a snapshot arrays name the snapshot's volume or the snapshot.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) source: Reference,
}

/// A snapshot of a volume. Few fields: lists of them are long.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::pure) struct VolumeSnapshot {
    /// Full name.
    pub(in crate::pure) name: String,
    /// The instant of the data.
    #[serde(default, deserialize_with = "super::milliseconds")]
    pub(in crate::pure) created: Option<Timestamp>,
}

/// A volume's connection to a host or host group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::pure) struct Connection {
    /// Host.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) host: Reference,
    /// Host group.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) host_group: Reference,
    /// Volume.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) volume: Reference,
    /// LUN.
    #[serde(default)]
    pub(in crate::pure) lun: Option<u64>,
}
