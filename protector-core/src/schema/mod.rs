//! JSON Schemas of the documents that cross a door, made from the types that read and write them.
//!
//! `include/schema/` holds one file for each, and `index.json`, which says what each call takes and gives. A test writes
//! them anew and compares, another one holds real documents against them.

mod cloud;
mod document;
mod engine;
mod method;
mod storage;

pub use document::Document;
pub use engine::Call;
pub use method::Method;

pub use cloud::CLOUD;
pub use engine::CALLS;
pub use storage::STORAGE;

use crate::ports::Capabilities;
use crate::{Error, Result};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Version of the schemas, `x-schema-version` in each of them. DESIGN.md says what raises it.
pub const SCHEMA_VERSION: u32 = 1;

/// Every schema by the name of its file in `include/schema/`, without the index.
///
/// # Errors
/// two calls give a different type the same name → `Internal` → one of them is to be named otherwise.
pub fn schemas() -> Result<BTreeMap<String, Value>> {
    let mut schemas = BTreeMap::new();
    for document in documents() {
        let schema = document.schema();
        if let Some(other) = schemas.insert(document.file(), schema.clone())
            && other != schema
        {
            return Err(Error::internal(format!("two schemas are called '{}'", document.file())));
        }
    }
    Ok(schemas)
}

/// Those of the engine's calls, and those of what a driver is asked and answers. What a driver can do is registered with it.
fn documents() -> impl Iterator<Item = Document> {
    let capabilities = Document::read::<Capabilities>("capabilities");
    let calls = CALLS.iter().flat_map(Call::documents);
    let drivers = [("storage", STORAGE), ("cloud", CLOUD)];
    let methods = drivers.into_iter().flat_map(|(port, methods)| methods.iter().flat_map(|m| m.documents(port)));
    calls.chain(methods).chain([capabilities])
}

/// `index.json`: which document each call takes and gives, by the name of the call. Of a driver's methods, too.
pub fn index() -> Value {
    let calls: Map<String, Value> = CALLS.iter().map(|call| (call.name.to_owned(), call.entry())).collect();
    let methods = |port: &'static str, methods: &[Method]| -> Map<String, Value> {
        methods.iter().map(|method| (method.name.to_owned(), method.entry(port))).collect()
    };
    json!({
        "x-schema-version": SCHEMA_VERSION,
        "calls": calls,
        "storage": methods("storage", STORAGE),
        "cloud": methods("cloud", CLOUD),
    })
}

/// Every text of `include/schema/` by the name of its file.
///
/// # Errors
/// As [`schemas`].
pub fn files() -> Result<BTreeMap<String, String>> {
    let mut files = schemas()?;
    files.insert("index.json".to_owned(), index());
    Ok(files.into_iter().map(|(name, value)| (name, format!("{value:#}\n"))).collect())
}
