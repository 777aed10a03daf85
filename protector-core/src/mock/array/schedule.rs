//! Scheduled snapshots, taken when somebody next looks.

use super::{policy, retention, snapshots, transfers};
use crate::Result;
use crate::mock::tx::Tx;
use rusqlite::params;

/// How many snapshots are made up for when nobody has looked for longer than that: of a group that a driver manages, and
/// of one that an administrator does.
const CATCH_UP: [i64; 2] = [3, 32];
/// How many scheduled snapshots a group keeps that a driver manages.
const RETAINED: i64 = 8;

/// A group with something due.
struct Due {
    group_id: String,
    administered: bool,
    replication_ms: Option<i64>,
    snapshot_ms: Option<i64>,
}

/// Takes every scheduled snapshot whose instant has come, each with that instant as its time. Nothing is taken of an empty
/// group, nor to be replicated while the data could not move.
pub(in crate::mock) fn take_due(tx: &Tx<'_>) -> Result<()> {
    let due = tx.all(
        "SELECT id, administered, next_due_ms, snapshot_due_ms FROM protection_groups
         WHERE next_due_ms <= ?1 OR snapshot_due_ms <= ?1
         ORDER BY min(ifnull(next_due_ms, snapshot_due_ms), ifnull(snapshot_due_ms, next_due_ms)), array_id, name",
        [tx.now_ms],
        |row| {
            Ok(Due {
                group_id: row.get(0)?,
                administered: row.get(1)?,
                replication_ms: row.get(2)?,
                snapshot_ms: row.get(3)?,
            })
        },
    )?;
    for group in due {
        let policy = policy::of_group(tx, &group.group_id)?;
        let [by_driver, by_administrator] = CATCH_UP;
        let catch_up = if group.administered { by_administrator } else { by_driver };
        let replicated = instants(group.replication_ms, policy.replication.frequency, tx.now_ms, catch_up);
        let local = instants(group.snapshot_ms, policy.snapshot.frequency, tx.now_ms, catch_up);
        let mut all: Vec<(i64, bool)> = replicated.due.into_iter().map(|instant| (instant, true)).collect();
        all.extend(local.due.into_iter().map(|instant| (instant, false)));
        all.sort_unstable();
        for (instant, replicates) in all {
            let blackout = policy.replication.blackout.filter(|_| replicates);
            if !blackout.is_some_and(|window| window.contains(instant)) {
                take(tx, &group, instant, replicates)?;
            }
        }
        tx.execute(
            "UPDATE protection_groups SET next_due_ms = ?2, snapshot_due_ms = ?3 WHERE id = ?1",
            params![group.group_id, replicated.next, local.next],
        )?;
        if group.administered {
            retention::expire(tx, &group.group_id)?;
        } else {
            expire(tx, &group.group_id)?;
        }
    }
    Ok(())
}

/// Instants of a schedule.
struct Instants {
    due: Vec<i64>,
    next: Option<i64>,
}

/// The last `catch_up` instants of a schedule that have come, and the next one.
fn instants(first_ms: Option<i64>, interval_ms: i64, now_ms: i64, catch_up: i64) -> Instants {
    let Some(first) = first_ms.filter(|first| *first <= now_ms && interval_ms > 0) else {
        return Instants { due: Vec::new(), next: first_ms };
    };
    let last = (now_ms - first) / interval_ms;
    let instant = |n: i64| first + n * interval_ms;
    Instants { due: ((last - catch_up + 1).max(0)..=last).map(instant).collect(), next: Some(instant(last + 1)) }
}

fn take(tx: &Tx<'_>, group: &Due, instant_ms: i64, replicates: bool) -> Result<()> {
    let possible: bool = tx.value(
        "SELECT (NOT ?3 OR EXISTS (SELECT 1 FROM replication_paths
                                   WHERE source_group_id = ?1 AND flows AND visible_ms <= ?2))
            AND EXISTS (SELECT 1 FROM protection_group_volumes WHERE group_id = ?1)",
        params![group.group_id, instant_ms, replicates],
    )?;
    if !possible {
        return Ok(());
    }
    let prefix = if group.administered { "" } else { "auto-" };
    let suffix = next_suffix(tx, &group.group_id, prefix)?;
    let snapshot = snapshots::take(tx, &group.group_id, &suffix, instant_ms, true)?;
    if replicates {
        transfers::start(tx, &group.group_id, &snapshot, instant_ms)?;
    }
    Ok(())
}

/// `<prefix><n>`, past any that somebody else has taken under that name.
pub(in crate::mock) fn next_suffix(tx: &Tx<'_>, group_id: &str, prefix: &str) -> Result<String> {
    loop {
        let count: i64 = tx.value(
            "UPDATE protection_groups SET scheduled_count = scheduled_count + 1 WHERE id = ?1 RETURNING scheduled_count",
            [group_id],
        )?;
        let suffix = format!("{prefix}{count}");
        let taken: bool = tx.value(
            "SELECT EXISTS (SELECT 1 FROM snapshots WHERE group_id = ?1 AND suffix = ?2)",
            [group_id, &suffix],
        )?;
        if !taken {
            return Ok(suffix);
        }
    }
}

/// Retention where no administrator has set one, on the source and on each target: the oldest scheduled snapshots go at once. Those that
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
