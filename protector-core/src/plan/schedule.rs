//! Which steps may begin. The executor follows it, and a forecast simulates it: what is predicted is what will be done.
//!
//! A step may begin when all steps it comes after are settled and its endpoint has a free slot. Where more may begin than
//! there are slots, the one with the longest way to the end goes first, since the end waits for it; at equal length, and
//! wherever one step at a time is asked for, plan order decides.

use super::{Endpoint, EndpointKind, Step};
use crate::model::{Lookup, StepId};
use serde::{Deserialize, Serialize};
use std::cell::LazyCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

/// How many steps may run at the same time on one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limits {
    /// Calls to one array.
    pub array: usize,
    /// Steps on one cloud. Most of them wait for it most of the time; how many requests it gets at once, its adapter bounds.
    pub cloud: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { array: 4, cloud: 32 }
    }
}

impl Limits {
    /// One step at a time: a run can be compared with another one, call by call.
    pub const SEQUENTIAL: Self = Self { array: 1, cloud: 1 };

    /// Steps at a time on an endpoint of this kind.
    pub fn of(self, kind: EndpointKind) -> usize {
        match kind {
            EndpointKind::Array => self.array,
            EndpointKind::Cloud => self.cloud,
            EndpointKind::Metadata => 1,
            EndpointKind::None => usize::MAX,
        }
    }
}

/// Steps that are left, by position in the plan.
#[derive(Debug)]
pub struct Schedule {
    /// Unsettled predecessors of each step.
    waiting_for: Vec<u32>,
    followers: Followers,
    /// Length of the way from the begin of each step to the end; empty where plan order decides.
    way: Vec<u64>,
    slots: Slots,
    /// Will not be made.
    closed: HashSet<usize>,
    /// May begin because of the last [`Schedule::give_back`].
    released: Vec<usize>,
    /// Steps that are not settled.
    left: usize,
}

impl Schedule {
    /// What is left of `steps` when those for which `settled` is true need nothing more. `length`: how long a step that is
    /// not settled takes, in any unit. Both by position. Linear in steps and edges.
    pub fn new(steps: &[Step], settled: impl Fn(usize) -> bool, limits: Limits, length: impl Fn(usize) -> u64) -> Self {
        let settled: Vec<bool> = (0..steps.len()).map(settled).collect();
        let edges = open_edges(steps, &settled);
        let mut waiting_for = vec![0; steps.len()];
        for (_, after) in &edges {
            if let Some(count) = waiting_for.get_mut(*after as usize) {
                *count += 1;
            }
        }
        let followers = Followers::new(steps.len(), &edges);
        // one at a time is for comparing runs: their order must not depend on what was measured before
        let way = if limits == Limits::SEQUENTIAL { Vec::new() } else { ways(&followers, &settled, length) };
        let slots = Slots::new(steps, &settled, limits);
        let left = settled.iter().filter(|s| !**s).count();
        let mut schedule =
            Self { waiting_for, followers, way, slots, closed: HashSet::new(), released: Vec::new(), left };
        for (at, settled) in settled.into_iter().enumerate() {
            if !settled && schedule.waiting_for.get(at) == Some(&0) {
                schedule.make_ready(at);
            }
        }
        schedule
    }

    /// How many steps are not settled.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Takes all steps that may begin now within the limits, in plan order.
    pub fn take(&mut self) -> Vec<usize> {
        let mut taken = Vec::new();
        for slot in &mut self.slots.all {
            while slot.busy < slot.limit
                && let Some((_, Reverse(at))) = slot.ready.pop()
            {
                if !self.closed.contains(&at) {
                    slot.busy += 1;
                    taken.push(at);
                }
            }
        }
        taken.sort_unstable();
        taken
    }

    /// A step that has not begun will not be made. What comes after it still waits for what comes before it.
    pub fn close(&mut self, at: usize) {
        if self.closed.insert(at) && self.waiting_for.get(at) == Some(&0) {
            self.released.clear();
            self.settle(at);
        }
    }

    /// A step is no longer in flight; `settled`: its followers may go on. Returns those that waited for nothing else.
    pub fn give_back(&mut self, at: usize, settled: bool) -> &[usize] {
        self.released.clear();
        if let Some(slot) = self.slots.of(at) {
            slot.busy = slot.busy.saturating_sub(1);
        }
        if settled {
            self.settle(at);
        }
        &self.released
    }

    /// Nothing waits for this step any more, nor for closed ones that waited for it alone.
    fn settle(&mut self, at: usize) {
        let mut passed = Vec::new();
        let mut next = Some(at);
        while let Some(at) = next {
            self.left = self.left.saturating_sub(1);
            for follower in self.followers.of(at).iter().map(|f| *f as usize) {
                let Some(count) = self.waiting_for.get_mut(follower) else { continue };
                *count = count.saturating_sub(1);
                if *count == 0 {
                    let list = if self.closed.contains(&follower) { &mut passed } else { &mut self.released };
                    list.push(follower);
                }
            }
            next = passed.pop();
        }
        for at in std::mem::take(&mut self.released) {
            self.make_ready(at);
            self.released.push(at);
        }
    }

    /// All steps, settled ones too.
    pub(super) fn steps(&self) -> usize {
        self.waiting_for.len()
    }

