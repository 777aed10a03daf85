//! What health shows.

use crate::model::{Drill, GroupStatus, OperationId, RpoState, SyncStatus, Verdict};
use crate::rules::rpo_history::Compliance;
use jiff::Timestamp;
use serde::Serialize;

/// Health of one group. What could not be seen is absent or says so; it never reads as good.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HealthView {
    /// Name of the group.
    pub protection_group: String,
    /// Project that owns it. Names are unique within a project only.
    pub project_id: String,
    /// Status of the group.
    pub status: GroupStatus,
    /// State of the replication link.
    pub link: String,
    /// Metadata.
    pub sync_status: SyncStatus,
    /// Age of the newest complete recovery point in seconds; absent: never or not known, see `reasons`.
    pub recovery_point_age_seconds: Option<i64>,
    /// Instant of the data of that recovery point; absent as well for a group in a pod, which needs none.
    pub last_recovery_point_at: Option<Timestamp>,
    /// When it had arrived completely.
    pub last_transfer_at: Option<Timestamp>,
    /// How far its data were behind at that moment, in seconds; 0 in a pod that is online.
    pub replication_lag_seconds: Option<i64>,
    /// Recovery points on their way; absent: not known, or in a pod.
    pub transfers_under_way: Option<usize>,
    /// Bound in minutes.
    pub rpo_minutes: Option<u32>,
    /// `within`, `breached`, `never` or `unknown`; absent without a policy.
    pub rpo: Option<RpoState>,
    /// How the bound was kept in the last 24 hours; absent without a policy, or if the history cannot be read.
    pub rpo_24h: Option<ComplianceView>,
    /// The same for the last 7 days.
    pub rpo_7d: Option<ComplianceView>,
    /// The newest test failover that has ended, from whichever site; absent: none is known. Of a site that does not answer only
    /// the other one's are.
    pub last_drill: Option<DrillView>,
    /// The newest one that passed: every server ran, within the objective, and everything was removed.
    pub last_successful_drill: Option<DrillView>,
    /// Whether a planned failover would be accepted now.
    pub failover_ready: bool,
    /// Why not.
    pub reasons: Vec<String>,
    /// Whether an unplanned failover with the documented consents would be accepted now if the site where the workload runs
    /// was gone. Nothing of that site is asked for it.
    pub unplanned_ready: bool,
    /// Why not.
    pub unplanned_reasons: Vec<String>,
    /// What unplanned failovers left behind, until it is discarded.
    pub ledger: Vec<String>,
}

/// How much of a window the objective was kept, in per cent, rounded down to hundredths: what reads as 100 is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ComplianceView {
    /// Kept for certain.
    pub within_percent: f64,
    /// Not kept.
    pub breached_percent: f64,
    /// Nobody looked, or could not see.
    pub unknown_percent: f64,
}

impl From<Compliance> for ComplianceView {
    fn from(seen: Compliance) -> Self {
        Self {
            within_percent: seen.within_percent(),
            breached_percent: seen.breached_percent(),
            unknown_percent: seen.unknown_percent(),
        }
    }
}

/// A test failover, as its report judges it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DrillView {
    /// The test.
    pub operation_id: OperationId,
    /// What it came to.
    pub verdict: Verdict,
    /// The same in one line.
    pub headline: String,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How long ago, in seconds.
    pub age_seconds: i64,
}

impl DrillView {
    pub(super) fn new(drill: Drill, now: Timestamp) -> Self {
        let Drill { operation, verdict, headline, ended_at } = drill;
        let age_seconds = now.duration_since(ended_at).as_secs().max(0);
        Self { operation_id: operation, verdict, headline, ended_at, age_seconds }
    }
}

/// What a sweep of all groups came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RpoSweepView {
    /// Groups with a policy: those that were looked at.
    pub groups: usize,
    /// Within their objective.
    pub within: usize,
    /// With a recovery point that is too old.
    pub breached: usize,
    /// Without any recovery point.
    pub never: usize,
    /// Of which nobody knows.
    pub unknown: usize,
}
