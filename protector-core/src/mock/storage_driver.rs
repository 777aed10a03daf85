//! [`StorageDriver`] over one array of a world: availability, deadline and epoch here, the work in the modules below.

mod clones;
mod groups;
mod pods;
mod replication;

use super::array::{self, Array, snapshots};
use super::tx::Tx;
use super::{World, array::groups as stored};
use crate::Result;
use crate::model::{
    ArrayGroupName, ArrayName, ArrayVolumeId, OpKey, ProtectionGroupId, RecoveryPoint, RecoveryPointName, Transfer,
};
use crate::ports::{
    ArrayGroup, ArrayInfo, ArrayVolume, Capabilities, CloneRequest, ClonedVolume, Cx, FenceState, GroupSpec, MemberSet,
    Observed, Outcome, PeerArray, PodPromotion, PreflightFinding, ReplicationSpec, ReplicationStatus, SnapshotRequest,
    StandbyGroup, StorageDriver, SurvivingRecoveryPoint, VolumeQuery,
};
use async_trait::async_trait;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// The driver of one simulated array.
#[derive(Debug, Clone)]
pub struct MockStorageDriver {
    world: World,
    array_id: String,
    /// For people; the array may be renamed.
    name: ArrayName,
    /// Whether it offers synchronous replication.
    pods: bool,
}

impl fmt::Display for MockStorageDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MockStorageDriver({})", self.name)
    }
}

impl MockStorageDriver {
    /// The driver of the array of this name.
    ///
    /// # Errors
    /// no such array → `NotFound` → seed the world first.
    pub fn new(world: World, array: &ArrayName) -> Result<Self> {
        let found = world.read(|tx| array::by_name(tx, array))?;
        Ok(Self { world, array_id: found.id, name: found.name.into(), pods: true })
    }

    /// The same without synchronous replication: Cinder moves volumes of such types into its pod, which takes a real
    /// array.
    #[must_use]
    pub fn without_pods(self) -> Self {
        Self { pods: false, ..self }
    }

