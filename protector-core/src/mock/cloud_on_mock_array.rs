//! [`Cloud`] over a real cloud whose array is simulated: for trying the clouds' side of a recovery without arrays.

use super::World;
use crate::model::{CinderGroupId, PortId, ServerId, SiteName, VolumeId, VolumeType};
use crate::ports::{
    BlankVolume, BlankVolumes, CinderGroup, CinderGroupSpec, Cloud, CloudInfo, CloudVolume, Cx, Flavor, ImportRequest,
    Network, Outcome, Port, PortSpec, Quota, Server, ServerSpec,
};
use crate::rules::naming;
use crate::{Error, Result};
use async_trait::async_trait;
use std::{collections::BTreeSet, fmt, sync::Arc};

/// A real cloud on an array of a simulated world.
///
/// Each volume that the cloud shows has an array volume in the world. What a clone in the world is taken over as is a
/// blank volume of its size. Servers, ports, groups and quota are the cloud's own.
///
/// # Contract
/// Of what was there before, nothing is deleted, unmanaged, retyped or overwritten: only blank volumes are deleted that
/// were made here and still bear the mark. No host is disconnected by a fence in the world.
#[derive(Debug, Clone)]
pub struct CloudOnMockArray {
    cloud: Arc<dyn BlankVolumes>,
    world: World,
    site: SiteName,
}

impl CloudOnMockArray {
    /// `cloud` on the array under `site` of `world`.
    ///
    /// # Errors
    /// no such site → `NotFound`.
    pub fn new(cloud: Arc<dyn BlankVolumes>, world: World, site: &SiteName) -> Result<Self> {
        world.site_is_available(site)?;
        Ok(Self { cloud, world, site: site.clone() })
    }

    /// What is under each of the volumes in the world. A look makes nothing there: what has nothing yet is shown with
    /// the name that it will have.
    fn put_on_array(&self, volumes: Vec<&mut CloudVolume>, makes: bool) -> Result<()> {
        let shown: Vec<_> = volumes.iter().map(|volume| &**volume).collect();
        let found = match makes {
            true => self.world.make_stand_ins(&self.site, &shown)?,
            false => self.world.stand_ins(&self.site, &shown)?,
        };
        for (volume, found) in volumes.into_iter().zip(found) {
            let (id, name) = found.unzip();
            volume.array_volume = Some(name.unwrap_or_else(|| naming::cinder_volume_name(&volume.id)));
            volume.array_volume_id = id;
        }
        Ok(())
    }

    fn shown_server(&self, mut server: Server) -> Result<Server> {
        self.put_on_array(server.volumes.iter_mut().map(|v| &mut v.volume).collect(), true)?;
        Ok(server)
    }

    /// A blank volume, once the clone that it stands for is known as what is under it.
    fn taken_over(&self, made: CloudVolume, request: &ImportRequest) -> Result<CloudVolume> {
        let mut made = CloudVolume { array_volume_id: Some(request.array_volume_id.clone()), ..made };
        self.put_on_array(vec![&mut made], true)?;
        Ok(made)
    }
}

impl fmt::Display for CloudOnMockArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cloud.fmt(f)
    }
}

