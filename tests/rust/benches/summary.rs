//! The table that is printed at the end of `make bench`: what was measured, and whether it meets its target.

#![allow(clippy::print_stdout, reason = "the table is the purpose")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench says so by panicking")]

use protector_core::plan::plan;
use protector_core::store::Durability;
use protector_tests::{
    failover, idle,
    scale::{facts, fail_over, prepare},
};
use std::hint::black_box;
use std::time::Instant;
use tempfile::tempdir_in;

/// On the disk that the build is on: a directory in memory would make fsync look free.
const DISK: &str = env!("CARGO_TARGET_TMPDIR");
/// Milliseconds for a plan of 10,000 volumes.
const PLAN_TARGET_MS: f64 = 50.0;
/// How much dearer a volume times log n may be in a plan of 10,000 than in one of 100; caches alone cost some.
const GROWTH_TARGET: f64 = 2.0;
/// Microseconds that the executor and its journal add to a step, without fsync.
const STEP_TARGET_US: f64 = 50.0;
const IDLE_STEPS: usize = 10_000;
/// Milliseconds from a journal of so many records to the end of the operation, one step away.
const RESUME_TARGET_MS: f64 = 200.0;
const RESUME_RECORDS: usize = 100_000;
const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
const VOLUMES: u32 = 1_000;

#[tokio::main]
async fn main() {
    println!("planning a planned failover (median)");
    println!("{:>8} {:>10} {:>12} {:>22}", "volumes", "ms", "ns/volume", "ns/(n log2 n)");
    let mut last = 0.0;
    let mut unit_costs = Vec::new();
    for volumes in SIZES {
        last = plan_ms(volumes);
        let n = volumes as f64;
        let unit = last * 1e6 / (n * n.log2());
        println!("{volumes:>8} {last:>10.3} {:>12.0} {unit:>22.1}", last * 1e6 / n);
        unit_costs.push(unit);
    }
    let growth = unit_costs[3] / unit_costs[1];
    verdict("10,000 volumes, ms", last, PLAN_TARGET_MS);
    verdict("growth over n log n, 100 to 10,000", growth, GROWTH_TARGET);

    println!("\nthe executor alone, on a cloud where nothing takes time, without fsync");
    let directory = tempdir_in(DISK).unwrap();
    let idle = idle::operation(directory.path(), IDLE_STEPS, 0).await.unwrap();
    let started = Instant::now();
    idle.run().await.unwrap();
    verdict("executor overhead per step, µs", ms(started) * 1e3 / IDLE_STEPS as f64, STEP_TARGET_US);
    resume().await;

    println!("\nwhole failover of {VOLUMES} volumes on the simulated world, on files: plan, accept, run");
    let directory = tempdir_in(DISK).unwrap();
    let started = Instant::now();
    let prepared = prepare(directory.path(), VOLUMES).await.unwrap();
    println!("{:>16} {:>10.0} ms (seed, {VOLUMES} members, first replication)", "preparing", ms(started));
    for (name, durability) in [("without fsync", Durability::Off), ("with fsync", Durability::Full)] {
        let copy = tempdir_in(DISK).unwrap();
        let engine = prepared.open_copy(copy.path(), durability).await.unwrap();
        let started = Instant::now();
        let done = fail_over(&engine).await.unwrap();
        println!("{name:>16} {:>10.0} ms ({} steps)", ms(started), done.steps.len());
    }
}

/// Best of some: each one reads the same journal, of an operation that died one step before its end.
async fn resume() {
    let (mut journal, mut whole) = (f64::MAX, f64::MAX);
    for _ in 0..3 {
        let directory = tempdir_in(DISK).unwrap();
        let steps = RESUME_RECORDS / 2;
        let idle = idle::operation(directory.path(), steps, steps - 1).await.unwrap();
        let started = Instant::now();
        assert_eq!(idle.state().await.unwrap().next_sequence, RESUME_RECORDS as u64);
        journal = journal.min(ms(started));
        let started = Instant::now();
        idle.run().await.unwrap();
        whole = whole.min(ms(started));
    }
    println!("{journal:>10.0} ms to read, verify and fold a journal of {RESUME_RECORDS} records");
    verdict("resume from 100,000 records, with a plan of 50,000 steps, ms", whole, RESUME_TARGET_MS);
}

fn plan_ms(volumes: usize) -> f64 {
    let (facts, request) = (facts(volumes), failover());
    let mut times: Vec<f64> = (0..21)
        .map(|_| {
            let started = Instant::now();
            let plan = black_box(plan(black_box(&facts), &request).unwrap());
            let taken = ms(started);
            assert_eq!(plan.blockers().count(), 0, "a plan that is blocked is not what is measured");
            taken
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn verdict(what: &str, measured: f64, target: f64) {
    let verdict = if measured <= target { "met" } else { "MISSED" };
    println!("target {verdict}: {what}: {measured:.2} (at most {target})");
}
