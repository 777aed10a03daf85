//! Protection groups of an array, and images of groups that another array replicates to it.

use super::{Array, pods, volumes};
use crate::mock::tx::{Tx, signed, unsigned};
use crate::model::{ArrayGroupName, ArrayName};
use crate::ports::{ArrayGroup, Cx, ReplicationLink};
use crate::{Error, ErrorKind, Result};
use rusqlite::{Row, params};
use std::collections::BTreeMap;

/// A group or image, destroyed or not.
#[derive(Debug, Clone)]
pub(in crate::mock) struct Group {
    pub(in crate::mock) id: String,
    pub(in crate::mock) name: String,
    pub(in crate::mock) owner: Option<String>,
    /// Highest epoch seen.
    pub(in crate::mock) epoch: u64,
    pub(in crate::mock) destroyed: bool,
    /// Milliseconds between scheduled snapshots, while the schedule is on; on an image, that of the source.
    pub(in crate::mock) interval_ms: Option<i64>,
    /// On an image: the group it is the image of.
    pub(in crate::mock) source_group_id: Option<String>,
    /// On an image: it is no target of its source any more.
    pub(in crate::mock) detached: bool,
}

impl Group {
    /// The group whose members these are: the image's source, else the group itself.
    fn origin(&self) -> &str {
        self.source_group_id.as_deref().unwrap_or(&self.id)
    }
}

/// Seconds of an interval in milliseconds.
pub(in crate::mock) fn seconds(interval_ms: i64) -> u32 {
    u32::try_from(interval_ms / 1000).unwrap_or(u32::MAX)
}

const SELECT: &str = "SELECT g.id, g.name, g.owner, g.epoch, g.destroyed_ms IS NOT NULL,
        COALESCE(source.next_due_ms, g.next_due_ms) IS NOT NULL, COALESCE(source.interval_ms, g.interval_ms),
        g.source_group_id, g.detached
    FROM protection_groups AS g LEFT JOIN protection_groups AS source ON source.id = g.source_group_id";

fn read(row: &Row<'_>) -> rusqlite::Result<Group> {
    let scheduled: bool = row.get(5)?;
    Ok(Group {
        id: row.get(0)?,
        name: row.get(1)?,
        owner: row.get(2)?,
        epoch: unsigned(row.get(3)?),
        destroyed: row.get(4)?,
        interval_ms: row.get::<_, Option<i64>>(6)?.filter(|_| scheduled),
        source_group_id: row.get(7)?,
        detached: row.get(8)?,
    })
}

/// What the array shows under this name.
pub(in crate::mock) fn find(tx: &Tx<'_>, array: &Array, name: &str) -> Result<Option<Group>> {
    if pods::split(name).is_some() {
        let sql = format!(
            "{SELECT} JOIN pod_arrays ON pod_arrays.pod_id = g.pod_id
             WHERE pod_arrays.array_id = ?1 AND g.name = ?2 AND g.visible_ms <= ?3"
        );
        return tx.first(&sql, params![array.id, name, tx.now_ms], read);
    }
    let sql = format!("{SELECT} WHERE g.array_id = ?1 AND g.name = ?2 AND g.visible_ms <= ?3");
    tx.first(&sql, params![array.id, name, tx.now_ms], read)
}

/// The image of this name, whether the array shows it yet or not.
pub(in crate::mock) fn image(tx: &Tx<'_>, target: &Array, name: &ArrayGroupName) -> Result<Option<Group>> {
    tx.first(&format!("{SELECT} WHERE g.array_id = ?1 AND g.name = ?2"), [&target.id, name.as_str()], read)
}

pub(in crate::mock) fn by_id(tx: &Tx<'_>, id: &str) -> Result<Option<Group>> {
    tx.first(&format!("{SELECT} WHERE g.id = ?1"), [id], read)
}

/// The same with what the caller knows of the roles: an older caller is refused, a newer one remembered.
pub(in crate::mock) fn find_for(tx: &Tx<'_>, cx: &Cx, array: &Array, name: &str) -> Result<Option<Group>> {
    let found = find(tx, array, name)?;
    if let Some(group) = &found {
        note_epoch(tx, cx, array, group)?;
    }
    Ok(found)
}

