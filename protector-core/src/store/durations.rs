//! How long steps took.

use super::columns::{from_json, to_json};
use super::fault::Sql;
use super::sql::Tables;
use crate::ports::{KEPT_DURATIONS, StepDurations};

pub(super) fn all(t: &mut dyn Tables) -> Sql<Vec<StepDurations>> {
    t.all("SELECT action, site, milliseconds FROM durations ORDER BY action, site", &[], |row| {
        let (action, site) = (row.text(0)?, row.text(1)?);
        let milliseconds = from_json(|| format!("the durations of {action} on '{site}'"), row.text(2)?)?;
        Ok(StepDurations { action: action.to_owned(), site: (!site.is_empty()).then(|| site.into()), milliseconds })
    })
}

/// Adds the newest ones of a kind and forgets the oldest.
pub(super) fn add(t: &mut dyn Tables, StepDurations { action, site, milliseconds }: &StepDurations) -> Sql<()> {
    let site = site.as_ref().map_or("", |site| site.as_str());
    let key = [action.into(), site.into()];
    let stored = t.text("SELECT milliseconds FROM durations WHERE action = ? AND site = ?", &key)?;
    let mut kept: Vec<u64> = match &stored {
        Some(text) => from_json(|| format!("the durations of {action} on '{site}'"), text)?,
        None => Vec::new(),
    };
    kept.extend(milliseconds);
    kept.drain(..kept.len().saturating_sub(KEPT_DURATIONS));
    let write = match stored {
        Some(_) => "UPDATE durations SET milliseconds = ? WHERE action = ? AND site = ?",
        None => "INSERT INTO durations (milliseconds, action, site) VALUES (?, ?, ?)",
    };
    t.execute(write, &[(&to_json(&kept)?).into(), action.into(), site.into()])?;
    Ok(())
}
