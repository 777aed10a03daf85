//! Which protection groups volumes are in, and which they join when they are made.

use super::{ArrayTx, Reference};
use crate::Result;
use crate::mock::array::groups;
use rusqlite::{Row, params};

/// A protection group, as far as a volume has to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectionRow {
    /// The group.
    pub group: Reference,
    /// Id of the pod it is in.
    pub pod_id: Option<String>,
    /// Whether it is the replica of a group of another array, whose members nobody changes here.
    pub replica: bool,
    /// Whether it waits for eradication.
    pub destroyed: bool,
    /// Whether it holds on to what is in it.
    pub retention_locked: bool,
}

const SELECT: &str = "SELECT g.id, g.name, g.pod_id, g.source_group_id IS NOT NULL, g.destroyed_ms IS NOT NULL,
        g.retention_locked
    FROM protection_groups AS g JOIN protection_groups_on AS seen ON seen.group_id = g.id AND seen.on_array_id = ?1";

fn read(row: &Row<'_>) -> rusqlite::Result<ProtectionRow> {
    Ok(ProtectionRow {
        group: Reference { id: row.get(0)?, name: row.get(1)? },
        pod_id: row.get(2)?,
        replica: row.get(3)?,
        destroyed: row.get(4)?,
        retention_locked: row.get(5)?,
    })
}

impl ArrayTx<'_> {
    /// The protection group of this name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn protection(&self, name: &str) -> Result<Option<ProtectionRow>> {
        let sql = format!("{SELECT} WHERE g.name = ?2 COLLATE NOCASE AND g.visible_ms <= ?3");
        self.tx.first(&sql, params![self.array.id, name, self.tx.now_ms], read)
    }

    /// The protection group with this id.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn protection_by_id(&self, id: &str) -> Result<Option<ProtectionRow>> {
        let sql = format!("{SELECT} WHERE g.id = ?2 AND g.visible_ms <= ?3");
        self.tx.first(&sql, params![self.array.id, id, self.tx.now_ms], read)
    }

    /// The protection groups that a volume is a member of, by name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn protections_of_volume(&self, volume_id: &str) -> Result<Vec<ProtectionRow>> {
        let sql = format!(
            "{SELECT} JOIN protection_group_volumes AS m ON m.group_id = g.id WHERE m.volume_id = ?2 ORDER BY g.name"
        );
        self.tx.all(&sql, [&self.array.id, volume_id], read)
    }

    /// Makes a volume a member of a protection group; `false`: it was one.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn protect_volume(&self, group_id: &str, volume_id: &str) -> Result<bool> {
        groups::add_member(self.tx, group_id, volume_id)
    }

    /// Takes a volume out of a protection group.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn unprotect_volume(&self, group_id: &str, volume_id: &str) -> Result<()> {
        groups::remove_member(self.tx, group_id, volume_id)
    }

    /// The groups that a new volume joins on the array itself (`None`) or in a pod, by name. Destroyed ones are left out.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn default_protections(&self, pod_id: Option<&str>) -> Result<Vec<ProtectionRow>> {
        let sql = format!(
            "{SELECT} JOIN default_protections AS d ON d.group_id = g.id
             WHERE (d.pod_id = ?2 OR d.pod_id IS NULL AND ?2 IS NULL AND d.array_id = ?1) AND g.destroyed_ms IS NULL
             ORDER BY g.name"
        );
        self.tx.all(&sql, params![self.array.id, pod_id], read)
    }

    /// Sets which groups a new volume joins on the array itself (`None`) or in a pod.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn set_default_protections(&self, pod_id: Option<&str>, group_ids: &[String]) -> Result<()> {
        self.tx.execute(
            "DELETE FROM default_protections WHERE pod_id = ?2 OR pod_id IS NULL AND ?2 IS NULL AND array_id = ?1",
            params![self.array.id, pod_id],
        )?;
        for group_id in group_ids {
            let sql = "INSERT INTO default_protections (array_id, pod_id, group_id) VALUES (?1, ?2, ?3)";
            self.tx.execute(sql, params![self.array.id, pod_id, group_id])?;
        }
        Ok(())
    }
}
