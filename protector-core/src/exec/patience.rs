//! Bearing with a service that restarts: whoever repeats a call gives up after seconds of silence, which is less than a
//! service needs, and no reason to leave a workload half-way.

use super::decide;
use super::perform::{self, Performed};
use super::run::Run;
use super::settle::worse;
use crate::plan::Step;
use crate::{Error, Result};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// How long a silent endpoint is asked again before the operation stops for it.
const SILENCE: SignedDuration = SignedDuration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(3);

/// Makes a step. If its endpoint falls silent and the operation would stop for that, it is made again for a while, within its
/// deadline: each step looks first.
///
/// # Errors
/// as the step says, at once or after the while, or when the operation stops for something else; stopped on request →
/// `Cancelled`.
pub(super) async fn perform(run: &Run, step: &Step) -> Result<Performed> {
    let cx = run.cx(step);
    let mut silence: Option<(Timestamp, Error)> = None;
    loop {
        let began = run.now();
        let e = match perform::perform(run, step, &cx).await {
            Err(e) if decide::bears_with(step, e.kind()) => e,
            made => return made,
        };
        let now = run.now();
        let (before, e) = match silence.take() {
            Some((since, before)) => (Some(since), worse(Some(before), e)),
            None => (None, e),
        };
        let since = silent_since(before, began, now);
        if now.duration_since(since) >= SILENCE || now >= cx.deadline || run.has_failed() {
            return Err(e);
        }
        if before.is_none() {
            run.tell_waiting(step, &e);
        }
        tracing::warn!(target: "protector.engine.exec", "{}: {e}; silent since {since}, asked again", step.title);
        silence = Some((since, e));
        run.endpoints.clock.sleep(PAUSE).await;
        run.listen().await?;
    }
}

/// Since when an endpoint is silent that was so `before`, and is so at the end of another try. A try that took longer than a
/// silence may last was answered meanwhile.
fn silent_since(before: Option<Timestamp>, began: Timestamp, now: Timestamp) -> Timestamp {
    before.filter(|_| now.duration_since(began) < SILENCE).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_counted_from_its_own_beginning() {
        let at = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        for (before, began, now, expected) in [
            // the first one, after hours of work
            (None, 0, 7200, 7200),
            (Some(7200), 7203, 7206, 7200),
            // it was answered, worked on, and is silent again
            (Some(7200), 7203, 7300, 7300),
        ] {
            assert_eq!(silent_since(before.map(at), at(began), at(now)), at(expected), "{before:?} {began} {now}");
        }
    }
}
