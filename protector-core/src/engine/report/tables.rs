//! A report as tables of text, for every form in which people read it.

use super::value::*;
use super::verdict::{counted, span};
use crate::model::OperationStatus;
use crate::plan::Observation;
use crate::plan::graph::StepWord;
use jiff::Timestamp;
use std::fmt::Display;

/// Up to so many steps are listed; beyond, only those that failed or were skipped. The JSON form has all of them.
const MOST_STEPS: usize = 500;

/// Cells that nobody must overlook. Capitals say so where there is no colour.
pub(super) const ALARMS: [&str; 5] = [FAILED, BLOCKED, MISSED, STILL_THERE, BROKEN];
const FAILED: &str = "FAILED";
const BLOCKED: &str = "BLOCKED";
const MISSED: &str = "MISSED";
const STILL_THERE: &str = "STILL THERE";
const BROKEN: &str = "NO";

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) title: &'static str,
    /// Empty for a list of names and values.
    pub(super) header: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
    /// What to know about it.
    pub(super) note: Option<String>,
}

impl Table {
    fn new<const N: usize>(title: &'static str, header: [&'static str; N], rows: Vec<[String; N]>) -> Self {
        Self { title, header: header.to_vec(), rows: rows.into_iter().map(Vec::from).collect(), note: None }
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

pub(super) fn tables(report: &OperationReport) -> Vec<Table> {
    let mut tables = vec![summary(report), objectives(report)];
    if !report.members.is_empty() {
        tables.push(servers(report));
    }
    tables.extend([phases(report), things(report)]);
    if !report.things.cleanups.is_empty() {
        tables.push(cleanups(report));
    }
    tables.extend([steps(report), findings(report), consents(report), journal(report)]);
    tables
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The value in words, or that it is not known and why.
fn told<T>(value: &Observation<T>, words: impl FnOnce(&T) -> String) -> String {
    match value {
        Observation::Known(value) => words(value),
        Observation::Unknown(why) | Observation::Refused(why) => format!("not known: {why}"),
    }
}

fn told_time(value: &Observation<Timestamp>) -> String {
    told(value, |at| time(*at))
}

fn told_span(value: &Observation<f64>) -> String {
    told(value, |seconds| span(*seconds))
}

fn summary(report: &OperationReport) -> Table {
    let executed = report
        .executed_by
        .iter()
        .map(|e| format!("process {} on {} since {}", e.process, e.host, time(e.since)))
        .collect::<Vec<_>>();
    let executed = if executed.is_empty() { "nobody has taken it up".to_owned() } else { executed.join("; ") };
    let row = |name: &str, value: String| [name.to_owned(), value];
    let mut rows = vec![
        row("operation", report.operation.to_string()),
        row("kind", report.kind.to_string()),
        row("protection group", format!("{} ({})", report.group_name, report.group)),
        row("sites", format!("{} to {}", report.source, report.target)),
        row("status", report.status.to_string()),
        row("accepted", time(report.accepted_at)),
        row("started", told_time(&report.started_at)),
        row("ended", told_time(&report.ended_at)),
        row("executed by", executed),
        row("plan", report.plan.clone()),
        row("plan hash", report.plan_hash.clone()),
        row("report", format!("made {} on {}", time(report.made_at), report.made_on)),
    ];
    if let Some(error) = &report.error {
        rows.insert(5, row("error", error.clone()));
    }
    rows.extend(report.next.iter().map(|command| row("what to do", command.clone())));
    Table { header: Vec::new(), ..Table::new("Summary", ["", ""], rows) }
}

fn answer(answer: Answer) -> String {
    match answer {
        Answer::Yes => "met",
        Answer::No => MISSED,
        Answer::Unknown => "not known",
        Answer::NotApplicable => "does not apply",
    }
    .to_owned()
}

fn objectives(report: &OperationReport) -> Table {
    let point = &report.recovery_point;
    let age = if point.nothing_lost {
        "0 s: the point was taken after the workload had stopped".to_owned()
    } else {
        told_span(&point.age_seconds)
    };
    let row = |name: &str, reached: String, objective: String, met: String| [name.to_owned(), reached, objective, met];
    let used = told(&point.used, |p| format!("recovery point {}, data of {}", p.name, told_time(&p.created)));
    let rows = vec![
        row("recovery point (RPO)", age, told_span(&point.objective_seconds), answer(point.met)),
        row("recovery time (RTO)", told_span(&report.recovery_time.seconds), "none is set".to_owned(), String::new()),
    ];
    Table::new("Objectives", ["objective", "reached", "allowed", "verdict"], rows).note(format!(
        "Data used: {used}. Its age and the recovery time count from when the operation was accepted; the recovery time \
         ends when the last server was seen running."
    ))
}

fn servers(report: &OperationReport) -> Table {
    let row = |m: &MemberReport| {
        let result = match m.result {
            MemberResult::Ran => "ran",
            MemberResult::Failed => FAILED,
            MemberResult::Blocked => BLOCKED,
            MemberResult::NotReached => "not reached",
        };
        [
            m.name.clone(),
            result.to_owned(),
            told(&m.server, ToString::to_string),
            told_time(&m.up_at),
            told_span(&m.seconds),
            m.error.clone().unwrap_or_default(),
        ]
    };
    let rows = report.members.iter().map(row).collect();
    Table::new("Servers", ["server", "result", "id", "seen running", "after", "error"], rows)
}

fn phases(report: &OperationReport) -> Table {
    let row = |p: &PhaseTime| [p.phase.to_string(), time(p.began_at), told_span(&p.seconds)];
    let rows = report.recovery_time.phases.iter().map(row).collect();
    Table::new("Time by phase", ["phase", "began", "took"], rows).note("Phases may overlap.")
}

fn things(report: &OperationReport) -> Table {
    let things = &report.things;
    let mut rows = Vec::new();
    let state = |is_left: bool, is_removed: bool| match (is_left, is_removed) {
        (true, _) if things.temporary => STILL_THERE,
        (true, _) => "kept",
        (false, true) => "removed",
        (false, false) => "",
    };
    for (kind, ids) in by_kind(&things.made) {
        let (left, removed) = (of_kind(&things.left, kind), of_kind(&things.removed, kind));
        for id in ids {
            let state = state(left.contains(&id), removed.contains(&id));
            rows.push([kind.to_owned(), id, state.to_owned()]);
        }
    }
    rows.extend(things.untold.iter().map(|what| ["?".to_owned(), what.clone(), "not known".to_owned()]));
    let title = if things.temporary { "What was made for the test" } else { "What was made" };
    let note = match (things.temporary, things.left.is_empty(), report.status) {
        (false, _, OperationStatus::Completed | OperationStatus::CompletedPartial) => {
            "The workload runs on it; nothing is to be removed.".to_owned()
        }
        (false, _, OperationStatus::RolledBack) => format!("The start was restored{}.", recoverable(things)),
        (false, ..) => "The operation has not completed; it goes on with this.".to_owned(),
        (true, true, _) => format!("Made: {}. Nothing is left{}.", counted(&things.made), recoverable(things)),
        (true, false, _) => format!("Made: {}. Left: {}.", counted(&things.made), counted(&things.left)),
    };
    Table::new(title, ["kind", "id", "state"], rows).note(note)
}

/// What became of removed clones.
fn recoverable(things: &ThingsReport) -> &'static str {
    match things.removed.clones.is_empty() {
        true => "",
        false => "; clones that were destroyed can be recovered on the array until its timer ends",
    }
}

fn by_kind(things: &Things) -> [(&'static str, Vec<String>); 4] {
    fn texts<T: Display>(ids: impl IntoIterator<Item = T>) -> Vec<String> {
        ids.into_iter().map(|id| id.to_string()).collect()
    }
    [
        ("server", texts(&things.servers)),
        ("port", texts(&things.ports)),
        ("volume", texts(&things.volumes)),
        ("clone", texts(&things.clones)),
    ]
}

fn of_kind(things: &Things, kind: &str) -> std::collections::BTreeSet<String> {
    by_kind(things).into_iter().filter(|(k, _)| *k == kind).flat_map(|(_, ids)| ids).collect()
}

fn cleanups(report: &OperationReport) -> Table {
    let row =
        |c: &CleanupRun| [c.operation.to_string(), c.status.to_string(), time(c.accepted_at), told_time(&c.ended_at)];
    let rows = report.things.cleanups.iter().map(row).collect();
    Table::new("Cleanups of the test", ["operation", "status", "accepted", "ended"], rows)
}

fn steps(report: &OperationReport) -> Table {
    let made = report.steps.iter().filter(|s| !s.waits_only);
    let all = made.clone().count() <= MOST_STEPS;
    let troubled = |s: &&StepReport| matches!(s.outcome, StepWord::Failed | StepWord::Skipped);
    let row = |s: &StepReport| {
        let pending = s.outcome == StepWord::Pending;
        [
            s.number.to_string(),
            s.title.clone(),
            s.phase.to_string(),
            if s.outcome == StepWord::Failed { FAILED.to_owned() } else { s.outcome.to_string() },
            if pending { "not begun".to_owned() } else { told_time(&s.began_at) },
            if pending { "not begun".to_owned() } else { told_span(&s.seconds) },
            s.attempts.to_string(),
            s.error.clone().unwrap_or_default(),
        ]
    };
    let rows = made.clone().filter(|s| all || troubled(s)).map(row).collect();
    let header = ["no", "step", "phase", "outcome", "began", "took", "attempts", "error"];
    let table = Table::new("Steps", header, rows);
    if all {
        return table;
    }
    table.note(format!(
        "Of {} steps only those that failed or were skipped are listed here; the report as JSON has all of them.",
        made.count()
    ))
}

fn findings(report: &OperationReport) -> Table {
    let row = |f: &crate::plan::Finding| {
        [f.code.to_string(), f.message.clone(), f.consent.map(|c| c.to_string()).unwrap_or_default()]
    };
    let rows: Vec<_> = report.findings.iter().map(row).collect();
    let table = Table::new("Findings that were accepted", ["finding", "what was seen", "consent"], rows);
    if report.findings.is_empty() { table.note("None.") } else { table }
}

fn consents(report: &OperationReport) -> Table {
    let row = |c: &crate::plan::Consent| {
        let reason = c.reason.clone().unwrap_or_else(|| "no reason was given".to_owned());
        [c.kind.to_string(), c.scope.clone(), reason]
    };
    let rows: Vec<_> = report.consents.iter().map(row).collect();
    let table = Table::new("Consents", ["consent", "to what", "reason"], rows);
    if report.consents.is_empty() { table.note("None was needed.") } else { table }
}

fn journal(report: &OperationReport) -> Table {
    let journal = &report.journal;
    let verified = if journal.verified { "yes: every record fits the one before it" } else { BROKEN };
    let rows = vec![
        ["records".to_owned(), journal.records.to_string()],
        ["hash of the last record".to_owned(), journal.head.clone()],
        ["chain verified".to_owned(), verified.to_owned()],
    ];
    Table { header: Vec::new(), ..Table::new("Journal", ["", ""], rows) }
}
