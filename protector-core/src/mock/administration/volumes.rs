//! Volumes, as administrators see them.

use super::{ArrayTx, Reference, reference::serial_text};
use crate::mock::array;
use crate::mock::tx::{signed, unsigned};
use crate::{Error, Result};
use rusqlite::{Row, params};

/// Bytes that one write of the simulated world stands for.
const WRITE_BYTES: u64 = 1 << 20;

/// [`VolumeRow::written`] in SQL.
pub(super) const WRITTEN: &str = "min(provisioned, content << 20)";

/// A volume, destroyed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeRow {
    /// UUID. Stays the same whatever the name.
    pub id: String,
    /// `v`, `volume group/v`, or either of them behind `pod::`.
    pub name: String,
    /// 24 hexadecimal digits, never given twice. Stays the same whatever the name.
    pub serial: String,
    /// Bytes.
    pub provisioned: u64,
    /// Writes it holds.
    pub content: u64,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Since when it waits for eradication.
    pub destroyed_ms: Option<i64>,
    /// The volume whose data it was copied from last.
    pub source: Option<Reference>,
    /// The pod it is in.
    pub pod: Option<Reference>,
    /// The volume group it is in.
    pub volume_group: Option<Reference>,
    /// Hosts and host groups that it is connected to on this array.
    pub connections: u64,
    /// Whether an administrator stopped host writes to it.
    pub demoted: bool,
    /// Limits of its traffic.
    pub limits: Limits,
}

/// What an administrator lets a volume or a volume group take from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes a second; `None`: no limit.
    pub bandwidth: Option<u64>,
    /// Operations a second; `None`: no limit.
    pub iops: Option<u64>,
    /// `+`, `-` or `=`.
    pub priority_operator: String,
    /// By how much, or to what, the priority is set.
    pub priority_value: i64,
}

impl Limits {
    /// From four columns in the order of the fields.
    pub(super) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            bandwidth: row.get::<_, Option<i64>>(first)?.map(unsigned),
            iops: row.get::<_, Option<i64>>(first + 1)?.map(unsigned),
            priority_operator: row.get(first + 2)?,
            priority_value: row.get(first + 3)?,
        })
    }
}

impl VolumeRow {
    /// Bytes that hosts have written and that it still holds.
    pub fn written(&self) -> u64 {
        written_bytes(self.provisioned, self.content)
    }
}

/// Bytes behind so many writes to a volume of that size.
pub(super) fn written_bytes(provisioned: u64, content: u64) -> u64 {
    content.saturating_mul(WRITE_BYTES).min(provisioned)
}

/// A volume to make.
#[derive(Debug, Clone, Copy)]
pub struct NewVolume<'a> {
    /// In full.
    pub name: &'a str,
    /// Bytes.
    pub provisioned: u64,
    /// Writes it holds.
    pub content: u64,
    /// The volume whose data that is.
    pub source: Option<&'a Reference>,
    /// Id of the pod it is in, which is on this array.
    pub pod_id: Option<&'a str>,
    /// Id of the volume group it is in.
    pub volume_group_id: Option<&'a str>,
}

/// Whether this array (?1) shows a volume.
pub(super) const VISIBLE: &str = "CASE WHEN volumes.pod_id IS NULL THEN volumes.array_id = ?1
    ELSE EXISTS (SELECT 1 FROM pod_arrays WHERE pod_arrays.pod_id = volumes.pod_id AND pod_arrays.array_id = ?1) END";

const SELECT: &str = "SELECT volumes.id, volumes.name, COALESCE(volumes.serial_array_id, volumes.array_id),
        volumes.serial, volumes.provisioned, volumes.content, volumes.created_ms, volumes.destroyed_ms, volumes.demoted,
        volumes.source_id, volumes.source, pods.id, pods.name, volume_groups.id, volume_groups.name,
        volumes.bandwidth_limit, volumes.iops_limit, volumes.priority_operator, volumes.priority_value,
        (SELECT count(*) FROM connections WHERE volume_id = volumes.id AND connections.array_id = ?1)
    FROM volumes LEFT JOIN pods ON pods.id = volumes.pod_id
    LEFT JOIN volume_groups ON volume_groups.id = volumes.volume_group_id";

fn read(row: &Row<'_>) -> rusqlite::Result<VolumeRow> {
    let array_id: String = row.get(2)?;
    Ok(VolumeRow {
        id: row.get(0)?,
        name: row.get(1)?,
        serial: serial_text(&array_id, row.get(3)?),
        provisioned: unsigned(row.get(4)?),
        content: unsigned(row.get(5)?),
        created_ms: row.get(6)?,
        destroyed_ms: row.get(7)?,
        demoted: row.get(8)?,
        source: Reference::read(row, 9)?,
        pod: Reference::read(row, 11)?,
        volume_group: Reference::read(row, 13)?,
        limits: Limits::read(row, 15)?,
        connections: unsigned(row.get(19)?),
    })
}

