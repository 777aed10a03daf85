use super::*;
use crate::ErrorKind;
use crate::exec::{OperationState, Record};
use crate::model::{FailoverType, Mappings, OperationStatus};
use crate::plan::testing::{Size, facts};
use crate::plan::{OnFailure, Phase, Plan, Request, Step, plan};
use crate::ports::{LeaseHolder, StopKind};
use jiff::Timestamp;

fn planned() -> Plan {
    failover(FailoverType::Planned)
}

fn failover(failover_type: FailoverType) -> Plan {
    let force = failover_type == FailoverType::Unplanned;
    let reason = force.then(|| "the site is lost".to_owned());
    let request = Request::Failover { failover_type, force, reason, mappings: Mappings::default() };
    plan(&facts(&[Size { tier: 0, disks: 1, nics: 1 }], false), &request).unwrap()
}

fn tested() -> Plan {
    let request = Request::TestFailover { mappings: Mappings::default(), retain_primary: true };
    plan(&facts(&[Size { tier: 0, disks: 1, nics: 1 }], false), &request).unwrap()
}

fn step<'a>(plan: &'a Plan, id: &str) -> &'a Step {
    plan.steps.iter().find(|step| step.id.as_str().starts_with(id)).unwrap()
}

/// The state when every step up to and with this phase is done.
fn after(plan: &Plan, phase: Option<Phase>) -> OperationState {
    let mut state = OperationState::default();
    for step in plan.steps.iter().filter(|step| phase.is_some_and(|phase| step.phase <= phase)) {
        let done = Record::StepDone { step: step.id.clone(), output: crate::plan::StepOutput::Nothing };
        state.add(done, Timestamp::UNIX_EPOCH).unwrap();
    }
    state
}

/// Nobody is blamed for an endpoint that is silent, also if what was asked of it last has an unknown result.
#[test]
fn a_silent_endpoint_is_not_the_failure_of_a_member() {
    let plan = planned();
    let (import, switch) = (step(&plan, "import_volume"), step(&plan, "switch_primary"));
    for kind in [ErrorKind::Unreachable, ErrorKind::Unauthenticated, ErrorKind::Indeterminate] {
        assert_eq!(meaning(import, kind), OnFailure::Stop, "{kind:?}");
    }
    for kind in [ErrorKind::Precondition, ErrorKind::NotFound, ErrorKind::LimitReached, ErrorKind::DeadlineExceeded] {
        assert_eq!(meaning(import, kind), OnFailure::FailMember, "{kind:?}");
        assert_eq!(meaning(switch, kind), OnFailure::Stop, "{kind:?}");
    }
}

/// Silence alone is borne, and only where giving up would stop everything.
#[test]
fn what_is_waited_for_and_what_is_not() {
    use ErrorKind::{Indeterminate, PeerUnreachable, Precondition, Unauthenticated, Unreachable};
    let plan = planned();
    let mut skipped = step(&plan, "fence_source").clone();
    skipped.on_failure = OnFailure::Skip;
    for (step, kind, expected) in [
        (step(&plan, "stop_server"), Unreachable, true),
        (step(&plan, "fence_source"), Unreachable, true),
        (step(&plan, "import_volume"), Unreachable, true),
        (step(&plan, "import_volume"), Indeterminate, true),
        (step(&plan, "import_volume"), Precondition, false),
        (step(&plan, "import_volume"), Unauthenticated, false),
        (step(&plan, "switch_primary"), PeerUnreachable, true),
        (step(&plan, "switch_primary"), Precondition, false),
        (&skipped, Unreachable, false),
    ] {
        assert_eq!(bears_with(step, kind), expected, "{} {kind:?}", step.id);
    }
}

