use super::*;
use crate::ErrorKind;
use crate::exec::lease;
use crate::model::{FailoverType, Mappings};
use crate::plan::testing::{Size, facts};
use crate::plan::{Request, plan};
use crate::ports::JOURNAL_START;

fn failover() -> Plan {
    let request = Request::Failover {
        failover_type: FailoverType::Planned,
        force: false,
        reason: None,
        mappings: Mappings::default(),
    };
    plan(&facts(&[Size { tier: 0, disks: 1, nics: 1 }], false), &request).unwrap()
}

fn sealed(records: Vec<serde_json::Value>) -> Vec<JournalEntry> {
    let mut entries: Vec<JournalEntry> = Vec::new();
    for (sequence, record) in (0..).zip(records) {
        let previous = entries.last().map_or(JOURNAL_START, |e| e.hash.as_str()).to_owned();
        let at = Timestamp::from_second(i64::try_from(sequence).unwrap()).unwrap();
        entries.push(JournalEntry::seal(sequence, at, record, &previous));
    }
    entries
}

/// The journal of a run of `plan` without any trouble.
fn journal(plan: &Plan) -> Vec<JournalEntry> {
    let mut records = vec![
        Record::PlanAccepted {
            schema: JOURNAL_SCHEMA,
            plan_hash: plan.hash.clone(),
            consents: Vec::new(),
            measures: None,
        },
        Record::Attempt { holder: lease::this_process("test".to_owned()), generation: 1 },
    ];
    for step in plan.steps.iter().map(|s| s.id.clone()) {
        records.push(Record::StepIntent { step: step.clone() });
        records.push(Record::StepDone { step, output: StepOutput::Nothing });
    }
    records.push(Record::Finished { status: OperationStatus::Completed });
    sealed(records.iter().map(|r| serde_json::to_value(r).unwrap()).collect())
}

#[test]
fn every_prefix_is_a_state_to_go_on_from() {
    let plan = failover();
    let journal = journal(&plan);
    let pivot = plan.steps.iter().find(|s| s.phase == crate::plan::Phase::Pivot).unwrap();
    let mut progress = 0;
    for length in 1..=journal.len() {
        let state = OperationState::fold(&journal[..length]).unwrap();
        assert_eq!((state.next_sequence, &state.last_hash), (length as u64, &journal[length - 1].hash));
        assert_eq!(state.pivot_passed(&plan), state.is_settled(&pivot.id));
        let now = state.progress(&plan);
        assert!(now >= progress && (now == 100) == (length == journal.len()), "{now} after {length} entries");
        progress = now;
        let (idle, busy) = match length {
            1 => (OperationStatus::Pending, OperationStatus::Running),
            _ if length == journal.len() => (OperationStatus::Completed, OperationStatus::Completed),
            _ => (OperationStatus::Interrupted, OperationStatus::Running),
        };
        assert_eq!((state.status(false), state.status(true)), (idle, busy), "{length} entries");
    }
}

#[test]
fn a_step_that_was_begun_again_is_not_done() {
    let plan = failover();
    let step = plan.steps[0].id.clone();
    let failed = Record::StepFailed { step: step.clone(), code: "transient".to_owned(), message: "busy".to_owned() };
    let records = [Record::StepIntent { step: step.clone() }, failed, Record::StepIntent { step: step.clone() }];
    let entries = sealed(records.iter().map(|r| serde_json::to_value(r).unwrap()).collect());
    let failed = OperationState::fold(&entries[..2]).unwrap();
    assert_eq!(
        (failed.error.as_deref(), failed.steps.get(&step)),
        (Some("busy"), Some(&StepState::Failed("busy".into())))
    );
    let again = OperationState::fold(&entries).unwrap();
    assert_eq!(again.steps.get(&step), Some(&StepState::Begun));
    assert!(!again.is_settled(&step));
    // what a repeated step computes must not depend on the attempt
    assert_eq!(again.begun_at.get(&step), failed.begun_at.get(&step));
}

#[test]
fn a_step_ends_with_its_last_outcome() {
    let step = StepId::from("fence_source");
    let failed = Record::StepFailed { step: step.clone(), code: "transient".to_owned(), message: "busy".to_owned() };
    let intent = Record::StepIntent { step: step.clone() };
    let done = Record::StepDone { step: step.clone(), output: StepOutput::Nothing };
    let skipped = Record::StepSkipped { step: step.clone(), reason: "silent".to_owned() };
    let undone = Record::StepUndone { step: step.clone() };
    let records = [intent.clone(), failed, intent.clone(), done, intent.clone(), skipped, intent, undone];
    let entries = sealed(records.iter().map(|r| serde_json::to_value(r).unwrap()).collect());
    for length in 1..=entries.len() {
        let state = OperationState::fold(&entries[..length]).unwrap();
        // entry n is of second n; every other one is an intent, after which nothing is known
        let ended = (length % 2 == 0).then(|| Timestamp::from_second(i64::try_from(length).unwrap() - 1).unwrap());
        assert_eq!(state.ended_at.get(&step).copied(), ended, "{length} entries");
    }
}

#[test]
fn a_journal_of_an_earlier_build_has_no_measures() {
    let earlier = serde_json::json!({
        "record": "plan_accepted", "schema": JOURNAL_SCHEMA, "plan_hash": "", "consents": []
    });
    let record: Record = serde_json::from_value(earlier.clone()).unwrap();
    assert!(matches!(record, Record::PlanAccepted { measures: None, .. }));
    assert_eq!(serde_json::to_value(record).unwrap(), earlier);
}

#[test]
fn a_record_of_another_build_is_refused() {
    let accepted =
        |schema: u32| serde_json::json!({"record": "plan_accepted", "schema": schema, "plan_hash": "", "consents": []});
    assert!(OperationState::fold(&sealed(vec![accepted(JOURNAL_SCHEMA)])).is_ok());
    for unknown in
        [accepted(JOURNAL_SCHEMA + 1), serde_json::json!({"record": "step_teleported"}), serde_json::json!(1)]
    {
        let refused = OperationState::fold(&sealed(vec![unknown])).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unsupported, "{refused}");
    }
}
