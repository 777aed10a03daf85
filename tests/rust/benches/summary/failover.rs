//! A whole failover on the simulated world, on files, one step at a time.

use crate::{DISK, ms};
use protector_core::store::Durability;
use protector_tests::scale::{fail_over, prepare};
use std::time::Instant;
use tempfile::tempdir_in;

const VOLUMES: u32 = 1_000;

/// Without waiting for the disk, and with it.
pub(crate) async fn measure() {
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
