//! What the clock alone brings about: eradication after a day, and scheduled snapshots.

use super::array::schedule;
use super::tx::Tx;
use crate::Result;
use rusqlite::params;

/// How long a destroyed object can be recovered and keeps its name: 24 hours.
const ERADICATION_MILLIS: i64 = 86_400_000;

/// Whether [`settle`] would change anything now.
pub(super) fn is_due(tx: &Tx<'_>) -> Result<bool> {
    tx.value(
        "SELECT EXISTS (SELECT 1 FROM protection_groups WHERE next_due_ms <= ?1)
             OR EXISTS (SELECT 1 FROM protection_groups WHERE destroyed_ms <= ?2)
             OR EXISTS (SELECT 1 FROM snapshots WHERE destroyed_ms <= ?2)
             OR EXISTS (SELECT 1 FROM volumes WHERE destroyed_ms <= ?2)",
        params![tx.now_ms, tx.now_ms - ERADICATION_MILLIS],
    )
}

/// Brings the world up to the present. Each change of what a schedule depends on comes after this, so that a schedule
/// that was off, cut off or forbidden for a while does not make up for it.
pub(super) fn settle(tx: &Tx<'_>) -> Result<()> {
    schedule::take_due(tx)?;
    for table in ["snapshots", "protection_groups", "volumes"] {
        tx.execute(&format!("DELETE FROM {table} WHERE destroyed_ms <= ?1"), params![tx.now_ms - ERADICATION_MILLIS])?;
    }
    Ok(())
}
