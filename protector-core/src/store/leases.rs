//! Leases: the right to execute an operation.

use super::columns::{from_integer, from_json, from_time, to_integer, to_json};
use super::fault::Sql;
use super::sql::Tables;
use crate::Error;
use crate::model::OperationId;
use crate::ports::{Lease, LeaseHolder};
use jiff::Timestamp;

/// The lease of an operation, unless nobody holds it.
pub(super) fn current(t: &mut dyn Tables, id: &OperationId) -> Sql<Option<Lease>> {
    Ok(stored(t, id)?.and_then(|(_, lease)| lease))
}

/// Refuses a caller that works under another generation than the one in force; 0 stands for no lease.
pub(super) fn require(t: &mut dyn Tables, id: &OperationId, generation: u64) -> Sql<()> {
    let lease = current(t, id)?;
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
    t: &mut dyn Tables,
    id: &OperationId,
    holder: &LeaseHolder,
    expires_at: Timestamp,
    replaces: Option<u64>,
) -> Sql<Lease> {
    let stored = stored(t, id)?;
    let write = match stored {
        Some(_) => "UPDATE leases SET generation = ?, holder = ?, expires_at = ? WHERE operation_id = ?",
        None => "INSERT INTO leases (generation, holder, expires_at, operation_id) VALUES (?, ?, ?, ?)",
    };
    let generation = match stored {
        None => 1,
        Some((last, None)) => last + 1,
        Some((last, Some(lease))) if lease.holder == *holder => last,
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
    let (holder_text, until) = (to_json(holder)?, expires_at.to_string());
    let values = [to_integer(generation)?.into(), (&holder_text).into(), (&until).into(), id.as_str().into()];
    t.execute(write, &values)?;
    Ok(Lease { holder: holder.clone(), generation, expires_at })
}

/// Only the generation in force can be renewed; a lease that was given back or lost cannot.
pub(super) fn renew(t: &mut dyn Tables, id: &OperationId, generation: u64, expires_at: Timestamp) -> Sql<Lease> {
    require(t, id, generation)?;
    let Some(lease) = current(t, id)? else {
        return Err(Error::conflict(format!("nobody holds the lease on operation '{id}'")).into());
    };
    let until = expires_at.to_string();
    t.execute("UPDATE leases SET expires_at = ? WHERE operation_id = ?", &[(&until).into(), id.as_str().into()])?;
    Ok(Lease { expires_at, ..lease })
}

pub(super) fn release(t: &mut dyn Tables, id: &OperationId, generation: u64) -> Sql<()> {
    let values = [id.as_str().into(), to_integer(generation)?.into()];
    t.execute("UPDATE leases SET holder = NULL WHERE operation_id = ? AND generation = ?", &values)?;
    Ok(())
}

/// The newest generation ever given, with the lease if somebody holds it.
fn stored(t: &mut dyn Tables, id: &OperationId) -> Sql<Option<(u64, Option<Lease>)>> {
    let what = || format!("the lease of operation '{id}'");
    let sql = "SELECT generation, holder, expires_at FROM leases WHERE operation_id = ?";
    t.first(sql, &[id.as_str().into()], |row| {
        let generation = from_integer(what, row.integer(0)?)?;
        let lease = match row.optional_text(1)? {
            None => None,
            Some(holder) => {
                let (holder, expires_at) = (from_json(what, holder)?, from_time(what, row.text(2)?)?);
                Some(Lease { holder, generation, expires_at })
            }
        };
        Ok((generation, lease))
    })
}

fn who(lease: &Lease) -> String {
    let LeaseHolder { host, process, engine, .. } = &lease.holder;
    format!("process {process} on host '{host}' (engine {engine})")
}
