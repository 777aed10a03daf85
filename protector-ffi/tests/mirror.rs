//! What the engine can do, C programs can do.

#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Calls of the engine under another name.
const OTHERWISE: [(&str, &str); 6] = [
    // operation_plan plans an operation here, as it did before operations could show theirs
    ("plan", "operation_plan"),
    ("operation_plan", "operation_accepted_plan"),
    ("accept", "operation_accept"),
    ("run", "operation_run"),
    ("mock_servers", "engine_mock_servers"),
    // drivers come from the registry of the process
    ("open_with_drivers", "engine_open"),
];

/// Calls without a function, and why.
const NOT_THERE: [(&str, &str); 2] = [
    ("deployment", "Rust's way to what stands behind an engine"),
    ("inner", "Rust's way to what stands behind an engine"),
];

fn read(below: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(below)).unwrap()
}

/// Names of the functions that are declared in `source` behind `before`.
fn declared<'a>(source: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = source.lines().filter_map(move |line| line.strip_prefix(before));
    lines.map(|line| line.split(['(', '<']).next().unwrap())
}

#[test]
fn whatever_the_engine_can_do_has_a_function() {
    let core = read("../protector-core/src/blocking.rs");
    let header = read("../include/protector.h");
    let exported: BTreeSet<&str> = header
        .lines()
        .filter(|line| !line.starts_with(" *"))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next()?.strip_prefix("protector_"))
        .collect();
    let calls = core.split("\nmirror! {\n").skip(1).map(|block| block.split_once("\n}\n").unwrap().0);
    let mirrored: Vec<&str> = calls.flat_map(|calls| declared(calls, "    fn ")).collect();
    let (own, free): (Vec<&str>, Vec<&str>) =
        (declared(&core, "    pub fn ").collect(), declared(&core, "pub fn ").collect());
    assert!(mirrored.len() > 50 && own.len() > 5 && free.len() > 8, "{mirrored:?} {own:?} {free:?}");

    let (mut otherwise, mut not_there) = (BTreeMap::from(OTHERWISE), BTreeMap::from(NOT_THERE));
    let mut missing = Vec::new();
    // what an engine has beside its calls begins with its type
    let engines = own.into_iter().map(|name| (name, format!("engine_{name}")));
    let others = free.into_iter().map(|name| (name, name.to_owned()));
    for (name, function) in mirrored.into_iter().map(|name| (name, name.to_owned())).chain(engines) {
        if not_there.remove(name).is_some() {
            continue;
        }
        let function = otherwise.remove(name).map_or(function, str::to_owned);
        if !exported.contains(function.as_str()) {
            missing.push(function);
        }
    }
    missing.extend(others.map(|(_, function)| function).filter(|function| !exported.contains(function.as_str())));
    assert!(missing.is_empty(), "no function for: {missing:?}");
    assert!(otherwise.is_empty() && not_there.is_empty(), "not needed any more: {otherwise:?} {not_there:?}");
}
