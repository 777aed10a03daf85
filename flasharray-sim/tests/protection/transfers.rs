use crate::lab::{A, B, Lab, TRANSFER, column, names};
use protector_core::mock::WorldSettings;
use reqwest::Method;
use serde_json::{Value, json};

/// What Cinder 29 asks before a failover: the newest snapshot that is complete.
fn cinder() -> String {
    format!(
        "protection-group-snapshots/transfer?destroyed=false&filter=progress%3D%221.0%22&names={A}%3Apg&sort=started-"
    )
}

fn transfers() -> String {
    format!("protection-group-snapshots/transfer?names={A}:pg")
}

#[tokio::test]
async fn a_snapshot_is_listed_on_the_target_before_it_is_complete() {
    let lab = Lab::replicating().await;
    lab.snapshot("s1").await;
    let begun = lab.world.clock().now().as_millisecond();
    lab.sleep(TRANSFER / 2).await;
    let listed = lab.get(&lab.b, &format!("protection-group-snapshots?names={A}:pg.s1")).await;
    assert_eq!((&listed[0]["created"], &listed[0]["source"]["name"]), (&json!(begun), &json!(format!("{A}:pg"))));
    let half = lab.get(&lab.b, &transfers()).await.remove(0);
    assert_eq!((&half["started"], &half["completed"]), (&json!(begun), &Value::Null));
    let progress = half["progress"].as_f64().unwrap();
    assert!((0.45..0.55).contains(&progress), "{progress}");
    assert_eq!(lab.get(&lab.b, &cinder()).await.len(), 0);
    lab.sleep(TRANSFER / 2).await;
    let whole = lab.get(&lab.b, &cinder()).await.remove(0);
    assert_eq!((&whole["progress"], &whole["completed"]), (&json!(1.0), &json!(begun + 1500)));
    assert_eq!(whole["name"], format!("{A}:pg.s1"));
    let [part, all] = [&half, &whole].map(|item| item["data_transferred"].as_u64().unwrap());
    assert!(0 < part && part < all, "{part} of {all}");
    assert!(whole["physical_bytes_written"].as_u64().unwrap() > 0);
    assert_eq!(whole["destroyed"], false);
}

#[tokio::test]
async fn the_newest_complete_one_comes_first() {
    let lab = Lab::replicating().await;
    for suffix in ["s1", "s2", "s3"] {
        lab.snapshot(suffix).await;
        lab.sleep(1000).await;
    }
    let complete = lab.get(&lab.b, &cinder()).await;
    assert_eq!(names(&complete), [format!("{A}:pg.s2"), format!("{A}:pg.s1")]);
    // by the name of one snapshot, too, and on the source
    let one = lab.get(&lab.b, &format!("protection-group-snapshots/transfer?names={A}:pg.s3")).await;
    assert_eq!(one[0]["completed"], Value::Null);
    let source = lab.get(&lab.a, "protection-group-snapshots/transfer?names=pg").await;
    assert_eq!(names(&source), ["pg.s1", "pg.s2", "pg.s3"]);
    assert_eq!(column(&source, "progress")[..2], [json!(1.0), json!(1.0)]);
}

