//! Nova: servers, flavors, key pairs.

use crate::model::ServerId;
use crate::openstack::call::Call;
use crate::openstack::service::Service;
use crate::ports::{SERVER_OP_KEY, ServerSpec};
use serde_json::{Value, json};

const NOVA: Service = Service::Compute;

/// All servers of the project.
pub(in crate::openstack) fn servers() -> Call {
    Call::get(NOVA, &["servers", "detail"])
}

/// The servers that are being built, with little more than their ids.
pub(in crate::openstack) fn unbuilt() -> Call {
    Call::get(NOVA, &["servers"]).with("status", "BUILD")
}

/// One server.
pub(in crate::openstack) fn server(id: &ServerId) -> Call {
    Call::get(NOVA, &["servers", id.as_str()])
}

/// The flavors.
pub(in crate::openstack) fn flavors() -> Call {
    Call::get(NOVA, &["flavors", "detail"])
}

/// The key pairs of the user.
pub(in crate::openstack) fn key_pairs() -> Call {
    Call::get(NOVA, &["os-keypairs"])
}

/// Limits of the project, and what is used of them.
pub(in crate::openstack) fn limits() -> Call {
    Call::get(NOVA, &["limits"])
}

/// Stops a server, its guest first.
pub(in crate::openstack) fn stop(id: &ServerId) -> Call {
    action(id, json!({"os-stop": null}))
}

/// Starts a server.
pub(in crate::openstack) fn start(id: &ServerId) -> Call {
    action(id, json!({"os-start": null}))
}

/// The newest thing that was to be done with a server.
pub(in crate::openstack) fn newest_action(id: &ServerId) -> Call {
    Call::get(NOVA, &["servers", id.as_str(), "os-instance-actions"]).with("limit", "1")
}

/// What came of it.
pub(in crate::openstack) fn action_of(id: &ServerId, request_id: &str) -> Call {
    Call::get(NOVA, &["servers", id.as_str(), "os-instance-actions", request_id])
}

fn action(id: &ServerId, body: Value) -> Call {
    Call::post(NOVA, &["servers", id.as_str(), "action"], body)
}

/// Deletes a server. What goes with it is decided before this is sent.
pub(in crate::openstack) fn delete(id: &ServerId) -> Call {
    Call::delete(NOVA, &["servers", id.as_str()])
}

/// A server that boots from the first of its volumes. No volume goes with it.
pub(in crate::openstack) fn create(spec: &ServerSpec, flavor: &str, key_name: Option<&str>) -> Call {
    let disk = |(at, (device, volume)): (usize, &(String, crate::model::VolumeId))| {
        json!({
            "uuid": volume,
            "source_type": "volume",
            "destination_type": "volume",
            "boot_index": if at == 0 { 0 } else { -1 },
            "device_name": format!("/dev/{device}"),
            "delete_on_termination": false,
        })
    };
    let disks: Vec<Value> = spec.volumes.iter().enumerate().map(disk).collect();
    let ports: Vec<Value> = spec.ports.iter().map(|port| json!({"port": port})).collect();
    // without ports, Nova would make some on any network it finds
    let networks = if ports.is_empty() { json!("none") } else { Value::from(ports) };
    let mut metadata = spec.metadata.clone();
    metadata.insert(SERVER_OP_KEY.to_owned(), spec.op_key.as_str().to_owned());
    let mut server = json!({
        "name": spec.name,
        "flavorRef": flavor,
        "networks": networks,
        "block_device_mapping_v2": disks,
        "metadata": metadata,
    });
    if let (Some(key_name), Some(server)) = (key_name, server.as_object_mut()) {
        server.insert("key_name".to_owned(), key_name.into());
    }
    Call::post(NOVA, &["servers"], json!({"server": server}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openstack::call::{Safety, shown};

    fn spec(ports: &[&str]) -> ServerSpec {
        ServerSpec {
            op_key: "op-1/boot".into(),
            name: "web".into(),
            flavor: "m1.small".into(),
            ports: ports.iter().map(|port| (*port).into()).collect(),
            volumes: vec![("vda".into(), "v1".into()), ("vdb".into(), "v2".into())],
            key_name: Some("key".into()),
            metadata: [("tier".into(), "1".into()), (SERVER_OP_KEY.into(), "older".into())].into(),
        }
    }

    #[test]
    fn a_server_boots_from_its_first_volume_and_takes_none_along() {
        let call = create(&spec(&["p1", "p2"]), "f1", Some("key"));
        assert_eq!(
            call.body.as_ref().unwrap()["server"],
            json!({
                "name": "web", "flavorRef": "f1", "key_name": "key",
                "networks": [{"port": "p1"}, {"port": "p2"}],
                "metadata": {"tier": "1", SERVER_OP_KEY: "op-1/boot"},
                "block_device_mapping_v2": [
                    {"uuid": "v1", "source_type": "volume", "destination_type": "volume", "boot_index": 0,
                     "device_name": "/dev/vda", "delete_on_termination": false},
                    {"uuid": "v2", "source_type": "volume", "destination_type": "volume", "boot_index": -1,
                     "device_name": "/dev/vdb", "delete_on_termination": false}],
            })
        );
        assert_eq!(call.safety, Safety::Once);
        let bare = create(&spec(&[]), "f1", None);
        let server = &bare.body.as_ref().unwrap()["server"];
        assert!(server["networks"] == "none" && server.get("key_name").is_none());
    }

    #[test]
    fn servers_are_stopped_started_and_deleted_by_id() {
        let id = "s1".into();
        assert_eq!(shown(&stop(&id)), r#"Nova POST servers/s1/action {"os-stop":null}"#);
        assert_eq!(shown(&start(&id)), r#"Nova POST servers/s1/action {"os-start":null}"#);
        assert_eq!(shown(&delete(&id)), "Nova DELETE servers/s1");
        assert_eq!(shown(&newest_action(&id)), "Nova GET servers/s1/os-instance-actions?limit=1");
        assert_eq!(shown(&action_of(&id, "req-1")), "Nova GET servers/s1/os-instance-actions/req-1");
    }
}