/// A group of this array that carries a mark and can be changed.
pub(in crate::mock) fn changeable(tx: &Tx<'_>, cx: &Cx, array: &Array, name: &ArrayGroupName) -> Result<Group> {
    let group = find_for(tx, cx, array, name.as_str())?.ok_or_else(|| missing(array, name))?;
    if group.destroyed {
        return Err(pending(array, name));
    }
    if group.source_group_id.is_some() {
        return Err(Error::precondition(format!(
            "group '{name}' on array '{}' is the image of a group of another array, which alone can change it",
            array.name
        )));
    }
    if group.owner.is_none() {
        return Err(foreign(array, name));
    }
    Ok(group)
}

pub(in crate::mock) fn missing(array: &Array, name: &ArrayGroupName) -> Error {
    Error::not_found(format!("array '{}' has no protection group '{name}'", array.name))
}

pub(in crate::mock) fn pending(array: &Array, name: &ArrayGroupName) -> Error {
    Error::new(
        ErrorKind::PendingEradication,
        format!("protection group '{name}' on array '{}' is destroyed and not yet eradicated", array.name),
    )
    .remedy(format!("purepgroup recover {name}, or choose another name"))
}

pub(in crate::mock) fn foreign(array: &Array, name: &ArrayGroupName) -> Error {
    Error::conflict(format!(
        "protection group '{name}' on array '{}' exists and does not carry our mark: it belongs to somebody else",
        array.name
    ))
    .remedy("choose another name, or adopt it explicitly")
}

/// Refuses a caller that knows an older epoch than one seen before.
pub(in crate::mock) fn note_epoch(tx: &Tx<'_>, cx: &Cx, array: &Array, group: &Group) -> Result<()> {
    if cx.epoch.0 < group.epoch {
        return Err(Error::conflict(format!(
            "'{}' comes from epoch {}, but array '{}' has seen epoch {} for group '{}': the roles have changed since",
            cx.op_key, cx.epoch, array.name, group.epoch, group.name
        )));
    }
    if cx.epoch.0 > group.epoch {
        tx.execute("UPDATE protection_groups SET epoch = ?2 WHERE id = ?1", params![group.id, signed(cx.epoch.0)?])?;
    }
    Ok(())
}

/// A new, empty group of this array; its id.
pub(in crate::mock) fn create(
    tx: &Tx<'_>,
    array: &Array,
    name: &str,
    owner: Option<&str>,
    epoch: u64,
) -> Result<String> {
    let id = tx.new_id()?;
    tx.execute(
        "INSERT INTO protection_groups (id, array_id, name, owner, epoch, created_ms, visible_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        params![id, array.id, name, owner, signed(epoch)?, tx.now_ms],
    )?;
    Ok(id)
}

/// Puts the image of `source` on `target`, to be seen after a delay.
pub(in crate::mock) fn create_image(
    tx: &Tx<'_>,
    target: &Array,
    name: &ArrayGroupName,
    source: &Group,
    delay_millis: i64,
) -> Result<()> {
    tx.execute(
        "INSERT INTO protection_groups (id, array_id, name, owner, epoch, created_ms, visible_ms, source_group_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            tx.new_id()?,
            target.id,
            name.as_str(),
            source.owner,
            signed(source.epoch)?,
            tx.now_ms,
            tx.now_ms.saturating_add(delay_millis),
            source.id
        ],
    )?;
    Ok(())
}

/// Marks a group, and its images with it.
pub(in crate::mock) fn mark(tx: &Tx<'_>, group: &Group, owner: &str) -> Result<()> {
    tx.execute("UPDATE protection_groups SET owner = ?2 WHERE id = ?1 OR source_group_id = ?1", [&group.id, owner])?;
    Ok(())
}

/// Adds a member; `false` if it was one.
pub(in crate::mock) fn add_member(tx: &Tx<'_>, group_id: &str, volume_id: &str) -> Result<bool> {
    let sql = "INSERT OR IGNORE INTO protection_group_volumes (group_id, volume_id) VALUES (?1, ?2)";
    Ok(tx.execute(sql, [group_id, volume_id])? > 0)
}

