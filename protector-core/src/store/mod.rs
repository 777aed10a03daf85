//! The state of one site in SQLite.
//!
//! | file | holds |
//! |---|---|
//! | `location`, `database`, `migrations` | where the data is, opening it, its schema |
//! | `keys`, `tokens` | the key repository behind encrypted tokens; which of them need an older key |
//! | `sites`, `groups`, `operations`, `durations`, `leases`, `stops` | the tables, one noun each |
//! | `columns`, `fault` | values as SQLite keeps them, and how SQLite's errors read outside |

mod columns;
mod database;
mod durations;
mod fault;
mod groups;
mod keys;
mod leases;
mod location;
mod migrations;
mod operations;
mod sites;
mod stops;
mod tokens;

pub use keys::{KeyRing, RotateReport, SetupReport};
pub use location::{Durability, StoreLocation};
pub use migrations::MigrationReport;
pub use tokens::TokenReport;

use crate::model::{GroupRecord, MetadataVersion, OperationId, ProtectionGroupId, Site, SiteName};
use crate::ports::{
    GroupChange, JournalEntry, Lease, LeaseHolder, OperationFilter, StepDurations, StopRequest, Store, StoredOperation,
};
use crate::{Error, Result};
use async_trait::async_trait;
use fault::Sql;
use jiff::Timestamp;
use operations::StoredEntries;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// The state of one site in a SQLite database. Clones share one connection; other processes may have the same file open.
///
/// Calls must be made on a tokio runtime: SQLite works on its blocking threads. A call whose future is dropped still
/// happens, all of it or nothing.
///
/// ```
/// use protector_core::{ports::Store, store::{Durability, SqliteStore, StoreLocation}};
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = SqliteStore::open(StoreLocation::Memory, None, Durability::Full)?;
/// assert!(store.groups().await?.is_empty());
/// assert_eq!(store.to_string(), "SQLite store :memory:");
/// # Ok::<(), protector_core::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    location: StoreLocation,
    connection: Mutex<Connection>,
    keys: Option<KeyRing>,
}

impl SqliteStore {
    /// Opens the state of a site. Reads and writes the disk, so call it at start-up and not between awaits. A database in
    /// memory is new and ready; one on file must have been made by [`SqliteStore::migrate`]. `keys` may be left out as long
    /// as no token is written or read. A file that others may read is made private, with a warning in the log.
    ///
    /// # Errors
    /// missing, no schema, or an older one → `Storage` → `protector-manage db sync`; newer schema, somebody else's database,
    /// or a path that cannot be used → `Storage` naming it and what to do; locked past the time-out → `Transient`.
    pub fn open(location: StoreLocation, keys: Option<KeyRing>, durability: Durability) -> Result<Self> {
        let connection = Mutex::new(database::open(&location, durability)?);
        Ok(Self(Arc::new(Inner { location, connection, keys })))
    }

    /// Creates the database if there is none (mode 0600, missing directories 0700) and brings its schema up to date. May be
    /// run again and by several processes at once.
    ///
    /// # Errors
    /// as [`SqliteStore::open`], except that a missing or older schema is mended.
    pub fn migrate(location: &StoreLocation) -> Result<MigrationReport> {
        let (from, to) = database::migrate(location)?;
        let path = PathBuf::from(location.to_string());
        Ok(MigrationReport { from, to, path })
    }

    /// What [`SqliteStore::migrate`] would do.
    ///
    /// # Errors
    /// as [`SqliteStore::migrate`].
    pub fn migration_needed(location: &StoreLocation) -> Result<MigrationReport> {
        let (from, to) = database::versions(location)?;
        Ok(MigrationReport { from, to, path: PathBuf::from(location.to_string()) })
    }

