//! What goes with a call, and what comes back.

use crate::model::{Epoch, OpKey};
use crate::{Error, ErrorKind, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// A request to stop at the next safe place. Clones share one flag.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks to stop. Cannot be taken back.
    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The context of a mutating call.
#[derive(Debug, Clone)]
pub struct Cx {
    /// Idempotency key: derived from operation and step.
    pub op_key: OpKey,
    /// Generation of the group's roles, as the caller knows it.
    pub epoch: Epoch,
    /// When the caller stops waiting.
    pub deadline: Timestamp,
    /// Set when the caller wants to stop.
    pub cancel: Cancel,
}

impl Cx {
    /// Checks deadline and cancellation against `now`.
    ///
    /// # Errors
    /// cancelled → [`ErrorKind::Cancelled`]; deadline passed → [`ErrorKind::DeadlineExceeded`].
    pub fn check(&self, now: Timestamp) -> Result<()> {
        if self.cancel.is_requested() {
            return Err(Error::new(ErrorKind::Cancelled, format!("'{}' was cancelled", self.op_key)));
        }
        if now >= self.deadline {
            return Err(Error::new(
                ErrorKind::DeadlineExceeded,
                format!("'{}' ran past its deadline {}", self.op_key, self.deadline),
            ));
        }
        Ok(())
    }
}

/// The result of a mutating call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// This call made it so.
    Done(T),
    /// It was so before this call.
    AlreadyDone(T),
    /// Under way. Make the same call again after `poll_after`.
    InProgress {
        /// How long to wait before asking again.
        poll_after: Duration,
    },
}

impl<T> Outcome<T> {
    /// The value, if the work is finished.
    pub fn finished(self) -> Option<T> {
        match self {
            Self::Done(value) | Self::AlreadyDone(value) => Some(value),
            Self::InProgress { .. } => None,
        }
    }

    /// Changes the value and keeps the rest.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Done(value) => Outcome::Done(f(value)),
            Self::AlreadyDone(value) => Outcome::AlreadyDone(f(value)),
            Self::InProgress { poll_after } => Outcome::InProgress { poll_after },
        }
    }
}

/// Something seen, with when it was seen and by whose clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed<T> {
    /// What was seen.
    pub value: T,
    /// The observed endpoint's own clock.
    pub endpoint_time: Timestamp,
    /// Our clock.
    pub at: Timestamp,
}
