//! The promises of [`Cloud`].

mod groups;
mod guards;
mod ports;
mod retype;
mod scene;
mod servers;
mod volumes;

use super::Check;
use crate::Result;
use crate::model::{ArrayVolumeId, ArrayVolumeName, ServerId};
use crate::ports::{Clock, Cloud};
use async_trait::async_trait;
use std::{fmt::Debug, sync::Arc};

/// What the checks work on: a cloud without any object that a check could meet by its name.
#[derive(Debug)]
pub struct CloudSubject {
    /// The cloud.
    pub cloud: Arc<dyn Cloud>,
    /// The clock by which it lives.
    pub clock: Arc<dyn Clock>,
    /// What there is in it.
    pub setting: CloudSetting,
    /// What a cloud cannot do.
    pub bench: Box<dyn CloudBench>,
}

/// Names of what checks may use.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct CloudSetting {
    /// A volume type.
    pub volume_type: String,
    /// Another one, offered by the same backend.
    pub other_volume_type: String,
    /// One that exists, but that no backend offers.
    pub unoffered_volume_type: Option<String>,
    /// One that is offered by the same backend and replicates synchronously.
    pub sync_volume_type: Option<String>,
    /// A network.
    pub network: String,
    /// A free address in it.
    pub free_address: String,
    /// A flavor.
    pub flavor: String,
    /// There is no compute service; checks of servers are skipped.
    #[serde(default)]
    pub lacks_compute: bool,
    /// There is no network service; checks of ports, and with them those of servers, are skipped.
    #[serde(default)]
    pub lacks_network: bool,
}

impl CloudSubject {
    /// Whether there are networks and ports.
    fn has_ports(&self) -> bool {
        !self.setting.lacks_network
    }

    /// Whether servers can be made.
    fn has_servers(&self) -> bool {
        !self.setting.lacks_compute && self.has_ports()
    }
}

/// What checks need beside a cloud.
#[async_trait]
pub trait CloudBench: Debug + Send + Sync {
    /// Makes a volume on the array that is not under management.
    async fn create_array_volume(&self, name: &ArrayVolumeName, size_gib: u64) -> Result<ArrayVolumeId>;

    /// Present name of a volume on the array.
    async fn array_volume_name(&self, id: &ArrayVolumeId) -> Result<ArrayVolumeName>;

    /// Lets Nova delete the volumes of a server together with it. `false`: cannot be arranged.
    async fn doom_volumes(&self, server: &ServerId) -> Result<bool>;
}

/// All checks of a cloud.
///
/// ```
/// use protector_core::mock::{World, WorldLocation, WorldTime, cloud_subject};
/// use protector_core::ports::conformance::{cloud, run_all};
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let report = run_all(&cloud::suite(), async || {
///     cloud_subject(&World::open(&WorldLocation::Memory, WorldTime::Virtual)?)
/// })
/// .await;
/// assert!(report.skipped().is_empty());
/// assert!(report.into_result().is_ok());
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn suite() -> Vec<Check<CloudSubject>> {
    [groups::checks(), volumes::checks(), retype::checks(), ports::checks(), servers::checks(), guards::checks()]
        .into_iter()
        .flatten()
        .collect()
}
