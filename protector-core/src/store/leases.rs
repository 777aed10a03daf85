//! Leases: the right to execute an operation.

use super::columns::{from_integer, from_json, from_time, to_integer, to_json};
use super::fault::Sql;
use crate::Error;
use crate::model::OperationId;
use crate::ports::{Lease, LeaseHolder};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

/// The lease of an operation, unless nobody holds it.
pub(super) fn current(c: &Connection, id: &OperationId) -> Sql<Option<Lease>> {
    Ok(stored(c, id)?.and_then(|(_, lease)| lease))
}

/// Refuses a caller that works under another generation than the one in force; 0 stands for no lease.
pub(super) fn require(c: &Connection, id: &OperationId, generation: u64) -> Sql<()> {
    let lease = current(c, id)?;
    if lease.as_ref().map_or(0, |l| l.generation) == generation {
        return Ok(());
    }
    let who = lease.map_or_else(|| "nobody".to_owned(), |l| format!("{} (generation {})", who(&l), l.generation));
    Err(Error::conflict(format!(
        "the lease on operation '{id}' is held by {who}, not under generation {generation}; nothing was written"
    ))
    .into())
}

pub(super) fn acquire(
    c: &Connection,
    id: &OperationId,
    holder: LeaseHolder,
    expires_at: Timestamp,
    replaces: Option<u64>,
) -> Sql<Lease> {
    let generation = match stored(c, id)? {
        None => 1,
        Some((last, None)) => last + 1,
        Some((last, Some(lease))) if lease.holder == holder => last,
        Some((last, Some(_))) if replaces == Some(last) => last + 1,
        Some((_, Some(lease))) => {
            return Err(Error::conflict(format!(
                "operation '{id}' is being executed by {} until {}",
                who(&lease),
                lease.expires_at
            ))
            .remedy(format!("openstack protector operation watch {id}"))
            .into());
        }
    };
    c.prepare_cached(
        "INSERT INTO leases (operation_id, generation, holder, expires_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (operation_id) DO UPDATE SET generation = ?2, holder = ?3, expires_at = ?4",
    )?
    .execute((id.as_str(), to_integer(generation)?, to_json(&holder)?, expires_at.to_string()))?;
    Ok(Lease { holder, generation, expires_at })
}

/// Only the generation in force can be renewed; a lease that was given back or lost cannot.
pub(super) fn renew(c: &Connection, id: &OperationId, generation: u64, expires_at: Timestamp) -> Sql<Lease> {
    require(c, id, generation)?;
    let Some(lease) = current(c, id)? else {
        return Err(Error::conflict(format!("nobody holds the lease on operation '{id}'")).into());
    };
    c.prepare_cached("UPDATE leases SET expires_at = ? WHERE operation_id = ?")?
        .execute((expires_at.to_string(), id.as_str()))?;
    Ok(Lease { expires_at, ..lease })
}

pub(super) fn release(c: &Connection, id: &OperationId, generation: u64) -> Sql<()> {
    c.prepare_cached("UPDATE leases SET holder = NULL WHERE operation_id = ? AND generation = ?")?
        .execute((id.as_str(), to_integer(generation)?))?;
    Ok(())
}

/// The newest generation ever given, with the lease if somebody holds it.
fn stored(c: &Connection, id: &OperationId) -> Sql<Option<(u64, Option<Lease>)>> {
    let row: Option<(i64, Option<String>, String)> = c
        .prepare_cached("SELECT generation, holder, expires_at FROM leases WHERE operation_id = ?")?
        .query_row([id.as_str()], |row| row.try_into())
        .optional()?;
    let Some((generation, holder, expires_at)) = row else { return Ok(None) };
    let what = || format!("the lease of operation '{id}'");
    let generation = from_integer(what, generation)?;
    let lease = match holder {
        None => None,
        Some(holder) => {
            Some(Lease { holder: from_json(what, &holder)?, generation, expires_at: from_time(what, &expires_at)? })
        }
    };
    Ok(Some((generation, lease)))
}

fn who(lease: &Lease) -> String {
    let LeaseHolder { host, process, engine, .. } = &lease.holder;
    format!("process {process} on host '{host}' (engine {engine})")
}
