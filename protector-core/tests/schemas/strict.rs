//! What a schema refuses: the same as the library, and what a program could not read.

use super::Schemas;
use super::committed::{texts, validator};
use protector_core::engine::{GroupCreate, PolicyChange, Request};
use serde_json::{Value, json};

/// What the library refuses as a request, its schema refuses, too; and takes what it takes.
#[test]
fn a_request_is_refused_by_both_or_by_none() {
    let schemas = Schemas::committed();
    let group = json!({ "name": "web", "replication_type": "async", "primary_site": "site-a",
        "secondary_site": "site-b", "volume_type": "replicated-ssd" });
    let with = |name: &str, value: Value| {
        let mut changed = group.clone();
        changed[name] = value;
        changed
    };
    let cases = [
        (group.clone(), true),
        (with("description", Value::Null), true),
        (with("priority", json!(65_535)), true),
        (with("priority", json!(65_536)), false),
        (with("priority", json!(-1)), false),
        (with("replication_type", json!("sometimes")), false),
        (with("colour", json!("red")), false),
        (with("primary_site", Value::Null), false),
        (json!({ "name": "web" }), false),
        (json!([]), false),
    ];
    for (request, is_taken) in cases {
        let problems = schemas.problems("protection_group_create.request.json", &request);
        assert_eq!(problems.is_empty(), is_taken, "{request}: {problems:?}");
        assert_eq!(serde_json::from_value::<GroupCreate>(request.clone()).is_ok(), is_taken, "{request}");
    }
    let cases = [
        (json!({ "operation": "sync" }), true),
        (json!({ "operation": "failover" }), true),
        (json!({ "operation": "failover", "type": "planned", "mappings": { "networks": { "a": "b" } } }), true),
        (json!({ "operation": "failover", "type": "forced" }), false),
        (json!({ "operation": "failover", "failover_type": "planned" }), false),
        (json!({ "operation": "sync", "force": true }), false),
        (json!({ "operation": "switchover" }), false),
        (json!({}), false),
    ];
    for (request, is_taken) in cases {
        let problems = schemas.problems("operation_plan.request.json", &request);
        assert_eq!(problems.is_empty(), is_taken, "{request}: {problems:?}");
        assert_eq!(serde_json::from_value::<Request>(request.clone()).is_ok(), is_taken, "{request}");
    }
}

/// A token goes in and never comes out.
#[test]
fn tokens_are_in_no_answer() {
    let request = json!({ "primary_fa_api_token": "t", "secondary_fa_api_token": null, "rpo_minutes": 15 });
    assert!(serde_json::from_value::<PolicyChange>(request.clone()).is_ok());
    assert_eq!(Schemas::committed().problems("policy_create.request.json", &request), Vec::<String>::new());
    for (name, text) in texts() {
        let schema: Value = serde_json::from_str(&text).unwrap();
        let is_request = name == "policy_create.request.json";
        let token = &schema["properties"]["primary_fa_api_token"];
        assert_eq!(token["writeOnly"] == true, is_request, "{name}");
        assert_eq!(text.contains("api_token\""), is_request, "{name}");
    }
}

/// A field that is gone is seen, one that is new is not minded: in every object that is an answer's root.
#[test]
fn an_answer_has_its_fields_and_may_get_more() {
    let schemas = Schemas::committed();
    let answer = json!({ "kind": "network", "source": "a", "target": null, "suggested": null, "because": "name",
        "candidates": [], "problem": null });
    let mapping = json!({ "protection_group": "web", "primary_site": "site-a", "secondary_site": "site-b",
        "mappings": [answer] });
    assert_eq!(schemas.problems("mapping.json", &mapping), Vec::<String>::new());
    let mut grown = mapping.clone();
    grown["since"] = json!(3);
    grown["mappings"][0]["since"] = json!(3);
    assert_eq!(schemas.problems("mapping.json", &grown), Vec::<String>::new());
    for path in ["/mappings/0", ""] {
        let fields: Vec<String> = mapping.pointer(path).unwrap().as_object().unwrap().keys().cloned().collect();
        for field in fields {
            let mut broken = mapping.clone();
            broken.pointer_mut(path).unwrap().as_object_mut().unwrap().remove(&field);
            assert_eq!(schemas.problems("mapping.json", &broken).len(), 1, "without {path}/{field}");
        }
    }
}

/// Without this, a time that is none would pass.
#[test]
fn times_are_looked_at() {
    let validator = validator(&json!({ "type": "string", "format": "date-time" }));
    assert!(validator.is_valid(&json!("2026-01-01T00:00:02.5Z")) && !validator.is_valid(&json!("yesterday")));
}
