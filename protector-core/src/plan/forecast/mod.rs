//! How long a plan will take, from how long such steps took before.
//!
//! The schedule of the executor is simulated with the mean duration of each step; the end of that is the p50. The steps
//! that determine it are the critical path: by coming after one another, or by waiting for a free slot of their endpoint.
//! The p95 follows from the variances along this path, as PERT does it: durations are taken as independent, so the
//! deviation of their sum is the root of the sum of their variances, and 95 % lie within 1.645 of it. What PERT leaves out
//! is left out here: that another path may turn out to be the longest, and that a slow day slows all steps at once. A
//! deadline is not a duration and limits nothing.
//!
//! A step that was never measured at its site is assumed to take what it takes at the other site, or else what a table
//! says; the forecast counts such steps. How long a transfer takes depends on how much was written, which nobody knows
//! beforehand: it is predicted like every other step.
//!
//! Pure and in integers: the same facts give the same forecast, to the byte.

mod assumptions;
mod durations;
mod estimates;
mod simulation;
#[cfg(test)]
mod tests;
pub(super) mod text;

pub use durations::{Durations, StepTime};
pub use simulation::{Timeline, simulate};

use super::{Limits, Plan, Schedule, Step};
use crate::model::StepId;
use estimates::Estimates;
use serde::{Deserialize, Serialize};

/// Thousandths of the standard deviation above the mean within which 95 % of a normal distribution lie.
const P95_DEVIATIONS: u128 = 1645;

/// What a plan will take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Forecast {
    /// Half of all runs take at most so many seconds.
    pub p50_seconds: u64,
    /// 95 of 100 do. At least the p50.
    pub p95_seconds: u64,
    /// The steps that determine the end, in order.
    pub critical_path: Vec<StepId>,
    /// Steps whose kind was measured at their site. Those that only wait for others are in neither number.
    pub measured_steps: usize,
    /// Steps that the forecast rests on assumptions for.
    pub unmeasured_steps: usize,
    /// What was taken for each kind of step; without samples: assumed. The executor prefers long ways by it, and what is
    /// left of a running operation is told by it.
    pub basis: Durations,
}

/// Predicts a run of `steps` under `limits`.
pub fn forecast(steps: &[Step], durations: &Durations, limits: Limits) -> Forecast {
    let estimates = Estimates::new(steps, durations);
    let length = |at| estimates.mean_ms(at);
    let timeline = simulate(Schedule::new(steps, |_| false, limits, length), length);
    let variance: u128 = timeline.critical_path.iter().map(|at| u128::from(estimates.variance(*at))).sum();
    let margin = u64::try_from(variance.isqrt().saturating_mul(P95_DEVIATIONS) / 1000).unwrap_or(u64::MAX);
    let p50_seconds = rounded_seconds(timeline.makespan);
    let (measured_steps, unmeasured_steps) = estimates.count();
    Forecast {
        p50_seconds,
        p95_seconds: timeline.makespan.saturating_add(margin).div_ceil(1000).max(p50_seconds),
        critical_path: timeline.critical_path.iter().filter_map(|at| Some(steps.get(*at)?.id.clone())).collect(),
        measured_steps,
        unmeasured_steps,
        basis: estimates.into_basis(),
    }
}

/// How far a step of a running operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepProgress {
    /// Not begun.
    Pending,
    /// In flight for so many milliseconds.
    Begun(u64),
    /// Needs nothing more.
    Settled,
}

/// Seconds that what is left of `plan` takes: the p50 of the same simulation, with steps in flight as far as they are. One
/// that takes longer than it should is expected to end at once.
pub fn remaining_seconds(plan: &Plan, limits: Limits, progress: impl Fn(&StepId) -> StepProgress) -> u64 {
    let assumed = Durations::default();
    let estimates = Estimates::new(&plan.steps, plan.forecast.as_ref().map_or(&assumed, |f| &f.basis));
    let state: Vec<StepProgress> = plan.steps.iter().map(|s| progress(&s.id)).collect();
    let length = |at: usize| match state.get(at) {
        Some(StepProgress::Begun(ms)) => estimates.mean_ms(at).saturating_sub(*ms),
        _ => estimates.mean_ms(at),
    };
    // what is in flight has its slot already
    let way = |at: usize| match state.get(at) {
        Some(StepProgress::Begun(_)) => u64::MAX,
        _ => estimates.mean_ms(at),
    };
    let settled = |at: usize| state.get(at) == Some(&StepProgress::Settled);
    rounded_seconds(simulate(Schedule::new(&plan.steps, settled, limits, way), length).makespan)
}

impl Plan {
    /// How long each step for which `wanted` is true takes according to the forecast, in milliseconds, by its position:
    /// what a [`Schedule`] of the plan prefers long ways by.
    pub fn step_lengths<W: Fn(usize) -> bool>(&self, wanted: W) -> impl Fn(usize) -> u64 + use<W> {
        let assumed = Durations::default();
        let basis = self.forecast.as_ref().map_or(&assumed, |f| &f.basis);
        let estimates = Estimates::of_some(&self.steps, wanted, basis);
        move |at| estimates.mean_ms(at)
    }
}

fn rounded_seconds(milliseconds: u64) -> u64 {
    milliseconds.saturating_add(500) / 1000
}
