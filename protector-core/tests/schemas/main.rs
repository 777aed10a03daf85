//! `include/schema/` is what the types say, and what really goes over holds to it. `UPDATE_SCHEMA=1` writes it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

mod calls;
mod committed;
mod complete;
mod drivers;
mod golden;
mod strict;

use committed::{Schemas, directory};
use protector_core::schema;
use std::collections::BTreeMap;
use std::fs;

#[test]
fn the_schemas_are_what_the_types_say() {
    let wanted = schema::files().unwrap();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        write(&wanted);
    }
    let found = committed::texts();
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    let update =
        "UPDATE_SCHEMA=1 cargo test -p protector-core --features schema,conformance --test schemas the_schemas";
    assert_eq!(names(&found), names(&wanted), "{update}");
    for (name, text) in &wanted {
        let same = found[name].lines().zip(text.lines()).take_while(|(one, other)| one == other).count();
        assert!(found[name] == *text, "include/schema/{name} is not what the types say, line {}; {update}", same + 1);
    }
}

/// Anew, so that nothing stays of a document that is gone.
fn write(files: &BTreeMap<String, String>) {
    for name in committed::texts().keys() {
        fs::remove_file(directory().join(name)).unwrap();
    }
    for (name, text) in files {
        let path = directory().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn a_schema_says_what_it_is_and_of_which_version() {
    let schemas = schema::schemas().unwrap();
    assert!(schemas.len() > 100, "only {}", schemas.len());
    for (file, schema) in &schemas {
        jsonschema::meta::validate(schema).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{file}");
        assert_eq!(schema["$id"], file.as_str());
        assert_eq!(schema["title"], file.trim_end_matches(".json"));
        assert_eq!(schema["x-schema-version"], schema::SCHEMA_VERSION, "{file}");
        let description = schema["description"].as_str().unwrap_or_default();
        assert!(!description.is_empty() && !description.contains("[`"), "{file}: '{description}'");
    }
    assert_eq!(schema::index()["x-schema-version"], schema::SCHEMA_VERSION);
}
