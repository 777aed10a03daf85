//! What may be a moment old, and what may not.

use super::server::{Play, ok};
use super::servers::{ADDRESSES, server, shown, spec};
use super::{cloud, cx, is_in_progress, types};
use crate::model::OpKey;
use crate::ports::{Cloud, ServerSpec};
use serde_json::json;

const PORTS: &str = "GET /neutron/v2.0/ports";
const VOLUMES: &str = "GET /cinder/v3/p1/volumes/detail";

/// The server as Nova shows it, with these addresses.
fn with_addresses(addresses: &str) -> Play {
    let body = json!({"server": shown("s1", "ACTIVE", &json!({}))}).to_string();
    Play::Answer(200, body.replace(r#""addresses":{}"#, &format!(r#""addresses":{addresses}"#)))
}

#[tokio::test]
async fn lists_of_a_moment_ago_show_a_server_only_if_they_have_all_that_nova_names() {
    let server = server().await;
    let one_more = ADDRESSES.replacen(
        r#""z-first": ["#,
        r#""z-first": [{"version": 4, "addr": "10.2.0.6", "OS-EXT-IPS:type": "fixed",
            "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:09"}, "#,
        1,
    );
    let two_addresses = one_more.replace("00:00:09", "00:00:02");
    assert!(one_more != ADDRESSES && two_addresses != one_more);
    let (same, more) = (with_addresses(ADDRESSES), with_addresses(&one_more));
    server.on("GET /nova/v2.1/servers/s1", vec![same.clone(), same, with_addresses(&two_addresses), more]);
    let cloud = cloud(&server);
    for (lists, why) in [
        (1, "read"),
        (1, "they have all"),
        (1, "an interface with two addresses is one"),
        (2, "they lack an interface"),
    ] {
        assert_eq!(cloud.server(&"s1".into()).await.unwrap().unwrap().nics.len(), 2);
        assert_eq!((server.lines(PORTS).len(), server.lines(VOLUMES).len()), (lists, lists), "{why}");
    }
}

/// All servers, with what is around them.
fn all_with_addresses(status: &str) -> Play {
    let body = json!({"servers": [shown("s1", status, &json!({}))]}).to_string();
    Play::Answer(200, body.replace(r#""addresses":{}"#, &format!(r#""addresses":{ADDRESSES}"#)))
}

#[tokio::test]
async fn a_plan_and_its_acceptance_share_what_is_around_servers_unless_something_was_changed() {
    let server = server().await;
    server
        .on("GET /nova/v2.1/servers/detail", vec![all_with_addresses("ACTIVE")])
        .on("POST /nova/v2.1/servers/s1/action", vec![Play::Answer(202, String::new())]);
    let cloud = cloud(&server);
    for _ in 0..2 {
        assert_eq!(cloud.servers().await.unwrap().len(), 1);
    }
    assert_eq!((server.lines(PORTS).len(), server.lines(VOLUMES).len()), (1, 1));
    cloud.stop_server(&cx("s"), &"s1".into()).await.unwrap();
    for read in [2, 3] {
        assert_eq!(cloud.servers().await.unwrap().len(), 1);
        assert_eq!((server.lines(PORTS).len(), server.lines(VOLUMES).len()), (read, read));
    }
}

/// Whoever was told that a server runs may ask at once what it looks like; then Nova is asked again, and after a change at
/// any rate.
#[tokio::test]
async fn what_was_seen_at_the_end_of_a_boot_is_told_once() {
    let server = server().await;
    let one = "GET /nova/v2.1/servers/s1";
    server
        .on("GET /nova/v2.1/servers/detail", vec![all_with_addresses("ACTIVE")])
        .on("POST /nova/v2.1/servers/s1/action", vec![Play::Answer(202, String::new())])
        .on(one, vec![with_addresses(ADDRESSES)]);
    let (cloud, wanted) = (cloud(&server), ServerSpec { op_key: OpKey::new("key-s1"), ..spec() });
    let asked = || server.seen().into_iter().filter(|seen| seen.line == one).count();
    for (changes, expected) in [(false, [0, 1]), (true, [2, 3])] {
        assert!(!is_in_progress(&cloud.ensure_server(&cx("s"), &wanted).await.unwrap()));
        if changes {
            cloud.stop_server(&cx("s"), &"s1".into()).await.unwrap();
        }
        for count in expected {
            assert_eq!(cloud.server(&"s1".into()).await.unwrap().map(|found| found.nics.len()), Some(2));
            assert_eq!(asked(), count);
        }
    }
}

#[tokio::test]
async fn what_plans_choose_from_is_read_once_for_a_plan_and_its_acceptance() {
    let server = server().await;
    server.on("GET /cinder/v3/p1/types", vec![ok(&types())]);
    let cloud = cloud(&server);
    let first = cloud.volume_types().await.unwrap();
    assert_eq!(cloud.volume_types().await.unwrap(), first);
    assert_eq!(server.lines("GET /cinder/v3/p1/types").len(), 1);
}
