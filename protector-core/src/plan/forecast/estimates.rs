//! What each step of a plan is taken to last.

use super::assumptions::assumed_seconds;
use super::durations::{Durations, StepTime, guessed_variance};
use crate::model::SiteName;
use crate::plan::{Action, EndpointKind, Step};
use std::mem::{Discriminant, discriminant};

/// By position in the plan. A plan has many steps of few kinds.
#[derive(Debug)]
pub(super) struct Estimates {
    kinds: Vec<Kind>,
    by_step: Vec<u32>,
}

#[derive(Debug)]
struct Kind {
    action: Discriminant<Action>,
    site: Option<SiteName>,
    steps: usize,
    /// Nothing: it only waits for other steps.
    time: Option<StepTime>,
}

impl Estimates {
    pub(super) fn new(steps: &[Step], durations: &Durations) -> Self {
        Self::of_some(steps, |_| true, durations)
    }

    /// Only of those at positions for which `wanted` is true.
    pub(super) fn of_some(steps: &[Step], wanted: impl Fn(usize) -> bool, durations: &Durations) -> Self {
        let mut estimates = Self { kinds: Vec::new(), by_step: vec![u32::MAX; steps.len()] };
        let mut last = 0;
        for (at, step) in steps.iter().enumerate().filter(|(at, _)| wanted(*at)) {
            let (action, (_, site)) = (discriminant(&step.action), step.action.needs());
            let is_kind = |kind: &Kind| kind.action == action && kind.site.as_ref() == site;
            if !estimates.kinds.get(last).is_some_and(is_kind) {
                last = estimates.kinds.iter().position(is_kind).unwrap_or(estimates.kinds.len());
            }
            if last == estimates.kinds.len() {
                let time = time(&step.action, durations);
                estimates.kinds.push(Kind { action, site: site.cloned(), steps: 0, time });
            }
            if let Some(kind) = estimates.kinds.get_mut(last) {
                kind.steps += 1;
            }
            if let Some(kind) = estimates.by_step.get_mut(at) {
                *kind = u32::try_from(last).unwrap_or(u32::MAX);
            }
        }
        estimates
    }

    fn time(&self, at: usize) -> Option<&StepTime> {
        self.by_step.get(at).and_then(|kind| self.kinds.get(*kind as usize)).and_then(|kind| kind.time.as_ref())
    }

    pub(super) fn mean_ms(&self, at: usize) -> u64 {
        self.time(at).map_or(0, |time| time.mean_ms)
    }

    pub(super) fn variance(&self, at: usize) -> u64 {
        self.time(at).map_or(0, |time| time.variance)
    }

    /// Steps of kinds that were measured, and of kinds that were not.
    pub(super) fn count(&self) -> (usize, usize) {
        let count = |measured: bool| {
            let kinds = self.kinds.iter().filter(|k| k.time.as_ref().is_some_and(|t| (t.samples > 0) == measured));
            kinds.map(|k| k.steps).sum()
        };
        (count(true), count(false))
    }

    pub(super) fn into_basis(self) -> Durations {
        Durations::new(self.kinds.into_iter().filter_map(|kind| kind.time).collect())
    }
}

/// What was measured there; else an assumption: what was measured at the other site, or what the table says.
fn time(action: &Action, durations: &Durations) -> Option<StepTime> {
    let endpoint = action.endpoint();
    if endpoint.kind == EndpointKind::None {
        return None;
    }
    if let Some(measured) = durations.get(action) {
        return Some(measured.clone());
    }
    let elsewhere = durations.iter().find(|time| time.action == action.word());
    let mean_ms = elsewhere.map_or_else(|| 1000 * assumed_seconds(action), |time| time.mean_ms);
    let (action, site) = (action.word().to_owned(), endpoint.site);
    Some(StepTime { action, site, samples: 0, mean_ms, variance: guessed_variance(mean_ms) })
}
