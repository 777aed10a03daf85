//! On which arrays a pod is, and which of them have its current data.

use crate::Result;
use crate::mock::tx::Tx;
use rusqlite::Row;
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
}

impl MemberStatus {
    /// As arrays say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Resyncing => "resyncing",
            Self::Suspended => "suspended",
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

    /// Whether it has every write.
    fn is_current(&self, now_ms: i64) -> bool {
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
