//! Protection groups of an array, and images of groups that another array replicates to it.

use super::{Array, MemberStatus, pod_members, pods, volumes};
use crate::mock::tx::{Tx, signed, unsigned};
use crate::model::{ArrayGroupName, ArrayName};
use crate::ports::{ArrayGroup, Cx, ReplicationLink};
use crate::{Error, ErrorKind, Result};
use rusqlite::{Row, params};
use std::collections::BTreeMap;

/// A group or image as one array has it, destroyed or not.
#[derive(Debug, Clone)]
pub(in crate::mock) struct Group {
    pub(in crate::mock) id: String,
    pub(in crate::mock) name: String,
    /// The protection group whose mark it carries on that array.
    pub(in crate::mock) owner: Option<String>,
    /// Highest epoch that the array has seen.
    pub(in crate::mock) epoch: u64,
    pub(in crate::mock) destroyed: bool,
    /// Milliseconds between scheduled snapshots, while the schedule is on; on an image, that of the source.
    pub(in crate::mock) interval_ms: Option<i64>,
    /// On an image: the group it is the image of.
    pub(in crate::mock) source_group_id: Option<String>,
    /// On an image: it is no target of its source any more.
    pub(in crate::mock) detached: bool,
    /// The pod it is in, which may be on two arrays.
    pub(in crate::mock) pod_id: Option<String>,
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

/// Of the array ?1.
const SELECT: &str = "SELECT g.id, g.name, marks.owner, COALESCE(marks.epoch, 0), g.destroyed_ms IS NOT NULL,
        COALESCE(source.next_due_ms, g.next_due_ms) IS NOT NULL, COALESCE(source.interval_ms, g.interval_ms),
        g.source_group_id, g.detached, g.pod_id
    FROM protection_groups AS g LEFT JOIN protection_groups AS source ON source.id = g.source_group_id
    LEFT JOIN group_marks AS marks ON marks.group_id = g.id AND marks.array_id = ?1";

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
        pod_id: row.get(9)?,
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

/// The group with this id, as that array has it.
pub(in crate::mock) fn by_id(tx: &Tx<'_>, array: &Array, id: &str) -> Result<Option<Group>> {
    tx.first(&format!("{SELECT} WHERE g.id = ?2"), [array.id.as_str(), id], read)
}

/// The same with what the caller knows of the roles: an older caller is refused, a newer one remembered.
pub(in crate::mock) fn find_for(tx: &Tx<'_>, cx: &Cx, array: &Array, name: &str) -> Result<Option<Group>> {
    let found = find(tx, array, name)?;
    if let Some(group) = &found {
        note_epoch(tx, cx, array, group)?;
    }
    Ok(found)
}

/// A group of this array that carries a mark and can be changed. In a pod: through an array that has its current data.
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
    check_online(tx, array, &group)?;
    Ok(group)
}

/// Refuses what an array without the current data of a group's pod cannot do.
pub(in crate::mock) fn check_online(tx: &Tx<'_>, array: &Array, group: &Group) -> Result<()> {
    group.pod_id.as_deref().map_or(Ok(()), |pod_id| pods::check_online(tx, &array.id, pod_id))
}

/// Refuses changes of what is in a pod that takes none.
pub(in crate::mock) fn check_open(tx: &Tx<'_>, array: &Array, group: &Group) -> Result<()> {
    group.pod_id.as_deref().map_or(Ok(()), |pod_id| pods::check_open(tx, &array.id, pod_id))
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
        set_mark(tx, &group.id, &array.id, group.owner.as_deref(), cx.epoch.0)?;
    }
    Ok(())
}

/// Writes the mark that an array keeps of a group.
fn set_mark(tx: &Tx<'_>, group_id: &str, array_id: &str, owner: Option<&str>, epoch: u64) -> Result<()> {
    tx.execute(
        "INSERT INTO group_marks (group_id, array_id, owner, epoch) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (group_id, array_id) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch",
        params![group_id, array_id, owner, signed(epoch)?],
    )?;
    Ok(())
}

