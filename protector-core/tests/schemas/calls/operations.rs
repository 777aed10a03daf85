//! The drill of the documents, with plan, report, picture and health.

use super::{Door, GROUP};
use protector_core::engine::OperationReport;
use protector_core::ports::Cancel;
use serde_json::{Value, json};

/// The name of the group's plan, accepted as it was shown.
async fn accepted(door: &Door, request: &Value) -> String {
    let engine = &door.engine;
    let request = door.asks("operation_plan", "request", request);
    let plan = door.gives("operation_plan", &engine.plan(GROUP, &request).await.unwrap());
    let accepted = engine.accept(&door.asks("operation_accept", "request", &plan)).await.unwrap();
    door.gives("operation_accept", &accepted)["id"].as_str().unwrap().to_owned()
}

pub(super) async fn drill(door: &Door) {
    let engine = &door.engine;
    let mappings = json!({ "networks": { "net-primary-web": "net-secondary-web" } });
    let requests = [
        json!({ "operation": "sync" }),
        json!({ "operation": "test_failover", "retain_primary": true, "mappings": mappings }),
        json!({ "operation": "test_cleanup" }),
        json!({ "operation": "failover", "type": "planned", "mappings": mappings }),
        json!({ "operation": "failback" }),
    ];
    for request in requests {
        let id = accepted(door, &request).await;
        door.gives("operation_accepted_plan", &engine.operation_plan(&id).await.unwrap());
        door.gives("operation_list_open", &engine.operation_list_open().await.unwrap());
        let (progress, events) = door.listen();
        let done = door.gives("operation_run", &engine.run(&id, &Cancel::default(), &progress).await.unwrap());
        assert_eq!(done["status"], "completed", "{done:#}");
        door.heard("operation_run", &events);
        door.gives("operation_graph", &engine.operation_graph(&id).await.unwrap());
        let report = door.gives("operation_report", &engine.operation_report(&id).await.unwrap());
        assert!(!report["steps"].as_array().unwrap().is_empty());
        let read: OperationReport = door.asks("report_text", "request", &report);
        assert_eq!(serde_json::to_value(read).unwrap(), report);
    }
    assert_eq!(door.gives("operation_list", &engine.operation_list().await.unwrap()).as_array().unwrap().len(), 5);
    door.gives("sweep_rpo", &engine.sweep_rpo().await.unwrap());
    let health = door.gives("health_show", &engine.health_show(GROUP).await.unwrap());
    assert!(health["rpo_24h"].is_object() && health["last_drill"].is_object(), "{health:#}");
    door.gives("health", &engine.health().await.unwrap());
}

pub(super) async fn given_up(door: &Door) {
    let engine = &door.engine;
    let id = accepted(door, &json!({ "operation": "failover" })).await;
    door.gives("operation_show", &engine.operation_show(&id).await.unwrap());
    let request = door.asks("operation_abort", "request", &json!({ "reason": "wrong night", "by": "night shift" }));
    let (progress, events) = door.listen();
    let ended = engine.operation_abort(&id, &request, &Cancel::default(), &progress).await.unwrap();
    assert_eq!(door.gives("operation_abort", &ended)["status"], "cancelled");
    door.heard("operation_abort", &events);
}
