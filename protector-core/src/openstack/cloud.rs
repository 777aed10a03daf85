//! The port over one cloud: thin. What is decided stands in one file per noun.

use super::asked::Asked;
use super::booting::Booting;
use super::changing::Changing;
use super::clouds::CloudEntry;
use super::hosts::Pools;
use super::options::OpenStackOptions;
use super::reads::{MOMENT, Reads};
use super::session::{Counters, Session, Until};
use crate::Result;
use crate::model::{CinderGroupId, PortId, ServerId, VolumeId, VolumeType};
use crate::ports::{
    CinderGroup, CinderGroupSpec, Clock, Cloud, CloudInfo, CloudVolume, Cx, Flavor, ImportRequest, Network, Outcome,
    Port, PortSpec, Quota, Server, ServerSpec,
};
use crate::rules::shell;
use async_trait::async_trait;
use std::{collections::BTreeSet, fmt, sync::Arc};

/// A [`Cloud`] over Keystone, Cinder, Nova and Neutron.
///
/// Made from an entry of `clouds.yaml`; nothing is sent before the first call, so a site that is lost does not keep the
/// other from working.
///
/// To take volumes over (`import_volume`) Cinder wants the role that `volume_extension:volume_manage` asks for, by default
/// admin, in the project that the volumes are to belong to.
pub struct OpenStackCloud {
    pub(super) session: Session,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reads: Reads,
    pub(super) pools: Pools,
    /// Groups whose volumes change.
    pub(super) changing: Changing,
    /// Changes of type that were asked for here, by op key: Cinder forgets those that fail.
    pub(super) retypes: Asked,
    /// Servers that were told here to stop or to start: Nova leaves those that do not as they were.
    pub(super) powers: Asked,
    /// Servers that were ordered here and are not built yet.
    pub(super) booting: Booting,
}

impl OpenStackCloud {
    /// A cloud that has not been asked anything yet. Deadlines are on `clock`.
    ///
    /// # Errors
    /// CA file cannot be read → `InvalidConfiguration` naming it → mend `cacert` in clouds.yaml.
    pub fn new(entry: CloudEntry, options: OpenStackOptions, clock: Arc<dyn Clock>) -> Result<Self> {
        Ok(Self {
            session: Session::new(entry, options)?,
            clock,
            reads: Reads::default(),
            pools: Pools::default(),
            changing: Changing::default(),
            retypes: Asked::default(),
            powers: Asked::default(),
            booting: Booting::default(),
        })
    }

    /// The entry it was made from.
    pub fn entry(&self) -> &CloudEntry {
        self.session.entry()
    }

    /// What was sent and received so far.
    pub fn counters(&self) -> Counters {
        self.session.counters()
    }

    /// Until when a mutating call may take.
    ///
    /// # Errors
    /// cancelled → `Cancelled`; deadline passed → `DeadlineExceeded`: nothing was sent.
    pub(super) fn until(&self, cx: &Cx) -> Result<Until> {
        let now = self.clock.now();
        cx.check(now)?;
        Ok(Until::at(cx.deadline, now))
    }

    /// `cloud 'site-b'`, for messages.
    pub(super) fn whose(&self) -> String {
        format!("cloud '{}'", self.session.cloud())
    }

    /// `openstack --os-cloud site-b`, for remedies.
    pub(super) fn command(&self) -> String {
        format!("openstack --os-cloud {}", shell::word(self.session.cloud()))
    }
}

impl fmt::Display for OpenStackCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenStackCloud({})", self.session)
    }
}

impl fmt::Debug for OpenStackCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenStackCloud").field("session", &self.session).finish_non_exhaustive()
    }
}

// a method with a default body would else pass by the cloud behind it
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Cloud for OpenStackCloud {
    async fn ping(&self) -> Result<CloudInfo> {
        self.session.greet().await?;
        Ok(CloudInfo { name: self.session.cloud().to_owned(), endpoint_time: self.session.cloud_time() })
    }

    async fn volume_types(&self) -> Result<Vec<VolumeType>> {
        self.types(MOMENT, Until::none()).await
    }

    async fn consistency_group(&self, id: &CinderGroupId) -> Result<Option<CinderGroup>> {
        self.group(id, Until::none()).await
    }

    async fn ensure_consistency_group(&self, cx: &Cx, spec: &CinderGroupSpec) -> Result<Outcome<CinderGroup>> {
        self.ensure_group(spec, self.until(cx)?).await
    }

    async fn ensure_group_members(
        &self,
        cx: &Cx,
        group: &CinderGroupId,
        volumes: &BTreeSet<VolumeId>,
    ) -> Result<Outcome<CinderGroup>> {
        self.ensure_members(group, volumes, self.until(cx)?).await
    }

    async fn delete_consistency_group(&self, cx: &Cx, group: &CinderGroupId) -> Result<Outcome<()>> {
        self.delete_group(group, self.until(cx)?).await
    }

    async fn servers(&self) -> Result<Vec<Server>> {
        self.all_servers(Until::none()).await
    }

    async fn server(&self, id: &ServerId) -> Result<Option<Server>> {
        self.one_server(id, Until::none()).await
    }

    async fn volume(&self, id: &VolumeId) -> Result<Option<CloudVolume>> {
        Ok(self.find_volume(id, Until::none()).await?.map(|volume| volume.show()))
    }

    async fn networks(&self) -> Result<Vec<Network>> {
        Box::pin(self.all_networks(Until::none())).await
    }

    async fn flavors(&self) -> Result<Vec<Flavor>> {
        self.all_flavors(MOMENT, Until::none()).await
    }

    async fn security_groups(&self) -> Result<Vec<String>> {
        self.security_group_names(Until::none()).await
    }

    async fn quota(&self) -> Result<Quota> {
        self.quota_left(Until::none()).await
    }

    async fn stop_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.stop(cx, id, self.until(cx)?).await
    }

    async fn start_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.start(cx, id, self.until(cx)?).await
    }

    async fn import_volume(&self, cx: &Cx, request: &ImportRequest) -> Result<Outcome<CloudVolume>> {
        self.import(request, self.until(cx)?).await
    }

    async fn retype_volume(&self, cx: &Cx, id: &VolumeId, volume_type: &str) -> Result<Outcome<CloudVolume>> {
        self.retype(cx, id, volume_type, self.until(cx)?).await
    }

    async fn release_volume(&self, cx: &Cx, id: &VolumeId) -> Result<Outcome<()>> {
        self.release(id, self.until(cx)?).await
    }

    async fn ensure_port(&self, cx: &Cx, spec: &PortSpec) -> Result<Outcome<Port>> {
        Box::pin(self.port(spec, self.until(cx)?)).await
    }

    async fn delete_port(&self, cx: &Cx, id: &PortId) -> Result<Outcome<()>> {
        self.remove_port(id, self.until(cx)?).await
    }

    async fn ensure_server(&self, cx: &Cx, spec: &ServerSpec) -> Result<Outcome<Server>> {
        self.boot(cx, spec, self.until(cx)?).await
    }

    async fn delete_server(&self, cx: &Cx, id: &ServerId) -> Result<Outcome<()>> {
        self.remove_server(id, self.until(cx)?).await
    }
}
