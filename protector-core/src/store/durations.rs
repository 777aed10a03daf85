//! How long steps took.

use super::columns::{from_json, to_json};
use super::fault::Sql;
use crate::ports::{KEPT_DURATIONS, StepDurations};
use rusqlite::{Connection, OptionalExtension};

pub(super) fn all(c: &Connection) -> Sql<Vec<StepDurations>> {
    let mut statement = c.prepare_cached("SELECT action, site, milliseconds FROM durations ORDER BY action, site")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (action, site, milliseconds): (String, String, String) = row.try_into()?;
        let milliseconds = from_json(|| format!("the durations of {action} on '{site}'"), &milliseconds)?;
        all.push(StepDurations { action, site: (!site.is_empty()).then(|| site.into()), milliseconds });
    }
    Ok(all)
}

/// Adds the newest ones of a kind and forgets the oldest.
pub(super) fn add(c: &Connection, StepDurations { action, site, milliseconds }: &StepDurations) -> Sql<()> {
    let site = site.as_ref().map_or("", |site| site.as_str());
    let stored: Option<String> = c
        .prepare_cached("SELECT milliseconds FROM durations WHERE action = ? AND site = ?")?
        .query_row([action.as_str(), site], |row| row.get(0))
        .optional()?;
    let mut kept: Vec<u64> = match stored {
        Some(text) => from_json(|| format!("the durations of {action} on '{site}'"), &text)?,
        None => Vec::new(),
    };
    kept.extend(milliseconds);
    kept.drain(..kept.len().saturating_sub(KEPT_DURATIONS));
    c.prepare_cached("INSERT OR REPLACE INTO durations (action, site, milliseconds) VALUES (?, ?, ?)")?.execute([
        action.as_str(),
        site,
        &to_json(&kept)?,
    ])?;
    Ok(())
}
