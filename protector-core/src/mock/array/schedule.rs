//! Scheduled replicated snapshots, taken when somebody next looks.

use super::{snapshots, transfers};
use crate::Result;
use crate::mock::tx::Tx;
use rusqlite::params;

/// How many snapshots are made up for when nobody has looked for longer than that.
const CATCH_UP: i64 = 3;
/// How many scheduled snapshots a group keeps.
const RETAINED: i64 = 8;

/// A schedule with something due.
struct Due {
    group_id: String,
    first_ms: i64,
    interval_ms: i64,
}

/// Takes every scheduled snapshot whose instant has come, each with that instant as its time. Nothing is taken of an empty
/// group, or while the data could not move.
pub(in crate::mock) fn take_due(tx: &Tx<'_>) -> Result<()> {
    let due = tx.all(
        "SELECT id, next_due_ms, interval_ms FROM protection_groups WHERE next_due_ms <= ?1
         ORDER BY next_due_ms, array_id, name",
        [tx.now_ms],
        |row| Ok(Due { group_id: row.get(0)?, first_ms: row.get(1)?, interval_ms: row.get(2)? }),
    )?;
    for schedule in due {
        let last = (tx.now_ms - schedule.first_ms) / schedule.interval_ms;
        let instant = |n: i64| schedule.first_ms + n * schedule.interval_ms;
        for n in (last - CATCH_UP + 1).max(0)..=last {
            take(tx, &schedule.group_id, instant(n))?;
        }
        tx.execute(
            "UPDATE protection_groups SET next_due_ms = ?2 WHERE id = ?1",
            params![schedule.group_id, instant(last + 1)],
        )?;
        expire(tx, &schedule.group_id)?;
    }
    Ok(())
}

fn take(tx: &Tx<'_>, group_id: &str, instant_ms: i64) -> Result<()> {
    let possible: bool = tx.value(
        "SELECT EXISTS (SELECT 1 FROM replication_paths WHERE source_group_id = ?1 AND flows AND visible_ms <= ?2)
            AND EXISTS (SELECT 1 FROM protection_group_volumes WHERE group_id = ?1)",
        params![group_id, instant_ms],
    )?;
    if !possible {
        return Ok(());
    }
    let suffix = next_suffix(tx, group_id)?;
    let snapshot = snapshots::take(tx, group_id, &suffix, instant_ms, true)?;
    transfers::start(tx, group_id, &snapshot, instant_ms)
}

/// `auto-<n>`, past any that somebody else has taken under that name.
fn next_suffix(tx: &Tx<'_>, group_id: &str) -> Result<String> {
    loop {
        let count: i64 = tx.value(
            "UPDATE protection_groups SET scheduled_count = scheduled_count + 1 WHERE id = ?1 RETURNING scheduled_count",
            [group_id],
        )?;
        let suffix = format!("auto-{count}");
        let taken: bool = tx.value(
            "SELECT EXISTS (SELECT 1 FROM snapshots WHERE group_id = ?1 AND suffix = ?2)",
            [group_id, &suffix],
        )?;
        if !taken {
            return Ok(suffix);
        }
    }
}

/// The array's own retention, on the source and on each target: the oldest scheduled snapshots go at once. Those that
/// somebody asked for stay, and so does the newest one that a volume could be cloned from.
fn expire(tx: &Tx<'_>, source_group_id: &str) -> Result<()> {
    tx.execute(
        "WITH complete AS (
             SELECT s.id, s.group_id, s.created_ms FROM snapshots AS s LEFT JOIN transfers ON snapshot_id = s.id
             WHERE s.destroyed_ms IS NULL
                 AND (snapshot_id IS NULL OR progressed_millis + ?2 - running_since_ms >= duration_millis)
         ), ranked AS (
             SELECT id, group_id, row_number() OVER (PARTITION BY group_id ORDER BY created_ms DESC, suffix DESC) AS rank
             FROM snapshots
             WHERE scheduled AND group_id IN (SELECT id FROM protection_groups WHERE id = ?1 OR source_group_id = ?1)
         )
         DELETE FROM snapshots WHERE id IN (SELECT id FROM ranked WHERE rank > ?3)
             AND id NOT IN (SELECT id FROM complete
                            WHERE created_ms = (SELECT max(created_ms) FROM complete AS newest
                                                WHERE newest.group_id = complete.group_id))",
        params![source_group_id, tx.now_ms, RETAINED],
    )?;
    Ok(())
}
