use crate::lab::{A, Lab, column, names};
use reqwest::Method;
use serde_json::{Value, json};

const PG: &str = "protection-groups?names=pg";
const HOUR: u64 = 3_600_000;

async fn suffixes(lab: &Lab, on_target: bool) -> Vec<Value> {
    let (client, name) = if on_target { (&lab.b, format!("{A}:pg")) } else { (&lab.a, "pg".to_owned()) };
    column(&lab.get(client, &format!("protection-group-snapshots?names={name}&sort=created")).await, "suffix")
}

#[tokio::test]
async fn cinder_sets_frequency_before_it_enables_the_schedule() {
    let lab = Lab::new().await;
    lab.ok(&lab.a, Method::POST, PG).await;
    let set = lab.patched(&lab.a, PG, r#"{"target_retention":{"all_for_sec":14400,"days":7,"per_day":3}}"#).await;
    assert_eq!(set[0]["target_retention"], json!({"all_for_sec": 14400, "days": 7, "per_day": 3}));
    let set = lab.patched(&lab.a, PG, r#"{"replication_schedule":{"frequency":900000}}"#).await;
    assert_eq!(set[0]["replication_schedule"]["frequency"], 900_000);
    assert_eq!(set[0]["replication_schedule"]["enabled"], false);
    lab.make_group("pg2").await;
    let set = lab.patched(&lab.a, PG, r#"{"replication_schedule":{"enabled":true}}"#).await;
    assert_eq!(set[0]["replication_schedule"]["frequency"], 900_000);
    assert_eq!(set[0]["replication_schedule"]["enabled"], true);
    // Ansible clears the time of day with -1
    let set = lab.patched(&lab.a, PG, r#"{"replication_schedule":{"at":-1,"frequency":86400000}}"#).await;
    assert_eq!(set[0]["replication_schedule"]["at"], Value::Null);
    let set =
        lab.patched(&lab.a, PG, r#"{"replication_schedule":{"at":7200,"blackout":{"start":3600000,"end":7200000}}}"#);
    let set = set.await.remove(0);
    assert_eq!(set["replication_schedule"]["at"], 7200);
    assert_eq!(set["replication_schedule"]["blackout"], json!({"start": 3_600_000, "end": 7_200_000}));
    let set = lab.patched(&lab.a, PG, r#"{"replication_schedule":{"blackout":""}}"#).await;
    assert_eq!(set[0]["replication_schedule"]["blackout"]["start"], Value::Null);
}

#[tokio::test]
async fn values_are_held_to_their_bounds() {
    let lab = Lab::replicating().await;
    for (body, field) in [
        (r#"{"replication_schedule":{"frequency":299999}}"#, "frequency"),
        (r#"{"replication_schedule":{"frequency":900}}"#, "frequency"),
        (r#"{"snapshot_schedule":{"frequency":34560000001}}"#, "frequency"),
        (r#"{"replication_schedule":{"at":86400}}"#, "at"),
        (r#"{"replication_schedule":{"blackout":{"start":1,"end":7200000}}}"#, "replication_schedule"),
        (r#"{"target_retention":{"all_for_sec":59}}"#, "all_for_sec"),
        (r#"{"source_retention":{"per_day":1441}}"#, "per_day"),
        (r#"{"source_retention":{"days":4001}}"#, "days"),
        (r#"{"retention_lock":"maybe"}"#, "retention_lock"),
    ] {
        lab.refused(&lab.a, Method::PATCH, PG, body, &[(field, "Invalid value")]).await;
    }
    lab.patched(&lab.a, PG, r#"{"replication_schedule":{"frequency":300000}}"#).await;
    lab.patched(&lab.a, PG, r#"{"replication_schedule":{"frequency":34560000000}}"#).await;
}

#[tokio::test]
async fn scheduled_snapshots_are_numbered_and_replicated() {
    let lab = Lab::replicating().await;
    lab.patched(&lab.a, PG, r#"{"replication_schedule":{"enabled":true,"frequency":300000}}"#).await;
    let begin = lab.world.clock().now().as_millisecond();
    lab.sleep(299_999).await;
    assert_eq!(suffixes(&lab, false).await.len(), 0, "the first comes after one interval");
    lab.sleep(1).await;
    assert_eq!(suffixes(&lab, false).await, ["1"]);
    lab.posted(&lab.a, "protection-group-snapshots?source_names=pg", "").await;
    // to be set to what it is does not begin it anew
    lab.sleep(200_000).await;
    lab.patched(&lab.a, PG, r#"{"replication_schedule":{"enabled":true,"frequency":300000}}"#).await;
    lab.sleep(100_000).await;
    assert_eq!(suffixes(&lab, false).await, ["1", "2", "3"]);
    assert_eq!(suffixes(&lab, true).await, ["1", "3"]);
    let created = column(&lab.get(&lab.b, &format!("protection-group-snapshots?names={A}:pg.3")).await, "created");
    assert_eq!(created, [json!(begin + 600_000)]);
    lab.patched(&lab.a, PG, r#"{"replication_schedule":{"enabled":false}}"#).await;
    lab.sleep(3_000_000).await;
    assert_eq!(suffixes(&lab, false).await.len(), 3);
}

#[tokio::test]
async fn local_and_replicated_schedules_go_side_by_side() {
    let lab = Lab::replicating().await;
    let both = r#"{"replication_schedule":{"enabled":true,"frequency":3600000},
                   "snapshot_schedule":{"enabled":true,"frequency":1800000}}"#;
    lab.patched(&lab.a, PG, both).await;
    lab.sleep(2 * HOUR).await;
    // made up for in the order in which they were due
    assert_eq!(suffixes(&lab, false).await, ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(suffixes(&lab, true).await.len(), 2);
    lab.world.set_link_connected(false).unwrap();
    lab.sleep(HOUR).await;
    assert_eq!(suffixes(&lab, false).await.len(), 8, "local ones need no link");
}

#[tokio::test]
async fn a_time_of_day_and_a_blackout_hold() {
    let lab = Lab::replicating().await;
    // the world begins at midnight
    let daily = r#"{"replication_schedule":{"enabled":true,"frequency":86400000,"at":7200}}"#;
    lab.patched(&lab.a, PG, daily).await;
    lab.sleep(2 * HOUR - 1).await;
    assert_eq!(suffixes(&lab, false).await.len(), 0);
    lab.sleep(1).await;
    assert_eq!(suffixes(&lab, false).await, ["1"]);
    let blackout = r#"{"replication_schedule":{"blackout":{"start":3600000,"end":10800000}}}"#;
    lab.patched(&lab.a, PG, blackout).await;
    lab.sleep(24 * HOUR).await;
    assert_eq!(suffixes(&lab, false).await, ["1"]);
    let hourly = r#"{"replication_schedule":{"frequency":3600000}}"#;
    lab.patched(&lab.a, PG, hourly).await;
    lab.sleep(HOUR).await;
    assert_eq!(suffixes(&lab, false).await, ["1", "2"], "at three the blackout is over");
}

#[tokio::test]
async fn retention_holds_on_both_arrays() {
    let lab = Lab::replicating().await;
    let policy = r#"{"replication_schedule":{"enabled":true,"frequency":3600000},
                     "source_retention":{"all_for_sec":7200,"per_day":0,"days":0},
                     "target_retention":{"all_for_sec":14400,"per_day":0,"days":0}}"#;
    lab.patched(&lab.a, PG, policy).await;
    lab.snapshot("kept").await;
    lab.sleep(6 * HOUR).await;
    assert_eq!(suffixes(&lab, false).await, ["kept", "5", "6"]);
    assert_eq!(suffixes(&lab, true).await, ["kept", "3", "4", "5", "6"]);
    // what had its time goes without a schedule, too, but for the newest
    lab.patched(&lab.a, PG, r#"{"replication_schedule":{"enabled":false}}"#).await;
    lab.sleep(30 * HOUR).await;
    assert_eq!(suffixes(&lab, false).await, ["kept", "6"]);
    assert_eq!(suffixes(&lab, true).await, ["kept", "6"]);
}

#[tokio::test]
async fn a_snapshot_that_asks_for_retention_goes_with_the_scheduled_ones() {
    let lab = Lab::replicating().await;
    lab.patched(&lab.a, PG, r#"{"source_retention":{"all_for_sec":60,"per_day":0,"days":0}}"#).await;
    // as Ansible takes one
    let path =
        "protection-group-snapshots?allow_throttle=false&apply_retention=true&replicate_now=true&source_names=pg";
    lab.posted(&lab.a, path, r#"{"suffix":"ansnap"}"#).await;
    lab.posted(&lab.a, "protection-group-snapshots?source_names=pg", r#"{"suffix":"newer"}"#).await;
    lab.sleep(60_000).await;
    assert_eq!(suffixes(&lab, false).await, ["newer"]);
    assert_eq!(suffixes(&lab, true).await, ["ansnap"], "the target keeps it as its own retention says");
    assert_eq!(names(&lab.get(&lab.a, "protection-group-snapshots").await), ["pg.newer"]);
}
