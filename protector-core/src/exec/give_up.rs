//! Ending an operation that moves nothing and was aborted: what it made stays, and is known.

use super::metadata::is_silence;
use super::perform::{self, Performed};
use super::run::Run;
use super::{Record, StepState, decide, forward, rollback};
use crate::model::{OperationKind, OperationStatus};
use crate::plan::{Action, Step};
use crate::{Error, ErrorKind, Result};

/// Ends it. What its steps may have made without an outcome is made again first, so that it is known to a cleanup or to the
/// next retry; each looks first.
///
/// # Errors
/// stopped by the caller → `Cancelled`, a later run goes on; the journal cannot be written → `Storage`.
pub(super) async fn run(run: &Run) -> Result<()> {
    if run.plan.kind == OperationKind::RetryFailed {
        return leave_members(run).await;
    }
    learn_what_was_made(run).await?;
    run.append_with(vec![Record::Finished { status: OperationStatus::Cancelled }], None, true).await
}

async fn learn_what_was_made(run: &Run) -> Result<()> {
    let unknown = steps(run, |step, state| state == StepState::Begun && decide::known_by_outcome_alone(&step.action));
    for step in unknown {
        make(run, step).await?;
    }
    Ok(())
}

/// Steps that stand in a certain way.
fn steps(run: &Run, wanted: impl Fn(&Step, StepState) -> bool) -> Vec<&Step> {
    let stands = |step: &Step| run.state().step(&step.id).cloned();
    run.plan.steps.iter().filter(|step| stands(step).is_some_and(|state| wanted(step, state))).collect()
}

async fn make(run: &Run, step: &Step) -> Result<()> {
    match perform::perform(run, step, &run.cx(step)).await {
        Ok(Performed { output, change, .. }) => {
            run.append_with(vec![Record::StepDone { step: step.id.clone(), output }], change, false).await?;
            run.count_settled(step);
            run.tell_step(step, "done");
        }
        Err(e) => {
            forward::conclude_failed(run, step, e, &mut None).await?;
        }
    }
    if run.is_cancelled() {
        return Err(Error::new(ErrorKind::Cancelled, format!("{} was stopped on request", run.operation.id))
            .remedy(format!("openstack protector operation abort {}", run.operation.id)));
    }
    Ok(())
}

/// A retry: its members stay as they were, failed, with whatever was made for them. What Cinder took over joins the groups, so
/// that nothing that a server may write to is outside of them; if that cannot be done now, the next retry does it.
async fn leave_members(run: &Run) -> Result<()> {
    rollback::answer_stop(run).await?;
    let closes = |step: &Step, _| matches!(step.action, Action::Close {});
    if let Some(close) = steps(run, closes).first() {
        // the other site may have been told who arrived: then that is how it ends
        if !look_again(run).await? {
            return Ok(());
        }
        return rollback::close_or_leave_peer(run, close).await;
    }
    learn_what_was_made(run).await?;
    for step in
        steps(run, |step, state| state == StepState::Begun && matches!(step.action, Action::EnsureServer { .. }))
    {
        let output = perform::left_behind(run, step).await;
        if let Some(member) = step.member.clone() {
            let (code, message) = (ErrorKind::Cancelled.code().to_owned(), "the retry was given up".to_owned());
            run.append(vec![Record::MemberFailed { step: step.id.clone(), member, code, message, output }]).await?;
        }
    }
    if run.outputs(|outputs| !outputs.volumes.is_empty()) {
        let groups =
            |step: &&Step| matches!(step.action, Action::GroupVolumes { .. } | Action::EnsureArrayGroup { .. });
        let left = |step: &&Step| groups(step) && !run.state().is_settled(&step.id);
        for step in run.plan.steps.iter().filter(left) {
            run.append(vec![Record::StepIntent { step: step.id.clone() }]).await?;
            make(run, step).await?;
        }
    }
    rollback::free_group(run, OperationStatus::Cancelled).await
}

/// Nobody is said to run who was only seen to run by an attempt before. Returns whether it may end: not if nobody can tell,
/// unless it is to end without the other site.
async fn look_again(run: &Run) -> Result<bool> {
    let look = run.plan.steps.iter().find(|step| matches!(step.action, Action::Confirm { .. }));
    let Some(look) = look else { return Ok(true) };
    let again = [Record::StepReopened { step: look.id.clone() }, Record::StepIntent { step: look.id.clone() }];
    run.append(again.into()).await?;
    match perform::perform(run, look, &run.cx(look)).await {
        Ok(Performed { output, lost, .. }) => {
            let done = Record::StepDone { step: look.id.clone(), output };
            run.append([done].into_iter().chain(lost).collect()).await?;
            run.tell_step(look, "done");
            Ok(true)
        }
        Err(e) if e.kind() == ErrorKind::Cancelled => Err(e),
        Err(_) if run.state().leave_peer => Ok(true),
        Err(e) => {
            let silent = is_silence(e.kind());
            let e = e.context(&look.title);
            rollback::fail(run, look, if silent { rollback::or_leave_peer(run, e) } else { e }).await?;
            Ok(false)
        }
    }
}
