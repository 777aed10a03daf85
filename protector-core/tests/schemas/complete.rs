//! No call is without its documents.

use super::Schemas;
use protector_core::schema::{CALLS, CLOUD, STORAGE};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Calls of `blocking::Engine` that are called otherwise in C.
const IN_C: [(&str, &str); 4] = [
    ("plan", "operation_plan"),
    ("accept", "operation_accept"),
    ("run", "operation_run"),
    ("operation_plan", "operation_accepted_plan"),
];

/// Calls of it that take and give no JSON of ours: text for Prometheus, and what sites say to each other.
const OTHER: [&str; 2] = ["metrics", "answer_peer"];

/// Functions of the header whose JSON is that of another call, also of one that was started and is waited for.
const ALSO: [(&str, &str); 5] = [
    ("engine_mock_servers", "mock_servers"),
    ("operation_abort_start", "operation_abort"),
    ("site_failover_start", "site_failover"),
    ("run_next", "operation_run"),
    ("run_result", "operation_run"),
];
/// Those with which a driver answers, by what its methods say.
const OF_DRIVERS: [&str; 3] = ["reply_json", "storage_driver_register", "cloud_register"];

fn text(below: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(below)).unwrap()
}

fn calls() -> BTreeSet<&'static str> {
    CALLS.iter().map(|call| call.name).collect()
}

fn in_c(name: &str) -> &str {
    IN_C.iter().find(|(rust, _)| *rust == name).map_or(name, |(_, c)| c)
}

#[test]
fn every_call_of_an_engine_is_there() {
    let source = text("src/blocking.rs");
    let mirrored =
        source.split("mirror! {").skip(1).map(|block| block.split("\n}").next().unwrap()).collect::<String>();
    let names: Vec<&str> =
        mirrored.lines().filter_map(|line| line.trim().strip_prefix("fn ")?.split('(').next()).collect();
    assert!(names.len() > 45, "{names:?}");
    let ours = names.into_iter().filter(|name| !OTHER.contains(name));
    let missing: Vec<&str> = ours.map(in_c).filter(|name| !calls().contains(name)).collect();
    assert!(missing.is_empty(), "without a line in CALLS: {missing:?}");
}

#[test]
fn every_function_of_the_header_that_takes_or_gives_json_is_there() {
    let header = text("../include/protector.h");
    let functions = header.split(';').filter_map(|text| text.rsplit_once("protector_status protector_"));
    let with_json = functions.filter(|(_, rest)| rest.contains("_json"));
    let names: Vec<&str> = with_json.filter_map(|(_, rest)| rest.split('(').next()).collect();
    assert!(names.len() > 15, "{names:?}");
    let is_known = |name: &str| {
        let name = ALSO.iter().find(|(other, _)| *other == name).map_or(name, |(_, call)| call);
        calls().contains(name) || OTHER.contains(&name) || OF_DRIVERS.contains(&name)
    };
    let missing: Vec<&str> = names.into_iter().filter(|name| !is_known(name)).collect();
    assert!(missing.is_empty(), "without a line in CALLS: {missing:?}");
}

/// The methods of a port, as its foreign driver calls them.
#[test]
fn every_method_of_a_port_is_there() {
    for (source, methods) in [("src/foreign/storage.rs", STORAGE), ("src/foreign/cloud.rs", CLOUD)] {
        let source = text(source);
        let ends = ["link.read(\"", "link.change(\""].map(|start| source.split(start).skip(1).collect::<Vec<_>>());
        let mut called: BTreeSet<&str> = ends.iter().flatten().filter_map(|rest| rest.split('"').next()).collect();
        // asked for by the link itself
        called.insert("describe");
        assert!(called.len() > 20, "{called:?}");
        assert_eq!(methods.iter().map(|method| method.name).collect::<BTreeSet<_>>(), called);
    }
}

#[test]
fn the_index_names_what_is_there() {
    let schemas = Schemas::committed();
    let named: BTreeSet<String> = ["calls", "storage", "cloud"].iter().flat_map(|group| schemas.files(group)).collect();
    let mut there: BTreeSet<String> = super::committed::texts().into_keys().collect();
    for apart in ["index.json", "capabilities.json"] {
        assert!(there.remove(apart), "{apart}");
    }
    assert_eq!(named, there);
}
