//! Recovery points: snapshots of a whole array group.

use super::{ArrayGroupName, ArrayVolumeName, RecoveryPointName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A snapshot of an array group, as one array shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecoveryPoint {
    /// Full name on the array that was asked, `<group>.<suffix>`.
    pub name: RecoveryPointName,
    /// The group, as that array names it.
    pub group: ArrayGroupName,
    /// The instant of the data: when the snapshot was taken on the source. Its age is what RPO measures.
    pub created: Timestamp,
    /// How far it has come to the array that was asked.
    pub transfer: Transfer,
    /// Source volumes it holds, by the name they have on the source, sorted.
    pub volumes: Vec<ArrayVolumeName>,
    /// Destroyed, waiting for eradication.
    pub destroyed: bool,
}

impl RecoveryPoint {
    /// Whether a volume may be cloned from it at all: transferred completely and not destroyed.
    pub fn is_usable(&self) -> bool {
        !self.destroyed && matches!(self.transfer, Transfer::Local | Transfer::Completed { .. })
    }
}

/// Progress of a recovery point towards an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Transfer {
    /// Taken on this array; nothing to transfer.
    Local,
    /// On its way. Visible on the target, but not usable.
    InProgress {
        /// 0 to 99.
        percent: u8,
    },
    /// All of it is here.
    Completed {
        /// When the last byte arrived, by the array's clock.
        at: Timestamp,
    },
    /// The array could not say. Never reads as completed.
    Unknown,
}
