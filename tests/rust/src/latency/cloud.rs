//! A cloud behind calls that take time, whose servers take longer.

use super::Latencies;
use async_trait::async_trait;
use protector_core::Result;
use protector_core::model::{CinderGroupId, PortId, ServerId, VolumeId, VolumeType};
use protector_core::ports::*;
use std::{collections::BTreeSet, fmt, sync::Arc};

#[derive(Debug)]
pub(super) struct SlowCloud {
    pub(super) inner: Arc<dyn Cloud>,
    pub(super) latencies: Arc<Latencies>,
}

impl SlowCloud {
    async fn after<T>(&self, make: impl Future<Output = Result<T>>) -> Result<T> {
        self.latencies.call().await;
        make.await
    }
}

impl fmt::Display for SlowCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl Cloud for SlowCloud {
    async fn stop_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.latencies.server_call(&cx.op_key, self.inner.stop_server(cx, id)).await
    }

    async fn start_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.latencies.server_call(&cx.op_key, self.inner.start_server(cx, id)).await
    }

    async fn ensure_server(&self, cx: &Cx, spec: &ServerSpec) -> Result<Outcome<Server>> {
        self.latencies.server_call(&cx.op_key, self.inner.ensure_server(cx, spec)).await
    }

    async fn ping(&self) -> Result<CloudInfo> {
        self.after(self.inner.ping()).await
    }

    async fn volume_types(&self) -> Result<Vec<VolumeType>> {
        self.after(self.inner.volume_types()).await
    }

    async fn consistency_group(&self, id: &CinderGroupId) -> Result<Option<CinderGroup>> {
        self.after(self.inner.consistency_group(id)).await
    }

    async fn ensure_consistency_group(&self, cx: &Cx, spec: &CinderGroupSpec) -> Result<Outcome<CinderGroup>> {
        self.after(self.inner.ensure_consistency_group(cx, spec)).await
    }

    async fn ensure_group_members(
        &self,
        cx: &Cx,
        group: &CinderGroupId,
        volumes: &BTreeSet<VolumeId>,
    ) -> Result<Outcome<CinderGroup>> {
        self.after(self.inner.ensure_group_members(cx, group, volumes)).await
    }

    async fn delete_consistency_group(&self, cx: &Cx, group: &CinderGroupId) -> Result<Outcome<()>> {
        self.after(self.inner.delete_consistency_group(cx, group)).await
    }

    async fn servers(&self) -> Result<Vec<Server>> {
        self.after(self.inner.servers()).await
    }

    async fn server(&self, id: &ServerId) -> Result<Option<Server>> {
        self.after(self.inner.server(id)).await
    }

    async fn volume(&self, id: &VolumeId) -> Result<Option<CloudVolume>> {
        self.after(self.inner.volume(id)).await
    }

    async fn networks(&self) -> Result<Vec<Network>> {
        self.after(self.inner.networks()).await
    }

    async fn flavors(&self) -> Result<Vec<Flavor>> {
        self.after(self.inner.flavors()).await
    }

    async fn security_groups(&self) -> Result<Vec<String>> {
        self.after(self.inner.security_groups()).await
    }

    async fn quota(&self) -> Result<Quota> {
        self.after(self.inner.quota()).await
    }

    async fn import_volume(&self, cx: &Cx, request: &ImportRequest) -> Result<Outcome<CloudVolume>> {
        self.after(self.inner.import_volume(cx, request)).await
    }

    async fn retype_volume(&self, cx: &Cx, id: &VolumeId, volume_type: &str) -> Result<Outcome<CloudVolume>> {
        self.after(self.inner.retype_volume(cx, id, volume_type)).await
    }

    async fn release_volume(&self, cx: &Cx, id: &VolumeId) -> Result<Outcome<()>> {
        self.after(self.inner.release_volume(cx, id)).await
    }

    async fn ensure_port(&self, cx: &Cx, spec: &PortSpec) -> Result<Outcome<Port>> {
        self.after(self.inner.ensure_port(cx, spec)).await
    }

    async fn delete_port(&self, cx: &Cx, id: &PortId) -> Result<Outcome<()>> {
        self.after(self.inner.delete_port(cx, id)).await
    }

    async fn delete_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.after(self.inner.delete_server(cx, id)).await
    }
}
