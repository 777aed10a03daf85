//! Opening a world, and doing things in it one transaction at a time.

use super::clock::{CountedIdentifiers, VIRTUAL_START_MS, VirtualClock};
use super::tx::{Tx, sql_error};
use super::{WorldTime, schema, settle};
use crate::ports::{Clock, Identifiers, RandomIdentifiers, SystemClock};
use crate::{Error, Result, process};
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, config::DbConfig};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long a call waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements kept prepared: more than the world has.
const STATEMENT_CACHE: usize = 256;

/// Where a world is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorldLocation {
    /// Gone with the last [`World`] value.
    Memory,
    /// In this file, which may be shared by processes. A path that is a directory stands for `world.db` inside.
    File(PathBuf),
}

impl fmt::Display for WorldLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str(":memory:"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// A simulated world. Clones are the same world.
#[derive(Clone)]
pub struct World(Arc<Inner>);

struct Inner {
    location: WorldLocation,
    time: WorldTime,
    connection: Mutex<Connection>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("location", &self.0.location).field("time", &self.0.time).finish_non_exhaustive()
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "simulated world {}", self.0.location)
    }
}

impl World {
    /// Opens a world; an empty one is made if there is none. A new file is readable by its owner alone, missing
    /// directories are created.
    ///
    /// # Errors
    /// path not writable, or the file is no world of this version → `Storage` → the remedy says what to run; held by
    /// another process for 5 s → `Transient` → try again.
    pub fn open(location: &WorldLocation, time: WorldTime) -> Result<Self> {
        let location = match location {
            WorldLocation::File(path) if path.is_dir() || path.as_os_str().to_string_lossy().ends_with('/') => {
                WorldLocation::File(path.join("world.db"))
            }
            other => other.clone(),
        };
        let mut connection = match &location {
            WorldLocation::Memory => Connection::open_in_memory().map_err(sql_error)?,
            WorldLocation::File(path) => open_file(path)?,
        };
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        connection.pragma_update(None, "foreign_keys", true).map_err(sql_error)?;
        // else SQLite compiles a cached statement anew for nearly every value that is bound to it
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(sql_error)?;
        schema::prepare(&mut connection).map_err(|e| e.context(&location))?;
        if matches!(time, WorldTime::Virtual) {
            let start = "UPDATE bookkeeping SET now_ms = ?1 WHERE now_ms IS NULL";
            connection.execute(start, [VIRTUAL_START_MS]).map_err(sql_error)?;
        }
        Ok(Self(Arc::new(Inner { location, time, connection: Mutex::new(connection) })))
    }

    /// Where it is kept; a directory given to [`World::open`] is resolved to the file.
    pub fn location(&self) -> &WorldLocation {
        &self.0.location
    }

    /// Whether it outlives the process.
    pub fn persistent(&self) -> bool {
        self.0.location != WorldLocation::Memory
    }

    /// The clock that arrays and clouds of this world go by.
    pub fn clock(&self) -> Arc<dyn Clock> {
        match &self.0.time {
            WorldTime::System => Arc::new(SystemClock),
            WorldTime::Virtual => Arc::new(VirtualClock::new(self.clone())),
            WorldTime::Given(clock) => Arc::clone(clock),
        }
    }

    /// Where ids of new objects come from.
    pub fn identifiers(&self) -> Arc<dyn Identifiers> {
        match &self.0.time {
            WorldTime::Virtual => Arc::new(CountedIdentifiers(self.clone())),
            WorldTime::System | WorldTime::Given(_) => Arc::new(RandomIdentifiers),
        }
    }

    /// Observes the world at one instant.
    pub(super) fn read<T>(&self, observe: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        self.read_as(observe)
    }

