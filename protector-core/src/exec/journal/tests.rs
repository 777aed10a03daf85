use super::*;
use crate::ErrorKind;
use crate::exec::{decide, lease};
use crate::model::{FailoverType, Mappings};
use crate::plan::testing::{Size, facts};
use crate::plan::{Request, plan};
use crate::ports::{JOURNAL_START, StopKind, StopRequest, StoredOperation};
use crate::store::{Durability, SqlStore, StoreLocation};

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
        let previous = entries.last().map_or(JOURNAL_START, |e| &*e.hash).to_owned();
        let at = Timestamp::from_second(i64::try_from(sequence).unwrap()).unwrap();
        entries.push(JournalEntry::seal(sequence, at, record.to_string(), &previous));
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
        Record::Attempt { holder: lease::this_process("test".to_owned()), generation: 1, taken_from: None },
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
    assert_eq!((failed.error.as_deref(), failed.step(&step)), (Some("busy"), Some(&StepState::Failed("busy".into()))));
    let again = OperationState::fold(&entries).unwrap();
    assert_eq!(again.step(&step), Some(&StepState::Begun));
    assert!(!again.is_settled(&step));
    // what a repeated step computes must not depend on the attempt
    assert_eq!(again.begun_at(&step), failed.begun_at(&step));
}

