//! Replicas on their way to another array. Progress is a function of the clock; only an interruption is stored.

use super::snapshots;
use crate::Result;
use crate::mock::controls;
use crate::mock::tx::{Tx, signed, timestamp};
use crate::model::Transfer;
use rusqlite::params;

/// How a replica gets on.
#[derive(Debug, Clone, Copy)]
pub(in crate::mock) struct Progress {
    /// How long it takes in all.
    pub(in crate::mock) duration_millis: i64,
    /// How much of that had passed by `running_since_ms`, or when it was interrupted.
    pub(in crate::mock) progressed_millis: i64,
    /// `None`, or still to come: not started yet, so the target has not heard of it.
    pub(in crate::mock) started_ms: Option<i64>,
    /// `None`: interrupted.
    pub(in crate::mock) running_since_ms: Option<i64>,
}

impl Progress {
    /// How far it has come at an instant; `None`: not started.
    pub(in crate::mock) fn at(&self, now_ms: i64) -> Option<Transfer> {
        self.started_ms.filter(|started| *started <= now_ms)?;
        let left = self.duration_millis - self.progressed_millis;
        let done = match self.running_since_ms {
            Some(since) if now_ms - since >= left => return Some(Transfer::Completed { at: timestamp(since + left) }),
            Some(since) => self.progressed_millis + (now_ms - since).max(0),
            None => self.progressed_millis,
        };
        let percent = u8::try_from(done.saturating_mul(100) / self.duration_millis.max(1)).unwrap_or(99);
        Some(Transfer::InProgress { percent: percent.min(99) })
    }
}

/// Ships a snapshot, from `start_ms` on, to every image that allows it and is there by then.
pub(in crate::mock) fn start(tx: &Tx<'_>, group_id: &str, snapshot_id: &str, start_ms: i64) -> Result<()> {
    let duration = signed(controls::settings(tx)?.transfer_millis)?;
    let paths = tx.all(
        "SELECT image_group_id, flows FROM replication_paths
         WHERE source_group_id = ?1 AND allowed AND visible_ms <= ?2",
        params![group_id, start_ms],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)),
    )?;
    for (image, flows) in paths {
        ship(tx, snapshot_id, &image, flows.then_some(start_ms), duration)?;
    }
    Ok(())
}

/// Puts the replica of a snapshot on an image, to arrive in `duration_millis` from `start_ms` on; `None`: once data can
/// move.
pub(in crate::mock) fn ship(
    tx: &Tx<'_>,
    snapshot_id: &str,
    image_id: &str,
    start_ms: Option<i64>,
    duration_millis: i64,
) -> Result<()> {
    let replica = snapshots::replicate(tx, snapshot_id, image_id)?;
    tx.execute(
        "INSERT INTO transfers (snapshot_id, duration_millis, progressed_millis, started_ms, running_since_ms)
         VALUES (?1, ?2, 0, ?3, ?3)",
        params![replica, duration_millis, start_ms],
    )?;
    Ok(())
}

/// Interrupts and continues transfers after a change of what they depend on: link, sites, permission, groups.
pub(in crate::mock) fn refresh(tx: &Tx<'_>) -> Result<()> {
    tx.execute(
        "UPDATE transfers
         SET progressed_millis = progressed_millis + max(?1 - running_since_ms, 0), running_since_ms = NULL,
             started_ms = iif(started_ms > ?1, NULL, started_ms)
         WHERE progressed_millis + ?1 - running_since_ms < duration_millis
             AND snapshot_id NOT IN (SELECT s.id FROM snapshots AS s JOIN replication_paths ON image_group_id = s.group_id
                                     WHERE flows)",
        [tx.now_ms],
    )?;
    tx.execute(
        "UPDATE transfers SET running_since_ms = ?1, started_ms = COALESCE(started_ms, ?1)
         WHERE running_since_ms IS NULL
             AND snapshot_id IN (SELECT s.id FROM snapshots AS s JOIN replication_paths ON image_group_id = s.group_id
                                 WHERE flows)",
        [tx.now_ms],
    )?;
    Ok(())
}

/// When everything that is on its way to an image will have arrived; now, if there is nothing, or if it stands still.
pub(in crate::mock) fn idle_from(tx: &Tx<'_>, image_id: &str) -> Result<i64> {
    let last: Option<i64> = tx.value(
        "SELECT max(running_since_ms + duration_millis - progressed_millis) FROM transfers
         JOIN snapshots ON snapshots.id = snapshot_id WHERE group_id = ?1",
        [image_id],
    )?;
    Ok(last.map_or(tx.now_ms, |last| last.max(tx.now_ms)))
}
