//! What the executor and its journal add to a step, and how long it takes to go on from a long journal.

use crate::table::Table;
use crate::{DISK, ms};
use protector_tests::idle;
use std::time::Instant;
use tempfile::tempdir_in;

/// Microseconds per step.
const STEP_TARGET_US: f64 = 50.0;
const STEPS: usize = 10_000;
/// Milliseconds until the executor of an operation that is one step away from its end makes this step.
const RESUME_TARGET_MS: f64 = 200.0;
const RESUME_RECORDS: usize = 100_000;

/// On a cloud where nothing takes time, with a store that does not wait for the disk. The best of some runs.
pub(crate) async fn measure(table: &mut Table) {
    println!("\nthe executor alone, on a cloud where nothing takes time, without fsync");
    let mut step = f64::MAX;
    for _ in 0..3 {
        let directory = tempdir_in(DISK).unwrap();
        let idle = idle::operation(directory.path(), STEPS, 0).await.unwrap();
        let started = Instant::now();
        idle.run().await.unwrap();
        step = step.min(ms(started) * 1e3 / STEPS as f64);
    }
    table.add("executor overhead per step, without fsync", step, "us", STEP_TARGET_US);

    let (mut journal, mut resumed, mut whole) = (f64::MAX, f64::MAX, f64::MAX);
    for _ in 0..3 {
        let directory = tempdir_in(DISK).unwrap();
        let steps = RESUME_RECORDS / 2;
        let idle = idle::operation(directory.path(), steps, steps - 1).await.unwrap();
        let started = Instant::now();
        assert_eq!(idle.state().await.unwrap().next_sequence, RESUME_RECORDS as u64);
        journal = journal.min(ms(started));
        let started = Instant::now();
        let ended = idle.run().await.unwrap();
        whole = whole.min(ms(started));
        resumed = resumed.min(idle.acted().unwrap().duration_since(started).as_secs_f64() * 1e3);
        drop(ended);
    }
    println!("{journal:>10.0} ms to read, verify and fold a journal of {RESUME_RECORDS} records");
    println!("{resumed:>10.0} ms until the next step is made, with a plan of {} steps", RESUME_RECORDS / 2);
    println!("{whole:>10.0} ms until the operation has ended");
    table.add("resume from 100,000 records: until the next step is made", resumed, "ms", RESUME_TARGET_MS);
}
