//! Snapshots of groups, and their replicas on images.

use super::transfers::Progress;
use super::{Array, groups, groups::Group, pod_members, pods};
use crate::Result;
use crate::mock::tx::{Tx, timestamp};
use crate::model::{ArrayGroupName, ArrayVolumeName, RecoveryPoint, RecoveryPointName, Transfer};
use crate::rules::naming;
use rusqlite::{Row, params};

/// A snapshot as one array has it.
#[derive(Debug)]
pub(in crate::mock) struct Snapshot {
    pub(in crate::mock) id: String,
    suffix: String,
    created_ms: i64,
    pub(in crate::mock) destroyed: bool,
    /// How it came here, if it is a replica.
    arrival: Option<Progress>,
}

impl Snapshot {
    pub(in crate::mock) fn suffix(&self) -> &str {
        &self.suffix
    }

    /// How far it has come; `None`: this array has not heard of it.
    pub(in crate::mock) fn transfer(&self, now_ms: i64) -> Option<Transfer> {
        self.arrival.as_ref().map_or(Some(Transfer::Local), |arrival| arrival.at(now_ms))
    }
}

const SELECT: &str = "SELECT s.id, s.suffix, s.created_ms, s.destroyed_ms IS NOT NULL,
        duration_millis, progressed_millis, started_ms, running_since_ms
    FROM snapshots AS s LEFT JOIN transfers ON snapshot_id = s.id";

fn read(row: &Row<'_>) -> rusqlite::Result<Snapshot> {
    let arrival = match row.get::<_, Option<i64>>(4)? {
        Some(duration_millis) => Some(Progress {
            duration_millis,
            progressed_millis: row.get(5)?,
            started_ms: row.get(6)?,
            running_since_ms: row.get(7)?,
        }),
        None => None,
    };
    Ok(Snapshot { id: row.get(0)?, suffix: row.get(1)?, created_ms: row.get(2)?, destroyed: row.get(3)?, arrival })
}

/// Those of a group that its array knows of, newest data first.
pub(in crate::mock) fn list(tx: &Tx<'_>, group: &Group) -> Result<Vec<Snapshot>> {
    let sql = format!("{SELECT} WHERE s.group_id = ?1 ORDER BY s.created_ms DESC, s.suffix DESC");
    let mut found = tx.all(&sql, [&group.id], read)?;
    found.retain(|snapshot| snapshot.transfer(tx.now_ms).is_some());
    Ok(found)
}

/// The replicas of a group's snapshots on its targets, or on an image those that came to it, newest data first.
pub(in crate::mock) fn replicas(tx: &Tx<'_>, group: &Group) -> Result<Vec<Snapshot>> {
    let sql = format!(
        "{SELECT} WHERE s.group_id IN (SELECT id FROM protection_groups
                                       WHERE source_group_id IS NOT NULL AND (id = ?1 OR source_group_id = ?1 AND NOT detached))
         ORDER BY s.created_ms DESC, s.suffix DESC"
    );
    tx.all(&sql, [&group.id], read)
}

pub(in crate::mock) fn by_suffix(tx: &Tx<'_>, group_id: &str, suffix: &str) -> Result<Option<Snapshot>> {
    let found = tx.first(&format!("{SELECT} WHERE s.group_id = ?1 AND s.suffix = ?2"), [group_id, suffix], read)?;
    Ok(found.filter(|snapshot| snapshot.transfer(tx.now_ms).is_some()))
}

/// The snapshot with this full name, with its group.
pub(in crate::mock) fn by_name(
    tx: &Tx<'_>,
    array: &Array,
    name: &RecoveryPointName,
) -> Result<Option<(Group, Snapshot)>> {
    let (group, suffix) = naming::parse_recovery_point(name)?;
    let Some(group) = groups::find(tx, array, group.as_str())? else { return Ok(None) };
    Ok(by_suffix(tx, &group.id, &suffix)?.map(|snapshot| (group, snapshot)))
}

