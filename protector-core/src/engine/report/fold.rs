//! A journal, folded into a report.

use super::things::{self, Found};
use super::value::*;
use crate::engine::describe::step_word;
use crate::exec::{MemberOutcome, OperationState, Record, StepState, closed_steps, member_outcomes};
use crate::model::{OperationKind, ServerId, SiteName, StepId};
use crate::plan::graph::{Standing, StepWord};
use crate::plan::{Action, EndpointKind, ExpectedLoss, Observation, Phase, Plan, PointSource, Severity, Step};
use crate::ports::{JournalEntry, StoredOperation};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// By how much an array's clock may be ahead of ours before an age is no age any more, in seconds.
const CLOCK_TOLERANCE: f64 = 60.0;

/// What was told about an operation.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) plan: Plan,
    pub(super) journal: Vec<JournalEntry>,
    pub(super) state: OperationState,
}

impl Told {
    fn records(&self) -> impl Iterator<Item = (Timestamp, Record)> {
        // the state was folded from them, so all of them can be read
        self.journal.iter().filter_map(|e| Some((e.at, serde_json::from_str(&e.record).ok()?)))
    }

    fn ended_at(&self, step: &StepId) -> Option<Timestamp> {
        self.state.ended_at(step)
    }
}

pub(super) fn unknown<T>(why: impl Into<String>) -> Observation<T> {
    Observation::Unknown(why.into())
}

fn known_or<T>(value: Option<T>, why: &str) -> Observation<T> {
    value.map_or_else(|| unknown(why), Observation::Known)
}

/// Seconds between two times, to the millisecond.
fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    // a duration in milliseconds is far below the 2^53 that a float holds exactly
    to.duration_since(from).as_millis() as f64 / 1000.0
}

pub(super) fn report(
    stored: &StoredOperation,
    told: &Told,
    standing: &Standing,
    cleanups: &[(StoredOperation, Told)],
    found: &Found,
    made_at: Timestamp,
    made_on: SiteName,
) -> OperationReport {
    let (plan, state) = (&told.plan, &told.state);
    let executed_by = executed_by(told);
    let members = members(stored, told);
    let mut report = OperationReport {
        schema: REPORT_SCHEMA,
        made_at,
        made_on,
        verdict: Verdict::NotEnded,
        headline: String::new(),
        operation: stored.id.clone(),
        kind: stored.kind,
        status: standing.status,
        error: state.error.clone().or_else(|| state.rollback.clone()),
        group: stored.group.clone(),
        group_name: stored.group_name.clone(),
        source: plan.source.clone(),
        target: plan.target.clone(),
        plan: plan.id.clone(),
        plan_hash: plan.hash.clone(),
        accepted_at: stored.accepted_at,
        started_at: known_or(executed_by.first().map(|e| e.since), "no executor has taken it up"),
        ended_at: known_or(state.finished.map(|(_, at)| at), "it has not ended"),
        executed_by,
        journal: JournalSeal { records: told.journal.len(), head: state.last_hash.to_string(), verified: true },
        findings: plan.findings.iter().filter(|f| f.severity == Severity::Warning).cloned().collect(),
        consents: state.consents.clone(),
        recovery_point: recovery_point(stored, told),
        recovery_time: RecoveryTimeReport { seconds: recovery_time(stored, &members), phases: phases(told) },
        members,
        steps: steps(told),
        things: things::report(stored, told, cleanups, found),
        next: Vec::new(),
        graph: plan.graph_with(standing),
    };
    report.next = super::verdict::next(&report);
    report.verdict = super::verdict::verdict(&report);
    report.headline = super::verdict::headline(&report);
    report
}

fn executed_by(told: &Told) -> Vec<Executing> {
    let executing = |(since, record)| match record {
        Record::Attempt { holder, generation, .. } => {
            Some(Executing { host: holder.host, process: holder.process, generation, since })
        }
        _ => None,
    };
    told.records().filter_map(executing).collect()
}

