//! A whole planned failover of 1,000 servers with a volume each, on files: plan, accept, run.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::unwrap_used, reason = "a bench says so by panicking")]

use criterion::{BatchSize, Criterion, SamplingMode, criterion_group, criterion_main};
use protector_core::store::Durability;
use protector_tests::scale::{fail_over, prepare};
use std::time::Duration;
use tempfile::tempdir_in;
use tokio::runtime::Runtime;

/// On the disk that the build is on: a directory in memory would make fsync look free.
const DISK: &str = env!("CARGO_TARGET_TMPDIR");

fn whole_failover(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let directory = tempdir_in(DISK).unwrap();
    let prepared = runtime.block_on(prepare(directory.path(), 1_000)).unwrap();
    let mut group = c.benchmark_group("failover_1000_volumes");
    // one failover takes seconds: ten of them, each measured on its own
    group.sampling_mode(SamplingMode::Flat).sample_size(10).warm_up_time(Duration::from_millis(1));
    for (name, durability) in [("without_fsync", Durability::Off), ("with_fsync", Durability::Full)] {
        let open = || {
            let copy = tempdir_in(DISK).unwrap();
            let engine = runtime.block_on(prepared.open_copy(copy.path(), durability)).unwrap();
            (copy, engine)
        };
        let run = |(copy, engine)| {
            runtime.block_on(fail_over(&engine)).unwrap();
            (copy, engine)
        };
        group.bench_function(name, |b| b.iter_batched(open, run, BatchSize::PerIteration));
    }
    group.finish();
}

criterion_group!(benches, whole_failover);
criterion_main!(benches);