impl ArrayTx<'_> {
    /// Every volume that this array shows, by name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn volumes(&self) -> Result<Vec<VolumeRow>> {
        let sql = format!("{SELECT} WHERE {VISIBLE} ORDER BY volumes.name COLLATE BINARY");
        self.tx.all(&sql, [&self.array.id], read)
    }

    /// The volume of this name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn volume(&self, name: &str) -> Result<Option<VolumeRow>> {
        self.tx.first(&format!("{SELECT} WHERE volumes.name = ?2 AND {VISIBLE}"), [&self.array.id, name], read)
    }

    /// The volume with this id.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn volume_by_id(&self, id: &str) -> Result<Option<VolumeRow>> {
        self.tx.first(&format!("{SELECT} WHERE volumes.id = ?2 AND {VISIBLE}"), [&self.array.id, id], read)
    }

    /// How many volumes there are, destroyed ones too.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn volume_count(&self) -> Result<u64> {
        Ok(unsigned(self.tx.value(&format!("SELECT count(*) FROM volumes WHERE {VISIBLE}"), [&self.array.id])?))
    }

    /// Makes a volume; its id.
    ///
    /// # Errors
    /// name taken → `AlreadyExists`.
    pub fn create_volume(&self, new: &NewVolume<'_>) -> Result<String> {
        if self.volume(new.name)?.is_some() {
            return Err(Error::already_exists(format!("array '{}' has a volume '{}'", self.array.name, new.name)));
        }
        let id = self.tx.new_id()?;
        self.tx.execute(
            "INSERT INTO volumes (id, array_id, name, serial, pod_id, volume_group_id, source, source_id, provisioned,
                                  content, created_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                id,
                self.array.id,
                new.name,
                array::next_serial(self.tx, &self.array.id)?,
                new.pod_id,
                new.volume_group_id,
                new.source.map(|source| &source.name),
                new.source.and_then(|source| source.id.as_deref()),
                signed(new.provisioned)?,
                signed(new.content)?,
                self.tx.now_ms
            ],
        )?;
        Ok(id)
    }

    pub(super) fn set_volume_data(&self, id: &str, provisioned: u64, content: u64, source: &Reference) -> Result<()> {
        self.tx.execute(
            "UPDATE volumes SET provisioned = ?2, content = ?3, source = ?4, source_id = ?5 WHERE id = ?1",
            params![id, signed(provisioned)?, signed(content)?, source.name, source.id],
        )?;
        Ok(())
    }

    /// Changes the size of a volume. What is cut off can be recovered for a while, from a destroyed snapshot.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn resize_volume(&self, volume: &VolumeRow, provisioned: u64) -> Result<()> {
        if provisioned < volume.provisioned {
            self.take_undo_snapshot(volume)?;
        }
        let sql = "UPDATE volumes SET provisioned = ?2, content = min(content, ?3) WHERE id = ?1";
        let most_writes = signed(provisioned.div_ceil(WRITE_BYTES))?;
        let content_limit = if provisioned < volume.provisioned { most_writes } else { i64::MAX };
        self.tx.execute(sql, params![volume.id, signed(provisioned)?, content_limit])?;
        Ok(())
    }

    /// Gives a volume another name, and its snapshots with it. The name tells which pod and which volume group it is in.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn rename_volume(
        &self,
        id: &str,
        name: &str,
        pod_id: Option<&str>,
        volume_group_id: Option<&str>,
    ) -> Result<()> {
        let sql = "UPDATE volumes SET name = ?2, pod_id = ?3, volume_group_id = ?4 WHERE id = ?1";
        self.tx.execute(sql, params![id, name, pod_id, volume_group_id])?;
        let sql = "UPDATE volume_snapshots SET name = ?2 || '.' || suffix WHERE volume_id = ?1";
        self.tx.execute(sql, [id, name])?;
        Ok(())
    }

    /// Destroys a volume, with those of its snapshots that are not destroyed yet.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn destroy_volume(&self, id: &str) -> Result<()> {
        let now_ms = self.tx.now_ms;
        let sql = "UPDATE volume_snapshots SET destroyed_ms = ?2 WHERE volume_id = ?1 AND destroyed_ms IS NULL";
        self.tx.execute(sql, params![id, now_ms])?;
        let sql = "UPDATE volumes SET destroyed_ms = ?2 WHERE id = ?1 AND destroyed_ms IS NULL";
        self.tx.execute(sql, params![id, now_ms])?;
        Ok(())
    }

    /// Recovers a destroyed volume, with the snapshots that were destroyed with it.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn recover_volume(&self, id: &str) -> Result<()> {
        self.tx.execute(
            "UPDATE volume_snapshots SET destroyed_ms = NULL
             WHERE volume_id = ?1 AND destroyed_ms = (SELECT destroyed_ms FROM volumes WHERE id = ?1)",
            [id],
        )?;
        self.tx.execute("UPDATE volumes SET destroyed_ms = NULL WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Removes a volume for ever, with its snapshots, connections and tags. Snapshots of groups keep its data.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn eradicate_volume(&self, id: &str) -> Result<()> {
        self.tx.execute("DELETE FROM volumes WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Sets what a volume may take from others.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn limit_volume(&self, id: &str, limits: &Limits) -> Result<()> {
        self.set_limits("volumes", id, limits)
    }

    /// Stops host writes to a volume, or lets them through again.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn demote_volume(&self, id: &str, demoted: bool) -> Result<()> {
        self.tx.execute("UPDATE volumes SET demoted = ?2 WHERE id = ?1", params![id, demoted])?;
        Ok(())
    }

    pub(super) fn set_limits(&self, table: &str, id: &str, limits: &Limits) -> Result<()> {
        let sql = format!(
            "UPDATE {table} SET bandwidth_limit = ?2, iops_limit = ?3, priority_operator = ?4, priority_value = ?5
             WHERE id = ?1"
        );
        let [bandwidth, iops] = [limits.bandwidth, limits.iops].map(|limit| limit.map(signed).transpose());
        self.tx.execute(&sql, params![id, bandwidth?, iops?, limits.priority_operator, limits.priority_value])?;
        Ok(())
    }
}
