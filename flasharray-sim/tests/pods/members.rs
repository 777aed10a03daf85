//! Pods on two arrays, as real clients ask for them and as failures leave them.

use crate::lab::{Lab, ask, done, item, items, refused, statuses};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn cinder_sets_up_a_synchronous_backend() {
    let lab = Lab::new().await;
    done(&lab.a, Method::POST, "pods?names=cinder-pod", json!({})).await;
    assert_eq!(
        refused(&lab.a, Method::POST, "pods?names=cinder-pod", json!({})).await,
        "cinder-pod: Pod already exists."
    );
    items(&lab.a, "container-default-protections?names=cinder-pod").await;
    let stretch = "pods/arrays?group_names=cinder-pod&member_names=arrB";
    let made = done(&lab.a, Method::POST, stretch, Value::Null).await;
    assert_eq!((&made[0]["group"]["name"], &made[0]["member"]["name"]), (&json!("cinder-pod"), &json!("arrB")));
    assert!(refused(&lab.a, Method::POST, stretch, Value::Null).await.contains("already exists"));
    lab.wait(1000).await;
    let create = "volumes?names=cinder-pod%3A%3Av1&with_default_protection=false";
    done(&lab.a, Method::POST, create, json!({"provisioned": 1_073_741_824})).await;
    let pod = item(&lab.a, "pods?names=cinder-pod").await;
    assert_eq!(statuses(&pod), [("arrA", "online"), ("arrB", "online")]);
    assert_eq!(item(&lab.b, "pods?names=cinder-pod").await["id"], pod["id"]);
    let (here, there) = (
        item(&lab.a, "volumes?names=cinder-pod::v1").await,
        item(&lab.b, "volumes?filter=pod.name%3D%27cinder-pod%27").await,
    );
    for field in ["id", "name", "serial", "pod"] {
        assert_eq!(here[field], there[field], "{field}");
    }
    let group = "cinder-pod%3A%3Aconsisgroup-1-cinder";
    done(&lab.a, Method::POST, &format!("protection-groups?names={group}"), Value::Null).await;
    let members = format!("protection-groups/volumes?group_names={group}&member_names=");
    done(&lab.a, Method::POST, &format!("{members}cinder-pod%3A%3Av1"), Value::Null).await;
    assert_eq!(ask(&lab.a, Method::DELETE, &members, Value::Null).await.0, 200);
    let snapshot = format!("protection-group-snapshots?source_names={group}");
    done(&lab.a, Method::POST, &snapshot, json!({"suffix": "cgsnapshot-1-cinder"})).await;
    let there = items(&lab.b, &format!("protection-groups/volumes?group_names={group}")).await;
    assert_eq!(there[0]["member"]["name"], "cinder-pod::v1");
    assert_eq!(items(&lab.b, &format!("protection-group-snapshots?source_names={group}")).await.len(), 1);
    done(&lab.b, Method::PATCH, "volumes?names=cinder-pod%3A%3Av1", json!({"destroyed": true})).await;
    assert_eq!(item(&lab.a, "volumes?names=cinder-pod::v1").await["destroyed"], true);
    lab.simulator.stop().await;
}

#[tokio::test]
async fn ansible_makes_and_stretches_a_pod() {
    let lab = Lab::new().await;
    for state in ["false", "true"] {
        let asked = refused(&lab.a, Method::GET, &format!("pods?destroyed={state}&names=anpod"), Value::Null).await;
        assert_eq!(asked, "anpod: Pod does not exist.");
    }
    done(&lab.a, Method::POST, "pods?allow_throttle=false&names=anpod", json!({})).await;
    assert_eq!(item(&lab.a, "pods?destroyed=false&names=anpod").await["array_count"], 1);
    let stretch = "pods/members?member_names=arrB&pod_names=anpod";
    let made = done(&lab.a, Method::POST, stretch, Value::Null).await;
    assert_eq!((&made[0]["pod"]["name"], &made[0]["member"]["resource_type"]), (&json!("anpod"), &json!("arrays")));
    assert_eq!(items(&lab.b, "pods/members?pod_names=anpod").await.len(), 2);
    assert_eq!(item(&lab.b, "pods/arrays?member_names=arrB").await["group"]["name"], "anpod");
    let missing = refused(&lab.b, Method::GET, "pods/members?member_names=arrX", Value::Null).await;
    assert_eq!(missing, "arrX: Pod member does not exist.");
    let mut older = lab.a;
    older.version = "2.35";
    assert_eq!(ask(&older, Method::GET, "pods/members", Value::Null).await.0, 404);
    assert_eq!(items(&older, "pods/arrays").await.len(), 2);
    lab.simulator.stop().await;
}

#[tokio::test]
async fn a_cut_link_shows_on_both_arrays_and_heals() {
    let lab = Lab::new().await;
    lab.stretched_pod().await;
    done(&lab.a, Method::PATCH, "pods?names=p", json!({"failover_preferences": [{"name": "arrB"}]})).await;
    lab.link(false);
    let (here, there) = (item(&lab.a, "pods?names=p").await, item(&lab.b, "pods?names=p").await);
    assert_eq!(statuses(&here), [("arrA", "offline"), ("arrB", "unknown")]);
    assert_eq!(statuses(&there), [("arrA", "offline"), ("arrB", "online")]);
    assert!(here["arrays"][0]["frozen_at"].is_i64(), "{here}");
    let create = "volumes?names=p%3A%3Aw";
    let told = refused(&lab.a, Method::POST, create, json!({"provisioned": 1_073_741_824})).await;
    assert!(told.contains("offline"), "{told}");
    let copy = json!({"source": {"name": "p::v"}});
    let told = refused(&lab.a, Method::POST, "volumes?names=copy", copy.clone()).await;
    assert!(told.contains("p::v") && told.contains("offline"), "{told}");
    done(&lab.b, Method::POST, "volumes?names=copy", copy).await;
    done(&lab.b, Method::POST, create, json!({"provisioned": 1_073_741_824})).await;
    let told = refused(&lab.b, Method::DELETE, "pods/members?pod_names=p&member_names=arrA", Value::Null).await;
    assert!(told.contains("with_unknown"), "{told}");
    lab.link(true);
    lab.wait(500).await;
    let healing = item(&lab.b, "pods?names=p").await;
    assert_eq!((statuses(&healing)[0].1, &healing["arrays"][0]["progress"]), ("resyncing", &json!(0.5)));
    lab.wait(500).await;
    assert_eq!(statuses(&item(&lab.a, "pods?names=p").await), [("arrA", "online"), ("arrB", "online")]);
    assert_eq!(items(&lab.a, "volumes?filter=pod.name%3D%27p%27").await.len(), 2);
    done(&lab.a, Method::DELETE, "pods/arrays?group_names=p&member_names=arrA", Value::Null).await;
    let left = item(&lab.a, "pods").await;
    assert_eq!((&left["name"], &left["destroyed"]), (&json!("p.restretch"), &json!(true)));
    let told = refused(&lab.a, Method::PATCH, "pods?names=p.restretch", json!({"destroyed": false})).await;
    assert!(told.contains("cannot be recovered"), "{told}");
    lab.simulator.stop().await;
}