    /// How many endpoints the steps need.
    pub(super) fn endpoints(&self) -> usize {
        self.slots.all.len()
    }

    /// Which of the endpoints a step needs, by number.
    pub(super) fn endpoint(&self, at: usize) -> usize {
        self.slots.by_step.get(at).map_or(0, |slot| *slot as usize)
    }

    fn make_ready(&mut self, at: usize) {
        let way = self.way.get(at).copied().unwrap_or(0);
        if let Some(slot) = self.slots.of(at) {
            slot.ready.push((way, Reverse(at)));
        }
    }
}

/// Who waits for whom, by position, among steps that are not settled. A predecessor named twice is two edges.
fn open_edges(steps: &[Step], settled: &[bool]) -> Vec<(u32, u32)> {
    let is_open = |at: u32| settled.get(at as usize) == Some(&false);
    // a plan that was just made names a step by clones of its id, which share the text: where that lies tells the step
    let address = |id: &StepId| id.as_str().as_ptr();
    let by_address =
        LazyCell::new(|| steps.iter().map(|step| address(&step.id)).zip(0..).collect::<Lookup<*const u8, u32>>());
    let by_id = LazyCell::new(|| steps.iter().map(|step| &step.id).zip(0..).collect::<Lookup<&StepId, u32>>());
    let position = |id: &StepId| by_address.get(&address(id)).or_else(|| by_id.get(id)).copied();
    let mut edges = Vec::with_capacity(2 * steps.len());
    // neighbours often come after the same step
    let mut last: Option<(&StepId, u32)> = None;
    for (at, step) in (0..).zip(steps).filter(|(at, _)| is_open(*at)) {
        for id in &step.after {
            let before = match last {
                Some((known, before)) if address(known) == address(id) => Some(before),
                _ => position(id),
            };
            if let Some(before) = before {
                last = Some((id, before));
                if is_open(before) {
                    edges.push((before, at));
                }
            }
        }
    }
    edges
}

/// Steps that wait for each step, one behind the other in one list.
#[derive(Debug)]
struct Followers {
    /// Where the followers of each step begin; one more at the end.
    begins: Vec<u32>,
    list: Vec<u32>,
}

impl Followers {
    fn new(steps: usize, edges: &[(u32, u32)]) -> Self {
        let mut begins = vec![0_u32; steps + 1];
        for (before, _) in edges {
            if let Some(count) = begins.get_mut(*before as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for begin in &mut begins {
            sum += *begin;
            *begin = sum;
        }
        let mut next = begins.clone();
        let mut list = vec![0; edges.len()];
        for (before, after) in edges {
            if let Some(place) = next.get_mut(*before as usize) {
                if let Some(entry) = list.get_mut(*place as usize) {
                    *entry = *after;
                }
                *place += 1;
            }
        }
        Self { begins, list }
    }

    fn of(&self, at: usize) -> &[u32] {
        let begin = self.begins.get(at).copied().unwrap_or(0) as usize;
        let end = self.begins.get(at + 1).copied().unwrap_or(0) as usize;
        self.list.get(begin..end).unwrap_or_default()
    }
}

/// From the begin of each step to the end, along what waits for it. Steps stand after those they come after.
fn ways(followers: &Followers, settled: &[bool], length: impl Fn(usize) -> u64) -> Vec<u64> {
    let mut ways = vec![0_u64; settled.len()];
    for at in (0..settled.len()).rev().filter(|at| settled.get(*at) == Some(&false)) {
        let after = followers.of(at).iter().filter_map(|f| ways.get(*f as usize)).max().copied().unwrap_or(0);
        if let Some(way) = ways.get_mut(at) {
            *way = after.saturating_add(length(at));
        }
    }
    ways
}

/// The endpoints, and which of them each step needs that is not settled.
#[derive(Debug)]
struct Slots {
    all: Vec<Slot>,
    by_step: Vec<u32>,
}

#[derive(Debug)]
struct Slot {
    endpoint: Endpoint,
    limit: usize,
    busy: usize,
    /// By way to the end, longest first, then by position.
    ready: BinaryHeap<(u64, Reverse<usize>)>,
}

impl Slots {
    fn new(steps: &[Step], settled: &[bool], limits: Limits) -> Self {
        let mut slots = Self { all: Vec::new(), by_step: vec![u32::MAX; steps.len()] };
        for ((step, place), _) in steps.iter().zip(&mut slots.by_step).zip(settled).filter(|(_, settled)| !**settled) {
            let (kind, site) = step.action.needs();
            let is_it = |slot: &Slot| slot.endpoint.kind == kind && slot.endpoint.site.as_ref() == site;
            let slot = slots.all.iter().position(is_it).unwrap_or_else(|| {
                let endpoint = step.action.endpoint();
                let limit = limits.of(endpoint.kind);
                slots.all.push(Slot { endpoint, limit, busy: 0, ready: BinaryHeap::new() });
                slots.all.len() - 1
            });
            *place = u32::try_from(slot).unwrap_or(u32::MAX);
        }
        slots
    }

    fn of(&mut self, at: usize) -> Option<&mut Slot> {
        self.by_step.get(at).and_then(|slot| self.all.get_mut(*slot as usize))
    }
}

#[cfg(test)]
mod tests;
