//! The port: each call is one transaction on the tables.

use super::fault::Sql;
use super::operations::StoredEntries;
use super::sql::Tables;
use super::{KeyRing, SqlStore, agreed, durations, groups, leases, operations, rpo, sites, stops, workers};
use crate::Result;
use crate::model::{
    GroupRecord, LeaseHolder, MetadataVersion, OperationId, ProjectId, ProtectionGroupId, RpoSample, RpoSpan, Site,
    SiteName, Worker, WorkerBeat,
};
use crate::ports::{
    GroupChange, GroupFilter, JournalEntry, Lease, OperationFilter, StepDurations, StopRequest, Store, StoredOperation,
};
use async_trait::async_trait;
use jiff::Timestamp;

#[async_trait]
impl Store for SqlStore {
    async fn sites(&self) -> Result<Vec<Site>> {
        self.run(|t, _| sites::all(t)).await
    }

    async fn create_site(&self, site: &Site) -> Result<()> {
        let site = site.clone();
        self.write(move |t, _| sites::create(t, &site)).await
    }

    async fn delete_site(&self, name: &SiteName) -> Result<()> {
        let name = name.clone();
        self.write(move |t, _| sites::delete(t, &name)).await
    }

    async fn list_groups(&self, filter: &GroupFilter) -> Result<Vec<GroupRecord>> {
        let filter = filter.clone();
        self.run(move |t, keys| groups::list(t, keys, &filter)).await
    }

    async fn group(&self, id_or_name: &str) -> Result<Option<GroupRecord>> {
        let id_or_name = id_or_name.to_owned();
        self.run(move |t, keys| groups::find(t, keys, None, &id_or_name)).await
    }

    async fn group_of(&self, project: &ProjectId, id_or_name: &str) -> Result<Option<GroupRecord>> {
        let (project, id_or_name) = (project.clone(), id_or_name.to_owned());
        self.run(move |t, keys| groups::find(t, keys, Some(&project), &id_or_name)).await
    }

    async fn create_group(&self, record: &GroupRecord) -> Result<()> {
        let record = record.clone();
        self.write(move |t, keys| groups::create(t, keys, &record)).await
    }

    async fn update_group(&self, change: &GroupChange) -> Result<()> {
        let change = change.clone();
        self.write(move |t, keys| groups::update(t, keys, &change)).await
    }

    async fn agreed_group(&self, id: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        let id = id.clone();
        self.run(move |t, _| agreed::find(t, &id)).await
    }

    async fn agree(&self, record: &GroupRecord) -> Result<()> {
        let record = record.clone();
        self.write(move |t, _| agreed::keep(t, &record)).await
    }

    async fn check_tokens(&self, record: &GroupRecord) -> Result<()> {
        let record = record.clone();
        self.run(move |_, keys| groups::check_tokens(keys, &record)).await
    }

    async fn delete_group(&self, id: &ProtectionGroupId, expected: MetadataVersion) -> Result<()> {
        let id = id.clone();
        self.write(move |t, _| groups::delete(t, &id, expected)).await
    }

    async fn begin_operation(
        &self,
        operation: &StoredOperation,
        entries: &[JournalEntry],
        change: Option<&GroupChange>,
    ) -> Result<()> {
        let (operation, entries, change) = (operation.clone(), entries.to_vec(), change.cloned());
        self.write(move |t, keys| {
            operations::begin(t, &operation)?;
            operations::append(t, &operation.id, &entries)?;
            change.as_ref().map_or(Ok(()), |change| groups::update(t, keys, change))
        })
        .await
    }

    async fn operation(&self, id: &OperationId) -> Result<Option<StoredOperation>> {
        let id = id.clone();
        self.run(move |t, _| operations::find(t, &id)).await
    }

    async fn operations(&self, filter: &OperationFilter) -> Result<Vec<StoredOperation>> {
        let filter = filter.clone();
        self.run(move |t, _| operations::list(t, &filter)).await
    }

    async fn journal(&self, id: &OperationId, from: u64) -> Result<Vec<JournalEntry>> {
        let id = id.clone();
        self.run_and(move |t, _| operations::journal(t, &id, from, None), StoredEntries::checked).await
    }

    async fn journal_page(&self, id: &OperationId, from: u64, limit: u32) -> Result<Vec<JournalEntry>> {
        let id = id.clone();
        self.run_and(move |t, _| operations::journal(t, &id, from, Some(limit)), StoredEntries::checked).await
    }

