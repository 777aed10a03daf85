//! How groups kept their objectives.

use super::columns::{from_json, to_json};
use super::fault::Sql;
use super::sql::Tables;
use crate::model::{ProtectionGroupId, RpoSample, RpoSpan};
use crate::rules::rpo_history;

pub(super) fn history(t: &mut dyn Tables, group: &ProtectionGroupId) -> Sql<Vec<RpoSpan>> {
    Ok(stored(t, group)?.unwrap_or_default())
}

fn stored(t: &mut dyn Tables, group: &ProtectionGroupId) -> Sql<Option<Vec<RpoSpan>>> {
    let text = t.text("SELECT spans FROM rpo_history WHERE group_id = ?", &[group.as_str().into()])?;
    text.map(|text| from_json(|| format!("the RPO history of '{group}'"), &text)).transpose()
}

/// Puts a sample at the end of its group's history. A group that is not stored has none.
pub(super) fn record(t: &mut dyn Tables, sample: &RpoSample) -> Sql<()> {
    let group = sample.group.as_str();
    let present = stored(t, &sample.group)?;
    if present.is_none() && t.text("SELECT id FROM protection_groups WHERE id = ?", &[group.into()])?.is_none() {
        return Ok(());
    }
    let write = match present {
        Some(_) => "UPDATE rpo_history SET spans = ? WHERE group_id = ?",
        None => "INSERT INTO rpo_history (spans, group_id) VALUES (?, ?)",
    };
    let mut spans = present.unwrap_or_default();
    rpo_history::record(&mut spans, sample);
    t.execute(write, &[(&to_json(&spans)?).into(), group.into()])?;
    Ok(())
}
