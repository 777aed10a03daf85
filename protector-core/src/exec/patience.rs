//! Bearing with a service that restarts: whoever repeats a call gives up after seconds of silence, which is less than a
//! service needs, and no reason to leave a workload half-way.

use super::decide;
use super::perform::{self, Performed};
use super::run::Run;
use crate::Result;
use crate::plan::Step;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// How long a silent endpoint is asked again before the operation stops for it.
const SILENCE: SignedDuration = SignedDuration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(3);

/// Makes a step. If its endpoint falls silent and the operation would stop for that, it is made again for a while: each step
/// looks first.
///
/// # Errors
/// as the step says, at once or after the while; stopped on request → `Cancelled`.
pub(super) async fn perform(run: &Run, step: &Step) -> Result<Performed> {
    let until = run.now().checked_add(SILENCE).unwrap_or(Timestamp::MAX);
    let mut is_told = false;
    loop {
        match perform::perform(run, step).await {
            Err(e) if run.now() < until && decide::bears_with(step, e.kind()) => {
                tracing::warn!(target: "protector.engine.exec", "{}: {e}; asked again until {until}", step.title);
                if !std::mem::replace(&mut is_told, true) {
                    run.tell_waiting(step, &e);
                }
            }
            made => return made,
        }
        run.endpoints.clock.sleep(PAUSE).await;
        run.listen().await?;
    }
}
