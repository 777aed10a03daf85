//! The port, delegated method by method: the only place that lists them.

use super::layer::{Call, Layer, Reply, Subject};
use crate::Result;
use crate::model::{
    ArrayGroupName, ArrayVolumeId, OpKey, ProtectionGroupId, RecoveryPoint, RecoveryPointName, Transfer,
};
use crate::ports::{
    ArrayGroup, ArrayInfo, ArrayVolume, Capabilities, CloneRequest, ClonedVolume, Cx, FenceState, GroupSpec, MemberSet,
    Observed, Outcome, PeerArray, PreflightFinding, ReplicationSpec, ReplicationStatus, SnapshotRequest, StandbyGroup,
    StorageDriver, SurvivingRecoveryPoint, VolumeQuery,
};
use async_trait::async_trait;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::Future,
    sync::Arc,
};

/// A driver with a layer around it. Name, capabilities and `Display` are those of the driver inside.
#[derive(Debug)]
pub struct Wrapped<L> {
    layer: L,
    inner: Arc<dyn StorageDriver>,
}

impl<L: Layer> Wrapped<L> {
    /// `inner` with `layer` around each call.
    pub fn new(layer: L, inner: Arc<dyn StorageDriver>) -> Self {
        Self { layer, inner }
    }

    /// The layer, for what it has to tell.
    pub fn layer(&self) -> &L {
        &self.layer
    }

    fn read<'a, T, F>(
        &'a self,
        method: &'static str,
        subject: Subject<'a>,
        make: F,
    ) -> impl Future<Output = Result<T>> + Send
    where
        T: Send + 'a,
        F: Fn() -> Reply<'a, T> + Send + Sync + 'a,
    {
        let call = Call { method, driver: &*self.inner, cx: None, subject, answer: |_: &T| "ok" };
        self.layer.around(call, make)
    }

    fn change<'a, T, F>(
        &'a self,
        method: &'static str,
        cx: &'a Cx,
        subject: Subject<'a>,
        make: F,
    ) -> impl Future<Output = Result<Outcome<T>>> + Send
    where
        T: Send + 'a,
        F: Fn() -> Reply<'a, Outcome<T>> + Send + Sync + 'a,
    {
        let answer = |outcome: &Outcome<T>| match outcome {
            Outcome::Done(_) => "done",
            Outcome::AlreadyDone(_) => "already_done",
            Outcome::InProgress { .. } => "in_progress",
        };
        self.layer.around(Call { method, driver: &*self.inner, cx: Some(cx), subject, answer }, make)
    }
}

impl<L: Layer> fmt::Display for Wrapped<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

