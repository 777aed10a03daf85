//! Targets and their permission, schedules, and how replication stands.

use super::PureStorageDriver;
use super::pods::pod_of;
use crate::model::{ArrayGroupName, ArrayName, ProtectionGroupId};
use crate::ports::{Cx, Outcome, PeerArray, ReplicationLink, ReplicationSpec, ReplicationStatus};
use crate::pure::requests::{arrays, groups, snapshots, targets};
use crate::pure::wire::{ArrayConnection, ProtectionGroup, SnapshotTransfer};
use crate::rules::{
    self,
    naming::{self, GroupScope},
};
use crate::{Error, ErrorKind, Result};
use std::time::Duration;

/// What an array takes as the interval of a schedule, in seconds: 5 minutes to 400 days (REST 2.37,
/// `replication_schedule.frequency`). Small models begin at 15 minutes and say so themselves.
pub(super) const INTERVAL_BOUNDS: (u32, u32) = (300, 34_560_000);

/// How long to wait before an image that does not show yet is looked for again.
const IMAGE_POLL: Duration = Duration::from_secs(1);

impl PureStorageDriver {
    pub(super) async fn connections(&self) -> Result<Vec<PeerArray>> {
        let found: Vec<ArrayConnection> = self.items(arrays::connections()).await?;
        let arrays = found.into_iter().filter(|connection| connection.kind.as_deref() != Some("fleet-management"));
        arrays
            .map(|connection| {
                let link = link_of(&connection);
                let id = connection.remote.id.or(connection.id);
                let id = id.ok_or_else(|| {
                    Error::internal(format!("array '{}' gave no id of array '{}'", self.host(), connection.name))
                })?;
                Ok(PeerArray { id: id.into(), name: connection.name.into(), link })
            })
            .collect()
    }

    async fn link_to(&self, other: &ArrayName) -> Result<Option<ReplicationLink>> {
        Ok(self.connections().await?.into_iter().find(|peer| peer.name == *other).map(|peer| peer.link))
    }

    pub(super) async fn ensure_replicated(
        &self,
        cx: &Cx,
        name: &ArrayGroupName,
        spec: &ReplicationSpec,
    ) -> Result<Outcome<()>> {
        if let Some(pod) = pod_of(name) {
            return self.ensure_stretched(cx, name, pod, &spec.target).await;
        }
        rules::check_schedule(spec.interval, INTERVAL_BOUNDS)
            .map_err(|e| e.context(format!("array '{}'", self.host())))?;
        let (group, _) = self.changeable(cx, name).await?;
        let targeted = self.ensure_target(name, &spec.target).await?;
        let rescheduled = group.scheduled_interval() != Some(spec.interval);
        if rescheduled {
            self.send(groups::set_replication(name, spec.interval, true)).await?;
        }
        Ok(if targeted || rescheduled { Outcome::Done(()) } else { Outcome::AlreadyDone(()) })
    }

    /// `true`: the target was added.
    async fn ensure_target(&self, name: &ArrayGroupName, target: &ArrayName) -> Result<bool> {
        if self.target_list(name).await?.contains_key(target) {
            return Ok(false);
        }
        if self.link_to(target).await? != Some(ReplicationLink::Connected) {
            let text = format!("array '{}' is not connected to array '{target}'", self.host());
            return Err(Error::precondition(text).remedy("connect the arrays: purearray connect"));
        }
        match self.send(targets::add(name, target)).await {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(true),
            other => other.map(|_| true),
        }
    }

    pub(super) async fn accept(
        &self,
        cx: &Cx,
        name: &ArrayGroupName,
        owner: &ProtectionGroupId,
        allow: bool,
    ) -> Result<Outcome<()>> {
        self.check(cx)?;
        match naming::parse_group_name(name)?.scope {
            GroupScope::Replica(_) => {}
            GroupScope::Pod(pod) => return self.accept_pod(cx, name, &pod, owner).await,
            GroupScope::Local => {
                return Err(Error::invalid(format!(
                    "'{name}' is no group of another array; array '{}' would show that as '<source array>:<group>'",
                    self.host()
                )));
            }
        }
        let (found, mut mark) = self.find_marked(name).await?;
        let Some(image) = found else { return Ok(Outcome::InProgress { poll_after: IMAGE_POLL }) };
        mark.refuse_older(cx, name, self.host())?;
        if image.is_destroyed() {
            return Err(self.pending(name));
        }
        if let Some(other) = image.owner(&mark).filter(|other| other != owner) {
            return Err(Error::conflict(format!(
                "'{name}' on array '{}' is the image of a group of '{other}', not of '{owner}'",
                self.host()
            )));
        }
        if mark.owner.as_ref() != Some(owner) || cx.epoch > mark.epoch {
            mark = super::mark::Mark { owner: Some(owner.clone()), epoch: cx.epoch, ..Default::default() };
            self.write_mark(name, &mark).await?;
        }
        if self.own_permission(name).await? == Some(allow) {
            return Ok(Outcome::AlreadyDone(()));
        }
        match self.send(targets::allow(name, allow)).await {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(Outcome::AlreadyDone(())),
            other => other.map(|_| Outcome::Done(())),
        }
    }

