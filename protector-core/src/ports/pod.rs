//! How a pod stands: what takes the place of transfers for synchronous replication.

use crate::model::ArrayName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// A pod, as the array that was asked sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PodStatus {
    /// Its arrays by name. One: the pod is not stretched.
    pub arrays: BTreeMap<ArrayName, PodMember>,
    /// Whether it takes writes.
    pub promotion: PodPromotion,
    /// Links that ship its data to a pod of another array in near real time.
    pub replica_links: Vec<PodReplicaLink>,
}

/// One array's part in a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PodMember {
    /// Whether it has the data. Only [`PodMemberState::Online`] does.
    pub state: PodMemberState,
    /// How far a resynchronisation has come, 0 to 100.
    pub progress: Option<u8>,
    /// The instant of its data, while it is offline.
    pub frozen_at: Option<Timestamp>,
    /// Whether it reaches the mediator; `None`: it could not say.
    pub mediator_reachable: Option<bool>,
}

/// State of one array's part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PodMemberState {
    /// Has current data and serves hosts.
    Online,
    /// Is being brought up to date; serves no host.
    Resyncing,
    /// Cut off; its data stands still.
    Offline,
    /// Held back by the other array.
    Suspended,
    /// The array could not say. Never reads as online.
    Unknown,
}

impl fmt::Display for PodMemberState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Online => "online",
            Self::Resyncing => "resyncing",
            Self::Offline => "offline",
            Self::Suspended => "suspended",
            Self::Unknown => "unknown",
        })
    }
}

/// Whether a pod takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PodPromotion {
    /// Writable.
    Promoted,
    /// Read-only.
    Demoted,
    /// On its way to writable.
    Promoting,
    /// Waiting for its last writes to be replicated, then read-only.
    Quiescing,
    /// The array could not say. Never reads as promoted.
    Unknown,
}

/// A link from one pod to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PodReplicaLink {
    /// The other array.
    pub remote_array: ArrayName,
    /// The pod there.
    pub remote_pod: String,
    /// `true`: data flows from here; `false`: to here.
    pub outbound: bool,
    /// The array's word for its state, for example `replicating`, `baselining`, `paused`, `unhealthy`.
    pub state: String,
    /// How far the target is behind, in milliseconds; `None`: the array could not say.
    pub lag_millis: Option<u64>,
    /// The instant of the data on the target; `None`: nothing there yet, or not known.
    pub recovery_point: Option<Timestamp>,
}
