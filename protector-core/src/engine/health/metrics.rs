//! Health in the text format of Prometheus, version 0.0.4, as a scrape or the textfile collector of its node exporter reads it.
//!
//! Written by hand: it is the rendering of one value, with series that come and go. The client library is made for counters
//! that live as long as a process, and would be a registry that is filled and thrown away. Tests read it with that of Python.

use super::view::{ComplianceView, HealthView};
use crate::model::{RpoState, SyncStatus};
use jiff::Timestamp;
use std::fmt::Write as _;

/// Value of a gauge for one group; `None`: not known, so there is no sample.
type Read = fn(&HealthView) -> Option<f64>;

/// One sample per group, of what is known.
const GAUGES: &[(&str, &str, Read)] = &[
    ("failover_ready", "Whether a planned failover would be accepted now.", |h| Some(flag(h.failover_ready))),
    (
        "unplanned_failover_ready",
        "Whether an unplanned failover would be accepted now if the site of the workload was gone.",
        |h| Some(flag(h.unplanned_ready)),
    ),
    ("link_up", "Whether the replication link is connected; partly connected is not.", |h| match h.link.as_str() {
        "unknown" => None,
        link => Some(flag(link == "connected")),
    }),
    ("metadata_in_sync", "Whether both sites hold the same metadata.", |h| match h.sync_status {
        SyncStatus::Unreachable => None,
        status => Some(flag(status == SyncStatus::InSync)),
    }),
    ("recovery_point_age_seconds", "Age of the newest complete recovery point.", |h| {
        h.recovery_point_age_seconds.map(number)
    }),
    (
        "replication_lag_seconds",
        "How far the data of the newest recovery point were behind when it had arrived.",
        |h| h.replication_lag_seconds.map(number),
    ),
    ("last_transfer_timestamp_seconds", "When the newest recovery point had arrived.", |h| {
        h.last_transfer_at.map(time)
    }),
    ("transfers_under_way", "Recovery points on their way.", |h| {
        h.transfers_under_way.map(|n| number(i64::try_from(n).unwrap_or(i64::MAX)))
    }),
    ("rpo_seconds", "Recovery point objective.", |h| h.rpo_minutes.map(|minutes| f64::from(minutes) * 60.0)),
    ("last_successful_drill_timestamp_seconds", "When the newest test failover that passed had ended.", |h| {
        h.last_successful_drill.as_ref().map(|drill| time(drill.ended_at))
    }),
];

const STATES: [RpoState; 4] = [RpoState::Within, RpoState::Breached, RpoState::Never, RpoState::Unknown];

/// Health of groups as metrics, all of them gauges named `protector_group_…` with the labels
/// `project_id` and `protection_group`. What is not known has no sample, and is never 0.
///
/// | name | further labels |
/// |---|---|
/// | `failover_ready`, `unplanned_failover_ready`, `link_up`, `metadata_in_sync` | |
/// | `recovery_point_age_seconds`, `replication_lag_seconds`, `last_transfer_timestamp_seconds`, `transfers_under_way` | |
/// | `rpo_seconds`, `last_successful_drill_timestamp_seconds` | |
/// | `status` | `status`; 1 for the one it has |
/// | `rpo_state` | `state`: `within`, `breached`, `never`, `unknown`; 1 for the one it is in, 0 for the others |
/// | `rpo_time_ratio` | `window`: `24h`, `7d`; `state`: `within`, `breached`, `unknown`; they add up to 1 but for rounding |
pub fn metrics_text(health: &[HealthView]) -> String {
    let mut text = String::new();
    for (name, help, read) in GAUGES {
        let samples = health.iter().filter_map(|h| Some((labels(h, &[]), read(h)?)));
        family(&mut text, name, help, samples);
    }
    let status = health.iter().map(|h| (labels(h, &[("status", &h.status.to_string())]), 1.0));
    family(&mut text, "status", "Status of the group: 1 for the one it has.", status);
    let state = health
        .iter()
        .filter_map(|h| Some((h, h.rpo?)))
        .flat_map(|(h, now)| STATES.map(|state| (labels(h, &[("state", &state.to_string())]), flag(state == now))));
    family(&mut text, "rpo_state", "How the group stands against its objective: 1 for the state it is in.", state);
    let ratio = health.iter().flat_map(|h| {
        let windows = [("24h", h.rpo_24h), ("7d", h.rpo_7d)];
        windows.into_iter().filter_map(|(window, kept)| Some((window, kept?))).flat_map(|(window, kept)| {
            parts(kept).map(|(state, value)| (labels(h, &[("window", window), ("state", state)]), value))
        })
    });
    let help = "How much of a window the objective was kept, was not, and is not known.";
    family(&mut text, "rpo_time_ratio", help, ratio);
    text
}

fn parts(kept: ComplianceView) -> [(&'static str, f64); 3] {
    [("within", kept.within_percent), ("breached", kept.breached_percent), ("unknown", kept.unknown_percent)]
        .map(|(state, percent)| (state, percent / 100.0))
}

fn flag(is_set: bool) -> f64 {
    f64::from(u8::from(is_set))
}

#[expect(clippy::cast_precision_loss, reason = "seconds and counts are far below 2^52")]
fn number(number: i64) -> f64 {
    number as f64
}

fn time(at: Timestamp) -> f64 {
    number(at.as_millisecond()) / 1000.0
}

/// A metric with its samples, unless there are none.
fn family(text: &mut String, name: &str, help: &str, samples: impl Iterator<Item = (String, f64)>) {
    let mut samples = samples.peekable();
    if samples.peek().is_none() {
        return;
    }
    // writing to a String does not fail
    let _ = writeln!(text, "# HELP protector_group_{name} {help}\n# TYPE protector_group_{name} gauge");
    for (labels, value) in samples {
        let _ = writeln!(text, "protector_group_{name}{{{labels}}} {value}");
    }
}

fn labels(health: &HealthView, more: &[(&str, &str)]) -> String {
    let group = [("project_id", &*health.project_id), ("protection_group", &*health.protection_group)];
    let all = group.into_iter().chain(more.iter().copied());
    all.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect::<Vec<_>>().join(",")
}

/// As the format wants the value of a label.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
