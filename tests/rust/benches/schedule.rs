//! How good a schedule is, and what predicting it costs: a table with the targets.

#![allow(clippy::print_stdout, reason = "the table is the purpose")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench says so by panicking")]

use protector_core::model::{SiteName, StepId};
use protector_core::plan::{Action, Limits, OnFailure, Phase, Schedule, Step, forecast, plan, simulate};
use protector_tests::{failover, scale::facts};
use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::time::Instant;

/// Makespan over the longer of the longest chain and the work of the busiest endpoint over its limit.
const RATIO_TARGET: f64 = 1.05;
/// Milliseconds for a plan of 20,000 volumes, its forecast included.
const PLAN_TARGET_MS: f64 = 100.0;
const STEPS: usize = 1_000;
const PLANS: u64 = 200;

/// Random plans: how many of the steps just before it a step may come after, and how many it does at most.
const SHAPES: [(&str, usize, usize); 4] =
    [("wide", STEPS, 1), ("wide, joined", STEPS, 3), ("deep", 20, 2), ("between", 100, 2)];

fn main() {
    println!("makespan over max(longest chain, busiest endpoint) of {PLANS} random plans of {STEPS} steps");
    println!("{:>14} {:>24} {:>24}", "", "longest way first", "plan order");
    println!("{:>14} {:>8} {:>7} {:>7} {:>8} {:>7} {:>7}", "shape", "median", "p95", "worst", "median", "p95", "worst");
    for (name, window, most) in SHAPES {
        let (mut by_way, mut by_order): (Vec<f64>, Vec<f64>) =
            (0..PLANS).map(|seed| ratios(seed, window, most)).unzip();
        by_way.sort_by(f64::total_cmp);
        by_order.sort_by(f64::total_cmp);
        let three =
            |sorted: &[f64]| [sorted[sorted.len() / 2], sorted[sorted.len() * 95 / 100], sorted[sorted.len() - 1]];
        let ([a, b, c], [d, e, f]) = (three(&by_way), three(&by_order));
        println!("{name:>14} {a:>8.3} {b:>7.3} {c:>7.3} {d:>8.3} {e:>7.3} {f:>7.3}");
        verdict(&format!("makespan ratio, {name}, p95"), b, RATIO_TARGET);
    }

    println!("\nplanning a planned failover with its forecast, and forecasting alone (median)");
    println!("{:>8} {:>8} {:>10} {:>12}", "volumes", "steps", "plan, ms", "forecast, ms");
    let mut last = 0.0;
    for volumes in [100, 1_000, 10_000, 20_000] {
        let (facts, request) = (facts(volumes), failover());
        let planned = plan(&facts, &request).unwrap();
        last = median_ms(|| drop(black_box(plan(black_box(&facts), &request).unwrap())));
        let alone = median_ms(|| drop(black_box(forecast(&planned.steps, &facts.durations, facts.limits))));
        println!("{volumes:>8} {:>8} {last:>10.2} {alone:>12.2}", planned.steps.len());
    }
    verdict("plan of 20,000 volumes with forecast, ms", last, PLAN_TARGET_MS);
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
    let ideal = ideal(&steps, &lengths, limits) as f64;
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

/// No schedule is shorter.
fn ideal(steps: &[Step], lengths: &[u64], limits: Limits) -> u64 {
    let mut ends: HashMap<&StepId, u64> = HashMap::new();
    let mut work: BTreeMap<_, u64> = BTreeMap::new();
    for (step, length) in steps.iter().zip(lengths) {
        let begin = step.after.iter().map(|id| ends[id]).max().unwrap_or(0);
        ends.insert(&step.id, begin + length);
        *work.entry(step.action.endpoint()).or_default() += length;
    }
    let chain = ends.into_values().max().unwrap_or(0);
    let shares = work.into_iter().map(|(endpoint, work)| work.div_ceil(limits.of(endpoint.kind) as u64));
    shares.max().unwrap_or(0).max(chain)
}

fn median_ms(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..21)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn verdict(what: &str, measured: f64, target: f64) {
    let verdict = if measured <= target { "met" } else { "MISSED" };
    println!("target {verdict}: {what}: {measured:.3} (at most {target})");
}
