//! Pods: containers of volumes and groups that can be on two arrays at once.

use super::Array;
use super::pod_members::{self, MemberStatus};
use crate::mock::tx::{Tx, from_json};
use crate::{Error, Result};
use rusqlite::{Row, params};

/// A pod, destroyed or not.
#[derive(Debug, Clone)]
pub(in crate::mock) struct Pod {
    pub(in crate::mock) id: String,
    pub(in crate::mock) name: String,
    pub(in crate::mock) created_ms: i64,
    pub(in crate::mock) destroyed_ms: Option<i64>,
    /// Bytes that its volumes may have in all.
    pub(in crate::mock) quota: Option<i64>,
    /// The pod that it was copied from, by name.
    pub(in crate::mock) source: Option<String>,
    pub(in crate::mock) mediator: String,
    /// Whether it is to take writes of hosts.
    pub(in crate::mock) wants_promoted: bool,
    /// From when on that is so; until then it is changing.
    pub(in crate::mock) promotion_ms: i64,
    /// Arrays that are to stay online when its arrays lose each other, by name.
    pub(in crate::mock) failover_preferences: Vec<String>,
}

/// Whether a pod takes writes of hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promotion {
    /// It takes them.
    Promoted,
    /// It takes none and can be the target of a replica link.
    Demoted,
    /// On its way from `Demoted` to `Promoted`.
    Promoting,
    /// On its way from `Promoted` to `Demoted`: takes none, while what it took before is still being replicated.
    Quiescing,
}

impl Pod {
    /// Where it stands at an instant.
    pub(in crate::mock) fn promotion(&self, now_ms: i64) -> Promotion {
        match (self.wants_promoted, now_ms >= self.promotion_ms) {
            (true, true) => Promotion::Promoted,
            (true, false) => Promotion::Promoting,
            (false, true) => Promotion::Demoted,
            (false, false) => Promotion::Quiescing,
        }
    }

    /// Whether only an array gives such a name: it is kept for a demotion or an unstretching to be undone.
    pub(in crate::mock) fn is_kept_for_undo(&self) -> bool {
        self.name.contains('.')
    }
}

const SELECT: &str = "SELECT pods.id, pods.name, pods.created_ms, pods.destroyed_ms, quota, source, mediator,
        promotion = 'promoted', promotion_ms, failover_preferences
    FROM pods";

fn read(row: &Row<'_>) -> rusqlite::Result<(Pod, String)> {
    let pod = Pod {
        id: row.get(0)?,
        name: row.get(1)?,
        created_ms: row.get(2)?,
        destroyed_ms: row.get(3)?,
        quota: row.get(4)?,
        source: row.get(5)?,
        mediator: row.get(6)?,
        wants_promoted: row.get(7)?,
        promotion_ms: row.get(8)?,
        failover_preferences: Vec::new(),
    };
    Ok((pod, row.get(9)?))
}

fn complete((pod, preferences): (Pod, String)) -> Result<Pod> {
    Ok(Pod { failover_preferences: from_json(&preferences)?, ..pod })
}

/// The pod that this array has under a name, in whatever case.
pub(in crate::mock) fn by_name(tx: &Tx<'_>, array_id: &str, name: &str) -> Result<Option<Pod>> {
    let sql = format!("{SELECT} JOIN pod_arrays ON pod_id = pods.id WHERE array_id = ?1 AND pods.name = ?2");
    tx.first(&sql, [array_id, name], read)?.map(complete).transpose()
}

/// The pod with this id, wherever it is.
pub(in crate::mock) fn by_id(tx: &Tx<'_>, id: &str) -> Result<Option<Pod>> {
    tx.first(&format!("{SELECT} WHERE pods.id = ?1"), [id], read)?.map(complete).transpose()
}

/// Every pod of an array, by name.
pub(in crate::mock) fn on_array(tx: &Tx<'_>, array_id: &str) -> Result<Vec<Pod>> {
    let sql =
        format!("{SELECT} JOIN pod_arrays ON pod_id = pods.id WHERE array_id = ?1 ORDER BY pods.name COLLATE BINARY");
    tx.all(&sql, [array_id], read)?.into_iter().map(complete).collect()
}

/// Whether a pod is on an array.
pub(in crate::mock) fn is_on(tx: &Tx<'_>, pod_id: &str, array_id: &str) -> Result<bool> {
    tx.value("SELECT EXISTS (SELECT 1 FROM pod_arrays WHERE pod_id = ?1 AND array_id = ?2)", [pod_id, array_id])
}

/// The two parts of `pod::object`. `None`: a name without a pod.
pub(in crate::mock) fn split(name: &str) -> Option<(&str, &str)> {
    name.split_once("::")
}

/// Refuses what needs current data and a pod that takes writes of hosts.
///
/// # Errors
/// destroyed, demoted or on its way, or not online on this array → `Precondition`.
pub(in crate::mock) fn check_open(tx: &Tx<'_>, array_id: &str, pod_id: &str) -> Result<()> {
    let pod = existing(tx, pod_id)?;
    check_member(tx, array_id, &pod)?;
    match pod.promotion(tx.now_ms) {
        Promotion::Promoted => Ok(()),
        Promotion::Demoted => refuse(&pod, "is demoted: it takes no writes and no changes"),
        Promotion::Promoting => refuse(&pod, "is still being promoted"),
        Promotion::Quiescing => refuse(&pod, "is being demoted: it takes no writes and no changes"),
    }
}

/// Refuses what needs current data.
///
/// # Errors
/// destroyed, or not online on this array → `Precondition`.
pub(in crate::mock) fn check_online(tx: &Tx<'_>, array_id: &str, pod_id: &str) -> Result<()> {
    check_member(tx, array_id, &existing(tx, pod_id)?)
}

fn existing(tx: &Tx<'_>, pod_id: &str) -> Result<Pod> {
    by_id(tx, pod_id)?.ok_or_else(|| Error::internal(format!("pod '{pod_id}' got lost")))
}

fn refuse(pod: &Pod, why: &str) -> Result<()> {
    Err(Error::precondition(format!("pod '{}' {why}", pod.name)))
}

fn check_member(tx: &Tx<'_>, array_id: &str, pod: &Pod) -> Result<()> {
    if pod.destroyed_ms.is_some() {
        return refuse(pod, "has been destroyed");
    }
    let member = pod_members::of_pod(tx, &pod.id)?.into_iter().find(|member| member.array_id == array_id);
    match member.map(|member| (member.status(tx.now_ms), member.array_name)) {
        Some((MemberStatus::Online, _)) => Ok(()),
        Some((status, array)) => refuse(pod, &format!("is {status} on array '{array}'")),
        None => refuse(pod, "is not on this array"),
    }
}

/// A new, empty pod on one array; its id.
pub(in crate::mock) fn create(tx: &Tx<'_>, array: &Array, name: &str) -> Result<String> {
    let id = tx.new_id()?;
    tx.execute("INSERT INTO pods (id, name, created_ms) VALUES (?1, ?2, ?3)", params![id, name, tx.now_ms])?;
    tx.execute("INSERT INTO pod_arrays (pod_id, array_id) VALUES (?1, ?2)", [&id, &array.id])?;
    Ok(id)
}
