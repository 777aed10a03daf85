//! Networks and ports.

use super::server::{Play, Server, answer, ok};
use super::{cloud, cx};
use crate::ErrorKind;
use crate::ports::{Cloud, Outcome, PortSpec};
use serde_json::{Value, json};

const PORTS: &str = "GET /neutron/v2.0/ports";
const CREATE: &str = "POST /neutron/v2.0/ports";

pub(super) fn networks() -> Value {
    json!({"networks": [
        {"id": "n1", "name": "net-web", "project_id": "p1", "shared": false, "router:external": false},
        {"id": "n2", "name": "net-shared", "project_id": "p9", "shared": true},
        {"id": "n3", "name": "net-web", "project_id": "p9", "shared": false},
        {"id": "n4", "name": "twice", "project_id": "p1"},
        {"id": "n5", "name": "twice", "project_id": "p1"}]})
}

fn spec(fixed_ips: &[&str]) -> PortSpec {
    PortSpec {
        name: "port-1".to_owned(),
        reuse: None,
        network: "net-web".to_owned(),
        fixed_ips: fixed_ips.iter().map(|address| (*address).to_owned()).collect(),
        security_groups: vec!["web".to_owned(), "no-such-group".to_owned()],
    }
}

fn made(address: &str) -> Play {
    let port = json!({"id": "new", "name": "port-1", "network_id": "n1", "device_id": "", "fixed_ips": [{"subnet_id": "s1", "ip_address": address}]});
    Play::Answer(201, json!({ "port": port }).to_string())
}

async fn server() -> Server {
    let server = Server::start().await;
    let subnets = json!({"subnets": [
        {"id": "s1", "network_id": "n1", "cidr": "10.2.0.0/24", "gateway_ip": "10.2.0.1"},
        {"id": "s2", "network_id": "n2", "cidr": "10.9.0.0/24", "gateway_ip": null}]});
    let ports = json!({"ports": [
        {"id": "old", "name": "old", "network_id": "n1", "device_id": "", "fixed_ips": [{"ip_address": "10.2.0.9"}]}]});
    server
        .on("GET /neutron/v2.0/networks", vec![ok(&networks())])
        .on("GET /neutron/v2.0/subnets", vec![ok(&subnets)])
        .on(
            "GET /neutron/v2.0/security-groups",
            vec![ok(&json!({"security_groups": [{"id": "g2", "name": "web"}, {"id": "g1", "name": "default"}]}))],
        )
        .on(PORTS, vec![ok(&ports)])
        .on(CREATE, vec![made("10.2.0.77")]);
    server
}

#[tokio::test]
async fn the_projects_networks_are_listed_with_their_ranges() {
    let server = server().await;
    let networks = cloud(&server).networks().await.unwrap();
    let shown: Vec<_> = networks.iter().map(|n| (n.id.as_str(), n.name.as_str(), n.cidrs.join(","))).collect();
    assert_eq!(
        shown,
        [
            ("n2", "net-shared", "10.9.0.0/24".to_owned()),
            ("n1", "net-web", "10.2.0.0/24".to_owned()),
            ("n4", "twice", String::new()),
            ("n5", "twice", String::new()),
        ],
        "what an administrator is shown of other projects is left out"
    );
    assert_eq!(cloud(&server).security_groups().await.unwrap(), ["default", "web"]);
    assert_eq!(
        server.lines("GET /neutron/v2.0/security-groups"),
        ["GET /neutron/v2.0/security-groups?project_id=p1&limit=2"]
    );
}

#[tokio::test]
async fn a_port_gets_what_the_network_has_of_what_was_wanted() {
    let server = server().await;
    let outcome = cloud(&server).ensure_port(&cx("p"), &spec(&["10.2.0.77", "192.168.0.5"])).await.unwrap();
    let Outcome::Done(port) = outcome else { unreachable!("{outcome:?}") };
    assert_eq!(
        (port.id.as_str(), port.network.as_str(), port.fixed_ips.join(",")),
        ("new", "net-web", "10.2.0.77".to_owned())
    );
    let sent = server.seen().into_iter().find(|seen| seen.line == CREATE).unwrap();
    let sent: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(
        sent["port"],
        json!({"name": "port-1", "network_id": "n1", "security_groups": ["g2"],
            "fixed_ips": [{"subnet_id": "s1", "ip_address": "10.2.0.77"}]})
    );
}

#[tokio::test]
async fn a_port_is_made_once_and_a_free_one_taken_as_it_is() {
    let server = server().await;
    let cloud = cloud(&server);
    let reuse = PortSpec { reuse: Some("old".into()), ..spec(&[]) };
    let taken = cloud.ensure_port(&cx("p"), &reuse).await.unwrap();
    assert!(matches!(taken, Outcome::AlreadyDone(port) if port.id.as_str() == "old"));
    let named = PortSpec { name: "old".to_owned(), ..spec(&[]) };
    let found = cloud.ensure_port(&cx("p"), &named).await.unwrap();
    assert!(matches!(found, Outcome::AlreadyDone(port) if port.fixed_ips == ["10.2.0.9"]));
    assert!(server.lines(CREATE).is_empty());
}

#[tokio::test]
async fn what_is_taken_missing_or_not_one_is_refused() {
    let server = server().await;
    let cloud = cloud(&server);
    let network = |name: &str| PortSpec { network: name.to_owned(), ..spec(&[]) };
    for (spec, kind, words) in [
        (spec(&["10.2.0.9"]), ErrorKind::Conflict, "10.2.0.9"),
        (network("no-such-network"), ErrorKind::NotFound, "no-such-network"),
        (network("twice"), ErrorKind::Conflict, "n4, n5"),
        (spec(&["ten"]), ErrorKind::InvalidRequest, "'ten'"),
    ] {
        let error = cloud.ensure_port(&cx("p"), &spec).await.unwrap_err();
        assert_eq!((error.kind(), error.message().contains(words)), (kind, true), "{error}");
    }
    assert!(server.lines(CREATE).is_empty());
    let taken = r#"{"NeutronError": {"type": "IpAddressAlreadyAllocated", "message": "IP address 10.2.0.78 already allocated in subnet s1", "detail": ""}}"#;
    server.on(CREATE, vec![answer(409, taken)]);
    let error = cloud.ensure_port(&cx("p"), &spec(&["10.2.0.78"])).await.unwrap_err();
    assert_eq!((error.kind(), error.message().contains("10.2.0.78")), (ErrorKind::Conflict, true), "{error}");
}

#[tokio::test]
async fn a_port_is_deleted_once() {
    let server = server().await;
    let missing =
        r#"{"NeutronError": {"type": "PortNotFound", "message": "Port old could not be found.", "detail": ""}}"#;
    server.on("DELETE /neutron/v2.0/ports/old", vec![Play::Answer(204, String::new()), answer(404, missing)]);
    let cloud = cloud(&server);
    assert_eq!(cloud.delete_port(&cx("d"), &"old".into()).await.unwrap(), Outcome::Done(()));
    assert_eq!(cloud.delete_port(&cx("d"), &"old".into()).await.unwrap(), Outcome::AlreadyDone(()));
}
