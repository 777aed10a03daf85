//! What people do: plan and accept, run and resume, give up, reconcile.

use crate::arrays::instant;
use crate::facts;
use crate::kept::Kept;
use crate::laws::Law;
use crate::metadata;
use crate::model::Exploration;
use crate::moves::Wish;
use crate::mutations::Mutation;
use crate::state::{Accepted, Back, Chapter, Executor, Operation, Pulse, Stage, State, Stop};
use crate::world::Side;
use protector_core::exec::{JOURNAL_SCHEMA, OperationState, Record, StepState, decide, lease};
use protector_core::model::{FailoverType, GroupRecord, Mappings, OpenOperation, OperationId, OperationKind};
use protector_core::plan::{OnFailure, Plan, Request, Step, divergence, plan, transition};
use protector_core::ports::{Lease, LeaseHolder};
use protector_core::rules::hold::takes_from;
use protector_core::rules::reconcile::{Sides, reconcile};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

impl Wish {
    fn request(self) -> Request {
        let failover = |failover_type, force| Request::Failover {
            failover_type,
            force,
            reason: None,
            mappings: Mappings::default(),
        };
        match self {
            Self::Sync => Request::Sync {},
            Self::Test => Request::TestFailover { mappings: Mappings::default(), retain_primary: true },
            Self::Cleanup => Request::TestCleanup { test: None },
            Self::Planned => failover(FailoverType::Planned, false),
            Self::Unplanned => failover(FailoverType::Unplanned, true),
            Self::Failback => Request::Failback { mappings: Mappings::default() },
            Self::Reprotect => Request::Reprotect {},
            Self::Commit => Request::Commit {},
        }
    }
}

impl Exploration {
    /// The plan that would be accepted now, if nothing speaks against it. Remembered, since many states look the same.
    pub(crate) fn plan(&self, state: &State, side: Side, wish: Wish) -> Option<Arc<Plan>> {
        let mut key = DefaultHasher::new();
        let known = |side: Side| {
            let open = facts::open_operation(state, side).map(|open| open.id);
            (&state.tests[side as usize], open)
        };
        // a commit waits for tests that were made from the other site
        let told = (wish == Wish::Commit).then(|| known(side.other()));
        (&state.world, known(side), told, side, wish).hash(&mut key);
        let key = key.finish();
        if let Some(known) = self.plans.lock().unwrap().get(&key) {
            return known.clone();
        }
        let made = plan(&facts::facts(state, side), &wish.request()).ok();
        let made = made.map(|plan| self.mutated(plan)).filter(|plan| self.accepts(plan)).map(Arc::new);
        self.plans.lock().unwrap().insert(key, made.clone());
        made
    }

    fn accepts(&self, plan: &Plan) -> bool {
        if self.is(Mutation::CommitsWithoutProof) && plan.kind == OperationKind::Commit {
            return !plan.steps.is_empty();
        }
        plan.blockers().next().is_none()
    }

    /// Now, and when a lease ends that was renewed just now or, `stale`, a lease time ago.
    pub(crate) fn lease_times(&self, stale: bool) -> (jiff::Timestamp, jiff::Timestamp) {
        let now = instant(200);
        if stale { (now, instant(199)) } else { (now, lease::expiry(now)) }
    }
}

fn holder(generation: u8) -> LeaseHolder {
    LeaseHolder {
        host: "host".to_owned(),
        process: generation.into(),
        process_start: 1,
        process_namespace: "namespace".to_owned(),
        engine: "engine".to_owned(),
    }
}

impl State {
    /// Somebody accepts a plan.
    pub(crate) fn accept(&mut self, side: Side, plan: &Plan, by_operator: bool, rules: &Exploration) {
        self.left.operations -= 1;
        let number = self.story.len() + 1;
        let id = OperationId::new(format!("op-{number:08}-0000-4000-8000-000000000000"));
        let accepted = Kept::new(Accepted { id, plan: plan.clone(), by_operator, at: instant(0) });
        let record = Record::PlanAccepted {
            schema: JOURNAL_SCHEMA,
            plan_hash: plan.hash.clone(),
            consents: plan.consents.clone(),
            measures: None,
        };
        let mut journal = OperationState::default();
        journal.add(record, accepted.at).unwrap();
        if plan.kind.changes_metadata() {
            let opened = Kept::new(opened(self.world.record(side), side, &accepted, rules));
            metadata::store(&mut self.world, &mut self.broken, side, &opened);
        }
        if plan.kind == OperationKind::UnplannedFailover {
            self.consented |= by_operator;
            // I-05: what is on the site that is left is asked for, not waited for
            let needs = |step: &&Step| step.action.endpoint().site.as_ref() == Some(&plan.source);
            if plan.steps.iter().filter(needs).any(|step| step.on_failure != OnFailure::Skip) {
                self.broken.add(Law::I05);
            }
        }
        self.story.push(Chapter { from: side, kind: plan.kind, ended: None });
        let (journal, lease, stop) = (Kept::new(journal), None, None);
        let open = Operation { accepted, journal, lease, lease_expired: false, stop };
        self.operations[side as usize] = Some(open);
    }

    /// Whether somebody else may be at work on what is open on a site.
    pub(crate) fn is_held(&self, side: Side, rules: &Exploration) -> bool {
        let Some(open) = &self.operations[side as usize] else { return false };
        if rules.is(Mutation::TakesALivingLease) {
            // never twice, so that there is an end to it
            return self.next_generation(side) > 2;
        }
        let (now, expires_at) = rules.lease_times(open.lease_expired);
        let current = open.lease.map(|generation| Lease {
            holder: holder(generation),
            generation: generation.into(),
            expires_at,
        });
        let is_gone =
            |held: &LeaseHolder| !self.executors.iter().any(|e| e.at == side && holder(e.generation) == *held);
        lease::held_by_another(current.as_ref(), &holder(self.next_generation(side)), now, is_gone).is_some()
    }

