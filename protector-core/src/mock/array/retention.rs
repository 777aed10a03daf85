//! Which snapshots of an administered group have had their time.

use super::policy::{self, DAY_MS, SnapshotRetention};
use crate::Result;
use crate::mock::tx::Tx;
use rusqlite::params;
use std::collections::HashSet;

/// A snapshot that retention looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    created_ms: i64,
    /// Taken by a schedule, or asked to go with those.
    scheduled: bool,
    /// A volume can be cloned from all of it.
    complete: bool,
}

/// Which have to go, and when the next one may have to. `snapshots`: oldest first. All of the first `all_for_sec` stay; of
/// those after that the first of each of `per_day` equal parts of a day (UTC), for `days` days. The newest complete one
/// stays in any case.
fn surplus(snapshots: &[Kept], retention: SnapshotRetention, now_ms: i64) -> (Vec<bool>, Option<i64>) {
    let newest_complete = snapshots.iter().rposition(|snapshot| snapshot.complete);
    let all_ms = retention.all_for_sec.saturating_mul(1000);
    let end_ms = all_ms.saturating_add(retention.days.saturating_mul(DAY_MS));
    let mut taken = HashSet::new();
    let mut next: Option<i64> = None;
    let mut goes = Vec::new();
    for (index, snapshot) in snapshots.iter().enumerate() {
        if !snapshot.scheduled {
            goes.push(false);
            continue;
        }
        let part = snapshot.created_ms.rem_euclid(DAY_MS) * retention.per_day / DAY_MS;
        let first_of_part = retention.per_day > 0 && taken.insert((snapshot.created_ms.div_euclid(DAY_MS), part));
        let life = if first_of_part { end_ms } else { all_ms };
        let ends = snapshot.created_ms.saturating_add(life);
        let over = ends <= now_ms;
        if !over {
            next = Some(next.map_or(ends, |earlier| earlier.min(ends)));
        }
        goes.push(over && newest_complete != Some(index));
    }
    (goes, next)
}

/// Lets go what has had its time in a group and, if it is replicated, in its images.
pub(in crate::mock) fn expire(tx: &Tx<'_>, group_id: &str) -> Result<()> {
    let sql = "SELECT id, source_group_id IS NOT NULL FROM protection_groups
        WHERE administered AND destroyed_ms IS NULL AND (id = ?1 OR source_group_id = ?1)";
    for (id, is_image) in tx.all(sql, [group_id], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))? {
        expire_one(tx, &id, is_image)?;
    }
    Ok(())
}

/// The same wherever something has had its time by now.
pub(in crate::mock) fn expire_due(tx: &Tx<'_>) -> Result<()> {
    let sql = "SELECT id, source_group_id IS NOT NULL FROM protection_groups WHERE retention_due_ms <= ?1";
    for (id, is_image) in tx.all(sql, [tx.now_ms], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))? {
        expire_one(tx, &id, is_image)?;
    }
    tx.execute("DELETE FROM snapshots WHERE eradicate_ms <= ?1", [tx.now_ms])?;
    Ok(())
}

fn expire_one(tx: &Tx<'_>, group_id: &str, is_image: bool) -> Result<()> {
    let policy = policy::of_group(tx, group_id)?;
    let retention = if is_image { policy.target_retention } else { policy.source_retention };
    let found: Vec<(String, Kept)> = tx.all(
        "SELECT s.id, created_ms, scheduled,
                duration_millis IS NULL OR ifnull(progressed_millis + ?2 - running_since_ms >= duration_millis, 0)
         FROM snapshots AS s LEFT JOIN transfers ON snapshot_id = s.id
         WHERE group_id = ?1 AND destroyed_ms IS NULL ORDER BY created_ms, suffix",
        params![group_id, tx.now_ms],
        |row| Ok((row.get(0)?, Kept { created_ms: row.get(1)?, scheduled: row.get(2)?, complete: row.get(3)? })),
    )?;
    let snapshots: Vec<Kept> = found.iter().map(|(_, kept)| *kept).collect();
    let (goes, next) = surplus(&snapshots, retention, tx.now_ms);
    for ((id, _), _) in found.iter().zip(goes).filter(|(_, goes)| *goes) {
        tx.execute("DELETE FROM snapshots WHERE id = ?1", [id])?;
    }
    tx.execute(
        "UPDATE protection_groups SET retention_due_ms = ?2 WHERE id = ?1 AND retention_due_ms IS NOT ?2",
        params![group_id, next],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const NOW: i64 = 100 * DAY_MS;

    /// Scheduled, complete snapshots of so many hours ago, oldest first.
    fn aged(hours: &[i64]) -> Vec<Kept> {
        hours.iter().map(|h| Kept { created_ms: NOW - h * HOUR, scheduled: true, complete: true }).collect()
    }

    fn kept(hours: &[i64], retention: (i64, i64, i64)) -> Vec<i64> {
        let retention = SnapshotRetention { all_for_sec: retention.0, per_day: retention.1, days: retention.2 };
        let (goes, _) = surplus(&aged(hours), retention, NOW);
        hours.iter().zip(goes).filter(|(_, goes)| !goes).map(|(hour, _)| *hour).collect()
    }

    #[test]
    fn all_are_kept_for_a_while_and_some_of_each_day_after_that() {
        for (hours, retention, expected) in [
            (&[30, 20, 3, 2, 1][..], (2 * 3600, 0, 0), &[1][..]),
            (&[30, 20, 3, 2, 1], (3 * 3600 + 1, 0, 0), &[3, 2, 1]),
            // of yesterday and the day before: the first of each
            (&[47, 46, 30, 20, 10, 1], (7200, 1, 7), &[47, 20, 1]),
            // of each half day the first
            (&[47, 46, 30, 20, 10, 1], (7200, 2, 7), &[47, 30, 20, 10, 1]),
            // a day after the end of all_for_sec
            (&[30, 26, 25, 20, 10, 1], (7200, 1, 1), &[20, 1]),
            // the newest one, however old
            (&[400, 300], (7200, 1, 1), &[300]),
        ] {
            assert_eq!(kept(hours, retention), expected, "{hours:?} {retention:?}");
        }
    }

    #[test]
    fn what_somebody_asked_for_and_the_newest_complete_one_stay() {
        let mut snapshots = aged(&[50, 40, 30, 20]);
        snapshots[0].scheduled = false;
        snapshots[2].complete = false;
        snapshots[3].complete = false;
        let retention = SnapshotRetention { all_for_sec: 60, per_day: 0, days: 0 };
        assert_eq!(surplus(&snapshots, retention, NOW).0, [false, false, true, true]);
    }

    #[test]
    fn the_next_look_is_when_the_next_one_may_go() {
        let retention = SnapshotRetention { all_for_sec: 7200, per_day: 0, days: 0 };
        assert_eq!(surplus(&aged(&[1]), retention, NOW).1, Some(NOW + HOUR));
        assert_eq!(surplus(&aged(&[5]), retention, NOW).1, None);
        let retention = SnapshotRetention { all_for_sec: 7200, per_day: 1, days: 1 };
        assert_eq!(surplus(&aged(&[5]), retention, NOW).1, Some(NOW + 21 * HOUR));
    }
}
