//! An array behind calls by name.

use super::wire::{Seen, StorageDescription};
use super::{
    Foreign,
    link::{DEFECT, Link},
};
use crate::model::{
    ArrayGroupName, ArrayVolumeId, OpKey, ProtectionGroupId, RecoveryPoint, RecoveryPointName, Transfer,
};
use crate::ports::{
    ArrayGroup, ArrayInfo, ArrayVolume, Capabilities, Clock, CloneRequest, ClonedVolume, Cx, FenceState, GroupSpec,
    MemberSet, Observed, Outcome, PeerArray, PreflightFinding, ReplicationSpec, ReplicationStatus, SnapshotRequest,
    StandbyGroup, StorageDriver, SurvivingRecoveryPoint, VolumeQuery,
};
use crate::rules::naming::{self, GroupScope};
use crate::{Error, Result};
use async_trait::async_trait;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::{cmp::Reverse, fmt, sync::Arc};

/// A [`StorageDriver`] in another language.
#[derive(Debug)]
pub struct ForeignStorageDriver {
    link: Link,
    pub(super) description: StorageDescription,
}

impl ForeignStorageDriver {
    /// Asks the driver what it is; nothing is sent to the array. Deadlines are on `clock`.
    ///
    /// # Errors
    /// what it says; an answer that cannot be read → `Internal` → the driver is defective.
    pub async fn open(foreign: Arc<dyn Foreign>, clock: Arc<dyn Clock>) -> Result<Self> {
        let (link, description) = Link::open(foreign, clock).await?;
        Ok(Self { link, description })
    }

    #[cfg(test)]
    pub(super) fn limited_to(self, limit: std::time::Duration) -> Self {
        Self { link: self.link.limited_to(limit), ..self }
    }

    /// Whether the driver has an answer of its own to a method that has a default.
    fn offers(&self, method: &str) -> bool {
        self.description.optional_methods.contains(method)
    }

    /// Those of all times on the array, newest first.
    async fn points(&self, group: &ArrayGroupName) -> Result<Vec<Seen<RecoveryPoint>>> {
        let mut points: Vec<Seen<RecoveryPoint>> =
            self.link.read("recovery_points", &json!({ "group": group })).await?;
        points.sort_by_key(|point| Reverse(point.value.created));
        Ok(points)
    }
}

impl fmt::Display for ForeignStorageDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.link.fmt(f)
    }
}

/// Only what another array made is accepted from it.
fn validate_image(group: &ArrayGroupName) -> Result<()> {
    match naming::parse_group_name(group)?.scope {
        GroupScope::Local => {
            Err(Error::invalid(format!("'{group}' is no image of a group of another array, nor in a pod")))
        }
        _ => Ok(()),
    }
}

