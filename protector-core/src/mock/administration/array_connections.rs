//! Which arrays an array is connected to.

use super::{ArrayTx, Reference};
use crate::mock::array::{self, ConnectionKind, transfers};
use crate::mock::tx::NAMESPACE;
use crate::{Error, Result};
use rusqlite::params;
use serde_json::{Map, Value};
use uuid::Uuid;

/// A connection to another array, as this one sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrayConnectionRow {
    /// UUID of the connection.
    pub id: String,
    /// The other array.
    pub peer: Reference,
    /// The Purity release of the other array.
    pub version: String,
    /// What it carries.
    pub kind: ConnectionKind,
    /// Whether data can move right now.
    pub works: bool,
    /// What an administrator set at this end, by REST field.
    pub attributes: Map<String, Value>,
}

impl ArrayTx<'_> {
    /// The connections of this array, by the name of the other one.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn array_connections(&self) -> Result<Vec<ArrayConnectionRow>> {
        let found = self.tx.all(
            "SELECT c.id, peer.id, peer.name, peer.version, c.kind = 'sync', works,
                iif(c.one_id = ?1, one_attributes, other_attributes)
             FROM links JOIN array_connections AS c ON c.id = connection_id JOIN arrays AS peer ON peer.id = peer_id
             WHERE array_id = ?1 ORDER BY peer.name",
            [&self.array.id],
            |row| {
                let connection = ArrayConnectionRow {
                    id: row.get(0)?,
                    peer: Reference { id: row.get(1)?, name: row.get(2)? },
                    version: row.get(3)?,
                    kind: if row.get(4)? { ConnectionKind::Sync } else { ConnectionKind::Async },
                    works: row.get(5)?,
                    attributes: Map::new(),
                };
                Ok((connection, row.get::<_, String>(6)?))
            },
        )?;
        let with_attributes = |(row, json): (ArrayConnectionRow, String)| {
            Ok(ArrayConnectionRow { attributes: crate::mock::tx::from_json(&json)?, ..row })
        };
        found.into_iter().map(with_attributes).collect()
    }

    /// The key with which another array is connected to this one; the same for ever.
    pub fn connection_key(&self) -> String {
        connection_key(&self.array.id)
    }

    /// Connects this array to the one that has this connection key, or changes what the connection carries; the name of
    /// the other one.
    ///
    /// # Errors
    /// no array has that key → `NotFound`; it is this one → `InvalidRequest`.
    pub fn connect_array(&self, key: &str, kind: ConnectionKind) -> Result<String> {
        let ids = self.tx.all("SELECT id FROM arrays", [], |row| row.get::<_, String>(0))?;
        let id = ids.into_iter().find(|id| connection_key(id) == key);
        let peer = array::by_id(self.tx, &id.ok_or_else(|| Error::not_found("no array has that connection key"))?)?;
        if peer.id == self.array.id {
            return Err(Error::invalid(format!("array '{}' cannot be connected to itself", peer.name)));
        }
        array::connect(self.tx, &self.array, &peer, kind)?;
        Ok(peer.name)
    }

    /// Sets what a connection carries, and what is shown of it at this end.
    ///
    /// # Errors
    /// a pod is on both arrays and the connection is not to carry it any more → `Precondition`.
    pub fn set_array_connection(
        &self,
        connection: &ArrayConnectionRow,
        kind: ConnectionKind,
        attributes: &Map<String, Value>,
    ) -> Result<()> {
        if kind == ConnectionKind::Async && self.tx.value(STRETCHED, params![self.array.id, connection.peer.id])? {
            let text = format!("the connection to array '{}' carries a stretched pod", connection.peer.name);
            return Err(Error::precondition(text));
        }
        let json = serde_json::to_string(attributes)?;
        self.tx.execute(
            "UPDATE array_connections SET kind = ?3, one_attributes = iif(one_id = ?2, ?4, one_attributes),
                 other_attributes = iif(one_id = ?2, other_attributes, ?4) WHERE id = ?1",
            params![connection.id, self.array.id, kind.as_str(), json],
        )?;
        Ok(())
    }

    /// Ends a connection.
    ///
    /// # Errors
    /// a group is replicated over it, or a pod is on both arrays → `Precondition`.
    pub fn disconnect_array(&self, connection: &ArrayConnectionRow) -> Result<()> {
        let replicates = "SELECT EXISTS (SELECT 1 FROM replication_paths
                                         WHERE source_array_id IN (?1, ?2) AND target_array_id IN (?1, ?2))";
        let both = params![self.array.id, connection.peer.id];
        if self.tx.value(replicates, both)? || self.tx.value(STRETCHED, both)? {
            let text = format!("the connection to array '{}' carries replication", connection.peer.name);
            return Err(Error::precondition(text));
        }
        self.tx.execute("DELETE FROM array_connections WHERE id = ?1", [&connection.id])?;
        transfers::refresh(self.tx)
    }
}

/// Whether a pod is on both arrays.
const STRETCHED: &str = "
    SELECT EXISTS (SELECT 1 FROM pod_arrays AS here JOIN pod_arrays AS there ON there.pod_id = here.pod_id
                   WHERE here.array_id = ?1 AND there.array_id = ?2)";

fn connection_key(array_id: &str) -> String {
    Uuid::new_v5(&NAMESPACE, format!("connection key of {array_id}").as_bytes()).to_string()
}
