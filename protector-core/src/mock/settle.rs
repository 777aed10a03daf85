//! What the clock alone brings about: eradication after a while, and scheduled snapshots.

use super::array::{pod_members, replica_links, retention, schedule};
use super::tx::Tx;
use crate::Result;

/// Objects that wait for eradication once they are destroyed, and the array whose delay holds for each. What lies in
/// another comes before it.
const ERADICATED: [(&str, &str); 6] = [
    ("snapshots", "(SELECT array_id FROM protection_groups WHERE protection_groups.id = group_id)"),
    ("volume_snapshots", "array_id"),
    ("protection_groups", "array_id"),
    ("volumes", "array_id"),
    ("volume_groups", "array_id"),
    ("pods", "(SELECT min(array_id) FROM pod_arrays WHERE pod_id = pods.id)"),
];

/// Instants at which a schedule or a retention has something to do.
const DUE: [(&str, &str); 4] = [
    ("protection_groups", "next_due_ms"),
    ("protection_groups", "snapshot_due_ms"),
    ("protection_groups", "retention_due_ms"),
    ("snapshots", "eradicate_ms"),
];

fn overdue(table: &str, array_id: &str) -> String {
    format!(
        "{table} WHERE destroyed_ms IS NOT NULL
             AND destroyed_ms <= ?1 - (SELECT eradication_millis FROM arrays WHERE arrays.id = {array_id})"
    )
}

/// Whether [`settle`] would change anything now.
pub(super) fn is_due(tx: &Tx<'_>) -> Result<bool> {
    for (table, column) in DUE {
        if tx.value(&format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {column} <= ?1)"), [tx.now_ms])? {
            return Ok(true);
        }
    }
    for (table, array_id) in ERADICATED {
        if tx.value(&format!("SELECT EXISTS (SELECT 1 FROM {})", overdue(table, array_id)), [tx.now_ms])? {
            return Ok(true);
        }
    }
    replica_links::is_due(tx)
}

/// Brings the world up to the present. Each change of what a schedule depends on comes after this, so that a schedule
/// that was off, cut off or forbidden for a while does not make up for it.
pub(super) fn settle(tx: &Tx<'_>) -> Result<()> {
    if replica_links::is_due(tx)? {
        replica_links::refresh(tx)?;
    }
    schedule::take_due(tx)?;
    retention::expire_due(tx)?;
    for (table, array_id) in ERADICATED {
        tx.execute(&format!("DELETE FROM {}", overdue(table, array_id)), [tx.now_ms])?;
    }
    Ok(())
}

/// Brings what depends on other things to where a change of them has left it: stretched pods on arrays and connections,
/// replica links on these and on the pods at their ends.
pub(super) fn follow(tx: &Tx<'_>) -> Result<()> {
    pod_members::refresh(tx)?;
    replica_links::refresh(tx)
}
