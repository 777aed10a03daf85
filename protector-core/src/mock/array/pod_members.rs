//! On which arrays a pod is, and which of them have its current data.

use super::pod_election::{self, Side};
use super::pods;
use crate::Result;
use crate::mock::controls;
use crate::mock::tx::{Tx, signed};
use rusqlite::{Row, params};
use std::fmt;

/// One array of a pod.
#[derive(Debug, Clone)]
pub(in crate::mock) struct Member {
    pub(in crate::mock) array_id: String,
    pub(in crate::mock) array_name: String,
    /// Whether the array is up.
    pub(in crate::mock) available: bool,
    /// Whether the array can ask the mediator.
    pub(in crate::mock) mediator_reachable: bool,
    frozen_ms: Option<i64>,
    resync_since_ms: Option<i64>,
    resync_millis: i64,
    suspended_until_ms: i64,
}

/// Whether an array has the current data of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberStatus {
    /// It has, and serves hosts.
    Online,
    /// It has not, and serves nobody.
    Offline,
    /// It is being brought up to date, and serves nobody.
    Resyncing,
    /// It serves nobody for a moment: its connection hangs.
    Suspended,
    /// Whoever is asked is offline and cannot know.
    Unknown,
}

impl MemberStatus {
    /// As arrays say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Resyncing => "resyncing",
            Self::Suspended => "suspended",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for MemberStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Member {
    /// Where it stands at an instant.
    pub(in crate::mock) fn status(&self, now_ms: i64) -> MemberStatus {
        match (self.is_current(now_ms), self.resync_since_ms) {
            (true, _) if now_ms < self.suspended_until_ms => MemberStatus::Suspended,
            (true, _) => MemberStatus::Online,
            (false, Some(_)) => MemberStatus::Resyncing,
            (false, None) => MemberStatus::Offline,
        }
    }

    /// From when its data are, if it has not every write. `None` also if it never had any.
    pub(in crate::mock) fn frozen_ms(&self, now_ms: i64) -> Option<i64> {
        self.frozen_ms.filter(|frozen| *frozen > 0 && !self.is_current(now_ms))
    }

    /// Whether it ever had all data of the pod.
    pub(in crate::mock) fn has_data(&self, now_ms: i64) -> bool {
        self.frozen_ms != Some(0) || self.is_current(now_ms)
    }

    /// How far it has been brought up to date, 0 to 1. `None`: that is not going on.
    pub(in crate::mock) fn progress(&self, now_ms: i64) -> Option<f64> {
        let since = self.resync_since_ms.filter(|_| !self.is_current(now_ms))?;
        let hundredths = (now_ms - since).max(0).saturating_mul(100) / self.resync_millis.max(1);
        Some(f64::from(u8::try_from(hundredths).unwrap_or(99).min(99)) / 100.0)
    }

    /// Whether it has every write.
    pub(in crate::mock) fn is_current(&self, now_ms: i64) -> bool {
        self.frozen_ms.is_none() || self.resync_since_ms.is_some_and(|since| now_ms - since >= self.resync_millis)
    }
}

const SELECT: &str = "SELECT arrays.id, arrays.name, available, mediator_reachable, frozen_ms, resync_since_ms,
        resync_millis, suspended_until_ms
    FROM pod_arrays JOIN arrays ON arrays.id = array_id";

fn read(row: &Row<'_>) -> rusqlite::Result<Member> {
    Ok(Member {
        array_id: row.get(0)?,
        array_name: row.get(1)?,
        available: row.get(2)?,
        mediator_reachable: row.get(3)?,
        frozen_ms: row.get(4)?,
        resync_since_ms: row.get(5)?,
        resync_millis: row.get(6)?,
        suspended_until_ms: row.get(7)?,
    })
}

/// The arrays of a pod, by name.
pub(in crate::mock) fn of_pod(tx: &Tx<'_>, pod_id: &str) -> Result<Vec<Member>> {
    tx.all(&format!("{SELECT} WHERE pod_id = ?1 ORDER BY arrays.name"), [pod_id], read)
}

/// An array of a pod, as another one or itself sees it.
#[derive(Debug)]
pub(in crate::mock) struct Seen {
    pub(in crate::mock) member: Member,
    /// Where it stands, as far as the array that looks can know.
    pub(in crate::mock) status: MemberStatus,
    /// It is the array that looks.
    pub(in crate::mock) is_self: bool,
    /// It answers the array that looks.
    pub(in crate::mock) is_heard: bool,
}

impl Seen {
    /// Whether its status is known.
    pub(in crate::mock) fn is_known(&self) -> bool {
        self.status != MemberStatus::Unknown
    }
}

/// Whether an array has the current data of a pod, and serves hosts.
pub(in crate::mock) fn is_online(tx: &Tx<'_>, pod_id: &str, array_id: &str) -> Result<bool> {
    let own = of_pod(tx, pod_id)?.into_iter().find(|member| member.array_id == array_id);
    Ok(own.is_some_and(|own| own.status(tx.now_ms) == MemberStatus::Online))
}

/// The arrays of a pod by name, as one of them sees them.
pub(in crate::mock) fn seen_from(tx: &Tx<'_>, array_id: &str, pod_id: &str) -> Result<Vec<Seen>> {
    let members = of_pod(tx, pod_id)?;
    let own = members.iter().find(|member| member.array_id == array_id);
    // who has no current data cannot tell what has become of the other
    let knows = own.is_some_and(|own| own.status(tx.now_ms) == MemberStatus::Online);
    let see = |member: Member| {
        let is_self = member.array_id == array_id;
        let is_heard = is_self || joined(tx, array_id, &member.array_id)?;
        let status = if is_heard || knows { member.status(tx.now_ms) } else { MemberStatus::Unknown };
        Ok(Seen { member, status, is_self, is_heard })
    };
    members.into_iter().map(see).collect()
}

/// Whether data can move between two arrays of a pod.
pub(in crate::mock) fn joined(tx: &Tx<'_>, one_id: &str, other_id: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM links WHERE array_id = ?1 AND peer_id = ?2 AND works AND kind = 'sync')";
    tx.value(sql, [one_id, other_id])
}

/// Which array stays online if the arrays lose each other now, elected in advance as the mediator is out of reach.
pub(in crate::mock) fn pre_elected(members: &[Member], preferences: &[String]) -> Option<usize> {
    pod_election::pre_elected(&sides(members.iter(), preferences))
}

fn sides<'a>(members: impl Iterator<Item = &'a Member> + Clone, preferences: &[String]) -> Vec<Side> {
    let named = |member: &Member| preferences.contains(&member.array_name);
    // who prefers all prefers none
    let distinct = !members.clone().all(named);
    let side = |member: &Member| Side {
        available: member.available,
        mediator_reachable: member.mediator_reachable,
        preferred: distinct && named(member),
    };
    members.map(side).collect()
}

