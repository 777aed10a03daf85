//! Continuous replication from one pod to another, as the clock and the links have it.

use super::pods::{self, Pod};
use super::{Array, pod_copies};
use crate::mock::controls;
use crate::mock::tx::{Tx, signed};
use crate::{Error, Result};
use rusqlite::{Row, params};

/// The promotion of a pod whose demotion waits for replication that does not flow.
const NEVER: i64 = i64::MAX;

/// A replica link, with the ends it has now: the ends change places when the source is demoted and the target promoted.
#[derive(Debug, Clone)]
pub(in crate::mock) struct Link {
    pub(in crate::mock) id: String,
    pub(in crate::mock) source_pod_id: String,
    pub(in crate::mock) target_pod_id: String,
    pub(in crate::mock) paused: bool,
    /// The source was demoted without waiting.
    pub(in crate::mock) idle: bool,
    recovery_point_ms: Option<i64>,
    flows_since_ms: Option<i64>,
    catch_up_millis: i64,
}

impl Link {
    /// Whether data move.
    pub(in crate::mock) fn flows(&self) -> bool {
        self.flows_since_ms.is_some()
    }

    /// From when on the target has every write at once.
    fn in_step_ms(&self) -> Option<i64> {
        self.flows_since_ms.map(|since| since.saturating_add(self.catch_up_millis))
    }

    fn is_in_step(&self, now_ms: i64) -> bool {
        self.in_step_ms().is_some_and(|from| from <= now_ms)
    }

    /// The instant up to which the target has all data. `None`: it does not have all of any instant yet.
    pub(in crate::mock) fn recovery_point(&self, now_ms: i64) -> Option<i64> {
        if self.is_in_step(now_ms) { Some(now_ms) } else { self.recovery_point_ms }
    }
}

const SELECT: &str = "SELECT id, source_pod_id, target_pod_id, paused, idle, recovery_point_ms, flows_since_ms,
        catch_up_millis
    FROM pod_replica_links";

fn read(row: &Row<'_>) -> rusqlite::Result<Link> {
    Ok(Link {
        id: row.get(0)?,
        source_pod_id: row.get(1)?,
        target_pod_id: row.get(2)?,
        paused: row.get(3)?,
        idle: row.get(4)?,
        recovery_point_ms: row.get(5)?,
        flows_since_ms: row.get(6)?,
        catch_up_millis: row.get(7)?,
    })
}

/// Every link, in no order that means anything.
pub(in crate::mock) fn all(tx: &Tx<'_>) -> Result<Vec<Link>> {
    tx.all(&format!("{SELECT} ORDER BY created_ms, id"), [], read)
}

/// The link that a pod is an end of.
pub(in crate::mock) fn of_pod(tx: &Tx<'_>, pod_id: &str) -> Result<Option<Link>> {
    tx.first(&format!("{SELECT} WHERE ?1 IN (source_pod_id, target_pod_id)"), [pod_id], read)
}

/// A new link; data flow as soon as they can.
pub(in crate::mock) fn create(tx: &Tx<'_>, source_pod_id: &str, target_pod_id: &str, paused: bool) -> Result<()> {
    tx.execute(
        "INSERT INTO pod_replica_links (id, source_pod_id, target_pod_id, paused, created_ms)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![tx.new_id()?, source_pod_id, target_pod_id, paused, tx.now_ms],
    )?;
    Ok(())
}

pub(in crate::mock) fn set_paused(tx: &Tx<'_>, id: &str, paused: bool) -> Result<()> {
    tx.execute("UPDATE pod_replica_links SET paused = ?2 WHERE id = ?1 AND paused <> ?2", params![id, paused])?;
    Ok(())
}

pub(in crate::mock) fn set_idle(tx: &Tx<'_>, id: &str, idle: bool) -> Result<()> {
    tx.execute("UPDATE pod_replica_links SET idle = ?2 WHERE id = ?1 AND idle <> ?2", params![id, idle])?;
    Ok(())
}

pub(in crate::mock) fn delete(tx: &Tx<'_>, id: &str) -> Result<()> {
    tx.execute("DELETE FROM pod_replica_links WHERE id = ?1", [id])?;
    Ok(())
}

/// What the target has is of no use any more: everything has to be sent anew.
pub(in crate::mock) fn start_over(tx: &Tx<'_>, id: &str) -> Result<()> {
    tx.execute("UPDATE pod_replica_links SET recovery_point_ms = NULL, flows_since_ms = NULL WHERE id = ?1", [id])?;
    Ok(())
}

/// Waits for what the source took before it is demoted.
pub(in crate::mock) fn quiesce(tx: &Tx<'_>, pod_id: &str) -> Result<()> {
    tx.execute("UPDATE pods SET promotion = 'demoted', promotion_ms = ?2 WHERE id = ?1", params![pod_id, NEVER])?;
    Ok(())
}

/// Whether the arrays of two pods reach each other.
pub(in crate::mock) fn is_healthy(tx: &Tx<'_>, link: &Link) -> Result<bool> {
    tx.value(
        "SELECT EXISTS (SELECT 1 FROM pod_arrays AS source JOIN pod_arrays AS target JOIN links
             ON links.array_id = source.array_id AND links.peer_id = target.array_id AND links.works
             WHERE source.pod_id = ?1 AND target.pod_id = ?2)",
        [&link.source_pod_id, &link.target_pod_id],
    )
}

