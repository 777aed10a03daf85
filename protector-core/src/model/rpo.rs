//! How a group kept its recovery point objective, over time.

use super::ProtectionGroupId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a group stands against its objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RpoState {
    /// Its newest recovery point is young enough.
    Within,
    /// It is too old.
    Breached,
    /// There is no recovery point.
    Never,
    /// Nobody knows.
    Unknown,
}

impl fmt::Display for RpoState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Within => "within",
            Self::Breached => "breached",
            Self::Never => "never",
            Self::Unknown => "unknown",
        })
    }
}

/// One look at one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpoSample {
    /// The group.
    pub group: ProtectionGroupId,
    /// When it was looked at.
    pub at: Timestamp,
    /// What was seen.
    pub state: RpoState,
    /// Age of the newest recovery point in seconds; `None`: never or not known.
    pub age_seconds: Option<u64>,
    /// The objective then, in minutes.
    pub rpo_minutes: u32,
}

/// A time in which a group stood the same all along, as far as samples vouch for it. See
/// [`rules::rpo_history`](crate::rules::rpo_history).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpoSpan {
    /// How it stood.
    pub state: RpoState,
    /// The first sample.
    pub from: Timestamp,
    /// The last sample.
    pub sampled_at: Timestamp,
    /// Until when the last sample vouches for it; the end of the span, if another one follows.
    pub until: Timestamp,
    /// Oldest that the newest recovery point was at any sample, in seconds; `None`: no age was seen.
    pub worst_age_seconds: Option<u64>,
}
