//! Lays the tables out, and refuses files that hold something else.

use super::tx::sql_error;
use crate::{Error, Result};
use rusqlite::{Connection, TransactionBehavior};

/// Version of `schema.sql`, kept in SQLite's `user_version`.
const VERSION: i32 = 5;
/// Marks the file as a world, in SQLite's `application_id`.
const APPLICATION_ID: i32 = 0x5072_4d57;

/// Makes `connection` a world if it is empty.
///
/// # Errors
/// the file holds something else, or a world of another version → `Storage`, nothing changed.
pub(super) fn prepare(connection: &mut Connection) -> Result<()> {
    // Two processes may open a new file at once: the second waits here, and then finds the tables.
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql_error)?;
    let pragma = |name: &str| tx.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(sql_error);
    match (pragma("application_id")?, pragma("user_version")?) {
        (APPLICATION_ID, VERSION) => Ok(()),
        (APPLICATION_ID, other) => {
            Err(Error::storage(format!("it is a simulated world of version {other}, this build reads {VERSION}"))
                .remedy("move the file away and run 'protector-manage mock seed'"))
        }
        _ if has_tables(&tx)? => Err(Error::storage("it is not a simulated world")
            .remedy("name another file in [engine] mock_db_path, or move this one away")),
        _ => {
            tx.execute_batch(include_str!("schema.sql")).map_err(sql_error)?;
            tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(sql_error)?;
            tx.pragma_update(None, "user_version", VERSION).map_err(sql_error)?;
            tx.commit().map_err(sql_error)
        }
    }
}

fn has_tables(connection: &Connection) -> Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0)).map_err(sql_error)
}
