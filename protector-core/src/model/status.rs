//! Words for how a group stands.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether a workload is protected where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// No policy or no member yet.
    NotConfigured,
    /// Replication towards the standby site is set up.
    Protected,
    /// Runs without replication, for example after an unplanned failover.
    Unprotected,
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotConfigured => "not_configured",
            Self::Protected => "protected",
            Self::Unprotected => "unprotected",
        })
    }
}

/// The documented status word of a protection group; derived by `rules::status`, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GroupStatus {
    /// Being created.
    Creating,
    /// Runs on its primary site.
    Active,
    /// A failover is open.
    FailingOver,
    /// Runs on its secondary site.
    FailedOver,
    /// Runs on its secondary site, except for some members.
    FailedOverPartial,
    /// A failback is open.
    FailingBack,
    /// Something needs an operator.
    Error,
    /// Being deleted.
    Deleting,
}

impl fmt::Display for GroupStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Creating => "creating",
            Self::Active => "active",
            Self::FailingOver => "failing_over",
            Self::FailedOver => "failed_over",
            Self::FailedOverPartial => "failed_over_partial",
            Self::FailingBack => "failing_back",
            Self::Error => "error",
            Self::Deleting => "deleting",
        })
    }
}

/// Whether both sites hold the same metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SyncStatus {
    /// Same version on both.
    #[serde(rename = "IN SYNC")]
    InSync,
    /// Different versions, or marked as diverged.
    #[serde(rename = "OUT OF SYNC")]
    OutOfSync,
    /// The other site did not answer.
    #[serde(rename = "UNREACHABLE")]
    Unreachable,
}

impl fmt::Display for SyncStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::InSync => "IN SYNC",
            Self::OutOfSync => "OUT OF SYNC",
            Self::Unreachable => "UNREACHABLE",
        })
    }
}
