//! What is drawn: a step, or steps that do the same.

use super::StepWord;
use crate::plan::Phase;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a node is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Something is done.
    Step,
    /// Nothing is done but waiting.
    Barrier,
    /// The point of no return.
    Pivot,
}

/// One or more steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Node {
    /// Part of the operation.
    pub phase: Phase,
    /// One line for people.
    pub title: String,
    /// Position of the step in the plan, from 1; absent if the node is several steps.
    pub number: Option<usize>,
    /// How many steps it is.
    pub steps: usize,
    /// How it is drawn.
    pub shape: Shape,
    /// A failure is noted and does not stop the operation.
    pub best_effort: bool,
    /// How many of its steps stand how; empty for the plan alone.
    pub standing: BTreeMap<StepWord, usize>,
}

/// What a node looks like as a whole: the word that matters most among its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing is known about its steps.
    Planned,
    /// None has begun.
    Pending,
    /// Some are done, others have not begun.
    Partly,
    /// At least one has begun and has no outcome.
    Running,
    /// All are done.
    Done,
    /// All are settled, not all done.
    Skipped,
    /// At least one failed.
    Failed,
    /// At least one was undone, and none has failed or runs.
    Undone,
    /// At least one is not made because another one failed.
    Blocked,
}

impl Node {
    fn count(&self, word: StepWord) -> usize {
        self.standing.get(&word).copied().unwrap_or(0)
    }

    pub(super) fn look(&self) -> Look {
        let any = |word| self.count(word) > 0;
        if self.standing.is_empty() {
            Look::Planned
        } else if any(StepWord::Failed) {
            Look::Failed
        } else if any(StepWord::Running) {
            Look::Running
        } else if any(StepWord::Blocked) {
            Look::Blocked
        } else if any(StepWord::Undone) {
            Look::Undone
        } else if !any(StepWord::Pending) {
            if any(StepWord::Skipped) { Look::Skipped } else { Look::Done }
        } else if any(StepWord::Done) || any(StepWord::Skipped) {
            Look::Partly
        } else {
            Look::Pending
        }
    }

    /// How it stands, in words: `done`, or `120 of 400 done, 1 failed`. Absent for the plan alone.
    pub(super) fn state(&self) -> Option<String> {
        if self.standing.is_empty() {
            return None;
        }
        if self.steps == 1 {
            return self.standing.keys().next().map(ToString::to_string);
        }
        let mut text = format!("{} of {} done", self.count(StepWord::Done), self.steps);
        for word in [StepWord::Running, StepWord::Failed, StepWord::Blocked, StepWord::Skipped, StepWord::Undone] {
            match self.count(word) {
                0 => {}
                count => text.push_str(&format!(", {count} {word}")),
            }
        }
        Some(text)
    }

    /// Position and title.
    pub(super) fn heading(&self) -> String {
        match self.number {
            Some(number) => format!("#{number} {}", self.title),
            None => self.title.clone(),
        }
    }

    /// The lines below the title: what is special, and how it stands.
    pub(super) fn notes(&self) -> Vec<String> {
        let pivot = (self.shape == Shape::Pivot).then(|| POINT_OF_NO_RETURN.to_owned());
        let best_effort = self.best_effort.then(|| "best effort".to_owned());
        pivot.into_iter().chain(best_effort).chain(self.state()).collect()
    }
}

/// What the pivot is called.
pub(super) const POINT_OF_NO_RETURN: &str = "POINT OF NO RETURN";
