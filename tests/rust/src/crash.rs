//! Dying, or freezing for good, at a chosen point of an operation.
//!
//! A point lies right before and right after each write of the journal or of a request to stop, and at the start of each wait. Between the write of
//! a step's intent and that of its outcome lies its effect, so these are all the places between two steps, and those
//! between an effect and the note that it happened.

use async_trait::async_trait;
use jiff::Timestamp;
use protector_core::Result;
use protector_core::engine::{Engine, StorageDefaults};
use protector_core::exec::{Endpoints, Limits};
use protector_core::model::{GroupRecord, MetadataVersion, OperationId, ProtectionGroupId, Site, SiteName};
use protector_core::ports::{
    Clock, GroupChange, JournalEntry, Lease, LeaseHolder, OperationFilter, StepDurations, StopRequest, Store,
    StoredOperation,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use std::{fmt, time::Duration};
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

    async fn point(&self) {
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
    let store = Arc::new(CrashingStore { inner: endpoints.store.clone(), fuse: fuse.clone() });
    let clock = Arc::new(CrashingClock { inner: endpoints.clock.clone(), fuse: fuse.clone() });
    let endpoints = Endpoints { store, clock, ..endpoints };
    Engine::new(engine.site().clone(), endpoints, StorageDefaults::default(), Limits::SEQUENTIAL)
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

#[derive(Debug)]
struct CrashingStore {
    inner: Arc<dyn Store>,
    fuse: Arc<Fuse>,
}

impl fmt::Display for CrashingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl Store for CrashingStore {
    async fn append(
        &self,
        id: &OperationId,
        lease: u64,
        entries: &[JournalEntry],
        change: Option<&GroupChange>,
        close: bool,
    ) -> Result<Option<StopRequest>> {
        self.fuse.point().await;
        let stop = self.inner.append(id, lease, entries, change, close).await?;
        self.fuse.point().await;
        Ok(stop)
    }

    async fn finish_operation(
        &self,
        id: &OperationId,
        lease: u64,
        entries: &[JournalEntry],
        change: Option<&GroupChange>,
        durations: &[StepDurations],
    ) -> Result<()> {
        self.fuse.point().await;
        self.inner.finish_operation(id, lease, entries, change, durations).await?;
        self.fuse.point().await;
        Ok(())
    }

    async fn durations(&self) -> Result<Vec<StepDurations>> {
        self.inner.durations().await
    }

    async fn sites(&self) -> Result<Vec<Site>> {
        self.inner.sites().await
    }

    async fn create_site(&self, site: &Site) -> Result<()> {
        self.inner.create_site(site).await
    }

    async fn delete_site(&self, name: &SiteName) -> Result<()> {
        self.inner.delete_site(name).await
    }

    async fn groups(&self) -> Result<Vec<GroupRecord>> {
        self.inner.groups().await
    }

    async fn group(&self, id_or_name: &str) -> Result<Option<GroupRecord>> {
        self.inner.group(id_or_name).await
    }

    async fn create_group(&self, record: &GroupRecord) -> Result<()> {
        self.inner.create_group(record).await
    }

    async fn update_group(&self, change: &GroupChange) -> Result<()> {
        self.inner.update_group(change).await
    }

    async fn delete_group(&self, id: &ProtectionGroupId, expected: MetadataVersion) -> Result<()> {
        self.inner.delete_group(id, expected).await
    }

    async fn begin_operation(
        &self,
        operation: &StoredOperation,
        entries: &[JournalEntry],
        change: Option<&GroupChange>,
    ) -> Result<()> {
        self.inner.begin_operation(operation, entries, change).await
    }

    async fn operation(&self, id: &OperationId) -> Result<Option<StoredOperation>> {
        self.inner.operation(id).await
    }

    async fn operations(&self, filter: &OperationFilter) -> Result<Vec<StoredOperation>> {
        self.inner.operations(filter).await
    }

    async fn journal(&self, id: &OperationId, from: u64) -> Result<Vec<JournalEntry>> {
        self.inner.journal(id, from).await
    }

    async fn lease(&self, id: &OperationId) -> Result<Option<Lease>> {
        self.inner.lease(id).await
    }

    async fn acquire_lease(
        &self,
        id: &OperationId,
        holder: &LeaseHolder,
        expires_at: Timestamp,
        replaces: Option<u64>,
    ) -> Result<Lease> {
        self.inner.acquire_lease(id, holder, expires_at, replaces).await
    }

    async fn release_lease(&self, id: &OperationId, generation: u64) -> Result<()> {
        self.inner.release_lease(id, generation).await
    }

    async fn renew_lease(&self, id: &OperationId, generation: u64, expires_at: Timestamp) -> Result<Lease> {
        self.inner.renew_lease(id, generation, expires_at).await
    }

    async fn request_stop(&self, id: &OperationId, request: &StopRequest) -> Result<StopRequest> {
        self.fuse.point().await;
        let counts = self.inner.request_stop(id, request).await?;
        self.fuse.point().await;
        Ok(counts)
    }

    async fn stop_request(&self, id: &OperationId) -> Result<Option<StopRequest>> {
        self.inner.stop_request(id).await
    }

    async fn withdraw_stop(&self, id: &OperationId, request: &StopRequest) -> Result<()> {
        self.fuse.point().await;
        self.inner.withdraw_stop(id, request).await?;
        self.fuse.point().await;
        Ok(())
    }
}
