//! Replica links.

use crate::lab::{Lab, done, item, items, refused};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_replica_link_follows_its_source() {
    let lab = Lab::new().await;
    lab.pod().await;
    done(&lab.b, Method::POST, "pods?names=q", json!({})).await;
    let create = "pod-replica-links?local_pod_names=p&remote_names=arrB&remote_pod_names=q";
    let told = refused(&lab.a, Method::POST, create, Value::Null).await;
    assert!(told.contains("not demoted"), "{told}");
    done(&lab.b, Method::PATCH, "pods?names=q", json!({"requested_promotion_state": "demoted"})).await;
    let made = done(&lab.a, Method::POST, create, Value::Null).await;
    assert_eq!((&made[0]["status"], &made[0]["recovery_point"]), (&json!("baselining"), &Value::Null));
    let told = refused(&lab.b, Method::PATCH, "pods?names=q", json!({"requested_promotion_state": "promoted"})).await;
    assert!(told.contains("baselining"), "{told}");
    lab.wait(1000).await;
    let there = item(&lab.b, "pod-replica-links?local_pod_names=q").await;
    for (field, value) in
        [("direction", json!("inbound")), ("status", json!("replicating")), ("lag", json!(0)), ("paused", json!(false))]
    {
        assert_eq!(there[field], value, "{field}");
    }
    assert_eq!((&there["remote_pod"]["name"], &there["remotes"][0]["name"]), (&json!("p"), &json!("arrA")));
    assert_eq!(item(&lab.b, "pods?names=q").await["link_source_count"], 1);
    let volume = item(&lab.b, "volumes?names=q::v").await;
    assert_eq!(volume["provisioned"], 1_073_741_824);
    let both = "pod-replica-links?local_pod_names=p&remote_pod_names=q";
    let paused = done(&lab.a, Method::PATCH, both, json!({"paused": true})).await;
    assert_eq!((&paused[0]["status"], &paused[0]["paused"]), (&json!("paused"), &json!(true)));
    lab.wait(4000).await;
    let lag = item(&lab.a, "pod-replica-links/lag").await;
    assert_eq!((&lag["lag"], &lag["direction"]), (&json!({"avg": 4000, "max": 4000}), &json!("outbound")));
    assert_eq!(lag["recovery_point"], there["recovery_point"]);
    let missing = refused(&lab.a, Method::GET, "pod-replica-links?remote_pod_names=nope", Value::Null).await;
    assert_eq!(missing, "nope: Pod replica link does not exist.");
    let told = refused(&lab.a, Method::PATCH, "pods?names=p&destroy_contents=true", json!({"destroyed": true})).await;
    assert!(told.contains("replica link"), "{told}");
    assert!(refused(&lab.a, Method::DELETE, "pod-replica-links", Value::Null).await.starts_with("local_pod_names: "));
    done(&lab.a, Method::DELETE, both, Value::Null).await;
    assert!(items(&lab.b, "pod-replica-links").await.is_empty());
    lab.simulator.stop().await;
}
