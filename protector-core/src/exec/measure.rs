//! How long steps took, from the times in the journal.
//!
//! Counted are steps that began once, and were done within the attempt that brought the operation to its end. The time of
//! a step that was interrupted holds the crash and the wait for whoever resumed it, and the second try of one finds half
//! of the work done: neither says how long such a step takes. Transfers are kept as they are, although they depend on how
//! much was written.

use super::Record;
use crate::model::{Lookup, StepId};
use crate::plan::Plan;
use crate::ports::StepDurations;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// How many durations of one kind and site an operation adds at most, spread evenly over it. A store keeps few of them: a
/// single large operation must not push out what all others took.
const MOST_PER_KIND: usize = 16;

/// The steps of one attempt.
#[derive(Debug, Default)]
pub(super) struct Measured {
    begun: Lookup<StepId, Timestamp>,
    /// Milliseconds, in the order of the ends.
    took: Vec<(StepId, u64)>,
}

impl Measured {
    /// Takes in a record written at `at`. `began_before`: whether a step has begun in this attempt or an earlier one.
    pub(super) fn add(&mut self, record: &Record, at: Timestamp, began_before: impl Fn(&StepId) -> bool) {
        match record {
            Record::StepIntent { step } if !began_before(step) => {
                self.begun.insert(step.clone(), at);
            }
            Record::StepIntent { step } => {
                self.begun.remove(step);
            }
            Record::StepDone { step, .. } => {
                if let Some(begun) = self.begun.remove(step) {
                    // a clock that was set back measures nothing
                    if let Ok(took) = u64::try_from(at.duration_since(begun).as_millis()) {
                        self.took.push((step.clone(), took));
                    }
                }
            }
            _ => {}
        }
    }

    /// It took longer than such a step does.
    pub(super) fn leave_out(&mut self, step: &StepId) {
        self.begun.remove(step);
    }

    /// What a store keeps of it, by kind and site.
    pub(super) fn samples(&self, plan: &Plan) -> Vec<StepDurations> {
        let kinds: Lookup<&StepId, _> =
            plan.steps.iter().map(|s| (&s.id, (s.action.word(), s.action.endpoint().site))).collect();
        let mut samples: BTreeMap<_, Vec<u64>> = BTreeMap::new();
        for (step, took) in &self.took {
            if let Some(kind) = kinds.get(step) {
                samples.entry(kind).or_default().push(*took);
            }
        }
        let kind = |((action, site), all): (&(&str, _), Vec<u64>)| StepDurations {
            action: (*action).to_owned(),
            site: Option::clone(site),
            milliseconds: spread(&all, MOST_PER_KIND),
        };
        samples.into_iter().map(kind).collect()
    }
}

/// At most `most` of them, evenly.
fn spread(all: &[u64], most: usize) -> Vec<u64> {
    let share = |at: usize| at * most / all.len().max(most);
    all.iter()
        .enumerate()
        .filter(|(at, _)| all.len() <= most || share(*at) != share(at + 1))
        .map(|(_, ms)| *ms)
        .collect()
}

#[cfg(test)]
mod tests;
