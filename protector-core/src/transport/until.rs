//! How long a caller waits.

use jiff::Timestamp;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// When the caller stops waiting. Measured once against a clock, then by time that passes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Until(Option<Instant>);

impl Until {
    /// No deadline but the time-outs.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// A deadline on the clock that says `now`.
    pub(crate) fn at(deadline: Timestamp, now: Timestamp) -> Self {
        let left = deadline.duration_since(now);
        let left = if left.is_negative() { Duration::ZERO } else { left.unsigned_abs() };
        // what does not fit is too far away to matter
        Self(Instant::now().checked_add(left))
    }

    /// Time left. `None`: there is no deadline.
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Waits for something, but not past the deadline. `None`: it came first.
    pub(crate) async fn wait<T>(self, future: impl Future<Output = T>) -> Option<T> {
        match self.0 {
            Some(end) => timeout_at(end, future).await.ok(),
            None => Some(future.await),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_at_the_deadline_and_what_is_past_leaves_nothing() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let soon = Until::at("2026-01-01T00:00:05Z".parse().unwrap(), now);
        assert_eq!(soon.left(), Some(Duration::from_secs(5)));
        assert_eq!(soon.wait(tokio::time::sleep(Duration::from_secs(4))).await, Some(()));
        assert_eq!(soon.wait(std::future::pending::<()>()).await, None);
        assert_eq!(soon.left(), Some(Duration::ZERO));
        assert_eq!(Until::at("2025-01-01T00:00:00Z".parse().unwrap(), now).left(), Some(Duration::ZERO));
        assert_eq!(Until::none().left(), None);
        assert_eq!(Until::none().wait(std::future::ready(1)).await, Some(1));
    }
}
