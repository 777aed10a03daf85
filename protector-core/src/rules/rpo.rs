//! How old the newest recovery point is, and whether that is good enough.

use crate::model::RecoveryPoint;
use crate::{Error, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A recovery point may be this many seconds ahead of our clock before its age counts as unknown.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 60;

/// Age of the newest recovery point, by the instant of its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RecoveryPointAge {
    /// There is one.
    Known {
        /// Its age in seconds.
        seconds: u64,
    },
    /// The array was asked and has none.
    Never,
    /// The array was not asked, did not answer, or its answer cannot be trusted.
    Unknown,
}

impl fmt::Display for RecoveryPointAge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { seconds } => f.pad(&format!("{} min", seconds / 60)),
            Self::Never => f.pad("never"),
            Self::Unknown => f.pad("unknown"),
        }
    }
}

/// Age of `newest` at `now`. `observed` says whether the array answered at all; `newest` must be usable, anything else is
/// `Unknown`.
pub fn age_of(newest: Option<&RecoveryPoint>, observed: bool, now: Timestamp) -> RecoveryPointAge {
    match newest {
        _ if !observed => RecoveryPointAge::Unknown,
        None => RecoveryPointAge::Never,
        Some(point) if !point.is_usable() => RecoveryPointAge::Unknown,
        Some(point) => match now.as_second().saturating_sub(point.created.as_second()) {
            ahead if ahead < -CLOCK_TOLERANCE_SECONDS => RecoveryPointAge::Unknown,
            age => RecoveryPointAge::Known { seconds: u64::try_from(age).unwrap_or(0) },
        },
    }
}

/// Whether an age is within the recovery point objective. Only `Within` passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum RpoVerdict {
    /// Young enough.
    Within {
        /// The age in seconds.
        age_seconds: u64,
    },
    /// Too old.
    Breach {
        /// The age in seconds.
        age_seconds: u64,
        /// The documented sentence.
        message: String,
    },
    /// There is no recovery point.
    Never,
    /// Nobody knows.
    Unknown,
}

impl RpoVerdict {
    /// Whether the objective is met for certain.
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Within { .. })
    }
}

/// Holds `age` against `rpo_minutes`. The decision is made in seconds, and an age of exactly the threshold passes. The
/// sentence of a breach rounds the age up, so that it never says that 15 min exceeds 15 min.
///
/// ```
/// use protector_core::rules::rpo::{RecoveryPointAge, RpoVerdict, check_rpo};
/// let RpoVerdict::Breach { message, .. } = check_rpo(RecoveryPointAge::Known { seconds: 47 * 60 }, 15) else { unreachable!() };
/// assert_eq!(message, "Latest snapshot age (47 min) exceeds RPO threshold (15 min)");
/// ```
pub fn check_rpo(age: RecoveryPointAge, rpo_minutes: u32) -> RpoVerdict {
    match age {
        RecoveryPointAge::Never => RpoVerdict::Never,
        RecoveryPointAge::Unknown => RpoVerdict::Unknown,
        RecoveryPointAge::Known { seconds } if seconds <= u64::from(rpo_minutes) * 60 => {
            RpoVerdict::Within { age_seconds: seconds }
        }
        RecoveryPointAge::Known { seconds } => RpoVerdict::Breach {
            age_seconds: seconds,
            message: format!(
                "Latest snapshot age ({} min) exceeds RPO threshold ({rpo_minutes} min)",
                seconds.div_ceil(60)
            ),
        },
    }
}

/// Whether a policy can meet its own objective: snapshots every `interval_seconds` must be no further apart than
/// `rpo_minutes`, and both must be more than zero.
///
/// # Errors
/// Otherwise → `InvalidRequest` naming both values → shorten the interval or lengthen the objective.
pub fn check_interval(interval_seconds: u32, rpo_minutes: u32) -> Result<()> {
    let rpo_seconds = u64::from(rpo_minutes) * 60;
    if interval_seconds == 0 || rpo_minutes == 0 {
        return Err(Error::invalid(format!(
            "replication_interval ({interval_seconds} s) and rpo_minutes ({rpo_minutes} min) must both be more than 0"
        ))
        .remedy("--replication-interval 300 --rpo-minutes 15"));
    }
    if u64::from(interval_seconds) > rpo_seconds {
        return Err(Error::invalid(format!(
            "replication_interval ({interval_seconds} s) is longer than rpo_minutes ({rpo_minutes} min = \
             {rpo_seconds} s), so the objective could never be met"
        ))
        .remedy(format!(
            "--replication-interval {rpo_seconds} or less, or --rpo-minutes {} or more",
            interval_seconds.div_ceil(60)
        )));
    }
    Ok(())
}

/// Whether an array with these bounds, in seconds, can keep such a schedule. Asked before anything is made there.
///
/// # Errors
/// It cannot → `InvalidRequest` naming the bounds → choose an interval between them.
pub fn check_schedule(interval_seconds: u32, bounds: (u32, u32)) -> Result<()> {
    let (shortest, longest) = bounds;
    if (shortest..=longest).contains(&interval_seconds) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "replication_interval ({interval_seconds} s) is not one that the array can keep: {shortest} to {longest} s"
    ))
    .remedy(format!("--replication-interval {}", interval_seconds.clamp(shortest, longest.max(shortest)))))
}

#[cfg(test)]
mod tests;
