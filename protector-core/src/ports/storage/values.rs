//! What arrays say of themselves, and what is asked of them.

use crate::model::{
    ArrayGroupName, ArrayId, ArrayName, ArrayVolumeId, ArrayVolumeName, OpKey, ProtectionGroupId, RecoveryPoint,
    RecoveryPointName,
};
use crate::ports::{PodMemberState, PodStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What an array says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArrayInfo {
    /// Stable identity.
    pub id: ArrayId,
    /// Present name.
    pub name: ArrayName,
    /// Version text, for people.
    pub version: String,
    /// Its own clock.
    pub endpoint_time: Timestamp,
}

/// What a driver can do. Conformance checks and plans are chosen by it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Capabilities {
    /// Array protection groups with replicated snapshots.
    pub async_groups: bool,
    /// Stretched pods.
    pub sync_pods: bool,
    /// `fence` and `unfence`.
    pub fence: bool,
    /// `demote` and `promote`.
    pub promotion: bool,
    /// Shortest and longest interval of a replication schedule, in seconds.
    pub interval_bounds: (u32, u32),
    /// State outlives the process.
    pub persistent: bool,
    /// No real data is behind it.
    pub simulated: bool,
}

/// A connected array, as this one sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PeerArray {
    /// Identity.
    pub id: ArrayId,
    /// Name.
    pub name: ArrayName,
    /// State of the link.
    pub link: ReplicationLink,
}

/// State of a replication link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReplicationLink {
    /// Works.
    Connected,
    /// Some paths are down.
    PartiallyConnected,
    /// Down.
    Disconnected,
    /// The array could not say.
    Unknown,
}

/// A group on an array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArrayGroup {
    /// Name on the array that was asked.
    pub name: ArrayGroupName,
    /// The protection group whose mark it carries; `None`: unmarked, so foreign.
    pub owner: Option<ProtectionGroupId>,
    /// `true` on the source, `false` for the image of a group that another array replicates here.
    pub is_local: bool,
    /// Member volumes by source name. Of an image as far as its array shows them: a FlashArray does not, its recovery points
    /// say which volumes they hold.
    pub volumes: BTreeSet<ArrayVolumeName>,
    /// Replication targets by name, with whether the target allows it.
    pub targets: BTreeMap<ArrayName, bool>,
    /// Seconds between scheduled replicated snapshots; `None`: no schedule or disabled.
    pub replication_interval: Option<u32>,
    /// Destroyed, waiting for eradication.
    pub destroyed: bool,
}

/// A group to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupSpec {
    /// Local name.
    pub name: ArrayGroupName,
    /// Whose it is.
    pub owner: ProtectionGroupId,
    /// Take over an existing unmarked group. The only way round the refusal, and explicit.
    pub adopt: bool,
}

/// How a wanted member set is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MemberMode {
    /// Add these, keep what is there.
    Add,
    /// Exactly these. Others leave the group; the volumes themselves stay.
    Exact,
}

/// Wanted members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemberSet {
    /// Volumes by name on this array.
    pub volumes: BTreeSet<ArrayVolumeName>,
    /// How the set is meant.
    pub mode: MemberMode,
}

/// Wanted replication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReplicationSpec {
    /// Target array, by the name of the connection.
    pub target: ArrayName,
    /// Seconds between replicated snapshots.
    pub interval: u32,
}

/// How replication of a group stands, seen from one array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReplicationStatus {
    /// Link to the other array of this group.
    pub link: ReplicationLink,
    /// Whether the schedule is on.
    pub enabled: bool,
    /// Whether the target allows it; `None`: not known here.
    pub allowed: Option<bool>,
    /// Newest complete recovery point, by data time. `None` with `link` known means: never.
    pub newest_complete: Option<RecoveryPoint>,
    /// Recovery points on their way.
    pub in_transfer: u32,
    /// Of a group in a pod, how the pod stands: a member array that is online has the data, no recovery point needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<PodStatus>,
}

/// What one array could start a group from: of an image its newest complete recovery point, of a group in a pod the pod
/// itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StandbyGroup {
    /// Newest recovery point that is complete here and not destroyed, by data time. `None`: there is none, or the group is
    /// in a pod.
    pub newest_complete: Option<RecoveryPoint>,
    /// Of a group in a pod: this array's part in it. `None`: the array has no such pod.
    pub pod: Option<PodMemberState>,
    /// Of a group in a pod: its members.
    pub volumes: BTreeSet<ArrayVolumeName>,
}

/// A snapshot to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SnapshotRequest {
    /// Suffix; identifies the snapshot for repeats. Must hold a letter.
    pub suffix: String,
    /// Ship it to the targets at once.
    pub replicate_now: bool,
}

/// Which volumes to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum VolumeQuery {
    /// By name; missing ones are left out.
    Names(BTreeSet<ArrayVolumeName>),
    /// By id; missing ones are left out.
    Ids(BTreeSet<ArrayVolumeId>),
    /// Clones made under an op key.
    ClonedBy(OpKey),
}

/// A volume on an array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArrayVolume {
    /// Identity.
    pub id: ArrayVolumeId,
    /// Present name.
    pub name: ArrayVolumeName,
    /// Size in bytes.
    pub provisioned: u64,
    /// Recovery point and source volume it was cloned from.
    pub cloned_from: Option<(RecoveryPointName, ArrayVolumeName)>,
    /// The array refuses host writes to it.
    pub fenced: bool,
    /// Destroyed, waiting for eradication.
    pub destroyed: bool,
}

/// Clones to have, all of one recovery point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CloneRequest {
    /// The recovery point.
    pub point: RecoveryPointName,
    /// Source volume name in the recovery point → name of the clone. All of them come from this one recovery point, which
    /// may also hold volumes that are not asked for: those of servers that have left the group.
    pub volumes: BTreeMap<ArrayVolumeName, ArrayVolumeName>,
}

/// A finished clone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClonedVolume {
    /// Source volume name in the recovery point.
    pub source: ArrayVolumeName,
    /// Identity of the clone.
    pub id: ArrayVolumeId,
    /// Name of the clone.
    pub name: ArrayVolumeName,
}

/// Whether a group's volumes accept writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FenceState {
    /// No member accepts writes.
    Fenced,
    /// Every member accepts writes.
    Open,
    /// Some do.
    Partial,
}

/// Proof that data survives elsewhere. Only plans make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SurvivingRecoveryPoint {
    /// Array that holds it.
    pub array: ArrayId,
    /// The recovery point.
    pub point: RecoveryPointName,
}

/// Something an array objects to beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PreflightFinding {
    /// Stable code.
    pub code: String,
    /// For people.
    pub message: String,
    /// `true`: the call would fail.
    pub blocks: bool,
}