/// The data that was used, its age when the operation was accepted, and whether that is within the objective.
fn recovery_point(stored: &StoredOperation, told: &Told) -> RecoveryPointReport {
    let measures = told.records().find_map(|(_, record)| match record {
        Record::PlanAccepted { measures, .. } => measures,
        _ => None,
    });
    let source = told.plan.steps.iter().find_map(|step| match &step.action {
        Action::CloneVolumes { point, .. } => Some(point),
        _ => None,
    });
    // what a site that was left behind may have acknowledged later is in no recovery point
    let stopped = told.plan.expected_loss == ExpectedLoss::None;
    let taken = source == Some(&PointSource::Taken);
    let used = match source {
        None => unknown(format!("a {} clones from no recovery point", stored.kind)),
        Some(PointSource::Pinned(name)) => {
            let created =
                measures.as_ref().and_then(|m| m.point.as_ref()).filter(|(n, _)| n == name).map(|(_, at)| *at);
            let why = "the journal was written by a build that did not keep it";
            Observation::Known(PointUsed { name: name.clone(), created: known_or(created, why) })
        }
        Some(PointSource::Taken) => match &told.state.outputs.point {
            Some((name, at)) => Observation::Known(PointUsed { name: name.clone(), created: Observation::Known(*at) }),
            None => unknown("the operation did not get to take one"),
        },
    };
    let nothing_lost = taken && stopped && used.known().is_some();
    let age_seconds = match &used {
        Observation::Unknown(why) | Observation::Refused(why) => unknown(why.clone()),
        Observation::Known(_) if taken => Observation::Known(0.0),
        Observation::Known(PointUsed { created: Observation::Unknown(why) | Observation::Refused(why), .. }) => {
            unknown(why.clone())
        }
        Observation::Known(PointUsed { created: Observation::Known(at), .. }) => match seconds(*at, stored.accepted_at)
        {
            age if age < -CLOCK_TOLERANCE => {
                unknown(format!("the array's clock is {:.0} s ahead of this host's", -age))
            }
            age => Observation::Known(age.max(0.0)),
        },
    };
    let minutes = measures.as_ref().and_then(|m| m.rpo_minutes);
    let why = if measures.is_some() { "the group had no policy" } else { "the journal does not hold it" };
    let objective_seconds = known_or(minutes.map(|minutes| f64::from(minutes) * 60.0), why);
    let met = match (&age_seconds, &objective_seconds) {
        _ if source.is_none() => Answer::NotApplicable,
        _ if nothing_lost => Answer::Yes,
        (Observation::Known(age), Observation::Known(objective)) if age <= objective => Answer::Yes,
        (Observation::Known(_), Observation::Known(_)) => Answer::No,
        _ => Answer::Unknown,
    };
    RecoveryPointReport { used, age_seconds, objective_seconds, met, nothing_lost }
}

/// Until the last of all members was seen running.
fn recovery_time(stored: &StoredOperation, members: &[MemberReport]) -> Observation<f64> {
    if members.is_empty() || !starts_servers(stored.kind) {
        return unknown(format!("a {} starts no servers", stored.kind));
    }
    if let Some(missing) = members.iter().find(|m| m.seconds.known().is_none()) {
        return unknown(format!("'{}' was not seen running", missing.name));
    }
    let last = members.iter().filter_map(|m| m.seconds.known().copied()).fold(0.0, f64::max);
    Observation::Known(last)
}

/// Whether the kind brings servers up.
pub(super) fn starts_servers(kind: OperationKind) -> bool {
    kind.moves_workload() || matches!(kind, OperationKind::TestFailover | OperationKind::RetryFailed)
}

fn phases(told: &Told) -> Vec<PhaseTime> {
    let mut phases: BTreeMap<Phase, Vec<&Step>> = BTreeMap::new();
    for step in told.plan.steps.iter().filter(|s| told.state.has_begun(&s.id)) {
        phases.entry(step.phase).or_default().push(step);
    }
    let time = |(phase, steps): (Phase, Vec<&Step>)| {
        let began_at = steps.iter().filter_map(|s| told.state.begun_at(&s.id)).min()?;
        let ended: Option<Vec<Timestamp>> = steps.iter().map(|s| told.ended_at(&s.id)).collect();
        let last = ended.and_then(|ended| ended.into_iter().max());
        let seconds = last.map(|last| seconds(began_at, last));
        Some(PhaseTime { phase, began_at, seconds: known_or(seconds, "a step of it has no outcome") })
    };
    phases.into_iter().filter_map(time).collect()
}

fn steps(told: &Told) -> Vec<StepReport> {
    let mut attempts: BTreeMap<StepId, usize> = BTreeMap::new();
    for (_, record) in told.records() {
        if let Record::StepIntent { step } = record {
            *attempts.entry(step).or_default() += 1;
        }
    }
    let closed = closed_steps(&told.plan, &told.state);
    let report = |(at, s): (usize, &Step)| {
        let stands = step_word(told.state.step(&s.id), closed.get(&s.id).copied());
        step(told, at + 1, s, attempts.get(&s.id).copied(), stands)
    };
    told.plan.steps.iter().enumerate().map(report).collect()
}

