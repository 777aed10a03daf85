//! Recovery points: snapshots of groups, and how far they have come.

use super::PureStorageDriver;
use super::groups::or_missing;
use super::replication::newest_complete;
use crate::model::{ArrayGroupName, ArrayVolumeName, RecoveryPoint, RecoveryPointName, Transfer};
use crate::ports::{Cx, Outcome, SnapshotRequest};
use crate::pure::requests::snapshots::{self, NewSnapshot};
use crate::pure::wire::{GroupSnapshot, SnapshotTransfer, VolumeSnapshot};
use crate::rules::naming::{self, GroupScope};
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeMap;

/// What a transfer says. Without one, a local snapshot is complete where it is, and a replica is in an unknown state.
pub(super) fn progress(transfer: Option<&SnapshotTransfer>) -> Transfer {
    let Some(transfer) = transfer else { return Transfer::Unknown };
    match (transfer.completed, transfer.progress) {
        (Some(at), _) if transfer.is_complete() => Transfer::Completed { at },
        (_, Some(progress)) => {
            let percent = (progress * 100.0).clamp(0.0, 99.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=99")]
            let percent = percent as u8;
            Transfer::InProgress { percent }
        }
        _ => Transfer::Unknown,
    }
}

pub(super) fn is_replica(group: &ArrayGroupName) -> Result<bool> {
    Ok(matches!(naming::parse_group_name(group)?.scope, GroupScope::Replica(_)))
}

impl PureStorageDriver {
    pub(super) async fn list_points(&self, group: &ArrayGroupName) -> Result<Vec<RecoveryPoint>> {
        let replica = is_replica(group)?;
        let snapshots = async {
            let found = self.items::<GroupSnapshot>(snapshots::all_of_group(group)).await;
            Ok(or_missing(found)?.unwrap_or_default())
        };
        let transfers = async { if replica { self.transfers_of(group).await } else { Ok(Vec::new()) } };
        let volumes = async { self.items::<VolumeSnapshot>(snapshots::volumes_of_group(group)).await };
        let (snapshots, transfers, volumes, local) =
            futures::try_join!(snapshots, transfers, volumes, self.local_transfer(group))?;
        let transfers: BTreeMap<&str, &SnapshotTransfer> = transfers.iter().map(|t| (t.name.as_str(), t)).collect();
        let mut members: BTreeMap<RecoveryPointName, Vec<ArrayVolumeName>> = BTreeMap::new();
        for (point, member) in volumes.iter().filter_map(|volume| naming::parse_volume_snapshot(&volume.name)) {
            members.entry(point).or_default().push(member);
        }
        let mut points = Vec::new();
        for snapshot in snapshots {
            let name = RecoveryPointName::from(snapshot.name.as_str());
            let transfer = if replica { progress(transfers.get(snapshot.name.as_str()).copied()) } else { local };
            let mut volumes = members.remove(&name).unwrap_or_default();
            volumes.sort();
            points.push(self.point(group, &snapshot, transfer, volumes)?);
        }
        points.sort_by(|one, other| other.created.cmp(&one.created).then_with(|| other.name.cmp(&one.name)));
        Ok(points)
    }

    fn point(
        &self,
        group: &ArrayGroupName,
        snapshot: &GroupSnapshot,
        transfer: Transfer,
        volumes: Vec<ArrayVolumeName>,
    ) -> Result<RecoveryPoint> {
        let created = snapshot.created.ok_or_else(|| {
            Error::internal(format!("array '{}' did not say when '{}' was taken", self.host(), snapshot.name))
        })?;
        Ok(RecoveryPoint {
            name: snapshot.name.as_str().into(),
            group: group.clone(),
            created,
            transfer,
            volumes,
            destroyed: snapshot.destroyed == Some(true),
        })
    }

    /// The newest complete recovery point in two requests: the transfers of the group, and the volumes of one of them.
    pub(super) async fn newest_point(&self, group: &ArrayGroupName) -> Result<Option<RecoveryPoint>> {
        if !is_replica(group)? {
            return Ok(self.list_points(group).await?.into_iter().find(RecoveryPoint::is_usable));
        }
        let transfers = self.transfers_of(group).await?;
        match newest_complete(&transfers) {
            Some(transfer) => self.point_of_transfer(group, transfer).await,
            None => Ok(None),
        }
    }

    /// A recovery point whose transfer is complete. The instant of its data is that of its volumes' snapshots. `None`: it is
    /// gone by now.
    pub(super) async fn point_of_transfer(
        &self,
        group: &ArrayGroupName,
        transfer: &SnapshotTransfer,
    ) -> Result<Option<RecoveryPoint>> {
        let name = RecoveryPointName::from(transfer.name.as_str());
        let found: Vec<VolumeSnapshot> = self.items(snapshots::volumes_of(&name)).await?;
        let Some(created) = found.iter().filter_map(|volume| volume.created).min() else { return Ok(None) };
        let mut volumes: Vec<_> = found.iter().filter_map(|v| naming::snapshot_member(&name, &v.name)).collect();
        volumes.sort();
        let transfer = if is_replica(group)? { progress(Some(transfer)) } else { Transfer::Local };
        if matches!(transfer, Transfer::Completed { .. }) {
            self.complete.note(&name, std::time::Instant::now());
        }
        Ok(Some(RecoveryPoint { name, group: group.clone(), created, transfer, volumes, destroyed: false }))
    }

    /// How far a recovery point has come; `None`: the array has not heard of it.
    pub(super) async fn progress_of(&self, name: &RecoveryPointName) -> Result<Option<Transfer>> {
        let (group, _) = naming::parse_recovery_point(name)?;
        if !is_replica(&group)? {
            let found: Option<Vec<GroupSnapshot>> =
                or_missing(self.items(snapshots::named(std::slice::from_ref(name))).await)?;
            if found.is_none_or(|found| found.is_empty()) {
                return Ok(None);
            }
            return self.local_transfer(&group).await.map(Some);
        }
        let found: Option<Vec<SnapshotTransfer>> =
            or_missing(self.items(snapshots::transfers(std::slice::from_ref(name))).await)?;
        let transfer = found.and_then(|found| found.into_iter().find(|transfer| transfer.name == name.as_str()));
        let progress = transfer.map(|transfer| progress(Some(&transfer)));
        if matches!(progress, Some(Transfer::Completed { .. })) {
            self.complete.note(name, std::time::Instant::now());
        }
        Ok(progress)
    }

    pub(super) fn no_point(&self, point: &RecoveryPointName) -> Error {
        Error::not_found(format!("array '{}' has no recovery point '{point}' (yet)", self.host()))
    }

    pub(super) async fn take_snapshot(
        &self,
        cx: &Cx,
        group: &ArrayGroupName,
        request: &SnapshotRequest,
    ) -> Result<Outcome<RecoveryPoint>> {
        naming::validate_suffix(&request.suffix)?;
        self.changeable(cx, group).await?;
        let name = naming::recovery_point_name(group, &request.suffix);
        if let Some(present) = self.taken(group, &name).await? {
            if present.destroyed {
                let text = format!("snapshot '{name}' on array '{}' is destroyed", self.host());
                return Err(Error::new(ErrorKind::PendingEradication, text).remedy("choose another suffix"));
            }
            return Ok(Outcome::AlreadyDone(present));
        }
        let lacks = |what: &str| Error::precondition(format!("group '{group}' on array '{}' {what}", self.host()));
        if self.member_names(group).await?.is_empty() {
            return Err(lacks("has no members to take a snapshot of"));
        }
        if request.replicate_now {
            let targets = self.snapshot_targets(group).await?;
            if !targets.values().any(|allowed| *allowed) {
                let names: Vec<String> = targets.keys().map(|name| format!("'{name}'")).collect();
                let remedy = match names.as_slice() {
                    [] => "add a target: purepgroup setattr --targetlist".to_owned(),
                    names => format!("on {}: purepgroup allow {group}", names.join(" or ")),
                };
                return Err(lacks("has no target that allows replication").remedy(remedy));
            }
        }
        // subject to the array's own retention, or snapshots of operations would pile up for ever
        let new = NewSnapshot {
            group,
            suffix: &request.suffix,
            replicate_now: request.replicate_now,
            apply_retention: request.replicate_now,
        };
        self.send(snapshots::create(new)).await?;
        let taken = self.taken(group, &name).await?;
        taken.map(Outcome::Done).ok_or_else(|| Error::internal(format!("snapshot '{name}' got lost")))
    }

    async fn taken(&self, group: &ArrayGroupName, name: &RecoveryPointName) -> Result<Option<RecoveryPoint>> {
        let found: Option<Vec<GroupSnapshot>> =
            or_missing(self.items(snapshots::named(std::slice::from_ref(name))).await)?;
        let Some(snapshot) = found.and_then(|found| found.into_iter().find(|snapshot| snapshot.name == name.as_str()))
        else {
            return Ok(None);
        };
        let volumes: Vec<VolumeSnapshot> = self.items(snapshots::volumes_of(name)).await?;
        let mut volumes: Vec<_> = volumes.iter().filter_map(|v| naming::snapshot_member(name, &v.name)).collect();
        volumes.sort();
        self.point(group, &snapshot, Transfer::Local, volumes).map(Some)
    }
}

#[cfg(test)]
mod tests;
