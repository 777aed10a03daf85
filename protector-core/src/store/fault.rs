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
    #[cfg(feature = "mariadb")]
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

#[cfg(feature = "mariadb")]
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
            #[cfg(feature = "mariadb")]
            Self::Mariadb(e) => super::mariadb::outside(e, location),
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
