//! Which volumes are in which protection group.

use super::{ArrayTx, ProtectionGroupRow, Reference};
use crate::mock::array::{groups, volumes};
use crate::{Error, Result};

/// A volume in a group of this array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMemberRow {
    /// The group.
    pub group: Reference,
    /// The volume.
    pub volume: Reference,
    /// Whether the volume is destroyed.
    pub destroyed: bool,
}

impl ArrayTx<'_> {
    /// Every volume in a group of this array, by group and volume. Images have no members of their own.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn protection_group_members(&self) -> Result<Vec<GroupMemberRow>> {
        self.tx.all(
            "SELECT g.id, g.name, volumes.id, volumes.name, volumes.destroyed_ms IS NOT NULL
             FROM protection_groups_on AS here
             JOIN protection_groups AS g ON g.id = here.group_id
             JOIN protection_group_volumes AS member ON member.group_id = g.id
             JOIN volumes ON volumes.id = member.volume_id
             WHERE on_array_id = ?1 ORDER BY g.name, volumes.name",
            [&self.array.id],
            |row| {
                Ok(GroupMemberRow {
                    group: Reference { id: row.get(0)?, name: row.get(1)? },
                    volume: Reference { id: row.get(2)?, name: row.get(3)? },
                    destroyed: row.get(4)?,
                })
            },
        )
    }

    /// The volume of this name that this array shows, and whether it is destroyed.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn protection_group_candidate(&self, name: &str) -> Result<Option<(Reference, bool)>> {
        let found = volumes::by_name(self.tx, &self.array.id, name)?;
        Ok(found.map(|volume| (Reference { id: Some(volume.id), name: volume.name }, volume.destroyed)))
    }

    /// The name of the volume with this id that this array shows.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn protection_group_candidate_name(&self, id: &str) -> Result<Option<String>> {
        Ok(volumes::by_id(self.tx, &self.array.id, id)?.map(|volume| volume.name))
    }

    /// Adds a volume to a group; `false` if it is in it already.
    ///
    /// # Errors
    /// no such volume → `NotFound`; destroyed → `PendingEradication`; the group is an image, or one of them is in another
    /// pod → `InvalidRequest`; the pod takes no changes → `Precondition`.
    pub fn add_protection_group_member(&self, group: &ProtectionGroupRow, volume: &str) -> Result<bool> {
        let found = volumes::by_name(self.tx, &self.array.id, volume)?
            .ok_or_else(|| Error::not_found(format!("array '{}' has no volume '{volume}'", self.array.name)))?;
        if found.destroyed {
            let text = format!("volume '{volume}' on array '{}' is destroyed", self.array.name);
            return Err(Error::new(crate::ErrorKind::PendingEradication, text));
        }
        let pod_id = group.pod.as_ref().and_then(|pod| pod.id.as_ref());
        if !group.is_local || found.pod_id.as_ref() != pod_id {
            let text = format!("volume '{volume}' and protection group '{}' are not in the same place", group.name);
            return Err(Error::invalid(text));
        }
        if let Some(pod_id) = pod_id {
            self.check_pod_open(pod_id)?;
        }
        groups::add_member(self.tx, &group.id, &found.id)
    }

    /// Takes a volume out of a group; `false` if it is not in it. The volume and its snapshots stay.
    ///
    /// # Errors
    /// the pod of the group takes no changes → `Precondition`.
    pub fn remove_protection_group_member(&self, group: &ProtectionGroupRow, volume: &str) -> Result<bool> {
        if let Some(pod_id) = group.pod.as_ref().and_then(|pod| pod.id.as_ref()) {
            self.check_pod_open(pod_id)?;
        }
        let Some(found) = volumes::by_name(self.tx, &self.array.id, volume)? else { return Ok(false) };
        let sql = "DELETE FROM protection_group_volumes WHERE group_id = ?1 AND volume_id = ?2";
        Ok(self.tx.execute(sql, [&group.id, &found.id])? > 0)
    }
}
