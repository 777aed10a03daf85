//! The whole world as one value, to compare two ends of a story.

use super::World;
use crate::Result;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};

/// Every table but `bookkeeping` and `serials`, with an order of its rows that does not depend on when they were made, as far as names
/// allow.
pub(super) const TABLES: [(&str, &str); 37] = [
    ("array_connections", "id"),
    ("arrays", "name"),
    ("attachments", "server_id, device"),
    ("cinder_groups", "site, name"),
    ("cinder_volumes", "site, name, id"),
    ("connections", "array_id, volume_id, host_id, host_group_id"),
    ("default_protections", "array_id, pod_id, group_id"),
    ("fences", "array_id, volume_id"),
    ("flavors", "site, name"),
    ("group_marks", "group_id, array_id"),
    ("host_groups", "array_id, name"),
    ("hosts", "array_id, name"),
    ("key_pairs", "site, name"),
    ("mishaps", "site, kind, name"),
    ("networks", "site, name"),
    ("pod_arrays", "pod_id, array_id"),
    ("pod_frozen_volumes", "pod_id, array_id, volume_id"),
    ("pod_replica_links", "source_pod_id, target_pod_id"),
    ("pods", "name, id"),
    ("port_addresses", "network_id, address"),
    ("ports", "site, name, id"),
    ("protection_group_volumes", "group_id, volume_id"),
    ("protection_groups", "array_id, name"),
    ("quotas", "site"),
    ("security_groups", "site, name"),
    ("servers", "site, name, id"),
    ("settings", "one"),
    ("sites", "name"),
    ("snapshot_volumes", "snapshot_id, volume_name"),
    ("snapshots", "group_id, suffix"),
    ("subnets", "network_id, cidr"),
    ("tags", "array_id, resource, resource_id, namespace, key"),
    ("transfers", "snapshot_id"),
    ("volume_groups", "array_id, name"),
    ("volume_snapshots", "array_id, name"),
    ("volume_types", "site, name"),
    ("volumes", "array_id, name"),
];

impl World {
    /// The whole world: an object with one list of rows for each table. Columns that end in `_ms` are instants. What is
    /// not part of the simulated world is left out: the virtual present, and the counts of ids, serial numbers and mutations.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn dump(&self) -> Result<Value> {
        self.read(|tx| {
            let mut tables = Map::new();
            for (table, order) in TABLES {
                let rows = tx.all(&format!("SELECT * FROM {table} ORDER BY {order}"), [], |row| {
                    let mut columns = Map::new();
                    for (index, name) in row.as_ref().column_names().enumerate() {
                        columns.insert(name.to_owned(), json(row.get_ref(index)?));
                    }
                    Ok(Value::Object(columns))
                })?;
                tables.insert(table.to_owned(), Value::Array(rows));
            }
            Ok(Value::Object(tables))
        })
    }
}

fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
    }
}
