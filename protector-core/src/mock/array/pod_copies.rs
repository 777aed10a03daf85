//! Making one pod hold what another holds.

use super::pods::Pod;
use super::{Array, next_serial};
use crate::mock::tx::Tx;
use crate::{Error, Result};
use rusqlite::{Row, params};

/// Makes the volumes, volume groups and protection groups of `to` the same as those of `from`, matched by name. What was destroyed in `from`
/// before `from` itself is not in `to`, and snapshots are not touched. With `frozen_on` it is what that array had of `from` when its data were frozen.
pub(in crate::mock) fn take_over(
    tx: &Tx<'_>,
    from: &Pod,
    to: &Pod,
    array: &Array,
    frozen_on: Option<&str>,
) -> Result<()> {
    take_over_volume_groups(tx, from, to, array)?;
    take_over_volumes(tx, from, to, array, frozen_on)?;
    take_over_protection_groups(tx, from, to, array)
}

/// Volume groups are only added: an empty one does no harm.
fn take_over_volume_groups(tx: &Tx<'_>, from: &Pod, to: &Pod, array: &Array) -> Result<()> {
    let missing = tx.all(
        "SELECT ?3 || '::' || substr(name, ?2) AS wanted FROM volume_groups
         WHERE pod_id = ?1 AND destroyed_ms IS ?5
             AND NOT EXISTS (SELECT 1 FROM volume_groups AS own WHERE own.pod_id = ?4 AND own.name = wanted)
         ORDER BY wanted",
        params![from.id, prefix(from), to.name, to.id, from.destroyed_ms],
        |row| row.get::<_, String>(0),
    )?;
    for name in missing {
        let sql = "INSERT INTO volume_groups (id, array_id, name, pod_id) VALUES (?1, ?2, ?3, ?4)";
        tx.execute(sql, [&tx.new_id()?, &array.id, &name, &to.id])?;
    }
    let recover = "UPDATE volume_groups SET destroyed_ms = NULL
        WHERE pod_id = ?1 AND destroyed_ms IS NOT NULL
            AND substr(name, ?2) IN (SELECT substr(name, ?4) FROM volume_groups
                                     WHERE pod_id = ?3 AND destroyed_ms IS ?5)";
    tx.execute(recover, params![to.id, prefix(to), from.id, prefix(from), from.destroyed_ms])?;
    Ok(())
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
    let read = |row: &Row<'_>| {
        Ok(Source {
            id: row.get(0)?,
            name: row.get(1)?,
            provisioned: row.get(2)?,
            content: row.get(3)?,
            created_ms: row.get(4)?,
        })
    };
    match frozen_on {
        None => tx.all(
            "SELECT id, substr(name, ?2), provisioned, content, created_ms FROM volumes
             WHERE pod_id = ?1 AND destroyed_ms IS ?3 ORDER BY name",
            params![from.id, prefix(from), from.destroyed_ms],
            read,
        ),
        Some(array_id) => tx.all(
            "SELECT id, substr(name, ?2), frozen.provisioned, frozen.content, created_ms
             FROM volumes JOIN pod_frozen_volumes AS frozen ON volume_id = id AND frozen.array_id = ?3
             WHERE volumes.pod_id = ?1 ORDER BY name",
            params![from.id, prefix(from), array_id],
            read,
        ),
    }
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
                "INSERT INTO volumes (id, array_id, name, serial, pod_id, provisioned, content, created_ms,
                                      source, source_id, volume_group_id)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?7, ?8, ?9, iif(is_here, name, NULL), iif(is_here, id, NULL),
                     (SELECT id FROM volume_groups WHERE pod_id = ?5 AND ?3 GLOB name || '/*')
                 FROM (SELECT id, name, EXISTS (SELECT 1 FROM pod_arrays AS seen
                                                WHERE seen.pod_id = volumes.pod_id AND seen.array_id = ?2) AS is_here
                       FROM volumes WHERE id = ?6)",
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

fn take_over_protection_groups(tx: &Tx<'_>, from: &Pod, to: &Pod, array: &Array) -> Result<()> {
    let sources = tx.all(
        "SELECT id, substr(name, ?2) FROM protection_groups
         WHERE pod_id = ?1 AND destroyed_ms IS ?3 AND source_group_id IS NULL ORDER BY name",
        params![from.id, prefix(from), from.destroyed_ms],
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
            None => super::groups::create(tx, array, &name, Some(&to.id))?,
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