/// Takes a snapshot of a group of this array: all members as they are now, with `created_ms` as the instant; its id.
pub(in crate::mock) fn take(
    tx: &Tx<'_>,
    group_id: &str,
    suffix: &str,
    created_ms: i64,
    scheduled: bool,
) -> Result<String> {
    let id = insert(tx, group_id, suffix, created_ms, scheduled)?;
    tx.execute(
        "INSERT INTO snapshot_volumes (snapshot_id, volume_name, provisioned, content)
         SELECT ?1, iif(pod_id IS NULL, name, substr(name, instr(name, '::') + 2)), provisioned, content
         FROM protection_group_volumes JOIN volumes ON id = volume_id
         WHERE group_id = ?2 AND destroyed_ms IS NULL",
        [&id, group_id],
    )?;
    Ok(id)
}

/// Puts the replica of a snapshot on an image; its id.
pub(in crate::mock) fn replicate(tx: &Tx<'_>, snapshot_id: &str, image_group_id: &str) -> Result<String> {
    let id = tx.new_id()?;
    tx.execute(
        "INSERT INTO snapshots (id, group_id, suffix, scheduled, created_ms)
         SELECT ?1, ?2, suffix, scheduled, created_ms FROM snapshots WHERE id = ?3",
        [&id, image_group_id, snapshot_id],
    )?;
    tx.execute(
        "INSERT INTO snapshot_volumes (snapshot_id, volume_name, provisioned, content)
         SELECT ?1, volume_name, provisioned, content FROM snapshot_volumes WHERE snapshot_id = ?2",
        [&id, snapshot_id],
    )?;
    Ok(id)
}

fn insert(tx: &Tx<'_>, group_id: &str, suffix: &str, created_ms: i64, scheduled: bool) -> Result<String> {
    let id = tx.new_id()?;
    tx.execute(
        "INSERT INTO snapshots (id, group_id, suffix, scheduled, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id, group_id, suffix, scheduled, created_ms],
    )?;
    Ok(id)
}

/// As the driver of an array shows it.
pub(in crate::mock) fn show(tx: &Tx<'_>, array: &Array, group: &Group, snapshot: &Snapshot) -> Result<RecoveryPoint> {
    let group_name = ArrayGroupName::from(group.name.as_str());
    Ok(RecoveryPoint {
        name: naming::recovery_point_name(&group_name, &snapshot.suffix),
        group: group_name,
        created: timestamp(snapshot.created_ms),
        transfer: transfer(tx, array, group, snapshot)?.unwrap_or(Transfer::Unknown),
        volumes: volumes(tx, group, snapshot)?,
        destroyed: snapshot.destroyed,
    })
}

/// How far it has come to an array; `None`: the array has not heard of it. In a pod it is on each array of the pod at once;
/// one without the current data of the pod cannot say what it has.
pub(in crate::mock) fn transfer(
    tx: &Tx<'_>,
    array: &Array,
    group: &Group,
    snapshot: &Snapshot,
) -> Result<Option<Transfer>> {
    match &group.pod_id {
        Some(pod_id) if !pod_members::is_online(tx, pod_id, &array.id)? => Ok(Some(Transfer::Unknown)),
        _ => Ok(snapshot.transfer(tx.now_ms)),
    }
}

/// The source volumes in it, sorted.
fn volumes(tx: &Tx<'_>, group: &Group, snapshot: &Snapshot) -> Result<Vec<ArrayVolumeName>> {
    let bare = tx.all(
        "SELECT volume_name FROM snapshot_volumes WHERE snapshot_id = ?1 ORDER BY volume_name",
        [&snapshot.id],
        |row| row.get::<_, String>(0).map(ArrayVolumeName::from),
    )?;
    Ok(match pods::split(&group.name) {
        Some((pod, _)) => bare.iter().map(|volume| naming::volume_in_pod(pod, volume)).collect(),
        None => bare,
    })
}