// a method with a default body would else pass by the driver behind it
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl StorageDriver for ForeignStorageDriver {
    fn driver_name(&self) -> &str {
        &self.link.driver_name
    }

    fn capabilities(&self) -> Capabilities {
        self.description.capabilities
    }

    async fn info(&self) -> Result<ArrayInfo> {
        self.link.read("info", &json!({})).await
    }

    async fn peers(&self) -> Result<Vec<PeerArray>> {
        self.link.read("peers", &json!({})).await
    }

    async fn group(&self, name: &ArrayGroupName) -> Result<Option<Observed<ArrayGroup>>> {
        let found: Option<Seen<ArrayGroup>> = self.link.read("group", &json!({ "group": name })).await?;
        Ok(found.map(|seen| self.link.observed(seen.value, seen.observed_at)))
    }

    async fn recovery_points(&self, group: &ArrayGroupName) -> Result<Observed<Vec<RecoveryPoint>>> {
        let points = self.points(group).await?;
        // an array that shows none has not told its time either
        let seen = points.iter().map(|point| point.observed_at).max().unwrap_or_else(|| self.link.now());
        Ok(self.link.observed(points.into_iter().map(|point| point.value).collect(), seen))
    }

    async fn newest_complete(&self, group: &ArrayGroupName) -> Result<Option<Observed<RecoveryPoint>>> {
        let newest: Option<Seen<RecoveryPoint>> = if self.offers("newest_complete") {
            self.link.read("newest_complete", &json!({ "group": group })).await?
        } else {
            self.points(group).await?.into_iter().find(|point| point.value.is_usable())
        };
        if let Some(unfit) = newest.as_ref().filter(|point| !point.value.is_usable()) {
            return Err(Error::internal(format!(
                "{self}: newest_complete named '{}', which is not complete",
                unfit.value.name
            ))
            .remedy(DEFECT));
        }
        Ok(newest.map(|seen| self.link.observed(seen.value, seen.observed_at)))
    }

    async fn standby_groups(
        &self,
        groups: &BTreeSet<ArrayGroupName>,
    ) -> Result<Observed<BTreeMap<ArrayGroupName, StandbyGroup>>> {
        let ArrayInfo { name, endpoint_time, .. } = self.info().await?;
        let mut found = BTreeMap::new();
        if self.offers("standby_groups") {
            found = self.link.read("standby_groups", &json!({ "groups": groups })).await?;
        } else {
            for group in groups {
                found.insert(group.clone(), crate::ports::standby_group(self, &name, group).await?);
            }
        }
        if let Some(missing) = groups.iter().find(|group| !found.contains_key(*group)) {
            return Err(Error::internal(format!("{self}: standby_groups says nothing of '{missing}'")).remedy(DEFECT));
        }
        Ok(Observed { value: found, endpoint_time, at: self.link.now() })
    }

    async fn replication_status(&self, group: &ArrayGroupName) -> Result<Observed<ReplicationStatus>> {
        let status: Seen<ReplicationStatus> = self.link.read("replication_status", &json!({ "group": group })).await?;
        Ok(self.link.observed(status.value, status.observed_at))
    }

    async fn transfer_status(&self, point: &RecoveryPointName) -> Result<Transfer> {
        self.link.read("transfer_status", &json!({ "point": point })).await
    }

    async fn volumes(&self, query: &VolumeQuery) -> Result<Vec<ArrayVolume>> {
        self.link.read("volumes", &json!({ "query": query })).await
    }

    async fn preflight(&self, request: &CloneRequest) -> Result<Vec<PreflightFinding>> {
        self.link.read("preflight", &json!({ "request": request })).await
    }

    async fn ensure_group(&self, cx: &Cx, spec: &GroupSpec) -> Result<Outcome<ArrayGroup>> {
        cx.check(self.link.now())?;
        naming::validate_array_object_name("protection group", spec.name.as_str())?;
        self.link.change("ensure_group", cx, &json!({ "group": spec })).await
    }

    async fn ensure_members(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        members: &MemberSet,
    ) -> Result<Outcome<ArrayGroup>> {
        self.link.change("ensure_members", cx, &json!({ "group": group, "members": members })).await
    }

    async fn ensure_replication(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        replication: &ReplicationSpec,
    ) -> Result<Outcome<()>> {
        self.link.change("ensure_replication", cx, &json!({ "group": group, "replication": replication })).await
    }

    async fn accept_from_peer(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        owner: &ProtectionGroupId,
        allow: bool,
    ) -> Result<Outcome<()>> {
        cx.check(self.link.now())?;
        validate_image(group)?;
        let arguments = json!({ "group": group, "owner": owner, "allow": allow });
        self.link.change("accept_from_peer", cx, &arguments).await
    }

    async fn create_protection_group_snapshot(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        snapshot: &SnapshotRequest,
    ) -> Result<Outcome<RecoveryPoint>> {
        cx.check(self.link.now())?;
        naming::validate_suffix(&snapshot.suffix)?;
        let arguments = json!({ "group": group, "snapshot": snapshot });
        self.link.change("create_protection_group_snapshot", cx, &arguments).await
    }

    async fn clone_volumes(&self, cx: &Cx, request: &CloneRequest) -> Result<Outcome<Vec<ClonedVolume>>> {
        cx.check(self.link.now())?;
        naming::parse_recovery_point(&request.point)?;
        for name in request.volumes.values() {
            naming::validate_clone_name(name)?;
        }
        self.link.change("clone_volumes", cx, &json!({ "request": request })).await
    }

    async fn remove_clones(&self, cx: &Cx, made_by: &OpKey, volumes: &BTreeSet<ArrayVolumeId>) -> Result<Outcome<()>> {
        self.link.change("remove_clones", cx, &json!({ "made_by": made_by, "volumes": volumes })).await
    }

    async fn demote(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>> {
        self.link.change("demote", cx, &json!({ "group": group })).await
    }

    async fn promote(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>> {
        self.link.change("promote", cx, &json!({ "group": group })).await
    }

    async fn fence(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<FenceState>> {
        self.link.change("fence", cx, &json!({ "group": group })).await
    }

    async fn unfence(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<FenceState>> {
        self.link.change("unfence", cx, &json!({ "group": group })).await
    }

    async fn disable_replication(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<()>> {
        self.link.change("disable_replication", cx, &json!({ "group": group })).await
    }

    async fn retire_group(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        owner: &ProtectionGroupId,
        surviving: Option<&SurvivingRecoveryPoint>,
    ) -> Result<Outcome<()>> {
        let arguments = json!({ "group": group, "owner": owner, "surviving": surviving });
        self.link.change("retire_group", cx, &arguments).await
    }
}
