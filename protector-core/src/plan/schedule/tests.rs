use super::*;
use crate::model::{FailoverType, Mappings};
use crate::plan::testing::{Size, facts};
use crate::plan::{Action, OnFailure, Phase, Plan, Request, Step, plan};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::{BTreeSet, HashMap};

/// What a step of the test needs: one of the two arrays, one of the two clouds, the metadata, or nothing.
fn action(kind: usize) -> Action {
    let (site, group) = (["site-a", "site-b"][kind % 2].into(), "pg".into());
    match kind {
        0 | 1 => Action::Fence { site, group },
        2 | 3 => Action::StopServer { site, server: "server".into() },
        4 => Action::Close {},
        _ => Action::Barrier {},
    }
}

fn step(at: usize, kind: usize, after: Vec<StepId>) -> Step {
    Step {
        id: format!("step-{at}").into(),
        title: String::new(),
        phase: Phase::Recover,
        action: action(kind),
        after,
        weight: 1,
        timeout_seconds: 60,
        on_failure: OnFailure::Stop,
        member: None,
    }
}

fn plan_of(steps: Vec<Step>) -> Plan {
    let request = Request::Sync {};
    Plan { steps, ..plan(&facts(&[], false), &request).unwrap() }
}

/// Up to forty steps, each after some of the earlier ones.
fn plans() -> impl Strategy<Value = Plan> {
    prop::collection::vec((0..6_usize, prop::collection::vec(any::<Index>(), 0..4)), 1..40).prop_map(|wanted| {
        let mut steps: Vec<Step> = Vec::new();
        for (at, (kind, after)) in wanted.into_iter().enumerate() {
            let earlier = if at == 0 { Vec::new() } else { after };
            // the same predecessor may be named twice
            let after = earlier.iter().map(|index| steps[index.index(at)].id.clone()).collect();
            steps.push(step(at, kind, after));
        }
        plan_of(steps)
    })
}

/// Runs a schedule, finishing steps in the order that `order` picks. `fails`: never settles.
struct Run<'a> {
    plan: &'a Plan,
    lengths: &'a [u64],
    limits: Limits,
    fails: Option<usize>,
    settled: BTreeSet<StepId>,
    begun: Vec<usize>,
}

impl Run<'_> {
    fn go(&mut self, order: &[usize]) {
        let already = self.settled.clone();
        let mut schedule = Schedule::new(
            &self.plan.steps,
            |at| already.contains(&self.plan.steps[at].id),
            self.limits,
            |at| self.lengths[at % self.lengths.len()],
        );
        let mut in_flight: Vec<usize> = Vec::new();
        for turn in 0.. {
            for at in schedule.take() {
                self.check_begins(at);
                in_flight.push(at);
            }
            self.check_limits(&in_flight);
            if in_flight.is_empty() {
                break;
            }
            let at = in_flight.remove(order[turn % order.len()] % in_flight.len());
            let settles = self.fails != Some(at);
            if settles {
                self.settled.insert(self.plan.steps[at].id.clone());
            }
            schedule.give_back(at, settles);
            assert_eq!(schedule.left(), self.plan.steps.len() - self.settled.len());
        }
    }

    fn check_begins(&mut self, at: usize) {
        let step = &self.plan.steps[at];
        assert!(step.after.iter().all(|id| self.settled.contains(id)), "{} begins too early", step.id);
        assert!(!self.settled.contains(&step.id) && !self.begun.contains(&at), "{} begins twice", step.id);
        self.begun.push(at);
    }

    fn check_limits(&self, in_flight: &[usize]) {
        let mut busy: HashMap<Endpoint, usize> = HashMap::new();
        for at in in_flight {
            *busy.entry(self.plan.steps[*at].action.endpoint()).or_default() += 1;
        }
        for (endpoint, count) in busy {
            assert!(count <= self.limits.of(endpoint.kind), "{count} on {endpoint:?}");
        }
    }
}

fn run(plan: &Plan, limits: Limits) -> Run<'_> {
    Run { plan, lengths: &[60], limits, fails: None, settled: BTreeSet::new(), begun: Vec::new() }
}

proptest! {
    /// I-37
    #[test]
    fn every_step_runs_once_in_order_within_the_limits(
        plan in plans(),
        order in prop::collection::vec(any::<usize>(), 1..40),
        (array, cloud) in (1..4_usize, 1..4_usize),
        lengths in prop::collection::vec(any::<u64>(), 1..40),
    ) {
        let mut run = Run { lengths: &lengths, ..run(&plan, Limits { array, cloud }) };
        run.go(&order);
        prop_assert_eq!(run.begun.len(), plan.steps.len());
        prop_assert_eq!(run.settled.len(), plan.steps.len());
    }

    #[test]
    fn what_waits_for_a_failed_step_does_not_begin_and_all_else_does(
        plan in plans(),
        order in prop::collection::vec(any::<usize>(), 1..40),
        failing in any::<Index>(),
    ) {
        let failing = failing.index(plan.steps.len());
        let mut run = Run { fails: Some(failing), ..run(&plan, Limits::default()) };
        run.go(&order);
        let mut blocked = BTreeSet::from([plan.steps[failing].id.clone()]);
        for step in &plan.steps[failing + 1..] {
            if step.after.iter().any(|id| blocked.contains(id)) {
                blocked.insert(step.id.clone());
            }
        }
        prop_assert_eq!(run.settled.len(), plan.steps.len() - blocked.len());
        prop_assert!(run.settled.is_disjoint(&blocked));

        // the next attempt goes on from there
        run.fails = None;
        run.begun.clear();
        run.go(&order);
        prop_assert_eq!(run.begun.len(), blocked.len());
        prop_assert_eq!(run.settled.len(), plan.steps.len());
    }
}

