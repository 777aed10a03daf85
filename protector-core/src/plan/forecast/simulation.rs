//! A plan run on paper: the same schedule as the executor's, with known lengths instead of effects.

use crate::plan::schedule::Schedule;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How a simulated run went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// From the first begin to the last end, in the unit of the lengths.
    pub makespan: u64,
    /// The steps that determine the end, by position in the plan: each begins when the one before it ends, because it comes
    /// after it or because that freed the slot it waited for. Their lengths add up to the makespan.
    pub critical_path: Vec<usize>,
}

/// Runs `schedule` to its end. `length`: how long a step takes, by its position in the plan.
pub fn simulate(mut schedule: Schedule, length: impl Fn(usize) -> u64) -> Timeline {
    let mut run = Run::new(&schedule);
    run.begin(&mut schedule, &length);
    while run.end(&mut schedule) {
        run.begin(&mut schedule, &length);
    }
    Timeline { makespan: run.now, critical_path: run.critical_path() }
}

struct Run {
    now: u64,
    /// What is in flight, by its end.
    in_flight: BinaryHeap<Reverse<(u64, usize)>>,
    /// The step that ended last.
    last: Option<usize>,
    /// What each step waited for last, if it did.
    cause: Vec<Option<u32>>,
    /// Since when each step could have begun but for a free slot.
    ready_since: Vec<u64>,
    /// The step that gave a slot back last, by endpoint.
    freed_by: Vec<Option<u32>>,
}

impl Run {
    fn new(schedule: &Schedule) -> Self {
        Self {
            now: 0,
            in_flight: BinaryHeap::new(),
            last: None,
            cause: vec![None; schedule.steps()],
            ready_since: vec![0; schedule.steps()],
            freed_by: vec![None; schedule.endpoints()],
        }
    }

    /// Begins whatever may begin.
    fn begin(&mut self, schedule: &mut Schedule, length: &impl Fn(usize) -> u64) {
        for at in schedule.take() {
            if self.ready_since.get(at).is_some_and(|since| *since < self.now) {
                let freed_by = self.freed_by.get(schedule.endpoint(at)).copied().flatten();
                put(&mut self.cause, at, freed_by);
            }
            self.in_flight.push(Reverse((self.now.saturating_add(length(at)), at)));
        }
    }

    /// Moves on to the next end, and ends all steps that end then. `false`: nothing is in flight.
    fn end(&mut self, schedule: &mut Schedule) -> bool {
        let Some(Reverse((now, _))) = self.in_flight.peek().copied() else { return false };
        self.now = now;
        while let Some(Reverse((end, at))) = self.in_flight.peek().copied()
            && end == now
        {
            self.in_flight.pop();
            self.last = Some(at);
            let position = u32::try_from(at).ok();
            put(&mut self.freed_by, schedule.endpoint(at), position);
            for released in schedule.give_back(at, true) {
                put(&mut self.cause, *released, position);
                put(&mut self.ready_since, *released, now);
            }
        }
        true
    }

    fn critical_path(&self) -> Vec<usize> {
        let mut path = Vec::new();
        let mut next = self.last;
        while let Some(at) = next {
            path.push(at);
            next = self.cause.get(at).copied().flatten().map(|cause| cause as usize);
        }
        path.reverse();
        path
    }
}

fn put<T>(list: &mut [T], at: usize, value: T) {
    if let Some(place) = list.get_mut(at) {
        *place = value;
    }
}
