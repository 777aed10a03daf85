//! [`StorageDriver`] over one FlashArray: availability, deadline and clock here, the work in the modules below.
//!
//! Everything that the driver must remember is on the array itself, as tags: whose a group is and the highest epoch seen
//! (`mark`), which call cloned a volume out of which recovery point (`clones`), which connections a fence took away
//! (`fence`). So any process on any host goes on where another one stopped. Tags have no compare-and-set: two executors that
//! act in the same instant are kept apart by the lease of the store, not by the array.

mod clones;
mod complete;
mod examine;
mod fence;
mod groups;
mod mark;
mod members;
mod pods;
mod removal;
mod replication;
mod snapshots;
mod standby;
mod volumes;

#[cfg(feature = "conformance")]
pub(super) use mark::NAMESPACE;

use super::client::{FlashArrayClient, Reply};
use super::options::{ArrayEndpoint, PureOptions};
use super::request::Request;
use super::requests::arrays;
use super::version::RestVersion;
use super::wire;
use crate::model::{
    ArrayGroupName, ArrayId, ArrayName, ArrayVolumeId, OpKey, ProtectionGroupId, RecoveryPoint, RecoveryPointName,
    Transfer,
};
use crate::ports::{
    ArrayGroup, ArrayInfo, ArrayVolume, Capabilities, Clock, CloneRequest, ClonedVolume, Cx, FenceState, GroupSpec,
    MemberSet, Observed, Outcome, PeerArray, PodPromotion, PreflightFinding, ReplicationSpec, ReplicationStatus,
    SnapshotRequest, StandbyGroup, StorageDriver, SurvivingRecoveryPoint, VolumeQuery,
};
use crate::{Error, ErrorKind, Result};
use async_trait::async_trait;
use complete::CompletePoints;
use serde::de::DeserializeOwned;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::Future,
    sync::Arc,
    time::Duration,
};

/// The driver of one FlashArray. Nothing is sent before the first call.
#[derive(Debug, Clone)]
pub struct PureStorageDriver {
    client: FlashArrayClient,
    clock: Arc<dyn Clock>,
    complete: CompletePoints,
}

impl fmt::Display for PureStorageDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PureStorageDriver({})", self.host())
    }
}

impl PureStorageDriver {
    /// The driver of the array at `endpoint`. Deadlines are read on `clock`.
    ///
    /// # Errors
    /// As [`FlashArrayClient::new`].
    pub fn new(endpoint: ArrayEndpoint, options: PureOptions, clock: Arc<dyn Clock>) -> Result<Self> {
        Ok(Self { client: FlashArrayClient::new(endpoint, options)?, clock, complete: CompletePoints::default() })
    }

    /// The client, for its counters and to close the session.
    pub fn client(&self) -> &FlashArrayClient {
        &self.client
    }

    /// `HOST[:PORT]`: what an array is called before it has said its name, and in errors always.
    fn host(&self) -> &str {
        self.client.endpoint().host()
    }

    fn batch_size(&self) -> usize {
        self.client.options().batch_size.max(1)
    }

    fn concurrency(&self) -> usize {
        self.client.options().max_concurrent_requests.max(1)
    }

    async fn version(&self) -> Result<RestVersion> {
        self.client.version().await
    }

    pub(super) async fn send(&self, request: Request) -> Result<Reply> {
        self.client.send(&request).await
    }

    async fn items<T: DeserializeOwned>(&self, request: Request) -> Result<Vec<T>> {
        self.client.items(&request).await
    }

    /// What a creation made.
    async fn created<T: DeserializeOwned>(&self, request: Request) -> Result<Vec<T>> {
        self.client.send(&request).await?.items()
    }

    fn check(&self, cx: &Cx) -> Result<()> {
        cx.check(self.clock.now())
    }

    async fn identity(&self) -> Result<Identity> {
        let found: Vec<wire::Array> = self.items(arrays::array()).await?;
        let array = found.into_iter().next();
        let array = array.ok_or_else(|| Error::internal(format!("array '{}' did not say what it is", self.host())))?;
        self.client.confirm_array(&array)?;
        Ok(Identity { id: array.id.into(), name: array.name.into(), purity: array.version.unwrap_or_default() })
    }

    fn observed<T>(&self, value: T) -> Observed<T> {
        Observed { value, endpoint_time: self.client.array_time(), at: self.clock.now() }
    }

    /// Does the work of a mutating call until its deadline at most.
    async fn within<T>(&self, cx: &Cx, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.check(cx)?;
        let left = Duration::try_from(cx.deadline.duration_since(self.clock.now())).unwrap_or_default();
        // pinned: the futures of whole calls are large
        match tokio::time::timeout(left, Box::pin(work)).await {
            Ok(done) => done,
            Err(_) => Err(Error::new(
                ErrorKind::DeadlineExceeded,
                format!("'{}' ran past its deadline {} on array '{}'", cx.op_key, cx.deadline, self.host()),
            )
            .remedy("look at the array, then make the same call again: it finds what was done")),
        }
    }
}

