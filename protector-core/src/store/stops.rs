//! Requests to stop an operation.

use super::columns::{from_json, to_json};
use super::fault::Sql;
use crate::model::OperationId;
use crate::ports::{StopKind, StopRequest};
use rusqlite::{Connection, OptionalExtension};

/// The request that waits.
pub(super) fn pending(c: &Connection, id: &OperationId) -> Sql<Option<StopRequest>> {
    let stored: Option<String> = c
        .prepare_cached("SELECT request FROM stop_requests WHERE operation_id = ?")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()?;
    stored.map(|text| from_json(|| format!("the stop request of operation '{id}'"), &text)).transpose()
}

/// Stores a request in place of an earlier one, and returns the one in force: a cancel does not replace an abort.
pub(super) fn request(c: &Connection, id: &OperationId, wanted: StopRequest) -> Sql<StopRequest> {
    if let Some(abort) = pending(c, id)?.filter(|p| p.kind == StopKind::Abort && wanted.kind == StopKind::Cancel) {
        return Ok(abort);
    }
    c.prepare_cached(
        "INSERT INTO stop_requests (operation_id, request) VALUES (?1, ?2)
         ON CONFLICT (operation_id) DO UPDATE SET request = ?2",
    )?
    .execute((id.as_str(), to_json(&wanted)?))?;
    Ok(wanted)
}

/// Removes the request, if it is still this one.
pub(super) fn withdraw(c: &Connection, id: &OperationId, done: &StopRequest) -> Sql<()> {
    if pending(c, id)?.as_ref() == Some(done) { forget(c, id) } else { Ok(()) }
}

/// Removes any request.
pub(super) fn forget(c: &Connection, id: &OperationId) -> Sql<()> {
    c.prepare_cached("DELETE FROM stop_requests WHERE operation_id = ?")?.execute([id.as_str()])?;
    Ok(())
}
