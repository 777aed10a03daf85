use super::*;
use jiff::Timestamp;

fn connection(status: Option<&str>) -> ArrayConnection {
    let text = serde_json::json!({"id": "c-1", "name": "arrB", "status": status, "type": "async-replication"});
    serde_json::from_value(text).unwrap()
}

#[test]
fn a_link_works_only_where_the_array_says_so() {
    for (status, link) in [
        (Some("connected"), ReplicationLink::Connected),
        (Some("partially_connected"), ReplicationLink::PartiallyConnected),
        (Some("unbalanced"), ReplicationLink::PartiallyConnected),
        // the word while there is no connection
        (Some("connecting"), ReplicationLink::Disconnected),
        (Some("disconnected"), ReplicationLink::Disconnected),
        (Some("quarantined"), ReplicationLink::Unknown),
        (Some(""), ReplicationLink::Unknown),
        (None, ReplicationLink::Unknown),
    ] {
        assert_eq!(link_of(&connection(status)), link, "{status:?}");
    }
}

/// `started` and `completed` in seconds.
fn transfer(name: &str, started: Option<i64>, completed: Option<i64>, destroyed: bool) -> SnapshotTransfer {
    let at = |seconds: Option<i64>| seconds.map(|seconds| Timestamp::from_second(seconds).unwrap());
    SnapshotTransfer {
        name: name.into(),
        started: at(started),
        completed: at(completed),
        progress: Some(if completed.is_some() { 1.0 } else { 0.5 }),
        destroyed: Some(destroyed),
    }
}

#[test]
fn the_newest_complete_transfer_is_the_one_that_began_last() {
    let transfers = [
        transfer("a:pg.1", Some(10), Some(50), false),
        transfer("a:pg.2", Some(20), Some(30), false),
        transfer("a:pg.3", Some(30), None, false),
        transfer("a:pg.4", Some(40), Some(45), true),
    ];
    assert_eq!(newest_complete(&transfers).unwrap().name, "a:pg.2");
    assert_eq!(newest_complete(&transfers[2..]), None, "on its way, and destroyed");
    assert_eq!(newest_complete(&[]), None);
}

#[test]
fn a_transfer_is_under_way_between_its_start_and_its_end() {
    let transfers = [
        transfer("a:pg.1", Some(10), Some(50), false),
        transfer("a:pg.2", Some(20), None, false),
        transfer("a:pg.3", None, None, false),
        transfer("a:pg.4", Some(30), None, false),
    ];
    assert_eq!(in_transfer(&transfers), 2);
    assert_eq!(in_transfer(&[]), 0);
}
