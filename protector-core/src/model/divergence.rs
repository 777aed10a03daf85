//! What an unplanned failover leaves behind on the site that was left: fences that wait, and data that nobody else holds.

use super::{
    ArrayGroupName, ArrayVolumeId, ArrayVolumeName, DiskId, LedgerEntryId, OperationId, RecoveryPointName, ServerId,
    SiteName, VolumeId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A site that was left without being verifiably stopped and fenced. The first operation that reaches it again stops and
/// fences it before it does anything else there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FenceDue {
    /// The site.
    pub site: SiteName,
    /// Array group whose volumes are to be fenced.
    pub group: ArrayGroupName,
    /// Servers to be stopped.
    pub servers: Vec<ServerId>,
    /// Since when.
    pub since: Timestamp,
    /// The operation that left it so.
    pub operation: OperationId,
}

/// One unplanned failover, and what the site that it left may hold beyond the recovery point that the other side started
/// from. Written before the failover begins, and never removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LedgerEntry {
    /// Names the entry within its group.
    pub id: LedgerEntryId,
    /// The failover.
    pub operation: OperationId,
    /// The site that was left.
    pub site: SiteName,
    /// Array group there.
    pub group: ArrayGroupName,
    /// The recovery point that the new side started from, by its name there.
    pub point: RecoveryPointName,
    /// Instant of its data. What was written later is only in `volumes`.
    pub data_time: Timestamp,
    /// The volumes that hold it.
    pub volumes: Vec<LedgerVolume>,
    /// Since when.
    pub since: Timestamp,
    /// How much is known.
    pub state: LedgerState,
    /// What was seen of later writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The local snapshot in which the site's array keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<RecoveryPointName>,
    /// Who gave it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discarded: Option<Discard>,
}

impl LedgerEntry {
    /// Whether the volumes it names must stay.
    pub fn is_kept(&self) -> bool {
        self.state != LedgerState::Discarded
    }

    /// Whether both sites may take writes, as far as this entry tells: no fence and no snapshot has been confirmed yet.
    pub const fn is_unsettled(&self) -> bool {
        matches!(self.state, LedgerState::Suspected | LedgerState::Confirmed)
    }
}

/// A volume on the site that was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LedgerVolume {
    /// Of which disk.
    pub disk: DiskId,
    /// Cinder volume; absent for a clone that Cinder has not taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_id: Option<VolumeId>,
    /// Volume on the array, by name.
    pub array_volume: ArrayVolumeName,
    /// The same by id.
    pub array_volume_id: ArrayVolumeId,
}

/// How much is known about data that diverged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LedgerState {
    /// The site may have written after the recovery point.
    Suspected,
    /// It did.
    Confirmed,
    /// Whatever it wrote is kept in a snapshot there.
    Preserved,
    /// Somebody gave it up, with a reason.
    Discarded,
}

impl fmt::Display for LedgerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Suspected => "suspected",
            Self::Confirmed => "confirmed",
            Self::Preserved => "preserved",
            Self::Discarded => "discarded",
        })
    }
}

/// Who gave an entry up, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Discard {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}