/// What was seen by an attempt that is over says nothing of now.
#[test]
fn the_last_look_is_made_by_each_attempt() {
    let plan = planned();
    let look = || vec![Record::StepReopened { step: step(&plan, "confirm").id.clone() }];
    let mut state = after(&plan, Some(Phase::Switch));
    assert_eq!(taken_back(&plan, &state), []);
    let done = Record::StepDone { step: step(&plan, "confirm").id.clone(), output: crate::plan::StepOutput::Nothing };
    state.add(done, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(taken_back(&plan, &state), look());
    // not by one that has nothing to go on with
    let status = OperationStatus::Completed;
    for over in [Record::RollbackStarted { reason: String::new() }, Record::Finished { status }] {
        let mut state = state.clone();
        state.add(over, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(taken_back(&plan, &state), []);
    }
}

/// Whoever goes on with a planned move looks at what an earlier attempt stopped.
#[test]
fn servers_that_an_earlier_attempt_stopped() {
    let name = String::new;
    let holder = LeaseHolder { host: name(), process: 1, process_start: 0, process_namespace: name(), engine: name() };
    let attempts = |plan: &Plan, count: u64| {
        let mut state = after(plan, Some(Phase::Fence));
        for generation in 1..=count {
            let attempt = Record::Attempt { holder: holder.clone(), generation, taken_from: None };
            state.add(attempt, Timestamp::UNIX_EPOCH).unwrap();
        }
        state
    };
    let (moves, forced) = (planned(), failover(FailoverType::Unplanned));
    for (plan, count, expected) in [(&moves, 1, 0), (&moves, 2, 1), (&forced, 2, 0)] {
        assert_eq!(stopped_before(plan, &attempts(plan, count)).len(), expected, "{} {count}", plan.kind);
    }
}

/// Who arrived is not said in two ways: what the other site may have been told has to be asked for.
#[test]
fn an_end_that_may_have_been_told() {
    let plan = planned();
    let mut record = facts(&[Size { tier: 0, disks: 1, nics: 1 }], false).record;
    let mut state = after(&plan, Some(Phase::Switch));
    assert_eq!(told_with(&plan, &state, &record), None);
    let close = step(&plan, "close");
    state.add(Record::StepIntent { step: close.id.clone() }, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(told_with(&plan, &state, &record), Some(close));
    // it went on without that site
    crate::plan::transition::diverge(&mut record, &"op-1".into(), &"site-b".into(), Timestamp::UNIX_EPOCH);
    assert_eq!(told_with(&plan, &state, &record), None);
}

/// I-06: an array that has seen the epoch of the pivot refuses an undo of the one before.
#[test]
fn the_way_back_from_a_pivot_that_was_begun_carries_its_epoch() {
    let (moves, tests) = (planned(), tested());
    let at = Timestamp::UNIX_EPOCH;
    let with = |plan: &Plan, pivot: bool, back: bool| {
        let mut state = after(plan, Some(Phase::Fence));
        let pivots = plan.steps.iter().filter(|step| pivot && step.phase == Phase::Pivot);
        pivots.for_each(|step| state.add(Record::StepIntent { step: step.id.clone() }, at).unwrap());
        if back {
            state.add(Record::RollbackStarted { reason: String::new() }, at).unwrap();
        }
        state
    };
    for (plan, pivot, back, id, is_next) in [
        (&moves, false, false, "fence_source", false),
        (&moves, false, false, "clone_volumes", true),
        (&moves, false, true, "fence_source", false),
        (&moves, true, true, "clone_volumes", true),
        // the array of the source has not heard of it
        (&moves, true, true, "fence_source", false),
        // what moves nothing brings no epoch
        (&tests, true, true, "clone_volumes", false),
    ] {
        let expected = if is_next { plan.epoch.next() } else { plan.epoch };
        assert_eq!(epoch_of(plan, &with(plan, pivot, back), step(plan, id)), expected, "{id}, {pivot}, {back}");
    }
}

#[test]
fn how_it_ends_depends_on_the_kind_and_on_the_pivot() {
    let (moves, tests) = (planned(), tested());
    let (before, past) = (after(&moves, Some(Phase::Fence)), after(&moves, Some(Phase::Pivot)));
    let abort = Some(StopKind::Abort);
    let cases = [
        ("a move fails before its pivot", &moves, &before, None, true, Ending::RollBack),
        ("a move fails after its pivot", &moves, &past, None, true, Ending::StayOpen),
        ("a move is aborted before its pivot", &moves, &before, abort, false, Ending::Abort),
        ("an abort weighs more than a failure", &moves, &before, abort, true, Ending::Abort),
        ("an abort comes after the pivot", &moves, &past, abort, true, Ending::StayOpen),
        ("somebody cancels", &moves, &before, Some(StopKind::Cancel), false, Ending::Stopped),
    ];
    for (what, plan, state, stop, failed, ending_) in cases {
        assert_eq!(ending(plan, state, false, stop, failed), ending_, "{what}");
    }
    let nothing = after(&tests, None);
    assert_eq!(ending(&tests, &nothing, false, None, true), Ending::Finish(OperationStatus::Failed));
    assert_eq!(ending(&tests, &nothing, false, abort, true), Ending::Abort);
    let all = after(&moves, Some(Phase::Close));
    assert_eq!(ending(&moves, &all, true, abort, false), Ending::Finish(OperationStatus::Completed));
}

/// The workload comes first: it waits for no target that cannot be tidied up, but for the site where it starts.
#[test]
fn an_undo_that_fails_stops_the_others_only_at_the_start() {
    let plan = planned();
    let mut state = after(&plan, Some(Phase::Pivot));
    let (peer, silent) = ("site-b".into(), ErrorKind::Unreachable);
    let target = failed_undo(&plan, &state, step(&plan, "clone_volumes"), silent, &peer);
    assert!(target.peer_is_silent && target.goes_on && target.left_behind && !target.source_is_lost);
    let source = failed_undo(&plan, &state, step(&plan, "fence_source"), silent, &peer);
    assert!(!source.peer_is_silent && !source.goes_on);
    // asked for on the other site, the start lies on the silent one: it is given up only with the consent
    let peer = "site-a".into();
    let source = failed_undo(&plan, &state, step(&plan, "fence_source"), silent, &peer);
    assert!(source.peer_is_silent && !source.goes_on && !source.source_is_lost);
    state.leave_peer = true;
    let source = failed_undo(&plan, &state, step(&plan, "fence_source"), silent, &peer);
    assert!(source.goes_on && source.source_is_lost);
    let refused = failed_undo(&plan, &state, step(&plan, "fence_source"), ErrorKind::Precondition, &peer);
    assert!(!refused.peer_is_silent && !refused.goes_on);
}

/// I-03: the end of an operation waits for no version of the other site that may never come back.
#[test]
fn who_goes_on_although_the_other_site_was_not_told() {
    let forced = {
        let (failover_type, mappings) = (FailoverType::Unplanned, Mappings::default());
        let request = Request::Failover { failover_type, force: true, reason: None, mappings };
        plan(&facts(&[Size { tier: 0, disks: 1, nics: 1 }], false), &request).unwrap()
    };
    let (silent, conflict) = (ErrorKind::PeerUnreachable, ErrorKind::Conflict);
    let planned = planned();
    let cases = [
        (&planned, "announce", silent, false),
        (&planned, "switch_primary", silent, false),
        (&planned, "switch_primary", conflict, false),
        (&planned, "close", silent, false),
        (&planned, "close", conflict, true),
        (&forced, "announce", silent, true),
        (&forced, "announce", conflict, false),
        (&forced, "clone_volumes", conflict, false),
        (&forced, "switch_primary", conflict, true),
        (&forced, "close", silent, true),
        (&forced, "close", conflict, true),
    ];
    for (plan, id, kind, goes_on) in cases {
        assert_eq!(goes_on_untold(plan, step(plan, id), kind), goes_on, "{:?}: {id} and {kind:?}", plan.kind);
    }
}
