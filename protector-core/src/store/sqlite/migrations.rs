//! The schema, as a sequence of steps that only go forward.

use crate::Error;
use crate::store::StoreLocation;
use crate::store::fault::Sql;
use rusqlite::{Connection, TransactionBehavior};

/// Step n leads from version n to n + 1. A step that was released never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/sqlite/0001_initial.sql"),
    include_str!("../migrations/sqlite/0002_durations.sql"),
    include_str!("../migrations/sqlite/0003_stop_requests.sql"),
    include_str!("../migrations/sqlite/0004_clustered_journal.sql"),
    include_str!("../migrations/sqlite/0005_projects.sql"),
    include_str!("../migrations/sqlite/0006_rpo_history.sql"),
    include_str!("../migrations/sqlite/0007_agreed_groups.sql"),
    include_str!("../migrations/sqlite/0008_workers.sql"),
];

/// The version this build works with.
pub(in crate::store) fn latest() -> u32 {
    MIGRATIONS.iter().fold(0, |version, _| version + 1)
}

/// Refuses a database that this build cannot work with as it is.
pub(super) fn check(connection: &Connection, location: &StoreLocation) -> Sql<()> {
    let found = version(connection, location)?;
    if found == latest() {
        return Ok(());
    }
    let what = match found {
        0 => "has no schema yet".to_owned(),
        _ => format!("has schema version {found}, this build needs {}", latest()),
    };
    Err(Error::storage(format!("database '{location}' {what}")).remedy("run: protector-manage db sync").into())
}

/// Applies what is missing, all of it or nothing, and returns the versions before and after. The write lock is taken
/// before looking, so that of two processes the second finds the work done.
pub(super) fn apply(connection: &mut Connection, location: &StoreLocation) -> Sql<(u32, u32)> {
    // a table that is made anew would take the rows with it that refer to the old one; inside a transaction it is too late
    connection.pragma_update(None, "foreign_keys", false)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = version(&transaction, location)?;
    for step in MIGRATIONS.iter().skip(from as usize) {
        transaction.execute_batch(step)?;
    }
    let to = version(&transaction, location)?;
    let dangling: u32 = transaction.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))?;
    if dangling > 0 {
        return Err(Error::storage(format!(
            "database '{location}': {dangling} rows refer to nothing; nothing was changed"
        ))
        .remedy("restore it from a backup")
        .into());
    }
    transaction.commit()?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok((from, to))
}

/// The version of the schema; 0 for an empty database.
///
/// # Errors
/// newer than this build, or somebody else's database → `Storage`.
pub(super) fn version(connection: &Connection, location: &StoreLocation) -> Sql<u32> {
    // one look: between two, another process may create the whole schema
    let (tables, ours): (u32, u32) = connection.query_row(
        "SELECT count(*), count(*) FILTER (WHERE name = 'schema_version') FROM sqlite_schema WHERE type = 'table'",
        [],
        |row| row.try_into(),
    )?;
    match (tables, ours) {
        (0, _) => return Ok(0),
        (_, 0) => {
            return Err(Error::storage(format!("database '{location}' belongs to another program"))
                .remedy("name another file in [database] connection")
                .into());
        }
        _ => (),
    }
    let found = connection.query_row("SELECT max(version) FROM schema_version", [], |row| row.get(0))?;
    if found > latest() {
        return Err(Error::storage(format!(
            "database '{location}' has schema version {found}, newer than this build knows ({})",
            latest()
        ))
        .remedy("run the release of protector that wrote it, or a newer one")
        .into());
    }
    Ok(found)
}