fn step(
    told: &Told,
    number: usize,
    step: &Step,
    attempts: Option<usize>,
    (outcome, error): (StepWord, Option<String>),
) -> StepReport {
    let (began, ended) = (told.state.begun_at(&step.id), told.ended_at(&step.id));
    let waits_only = step.action.endpoint().kind == EndpointKind::None;
    let no_beginning = match outcome {
        StepWord::Pending | StepWord::Blocked => "it was not begun",
        _ if waits_only => "it only waits for others",
        _ => "the journal does not hold it",
    };
    let no_end = if matches!(outcome, StepWord::Pending | StepWord::Blocked) {
        "it was not begun"
    } else {
        "the journal holds no outcome"
    };
    let between = began.zip(ended).map(|(began, ended)| seconds(began, ended));
    StepReport {
        number,
        id: step.id.clone(),
        title: step.title.clone(),
        phase: step.phase,
        waits_only,
        outcome,
        attempts: attempts.unwrap_or(0),
        began_at: known_or(began, no_beginning),
        ended_at: known_or(ended, no_end),
        seconds: known_or(between, if began.is_none() { no_beginning } else { no_end }),
        error,
    }
}

/// The members in the order of the plan.
fn members(stored: &StoredOperation, told: &Told) -> Vec<MemberReport> {
    if !starts_servers(stored.kind) {
        return Vec::new();
    }
    let mut by_member: BTreeMap<&ServerId, Vec<&Step>> = BTreeMap::new();
    let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
    for step in &told.plan.steps {
        if let Some(member) = &step.member {
            by_member.entry(member).or_default().push(step);
            if seen.insert(member) {
                order.push(member);
            }
        }
    }
    let outcomes = member_outcomes(&told.plan, &told.state);
    let report = |id: &ServerId| {
        let steps = by_member.get(id).map(Vec::as_slice).unwrap_or_default();
        member(stored, told, id, steps, outcomes.get(id))
    };
    order.into_iter().map(report).collect()
}

fn member(
    stored: &StoredOperation,
    told: &Told,
    id: &ServerId,
    steps: &[&Step],
    outcome: Option<&MemberOutcome>,
) -> MemberReport {
    let name = steps.iter().find_map(|s| match &s.action {
        Action::EnsureServer { name, .. } => Some(name.clone()),
        _ => None,
    });
    let up = seen_running(told, steps);
    let (result, error) = match outcome {
        Some(MemberOutcome::Failed { reason }) => (MemberResult::Failed, Some(reason.clone())),
        Some(MemberOutcome::Blocked { reason, .. }) => (MemberResult::Blocked, Some(reason.clone())),
        // whatever else is left to do for it: it was seen
        Some(MemberOutcome::Succeeded | MemberOutcome::Pending) if up.is_some() => (MemberResult::Ran, None),
        _ => (MemberResult::NotReached, None),
    };
    let up = up.filter(|_| result == MemberResult::Ran);
    let why = match result {
        MemberResult::Failed => "it did not come up",
        MemberResult::Blocked => "it was not started",
        MemberResult::Ran | MemberResult::NotReached => "the operation did not get to it",
    };
    let server = told.state.outputs.servers.get(id).map(|(server, _)| server.clone());
    MemberReport {
        member: id.clone(),
        name: name.unwrap_or_else(|| id.to_string()),
        result,
        server: known_or(server, why),
        up_at: known_or(up, why),
        seconds: known_or(up.map(|up| seconds(stored.accepted_at, up)), why),
        error,
    }
}

/// When the last look at a member ended well, if it was verified and every check of it is settled.
fn seen_running(told: &Told, steps: &[&Step]) -> Option<Timestamp> {
    let is_look = |s: &&&Step| matches!(s.action, Action::VerifyServer { .. } | Action::CheckServer { .. });
    let looks: Vec<&&Step> = steps.iter().filter(is_look).collect();
    let is_done = |s: &&&Step| told.state.step(&s.id) == Some(&StepState::Done);
    let verified = looks.iter().any(|s| matches!(s.action, Action::VerifyServer { .. }) && is_done(s));
    let settled = looks.iter().all(|s| told.state.is_settled(&s.id));
    let last = looks.iter().filter(|s| is_done(s)).filter_map(|s| told.ended_at(&s.id)).max();
    last.filter(|_| verified && settled)
}
