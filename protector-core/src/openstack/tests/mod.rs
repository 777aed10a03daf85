//! The adapter against a cloud in the process: loopback, scripted answers.

mod blanks;
mod groups;
mod imports;
mod moments;
mod ports;
pub(crate) mod server;
mod servers;

use super::{CloudsFile, OpenStackCloud, OpenStackOptions};
use crate::model::{Epoch, OpKey};
use crate::ports::{Cancel, Cx, Outcome, SystemClock};
use serde_json::{Value, json};
use server::Server;
use std::sync::Arc;
use std::time::Duration;

/// The password in `clouds.yaml`.
pub(crate) const PLANTED: &str = "planted-password";

/// Waits little.
pub(crate) fn options() -> OpenStackOptions {
    OpenStackOptions {
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(5),
        pause: Duration::from_millis(1),
        page_limit: 2,
        ..OpenStackOptions::default()
    }
}

/// The entry of a cloud on the loopback.
pub(crate) fn entry(server: &Server) -> super::CloudEntry {
    let auth =
        format!("{{auth_url: 'http://{}/v3', username: admin, password: {PLANTED}, project_name: dr}}", server.address);
    let text = format!("clouds: {{site-b: {{auth: {auth}, region_name: RegionOne}}}}");
    CloudsFile::parse("clouds.yaml".into(), &text, None).unwrap().entry("site-b").unwrap()
}

pub(crate) fn cloud(server: &Server) -> OpenStackCloud {
    OpenStackCloud::new(entry(server), options(), Arc::new(SystemClock)).unwrap()
}

fn cx(key: &str) -> Cx {
    Cx {
        op_key: OpKey::from(key),
        epoch: Epoch(1),
        deadline: jiff::Timestamp::now() + Duration::from_secs(30),
        cancel: Cancel::default(),
    }
}

fn is_in_progress<T>(outcome: &Outcome<T>) -> bool {
    matches!(outcome, Outcome::InProgress { .. })
}

/// A volume as an administrator is shown it.
fn volume(id: &str, status: &str, more: &Value) -> Value {
    let mut volume = json!({
        "id": id, "name": format!("name-{id}"), "description": null, "size": 2, "status": status,
        "volume_type": "ssd", "group_id": null, "bootable": "true", "metadata": {}, "attachments": [],
        "provider_id": null, "os-vol-host-attr:host": "siteb@backend-b#pure@backend-b",
        "os-vol-tenant-attr:tenant_id": "p1", "replication_status": "enabled"
    });
    if let (Some(volume), Some(more)) = (volume.as_object_mut(), more.as_object()) {
        volume.extend(more.clone());
    }
    volume
}

fn types() -> Value {
    json!({"volume_types": [
        {"id": "t1", "name": "ssd", "extra_specs": {"replication_enabled": "<is> True", "replication_type": "<in> async"}},
        {"id": "t2", "name": "plain", "extra_specs": {}}
    ]})
}
