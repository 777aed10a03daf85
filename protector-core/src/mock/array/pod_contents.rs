//! What is in a pod, and what becomes of it with its pod.

use crate::Result;
use crate::mock::tx::Tx;
use rusqlite::params;

/// Destroys what is in a pod, as of the present.
pub(in crate::mock) fn destroy(tx: &Tx<'_>, pod_id: &str) -> Result<()> {
    let key = params![pod_id, tx.now_ms];
    tx.execute("UPDATE volumes SET destroyed_ms = ?2 WHERE pod_id = ?1 AND destroyed_ms IS NULL", key)?;
    tx.execute(
        "UPDATE snapshots SET destroyed_ms = ?2 WHERE destroyed_ms IS NULL
             AND group_id IN (SELECT id FROM protection_groups WHERE pod_id = ?1 AND destroyed_ms IS NULL)",
        key,
    )?;
    tx.execute(
        "UPDATE volume_snapshots SET destroyed_ms = ?2 WHERE destroyed_ms IS NULL
             AND volume_id IN (SELECT id FROM volumes WHERE pod_id = ?1)",
        key,
    )?;
    tx.execute(
        "UPDATE protection_groups SET destroyed_ms = ?2, next_due_ms = NULL, snapshot_due_ms = NULL
         WHERE pod_id = ?1 AND destroyed_ms IS NULL",
        key,
    )?;
    let groups = "UPDATE volume_groups SET destroyed_ms = ?2 WHERE pod_id = ?1 AND destroyed_ms IS NULL";
    tx.execute(groups, key)?;
    Ok(())
}

/// Recovers what was destroyed in a pod at an instant.
pub(in crate::mock) fn recover(tx: &Tx<'_>, pod_id: &str, destroyed_ms: i64) -> Result<()> {
    let key = params![pod_id, destroyed_ms];
    let same_time = "UPDATE volumes SET destroyed_ms = NULL WHERE pod_id = ?1 AND destroyed_ms = ?2";
    tx.execute(same_time, key)?;
    tx.execute(
        "UPDATE volume_snapshots SET destroyed_ms = NULL
         WHERE destroyed_ms = ?2 AND volume_id IN (SELECT id FROM volumes WHERE pod_id = ?1)",
        key,
    )?;
    tx.execute(
        "UPDATE snapshots SET destroyed_ms = NULL
         WHERE destroyed_ms = ?2 AND group_id IN (SELECT id FROM protection_groups WHERE pod_id = ?1)",
        key,
    )?;
    tx.execute("UPDATE protection_groups SET destroyed_ms = NULL WHERE pod_id = ?1 AND destroyed_ms = ?2", key)?;
    tx.execute("UPDATE volume_groups SET destroyed_ms = NULL WHERE pod_id = ?1 AND destroyed_ms = ?2", key)?;
    Ok(())
}

/// Whether nothing is in a pod; with `destroyed`, not even something that waits for eradication.
pub(in crate::mock) fn is_empty(tx: &Tx<'_>, pod_id: &str, destroyed: bool) -> Result<bool> {
    tx.value(
        "SELECT NOT EXISTS (SELECT 1 FROM volumes WHERE pod_id = ?1 AND (?2 OR destroyed_ms IS NULL))
            AND NOT EXISTS (SELECT 1 FROM protection_groups WHERE pod_id = ?1 AND (?2 OR destroyed_ms IS NULL))
            AND NOT EXISTS (SELECT 1 FROM volume_groups WHERE pod_id = ?1 AND (?2 OR destroyed_ms IS NULL))",
        params![pod_id, destroyed],
    )
}

/// Gives what is in a pod the name that the pod has now.
pub(in crate::mock) fn rename(tx: &Tx<'_>, pod_id: &str, old: &str, new: &str) -> Result<()> {
    let rest = i64::try_from(old.chars().count()).unwrap_or(0) + 1;
    for sql in [
        "UPDATE volumes SET name = ?2 || substr(name, ?3) WHERE pod_id = ?1",
        "UPDATE protection_groups SET name = ?2 || substr(name, ?3) WHERE pod_id = ?1",
        "UPDATE volume_groups SET name = ?2 || substr(name, ?3) WHERE pod_id = ?1",
        "UPDATE volume_snapshots SET name = ?2 || substr(name, ?3)
         WHERE volume_id IN (SELECT id FROM volumes WHERE pod_id = ?1)",
    ] {
        tx.execute(sql, params![pod_id, new, rest])?;
    }
    Ok(())
}

/// Makes what is in a pod belong to `to` where it belonged to `from`. Serial numbers stay as they are, what the hosts, the
/// fences, the marks and the tags of `from` had to do with it does not.
pub(in crate::mock) fn move_home(tx: &Tx<'_>, pod_id: &str, from: &str, to: &str) -> Result<()> {
    let key = [pod_id, from, to];
    let serial = "serial_array_id = COALESCE(serial_array_id, array_id)";
    tx.execute(
        "DELETE FROM connections WHERE array_id = ?2 AND volume_id IN (SELECT id FROM volumes WHERE pod_id = ?1)",
        [pod_id, from],
    )?;
    tx.execute(&format!("UPDATE volumes SET array_id = ?3, {serial} WHERE pod_id = ?1 AND array_id = ?2"), key)?;
    tx.execute(
        &format!(
            "UPDATE volume_snapshots SET array_id = ?3, {serial}
             WHERE array_id = ?2 AND volume_id IN (SELECT id FROM volumes WHERE pod_id = ?1)"
        ),
        key,
    )?;
    tx.execute(
        "DELETE FROM fences WHERE array_id = ?2 AND volume_id IN (SELECT id FROM volumes WHERE pod_id = ?1)",
        [pod_id, from],
    )?;
    tx.execute(
        "DELETE FROM group_marks WHERE array_id = ?2
             AND group_id IN (SELECT id FROM protection_groups WHERE pod_id = ?1)",
        [pod_id, from],
    )?;
    for table in ["protection_groups", "volume_groups", "default_protections"] {
        tx.execute(&format!("UPDATE {table} SET array_id = ?3 WHERE pod_id = ?1 AND array_id = ?2"), key)?;
    }
    move_tags(tx, key)
}

fn move_tags(tx: &Tx<'_>, key: [&str; 3]) -> Result<()> {
    tx.execute(
        "UPDATE OR REPLACE tags SET array_id = ?3 WHERE array_id = ?2
             AND resource_id IN (SELECT ?1 UNION ALL SELECT id FROM volumes WHERE pod_id = ?1
                                 UNION ALL SELECT id FROM protection_groups WHERE pod_id = ?1)",
        key,
    )?;
    Ok(())
}

/// Takes what is in a pod back to what an array had when its data were frozen.
pub(in crate::mock) fn restore(tx: &Tx<'_>, pod_id: &str, array_id: &str) -> Result<()> {
    tx.execute(
        "DELETE FROM volumes WHERE pod_id = ?1
             AND id NOT IN (SELECT volume_id FROM pod_frozen_volumes WHERE pod_id = ?1 AND array_id = ?2)",
        [pod_id, array_id],
    )?;
    tx.execute(
        "UPDATE volumes SET provisioned = frozen.provisioned, content = frozen.content, destroyed_ms = NULL
         FROM pod_frozen_volumes AS frozen
         WHERE frozen.pod_id = ?1 AND frozen.array_id = ?2 AND volume_id = volumes.id",
        [pod_id, array_id],
    )?;
    Ok(())
}