#[tokio::test]
async fn a_local_snapshot_has_no_transfer_to_tell_of() {
    let lab = Lab::replicating().await;
    lab.posted(&lab.a, "protection-group-snapshots?source_names=pg", r#"{"suffix":"s1"}"#).await;
    let found = lab.get(&lab.a, "protection-group-snapshots/transfer?names=pg.s1").await.remove(0);
    for field in ["started", "completed", "progress", "data_transferred", "physical_bytes_written"] {
        assert_eq!(found[field], Value::Null, "{field}");
    }
    assert_eq!(lab.get(&lab.b, &transfers()).await.len(), 0);
    let missing = format!("{A}:nope");
    let path = format!("protection-group-snapshots/transfer?names={missing}");
    lab.refused(&lab.b, Method::GET, &path, "", &[(&missing, "does not exist")]).await;
}

#[tokio::test]
async fn progress_stands_still_while_data_cannot_move() {
    type Switch = fn(&Lab, bool);
    let switches: [(&str, Switch); 3] = [
        ("link", |lab, up| lab.world.set_link_connected(up).unwrap()),
        ("source", |lab, up| lab.world.set_array_available(&A.into(), up).unwrap()),
        ("permission", |_, _| {}),
    ];
    for (what, switch) in switches {
        let lab = Lab::replicating().await;
        lab.snapshot("s1").await;
        lab.sleep(500).await;
        let allow = format!("protection-groups/targets?group_names={A}:pg");
        let permit = what == "permission";
        if permit {
            lab.patched(&lab.b, &allow, r#"{"allowed":false}"#).await;
        }
        switch(&lab, false);
        lab.sleep(60_000).await;
        let progress = lab.get(&lab.b, &transfers()).await[0]["progress"].as_f64().unwrap();
        assert!((0.3..0.4).contains(&progress), "{what}: {progress}");
        if permit {
            lab.patched(&lab.b, &allow, r#"{"allowed":true}"#).await;
        }
        switch(&lab, true);
        lab.sleep(999).await;
        assert_eq!(lab.get(&lab.b, &cinder()).await.len(), 0, "{what}");
        lab.sleep(1).await;
        assert_eq!(lab.get(&lab.b, &cinder()).await.len(), 1, "{what}");
    }
}

#[tokio::test]
async fn replication_in_turn_waits_for_what_went_before() {
    let lab = Lab::replicating().await;
    lab.snapshot("s1").await;
    let queued = "protection-group-snapshots?source_names=pg&replicate=true";
    lab.posted(&lab.a, queued, r#"{"suffix":"s2"}"#).await;
    lab.posted(&lab.a, queued, r#"{"suffix":"s3"}"#).await;
    let on_target = async || names(&lab.get(&lab.b, &transfers()).await).len();
    assert_eq!(on_target().await, 1, "the target hears of it when it begins");
    lab.sleep(TRANSFER).await;
    assert_eq!(on_target().await, 2);
    lab.sleep(TRANSFER).await;
    assert_eq!(lab.get(&lab.b, &cinder()).await.len(), 2);
    lab.sleep(TRANSFER).await;
    assert_eq!(names(&lab.get(&lab.b, &cinder()).await)[0], format!("{A}:pg.s3"));
    // one at once does not wait
    lab.snapshot("s4").await;
    lab.snapshot("s5").await;
    lab.sleep(TRANSFER).await;
    assert_eq!(lab.get(&lab.b, &cinder()).await.len(), 5);
}

#[tokio::test]
async fn what_waits_in_turn_survives_a_broken_link() {
    let lab = Lab::replicating().await;
    lab.snapshot("s1").await;
    lab.posted(&lab.a, "protection-group-snapshots?source_names=pg&replicate=true", r#"{"suffix":"s2"}"#).await;
    lab.sleep(500).await;
    lab.world.set_link_connected(false).unwrap();
    lab.sleep(10_000).await;
    assert_eq!(lab.get(&lab.b, &transfers()).await.len(), 1);
    lab.world.set_link_connected(true).unwrap();
    lab.sleep(TRANSFER - 1).await;
    assert_eq!(names(&lab.get(&lab.b, &cinder()).await), [format!("{A}:pg.s1")], "s2 has all of its way before it");
    lab.sleep(1).await;
    assert_eq!(lab.get(&lab.b, &cinder()).await.len(), 2);
}

#[tokio::test]
async fn a_slow_link_takes_longer_and_a_zero_one_no_time() {
    let lab = Lab::replicating().await;
    let settings = lab.world.settings().unwrap();
    for (millis, complete) in [(15_000, 0), (0, 1)] {
        lab.world.set_settings(WorldSettings { transfer_millis: millis, ..settings }).unwrap();
        lab.snapshot(&format!("s-{millis}")).await;
        lab.sleep(2000).await;
        assert_eq!(lab.get(&lab.b, &cinder()).await.len(), complete, "{millis}");
    }
    // all of a snapshot that took no time is there
    let path = format!("protection-groups?names=dr&source_names={A}:pg.s-0");
    lab.ok(&lab.b, Method::POST, &path).await;
}

#[tokio::test]
async fn a_destroyed_source_leaves_the_replica_as_it_is() {
    let lab = Lab::replicating().await;
    lab.snapshot("s1").await;
    lab.sleep(TRANSFER).await;
    lab.snapshot("s2").await;
    lab.patched(&lab.a, "protection-groups?names=pg", r#"{"destroyed":true}"#).await;
    lab.sleep(60_000).await;
    assert_eq!(names(&lab.get(&lab.b, &cinder()).await), [format!("{A}:pg.s1")], "s2 does not arrive any more");
    lab.sleep(86_400_000).await;
    assert_eq!(lab.get(&lab.a, "protection-groups?names=cinder-group").await.len(), 1);
    assert_eq!(lab.get(&lab.b, &transfers()).await.len(), 2, "though the source is eradicated");
    let target = format!("protection-groups/targets?group_names={A}:pg&member_names={B}");
    assert_eq!(lab.get(&lab.b, &target).await.len(), 0);
}
