//! All that can happen from a state, as a model for the checker.

use crate::calm::Calm;
use crate::effects;
use crate::forward::new_call;
use crate::laws::{LAWS, Law};
use crate::moves::{Move, Who, Wish};
use crate::mutations::Mutation;
use crate::state::{Budget, Executor, Pulse, Stage, State};
use crate::world::{SIDES, Side};
use protector_core::plan::{EndpointKind, Limits, Plan};
use stateright::{Model, Property};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

/// How everything can end when nobody crashes or freezes.
#[derive(Debug, Clone)]
pub(crate) struct Ends {
    /// When no reply is lost either.
    pub(crate) certain: Arc<HashSet<u64>>,
    /// When replies are lost, as many as there may be crashes, freezes and lost replies.
    pub(crate) doubtful: Arc<HashSet<u64>>,
}

/// What is explored, and by which rules.
#[derive(Debug)]
pub(crate) struct Exploration {
    pub(crate) starts: Vec<State>,
    pub(crate) wishes: Vec<(Side, Wish)>,
    pub(crate) budget: Budget,
    pub(crate) limits: Limits,
    pub(crate) mutation: Option<Mutation>,
    /// The law that is looked at, if not all of them are.
    pub(crate) watched: Option<Law>,
    /// How everything can end; `None` while that is found out.
    pub(crate) ends: Option<Ends>,
    /// Ends that were reached.
    pub(crate) reached: Mutex<HashSet<u64>>,
    pub(crate) plans: Mutex<HashMap<u64, Option<Arc<Plan>>>>,
    pub(crate) calm: Calm,
}

impl Exploration {
    pub(crate) fn new(starts: Vec<State>, wishes: &[(Side, Wish)], budget: Budget, mutation: Option<Mutation>) -> Self {
        Self {
            starts,
            wishes: wishes.to_vec(),
            budget,
            limits: Limits::default(),
            mutation,
            watched: None,
            ends: None,
            reached: Mutex::default(),
            plans: Mutex::default(),
            calm: Calm::default(),
        }
    }

    pub(crate) fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// What the executors can do, and what can befall them.
    fn moves_of(&self, state: &State, executor: &Executor, moves: &mut Vec<Move>) {
        let who = (executor.at, executor.generation);
        match executor.pulse {
            Pulse::Frozen => return moves.push(Move::Wake(who)),
            Pulse::FrozenInCall(step) => return moves.push(Move::Land(who, step)),
            Pulse::Alive => {}
        }
        self.next_moves(state, executor, who, moves);
        let holds = state.holds_lease(executor);
        if state.left.crashes > 0 && holds {
            moves.push(Move::Crash(who));
        }
        if state.left.freezes > 0 && holds {
            moves.push(Move::Freeze(who));
            let waiting = executor.flights.iter().filter(|flight| flight.reply.is_none());
            let waiting = waiting.filter(|flight| state.reaches(executor, flight.step));
            moves.extend(waiting.map(|flight| Move::FreezeInCall(who, flight.step)));
        }
        let heard = executor.stop.is_some();
        let waits = state.operation_of(executor).and_then(|open| open.stop);
        let is_new = waits.is_some_and(|stop| executor.state.answered != Some(stop.request()));
        if is_new && !heard {
            moves.push(Move::Hear(who));
        }
    }

    /// What an executor can do next by itself.
    pub(crate) fn next_moves(&self, state: &State, executor: &Executor, who: Who, moves: &mut Vec<Move>) {
        let loses = state.left.lost_replies > 0;
        if let Stage::Back(back) = &executor.stage {
            let next = executor.next_undo().is_some();
            match (&back.reply, executor.stop) {
                (None, Some(_)) => moves.push(Move::Answer(who)),
                (Some(_), _) if next => moves.push(Move::Undone(who)),
                (None, None) if next || (executor.announcement().is_some() && !back.left_behind) => {
                    moves.push(if next { Move::Undo(who) } else { Move::Tell(who) });
                    if loses {
                        moves.push(if next { Move::LoseUndo(who) } else { Move::LoseTold(who) });
                    }
                }
                _ => moves.push(Move::Free(who)),
            }
            return;
        }
        if executor.stage == Stage::Forward && executor.is_asked_too_late() {
            return moves.push(Move::Answer(who));
        }
        if !executor.ready(self).is_empty() {
            return moves.push(Move::Begin(who));
        }
        if executor.flights.is_empty() {
            return moves.push(Move::End(who));
        }
        for flight in &executor.flights {
            if flight.reply.is_none() && !self.waits(state, executor, flight.step) {
                moves.push(Move::Call(who, flight.step));
                if loses && !flight.is_unknown {
                    moves.push(Move::LoseReply(who, flight.step));
                }
            }
        }
        if executor.flights.iter().any(|flight| flight.reply.is_some()) {
            moves.push(Move::Conclude(who));
        }
    }