    /// [`World::read`] for observers with an error type of their own.
    pub(super) fn read_as<T, E: From<Error>>(&self, observe: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut connection = self.lock();
        let now_ms = self.present(&connection)?;
        if settle::is_due(&self.tx(&connection, now_ms))? {
            let sql = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql_error)?;
            settle::settle(&self.tx(&sql, now_ms))?;
            sql.commit().map_err(sql_error)?;
        }
        let sql = connection.transaction().map_err(sql_error)?;
        observe(&self.tx(&sql, now_ms))
    }

    /// Changes the world in one transaction: all of `change`, or on error nothing. What was due before is settled first.
    pub(super) fn mutate<T>(&self, change: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        self.mutate_as(change)
    }

    /// [`World::mutate`] for changes with an error type of their own.
    pub(super) fn mutate_as<T, E: From<Error>>(&self, change: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut connection = self.lock();
        let sql = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql_error)?;
        let tx = self.tx(&sql, self.present(&sql)?);
        settle::settle(&tx)?;
        let changes_before = tx.changes();
        let value = change(&tx)?;
        if tx.changes() > changes_before {
            settle::follow(&tx)?;
            tx.execute("UPDATE bookkeeping SET mutations = mutations + 1", [])?;
        }
        sql.commit().map_err(sql_error)?;
        Ok(value)
    }

    pub(super) fn now_ms(&self) -> Result<i64> {
        self.present(&self.lock())
    }

    /// Moves the virtual present forward; by a millisecond at least, so that no wait is endless.
    pub(super) fn advance(&self, by: Duration) -> Result<i64> {
        let millis = i64::try_from(by.as_micros().div_ceil(1_000)).unwrap_or(i64::MAX);
        let mut connection = self.lock();
        let sql = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql_error)?;
        let now_ms = self.present(&sql)?.saturating_add(millis.max(1)).min(Timestamp::MAX.as_millisecond());
        sql.execute("UPDATE bookkeeping SET now_ms = ?1", [now_ms]).map_err(sql_error)?;
        sql.commit().map_err(sql_error)?;
        Ok(now_ms)
    }

    pub(super) fn next_identifier(&self) -> Result<String> {
        let mut connection = self.lock();
        let sql = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql_error)?;
        let id = self.tx(&sql, 0).new_id()?;
        sql.commit().map_err(sql_error)?;
        Ok(id)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic under the lock rolled its transaction back; the connection is sound.
        self.0.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tx<'a>(&self, sql: &'a Connection, now_ms: i64) -> Tx<'a> {
        Tx::new(sql, now_ms, matches!(self.0.time, WorldTime::Virtual))
    }

    fn present(&self, sql: &Connection) -> Result<i64> {
        match &self.0.time {
            WorldTime::System => Ok(Timestamp::now().as_millisecond()),
            WorldTime::Given(clock) => Ok(clock.now().as_millisecond()),
            WorldTime::Virtual => sql
                .prepare_cached("SELECT now_ms FROM bookkeeping")
                .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
                .map_err(sql_error),
        }
    }
}

fn open_file(path: &Path) -> Result<Connection> {
    let cannot = |source: Box<dyn std::error::Error + Send + Sync>| {
        let directory = path.parent().unwrap_or(path).display();
        Error::storage(format!("the simulated world '{}' cannot be opened: {source}", path.display()))
            .remedy(format!("mkdir -p {directory}; chown protector:protector {directory}"))
            .source(source)
    };
    process::may_open(path)?;
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(|e| cannot(e.into()))?;
    }
    let is_new = !path.exists();
    let connection = Connection::open(path).map_err(|e| cannot(e.into()))?;
    if is_new {
        // Not by opening the file ourselves: closing such a handle would drop SQLite's locks in this process.
        keep_private(path).map_err(|e| cannot(e.into()))?;
    }
    let configure = || {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")
    };
    configure().map_err(|e| cannot(e.into()))?;
    Ok(connection)
}

#[cfg(unix)]
fn keep_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn keep_private(_path: &Path) -> std::io::Result<()> {
    Ok(())
}