/// A new, empty group of this array without a mark, in a pod or not; its id.
pub(in crate::mock) fn create(tx: &Tx<'_>, array: &Array, name: &str, pod_id: Option<&str>) -> Result<String> {
    let id = tx.new_id()?;
    tx.execute(
        "INSERT INTO protection_groups (id, array_id, name, pod_id, created_ms, visible_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        params![id, array.id, name, pod_id, tx.now_ms],
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
    let id = tx.new_id()?;
    tx.execute(
        "INSERT INTO protection_groups (id, array_id, name, created_ms, visible_ms, source_group_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, target.id, name.as_str(), tx.now_ms, tx.now_ms.saturating_add(delay_millis), source.id],
    )?;
    set_mark(tx, &id, &target.id, source.owner.as_deref(), source.epoch)
}

/// Marks a group on this array, and its images on others with it.
pub(in crate::mock) fn mark(tx: &Tx<'_>, array: &Array, group_id: &str, owner: &str, epoch: u64) -> Result<()> {
    set_mark(tx, group_id, &array.id, Some(owner), epoch)?;
    tx.execute(
        "UPDATE group_marks SET owner = ?2
         WHERE group_id IN (SELECT id FROM protection_groups WHERE source_group_id = ?1)",
        [group_id, owner],
    )?;
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
pub(in crate::mock) fn other_owner(
    tx: &Tx<'_>,
    array: &Array,
    group: &Group,
    volume_id: &str,
) -> Result<Option<String>> {
    tx.first(
        "SELECT name FROM protection_group_volumes AS member JOIN protection_groups ON id = member.group_id
         JOIN group_marks AS marks ON marks.group_id = id AND marks.array_id = ?3
         WHERE volume_id = ?1 AND owner <> ?2 AND destroyed_ms IS NULL",
        params![volume_id, group.owner, array.id],
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

/// The arrays that recovery points of a group are replicated to, with whether each allows it.
pub(in crate::mock) fn targets(tx: &Tx<'_>, group: &Group) -> Result<BTreeMap<ArrayName, bool>> {
    let rows = tx.all(
        "SELECT arrays.name, allowed FROM replication_paths JOIN arrays ON arrays.id = target_array_id
         WHERE source_group_id = ?1 OR image_group_id = ?1",
        [&group.id],
        |row| Ok((row.get::<_, String>(0)?.into(), row.get(1)?)),
    )?;
    Ok(rows.into_iter().collect())
}

/// The other arrays of a group's pod, which need no permission; only one that is online takes part.
fn pod_targets(tx: &Tx<'_>, array: &Array, pod_id: &str) -> Result<BTreeMap<ArrayName, bool>> {
    let others = pod_members::seen_from(tx, &array.id, pod_id)?.into_iter().filter(|seen| !seen.is_self);
    Ok(others.map(|seen| (seen.member.array_name.into(), seen.status == MemberStatus::Online)).collect())
}

/// How the link to the other array of this group stands; `Unknown` if there is none.
pub(in crate::mock) fn link(tx: &Tx<'_>, array: &Array, group: &Group) -> Result<ReplicationLink> {
    let other = match &group.pod_id {
        Some(pod_id) => tx.first(
            "SELECT min(array_id) FROM pod_arrays WHERE pod_id = ?1 AND array_id <> ?2 HAVING count(*) > 0",
            [pod_id, &array.id],
            |row| row.get::<_, String>(0),
        )?,
        None => tx.first(
            "SELECT iif(image_group_id = ?1, source_array_id, target_array_id) FROM replication_paths
             WHERE source_group_id = ?1 OR image_group_id = ?1",
            [&group.id],
            |row| row.get::<_, String>(0),
        )?,
    };
    match other {
        Some(id) => super::link(tx, array, &super::by_id(tx, &id)?),
        None => Ok(ReplicationLink::Unknown),
    }
}

/// As the driver of an array shows it.
pub(in crate::mock) fn show(tx: &Tx<'_>, array: &Array, group: &Group) -> Result<ArrayGroup> {
    let members = volumes::of_group(tx, &array.id, group.origin())?;
    Ok(ArrayGroup {
        name: group.name.clone().into(),
        owner: group.owner.clone().map(Into::into),
        is_local: group.source_group_id.is_none(),
        volumes: members.into_iter().map(|volume| volume.name.into()).collect(),
        targets: match &group.pod_id {
            Some(pod_id) => pod_targets(tx, array, pod_id)?,
            None => targets(tx, group)?,
        },
        replication_interval: group.interval_ms.map(seconds),
        destroyed: group.destroyed,
    })
}
