//! Repeats what is safe to repeat. When, is a pure decision.

use super::layer::{Call, Layer, Reply};
use crate::ports::Clock;
use crate::{Error, ErrorKind, Result};
use std::{sync::Arc, time::Duration};

/// How often and how fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Pause after the first failure; doubled after each further one.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How often a read is made at most; at least once. A change is bounded by its deadline and its cancel instead.
    pub read_tries: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { first_pause: Duration::from_millis(200), longest_pause: Duration::from_secs(5), read_tries: 4 }
    }
}

/// What is known when a call has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) kind: ErrorKind,
    /// Calls so far, this one included.
    pub(super) tries: u32,
    /// Time until the deadline of a change; `None`: a read.
    pub(super) left: Option<Duration>,
}

impl RetryPolicy {
    /// The pause before the same call is made again; `None`: the failure is the answer. `random` is in `0.0..=1.0`.
    ///
    /// | failure | read | change |
    /// |---|---|---|
    /// | `Transient`, `Indeterminate` | again, up to `read_tries` | again, if the pause ends before the deadline |
    /// | `Unreachable` | the same | no: who asked decides how long a silent array is waited for |
    /// | any other | no | no |
    pub(super) fn pause(self, failed: Failed, random: f64) -> Option<Duration> {
        let may_pass = match failed.kind {
            ErrorKind::Transient | ErrorKind::Indeterminate => true,
            ErrorKind::Unreachable => failed.left.is_none(),
            _ => false,
        };
        let pause = self.jittered(failed.tries, random);
        let in_time = failed.left.map_or(failed.tries < self.read_tries, |left| pause < left);
        (may_pass && in_time).then_some(pause)
    }

    /// Between half and all of the nominal pause, so that callers that failed together do not come back together.
    fn jittered(self, tries: u32, random: f64) -> Duration {
        let doubled = 2u32.saturating_pow(tries.saturating_sub(1));
        let nominal = self.first_pause.saturating_mul(doubled).min(self.longest_pause);
        nominal.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
    }
}

/// Makes a call again after a failure that may pass.
///
/// # A lost reply
/// A change whose reply was lost (`Indeterminate`) is made again, too. That is no blind repeat: the port promises that each
/// change looks first and that the same call with the same [`Cx`](crate::ports::Cx) ends in the same state, so the repeat
/// *is* to observe and then to decide. The answer may then be `AlreadyDone` for what the lost call did. While no later call
/// was answered by the array, the error stays `Indeterminate`, whatever else went wrong after it.
///
/// # Where it belongs
/// Around a driver whose caller does not repeat by itself. The executor does, and keeps its lease meanwhile, which a layer
/// below it cannot.
#[derive(Debug)]
pub struct Retried {
    policy: RetryPolicy,
    clock: Arc<dyn Clock>,
}

impl Retried {
    /// A layer that waits on `clock`, the one by which deadlines are set.
    pub fn new(policy: RetryPolicy, clock: Arc<dyn Clock>) -> Self {
        Self { policy, clock }
    }
}

impl Layer for Retried {
    async fn around<'a, T, F>(&'a self, call: Call<'a, T>, make: F) -> Result<T>
    where
        T: Send + 'a,
        F: Fn() -> Reply<'a, T> + Send + Sync + 'a,
    {
        let mut tries = 0;
        let mut unsure: Option<Error> = None;
        loop {
            if let Some(stop) = call.cx.and_then(|cx| cx.check(self.clock.now()).err()) {
                return Err(unsure.unwrap_or(stop));
            }
            let failure = match make().await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            tries += 1;
            let left = call
                .cx
                .map(|cx| Duration::try_from(cx.deadline.duration_since(self.clock.now())).unwrap_or(Duration::ZERO));
            let kind = failure.kind();
            let Some(pause) = self.policy.pause(Failed { kind, tries, left }, random()) else {
                return Err(if tells_of_the_effect(kind) { failure } else { unsure.unwrap_or(failure) });
            };
            if kind == ErrorKind::Indeterminate && call.cx.is_some() {
                unsure = Some(failure);
            }
            self.clock.sleep(pause).await;
        }
    }
}

/// Whether the array looked before it answered so: then an earlier lost reply is settled.
fn tells_of_the_effect(kind: ErrorKind) -> bool {
    !matches!(
        kind,
        ErrorKind::Transient
            | ErrorKind::Indeterminate
            | ErrorKind::Unreachable
            | ErrorKind::Unauthenticated
            | ErrorKind::Forbidden
            | ErrorKind::DeadlineExceeded
            | ErrorKind::Cancelled
    )
}

/// In `0.0..=1.0`. The first field of a version 4 UUID is all random.
fn random() -> f64 {
    f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX)
}
