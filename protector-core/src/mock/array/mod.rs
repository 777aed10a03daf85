//! The arrays: what is on them, as an array has it. What a driver promises on top of it is in `storage_driver`.

pub(super) mod groups;
pub(super) mod schedule;
pub(super) mod snapshots;
pub(super) mod transfers;
pub(super) mod volumes;

use super::tx::Tx;
use crate::model::ArrayName;
use crate::ports::{PeerArray, ReplicationLink};
use crate::{Error, ErrorKind, Result};
use rusqlite::{Row, params};

/// An array.
#[derive(Debug, Clone)]
pub(super) struct Array {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: String,
    /// The site it stands on.
    pub(super) site: String,
    pub(super) available: bool,
}

const SELECT: &str = "SELECT arrays.id, arrays.name, version, sites.name, available
    FROM arrays JOIN sites ON sites.array_id = arrays.id";

fn read(row: &Row<'_>) -> rusqlite::Result<Array> {
    Ok(Array { id: row.get(0)?, name: row.get(1)?, version: row.get(2)?, site: row.get(3)?, available: row.get(4)? })
}

/// The array of this name.
pub(super) fn by_name(tx: &Tx<'_>, name: &ArrayName) -> Result<Array> {
    tx.first(&format!("{SELECT} WHERE arrays.name = ?1"), [name.as_str()], read)?.ok_or_else(|| {
        Error::not_found(format!("the simulated world has no array '{name}'")).remedy("protector-manage mock seed")
    })
}

/// The array with this id.
pub(super) fn by_id(tx: &Tx<'_>, id: &str) -> Result<Array> {
    tx.first(&format!("{SELECT} WHERE arrays.id = ?1"), [id], read)?
        .ok_or_else(|| Error::not_found(format!("the simulated world has no array with id '{id}'")))
}

/// The array with this id, if it answers.
pub(super) fn answering(tx: &Tx<'_>, id: &str) -> Result<Array> {
    let array = by_id(tx, id)?;
    if array.available {
        return Ok(array);
    }
    Err(Error::new(
        ErrorKind::Unreachable,
        format!("array '{}' does not answer: site '{}' is down", array.name, array.site),
    ))
}

/// Every array that this one is connected to, up or not.
pub(super) fn peers(tx: &Tx<'_>, array: &Array) -> Result<Vec<PeerArray>> {
    let others = tx.all(&format!("{SELECT} WHERE arrays.id <> ?1 ORDER BY arrays.name"), [&array.id], read)?;
    others
        .into_iter()
        .map(|other| {
            let link = link(tx, array, &other)?;
            Ok(PeerArray { id: other.id.into(), name: other.name.into(), link })
        })
        .collect()
}

/// The peer of this name, if there is one.
pub(super) fn peer(tx: &Tx<'_>, array: &Array, name: &ArrayName) -> Result<Option<Array>> {
    tx.first(&format!("{SELECT} WHERE arrays.id <> ?1 AND arrays.name = ?2"), params![array.id, name.as_str()], read)
}

/// How the link between two arrays stands.
pub(super) fn link(tx: &Tx<'_>, one: &Array, other: &Array) -> Result<ReplicationLink> {
    let connected: bool = tx.value("SELECT link_connected FROM settings", [])?;
    let works = connected && one.available && other.available;
    Ok(if works { ReplicationLink::Connected } else { ReplicationLink::Disconnected })
}
