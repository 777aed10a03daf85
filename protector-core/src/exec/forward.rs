//! Making the steps that are left.

use super::Record;
use super::decide::{self, Ending};
use super::patience;
use super::perform::{self, Performed};
use super::run::Run;
use crate::plan::{EndpointKind, Limits, OnFailure, Phase, Schedule, Step, StepOutput};
use crate::ports::GroupChange;
use crate::{Error, ErrorKind, Result};
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use std::collections::HashSet;

/// Runs until all steps are settled or closed, one stops the operation, or somebody asks to stop. Then either the operation
/// is finished, or it rolls back, or it stays open.
pub(super) async fn run(run: &Run, limits: Limits) -> Result<()> {
    let (mut schedule, already_closed) = decide::schedule(&run.plan, &run.state(), run.settled_at_begin(), limits);
    let mut closed = HashSet::new();
    tell_closed(run, &already_closed, &mut closed);
    let mut in_flight = FuturesUnordered::new();
    let mut failure: Option<Error> = None;
    stop_without_arrivals(run, &mut failure).await?;
    loop {
        run.refuse_late_abort().await?;
        if failure.is_none() && !run.is_stopping() {
            run.keep_lease().await?;
            for at in begin(run, &mut schedule).await? {
                if let Some(step) = run.plan.steps.get(at) {
                    in_flight.push(patience::perform(run, step).map(move |result| (at, result)));
                }
            }
        }
        let Some(first) = in_flight.next().await else { break };
        let mut finished = vec![first];
        // whatever else is finished by now shares the next journal write
        while let Some(Some(more)) = in_flight.next().now_or_never() {
            finished.push(more);
        }
        conclude(run, &mut schedule, &mut closed, finished, &mut failure).await?;
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
    if steps().any(|s| s.phase == Phase::Pivot) {
        // the last moment at which an abort counts
        run.ask().await;
    }
    Ok(taken)
}

/// Takes the steps out that will not be made any more.
fn close_followers(run: &Run, schedule: &mut Schedule, closed: &mut HashSet<usize>) {
    let now = decide::closed_positions(&run.plan, &run.state());
    now.iter().for_each(|at| schedule.close(*at));
    tell_closed(run, &now, closed);
}

fn tell_closed(run: &Run, now: &[usize], closed: &mut HashSet<usize>) {
    for at in now {
        if closed.insert(*at)
            && let Some(step) = run.plan.steps.get(*at)
        {
            run.tell_step(step, "blocked");
        }
    }
}

/// Writes the outcomes of steps that finished together: those that are done as one write, unless something else goes with
/// one of them.
async fn conclude(
    run: &Run,
    schedule: &mut Schedule,
    closed: &mut HashSet<usize>,
    finished: Vec<(usize, Result<Performed>)>,
    failure: &mut Option<Error>,
) -> Result<()> {
    let mut done = Vec::with_capacity(finished.len());
    for (at, result) in finished {
        let Some(step) = run.plan.steps.get(at) else { continue };
        match result {
            Ok(Performed { output, change, lost }) => {
                done.push((at, step, output));
                if change.is_some() || !lost.is_empty() {
                    write_done(run, schedule, std::mem::take(&mut done), change, lost).await?;
                }
            }
            Err(e) => {
                write_done(run, schedule, std::mem::take(&mut done), None, Vec::new()).await?;
                let settled = conclude_failed(run, step, e, failure).await?;
                if run.state().has_failed(&step.id) {
                    close_followers(run, schedule, closed);
                    stop_without_arrivals(run, failure).await?;
                }
                schedule.give_back(at, settled);
            }
        }
    }
    write_done(run, schedule, done, None, Vec::new()).await
}

/// One write for all of them; that of the last step of a plan also ends the operation. `lost`: members that turned out not
/// to have arrived.
async fn write_done(
    run: &Run,
    schedule: &mut Schedule,
    done: Vec<(usize, &Step, StepOutput)>,
    change: Option<GroupChange>,
    lost: Vec<Record>,
) -> Result<()> {
    if done.is_empty() {
        return Ok(());
    }
    let last = schedule.left() == done.len();
    let (steps, outputs): (Vec<_>, Vec<_>) = done.into_iter().map(|(at, step, output)| ((at, step), output)).unzip();
    let mut records: Vec<Record> = steps
        .iter()
        .zip(outputs)
        .map(|((_, step), output)| Record::StepDone { step: step.id.clone(), output })
        .collect();
    records.extend(lost);
    if last {
        let status = decide::ended(&run.plan, &run.state());
        records.push(Record::Finished { status });
    }
    run.append_with(records, change, last).await?;
    for (at, step) in steps {
        run.count_settled(step);
        run.tell_step(step, "done");
        schedule.give_back(at, true);
    }
    Ok(())
}

/// What a failure comes to. Returns whether the steps after it may begin.
pub(super) async fn conclude_failed(run: &Run, step: &Step, error: Error, failure: &mut Option<Error>) -> Result<bool> {
    match error {
        // no outcome is written: the next run makes the step again
        e if e.kind() == ErrorKind::Cancelled => Ok(false),
        // the journal is somebody else's now
        e if e.kind() == ErrorKind::Conflict && run.keep_lease().await.is_err() => Err(e),
        e => match decide::meaning(step, e.kind()) {
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
                run.note_failure();
                failure.get_or_insert(e);
                Ok(false)
            }
        },
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
    if failure.is_some() {
        return Ok(());
    }
    let reason = decide::nobody_to_switch_to(&run.plan, &run.state());
    let Some(reason) = reason else { return Ok(()) };
    run.append(vec![Record::Stopped { reason: reason.clone() }]).await?;
    run.note_failure();
    *failure = Some(Error::precondition(reason));
    Ok(())
}

/// What a failure or a request to stop means depends on the kind and on whether the pivot is passed. An abort is only
/// written down here.
async fn end(run: &Run, failure: Option<Error>, nothing_left: bool) -> Result<()> {
    let stop = run.pending_stop();
    let kind = stop.as_ref().map(|request| request.kind);
    let ending = decide::ending(&run.plan, &run.state(), nothing_left, kind, failure.is_some());
    match (ending, stop, failure) {
        (Ending::Over | Ending::StayOpen, ..) => Ok(()),
        (Ending::Finish(status), ..) => run.append_with(vec![Record::Finished { status }], None, true).await,
        (Ending::Abort, Some(abort), _) => run.obey_abort(abort).await,
        (Ending::RollBack, _, Some(failure)) => {
            run.append(vec![Record::RollbackStarted { reason: failure.to_string() }]).await
        }
        (Ending::Stopped, Some(cancel), _) => Err(run.obey_cancel(cancel).await?),
        (Ending::Stopped | Ending::Abort | Ending::RollBack, ..) => {
            Err(Error::new(ErrorKind::Cancelled, format!("{} was stopped on request", run.operation.id))
                .remedy(format!("openstack protector operation resume {}", run.operation.id)))
        }
    }
}
