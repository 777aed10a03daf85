//! Schedules and retention of a protection group: how they are shown, and what may be set.

use crate::refusal::Refusal;
use crate::sentences;
use protector_core::mock::{DailyWindow, GroupPolicy, ProtectionGroupRow, SnapshotRetention, SnapshotSchedule};
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// Milliseconds between snapshots (the contract of 2.37, `x-minimum` and `x-maximum`).
const FREQUENCY: RangeInclusive<i64> = 300_000..=34_560_000_000;
/// Seconds since midnight.
const AT: RangeInclusive<i64> = 0..=86_399;
/// Milliseconds since midnight, on the hour.
const WINDOW: RangeInclusive<i64> = 0..=86_400_000;
const HOUR: i64 = 3_600_000;
/// Prior to Purity 6.8.2 and 6.6.4 (the contract of 2.37).
const ALL_FOR_SEC: RangeInclusive<i64> = 60..=34_560_000;
const PER_DAY: RangeInclusive<i64> = 0..=1440;
const DAYS: RangeInclusive<i64> = 0..=4000;

/// A schedule as an item shows it; `replicates`: one that has a blackout.
pub(super) fn schedule(schedule: &SnapshotSchedule, replicates: bool) -> Value {
    let mut item = json!({"at": schedule.at, "enabled": schedule.enabled, "frequency": schedule.frequency});
    if let (true, Some(fields)) = (replicates, item.as_object_mut()) {
        let window = schedule.blackout;
        let window = json!({"start": window.map(|window| window.start), "end": window.map(|window| window.end)});
        fields.insert("blackout".to_owned(), window);
    }
    item
}

/// Retention as an item shows it.
pub(super) fn retention(retention: SnapshotRetention) -> Value {
    json!({"all_for_sec": retention.all_for_sec, "days": retention.days, "per_day": retention.per_day})
}

/// What a PATCH can change of schedules and retention; what is absent or `null` stays.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct PolicyChange {
    replication_schedule: Option<ScheduleChange>,
    snapshot_schedule: Option<ScheduleChange>,
    source_retention: Option<RetentionChange>,
    target_retention: Option<RetentionChange>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct ScheduleChange {
    enabled: Option<bool>,
    frequency: Option<i64>,
    at: Option<i64>,
    blackout: Option<Blackout>,
}

/// An empty string clears the window (the contract of 2.37).
#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Blackout {
    Window { start: Option<i64>, end: Option<i64> },
    Cleared(String),
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct RetentionChange {
    all_for_sec: Option<i64>,
    per_day: Option<i64>,
    days: Option<i64>,
}

impl PolicyChange {
    /// The policy that a group has after the change.
    ///
    /// # Errors
    /// a value out of its bounds, or one that SafeMode does not let go down → 400.
    pub(super) fn apply(&self, group: &ProtectionGroupRow) -> Result<GroupPolicy, Refusal> {
        let before = &group.policy;
        let after = GroupPolicy {
            replication: changed_schedule("replication_schedule", before.replication, &self.replication_schedule)?,
            snapshot: changed_schedule("snapshot_schedule", before.snapshot, &self.snapshot_schedule)?,
            source_retention: changed_retention(before.source_retention, &self.source_retention)?,
            target_retention: changed_retention(before.target_retention, &self.target_retention)?,
        };
        if group.retention_locked && keeps_less(before, &after) {
            return Err(Refusal::bad(&group.name, sentences::retention_locked("Keeping or taking fewer snapshots")));
        }
        Ok(after)
    }
}

fn changed_schedule(
    field: &str,
    before: SnapshotSchedule,
    change: &Option<ScheduleChange>,
) -> Result<SnapshotSchedule, Refusal> {
    let Some(change) = change else { return Ok(before) };
    let blackout = match &change.blackout {
        None => before.blackout,
        Some(Blackout::Cleared(text)) if text.is_empty() => None,
        Some(Blackout::Window { start: Some(start), end: Some(end) })
            if [start, end].iter().all(|ms| WINDOW.contains(ms) && *ms % HOUR == 0) =>
        {
            Some(DailyWindow { start: *start, end: *end })
        }
        Some(_) => return Err(Refusal::bad(field, sentences::invalid_parameter("blackout", "not on the hour"))),
    };
    Ok(SnapshotSchedule {
        enabled: change.enabled.unwrap_or(before.enabled),
        frequency: within("frequency", change.frequency, before.frequency, &FREQUENCY)?,
        at: match change.at {
            None => before.at,
            Some(-1) => None,
            Some(at) => Some(within("at", Some(at), 0, &AT)?),
        },
        blackout,
    })
}

fn changed_retention(
    before: SnapshotRetention,
    change: &Option<RetentionChange>,
) -> Result<SnapshotRetention, Refusal> {
    let Some(change) = change else { return Ok(before) };
    Ok(SnapshotRetention {
        all_for_sec: within("all_for_sec", change.all_for_sec, before.all_for_sec, &ALL_FOR_SEC)?,
        per_day: within("per_day", change.per_day, before.per_day, &PER_DAY)?,
        days: within("days", change.days, before.days, &DAYS)?,
    })
}

fn within(field: &str, given: Option<i64>, before: i64, bounds: &RangeInclusive<i64>) -> Result<i64, Refusal> {
    match given {
        None => Ok(before),
        Some(value) if bounds.contains(&value) => Ok(value),
        Some(value) => Err(Refusal::bad(field, sentences::out_of_bounds(field, value, bounds))),
    }
}

fn keeps_less(before: &GroupPolicy, after: &GroupPolicy) -> bool {
    let retention = |one: SnapshotRetention, other: SnapshotRetention| {
        other.all_for_sec < one.all_for_sec || other.per_day < one.per_day || other.days < one.days
    };
    let schedule = |one: SnapshotSchedule, other: SnapshotSchedule| {
        one.enabled && (!other.enabled || other.frequency > one.frequency)
    };
    retention(before.source_retention, after.source_retention)
        || retention(before.target_retention, after.target_retention)
        || schedule(before.replication, after.replication)
        || schedule(before.snapshot, after.snapshot)
}