    fn look<T>(&self, observe: impl FnOnce(&Tx<'_>, &Array) -> Result<T>) -> Result<T> {
        self.world.read(|tx| observe(tx, &array::answering(tx, &self.array_id)?))
    }

    fn observe<T>(&self, observe: impl FnOnce(&Tx<'_>, &Array) -> Result<T>) -> Result<Observed<T>> {
        self.look(|tx, array| Ok(Observed { value: observe(tx, array)?, endpoint_time: tx.now(), at: tx.now() }))
    }

    fn change<T>(&self, cx: &Cx, change: impl FnOnce(&Tx<'_>, &Array) -> Result<T>) -> Result<T> {
        self.world.mutate(|tx| {
            cx.check(tx.now())?;
            change(tx, &array::answering(tx, &self.array_id)?)
        })
    }
}

#[async_trait]
impl StorageDriver for MockStorageDriver {
    fn driver_name(&self) -> &str {
        "MockStorageDriver"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            async_groups: true,
            sync_pods: self.pods,
            fence: true,
            promotion: self.pods,
            interval_bounds: replication::INTERVAL_BOUNDS,
            persistent: self.world.persistent(),
            simulated: true,
        }
    }

    async fn info(&self) -> Result<ArrayInfo> {
        self.look(|tx, array| {
            Ok(ArrayInfo {
                id: array.id.clone().into(),
                name: array.name.clone().into(),
                version: format!("simulated {}", array.version),
                endpoint_time: tx.now(),
            })
        })
    }

    async fn peers(&self) -> Result<Vec<PeerArray>> {
        self.look(array::peers)
    }

    async fn group(&self, name: &ArrayGroupName) -> Result<Option<Observed<ArrayGroup>>> {
        let found = self.observe(|tx, array| {
            stored::find(tx, array, name.as_str())?.map(|group| stored::show(tx, array, &group)).transpose()
        })?;
        let Observed { value, endpoint_time, at } = found;
        Ok(value.map(|value| Observed { value, endpoint_time, at }))
    }

    async fn recovery_points(&self, group: &ArrayGroupName) -> Result<Observed<Vec<RecoveryPoint>>> {
        self.observe(|tx, array| match stored::find(tx, array, group.as_str())? {
            Some(group) => {
                snapshots::list(tx, &group)?.iter().map(|found| snapshots::show(tx, array, &group, found)).collect()
            }
            None => Ok(Vec::new()),
        })
    }

    async fn standby_groups(
        &self,
        groups: &BTreeSet<ArrayGroupName>,
    ) -> Result<Observed<BTreeMap<ArrayGroupName, StandbyGroup>>> {
        self.observe(|tx, array| {
            groups.iter().map(|name| Ok((name.clone(), replication::standby(tx, array, name)?))).collect()
        })
    }

    async fn replication_status(&self, group: &ArrayGroupName) -> Result<Observed<ReplicationStatus>> {
        self.observe(|tx, array| replication::status(tx, array, group))
    }

    async fn transfer_status(&self, point: &RecoveryPointName) -> Result<Transfer> {
        self.look(|tx, array| {
            let missing = || clones::no_point(array, point);
            let (group, snapshot) = snapshots::by_name(tx, array, point)?.ok_or_else(missing)?;
            snapshots::transfer(tx, array, &group, &snapshot)?.ok_or_else(missing)
        })
    }

    async fn volumes(&self, query: &VolumeQuery) -> Result<Vec<ArrayVolume>> {
        self.look(|tx, array| clones::volumes(tx, array, query))
    }

    async fn preflight(&self, request: &CloneRequest) -> Result<Vec<PreflightFinding>> {
        self.look(|tx, array| clones::preflight(tx, array, request))
    }

    async fn ensure_group(&self, cx: &Cx, spec: &GroupSpec) -> Result<Outcome<ArrayGroup>> {
        self.change(cx, |tx, array| groups::ensure(tx, cx, array, spec))
    }

    async fn ensure_members(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        members: &MemberSet,
    ) -> Result<Outcome<ArrayGroup>> {
        self.change(cx, |tx, array| groups::ensure_members(tx, cx, array, group, members))
    }

    async fn ensure_replication(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        replication: &ReplicationSpec,
    ) -> Result<Outcome<()>> {
        self.change(cx, |tx, array| replication::ensure(tx, cx, array, group, replication))
    }

    async fn accept_from_peer(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        owner: &ProtectionGroupId,
        allow: bool,
    ) -> Result<Outcome<()>> {
        self.change(cx, |tx, array| replication::accept(tx, cx, array, group, owner, allow))
    }

    async fn create_protection_group_snapshot(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        snapshot: &SnapshotRequest,
    ) -> Result<Outcome<RecoveryPoint>> {
        self.change(cx, |tx, array| replication::snapshot(tx, cx, array, group, snapshot))
    }

    async fn clone_volumes(&self, cx: &Cx, request: &CloneRequest) -> Result<Outcome<Vec<ClonedVolume>>> {
        self.change(cx, |tx, array| clones::clone(tx, cx, array, request))
    }

    async fn remove_clones(&self, cx: &Cx, made_by: &OpKey, volumes: &BTreeSet<ArrayVolumeId>) -> Result<Outcome<()>> {
        self.change(cx, |tx, array| clones::remove(tx, cx, array, made_by, volumes))
    }

    async fn demote(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>> {
        self.change(cx, |tx, array| pods::set_promotion(tx, cx, array, group, PodPromotion::Demoted))
    }

    async fn promote(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>> {
        self.change(cx, |tx, array| pods::set_promotion(tx, cx, array, group, PodPromotion::Promoted))
    }

    async fn fence(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<FenceState>> {
        self.change(cx, |tx, array| groups::set_fence(tx, cx, array, group, true))
    }

    async fn unfence(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<FenceState>> {
        self.change(cx, |tx, array| groups::set_fence(tx, cx, array, group, false))
    }

    async fn disable_replication(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>> {
        self.change(cx, |tx, array| replication::disable(tx, cx, array, group))
    }

    async fn retire_group(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        owner: &ProtectionGroupId,
        surviving: Option<&SurvivingRecoveryPoint>,
    ) -> Result<Outcome<()>> {
        self.change(cx, |tx, array| groups::retire(tx, cx, array, group, owner, surviving))
    }
}
