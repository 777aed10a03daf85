//! What goes over in either direction, beside the types of the ports themselves.

use crate::model::{Epoch, OpKey};
use crate::ports::{Capabilities, Cx, Outcome};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};

/// What a driver says of itself, asked once by `describe`, when it is opened. Nothing is sent to an endpoint for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Description_{C}"))]
pub struct Description<C> {
    /// Name of the driver class, for logs: `SparseFileDriver`.
    pub driver_name: String,
    /// What stands behind it, for messages: a host, a directory. Never a secret.
    pub endpoint: String,
    /// What it can do.
    pub capabilities: C,
    /// Methods of the port that have a default, and that it has an own answer to.
    #[serde(default)]
    pub optional_methods: BTreeSet<String>,
}

/// [`Description`] of a storage driver.
pub type StorageDescription = Description<Capabilities>;

/// [`Description`] of a cloud, which has no capabilities to choose by.
pub type CloudDescription = Description<()>;

/// [`Cx`] of a change. Cancellation does not go over: a call is short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Context {
    /// Idempotency key.
    pub op_key: OpKey,
    /// Generation of the group's roles.
    pub epoch: Epoch,
    /// When the caller stops waiting.
    pub deadline: Timestamp,
}

impl From<&Cx> for Context {
    fn from(cx: &Cx) -> Self {
        Self { op_key: cx.op_key.clone(), epoch: cx.epoch, deadline: cx.deadline }
    }
}

/// [`Outcome`] of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Change_{T}"))]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Change<T> {
    /// This call made it so.
    Done {
        /// As it is now.
        value: T,
    },
    /// It was so before this call.
    AlreadyDone {
        /// As it is.
        value: T,
    },
    /// Under way: the same call will be made again.
    InProgress {
        /// Seconds until then.
        poll_after: f64,
    },
}

/// Shortest and longest time between two calls: neither a busy loop nor one that has forgotten.
const POLL: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(60));

impl<T> From<Change<T>> for Outcome<T> {
    fn from(change: Change<T>) -> Self {
        match change {
            Change::Done { value } => Self::Done(value),
            Change::AlreadyDone { value } => Self::AlreadyDone(value),
            Change::InProgress { poll_after } => {
                let wanted = SignedDuration::try_from_secs_f64(poll_after).ok();
                let wanted = wanted.and_then(|wanted| Duration::try_from(wanted).ok()).unwrap_or(POLL.0);
                Self::InProgress { poll_after: wanted.clamp(POLL.0, POLL.1) }
            }
        }
    }
}

impl<T> From<Outcome<T>> for Change<T> {
    fn from(outcome: Outcome<T>) -> Self {
        match outcome {
            Outcome::Done(value) => Self::Done { value },
            Outcome::AlreadyDone(value) => Self::AlreadyDone { value },
            Outcome::InProgress { poll_after } => Self::InProgress { poll_after: poll_after.as_secs_f64() },
        }
    }
}

/// Something that was seen, with the instant on the clock of what was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Seen_{T}"))]
pub struct Seen<T> {
    /// What was seen.
    #[serde(flatten)]
    pub value: T,
    /// When, on the endpoint's own clock.
    pub observed_at: Timestamp,
}
