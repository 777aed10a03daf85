//! Pods and replica links as clients ask for them, over TLS.

mod client;

use client::{Client, read, start};
use flasharray_sim::{Links, Options, Simulator};
use protector_core::mock::WorldTime;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

struct Lab {
    simulator: Simulator,
    a: Client,
    b: Client,
}

impl Lab {
    /// Two arrays with a sync connection in a world whose clock moves only when told to; data take a second.
    async fn new() -> Self {
        let options = Options {
            links: Links::Sync,
            time: WorldTime::Virtual,
            transfer_time: Duration::from_secs(1),
            ..Options::default()
        };
        let simulator = start(options).await;
        let a = Client::logged_in(&simulator.arrays()[0]).await;
        let b = Client::logged_in(&simulator.arrays()[1]).await;
        Self { simulator, a, b }
    }

    async fn wait(&self, millis: u64) {
        self.simulator.world().clock().sleep(Duration::from_millis(millis)).await;
    }

    fn link(&self, connected: bool) {
        self.simulator.world().set_link_connected(connected).unwrap();
    }

    /// Pod `p` of arrA with volume `p::v`.
    async fn pod(&self) {
        done(&self.a, Method::POST, "pods?names=p", json!({})).await;
        done(&self.a, Method::POST, "volumes?names=p%3A%3Av", json!({"provisioned": 1_073_741_824})).await;
    }

    /// The same on both arrays, up to date.
    async fn stretched_pod(&self) {
        self.pod().await;
        done(&self.a, Method::POST, "pods/members?pod_names=p&member_names=arrB", Value::Null).await;
        self.wait(1000).await;
    }
}

async fn ask(client: &Client, method: Method, path: &str, body: Value) -> (u16, Value) {
    match body {
        Value::Null => read(client.request(method, path).send().await.unwrap()).await,
        body => client.send(method, path, &body).await,
    }
}

/// The items of a request that succeeds.
async fn done(client: &Client, method: Method, path: &str, body: Value) -> Vec<Value> {
    let (status, reply) = ask(client, method.clone(), path, body).await;
    assert_eq!(status, 200, "{method} {path}: {reply}");
    reply["items"].as_array().cloned().unwrap_or_default()
}

async fn items(client: &Client, path: &str) -> Vec<Value> {
    done(client, Method::GET, path, Value::Null).await
}

async fn item(client: &Client, path: &str) -> Value {
    let [item] = <[_; 1]>::try_from(items(client, path).await).unwrap();
    item
}