// a method with a default body would else pass by the driver inside
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<L: Layer> StorageDriver for Wrapped<L> {
    fn driver_name(&self) -> &str {
        self.inner.driver_name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn info(&self) -> Result<ArrayInfo> {
        self.read("info", Subject::Array, || self.inner.info()).await
    }

    async fn peers(&self) -> Result<Vec<PeerArray>> {
        self.read("peers", Subject::Array, || self.inner.peers()).await
    }

    async fn group(&self, name: &ArrayGroupName) -> Result<Option<Observed<ArrayGroup>>> {
        self.read("group", Subject::Group(name), || self.inner.group(name)).await
    }

    async fn recovery_points(&self, group: &ArrayGroupName) -> Result<Observed<Vec<RecoveryPoint>>> {
        self.read("recovery_points", Subject::Group(group), || self.inner.recovery_points(group)).await
    }

    async fn newest_complete(&self, group: &ArrayGroupName) -> Result<Option<Observed<RecoveryPoint>>> {
        self.read("newest_complete", Subject::Group(group), || self.inner.newest_complete(group)).await
    }

    async fn standby_groups(
        &self,
        groups: &BTreeSet<ArrayGroupName>,
    ) -> Result<Observed<BTreeMap<ArrayGroupName, StandbyGroup>>> {
        self.read("standby_groups", Subject::Groups(groups), || self.inner.standby_groups(groups)).await
    }

    async fn replication_status(&self, group: &ArrayGroupName) -> Result<Observed<ReplicationStatus>> {
        self.read("replication_status", Subject::Group(group), || self.inner.replication_status(group)).await
    }

    async fn transfer_status(&self, point: &RecoveryPointName) -> Result<Transfer> {
        self.read("transfer_status", Subject::Point(point), || self.inner.transfer_status(point)).await
    }

    async fn volumes(&self, query: &VolumeQuery) -> Result<Vec<ArrayVolume>> {
        self.read("volumes", Subject::Volumes(query), || self.inner.volumes(query)).await
    }

    async fn preflight(&self, request: &CloneRequest) -> Result<Vec<PreflightFinding>> {
        self.read("preflight", Subject::Point(&request.point), || self.inner.preflight(request)).await
    }

    async fn ensure_group(&self, cx: &Cx, spec: &GroupSpec) -> Result<Outcome<ArrayGroup>> {
        self.change("ensure_group", cx, Subject::Group(&spec.name), || self.inner.ensure_group(cx, spec)).await
    }

    async fn ensure_members(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        members: &MemberSet,
    ) -> Result<Outcome<ArrayGroup>> {
        let make = || self.inner.ensure_members(cx, group, members);
        self.change("ensure_members", cx, Subject::Group(group), make).await
    }

    async fn ensure_replication(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        replication: &ReplicationSpec,
    ) -> Result<Outcome<()>> {
        let make = || self.inner.ensure_replication(cx, group, replication);
        self.change("ensure_replication", cx, Subject::Group(group), make).await
    }

    async fn accept_from_peer(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        owner: &ProtectionGroupId,
        allow: bool,
    ) -> Result<Outcome<()>> {
        let make = || self.inner.accept_from_peer(cx, group, owner, allow);
        self.change("accept_from_peer", cx, Subject::Group(group), make).await
    }

    async fn create_protection_group_snapshot(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        snapshot: &SnapshotRequest,
    ) -> Result<Outcome<RecoveryPoint>> {
        let make = || self.inner.create_protection_group_snapshot(cx, group, snapshot);
        self.change("create_protection_group_snapshot", cx, Subject::Group(group), make).await
    }

    async fn clone_volumes(&self, cx: &Cx, request: &CloneRequest) -> Result<Outcome<Vec<ClonedVolume>>> {
        let make = || self.inner.clone_volumes(cx, request);
        self.change("clone_volumes", cx, Subject::Point(&request.point), make).await
    }

    async fn remove_clones(&self, cx: &Cx, made_by: &OpKey, volumes: &BTreeSet<ArrayVolumeId>) -> Result<Outcome<()>> {
        let make = || self.inner.remove_clones(cx, made_by, volumes);
        self.change("remove_clones", cx, Subject::Clones(made_by), make).await
    }

    async fn demote(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>> {
        self.change("demote", cx, Subject::Group(group), || self.inner.demote(cx, group)).await
    }

    async fn promote(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>> {
        self.change("promote", cx, Subject::Group(group), || self.inner.promote(cx, group)).await
    }

    async fn fence(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<FenceState>> {
        self.change("fence", cx, Subject::Group(group), || self.inner.fence(cx, group)).await
    }

    async fn unfence(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<FenceState>> {
        self.change("unfence", cx, Subject::Group(group), || self.inner.unfence(cx, group)).await
    }

    async fn disable_replication(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>> {
        let make = || self.inner.disable_replication(cx, group);
        self.change("disable_replication", cx, Subject::Group(group), make).await
    }

    async fn retire_group(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        owner: &ProtectionGroupId,
        surviving: Option<&SurvivingRecoveryPoint>,
    ) -> Result<Outcome<()>> {
        let make = || self.inner.retire_group(cx, group, owner, surviving);
        self.change("retire_group", cx, Subject::Group(group), make).await
    }
}
