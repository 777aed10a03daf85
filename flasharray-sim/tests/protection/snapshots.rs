use crate::lab::{A, B, Lab, column, names};
use reqwest::Method;
use serde_json::json;

const POST: &str = "protection-group-snapshots?source_names=pg";

#[tokio::test]
async fn a_snapshot_shows_every_field_and_stays_local_unless_told_otherwise() {
    let lab = Lab::replicating().await;
    // as Cinder takes one of a consistency group
    let made = lab.posted(&lab.a, POST, r#"{"suffix":"cgsnapshot-1-cinder"}"#).await;
    assert_eq!(lab.get(&lab.a, "protection-group-snapshots?names=pg.cgsnapshot-1-cinder").await, made);
    let mut shown = made[0].clone();
    let fields = shown.as_object_mut().unwrap();
    assert!(fields.remove("id").unwrap().is_string());
    assert!(fields.remove("space").unwrap().is_object());
    assert!(fields["source"]["id"].is_string());
    fields["source"]["id"] = json!("x");
    let now = lab.world.clock().now().as_millisecond();
    let expected = json!({
        "created": now,
        "destroyed": false,
        "eradication_config": {"manual_eradication": "enabled"},
        "name": "pg.cgsnapshot-1-cinder",
        "pod": {"id": null, "name": null},
        "source": {"id": "x", "name": "pg"},
        "suffix": "cgsnapshot-1-cinder",
        "time_remaining": null,
    });
    assert_eq!(shown, expected);
    lab.sleep(10_000).await;
    assert_eq!(lab.get(&lab.b, "protection-group-snapshots").await.len(), 0);
}

#[tokio::test]
async fn a_suffix_is_given_or_the_next_number() {
    let lab = Lab::replicating().await;
    for (suffix, query, expected) in
        [("", "", "pg.1"), ("", "", "pg.2"), ("", "&suffix=by-query", "pg.by-query"), ("dr-1", "", "pg.dr-1")]
    {
        let body = if suffix.is_empty() { String::new() } else { json!({ "suffix": suffix }).to_string() };
        assert_eq!(names(&lab.posted(&lab.a, &format!("{POST}{query}"), &body).await), [expected]);
    }
    for suffix in ["12", "-a", "a-", "a.b", "a_b", &"x".repeat(64)] {
        let body = json!({ "suffix": suffix }).to_string();
        let why = [("suffix", "Snapshot suffix must be between 1 and 63 characters")];
        lab.refused(&lab.a, Method::POST, POST, &body, &why).await;
    }
    let taken = [("pg.DR-1", "already exists")];
    lab.refused(&lab.a, Method::POST, POST, r#"{"suffix":"DR-1"}"#, &taken).await;
    let both = format!("{POST}&replicate=true&replicate_now=true");
    lab.refused(&lab.a, Method::POST, &both, "", &[("replicate_now", "together")]).await;
    lab.refused(&lab.a, Method::POST, "protection-group-snapshots", "", &[("source_names", "required")]).await;
    let image = format!("{A}:pg");
    let path = format!("protection-group-snapshots?source_names={image}");
    lab.refused(&lab.b, Method::POST, &path, "", &[(&image, "another array")]).await;
}

#[tokio::test]
async fn a_group_name_stands_for_all_of_its_snapshots() {
    let lab = Lab::replicating().await;
    lab.make_group("other").await;
    assert_eq!(lab.get(&lab.a, "protection-group-snapshots?names=pg").await.len(), 0);
    for suffix in ["s1", "s2"] {
        lab.posted(
            &lab.a,
            "protection-group-snapshots?source_names=pg,other",
            &json!({ "suffix": suffix }).to_string(),
        )
        .await;
    }
    for (query, expected) in [
        ("names=pg", &["pg.s1", "pg.s2"][..]),
        ("source_names=other", &["other.s1", "other.s2"]),
        ("names=pg.s1,other", &["other.s1", "other.s2", "pg.s1"]),
        ("filter=name%3D%27*.s2%27", &["other.s2", "pg.s2"]),
        ("names=pg&destroyed=true", &[]),
        ("names=pg&sort=name-&limit=1", &["pg.s2"]),
    ] {
        assert_eq!(names(&lab.get(&lab.a, &format!("protection-group-snapshots?{query}")).await), expected, "{query}");
    }
    for missing in ["nope", "pg.nope", "nope.s1"] {
        let path = format!("protection-group-snapshots?names={missing}");
        lab.refused(&lab.a, Method::GET, &path, "", &[(missing, "Protection group snapshot does not exist")]).await;
    }
}

#[tokio::test]
async fn a_snapshot_is_destroyed_recovered_renamed_and_eradicated() {
    let lab = Lab::replicating().await;
    lab.snapshot("s1").await;
    lab.snapshot("s2").await;
    let path = "protection-group-snapshots?names=pg.s1";
    lab.refused(&lab.a, Method::DELETE, path, "", &[("pg.s1", "has not been destroyed")]).await;
    lab.refused(&lab.a, Method::PATCH, path, r#"{"destroyed":false}"#, &[("pg.s1", "has not been destroyed")]).await;
    lab.refused(&lab.a, Method::PATCH, path, r#"{"name":"s2"}"#, &[("pg.s1", "already exists")]).await;
    lab.refused(&lab.a, Method::PATCH, path, r#"{"name":"7"}"#, &[("suffix", "Snapshot suffix")]).await;
    let destroyed = lab.patched(&lab.a, path, r#"{"destroyed":true}"#).await;
    assert_eq!(destroyed[0]["time_remaining"], 86_400_000);
    lab.refused(&lab.a, Method::PATCH, path, r#"{"destroyed":true}"#, &[("pg.s1", "has been destroyed")]).await;
    lab.refused(&lab.a, Method::POST, POST, r#"{"suffix":"s1"}"#, &[("pg.s1", "already exists")]).await;
    assert_eq!(lab.patched(&lab.a, path, r#"{"destroyed":false}"#).await[0]["destroyed"], false);
    assert_eq!(names(&lab.patched(&lab.a, path, r#"{"name":"s9"}"#).await), ["pg.s9"]);
    let path = "protection-group-snapshots?names=pg.s9";
    lab.patched(&lab.a, path, r#"{"destroyed":true}"#).await;
    lab.ok(&lab.a, Method::DELETE, path).await;
    assert_eq!(names(&lab.get(&lab.a, "protection-group-snapshots").await), ["pg.s2"]);
    // the replica is the target's own
    let replica = format!("protection-group-snapshots?names={A}:pg.s1");
    assert_eq!(lab.get(&lab.b, &replica).await.len(), 1);
    lab.patched(&lab.b, &replica, r#"{"destroyed":true}"#).await;
    assert_eq!(lab.get(&lab.b, &format!("{replica}&destroyed=true")).await.len(), 1);
}

#[tokio::test]
async fn volumes_taken_out_of_a_group_stay_in_its_old_snapshots() {
    let lab = Lab::replicating().await;
    lab.snapshot("s1").await;
    let member = format!("protection-groups/volumes?group_names=pg&member_names={}", lab.volumes[0]);
    lab.ok(&lab.a, Method::DELETE, &member).await;
    lab.snapshot("s2").await;
    lab.sleep(2000).await;
    for (suffix, volumes) in [("s1", 2), ("s2", 1)] {
        let path = format!("protection-groups?names=copy-{suffix}&source_names={A}:pg.{suffix}");
        if suffix == "s1" {
            assert_eq!(lab.ok(&lab.b, Method::POST, &path).await[0]["volume_count"], volumes);
        } else {
            let why = [("copy-s2", "Volume already exists")];
            lab.refused(&lab.b, Method::POST, &path, "", &why).await;
        }
    }
    let space = column(&lab.get(&lab.b, &format!("protection-group-snapshots?names={A}:pg")).await, "space");
    assert!(space[0]["total_provisioned"].as_u64() > space[1]["total_provisioned"].as_u64());
}

#[tokio::test]
async fn a_snapshot_for_replication_is_gone_after_an_hour() {
    let lab = Lab::replicating().await;
    let path = format!("{POST}&for_replication=true&replicate_now=true");
    lab.posted(&lab.a, &path, r#"{"suffix":"tmp-1"}"#).await;
    lab.sleep(3_599_999).await;
    assert_eq!(lab.get(&lab.a, "protection-group-snapshots").await.len(), 1);
    lab.sleep(1).await;
    assert_eq!(lab.get(&lab.a, "protection-group-snapshots").await.len(), 0);
    assert_eq!(lab.get(&lab.b, "protection-group-snapshots").await.len(), 1);
}

#[tokio::test]
async fn a_snapshot_can_be_replicated_later() {
    let mut lab = Lab::replicating().await;
    lab.posted(&lab.a, POST, r#"{"suffix":"s1"}"#).await;
    let path = |on: &str| format!("protection-group-snapshots/replica?names=pg.s1{on}");
    lab.refused(&lab.a, Method::POST, &path("&on=arrX"), "", &[("arrX", "does not belong to")]).await;
    assert_eq!(names(&lab.ok(&lab.a, Method::POST, &path(&format!("&on={B}"))).await), ["pg.s1"]);
    assert_eq!(names(&lab.get(&lab.b, "protection-group-snapshots").await), [format!("{A}:pg.s1")]);
    lab.ok(&lab.a, Method::POST, &path("")).await;
    assert_eq!(lab.get(&lab.b, "protection-group-snapshots").await.len(), 1, "it has it");
    lab.a.version = "2.24";
    assert_eq!(crate::lab::send(&lab.a, Method::POST, &path(""), "").await.0, 404);
}

#[tokio::test]
async fn a_test_takes_nothing() {
    let lab = Lab::replicating().await;
    lab.snapshot("s1").await;
    let before = lab.world.dump().unwrap();
    let path = "protection-group-snapshots/test?source_names=pg";
    let good = lab.posted(&lab.a, path, r#"{"suffix":"s2"}"#).await;
    assert_eq!((&good[0]["success"], &good[0]["resource"]["name"]), (&json!(true), &json!("pg")));
    let bad = lab.posted(&lab.a, path, r#"{"suffix":"s1"}"#).await;
    assert_eq!(bad[0]["success"], false);
    assert!(bad[0]["result_details"].as_str().unwrap().contains("already exists"));
    assert_eq!(lab.world.dump().unwrap(), before);
}
