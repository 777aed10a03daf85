//! Volumes of an array.

use super::{Array, pods};
use crate::mock::tx::{Tx, derived_id, signed, unsigned};
use crate::model::{ArrayVolumeName, RecoveryPointName};
use crate::ports::ArrayVolume;
use crate::{Error, Result};
use rusqlite::{Row, params};

/// A volume as one array has it, destroyed or not.
#[derive(Debug, Clone)]
pub(in crate::mock) struct Volume {
    pub(in crate::mock) id: String,
    pub(in crate::mock) name: String,
    /// Bytes.
    pub(in crate::mock) provisioned: u64,
    /// Writes it holds.
    pub(in crate::mock) content: u64,
    /// That array refuses host writes to it.
    pub(in crate::mock) fenced: bool,
    pub(in crate::mock) destroyed: bool,
    pub(in crate::mock) pod_id: Option<String>,
    pub(in crate::mock) clone: Option<CloneMark>,
}

/// What a clone remembers of its making.
#[derive(Debug, Clone)]
pub(in crate::mock) struct CloneMark {
    pub(in crate::mock) key: String,
    pub(in crate::mock) group_id: String,
    pub(in crate::mock) point: String,
    pub(in crate::mock) source: String,
}

impl Volume {
    /// As a driver shows it.
    pub(in crate::mock) fn show(self) -> ArrayVolume {
        ArrayVolume {
            id: self.id.into(),
            name: self.name.into(),
            provisioned: self.provisioned,
            cloned_from: self
                .clone
                .map(|mark| (RecoveryPointName::from(mark.point), ArrayVolumeName::from(mark.source))),
            fenced: self.fenced,
            destroyed: self.destroyed,
        }
    }
}

/// On the array ?1.
const COLUMNS: &str = "volumes.id, volumes.name, provisioned, content,
    EXISTS (SELECT 1 FROM fences WHERE fences.volume_id = volumes.id AND fences.array_id = ?1),
    volumes.destroyed_ms IS NOT NULL, clone_key, clone_group_id, clone_point, clone_source, volumes.pod_id";

fn read(row: &Row<'_>) -> rusqlite::Result<Volume> {
    let clone = match row.get::<_, Option<String>>(6)? {
        Some(key) => Some(CloneMark { key, group_id: row.get(7)?, point: row.get(8)?, source: row.get(9)? }),
        None => None,
    };
    Ok(Volume {
        id: row.get(0)?,
        name: row.get(1)?,
        provisioned: unsigned(row.get(2)?),
        content: unsigned(row.get(3)?),
        fenced: row.get(4)?,
        destroyed: row.get(5)?,
        pod_id: row.get(10)?,
        clone,
    })
}

/// The volume that this array shows under a name, destroyed or not.
pub(in crate::mock) fn by_name(tx: &Tx<'_>, array_id: &str, name: &str) -> Result<Option<Volume>> {
    if pods::split(name).is_some() {
        let sql = format!(
            "SELECT {COLUMNS} FROM volumes JOIN pod_arrays ON pod_arrays.pod_id = volumes.pod_id
             WHERE pod_arrays.array_id = ?1 AND name = ?2"
        );
        return tx.first(&sql, [array_id, name], read);
    }
    let sql = format!("SELECT {COLUMNS} FROM volumes WHERE array_id = ?1 AND name = ?2");
    tx.first(&sql, [array_id, name], read)
}

/// The volume with this id, if this array has it, alone or in a stretched pod.
pub(in crate::mock) fn by_id(tx: &Tx<'_>, array_id: &str, id: &str) -> Result<Option<Volume>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM volumes WHERE id = ?2
             AND (array_id = ?1 OR pod_id IN (SELECT pod_id FROM pod_arrays WHERE array_id = ?1))"
    );
    tx.first(&sql, [array_id, id], read)
}

/// What was cloned on this array under an op key, destroyed or not, by source name.
pub(in crate::mock) fn by_clone_key(tx: &Tx<'_>, array_id: &str, key: &str) -> Result<Vec<Volume>> {
    let sql = format!("SELECT {COLUMNS} FROM volumes WHERE array_id = ?1 AND clone_key = ?2 ORDER BY clone_source");
    tx.all(&sql, [array_id, key], read)
}

/// Members of a group that are not destroyed, by name, as that array has them.
pub(in crate::mock) fn of_group(tx: &Tx<'_>, array_id: &str, group_id: &str) -> Result<Vec<Volume>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM protection_group_volumes JOIN volumes ON volumes.id = volume_id
         WHERE group_id = ?2 AND volumes.destroyed_ms IS NULL ORDER BY volumes.name"
    );
    tx.all(&sql, [array_id, group_id], read)
}

/// A new volume; its id.
pub(in crate::mock) fn create(
    tx: &Tx<'_>,
    array: &Array,
    name: &str,
    provisioned: u64,
    content: u64,
) -> Result<String> {
    let id = tx.new_id()?;
    tx.execute(
        "INSERT INTO volumes (id, array_id, name, serial, provisioned, content, created_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            id,
            array.id,
            name,
            super::next_serial(tx, &array.id)?,
            signed(provisioned)?,
            signed(content)?,
            tx.now_ms
        ],
    )?;
    Ok(id)
}