    /// On the target: what this array allows. It is the one target that an image shows.
    async fn own_permission(&self, image: &ArrayGroupName) -> Result<Option<bool>> {
        let shown = self.target_list(image).await?;
        let own = self.identity().await?.name;
        Ok(shown.get(&own).or_else(|| shown.values().next().filter(|_| shown.len() == 1)).copied())
    }

    pub(super) async fn disable(&self, cx: &Cx, name: &ArrayGroupName) -> Result<Outcome<()>> {
        let (group, _) = self.changeable(cx, name).await?;
        if group.replication_schedule.enabled == Some(false) {
            return Ok(Outcome::AlreadyDone(()));
        }
        self.send(groups::enable_replication(name, false)).await?;
        Ok(Outcome::Done(()))
    }

    pub(super) async fn status(&self, name: &ArrayGroupName) -> Result<ReplicationStatus> {
        let group = self.find_group(name).await?.ok_or_else(|| self.missing(name))?;
        if let Some(pod) = pod_of(name) {
            return self.pod_replication(&group, pod).await;
        }
        let (targets, connections, transfers) =
            futures::try_join!(self.target_list(name), self.connections(), self.transfers_of(name))?;
        let newest = match newest_complete(&transfers) {
            Some(transfer) => self.point_of_transfer(name, transfer).await?,
            None => None,
        };
        let other =
            if group.is_image() { group.source.name.as_deref() } else { targets.keys().next().map(ArrayName::as_str) };
        let link = other.map_or(ReplicationLink::Unknown, |other| {
            let known = connections.iter().find(|peer| peer.name.as_str() == other);
            known.map_or(ReplicationLink::Disconnected, |peer| peer.link)
        });
        Ok(ReplicationStatus {
            link,
            enabled: group.replication_schedule.enabled == Some(true),
            allowed: self.permission(&group, &targets, link),
            newest_complete: newest,
            in_transfer: in_transfer(&transfers),
            pod: None,
        })
    }

    /// The flag is kept on the target, so the source knows it only while it can ask.
    fn permission(
        &self,
        group: &ProtectionGroup,
        targets: &std::collections::BTreeMap<ArrayName, bool>,
        link: ReplicationLink,
    ) -> Option<bool> {
        let knows = group.is_image() || link == ReplicationLink::Connected;
        targets.values().next().copied().filter(|_| knows)
    }

    /// Transfers of a group's snapshots that are not destroyed: to this array for an image, from it for a local group.
    pub(super) async fn transfers_of(&self, name: &ArrayGroupName) -> Result<Vec<SnapshotTransfer>> {
        let found = self.items(snapshots::transfers_of_group(name)).await;
        Ok(super::groups::or_missing(found)?.unwrap_or_default())
    }
}

/// The transfer that is complete and began last.
pub(super) fn newest_complete(transfers: &[SnapshotTransfer]) -> Option<&SnapshotTransfer> {
    let complete = transfers.iter().filter(|transfer| transfer.is_complete() && transfer.destroyed != Some(true));
    complete.max_by(|one, other| one.started.cmp(&other.started).then_with(|| one.name.cmp(&other.name)))
}

fn in_transfer(transfers: &[SnapshotTransfer]) -> u32 {
    let under_way = transfers.iter().filter(|transfer| transfer.started.is_some() && !transfer.is_complete()).count();
    u32::try_from(under_way).unwrap_or(u32::MAX)
}

/// `connecting` is the word while there is no connection, `unbalanced` while some paths are missing (facts of REST 2.37).
fn link_of(connection: &ArrayConnection) -> ReplicationLink {
    match connection.status.as_deref() {
        Some("connected") => ReplicationLink::Connected,
        Some("partially_connected" | "unbalanced") => ReplicationLink::PartiallyConnected,
        Some("connecting" | "disconnected") => ReplicationLink::Disconnected,
        _ => ReplicationLink::Unknown,
    }
}

#[cfg(test)]
mod tests;
