//! Snapshots of volumes: those of a volume alone, and the volumes in the snapshots of groups.

use super::reference::serial_text;
use super::stretch::Stretch;
use super::volumes::{VISIBLE, written_bytes};
use super::{ArrayTx, Reference, VolumeRow};
use crate::mock::array::{self, pods, transfers::Progress, volumes::replica_origin};
use crate::mock::tx::{derived_id, signed, unsigned};
use crate::{Error, Result};
use rusqlite::{Row, params};

/// A snapshot of a volume, destroyed or not.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeSnapshotRow {
    /// UUID.
    pub id: String,
    /// `<volume>.<suffix>`, or `<group>.<suffix>.<volume>`.
    pub name: String,
    /// The suffix alone.
    pub suffix: String,
    /// As that of a volume.
    pub serial: String,
    /// Bytes.
    pub provisioned: u64,
    /// Writes it holds; of a replica, those that have arrived.
    pub content: u64,
    /// The instant of the data, milliseconds since 1970.
    pub created_ms: i64,
    /// Since when it waits for eradication.
    pub destroyed_ms: Option<i64>,
    /// The volume it was taken of.
    pub source: Reference,
    /// The pod it is in.
    pub pod: Option<Reference>,
    /// The volume group that its volume is in.
    pub volume_group: Option<Reference>,
    /// The snapshot of a group that it is part of, by name. It is destroyed, recovered and eradicated with that.
    pub part_of: Option<String>,
    /// How it came here, if it is a replica.
    pub transfer: Option<TransferRow>,
    /// What its tags hang on.
    pub(super) tag_key: String,
}

/// How a replica of a volume snapshot came to its array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransferRow {
    /// Milliseconds since 1970.
    pub started_ms: i64,
    /// Milliseconds since 1970; `None`: it is still on its way.
    pub completed_ms: Option<i64>,
    /// From 0 to 1.
    pub progress: f64,
    /// How many bytes have come.
    pub bytes: u64,
}

impl VolumeSnapshotRow {
    /// Bytes of data in it.
    pub fn written(&self) -> u64 {
        written_bytes(self.provisioned, self.content)
    }
}

/// Of volumes alone. ?1: the array.
const PLAIN: &str = "SELECT vs.id, vs.name, suffix, COALESCE(vs.serial_array_id, vs.array_id), vs.serial,
        vs.provisioned, vs.content, vs.created_ms, vs.destroyed_ms, volumes.id, volumes.name, pods.id, pods.name,
        volume_groups.id, volume_groups.name
    FROM volume_snapshots AS vs JOIN volumes ON volumes.id = vs.volume_id
    LEFT JOIN pods ON pods.id = volumes.pod_id
    LEFT JOIN volume_groups ON volume_groups.id = volumes.volume_group_id";

fn read_plain(row: &Row<'_>) -> rusqlite::Result<VolumeSnapshotRow> {
    let id: String = row.get(0)?;
    let array_id: String = row.get(3)?;
    Ok(VolumeSnapshotRow {
        tag_key: id.clone(),
        id,
        name: row.get(1)?,
        suffix: row.get(2)?,
        serial: serial_text(&array_id, row.get(4)?),
        provisioned: unsigned(row.get(5)?),
        content: unsigned(row.get(6)?),
        created_ms: row.get(7)?,
        destroyed_ms: row.get(8)?,
        source: Reference { id: row.get(9)?, name: row.get(10)? },
        pod: Reference::read(row, 11)?,
        volume_group: Reference::read(row, 13)?,
        part_of: None,
        transfer: None,
    })
}

/// Of those, the ones in a [`Stretch`]: ?2 prefix, ?3 first name, ?4 destroyed or not, ?5 how many.
const PLAIN_STRETCH: &str = "AND substr(vs.name, 1, length(?2)) = ?2 COLLATE NOCASE AND vs.name >= ?3 COLLATE BINARY
    AND (?4 IS NULL OR (vs.destroyed_ms IS NOT NULL) = ?4)
    ORDER BY vs.name COLLATE BINARY LIMIT ?5";