    fn waits(&self, state: &State, executor: &Executor, step: usize) -> bool {
        let step = &executor.plan().steps[step];
        let (mut world, mut broken) = (state.world.clone(), state.broken);
        let call = new_call(&mut world, &mut broken, executor, step, self);
        executor.stop.is_none() && effects::waits(&call, &executor.view(), step)
    }

    /// What people do.
    fn moves_of_operators(&self, state: &State, moves: &mut Vec<Move>) {
        for side in SIDES {
            if state.operations[side as usize].is_some() && !state.is_held(side, self) {
                moves.push(Move::Run(side));
            }
            if state.left.aborts > 0 && state.operations[side as usize].is_some() {
                moves.push(Move::Abort { at: side, leave_peer: false });
                if !state.world.linked {
                    moves.push(Move::Abort { at: side, leave_peer: true });
                }
            }
            let record = state.world.record(side);
            let differs = record != state.world.record(side.other()) || record.divergence.is_some();
            if differs && state.world.linked && state.left.reconciles > 0 {
                moves.push(Move::Reconcile(side));
            }
        }
        if state.left.operations > 0 {
            let wanted = self.wishes.iter().filter(|(side, _)| state.operations[*side as usize].is_none());
            let possible = wanted.filter(|(side, wish)| self.plan(state, *side, *wish).is_some());
            moves.extend(possible.map(|(side, wish)| Move::Accept(*side, *wish)));
            if self.is(Mutation::FailsOverByItself) && !state.world.linked && state.is_at_rest() {
                moves.push(Move::AcceptByItself(Side::B));
            }
        }
    }

    fn moves_of_the_world(&self, state: &State, moves: &mut Vec<Move>) {
        for side in SIDES {
            let site = state.world.site(side);
            if state.left.writes > 0 && site.servers.values().any(|server| site.writes_to(server).is_some()) {
                moves.push(Move::Writes(side));
            }
            let coming = site.image.iter().flat_map(|image| image.replicas.values()).any(|replica| !replica.complete);
            if state.world.linked && coming {
                moves.push(Move::Arrives(side));
            }
        }
        match state.world.linked {
            true if state.left.cuts > 0 => moves.push(Move::Cut),
            true => {}
            false => moves.push(Move::Heal),
        }
    }

    /// The state after a move, and what it shows of the laws; `None` if it changes nothing.
    fn after(&self, before: &State, made: Move) -> Option<State> {
        let mut state = self.apply(before, made)?;
        state.judge(self);
        if let Some(law) = self.watched {
            state.broken = state.broken.only(law);
        }
        Some(state)
    }

    /// The state after a move; `None` if it changes nothing.
    pub(crate) fn apply(&self, before: &State, made: Move) -> Option<State> {
        let mut state = before.clone();
        let found = |state: &State, (side, generation): Who| state.executor(side, generation);
        match made {
            Move::Writes(side) => state.write(side),
            Move::Arrives(side) => state.arrive(side),
            Move::Cut => state.cut(),
            Move::Heal => state.world.linked = true,
            Move::Accept(side, wish) => {
                let plan = self.plan(before, side, wish)?;
                state.accept(side, &plan, true, self);
            }
            Move::AcceptByItself(side) => {
                let plan = self.plan(before, side, Wish::Unplanned)?;
                state.accept(side, &plan, false, self);
            }
            Move::Run(side) => state.take_up(side, true, self),
            Move::Abort { at, leave_peer } => state.abort(at, leave_peer, self).then_some(())?,
            Move::Reconcile(side) => state.reconcile(side).then_some(())?,
            Move::Begin(who) => state.begin(found(&state, who)?, self),
            Move::Call(who, step) => state.call(found(&state, who)?, step, false, self),
            Move::LoseReply(who, step) => {
                state.left.lost_replies -= 1;
                state.call(found(&state, who)?, step, true, self);
                (state.world != before.world).then_some(())?;
            }
            Move::Conclude(who) => state.conclude(found(&state, who)?, self),
            Move::Hear(who) => state.hear(found(&state, who)?),
            Move::Answer(who) => state.answer(found(&state, who)?),
            Move::End(who) => state.end_forward(found(&state, who)?, self),
            Move::Undo(who) | Move::Tell(who) => state.undo(found(&state, who)?, false, self),
            Move::LoseUndo(who) | Move::LoseTold(who) => {
                state.left.lost_replies -= 1;
                state.undo(found(&state, who)?, true, self);
                (state.world != before.world).then_some(())?;
            }
            Move::Undone(who) => state.undone(found(&state, who)?),
            Move::Free(who) => state.free(found(&state, who)?),
            Move::Crash(who) => {
                state.left.crashes -= 1;
                state.executors.remove(found(&state, who)?);
            }
            Move::Freeze(who) => state.freeze(found(&state, who)?, Pulse::Frozen),
            Move::FreezeInCall(who, step) => state.freeze(found(&state, who)?, Pulse::FrozenInCall(step)),
            Move::Wake(who) => {
                let at = found(&state, who)?;
                state.executors[at].pulse = Pulse::Alive;
            }
            Move::Land(who, step) => state.land(found(&state, who)?, step, self).then_some(())?,
        }
        (state != *before).then_some(state)
    }
}

