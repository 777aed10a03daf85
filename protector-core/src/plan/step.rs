//! What a plan consists of.

use super::Action;
use crate::model::{ServerId, SiteName, StepId};
use serde::de::{self, IntoDeserializer, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// Part of an operation, in the order people know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Tell the other site, look once more.
    Prepare,
    /// Stop the workload.
    Quiesce,
    /// Ship what was written last.
    FinalSync,
    /// Make sure nothing writes any more.
    Fence,
    /// The point of no return: before it a failure restores the start, after it the way is forward.
    Pivot,
    /// Bring the workload up.
    Recover,
    /// Look whether it runs.
    Verify,
    /// Make the new side the primary.
    Switch,
    /// Protect it in the other direction.
    Reprotect,
    /// Remove what was only for a while.
    Cleanup,
    /// Write down the end.
    Close,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Prepare => "prepare",
            Self::Quiesce => "quiesce",
            Self::FinalSync => "final sync",
            Self::Fence => "fence",
            Self::Pivot => "pivot",
            Self::Recover => "recover",
            Self::Verify => "verify",
            Self::Switch => "switch",
            Self::Reprotect => "reprotect",
            Self::Cleanup => "cleanup",
            Self::Close => "close",
        })
    }
}

/// Kind of thing a step needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    /// The array of a site.
    Array,
    /// The cloud of a site.
    Cloud,
    /// The metadata of both sites.
    Metadata,
    /// Nothing outside.
    None,
}

/// What a step needs, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// Kind.
    pub kind: EndpointKind,
    /// Site; absent for metadata and none.
    pub site: Option<SiteName>,
}

/// What it means when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Nothing more begins; the step is made again when the operation is resumed.
    Stop,
    /// It is noted, and the operation goes on as if the step were done.
    Skip,
    /// The step's member does not arrive: what it would have done after this step is not made, nor what other members
    /// would have done after that. Everybody else goes on.
    FailMember,
}

/// The word, or what plans of schema 1 said: whether the step was best effort.
fn on_failure<'de, D: Deserializer<'de>>(input: D) -> Result<OnFailure, D::Error> {
    struct WordOrBestEffort;

    impl Visitor<'_> for WordOrBestEffort {
        type Value = OnFailure;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("what a failure means, or true or false")
        }

        fn visit_str<E: de::Error>(self, word: &str) -> Result<OnFailure, E> {
            OnFailure::deserialize(word.into_deserializer())
        }

        fn visit_bool<E: de::Error>(self, is_best_effort: bool) -> Result<OnFailure, E> {
            Ok(if is_best_effort { OnFailure::Skip } else { OnFailure::Stop })
        }
    }

    input.deserialize_any(WordOrBestEffort)
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    /// Unique within the plan.
    pub id: StepId,
    /// One line for people.
    pub title: String,
    /// Part of the operation.
    pub phase: Phase,
    /// What it does.
    pub action: Action,
    /// Steps that must be done before.
    pub after: Vec<StepId>,
    /// Share of the progress.
    pub weight: u32,
    /// Longest it may take, in seconds.
    pub timeout_seconds: u32,
    /// What a failure means.
    #[serde(alias = "best_effort", deserialize_with = "on_failure")]
    #[cfg_attr(feature = "schema", schemars(with = "OnFailure"))]
    pub on_failure: OnFailure,
    /// Member it belongs to.
    pub member: Option<ServerId>,
}