/// I-37: all that may begin does so at once: nothing waits for the end of something it does not depend on.
#[test]
fn ready_steps_fill_the_limits() {
    let steps = (0..20).map(|at| step(at, at % 4, Vec::new())).collect();
    let plan = plan_of(steps);
    let mut schedule = Schedule::new(&plan.steps, |_| false, Limits { array: 2, cloud: 3 }, |_| 60);
    let taken = schedule.take();
    // two arrays with two each, two clouds with three each, first come first served
    assert_eq!(taken, [0, 1, 2, 3, 4, 5, 6, 7, 10, 11]);
    assert!(schedule.take().is_empty());
    schedule.give_back(0, true);
    assert_eq!(schedule.take(), [8]);
}

#[test]
fn one_at_a_time_follows_the_plan() {
    let sizes = [Size { tier: 0, disks: 2, nics: 1 }; 3];
    let request = Request::Failover {
        failover_type: FailoverType::Planned,
        force: false,
        reason: None,
        mappings: Mappings::default(),
    };
    let plan = plan(&facts(&sizes, false), &request).unwrap();
    let mut run = run(&plan, Limits::SEQUENTIAL);
    run.go(&[0]);
    assert_eq!(run.settled.len(), plan.steps.len());
}

/// Of a short step and the first of a long chain the chain begins, wherever they stand in the plan.
#[test]
fn the_longest_way_goes_first() {
    let chain = |at: usize| step(at, 0, vec![format!("step-{}", at - 1).into()]);
    let plan = plan_of(vec![step(0, 0, vec![]), step(1, 0, vec![]), step(2, 0, vec![]), chain(3), chain(4)]);
    let limits = Limits { array: 1, cloud: 2 };
    let order = |limits: Limits, lengths: [u64; 5]| {
        let mut schedule = Schedule::new(&plan.steps, |_| false, limits, |at| lengths[at]);
        let mut order = Vec::new();
        while let [at] = schedule.take()[..] {
            order.push(at);
            schedule.give_back(at, true);
        }
        order
    };
    // step 2 begins a chain of three; step 1 is longer than all of it only in the second case
    assert_eq!(order(limits, [5, 5, 5, 5, 5]), [2, 3, 0, 1, 4]);
    assert_eq!(order(limits, [5, 20, 5, 5, 5]), [1, 2, 3, 0, 4]);
    assert_eq!(order(limits, [0; 5]), [0, 1, 2, 3, 4]);
    assert_eq!(order(Limits::SEQUENTIAL, [5, 20, 5, 5, 5]), [0, 1, 2, 3, 4]);
}

#[test]
fn what_is_settled_takes_no_part() {
    let plan = plan_of(
        (0..3).map(|at| step(at, 0, if at == 0 { vec![] } else { vec![format!("step-{}", at - 1).into()] })).collect(),
    );
    let mut schedule = Schedule::new(&plan.steps, |at| at == 0, Limits::default(), |_| 1);
    assert_eq!((schedule.left(), schedule.take()), (2, vec![1]));
    assert_eq!(schedule.give_back(1, false), Vec::<usize>::new());
    assert_eq!((schedule.left(), schedule.take()), (2, vec![]));
}

/// What comes after a closed step still waits for what comes before it.
#[test]
fn a_closed_step_passes_when_its_predecessors_have() {
    let steps = vec![
        step(0, 2, Vec::new()),
        step(1, 3, Vec::new()),
        step(2, 3, vec!["step-0".into(), "step-1".into()]),
        step(3, 4, vec!["step-2".into()]),
    ];
    let plan = plan_of(steps);
    let mut schedule = Schedule::new(&plan.steps, |_| false, Limits::default(), |_| 1);
    assert_eq!(schedule.take(), [0, 1]);
    schedule.close(2);
    schedule.close(2);
    schedule.give_back(0, true);
    assert!(schedule.take().is_empty());
    schedule.give_back(1, true);
    assert_eq!((schedule.take(), schedule.left()), (vec![3], 1));
    schedule.give_back(3, true);
    assert_eq!(schedule.left(), 0);
    // one that could have begun
    let mut schedule = Schedule::new(&plan.steps, |_| false, Limits::SEQUENTIAL, |_| 1);
    schedule.close(0);
    assert_eq!((schedule.take(), schedule.left()), (vec![1], 3));
}
