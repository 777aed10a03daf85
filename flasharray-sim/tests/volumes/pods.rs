//! Volumes in pods.

use crate::client::Client;
use crate::lab::{Lab, said};
use flasharray_sim::{Links, Options};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const GIB: u64 = 1 << 30;

/// Two arrays with a sync connection, and the pod `p` on the first.
async fn lab() -> Lab {
    let options = Options { links: Links::Sync, transfer_time: Duration::ZERO, ..Options::default() };
    let lab = Lab::with(options).await;
    lab.simulator.world().change_array(&"arrA".into(), |array| array.create_pod("p").map(drop)).unwrap();
    lab
}

fn stretch(lab: &Lab) {
    let stretch = |array: &protector_core::mock::ArrayTx<'_>| {
        let pod = array.pod_by_name("p")?.unwrap();
        array.stretch_pod(&pod, "arrB")
    };
    lab.simulator.world().change_array(&"arrA".into(), stretch).unwrap();
}

#[tokio::test]
async fn a_volume_of_a_stretched_pod_is_one_volume_on_both_arrays() {
    let lab = lab().await;
    let made = lab.post("volumes?names=p::v1&with_default_protection=false", json!({"provisioned": GIB})).await;
    assert_eq!((&made[0]["name"], &made[0]["pod"]["name"]), (&json!("p::v1"), &json!("p")));
    lab.post("volume-snapshots?source_names=p::v1", json!({"suffix": "s1"})).await;
    let b = Client::logged_in(&lab.simulator.arrays()[1]).await;
    assert_eq!(b.get("volumes?names=p::v1").await.0, 400, "not stretched yet");
    stretch(&lab);
    let seen = b.get("volumes?filter=pod.name%3D'p'").await.1;
    for field in ["id", "name", "serial", "provisioned", "pod"] {
        assert_eq!(seen["items"][0][field], made[0][field], "{field}");
    }
    assert_eq!(b.get("volume-snapshots?names=p::v1.s1").await.1["items"][0]["pod"], made[0]["pod"]);
    lab.post("hosts?names=h1", json!({})).await;
    lab.post("connections?host_names=h1&volume_names=p::v1", json!({})).await;
    assert_eq!(b.get("volumes?names=p::v1").await.1["items"][0]["connection_count"], 0, "hosts are an array's own");
    assert!(b.get("connections").await.1["items"].as_array().unwrap().is_empty());
    let (status, refused) = b.send(Method::PATCH, "volumes?names=p::v1", &json!({"destroyed": true})).await;
    assert_eq!(status, 400);
    let why = refused["errors"][0]["message"].as_str().unwrap();
    assert!(why.contains("existing connections"), "it is connected on the other array: {why}");
}

#[tokio::test]
async fn volumes_move_into_and_out_of_a_pod_that_is_not_stretched() {
    let lab = lab().await;
    lab.post("volumes?names=v1,v2", json!({"provisioned": GIB})).await;
    let moved = lab.patch("volumes?names=v1", json!({"pod": {"name": "p"}})).await;
    assert_eq!((&moved[0]["name"], &moved[0]["pod"]["name"]), (&json!("p::v1"), &json!("p")));
    let renamed = lab.patch("volumes?names=p::v1", json!({"name": "p::v9"})).await;
    assert_eq!(renamed[0]["name"], "p::v9");
    said(&lab.refused(Method::PATCH, "volumes?names=p::v9", json!({"name": "v9"})).await, "v9", "same pod");
    let out = lab.patch("volumes?names=p::v9", json!({"pod": {"name": ""}})).await;
    assert_eq!((&out[0]["name"], &out[0]["pod"]["name"]), (&json!("v9"), &Value::Null));
    said(
        &lab.refused(Method::PATCH, "volumes?names=v9", json!({"pod": {"name": "q"}})).await,
        "q::v9",
        "Pod does not exist",
    );
    stretch(&lab);
    let refused = lab.refused(Method::PATCH, "volumes?names=v9", json!({"pod": {"name": "p"}})).await;
    said(&refused, "v9", "stretched pod");
}

