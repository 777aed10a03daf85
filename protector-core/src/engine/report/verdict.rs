//! The verdict, and how it reads in one line.

use super::fold::starts_servers;
use super::value::{Answer, MemberResult, OperationReport, Things, Verdict};
use crate::model::{OperationKind, OperationStatus};
use crate::plan::{FindingCode, Observation};

/// Of what starts no servers, where arrays are simulated under real clouds.
const SIMULATED: &str = "on simulated storage";

/// What does not pass is said; what is not known does not pass.
pub(super) fn verdict(report: &OperationReport) -> Verdict {
    let starts = starts_servers(report.kind);
    let all_ran = report.members.iter().all(|m| m.result == MemberResult::Ran);
    if report.ended_at.known().is_none() && report.status != OperationStatus::Failed {
        Verdict::NotEnded
    } else if report.status != OperationStatus::Completed || !all_ran {
        Verdict::Failed
    } else if report.recovery_point.met == Answer::No {
        Verdict::ObjectiveMissed
    } else if report.recovery_point.met == Answer::Unknown || (starts && report.recovery_time.seconds.known().is_none())
    {
        Verdict::NotConclusive
    } else if report.things.temporary && !(report.things.left.is_empty() && report.things.untold.is_empty()) {
        Verdict::NotCleanedUp
    } else {
        Verdict::Passed
    }
}

/// What is left to do: go on with what is open, remove what is left of a test.
pub(super) fn next(report: &OperationReport) -> Vec<String> {
    let things = &report.things;
    let is_test = report.kind == OperationKind::TestFailover;
    if report.ended_at.known().is_none() {
        let verb = if report.status == OperationStatus::Running { "watch" } else { "resume" };
        vec![format!("openstack protector operation {verb} {}", report.operation)]
    } else if report.status == OperationStatus::CompletedPartial {
        vec![format!("openstack protector failover {} --retry-failed", crate::rules::shell::word(&report.group_name))]
    } else if is_test && !(things.left.is_empty() && things.untold.is_empty()) {
        let (group, test) = (crate::rules::shell::word(&report.group_name), &report.operation);
        vec![format!("openstack protector test-cleanup {group} --test {test}")]
    } else {
        Vec::new()
    }
}

/// `Drill passed: 2 of 2 servers ran, recovery time 41 s, data 3 min old (objective 15 min), everything removed`.
pub(super) fn headline(report: &OperationReport) -> String {
    let parts: Vec<String> =
        [simulated(report), servers(report), time(report), data(report), left(report)].into_iter().flatten().collect();
    let lead = lead(report);
    if parts.is_empty() { lead } else { format!("{lead}: {}", parts.join(", ")) }
}

fn lead(report: &OperationReport) -> String {
    let subject = match report.kind {
        OperationKind::TestFailover => "Drill".to_owned(),
        kind => capitalised(&kind.to_string()),
    };
    let is_drill = report.kind == OperationKind::TestFailover;
    let predicate = match (report.verdict, report.status) {
        (Verdict::NotEnded, status) => return format!("{subject} has not ended ({status}, {} %)", percent(report)),
        (Verdict::Failed, OperationStatus::RolledBack) => "failed and was rolled back",
        (Verdict::Failed, OperationStatus::Cancelled) => "was cancelled",
        (Verdict::Failed, OperationStatus::CompletedPartial) => "completed in part",
        (Verdict::Failed, _) => "failed",
        (Verdict::ObjectiveMissed, _) => "missed its objective",
        (Verdict::NotConclusive, _) => "is not conclusive",
        (Verdict::NotCleanedUp, _) => "worked and is not cleaned up",
        (Verdict::Passed, _) if is_drill => "passed",
        (Verdict::Passed, _) => "completed",
    };
    format!("{subject} {predicate}")
}

fn percent(report: &OperationReport) -> u8 {
    report.graph.progress.as_ref().map_or(0, |p| p.percent)
}

fn simulated(report: &OperationReport) -> Option<String> {
    let is_simulated = report.findings.iter().any(|f| f.code == FindingCode::StorageSimulated);
    is_simulated.then(|| if starts_servers(report.kind) { "with blank disks".to_owned() } else { SIMULATED.to_owned() })
}

fn servers(report: &OperationReport) -> Option<String> {
    if !starts_servers(report.kind) {
        return None;
    }
    let ran = report.members.iter().filter(|m| m.result == MemberResult::Ran).count();
    Some(format!("{ran} of {} servers ran", report.members.len()))
}

fn time(report: &OperationReport) -> Option<String> {
    if !starts_servers(report.kind) {
        return None;
    }
    Some(match &report.recovery_time.seconds {
        Observation::Known(seconds) => format!("recovery time {}", span(*seconds)),
        Observation::Unknown(why) | Observation::Refused(why) => format!("recovery time not known ({why})"),
    })
}

fn data(report: &OperationReport) -> Option<String> {
    let point = &report.recovery_point;
    if point.met == Answer::NotApplicable {
        return None;
    }
    if point.nothing_lost {
        return Some("no write lost".to_owned());
    }
    let objective = match &point.objective_seconds {
        Observation::Known(seconds) => format!("objective {}", span(*seconds)),
        Observation::Unknown(why) | Observation::Refused(why) => format!("objective not known: {why}"),
    };
    Some(match &point.age_seconds {
        Observation::Known(seconds) => format!("data {} old ({objective})", span(*seconds)),
        Observation::Unknown(why) | Observation::Refused(why) => {
            format!("age of the data not known: {why} ({objective})")
        }
    })
}

fn left(report: &OperationReport) -> Option<String> {
    let things = &report.things;
    if !things.temporary {
        return None;
    }
    let untold = match things.untold.len() {
        0 => String::new(),
        count => format!(", and what {count} step(s) may have made is not known"),
    };
    if !things.left.is_empty() {
        return Some(format!("still there: {}{untold}", counted(&things.left)));
    }
    if things.made.is_empty() {
        return Some(format!("nothing was made{untold}"));
    }
    Some(format!("everything removed{untold}"))
}

/// `1 server, 2 ports`.
pub(super) fn counted(things: &Things) -> String {
    let counts = [
        (things.servers.len(), "server"),
        (things.ports.len(), "port"),
        (things.volumes.len(), "volume"),
        (things.clones.len(), "clone"),
    ];
    let words: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A time for people, never shorter than it was: `0.4 s`, `90 s`, `3 min`, `3 min 20 s`, `1 h 5 min`.
pub(super) fn span(seconds: f64) -> String {
    if seconds < 10.0 && seconds.fract() != 0.0 {
        return format!("{:.1} s", (seconds * 10.0).ceil() / 10.0);
    }
    // times of an operation are far below 2^63 seconds; a float beyond ends at the largest number
    let whole = seconds.ceil() as i64;
    let (minutes, rest) = (whole / 60, whole % 60);
    match (whole, rest) {
        (..120, _) => format!("{whole} s"),
        (..3600, 0) => format!("{minutes} min"),
        (..3600, _) => format!("{minutes} min {rest} s"),
        _ => {
            let minutes = minutes + i64::from(rest > 0);
            match (minutes / 60, minutes % 60) {
                (hours, 0) => format!("{hours} h"),
                (hours, minutes) => format!("{hours} h {minutes} min"),
            }
        }
    }
}
