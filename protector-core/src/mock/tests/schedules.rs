use super::{Lab, group, image};
use crate::mock::WorldSettings;
use crate::ports::{MemberMode, MemberSet, StorageDriver};
use std::{collections::BTreeSet, time::Duration};

const INTERVAL: u32 = 300;
const INTERVAL_MILLIS: u64 = 300_000;

async fn on_source(lab: &Lab) -> Vec<String> {
    lab.suffixes(&lab.array_a, &group()).await
}

#[tokio::test]
async fn a_snapshot_is_taken_when_it_is_due_and_not_when_somebody_looks() {
    let lab = Lab::new();
    lab.replicate(INTERVAL).await;
    let begin = lab.clock.now();
    lab.sleep(INTERVAL_MILLIS - 1).await;
    assert_eq!(on_source(&lab).await, Vec::<String>::new());
    lab.sleep(60_001).await;
    let found = lab.array_b.recovery_points(&image()).await.unwrap().value;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name.as_str(), "flasharray-a:pg-web.auto-1");
    assert_eq!(found[0].created, begin + Duration::from_millis(INTERVAL_MILLIS));
    assert!(found[0].is_usable(), "its transfer began then, too: {found:?}");
}

#[tokio::test]
async fn at_most_three_snapshots_are_made_up_for() {
    let lab = Lab::new();
    lab.replicate(INTERVAL).await;
    let begin = lab.clock.now();
    lab.sleep(10 * INTERVAL_MILLIS + 5).await;
    let found = lab.array_a.recovery_points(&group()).await.unwrap().value;
    let due: Vec<_> = found.iter().map(|point| point.created).collect();
    let expected: Vec<_> = [10, 9, 8].map(|n| begin + Duration::from_millis(n * INTERVAL_MILLIS)).into();
    assert_eq!(due, expected);
    // and the rhythm goes on
    lab.sleep(INTERVAL_MILLIS).await;
    assert_eq!(on_source(&lab).await, ["auto-4", "auto-3", "auto-2", "auto-1"]);
}

#[tokio::test]
async fn eight_scheduled_snapshots_are_kept_and_all_others() {
    let lab = Lab::new();
    lab.replicate(INTERVAL).await;
    lab.snapshot("dr-1").await;
    for _ in 0..12 {
        lab.sleep(INTERVAL_MILLIS).await;
        lab.array_a.info().await.unwrap();
    }
    lab.sleep(2000).await;
    let mut expected: Vec<String> = (5..=12).rev().map(|n| format!("auto-{n}")).collect();
    expected.push("dr-1".to_owned());
    assert_eq!(on_source(&lab).await, expected);
    assert_eq!(lab.suffixes(&lab.array_b, &image()).await, expected);
}

#[tokio::test]
async fn the_newest_usable_snapshot_is_kept_however_old() {
    let lab = Lab::new();
    lab.replicate(INTERVAL).await;
    lab.sleep(INTERVAL_MILLIS + 2000).await;
    lab.array_a.info().await.unwrap();
    lab.world.set_settings(WorldSettings { transfer_millis: 1_000_000_000, ..WorldSettings::default() }).unwrap();
    for _ in 0..10 {
        lab.sleep(INTERVAL_MILLIS).await;
        lab.array_a.info().await.unwrap();
    }
    let found = lab.array_b.recovery_points(&image()).await.unwrap().value;
    assert_eq!(found.len(), 9);
    let usable: Vec<_> = found.iter().filter(|point| point.is_usable()).map(|point| point.name.as_str()).collect();
    assert_eq!(usable, ["flasharray-a:pg-web.auto-1"]);
}

#[tokio::test]
async fn nothing_is_taken_while_data_cannot_move_nor_made_up_for_later() {
    type Switch = fn(&Lab, bool);
    let switches: [(&str, Switch); 3] = [
        ("link", |lab, up| lab.world.set_link_connected(up).unwrap()),
        ("source", |lab, up| lab.world.set_site_available(&"site-a".into(), up).unwrap()),
        ("target", |lab, up| lab.world.set_site_available(&"site-b".into(), up).unwrap()),
    ];
    for (what, switch) in switches {
        let lab = Lab::new();
        lab.replicate(INTERVAL).await;
        lab.sleep(INTERVAL_MILLIS).await;
        // what was due before the outage is taken, although nobody looked until then
        switch(&lab, false);
        lab.sleep(5 * INTERVAL_MILLIS).await;
        switch(&lab, true);
        assert_eq!(on_source(&lab).await, ["auto-1"], "{what}");
        lab.sleep(INTERVAL_MILLIS).await;
        assert_eq!(on_source(&lab).await, ["auto-2", "auto-1"], "{what}");
    }
}

#[tokio::test]
async fn nothing_is_taken_where_the_target_forbids_or_the_schedule_is_off_or_the_group_is_empty() {
    let nobody = MemberSet { volumes: BTreeSet::new(), mode: MemberMode::Exact };
    for what in ["forbidden", "off", "empty"] {
        let lab = Lab::new();
        lab.replicate(INTERVAL).await;
        match what {
            "forbidden" => {
                let _ = lab.array_b.accept_from_peer(&lab.cx("x"), &image(), &"pg-1".into(), false).await.unwrap();
            }
            "off" => drop(lab.array_a.disable_replication(&lab.cx("x"), &group()).await.unwrap()),
            _ => drop(lab.array_a.ensure_members(&lab.cx("x"), &group(), &nobody).await.unwrap()),
        }
        lab.sleep(5 * INTERVAL_MILLIS).await;
        assert_eq!(on_source(&lab).await, Vec::<String>::new(), "{what}");
    }
}

#[tokio::test]
async fn a_suffix_that_somebody_has_taken_is_passed_over() {
    let lab = Lab::new();
    lab.replicate(INTERVAL).await;
    lab.snapshot("auto-1").await;
    lab.sleep(INTERVAL_MILLIS).await;
    assert_eq!(on_source(&lab).await, ["auto-2", "auto-1"]);
}
