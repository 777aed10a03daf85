//! Operations and their journals.

use super::columns::{from_integer, from_json, from_time, to_integer, to_json};
use super::fault::Sql;
use super::sql::{NO_LIMIT, Row, Tables, Value};
use crate::Error;
use crate::model::OperationId;
use crate::ports::{JOURNAL_START, JournalEntry, OperationFilter, StoredOperation, verify_chain, verify_next};
use jiff::Timestamp;
use std::sync::Arc;

const COLUMNS: &str = "SELECT id, group_id, group_name, kind, accepted_at, plan, project_id FROM operations";

pub(super) fn find(t: &mut dyn Tables, id: &OperationId) -> Sql<Option<StoredOperation>> {
    t.first(&format!("{COLUMNS} WHERE id = ?"), &[id.as_str().into()], read)
}

pub(super) fn list(t: &mut dyn Tables, filter: &OperationFilter) -> Sql<Vec<StoredOperation>> {
    let order = "ORDER BY accepted_at DESC, position DESC LIMIT ?";
    let (mut conditions, mut values) = (Vec::new(), Vec::new());
    if let Some(group) = &filter.group {
        conditions.push("group_id = ?");
        values.push(Value::from(group.as_str()));
    }
    if let Some(project) = &filter.project {
        conditions.push("project_id = ?");
        values.push(Value::from(project.as_str()));
    }
    let kind = filter.kind.as_ref().map(to_json).transpose()?;
    if let Some(kind) = &kind {
        conditions.push("kind = ?");
        values.push(Value::from(kind));
    }
    if filter.open {
        // few, whatever has ended: they are found by their ids
        conditions.push("id IN (SELECT operation_id FROM open_operations)");
    }
    let filtered = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    values.push(Value::from(filter.limit.map_or(NO_LIMIT, i64::from)));
    t.all(&format!("{COLUMNS} {filtered} {order}"), &values, read)
}

/// Refuses an operation that is not stored.
pub(super) fn require(t: &mut dyn Tables, id: &OperationId) -> Sql<()> {
    if exists(t, id)? {
        return Ok(());
    }
    Err(Error::not_found(format!("operation '{id}' does not exist"))
        .remedy("openstack protector operation list")
        .into())
}

fn exists(t: &mut dyn Tables, id: &OperationId) -> Sql<bool> {
    Ok(t.text("SELECT id FROM operations WHERE id = ?", &[id.as_str().into()])?.is_some())
}

/// Stores an operation and lets it hold its group.
pub(super) fn begin(t: &mut dyn Tables, operation: &StoredOperation) -> Sql<()> {
    let StoredOperation { id, group, group_name, project, kind, accepted_at, plan } = operation;
    let (id, group) = (Value::from(id.as_str()), Value::from(group.as_str()));
    if let Some(open) = t.text("SELECT operation_id FROM open_operations WHERE group_id = ?", &[group])? {
        return Err(Error::conflict(format!("protection group '{group_name}' has an open operation '{open}'"))
            .remedy(format!("openstack protector operation show {open}"))
            .into());
    }
    if exists(t, &operation.id)? {
        return Err(Error::already_exists(format!("operation '{}' already exists", operation.id)).into());
    }
    let (kind, accepted_at) = (to_json(kind)?, format!("{accepted_at:.9}"));
    t.execute(
        "INSERT INTO operations (id, group_id, group_name, project_id, kind, accepted_at, plan)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        &[id, group, group_name.into(), project.as_str().into(), (&kind).into(), (&accepted_at).into(), plan.into()],
    )?;
    t.execute("INSERT INTO open_operations (group_id, operation_id) VALUES (?, ?)", &[group, id])?;
    Ok(())
}

/// Ends an operation's hold on its group.
pub(super) fn close(t: &mut dyn Tables, id: &OperationId) -> Sql<()> {
    t.execute("DELETE FROM open_operations WHERE operation_id = ?", &[id.as_str().into()])?;
    Ok(())
}

