//! Journals for tests of reports.

use super::fold::{Told, report};
use super::things::Found;
use super::*;
use crate::exec::{JOURNAL_SCHEMA, Measures, Record, lease};
use crate::model::{DiskCopy, FailoverType, Mappings, Nic, OperationStatus, StepId};
use crate::plan::testing::{Size, facts};
use crate::plan::{Facts, Plan, PointSource, StepOutput, plan};
use crate::ports::{JOURNAL_START, JournalEntry};
use jiff::Timestamp;

pub(super) const SIZES: [Size; 2] = [Size { tier: 0, disks: 2, nics: 1 }, Size { tier: 1, disks: 1, nics: 1 }];
/// When everything here is accepted: when the facts were seen, 200 s after the data.
pub(super) const ACCEPTED: i64 = 1_800_000_000;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(ACCEPTED + second).unwrap()
}

pub(super) fn rehearsal() -> Request {
    Request::TestFailover { mappings: Mappings::default(), retain_primary: true }
}

pub(super) fn failover(failover_type: FailoverType) -> Request {
    let force = failover_type == FailoverType::Unplanned;
    let reason = force.then(|| "site-a is lost".to_owned());
    Request::Failover { failover_type, force, reason, mappings: Mappings::default() }
}

pub(super) fn seen() -> Facts {
    facts(&SIZES, false)
}

/// A journal that is written one record per second, from the acceptance on.
pub(super) struct Writer {
    pub(super) plan: Plan,
    pub(super) records: Vec<Record>,
}

impl Writer {
    pub(super) fn new(facts: &Facts, request: &Request) -> Self {
        let plan = plan(facts, request).unwrap();
        assert_eq!(plan.blockers().count(), 0, "{plan}");
        let pinned = plan.steps.iter().find_map(|s| match &s.action {
            Action::CloneVolumes { point: PointSource::Pinned(name), .. } => Some((name.clone(), at(-200))),
            _ => None,
        });
        let accepted = Record::PlanAccepted {
            schema: JOURNAL_SCHEMA,
            plan_hash: plan.hash.clone(),
            consents: plan.consents.clone(),
            measures: Some(Measures { rpo_minutes: Some(15), point: pinned }),
        };
        let attempt =
            Record::Attempt { holder: lease::this_process("engine".to_owned()), generation: 1, taken_from: None };
        Self { plan, records: vec![accepted, attempt] }
    }

    /// Makes the steps that `wanted` picks.
    pub(super) fn make(mut self, wanted: impl Fn(&str) -> bool) -> Self {
        for step in self.plan.steps.clone().into_iter().filter(|s| wanted(s.id.as_str())) {
            if !matches!(step.action, Action::Barrier {}) {
                self.records.push(Record::StepIntent { step: step.id.clone() });
            }
            self.records.push(Record::StepDone { output: output(&step), step: step.id });
        }
        self
    }

    pub(super) fn and(mut self, record: Record) -> Self {
        self.records.push(record);
        self
    }

    pub(super) fn fail(self, step: &str) -> Self {
        let step = StepId::from(step);
        assert!(self.plan.steps.iter().any(|s| s.id == step), "{step}: {}", self.plan);
        let (code, message) = ("deadline_exceeded".to_owned(), format!("{step} took too long"));
        self.and(Record::StepIntent { step: step.clone() }).and(Record::StepFailed { step, code, message })
    }

    pub(super) fn finish(self, status: OperationStatus) -> Told {
        let told = self.and(Record::Finished { status });
        told.stop()
    }

    pub(super) fn stop(self) -> Told {
        let mut journal: Vec<JournalEntry> = Vec::new();
        for (sequence, record) in (0..).zip(&self.records) {
            let previous = journal.last().map_or(JOURNAL_START, |e| &*e.hash).to_owned();
            let record = serde_json::to_string(record).unwrap();
            journal.push(JournalEntry::seal(sequence, at(i64::try_from(sequence).unwrap()), record, &previous));
        }
        Told { state: OperationState::fold(&journal).unwrap(), plan: self.plan, journal }
    }
}

pub(super) fn output(step: &crate::plan::Step) -> StepOutput {
    match &step.action {
        Action::AwaitTransfer { .. } => StepOutput::Point { name: "final".into(), created: at(1) },
        Action::CloneVolumes { disks, .. } => StepOutput::Clones {
            made_by: "op-test/clone_volumes".into(),
            volumes: disks.iter().map(|(d, _)| (d.clone(), format!("{d}-clone").into(), "clone".into())).collect(),
        },
        Action::ImportVolume { disk, .. } => StepOutput::Volume {
            disk: disk.clone(),
            copy: DiskCopy {
                volume_id: format!("{disk}-test").into(),
                array_volume: "clone".into(),
                array_volume_id: format!("{disk}-clone").into(),
                cloned_under: None,
            },
        },
        Action::EnsurePort { member, nic, .. } => StepOutput::Port {
            member: member.clone(),
            nic: *nic,
            port: format!("{member}-port").into(),
            interface: Nic { port: None, network: String::new(), mac_address: None, fixed_ips: Vec::new() },
        },
        Action::EnsureServer { member, flavor, .. } => StepOutput::Server {
            member: member.clone(),
            server: format!("{member}-test").into(),
            flavor: flavor.clone(),
        },
        _ => StepOutput::Nothing,
    }
}

pub(super) fn stored(told: &Told) -> StoredOperation {
    let id = if told.plan.kind == OperationKind::TestFailover { "op-test" } else { "op-1" };
    StoredOperation {
        id: id.into(),
        group: told.plan.group.clone(),
        group_name: told.plan.group_name.clone(),
        project: "project".into(),
        kind: told.plan.kind,
        accepted_at: at(0),
        plan: serde_json::to_string(&told.plan).unwrap(),
    }
}

pub(super) fn reported(told: &Told, cleanups: Vec<Told>, found: &Found) -> OperationReport {
    let cleanups: Vec<_> = cleanups.into_iter().map(|c| (stored(&c), c)).collect();
    let stored = stored(told);
    let standing = describe::standing(&stored.id, &told.plan, &told.state, false);
    report(&stored, told, &standing, &cleanups, found, at(1000), "site-a".into())
}

pub(super) fn simple(told: &Told) -> OperationReport {
    reported(told, Vec::new(), &Found::default())
}

pub(super) fn drill() -> Told {
    Writer::new(&seen(), &rehearsal()).make(|_| true).finish(OperationStatus::Completed)
}

pub(super) fn cleanup() -> Writer {
    Writer::new(&seen(), &Request::TestCleanup { test: None })
}
