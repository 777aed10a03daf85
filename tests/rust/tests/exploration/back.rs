//! An executor on its way back, move by move as the product's rollback goes, and how it answers requests to stop.

use crate::call::{Answer, Call};
use crate::effects::{self, Performed};
use crate::forward::{new_call, op_key, unknown};
use crate::kept::Kept;
use crate::laws::Law;
use crate::metadata;
use crate::model::Exploration;
use crate::mutations::Mutation;
use crate::state::{Back, Executor, Pulse, Reply, Stage, State};
use crate::world::Side;
use protector_core::ErrorKind;
use protector_core::exec::Record;
use protector_core::exec::decide::{self, Undo};
use protector_core::model::GroupRecord;
use protector_core::plan::{Consent, ConsentKind, Step, StepOutput, transition};
use protector_core::ports::PeerVersion;

impl Executor {
    /// The step that is undone next, by its position.
    pub(crate) fn next_undo(&self) -> Option<usize> {
        let Stage::Back(back) = &self.stage else { return None };
        if let Some(close) = decide::begun_end(self.plan(), &self.state) {
            return self.plan().steps.iter().position(|step| step.id == close.id);
        }
        let steps = self.plan().steps.iter().enumerate().rev();
        let mut left = steps.filter(|(at, step)| back.passed & (1 << at) == 0 && decide::needs_undo(step, &self.state));
        left.next().map(|(at, _)| at)
    }

    /// Whether this is not undone but made, because the other site may have been told the end with it.
    fn ends_with(&self, step: &Step) -> bool {
        decide::begun_end(self.plan(), &self.state).is_some_and(|close| close.id == step.id)
    }

    /// The announcement that the other site is told the end of.
    pub(crate) fn announcement(&self) -> Option<&Step> {
        decide::tells_end(self.plan(), &self.record)
    }

    /// The record that lets the group go.
    fn freed(&self) -> GroupRecord {
        decide::freed(&self.record, self.plan(), &self.state, &self.accepted.id, self.accepted.at)
    }
}

impl State {
    /// Answers the abort that waits: obeyed, or refused because it came too late.
    pub(crate) fn answer(&mut self, at: usize) {
        let executor = &self.executors[at];
        let Some(stop) = executor.stop else { return };
        if executor.stage != Stage::Forward || !executor.is_asked_too_late() {
            return self.obey_abort(at);
        }
        let record = Record::StopRefused { request: stop.request(), reason: "the pivot is done".to_owned() };
        if self.append(at, vec![record], None) {
            self.withdraw(at);
        }
    }

    /// Gives the operation up: from here on it is rolled back, or ends.
    pub(crate) fn obey_abort(&mut self, at: usize) {
        let executor = &self.executors[at];
        let Some(stop) = executor.stop else { return };
        let consent = Consent {
            kind: ConsentKind::MetadataDiverged,
            scope: "the other site may not hear of it".to_owned(),
            reason: None,
        };
        let consents = stop.leave_peer.then_some(consent).into_iter().collect();
        let mut records = vec![Record::AbortRequested { request: stop.request(), consents }];
        let is_undone = decide::is_undone(executor.plan());
        if executor.state.rollback.is_none() && is_undone {
            records.push(Record::RollbackStarted { reason: "it was aborted".to_owned() });
        }
        if !self.append(at, records, None) {
            return;
        }
        self.consented |= stop.leave_peer;
        self.withdraw(at);
        let executor = &mut self.executors[at];
        if !matches!(executor.stage, Stage::Back(_)) {
            executor.given_back = 0;
            executor.stage = if is_undone { Stage::Back(Back::default()) } else { Stage::GiveUp };
        }
    }

    fn back(&mut self, at: usize) -> &mut Back {
        match &mut self.executors[at].stage {
            Stage::Back(back) => back,
            other => panic!("not on its way back: {other:?}"),
        }
    }

    /// Undoes the next step, or tells the other site the end. `lost`: the answer never comes, so that it is done again.
    pub(crate) fn undo(&mut self, at: usize, lost: bool, rules: &Exploration) {
        let executor = &self.executors[at];
        let (accepted, next) = (executor.accepted.clone(), executor.next_undo());
        let answer = match next {
            _ if !self.keeps_lease(at, rules) => Err(ErrorKind::Conflict),
            Some(step) => self.undo_step(at, &accepted.plan.steps[step], rules),
            None => self.tell_end(at, rules).map(|()| Performed::output(StepOutput::Nothing)),
        };
        let back = self.back(at);
        if lost {
            back.is_unknown = true;
        } else {
            back.reply = Some(Kept::new(Reply(answer.map_err(|kind| unknown(kind, back.is_unknown)))));
        }
    }

