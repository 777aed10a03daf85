//! Making the steps that are left.

use super::outcomes::{closed_steps, final_status, member_outcomes, nobody_arrives};
use super::perform::{self, Performed};
use super::run::Run;
use super::schedule::Schedule;
use super::{Limits, Record};
use crate::model::{OperationKind, OperationStatus, StepId};
use crate::plan::{Action, EndpointKind, OnFailure, Step};
use crate::{Error, ErrorKind, Result};
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use std::collections::HashSet;

/// Runs until all steps are settled or closed, one stops the operation, or somebody cancels. Then either the operation is
/// finished, or it rolls back, or it stays open with its error.
pub(super) async fn run(run: &Run, limits: Limits) -> Result<()> {
    let needs_nothing = |id: &StepId| run.state().is_settled(id) || run.state().has_failed(id);
    let mut schedule = Schedule::new(&run.plan, needs_nothing, limits);
    let mut closed = HashSet::new();
    close_followers(run, &mut schedule, &mut closed);
    let mut in_flight = FuturesUnordered::new();
    let mut failure: Option<Error> = None;
    stop_without_arrivals(run, &mut failure).await?;
    loop {
        if failure.is_none() && !run.is_cancelled() {
            run.keep_lease().await?;
            for at in begin(run, &mut schedule).await? {
                if let Some(step) = run.plan.steps.get(at) {
                    in_flight.push(perform::perform(run, step).map(move |result| (at, result)));
                }
            }
        }
        let Some(first) = in_flight.next().await else { break };
        let mut finished = vec![first];
        // whatever else is finished by now shares the next journal write
        while let Some(Some(more)) = in_flight.next().now_or_never() {
            finished.push(more);
        }
        for (at, result) in finished {
            let Some(step) = run.plan.steps.get(at) else { continue };
            let settled = conclude(run, step, result, schedule.left() == 1, &mut failure).await?;
            if run.state().has_failed(&step.id) {
                close_followers(run, &mut schedule, &mut closed);
                stop_without_arrivals(run, &mut failure).await?;
            }
            schedule.give_back(at, settled);
        }
    }
    end(run, failure, schedule.left() == 0).await
}

/// Intents of everything that may begin go into the journal as one write.
async fn begin(run: &Run, schedule: &mut Schedule) -> Result<Vec<usize>> {
    let taken = schedule.take();
    let steps = || {
        taken.iter().filter_map(|at| run.plan.steps.get(*at)).filter(|s| s.action.endpoint().kind != EndpointKind::None)
    };
    let intents: Vec<Record> = steps().map(|s| Record::StepIntent { step: s.id.clone() }).collect();
    if !intents.is_empty() {
        run.append(intents).await?;
    }
    steps().for_each(|s| run.tell_step(s, "started"));
    Ok(taken)
}

/// Takes the steps out that will not be made any more.
fn close_followers(run: &Run, schedule: &mut Schedule, closed: &mut HashSet<StepId>) {
    let now: HashSet<&StepId> = closed_steps(&run.plan, &run.state()).into_keys().collect();
    for (at, step) in run.plan.steps.iter().enumerate().filter(|(_, s)| now.contains(&s.id)) {
        if closed.insert(step.id.clone()) {
            schedule.close(at);
            run.tell_step(step, "blocked");
        }
    }
}

