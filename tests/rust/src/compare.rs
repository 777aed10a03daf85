//! The state of a whole deployment as one value, and what differs between two of them.

use protector_core::Result;
use protector_core::connect::Deployment;
use protector_core::engine::{Engine, OperationView};
use protector_core::ports::OperationFilter;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// World, group records and accepted operations of both sites, with every time in them.
///
/// # Errors
/// world or stores cannot be read → `Storage`.
pub async fn state(deployment: &Deployment) -> Result<Value> {
    let (mut records, mut operations) = (Map::new(), Map::new());
    for site in deployment.world().sites()? {
        if let Some(store) = deployment.store(&site.name) {
            records.insert(site.name.to_string(), serde_json::to_value(store.groups().await?)?);
            let accepted = store.operations(&OperationFilter::default()).await?;
            operations.insert(site.name.to_string(), serde_json::to_value(accepted)?);
        }
    }
    Ok(json!({"world": deployment.world().dump()?, "records": records, "operations": operations}))
}

/// Rows of one table of the world.
///
/// # Errors
/// world cannot be read → `Storage`.
pub fn rows(deployment: &Deployment, table: &str) -> Result<Vec<Value>> {
    Ok(deployment.world().dump()?.get(table).and_then(Value::as_array).cloned().unwrap_or_default())
}

/// One column of a row as text; empty if it holds none.
pub fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row.get(column).and_then(Value::as_str).unwrap_or_default()
}

/// [`state`] and how an operation ended, without times and whom it was taken over from: they differ when a run was
/// interrupted.
///
/// # Errors
/// no such operation → `NotFound`; as [`state`].
pub async fn end_state(deployment: &Deployment, engine: &Engine, operation: &str) -> Result<Value> {
    let mut end = state(deployment).await?;
    if let Value::Object(parts) = &mut end {
        let shown = OperationView { taken_from: None, ..engine.operation_show(operation).await? };
        parts.insert("operation".to_owned(), serde_json::to_value(shown)?);
    }
    remove_times(&mut end);
    Ok(end)
}

/// Takes out every instant, and what depends on how long something ran.
pub fn remove_times(value: &mut Value) {
    const TIMES: [&str; 7] =
        ["captured_at", "elapsed_seconds", "finished_at", "progressed_millis", "since", "started_at", "updated_at"];
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !key.ends_with("_ms") && !TIMES.contains(&key.as_str()));
            fields.values_mut().for_each(remove_times);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_times),
        Value::String(text) if text.contains("ran past its deadline ") => *text = without_instants(text),
        _ => {}
    }
}

/// Words that are an instant, as errors name their deadline, become one and the same.
fn without_instants(text: &str) -> String {
    let is_instant = |word: &str| word.trim_end_matches(';').parse::<jiff::Timestamp>().is_ok();
    text.split(' ').map(|word| if is_instant(word) { "<instant>" } else { word }).collect::<Vec<_>>().join(" ")
}

/// A dump of a world without what two runs may do in another order or at another time: ids become the names of what they
/// stand for, rows stand in the order of their contents; times and serial numbers are left out.
pub fn without_ids(dump: &Value) -> Value {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (table, rows) in dump.as_object().into_iter().flatten() {
        for row in rows.as_array().into_iter().flatten() {
            let name = [text(row, "name"), text(row, "suffix")].concat();
            if !text(row, "id").is_empty() && !name.is_empty() {
                names.insert(text(row, "id").to_owned(), format!("{table} {name} of {}", text(row, "array_id")));
            }
        }
    }
    let mut dump = dump.clone();
    remove_times(&mut dump);
    let tables = dump.as_object_mut().into_iter().flat_map(Map::values_mut);
    for rows in tables.filter_map(Value::as_array_mut) {
        rows.iter_mut().for_each(|row| name_ids(row, &names));
        rows.sort_by_key(Value::to_string);
    }
    dump
}

fn name_ids(row: &mut Value, names: &BTreeMap<String, String>) {
    let Value::Object(columns) = row else { return };
    columns.retain(|column, _| !column.starts_with("serial"));
    for value in columns.values_mut() {
        if let Some(name) = value.as_str().and_then(|text| names.get(text)) {
            *value = name.clone().into();
        }
    }
}

/// One line per place where the two differ; none if they are equal.
pub fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", expected, found, &mut lines);
    lines
}

fn compare(place: &str, expected: &Value, found: &Value, lines: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))) {
                let value = |of: &Map<String, Value>| of.get(key).cloned().unwrap_or(Value::Null);
                compare(&format!("{place}/{key}"), &value(a), &value(b), lines);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{place}/{at}"), a, b, lines);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            lines.push(format!("{place}: {} items instead of {}: {found} instead of {expected}", b.len(), a.len()));
        }
        (a, b) if a == b => {}
        _ => lines.push(format!("{place}: {found} instead of {expected}")),
    }
}