/// Snapshots of groups that this array (?1) has heard of at an instant (?2), destroyed or not (?3).
const POINTS: &str = "SELECT s.id, g.name || '.' || s.suffix || '.' AS start
    FROM protection_groups AS g
    JOIN protection_groups_on AS seen ON seen.group_id = g.id AND seen.on_array_id = ?1
    JOIN snapshots AS s ON s.group_id = g.id
    LEFT JOIN transfers ON transfers.snapshot_id = s.id
    WHERE g.visible_ms <= ?2 AND (transfers.snapshot_id IS NULL OR started_ms IS NOT NULL)
        AND (?3 IS NULL OR (s.destroyed_ms IS NOT NULL) = ?3)
    ORDER BY start COLLATE BINARY";

/// Of what is in snapshots of groups, that of one (?3), from one volume on (?4), in the order of names: the volumes of a
/// group are all in the same pod, or in none.
const OF_POINT: &str = "AND s.id = ?3
    AND substr(sv.volume_name, CASE instr(sv.volume_name, '::') WHEN 0 THEN 1 ELSE instr(sv.volume_name, '::') + 2 END)
        >= ?4
    ORDER BY sv.volume_name LIMIT ?5";

/// In snapshots of groups and in replicas of these, as far as this array (?1) has heard of them at an instant (?2). The
/// volume is joined for what it has become since, if it is still the one that the snapshot was taken of.
const GROUPED: &str = "SELECT s.id, g.name, s.suffix, sv.volume_name, sv.provisioned, sv.content, s.created_ms,
        s.destroyed_ms, volumes.id, pods.id, pods.name, volume_groups.id, volume_groups.name,
        duration_millis, progressed_millis, started_ms, running_since_ms
    FROM protection_groups AS g
    JOIN protection_groups_on AS seen ON seen.group_id = g.id AND seen.on_array_id = ?1
    JOIN snapshots AS s ON s.group_id = g.id
    JOIN snapshot_volumes AS sv ON sv.snapshot_id = s.id
    LEFT JOIN transfers ON transfers.snapshot_id = s.id
    LEFT JOIN pods ON pods.id = g.pod_id
    LEFT JOIN volumes ON volumes.name = sv.volume_name AND g.source_group_id IS NULL
        AND (volumes.array_id = g.array_id OR volumes.pod_id = g.pod_id) AND volumes.created_ms <= s.created_ms
    LEFT JOIN volume_groups ON volume_groups.id = volumes.volume_group_id
    WHERE g.visible_ms <= ?2 AND (transfers.snapshot_id IS NULL OR started_ms IS NOT NULL)";

