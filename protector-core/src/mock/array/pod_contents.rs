//! What is in a pod: copying it, and what happens to it with its pod.

use super::pods::Pod;
use super::{Array, next_serial};
use crate::mock::tx::Tx;
use crate::{Error, Result};
use rusqlite::params;

/// Makes the volumes and groups of `to` the same as those of `from`, matched by name. What is destroyed in `from` is not
/// in `to`, and snapshots are not touched. With `frozen_on` it is what that array had of `from` when its data were frozen.
pub(in crate::mock) fn take_over(
    tx: &Tx<'_>,
    from: &Pod,
    to: &Pod,
    array: &Array,
    frozen_on: Option<&str>,
) -> Result<()> {
    take_over_volumes(tx, from, to, array, frozen_on)?;
    take_over_groups(tx, from, to, array)
}

struct Source {
    id: String,
    /// In the pod, that is without the pod's name.
    name: String,
    provisioned: i64,
    content: i64,
    created_ms: i64,
}

fn sources(tx: &Tx<'_>, from: &Pod, frozen_on: Option<&str>) -> Result<Vec<Source>> {
    let sql = match frozen_on {
        None => {
            "SELECT id, substr(name, ?2), provisioned, content, created_ms FROM volumes
             WHERE pod_id = ?1 AND destroyed_ms IS NULL AND ?3 IS NULL ORDER BY name"
        }
        Some(_) => {
            "SELECT id, substr(name, ?2), frozen.provisioned, frozen.content, created_ms
             FROM volumes JOIN pod_frozen_volumes AS frozen ON volume_id = id AND frozen.array_id = ?3
             WHERE volumes.pod_id = ?1 ORDER BY name"
        }
    };
    tx.all(sql, params![from.id, prefix(from), frozen_on], |row| {
        Ok(Source {
            id: row.get(0)?,
            name: row.get(1)?,
            provisioned: row.get(2)?,
            content: row.get(3)?,
            created_ms: row.get(4)?,
        })
    })
}

/// Where the name of an object begins behind `pod::`, counted from 1.
fn prefix(pod: &Pod) -> i64 {
    i64::try_from(pod.name.chars().count()).unwrap_or(0) + 3
}

fn json(names: &[String]) -> Result<String> {
    serde_json::to_string(names).map_err(|e| Error::internal(e.to_string()))
}

fn take_over_volumes(tx: &Tx<'_>, from: &Pod, to: &Pod, array: &Array, frozen_on: Option<&str>) -> Result<()> {
    let sources = sources(tx, from, frozen_on)?;
    let names: Vec<String> = sources.iter().map(|source| format!("{}::{}", to.name, source.name)).collect();
    let kept = json(&names)?;
    tx.execute(
        "DELETE FROM volumes WHERE pod_id = ?1 AND name NOT IN (SELECT value FROM json_each(?2))",
        [&to.id, &kept],
    )?;
    for (source, name) in sources.iter().zip(&names) {
        let present = "SELECT id FROM volumes WHERE pod_id = ?1 AND name = ?2";
        match tx.first(present, [&to.id, name], |row| row.get::<_, String>(0))? {
            Some(id) => tx.execute(
                "UPDATE volumes SET provisioned = ?2, content = ?3, destroyed_ms = NULL
                 WHERE id = ?1 AND (provisioned <> ?2 OR content <> ?3 OR destroyed_ms IS NOT NULL)",
                params![id, source.provisioned, source.content],
            )?,
            None => tx.execute(
                "INSERT INTO volumes (id, array_id, name, serial, pod_id, source, provisioned, content, created_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, (SELECT name FROM volumes WHERE id = ?6), ?7, ?8, ?9)",
                params![
                    tx.new_id()?,
                    array.id,
                    name,
                    next_serial(tx, &array.id)?,
                    to.id,
                    source.id,
                    source.provisioned,
                    source.content,
                    source.created_ms
                ],
            )?,
        };
    }
    Ok(())
}

