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
    let mut what = e.to_string();
    let (kind, remedy) = match e.sqlite_error_code() {
        _ if busy => (ErrorKind::Transient, "another process holds it; try again".to_owned()),
        Some(ErrorCode::ConstraintViolation) => (ErrorKind::Internal, "please report it".to_owned()),
        Some(ErrorCode::DiskFull) => {
            what = format!("the disk is full, and this was not written ({e})");
            (ErrorKind::Storage, format!("make room on that file system: df -h '{location}'; {AGAIN}"))
        }
        Some(ErrorCode::ReadOnly) => {
            what = format!("it has become read-only, and this was not written ({e})");
            let look = format!("findmnt -T '{location}'; ls -l '{location}'");
            (
                ErrorKind::Storage,
                format!("see how it is mounted, whose it is, and whether it was moved: {look}; {AGAIN}"),
            )
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            (ErrorKind::Storage, format!("run: ls -l '{location}', and see who owns it"))
        }
        // also a quota that is used up, and a file system that took itself out of service
        Some(ErrorCode::SystemIoFailure) => {
            what = format!("the disk does not do what it is told, and this was not done ({e})");
            (ErrorKind::Storage, format!("run: df -h '{location}'; findmnt -T '{location}'; dmesg | tail; {AGAIN}"))
        }
        Some(ErrorCode::NotADatabase) => {
            (ErrorKind::Storage, "name another file in [database] connection, or move this one away".to_owned())
        }
        Some(ErrorCode::DatabaseCorrupt) => (ErrorKind::Storage, "restore it from a backup".to_owned()),
        _ => (ErrorKind::Storage, format!("run: protector-manage doctor; or look at '{location}'")),
    };
    Error::new(kind, format!("database '{location}': {what}")).remedy(remedy).source(e)
}

/// A transaction that failed is undone, so nothing else has to be mended.
const AGAIN: &str = "then do the same again; an operation that stopped goes on with operation resume";

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> Fault {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None).into()
    }

    #[test]
    fn what_a_file_says_is_put_in_words() {
        use rusqlite::ffi;
        let cases: [(i32, ErrorKind, &str, &str); 9] = [
            (ffi::SQLITE_FULL, ErrorKind::Storage, "the disk is full, and this was not written", "df -h '/s/a.db'"),
            (ffi::SQLITE_READONLY, ErrorKind::Storage, "it has become read-only", "findmnt -T '/s/a.db'"),
            (ffi::SQLITE_READONLY_DBMOVED, ErrorKind::Storage, "it has become read-only", "was moved"),
            (ffi::SQLITE_IOERR_WRITE, ErrorKind::Storage, "the disk does not do", "dmesg"),
            (ffi::SQLITE_CANTOPEN, ErrorKind::Storage, "unable to open", "ls -l '/s/a.db'"),
            (ffi::SQLITE_BUSY, ErrorKind::Transient, "locked", "try again"),
            (ffi::SQLITE_CORRUPT, ErrorKind::Storage, "malformed", "backup"),
            (ffi::SQLITE_NOTADB, ErrorKind::Storage, "not a database", "name another file"),
            (ffi::SQLITE_CONSTRAINT, ErrorKind::Internal, "constraint", "report"),
        ];
        for (code, kind, message, remedy) in cases {
            let e = failure(code).at(&"/s/a.db");
            assert_eq!(e.kind(), kind, "{e}");
            assert!(e.message().starts_with("database '/s/a.db': ") && e.message().contains(message), "{e}");
            assert!(e.remedy_text().is_some_and(|text| text.contains(remedy)), "{e:?}");
        }
    }
}
