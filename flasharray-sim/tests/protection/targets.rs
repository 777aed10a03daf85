use crate::lab::{A, B, Lab, send};
use protector_core::mock::WorldSettings;
use reqwest::Method;
use serde_json::json;

fn path(group: &str) -> String {
    format!("protection-groups/targets?group_names={group}")
}

fn target(group: &str, array: &str) -> String {
    format!("protection-groups/targets?group_names={group}&member_names={array}")
}

#[tokio::test]
async fn the_target_allows_what_the_source_asks_for() {
    let lab = Lab::new().await;
    lab.ok(&lab.a, Method::POST, "protection-groups?names=pg").await;
    let added = lab.ok(&lab.a, Method::POST, &target("pg", B)).await;
    assert_eq!((&added[0]["allowed"], &added[0]["status"]), (&json!(false), &json!("disallowed")));
    assert_eq!((&added[0]["group"]["name"], &added[0]["member"]["name"]), (&json!("pg"), &json!(B)));
    lab.refused(&lab.a, Method::POST, &target("pg", B), "", &[("pg", "already includes")]).await;
    let image = path(&format!("{A}:pg"));
    let allow = r#"{"allowed":true}"#;
    lab.refused(&lab.a, Method::PATCH, &path("pg"), allow, &[("pg", "must be set from the target")]).await;
    let allowed = lab.patched(&lab.b, &image, allow).await;
    assert_eq!((&allowed[0]["allowed"], &allowed[0]["member"]["name"]), (&json!(true), &json!(B)));
    let name = format!("{A}:pg");
    lab.refused(&lab.b, Method::PATCH, &image, allow, &[(&name, "already allowed on")]).await;
    assert_eq!(lab.get(&lab.a, &path("pg")).await[0]["status"], "replicating");
    lab.world.set_link_connected(false).unwrap();
    assert_eq!(lab.get(&lab.a, &path("pg")).await[0]["status"], "suspended");
    lab.patched(&lab.b, &image, r#"{"allowed":false}"#).await;
    assert_eq!(lab.get(&lab.b, &image).await[0]["status"], "disallowed");
}

#[tokio::test]
async fn older_versions_do_not_tell_the_status() {
    let mut lab = Lab::replicating().await;
    lab.a.version = "2.36";
    assert_eq!(lab.get(&lab.a, &path("pg")).await[0].get("status"), None);
    lab.a.version = "2.25";
    assert_eq!(lab.get(&lab.a, &path("pg")).await[0]["group"], json!({"name": "pg"}));
}

#[tokio::test]
async fn a_replica_appears_after_a_while() {
    let lab = Lab::new().await;
    lab.world.set_settings(WorldSettings { replica_delay_millis: 5000, ..lab.world.settings().unwrap() }).unwrap();
    lab.ok(&lab.a, Method::POST, "protection-groups?names=pg").await;
    lab.ok(&lab.a, Method::POST, &target("pg", B)).await;
    let name = format!("{A}:pg");
    let allow = path(&name);
    lab.refused(&lab.b, Method::PATCH, &allow, r#"{"allowed":true}"#, &[(&name, "does not exist")]).await;
    assert_eq!(send(&lab.b, Method::GET, &format!("protection-groups?names={name}"), "").await.0, 400);
    lab.sleep(5000).await;
    lab.patched(&lab.b, &allow, r#"{"allowed":true}"#).await;
}

#[tokio::test]
async fn only_connected_arrays_are_targets_and_four_at_most() {
    let lab = Lab::new().await;
    lab.ok(&lab.a, Method::POST, "protection-groups?names=pg").await;
    lab.refused(&lab.a, Method::POST, &target("pg", "arrX"), "", &[("arrX", "could not be found")]).await;
    lab.world.set_link_connected(false).unwrap();
    lab.refused(&lab.a, Method::POST, &target("pg", B), "", &[(B, "not connected")]).await;
    lab.world.set_link_connected(true).unwrap();
    let more = ["c1", "c2", "c3", "c4"];
    for name in more {
        lab.world.ensure_array(&name.into()).unwrap();
        lab.world.connect_arrays(&A.into(), &name.into(), protector_core::mock::ConnectionKind::Async).unwrap();
    }
    lab.refused(&lab.a, Method::POST, &target("pg", &format!("{B},c1,c2,c3,c4")), "", &[("pg", "limit reached")]).await;
    assert_eq!(lab.ok(&lab.a, Method::POST, &target("pg", "c1,c2,c3,c4")).await.len(), 4);
}

#[tokio::test]
async fn a_target_that_is_removed_keeps_what_it_has_and_can_come_back() {
    let lab = Lab::replicating().await;
    lab.snapshot("s1").await;
    lab.sleep(2000).await;
    lab.ok(&lab.a, Method::DELETE, &target("pg", B)).await;
    lab.refused(&lab.a, Method::DELETE, &target("pg", B), "", &[(B, "does not belong to")]).await;
    assert_eq!(lab.get(&lab.a, &path("pg")).await.len(), 0);
    assert_eq!(lab.get(&lab.b, &format!("protection-group-snapshots?names={A}:pg")).await.len(), 1);
    let replicate = "protection-group-snapshots?source_names=pg&replicate_now=true";
    lab.refused(&lab.a, Method::POST, replicate, r#"{"suffix":"s2"}"#, &[("pg", "targets")]).await;
    let again = lab.ok(&lab.a, Method::POST, &target("pg", B)).await;
    assert_eq!(again[0]["allowed"], false);
    lab.patched(&lab.b, &path(&format!("{A}:pg")), r#"{"allowed":true}"#).await;
    lab.snapshot("s2").await;
    assert_eq!(lab.get(&lab.b, &format!("protection-group-snapshots?names={A}:pg")).await.len(), 2);
}

#[tokio::test]
async fn the_source_lists_its_groups_on_other_arrays() {
    let lab = Lab::new().await;
    let path = format!("remote-protection-groups?names={A}:pg");
    // Ansible takes 400 for "not there"
    assert_eq!(send(&lab.a, Method::GET, &path, "").await.0, 400);
    lab.make_group("pg").await;
    let remote = lab.get(&lab.a, &path).await.remove(0);
    assert_eq!((&remote["remote"]["name"], &remote["source"]["name"]), (&json!(B), &json!(A)));
    assert_eq!((&remote["is_local"], &remote["destroyed"]), (&json!(false), &json!(false)));
}
