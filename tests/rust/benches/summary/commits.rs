//! How many journal writes, each with its fsync, a failover takes when more than one step is in flight.

use crate::table::Table;
use crate::{DISK, ms};
use protector_core::exec::Limits;
use protector_core::store::Durability;
use protector_tests::latency::{How, Slow, Times, open};
use protector_tests::scale::{Prepared, fail_over};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tempfile::tempdir_in;

/// Steps in flight on a cloud.
const IN_FLIGHT: [usize; 3] = [1, 4, 8];
/// Journal writes with eight steps in flight over those with one, where each step takes two: its intent and its outcome. Who
/// comes while the disk is busy shares the next write; nobody waits for others, so a faster disk shares less.
const TARGET: f64 = 0.75;

/// On the machine's clock, over calls of 1 to 5 ms.
pub(crate) async fn measure(prepared: &Prepared, table: &mut Table) {
    println!("\nwhole failover of 500 servers with fsync, over calls of 1 to 5 ms, on the machine's clock");
    println!("{:>10} {:>8} {:>14} {:>14} {:>10}", "in flight", "steps", "journal writes", "writes/step", "us/step");
    let mut per_step = [0.0; IN_FLIGHT.len()];
    for (in_flight, per_step) in IN_FLIGHT.into_iter().zip(&mut per_step) {
        let times = Times { call: 1..=5, server: 1..=5, poll: Duration::from_millis(2), seed: 1 };
        let limits = Limits { array: in_flight.min(4), cloud: in_flight };
        let directory = tempdir_in(DISK).unwrap();
        let how = How { times, limits, durability: Durability::Full };
        let slow = open(prepared, directory.path(), how).await.unwrap();
        let started = Instant::now();
        let done = fail_over(&slow.engine).await.unwrap();
        let took = ms(started) * 1e3;
        let (steps, writes) = (done.steps.len() as f64, journal_writes(&slow, &done.id).await as f64);
        *per_step = writes / steps;
        println!("{in_flight:>10} {steps:>8} {writes:>14} {per_step:>14.2} {:>10.0}", took / steps);
    }
    let [alone, .., together] = per_step;
    table.add("journal writes (fsyncs), 8 steps in flight over 1", together / alone, "", TARGET);
}

/// Entries of one write carry one time, and on the machine's clock no two writes have the same.
async fn journal_writes(slow: &Slow, operation: &protector_core::model::OperationId) -> usize {
    let journal = slow.engine.endpoints().store.journal(operation, 0).await.unwrap();
    journal.iter().map(|entry| entry.at).collect::<BTreeSet<_>>().len()
}
