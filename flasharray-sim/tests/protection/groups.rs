use crate::lab::{A, B, Lab, names, send};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_new_group_shows_every_field() {
    let lab = Lab::new().await;
    let made = lab.ok(&lab.a, Method::POST, "protection-groups?names=pg").await;
    assert_eq!(lab.get(&lab.a, "protection-groups?names=pg").await, made);
    let array = lab.get(&lab.a, "arrays").await;
    let retention = json!({"all_for_sec": 86400, "days": 7, "per_day": 4});
    let expected = json!({
        "destroyed": false,
        "eradication_config": {"manual_eradication": "enabled"},
        "host_count": 0,
        "host_group_count": 0,
        "is_local": true,
        "name": "pg",
        "pod": {"id": null, "name": null},
        "replication_schedule":
            {"at": null, "blackout": {"end": null, "start": null}, "enabled": false, "frequency": 14_400_000},
        "retention_lock": "unlocked",
        "snapshot_schedule": {"at": null, "enabled": false, "frequency": 3_600_000},
        "source": {"id": array[0]["id"], "name": A},
        "source_retention": retention,
        "target_count": 0,
        "target_retention": retention,
        "time_remaining": null,
        "volume_count": 0,
    });
    let mut shown = made[0].clone();
    let fields = shown.as_object_mut().unwrap();
    assert!(fields.remove("id").unwrap().is_string());
    assert!(fields.remove("space").unwrap().is_object());
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn older_versions_show_less() {
    let mut lab = Lab::new().await;
    lab.ok(&lab.a, Method::POST, "protection-groups?names=pg").await;
    for (version, has_id, has_lock) in [("2.25", false, true), ("2.11", false, false), ("2.26", true, true)] {
        lab.a.version = version;
        let item = lab.get(&lab.a, "protection-groups?names=pg").await.remove(0);
        assert_eq!((item.get("id").is_some(), item.get("retention_lock").is_some()), (has_id, has_lock), "{version}");
    }
    lab.a.version = "2.0";
    assert_eq!(send(&lab.a, Method::GET, "protection-groups", "").await.0, 404);
}

#[tokio::test]
async fn the_replica_shows_on_the_target() {
    let lab = Lab::replicating().await;
    let own = lab.get(&lab.a, "protection-groups?names=pg").await.remove(0);
    assert_eq!((&own["volume_count"], &own["target_count"]), (&json!(2), &json!(1)));
    let replica = lab.get(&lab.b, &format!("protection-groups?names={A}:pg")).await.remove(0);
    assert_eq!(replica["is_local"], false);
    assert_eq!(replica["source"], own["source"]);
    assert_eq!(replica["volume_count"], 2);
    assert_ne!(replica["id"], own["id"]);
    assert_eq!(names(&lab.get(&lab.b, "protection-groups?filter=not%20is_local").await), [format!("{A}:pg")]);
}

#[tokio::test]
async fn names_are_held_to_the_rules() {
    let lab = Lab::new().await;
    let long = "x".repeat(64);
    for name in ["1", "-pg", "pg-", "p_g", "arrB:pg", "p.g", long.as_str()] {
        let path = format!("protection-groups?names={name}");
        lab.refused(&lab.a, Method::POST, &path, "", &[(name, "between 1 and 63")]).await;
    }
    lab.refused(&lab.a, Method::POST, "protection-groups?names=nopod::pg", "", &[("nopod::pg", "Pod does not exist")])
        .await;
    lab.refused(&lab.a, Method::POST, "protection-groups", "", &[("names", "required")]).await;
    lab.ok(&lab.a, Method::POST, "protection-groups?names=pg,pg2").await;
    let both = [("PG", "already exists"), ("pg2", "already exists")];
    lab.refused(&lab.a, Method::POST, "protection-groups?names=PG,pg2,pg3", "", &both).await;
    let missing = [("nope", "Protection group does not exist.")];
    lab.refused(&lab.a, Method::GET, "protection-groups?names=nope", "", &missing).await;
}

#[tokio::test]
async fn a_destroyed_group_keeps_its_name_until_it_is_eradicated() {
    let lab = Lab::replicating().await;
    lab.snapshot("s1").await;
    lab.refused(&lab.a, Method::DELETE, "protection-groups?names=pg", "", &[("pg", "has not been destroyed")]).await;
    let destroyed = lab.patched(&lab.a, "protection-groups?names=pg", r#"{"destroyed":true}"#).await;
    assert_eq!(destroyed[0]["time_remaining"], 86_400_000);
    assert_eq!(destroyed[0]["destroyed"], true);
    lab.refused(&lab.a, Method::POST, "protection-groups?names=pg", "", &[("pg", "has been destroyed")]).await;
    let path = "protection-groups?names=pg&destroyed=false";
    lab.refused(&lab.a, Method::GET, path, "", &[("pg", "has been destroyed")]).await;
    let path = "protection-group-snapshots?names=pg.s1";
    assert_eq!(lab.get(&lab.a, path).await[0]["destroyed"], true);
    lab.patched(&lab.a, "protection-groups?names=pg", r#"{"destroyed":false}"#).await;
    assert_eq!(lab.get(&lab.a, path).await[0]["destroyed"], false, "what went with it comes back with it");
    lab.patched(&lab.a, "protection-groups?names=pg", r#"{"destroyed":true}"#).await;
    let (status, body) = send(&lab.a, Method::DELETE, "protection-groups?names=pg", "").await;
    assert_eq!((status, body), (200, Value::Null));
    lab.refused(&lab.a, Method::GET, "protection-groups?names=pg", "", &[("pg", "does not exist")]).await;
    // what the target has is the target's
    lab.sleep(2000).await;
    let replica = lab.get(&lab.b, &format!("protection-groups?names={A}:pg")).await;
    assert_eq!(replica[0]["source"]["name"], A);
    assert_eq!(lab.get(&lab.b, &format!("protection-group-snapshots?names={A}:pg")).await.len(), 1);
    lab.ok(&lab.a, Method::POST, "protection-groups?names=pg").await;
}

#[tokio::test]
async fn a_group_is_renamed_on_all_arrays() {
    let lab = Lab::replicating().await;
    lab.make_group("other").await;
    let path = "protection-groups?names=pg";
    lab.refused(&lab.a, Method::PATCH, path, r#"{"name":"other"}"#, &[("other", "already exists")]).await;
    lab.refused(&lab.a, Method::PATCH, path, r#"{"name":"n","destroyed":true}"#, &[("name", "together")]).await;
    lab.refused(&lab.a, Method::PATCH, path, "{}", &[("body", "No attribute specified.")]).await;
    let image = format!("{A}:pg");
    let of_image = format!("protection-groups?names={image}");
    let why = [(image.as_str(), "another array")];
    lab.refused(&lab.b, Method::PATCH, &of_image, r#"{"name":"mine"}"#, &why).await;
    assert_eq!(names(&lab.patched(&lab.a, path, r#"{"name":"pg-new"}"#).await), ["pg-new"]);
    assert_eq!(lab.get(&lab.b, &format!("protection-groups?names={A}:pg-new")).await.len(), 1);
    assert_eq!(send(&lab.b, Method::GET, &of_image, "").await.0, 400);
}

#[tokio::test]
async fn a_ratcheted_group_cannot_lose_anything() {
    let lab = Lab::replicating().await;
    lab.snapshot("s1").await;
    let path = "protection-groups?names=pg";
    let locked = lab.patched(&lab.a, path, r#"{"retention_lock":"ratcheted"}"#).await;
    assert_eq!(locked[0]["retention_lock"], "ratcheted");
    assert_eq!(locked[0]["eradication_config"]["manual_eradication"], "disabled");
    let safe = [("pg", "SafeMode")];
    for body in [
        r#"{"destroyed":true}"#,
        r#"{"retention_lock":"unlocked"}"#,
        r#"{"target_retention":{"days":6}}"#,
        r#"{"source_retention":{"all_for_sec":3600}}"#,
        r#"{"target_retention":{"per_day":1}}"#,
    ] {
        lab.refused(&lab.a, Method::PATCH, path, body, &safe).await;
    }
    lab.patched(&lab.a, path, r#"{"target_retention":{"days":8}}"#).await;
    let snapshot = "protection-group-snapshots?names=pg.s1";
    lab.refused(&lab.a, Method::PATCH, snapshot, r#"{"destroyed":true}"#, &[("pg.s1", "SafeMode")]).await;
    let member = format!("protection-groups/volumes?group_names=pg&member_names={}", lab.volumes[0]);
    lab.refused(&lab.a, Method::DELETE, &member, "", &safe).await;
    let target = format!("protection-groups/targets?group_names=pg&member_names={B}");
    lab.refused(&lab.a, Method::DELETE, &target, "", &safe).await;
    let image = format!("{A}:pg");
    let path = format!("protection-groups?names={image}");
    lab.refused(&lab.b, Method::PATCH, &path, r#"{"destroyed":true}"#, &[(&image, "SafeMode")]).await;
}

#[tokio::test]
async fn what_was_destroyed_before_the_lock_is_not_eradicated_by_hand() {
    let lab = Lab::replicating().await;
    lab.snapshot("s1").await;
    lab.patched(&lab.a, "protection-group-snapshots?names=pg.s1", r#"{"destroyed":true}"#).await;
    lab.patched(&lab.a, "protection-groups?names=pg", r#"{"retention_lock":"ratcheted"}"#).await;
    let path = "protection-group-snapshots?names=pg.s1";
    lab.refused(&lab.a, Method::DELETE, path, "", &[("pg.s1", "SafeMode")]).await;
}

#[tokio::test]
async fn a_snapshot_is_copied_to_a_group_with_all_its_volumes() {
    let lab = Lab::replicating().await;
    lab.snapshot("s1").await;
    let path = format!("protection-groups?names=dr&source_names={A}:pg.s1");
    let taken = lab.volumes[0].as_str();
    lab.sleep(2000).await;
    let made = lab.ok(&lab.b, Method::POST, &path).await;
    assert_eq!((&made[0]["name"], &made[0]["volume_count"]), (&json!("dr"), &json!(2)));
    let members = lab.get(&lab.b, "protection-groups/volumes?group_names=dr").await;
    let members: Vec<&Value> = members.iter().map(|item| &item["member"]["name"]).collect();
    assert_eq!(members, [&json!(lab.volumes[0]), &json!(lab.volumes[1])]);
    lab.refused(&lab.b, Method::POST, &path, "", &[("dr", "already exists")]).await;
    // the original names are taken where the originals are
    let own = "protection-groups?names=copy&source_names=pg";
    lab.refused(&lab.a, Method::POST, own, "", &[("copy", "Volume already exists")]).await;
    // over the same volumes, with the latest snapshot of a group
    let over = |source: &str| format!("protection-groups?names=dr&overwrite=true&source_names={source}");
    lab.ok(&lab.b, Method::POST, &over(&format!("{A}:pg"))).await;
    let member = format!("protection-groups/volumes?group_names=dr&member_names={taken}");
    lab.ok(&lab.b, Method::DELETE, &member).await;
    lab.refused(&lab.b, Method::POST, &over(&format!("{A}:pg.s1")), "", &[("dr", "do not match")]).await;
    let missing = "protection-groups?names=dr2&source_names=nope.s1";
    lab.refused(&lab.b, Method::POST, missing, "", &[("nope.s1", "does not exist")]).await;
}

#[tokio::test]
async fn what_a_driver_made_shows_and_its_marks_do_not() {
    use protector_core::mock::MockStorageDriver;
    use protector_core::model::{Epoch, OpKey};
    use protector_core::ports::{Cancel, Cx, GroupSpec, StorageDriver};
    let lab = Lab::new().await;
    let driver = MockStorageDriver::new(lab.world.clone(), &A.into()).unwrap();
    let deadline = lab.world.clock().now() + std::time::Duration::from_secs(60);
    let cx = Cx { op_key: OpKey::from("k"), epoch: Epoch(7), deadline, cancel: Cancel::default() };
    let spec = GroupSpec { name: "pg-web".into(), owner: "owner-of-it".into(), adopt: false };
    driver.ensure_group(&cx, &spec).await.unwrap();
    let shown = lab.get(&lab.a, "protection-groups?names=pg-web").await;
    assert!(!shown[0].to_string().contains("owner-of-it"));
    lab.ok(&lab.a, Method::POST, "protection-groups?names=by-rest").await;
    let found = driver.group(&"by-rest".into()).await.unwrap().unwrap();
    assert_eq!(found.value.owner, None);
}

#[tokio::test]
async fn space_and_performance_are_listed() {
    let lab = Lab::replicating().await;
    let space = lab.get(&lab.a, "protection-groups/space?names=pg").await;
    assert!(space[0]["space"]["total_provisioned"].as_u64().unwrap() > 0);
    for path in ["performance/replication", "performance/replication/by-array"] {
        let found = lab.get(&lab.a, &format!("protection-groups/{path}?names=pg")).await;
        assert_eq!(found[0]["bytes_per_sec"], 0);
    }
}

#[tokio::test]
async fn there_is_room_for_so_many_groups() {
    let lab = Lab::new().await;
    // cinder-group is one
    lab.faults("limit protection-groups=3");
    let why = [("g3", "Protection group limit reached")];
    lab.refused(&lab.a, Method::POST, "protection-groups?names=g1,g2,g3", "", &why).await;
    lab.ok(&lab.a, Method::POST, "protection-groups?names=g1,g2").await;
}
