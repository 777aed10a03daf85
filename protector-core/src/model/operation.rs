//! Operations: what somebody asked for, and how it stands.

use super::{OperationId, SiteName};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What an operation does. A planned kind never turns into an unplanned one by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Replicate now, outside the schedule.
    Sync,
    /// Boot clones on the standby site beside production.
    TestFailover,
    /// Remove exactly what one test failover made.
    TestCleanup,
    /// Move the workload with no loss; both sites take part.
    PlannedFailover,
    /// Start the workload from the newest recovery point; the source site is not needed.
    UnplannedFailover,
    /// Move the workload back to the site it was created on.
    Failback,
    /// Protect a workload where it runs, without moving it.
    Reprotect,
    /// Release what earlier moves left behind as recovery points.
    Commit,
    /// Bring up the members that did not arrive in the last move, from the clones that it made.
    RetryFailed,
}

impl OperationKind {
    /// The documented word for the column `operation_type`.
    pub const fn operation_type(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::TestFailover => "test_failover",
            Self::TestCleanup => "test_cleanup",
            Self::PlannedFailover | Self::UnplannedFailover => "failover",
            Self::Failback => "failback",
            Self::Reprotect => "reprotect",
            Self::Commit => "commit",
            Self::RetryFailed => "retry_failed",
        }
    }

    /// Planned or unplanned, for the kinds that move the workload.
    pub const fn failover_type(self) -> Option<FailoverType> {
        match self {
            Self::PlannedFailover | Self::Failback => Some(FailoverType::Planned),
            Self::UnplannedFailover => Some(FailoverType::Unplanned),
            Self::Sync
            | Self::TestFailover
            | Self::TestCleanup
            | Self::Reprotect
            | Self::Commit
            | Self::RetryFailed => None,
        }
    }

    /// Whether it changes where the workload runs.
    pub const fn moves_workload(self) -> bool {
        self.failover_type().is_some()
    }

    /// Whether it changes the group's metadata, and so holds the group on both sites. The others hold it by their open
    /// journal alone.
    pub const fn changes_metadata(self) -> bool {
        self.moves_workload() || matches!(self, Self::Reprotect | Self::Commit | Self::RetryFailed)
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PlannedFailover => "planned failover",
            Self::UnplannedFailover => "unplanned failover",
            Self::TestFailover => "test failover",
            Self::TestCleanup => "test cleanup",
            Self::Sync => "sync",
            Self::Failback => "failback",
            Self::Reprotect => "reprotect",
            Self::Commit => "commit",
            Self::RetryFailed => "retry of failed members",
        })
    }
}

/// The two ways to fail over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FailoverType {
    /// Both sites take part; nothing is lost.
    Planned,
    /// The source site is not needed; what was not replicated is lost.
    Unplanned,
}

impl FromStr for FailoverType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "planned" => Ok(Self::Planned),
            "unplanned" => Ok(Self::Unplanned),
            other => {
                Err(Error::invalid(format!("failover type '{other}' is not known"))
                    .remedy("use 'planned' or 'unplanned'"))
            }
        }
    }
}

/// How an operation stands. Folded from its journal, never stored by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OperationStatus {
    /// Accepted; no step has begun.
    Pending,
    /// An executor is at work.
    Running,
    /// No executor is at work and steps are left: `operation resume` continues.
    Interrupted,
    /// Every step is done and confirmed.
    Completed,
    /// Everything is done and confirmed except for some members, which did not arrive: `failover --retry-failed`.
    CompletedPartial,
    /// A step failed and what had been done stays; `operation resume` tries again.
    Failed,
    /// A step failed before the pivot and the start was restored.
    RolledBack,
    /// Stopped on request before the pivot, and the start was restored.
    Cancelled,
}

impl OperationStatus {
    /// Whether nothing more will happen to it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::CompletedPartial | Self::RolledBack | Self::Cancelled)
    }
}

impl fmt::Display for OperationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Completed => "completed",
            Self::CompletedPartial => "completed_partial",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::Cancelled => "cancelled",
        })
    }
}

/// The operation that holds a group. While it is set, no other operation and no edit may start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OpenOperation {
    /// Which one.
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// The site whose store holds its journal.
    pub site: SiteName,
}
