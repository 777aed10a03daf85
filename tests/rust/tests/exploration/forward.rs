//! An executor on its way forward, move by move as the product's loop goes.

use crate::call::{Answer, Call};
use crate::effects::{self, Performed, View};
use crate::kept::Kept;
use crate::laws::Law;
use crate::model::Exploration;
use crate::mutations::Mutation;
use crate::state::{Accepted, Executor, Flight, Pulse, Reply, Stage, State};
use crate::world::Side;
use protector_core::ErrorKind;
use protector_core::exec::decide::{self, Ending};
use protector_core::exec::{Record, StepState};
use protector_core::model::{OpKey, OperationKind, OperationStatus};
use protector_core::plan::{Action, EndpointKind, OnFailure, Schedule, Step, StepOutput};
use protector_core::ports::StopKind;

impl Executor {
    pub(crate) fn view(&self) -> View<'_> {
        let Accepted { id, plan, by_operator, at } = &*self.accepted;
        View { operation: id, plan, state: &self.state, record: &self.record, at: *at, by_operator: *by_operator }
    }

    /// An abort that waits and comes too late.
    pub(crate) fn is_asked_too_late(&self) -> bool {
        self.stop.is_some() && !self.state.can_abort(self.plan())
    }

    /// Steps that begin now, by their positions.
    pub(crate) fn ready(&self, rules: &Exploration) -> Vec<usize> {
        let is_new =
            |at: &usize| self.flights.iter().all(|flight| flight.step != *at) && self.given_back & (1 << at) == 0;
        match self.stage {
            Stage::Forward if !self.failed && self.stop.is_none() => {
                self.schedule(rules).take().into_iter().filter(is_new).collect()
            }
            // one after the other
            Stage::GiveUp if self.flights.is_empty() => {
                let unknown = |step: &Step| {
                    self.state.step(&step.id) == Some(&StepState::Begun) && decide::known_by_outcome_alone(&step.action)
                };
                let steps = self.plan().steps.iter().enumerate();
                steps.filter(|(_, step)| unknown(step)).map(|(at, _)| at).filter(is_new).take(1).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Steps that are not settled and may still be made.
    fn left(&self, rules: &Exploration) -> usize {
        self.schedule(rules).left()
    }

    fn schedule(&self, rules: &Exploration) -> Schedule {
        let settled = decide::settled(self.plan(), &self.state);
        decide::schedule(self.plan(), &self.state, &settled, rules.limits).0
    }
}

impl State {
    /// Whether an executor finds its lease in force when it looks; it looks when a third of it has passed.
    pub(crate) fn keeps_lease(&mut self, at: usize, rules: &Exploration) -> bool {
        let executor = &self.executors[at];
        let (now, expires_at) = rules.lease_times(executor.is_stale);
        let looks = protector_core::exec::lease::is_to_renew(expires_at, now);
        if !looks || rules.is(Mutation::ForgetsItsLease) {
            return true;
        }
        if !self.holds_lease(executor) {
            return false;
        }
        self.executors[at].is_stale = false;
        let side = self.executors[at].at;
        self.operations[side as usize].iter_mut().for_each(|open| open.lease_expired = false);
        true
    }

    /// Intents of everything that may begin, as one write.
    pub(crate) fn begin(&mut self, at: usize, rules: &Exploration) {
        let executor = &self.executors[at];
        let (taken, writes) = (executor.ready(rules), executor.stage == Stage::Forward);
        let outside = |step: &&Step| step.action.endpoint().kind != EndpointKind::None;
        let steps = taken.iter().map(|at| &executor.plan().steps[*at]);
        let intents: Vec<_> = steps.filter(outside).map(|s| Record::StepIntent { step: s.id.clone() }).collect();
        if writes && !intents.is_empty() && !self.append(at, intents, None) {
            return;
        }
        let executor = &mut self.executors[at];
        for step in taken {
            // nothing outside is asked for a barrier
            let is_inside = executor.plan().steps[step].action.endpoint().kind == EndpointKind::None;
            let reply = is_inside.then(|| Kept::new(Reply(Ok(Performed::output(StepOutput::Nothing)))));
            executor.flights.push(Flight { step, reply, is_unknown: false });
        }
        executor.flights.sort_by_key(|flight| flight.step);
    }

    /// Makes the call of a step. `lost`: its answer never comes, so it is made once more later.
    pub(crate) fn call(&mut self, at: usize, step: usize, lost: bool, rules: &Exploration) {
        let executor = &self.executors[at];
        let accepted = executor.accepted.clone();
        let stops =
            executor.stop.is_some_and(|_| decide::leaves_steps(executor.plan(), &executor.state, StopKind::Abort));
        let (answer, is_made) = if !self.keeps_lease(at, rules) {
            (Err(ErrorKind::Conflict), false)
        } else if stops {
            (Err(ErrorKind::Cancelled), false)
        } else {
            (self.perform(at, &accepted.plan.steps[step], rules), true)
        };
        let Some(flight) = self.executors[at].flights.iter_mut().find(|f| f.step == step) else { return };
        if lost && is_made {
            flight.is_unknown = true;
            return;
        }
        flight.reply = Some(Kept::new(Reply(answer.map_err(|kind| unknown(kind, flight.is_unknown)))));
    }

    /// The effect of a step, by whoever makes it. I-07: who has lost the lease has none any more.
    pub(crate) fn perform(&mut self, at: usize, step: &Step, rules: &Exploration) -> Answer<Performed> {
        let executor = &self.executors[at];
        let is_outdated = !self.holds_lease(executor);
        let resumes = |(_, known): &(usize, &Step)| known.id == step.id;
        let position = executor.plan().steps.iter().enumerate().find(resumes).map_or(0, |(position, _)| position);
        let before = self.world.clone();
        let (world, broken) = (&mut self.world, &mut self.broken);
        let mut call = new_call(world, broken, executor, step, rules);
        let is_unknown = executor.flights.iter().any(|flight| flight.step == position && flight.is_unknown);
        let repeats = is_unknown && rules.is(Mutation::RepeatsUnderAnotherName);
        call.blind = repeats || executor.resumed & (1 << position) != 0;
        let performed = effects::perform(&mut call, &executor.view(), step);
        if is_outdated && self.world != before && executor.pulse == Pulse::Alive {
            self.broken.add(Law::I07);
        }
        performed
    }

    /// Writes outcomes: of all that is simply done as one write, else of one step.
    pub(crate) fn conclude(&mut self, at: usize, rules: &Exploration) {
        let executor = &self.executors[at];
        let answered: Vec<(usize, Kept<Reply>)> =
            executor.flights.iter().filter_map(|f| Some((f.step, f.reply.clone()?))).collect();
        let plain = |reply: &Reply| matches!(&reply.0, Ok(p) if p.change.is_none() && p.lost.is_empty());
        let done: Vec<_> = answered.iter().filter(|(_, reply)| plain(reply)).cloned().collect();
        if !done.is_empty() {
            return self.write_done(at, &done, rules);
        }
        let Some((step, reply)) = answered.into_iter().next() else { return };
        match &reply.0 {
            Ok(_) => self.write_done(at, &[(step, reply)], rules),
            Err(kind) => self.conclude_failed(at, step, *kind, rules),
        }
    }

    fn write_done(&mut self, at: usize, done: &[(usize, Kept<Reply>)], rules: &Exploration) {
        let executor = &self.executors[at];
        let (mut records, mut lost, mut change) = (Vec::new(), Vec::new(), None);
        for (step, reply) in done {
            let Ok(performed) = &reply.0 else { continue };
            let id = executor.plan().steps[*step].id.clone();
            records.push(Record::StepDone { step: id, output: performed.output.clone() });
            lost.extend(performed.lost.clone());
            change = change.or(performed.change.clone());
        }
        records.extend(lost);
        if executor.stage == Stage::Forward && executor.left(rules) == done.len() {
            let status = decide::ended(executor.plan(), &executor.state);
            records.push(Record::Finished { status });
        }
        if self.append(at, records, change) {
            let flights = &mut self.executors[at].flights;
            flights.retain(|flight| done.iter().all(|(step, _)| flight.step != *step));
        }
    }

    fn conclude_failed(&mut self, at: usize, position: usize, kind: ErrorKind, rules: &Exploration) {
        let executor = &mut self.executors[at];
        executor.flights.retain(|flight| flight.step != position);
        let (plan, step) = (executor.plan(), &executor.plan().steps[position]);
        let (id, code) = (step.id.clone(), kind.code().to_owned());
        let needs_source = step.action.endpoint().site.as_ref() == Some(&plan.source);
        let mut means = decide::meaning(step, kind);
        if rules.is(Mutation::GoesOnWithoutTheSource) && needs_source && kind == ErrorKind::Unreachable {
            means = OnFailure::Skip;
        }
        if kind == ErrorKind::Cancelled {
            // no outcome is written: the next run makes the step again
            executor.given_back |= 1 << position;
            return;
        }
        if kind == ErrorKind::Conflict && !self.keeps_lease(at, rules) {
            return self.stops(at);
        }
        let executor = &mut self.executors[at];
        match (means, step_member(executor, position)) {
            (OnFailure::Skip, _) => {
                self.append(at, vec![Record::StepSkipped { step: id, reason: code }], None);
            }
            (OnFailure::FailMember, Some(member)) => {
                let output = self.left_behind(at, position);
                let record = Record::MemberFailed { step: id, member, code: code.clone(), message: code, output };
                if self.append(at, vec![record], None) {
                    self.stop_without_arrivals(at);
                }
            }
            _ => {
                executor.given_back |= 1 << position;
                executor.failed = true;
                self.note_failure(at, kind);
                self.append(at, vec![Record::StepFailed { step: id, code: code.clone(), message: code }], None);
            }
        }
    }

    /// I-05: what an unplanned failover does not get from the site that is left does not stop it.
    fn note_failure(&mut self, at: usize, kind: ErrorKind) {
        let executor = &self.executors[at];
        let silent = matches!(
            kind,
            ErrorKind::Unreachable
                | ErrorKind::PeerUnreachable
                | ErrorKind::Indeterminate
                | ErrorKind::DeadlineExceeded
        );
        let at_target = Side::of(&executor.plan().target) == executor.at;
        if silent && at_target && executor.plan().kind == OperationKind::UnplannedFailover {
            self.broken.add(Law::I05);
        }
    }

    fn stop_without_arrivals(&mut self, at: usize) {
        let executor = &self.executors[at];
        let reason = decide::nobody_to_switch_to(executor.plan(), &executor.state).filter(|_| !executor.failed);
        if let Some(reason) = reason {
            self.executors[at].failed = true;
            self.append(at, vec![Record::Stopped { reason }], None);
        }
    }

    /// What a step that failed has made all the same.
    fn left_behind(&self, at: usize, position: usize) -> StepOutput {
        let executor = &self.executors[at];
        let step = &executor.plan().steps[position];
        let Action::EnsureServer { site, member, flavor, .. } = &step.action else { return StepOutput::Nothing };
        let there = Side::of(site);
        let key = op_key(executor, step);
        let mut servers = self.world.site(there).servers.iter();
        let made = servers.find(|(_, server)| server.op_key.as_ref() == Some(&key));
        match made.filter(|_| self.world.reaches(executor.at, there)) {
            Some((server, _)) => {
                StepOutput::Server { member: member.clone(), server: server.clone(), flavor: flavor.clone() }
            }
            None => StepOutput::Nothing,
        }
    }

    /// Nothing is in flight and nothing may begin.
    pub(crate) fn end_forward(&mut self, at: usize, rules: &Exploration) {
        let executor = &self.executors[at];
        if executor.stage == Stage::GiveUp {
            self.append(at, vec![Record::Finished { status: OperationStatus::Cancelled }], None);
            return;
        }
        let stop = executor.stop.map(|_| StopKind::Abort);
        let nothing_left = executor.left(rules) == 0;
        match decide::ending(executor.plan(), &executor.state, nothing_left, stop, executor.failed) {
            Ending::Over | Ending::StayOpen => self.stops(at),
            Ending::Finish(status) => {
                self.append(at, vec![Record::Finished { status }], None);
            }
            Ending::Abort => self.obey_abort(at),
            Ending::RollBack => {
                if self.append(at, vec![Record::RollbackStarted { reason: "a step failed".to_owned() }], None) {
                    self.executors[at].stage = Stage::Back(Default::default());
                }
            }
            Ending::Stopped => panic!("nothing can be done and nobody asked for that: {executor:#?}"),
        }
    }
}

fn step_member(executor: &Executor, position: usize) -> Option<protector_core::model::ServerId> {
    executor.plan().steps[position].member.clone()
}

pub(crate) fn op_key(executor: &Executor, step: &Step) -> OpKey {
    OpKey::new(format!("{}/{}", executor.accepted.id, step.id))
}

/// Of two failures in turn the one that says less about the effect.
pub(crate) fn unknown(kind: ErrorKind, is_unknown: bool) -> ErrorKind {
    if is_unknown && kind == ErrorKind::Unreachable { ErrorKind::Indeterminate } else { kind }
}

pub(crate) fn new_call<'a>(
    world: &'a mut crate::world::World,
    broken: &'a mut crate::laws::Laws,
    executor: &Executor,
    step: &Step,
    rules: &Exploration,
) -> Call<'a> {
    Call {
        world,
        broken,
        from: executor.at,
        key: op_key(executor, step),
        epoch: decide::epoch_of(executor.plan(), &executor.state, step),
        of_test: executor.plan().kind == OperationKind::TestFailover,
        mutation: rules.mutation,
        blind: false,
    }
}
