//! A cloud behind calls by name.

use super::{Foreign, link::Link, wire::CloudDescription};
use crate::Result;
use crate::model::{CinderGroupId, PortId, ServerId, VolumeId, VolumeType};
use crate::ports::{
    CinderGroup, CinderGroupSpec, Clock, Cloud, CloudInfo, CloudVolume, Cx, Flavor, ImportRequest, Network, Outcome,
    Port, PortSpec, Quota, Server, ServerSpec,
};
use async_trait::async_trait;
use serde_json::json;
use std::{collections::BTreeSet, fmt, sync::Arc};

/// A [`Cloud`] in another language.
#[derive(Debug)]
pub struct ForeignCloud {
    link: Link,
    description: CloudDescription,
}

impl ForeignCloud {
    /// Asks the driver what it is; nothing is sent to the cloud. Deadlines are on `clock`.
    ///
    /// # Errors
    /// what it says; an answer that cannot be read → `Internal` → the driver is defective.
    pub async fn open(foreign: Arc<dyn Foreign>, clock: Arc<dyn Clock>) -> Result<Self> {
        let (link, description) = Link::open(foreign, clock).await?;
        Ok(Self { link, description })
    }

    /// Name of the driver class, for logs.
    pub fn driver_name(&self) -> &str {
        &self.description.driver_name
    }
}

impl fmt::Display for ForeignCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.link.fmt(f)
    }
}

// a method with a default body would else pass by the cloud behind it
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Cloud for ForeignCloud {
    async fn ping(&self) -> Result<CloudInfo> {
        self.link.read("ping", &json!({})).await
    }

    async fn volume_types(&self) -> Result<Vec<VolumeType>> {
        self.link.read("volume_types", &json!({})).await
    }

    async fn consistency_group(&self, id: &CinderGroupId) -> Result<Option<CinderGroup>> {
        self.link.read("consistency_group", &json!({ "group": id })).await
    }

    async fn ensure_consistency_group(&self, cx: &Cx, spec: &CinderGroupSpec) -> Result<Outcome<CinderGroup>> {
        self.link.change("ensure_consistency_group", cx, &json!({ "group": spec })).await
    }

    async fn ensure_group_members(
        &self,
        cx: &Cx,
        group: &CinderGroupId,
        volumes: &BTreeSet<VolumeId>,
    ) -> Result<Outcome<CinderGroup>> {
        self.link.change("ensure_group_members", cx, &json!({ "group": group, "volumes": volumes })).await
    }

    async fn delete_consistency_group(&self, cx: &Cx, group: &CinderGroupId) -> Result<Outcome<()>> {
        self.link.change("delete_consistency_group", cx, &json!({ "group": group })).await
    }

    async fn servers(&self) -> Result<Vec<Server>> {
        self.link.read("servers", &json!({})).await
    }

    async fn server(&self, id: &ServerId) -> Result<Option<Server>> {
        self.link.read("server", &json!({ "server": id })).await
    }

    async fn volume(&self, id: &VolumeId) -> Result<Option<CloudVolume>> {
        self.link.read("volume", &json!({ "volume": id })).await
    }

    async fn networks(&self) -> Result<Vec<Network>> {
        self.link.read("networks", &json!({})).await
    }

    async fn flavors(&self) -> Result<Vec<Flavor>> {
        self.link.read("flavors", &json!({})).await
    }

    async fn security_groups(&self) -> Result<Vec<String>> {
        self.link.read("security_groups", &json!({})).await
    }

    async fn quota(&self) -> Result<Quota> {
        self.link.read("quota", &json!({})).await
    }

    async fn stop_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.link.change("stop_server", cx, &json!({ "server": id })).await
    }

    async fn start_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.link.change("start_server", cx, &json!({ "server": id })).await
    }

    async fn import_volume(&self, cx: &Cx, request: &ImportRequest) -> Result<Outcome<CloudVolume>> {
        self.link.change("import_volume", cx, &json!({ "request": request })).await
    }

    async fn retype_volume(&self, cx: &Cx, id: &VolumeId, volume_type: &str) -> Result<Outcome<CloudVolume>> {
        self.link.change("retype_volume", cx, &json!({ "volume": id, "volume_type": volume_type })).await
    }

    async fn release_volume(&self, cx: &Cx, id: &VolumeId) -> Result<Outcome<()>> {
        self.link.change("release_volume", cx, &json!({ "volume": id })).await
    }

    async fn ensure_port(&self, cx: &Cx, spec: &PortSpec) -> Result<Outcome<Port>> {
        self.link.change("ensure_port", cx, &json!({ "port": spec })).await
    }

    async fn delete_port(&self, cx: &Cx, id: &PortId) -> Result<Outcome<()>> {
        self.link.change("delete_port", cx, &json!({ "port": id })).await
    }

    async fn ensure_server(&self, cx: &Cx, spec: &ServerSpec) -> Result<Outcome<Server>> {
        self.link.change("ensure_server", cx, &json!({ "server": spec })).await
    }

    async fn delete_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.link.change("delete_server", cx, &json!({ "server": id })).await
    }
}
