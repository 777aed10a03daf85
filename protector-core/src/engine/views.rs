//! What callers get to see. Field names are the documented column names; no field ever holds a secret.

use crate::model::{
    BootCheck, FailoverType, GroupStatus, LedgerState, Mappings, MemberStatus, OperationId, OperationStatus,
    PolicyStatus, Protection, ReplicationType, SiteName, SyncStatus,
};
use crate::rules::difference::Difference;
use crate::rules::mapping::Likeness;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// A protection group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupView {
    /// Identity.
    pub id: String,
    /// Name.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Documented status word.
    pub status: GroupStatus,
    /// Whether the workload is protected where it runs.
    pub protection: Protection,
    /// Async or sync.
    pub replication_type: ReplicationType,
    /// Its consistency group.
    pub consistency_group_id: String,
    /// Primary site.
    pub primary_site: SiteName,
    /// Secondary site.
    pub secondary_site: SiteName,
    /// Where the workload runs.
    pub current_primary_site: SiteName,
    /// Volume type.
    pub volume_type: String,
    /// Owning project.
    pub project_id: String,
    /// Members.
    pub members: Vec<MemberView>,
    /// The open operation.
    pub operation_id: Option<OperationId>,
    /// When a whole site moves, groups of a lower number move first.
    pub priority: u16,
    /// Stored mappings.
    pub mappings: Mappings,
    /// Newest complete recovery point, as last observed.
    pub last_replication_at: Option<Timestamp>,
    /// Metadata version.
    pub version: u64,
    /// Generation of the roles.
    pub epoch: u64,
    /// Whether the sites may disagree.
    pub diverged: bool,
    /// Sites that were left and wait to be stopped and fenced.
    pub fences_due: Vec<FenceDueView>,
    /// What unplanned failovers left behind, until it is discarded.
    pub ledger: Vec<LedgerEntryView>,
    /// Commands that lead on from here.
    pub next: Vec<String>,
}

/// A site that waits to be stopped and fenced.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FenceDueView {
    /// The site.
    pub site: SiteName,
    /// Array group to be fenced there.
    pub array_group: String,
    /// Servers to be stopped there.
    pub servers: Vec<String>,
    /// Since when.
    pub since: Timestamp,
    /// The operation that left it so.
    pub operation_id: OperationId,
}

/// What a site that was left may hold, and nobody else.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LedgerEntryView {
    /// Names it within its group.
    pub id: String,
    /// `suspected`, `confirmed`, `preserved` or `discarded`.
    pub state: LedgerState,
    /// The site that was left.
    pub site: SiteName,
    /// The failover.
    pub operation_id: OperationId,
    /// The recovery point that the other side started from.
    pub recovery_point: String,
    /// Instant of its data: what was written later is meant.
    pub data_time: Timestamp,
    /// Since when.
    pub since: Timestamp,
    /// Cinder volumes that hold it.
    pub volumes: Vec<String>,
    /// What was seen of later writes.
    pub evidence: Option<String>,
    /// The snapshot that keeps it, on the array of that site.
    pub snapshot: Option<String>,
    /// Who gave it up, when and why.
    pub discarded: Option<String>,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemberView {
    /// Id that names the member for ever.
    pub instance_id: String,
    /// Server name.
    pub name: String,
    /// Status.
    pub status: MemberStatus,
    /// Start order.
    pub tier: u16,
    /// Members that it waits for, by id.
    pub depends_on: Vec<String>,
    /// Whether nothing goes on without it.
    pub required: bool,
    /// Longest time until it is active, in seconds; absent: ten minutes.
    pub start_timeout_seconds: Option<u32>,
    /// What must succeed after it is active.
    pub boot_check: Option<BootCheck>,
    /// Number of volumes.
    pub volumes: usize,
    /// Nova server on each site where there is one.
    pub servers: BTreeMap<SiteName, String>,
}

/// A policy. Tokens are never shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyView {
    /// Its group.
    pub protection_group_id: String,
    /// Local name of the array group.
    pub pure_pg_name: String,
    /// Seconds. Without a meaning for a group in a pod, and 0 if none was given.
    pub replication_interval: u32,
    /// Minutes.
    pub rpo_minutes: u32,
    /// Status.
    pub status: PolicyStatus,
    /// URL of the array of the primary site.
    pub primary_fa_url: Option<String>,
    /// URL of the array of the secondary site.
    pub secondary_fa_url: Option<String>,
    /// Whether the policy holds a token for the primary array.
    pub primary_fa_token_set: bool,
    /// Whether the policy holds a token for the secondary array.
    pub secondary_fa_token_set: bool,
}

/// What stands for the things of a group on the other site.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MappingView {
    /// Name of the group.
    pub protection_group: String,
    /// Site of the sources.
    pub primary_site: SiteName,
    /// Site of the targets.
    pub secondary_site: SiteName,
    /// What is mapped or used by members, by kind, then by name.
    pub mappings: Vec<MappingRow>,
}

/// One thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MappingRow {
    /// `network`, `flavor` or `security-group`.
    pub kind: String,
    /// Its name on the primary site.
    pub source: String,
    /// What is stored to stand for it on the secondary site.
    pub target: Option<String>,
    /// What could, if nothing is stored and it is clear.
    pub suggested: Option<String>,
    /// What the suggestion rests on: `name` or `likeness`.
    pub because: Option<Likeness>,
    /// What might, if it is not clear.
    pub candidates: Vec<String>,
    /// What is wrong with it as the clouds are now, or that it is not known.
    pub problem: Option<String>,
}

