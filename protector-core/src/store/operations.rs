//! Operations and their journals.

use super::columns::{from_integer, from_json, from_time, to_integer, to_json};
use super::fault::Sql;
use crate::Error;
use crate::model::OperationId;
use crate::ports::{JOURNAL_START, JournalEntry, OperationFilter, StoredOperation, verify_chain, verify_next};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, types::ValueRef};
use std::sync::Arc;

const COLUMNS: &str = "SELECT id, group_id, group_name, kind, accepted_at, plan FROM operations";

pub(super) fn find(c: &Connection, id: &OperationId) -> Sql<Option<StoredOperation>> {
    let mut statement = c.prepare_cached(&format!("{COLUMNS} WHERE id = ?"))?;
    let mut rows = statement.query([id.as_str()])?;
    rows.next()?.map(read).transpose()
}

pub(super) fn list(c: &Connection, filter: &OperationFilter) -> Sql<Vec<StoredOperation>> {
    let order = "ORDER BY accepted_at DESC, position DESC LIMIT ?1";
    // to SQLite, a negative limit is none
    let limit = filter.limit.map_or(-1, i64::from);
    let mut operations = Vec::new();
    let (mut every, mut of_group);
    let mut rows = match &filter.group {
        None => {
            every = c.prepare_cached(&format!("{COLUMNS} {order}"))?;
            every.query([limit])?
        }
        Some(group) => {
            of_group = c.prepare_cached(&format!("{COLUMNS} WHERE group_id = ?2 {order}"))?;
            of_group.query((limit, group.as_str()))?
        }
    };
    while let Some(row) = rows.next()? {
        operations.push(read(row)?);
    }
    Ok(operations)
}

/// Refuses an operation that is not stored.
pub(super) fn require(c: &Connection, id: &OperationId) -> Sql<()> {
    if c.prepare_cached("SELECT 1 FROM operations WHERE id = ?")?.exists([id.as_str()])? {
        return Ok(());
    }
    Err(Error::not_found(format!("operation '{id}' does not exist"))
        .remedy("openstack protector operation list")
        .into())
}

/// Stores an operation and lets it hold its group.
pub(super) fn begin(c: &Connection, operation: &StoredOperation) -> Sql<()> {
    let StoredOperation { id, group, group_name, kind, accepted_at, plan } = operation;
    let open: Option<String> = c
        .prepare_cached("SELECT operation_id FROM open_operations WHERE group_id = ?")?
        .query_row([group.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(open) = open {
        return Err(Error::conflict(format!("protection group '{group_name}' has an open operation '{open}'"))
            .remedy(format!("openstack protector operation show {open}"))
            .into());
    }
    if require(c, id).is_ok() {
        return Err(Error::already_exists(format!("operation '{id}' already exists")).into());
    }
    c.prepare_cached(
        "INSERT INTO operations (id, group_id, group_name, kind, accepted_at, plan) VALUES (?, ?, ?, ?, ?, ?)",
    )?
    .execute((id.as_str(), group.as_str(), group_name, to_json(kind)?, format!("{accepted_at:.9}"), plan))?;
    c.prepare_cached("INSERT INTO open_operations (group_id, operation_id) VALUES (?, ?)")?
        .execute([group.as_str(), id.as_str()])?;
    Ok(())
}

/// Ends an operation's hold on its group.
pub(super) fn close(c: &Connection, id: &OperationId) -> Sql<()> {
    c.prepare_cached("DELETE FROM open_operations WHERE operation_id = ?")?.execute([id.as_str()])?;
    Ok(())
}

/// Appends to the journal of a stored operation.
pub(super) fn append(c: &Connection, id: &OperationId, entries: &[JournalEntry]) -> Sql<()> {
    let Some(first) = entries.first() else { return Ok(()) };
    let last: Option<(i64, String)> = c
        .prepare_cached("SELECT sequence, hash FROM journal WHERE operation_id = ? ORDER BY sequence DESC LIMIT 1")?
        .query_row([id.as_str()], |row| row.try_into())
        .optional()?;
    let (next, previous_hash): (i64, Arc<str>) = match last {
        None => (0, JOURNAL_START.into()),
        Some((last, hash)) => (last + 1, hash.into()),
    };
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
    let mut statement = c.prepare_cached(
        "INSERT INTO journal (operation_id, sequence, at, record, previous_hash, hash) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    for JournalEntry { sequence, at, record, previous_hash, hash } in entries {
        statement.execute((id.as_str(), to_integer(*sequence)?, at.to_string(), record, &**previous_hash, &**hash))?;
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
pub(super) fn journal(c: &Connection, id: &OperationId, from: u64, limit: Option<u32>) -> Sql<StoredEntries> {
    let before = from.saturating_sub(1);
    // to SQLite, a negative limit is none
    let most = limit.map_or(-1, |limit| i64::from(limit) + i64::from(before < from));
    let mut statement = c.prepare_cached(
        "SELECT sequence, at, record, previous_hash, hash FROM journal
         WHERE operation_id = ? AND sequence >= ? ORDER BY sequence LIMIT ?",
    )?;
    let mut rows = statement.query((id.as_str(), to_integer(before)?, most))?;
    let mut entries: Vec<StoredEntry> = Vec::new();
    while let Some(row) = rows.next()? {
        let last = entries.last();
        entries.push(StoredEntry {
            sequence: row.get(0)?,
            at: shared(row, 1, last.map(|entry| &entry.at))?,
            record: row.get(2)?,
            previous_hash: shared(row, 3, last.map(|entry| &entry.hash))?,
            hash: row.get(4)?,
        });
    }
    Ok(StoredEntries { operation: id.clone(), from, entries })
}

/// The text in a column, which may be known already.
fn shared(row: &Row<'_>, column: usize, known: Option<&Arc<str>>) -> Sql<Arc<str>> {
    match (row.get_ref(column)?, known) {
        (ValueRef::Text(text), Some(known)) if text == known.as_bytes() => Ok(known.clone()),
        _ => Ok(row.get(column)?),
    }
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

fn read(row: &Row<'_>) -> Sql<StoredOperation> {
    let (id, group, group_name, kind, accepted_at, plan): (String, String, String, String, String, String) =
        row.try_into()?;
    let what = || format!("operation '{id}'");
    Ok(StoredOperation {
        group: group.into(),
        group_name,
        kind: from_json(what, &kind)?,
        accepted_at: from_time(what, &accepted_at)?,
        plan,
        id: id.clone().into(),
    })
}
