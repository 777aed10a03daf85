//! Snapshots of protection groups, and replicas of them on images.

use super::{ArrayTx, ProtectionGroupRow, Reference};
use crate::mock::array::{retention, schedule, snapshots, transfers};
use crate::mock::controls;
use crate::mock::tx::{signed, unsigned};
use crate::{Error, ErrorKind, Result};
use rusqlite::{Params, Row, params};

/// How long a snapshot exists that is made for replication only.
const FOR_REPLICATION_MS: i64 = 3_600_000;

/// A snapshot of a group, or on an image the replica of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSnapshotRow {
    /// UUID; a replica has one of its own.
    pub id: String,
    /// `<group>.<suffix>`.
    pub name: String,
    /// What follows the name of the group.
    pub suffix: String,
    /// The instant of its data, milliseconds since 1970.
    pub created_ms: i64,
    /// When it was destroyed, milliseconds since 1970.
    pub destroyed_ms: Option<i64>,
    /// The group or image it is of.
    pub group: Reference,
    /// The pod of the group.
    pub pod: Option<Reference>,
    /// Whether it is held against destruction.
    pub retention_locked: bool,
    /// Whether it came from another array.
    pub is_replica: bool,
    /// Bytes that its volumes had.
    pub provisioned: u64,
}

/// What a new snapshot is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SnapshotOptions {
    /// What follows the name of the group; the next number if absent.
    pub suffix: Option<String>,
    /// Replicate it: at once, or once what was replicated before has arrived.
    pub replicate: Option<ReplicationStart>,
    /// It goes as those do that a schedule takes.
    pub apply_retention: bool,
    /// It is gone after an hour.
    pub for_replication: bool,
}

/// When a snapshot begins to be replicated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicationStart {
    /// At once.
    Now,
    /// Once all that was to be replicated before has arrived.
    InTurn,
}

const SELECT: &str = "
    SELECT s.id, s.suffix, s.created_ms, s.destroyed_ms, g.id, g.name, pods.id, pods.name, g.retention_locked,
        transfers.snapshot_id IS NOT NULL,
        (SELECT ifnull(sum(provisioned), 0) FROM snapshot_volumes AS held WHERE held.snapshot_id = s.id)
    FROM protection_groups_on
    JOIN protection_groups AS g ON g.id = protection_groups_on.group_id
    JOIN snapshots AS s ON s.group_id = g.id
    LEFT JOIN pods ON pods.id = g.pod_id
    LEFT JOIN transfers ON transfers.snapshot_id = s.id
    WHERE on_array_id = ?1 AND g.visible_ms <= ?2 AND (transfers.snapshot_id IS NULL OR started_ms <= ?2)";

fn read(row: &Row<'_>) -> rusqlite::Result<GroupSnapshotRow> {
    let (suffix, group): (String, String) = (row.get(1)?, row.get(5)?);
    Ok(GroupSnapshotRow {
        id: row.get(0)?,
        name: format!("{group}.{suffix}"),
        suffix,
        created_ms: row.get(2)?,
        destroyed_ms: row.get(3)?,
        group: Reference { id: row.get(4)?, name: group },
        pod: Reference::read(row, 6)?,
        retention_locked: row.get(8)?,
        is_replica: row.get(9)?,
        provisioned: unsigned(row.get(10)?),
    })
}