#[test]
fn a_step_ends_with_its_last_outcome() {
    let step = StepId::from("fence_source");
    let failed = Record::StepFailed { step: step.clone(), code: "transient".to_owned(), message: "busy".to_owned() };
    let intent = Record::StepIntent { step: step.clone() };
    let done = Record::StepDone { step: step.clone(), output: StepOutput::Nothing };
    let skipped = Record::StepSkipped { step: step.clone(), reason: "silent".to_owned() };
    let undone = Record::StepUndone { step: step.clone(), note: None };
    let records = [intent.clone(), failed, intent.clone(), done, intent.clone(), skipped, intent, undone];
    let entries = sealed(records.iter().map(|r| serde_json::to_value(r).unwrap()).collect());
    for length in 1..=entries.len() {
        let state = OperationState::fold(&entries[..length]).unwrap();
        // entry n is of second n; every other one is an intent, after which nothing is known
        let ended = (length % 2 == 0).then(|| Timestamp::from_second(i64::try_from(length).unwrap() - 1).unwrap());
        assert_eq!(state.ended_at(&step), ended, "{length} entries");
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

/// The short way of reading them comes to the same as the other one, in whatever order the fields stand.
#[test]
fn the_records_of_steps_are_read_as_all_others() {
    let point = || StepOutput::Point { name: "pg.1".into(), created: Timestamp::UNIX_EPOCH };
    let records = |step: StepId| {
        [
            Record::StepIntent { step: step.clone() },
            Record::StepDone { step: step.clone(), output: StepOutput::Nothing },
            Record::StepDone { step: step.clone(), output: point() },
            Record::StepUndone { step: step.clone(), note: None },
            Record::StepFailed { step, code: "transient".to_owned(), message: "busy".to_owned() },
            Record::Stopped { reason: "step_done".to_owned() },
            Record::MembersReopened {},
            Record::StepReopened { step: "confirm".into() },
        ]
    };
    let said = |s: OperationState| (s.steps, s.outputs, s.error, s.undo_notes);
    // the second name is one that JSON escapes
    for record in ["ensure_server/web", "ensure_server/\"web\\"].into_iter().flat_map(|step| records(step.into())) {
        let mut added = OperationState::default();
        added.add(record.clone(), Timestamp::UNIX_EPOCH).unwrap();
        let added = said(added);
        let (as_written, by_name) = (serde_json::to_string(&record), serde_json::to_value(&record));
        for text in [as_written.unwrap(), by_name.unwrap().to_string()] {
            let entry = JournalEntry::seal(0, Timestamp::UNIX_EPOCH, text, JOURNAL_START);
            assert_eq!(said(OperationState::fold(&[entry]).unwrap()), added, "{record:?}");
        }
    }
    for broken in
        [r#"{"record":"step_done","step":"a"}"#, r#"{"record":"step_intent"}"#, r#"{"record":"step_began","step":"a"}"#]
    {
        let why = serde_json::from_str::<Record>(broken).unwrap_err().to_string();
        let entry = JournalEntry::seal(0, Timestamp::UNIX_EPOCH, broken, JOURNAL_START);
        let refused = OperationState::fold(&[entry]).unwrap_err();
        assert!(refused.kind() == ErrorKind::Unsupported && refused.message().contains(&why), "{refused}");
    }
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

fn stop(kind: StopKind) -> StopRequest {
    StopRequest { kind, by: "ops".into(), reason: None, at: Timestamp::UNIX_EPOCH, leave_peer: kind == StopKind::Abort }
}

fn folded(records: &[Record]) -> OperationState {
    OperationState::fold(&sealed(records.iter().map(|r| serde_json::to_value(r).unwrap()).collect())).unwrap()
}

#[test]
fn an_attempt_of_an_older_build_is_read() {
    let holder = lease::this_process("test".to_owned());
    let old = serde_json::json!({"record": "attempt", "holder": holder, "generation": 1});
    let state = OperationState::fold(&sealed(vec![old.clone()])).unwrap();
    assert_eq!((state.attempts, state.taken_from), (1, None));
    // and one that took nothing over is written as it always was
    let new = Record::Attempt { holder: holder.clone(), generation: 1, taken_from: None };
    assert_eq!(serde_json::to_value(new).unwrap(), old);
    let over = Record::Attempt { holder: holder.clone(), generation: 2, taken_from: Some(holder.clone()) };
    assert_eq!(folded(&[over]).taken_from, Some(holder));
}

#[test]
fn a_cancel_is_over_with_the_next_attempt_and_an_abort_is_not() {
    let attempt = Record::Attempt { holder: lease::this_process("test".to_owned()), generation: 1, taken_from: None };
    let cancel = Record::CancelRequested { request: stop(StopKind::Cancel) };
    let stopped = folded(&[attempt.clone(), cancel.clone()]);
    assert_eq!((&stopped.stopped, stopped.status(false)), (&stopped.answered, OperationStatus::Interrupted));
    let resumed = folded(&[attempt.clone(), cancel, attempt.clone()]);
    assert_eq!((resumed.stopped, resumed.answered), (None, Some(stop(StopKind::Cancel))));

    let abort = Record::AbortRequested { request: stop(StopKind::Abort), consents: Vec::new() };
    let rollback = Record::RollbackStarted { reason: "no".to_owned() };
    let aborted = folded(&[attempt.clone(), abort.clone(), rollback.clone(), attempt.clone()]);
    assert!(aborted.aborted && aborted.leave_peer);
    assert_eq!(decide::restored(&aborted, false), OperationStatus::Cancelled);
    // it only consents when a failure came first
    let failed = folded(&[attempt, rollback, abort]);
    assert!(!failed.aborted && failed.leave_peer);
    assert_eq!(decide::restored(&failed, false), OperationStatus::RolledBack);
}

/// I-34: exactly up to the outcome of the pivot.
#[test]
fn an_abort_is_possible_until_the_pivot_is_done() {
    let plan = failover();
    let journal = journal(&plan);
    let pivot = plan.steps.iter().position(|s| s.phase == crate::plan::Phase::Pivot).unwrap();
    let done = 2 + 2 * pivot + 1;
    for length in 0..=journal.len() {
        let state = OperationState::fold(&journal[..length]).unwrap();
        assert_eq!(state.can_abort(&plan), length <= done, "{length} entries, the pivot is done with {}", done + 1);
    }
}

/// However it is cut into pages, a journal comes to the same state.
#[tokio::test]
async fn a_journal_is_read_in_pages() {
    let (plan, id) = (failover(), OperationId::from("op-1"));
    let journal = journal(&plan);
    let store = SqlStore::open(StoreLocation::Memory, None, Durability::Off).unwrap();
    let operation = StoredOperation {
        id: id.clone(),
        group: plan.group.clone(),
        group_name: plan.group_name.clone(),
        project: "project".into(),
        kind: plan.kind,
        accepted_at: Timestamp::UNIX_EPOCH,
        plan: serde_json::to_string(&plan).unwrap(),
    };
    store.begin_operation(&operation, &journal, None).await.unwrap();
    let of = |s: OperationState| (s.next_sequence, s.last_hash, s.steps, s.finished);
    let whole = of(OperationState::fold(&journal).unwrap());
    let length = u32::try_from(journal.len()).unwrap();
    for size in [1, 2, 3, length - 1, length, length + 1, PAGE] {
        let read = OperationState::read_in_pages(&store, &id, size).await.unwrap();
        assert_eq!(of(read), whole, "pages of {size}");
    }
}