/// Takes a member out; the volume stays.
pub(in crate::mock) fn remove_member(tx: &Tx<'_>, group_id: &str, volume_id: &str) -> Result<()> {
    tx.execute("DELETE FROM protection_group_volumes WHERE group_id = ?1 AND volume_id = ?2", [group_id, volume_id])?;
    Ok(())
}

/// A marked group of another owner that has this volume.
pub(in crate::mock) fn other_owner(tx: &Tx<'_>, group: &Group, volume_id: &str) -> Result<Option<String>> {
    tx.first(
        "SELECT name FROM protection_group_volumes JOIN protection_groups ON id = group_id
         WHERE volume_id = ?1 AND owner IS NOT NULL AND owner <> ?2 AND destroyed_ms IS NULL",
        params![volume_id, group.owner],
        |row| row.get(0),
    )
}

/// Turns the schedule on; the first snapshot is due after one interval.
pub(in crate::mock) fn schedule(tx: &Tx<'_>, group_id: &str, interval_ms: i64) -> Result<()> {
    tx.execute(
        "UPDATE protection_groups SET interval_ms = ?2, next_due_ms = ?3 WHERE id = ?1",
        params![group_id, interval_ms, tx.now_ms + interval_ms],
    )?;
    Ok(())
}

/// Turns the schedule off.
pub(in crate::mock) fn unschedule(tx: &Tx<'_>, group_id: &str) -> Result<()> {
    tx.execute("UPDATE protection_groups SET next_due_ms = NULL WHERE id = ?1", [group_id])?;
    Ok(())
}

/// On a target, allows or forbids replication to an image; `false` if it was so.
pub(in crate::mock) fn set_allowed(tx: &Tx<'_>, image_id: &str, allowed: bool) -> Result<bool> {
    let sql = "UPDATE protection_groups SET allowed = ?2 WHERE id = ?1 AND allowed <> ?2";
    Ok(tx.execute(sql, params![image_id, allowed])? > 0)
}

/// Destroys a group with its snapshots; the name stays taken until eradication.
pub(in crate::mock) fn destroy(tx: &Tx<'_>, group: &Group) -> Result<()> {
    tx.execute(
        "UPDATE protection_groups SET destroyed_ms = ?2, next_due_ms = NULL, snapshot_due_ms = NULL WHERE id = ?1",
        params![group.id, tx.now_ms],
    )?;
    tx.execute(
        "UPDATE snapshots SET destroyed_ms = ?2 WHERE group_id = ?1 AND destroyed_ms IS NULL",
        params![group.id, tx.now_ms],
    )?;
    Ok(())
}

/// The arrays a group is replicated to, with whether each allows it.
pub(in crate::mock) fn targets(tx: &Tx<'_>, group: &Group) -> Result<BTreeMap<ArrayName, bool>> {
    let rows = tx.all(
        "SELECT arrays.name, allowed FROM replication_paths JOIN arrays ON arrays.id = target_array_id
         WHERE source_group_id = ?1 OR image_group_id = ?1",
        [&group.id],
        |row| Ok((row.get::<_, String>(0)?.into(), row.get(1)?)),
    )?;
    Ok(rows.into_iter().collect())
}

/// How the link to the other array of this group stands; `Unknown` if there is none.
pub(in crate::mock) fn link(tx: &Tx<'_>, array: &Array, group: &Group) -> Result<ReplicationLink> {
    let other = tx.first(
        "SELECT iif(image_group_id = ?1, source_array_id, target_array_id) FROM replication_paths
         WHERE source_group_id = ?1 OR image_group_id = ?1",
        [&group.id],
        |row| row.get::<_, String>(0),
    )?;
    match other {
        Some(id) => super::link(tx, array, &super::by_id(tx, &id)?),
        None => Ok(ReplicationLink::Unknown),
    }
}

/// As a driver shows it.
pub(in crate::mock) fn show(tx: &Tx<'_>, group: &Group) -> Result<ArrayGroup> {
    Ok(ArrayGroup {
        name: group.name.clone().into(),
        owner: group.owner.clone().map(Into::into),
        is_local: group.source_group_id.is_none(),
        volumes: volumes::of_group(tx, group.origin())?.into_iter().map(|volume| volume.name.into()).collect(),
        targets: targets(tx, group)?,
        replication_interval: group.interval_ms.map(seconds),
        destroyed: group.destroyed,
    })
}