/// The way of Cinder's driver into its pod, and out of it: by way of another pod, which is stretched when the volume is in it.
#[tokio::test]
async fn volumes_move_between_pods_that_are_stretched_over_the_same_arrays() {
    let lab = lab().await;
    stretch(&lab);
    lab.post("pods?names=way", json!({})).await;
    let made = lab.post("volumes?names=v1", json!({"provisioned": GIB})).await;
    lab.patch("volumes?names=v1", json!({"pod": {"name": "way"}})).await;
    let refused = lab.refused(Method::PATCH, "volumes?names=way::v1", json!({"pod": {"name": "p"}})).await;
    said(&refused, "way::v1", "stretched pod");
    lab.post("pods/arrays?group_names=way&member_names=arrB", Value::Null).await;
    let moved = lab.patch("volumes?names=way::v1", json!({"pod": {"name": "p"}})).await;
    assert_eq!((&moved[0]["name"], &moved[0]["id"]), (&json!("p::v1"), &made[0]["id"]));
    let b = Client::logged_in(&lab.simulator.arrays()[1]).await;
    assert_eq!(b.get("volumes?names=p::v1").await.1["items"][0]["id"], made[0]["id"]);
    lab.patch("volumes?names=p::v1", json!({"pod": {"name": "way"}})).await;
    let left = lab.ask(Method::DELETE, "pods/arrays?group_names=way&member_names=arrB", Value::Null).await;
    assert_eq!(left.0, 200, "{left:?}");
    let out = lab.patch("volumes?names=way::v1", json!({"pod": {"name": ""}})).await;
    assert_eq!((&out[0]["name"], &out[0]["id"]), (&json!("v1"), &made[0]["id"]));
    let (_, there) = b.get("volumes").await;
    assert!(there["items"].as_array().unwrap().iter().all(|volume| volume["id"] != made[0]["id"]), "{there}");
}

#[tokio::test]
async fn a_volume_leaves_its_groups_only_when_the_request_says_so() {
    let lab = lab().await;
    let world = lab.simulator.world();
    lab.post("protection-groups?names=pg", Value::Null).await;
    lab.post("volumes?names=v1&add_to_protection_group_names=pg", json!({})).await;
    let into = json!({"pod": {"name": "p"}});
    said(&lab.refused(Method::PATCH, "volumes?names=v1", into.clone()).await, "v1", "belongs to protection group pg");
    lab.patch("volumes?names=v1&remove_from_protection_group_names=pg", into).await;
    let left =
        world.read_array(&"arrA".into(), |array| array.protections_of_volume(&array.volume("p::v1")?.unwrap().id));
    assert!(left.unwrap().is_empty());
    let elsewhere = lab.refused(Method::POST, "volumes?names=p::v2&add_to_protection_group_names=pg", json!({})).await;
    said(&elsewhere, "p::v2", "same pod");
}

#[tokio::test]
async fn new_volumes_join_the_default_groups_unless_the_request_says_no() {
    let mut lab = lab().await;
    let path = "container-default-protections";
    lab.post("protection-groups?names=pgroup-auto", Value::Null).await;
    let group = json!({"default_protections": [{"name": "pgroup-auto", "type": "protection_group"}]});
    let set = lab.patch(&format!("{path}?names="), group.clone()).await;
    assert_eq!(set[0]["default_protections"][0]["name"], "pgroup-auto");
    said(&lab.refused(Method::PATCH, &format!("{path}?names=p"), group).await, "pgroup-auto", "same pod");
    lab.post("volumes?names=v1", json!({})).await;
    lab.post("volumes?names=v2&with_default_protection=false", json!({})).await;
    lab.post("volumes?names=p::v3", json!({})).await;
    lab.post("volumes/batch", json!([{"name": "v4"}])).await;
    lab.a.version = "2.4";
    lab.post("volumes?names=v5&with_default_protection=false", json!({})).await;
    lab.a.version = "2.37";
    let members = lab.get("protection-groups/volumes?group_names=pgroup-auto").await;
    let members: Vec<_> = members.iter().map(|item| item["member"]["name"].as_str().unwrap()).collect();
    assert_eq!(members, ["v1", "v4", "v5"], "2.4 does not know the parameter");
    let pods = lab.get(&format!("{path}?names=p")).await;
    assert_eq!((&pods[0]["name"], &pods[0]["type"]), (&json!("p"), &json!("pod")));
    assert_eq!(lab.get(path).await.len(), 2);
    said(&lab.refused(Method::GET, &format!("{path}?names=q"), Value::Null).await, "q", "does not exist");
}

#[tokio::test]
async fn a_pod_that_takes_no_changes_takes_no_volumes() {
    let lab = lab().await;
    lab.post("volumes?names=p::v1", json!({})).await;
    let demote = |array: &protector_core::mock::ArrayTx<'_>| {
        let pod = array.pod_by_name("p")?.unwrap();
        array.demote_pod(&pod, true)
    };
    lab.simulator.world().change_array(&"arrA".into(), demote).unwrap();
    said(&lab.refused(Method::POST, "volumes?names=p::v2", json!({})).await, "p::v2", "demoted");
    said(&lab.refused(Method::PATCH, "volumes?names=p::v1", json!({"destroyed": true})).await, "p::v1", "demoted");
    said(&lab.refused(Method::POST, "volume-snapshots?source_names=p::v1", json!({})).await, "p::v1", "demoted");
}
