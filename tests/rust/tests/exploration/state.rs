//! A state of everything: the world, what is open, who is at work, and what may still happen.

use crate::call::Answer;
use crate::effects::Performed;
use crate::facts;
use crate::kept::{Fingerprint, Kept};
use crate::laws::Laws;
use crate::world::{SIDES, Side, World};
use jiff::Timestamp;
use protector_core::exec::OperationState;
use protector_core::model::{GroupRecord, OperationId, OperationKind, OperationStatus};
use protector_core::plan::{Plan, TestRun};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What was accepted.
#[derive(Debug, Clone)]
pub(crate) struct Accepted {
    pub(crate) id: OperationId,
    pub(crate) plan: Plan,
    /// Somebody accepted it.
    pub(crate) by_operator: bool,
    /// When; all of its steps begin then.
    pub(crate) at: Timestamp,
}

/// What was observed when planning decides nothing any more, so evidence does not tell plans apart.
impl Fingerprint for Accepted {
    fn feed(&self, hasher: &mut DefaultHasher) {
        (&self.id, self.by_operator, self.plan.kind, self.plan.epoch, self.plan.version).hash(hasher);
        hasher.write(&serde_json::to_vec(&self.plan.steps).unwrap_or_default());
    }
}

/// A request to give an operation up. Two of them differ by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Stop {
    pub(crate) number: u8,
    pub(crate) leave_peer: bool,
}

/// An open operation, in the store of the site where it was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Operation {
    pub(crate) accepted: Kept<Accepted>,
    pub(crate) journal: Kept<OperationState>,
    /// Generation of the lease that is held.
    pub(crate) lease: Option<u8>,
    pub(crate) lease_expired: bool,
    pub(crate) stop: Option<Stop>,
}

/// What a call brought back.
#[derive(Debug, Clone)]
pub(crate) struct Reply(pub(crate) Answer<Performed>);

impl Fingerprint for Reply {
    fn feed(&self, hasher: &mut DefaultHasher) {
        match &self.0 {
            Ok(Performed { output, change, lost }) => {
                hasher.write(&serde_json::to_vec(output).unwrap_or_default());
                (change, lost.len()).hash(hasher);
            }
            Err(kind) => kind.hash(hasher),
        }
    }
}

/// A step that an executor is at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Flight {
    pub(crate) step: usize,
    pub(crate) reply: Option<Kept<Reply>>,
    /// A reply was lost: what fails later leaves the result unknown.
    pub(crate) is_unknown: bool,
}

/// Where an executor is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Forward,
    /// A test is given up: what only outcomes tell is made to its end.
    GiveUp,
    Back(Back),
}

/// How far a rollback is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Back {
    /// Steps whose undo failed and that stay as they are, a bit each.
    pub(crate) passed: u64,
    pub(crate) left_behind: bool,
    pub(crate) source_is_lost: bool,
    /// What the undo of the next step, or telling the other site the end, brought back.
    pub(crate) reply: Option<Kept<Reply>>,
    pub(crate) is_unknown: bool,
}

/// Whether an executor's process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Pulse {
    Alive,
    /// Frozen for longer than its lease, between two moves.
    Frozen,
    /// The same, with the call of a step on its way already.
    FrozenInCall(usize),
}

/// What an executor holds in memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Executor {
    pub(crate) at: Side,
    pub(crate) generation: u8,
    pub(crate) accepted: Kept<Accepted>,
    /// The journal as this executor knows it.
    pub(crate) state: Kept<OperationState>,
    /// The group as this executor knows it.
    pub(crate) record: Kept<GroupRecord>,
    pub(crate) stage: Stage,
    pub(crate) flights: Vec<Flight>,
    /// Steps that came back without being settled, a bit each: not made again in this run.
    pub(crate) given_back: u64,
    pub(crate) failed: bool,
    pub(crate) stop: Option<Stop>,
    pub(crate) pulse: Pulse,
    /// Its lease ran out since it was renewed.
    pub(crate) is_stale: bool,
    /// Steps that had begun when it took the operation up, a bit each, if the mutated product does not look first.
    pub(crate) resumed: u64,
}

impl Executor {
    pub(crate) fn plan(&self) -> &Plan {
        &self.accepted.plan
    }
}

/// How often things may still happen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    pub(crate) operations: u8,
    pub(crate) writes: u8,
    pub(crate) crashes: u8,
    pub(crate) cuts: u8,
    pub(crate) lost_replies: u8,
    pub(crate) freezes: u8,
    pub(crate) aborts: u8,
    pub(crate) reconciles: u8,
}

/// What has been done to the group, in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Chapter {
    pub(crate) from: Side,
    pub(crate) kind: OperationKind,
    pub(crate) ended: Option<u8>,
}

impl Chapter {
    pub(crate) fn end(&mut self, status: OperationStatus) {
        self.ended = Some(status as u8);
    }
}

/// A state of everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) operations: [Option<Operation>; 2],
    pub(crate) executors: Vec<Executor>,
    /// What a test made and nobody cleaned up, by the store that knows of it.
    pub(crate) tests: [Option<Kept<TestRun>>; 2],
    pub(crate) left: Budget,
    pub(crate) story: Vec<Chapter>,
    /// Version of the group's metadata when the exploration began.
    pub(crate) first_version: u64,
    /// Somebody consented to two sides that may take writes.
    pub(crate) consented: bool,
    pub(crate) broken: Laws,
}

impl Fingerprint for TestRun {
    fn feed(&self, hasher: &mut DefaultHasher) {
        (&self.operation, &self.servers, &self.volumes, &self.clones).hash(hasher);
    }
}

impl State {
    /// Nothing is open and nobody is at work; who is frozen does not count.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.operations.iter().all(Option::is_none) && self.executors.iter().all(|e| e.pulse != Pulse::Alive)
    }

    pub(crate) fn executor(&self, at: Side, generation: u8) -> Option<usize> {
        self.executors.iter().position(|e| e.at == at && e.generation == generation)
    }

    /// The operation that an executor works on, as long as it is open.
    pub(crate) fn operation_of(&self, executor: &Executor) -> Option<&Operation> {
        self.operations[executor.at as usize].as_ref().filter(|open| open.accepted == executor.accepted)
    }

    /// Whether the lease of an executor is in force in the store.
    pub(crate) fn holds_lease(&self, executor: &Executor) -> bool {
        self.operation_of(executor).is_some_and(|open| open.lease == Some(executor.generation))
    }

    /// What is left when everything is at rest, without who crashed, froze or lost a reply on the way there.
    pub(crate) fn end(&self) -> u64 {
        let left = Budget { crashes: 0, cuts: 0, freezes: 0, lost_replies: 0, ..self.left };
        let mut hasher = DefaultHasher::new();
        let tests = SIDES.map(|side| facts::test_run(self, side, None).map(Kept::new));
        let sites = SIDES.map(|side| self.world.site(side).compared());
        (sites, self.world.linked, tests, left, &self.story, self.consented).hash(&mut hasher);
        hasher.finish()
    }
}