    /// Runs `work` on the connection, on a thread that may block. The lock is taken and given back on that thread.
    async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection, Option<&KeyRing>) -> Sql<T> + Send + 'static,
    {
        self.run_and(work, Ok).await
    }

    /// Runs `work` on the connection, and then `finish` without it: somebody else has it meanwhile.
    async fn run_and<T, U, F, G>(&self, work: F, finish: G) -> Result<U>
    where
        U: Send + 'static,
        F: FnOnce(&mut Connection, Option<&KeyRing>) -> Sql<T> + Send + 'static,
        G: FnOnce(T) -> Sql<U> + Send + 'static,
    {
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|e| Error::internal("the store was called outside a tokio runtime").source(e))?;
        let inner = Arc::clone(&self.0);
        let done = runtime.spawn_blocking(move || {
            let worked = {
                // a panic in the middle of a transaction has rolled it back
                let mut connection = inner.connection.lock().unwrap_or_else(PoisonError::into_inner);
                work(&mut connection, inner.keys.as_ref())
            };
            worked.and_then(finish).map_err(|fault| fault.at(&inner.location))
        });
        done.await.map_err(|e| Error::internal("a database call did not finish").source(e))?
    }

    /// Runs `work` in a transaction that holds the write lock from the start, so that what it reads stays true until it
    /// commits, in every process.
    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, Option<&KeyRing>) -> Sql<T> + Send + 'static,
    {
        self.run(|connection, keys| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction, keys)?;
            transaction.commit()?;
            Ok(value)
        })
        .await
    }
}

impl fmt::Display for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SQLite store {}", self.0.location)
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("location", &self.0.location)
            .field("keys", &self.0.keys)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn sites(&self) -> Result<Vec<Site>> {
        self.run(|c, _| sites::all(c)).await
    }

    async fn create_site(&self, site: &Site) -> Result<()> {
        let site = site.clone();
        self.write(move |t, _| sites::create(t, &site)).await
    }

    async fn delete_site(&self, name: &SiteName) -> Result<()> {
        let name = name.clone();
        self.write(move |t, _| sites::delete(t, &name)).await
    }

    async fn groups(&self) -> Result<Vec<GroupRecord>> {
        self.run(|c, keys| groups::all(c, keys)).await
    }

    async fn group(&self, id_or_name: &str) -> Result<Option<GroupRecord>> {
        let id_or_name = id_or_name.to_owned();
        self.run(move |c, keys| groups::find(c, keys, &id_or_name)).await
    }

    async fn create_group(&self, record: &GroupRecord) -> Result<()> {
        let record = record.clone();
        self.write(move |t, keys| groups::create(t, keys, &record)).await
    }

    async fn update_group(&self, change: &GroupChange) -> Result<()> {
        let change = change.clone();
        self.write(move |t, keys| groups::update(t, keys, &change)).await
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
            change.map_or(Ok(()), |change| groups::update(t, keys, &change))
        })
        .await
    }

    async fn operation(&self, id: &OperationId) -> Result<Option<StoredOperation>> {
        let id = id.clone();
        self.run(move |c, _| operations::find(c, &id)).await
    }

    async fn operations(&self, filter: &OperationFilter) -> Result<Vec<StoredOperation>> {
        let filter = filter.clone();
        self.run(move |c, _| operations::list(c, &filter)).await
    }

    async fn journal(&self, id: &OperationId, from: u64) -> Result<Vec<JournalEntry>> {
        let id = id.clone();
        self.run_and(move |c, _| operations::journal(c, &id, from, None), StoredEntries::checked).await
    }

    async fn journal_page(&self, id: &OperationId, from: u64, limit: u32) -> Result<Vec<JournalEntry>> {
        let id = id.clone();
        self.run_and(move |c, _| operations::journal(c, &id, from, Some(limit)), StoredEntries::checked).await
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
        self.run(|c, _| durations::all(c)).await
    }

    async fn lease(&self, id: &OperationId) -> Result<Option<Lease>> {
        let id = id.clone();
        self.run(move |c, _| leases::current(c, &id)).await
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
            leases::acquire(t, &id, holder, expires_at, replaces)
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
            stops::request(t, &id, request)
        })
        .await
    }

    async fn stop_request(&self, id: &OperationId) -> Result<Option<StopRequest>> {
        let id = id.clone();
        self.run(move |c, _| stops::pending(c, &id)).await
    }

    async fn withdraw_stop(&self, id: &OperationId, request: &StopRequest) -> Result<()> {
        let (id, request) = (id.clone(), request.clone());
        self.write(move |t, _| stops::withdraw(t, &id, &request)).await
    }
}

/// Ends the hold on the group; nothing is left to stop.
fn close_operation(t: &Transaction<'_>, id: &OperationId) -> Sql<()> {
    operations::close(t, id)?;
    stops::forget(t, id)
}

fn append(
    t: &Transaction<'_>,
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

#[cfg(test)]
mod tests;
