//! What an abort restores: everything that production and its protection consist of, as it was before.
//!
//! Not part of it: recovery points (one more does no harm), destroyed clones, and the marks of arrays.

use crate::GROUP;
use crate::compare::{differences, remove_times};
use protector_core::connect::Deployment;
use protector_core::engine::Engine;
use protector_core::model::Epoch;
use protector_core::{Error, Result};
use serde_json::{Map, Value};

/// Tables of the world that a workload and its protection consist of.
const TABLES: [&str; 14] = [
    "servers",
    "attachments",
    "ports",
    "port_addresses",
    "cinder_volumes",
    "cinder_groups",
    "volumes",
    "fences",
    "connections",
    "protection_groups",
    "group_marks",
    "protection_group_volumes",
    "pods",
    "array_connections",
];

/// Columns in which an array counts, or remembers who acted last.
const MARKS: [&str; 3] = ["epoch", "scheduled_count", "snapshot_count"];

/// The start, as the world and the stores of both sites hold it.
#[derive(Debug, Clone)]
pub struct Start {
    world: Value,
    record: Value,
}

/// Looks at the start, before or after the operation was accepted.
///
/// # Errors
/// no such group → `NotFound`; as [`Deployment::world`].
pub async fn start_of(deployment: &Deployment, engine: &Engine) -> Result<Start> {
    Ok(Start { world: world(deployment)?, record: record(engine).await? })
}

/// World, membership, replication and record equal the start, the servers run, and both sites agree.
///
/// # Errors
/// as [`start_of`].
pub async fn check(start: &Start, deployment: &Deployment, engine: &Engine) -> Result<()> {
    check_world(start, deployment)?;
    let found = record(engine).await?;
    assert_eq!(differences(&start.record, &found), Vec::<String>::new());
    let group = engine.protection_group_show(GROUP).await?;
    assert_eq!((group.operation_id, group.diverged), (None, false));
    let theirs =
        deployment.engine(Some(engine.endpoints().peer.site().as_str()))?.endpoints().store.group(GROUP).await?;
    assert_eq!(engine.endpoints().store.group(GROUP).await?, theirs);
    Ok(())
}

/// The world alone.
///
/// # Errors
/// as [`start_of`].
pub fn check_world(start: &Start, deployment: &Deployment) -> Result<()> {
    assert_eq!(differences(&start.world, &world(deployment)?), Vec::<String>::new());
    Ok(())
}

fn world(deployment: &Deployment) -> Result<Value> {
    let dump = deployment.world().dump()?;
    let mut tables = Map::new();
    for table in TABLES {
        let rows = dump.get(table).and_then(Value::as_array);
        let rows = rows.ok_or_else(|| Error::internal(format!("the world has no table '{table}'")))?;
        // what was destroyed can be recovered, and is in nobody's way
        let mut rows: Vec<Value> =
            rows.iter().filter(|r| r.get("destroyed_ms").is_none_or(Value::is_null)).cloned().collect();
        rows.iter_mut().for_each(|row| {
            remove_times(row);
            if let Value::Object(columns) = row {
                MARKS.iter().for_each(|mark| drop(columns.remove(*mark)));
            }
        });
        tables.insert(table.to_owned(), rows.into());
    }
    Ok(tables.into())
}

async fn record(engine: &Engine) -> Result<Value> {
    let stored = engine.endpoints().store.group(GROUP).await?;
    let mut record = stored.ok_or_else(|| Error::not_found(GROUP))?;
    record.group.operation = None;
    // a pivot that was begun uses one up
    record.group.epoch = Epoch(0);
    let mut value = serde_json::to_value(record)?;
    remove_times(&mut value);
    if let Value::Object(fields) = &mut value {
        fields.remove("version");
    }
    Ok(value)
}
