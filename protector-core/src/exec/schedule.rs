//! Which steps may begin. Pure; no I/O.

use super::Limits;
use crate::model::StepId;
use crate::plan::{Endpoint, EndpointKind, Plan};
use std::collections::{BTreeSet, HashMap};

/// Steps that are left, by position in the plan.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Unsettled predecessors of each step.
    waiting_for: Vec<usize>,
    /// Steps that wait for each step.
    followers: Vec<Vec<usize>>,
    /// May begin, in plan order; by endpoint, since what waits for a busy one may be many.
    ready: HashMap<Endpoint, BTreeSet<usize>>,
    endpoints: Vec<Endpoint>,
    in_flight: HashMap<Endpoint, usize>,
    /// Will not be made.
    closed: BTreeSet<usize>,
    limits: Limits,
    /// Steps that are not settled.
    left: usize,
}

impl Schedule {
    /// What is left of `plan` when the steps for which `settled` is true need nothing more.
    pub(super) fn new(plan: &Plan, settled: impl Fn(&StepId) -> bool, limits: Limits) -> Self {
        let position: HashMap<&StepId, usize> = plan.steps.iter().enumerate().map(|(at, s)| (&s.id, at)).collect();
        let mut waiting_for = vec![0; plan.steps.len()];
        let mut followers = vec![Vec::new(); plan.steps.len()];
        let endpoints: Vec<_> = plan.steps.iter().map(|s| s.action.endpoint()).collect();
        let mut ready: HashMap<Endpoint, BTreeSet<usize>> = HashMap::new();
        let mut left = 0;
        for (at, (step, endpoint)) in plan.steps.iter().zip(&endpoints).enumerate() {
            if settled(&step.id) {
                continue;
            }
            left += 1;
            let open: BTreeSet<usize> =
                step.after.iter().filter(|id| !settled(id)).filter_map(|id| position.get(id).copied()).collect();
            if open.is_empty() {
                ready.entry(endpoint.clone()).or_default().insert(at);
            }
            if let Some(count) = waiting_for.get_mut(at) {
                *count = open.len();
            }
            for before in open {
                if let Some(list) = followers.get_mut(before) {
                    list.push(at);
                }
            }
        }
        Self {
            waiting_for,
            followers,
            ready,
            endpoints,
            in_flight: HashMap::new(),
            closed: BTreeSet::new(),
            limits,
            left,
        }
    }

    /// How many steps are not settled.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Takes all steps that may begin now within the limits.
    pub(super) fn take(&mut self) -> Vec<usize> {
        let mut taken = Vec::new();
        for (endpoint, ready) in &mut self.ready {
            let busy = self.in_flight.entry(endpoint.clone()).or_default();
            while *busy < limit(self.limits, endpoint.kind)
                && let Some(at) = ready.pop_first()
            {
                *busy += 1;
                taken.push(at);
            }
        }
        taken.sort_unstable();
        taken
    }

    /// A step that has not begun will not be made. What comes after it still waits for what comes before it.
    pub(super) fn close(&mut self, at: usize) {
        if !self.closed.insert(at) || self.waiting_for.get(at) != Some(&0) {
            return;
        }
        if let Some(ready) = self.endpoints.get(at).and_then(|e| self.ready.get_mut(e)) {
            ready.remove(&at);
        }
        self.settle(at);
    }

    /// A step is no longer in flight; `settled`: its followers may go on.
    pub(super) fn give_back(&mut self, at: usize, settled: bool) {
        if let Some(busy) = self.endpoints.get(at).and_then(|e| self.in_flight.get_mut(e)) {
            *busy = busy.saturating_sub(1);
        }
        if settled {
            self.settle(at);
        }
    }

    fn settle(&mut self, at: usize) {
        let mut settled = vec![at];
        while let Some(at) = settled.pop() {
            self.left = self.left.saturating_sub(1);
            for follower in self.followers.get(at).cloned().unwrap_or_default() {
                let Some(count) = self.waiting_for.get_mut(follower) else { continue };
                *count = count.saturating_sub(1);
                if *count > 0 {
                    continue;
                }
                if self.closed.contains(&follower) {
                    settled.push(follower);
                } else if let Some(endpoint) = self.endpoints.get(follower) {
                    self.ready.entry(endpoint.clone()).or_default().insert(follower);
                }
            }
        }
    }
}

fn limit(limits: Limits, kind: EndpointKind) -> usize {
    match kind {
        EndpointKind::Array => limits.array,
        EndpointKind::Cloud => limits.cloud,
        EndpointKind::Metadata => 1,
        EndpointKind::None => usize::MAX,
    }
}

#[cfg(test)]
mod tests;
