//! What somebody asks for.

use super::{ConsentKind, Facts};
use crate::model::{FailoverType, Mappings, OperationId, OperationKind};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// What to plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "operation", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Replicate now.
    Sync {},
    /// Boot clones on the standby site.
    TestFailover {
        /// Mappings for this test; win over stored ones.
        #[serde(default)]
        mappings: Mappings,
        /// Accepted for compatibility: a test never touches production.
        #[serde(default)]
        retain_primary: bool,
    },
    /// Remove what a test failover made.
    TestCleanup {
        /// Which test; the newest one that is not cleaned up if absent.
        #[serde(default)]
        test: Option<OperationId>,
    },
    /// Move the workload to the standby site.
    Failover {
        /// Planned or unplanned.
        #[serde(rename = "type", default = "planned")]
        failover_type: FailoverType,
        /// Grants the documented set of consents to an unplanned failover.
        #[serde(default)]
        force: bool,
        /// Why, for the record.
        #[serde(default)]
        reason: Option<String>,
        /// Mappings towards the standby site; win over stored ones.
        #[serde(default)]
        mappings: Mappings,
    },
    /// Bring up the members that did not arrive in the last move.
    RetryFailed {
        /// Mappings towards the site where the group runs; win over those of the move and over stored ones.
        #[serde(default)]
        mappings: Mappings,
    },
    /// Move the workload back to its primary site.
    Failback {
        /// Mappings towards the primary site; win over the inverted stored ones.
        #[serde(default)]
        mappings: Mappings,
    },
    /// Protect the workload where it runs.
    Reprotect {},
    /// Release what earlier moves left behind.
    Commit {},
}

fn planned() -> FailoverType {
    FailoverType::Planned
}

impl Request {
    /// Checks what no observation is needed for.
    ///
    /// # Errors
    /// `force` with a planned type → `InvalidRequest`: a planned failover is never forced.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Failover { failover_type: FailoverType::Planned, force: true, .. } => {
                Err(Error::invalid("force was given with type 'planned': a planned failover is never forced")
                    .remedy("use --type unplanned --force, or leave --force out"))
            }
            _ => Ok(()),
        }
    }

    /// The kind of operation this is. A planned failover of a group that runs on its secondary site leads home, so it is a
    /// failback (and the plan says so).
    pub fn kind(&self, facts: &Facts) -> OperationKind {
        match self {
            Self::Sync {} => OperationKind::Sync,
            Self::TestFailover { .. } => OperationKind::TestFailover,
            Self::TestCleanup { .. } => OperationKind::TestCleanup,
            Self::Failback { .. } => OperationKind::Failback,
            Self::Reprotect {} => OperationKind::Reprotect,
            Self::Commit {} => OperationKind::Commit,
            Self::RetryFailed { .. } => OperationKind::RetryFailed,
            Self::Failover { failover_type: FailoverType::Unplanned, .. } => OperationKind::UnplannedFailover,
            Self::Failover { .. } if !facts.record.group.is_home() => OperationKind::Failback,
            Self::Failover { .. } => OperationKind::PlannedFailover,
        }
    }

    /// Mappings that were given with the request.
    pub fn mappings(&self) -> Option<&Mappings> {
        match self {
            Self::TestFailover { mappings, .. }
            | Self::Failover { mappings, .. }
            | Self::Failback { mappings }
            | Self::RetryFailed { mappings } => Some(mappings),
            Self::Sync {} | Self::TestCleanup { .. } | Self::Reprotect {} | Self::Commit {} => None,
        }
    }

    /// The consents that were given with the request.
    pub fn consents(&self) -> &'static [ConsentKind] {
        match self {
            Self::Failover { force: true, .. } => &ConsentKind::ALL,
            _ => &[],
        }
    }

    /// Why, if somebody said so.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Failover { reason, .. } => reason.as_deref(),
            _ => None,
        }
    }
}
