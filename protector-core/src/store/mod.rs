//! The state of one site in a database: a SQLite file, or a MariaDB server.
//!
//! | file | holds |
//! |---|---|
//! | `location` | where the data is |
//! | `keys`, `tokens` | the key repository behind encrypted tokens; which of them need an older key |
//! | `sites`, `groups`, `belongings`, `agreed`, `rpo`, `operations`, `durations`, `leases`, `stops`, `workers` | the tables, one noun each |
//! | `sql` | what the tables ask of a database |
//! | `sqlite`, `mariadb` | the databases: opening, schema, transactions |
//! | `server` | where a server is |
//! | `port` | the port: each call in a transaction of its own |
//! | `examine` | whether all of it can be read |
//! | `columns`, `fault` | values as they are kept, and how a database's errors read outside |

mod agreed;
mod belongings;
mod columns;
mod durations;
mod examine;
mod fault;
mod groups;
mod keys;
mod leases;
mod location;
#[cfg(feature = "mariadb")]
mod mariadb;
#[cfg(not(feature = "mariadb"))]
#[path = "no_mariadb.rs"]
mod mariadb;
mod operations;
mod port;
mod rpo;
mod server;
mod sites;
mod sql;
mod sqlite;
mod stops;
mod tokens;
mod workers;

pub use examine::{StoreCheck, StoreProblem};
pub use keys::{KeyRing, RotateReport, SetupReport};
pub use location::{Durability, StoreLocation};
pub use server::DatabaseServer;
pub use tokens::TokenReport;

use crate::caller::{read_blocking, spawn_blocking};
use crate::process::Call;
use crate::{Error, Result};
use fault::Sql;
use sql::{Database, Tables};
use sqlite::Sqlite;
use std::{fmt, sync::Arc};

/// The state of one site in a database. Clones share its connections; other processes may use the same database.
///
/// Calls must be made on a tokio runtime: databases work on its blocking threads. A call whose future is dropped still
/// happens, all of it or nothing.
///
/// ```
/// use protector_core::{ports::Store, store::{Durability, SqlStore, StoreLocation}};
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = SqlStore::open(StoreLocation::Memory, None, Durability::Full)?;
/// assert!(store.groups().await?.is_empty());
/// assert_eq!(store.to_string(), "store :memory:");
/// # Ok::<(), protector_core::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqlStore(Arc<Inner>);

struct Inner {
    location: StoreLocation,
    database: Box<dyn Database>,
    keys: Option<KeyRing>,
}

/// What [`SqlStore::migrate`] did. Equal versions: nothing was to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationReport {
    /// Schema version found; 0 for none.
    pub from: u32,
    /// Schema version now.
    pub to: u32,
    /// The database.
    pub location: StoreLocation,
}

impl SqlStore {
    /// Opens the state of a site. Reads and writes the disk or asks the server, so call it at start-up and not between
    /// awaits. A database in memory is new and ready; another one must have been made by [`SqlStore::migrate`]. `keys` may be
    /// left out as long as no token is written or read. A file that others may read is made private, with a warning in the
    /// log. `durability` is about files; a server has its own.
    ///
    /// # Errors
    /// missing, no schema, or an older one → `Storage` → `protector-manage db sync`; newer schema, somebody else's database,
    /// or a path that cannot be used → `Storage` naming it and what to do; locked past the time-out → `Transient`; server
    /// that does not answer → `Unreachable`, that does not accept the credentials → `Unauthenticated`.
    pub fn open(location: StoreLocation, keys: Option<KeyRing>, durability: Durability) -> Result<Self> {
        let database: Box<dyn Database> = match &location {
            StoreLocation::Memory | StoreLocation::File(_) => Box::new(Sqlite::open(location.clone(), durability)?),
            StoreLocation::Server(server) => mariadb::open(server)?,
        };
        Ok(Self(Arc::new(Inner { location, database, keys })))
    }

    /// Creates what is missing (a file with mode 0600, directories with 0700; the database on a server must be there) and
    /// brings the schema up to date. May be run again and by several processes at once.
    ///
    /// # Errors
    /// as [`SqlStore::open`], except that a missing or older schema is mended.
    pub fn migrate(location: &StoreLocation) -> Result<MigrationReport> {
        let (from, to) = match location {
            StoreLocation::Memory | StoreLocation::File(_) => sqlite::database::migrate(location)?,
            StoreLocation::Server(server) => mariadb::migrate(server)?,
        };
        Ok(MigrationReport { from, to, location: location.clone() })
    }

    /// What [`SqlStore::migrate`] would do.
    ///
    /// # Errors
    /// as [`SqlStore::migrate`].
    pub fn migration_needed(location: &StoreLocation) -> Result<MigrationReport> {
        let (from, to) = match location {
            StoreLocation::Memory | StoreLocation::File(_) => sqlite::database::versions(location)?,
            StoreLocation::Server(server) => (mariadb::version(server)?, sqlite::migrations::latest()),
        };
        Ok(MigrationReport { from, to, location: location.clone() })
    }

    /// Runs `work` on a connection, on a thread that may block.
    async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Tables, Option<&KeyRing>) -> Sql<T> + Send + 'static,
    {
        self.run_and(work, Ok).await
    }

    /// Runs `work` on a connection, and then `finish` without it: somebody else has it meanwhile.
    async fn run_and<T, U, F, G>(&self, mut work: F, finish: G) -> Result<U>
    where
        T: 'static,
        U: Send + 'static,
        F: FnMut(&mut dyn Tables, Option<&KeyRing>) -> Sql<T> + Send + 'static,
        G: FnOnce(T) -> Sql<U> + Send + 'static,
    {
        let read = move |inner: &Inner| {
            let mut found = None;
            inner.database.read(&mut |t| {
                found = Some(work(t, inner.keys.as_ref())?);
                Ok(())
            })?;
            finish(found.ok_or_else(not_run)?).map_err(|fault| fault.at(&inner.location))
        };
        read_blocking(self.call(read)?).await.map_err(not_finished)?
    }

    /// Runs `work` in a transaction beside which nobody writes, so that what it reads stays true until it commits, in every
    /// process.
    async fn write<T, F>(&self, mut work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Tables, Option<&KeyRing>) -> Sql<T> + Send + 'static,
    {
        let write = move |inner: &Inner| {
            let mut made = None;
            inner.database.write(&mut |t| {
                made = Some(work(t, inner.keys.as_ref())?);
                Ok(())
            })?;
            made.ok_or_else(not_run)
        };
        self.blocking(write).await
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Inner) -> Result<T> + Send + 'static) -> Result<T> {
        spawn_blocking(self.call(work)?).await.map_err(not_finished)?
    }

    /// A call of the database, to be made where it may block.
    fn call<T, F: FnOnce(&Inner) -> Result<T>>(&self, work: F) -> Result<impl FnOnce() -> Result<T> + use<T, F>> {
        tokio::runtime::Handle::try_current()
            .map_err(|e| Error::internal("the store was called outside a tokio runtime").source(e))?;
        // it goes on when nobody waits for it any more
        let (inner, call) = (Arc::clone(&self.0), Call::begin()?);
        Ok(move || {
            let done = work(&inner);
            drop((inner, call));
            done
        })
    }
}

fn not_finished(e: tokio::task::JoinError) -> Error {
    Error::internal("a database call did not finish").source(e)
}

fn not_run() -> Error {
    Error::internal("a database did not run what it was asked to")
}

impl fmt::Display for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store {}", self.0.location)
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore")
            .field("location", &self.0.location)
            .field("keys", &self.0.keys)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
