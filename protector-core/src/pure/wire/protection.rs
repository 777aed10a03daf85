//! Protection groups, their members, targets, snapshots and transfers.

use super::Reference;
use jiff::Timestamp;
use serde::Deserialize;

/// A protection group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::pure) struct ProtectionGroup {
    /// Name as seen here.
    pub(in crate::pure) name: String,
    /// `false` for the image of a group that another array replicates here.
    #[serde(default)]
    pub(in crate::pure) is_local: Option<bool>,
    /// Destroyed, waiting for eradication.
    #[serde(default)]
    pub(in crate::pure) destroyed: Option<bool>,
    /// Array or pod it comes from.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) source: Reference,
    /// Number of member volumes.
    #[serde(default)]
    pub(in crate::pure) volume_count: Option<u64>,
    /// Number of targets.
    #[serde(default)]
    pub(in crate::pure) target_count: Option<u64>,
    /// Schedule of replicated snapshots.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) replication_schedule: Schedule,
}

/// A schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(in crate::pure) struct Schedule {
    /// On or off.
    #[serde(default)]
    pub(in crate::pure) enabled: Option<bool>,
    /// Milliseconds between snapshots.
    #[serde(default)]
    pub(in crate::pure) frequency: Option<u64>,
}

impl Schedule {
    /// Seconds between snapshots. `None`: not known, or no whole number of seconds that fits.
    pub(in crate::pure) fn interval_seconds(&self) -> Option<u32> {
        let milliseconds = self.frequency?;
        u32::try_from(milliseconds / 1000).ok().filter(|_| milliseconds % 1000 == 0)
    }
}
/// A volume in a group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::pure) struct GroupMember {
    /// Group.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) group: Reference,
    /// Volume.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) member: Reference,
}

/// A replication target of a group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::pure) struct GroupTarget {
    /// Target array.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) member: Reference,
    /// Whether the target allows it.
    #[serde(default)]
    pub(in crate::pure) allowed: Option<bool>,
}

/// A snapshot of a group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::pure) struct GroupSnapshot {
    /// Full name as seen here.
    pub(in crate::pure) name: String,
    /// The instant of the data, by the clock of the array that lists it.
    #[serde(default, deserialize_with = "super::milliseconds")]
    pub(in crate::pure) created: Option<Timestamp>,
    /// Destroyed, waiting for eradication.
    #[serde(default)]
    pub(in crate::pure) destroyed: Option<bool>,
}

/// How far a group snapshot has come.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(in crate::pure) struct SnapshotTransfer {
    /// Full name of the snapshot as seen here.
    pub(in crate::pure) name: String,
    /// When sending began.
    #[serde(default, deserialize_with = "super::milliseconds")]
    pub(in crate::pure) started: Option<Timestamp>,
    /// When it was all here. `None`: not yet, or not known.
    #[serde(default, deserialize_with = "super::milliseconds")]
    pub(in crate::pure) completed: Option<Timestamp>,
    /// 0.0 to 1.0.
    #[serde(default)]
    pub(in crate::pure) progress: Option<f64>,
    /// Destroyed, waiting for eradication.
    #[serde(default)]
    pub(in crate::pure) destroyed: Option<bool>,
}

impl SnapshotTransfer {
    /// Whether everything is here. Snapshots are listed before they are, so both signs must be there.
    pub(in crate::pure) fn is_complete(&self) -> bool {
        self.completed.is_some() && self.progress.is_some_and(|progress| progress >= 1.0)
    }
}
