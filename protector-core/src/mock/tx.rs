//! What the parts of the world do their work with: one transaction, one instant.

use crate::{Error, ErrorKind, Result};
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Params, Row};
use uuid::Uuid;

/// Namespace of the ids that are counted rather than drawn.
pub(super) const NAMESPACE: Uuid = Uuid::from_u128(0x8f0c_2d0a_52b1_4f0e_9d5a_6b1f_3c77_e4a1);

/// A transaction on the world, and the instant at which all of it happens.
#[derive(Debug)]
pub(super) struct Tx<'a> {
    sql: &'a Connection,
    pub(super) now_ms: i64,
    counted_ids: bool,
}

impl<'a> Tx<'a> {
    pub(super) fn new(sql: &'a Connection, now_ms: i64, counted_ids: bool) -> Self {
        Self { sql, now_ms, counted_ids }
    }

    /// The instant of this transaction.
    pub(super) fn now(&self) -> Timestamp {
        timestamp(self.now_ms)
    }

    /// A new UUID: the next of the world's own sequence under a virtual clock, else a random one.
    pub(super) fn new_id(&self) -> Result<String> {
        if !self.counted_ids {
            return Ok(Uuid::new_v4().to_string());
        }
        let count: i64 =
            self.value("UPDATE bookkeeping SET identifiers = identifiers + 1 RETURNING identifiers", [])?;
        Ok(Uuid::new_v5(&NAMESPACE, count.to_string().as_bytes()).to_string())
    }

    /// Runs a statement; the number of rows it changed.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.sql.prepare_cached(sql).and_then(|mut statement| statement.execute(params)).map_err(sql_error)
    }

    /// The first row, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        self.sql
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, read).optional())
            .map_err(sql_error)
    }

    /// All rows.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.sql
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(params, read)?.collect())
            .map_err(sql_error)
    }

    /// The first column of the one row there is.
    pub(super) fn value<T: rusqlite::types::FromSql>(&self, sql: &str, params: impl Params) -> Result<T> {
        self.sql
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, |row| row.get(0)))
            .map_err(sql_error)
    }

    /// Rows changed so far on this connection; grows with every row.
    pub(super) fn changes(&self) -> u64 {
        self.sql.total_changes()
    }
}

/// The id of something that is not stored on its own: the same whenever it is looked at.
pub(super) fn derived_id(within: &str, name: &str) -> String {
    Uuid::new_v5(&NAMESPACE, format!("{within}/{name}").as_bytes()).to_string()
}

/// A stored instant.
pub(super) fn timestamp(ms: i64) -> Timestamp {
    let end = if ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(ms).unwrap_or(end)
}

/// A stored count or size; the columns never hold a negative one.
pub(super) fn unsigned(value: i64) -> u64 {
    value.unsigned_abs()
}

/// A count or size to store.
pub(super) fn signed(value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| Error::invalid(format!("{value} is too large for the simulated world")))
}

/// JSON text of a stored map or list.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| Error::storage(format!("the simulated world holds broken JSON: {e}")))
}

/// SQLite's errors: locked for too long → `Transient`, all others → `Storage`.
pub(super) fn sql_error(e: rusqlite::Error) -> Error {
    match e.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::new(ErrorKind::Transient, "the simulated world is held by another process").source(e)
        }
        _ => Error::storage(format!("the simulated world cannot be read or written: {e}")).source(e),
    }
}
