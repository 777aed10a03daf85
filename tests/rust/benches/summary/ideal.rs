//! The shortest that a schedule could be.

use protector_core::model::StepId;
use protector_core::plan::{Limits, Step};
use std::collections::{BTreeMap, HashMap};

/// No schedule is shorter: the longest chain, or the work of the busiest endpoint over its limit.
pub(crate) fn ideal(steps: &[Step], limits: Limits, length: impl Fn(usize) -> u64) -> u64 {
    let mut ends: HashMap<&StepId, u64> = HashMap::new();
    let mut work: BTreeMap<_, u64> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        let begin = step.after.iter().filter_map(|id| ends.get(id)).max().unwrap_or(&0);
        ends.insert(&step.id, begin + length(at));
        *work.entry(step.action.endpoint()).or_default() += length(at);
    }
    let chain = ends.into_values().max().unwrap_or(0);
    let shares = work.into_iter().map(|(endpoint, work)| work.div_ceil(limits.of(endpoint.kind) as u64));
    shares.max().unwrap_or(0).max(chain)
}

/// The same of a plan with steps that all others come before or after: the sum over the stretches from one to the next.
pub(crate) fn ideal_of_stretches(steps: &[Step], limits: Limits, length: impl Fn(usize) -> u64) -> u64 {
    let (mut begin, mut sum) = (0, 0);
    for end in passages(steps).into_iter().chain([steps.len()]) {
        sum += ideal(&steps[begin..end], limits, |at| length(begin + at));
        begin = end;
    }
    sum
}

/// Positions of steps that all others come before or after. Steps stand after those they come after: so it is where each
/// step before has a follower up to there, and each step behind comes after one from there on.
fn passages(steps: &[Step]) -> Vec<usize> {
    let positions: HashMap<&StepId, usize> = steps.iter().enumerate().map(|(at, step)| (&step.id, at)).collect();
    let mut first_follower = vec![usize::MAX; steps.len()];
    let mut last_before = vec![None; steps.len()];
    for (at, step) in steps.iter().enumerate() {
        for before in step.after.iter().map(|id| positions[id]) {
            first_follower[before] = first_follower[before].min(at);
            last_before[at] = last_before[at].max(Some(before));
        }
    }
    let is_passage = |at: &usize| {
        first_follower[..*at].iter().all(|follower| follower <= at)
            && last_before[at + 1..].iter().all(|before| *before >= Some(*at))
    };
    (0..steps.len()).filter(is_passage).collect()
}
