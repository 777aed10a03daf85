//! What speaks against a plan, and who accepted it.

use super::Evidence;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A named acceptance of one risk. Nothing else gets past a blocker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// What was written after the recovery point is lost.
    DataLoss,
    /// The source site could not be stopped or fenced and may still be running.
    SourceUnverified,
    /// The other site does not hear of the change; both must be reconciled later.
    MetadataDiverged,
    /// The recovery point is older than the policy allows.
    RpoBreach,
}

impl ConsentKind {
    /// Exactly the set that `--force` grants to an unplanned failover.
    pub const ALL: [Self; 4] = [Self::DataLoss, Self::SourceUnverified, Self::MetadataDiverged, Self::RpoBreach];
}

impl fmt::Display for ConsentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::DataLoss => "data_loss",
            Self::SourceUnverified => "source_unverified",
            Self::MetadataDiverged => "metadata_diverged",
            Self::RpoBreach => "rpo_breach",
        })
    }
}

/// A consent that was given and is needed by this plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Consent {
    /// To what.
    pub kind: ConsentKind,
    /// Exactly what was accepted, for example `up to 47 min of writes`.
    pub scope: String,
    /// Why, as somebody put it.
    pub reason: Option<String>,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The plan cannot be accepted.
    Blocker,
    /// Worth knowing.
    Warning,
}

/// Stable name of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingCode {
    /// The group's status does not allow the operation.
    StatusNotAllowed,
    /// Another operation is open.
    OperationOpen,
    /// An operation of the group was written by a version that this one does not understand.
    JournalUnknown,
    /// The other site does not answer.
    PeerUnreachable,
    /// The sites hold different metadata.
    MetadataOutOfSync,
    /// The sites may disagree after an earlier unplanned failover.
    MetadataDiverged,
    /// No replication policy.
    NoPolicy,
    /// No members.
    NoMembers,
    /// A cloud or array does not answer.
    SiteUnreachable,
    /// A cloud or array answers and does not accept the credentials.
    CredentialsRejected,
    /// The link between the arrays is not connected.
    LinkNotConnected,
    /// The array group is missing.
    ArrayGroupNotReady,
    /// An array group of that name belongs to somebody else.
    ArrayGroupForeign,
    /// The array replicates at another interval than the policy says, or not at all.
    ScheduleDrift,
    /// The policy's interval cannot meet its objective.
    IntervalExceedsRpo,
    /// The target does not allow replication of the group.
    ReplicaNotAllowed,
    /// Volumes of servers, Cinder group and array group differ.
    MemberDrift,
    /// No complete recovery point with all members.
    NoRecoveryPoint,
    /// A newer recovery point exists and cannot be used.
    RecoveryPointPassedOver,
    /// A newer recovery point is still on its way.
    TransferIncomplete,
    /// The newest recovery point is older than the policy allows.
    RpoBreach,
    /// Writes would be lost.
    DataLoss,
    /// The source may still be running.
    SourceUnverified,
    /// The source answers, so a planned failover would lose nothing.
    SourceAnswers,
    /// A volume type is missing, does not replicate as the group does, or is not that of a volume.
    VolumeTypeNotEligible,
    /// The target project may not use as much as is needed.
    QuotaShort,
    /// What the target project may use is not known.
    QuotaUnknown,
    /// The stored mappings cannot be turned round.
    MappingNotInvertible,
    /// A network has no counterpart.
    NetworkMappingMissing,
    /// A mapped network does not exist.
    NetworkAbsent,
    /// A flavor has no counterpart.
    FlavorAbsent,
    /// A server to move does not exist.
    ServerMissing,
    /// A server on the target that is in the way cannot be retired.
    StandbyServerInTheWay,
    /// A failover away from the secondary site is a failback.
    IsFailback,
    /// Members wait for each other, or for somebody who is not there.
    StartOrderInvalid,
    /// A check is not made in a test.
    BootCheckSkipped,
    /// A member did not arrive where the group runs.
    MemberNotArrived,
    /// Every member is where the group runs.
    NothingToRetry,
    /// The pod of a sync group does not have the data on an array that needs it.
    PodNotInStep,
    /// The target has no volume type without replication, under which volumes can be taken over while the other array is
    /// not there.
    PlainVolumeTypeMissing,
    /// A site that was left waits to be stopped and fenced.
    FenceDue,
    /// A site that was left may hold data that nobody else holds.
    DataDiverged,
    /// The workload is protected already.
    AlreadyProtected,
    /// The workload runs without protection.
    Unprotected,
    /// Nothing is retained that could be released.
    NothingRetained,
    /// A test failover is not cleaned up.
    TestOpen,
    /// A retained volume is in use.
    RetainedInUse,
    /// A retained volume stays because a ledger entry names it.
    RetainedByLedger,
    /// A retained volume stays because the tenant made it.
    RetainedOfTenant,
    /// Arrays are simulated under real clouds.
    StorageSimulated,
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // one list of names: the serialised one
        let text = serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        f.pad(&text)
    }
}

/// One thing that speaks against a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// Stable name.
    pub code: FindingCode,
    /// Blocker or warning.
    pub severity: Severity,
    /// What was seen, with values and times.
    pub message: String,
    /// What to do, as a command line where there is one.
    pub remedy: Option<String>,
    /// The consent that turns this blocker into a warning, or did so.
    pub consent: Option<ConsentKind>,
    /// What it rests on.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
}

impl Finding {
    /// A finding that forbids the plan.
    pub fn blocker(code: FindingCode, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Blocker,
            message: message.into(),
            remedy: None,
            consent: None,
            evidence: Vec::new(),
        }
    }

    /// A finding worth knowing.
    pub fn warning(code: FindingCode, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::blocker(code, message) }
    }

    /// Adds what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Adds what it rests on.
    #[must_use]
    pub fn seen(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Names the one consent that clears it; if it is among `given`, the blocker becomes a warning.
    #[must_use]
    pub fn cleared_by(mut self, consent: ConsentKind, given: &[ConsentKind]) -> Self {
        self.consent = Some(consent);
        if given.contains(&consent) {
            self.severity = Severity::Warning;
        }
        self
    }
}
