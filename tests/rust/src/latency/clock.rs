//! Time for many sleepers at once.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use protector_core::ports::Clock;
use std::time::Duration;
use tokio::time::Instant;

/// The time of the tokio runtime, moved to another day. Where it is paused it jumps to the next wake-up when all tasks
/// sleep, and stands still while a database call is on its way on another thread.
#[derive(Debug, Clone, Copy)]
pub struct RuntimeClock {
    start: Timestamp,
    origin: Instant,
}

impl RuntimeClock {
    /// A clock that shows `start` now.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, origin: Instant::now() }
    }
}

#[async_trait]
impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        self.start + SignedDuration::try_from(self.origin.elapsed()).unwrap_or(SignedDuration::MAX)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