impl ArrayTx<'_> {
    fn read_grouped(&self, row: &Row<'_>) -> rusqlite::Result<VolumeSnapshotRow> {
        let (snapshot_id, group, suffix): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let volume: String = row.get(3)?;
        let (provisioned, content) = (unsigned(row.get(4)?), unsigned(row.get(5)?));
        let id = derived_id(&snapshot_id, &volume);
        let progress = match row.get::<_, Option<i64>>(13)? {
            Some(duration_millis) => Some(Progress {
                duration_millis,
                progressed_millis: row.get(14)?,
                started_ms: row.get(15)?,
                running_since_ms: row.get(16)?,
            }),
            None => None,
        };
        let transfer = progress.map(|progress| self.transfer(&progress, written_bytes(provisioned, content)));
        let source = match replica_origin(&self.array.id, &group, &volume) {
            Some((name, id)) => Reference { id: Some(id), name },
            None => Reference { id: row.get(8)?, name: volume.clone() },
        };
        let bare = pods::split(&volume).map_or(volume.as_str(), |(_, bare)| bare);
        Ok(VolumeSnapshotRow {
            name: format!("{group}.{suffix}.{bare}"),
            part_of: Some(format!("{group}.{suffix}")),
            serial: derived_serial(&self.array.id, &id),
            tag_key: format!("{snapshot_id}/{volume}"),
            id,
            suffix,
            provisioned,
            content: arrived(content, transfer.as_ref()),
            created_ms: row.get(6)?,
            destroyed_ms: row.get(7)?,
            source,
            pod: Reference::read(row, 9)?,
            volume_group: Reference::read(row, 11)?,
            transfer,
        })
    }

    fn transfer(&self, progress: &Progress, bytes: u64) -> TransferRow {
        let left = progress.duration_millis - progress.progressed_millis;
        let running = progress.running_since_ms.map_or(0, |since| (self.tx.now_ms - since).max(0));
        let completed_ms = progress.running_since_ms.filter(|_| running >= left).map(|since| since + left);
        let millis = unsigned((progress.progressed_millis + running).clamp(0, progress.duration_millis.max(0)));
        let duration = unsigned(progress.duration_millis.max(0));
        let share = |whole: u64| match completed_ms {
            Some(_) => whole,
            None => share_of(whole, millis, duration),
        };
        TransferRow {
            started_ms: progress.started_ms.unwrap_or(self.tx.now_ms),
            completed_ms,
            // never 1 before it is complete
            progress: if completed_ms.is_some() { 1.0 } else { share(1_000_000).min(999_999) as f64 / 1e6 },
            bytes: share(bytes),
        }
    }

    /// Every snapshot of a volume that this array shows, by name: of a volume alone, in the snapshot of a group, in a
    /// replica.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn volume_snapshots(&self) -> Result<Vec<VolumeSnapshotRow>> {
        self.volume_snapshots_within(&Stretch::WHOLE)
    }

    /// Those of one stretch of the list, for little more than they are themselves.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn volume_snapshots_within(&self, stretch: &Stretch<'_>) -> Result<Vec<VolumeSnapshotRow>> {
        let Stretch { prefix, from, destroyed, most } = *stretch;
        let plain = format!("{PLAIN} WHERE {VISIBLE} {PLAIN_STRETCH}");
        let bounds = params![self.array.id, prefix, from, destroyed, stretch.limit()];
        let mut rows = self.tx.all(&plain, bounds, read_plain)?;
        let seen = params![self.array.id, self.tx.now_ms, destroyed];
        let points: Vec<(String, String)> = self.tx.all(POINTS, seen, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let grouped = format!("{GROUPED} {OF_POINT}");
        let mut left = most;
        // the names of one snapshot all come before those of the next
        for (id, start) in points {
            if left == 0 {
                break;
            }
            if !stretch.may_hold(&start) {
                continue;
            }
            let first = from.strip_prefix(start.as_str()).unwrap_or_default();
            let bounds = params![self.array.id, self.tx.now_ms, id, first, i64::try_from(left).unwrap_or(i64::MAX)];
            let found = self.tx.all(&grouped, bounds, |row| self.read_grouped(row))?;
            let wanted = found.into_iter().filter(|row| stretch.holds(&row.name));
            let before = rows.len();
            rows.extend(wanted);
            left = left.saturating_sub(rows.len() - before);
        }
        rows.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        rows.truncate(most);
        Ok(rows)
    }

    /// The snapshot of a volume that has this name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn volume_snapshot(&self, name: &str) -> Result<Option<VolumeSnapshotRow>> {
        let plain = format!("{PLAIN} WHERE vs.name = ?2 AND {VISIBLE}");
        if let Some(found) = self.tx.first(&plain, [&self.array.id, name], read_plain)? {
            return Ok(Some(found));
        }
        let mut parts = name.splitn(3, '.');
        let (Some(group), Some(suffix), Some(volume)) = (parts.next(), parts.next(), parts.next()) else {
            return Ok(None);
        };
        let grouped = format!(
            "{GROUPED} AND g.name = ?3 AND s.suffix = ?4
                 AND (sv.volume_name = ?5 OR g.pod_id IS NOT NULL AND sv.volume_name = pods.name || '::' || ?5
                      OR g.source_group_id IS NOT NULL AND substr(sv.volume_name, -length(?5) - 2) = '::' || ?5)"
        );
        let now_ms = self.tx.now_ms;
        self.tx.first(&grouped, params![self.array.id, now_ms, group, suffix, volume], |row| self.read_grouped(row))
    }

    /// The snapshot of a volume that has this id.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn volume_snapshot_by_id(&self, id: &str) -> Result<Option<VolumeSnapshotRow>> {
        let plain = format!("{PLAIN} WHERE vs.id = ?2 AND {VISIBLE}");
        if let Some(found) = self.tx.first(&plain, [&self.array.id, id], read_plain)? {
            return Ok(Some(found));
        }
        let grouped = params![self.array.id, self.tx.now_ms];
        let rows = self.tx.all(GROUPED, grouped, |row| self.read_grouped(row))?;
        Ok(rows.into_iter().find(|row| row.id == id))
    }

    pub(super) fn volume_snapshot_by_tag_key(&self, key: &str) -> Result<Option<VolumeSnapshotRow>> {
        let Some((snapshot_id, volume)) = key.split_once('/') else { return self.volume_snapshot_by_id(key) };
        let grouped = format!("{GROUPED} AND s.id = ?3 AND sv.volume_name = ?4");
        let now_ms = self.tx.now_ms;
        self.tx.first(&grouped, params![self.array.id, now_ms, snapshot_id, volume], |row| self.read_grouped(row))
    }

    /// Takes a snapshot of a volume; its id. Without a suffix it gets the next number.
    ///
    /// # Errors
    /// name taken → `AlreadyExists`.
    pub fn snapshot_volume(&self, volume: &VolumeRow, suffix: Option<&str>) -> Result<String> {
        let suffix = match suffix {
            Some(suffix) => suffix.to_owned(),
            None => self.next_snapshot_number(volume)?,
        };
        let name = format!("{}.{suffix}", volume.name);
        if self.volume_snapshot(&name)?.is_some() {
            return Err(Error::already_exists(format!("array '{}' has a snapshot '{name}'", self.array.name)));
        }
        let id = self.tx.new_id()?;
        self.tx.execute(
            "INSERT INTO volume_snapshots (id, array_id, volume_id, name, suffix, serial, provisioned, content, created_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                id,
                self.array.id,
                volume.id,
                name,
                suffix,
                array::next_serial(self.tx, &self.array.id)?,
                signed(volume.provisioned)?,
                signed(volume.content)?,
                self.tx.now_ms
            ],
        )?;
        Ok(id)
    }

    fn next_snapshot_number(&self, volume: &VolumeRow) -> Result<String> {
        loop {
            let sql = "UPDATE volumes SET snapshot_count = snapshot_count + 1 WHERE id = ?1 RETURNING snapshot_count";
            let number: i64 = self.tx.value(sql, [&volume.id])?;
            if self.volume_snapshot(&format!("{}.{number}", volume.name))?.is_none() {
                return Ok(number.to_string());
            }
        }
    }

    /// What a volume held before it was overwritten or cut: a snapshot that is destroyed from the start.
    pub(super) fn take_undo_snapshot(&self, volume: &VolumeRow) -> Result<()> {
        let id = self.snapshot_volume(volume, None)?;
        self.destroy_volume_snapshot(&id)
    }

    /// Gives a snapshot of a volume alone another suffix.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn rename_volume_snapshot(&self, id: &str, name: &str, suffix: &str) -> Result<()> {
        self.tx.execute("UPDATE volume_snapshots SET name = ?2, suffix = ?3 WHERE id = ?1", [id, name, suffix])?;
        Ok(())
    }

    /// Destroys a snapshot of a volume alone.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn destroy_volume_snapshot(&self, id: &str) -> Result<()> {
        let sql = "UPDATE volume_snapshots SET destroyed_ms = ?2 WHERE id = ?1 AND destroyed_ms IS NULL";
        self.tx.execute(sql, params![id, self.tx.now_ms])?;
        Ok(())
    }

    /// Recovers a destroyed snapshot of a volume alone.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn recover_volume_snapshot(&self, id: &str) -> Result<()> {
        self.tx.execute("UPDATE volume_snapshots SET destroyed_ms = NULL WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Removes a snapshot of a volume alone for ever.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn eradicate_volume_snapshot(&self, id: &str) -> Result<()> {
        self.tx.execute("DELETE FROM volume_snapshots WHERE id = ?1", [id])?;
        Ok(())
    }
}

/// As many of the writes as have come.
fn arrived(content: u64, transfer: Option<&TransferRow>) -> u64 {
    match transfer {
        Some(transfer) if transfer.completed_ms.is_none() => {
            share_of(content, (transfer.progress * 1e6) as u64, 1_000_000)
        }
        _ => content,
    }
}

/// `part` of `whole` parts of a number.
fn share_of(number: u64, part: u64, whole: u64) -> u64 {
    let share = u128::from(number) * u128::from(part) / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(number).min(number)
}

/// A serial number for what has no number of its own. The numbers that an array counts stay far below.
fn derived_serial(array_id: &str, id: &str) -> String {
    let digits = id.get(..8).and_then(|digits| i64::from_str_radix(digits, 16).ok()).unwrap_or_default();
    serial_text(array_id, digits | 0x8000_0000)
}
