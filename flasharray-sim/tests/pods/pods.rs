//! Pods themselves.

use crate::lab::{Lab, done, item, items, refused};
use reqwest::Method;
use serde_json::{Value, json};

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