// a method with a default body would else pass by the cloud inside
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Cloud for CloudOnMockArray {
    async fn ping(&self) -> Result<CloudInfo> {
        self.cloud.ping().await
    }

    async fn volume_types(&self) -> Result<Vec<VolumeType>> {
        self.cloud.volume_types().await
    }

    async fn consistency_group(&self, id: &CinderGroupId) -> Result<Option<CinderGroup>> {
        self.cloud.consistency_group(id).await
    }

    async fn ensure_consistency_group(&self, cx: &Cx, spec: &CinderGroupSpec) -> Result<Outcome<CinderGroup>> {
        self.cloud.ensure_consistency_group(cx, spec).await
    }

    async fn ensure_group_members(
        &self,
        cx: &Cx,
        group: &CinderGroupId,
        volumes: &BTreeSet<VolumeId>,
    ) -> Result<Outcome<CinderGroup>> {
        self.cloud.ensure_group_members(cx, group, volumes).await
    }

    async fn delete_consistency_group(&self, cx: &Cx, group: &CinderGroupId) -> Result<Outcome<()>> {
        self.cloud.delete_consistency_group(cx, group).await
    }

    async fn servers(&self) -> Result<Vec<Server>> {
        let mut servers = self.cloud.servers().await?;
        self.put_on_array(servers.iter_mut().flat_map(|s| &mut s.volumes).map(|v| &mut v.volume).collect(), false)?;
        Ok(servers)
    }

    async fn server(&self, id: &ServerId) -> Result<Option<Server>> {
        // whoever asks for one server is about to protect it
        self.cloud.server(id).await?.map(|server| self.shown_server(server)).transpose()
    }

    async fn volume(&self, id: &VolumeId) -> Result<Option<CloudVolume>> {
        let mut found = self.cloud.volume(id).await?;
        self.put_on_array(found.iter_mut().collect(), false)?;
        Ok(found)
    }

    async fn networks(&self) -> Result<Vec<Network>> {
        self.cloud.networks().await
    }

    async fn flavors(&self) -> Result<Vec<Flavor>> {
        self.cloud.flavors().await
    }

    async fn security_groups(&self) -> Result<Vec<String>> {
        self.cloud.security_groups().await
    }

    async fn quota(&self) -> Result<Quota> {
        self.cloud.quota().await
    }

    async fn stop_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.cloud.stop_server(cx, id).await
    }

    async fn start_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.cloud.start_server(cx, id).await
    }

    async fn import_volume(&self, cx: &Cx, request: &ImportRequest) -> Result<Outcome<CloudVolume>> {
        let wanted = BlankVolume {
            stands_for: request.array_volume_id.clone(),
            size_gib: self.world.size_to_take_over(&self.site, &request.array_volume_id)?,
            name: request.name.clone(),
            volume_type: request.volume_type.clone(),
            bootable: request.bootable,
        };
        Ok(match self.cloud.ensure_blank_volume(cx, &wanted).await? {
            Outcome::Done(made) => Outcome::Done(self.taken_over(made, request)?),
            Outcome::AlreadyDone(made) => Outcome::AlreadyDone(self.taken_over(made, request)?),
            Outcome::InProgress { poll_after } => Outcome::InProgress { poll_after },
        })
    }

    async fn retype_volume(&self, _: &Cx, id: &VolumeId, volume_type: &str) -> Result<Outcome<CloudVolume>> {
        let text = format!("volume '{id}' on {} does not get type '{volume_type}': its array is simulated", self.site);
        Err(Error::unsupported(text)
            .remedy("groups that replicate synchronously need real arrays: storage_driver = pure"))
    }

    async fn release_volume(&self, cx: &Cx, id: &VolumeId) -> Result<Outcome<()>> {
        self.cloud.delete_blank_volume(cx, id).await
    }

    async fn ensure_port(&self, cx: &Cx, spec: &PortSpec) -> Result<Outcome<Port>> {
        self.cloud.ensure_port(cx, spec).await
    }

    async fn delete_port(&self, cx: &Cx, id: &PortId) -> Result<Outcome<()>> {
        self.cloud.delete_port(cx, id).await
    }

    async fn ensure_server(&self, cx: &Cx, spec: &ServerSpec) -> Result<Outcome<Server>> {
        Ok(match self.cloud.ensure_server(cx, spec).await? {
            Outcome::Done(server) => Outcome::Done(self.shown_server(server)?),
            Outcome::AlreadyDone(server) => Outcome::AlreadyDone(self.shown_server(server)?),
            Outcome::InProgress { poll_after } => Outcome::InProgress { poll_after },
        })
    }

    async fn delete_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.cloud.delete_server(cx, id).await
    }
}
