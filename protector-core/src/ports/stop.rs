//! Asking whoever executes an operation to stop. The journal belongs to the holder of the lease, so others ask beside it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How far back a stop leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopKind {
    /// Stop where it is; `operation resume` continues.
    Cancel,
    /// Stop, and restore the start. Weighs more than a cancel.
    Abort,
}

impl fmt::Display for StopKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cancel => "cancel",
            Self::Abort => "abort",
        })
    }
}

/// A request to stop an operation. Two requests with all the same values are one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopRequest {
    /// What is asked for.
    pub kind: StopKind,
    /// Who asks.
    pub by: String,
    /// Why, as somebody put it.
    #[serde(default)]
    pub reason: Option<String>,
    /// When, by the clock of whoever asked.
    pub at: Timestamp,
    /// Of an abort: consent to end here also if the other site stays silent, with the mark of divergence.
    #[serde(default)]
    pub leave_peer: bool,
}

impl fmt::Display for StopRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requested by {} at {:.0}", self.kind, self.by, self.at)?;
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}