    async fn append(
        &self,
        id: &OperationId,
        lease: u64,
        entries: &[JournalEntry],
        change: Option<&GroupChange>,
        close: bool,
    ) -> Result<Option<StopRequest>> {
        let (id, entries, change) = (id.clone(), entries.to_vec(), change.cloned());
        self.write(move |t, keys| {
            append(t, keys, &id, lease, &entries, change.as_ref())?;
            if close {
                close_operation(t, &id)?;
            }
            stops::pending(t, &id)
        })
        .await
    }

    async fn finish_operation(
        &self,
        id: &OperationId,
        lease: u64,
        entries: &[JournalEntry],
        change: Option<&GroupChange>,
        durations: &[StepDurations],
    ) -> Result<()> {
        let (id, entries, change, durations) = (id.clone(), entries.to_vec(), change.cloned(), durations.to_vec());
        self.write(move |t, keys| {
            append(t, keys, &id, lease, &entries, change.as_ref())?;
            durations.iter().try_for_each(|kind| durations::add(t, kind))?;
            close_operation(t, &id)
        })
        .await
    }

    async fn durations(&self) -> Result<Vec<StepDurations>> {
        self.run(|t, _| durations::all(t)).await
    }

    async fn lease(&self, id: &OperationId) -> Result<Option<Lease>> {
        let id = id.clone();
        self.run(move |t, _| leases::current(t, &id)).await
    }

    async fn acquire_lease(
        &self,
        id: &OperationId,
        holder: &LeaseHolder,
        expires_at: Timestamp,
        replaces: Option<u64>,
    ) -> Result<Lease> {
        let (id, holder) = (id.clone(), holder.clone());
        self.write(move |t, _| {
            operations::require(t, &id)?;
            leases::acquire(t, &id, &holder, expires_at, replaces)
        })
        .await
    }

    async fn release_lease(&self, id: &OperationId, generation: u64) -> Result<()> {
        let id = id.clone();
        self.write(move |t, _| leases::release(t, &id, generation)).await
    }

    async fn renew_lease(&self, id: &OperationId, generation: u64, expires_at: Timestamp) -> Result<Lease> {
        let id = id.clone();
        self.write(move |t, _| leases::renew(t, &id, generation, expires_at)).await
    }

    async fn request_stop(&self, id: &OperationId, request: &StopRequest) -> Result<StopRequest> {
        let (id, request) = (id.clone(), request.clone());
        self.write(move |t, _| {
            operations::require(t, &id)?;
            stops::request(t, &id, &request)
        })
        .await
    }

    async fn stop_request(&self, id: &OperationId) -> Result<Option<StopRequest>> {
        let id = id.clone();
        self.run(move |t, _| stops::pending(t, &id)).await
    }

    async fn withdraw_stop(&self, id: &OperationId, request: &StopRequest) -> Result<()> {
        let (id, request) = (id.clone(), request.clone());
        self.write(move |t, _| stops::withdraw(t, &id, &request)).await
    }

    async fn record_rpo(&self, samples: &[RpoSample]) -> Result<()> {
        let samples = samples.to_vec();
        self.write(move |t, _| samples.iter().try_for_each(|sample| rpo::record(t, sample))).await
    }

    async fn rpo_history(&self, group: &ProtectionGroupId) -> Result<Vec<RpoSpan>> {
        let group = group.clone();
        self.run(move |t, _| rpo::history(t, &group)).await
    }

    async fn record_worker(&self, beat: &WorkerBeat) -> Result<()> {
        let beat = beat.clone();
        self.write(move |t, _| workers::record(t, &beat)).await
    }

    async fn stop_worker(&self, holder: &LeaseHolder, at: Timestamp) -> Result<()> {
        let holder = holder.clone();
        self.write(move |t, _| workers::stop(t, &holder, at)).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        self.run(|t, _| workers::all(t)).await
    }
}

/// Ends the hold on the group; nothing is left to stop.
fn close_operation(t: &mut dyn Tables, id: &OperationId) -> Sql<()> {
    operations::close(t, id)?;
    stops::forget(t, id)
}

fn append(
    t: &mut dyn Tables,
    keys: Option<&KeyRing>,
    id: &OperationId,
    lease: u64,
    entries: &[JournalEntry],
    change: Option<&GroupChange>,
) -> Sql<()> {
    operations::require(t, id)?;
    leases::require(t, id, lease)?;
    operations::append(t, id, entries)?;
    change.map_or(Ok(()), |change| groups::update(t, keys, change))
}
