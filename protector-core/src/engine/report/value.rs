//! What a report says.

pub use crate::model::Verdict;

use crate::model::{
    ArrayVolumeId, OperationId, OperationKind, OperationStatus, PortId, ProtectionGroupId, RecoveryPointName, ServerId,
    SiteName, StepId, VolumeId,
};
use crate::plan::graph::StepWord;
use crate::plan::{Consent, Finding, Graph, Observation, Phase};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Version of the report's shape.
pub const REPORT_SCHEMA: u32 = 1;

/// What an operation came to. A value that is not known is [`Observation::Unknown`] with the reason, never 0 or left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OperationReport {
    /// Shape of this value.
    pub schema: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// The site whose journal it was made of.
    pub made_on: SiteName,
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict in one line.
    pub headline: String,
    /// The operation.
    pub operation: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// How it stands.
    pub status: OperationStatus,
    /// Why it failed or was rolled back, if it was.
    pub error: Option<String>,
    /// The group.
    pub group: ProtectionGroupId,
    /// Its name when the operation was accepted.
    pub group_name: String,
    /// Site that is left, or whose data is used.
    pub source: SiteName,
    /// Site that is reached.
    pub target: SiteName,
    /// The accepted plan.
    pub plan: String,
    /// Its hash.
    pub plan_hash: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When an executor first took it up.
    pub started_at: Observation<Timestamp>,
    /// When it ended.
    pub ended_at: Observation<Timestamp>,
    /// Who executed it, in order.
    pub executed_by: Vec<Executing>,
    /// What proves it.
    pub journal: JournalSeal,
    /// What spoke against the plan and did not forbid it.
    pub findings: Vec<Finding>,
    /// What was consented to, with the reasons.
    pub consents: Vec<Consent>,
    /// The data that was used, and how old it was.
    pub recovery_point: RecoveryPointReport,
    /// How long it took until the last server ran.
    pub recovery_time: RecoveryTimeReport,
    /// Server by server.
    pub members: Vec<MemberReport>,
    /// Step by step, in the order of the plan.
    pub steps: Vec<StepReport>,
    /// What it made, and what is left of it.
    pub things: ThingsReport,
    /// Commands that lead on from here; none if nothing is left to do.
    pub next: Vec<String>,
    /// The picture.
    pub graph: Graph,
}

/// An answer that may not be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// Nobody knows.
    Unknown,
    /// The question does not arise.
    NotApplicable,
}

/// A process that executed an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Executing {
    /// Host name.
    pub host: String,
    /// Process id on that host.
    pub process: u32,
    /// Generation of its lease.
    pub generation: u64,
    /// Since when.
    pub since: Timestamp,
}

/// The journal behind a report. Its hash chain verified when the report was made, else there would be none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JournalSeal {
    /// Number of records.
    pub records: usize,
    /// Hash of the last record; with it nobody can change an earlier one unseen.
    pub head: String,
    /// Whether the chain of hashes verified.
    pub verified: bool,
}

/// The data that was used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecoveryPointReport {
    /// Which recovery point.
    pub used: Observation<PointUsed>,
    /// Age of its data when the operation was accepted, in seconds; 0 for a point that the operation took itself.
    pub age_seconds: Observation<f64>,
    /// The objective of the policy when the operation was accepted, in seconds.
    pub objective_seconds: Observation<f64>,
    /// Whether the age is within the objective.
    pub met: Answer,
    /// Whether it was taken by the operation itself, after the source had stopped taking writes: then nothing was lost.
    pub nothing_lost: bool,
}

/// A recovery point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PointUsed {
    /// Its name on the target array.
    pub name: RecoveryPointName,
    /// The instant of its data, by the array's clock.
    pub created: Observation<Timestamp>,
}

/// How long recovery took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecoveryTimeReport {
    /// From the acceptance until the last server was seen running, in seconds.
    pub seconds: Observation<f64>,
    /// Phases that have begun. They may overlap.
    pub phases: Vec<PhaseTime>,
}

/// A phase in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PhaseTime {
    /// Which.
    pub phase: Phase,
    /// When its first step began.
    pub began_at: Timestamp,
    /// From then until its last step ended, in seconds.
    pub seconds: Observation<f64>,
}

/// What became of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MemberResult {
    /// It was seen running with its volumes.
    Ran,
    /// One of its steps failed.
    Failed,
    /// Not started, because another one failed that it needs.
    Blocked,
    /// The operation did not get to it.
    NotReached,
}

/// A member in an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemberReport {
    /// Member id.
    pub member: ServerId,
    /// Name of the server on the site that is reached.
    pub name: String,
    /// What became of it.
    pub result: MemberResult,
    /// The server that stands for it there.
    pub server: Observation<ServerId>,
    /// When it was seen running.
    pub up_at: Observation<Timestamp>,
    /// From the acceptance until then, in seconds.
    pub seconds: Observation<f64>,
    /// Why it failed.
    pub error: Option<String>,
}

/// A step in an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StepReport {
    /// Position in the plan, from 1.
    pub number: usize,
    /// Step id.
    pub id: StepId,
    /// One line for people.
    pub title: String,
    /// Part of the operation.
    pub phase: Phase,
    /// Only waits for others; has no beginning of its own.
    pub waits_only: bool,
    /// How it stands.
    pub outcome: StepWord,
    /// How many times it was begun.
    pub attempts: usize,
    /// When it was first begun.
    pub began_at: Observation<Timestamp>,
    /// When it got its last outcome.
    pub ended_at: Observation<Timestamp>,
    /// Between the two.
    pub seconds: Observation<f64>,
    /// Why it failed or was skipped.
    pub error: Option<String>,
}

/// Things by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Things {
    /// Nova servers.
    pub servers: BTreeSet<ServerId>,
    /// Neutron ports.
    pub ports: BTreeSet<PortId>,
    /// Cinder volumes.
    pub volumes: BTreeSet<VolumeId>,
    /// Volumes on the array.
    pub clones: BTreeSet<ArrayVolumeId>,
}

/// What an operation made and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ThingsReport {
    /// Whether they are there for a while only: those of a test.
    pub temporary: bool,
    /// What was made. For a cleanup: what the test had made.
    pub made: Things,
    /// What was removed again.
    pub removed: Things,
    /// The difference.
    pub left: Things,
    /// What may be there beside, and why nobody knows.
    pub untold: Vec<String>,
    /// Cleanups of the test, oldest first.
    pub cleanups: Vec<CleanupRun>,
}

/// A cleanup of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CleanupRun {
    /// The operation.
    pub operation: OperationId,
    /// How it stands; without a lease looked at, so one that runs is `interrupted` or `pending`.
    pub status: OperationStatus,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it ended.
    pub ended_at: Observation<Timestamp>,
}
