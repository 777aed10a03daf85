//! What this array could start many groups from, out of lists of the whole array.
//!
//! Transfers come newest first, and no more of them than until each group was seen: groups that are replicated on schedule
//! are all among the newest. What a recovery point holds is asked for many of them at once.

use super::PureStorageDriver;
use super::pods::{pod_of, state};
use super::snapshots::{is_replica, progress};
use crate::Result;
use crate::model::{ArrayGroupName, ArrayVolumeName, RecoveryPoint, RecoveryPointName};
use crate::ports::StandbyGroup;
use crate::pure::request::batches;
use crate::pure::requests::{members, pods, snapshots};
use crate::pure::wire::{GroupMember, Pod, SnapshotTransfer, VolumeSnapshot};
use crate::rules::naming;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Most recovery points whose volumes are asked for at once: their volumes fill pages anyway.
const POINTS_AT_ONCE: usize = 100;

type Standby = BTreeMap<ArrayGroupName, StandbyGroup>;

/// What a recovery point holds, with the instant of its data.
type Held = BTreeMap<RecoveryPointName, (Timestamp, Vec<ArrayVolumeName>)>;

impl PureStorageDriver {
    pub(super) async fn standby_of(&self, groups: &BTreeSet<ArrayGroupName>) -> Result<Standby> {
        let mut found: Standby = groups.iter().map(|group| (group.clone(), StandbyGroup::default())).collect();
        let (in_pods, plain): (Vec<_>, Vec<_>) = groups.iter().partition(|group| pod_of(group).is_some());
        let mut replicas = BTreeSet::new();
        for group in plain {
            if is_replica(group)? {
                replicas.insert(group);
            } else if let Some(standby) = found.get_mut(group) {
                standby.newest_complete = self.newest_point(group).await?;
            }
        }
        if !replicas.is_empty() {
            self.newest_of_replicas(&replicas, &mut found).await?;
        }
        if !in_pods.is_empty() {
            self.parts_of_pods(&in_pods, &mut found).await?;
        }
        Ok(found)
    }

    async fn newest_of_replicas(&self, groups: &BTreeSet<&ArrayGroupName>, found: &mut Standby) -> Result<()> {
        let enough = |seen: &[SnapshotTransfer]| newest_by_group(seen, groups).len() == groups.len();
        let transfers = self.client.items_until(&snapshots::complete_transfers(), None, enough).await?;
        let newest = newest_by_group(&transfers, groups);
        let points: Vec<RecoveryPointName> = newest.values().map(|transfer| transfer.name.as_str().into()).collect();
        let mut held = self.volumes_of_points(&points).await?;
        for (group, transfer) in newest {
            let name = RecoveryPointName::from(transfer.name.as_str());
            // nothing in it: it is gone by now
            let Some((created, mut volumes)) = held.remove(&name) else { continue };
            volumes.sort();
            let transfer = progress(Some(transfer));
            let point = RecoveryPoint { name, group: group.clone(), created, transfer, volumes, destroyed: false };
            if let Some(standby) = found.get_mut(&group) {
                standby.newest_complete = Some(point);
            }
        }
        Ok(())
    }

    async fn volumes_of_points(&self, points: &[RecoveryPointName]) -> Result<Held> {
        let conditions: Vec<String> = points.iter().map(snapshots::is_volume_of).collect();
        let asked = batches(&conditions, POINTS_AT_ONCE.min(self.batch_size())).into_iter();
        let answers = asked.map(|piece| self.items::<VolumeSnapshot>(snapshots::volumes_where(piece)));
        let mut held = Held::new();
        for snapshot in futures::future::try_join_all(answers).await?.into_iter().flatten() {
            let found = naming::parse_volume_snapshot(&snapshot.name).zip(snapshot.created);
            let Some(((point, member), created)) = found else { continue };
            let (earliest, volumes) = held.entry(point).or_insert((created, Vec::new()));
            *earliest = created.min(*earliest);
            volumes.push(member);
        }
        Ok(held)
    }

    async fn parts_of_pods(&self, groups: &[&ArrayGroupName], found: &mut Standby) -> Result<()> {
        let (own, pods, members) = futures::try_join!(
            self.identity(),
            self.items::<Pod>(pods::all()),
            self.items::<GroupMember>(members::all())
        )?;
        let part = |pod: &Pod| {
            let own = pod.arrays.iter().find(|array| array.name.as_deref() == Some(own.name.as_str()));
            own.map(state)
        };
        let parts: BTreeMap<&str, _> = pods.iter().map(|pod| (pod.name.as_str(), part(pod))).collect();
        for member in &members {
            let Some((group, volume)) = member.group.name.as_deref().zip(member.member.name.as_deref()) else {
                continue;
            };
            let group = ArrayGroupName::from(group);
            if let Some(standby) = found.get_mut(&group).filter(|_| pod_of(&group).is_some()) {
                standby.volumes.insert(naming::source_volume_name(&group, volume));
            }
        }
        for group in groups {
            if let Some(standby) = found.get_mut(*group).filter(|standby| !standby.volumes.is_empty()) {
                standby.pod = pod_of(group).and_then(|pod| parts.get(pod).copied().flatten());
            }
        }
        Ok(())
    }
}

/// Of each of these groups the complete transfer that began last.
fn newest_by_group<'a>(
    transfers: &'a [SnapshotTransfer],
    groups: &BTreeSet<&ArrayGroupName>,
) -> BTreeMap<ArrayGroupName, &'a SnapshotTransfer> {
    let mut newest: BTreeMap<ArrayGroupName, &SnapshotTransfer> = BTreeMap::new();
    for transfer in transfers.iter().filter(|t| t.is_complete() && t.destroyed != Some(true)) {
        let Ok((group, _)) = naming::parse_recovery_point(&transfer.name.as_str().into()) else { continue };
        if groups.contains(&group) {
            let present = newest.entry(group).or_insert(transfer);
            if (present.started, &present.name) < (transfer.started, &transfer.name) {
                *present = transfer;
            }
        }
    }
    newest
}
