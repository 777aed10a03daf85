//! What a journal says: one record per entry.

use crate::model::{OperationStatus, RecoveryPointName, ServerId, StepId};
use crate::plan::{Consent, StepOutput};
use crate::ports::{JournalEntry, LeaseHolder, StopRequest};
use crate::{Error, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Version of the records' shape. An executor refuses journals of another one.
pub const JOURNAL_SCHEMA: u32 = 1;

/// One journal record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// The plan was accepted.
    PlanAccepted {
        /// Shape of this journal.
        schema: u32,
        /// Which plan.
        plan_hash: String,
        /// What was accepted with it.
        consents: Vec<Consent>,
        /// What its result is measured by. Journals of earlier builds do not have it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        measures: Option<Measures>,
    },
    /// An executor took the lease.
    Attempt {
        /// Who.
        holder: LeaseHolder,
        /// Generation of the lease.
        generation: u64,
        /// Who had it before and was judged dead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        taken_from: Option<LeaseHolder>,
    },
    /// A step is about to act.
    StepIntent {
        /// Which.
        step: StepId,
    },
    /// A step is done and confirmed.
    StepDone {
        /// Which.
        step: StepId,
        /// What it left behind.
        output: StepOutput,
    },
    /// A best-effort step failed.
    StepSkipped {
        /// Which.
        step: StepId,
        /// Why.
        reason: String,
    },
    /// A step failed.
    StepFailed {
        /// Which.
        step: StepId,
        /// Kind of the error.
        code: String,
        /// What went wrong, with the remedy.
        message: String,
    },
    /// The executor stops where it is, as it was asked to.
    CancelRequested {
        /// By whom, and why.
        request: StopRequest,
    },
    /// The executor gives the operation up, as it was asked to.
    AbortRequested {
        /// By whom, and why.
        request: StopRequest,
        /// What was accepted with it.
        consents: Vec<Consent>,
    },
    /// An abort came too late, and changed nothing.
    StopRefused {
        /// By whom, and why.
        request: StopRequest,
        /// What stands against it.
        reason: String,
    },
    /// A step failed, and its member does not arrive. The operation goes on without it.
    MemberFailed {
        /// Which step.
        step: StepId,
        /// Whose step.
        member: ServerId,
        /// Kind of the error.
        code: String,
        /// What went wrong, with the remedy.
        message: String,
        /// What the step left behind all the same.
        output: StepOutput,
    },
    /// No member arrived, so there is nothing to go on with.
    Stopped {
        /// In words.
        reason: String,
    },
    /// Steps that made their members fail are made again.
    MembersReopened {},
    /// What came of the step says nothing of now: it is made again.
    StepReopened {
        /// Which.
        step: StepId,
    },
    /// The start is being restored.
    RollbackStarted {
        /// Why.
        reason: String,
    },
    /// The effect of a step was undone.
    StepUndone {
        /// Which.
        step: StepId,
        /// What is worth knowing of how it stands now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// The operation ended.
    Finished {
        /// How.
        status: OperationStatus,
    },
}

/// A record of a step, as nearly all of a long journal are. An enum whose tag lies among its fields is read by way of a
/// copy of them, which costs several times as much as the rest.
#[derive(Deserialize)]
pub(super) struct OfStep<'a> {
    pub(super) record: &'a str,
    pub(super) step: &'a str,
    pub(super) output: Option<StepOutput>,
}

/// What was seen when a plan was accepted, is not in the plan, and may have changed when somebody asks for a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    /// Recovery point objective of the policy, in minutes.
    pub rpo_minutes: Option<u32>,
    /// The recovery point that the plan names, with the instant of its data.
    pub point: Option<(RecoveryPointName, Timestamp)>,
}

/// The record of an entry.
///
/// # Errors
/// this build does not know it → `Unsupported`.
pub(super) fn read(entry: &JournalEntry) -> Result<Record> {
    serde_json::from_str(&entry.record).map_err(|e| {
        Error::unsupported(format!("journal record {} is not known to this build: {e}", entry.sequence))
            .remedy("continue with the version of Protector that wrote it, or a newer one")
    })
}