/// Appends to the journal of a stored operation.
pub(super) fn append(t: &mut dyn Tables, id: &OperationId, entries: &[JournalEntry]) -> Sql<()> {
    let Some(first) = entries.first() else { return Ok(()) };
    let sql = "SELECT sequence, hash FROM journal WHERE operation_id = ? ORDER BY sequence DESC LIMIT 1";
    let last = t.first(sql, &[id.as_str().into()], |row| Ok((row.integer(0)?, Arc::from(row.text(1)?))))?;
    let (next, previous_hash) = last.map_or_else(|| (0, JOURNAL_START.into()), |(last, hash)| (last + 1, hash));
    if to_integer(first.sequence)? != next || first.previous_hash != previous_hash {
        return Err(Error::conflict(format!(
            "journal entry {} of operation '{id}' does not follow what is stored, which goes on at {next}: somebody else \
             wrote to it",
            first.sequence
        ))
        .remedy(format!("openstack protector operation show {id}"))
        .into());
    }
    verify_chain(entries).map_err(|e| Error::internal(format!("journal of operation '{id}': {}", e.message())))?;
    for JournalEntry { sequence, at, record, previous_hash, hash } in entries {
        let at = at.to_string();
        t.execute(
            "INSERT INTO journal (operation_id, sequence, at, record, previous_hash, hash) VALUES (?, ?, ?, ?, ?, ?)",
            &[
                id.as_str().into(),
                to_integer(*sequence)?.into(),
                (&at).into(),
                record.into(),
                (&**previous_hash).into(),
                (&**hash).into(),
            ],
        )?;
    }
    Ok(())
}

/// A part of a journal as it lies in the database, not looked at yet.
pub(super) struct StoredEntries {
    operation: OperationId,
    from: u64,
    /// One more in front, if there is one, so that the link to it is checked too.
    entries: Vec<StoredEntry>,
}

struct StoredEntry {
    sequence: i64,
    /// Entries that were written together share it.
    at: Arc<str>,
    record: String,
    /// In a chain the hash of the entry before, and shared with it.
    previous_hash: Arc<str>,
    hash: Arc<str>,
}

/// Entries from `from` on; at most `limit` of them.
pub(super) fn journal(t: &mut dyn Tables, id: &OperationId, from: u64, limit: Option<u32>) -> Sql<StoredEntries> {
    let before = from.saturating_sub(1);
    let most = limit.map_or(NO_LIMIT, |limit| i64::from(limit) + i64::from(before < from));
    let sql = "SELECT sequence, at, record, previous_hash, hash FROM journal
         WHERE operation_id = ? AND sequence >= ? ORDER BY sequence LIMIT ?";
    let mut entries: Vec<StoredEntry> = Vec::new();
    t.each(sql, &[id.as_str().into(), to_integer(before)?.into(), most.into()], &mut |row| {
        let last = entries.last();
        entries.push(StoredEntry {
            sequence: row.integer(0)?,
            at: shared(row.text(1)?, last.map(|entry| &entry.at)),
            record: row.text(2)?.to_owned(),
            previous_hash: shared(row.text(3)?, last.map(|entry| &entry.hash)),
            hash: row.text(4)?.into(),
        });
        Ok(())
    })?;
    Ok(StoredEntries { operation: id.clone(), from, entries })
}

/// The text, which may be known already.
fn shared(text: &str, known: Option<&Arc<str>>) -> Arc<str> {
    known.filter(|known| ***known == *text).map_or_else(|| text.into(), Arc::clone)
}

impl StoredEntries {
    /// The entries, if none was changed and none is missing.
    pub(super) fn checked(self) -> Sql<Vec<JournalEntry>> {
        let Self { operation, from, entries: stored } = self;
        let first = from.saturating_sub(1);
        let mut entries: Vec<JournalEntry> = Vec::with_capacity(stored.len());
        let mut last: Option<(Arc<str>, Timestamp)> = None;
        let mut text = Vec::new();
        for StoredEntry { sequence, at, record, previous_hash, hash } in stored {
            let what = || format!("journal entry {sequence} of operation '{operation}'");
            // entries that were written together have one time
            let time = match &last {
                Some((known, time)) if *known == at => *time,
                _ => from_time(what, &at)?,
            };
            let sequence = from_integer(what, sequence)?;
            let entry = JournalEntry { sequence, at: time, record, previous_hash, hash };
            let whole = match entries.is_empty() && entry.sequence != first {
                true => Err(Error::storage(format!("entry {first} is missing"))),
                false => verify_next(entries.last(), &entry, &at, &mut text),
            };
            whole.map_err(|e| {
                e.context(format!("the journal of operation '{operation}' is broken"))
                    .remedy("do not resume it; compare the database with a backup")
            })?;
            entries.push(entry);
            last = Some((at, time));
        }
        if entries.first().is_some_and(|entry| entry.sequence < from) {
            entries.remove(0);
        }
        Ok(entries)
    }
}

fn read(row: &dyn Row) -> Sql<StoredOperation> {
    let id = row.text(0)?;
    let what = || format!("operation '{id}'");
    Ok(StoredOperation {
        group: row.text(1)?.into(),
        group_name: row.text(2)?.to_owned(),
        kind: from_json(what, row.text(3)?)?,
        accepted_at: from_time(what, row.text(4)?)?,
        plan: row.text(5)?.to_owned(),
        project: row.text(6)?.into(),
        id: id.into(),
    })
}
