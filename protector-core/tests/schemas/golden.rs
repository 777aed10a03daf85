//! The golden facts, requests, plans and reports of `tests/data`.

use super::Schemas;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn data(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(below)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn golden_facts_requests_and_plans_hold_to_their_schemas() {
    let schemas = Schemas::committed();
    let cases: Vec<PathBuf> = fs::read_dir(data("plans")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(cases.len() > 25, "only {} cases", cases.len());
    for case in &cases {
        let case = read(case);
        schemas.check(schemas.file("calls", "plan", "facts"), &case["facts"]);
        schemas.check(schemas.file("calls", "plan", "request"), &case["request"]);
        schemas.check(schemas.file("calls", "plan", "answer"), &case["plan"]);
        schemas.check(schemas.file("calls", "operation_accept", "request"), &case["plan"]);
    }
}

#[test]
fn golden_plans_of_a_site_and_of_many_servers_hold_to_their_schemas() {
    let schemas = Schemas::committed();
    let site = read(&data("site_failover.json"));
    schemas.check(schemas.file("calls", "plan_site_failover", "answer"), &site);
    schemas.check(schemas.file("calls", "site_failover", "request"), &site);
    schemas.check(schemas.file("calls", "operation_plan", "answer"), &read(&data("graphs/large.json")));
    for step in read(&data("drill.json")).as_array().unwrap() {
        schemas.check(schemas.file("calls", "operation_plan", "request"), &step["request"]);
    }
}
