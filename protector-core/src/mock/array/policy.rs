//! When snapshots of a protection group are taken and how long they stay, as an administrator sets it. Defaults are those
//! of a new protection group of Purity 6.

use crate::Result;
use crate::mock::tx::{Tx, from_json};
use rusqlite::params;
use serde::{Deserialize, Serialize};

/// Milliseconds of a day.
pub(in crate::mock) const DAY_MS: i64 = 86_400_000;

/// How long the snapshots that a schedule took are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRetention {
    /// Seconds for which all of them are kept.
    pub all_for_sec: i64,
    /// How many of each day are kept after that.
    pub per_day: i64,
    /// For how many days.
    pub days: i64,
}

impl Default for SnapshotRetention {
    fn default() -> Self {
        Self { all_for_sec: 86_400, per_day: 4, days: 7 }
    }
}

/// A part of each day (UTC) in milliseconds since midnight; over midnight if it ends before it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyWindow {
    /// First millisecond.
    pub start: i64,
    /// The millisecond after the last.
    pub end: i64,
}

impl DailyWindow {
    /// Whether an instant is in it.
    pub(in crate::mock) fn contains(self, at_ms: i64) -> bool {
        let time = at_ms.rem_euclid(DAY_MS);
        if self.start <= self.end {
            (self.start..self.end).contains(&time)
        } else {
            time >= self.start || time < self.end
        }
    }
}

/// When snapshots are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotSchedule {
    /// Whether any are taken at all.
    #[serde(skip)]
    pub enabled: bool,
    /// Milliseconds from one to the next.
    pub frequency: i64,
    /// Seconds since midnight (UTC) of the first; counts only if the frequency is whole days.
    pub at: Option<i64>,
    /// When none are replicated. Of no meaning for local snapshots.
    pub blackout: Option<DailyWindow>,
}

impl SnapshotSchedule {
    /// A schedule that is off, with this frequency.
    pub(in crate::mock) fn off(frequency: i64) -> Self {
        Self { enabled: false, frequency, at: None, blackout: None }
    }

    /// When the first snapshot is due if the schedule begins now: after one interval, or the next time of day that it names.
    /// Whether a real array takes one at once is not known.
    pub(in crate::mock) fn first_due(&self, now_ms: i64) -> i64 {
        match self.at {
            Some(at) if self.frequency % DAY_MS == 0 => {
                let today = now_ms - now_ms.rem_euclid(DAY_MS) + at * 1000;
                if today > now_ms { today } else { today + DAY_MS }
            }
            _ => now_ms.saturating_add(self.frequency),
        }
    }
}

/// When snapshots of a group are taken, and how long they stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupPolicy {
    /// When snapshots are taken to be replicated.
    pub replication: SnapshotSchedule,
    /// When snapshots are taken that stay where the group is.
    pub snapshot: SnapshotSchedule,
    /// What is kept where the group is.
    pub source_retention: SnapshotRetention,
    /// What is kept on its targets.
    pub target_retention: SnapshotRetention,
}

impl Default for GroupPolicy {
    fn default() -> Self {
        Self {
            replication: SnapshotSchedule::off(14_400_000),
            snapshot: SnapshotSchedule::off(3_600_000),
            source_retention: SnapshotRetention::default(),
            target_retention: SnapshotRetention::default(),
        }
    }
}

/// The columns `schedules` and `interval_ms`, and whether `next_due_ms` and `snapshot_due_ms` are set.
pub(in crate::mock) type Columns = (String, Option<i64>, bool, bool);

pub(in crate::mock) fn read((json, interval_ms, replicates, snapshots): Columns) -> Result<GroupPolicy> {
    let mut policy: GroupPolicy = from_json(&json)?;
    policy.replication.frequency = interval_ms.unwrap_or(policy.replication.frequency);
    policy.replication.enabled = replicates;
    policy.snapshot.enabled = snapshots;
    Ok(policy)
}

/// The policy of a group.
pub(in crate::mock) fn of_group(tx: &Tx<'_>, group_id: &str) -> Result<GroupPolicy> {
    let sql = "SELECT schedules, interval_ms, next_due_ms IS NOT NULL, snapshot_due_ms IS NOT NULL
        FROM protection_groups WHERE id = ?1";
    let row = tx.first(sql, [group_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    row.map_or_else(|| Ok(GroupPolicy::default()), read)
}

/// Sets the policy of a group, and on its images what is to be kept there. A schedule begins anew only if it is changed.
pub(in crate::mock) fn set(tx: &Tx<'_>, group_id: &str, policy: &GroupPolicy) -> Result<()> {
    let before = of_group(tx, group_id)?;
    tx.execute(
        "UPDATE protection_groups SET administered = 1, schedules = ?2 WHERE id = ?1 OR source_group_id = ?1",
        params![group_id, serde_json::to_string(policy)?],
    )?;
    tx.execute(
        "UPDATE protection_groups SET interval_ms = ?2 WHERE id = ?1 AND interval_ms IS NOT ?2",
        params![group_id, policy.replication.frequency],
    )?;
    for (column, old, new) in
        [("next_due_ms", before.replication, policy.replication), ("snapshot_due_ms", before.snapshot, policy.snapshot)]
    {
        if !new.enabled || (old.enabled, old.frequency, old.at) != (true, new.frequency, new.at) {
            let due = new.enabled.then(|| new.first_due(tx.now_ms));
            tx.execute(&format!("UPDATE protection_groups SET {column} = ?2 WHERE id = ?1"), params![group_id, due])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_window_may_go_over_midnight() {
        let day = DailyWindow { start: 5 * HOUR, end: 8 * HOUR };
        let night = DailyWindow { start: 22 * HOUR, end: 2 * HOUR };
        let none = DailyWindow { start: HOUR, end: HOUR };
        for (window, hour, inside) in [
            (day, 4, false),
            (day, 5, true),
            (day, 7, true),
            (day, 8, false),
            (night, 21, false),
            (night, 22, true),
            (night, 1, true),
            (night, 2, false),
            (none, 1, false),
        ] {
            assert_eq!(window.contains(30 * DAY_MS + hour * HOUR), inside, "{window:?} at {hour}");
        }
    }

    #[test]
    fn a_time_of_day_counts_only_for_whole_days() {
        let now = 30 * DAY_MS + 10 * HOUR;
        let due = |frequency, at| SnapshotSchedule { at, ..SnapshotSchedule::off(frequency) }.first_due(now) - now;
        assert_eq!(due(HOUR, None), HOUR);
        assert_eq!(due(HOUR, Some(12 * 3600)), HOUR);
        assert_eq!(due(DAY_MS, None), DAY_MS);
        assert_eq!(due(DAY_MS, Some(12 * 3600)), 2 * HOUR);
        assert_eq!(due(3 * DAY_MS, Some(10 * 3600)), DAY_MS, "that of today has passed");
        assert_eq!(due(DAY_MS, Some(0)), 14 * HOUR);
    }
}
