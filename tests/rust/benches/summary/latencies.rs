//! A whole failover over calls and servers that take time, in virtual time: how much longer it is than it had to be.

use crate::ideal::ideal_of_stretches;
use crate::table::Table;
use protector_core::exec::OperationState;
use protector_core::model::StepId;
use protector_core::plan::{Limits, Plan, Step};
use protector_core::store::Durability;
use protector_tests::latency::{How, Times, open};
use protector_tests::scale::{Prepared, fail_over};
use std::time::{Duration, Instant};
use tempfile::tempdir_in;

/// How much longer than the ideal schedule of the very same durations.
const TARGET: f64 = 1.10;

/// Moves the group of `prepared`.
pub(crate) fn measure(prepared: &Prepared, table: &mut Table) {
    // a call: 50 to 500 ms; a server starts or stops in 5 to 60 s, and nobody is told when it will be done
    let times = Times { call: 50..=500, server: 5_000..=60_000, poll: Duration::from_secs(1), seed: 1 };
    let limits = Limits::default();
    println!("\nwhole failover over calls of 50 to 500 ms and servers that take 5 to 60 s, in virtual time");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let started = Instant::now();
    let (operation, plan, state, totals) = runtime.block_on(async {
        let directory = tempdir_in(crate::DISK).unwrap();
        let slow = open(prepared, directory.path(), How { times, limits, durability: Durability::Off }).await.unwrap();
        let done = fail_over(&slow.engine).await.unwrap();
        let store = &slow.engine.endpoints().store;
        let state = OperationState::fold(&store.journal(&done.id, 0).await.unwrap()).unwrap();
        let plan = slow.engine.operation_plan(done.id.as_str()).await.unwrap();
        (done.id, plan, state, slow.latencies.totals())
    });
    let real = started.elapsed();
    let lengths = lengths(&plan, &state, |step| totals.late_of(&operation, step));
    let ideal = seconds(ideal_of_stretches(&plan.steps, limits, |at| lengths[at]));
    let ended = state.finished.unwrap().1;
    let actual = seconds(ended.duration_since(state.attempted_at.unwrap()).as_millis() as u64);
    let late: Duration = totals.late.values().sum();
    let (steps, late) = (plan.steps.len(), late.as_secs_f64());
    println!("{steps:>10} steps, {} calls, {} of them while a server was not ready", totals.calls, totals.polls);
    println!(
        "{actual:>10.1} s, {ideal:.1} s in the ideal schedule; in all, servers were ready {late:.1} s before it was seen"
    );
    let in_steps: u64 = lengths.iter().sum::<u64>() + (late * 1e3) as u64;
    let accounted = totals.accounted.as_secs_f64() / seconds(in_steps);
    println!("{:>10.1} % of the time of all steps was that of their calls and polls", accounted * 100.0);
    println!("{:>10.1} s of real time", real.as_secs_f64());
    table.add("failover of 500 servers over latencies, over the ideal", actual / ideal, "", TARGET);
}

/// Milliseconds that each step took, without the time that it waited for what was ready.
fn lengths(plan: &Plan, state: &OperationState, late: impl Fn(&StepId) -> Duration) -> Vec<u64> {
    let length = |step: &Step| {
        let (begun, ended) = (state.begun_at(&step.id)?, state.ended_at(&step.id)?);
        u64::try_from(ended.duration_since(begun).as_millis() - late(&step.id).as_millis().cast_signed()).ok()
    };
    plan.steps.iter().map(|step| length(step).unwrap_or(0)).collect()
}

fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1e3
}
