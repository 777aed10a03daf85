//! What goes wrong inside a transaction, and how it reads outside.

use crate::{Error, ErrorKind};
use rusqlite::ErrorCode;
use std::fmt::Display;

/// Inside a transaction: SQLite's own errors and refusals of ours go the same way, up to [`Fault::at`].
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite failed.
    Sqlite(rusqlite::Error),
    /// A server, or the way to it, failed.
    Mariadb(mysql::Error),
    /// A rule of the port forbids it, or a stored value is not what it must be.
    Refused(Error),
}

/// Result inside a transaction.
pub(super) type Sql<T> = Result<T, Fault>;

impl From<rusqlite::Error> for Fault {
    fn from(e: rusqlite::Error) -> Self {
        Self::Sqlite(e)
    }
}

impl From<mysql::Error> for Fault {
    fn from(e: mysql::Error) -> Self {
        Self::Mariadb(e)
    }
}

impl From<Error> for Fault {
    fn from(e: Error) -> Self {
        Self::Refused(e)
    }
}

impl Fault {
    /// Whether another connection was in the way for longer than the busy time-out.
    pub(super) fn is_busy(&self) -> bool {
        matches!(
            self,
            Self::Sqlite(rusqlite::Error::SqliteFailure(e, _))
                if matches!(e.code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        )
    }

    /// The error for callers, naming the database.
    pub(super) fn at(self, location: &impl Display) -> Error {
        let busy = self.is_busy();
        match self {
            Self::Refused(e) => e,
            Self::Mariadb(e) => of_server(e, location),
            Self::Sqlite(e) => of_file(e, busy, location),
        }
    }
}

fn of_file(e: rusqlite::Error, busy: bool, location: &impl Display) -> Error {
    let (kind, remedy) = match e.sqlite_error_code() {
        _ if busy => (ErrorKind::Transient, "another process holds it; try again".to_owned()),
        Some(ErrorCode::ConstraintViolation) => (ErrorKind::Internal, "please report it".to_owned()),
        Some(ErrorCode::DiskFull) => (ErrorKind::Storage, "free some space on that file system".to_owned()),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            (ErrorKind::Storage, format!("run: ls -l '{location}', and see who owns it"))
        }
        Some(ErrorCode::NotADatabase) => {
            (ErrorKind::Storage, "name another file in [database] connection, or move this one away".to_owned())
        }
        Some(ErrorCode::DatabaseCorrupt) => (ErrorKind::Storage, "restore it from a backup".to_owned()),
        _ => (ErrorKind::Storage, format!("run: protector-manage doctor; or look at '{location}'")),
    };
    Error::new(kind, format!("database '{location}': {e}")).remedy(remedy).source(e)
}

/// By the numbers that MariaDB and MySQL share.
fn of_server(e: mysql::Error, location: &impl Display) -> Error {
    let (kind, remedy) = match &e {
        mysql::Error::MySqlError(said) => match said.code {
            1045 | 1698 => (ErrorKind::Unauthenticated, "mend user and password in [database] connection"),
            1044 | 1142 | 1227 => (ErrorKind::Forbidden, "grant the user all privileges on that database"),
            1049 => (ErrorKind::Storage, "create it on the server: CREATE DATABASE, then: protector-manage db sync"),
            1205 | 1213 => (ErrorKind::Transient, "another process holds it; try again"),
            1040 | 1203 => {
                (ErrorKind::Transient, "the server has too many connections; try again, or raise max_connections")
            }
            1153 => (ErrorKind::LimitReached, "raise max_allowed_packet on the server, to 64M for example"),
            1021 | 1114 => (ErrorKind::Storage, "free some space on the server"),
            1290 | 1836 => (ErrorKind::Storage, "the server is read-only: connect to the one that takes writes"),
            1062 | 1452 => (ErrorKind::Internal, "please report it"),
            _ => (ErrorKind::Storage, "look into the server's log"),
        },
        mysql::Error::IoError(_) | mysql::Error::TlsError(_) | mysql::Error::CodecError(_) => {
            (ErrorKind::Unreachable, "see that the server runs and that [database] connection leads to it")
        }
        mysql::Error::DriverError(_) => (ErrorKind::Unreachable, "see that the server runs and is not overloaded"),
        _ => (ErrorKind::Internal, "please report it"),
    };
    Error::new(kind, format!("database '{location}': {e}")).remedy(remedy).source(e)
}
