//! One array.

use super::{Cx, Observed, Outcome, PodStatus};
use crate::Result;
use crate::model::{
    ArrayGroupName, ArrayId, ArrayName, ArrayVolumeId, ArrayVolumeName, OpKey, ProtectionGroupId, RecoveryPoint,
    RecoveryPointName, Transfer,
};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{Debug, Display},
};

/// What an array says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSpec {
    /// Local name.
    pub name: ArrayGroupName,
    /// Whose it is.
    pub owner: ProtectionGroupId,
    /// Take over an existing unmarked group. The only way round the refusal, and explicit.
    pub adopt: bool,
}

/// How a wanted member set is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberMode {
    /// Add these, keep what is there.
    Add,
    /// Exactly these. Others leave the group; the volumes themselves stay.
    Exact,
}

/// Wanted members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberSet {
    /// Volumes by name on this array.
    pub volumes: BTreeSet<ArrayVolumeName>,
    /// How the set is meant.
    pub mode: MemberMode,
}

/// Wanted replication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicationSpec {
    /// Target array, by the name of the connection.
    pub target: ArrayName,
    /// Seconds between replicated snapshots.
    pub interval: u32,
}

/// How replication of a group stands, seen from one array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// A snapshot to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRequest {
    /// Suffix; identifies the snapshot for repeats. Must hold a letter.
    pub suffix: String,
    /// Ship it to the targets at once.
    pub replicate_now: bool,
}

/// Which volumes to list.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloneRequest {
    /// The recovery point.
    pub point: RecoveryPointName,
    /// Source volume name in the recovery point → name of the clone. All of them come from this one recovery point, which
    /// may also hold volumes that are not asked for: those of servers that have left the group.
    pub volumes: BTreeMap<ArrayVolumeName, ArrayVolumeName>,
}

/// A finished clone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurvivingRecoveryPoint {
    /// Array that holds it.
    pub array: ArrayId,
    /// The recovery point.
    pub point: RecoveryPointName,
}

/// Something an array objects to beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightFinding {
    /// Stable code.
    pub code: String,
    /// For people.
    pub message: String,
    /// `true`: the call would fail.
    pub blocks: bool,
}

/// One array. A replication pair is two drivers, so that a plan shows which steps need which site.
///
/// # Contract
/// Reads have no effect. Mutations are ensure-style and repeatable; long work comes back as [`Outcome::InProgress`]. Names
/// of groups are as *this* array shows them. No method eradicates, overwrites a volume it did not clone, or deletes by
/// name pattern. A call whose [`Cx::epoch`] is lower than the highest seen for the group fails with `Conflict`.
///
/// A group in a stretched pod is one group on two arrays: members, recovery points and retirement are common to both, mark,
/// epoch and fence are of each array. Through an array on which the pod is not online nothing is changed and nothing is cloned
/// (`Precondition` with pod, state and array); the group, its status and what it is called stay readable there, and its
/// recovery points read as [`Transfer::Unknown`].
///
/// # Errors common to all
/// no answer → `Unreachable`; token rejected → `Unauthenticated`; busy → `Transient` → retry with backoff; reply lost
/// after sending → `Indeterminate` → observe, then repeat; array limit → `LimitReached`; not offered → `Unsupported`.
#[async_trait]
pub trait StorageDriver: Debug + Display + Send + Sync {
    /// Name of the driver class, for logs: `MockStorageDriver`.
    fn driver_name(&self) -> &'static str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Identity, name and clock.
    async fn info(&self) -> Result<ArrayInfo>;

    /// Connected arrays.
    async fn peers(&self) -> Result<Vec<PeerArray>>;

    /// A group, local or replicated here, destroyed or not; `None` if the array has none of that name.
    async fn group(&self, name: &ArrayGroupName) -> Result<Option<Observed<ArrayGroup>>>;

    /// Recovery points of a group on this array, newest data first, complete or not. An unknown group has none. Those of a group
    /// in a stretched pod are [`Transfer::Local`] on each array that is online in it.
    async fn recovery_points(&self, group: &ArrayGroupName) -> Result<Observed<Vec<RecoveryPoint>>>;

    /// The newest recovery point on this array that is complete and not destroyed, by data time. The same as picking it from
    /// [`recovery_points`](StorageDriver::recovery_points), for less where the array can be asked for it alone.
    async fn newest_complete(&self, group: &ArrayGroupName) -> Result<Option<Observed<RecoveryPoint>>> {
        let Observed { value, endpoint_time, at } = self.recovery_points(group).await?;
        let newest = value.into_iter().find(RecoveryPoint::is_usable);
        Ok(newest.map(|value| Observed { value, endpoint_time, at }))
    }

    /// How replication of the group stands, seen from here.
    ///
    /// # Errors
    /// no such group → `NotFound`.
    async fn replication_status(&self, group: &ArrayGroupName) -> Result<Observed<ReplicationStatus>>;

    /// How far one recovery point has come to this array.
    ///
    /// # Errors
    /// not (yet) visible here → `NotFound` → on a target shortly after the snapshot: ask again until the deadline.
    async fn transfer_status(&self, point: &RecoveryPointName) -> Result<Transfer>;

    /// Volumes, by name.
    async fn volumes(&self, query: &VolumeQuery) -> Result<Vec<ArrayVolume>>;

