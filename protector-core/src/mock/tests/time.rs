use super::{Lab, SELDOM, assert_refused, group, image, point};
use crate::ErrorKind::{AlreadyExists, NotFound, PendingEradication};
use crate::mock::{SeedOptions, World, WorldLocation, WorldSettings, WorldTime, seed};
use crate::model::Transfer;
use crate::ports::{Clock, ManualClock, Outcome, StorageDriver, VolumeQuery};
use jiff::Timestamp;
use std::{collections::BTreeSet, sync::Arc, time::Duration};

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn the_virtual_present_moves_only_when_somebody_sleeps() {
    let world = World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap();
    seed(&world, &SeedOptions::default()).unwrap();
    let (one, other) = (world.clock(), world.clock());
    assert_eq!(one.now(), start());
    one.sleep(Duration::from_secs(90)).await;
    assert_eq!(other.now(), start() + Duration::from_secs(90));
    // no wait is endless, however short
    other.sleep(Duration::from_micros(10)).await;
    other.sleep(Duration::ZERO).await;
    assert_eq!(one.now(), start() + Duration::from_millis(90_002));
}

#[test]
fn virtual_ids_are_counted_and_others_drawn() {
    let ids = |time: WorldTime| -> Vec<String> {
        let world = World::open(&WorldLocation::Memory, time).unwrap();
        (0..3).map(|_| world.identifiers().uuid()).collect()
    };
    let counted = ids(WorldTime::Virtual);
    assert_eq!(counted, ids(WorldTime::Virtual));
    assert_eq!(counted.iter().collect::<BTreeSet<_>>().len(), 3);
    assert!(counted.iter().all(|id| uuid::Uuid::parse_str(id).unwrap().get_version_num() == 5));
    assert_ne!(ids(WorldTime::System), ids(WorldTime::System));
}

#[tokio::test]
async fn the_same_calls_make_the_same_world() {
    let story = async || {
        let lab = Lab::new();
        lab.replicate(300).await;
        lab.snapshot("dr-1").await;
        lab.sleep(700_000).await;
        lab.clone("clone", "dr", "dr-1").await.unwrap();
        lab.world.dump().unwrap()
    };
    let (one, other) = (story().await, story().await);
    assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
}

#[tokio::test]
async fn a_given_clock_rules() {
    let clock = ManualClock::starting_at("2030-05-05T00:00:00Z".parse().unwrap());
    let world = World::open(&WorldLocation::Memory, WorldTime::Given(Arc::new(clock.clone()))).unwrap();
    seed(&world, &SeedOptions::default()).unwrap();
    let driver = world.storage_driver(&"site-a".into()).unwrap();
    clock.advance(Duration::from_secs(5));
    assert_eq!(driver.info().await.unwrap().endpoint_time, clock.now());
}

#[tokio::test]
async fn reading_changes_nothing() {
    let lab = Lab::new();
    lab.replicate(300).await;
    lab.snapshot("dr-1").await;
    lab.sleep(1000).await;
    let (dump, mutations) = (lab.world.dump().unwrap(), lab.world.mutations().unwrap());
    let request = lab.clone_request("dr", "dr-1").await;
    for driver in [&lab.array_a, &lab.array_b] {
        driver.info().await.unwrap();
        driver.peers().await.unwrap();
        for name in [group(), image()] {
            driver.group(&name).await.unwrap();
            driver.recovery_points(&name).await.unwrap();
            driver.replication_status(&name).await.ok();
        }
        driver.transfer_status(&point("dr-1")).await.ok();
        driver.volumes(&VolumeQuery::ClonedBy("x".into())).await.unwrap();
        driver.preflight(&request).await.unwrap();
    }
    for cloud in [&lab.cloud_a as &dyn crate::ports::Cloud, &lab.cloud_b] {
        cloud.ping().await.unwrap();
        cloud.servers().await.unwrap();
        cloud.volume_types().await.unwrap();
        cloud.networks().await.unwrap();
        cloud.flavors().await.unwrap();
        cloud.quota().await.unwrap();
    }
    assert_eq!(lab.world.dump().unwrap(), dump);
    assert_eq!(lab.world.mutations().unwrap(), mutations);
}

#[tokio::test]
async fn changes_are_counted_and_repeats_are_not() {
    let lab = Lab::new();
    lab.replicate(SELDOM).await;
    let before = lab.world.mutations().unwrap();
    lab.snapshot("dr-1").await;
    assert_eq!(lab.world.mutations().unwrap(), before + 1);
    assert_eq!(lab.target(SELDOM).await.unwrap(), Outcome::AlreadyDone(()));
    assert_refused(lab.target(1).await, crate::ErrorKind::InvalidRequest, &["1 s", "60"]);
    assert_eq!(lab.world.mutations().unwrap(), before + 1);
}

async fn transfer(lab: &Lab) -> Transfer {
    lab.array_b.transfer_status(&point("dr-1")).await.unwrap()
}

#[tokio::test]
async fn a_transfer_progresses_with_the_clock() {
    let lab = Lab::new();
    lab.replicate(SELDOM).await;
    lab.snapshot("dr-1").await;
    for percent in [0, 20, 40, 60, 80] {
        assert_eq!(transfer(&lab).await, Transfer::InProgress { percent });
        lab.sleep(300).await;
    }
    let complete = Transfer::Completed { at: start() + Duration::from_millis(1500) };
    assert_eq!(transfer(&lab).await, complete);
    lab.sleep(10_000).await;
    assert_eq!(transfer(&lab).await, complete, "the instant of completion stays");
}