/// Brings every stretched pod to where it belongs after a change of arrays, connections or pods.
pub(in crate::mock) fn refresh(tx: &Tx<'_>) -> Result<()> {
    let stretched = "SELECT pod_id FROM pod_arrays GROUP BY pod_id HAVING count(*) > 1";
    for pod_id in tx.all(stretched, [], |row| row.get::<_, String>(0))? {
        refresh_pod(tx, &pod_id)?;
    }
    Ok(())
}

fn refresh_pod(tx: &Tx<'_>, pod_id: &str) -> Result<()> {
    let Some(pod) = pods::by_id(tx, pod_id)? else { return Ok(()) };
    let members = of_pod(tx, pod_id)?;
    let [one, other] = members.as_slice() else { return Ok(()) };
    let joined = joined(tx, &one.array_id, &other.array_id)?;
    let data_ms = |member: &Member| member.frozen_ms.filter(|_| !member.is_current(tx.now_ms)).unwrap_or(i64::MAX);
    let newest = data_ms(one).max(data_ms(other));
    // those whose data are the newest, and whether they stay online
    let candidates = members.iter().filter(|member| data_ms(member) == newest);
    let stay = pod_election::survivors(&sides(candidates.clone(), &pod.failover_preferences), joined);
    let online: Vec<&str> =
        candidates.zip(stay).filter(|(_, stays)| *stays).map(|(member, _)| member.array_id.as_str()).collect();
    for member in &members {
        if online.contains(&member.array_id.as_str()) {
            thaw(tx, pod_id, member)?;
        } else {
            if member.is_current(tx.now_ms) {
                freeze(tx, pod_id, &member.array_id)?;
            }
            set_resync(tx, pod_id, member, joined && !online.is_empty())?;
        }
    }
    Ok(())
}

/// Makes each array of a pod one that has every write: the only one that is left, or those of a pod that is new and empty.
pub(in crate::mock) fn complete(tx: &Tx<'_>, pod_id: &str) -> Result<()> {
    for member in of_pod(tx, pod_id)? {
        thaw(tx, pod_id, &member)?;
    }
    Ok(())
}

/// From now on it has every write.
fn thaw(tx: &Tx<'_>, pod_id: &str, member: &Member) -> Result<()> {
    if member.frozen_ms.is_none() {
        return Ok(());
    }
    let key = [pod_id, &member.array_id];
    let sql = "UPDATE pod_arrays SET frozen_ms = NULL, resync_since_ms = NULL WHERE pod_id = ?1 AND array_id = ?2";
    tx.execute(sql, key)?;
    tx.execute("DELETE FROM pod_frozen_volumes WHERE pod_id = ?1 AND array_id = ?2", key)?;
    Ok(())
}

/// From now on it misses what is written, and keeps what it has.
fn freeze(tx: &Tx<'_>, pod_id: &str, array_id: &str) -> Result<()> {
    tx.execute(
        "UPDATE pod_arrays SET frozen_ms = ?3, resync_since_ms = NULL WHERE pod_id = ?1 AND array_id = ?2",
        params![pod_id, array_id, tx.now_ms],
    )?;
    tx.execute("DELETE FROM pod_frozen_volumes WHERE pod_id = ?1 AND array_id = ?2", [pod_id, array_id])?;
    tx.execute(
        "INSERT INTO pod_frozen_volumes (pod_id, array_id, volume_id, provisioned, content)
         SELECT pod_id, ?2, id, provisioned, content FROM volumes WHERE pod_id = ?1 AND destroyed_ms IS NULL",
        [pod_id, array_id],
    )?;
    Ok(())
}

fn set_resync(tx: &Tx<'_>, pod_id: &str, member: &Member, goes_on: bool) -> Result<()> {
    let key = [pod_id, &member.array_id];
    if goes_on && (member.resync_since_ms.is_none() || member.is_current(tx.now_ms)) {
        let millis = signed(controls::settings(tx)?.transfer_millis)?;
        tx.execute(
            "UPDATE pod_arrays SET resync_since_ms = ?3, resync_millis = ?4 WHERE pod_id = ?1 AND array_id = ?2",
            params![pod_id, member.array_id, tx.now_ms, millis],
        )?;
    } else if !goes_on {
        let sql = "UPDATE pod_arrays SET resync_since_ms = NULL
                   WHERE pod_id = ?1 AND array_id = ?2 AND resync_since_ms IS NOT NULL";
        tx.execute(sql, key)?;
    }
    Ok(())
}
