//! What may be a moment old, and what may not.

use super::server::{Play, ok};
use super::servers::{ADDRESSES, server, shown};
use super::{cloud, types};
use crate::ports::Cloud;
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
    assert_ne!(one_more, ADDRESSES);
    let (same, more) = (with_addresses(ADDRESSES), with_addresses(&one_more));
    server.on("GET /nova/v2.1/servers/s1", vec![same.clone(), same, more]);
    let cloud = cloud(&server);
    for (lists, why) in [(1, "read"), (1, "they have all"), (2, "they lack an interface")] {
        assert_eq!(cloud.server(&"s1".into()).await.unwrap().unwrap().nics.len(), 2);
        assert_eq!((server.lines(PORTS).len(), server.lines(VOLUMES).len()), (lists, lists), "{why}");
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
