//! The cloud suite over a real cloud: what the checks need beside the port.
//!
//! The cloud, the project and the array must be kept for tests. What an earlier check left behind under the names of the
//! suite is removed before the next one: servers and ports are deleted, groups emptied and deleted, volumes given back to
//! the array. No volume is deleted, and no other object is touched.

use super::OpenStackCloud;
use super::call::Call;
use super::calls::cinder;
use super::reads::NOW;
use super::service::Service;
use super::session::Until;
use crate::model::{ArrayVolumeId, ArrayVolumeName, Epoch, ServerId};
use crate::ports::conformance::cloud::{CloudBench, CloudSetting, CloudSubject};
use crate::ports::conformance::storage::StorageBench;
use crate::ports::{Cancel, Clock, Cloud, Cx, Outcome, StorageDriver, VolumeQuery};
use crate::{Error, Result};
use async_trait::async_trait;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Servers that checks make.
const SERVERS: [&str; 3] = ["vm", "first", "second"];
/// What names of volumes and groups that checks make begin with.
const VOLUMES: &str = "imported-";
const GROUPS: &str = "cg-";
/// Ports that checks make.
const PORTS: [&str; 12] = [
    "port",
    "port-1",
    "port-2",
    "a",
    "b",
    "first",
    "second",
    "elsewhere",
    "fits",
    "vm-port",
    "first-port",
    "second-port",
];
/// How long one removal may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes of a GiB.
const GIB: u64 = 1 << 30;

/// A cloud that is there for tests, over an array that is there for tests.
#[derive(Debug)]
pub struct RealBench {
    cloud: Arc<OpenStackCloud>,
    array: Arc<dyn StorageDriver>,
    storage: Box<dyn StorageBench>,
}

/// A swept cloud as the subject of the cloud suite. `storage` makes volumes on `array`, whose names it has swept.
///
/// # Errors
/// as the port's own.
pub async fn subject(
    cloud: Arc<OpenStackCloud>,
    array: Arc<dyn StorageDriver>,
    storage: Box<dyn StorageBench>,
    setting: CloudSetting,
    clock: Arc<dyn Clock>,
) -> Result<CloudSubject> {
    let bench = RealBench { cloud: Arc::clone(&cloud), array, storage };
    bench.sweep(&setting, clock.as_ref()).await?;
    Ok(CloudSubject { cloud, clock, setting, bench: Box::new(bench) })
}

impl RealBench {
    async fn sweep(&self, setting: &CloudSetting, clock: &dyn Clock) -> Result<()> {
        let cloud = &self.cloud;
        if !setting.lacks_compute && !setting.lacks_network {
            for server in cloud.servers().await?.into_iter().filter(|server| SERVERS.contains(&server.name.as_str())) {
                let id = &server.id;
                self.doom(id, false).await?;
                finished(clock, |cx| async move { cloud.delete_server(&cx, id).await }).await?;
            }
        }
        if !setting.lacks_network {
            for port in cloud.ports(NOW, Until::none()).await?.iter().filter(|port| PORTS.contains(&port.name.as_str()))
            {
                let id = &port.id.as_str().into();
                finished(clock, |cx| async move { cloud.delete_port(&cx, id).await }).await?;
            }
        }
        let groups: Vec<super::answers::Group> = cloud.session.list(&cinder::groups(), "groups", Until::none()).await?;
        for group in groups.iter().filter(|group| group.name.as_deref().is_some_and(|name| name.starts_with(GROUPS))) {
            let (id, none) = (&group.id.as_str().into(), &BTreeSet::new());
            if !group.members().is_empty() {
                finished(
                    clock,
                    |cx| async move { cloud.ensure_group_members(&cx, id, none).await.map(|o| o.map(drop)) },
                )
                .await?;
            }
            finished(clock, |cx| async move { cloud.delete_consistency_group(&cx, id).await }).await?;
        }
        for volume in cloud.volumes(NOW, Until::none()).await?.iter() {
            // nothing lies under what a failed attempt left
            if volume.name.as_deref().is_some_and(|name| name.starts_with(VOLUMES)) && !volume.is_hollow() {
                let id = &volume.id.as_str().into();
                finished(clock, |cx| async move { cloud.release_volume(&cx, id).await }).await?;
            }
        }
        Ok(())
    }

    /// Says whether Nova deletes the volumes of a server together with it.
    async fn doom(&self, server: &ServerId, doomed: bool) -> Result<()> {
        let Some(found) = self.cloud.server(server).await? else { return Ok(()) };
        for attached in found.volumes.iter().filter(|attached| attached.delete_on_termination != doomed) {
            let id = attached.volume.id.as_str();
            let body = json!({"volumeAttachment": {"volumeId": id, "delete_on_termination": doomed}});
            let path = ["servers", server.as_str(), "os-volume_attachments", id];
            self.cloud.session.send(&Call::put(Service::Compute, &path, body), Until::none()).await?;
        }
        Ok(())
    }
}

/// Makes the same call until it has an end.
async fn finished<F>(clock: &dyn Clock, call: impl Fn(Cx) -> F) -> Result<()>
where
    F: Future<Output = Result<Outcome<()>>>,
{
    let deadline = clock.now() + PATIENCE;
    loop {
        let cx = Cx { op_key: "sweep".into(), epoch: Epoch(1), deadline, cancel: Cancel::default() };
        match call(cx).await? {
            Outcome::Done(()) | Outcome::AlreadyDone(()) => return Ok(()),
            Outcome::InProgress { poll_after } => clock.sleep(poll_after).await,
        }
    }
}

#[async_trait]
impl CloudBench for RealBench {
    async fn create_array_volume(&self, name: &ArrayVolumeName, size_gib: u64) -> Result<ArrayVolumeId> {
        let array = self.array.info().await?.name;
        self.storage.create_volume(&array, name, size_gib * GIB).await?;
        let query = VolumeQuery::Names([name.clone()].into());
        let made = self.array.volumes(&query).await?.into_iter().find(|volume| !volume.destroyed);
        made.map(|volume| volume.id).ok_or_else(|| Error::not_found(format!("array volume '{name}' is not there")))
    }

    async fn array_volume_name(&self, id: &ArrayVolumeId) -> Result<ArrayVolumeName> {
        let query = VolumeQuery::Ids([id.clone()].into());
        let found = self.array.volumes(&query).await?.into_iter().next();
        found.map(|volume| volume.name).ok_or_else(|| Error::not_found(format!("the array has no volume '{id}'")))
    }

    async fn doom_volumes(&self, server: &ServerId) -> Result<bool> {
        self.doom(server, true).await?;
        Ok(true)
    }
}