/// Writes one outcome; that of the last step also ends the operation. Returns whether the steps after it may begin.
async fn conclude(
    run: &Run,
    step: &Step,
    result: Result<Performed>,
    last: bool,
    failure: &mut Option<Error>,
) -> Result<bool> {
    match result {
        Ok(performed) => {
            let mut records = vec![Record::StepDone { step: step.id.clone(), output: performed.output }];
            records.extend(performed.lost);
            if last {
                records.push(Record::Finished { status: ended(run) });
            }
            run.append_with(records, performed.change, last).await?;
            run.count_settled(step);
            run.tell_step(step, "done");
            Ok(true)
        }
        // no outcome is written: the next run makes the step again
        Err(e) if e.kind() == ErrorKind::Cancelled => Ok(false),
        // the journal is somebody else's now
        Err(e) if e.kind() == ErrorKind::Conflict && run.keep_lease().await.is_err() => Err(e),
        Err(e) => match meaning(step, e.kind()) {
            OnFailure::Skip => {
                run.append(vec![Record::StepSkipped { step: step.id.clone(), reason: e.to_string() }]).await?;
                run.count_settled(step);
                run.tell_step(step, "skipped");
                Ok(true)
            }
            OnFailure::FailMember => fail_member(run, step, e.context(&step.title)).await,
            OnFailure::Stop => {
                let e = e.context(&step.title);
                let (code, message) = (e.kind().code().to_owned(), e.to_string());
                run.append(vec![Record::StepFailed { step: step.id.clone(), code, message }]).await?;
                run.tell_step(step, "failed");
                failure.get_or_insert(e);
                Ok(false)
            }
        },
    }
}

/// What the failure of a step means. An endpoint that nobody gets an answer from is not the failure of one member.
fn meaning(step: &Step, kind: ErrorKind) -> OnFailure {
    let of_the_endpoint = matches!(kind, ErrorKind::Unreachable | ErrorKind::Unauthenticated);
    match step.on_failure {
        OnFailure::FailMember if of_the_endpoint || step.member.is_none() => OnFailure::Stop,
        other => other,
    }
}

/// Writes down that the member of the step does not arrive. What waits for outcomes may go on.
async fn fail_member(run: &Run, step: &Step, e: Error) -> Result<bool> {
    let Some(member) = step.member.clone() else { return Err(e) };
    let output = perform::left_behind(run, step).await;
    let (code, message) = (e.kind().code().to_owned(), e.to_string());
    run.append(vec![Record::MemberFailed { step: step.id.clone(), member, code, message, output }]).await?;
    run.tell_step(step, "failed");
    Ok(true)
}

/// Nobody is made the primary of nothing: a move of which no member arrives stops, and is gone on with by a resume.
async fn stop_without_arrivals(run: &Run, failure: &mut Option<Error>) -> Result<()> {
    if failure.is_some() || !run.plan.kind.moves_workload() {
        return Ok(());
    }
    let reason = {
        let state = run.state();
        let is_switch = |s: &&Step| matches!(s.action, Action::SwitchPrimary { .. });
        if run.plan.steps.iter().filter(is_switch).any(|s| state.begun_at.contains_key(&s.id)) {
            return Ok(());
        }
        nobody_arrives(&run.plan, &state)
    };
    let Some(reason) = reason else { return Ok(()) };
    let reason = format!("no member arrived: {reason}");
    run.append(vec![Record::Stopped { reason: reason.clone() }]).await?;
    *failure = Some(Error::precondition(reason));
    Ok(())
}

fn ended(run: &Run) -> OperationStatus {
    final_status(run.plan.kind, &member_outcomes(&run.plan, &run.state()))
}

/// What a failure means depends on the kind and on whether the pivot is passed.
async fn end(run: &Run, failure: Option<Error>, nothing_left: bool) -> Result<()> {
    let (finished, pivot_passed) = {
        let state = run.state();
        (state.finished.is_some(), state.pivot_passed(&run.plan))
    };
    if finished {
        return Ok(());
    }
    if nothing_left {
        return run.append_with(vec![Record::Finished { status: ended(run) }], None, true).await;
    }
    let Some(failure) = failure else {
        return Err(Error::new(ErrorKind::Cancelled, format!("{} was stopped on request", run.operation.id))
            .remedy(format!("openstack protector operation resume {}", run.operation.id)));
    };
    if !run.plan.kind.changes_metadata() {
        // nothing of production was touched: the group is free again, and what a test made is known to its cleanup
        return run.append_with(vec![Record::Finished { status: OperationStatus::Failed }], None, true).await;
    }
    // a retry has nothing to go back to: it began where a move had passed its pivot
    if pivot_passed || run.plan.kind == OperationKind::RetryFailed {
        return Ok(());
    }
    run.append(vec![Record::RollbackStarted { reason: failure.to_string() }]).await
}
