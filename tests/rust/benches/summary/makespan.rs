//! How good a schedule is: random plans beside the shortest that could be.

use crate::ideal::ideal;
use crate::table::Table;
use protector_core::model::{SiteName, StepId};
use protector_core::plan::{Action, Limits, OnFailure, Phase, Schedule, Step, simulate};

/// Makespan over the longer of the longest chain and the work of the busiest endpoint over its limit.
const TARGET: f64 = 1.05;
const STEPS: usize = 1_000;
const PLANS: u64 = 200;

/// Random plans: how many of the steps just before it a step may come after, and how many it does at most.
const SHAPES: [(&str, usize, usize); 4] =
    [("wide", STEPS, 1), ("wide, joined", STEPS, 3), ("deep", 20, 2), ("between", 100, 2)];

/// Schedules random plans, with the longest way first and in plan order.
pub(crate) fn measure(table: &mut Table) {
    println!("\nmakespan over max(longest chain, busiest endpoint) of {PLANS} random plans of {STEPS} steps");
    println!("{:>14} {:>24} {:>24}", "", "longest way first", "plan order");
    println!("{:>14} {:>8} {:>7} {:>7} {:>8} {:>7} {:>7}", "shape", "median", "p95", "worst", "median", "p95", "worst");
    let mut worst: f64 = 0.0;
    for (name, window, most) in SHAPES {
        let (mut by_way, mut by_order): (Vec<f64>, Vec<f64>) =
            (0..PLANS).map(|seed| ratios(seed, window, most)).unzip();
        by_way.sort_by(f64::total_cmp);
        by_order.sort_by(f64::total_cmp);
        let three =
            |sorted: &[f64]| [sorted[sorted.len() / 2], sorted[sorted.len() * 95 / 100], sorted[sorted.len() - 1]];
        let ([a, b, c], [d, e, f]) = (three(&by_way), three(&by_order));
        println!("{name:>14} {a:>8.3} {b:>7.3} {c:>7.3} {d:>8.3} {e:>7.3} {f:>7.3}");
        worst = worst.max(b);
    }
    table.add("makespan of random plans over the ideal, p95 of the worst shape", worst, "", TARGET);
}

/// Ratio of one random plan, with the longest way first and in plan order.
fn ratios(seed: u64, window: usize, most: usize) -> (f64, f64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut steps = Vec::with_capacity(STEPS);
    for at in 0..STEPS {
        let count = if at == 0 { 0 } else { random.usize(0..=most) };
        let after = (0..count).map(|_| id(random.usize(at.saturating_sub(window)..at))).collect();
        steps.push(step(at, random.usize(0..4), after));
    }
    let lengths: Vec<u64> = (0..STEPS).map(|_| random.u64(1..=100)).collect();
    let limits = Limits::default();
    let ideal = ideal(&steps, limits, |at| lengths[at]) as f64;
    let makespan = |way: fn(u64) -> u64| {
        simulate(Schedule::new(&steps, |_| false, limits, |at| way(lengths[at])), |at| lengths[at]).makespan as f64
    };
    (makespan(|length| length) / ideal, makespan(|_| 0) / ideal)
}

fn id(at: usize) -> StepId {
    format!("step-{at}").into()
}

fn step(at: usize, kind: usize, after: Vec<StepId>) -> Step {
    let site: SiteName = ["site-a", "site-b"][kind % 2].into();
    let action = match kind {
        0 | 1 => Action::Fence { site, group: "pg".into() },
        _ => Action::StopServer { site, server: "server".into() },
    };
    Step {
        id: id(at),
        title: String::new(),
        phase: Phase::Recover,
        action,
        after,
        weight: 1,
        timeout_seconds: 60,
        on_failure: OnFailure::Stop,
        member: None,
    }
}
