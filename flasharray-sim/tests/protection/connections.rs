use crate::lab::{A, B, Lab, send};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_connection_shows_at_both_ends() {
    let mut lab = Lab::new().await;
    for (client, peer) in [(&lab.a, B), (&lab.b, A)] {
        let found = lab.get(client, "array-connections").await.remove(0);
        assert_eq!((&found["name"], &found["type"]), (&json!(peer), &json!("async-replication")));
        assert_eq!((&found["status"], &found["version"]), (&json!("connected"), &json!("6.6.3")));
        assert_eq!(found.get("remote"), None);
    }
    assert_eq!(lab.get(&lab.a, "array-connections").await[0]["id"], lab.get(&lab.b, "arrays").await[0]["id"]);
    assert_eq!(lab.get(&lab.a, "array-connections/path").await[0]["status"], "connected");
    lab.world.set_array_available(&B.into(), false).unwrap();
    assert_eq!(lab.get(&lab.a, "array-connections").await[0]["status"], "connecting");
    lab.world.set_array_available(&B.into(), true).unwrap();
    lab.world.set_link_connected(false).unwrap();
    assert_eq!(lab.get(&lab.a, "array-connections").await[0]["status"], "connecting");
    lab.a.version = "2.26";
    assert_eq!(lab.get(&lab.a, "array-connections").await[0].get("encryption"), None);
    lab.a.version = "2.3";
    assert_eq!(send(&lab.a, Method::GET, "array-connections", "").await.0, 404);
}

#[tokio::test]
async fn an_array_is_connected_with_the_key_of_the_other() {
    let lab = Lab::new().await;
    lab.ok(&lab.a, Method::DELETE, &format!("array-connections?names={B}")).await;
    assert_eq!(lab.get(&lab.b, "array-connections").await.len(), 0);
    let key = lab.get(&lab.b, "array-connections/connection-key").await[0]["connection_key"].clone();
    let body = |key: &str, kind: &str| {
        json!({"management_address": "10.0.0.2", "type": kind, "connection_key": key, "replication_addresses": ["10.0.0.3"]})
            .to_string()
    };
    let key = key.as_str().unwrap();
    let post = "array-connections";
    lab.refused(&lab.a, Method::POST, post, &body("wrong", "async-replication"), &[("connection_key", "Invalid")])
        .await;
    lab.refused(&lab.b, Method::POST, post, &body(key, "async-replication"), &[("connection_key", "itself")]).await;
    lab.refused(&lab.a, Method::POST, post, &body(key, "carrier-pigeon"), &[("type", "Invalid value")]).await;
    lab.refused(&lab.a, Method::POST, post, "{}", &[("management_address", "required")]).await;
    let made = lab.posted(&lab.a, post, &body(key, "sync-replication")).await.remove(0);
    assert_eq!((&made["type"], &made["management_address"]), (&json!("sync-replication"), &json!("10.0.0.2")));
    assert_eq!(made["replication_addresses"], json!(["10.0.0.3"]));
    assert_eq!(lab.get(&lab.b, post).await[0]["type"], "sync-replication");
    lab.refused(&lab.a, Method::POST, post, &body(key, "async-replication"), &[(B, "already exists")]).await;
    let path = format!("array-connections?names={B}");
    let throttle = json!({"default_limit": 1_048_576, "window": {"start": null, "end": null}, "window_limit": null});
    let patched =
        lab.patched(&lab.a, &path, &json!({"throttle": throttle, "type": "async-replication"}).to_string()).await;
    assert_eq!((&patched[0]["throttle"], &patched[0]["type"]), (&throttle, &json!("async-replication")));
    assert_eq!(patched[0]["management_address"], "10.0.0.2", "what is not given stays");
}

#[tokio::test]
async fn a_connection_that_carries_replication_stays() {
    let lab = Lab::replicating().await;
    let path = format!("array-connections?names={B}");
    lab.refused(&lab.a, Method::DELETE, &path, "", &[(B, "already in use")]).await;
    lab.refused(&lab.a, Method::DELETE, "array-connections?names=arrX", "", &[("arrX", "does not exist")]).await;
}
