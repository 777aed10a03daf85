//! The schema on a server. The numbers are those of SQLite's: one number is the same schema everywhere.

use super::DatabaseServer;
use crate::Error;
use crate::store::StoreProblem;
use crate::store::fault::Sql;
use crate::store::sql::Tables;
use crate::store::sqlite::migrations::latest;

/// To which version each step leads.
const STEPS: &[(u32, &str)] = &[
    (5, include_str!("../migrations/mariadb/0005_initial.sql")),
    (6, include_str!("../migrations/mariadb/0006_rpo_history.sql")),
    (7, include_str!("../migrations/mariadb/0007_agreed_groups.sql")),
    (8, include_str!("../migrations/mariadb/0008_workers.sql")),
];
/// Seconds that one process waits for another to migrate: less than an answer may take, so that the wait ends in words.
const WAIT_SECONDS: i64 = 30;
const LOCK: &str = "protector.migrate";

/// Refuses a database that this build cannot work with as it is.
pub(super) fn check(t: &mut dyn Tables, server: &DatabaseServer) -> Sql<()> {
    let found = version(t, server)?;
    if found == latest() {
        return Ok(());
    }
    let what = match found {
        0 => "has no schema yet".to_owned(),
        _ => format!("has schema version {found}, this build needs {}", latest()),
    };
    Err(Error::storage(format!("database '{server}' {what}")).remedy("run: protector-manage db sync").into())
}

/// The version of the schema; 0 for an empty database.
///
/// # Errors
/// newer than this build, or somebody else's database → `Storage`.
pub(super) fn version(t: &mut dyn Tables, server: &DatabaseServer) -> Sql<u32> {
    let tables = tables(t)?;
    if tables.is_empty() {
        return Ok(0);
    }
    if !tables.iter().any(|table| table == "schema_version") {
        return Err(Error::storage(format!("database '{server}' belongs to another program"))
            .remedy("name another database in [database] connection")
            .into());
    }
    let found = t.first("SELECT coalesce(max(version), 0) FROM schema_version", &[], |row| row.integer(0))?;
    let found = u32::try_from(found.unwrap_or_default()).unwrap_or(u32::MAX);
    if found > latest() {
        return Err(Error::storage(format!(
            "database '{server}' has schema version {found}, newer than this build knows ({})",
            latest()
        ))
        .remedy("run the release of protector that wrote it, or a newer one")
        .into());
    }
    Ok(found)
}

/// Applies what is missing, and returns the versions before and after. Of two processes the second finds the work done. What
/// a process that died has left behind is gone on with.
pub(super) fn apply(t: &mut dyn Tables, server: &DatabaseServer) -> Sql<(u32, u32)> {
    let locked =
        t.first("SELECT coalesce(GET_LOCK(?, ?), 0)", &[LOCK.into(), WAIT_SECONDS.into()], |row| row.integer(0))?;
    if locked != Some(1) {
        return Err(Error::storage(format!("somebody else is migrating database '{server}'"))
            .remedy("try again")
            .into());
    }
    let applied = apply_locked(t, server);
    t.first("SELECT RELEASE_LOCK(?)", &[LOCK.into()], |_| Ok(()))?;
    applied
}

fn apply_locked(t: &mut dyn Tables, server: &DatabaseServer) -> Sql<(u32, u32)> {
    let from = version(t, server)?;
    if from < latest() {
        t.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY)", &[])?;
    }
    for (to, step) in STEPS.iter().filter(|(to, _)| *to > from) {
        for statement in step.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
            t.execute(statement, &[])?;
        }
        t.execute("INSERT IGNORE INTO schema_version (version) VALUES (?)", &[i64::from(*to).into()])?;
    }
    Ok((from, version(t, server)?))
}

/// What the server finds wrong with the tables.
pub(super) fn damage(t: &mut dyn Tables) -> Sql<Vec<StoreProblem>> {
    let mut problems = Vec::new();
    for table in tables(t)? {
        // the name comes from the server, and the database is ours
        t.each(&format!("CHECK TABLE `{table}`"), &[], &mut |row| {
            let (kind, text) = (row.text(2)?, row.text(3)?);
            if !matches!((kind, text), ("status", "OK") | ("note", _)) {
                let error = Error::storage(format!("table {table} is damaged: {kind}: {text}"));
                problems.push(error.remedy("restore the database from a backup").into());
            }
            Ok(())
        })?;
    }
    Ok(problems)
}

fn tables(t: &mut dyn Tables) -> Sql<Vec<String>> {
    let sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name";
    t.all(sql, &[], |row| row.text(0).map(str::to_owned))
}