/// What an array says it is. Its name may change, so it is asked anew for each use.
struct Identity {
    id: ArrayId,
    name: ArrayName,
    purity: String,
}

#[async_trait]
impl StorageDriver for PureStorageDriver {
    fn driver_name(&self) -> &str {
        "PureStorageDriver"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            async_groups: true,
            sync_pods: true,
            fence: true,
            promotion: true,
            interval_bounds: replication::INTERVAL_BOUNDS,
            persistent: true,
            simulated: false,
        }
    }

    async fn info(&self) -> Result<ArrayInfo> {
        let Identity { id, name, purity } = self.identity().await?;
        let version = format!("{purity} (REST {})", self.version().await?);
        Ok(ArrayInfo { id, name, version, endpoint_time: self.client.array_time() })
    }

    async fn peers(&self) -> Result<Vec<PeerArray>> {
        self.connections().await
    }

    async fn group(&self, name: &ArrayGroupName) -> Result<Option<Observed<ArrayGroup>>> {
        Ok(self.show(name).await?.map(|group| self.observed(group)))
    }

    async fn recovery_points(&self, group: &ArrayGroupName) -> Result<Observed<Vec<RecoveryPoint>>> {
        let points = self.list_points(group).await?;
        Ok(self.observed(points))
    }

    async fn newest_complete(&self, group: &ArrayGroupName) -> Result<Option<Observed<RecoveryPoint>>> {
        Ok(self.newest_point(group).await?.map(|point| self.observed(point)))
    }

    async fn standby_groups(
        &self,
        groups: &BTreeSet<ArrayGroupName>,
    ) -> Result<Observed<BTreeMap<ArrayGroupName, StandbyGroup>>> {
        let found = self.standby_of(groups).await?;
        Ok(self.observed(found))
    }

    async fn replication_status(&self, group: &ArrayGroupName) -> Result<Observed<ReplicationStatus>> {
        let status = self.status(group).await?;
        Ok(self.observed(status))
    }

    async fn transfer_status(&self, point: &RecoveryPointName) -> Result<Transfer> {
        self.progress_of(point).await?.ok_or_else(|| self.no_point(point))
    }

    async fn volumes(&self, query: &VolumeQuery) -> Result<Vec<ArrayVolume>> {
        self.query_volumes(query).await
    }

    async fn preflight(&self, request: &CloneRequest) -> Result<Vec<PreflightFinding>> {
        self.preflight_findings(request).await
    }

    async fn ensure_group(&self, cx: &Cx, spec: &GroupSpec) -> Result<Outcome<ArrayGroup>> {
        self.within(cx, self.ensure_group_marked(cx, spec)).await
    }

    async fn ensure_members(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        members: &MemberSet,
    ) -> Result<Outcome<ArrayGroup>> {
        self.within(cx, self.ensure_member_set(cx, group, members)).await
    }

    async fn ensure_replication(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        replication: &ReplicationSpec,
    ) -> Result<Outcome<()>> {
        self.within(cx, self.ensure_replicated(cx, group, replication)).await
    }

    async fn accept_from_peer(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        owner: &ProtectionGroupId,
        allow: bool,
    ) -> Result<Outcome<()>> {
        self.within(cx, self.accept(cx, group, owner, allow)).await
    }

    async fn create_protection_group_snapshot(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        snapshot: &SnapshotRequest,
    ) -> Result<Outcome<RecoveryPoint>> {
        self.within(cx, self.take_snapshot(cx, group, snapshot)).await
    }

    async fn clone_volumes(&self, cx: &Cx, request: &CloneRequest) -> Result<Outcome<Vec<ClonedVolume>>> {
        self.within(cx, self.clone_point(cx, request)).await
    }

    async fn remove_clones(&self, cx: &Cx, made_by: &OpKey, volumes: &BTreeSet<ArrayVolumeId>) -> Result<Outcome<()>> {
        self.within(cx, self.remove(cx, made_by, volumes)).await
    }

    async fn demote(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>> {
        self.within(cx, self.set_promotion(cx, group, PodPromotion::Demoted)).await
    }

    async fn promote(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>> {
        self.within(cx, self.set_promotion(cx, group, PodPromotion::Promoted)).await
    }

    async fn fence(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<FenceState>> {
        self.within(cx, self.raise_fence(cx, group)).await
    }

    async fn unfence(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<FenceState>> {
        self.within(cx, self.lower_fence(cx, group)).await
    }

    async fn disable_replication(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>> {
        self.within(cx, self.disable(cx, group)).await
    }

    async fn retire_group(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        owner: &ProtectionGroupId,
        surviving: Option<&SurvivingRecoveryPoint>,
    ) -> Result<Outcome<()>> {
        self.within(cx, self.retire(cx, group, owner, surviving)).await
    }
}
