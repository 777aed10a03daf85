//! Dying, or freezing for good, at a chosen point of an operation.
//!
//! A point lies right before and right after each write of the journal or of a request to stop, and at the start of each wait. Between the write of
//! a step's intent and that of its outcome lies its effect, so these are all the places between two steps, and those
//! between an effect and the note that it happened.

use crate::watched::{Watcher, watched};
use async_trait::async_trait;
use jiff::Timestamp;
use protector_core::engine::{Engine, StorageDefaults};
use protector_core::exec::{Endpoints, Limits};
use protector_core::ports::{Clock, JournalEntry};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use std::time::Duration;
use tokio::sync::Notify;

/// Counts points, and ends what runs at one of them.
#[derive(Debug)]
pub struct Fuse {
    ends_at: u64,
    passed: AtomicU64,
    end: End,
}

#[derive(Debug)]
enum End {
    /// This process dies.
    Kill,
    /// The call never returns; whoever waits for this may drop it, and nothing of it runs on.
    Freeze(Notify),
}

impl Fuse {
    /// Kills this process at the point number `dies_at`, counted from 1.
    pub fn new(dies_at: u64) -> Arc<Self> {
        Arc::new(Self { ends_at: dies_at, passed: AtomicU64::new(0), end: End::Kill })
    }

    /// Freezes the call at the point number `freezes_at`, counted from 1: to those outside as if its process had died, but
    /// cheap enough for thousands of runs.
    pub fn freezing(freezes_at: u64) -> Arc<Self> {
        Arc::new(Self { ends_at: freezes_at, passed: AtomicU64::new(0), end: End::Freeze(Notify::new()) })
    }

    /// Waits for the call to freeze.
    pub async fn frozen(&self) {
        match &self.end {
            End::Kill => std::future::pending().await,
            End::Freeze(notify) => notify.notified().await,
        }
    }

    /// Passes a point, or ends at it.
    pub async fn point(&self) {
        if self.passed.fetch_add(1, Ordering::SeqCst) + 1 != self.ends_at {
            return;
        }
        match &self.end {
            End::Kill => kill_this_process(),
            End::Freeze(notify) => {
                notify.notify_one();
                std::future::pending::<()>().await;
            }
        }
    }
}

/// SIGKILL: no destructor runs, no buffer is flushed.
fn kill_this_process() -> ! {
    // the shell's own `kill`, so that no program has to be installed; its parent is this process
    let sent = std::process::Command::new("sh").args(["-c", "kill -9 $PPID"]).status();
    // reached only if there is no shell
    drop(sent);
    std::process::abort()
}

/// `engine` over a store and a clock that burn `fuse`.
pub fn with_fuse(engine: &Engine, fuse: &Arc<Fuse>) -> Engine {
    let endpoints = engine.endpoints().clone();
    let store = watched(endpoints.store.clone(), fuse.clone());
    let clock = Arc::new(CrashingClock { inner: endpoints.clock.clone(), fuse: fuse.clone() });
    let endpoints = Endpoints { store, clock, ..endpoints };
    Engine::new(engine.site().clone(), endpoints, StorageDefaults::default(), Limits::SEQUENTIAL)
}

#[async_trait]
impl Watcher for Fuse {
    async fn before(&self, _: &[JournalEntry]) {
        self.point().await;
    }

    async fn after(&self, _: &[JournalEntry]) {
        self.point().await;
    }
}

#[derive(Debug)]
struct CrashingClock {
    inner: Arc<dyn Clock>,
    fuse: Arc<Fuse>,
}

#[async_trait]
impl Clock for CrashingClock {
    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.fuse.point().await;
        self.inner.sleep(duration).await;
    }
}