/// A new volume with the size and content that `mark.source` had in a snapshot; its id.
pub(in crate::mock) fn create_clone(
    tx: &Tx<'_>,
    array: &Array,
    name: &str,
    snapshot_id: &str,
    mark: &CloneMark,
) -> Result<String> {
    let id = tx.new_id()?;
    let held = pods::split(&mark.source).map_or(mark.source.as_str(), |(_, bare)| bare);
    let (origin, origin_id) = match replica_origin(&array.id, &mark.point, &mark.source) {
        Some((origin, origin_id)) => (origin, Some(origin_id)),
        None => (mark.source.clone(), by_name(tx, &array.id, &mark.source)?.map(|source| source.id)),
    };
    tx.execute(
        "INSERT INTO volumes (id, array_id, name, provisioned, content, created_ms,
                              clone_key, clone_group_id, clone_point, clone_source, serial, source, source_id)
         SELECT ?1, ?2, ?3, provisioned, content, ?4, ?5, ?6, ?7, ?8, ?10, ?11, ?12
         FROM snapshot_volumes WHERE snapshot_id = ?9 AND volume_name = ?13",
        params![
            id,
            array.id,
            name,
            tx.now_ms,
            mark.key,
            mark.group_id,
            mark.point,
            mark.source,
            snapshot_id,
            super::next_serial(tx, &array.id)?,
            origin,
            origin_id,
            held
        ],
    )?;
    Ok(id)
}

/// The name and id that the target array gives to the source of a replicated volume: `<source array or pod>:<volume>`.
/// `None`: `group`, or the snapshot of that name, is no replica.
pub(in crate::mock) fn replica_origin(array_id: &str, group: &str, volume: &str) -> Option<(String, String)> {
    let (prefix, rest) = group.split_once(':')?;
    if rest.starts_with(':') {
        return None;
    }
    let name = format!("{prefix}:{}", pods::split(volume).map_or(volume, |(_, bare)| bare));
    let id = derived_id(array_id, &name);
    Some((name, id))
}

/// Gives a volume another name in the place where it is, and its snapshots with it.
pub(in crate::mock) fn rename(tx: &Tx<'_>, id: &str, name: &str) -> Result<()> {
    tx.execute("UPDATE volumes SET name = ?2 WHERE id = ?1", [id, name])?;
    tx.execute("UPDATE volume_snapshots SET name = ?2 || '.' || suffix WHERE volume_id = ?1", [id, name])?;
    Ok(())
}

/// A host writes, through this array, which `volume` is seen on. Nothing is written to a pod that is demoted, or that has no
/// current data here.
pub(in crate::mock) fn write(tx: &Tx<'_>, array_id: &str, volume: &Volume, count: u64) -> Result<()> {
    if volume.fenced {
        let text = format!("volume '{}' is fenced: the array refuses host writes to it", volume.name);
        return Err(Error::precondition(text));
    }
    if tx.value("SELECT demoted FROM volumes WHERE id = ?1", [&volume.id])? {
        return Err(Error::precondition(format!("volume '{}' is demoted: it takes no host writes", volume.name)));
    }
    if let Some(pod_id) = &volume.pod_id {
        pods::check_open(tx, array_id, pod_id)?;
    }
    let sql = "UPDATE volumes SET content = content + ?2 WHERE id = ?1";
    tx.execute(sql, params![volume.id, signed(count)?])?;
    Ok(())
}

/// Destroys; the name stays taken until eradication.
pub(in crate::mock) fn destroy(tx: &Tx<'_>, id: &str) -> Result<()> {
    tx.execute("UPDATE volumes SET destroyed_ms = ?2 WHERE id = ?1 AND destroyed_ms IS NULL", params![id, tx.now_ms])?;
    Ok(())
}

/// Makes an array refuse or accept the writes of its hosts to every member of a group.
pub(in crate::mock) fn set_fence(tx: &Tx<'_>, array_id: &str, group_id: &str, fenced: bool) -> Result<()> {
    let members = "SELECT volume_id FROM protection_group_volumes WHERE group_id = ?2";
    let sql = if fenced {
        format!("INSERT OR IGNORE INTO fences (array_id, volume_id) SELECT ?1, volume_id FROM ({members})")
    } else {
        format!("DELETE FROM fences WHERE array_id = ?1 AND volume_id IN ({members})")
    };
    tx.execute(&sql, [array_id, group_id])?;
    Ok(())
}

/// Who would miss this volume: the server it is attached to, or the marked group it is a member of.
pub(in crate::mock) fn user(tx: &Tx<'_>, id: &str) -> Result<Option<String>> {
    tx.first(
        "SELECT 'attached to server ''' || servers.name || '''' FROM cinder_volumes
             JOIN attachments ON attachments.volume_id = cinder_volumes.id
             JOIN servers ON servers.id = server_id
             WHERE array_volume_id = ?1
         UNION ALL
         SELECT 'a member of group ''' || protection_groups.name || '''' FROM protection_group_volumes AS member
             JOIN protection_groups ON protection_groups.id = member.group_id
             JOIN group_marks AS marks ON marks.group_id = protection_groups.id
             WHERE volume_id = ?1 AND owner IS NOT NULL AND destroyed_ms IS NULL",
        [id],
        |row| row.get(0),
    )
}
