//! Workers, and when they were seen.

use super::columns::{from_json, from_time, to_json};
use super::fault::Sql;
use super::sql::{Row, Tables};
use crate::model::{LeaseHolder, Worker, WorkerBeat};
use crate::rules::engine_service::KEPT_UNSEEN;
use jiff::Timestamp;

const COLUMNS: &str = "SELECT engine, beat, started_at, seen_at, stopped_at FROM workers";

pub(super) fn record(t: &mut dyn Tables, beat: &WorkerBeat) -> Sql<()> {
    let oldest = sortable(beat.at.saturating_sub(KEPT_UNSEEN).unwrap_or(Timestamp::MIN));
    t.execute("DELETE FROM workers WHERE seen_at < ?", &[(&oldest).into()])?;
    let (engine, seen, text) = (&beat.holder.engine, sortable(beat.at), to_json(beat)?);
    if exists(t, engine)? {
        let renew = "UPDATE workers SET beat = ?, seen_at = ?, stopped_at = NULL WHERE engine = ?";
        t.execute(renew, &[(&text).into(), (&seen).into(), engine.into()])?;
    } else {
        let begin = "INSERT INTO workers (beat, started_at, seen_at, engine) VALUES (?, ?, ?, ?)";
        t.execute(begin, &[(&text).into(), (&seen).into(), (&seen).into(), engine.into()])?;
    }
    Ok(())
}

/// Ends an entry; it was seen then.
pub(super) fn stop(t: &mut dyn Tables, holder: &LeaseHolder, at: Timestamp) -> Sql<()> {
    let at = sortable(at);
    let values = [(&at).into(), (&at).into(), (&holder.engine).into()];
    t.execute("UPDATE workers SET stopped_at = ?, seen_at = ? WHERE engine = ?", &values)?;
    Ok(())
}

pub(super) fn all(t: &mut dyn Tables) -> Sql<Vec<Worker>> {
    t.all(&format!("{COLUMNS} ORDER BY started_at, engine"), &[], read)
}

pub(super) fn find(t: &mut dyn Tables, engine: &str) -> Sql<Option<Worker>> {
    t.first(&format!("{COLUMNS} WHERE engine = ?"), &[engine.into()], read)
}

fn exists(t: &mut dyn Tables, engine: &str) -> Sql<bool> {
    Ok(t.text("SELECT engine FROM workers WHERE engine = ?", &[engine.into()])?.is_some())
}

fn sortable(time: Timestamp) -> String {
    format!("{time:.9}")
}

fn read(row: &dyn Row) -> Sql<Worker> {
    let engine = row.text(0)?;
    let what = || format!("the worker of engine '{engine}'");
    let beat: WorkerBeat = from_json(what, row.text(1)?)?;
    Ok(Worker {
        holder: beat.holder,
        version: beat.version,
        under_way: beat.under_way,
        interval_seconds: beat.interval_seconds,
        started_at: from_time(what, row.text(2)?)?,
        seen_at: from_time(what, row.text(3)?)?,
        stopped_at: row.optional_text(4)?.map(|text| from_time(what, text)).transpose()?,
    })
}
