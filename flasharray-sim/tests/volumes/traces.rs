//! The requests of real clients, in their order, as far as they are of volumes.

use crate::lab::Lab;
use reqwest::Method;
use serde_json::{Value, json};

/// Sends each line; a line that ends in `-> 400` must be refused.
async fn replay(lab: &Lab, trace: &[(&str, &str, Value)]) {
    for (method, path, body) in trace {
        let (path, expected) = match path.split_once(" -> ") {
            Some((path, status)) => (path, status.parse().unwrap()),
            None => (*path, 200),
        };
        let (status, reply) = lab.ask(Method::from_bytes(method.as_bytes()).unwrap(), path, body.clone()).await;
        assert_eq!(status, expected, "{method} {path}: {reply}");
    }
}

fn gib(n: u64) -> Value {
    json!({"provisioned": n << 30})
}

#[tokio::test]
async fn cinder_makes_attaches_and_deletes_a_volume() {
    let lab = Lab::new().await;
    let tag = |key: &str| json!({"copyable": false, "key": key, "namespace": "openstack-integration.purestorage.com", "value": "x"});
    let v = "volume-1-cinder";
    replay(
        &lab,
        &[
            ("POST", "volumes?names=volume-1-cinder&with_default_protection=false", gib(1)),
            (
                "PUT",
                "volumes/tags/batch?resource_names=volume-1-cinder",
                json!([tag("ProjectId"), tag("VolType"), tag("DataStoreType")]),
            ),
            ("PUT", "volumes/tags/batch?resource_names=volume-1-cinder", json!([tag("DataStoreType")])),
            ("GET", "hosts?filter=iqns%3D'iqn.1993-08.org.debian%3A01%3Aabc'%20and%20is_local", Value::Null),
            ("POST", "hosts?names=host-1-cinder", json!({"iqns": ["iqn.1993-08.org.debian:01:abc"]})),
            ("POST", "connections?host_names=host-1-cinder&volume_names=volume-1-cinder", json!({})),
            ("GET", "ports", Value::Null),
            ("GET", "network-interfaces", Value::Null),
            ("GET", "controllers?filter=status%3D'ready'", Value::Null),
            ("GET", "hosts", Value::Null),
            ("GET", "volumes", Value::Null),
            ("GET", "volume-snapshots", Value::Null),
            ("GET", "connections?volume_names=volume-1-cinder", Value::Null),
            ("DELETE", "connections?host_names=host-1-cinder&volume_names=volume-1-cinder", Value::Null),
            ("GET", "connections?volume_names=volume-1-cinder", Value::Null),
            ("DELETE", "hosts?names=host-1-cinder", Value::Null),
            ("PATCH", "volumes?names=volume-1-cinder", json!({"destroyed": true})),
        ],
    )
    .await;
    assert_eq!(lab.get(&format!("volumes/tags?resource_names={v}")).await.len(), 3);
}

#[tokio::test]
async fn cinder_manages_and_unmanages_a_volume() {
    let mut lab = Lab::new().await;
    lab.a.version = "2.26";
    lab.post("volumes?names=dr-man4", gib(1)).await;
    let tags = json!([{"copyable": false, "key": "ProjectId", "namespace": "openstack-integration.purestorage.com", "value": "proj"}]);
    replay(
        &lab,
        &[
            ("GET", "volumes?names=dr-man4", Value::Null),
            ("PATCH", "volumes?names=dr-man4", json!({"name": "volume-2-cinder"})),
            ("PUT", "volumes/tags/batch?resource_names=volume-2-cinder", tags),
            ("GET", "volumes?names=nope -> 400", Value::Null),
            ("GET", "connections", Value::Null),
            (
                "DELETE",
                "volumes/tags?namespaces=openstack-integration.purestorage.com&resource_names=volume-2-cinder",
                Value::Null,
            ),
            ("PATCH", "volumes?names=volume-2-cinder", json!({"name": "volume-2-cinder-unmanaged"})),
        ],
    )
    .await;
    assert_eq!(lab.names("volumes").await, ["volume-2-cinder-unmanaged"]);
    let missing = json!({"errors": [{"context": "nope", "message": "Volume does not exist."}]});
    assert_eq!(lab.a.get("volumes?names=nope").await, (400, missing));
    assert!(lab.get("volumes").await[0]["space"].get("footprint").is_none(), "younger than 2.26");
}

#[tokio::test]
async fn ansible_makes_and_removes_a_volume() {
    let lab = Lab::new().await;
    replay(
        &lab,
        &[
            ("GET", "hardware", Value::Null),
            ("GET", "volumes?destroyed=false&names=anv1 -> 400", Value::Null),
            ("GET", "volumes?names=anv1 -> 400", Value::Null),
            ("GET", "volumes?destroyed=true&names=anv1 -> 400", Value::Null),
            ("GET", "volumes?names=None -> 400", Value::Null),
            (
                "POST",
                "volumes?names=anv1&with_default_protection=true",
                json!({"provisioned": 1 << 30, "subtype": "regular"}),
            ),
            ("GET", "volumes?destroyed=false&names=anv1", Value::Null),
            ("GET", "volumes?names=anv1", Value::Null),
            ("GET", "volumes?names=None -> 400", Value::Null),
            ("GET", "offloads", Value::Null),
            ("PATCH", "volumes?names=anv1", json!({"destroyed": true})),
            ("GET", "volumes?names=anv1", Value::Null),
        ],
    )
    .await;
}

#[tokio::test]
async fn proxmox_snapshots_clones_connects_and_buries_volumes() {
    let mut lab = Lab::new().await;
    lab.a.version = "2.26";
    let source = json!({"source": {"name": "pve-x-100-disk0.pve-snap-1"}});
    replay(
        &lab,
        &[
            ("POST", "volumes?names=pve-x-100-disk0", gib(1)),
            ("GET", "volumes?names=pve-x-100-disk0", Value::Null),
            ("GET", "volumes?names=nope -> 400", Value::Null),
            ("POST", "volume-snapshots?source_names=pve-x-100-disk0", json!({"suffix": "pve-snap-1"})),
            ("POST", "volumes?names=pve-x-101-disk0", source.clone()),
            ("POST", "volumes?names=pve-x-101-disk0&overwrite=true", source),
            ("GET", "volumes?destroyed=false&filter=name%3D'pve-x-%2A'", Value::Null),
            ("POST", "hosts?names=h1", json!({"iqns": ["iqn.x"]})),
            ("POST", "connections?host_names=h1&volume_names=pve-x-100-disk0", json!({})),
            ("GET", "connections?volume_names=pve-x-100-disk0", Value::Null),
            ("DELETE", "connections?host_names=h1&volume_names=pve-x-100-disk0", Value::Null),
            ("PATCH", "volumes?names=pve-x-101-disk0", json!({"name": "pve-x-101-disk0-pve-tomb-1700000000-1"})),
            ("PATCH", "volumes?names=pve-x-101-disk0-pve-tomb-1700000000-1", json!({"destroyed": true})),
        ],
    )
    .await;
    assert_eq!(lab.names("volumes?destroyed=false").await, ["pve-x-100-disk0"]);
}
