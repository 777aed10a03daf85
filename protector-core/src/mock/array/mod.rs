//! The arrays: what is on them, as an array has it. What a driver promises on top of it is in `storage_driver`.

pub(super) mod groups;
pub(super) mod pod_contents;
pub(super) mod pod_copies;
mod pod_election;
pub(super) mod pod_members;
pub(super) mod pod_moves;
pub(super) mod pods;
pub(super) mod policy;
pub(super) mod replica_links;
pub(super) mod retention;
pub(super) mod schedule;
pub(super) mod snapshots;
pub(super) mod transfers;
pub(super) mod volumes;

pub use pod_members::MemberStatus;
pub use pods::Promotion;
pub use policy::{DailyWindow, GroupPolicy, SnapshotRetention, SnapshotSchedule};

use super::tx::{NAMESPACE, Tx};
use crate::model::ArrayName;
use crate::ports::{PeerArray, ReplicationLink};
use crate::{Error, ErrorKind, Result};
use rusqlite::{Row, params};
use uuid::Uuid;

/// The Purity release that simulated arrays say they run.
const PURITY_VERSION: &str = "6.6.3";

/// What a connection between arrays carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionKind {
    /// Replicated snapshots.
    Async,
    /// Stretched pods, and replicated snapshots.
    Sync,
}

impl ConnectionKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Async => "async",
            Self::Sync => "sync",
        }
    }
}

/// An array.
#[derive(Debug, Clone)]
pub(super) struct Array {
    pub(super) id: String,
    pub(super) name: String,
    /// Of Purity.
    pub(super) version: String,
    pub(super) available: bool,
}

const SELECT: &str = "SELECT arrays.id, arrays.name, version, available FROM arrays";

fn read(row: &Row<'_>) -> rusqlite::Result<Array> {
    Ok(Array { id: row.get(0)?, name: row.get(1)?, version: row.get(2)?, available: row.get(3)? })
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
    let site: Option<String> =
        tx.first("SELECT name FROM sites WHERE array_id = ?1 AND NOT available", [id], |row| row.get(0))?;
    let why = site.map_or_else(|| "it is down".to_owned(), |site| format!("site '{site}' is down"));
    Err(Error::new(ErrorKind::Unreachable, format!("array '{}' does not answer: {why}", array.name)))
}

/// Takes an array down or brings it up again; transfers from and to it stand still meanwhile.
pub(super) fn set_available(tx: &Tx<'_>, id: &str, available: bool) -> Result<()> {
    tx.execute("UPDATE arrays SET available = ?2 WHERE id = ?1 AND available <> ?2", params![id, available])?;
    transfers::refresh(tx)
}

/// The array of this name, made if there is none.
pub(super) fn ensure(tx: &Tx<'_>, name: &str) -> Result<Array> {
    // the same in every world, as a real array's id is the same for ever
    let id = Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string();
    tx.execute(
        "INSERT INTO arrays (id, name, version) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING",
        [id.as_str(), name, PURITY_VERSION],
    )?;
    by_name(tx, &name.into())
}

/// Gives an array another name, and with it the images of its groups. A group in a pod is shown under the pod's name.
pub(super) fn rename(tx: &Tx<'_>, array: &Array, to: &str) -> Result<()> {
    if tx.first("SELECT 1 FROM arrays WHERE name = ?1", [to], |_| Ok(()))?.is_some() {
        return Err(Error::already_exists(format!("there is an array '{to}' already")));
    }
    tx.execute("UPDATE arrays SET name = ?2 WHERE id = ?1", [array.id.as_str(), to])?;
    tx.execute(
        "UPDATE protection_groups SET name = ?3 || substr(name, length(?2) + 1)
         WHERE source_group_id IN (SELECT id FROM protection_groups WHERE array_id = ?1 AND pod_id IS NULL)",
        [array.id.as_str(), array.name.as_str(), to],
    )?;
    Ok(())
}

/// The next serial number of an array.
pub(super) fn next_serial(tx: &Tx<'_>, id: &str) -> Result<i64> {
    tx.value(
        "INSERT INTO serials (array_id, given) VALUES (?1, 1)
         ON CONFLICT (array_id) DO UPDATE SET given = given + 1 RETURNING given",
        [id],
    )
}

/// Connects two arrays, or changes the kind of their connection.
pub(super) fn connect(tx: &Tx<'_>, one: &Array, other: &Array, kind: ConnectionKind) -> Result<()> {
    let (first, second) = if one.name <= other.name { (one, other) } else { (other, one) };
    let id = Uuid::new_v5(&NAMESPACE, format!("{}/{}", first.name, second.name).as_bytes()).to_string();
    tx.execute(
        "INSERT INTO array_connections (id, one_id, other_id, kind) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (one_id, other_id) DO UPDATE SET kind = excluded.kind WHERE kind <> excluded.kind",
        [id.as_str(), &first.id, &second.id, kind.as_str()],
    )?;
    transfers::refresh(tx)
}

/// Every array that this one is connected to, up or not.
pub(super) fn peers(tx: &Tx<'_>, array: &Array) -> Result<Vec<PeerArray>> {
    let others = tx.all(
        &format!("{SELECT} JOIN links ON peer_id = arrays.id WHERE links.array_id = ?1 ORDER BY arrays.name"),
        [&array.id],
        read,
    )?;
    others
        .into_iter()
        .map(|other| {
            let link = link(tx, array, &other)?;
            Ok(PeerArray { id: other.id.into(), name: other.name.into(), link })
        })
        .collect()
}

/// The connected array of this name, if there is one.
pub(super) fn peer(tx: &Tx<'_>, array: &Array, name: &ArrayName) -> Result<Option<Array>> {
    let sql = format!("{SELECT} JOIN links ON peer_id = arrays.id WHERE links.array_id = ?1 AND arrays.name = ?2");
    tx.first(&sql, params![array.id, name.as_str()], read)
}

/// How the link between two arrays stands.
pub(super) fn link(tx: &Tx<'_>, one: &Array, other: &Array) -> Result<ReplicationLink> {
    let sql = "SELECT EXISTS (SELECT 1 FROM links WHERE array_id = ?1 AND peer_id = ?2 AND works)";
    let works: bool = tx.value(sql, [&one.id, &other.id])?;
    Ok(if works { ReplicationLink::Connected } else { ReplicationLink::Disconnected })
}
