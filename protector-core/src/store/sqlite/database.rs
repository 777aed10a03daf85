//! Opening the database: a file that only its owner may read, in write-ahead mode.

use super::migrations;
use crate::store::fault::{Fault, Sql};
use crate::store::{Durability, StoreLocation};
use crate::{Error, Result, process};
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long a call waits for another process to finish its transaction.
pub(in crate::store) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Held while a file is created and opened. SQLite's locks are POSIX locks, and those of a whole process vanish when any
/// descriptor of the file is closed: nobody may have the database open while the descriptor that created it closes.
static OPENING: Mutex<()> = Mutex::new(());

/// Opens a database whose schema is as this build needs it.
pub(super) fn open(location: &StoreLocation, durability: Durability) -> Result<Connection> {
    let mut connection = connect(location, false)?;
    let mut prepare = || -> Sql<()> {
        if *location == StoreLocation::Memory {
            migrations::apply(&mut connection, location)?;
        }
        migrations::check(&connection, location)?;
        configure(&connection, durability)
    };
    prepare().map_err(|fault| fault.at(location))?;
    Ok(connection)
}

/// Creates the database if there is none, and brings its schema up to date.
pub(in crate::store) fn migrate(location: &StoreLocation) -> Result<(u32, u32)> {
    let mut connection = connect(location, true)?;
    let mut migrate = || -> Sql<(u32, u32)> {
        // before the file is touched at all: it may be somebody else's
        migrations::version(&connection, location)?;
        configure(&connection, Durability::Full)?;
        migrations::apply(&mut connection, location)
    };
    migrate().map_err(|fault| fault.at(location))
}

/// The schema version found, 0 for a database that is not there, and the one this build needs. Changes nothing.
pub(in crate::store) fn versions(location: &StoreLocation) -> Result<(u32, u32)> {
    let found = match location {
        StoreLocation::File(path) if !path.exists() => 0,
        _ => migrations::version(&connect(location, false)?, location).map_err(|fault| fault.at(location))?,
    };
    Ok((found, migrations::latest()))
}

fn connect(location: &StoreLocation, create: bool) -> Result<Connection> {
    let connection = match location {
        StoreLocation::Memory => Connection::open_in_memory().map_err(|e| Fault::from(e).at(location))?,
        StoreLocation::File(path) => connect_file(location, path, create)?,
        StoreLocation::Server(server) => return Err(Error::internal(format!("'{server}' is not a file"))),
    };
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|e| Fault::from(e).at(location))?;
    Ok(connection)
}

fn connect_file(location: &StoreLocation, path: &Path, create: bool) -> Result<Connection> {
    // absolute, for messages and because SQLite gives some relative names a meaning of their own
    let path = std::path::absolute(path).map_err(|e| unusable(path, e))?;
    process::may_open(&path)?;
    let _opening = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    match fs::metadata(&path) {
        Ok(found) if found.is_file() => make_private(&path)?,
        Ok(_) => return Err(unusable(&path, io::ErrorKind::IsADirectory.into())),
        Err(e) if e.kind() == io::ErrorKind::NotFound && create => {
            create_file(&path).map_err(|e| unusable(&path, e))?;
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(
                Error::storage(format!("database '{location}' does not exist")).remedy("run: protector-manage db sync")
            );
        }
        Err(e) => return Err(unusable(&path, e)),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(|e| Fault::from(e).at(location))?;
    match connection.is_readonly("main") {
        Ok(false) => Ok(connection),
        Ok(true) => Err(unusable(&path, io::ErrorKind::PermissionDenied.into())),
        Err(e) => Err(Fault::from(e).at(location)),
    }
}

/// An empty file of mode 0600; SQLite gives the same mode to the files it puts beside it. Directories that are missing
/// become private too.
fn create_file(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        // there by now: another process was faster, with the same mode
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Takes away what others may do with an existing database.
fn make_private(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = OsString::from(path);
        name.push(suffix);
        let file = PathBuf::from(name);
        let mode = match fs::metadata(&file) {
            Ok(found) => found.permissions().mode() & 0o777,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(unusable(&file, e)),
        };
        if mode & 0o077 != 0 {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).map_err(|e| unusable(&file, e))?;
            tracing::warn!(
                target: "protector.store",
                "'{}' was open to other users (mode {mode:04o}); it is 0600 now",
                file.display()
            );
        }
    }
    Ok(())
}

fn configure(connection: &Connection, durability: Durability) -> Sql<()> {
    write_ahead(connection)?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Off => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // else SQLite compiles a cached statement anew for nearly every value that is bound to it
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Switches to write-ahead mode, which stays with the file. SQLite does not apply the busy time-out to the switch itself.
fn write_ahead(connection: &Connection) -> Sql<()> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).map_err(Fault::from) {
            Err(fault) if fault.is_busy() && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(10));
            }
            outcome => return outcome,
        }
    }
}

fn unusable(path: &Path, e: io::Error) -> Error {
    let missing_directory = path.parent().filter(|directory| !directory.exists());
    let remedy = match missing_directory {
        Some(directory) => format!("run: sudo install -d -m 0700 -o \"$USER\" '{}'", directory.display()),
        None if path.is_file() => format!("run: sudo chown \"$USER\" '{}'", path.display()),
        None => "set [database] connection to a file in a directory that you may write to".to_owned(),
    };
    Error::storage(format!("cannot use '{}' as database: {e}", path.display())).remedy(remedy).source(e)
}
