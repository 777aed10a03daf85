//! Workers of the engine service: processes that take up what was accepted.

use super::LeaseHolder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A worker says that it lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerBeat {
    /// Which one.
    pub holder: LeaseHolder,
    /// Version of its program.
    pub version: String,
    /// Operations it is at work on.
    pub under_way: u32,
    /// Seconds after which it means to say so again.
    pub interval_seconds: u32,
    /// When it says so.
    pub at: Timestamp,
}

/// What is known of a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Which process, and which engine in it.
    pub holder: LeaseHolder,
    /// Version of its program.
    pub version: String,
    /// Operations it was at work on when it was seen last.
    pub under_way: u32,
    /// Seconds after which it meant to be seen again.
    pub interval_seconds: u32,
    /// When it was seen first.
    pub started_at: Timestamp,
    /// When it was seen last.
    pub seen_at: Timestamp,
    /// When it ended of its own accord; absent: it did not, as far as is known.
    pub stopped_at: Option<Timestamp>,
}

/// How the engine service of a site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// A worker lives.
    Ok,
    /// All known ones have ended or are overdue.
    Failed,
    /// Nothing is known that would tell.
    Unknown,
}

impl fmt::Display for ServiceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        })
    }
}
