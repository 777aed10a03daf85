//! Time and ids of a world.

use super::World;
use crate::ports::{Clock, Identifiers, RandomIdentifiers};
use async_trait::async_trait;
use jiff::Timestamp;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use super::tx::timestamp;

/// Whose time a world lives in.
#[derive(Debug, Clone)]
pub enum WorldTime {
    /// The machine's.
    System,
    /// Its own: the present is stored in the world, starts at 2026-01-01T00:00:00Z and moves only when somebody sleeps on
    /// [`World::clock`]. New ids are counted, not drawn, so that the same calls make the same world.
    Virtual,
    /// That of this clock.
    Given(Arc<dyn Clock>),
}

/// 2026-01-01T00:00:00Z.
pub(super) const VIRTUAL_START_MS: i64 = 1_767_225_600_000;

/// The clock of a world under [`WorldTime::Virtual`].
pub(super) struct VirtualClock {
    world: World,
    /// What was read last: [`Clock::now`] has no way to fail.
    last_ms: AtomicI64,
}

impl VirtualClock {
    pub(super) fn new(world: World) -> Self {
        Self { world, last_ms: AtomicI64::new(VIRTUAL_START_MS) }
    }

    fn show(&self, read: crate::Result<i64>) -> Timestamp {
        match read {
            Ok(ms) => self.last_ms.store(ms, Ordering::SeqCst),
            Err(e) => tracing::warn!("the virtual clock stands still: {e}"),
        }
        timestamp(self.last_ms.load(Ordering::SeqCst))
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VirtualClock({})", self.world)
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.show(self.world.now_ms())
    }

    async fn sleep(&self, duration: Duration) {
        self.show(self.world.advance(duration));
        // A loop that polls on this clock would never let go of its thread otherwise.
        tokio::task::yield_now().await;
    }
}

/// Counts ids in the world.
pub(super) struct CountedIdentifiers(pub(super) World);

impl fmt::Debug for CountedIdentifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CountedIdentifiers({})", self.0)
    }
}

impl Identifiers for CountedIdentifiers {
    fn uuid(&self) -> String {
        self.0.next_identifier().unwrap_or_else(|e| {
            tracing::warn!("an id is drawn at random: {e}");
            RandomIdentifiers.uuid()
        })
    }
}
