//! Volumes that move into a pod, or out of one.

use super::Array;
use super::volumes;
use crate::Result;
use crate::mock::tx::Tx;
use crate::model::ArrayVolumeName;

/// Puts a volume into a pod, under that name. It leaves its protection groups, which cannot follow.
pub(in crate::mock) fn enter(tx: &Tx<'_>, volume_id: &str, pod_id: &str, name: &ArrayVolumeName) -> Result<()> {
    tx.execute("DELETE FROM protection_group_volumes WHERE volume_id = ?1", [volume_id])?;
    tx.execute("UPDATE volumes SET pod_id = ?2, volume_group_id = NULL WHERE id = ?1", [volume_id, pod_id])?;
    volumes::rename(tx, volume_id, name.as_str())
}

/// Takes a volume out of its pod, onto `array` alone, under that name. Its serial number and its tags stay; what hosts and
/// fences of other arrays had to do with it does not.
pub(in crate::mock) fn leave(tx: &Tx<'_>, array: &Array, volume_id: &str, name: &ArrayVolumeName) -> Result<()> {
    for sql in [
        "UPDATE volumes SET pod_id = NULL, volume_group_id = NULL, array_id = ?2,
             serial_array_id = COALESCE(serial_array_id, array_id)
         WHERE id = ?1",
        "UPDATE volume_snapshots SET array_id = ?2, serial_array_id = COALESCE(serial_array_id, array_id)
         WHERE volume_id = ?1",
        "DELETE FROM connections WHERE volume_id = ?1 AND array_id <> ?2",
        "DELETE FROM fences WHERE volume_id = ?1 AND array_id <> ?2",
        "UPDATE OR REPLACE tags SET array_id = ?2
         WHERE array_id <> ?2
             AND resource_id IN (SELECT ?1 UNION ALL SELECT id FROM volume_snapshots WHERE volume_id = ?1)",
    ] {
        tx.execute(sql, [volume_id, &array.id])?;
    }
    tx.execute("DELETE FROM pod_frozen_volumes WHERE volume_id = ?1", [volume_id])?;
    volumes::rename(tx, volume_id, name.as_str())
}