    /// The generation of the next lease. It tells executors of a site apart that are there at the same time; those that are
    /// gone do not count, so that resuming again and again comes to an end.
    fn next_generation(&self, side: Side) -> u8 {
        1 + self.executors.iter().filter(|e| e.at == side).map(|e| e.generation).max().unwrap_or(0)
    }

    /// An executor takes what is open on a site up: to bring it to its end, or only to obey the abort that waits.
    pub(crate) fn take_up(&mut self, side: Side, finishes: bool, rules: &Exploration) {
        let (record, generation) = (self.world.record(side).clone(), self.next_generation(side));
        let Some(open) = self.operations[side as usize].as_mut() else { return };
        (open.lease, open.lease_expired) = (Some(generation), false);
        let (accepted, state) = (open.accepted.clone(), open.journal.clone());
        let taken_back = if finishes { decide::taken_back(&accepted.plan, &state) } else { Vec::new() };
        let begun = |step: &Step| state.step(&step.id) == Some(&StepState::Begun);
        let steps = accepted.plan.steps.iter().enumerate().filter(|(_, step)| begun(step));
        let resumed = match rules.is(Mutation::DoesNotLookFirst) {
            true => steps.fold(0, |bits, (at, _)| bits | 1 << at),
            false => 0,
        };
        let stage = match (state.rollback.is_some(), state.aborted) {
            (true, _) => Stage::Back(Back::default()),
            (false, true) => Stage::GiveUp,
            (false, false) => Stage::Forward,
        };
        let executor = Executor {
            at: side,
            generation,
            accepted,
            state,
            record,
            stage,
            flights: Vec::new(),
            given_back: 0,
            failed: false,
            stop: None,
            pulse: Pulse::Alive,
            is_stale: false,
            resumed,
        };
        let attempt = Record::Attempt { holder: holder(generation), generation: generation.into(), taken_from: None };
        self.executors.push(executor);
        let records = [attempt].into_iter().chain(taken_back).collect();
        let at = self.executors.len() - 1;
        self.append(at, records, None);
        self.executors.sort_by_key(|executor| (executor.at, executor.generation));
    }

    /// Somebody gives up what is open: asks whoever is at work, or does it himself. Too late: nothing.
    pub(crate) fn abort(&mut self, side: Side, leave_peer: bool, rules: &Exploration) -> bool {
        let is_held = self.is_held(side, rules);
        let number = 1 + rules.budget.aborts.saturating_sub(self.left.aborts);
        let Some(open) = self.operations[side as usize].as_mut() else { return false };
        if !open.journal.can_abort(&open.accepted.plan) {
            return false;
        }
        open.stop = Some(Stop { number, leave_peer });
        self.left.aborts = self.left.aborts.saturating_sub(1);
        if !is_held {
            self.take_up(side, false, rules);
        }
        true
    }

    /// Makes both sites hold what this site decides: it wins if the other one went on alone, too, or is pushed if it is ahead.
    pub(crate) fn reconcile(&mut self, side: Side) -> bool {
        let (record, theirs) = (self.world.record(side).clone(), self.world.record(side.other()).clone());
        let agree = theirs == record && record.divergence.is_none();
        if !self.world.linked || record.group.operation.is_some() || agree {
            return false;
        }
        // whoever goes on alone leaves the mark
        let both_went_on = theirs != record && (theirs.divergence.is_some() || theirs.version == record.version);
        let mut next = (*record).clone();
        if both_went_on {
            if theirs.group.operation.is_some() {
                return false;
            }
            let sides = Sides { winner: side.site(), wins: &record, loses: &theirs };
            next = reconcile(sides, &"reconcile-1".into(), instant(0));
        } else if theirs.version > record.version {
            return false;
        }
        self.left.reconciles = self.left.reconciles.saturating_sub(1);
        next.version = record.version.max(theirs.version).next();
        next.divergence = None;
        self.confirm_divergence(&mut next);
        let next = Kept::new(next);
        if takes_from(self.world.record(side.other()), &next, side.other().site()).is_some() {
            return false;
        }
        for side in [side.other(), side] {
            metadata::store(&mut self.world, &mut self.broken, side, &next);
        }
        true
    }

    /// Entries that are only suspected, for sites that show now that they ran on.
    fn confirm_divergence(&self, record: &mut GroupRecord) {
        for entry in record.ledger.clone() {
            let site = self.world.site(Side::of(&entry.site));
            let servers = record.members.iter().filter_map(|member| member.server_on(&entry.site));
            let runs = servers.filter_map(|id| site.servers.get(id)).any(|server| server.running);
            let snapshots = site.local.iter().flat_map(|group| group.snapshots.values());
            let later = snapshots.into_iter().any(|snapshot| instant(snapshot.taken) > entry.data_time);
            if runs || later {
                divergence::confirm(record, &entry.id, "it ran on");
            }
        }
    }
}

fn opened(record: &GroupRecord, side: Side, accepted: &Accepted, rules: &Exploration) -> GroupRecord {
    let Accepted { id, plan, at, .. } = accepted;
    let operation = OpenOperation { id: id.clone(), kind: plan.kind, site: side.site().clone() };
    if rules.is(Mutation::SaysNothingOfTwoSides) {
        return transition::opened(record, operation, None, *at);
    }
    decide::opened(record, plan, operation, side.other().site(), *at)
}
