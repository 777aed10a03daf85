//! How snapshots get on that are replicated to this array, or from it.

use super::{ArrayTx, Reference};
use crate::Result;
use crate::mock::tx::unsigned;
use rusqlite::{Row, params};

/// Bytes that one write of a host makes, where bytes are counted.
const BYTES_PER_WRITE: u64 = 4096;

/// A snapshot of a group or a replica, and how its transfer gets on. Of a snapshot that goes to several targets, the
/// slowest counts.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupTransferRow {
    /// UUID of the snapshot.
    pub id: String,
    /// Full name of the snapshot.
    pub name: String,
    /// The group or image it is of.
    pub group: Reference,
    /// Whether the snapshot is destroyed.
    pub destroyed: bool,
    /// When the transfer began, milliseconds since 1970. `None`: it has not, or there is none.
    pub started_ms: Option<i64>,
    /// When it was complete, milliseconds since 1970.
    pub completed_ms: Option<i64>,
    /// From 0 to 1. `None`: there is no transfer.
    pub progress: Option<f64>,
    /// Bytes that have come over.
    pub transferred: u64,
}

/// On a target, `t` is the transfer of the replica itself; on the source, those of its replicas.
const SELECT: &str = "
    SELECT s.id, g.name || '.' || s.suffix, g.id, g.name, s.destroyed_ms IS NOT NULL,
        min(t.started_ms),
        max(t.running_since_ms + t.duration_millis - t.progressed_millis),
        min(min(t.progressed_millis + ifnull(max(?2 - t.running_since_ms, 0), 0), t.duration_millis) * 1.0
            / max(t.duration_millis, 1)),
        min(ifnull(t.progressed_millis + ?2 - t.running_since_ms >= t.duration_millis, 0)),
        (SELECT ifnull(sum(content), 0) FROM snapshot_volumes AS held WHERE held.snapshot_id = s.id)
    FROM protection_groups_on
    JOIN protection_groups AS g ON g.id = protection_groups_on.group_id
    JOIN snapshots AS s ON s.group_id = g.id
    LEFT JOIN transfers AS own ON own.snapshot_id = s.id
    LEFT JOIN protection_groups AS image ON image.source_group_id = g.id
    LEFT JOIN snapshots AS replica ON replica.group_id = image.id AND replica.suffix = s.suffix
    LEFT JOIN transfers AS t ON t.snapshot_id = iif(g.source_group_id IS NULL, replica.id, s.id)
    WHERE on_array_id = ?1 AND g.visible_ms <= ?2 AND (own.snapshot_id IS NULL OR own.started_ms <= ?2)
    GROUP BY s.id ORDER BY s.created_ms, 2";

fn read(row: &Row<'_>) -> rusqlite::Result<GroupTransferRow> {
    let progress: Option<f64> = row.get(7)?;
    let complete: bool = row.get::<_, Option<bool>>(8)?.unwrap_or(false) && progress.is_some();
    let all = unsigned(row.get(9)?).saturating_mul(BYTES_PER_WRITE);
    Ok(GroupTransferRow {
        id: row.get(0)?,
        name: row.get(1)?,
        group: Reference { id: row.get(2)?, name: row.get(3)? },
        destroyed: row.get(4)?,
        started_ms: row.get(5)?,
        completed_ms: if complete { row.get(6)? } else { None },
        progress: if complete { Some(1.0) } else { progress.map(|done| done.min(0.99)) },
        transferred: part(all, if complete { 1.0 } else { progress.unwrap_or(0.0) }),
    })
}

/// A part of a number of bytes, in whole per mille.
fn part(all: u64, progress: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1000")]
    let per_mille = (progress.clamp(0.0, 1.0) * 1000.0) as u64;
    all / 1000 * per_mille + all % 1000 * per_mille / 1000
}

impl ArrayTx<'_> {
    /// Every snapshot of a group and every replica that this array has heard of, and how its transfer gets on, oldest data
    /// first.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn protection_group_transfers(&self) -> Result<Vec<GroupTransferRow>> {
        self.tx.all(SELECT, params![self.array.id, self.tx.now_ms], read)
    }
}
