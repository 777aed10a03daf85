//! [`Cloud`] over one site of a world: availability and deadline here, the work in `clouds`.

#[cfg(any(test, feature = "conformance"))]
mod blank;

use super::clouds::{self, Site, flavors, groups, networks, ports, quota, retype, servers, types, volumes};
use super::{World, tx::Tx};
use crate::Result;
use crate::model::{CinderGroupId, PortId, ServerId, SiteName, VolumeId, VolumeType};
use crate::ports::{
    CinderGroup, CinderGroupSpec, Cloud, CloudInfo, CloudVolume, Cx, Flavor, ImportRequest, Network, Outcome, Port,
    PortSpec, Quota, Server, ServerSpec,
};
use async_trait::async_trait;
use std::{collections::BTreeSet, fmt};

/// The cloud of one site of a simulated world.
#[derive(Debug, Clone)]
pub struct MockCloud {
    world: World,
    site: SiteName,
}

impl fmt::Display for MockCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MockCloud({})", self.site)
    }
}

impl MockCloud {
    /// The cloud of the site of this name.
    ///
    /// # Errors
    /// no such site → `NotFound` → seed the world first.
    pub fn new(world: World, site: &SiteName) -> Result<Self> {
        world.read(|tx| clouds::site(tx, site))?;
        Ok(Self { world, site: site.clone() })
    }

    fn look<T>(&self, observe: impl FnOnce(&Tx<'_>, &Site) -> Result<T>) -> Result<T> {
        self.world.read(|tx| observe(tx, &clouds::answering(tx, &self.site)?))
    }

    fn change<T>(&self, cx: &Cx, change: impl FnOnce(&Tx<'_>, &Site) -> Result<T>) -> Result<T> {
        self.world.mutate(|tx| {
            cx.check(tx.now())?;
            change(tx, &clouds::answering(tx, &self.site)?)
        })
    }
}

#[async_trait]
impl Cloud for MockCloud {
    async fn ping(&self) -> Result<CloudInfo> {
        self.look(|tx, site| Ok(CloudInfo { name: site.name.clone(), endpoint_time: tx.now() }))
    }

    async fn volume_types(&self) -> Result<Vec<VolumeType>> {
        self.look(types::list)
    }

    async fn consistency_group(&self, id: &CinderGroupId) -> Result<Option<CinderGroup>> {
        self.look(|tx, site| groups::find(tx, site, id))
    }

    async fn ensure_consistency_group(&self, cx: &Cx, spec: &CinderGroupSpec) -> Result<Outcome<CinderGroup>> {
        self.change(cx, |tx, site| groups::ensure(tx, site, spec))
    }

    async fn ensure_group_members(
        &self,
        cx: &Cx,
        group: &CinderGroupId,
        volumes: &BTreeSet<VolumeId>,
    ) -> Result<Outcome<CinderGroup>> {
        self.change(cx, |tx, site| groups::ensure_members(tx, site, group, volumes))
    }

    async fn delete_consistency_group(&self, cx: &Cx, group: &CinderGroupId) -> Result<Outcome<()>> {
        self.change(cx, |tx, site| groups::delete(tx, site, group))
    }

    async fn servers(&self) -> Result<Vec<Server>> {
        self.look(servers::list)
    }

    async fn server(&self, id: &ServerId) -> Result<Option<Server>> {
        self.look(|tx, site| servers::find(tx, site, id))
    }

    async fn volume(&self, id: &VolumeId) -> Result<Option<CloudVolume>> {
        self.look(|tx, site| volumes::find(tx, site, id))
    }

    async fn networks(&self) -> Result<Vec<Network>> {
        self.look(networks::list)
    }

    async fn flavors(&self) -> Result<Vec<Flavor>> {
        self.look(flavors::list)
    }

    async fn security_groups(&self) -> Result<Vec<String>> {
        self.look(ports::security_groups)
    }

    async fn quota(&self) -> Result<Quota> {
        self.look(quota::left)
    }

    async fn stop_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.change(cx, |tx, site| servers::set_running(tx, site, id, false))
    }

    async fn start_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.change(cx, |tx, site| servers::set_running(tx, site, id, true))
    }

    async fn import_volume(&self, cx: &Cx, request: &ImportRequest) -> Result<Outcome<CloudVolume>> {
        self.change(cx, |tx, site| volumes::import(tx, site, request))
    }

    async fn retype_volume(&self, cx: &Cx, id: &VolumeId, volume_type: &str) -> Result<Outcome<CloudVolume>> {
        self.change(cx, |tx, site| retype::retype(tx, site, id, volume_type))
    }

    async fn release_volume(&self, cx: &Cx, id: &VolumeId) -> Result<Outcome<()>> {
        self.change(cx, |tx, site| volumes::release(tx, site, id))
    }

    async fn ensure_port(&self, cx: &Cx, spec: &PortSpec) -> Result<Outcome<Port>> {
        self.change(cx, |tx, site| ports::ensure(tx, site, spec))
    }

    async fn delete_port(&self, cx: &Cx, id: &PortId) -> Result<Outcome<()>> {
        self.change(cx, |tx, site| ports::delete(tx, site, id))
    }

    async fn ensure_server(&self, cx: &Cx, spec: &ServerSpec) -> Result<Outcome<Server>> {
        self.change(cx, |tx, site| servers::ensure(tx, site, spec))
    }

    async fn delete_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.change(cx, |tx, site| servers::delete(tx, site, id))
    }
}
