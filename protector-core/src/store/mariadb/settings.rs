//! Settings of a server that decide whether what it confirms is safe, and what it takes.

use super::DatabaseServer;
use crate::Error;
use crate::store::fault::Sql;
use crate::store::sql::Tables;

/// What a statement must be able to hold: the plan of a large group. MariaDB's own default.
const PACKET: i64 = 16 * 1024 * 1024;

/// What is not as it should be.
pub(super) fn shortcomings(t: &mut dyn Tables) -> Sql<Vec<Error>> {
    let found = t.first("SELECT @@innodb_flush_log_at_trx_commit, @@max_allowed_packet", &[], |row| {
        Ok((row.integer(0)?, row.integer(1)?))
    })?;
    let Some((flush, packet)) = found else {
        return Ok(vec![Error::storage("the server does not tell its settings")]);
    };
    let mut problems = Vec::new();
    if flush != 1 {
        let why = format!("innodb_flush_log_at_trx_commit is {flush}: a power cut may take back what was confirmed");
        problems.push(Error::storage(why).remedy("set innodb_flush_log_at_trx_commit = 1 on the server"));
    }
    if packet < PACKET {
        let why = format!("max_allowed_packet is {packet}: plans of large groups do not fit");
        problems.push(Error::storage(why).remedy("set max_allowed_packet = 64M on the server"));
    }
    Ok(problems)
}

/// A server that is less safe than a file goes into the log, at every start.
pub(super) fn warn(t: &mut dyn Tables, server: &DatabaseServer) -> Sql<()> {
    for found in shortcomings(t)? {
        tracing::warn!(target: "protector.store", "database '{server}': {found}");
    }
    Ok(())
}
