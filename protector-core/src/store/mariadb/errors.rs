//! How a server's errors read outside, by the numbers that MariaDB and MySQL share.

use crate::{Error, ErrorKind};
use std::fmt::Display;

/// The error for callers, naming the database.
pub(in crate::store) fn outside(e: mysql::Error, location: &impl Display) -> Error {
    let (kind, remedy) = match &e {
        mysql::Error::MySqlError(said) => said_by_server(said.code),
        e if is_too_large(e) => TOO_LARGE,
        e if is_distrusted(e) => (
            ErrorKind::Unreachable,
            "see that ssl_ca in [database] connection names the authority that signed the server's certificate",
        ),
        mysql::Error::IoError(_) | mysql::Error::CodecError(_) => {
            (ErrorKind::Unreachable, "see that the server runs and that [database] connection leads to it")
        }
        mysql::Error::DriverError(_) => (ErrorKind::Unreachable, "see that the server runs and is not overloaded"),
        _ => (ErrorKind::Internal, "please report it"),
    };
    Error::new(kind, format!("database '{location}': {e}")).remedy(remedy).source(e)
}

/// Whether a statement was not even sent, because the server would not take it.
pub(super) fn is_too_large(e: &mysql::Error) -> bool {
    // the kind inside has no public name
    matches!(e, mysql::Error::CodecError(why) if why.to_string().contains("max_allowed_packet"))
}

/// Whether the server did not show what it must. During the handshake this comes as a broken connection.
fn is_distrusted(e: &mysql::Error) -> bool {
    matches!(e, mysql::Error::TlsError(_)) || e.to_string().contains("peer certificate")
}

const TOO_LARGE: (ErrorKind, &str) =
    (ErrorKind::LimitReached, "raise max_allowed_packet on the server, to 64M for example");

fn said_by_server(code: u16) -> (ErrorKind, &'static str) {
    match code {
        1045 | 1698 => (ErrorKind::Unauthenticated, "mend user and password in [database] connection"),
        1044 | 1142 | 1227 => (ErrorKind::Forbidden, "grant the user all privileges on that database"),
        1049 => (ErrorKind::Storage, "create it on the server: CREATE DATABASE, then: protector-manage db sync"),
        1205 | 1213 => (ErrorKind::Transient, "another process holds it; try again"),
        1040 | 1203 => {
            (ErrorKind::Transient, "the server has too many connections; try again, or raise max_connections")
        }
        1153 => TOO_LARGE,
        // nothing of the transaction is left on the server
        1021 | 1026 | 1114 => (
            ErrorKind::Storage,
            "the disk of the server is full or failed: make room there, then do the same again; an operation that stopped \
             goes on with operation resume",
        ),
        1290 | 1792 | 1836 => (
            ErrorKind::Storage,
            "the server is read-only: let [database] connection lead to the one that takes writes, or there: SET GLOBAL \
             read_only = OFF; then do the same again",
        ),
        1062 | 1452 => (ErrorKind::Internal, "please report it"),
        _ => (ErrorKind::Storage, "look into the server's log"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_put_in_words() {
        let cases = [
            (1021, ErrorKind::Storage, "make room there"),
            (1026, ErrorKind::Storage, "make room there"),
            (1114, ErrorKind::Storage, "make room there"),
            (1290, ErrorKind::Storage, "the server is read-only"),
            (1792, ErrorKind::Storage, "the server is read-only"),
            (1836, ErrorKind::Storage, "the server is read-only"),
            (1045, ErrorKind::Unauthenticated, "user and password"),
            (1205, ErrorKind::Transient, "try again"),
            (1153, ErrorKind::LimitReached, "max_allowed_packet"),
            (9999, ErrorKind::Storage, "server's log"),
        ];
        for (code, kind, remedy) in cases {
            let said = mysql::error::MySqlError { state: "HY000".to_owned(), message: "so it is".to_owned(), code };
            let e = outside(mysql::Error::MySqlError(said), &"protector@db");
            assert_eq!(e.kind(), kind, "{code}: {e}");
            assert!(e.message().starts_with("database 'protector@db': ") && e.message().contains("so it is"), "{e}");
            assert!(e.remedy_text().is_some_and(|text| text.contains(remedy)), "{code}: {e:?}");
        }
    }
}