/// A consistency group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConsistencyGroupView {
    /// Identity.
    pub id: String,
    /// Its protection group.
    pub protection_group_id: String,
    /// Volume type.
    pub volume_type_name: String,
    /// Backend.
    pub backend_name: String,
    /// Cinder group on the primary site.
    pub primary_cg_id: String,
    /// Cinder group on the secondary site.
    pub secondary_cg_id: String,
    /// Status.
    pub status: String,
    /// Volumes in it.
    pub volume_count: usize,
}

/// A volume of a consistency group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VolumeView {
    /// Cinder id where the workload runs.
    pub volume_id: String,
    /// Name.
    pub volume_name: String,
    /// GiB.
    pub size_gb: u64,
    /// `replicating`, `unprotected` or `error`.
    pub status: String,
}

/// Whether both sites agree about a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SyncStatusView {
    /// Its group.
    pub protection_group_id: String,
    /// The verdict.
    pub sync_status: SyncStatus,
    /// Site that was asked from.
    pub local_site: SiteName,
    /// Version there.
    pub local_version: u64,
    /// The other site.
    pub remote_site: SiteName,
    /// Version there, if it answered and has the group.
    pub remote_version: Option<u64>,
    /// Version that both agreed on last; absent: not known.
    pub base_version: Option<u64>,
    /// How they disagree, or why the other site could not be asked.
    pub detail: Option<String>,
    /// What differs, field by field; `here` is the local site.
    pub differences: Vec<Difference>,
    /// Commands that lead to agreement.
    pub next: Vec<String>,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OperationView {
    /// Identity.
    pub id: OperationId,
    /// Its group, also if it has another name by now.
    pub protection_group_id: String,
    /// Documented word.
    pub operation_type: String,
    /// Planned or unplanned.
    pub failover_type: Option<FailoverType>,
    /// Name of the group.
    pub protection_group: String,
    /// Status.
    pub status: OperationStatus,
    /// 0 to 100.
    pub progress: u8,
    /// Members that did not arrive, blocked ones included.
    pub instances_failed: usize,
    /// Members that did.
    pub instances_succeeded: usize,
    /// Steps done.
    pub steps_completed: usize,
    /// Steps failed.
    pub steps_failed: usize,
    /// All steps.
    pub steps_total: usize,
    /// Site that is left, or whose data is used.
    pub source_site: SiteName,
    /// Site that is reached.
    pub target_site: SiteName,
    /// Hash of the accepted plan.
    pub plan_hash: String,
    /// When it was accepted.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Half of all such runs take at most so long; absent if the plan has no forecast.
    pub predicted_p50_seconds: Option<u64>,
    /// 95 of 100 do.
    pub predicted_p95_seconds: Option<u64>,
    /// From the begin of the first attempt to the end, or until now; interruptions count. Absent before it began.
    pub elapsed_seconds: Option<u64>,
    /// What is left of an operation that is under way or can be resumed, as far as known. Absent once it has ended, and
    /// while the start is being restored.
    pub remaining_seconds: Option<u64>,
    /// What went wrong.
    pub error: Option<String>,
    /// Who asked it to stop, and why: `stopping: …` until it was heard, then `stopped: …`.
    pub stop: Option<String>,
    /// Whom the last attempt took it over from.
    pub taken_from: Option<String>,
    /// Per member: how it went.
    pub instances: Vec<InstanceView>,
    /// Per step: how it stands.
    pub steps: Vec<StepView>,
    /// Commands that lead on from here.
    pub next: Vec<String>,
}

/// A member within an operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InstanceView {
    /// Member id.
    pub instance_id: String,
    /// Server name.
    pub name: String,
    /// `pending`, `succeeded`, `failed`, or `blocked` by the failure of a member that it depends on.
    pub outcome: String,
    /// Server on the target site.
    pub server_id: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// A step within an operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StepView {
    /// Step id.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// `pending`, `running`, `done`, `skipped`, `failed`, `undone` or `blocked`.
    pub state: String,
    /// Why it failed or was skipped.
    pub detail: Option<String>,
}

/// Result of validating a site.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SiteValidation {
    /// The site.
    pub site: SiteName,
    /// Whether no check failed. What is unknown because the other site does not answer counts against that one.
    pub valid: bool,
    /// Check by check.
    pub checks: Vec<SiteCheck>,
}

/// One check of a site.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SiteCheck {
    /// The end that asks: a site, or `here`, this process.
    pub from_site: String,
    /// The site that is asked.
    pub to_site: String,
    /// What is asked there: `cloud`, `array`, `volume types`, `array link`, `metadata`.
    pub service: String,
    /// What was checked: `reachable`, `credentials`, `version`, `clock`, `quota`, `volume types`, `counterpart of …`,
    /// `connected`.
    pub check: String,
    /// `ok`, `failed` or `unknown`.
    pub result: String,
    /// What was seen.
    pub detail: String,
    /// What to do.
    pub remedy: Option<String>,
}

/// A volume type of a site.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VolumeTypeView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// `async`, `sync` or absent.
    pub replication_type: Option<ReplicationType>,
    /// Whether a protection group can use it.
    pub eligible: bool,
    /// Extra specs.
    pub extra_specs: BTreeMap<String, String>,
    /// Why not, with what to do.
    pub reason: Option<String>,
}