#[tokio::test]
async fn a_transfer_stands_still_while_anything_on_its_way_is_down() {
    type Switch = fn(&Lab, bool);
    let switches: [(&str, Switch); 3] = [
        ("link", |lab, up| lab.world.set_link_connected(up).unwrap()),
        ("source", |lab, up| lab.world.set_site_available(&"site-a".into(), up).unwrap()),
        ("target", |lab, up| lab.world.set_site_available(&"site-b".into(), up).unwrap()),
    ];
    for (what, switch) in switches {
        let lab = Lab::new();
        lab.replicate(SELDOM).await;
        lab.snapshot("dr-1").await;
        lab.sleep(600).await;
        switch(&lab, false);
        lab.sleep(60_000).await;
        if what != "target" {
            assert_eq!(transfer(&lab).await, Transfer::InProgress { percent: 40 }, "{what}");
        }
        switch(&lab, true);
        assert_eq!(transfer(&lab).await, Transfer::InProgress { percent: 40 }, "{what}");
        lab.sleep(900).await;
        let at = start() + Duration::from_millis(61_500);
        assert_eq!(transfer(&lab).await, Transfer::Completed { at }, "{what}");
        switch(&lab, false);
        switch(&lab, true);
        assert_eq!(transfer(&lab).await, Transfer::Completed { at }, "{what}: complete stays complete");
    }
}

#[tokio::test]
async fn a_target_that_forbids_stops_a_transfer() {
    let lab = Lab::new();
    lab.replicate(SELDOM).await;
    lab.snapshot("dr-1").await;
    lab.array_b.accept_from_peer(&lab.cx("forbid"), &image(), &"pg-1".into(), false).await.unwrap();
    lab.sleep(60_000).await;
    assert_eq!(transfer(&lab).await, Transfer::InProgress { percent: 0 });
}

#[tokio::test]
async fn the_target_does_not_hear_of_a_snapshot_while_the_link_is_down() {
    let lab = Lab::new();
    lab.replicate(SELDOM).await;
    lab.world.set_link_connected(false).unwrap();
    lab.snapshot("dr-1").await;
    lab.sleep(60_000).await;
    assert_refused(lab.array_b.transfer_status(&point("dr-1")).await, NotFound, &["dr-1"]);
    assert_eq!(lab.suffixes(&lab.array_b, &image()).await, Vec::<String>::new());
    assert_eq!(lab.array_a.replication_status(&group()).await.unwrap().value.in_transfer, 0);
    lab.world.set_link_connected(true).unwrap();
    assert_eq!(transfer(&lab).await, Transfer::InProgress { percent: 0 });
}

#[tokio::test]
async fn an_image_shows_after_a_delay() {
    let lab = Lab::new();
    let settings = WorldSettings { replica_delay_millis: 3000, transfer_millis: 0, ..WorldSettings::default() };
    lab.world.set_settings(settings).unwrap();
    assert_eq!(lab.world.settings().unwrap(), settings);
    let spec = crate::ports::GroupSpec { name: group(), owner: "pg-1".into(), adopt: false };
    lab.array_a.ensure_group(&lab.cx("group"), &spec).await.unwrap();
    assert_eq!(lab.target(SELDOM).await.unwrap(), Outcome::Done(()));
    let accept =
        async || lab.array_b.accept_from_peer(&lab.cx("accept"), &image(), &"pg-1".into(), true).await.unwrap();
    assert!(matches!(accept().await, Outcome::InProgress { .. }));
    assert_eq!(lab.array_b.group(&image()).await.unwrap(), None);
    assert_eq!(lab.target(SELDOM).await.unwrap(), Outcome::AlreadyDone(()), "the target is set, if not yet to be seen");
    lab.sleep(3000).await;
    assert_eq!(accept().await, Outcome::Done(()));
}

#[tokio::test]
async fn a_destroyed_volume_frees_its_name_after_a_day() {
    const DAY: u64 = 24 * 3_600_000;
    let lab = Lab::new();
    lab.replicate(SELDOM * 30).await;
    lab.snapshot("dr-1").await;
    lab.sleep(1500).await;
    let clones = lab.clone("first", "dr", "dr-1").await.unwrap().finished().unwrap();
    assert_refused(lab.clone("second", "dr", "dr-1").await, AlreadyExists, &["dr-0"]);
    let ids = clones.into_iter().map(|clone| clone.id).collect();
    lab.array_b.remove_clones(&lab.cx("cleanup"), &"first".into(), &ids).await.unwrap();
    lab.sleep(DAY - 1).await;
    assert_refused(lab.clone("second", "dr", "dr-1").await, PendingEradication, &["dr-0"]);
    assert_refused(lab.clone("first", "dr", "dr-1").await, PendingEradication, &["dr-0", "first"]);
    lab.sleep(1).await;
    assert_eq!(lab.array_b.volumes(&VolumeQuery::Ids(ids)).await.unwrap(), []);
    assert!(matches!(lab.clone("second", "dr", "dr-1").await.unwrap(), Outcome::Done(_)));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]
    /// Only the time during which data can move counts, however it is cut into pieces.
    #[test]
    fn a_transfer_takes_its_time_in_any_pieces(pieces in proptest::collection::vec((0_u64..700, 1_u64..5_000), 1..6)) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let lab = Lab::new();
            lab.replicate(SELDOM).await;
            lab.snapshot("dr-1").await;
            let mut moved = 0;
            for (up, down) in pieces {
                if up > 0 {
                    lab.sleep(up).await;
                }
                moved += up;
                lab.world.set_link_connected(false).unwrap();
                lab.sleep(down).await;
                lab.world.set_link_connected(true).unwrap();
                match transfer(&lab).await {
                    Transfer::InProgress { percent } => assert_eq!(u64::from(percent), moved * 100 / 1500),
                    other => assert!(moved >= 1500, "{other:?} after {moved} ms"),
                }
            }
        });
    }
}
