//! Going on without further mishaps: whether a state leads to a group that is at rest and can be moved again.

use crate::model::Exploration;
use crate::moves::{Move, Wish};
use crate::state::{Pulse, State};
use crate::world::{SIDES, Side};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;

/// What is known already of where states lead.
#[derive(Debug, Default)]
pub(crate) struct Calm {
    known: Mutex<HashMap<u64, bool>>,
}

/// Tells states apart.
pub(crate) fn key(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

impl Exploration {
    /// I-03: the sites reach each other again, what is open is resumed or given up, what the sites disagree about is
    /// reconciled; on some such way the group comes to rest, takes writes where it runs, and can be moved or protected.
    pub(crate) fn leads_on(&self, state: &State) -> bool {
        let mut found: HashMap<u64, bool> = HashMap::new();
        // states on the way to the present one, each with what is still to be tried from it
        let mut way: Vec<(u64, State, std::vec::IntoIter<Move>)> = Vec::new();
        let mut next = Some(self.settled(state.clone()));
        loop {
            if let Some(state) = next.take() {
                let key = key(&state);
                let known = self.calm.known.lock().unwrap().get(&key).copied();
                if known == Some(true) || (known.is_none() && self.is_good_rest(&state)) {
                    found.extend(way.iter().map(|(key, ..)| (*key, true)));
                    found.insert(key, true);
                    break;
                }
                if known.is_none() && found.insert(key, false).is_none() {
                    let tried = self.choices(&state).into_iter();
                    way.push((key, state, tried));
                }
            }
            let Some((_, state, choices)) = way.last_mut() else { break };
            match choices.next() {
                Some(choice) => next = self.apply(state, choice).map(|state| self.settled(state)),
                None => drop(way.pop()),
            }
        }
        let leads_on = found.values().any(|leads_on| *leads_on);
        // what was passed on a way that ended nowhere may still lead on by another one
        let certain = found.into_iter().filter(|(_, good)| *good || !leads_on);
        self.calm.known.lock().unwrap().extend(certain);
        leads_on
    }

    /// The state when the sites reach each other and whoever is at work has come as far as he can.
    fn settled(&self, mut state: State) -> State {
        state.world.linked = true;
        self.as_far_as_it_comes(state)
    }

    /// The state when whoever is at work has come as far as he can.
    pub(crate) fn as_far_as_it_comes(&self, state: State) -> State {
        let mut now = state;
        loop {
            let calm = State { left: Default::default(), ..now.clone() };
            let mut moves = Vec::new();
            for executor in calm.executors.iter().filter(|executor| executor.pulse == Pulse::Alive) {
                self.next_moves(&calm, executor, (executor.at, executor.generation), &mut moves);
            }
            if now.world.linked {
                moves.extend(SIDES.map(Move::Arrives));
            }
            match moves.into_iter().find_map(|made| self.apply(&now, made)) {
                Some(next) => now = next,
                None => return now,
            }
        }
    }

    /// What people can do about it.
    fn choices(&self, state: &State) -> Vec<Move> {
        let mut choices = Vec::new();
        if state.is_at_rest() {
            choices.extend(SIDES.map(Move::Reconcile));
        }
        for at in SIDES.into_iter().filter(|at| state.operations[*at as usize].is_some()) {
            choices.extend([
                Move::Run(at),
                Move::Abort { at, leave_peer: false },
                Move::Abort { at, leave_peer: true },
            ]);
        }
        choices.retain(|choice| !matches!(choice, Move::Run(at) if state.is_held(*at, self)));
        choices
    }

    fn is_good_rest(&self, state: &State) -> bool {
        let record = state.world.newest();
        let runs = Side::of(&record.group.current_primary_site);
        let agreed = state.world.record(Side::A) == state.world.record(Side::B) && record.divergence.is_none();
        let leads_on = || {
            let wishes = [Wish::Planned, Wish::Failback, Wish::Reprotect];
            wishes.into_iter().any(|wish| SIDES.into_iter().any(|side| self.plan(state, side, wish).is_some()))
        };
        // a start that was given up with its site is not restored, and nobody is told so
        let takes_writes = state.consented || state.world.site(runs).is_writable();
        state.is_at_rest() && agreed && takes_writes && leads_on()
    }
}
