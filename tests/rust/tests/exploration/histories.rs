//! What may have been done to a group before an exploration begins.

use crate::model::Exploration;
use crate::moves::{Move, Wish};
use crate::start::{self, Shape};
use crate::state::{Budget, State};
use crate::world::Side;

/// One thing that was done, and went well.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Done {
    /// An operation.
    Calmly(Side, Wish),
    /// An operation, while the other site did not answer; it does again afterwards.
    Alone(Side, Wish),
    /// The metadata of a site were pushed to the other one.
    Reconciled(Side),
}

/// A group with its past.
#[derive(Debug, Clone, Copy)]
pub(crate) struct History {
    pub(crate) shape: Shape,
    pub(crate) done: &'static [Done],
}

/// At home, as the group was made.
pub(crate) const HOME: History = History { shape: Shape::OneServer, done: &[] };

/// Two servers that start one after the other.
pub(crate) const TWO_SERVERS: History = History { shape: Shape::TwoServers, done: &[] };

const fn one_server(done: &'static [Done]) -> History {
    History { shape: Shape::OneServer, done }
}

/// Moved away, and protected there.
pub(crate) const AWAY: History = one_server(&[Done::Calmly(Side::A, Wish::Planned)]);

/// Moved away and back.
pub(crate) const BACK: History =
    one_server(&[Done::Calmly(Side::A, Wish::Planned), Done::Calmly(Side::B, Wish::Failback)]);

/// The other site took over alone; both sides run, and nothing is reconciled.
pub(crate) const FORCED: History = one_server(&[Done::Alone(Side::B, Wish::Unplanned)]);

/// The same, reconciled.
pub(crate) const RECONCILED: History = one_server(&[Done::Alone(Side::B, Wish::Unplanned), Done::Reconciled(Side::B)]);

/// The site that was left is fenced, and the group protected again.
pub(crate) const REPROTECTED: History = one_server(&[
    Done::Alone(Side::B, Wish::Unplanned),
    Done::Reconciled(Side::B),
    Done::Calmly(Side::B, Wish::Reprotect),
]);

/// Three moves have left volumes behind that a commit may release.
pub(crate) const RETAINED: History = one_server(&[
    Done::Calmly(Side::A, Wish::Planned),
    Done::Calmly(Side::B, Wish::Failback),
    Done::Calmly(Side::A, Wish::Planned),
]);

/// The same, and then the workload was forced home: nothing protects it.
pub(crate) const RETAINED_UNPROTECTED: History = one_server(&[
    Done::Calmly(Side::A, Wish::Planned),
    Done::Calmly(Side::B, Wish::Failback),
    Done::Calmly(Side::A, Wish::Planned),
    Done::Calmly(Side::A, Wish::Unplanned),
]);

/// A test stands on the other site.
pub(crate) const TESTED: History = one_server(&[Done::Calmly(Side::A, Wish::Test)]);

impl History {
    /// The state afterwards, from which `budget` is left.
    pub(crate) fn state(self, budget: Budget) -> State {
        let plenty = Budget { operations: 9, ..Budget::default() };
        let rules = Exploration::new(Vec::new(), &[], plenty, None);
        let mut state = State {
            world: start::world(self.shape),
            operations: [None, None],
            executors: Vec::new(),
            tests: [None, None],
            left: plenty,
            story: Vec::new(),
            first_version: 0,
            consented: false,
            broken: Default::default(),
        };
        for done in self.done {
            state = done.after(state, &rules);
            assert!(state.is_at_rest() && state.broken.is_empty(), "{done:?} of {self:?}: {:?}", state.broken);
        }
        state.left = budget;
        state.first_version = state.world.newest().version.0;
        state
    }
}

impl Done {
    fn after(self, mut state: State, rules: &Exploration) -> State {
        let make = |state: &State, made: Move| {
            rules.apply(state, made).unwrap_or_else(|| panic!("{made:?} cannot be done after {:?}", state.story))
        };
        match self {
            Self::Reconciled(side) => return make(&state, Move::Reconcile(side)),
            Self::Calmly(..) => {}
            Self::Alone(..) => state.world.linked = false,
        }
        let (Self::Calmly(side, wish) | Self::Alone(side, wish)) = self else { return state };
        state = make(&state, Move::Accept(side, wish));
        state = make(&state, Move::Run(side));
        state = rules.as_far_as_it_comes(state);
        state.world.linked = true;
        state
    }
}
