//! What a plan costs, by the number of volumes.

use crate::table::Table;
use protector_core::plan::{forecast, plan};
use protector_tests::{failover, scale};
use std::hint::black_box;
use std::time::Instant;

/// Servers and volumes of each group.
const GROUPS: [(usize, usize); 5] = [(5, 10), (50, 100), (500, 1_000), (5_000, 10_000), (5_000, 20_000)];
/// Milliseconds for 10,000 volumes of 5,000 servers.
const TARGET_MS: f64 = 50.0;
/// Milliseconds for 20,000 volumes of 5,000 servers.
const LARGE_TARGET_MS: f64 = 100.0;
/// How much dearer a volume times log n may be in a plan of 10,000 than in one of 100; caches alone cost some.
const GROWTH_TARGET: f64 = 2.0;

/// Plans groups of several sizes.
pub(crate) fn measure(table: &mut Table) {
    println!("planning a planned failover with its forecast, and the forecast alone (median)");
    println!(
        "{:>8} {:>8} {:>8} {:>10} {:>12} {:>16} {:>12}",
        "servers", "volumes", "steps", "ms", "ns/volume", "ns/(n log2 n)", "forecast, ms"
    );
    let measured = GROUPS.map(|(servers, volumes)| {
        let (facts, request) = (scale::facts_of(servers, volumes), failover());
        let planned = plan(&facts, &request).unwrap();
        assert_eq!(planned.blockers().count(), 0, "a plan that is blocked is not what is measured");
        let ms = median_ms(|| plan(black_box(&facts), &request).unwrap());
        let alone = median_ms(|| forecast(black_box(&planned.steps), &facts.durations, facts.limits));
        let n = volumes as f64;
        let unit = ms * 1e6 / (n * n.log2());
        let steps = planned.steps.len();
        println!("{servers:>8} {volumes:>8} {steps:>8} {ms:>10.3} {:>12.0} {unit:>16.1} {alone:>12.2}", ms * 1e6 / n);
        (ms, unit)
    });
    let [_, (_, small), _, (ms, large), (larger_ms, _)] = measured;
    table.add("plan of 10,000 volumes of 5,000 servers", ms, "ms", TARGET_MS);
    table.add("plan of 20,000 volumes of 5,000 servers", larger_ms, "ms", LARGE_TARGET_MS);
    table.add("growth of plans over n log n, 100 to 10,000 volumes", large / small, "", GROWTH_TARGET);
}

/// To drop what comes of it does not count.
fn median_ms<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = (0..21)
        .map(|_| {
            let started = Instant::now();
            let done = black_box(work());
            let taken = crate::ms(started);
            drop(done);
            taken
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
