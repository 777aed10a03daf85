//! How the steps of an operation stand.

use super::GraphProgress;
use crate::model::{OperationId, OperationStatus, StepId};
use crate::plan::Plan;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// How a step stands, in the words of `operation show`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepWord {
    /// Not begun.
    Pending,
    /// Begun, without an outcome.
    Running,
    /// Done and confirmed.
    Done,
    /// Best effort, failed.
    Skipped,
    /// Failed.
    Failed,
    /// Its effect was undone.
    Undone,
    /// Not made, because another one failed.
    Blocked,
}

impl fmt::Display for StepWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Undone => "undone",
            Self::Blocked => "blocked",
        })
    }
}

/// How an operation stands, step by step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The operation.
    pub operation: OperationId,
    /// Its status.
    pub status: OperationStatus,
    /// 0 to 100.
    pub percent: u8,
    /// The word of each step that has begun, with the reason for those that failed or were skipped. The others are pending.
    pub steps: BTreeMap<StepId, (StepWord, Option<String>)>,
}

/// A step that failed or was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trouble {
    /// Its title.
    pub title: String,
    /// `failed` or `skipped`.
    pub state: StepWord,
    /// Why.
    pub reason: String,
}

impl Standing {
    /// The word of a step.
    pub(super) fn word(&self, step: &StepId) -> StepWord {
        self.steps.get(step).map_or(StepWord::Pending, |(word, _)| *word)
    }

    pub(super) fn progress(&self, plan: &Plan) -> GraphProgress {
        let trouble = |step: &crate::plan::Step| match self.steps.get(&step.id)? {
            (state @ (StepWord::Failed | StepWord::Skipped), reason) => {
                Some(Trouble { title: step.title.clone(), state: *state, reason: reason.clone().unwrap_or_default() })
            }
            _ => None,
        };
        GraphProgress {
            operation: self.operation.clone(),
            status: self.status,
            percent: self.percent,
            troubles: plan.steps.iter().filter_map(trouble).collect(),
        }
    }
}