/// Whether [`refresh`] would change anything that nobody but the clock has brought about.
pub(in crate::mock) fn is_due(tx: &Tx<'_>) -> Result<bool> {
    for link in all(tx)? {
        let arrived = link.is_in_step(tx.now_ms) && link.recovery_point_ms < link.in_step_ms();
        if arrived || (link.flows() && !sends(tx, &pod(tx, &link.source_pod_id)?)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Brings every link to where it belongs: its direction, whether it flows, and what its target holds.
pub(in crate::mock) fn refresh(tx: &Tx<'_>) -> Result<()> {
    for link in all(tx)? {
        if link.recovery_point_ms < link.in_step_ms() {
            // it may have come into step and stopped since somebody last looked
            mirror(tx, &link)?;
        }
        let link = turn(tx, again(tx, &link.id)?)?;
        let link = set_flow(tx, link)?;
        time_quiescing(tx, &link)?;
        mirror(tx, &link)?;
    }
    Ok(())
}

fn pod(tx: &Tx<'_>, id: &str) -> Result<Pod> {
    pods::by_id(tx, id)?.ok_or_else(|| Error::internal(format!("pod '{id}' got lost")))
}

/// Whether a source has something to send: it is promoted, or not all of what it took has been sent.
fn sends(tx: &Tx<'_>, source: &Pod) -> bool {
    source.destroyed_ms.is_none() && (source.wants_promoted || tx.now_ms < source.promotion_ms)
}

fn again(tx: &Tx<'_>, id: &str) -> Result<Link> {
    let found = tx.first(&format!("{SELECT} WHERE id = ?1"), [id], read)?;
    found.ok_or_else(|| Error::internal(format!("replica link '{id}' got lost")))
}

/// Data go from the promoted pod to the demoted one.
fn turn(tx: &Tx<'_>, link: Link) -> Result<Link> {
    if sends(tx, &pod(tx, &link.source_pod_id)?) || !pod(tx, &link.target_pod_id)?.wants_promoted {
        return Ok(link);
    }
    tx.execute(
        "UPDATE pod_replica_links SET source_pod_id = target_pod_id, target_pod_id = source_pod_id, idle = 0,
             recovery_point_ms = NULL, flows_since_ms = NULL
         WHERE id = ?1",
        [&link.id],
    )?;
    again(tx, &link.id)
}

fn set_flow(tx: &Tx<'_>, link: Link) -> Result<Link> {
    let source = pod(tx, &link.source_pod_id)?;
    let target = pod(tx, &link.target_pod_id)?;
    let can_flow = !link.paused && target.destroyed_ms.is_none() && sends(tx, &source) && is_healthy(tx, &link)?;
    if can_flow == link.flows() {
        return Ok(link);
    }
    if can_flow {
        let catch_up = signed(controls::settings(tx)?.transfer_millis)?;
        tx.execute(
            "UPDATE pod_replica_links SET flows_since_ms = ?2, catch_up_millis = ?3 WHERE id = ?1",
            params![link.id, tx.now_ms, catch_up],
        )?;
    } else {
        // a source that became quiet has sent everything by then
        let stopped_ms = if source.wants_promoted { tx.now_ms } else { tx.now_ms.min(source.promotion_ms) };
        tx.execute(
            "UPDATE pod_replica_links SET recovery_point_ms = ?2, flows_since_ms = NULL WHERE id = ?1",
            params![link.id, link.recovery_point(stopped_ms)],
        )?;
    }
    again(tx, &link.id)
}

/// A source that is quiescing is demoted once the target has everything; for as long as nothing flows, it waits.
fn time_quiescing(tx: &Tx<'_>, link: &Link) -> Result<()> {
    let source = pod(tx, &link.source_pod_id)?;
    if source.wants_promoted || tx.now_ms >= source.promotion_ms {
        return Ok(());
    }
    let promotion_ms = match link.in_step_ms() {
        None => NEVER,
        Some(_) if source.promotion_ms != NEVER => return Ok(()),
        Some(in_step) => in_step.max(tx.now_ms).saturating_add(signed(controls::settings(tx)?.transfer_millis)?),
    };
    tx.execute(
        "UPDATE pods SET promotion_ms = ?2 WHERE id = ?1 AND promotion_ms <> ?2",
        params![source.id, promotion_ms],
    )?;
    Ok(())
}

/// What a demoted target of a link in step holds is what the source holds.
fn mirror(tx: &Tx<'_>, link: &Link) -> Result<()> {
    if !link.is_in_step(tx.now_ms) {
        return Ok(());
    }
    tx.execute(
        "UPDATE pod_replica_links SET recovery_point_ms = ?2
         WHERE id = ?1 AND (recovery_point_ms IS NULL OR recovery_point_ms < ?2)",
        params![link.id, link.in_step_ms()],
    )?;
    let target = pod(tx, &link.target_pod_id)?;
    if target.wants_promoted {
        return Ok(());
    }
    pod_copies::take_over(tx, &pod(tx, &link.source_pod_id)?, &target, &home(tx, &target.id)?, None)
}

/// The one array of a pod that is not stretched.
pub(in crate::mock) fn home(tx: &Tx<'_>, pod_id: &str) -> Result<Array> {
    let sql = "SELECT min(array_id) FROM pod_arrays WHERE pod_id = ?1";
    super::by_id(tx, &tx.value::<String>(sql, [pod_id])?)
}
