//! Values as SQLite keeps them.

use super::fault::Sql;
use crate::Error;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

/// JSON text.
pub(super) fn to_json<T: Serialize>(value: &T) -> Sql<String> {
    Ok(serde_json::to_string(value).map_err(|e| Error::internal(format!("not writable as JSON: {e}")).source(e))?)
}

/// What [`to_json`] wrote; `what` names it should it be damaged.
pub(super) fn from_json<T: DeserializeOwned>(what: impl FnOnce() -> String, text: &str) -> Sql<T> {
    Ok(serde_json::from_str(text).map_err(|e| damaged(&what(), &e.to_string()).source(e))?)
}

/// What a timestamp's `Display` wrote.
pub(super) fn from_time(what: impl FnOnce() -> String, text: &str) -> Sql<Timestamp> {
    Ok(text.parse().map_err(|e: jiff::Error| damaged(&what(), &e.to_string()).source(e))?)
}

/// A number as SQLite counts.
pub(super) fn to_integer(number: u64) -> Sql<i64> {
    Ok(i64::try_from(number).map_err(|e| Error::internal(format!("{number} is too large to store")).source(e))?)
}

/// What [`to_integer`] wrote.
pub(super) fn from_integer(what: impl FnOnce() -> String, number: i64) -> Sql<u64> {
    Ok(u64::try_from(number).map_err(|e| damaged(&what(), &e.to_string()).source(e))?)
}

fn damaged(what: &str, why: &str) -> Error {
    Error::storage(format!("{what} is damaged: {why}")).remedy("restore the database from a backup")
}