impl ArrayTx<'_> {
    /// Every snapshot of a group and every replica that this array has heard of, destroyed or not, oldest data first.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn protection_group_snapshots(&self) -> Result<Vec<GroupSnapshotRow>> {
        self.select_snapshots("", params![self.array.id, self.tx.now_ms])
    }

    /// Those of one group or image.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn snapshots_of_protection_group(&self, group: &ProtectionGroupRow) -> Result<Vec<GroupSnapshotRow>> {
        self.select_snapshots(" AND g.id = ?3", params![self.array.id, self.tx.now_ms, group.id])
    }

    /// The snapshot of this full name, destroyed or not. Names are the same in whatever case.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn protection_group_snapshot(&self, name: &str) -> Result<Option<GroupSnapshotRow>> {
        let Some((group, suffix)) = name.rsplit_once('.') else { return Ok(None) };
        let sql = " AND g.name = ?3 COLLATE NOCASE AND s.suffix = ?4 COLLATE NOCASE";
        Ok(self.select_snapshots(sql, params![self.array.id, self.tx.now_ms, group, suffix])?.into_iter().next())
    }

    fn select_snapshots(&self, and: &str, params: impl Params) -> Result<Vec<GroupSnapshotRow>> {
        self.tx.all(&format!("{SELECT}{and} ORDER BY s.created_ms, g.name, s.suffix"), params, read)
    }

    /// Refuses what would keep a snapshot of a group from being taken.
    ///
    /// # Errors
    /// an image → `InvalidRequest`; destroyed → `PendingEradication`; the pod takes no changes, or it is to be replicated
    /// and has no target → `Precondition`; suffix taken, also by a destroyed snapshot → `AlreadyExists`.
    pub fn check_protection_group_snapshot(&self, group: &ProtectionGroupRow, options: &SnapshotOptions) -> Result<()> {
        if !group.is_local {
            return Err(Error::invalid(format!("'{}' is the image of a group of another array", group.name)));
        }
        if group.destroyed_ms.is_some() {
            let text = format!("protection group '{}' has been destroyed", group.name);
            return Err(Error::new(ErrorKind::PendingEradication, text));
        }
        if let Some(pod_id) = group.pod.as_ref().and_then(|pod| pod.id.as_ref()) {
            self.check_pod_open(pod_id)?;
        }
        if options.replicate.is_some() && group.targets == 0 {
            return Err(Error::precondition(format!("protection group '{}' has no targets", group.name)));
        }
        let Some(suffix) = &options.suffix else { return Ok(()) };
        let taken = "SELECT EXISTS (SELECT 1 FROM snapshots WHERE group_id = ?1 AND suffix = ?2 COLLATE NOCASE)";
        if self.tx.value(taken, [&group.id, suffix])? {
            return Err(Error::already_exists(format!("snapshot '{}.{suffix}' exists already", group.name)));
        }
        Ok(())
    }

    /// Takes a snapshot of all volumes of a group; its suffix. To be replicated, it goes to each target that allows it and
    /// shows the group by now, and arrives in its own time.
    ///
    /// # Errors
    /// as [`check_protection_group_snapshot`](Self::check_protection_group_snapshot).
    pub fn snapshot_protection_group(&self, group: &ProtectionGroupRow, options: &SnapshotOptions) -> Result<String> {
        self.check_protection_group_snapshot(group, options)?;
        let suffix = match &options.suffix {
            Some(suffix) => suffix.clone(),
            None => schedule::next_suffix(self.tx, &group.id, "")?,
        };
        let id = snapshots::take(self.tx, &group.id, &suffix, self.tx.now_ms, options.apply_retention)?;
        match options.replicate {
            Some(ReplicationStart::Now) => transfers::start(self.tx, &group.id, &id, self.tx.now_ms)?,
            Some(ReplicationStart::InTurn) => self.ship(&group.id, &id, None, ReplicationStart::InTurn)?,
            None => {}
        }
        if options.for_replication {
            let sql = "UPDATE snapshots SET eradicate_ms = ?2 WHERE id = ?1";
            self.tx.execute(sql, params![id, self.tx.now_ms + FOR_REPLICATION_MS])?;
        }
        if options.apply_retention {
            retention::expire(self.tx, &group.id)?;
        }
        Ok(suffix)
    }

    /// Replicates a snapshot that is there already to some targets, or with `None` to all; targets that have it are left
    /// out.
    ///
    /// # Errors
    /// a replica → `InvalidRequest`.
    pub fn replicate_protection_group_snapshot(
        &self,
        snapshot: &GroupSnapshotRow,
        targets: Option<&[String]>,
    ) -> Result<()> {
        let group = snapshot.group.id.as_deref().filter(|_| !snapshot.is_replica);
        let group = group.ok_or_else(|| Error::invalid(format!("'{}' is a replica itself", snapshot.name)))?;
        self.ship(group, &snapshot.id, targets, ReplicationStart::InTurn)
    }

    fn ship(
        &self,
        group_id: &str,
        snapshot_id: &str,
        targets: Option<&[String]>,
        start: ReplicationStart,
    ) -> Result<()> {
        let duration = signed(controls::settings(self.tx)?.transfer_millis)?;
        let paths: Vec<(String, bool, String)> = self.tx.all(
            "SELECT image_group_id, flows, arrays.name FROM replication_paths JOIN arrays ON arrays.id = target_array_id
             WHERE source_group_id = ?1 AND allowed AND visible_ms <= ?2
                 AND NOT EXISTS (SELECT 1 FROM snapshots AS own JOIN snapshots AS there ON there.suffix = own.suffix
                                 WHERE own.id = ?3 AND there.group_id = image_group_id)
             ORDER BY arrays.name",
            params![group_id, self.tx.now_ms, snapshot_id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        for (image, flows, target) in paths {
            if targets.is_some_and(|wanted| !wanted.iter().any(|name| name.eq_ignore_ascii_case(&target))) {
                continue;
            }
            let begins = match start {
                ReplicationStart::Now => self.tx.now_ms,
                ReplicationStart::InTurn => transfers::idle_from(self.tx, &image)?,
            };
            transfers::ship(self.tx, snapshot_id, &image, flows.then_some(begins), duration)?;
        }
        Ok(())
    }

    /// Gives a snapshot another suffix. Replicas elsewhere keep theirs.
    ///
    /// # Errors
    /// a replica → `InvalidRequest`; suffix taken → `AlreadyExists`.
    pub fn rename_protection_group_snapshot(&self, snapshot: &GroupSnapshotRow, suffix: &str) -> Result<()> {
        if snapshot.is_replica {
            return Err(Error::invalid(format!("'{}' is a replica: its source names it", snapshot.name)));
        }
        let taken = "SELECT EXISTS (SELECT 1 FROM snapshots
                                    WHERE group_id = ?1 AND suffix = ?2 COLLATE NOCASE AND id <> ?3)";
        if self.tx.value(taken, params![snapshot.group.id, suffix, snapshot.id])? {
            return Err(Error::already_exists(format!("snapshot '{}.{suffix}' exists already", snapshot.group.name)));
        }
        self.tx.execute("UPDATE snapshots SET suffix = ?2 WHERE id = ?1", [snapshot.id.as_str(), suffix])?;
        Ok(())
    }

    /// Destroys a snapshot or brings it back; its name stays taken until eradication.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn set_protection_group_snapshot_destroyed(&self, snapshot: &GroupSnapshotRow, destroyed: bool) -> Result<()> {
        self.tx.execute(
            "UPDATE snapshots SET destroyed_ms = ?2 WHERE id = ?1 AND (destroyed_ms IS NOT NULL) <> ?3",
            params![snapshot.id, destroyed.then_some(self.tx.now_ms), destroyed],
        )?;
        match &snapshot.group.id {
            Some(group) if !destroyed => retention::expire(self.tx, group),
            _ => Ok(()),
        }
    }

    /// Removes a destroyed snapshot for good. Replicas elsewhere stay.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn eradicate_protection_group_snapshot(&self, snapshot: &GroupSnapshotRow) -> Result<()> {
        let sql = "DELETE FROM snapshots WHERE id = ?1 AND destroyed_ms IS NOT NULL";
        self.tx.execute(sql, [&snapshot.id])?;
        Ok(())
    }
}