/// What a request is refused with: `context: message`, one after the other.
async fn refused(client: &Client, method: Method, path: &str, body: Value) -> String {
    let (status, reply) = ask(client, method.clone(), path, body).await;
    assert_eq!(status, 400, "{method} {path}: {reply}");
    let text = |error: &Value| {
        format!("{}: {}", error["context"].as_str().unwrap_or_default(), error["message"].as_str().unwrap())
    };
    reply["errors"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join(" | ")
}

fn statuses(pod: &Value) -> Vec<(&str, &str)> {
    let arrays = pod["arrays"].as_array().unwrap().iter();
    arrays.map(|array| (array["name"].as_str().unwrap(), array["status"].as_str().unwrap())).collect()
}

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
async fn a_pod_shows_every_field_of_its_version() {
    let lab = Lab::new().await;
    lab.stretched_pod().await;
    let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let pod = item(&lab.a, "pods?names=p").await;
    assert_eq!(
        fields(&pod),
        "array_count arrays destroyed eradication_config failover_preferences footprint id link_source_count \
         link_target_count mediator mediator_version members name promotion_status quota_limit \
         requested_promotion_state source space time_remaining"
    );
    assert_eq!(fields(&pod["arrays"][0]), "frozen_at id mediator_status member name pre_elected progress status");
    let expected = json!({
        "destroyed": false, "time_remaining": null, "quota_limit": null, "source": {"id": null, "name": null},
        "mediator": "purestorage", "promotion_status": "promoted", "requested_promotion_state": "promoted",
        "failover_preferences": [], "eradication_config": {"manual_eradication": "all-enabled"},
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&pod[field], value, "{field}");
    }
    assert_eq!(pod["arrays"][1]["mediator_status"], "online");
    assert_eq!(pod["arrays"][1]["progress"], Value::Null);
    assert_eq!(pod["space"]["total_provisioned"], 1_073_741_824);
    let Lab { simulator, a: mut older, .. } = lab;
    older.version = "2.26";
    let pod = item(&older, "pods?names=p").await;
    assert!(pod.get("members").is_none() && pod["arrays"][0].get("member").is_none());
    for view in ["space", "performance"] {
        let shown = item(&older, &format!("pods/{view}?names=p")).await;
        assert!(shown["name"] == "p" && shown["time"].is_i64(), "{shown}");
    }
    simulator.stop().await;
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

#[tokio::test]
async fn a_stretched_pod_is_not_demoted_and_an_unstretched_one_is() {
    let lab = Lab::new().await;
    lab.stretched_pod().await;
    let demote = "pods?names=p&skip_quiesce=true";
    let told = refused(&lab.a, Method::PATCH, demote, json!({"requested_promotion_state": "demoted"})).await;
    assert!(told.starts_with("p: ") && told.contains("stretched"), "{told}");
    done(&lab.a, Method::DELETE, "pods/members?pod_names=p&member_names=arrB", Value::Null).await;
    let demoted = done(&lab.a, Method::PATCH, demote, json!({"requested_promotion_state": "demoted"})).await;
    assert_eq!(demoted[0]["promotion_status"], "demoted");
    let told = refused(&lab.a, Method::PATCH, "volumes?names=p::v", json!({"provisioned": 2_147_483_648_u64})).await;
    assert!(told.contains("demoted"), "{told}");
    assert_eq!(item(&lab.a, "pods?names=p.undo-demote").await["destroyed"], true);
    let promote = "pods?names=p&promote_from=p.undo-demote";
    let promoting = done(&lab.a, Method::PATCH, promote, json!({"requested_promotion_state": "promoted"})).await;
    assert_eq!(
        (&promoting[0]["promotion_status"], &promoting[0]["requested_promotion_state"]),
        (&json!("promoting"), &json!("promoted"))
    );
    lab.wait(1000).await;
    assert_eq!(item(&lab.a, "pods?names=p").await["promotion_status"], "promoted");
    assert!(refused(&lab.a, Method::GET, "pods?names=p.undo-demote", Value::Null).await.contains("does not exist"));
    lab.simulator.stop().await;
}

#[tokio::test]
async fn a_pod_is_destroyed_and_eradicated_with_what_is_in_it_only_if_told_so() {
    let lab = Lab::new().await;
    lab.pod().await;
    assert_eq!(refused(&lab.a, Method::DELETE, "pods?names=p", Value::Null).await, "p: Pod is not destroyed.");
    let destroy = json!({"destroyed": true});
    assert!(refused(&lab.a, Method::PATCH, "pods?names=p", destroy.clone()).await.starts_with("p: Pod contains "));
    let destroyed = done(&lab.a, Method::PATCH, "pods?names=p&destroy_contents=true", destroy.clone()).await;
    assert_eq!((&destroyed[0]["destroyed"], &destroyed[0]["time_remaining"]), (&json!(true), &json!(86_400_000)));
    assert_eq!(
        refused(&lab.a, Method::PATCH, "pods?names=p&destroy_contents=true", destroy).await,
        "p: Pod has been destroyed."
    );
    assert_eq!(refused(&lab.a, Method::POST, "pods?names=P", json!({})).await, "P: Pod already exists.");
    assert_eq!(
        refused(&lab.a, Method::GET, "pods?names=p&destroyed=false", Value::Null).await,
        "p: Pod has been destroyed."
    );
    assert!(refused(&lab.a, Method::DELETE, "pods?names=p", Value::Null).await.starts_with("p: Pod contains "));
    done(&lab.a, Method::DELETE, "pods?names=p&eradicate_contents=true", Value::Null).await;
    assert!(items(&lab.a, "pods").await.is_empty() && items(&lab.a, "volumes").await.is_empty());
    lab.simulator.stop().await;
}

#[tokio::test]
async fn of_several_pods_each_fault_is_told_and_nothing_is_done() {
    let lab = Lab::new().await;
    lab.pod().await;
    let told = refused(&lab.a, Method::POST, "pods?names=q,p,-x", json!({})).await;
    assert!(told.starts_with("p: Pod already exists. | -x: Pod name must be"), "{told}");
    assert_eq!(items(&lab.a, "pods").await.len(), 1);
    for (method, path, body, part) in [
        (Method::PATCH, "pods?names=p", json!({}), "No attribute specified."),
        (Method::PATCH, "pods?names=p", json!({"name": "q", "destroyed": true}), "one request"),
        (Method::PATCH, "pods?names=p", json!({"quota_limit": 513}), "513"),
        (Method::PATCH, "pods?names=p", json!({"quota_limit": 1_048_576}), "in use"),
        (Method::PATCH, "pods?names=nope", json!({"mediator": "m"}), "nope: Pod does not exist."),
        (Method::PATCH, "pods?names=p", json!({"failover_preferences": [{"name": "arrX"}]}), "could not be found"),
        (Method::POST, "pods", json!({}), "names: "),
        (Method::POST, "pods?names=q", json!({"source": {"name": "nope"}}), "q: Source pod does not exist."),
        (Method::POST, "pods/members?pod_names=p&member_names=arrX", Value::Null, "arrX could not be found"),
        (Method::POST, "pods/test?names=q", json!({}), "source"),
    ] {
        let told = refused(&lab.a, method.clone(), path, body).await;
        assert!(told.contains(part), "{method} {path}: {told}");
    }
    assert_eq!(item(&lab.a, "pods").await["quota_limit"], Value::Null);
    lab.simulator.stop().await;
}

#[tokio::test]
async fn a_pod_is_cloned_and_its_cloning_tested() {
    let lab = Lab::new().await;
    lab.pod().await;
    let body = json!({"source": {"name": "p"}});
    let tested = done(&lab.a, Method::POST, "pods/test?names=q,p", body.clone()).await;
    assert_eq!((&tested[0]["success"], &tested[1]["success"]), (&json!(true), &json!(false)));
    assert_eq!(tested[1]["result_details"], "Pod already exists.");
    assert_eq!(items(&lab.a, "pods").await.len(), 1, "a test makes nothing");
    let made = done(&lab.a, Method::POST, "pods?names=q", body).await;
    assert_eq!(made[0]["source"]["name"], "p");
    assert_eq!(item(&lab.a, "volumes?names=q::v").await["source"]["name"], "p::v");
    let quota = json!({"quota_limit": 2_147_483_648_u64});
    assert_eq!(done(&lab.a, Method::PATCH, "pods?names=q", quota).await[0]["quota_limit"], 2_147_483_648_u64);
    let unset = done(&lab.a, Method::PATCH, "pods?names=q", json!({"quota_limit": ""})).await;
    assert_eq!(unset[0]["quota_limit"], Value::Null);
    done(&lab.a, Method::PATCH, "pods?names=q", json!({"name": "renamed"})).await;
    assert_eq!(item(&lab.a, "volumes?names=renamed::v").await["pod"]["name"], "renamed");
    lab.simulator.stop().await;
}

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