    fn undo_step(&mut self, at: usize, step: &Step, rules: &Exploration) -> Answer<Performed> {
        let executor = &self.executors[at];
        let is_outdated = !self.holds_lease(executor);
        let (before, ends) = (self.world.clone(), executor.ends_with(step));
        let mut call = new_call(&mut self.world, &mut self.broken, executor, step, rules);
        let nothing = |()| Performed::output(StepOutput::Nothing);
        let answer = match decide::undo(&step.action) {
            _ if ends => effects::perform(&mut call, &executor.view(), step),
            Undo::Start { site, server } => call.set_running(Side::of(site), server, true).map(nothing),
            Undo::Unfence { .. } if rules.is(Mutation::LeavesTheFence) => Ok(nothing(())),
            Undo::Unfence { site, .. } => call.set_fence(Side::of(site), false).map(nothing),
            Undo::RemoveClones { site } => remove_clones(&mut call, executor, step, Side::of(site)).map(nothing),
            Undo::Complete => effects::perform(&mut call, &executor.view(), step),
            Undo::Leave => Ok(nothing(())),
        };
        if is_outdated && self.world != before && executor.pulse == Pulse::Alive {
            self.broken.add(Law::I07);
        }
        answer
    }

    /// Writes what came of the undo of a step.
    pub(crate) fn undone(&mut self, at: usize) {
        let executor = &self.executors[at];
        let (Some(next), Some(reply)) = (executor.next_undo(), self.back(at).reply.clone()) else { return };
        self.back(at).is_unknown = false;
        self.back(at).reply = None;
        let executor = &self.executors[at];
        let step = executor.plan().steps[next].clone();
        let ends = executor.ends_with(&step);
        match &reply.0 {
            Ok(performed) if ends => {
                let status = decide::ended(executor.plan(), &executor.state);
                let done = Record::StepDone { step: step.id, output: performed.output.clone() };
                self.append(at, vec![done, Record::Finished { status }], performed.change.clone());
            }
            Err(kind) if ends => {
                if self.fail(at, &step, *kind) {
                    self.stops(at);
                }
            }
            Ok(performed) if decide::undo(&step.action) == Undo::Complete => {
                let done = Record::StepDone { step: step.id, output: performed.output.clone() };
                self.append(at, vec![done], performed.change.clone());
            }
            Ok(_) => {
                self.append(at, vec![Record::StepUndone { step: step.id, note: None }], None);
            }
            Err(kind) => {
                let peer = executor.at.other().site();
                let means = decide::failed_undo(executor.plan(), &executor.state, &step, *kind, peer);
                if !self.fail(at, &step, *kind) {
                    return;
                }
                if !means.goes_on {
                    return self.stops(at);
                }
                let back = self.back(at);
                back.passed |= 1 << next;
                back.source_is_lost |= means.source_is_lost;
                back.left_behind |= means.left_behind;
            }
        }
    }

    fn fail(&mut self, at: usize, step: &Step, kind: ErrorKind) -> bool {
        let (code, message) = (kind.code().to_owned(), kind.code().to_owned());
        self.append(at, vec![Record::StepFailed { step: step.id.clone(), code, message }], None)
    }

    /// Pushes the end, over nothing but what the operation found or left there itself.
    fn tell_end(&mut self, at: usize, rules: &Exploration) -> Answer<()> {
        let executor = &self.executors[at];
        let Some(step) = executor.announcement() else { return Ok(()) };
        let next = Kept::new(executor.freed());
        let peer = executor.at.other();
        if !self.world.linked {
            return Err(ErrorKind::PeerUnreachable);
        }
        let held = PeerVersion::At(self.world.record(peer).version);
        match decide::overwrites(held, executor.plan(), &executor.record, next.version) {
            Some(PeerVersion::At(expected)) => {
                let mut call = new_call(&mut self.world, &mut self.broken, executor, step, rules);
                metadata::push(&mut call, &next, expected)
            }
            _ => Err(ErrorKind::Conflict),
        }
    }

    /// Everything is undone that can be: the group is let go, or the operation stays open for what is left.
    pub(crate) fn free(&mut self, at: usize) {
        let executor = &self.executors[at];
        let mut next = executor.freed();
        let Stage::Back(back) = &executor.stage else { return };
        if back.left_behind {
            return self.stops(at);
        }
        let status = decide::restored(&executor.state, back.source_is_lost);
        if let (Some(step), Some(reply)) = (executor.announcement(), &back.reply)
            && let Err(kind) = &reply.0
        {
            if !executor.state.leave_peer {
                let step = step.clone();
                if self.fail(at, &step, *kind) {
                    self.stops(at);
                }
                return;
            }
            transition::diverge(&mut next, &executor.accepted.id, executor.at.other().site(), executor.accepted.at);
        }
        let change = (Kept::new(next), executor.record.version);
        self.append(at, vec![Record::Finished { status }], Some(change));
    }
}

fn remove_clones(call: &mut Call<'_>, executor: &Executor, step: &Step, side: Side) -> Answer<()> {
    let key = op_key(executor, step);
    let made = call.clones_under(side, &key)?;
    if made.is_empty() { Ok(()) } else { call.remove_clones(side, &key, &made) }
}
