//! The schemas as they are committed, to hold documents against.

use jsonschema::Validator;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs};

pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../include/schema")
}

/// Every file there by its name, `storage/info.answer.json`.
pub(crate) fn texts() -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for below in ["", "storage", "cloud"] {
        let Ok(entries) = fs::read_dir(directory().join(below)) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let name = path.strip_prefix(directory()).unwrap().to_str().unwrap().to_owned();
            texts.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    texts
}

/// Validators, and the names of those that have been used.
#[derive(Debug)]
pub(crate) struct Schemas {
    index: Value,
    validators: BTreeMap<String, Validator>,
    used: Mutex<BTreeSet<String>>,
}

impl Schemas {
    pub(crate) fn committed() -> Self {
        let mut schemas: BTreeMap<String, Value> =
            texts().into_iter().map(|(name, text)| (name, serde_json::from_str(&text).unwrap())).collect();
        let index = schemas.remove("index.json").unwrap();
        let validators = schemas.into_iter().map(|(name, schema)| (name, validator(&schema))).collect();
        Self { index, validators, used: Mutex::default() }
    }

    /// The file of what `call` has in that role: `calls`, `site_create`, `request`.
    pub(crate) fn file(&self, group: &str, call: &str, role: &str) -> &str {
        let file = self.index[group][call][role].as_str();
        file.unwrap_or_else(|| panic!("{group} {call} has no {role}"))
    }

    /// Files that the index names for `group`.
    pub(crate) fn files(&self, group: &str) -> BTreeSet<String> {
        let entries = self.index[group].as_object().unwrap().values();
        let files = entries.flat_map(|entry| entry.as_object().unwrap().values());
        files.map(|file| file.as_str().unwrap().to_owned()).collect()
    }

    /// What is wrong with a document.
    pub(crate) fn problems(&self, file: &str, document: &Value) -> Vec<String> {
        let validator = self.validators.get(file).unwrap_or_else(|| panic!("there is no {file}"));
        validator.iter_errors(document).map(|e| format!("{file}: {e} at '{}'", e.instance_path())).collect()
    }

    pub(crate) fn check(&self, file: &str, document: &impl Serialize) {
        let document = serde_json::to_value(document).unwrap();
        let problems = self.problems(file, &document);
        assert!(problems.is_empty(), "{}\n{document:#}", problems.join("\n"));
        self.used.lock().unwrap().insert(file.to_owned());
    }

    /// Files that [`Schemas::check`] was called with.
    pub(crate) fn used(&self) -> BTreeSet<String> {
        self.used.lock().unwrap().clone()
    }
}

/// With the formats of times, which by default are only notes.
pub(crate) fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options().should_validate_formats(true).build(schema).unwrap()
}
