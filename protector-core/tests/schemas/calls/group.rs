//! Sites, and a group with its policy and members.

use super::{Door, GROUP};
use serde_json::json;

pub(super) async fn sites(door: &Door) {
    let engine = &door.engine;
    let request = door.asks("site_create", "request", &json!({ "name": "site-c", "auth_url": "https://c/v3" }));
    door.gives("site_create", &engine.site_create(&request).await.unwrap());
    door.gives("site_show", &engine.site_show("site-c").await.unwrap());
    assert_eq!(door.gives("site_list", &engine.site_list().await.unwrap()).as_array().unwrap().len(), 3);
    engine.site_delete("site-c").await.unwrap();
    door.gives("site_validate", &engine.site_validate("site-b").await.unwrap());
    let types = door.gives("site_list_volume_types", &engine.site_list_volume_types("site-a").await.unwrap());
    assert!(!types.as_array().unwrap().is_empty());
}

pub(super) async fn protect(door: &Door) {
    let engine = &door.engine;
    let request = json!({ "name": GROUP, "replication_type": "async", "primary_site": "site-a",
        "secondary_site": "site-b", "volume_type": "replicated-ssd" });
    let request = door.asks("protection_group_create", "request", &request);
    door.gives("protection_group_create", &engine.protection_group_create(&request).await.unwrap());
    let request = json!({ "pure_pg_name": "mock-pg-drill-web-app", "replication_interval": 300, "rpo_minutes": 15 });
    let request = door.asks("policy_create", "request", &request);
    door.gives("policy_create", &engine.policy_create(GROUP, &request).await.unwrap());

    let server = server_id(door, "web-server-1").await;
    let check = json!({ "kind": "tcp", "port": 22, "timeout_seconds": 5 });
    let request = door.asks("member_add", "request", &json!({ "instance_id": server, "tier": 1, "boot_check": check }));
    door.gives("member_add", &engine.member_add(GROUP, &request).await.unwrap());
    let request = door.asks("member_update", "request", &json!({ "no_boot_check": true, "required": true }));
    door.gives("member_update", &engine.member_update(GROUP, &server, &request).await.unwrap());
}

/// The id of a server of site-a.
async fn server_id(door: &Door, name: &str) -> String {
    let servers = door.gives("mock_servers", &door.deployment.mock_servers(Some("site-a")).await.unwrap());
    let found = servers.as_array().unwrap().iter().find(|server| server["name"] == name).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

pub(super) async fn look(door: &Door) {
    let engine = &door.engine;
    let change = json!({ "priority": 2, "mappings": { "networks": {}, "flavors": { "m1.small": "m1.small" } } });
    let request = door.asks("protection_group_update", "request", &change);
    door.gives("protection_group_update", &engine.protection_group_update(GROUP, &request).await.unwrap());
    door.gives("protection_group_show", &engine.protection_group_show(GROUP).await.unwrap());
    door.gives("protection_group_list", &engine.protection_group_list().await.unwrap());
    let request = door.asks("protection_group_page", "request", &json!({ "limit": 1 }));
    let page = door.gives("protection_group_page", &engine.protection_group_page(&request).await.unwrap());
    assert_eq!(page[0]["members"].as_array().unwrap().len(), 1);

    door.gives("mapping_suggest", &engine.mapping_suggest(GROUP).await.unwrap());
    let mappings = json!({ "networks": { "net-primary-web": "net-secondary-web" } });
    let request = door.asks("mapping_set", "request", &json!({ "mappings": mappings, "suggested": true }));
    let set = door.gives("mapping_set", &engine.mapping_set(GROUP, &request).await.unwrap());
    assert!(!set["mappings"].as_array().unwrap().is_empty());
    door.gives("mapping_show", &engine.mapping_show(GROUP).await.unwrap());

    door.gives("policy_show", &engine.policy_show(GROUP).await.unwrap());
    let drift = door.gives("policy_drift", &engine.policy_drift().await.unwrap());
    assert_eq!(drift[0]["field"], "rpo_minutes", "{drift:#}");
    door.gives("member_list", &engine.member_list(GROUP).await.unwrap());
    door.gives("consistency_group_show", &engine.consistency_group_show(GROUP).await.unwrap());
    let volumes = door.gives("consistency_group_volumes", &engine.consistency_group_volumes(GROUP).await.unwrap());
    assert!(!volumes.as_array().unwrap().is_empty());
    door.gives("sync_status", &engine.sync_status(GROUP).await.unwrap());

    let request = door.asks("record_worker", "request", &json!({ "under_way": 0, "interval_seconds": 10 }));
    engine.record_worker(&request).await.unwrap();
    let service = door.gives("workers", &engine.workers().await.unwrap());
    assert_eq!(service["workers"].as_array().unwrap().len(), 1);
}
