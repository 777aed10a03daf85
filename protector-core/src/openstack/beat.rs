//! When those who wait ask again: at the same moments, so that one list answers all of them.

use crate::ports::Outcome;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// How long Cinder takes for a few members of a group, at best; one request tells.
pub(super) const JOINED: Duration = Duration::from_millis(150);
/// How long it takes if it is busy.
pub(super) const GROUPS: Duration = Duration::from_millis(350);
/// How long Cinder takes for what it does by itself.
pub(super) const VOLUMES: Duration = Duration::from_millis(500);
/// How long Nova takes to stop a server whose guest has not much to do for it.
pub(super) const STOPPED: Duration = Duration::from_millis(500);
/// How long Nova takes to build a server; one request tells of all at little cost.
pub(super) const BUILT: Duration = Duration::from_millis(750);
/// How long Nova takes for what it has to be asked about in full.
pub(super) const SERVERS: Duration = Duration::from_millis(1500);

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Not finished: ask again at the next beat.
pub(super) fn in_progress<T>(every: Duration) -> Outcome<T> {
    Outcome::InProgress { poll_after: until_next(BEGAN.elapsed(), every) }
}

/// What is left of this beat, or of the next one, if so little is left of this that nothing will have changed by then.
fn until_next(elapsed: Duration, every: Duration) -> Duration {
    let into = Duration::from_nanos((elapsed.as_nanos() % every.as_nanos()).try_into().unwrap_or(0));
    let left = every.saturating_sub(into);
    if left < every / 3 { left + every } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ask_again_at_the_same_moment() {
        let every = Duration::from_millis(900);
        for (elapsed, expected) in [(0, 900), (1, 899), (600, 300), (601, 1199), (899, 901), (900, 900), (1500, 300)] {
            let left = until_next(Duration::from_millis(elapsed), every);
            assert_eq!(left, Duration::from_millis(expected), "{elapsed} ms");
            let at = Duration::from_millis(elapsed) + left;
            assert_eq!(at.as_millis() % every.as_millis(), 0, "{elapsed} ms");
        }
    }
}
