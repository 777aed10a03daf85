//! Volume groups.

use super::volumes::WRITTEN;
use super::{ArrayTx, Limits, Reference};
use crate::mock::tx::unsigned;
use crate::{Error, Result};
use rusqlite::{Row, params};

/// A volume group, destroyed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeGroupRow {
    /// UUID.
    pub id: String,
    /// `group`, or `pod::group`.
    pub name: String,
    /// Since when it waits for eradication, milliseconds since 1970.
    pub destroyed_ms: Option<i64>,
    /// The pod it is in.
    pub pod: Option<Reference>,
    /// How many volumes are in it that are not destroyed.
    pub volumes: u64,
    /// Bytes of these.
    pub provisioned: u64,
    /// Bytes that hosts have written to these.
    pub written: u64,
    /// How many volumes are in it, destroyed or not.
    pub all_volumes: u64,
    /// Limits of its traffic.
    pub limits: Limits,
}

const VISIBLE: &str = "CASE WHEN volume_groups.pod_id IS NULL THEN volume_groups.array_id = ?1
    ELSE EXISTS (SELECT 1 FROM pod_arrays
                 WHERE pod_arrays.pod_id = volume_groups.pod_id AND pod_arrays.array_id = ?1) END";

fn select() -> String {
    format!(
        "SELECT volume_groups.id, volume_groups.name, volume_groups.destroyed_ms, pods.id, pods.name,
        (SELECT count(*) FROM volumes WHERE volume_group_id = volume_groups.id AND volumes.destroyed_ms IS NULL),
        (SELECT COALESCE(sum(provisioned), 0) FROM volumes
         WHERE volume_group_id = volume_groups.id AND volumes.destroyed_ms IS NULL),
        (SELECT count(*) FROM volumes WHERE volume_group_id = volume_groups.id),
        bandwidth_limit, iops_limit, priority_operator, priority_value,
        (SELECT COALESCE(sum({WRITTEN}), 0) FROM volumes
         WHERE volume_group_id = volume_groups.id AND volumes.destroyed_ms IS NULL)
    FROM volume_groups LEFT JOIN pods ON pods.id = volume_groups.pod_id"
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<VolumeGroupRow> {
    Ok(VolumeGroupRow {
        id: row.get(0)?,
        name: row.get(1)?,
        destroyed_ms: row.get(2)?,
        pod: Reference::read(row, 3)?,
        volumes: unsigned(row.get(5)?),
        provisioned: unsigned(row.get(6)?),
        all_volumes: unsigned(row.get(7)?),
        limits: Limits::read(row, 8)?,
        written: unsigned(row.get(12)?),
    })
}

impl ArrayTx<'_> {
    /// Every volume group, by name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn volume_groups(&self) -> Result<Vec<VolumeGroupRow>> {
        let sql = format!("{} WHERE {VISIBLE} ORDER BY volume_groups.name COLLATE BINARY", select());
        self.tx.all(&sql, [&self.array.id], read)
    }

    /// The volume group of this name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn volume_group(&self, name: &str) -> Result<Option<VolumeGroupRow>> {
        self.tx.first(
            &format!("{} WHERE volume_groups.name = ?2 AND {VISIBLE}", select()),
            [&self.array.id, name],
            read,
        )
    }

    /// The volume group with this id.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn volume_group_by_id(&self, id: &str) -> Result<Option<VolumeGroupRow>> {
        self.tx.first(&format!("{} WHERE volume_groups.id = ?2 AND {VISIBLE}", select()), [&self.array.id, id], read)
    }

    /// Makes an empty volume group; its id.
    ///
    /// # Errors
    /// name taken → `AlreadyExists`.
    pub fn create_volume_group(&self, name: &str, pod_id: Option<&str>) -> Result<String> {
        if self.volume_group(name)?.is_some() {
            return Err(Error::already_exists(format!("array '{}' has a volume group '{name}'", self.array.name)));
        }
        let id = self.tx.new_id()?;
        self.tx.execute(
            "INSERT INTO volume_groups (id, array_id, name, pod_id) VALUES (?1, ?2, ?3, ?4)",
            params![id, self.array.id, name, pod_id],
        )?;
        Ok(id)
    }

    /// Gives a volume group another name, and the volumes in it with it.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn rename_volume_group(&self, group: &VolumeGroupRow, name: &str) -> Result<()> {
        self.tx.execute("UPDATE volume_groups SET name = ?2 WHERE id = ?1", [&group.id, name])?;
        self.tx.execute(
            "UPDATE volumes SET name = ?2 || substr(name, length(?3) + 1) WHERE volume_group_id = ?1",
            [&group.id, name, &group.name],
        )?;
        self.tx.execute(
            "UPDATE volume_snapshots SET name = (SELECT name FROM volumes WHERE id = volume_id) || '.' || suffix
             WHERE volume_id IN (SELECT id FROM volumes WHERE volume_group_id = ?1)",
            [&group.id],
        )?;
        Ok(())
    }

    /// Destroys a volume group and the volumes in it.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn destroy_volume_group(&self, id: &str) -> Result<()> {
        for volume in self.volumes_of(id)? {
            self.destroy_volume(&volume)?;
        }
        let sql = "UPDATE volume_groups SET destroyed_ms = ?2 WHERE id = ?1 AND destroyed_ms IS NULL";
        self.tx.execute(sql, params![id, self.tx.now_ms])?;
        Ok(())
    }

    /// Recovers a volume group, and the volumes that were destroyed with it.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn recover_volume_group(&self, id: &str) -> Result<()> {
        let together = self.tx.all(
            "SELECT volumes.id FROM volumes JOIN volume_groups ON volume_groups.id = volume_group_id
             WHERE volume_group_id = ?1 AND volumes.destroyed_ms = volume_groups.destroyed_ms",
            [id],
            |row| row.get::<_, String>(0),
        )?;
        for volume in together {
            self.recover_volume(&volume)?;
        }
        self.tx.execute("UPDATE volume_groups SET destroyed_ms = NULL WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Removes a volume group for ever, and the volumes in it.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn eradicate_volume_group(&self, id: &str) -> Result<()> {
        for volume in self.volumes_of(id)? {
            self.eradicate_volume(&volume)?;
        }
        self.tx.execute("DELETE FROM volume_groups WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Sets what the volumes of a group together may take from others.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn limit_volume_group(&self, id: &str, limits: &Limits) -> Result<()> {
        self.set_limits("volume_groups", id, limits)
    }

    fn volumes_of(&self, group_id: &str) -> Result<Vec<String>> {
        self.tx.all("SELECT id FROM volumes WHERE volume_group_id = ?1", [group_id], |row| row.get(0))
    }
}
