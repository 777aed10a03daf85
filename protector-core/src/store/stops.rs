//! Requests to stop an operation.

use super::columns::{from_json, to_json};
use super::fault::Sql;
use super::sql::Tables;
use crate::model::OperationId;
use crate::ports::{StopKind, StopRequest};

/// The request that waits.
pub(super) fn pending(t: &mut dyn Tables, id: &OperationId) -> Sql<Option<StopRequest>> {
    let stored = t.text("SELECT request FROM stop_requests WHERE operation_id = ?", &[id.as_str().into()])?;
    stored.map(|text| from_json(|| format!("the stop request of operation '{id}'"), &text)).transpose()
}

/// Stores a request in place of an earlier one, and returns the one in force: a cancel does not replace an abort.
pub(super) fn request(t: &mut dyn Tables, id: &OperationId, wanted: &StopRequest) -> Sql<StopRequest> {
    let pending = pending(t, id)?;
    let write = match pending {
        Some(abort) if abort.kind == StopKind::Abort && wanted.kind == StopKind::Cancel => return Ok(abort),
        Some(_) => "UPDATE stop_requests SET request = ? WHERE operation_id = ?",
        None => "INSERT INTO stop_requests (request, operation_id) VALUES (?, ?)",
    };
    t.execute(write, &[(&to_json(wanted)?).into(), id.as_str().into()])?;
    Ok(wanted.clone())
}

/// Removes the request, if it is still this one.
pub(super) fn withdraw(t: &mut dyn Tables, id: &OperationId, done: &StopRequest) -> Sql<()> {
    if pending(t, id)?.as_ref() == Some(done) { forget(t, id) } else { Ok(()) }
}

/// Removes any request.
pub(super) fn forget(t: &mut dyn Tables, id: &OperationId) -> Sql<()> {
    t.execute("DELETE FROM stop_requests WHERE operation_id = ?", &[id.as_str().into()])?;
    Ok(())
}