fn take_over_groups(tx: &Tx<'_>, from: &Pod, to: &Pod, array: &Array) -> Result<()> {
    let sources = tx.all(
        "SELECT id, substr(name, ?2) FROM protection_groups
         WHERE pod_id = ?1 AND destroyed_ms IS NULL AND source_group_id IS NULL ORDER BY name",
        params![from.id, prefix(from)],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
    )?;
    let named = |name: &str| format!("{}::{name}", to.name);
    let kept = json(&sources.iter().map(|(_, name)| named(name)).collect::<Vec<_>>())?;
    tx.execute(
        "DELETE FROM protection_groups
         WHERE pod_id = ?1 AND destroyed_ms IS NULL AND name NOT IN (SELECT value FROM json_each(?2))",
        [&to.id, &kept],
    )?;
    for (source_id, name) in sources {
        let name = named(&name);
        let present = "SELECT id FROM protection_groups WHERE pod_id = ?1 AND name = ?2";
        let id = match tx.first(present, [&to.id, &name], |row| row.get::<_, String>(0))? {
            Some(id) => {
                let recover =
                    "UPDATE protection_groups SET destroyed_ms = NULL WHERE id = ?1 AND destroyed_ms IS NOT NULL";
                tx.execute(recover, [&id])?;
                id
            }
            None => {
                let id = super::groups::create(tx, array, &name, None, 0)?;
                tx.execute("UPDATE protection_groups SET pod_id = ?2 WHERE id = ?1", [&id, &to.id])?;
                id
            }
        };
        copy_members(tx, &source_id, &id, from, to)?;
    }
    Ok(())
}

fn copy_members(tx: &Tx<'_>, source_id: &str, id: &str, from: &Pod, to: &Pod) -> Result<()> {
    const WANTED: &str = "SELECT own.id FROM protection_group_volumes AS m JOIN volumes AS v ON v.id = m.volume_id
        JOIN volumes AS own ON own.pod_id = ?3 AND own.name = ?4 || '::' || substr(v.name, ?5)
        WHERE m.group_id = ?2";
    let key = params![id, source_id, to.id, to.name, prefix(from)];
    let delete = "DELETE FROM protection_group_volumes WHERE group_id = ?1 AND volume_id NOT IN";
    tx.execute(&format!("{delete} ({WANTED})"), key)?;
    tx.execute(&format!("INSERT OR IGNORE INTO protection_group_volumes SELECT ?1, id FROM ({WANTED})"), key)?;
    Ok(())
}

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
    Ok(())
}

/// Removes what is in a pod for good, destroyed or not.
pub(in crate::mock) fn eradicate(tx: &Tx<'_>, pod_id: &str) -> Result<()> {
    tx.execute("DELETE FROM volume_snapshots WHERE volume_id IN (SELECT id FROM volumes WHERE pod_id = ?1)", [pod_id])?;
    tx.execute("DELETE FROM protection_groups WHERE pod_id = ?1", [pod_id])?;
    tx.execute("DELETE FROM volumes WHERE pod_id = ?1", [pod_id])?;
    Ok(())
}

/// Whether anything in a pod is there, or with `destroyed` at least waits for eradication.
pub(in crate::mock) fn is_empty(tx: &Tx<'_>, pod_id: &str, destroyed: bool) -> Result<bool> {
    tx.value(
        "SELECT NOT EXISTS (SELECT 1 FROM volumes WHERE pod_id = ?1 AND (?2 OR destroyed_ms IS NULL))
            AND NOT EXISTS (SELECT 1 FROM protection_groups WHERE pod_id = ?1 AND (?2 OR destroyed_ms IS NULL))",
        params![pod_id, destroyed],
    )
}

/// Gives what is in a pod the name that the pod has now.
pub(in crate::mock) fn rename(tx: &Tx<'_>, pod_id: &str, old: &str, new: &str) -> Result<()> {
    let rest = i64::try_from(old.chars().count()).unwrap_or(0) + 1;
    for sql in [
        "UPDATE volumes SET name = ?2 || substr(name, ?3) WHERE pod_id = ?1",
        "UPDATE protection_groups SET name = ?2 || substr(name, ?3) WHERE pod_id = ?1",
        "UPDATE volume_snapshots SET name = ?2 || substr(name, ?3)
         WHERE volume_id IN (SELECT id FROM volumes WHERE pod_id = ?1)",
    ] {
        tx.execute(sql, params![pod_id, new, rest])?;
    }
    Ok(())
}

/// Makes what is in a pod belong to `to` where it belonged to `from`. Serial numbers stay as they are, what the hosts and
/// the tags of `from` had to do with it does not.
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
    tx.execute("UPDATE protection_groups SET array_id = ?3 WHERE pod_id = ?1 AND array_id = ?2", key)?;
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
