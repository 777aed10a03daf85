//! Repeating an ensure-style call until it is finished.

use crate::ports::{Clock, Cx, Outcome};
use crate::{Error, ErrorKind, Result};
use std::{future::Future, time::Duration};

/// First pause between two tries, doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often in a row an endpoint that does not answer is asked again before the call fails.
const UNREACHABLE_TRIES: u32 = 4;

/// Makes `call` until it is done, within the deadline of `cx`. Work under way and busy endpoints are waited for; a result
/// that is not known is settled by calling again, since every call looks first.
///
/// # Errors
/// deadline passed → `DeadlineExceeded`, or the error that kept it busy; cancelled → `Cancelled`; else what `call` says. A
/// result that was not known and that no later answer settled → `Indeterminate`, whatever failed after it.
pub async fn settle<T, F>(clock: &dyn Clock, cx: &Cx, mut call: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Outcome<T>>>,
{
    let mut pause = FIRST_PAUSE;
    let mut unanswered = 0;
    let mut last_error: Option<Error> = None;
    loop {
        if let Err(stop) = cx.check(clock.now()) {
            return Err(at_the_end(last_error, stop));
        }
        let wait = match call().await {
            Ok(Outcome::Done(value) | Outcome::AlreadyDone(value)) => return Ok(value),
            Ok(Outcome::InProgress { poll_after }) => {
                // it answers: whatever was wrong before is over
                (pause, unanswered, last_error) = (FIRST_PAUSE, 0, None);
                poll_after
            }
            Err(e) if may_pass(e.kind(), &mut unanswered) => {
                last_error = Some(worse(last_error, e));
                let wait = pause;
                pause = (pause * 2).min(LONGEST_PAUSE);
                wait
            }
            Err(e) if e.kind() == ErrorKind::Unreachable => return Err(worse(last_error, e)),
            Err(e) => return Err(at_the_end(last_error, e)),
        };
        let left = Duration::try_from(cx.deadline.duration_since(clock.now())).unwrap_or(Duration::ZERO);
        clock.sleep(wait.min(left).max(Duration::from_millis(1))).await;
    }
}

/// Why it took so long says more than that it did.
fn at_the_end(before: Option<Error>, now: Error) -> Error {
    let busy = before.filter(|_| now.kind() == ErrorKind::DeadlineExceeded);
    busy.map_or(now, |e| e.context("gave up at the deadline"))
}

/// Of two failures in turn the one that says less about the effect; else the later one.
pub(super) fn worse(before: Option<Error>, now: Error) -> Error {
    before.filter(|e| e.kind() == ErrorKind::Indeterminate).unwrap_or(now)
}

fn may_pass(kind: ErrorKind, unanswered: &mut u32) -> bool {
    match kind {
        ErrorKind::Transient | ErrorKind::Indeterminate => true,
        ErrorKind::Unreachable => {
            *unanswered += 1;
            *unanswered <= UNREACHABLE_TRIES
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
