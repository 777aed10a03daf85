//! A store whose writes of journals and of requests to stop somebody watches.

use async_trait::async_trait;
use jiff::Timestamp;
use protector_core::Result;
use protector_core::model::{
    GroupRecord, MetadataVersion, OperationId, ProjectId, ProtectionGroupId, RpoSample, RpoSpan, Site, SiteName,
    Worker, WorkerBeat,
};
use protector_core::ports::{
    GroupChange, GroupFilter, JournalEntry, Lease, LeaseHolder, OperationFilter, StepDurations, StopRequest, Store,
    StoredOperation,
};
use std::fmt;
use std::sync::Arc;

/// Is told of each write; it happens once it was told of before, and is durable when it is told of after. Requests to stop
/// come without entries.
#[async_trait]
pub trait Watcher: fmt::Debug + Send + Sync {
    /// A write is about to happen.
    async fn before(&self, entries: &[JournalEntry]);

    /// It has happened.
    async fn after(&self, entries: &[JournalEntry]);
}

/// `store` under the eyes of `watcher`.
pub fn watched(store: Arc<dyn Store>, watcher: Arc<dyn Watcher>) -> Arc<dyn Store> {
    Arc::new(WatchedStore { inner: store, watcher })
}

#[derive(Debug)]
struct WatchedStore {
    inner: Arc<dyn Store>,
    watcher: Arc<dyn Watcher>,
}

impl fmt::Display for WatchedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl Store for WatchedStore {
    async fn append(
        &self,
        id: &OperationId,
        lease: u64,
        entries: &[JournalEntry],
        change: Option<&GroupChange>,
        close: bool,
    ) -> Result<Option<StopRequest>> {
        self.watcher.before(entries).await;
        let stop = self.inner.append(id, lease, entries, change, close).await?;
        self.watcher.after(entries).await;
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
        self.watcher.before(entries).await;
        self.inner.finish_operation(id, lease, entries, change, durations).await?;
        self.watcher.after(entries).await;
        Ok(())
    }

    async fn check_tokens(&self, record: &GroupRecord) -> Result<()> {
        self.inner.check_tokens(record).await
    }

    async fn durations(&self) -> Result<Vec<StepDurations>> {
        self.inner.durations().await
    }

    async fn record_rpo(&self, samples: &[RpoSample]) -> Result<()> {
        self.inner.record_rpo(samples).await
    }

    async fn rpo_history(&self, group: &ProtectionGroupId) -> Result<Vec<RpoSpan>> {
        self.inner.rpo_history(group).await
    }

    async fn record_worker(&self, beat: &WorkerBeat) -> Result<()> {
        self.inner.record_worker(beat).await
    }

    async fn stop_worker(&self, holder: &LeaseHolder, at: Timestamp) -> Result<()> {
        self.inner.stop_worker(holder, at).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        self.inner.workers().await
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

    async fn group(&self, id_or_name: &str) -> Result<Option<GroupRecord>> {
        self.inner.group(id_or_name).await
    }

    async fn list_groups(&self, filter: &GroupFilter) -> Result<Vec<GroupRecord>> {
        self.inner.list_groups(filter).await
    }

    async fn group_of(&self, project: &ProjectId, id_or_name: &str) -> Result<Option<GroupRecord>> {
        self.inner.group_of(project, id_or_name).await
    }

    async fn create_group(&self, record: &GroupRecord) -> Result<()> {
        self.inner.create_group(record).await
    }

    async fn update_group(&self, change: &GroupChange) -> Result<()> {
        self.inner.update_group(change).await
    }

    async fn agreed_group(&self, id: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.inner.agreed_group(id).await
    }

    async fn agree(&self, record: &GroupRecord) -> Result<()> {
        self.inner.agree(record).await
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

    async fn journal_page(&self, id: &OperationId, from: u64, limit: u32) -> Result<Vec<JournalEntry>> {
        self.inner.journal_page(id, from, limit).await
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
        self.watcher.before(&[]).await;
        let counts = self.inner.request_stop(id, request).await?;
        self.watcher.after(&[]).await;
        Ok(counts)
    }

    async fn stop_request(&self, id: &OperationId) -> Result<Option<StopRequest>> {
        self.inner.stop_request(id).await
    }

    async fn withdraw_stop(&self, id: &OperationId, request: &StopRequest) -> Result<()> {
        self.watcher.before(&[]).await;
        self.inner.withdraw_stop(id, request).await?;
        self.watcher.after(&[]).await;
        Ok(())
    }
}
