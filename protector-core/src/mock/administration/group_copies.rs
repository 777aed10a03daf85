//! All volumes of a protection group, copied out of one of its snapshots.

use super::{ArrayTx, CopySource, GroupSnapshotRow, ProtectionGroupRow};
use crate::mock::array::{groups, pods, volumes};
use crate::{Error, Result};

impl ArrayTx<'_> {
    /// Makes the volumes of a snapshot anew, under their names on the source and in the pod that `name` begins with, and a
    /// group `name` that has them. Of a replica that has not arrived, they hold what has.
    ///
    /// # Errors
    /// the name of the group or of a volume is taken → `AlreadyExists`; no such pod → `NotFound`; the pod takes no
    /// changes → `Precondition`; it has not that many bytes left → `LimitReached`.
    pub fn copy_to_new_protection_group(&self, snapshot: &GroupSnapshotRow, name: &str) -> Result<()> {
        self.create_protection_group(name)?;
        let group = self.protection_group(name)?;
        let group = group.ok_or_else(|| Error::internal(format!("group '{name}' got lost")))?;
        let pod_id = group.pod.as_ref().and_then(|pod| pod.id.as_deref());
        for volume in self.volumes_of_group_snapshot(snapshot)? {
            let source = self.copy_source_in(snapshot, &volume)?;
            if let Some(pod_id) = pod_id {
                self.check_pod_quota(pod_id, source.provisioned)?;
            }
            let copy = match &group.pod {
                Some(pod) => format!("{}::{volume}", pod.name),
                None => volume,
            };
            let id = self.copy_volume(&source, &copy, pod_id, None)?;
            groups::add_member(self.tx, &group.id, &id)?;
        }
        Ok(())
    }

    /// Sets every volume of a group back to what a snapshot holds.
    ///
    /// # Errors
    /// the group has other volumes than the snapshot → `InvalidRequest`; its pod takes no changes → `Precondition`.
    pub fn overwrite_protection_group(&self, snapshot: &GroupSnapshotRow, group: &ProtectionGroupRow) -> Result<()> {
        if let Some(pod_id) = group.pod.as_ref().and_then(|pod| pod.id.as_ref()) {
            self.check_pod_open(pod_id)?;
        }
        let bare = |name: &str| pods::split(name).map_or(name, |(_, volume)| volume).to_owned();
        let mut members: Vec<(String, String)> = volumes::of_group(self.tx, &self.array.id, &group.id)?
            .into_iter()
            .map(|member| (bare(&member.name), member.name))
            .collect();
        members.sort();
        let held = self.volumes_of_group_snapshot(snapshot)?;
        if !held.iter().eq(members.iter().map(|(bare, _)| bare)) {
            let text = format!("snapshot '{}' has other volumes than group '{}'", snapshot.name, group.name);
            return Err(Error::invalid(text));
        }
        for (bare, name) in members {
            let gone = || Error::internal(format!("volume '{name}' got lost"));
            let volume = self.volume(&name)?.ok_or_else(gone)?;
            self.overwrite_volume(&volume, &self.copy_source_in(snapshot, &bare)?)?;
        }
        Ok(())
    }

    /// The volumes in a snapshot by name, without a pod.
    fn volumes_of_group_snapshot(&self, snapshot: &GroupSnapshotRow) -> Result<Vec<String>> {
        let sql = "SELECT volume_name FROM snapshot_volumes WHERE snapshot_id = ?1 ORDER BY volume_name";
        self.tx.all(sql, [&snapshot.id], |row| row.get(0))
    }

    fn copy_source_in(&self, snapshot: &GroupSnapshotRow, volume: &str) -> Result<CopySource> {
        let name = format!("{}.{volume}", snapshot.name);
        self.copy_source(&name)?.ok_or_else(|| Error::internal(format!("snapshot '{name}' got lost")))
    }
}
