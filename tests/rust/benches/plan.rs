//! Planning a planned failover, sealed and hashed.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::unwrap_used, reason = "a bench says so by panicking")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use protector_core::plan::plan;
use protector_tests::{failover, scale::facts};
use std::hint::black_box;

fn planned_failover(c: &mut Criterion) {
    let mut group = c.benchmark_group("plan_planned_failover");
    for volumes in [10, 100, 1_000, 10_000] {
        let (facts, request) = (facts(volumes), failover());
        group.throughput(Throughput::Elements(volumes as u64));
        group.bench_with_input(BenchmarkId::from_parameter(volumes), &facts, |b, facts| {
            b.iter(|| plan(black_box(facts), &request).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, planned_failover);
criterion_main!(benches);