impl State {
    fn write(&mut self, side: Side) {
        self.left.writes -= 1;
        let bit = 1 << self.left.writes;
        self.world.edit(side, |site| {
            let written: Vec<_> = site.servers.values().filter_map(|server| site.writes_to(server)).flatten().collect();
            for id in written {
                site.volumes.entry(id).and_modify(|volume| volume.holds |= bit);
            }
        });
    }

    fn arrive(&mut self, side: Side) {
        self.world.edit(side, |site| {
            let replicas = site.image.iter_mut().flat_map(|image| image.replicas.values_mut());
            replicas.for_each(|replica| replica.complete = true);
        });
    }

    /// Whether a call of a step could arrive.
    fn reaches(&self, executor: &Executor, step: usize) -> bool {
        let endpoint = executor.plan().steps[step].action.endpoint();
        match (endpoint.kind, endpoint.site) {
            (EndpointKind::None, _) => false,
            (_, Some(site)) => self.world.reaches(executor.at, Side::of(&site)),
            // metadata is told to the other site first
            (_, None) => self.world.linked,
        }
    }

    /// The sites lose each other. What is on its way between them never arrives.
    fn cut(&mut self) {
        self.world.linked = false;
        self.left.cuts -= 1;
        for at in 0..self.executors.len() {
            if let Pulse::FrozenInCall(step) = self.executors[at].pulse
                && !self.reaches(&self.executors[at], step)
            {
                self.executors[at].pulse = Pulse::Frozen;
            }
        }
    }

    fn hear(&mut self, at: usize) {
        let waits = self.operation_of(&self.executors[at]).and_then(|open| open.stop);
        self.executors[at].stop = waits;
    }

    /// An executor freezes for longer than its lease.
    fn freeze(&mut self, at: usize, pulse: Pulse) {
        self.left.freezes -= 1;
        let executor = &mut self.executors[at];
        (executor.pulse, executor.is_stale) = (pulse, true);
        let side = executor.at;
        self.operations[side as usize].iter_mut().for_each(|open| open.lease_expired = true);
    }

    /// A call that was on its way for longer than a lease arrives. Returns whether that is explored: what lands after the
    /// operation has turned back or ended is the one thing that a lease cannot keep apart.
    fn land(&mut self, at: usize, step: usize, rules: &Exploration) -> bool {
        let before = self.world.clone();
        if rules.waits(self, &self.executors[at], step) {
            // it only asked whether something has arrived, and asks again
            self.executors[at].pulse = Pulse::Alive;
            return true;
        }
        let executor = &self.executors[at];
        let open = self.operation_of(executor);
        let goes_forward = open.is_some_and(|open| open.journal.rollback.is_none() && !open.journal.aborted);
        let accepted = executor.accepted.clone();
        let answer = self.perform(at, &accepted.plan.steps[step], rules);
        if !goes_forward && self.world != before {
            if !rules.is(Mutation::LateCallsCount) && !rules.is(Mutation::OldEpochsAreHeard) {
                return false;
            }
            self.broken.add(Law::I07);
        }
        let executor = &mut self.executors[at];
        executor.pulse = Pulse::Alive;
        if let Some(flight) = executor.flights.iter_mut().find(|flight| flight.step == step) {
            flight.reply = Some(crate::kept::Kept::new(crate::state::Reply(answer)));
        }
        true
    }
}

impl Model for Exploration {
    type State = State;
    type Action = Move;

    fn init_states(&self) -> Vec<State> {
        self.starts.clone()
    }

    fn actions(&self, state: &State, moves: &mut Vec<Move>) {
        if !state.broken.is_empty() {
            return;
        }
        for executor in &state.executors {
            self.moves_of(state, executor, moves);
        }
        self.moves_of_operators(state, moves);
        self.moves_of_the_world(state, moves);
    }

    fn next_state(&self, before: &State, made: Move) -> Option<State> {
        self.after(before, made)
    }

    /// Two operations that were opened on both sites at once can push their records over each other again and again.
    fn within_boundary(&self, state: &State) -> bool {
        let last = state.first_version + 6 + 4 * u64::from(self.budget.operations);
        SIDES.into_iter().all(|side| state.world.record(side).version.0 <= last)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        fn holds<const LAW: usize>(_: &Exploration, state: &State) -> bool {
            !state.broken.has(LAWS[LAW])
        }
        let conditions: [fn(&Self, &State) -> bool; LAWS.len()] = [
            holds::<0>,
            holds::<1>,
            holds::<2>,
            holds::<3>,
            holds::<4>,
            holds::<5>,
            holds::<6>,
            holds::<7>,
            holds::<8>,
            holds::<9>,
            holds::<10>,
            holds::<11>,
        ];
        LAWS.into_iter().zip(conditions).map(|(law, holds)| Property::always(law.number(), holds)).collect()
    }
}
