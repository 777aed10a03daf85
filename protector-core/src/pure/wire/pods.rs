//! Pods and links between them.

use super::Reference;
use jiff::Timestamp;
use serde::Deserialize;

/// A pod.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(in crate::pure) struct Pod {
    /// Name.
    pub(in crate::pure) name: String,
    /// Destroyed, waiting for eradication.
    #[serde(default)]
    pub(in crate::pure) destroyed: Option<bool>,
    /// Arrays it is stretched over.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) arrays: Vec<PodArray>,
    /// `promoted`, `demoted`, `promoting`, `quiescing`.
    #[serde(default)]
    pub(in crate::pure) promotion_status: Option<String>,
    /// What it was asked to be: `promoted` or `demoted`.
    #[serde(default)]
    pub(in crate::pure) requested_promotion_state: Option<String>,
    /// Links that lead out.
    #[serde(default)]
    pub(in crate::pure) link_source_count: Option<u64>,
    /// Links that lead here.
    #[serde(default)]
    pub(in crate::pure) link_target_count: Option<u64>,
}

/// One array of a pod.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(in crate::pure) struct PodArray {
    /// Name.
    #[serde(default)]
    pub(in crate::pure) name: Option<String>,
    /// `online`, `offline`, `resyncing`, `suspended`, `unknown`. Only `online` has current data.
    #[serde(default)]
    pub(in crate::pure) status: Option<String>,
    /// `online`, `unreachable`, `unknown`, `flummoxed`.
    #[serde(default)]
    pub(in crate::pure) mediator_status: Option<String>,
    /// The instant of the data of an array that is offline.
    #[serde(default, deserialize_with = "super::milliseconds")]
    pub(in crate::pure) frozen_at: Option<Timestamp>,
    /// Of a resync, 0.0 to 1.0.
    #[serde(default)]
    pub(in crate::pure) progress: Option<f64>,
}

/// Asynchronous replication from pod to pod.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::pure) struct PodReplicaLink {
    /// Pod there.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) remote_pod: Reference,
    /// Arrays there.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) remotes: Vec<Reference>,
    /// `outbound` or `inbound`.
    #[serde(default)]
    pub(in crate::pure) direction: Option<String>,
    /// `replicating`, `baselining`, `paused`, `quiescing`, `quiesced`, `idle`, `unhealthy`.
    #[serde(default)]
    pub(in crate::pure) status: Option<String>,
    /// Milliseconds behind.
    #[serde(default)]
    pub(in crate::pure) lag: Option<u64>,
    /// The instant of the data there.
    #[serde(default, deserialize_with = "super::milliseconds")]
    pub(in crate::pure) recovery_point: Option<Timestamp>,
}
