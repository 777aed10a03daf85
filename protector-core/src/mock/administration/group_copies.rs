//! All volumes of a protection group, copied out of one of its snapshots.

use super::{ArrayTx, GroupSnapshotRow, ProtectionGroupRow};
use crate::mock::array::{groups, pods, snapshots, volumes};
use crate::mock::tx::{signed, unsigned};
use crate::{Error, Result};
use rusqlite::params;

/// A volume as a snapshot holds it.
struct Held {
    name: String,
    provisioned: u64,
    content: u64,
}

impl ArrayTx<'_> {
    /// Makes the volumes of a snapshot anew, under their names on the source and in the pod that `name` begins with, and a
    /// group `name` that has them. Of a replica that has not arrived, they hold what has.
    ///
    /// # Errors
    /// the name of the group or of a volume is taken → `AlreadyExists`; no such pod → `NotFound`.
    pub fn copy_to_new_protection_group(&self, snapshot: &GroupSnapshotRow, name: &str) -> Result<()> {
        self.create_protection_group(name)?;
        let group = self.protection_group(name)?;
        let group = group.ok_or_else(|| Error::internal(format!("group '{name}' got lost")))?;
        let pod = pods::split(&group.name).map(|(pod, _)| pod.to_owned());
        for held in self.held(snapshot)? {
            let volume = pod.as_ref().map_or_else(|| held.name.clone(), |pod| format!("{pod}::{}", held.name));
            if volumes::by_name(self.tx, &self.array.id, &volume)?.is_some() {
                let text = format!("array '{}' has a volume '{volume}' already", self.array.name);
                return Err(Error::already_exists(text));
            }
            let id = volumes::create(self.tx, &self.array, &volume, held.provisioned, held.content)?;
            let pod_id = group.pod.as_ref().and_then(|pod| pod.id.as_ref());
            self.tx.execute(
                "UPDATE volumes SET source = ?2, pod_id = ?3 WHERE id = ?1",
                params![id, snapshot.volume_name(&held.name), pod_id],
            )?;
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
        let held = self.held(snapshot)?;
        let mut members = volumes::of_group(self.tx, &group.id)?;
        let bare = |name: &str| pods::split(name).map_or(name, |(_, volume)| volume).to_owned();
        members.sort_by_key(|member| bare(&member.name));
        if !held.iter().map(|held| held.name.clone()).eq(members.iter().map(|member| bare(&member.name))) {
            let text = format!("snapshot '{}' has other volumes than group '{}'", snapshot.name, group.name);
            return Err(Error::invalid(text));
        }
        for (held, member) in held.into_iter().zip(members) {
            self.tx.execute(
                "UPDATE volumes SET provisioned = ?2, content = ?3, source = ?4 WHERE id = ?1",
                params![member.id, signed(held.provisioned)?, signed(held.content)?, snapshot.volume_name(&held.name)],
            )?;
        }
        Ok(())
    }

    /// The volumes in a snapshot by name, with as much content as this array has of it.
    fn held(&self, snapshot: &GroupSnapshotRow) -> Result<Vec<Held>> {
        let arrived = snapshots::arrived_per_mille(self.tx, &snapshot.id)?;
        self.tx.all(
            "SELECT volume_name, provisioned, content FROM snapshot_volumes WHERE snapshot_id = ?1 ORDER BY volume_name",
            [&snapshot.id],
            |row| {
                let content = unsigned(row.get(2)?) * arrived / 1000;
                Ok(Held { name: row.get(0)?, provisioned: unsigned(row.get(1)?), content })
            },
        )
    }
}
