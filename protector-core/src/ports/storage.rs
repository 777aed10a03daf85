//! One array.

mod values;

pub use values::{
    ArrayGroup, ArrayInfo, ArrayVolume, Capabilities, CloneRequest, ClonedVolume, FenceState, GroupSpec, MemberMode,
    MemberSet, PeerArray, PreflightFinding, ReplicationLink, ReplicationSpec, ReplicationStatus, SnapshotRequest,
    StandbyGroup, SurvivingRecoveryPoint, VolumeQuery,
};

use super::{Cx, Observed, Outcome};
use crate::model::{
    ArrayGroupName, ArrayName, ArrayVolumeId, OpKey, ProtectionGroupId, RecoveryPoint, RecoveryPointName, Transfer,
};
use crate::rules::naming;
use crate::{ErrorKind, Result};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display};

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
    fn driver_name(&self) -> &str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Identity, name and clock.
    async fn info(&self) -> Result<ArrayInfo>;

    /// Connected arrays. One that cannot be reached stays among them, with its link down.
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

    /// What this array could start each of many groups from, for whoever watches all of them: the same as asking for each, in
    /// requests that do not grow with the number of groups where the array has lists. Every group that was asked for is in
    /// the answer; one that the array does not have, or one in a pod
    /// without members, holds nothing.
    async fn standby_groups(
        &self,
        groups: &BTreeSet<ArrayGroupName>,
    ) -> Result<Observed<BTreeMap<ArrayGroupName, StandbyGroup>>> {
        let ArrayInfo { name, endpoint_time, .. } = self.info().await?;
        let mut found = BTreeMap::new();
        for group in groups {
            found.insert(group.clone(), standby_group(self, &name, group).await?);
        }
        Ok(Observed { value: found, endpoint_time, at: endpoint_time })
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

/// One group, asked for by itself.
pub(crate) async fn standby_group<D: StorageDriver + ?Sized>(
    driver: &D,
    own: &ArrayName,
    group: &ArrayGroupName,
) -> Result<StandbyGroup> {
    if naming::pod_of(group.as_str()).is_none() {
        let newest_complete = driver.newest_complete(group).await?.map(|found| found.value);
        return Ok(StandbyGroup { newest_complete, ..StandbyGroup::default() });
    }
    let volumes = driver.group(group).await?.map(|found| found.value.volumes).unwrap_or_default();
    if volumes.is_empty() {
        return Ok(StandbyGroup::default());
    }
    let pod = match driver.replication_status(group).await {
        Ok(status) => status.value.pod,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::PendingEradication) => None,
        Err(e) => return Err(e),
    };
    let pod = pod.and_then(|pod| pod.arrays.get(own).map(|member| member.state));
    Ok(StandbyGroup { newest_complete: None, pod, volumes })
}