    /// What the array would object to when asked to clone this. Empty: nothing known against it.
    async fn preflight(&self, request: &CloneRequest) -> Result<Vec<PreflightFinding>>;

    /// Ensures a group that carries the owner's mark. Present with the same mark: `AlreadyDone`. A group in a pod brings its
    /// pod, if that is missing.
    ///
    /// # Errors
    /// present without our mark and `adopt` not set, or with another mark → `Conflict`; destroyed and not yet eradicated →
    /// `PendingEradication` → recover or rename it on the array, or choose another name.
    async fn ensure_group(&self, cx: &Cx, spec: &GroupSpec) -> Result<Outcome<ArrayGroup>>;

    /// Ensures members, all or none.
    ///
    /// # Errors
    /// group or a volume missing → `NotFound` naming all missing; a volume in a group of another owner → `Conflict`; group and
    /// volume not in the same pod → `Precondition`.
    async fn ensure_members(&self, cx: &Cx, group: &ArrayGroupName, members: &MemberSet)
    -> Result<Outcome<ArrayGroup>>;

    /// Ensures target and schedule, and turns the schedule on. For a group in a pod: stretches the pod to the target, which has
    /// the data once this is `AlreadyDone`; nothing is scheduled.
    ///
    /// # Errors
    /// no such group → `NotFound`; target not connected → `Precondition`; the target has a pod of that name of its own →
    /// `AlreadyExists`.
    async fn ensure_replication(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        replication: &ReplicationSpec,
    ) -> Result<Outcome<()>>;

    /// On the **target**: allows or forbids that `group` (named as seen here) is replicated to this array, and marks its image
    /// as `owner`'s where arrays do not share marks. The image of the group not visible here yet: `InProgress`.
    ///
    /// For a group in a pod: marks it on this array, once the pod is online here; `InProgress` until then. `allow` means
    /// nothing: that this array takes part is its permission.
    ///
    /// # Errors
    /// not the name of an image, nor in a pod → `InvalidRequest`; it carries the mark of another owner → `Conflict`; destroyed →
    /// `PendingEradication`.
    async fn accept_from_peer(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        owner: &ProtectionGroupId,
        allow: bool,
    ) -> Result<Outcome<()>>;

    /// Takes a snapshot of the whole group, one instant for all members. A snapshot with that suffix exists:
    /// `AlreadyDone` with it; never a second one.
    ///
    /// # Errors
    /// no such group → `NotFound`; no members → `Precondition`; `replicate_now` and no allowed target → `Precondition`: the
    /// other array of a stretched pod is none, it has the snapshot anyway.
    async fn create_protection_group_snapshot(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        snapshot: &SnapshotRequest,
    ) -> Result<Outcome<RecoveryPoint>>;

    /// Clones the named volumes, all of one recovery point, all or none. Clones of the same op key exist: `AlreadyDone`.
    /// Clones lie on this array alone, outside of pods, also those of a recovery point in a pod.
    ///
    /// # Errors
    /// a name that no array takes, or one in a pod → `InvalidRequest`;
    /// not completely transferred → `Precondition`; a named volume is not in it → `Precondition`
    /// naming all of them; a name is taken by another volume → `AlreadyExists`, nothing overwritten; destroyed →
    /// `PendingEradication`.
    async fn clone_volumes(&self, cx: &Cx, request: &CloneRequest) -> Result<Outcome<Vec<ClonedVolume>>>;

    /// Destroys (never eradicates) volumes that `clone_volumes` made under `made_by`, by id. Gone already: `AlreadyDone`.
    ///
    /// # Errors
    /// a volume was not made under that key → `DataSafety`, nothing destroyed.
    async fn remove_clones(&self, cx: &Cx, made_by: &OpKey, volumes: &BTreeSet<ArrayVolumeId>) -> Result<Outcome<()>>;

    /// Makes an unstretched pod read-only after its last write was replicated.
    ///
    /// # Errors
    /// not offered, or the group is in no pod → `Unsupported`; the pod is stretched → `Precondition`.
    async fn demote(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>>;

    /// Makes an unstretched pod writable.
    ///
    /// # Errors
    /// not offered, or the group is in no pod → `Unsupported`; the pod is stretched → `Precondition`.
    async fn promote(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>>;

    /// Makes the array refuse the writes of its hosts to every member. Fenced already: `AlreadyDone`. The other array of a
    /// stretched pod goes on.
    async fn fence(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<FenceState>>;

    /// Takes the fence away. Open already: `AlreadyDone`.
    async fn unfence(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<FenceState>>;

    /// Turns the schedule off. Recovery points stay. Off already: `AlreadyDone`, so for a stretched pod, where nothing is
    /// scheduled: it stays stretched.
    async fn disable_replication(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>>;

    /// Destroys (never eradicates) the group. Destroyed already: `AlreadyDone`.
    ///
    /// # Errors
    /// not ours → `Conflict`; it has members or recovery points and there is no `surviving` proof → `DataSafety`. A recovery
    /// point of the group itself proves nothing, in a pod on neither array.
    async fn retire_group(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        owner: &ProtectionGroupId,
        surviving: Option<&SurvivingRecoveryPoint>,
    ) -> Result<Outcome<()>>;
}
