//! The storage suite over two real arrays: what the checks need beside the driver, by REST alone.
//!
//! The arrays must be connected and kept for tests. What an earlier check left behind under the names of the suite is
//! renamed to `swept-…` and destroyed before the next one; nothing is eradicated, and no other object is touched.

use super::driver::{NAMESPACE, PureStorageDriver};
use super::request::Request;
use super::requests::{groups, members, tags, volumes};
use super::wire::Volume;
use crate::model::{ArrayGroupName, ArrayName, ArrayVolumeId, ArrayVolumeName};
use crate::ports::conformance::storage::{StorageBench, StorageSubject};
use crate::ports::{Clock, StorageDriver};
use crate::rules::naming;
use crate::{Error, Result};
use async_trait::async_trait;
use std::{collections::BTreeSet, sync::Arc};

/// Groups that checks make.
const GROUPS: [&str; 4] = ["pg-conformance", "pg-other", "pg-late", "somebody-elses"];
/// Volumes that checks make, clones among them; also those of the cloud suite, which runs over a real array.
const VOLUMES: [&str; 26] = [
    "v1",
    "v2",
    "v3",
    "precious",
    "unrelated",
    "dr-v1",
    "dr-v2",
    "dr-v3",
    "other-v1",
    "other-v2",
    "fresh-v1",
    "fresh-v2",
    "gone",
    "dr-one",
    "dr-two",
    "unlike",
    "boot",
    "free",
    "grouped",
    "one",
    "taken",
    "two",
    "vm-boot",
    "vm-data",
    "first-boot",
    "first-data",
];

/// Two arrays that are there for tests.
#[derive(Debug)]
pub struct RestBench {
    source: PureStorageDriver,
    target: PureStorageDriver,
}

/// Two swept arrays as the subject of the storage suite. Checks of data and of pods are not for it.
///
/// # Errors
/// as the driver's own.
pub async fn subject(
    source: PureStorageDriver,
    target: PureStorageDriver,
    clock: Arc<dyn Clock>,
) -> Result<StorageSubject> {
    for driver in [&source, &target] {
        sweep(driver, &source.info().await?.name).await?;
    }
    Ok(StorageSubject {
        source: Arc::new(source.clone()),
        target: Arc::new(target.clone()),
        clock,
        bench: Box::new(RestBench { source, target }),
    })
}

/// Frees the names of the suite on one array.
async fn sweep(driver: &PureStorageDriver, source: &ArrayName) -> Result<()> {
    let groups = GROUPS.map(ArrayGroupName::from);
    for name in &groups {
        let Some(found) = driver.find_group(name).await? else { continue };
        if found.is_destroyed() {
            driver.send(groups::set_destroyed(name, false)).await?;
        }
        let swept = ArrayGroupName::new(swept());
        driver.send(groups::rename(name, &swept)).await?;
        driver.send(groups::set_destroyed(&swept, true)).await?;
    }
    let images = groups.iter().map(|name| naming::target_group_name(source, name));
    let markers = groups.iter().cloned().chain(images).map(|group| naming::marker_volume_name(&group));
    let names: BTreeSet<ArrayVolumeName> = VOLUMES.map(ArrayVolumeName::from).into_iter().chain(markers).collect();
    for volume in driver.volumes_named(&names).await? {
        sweep_volume(driver, &volume).await?;
    }
    Ok(())
}

async fn sweep_volume(driver: &PureStorageDriver, volume: &Volume) -> Result<()> {
    let id = [ArrayVolumeId::from(volume.id.as_str())];
    if volume.destroyed == Some(true) {
        driver.send(volumes::set_destroyed(&id, false)).await?;
    }
    let name = ArrayVolumeName::from(swept());
    driver.send(volumes::rename(&volume.name.as_str().into(), &name)).await?;
    // the next check uses the same op keys
    let tags = driver.tags_of(std::slice::from_ref(&Volume { name: name.to_string(), ..volume.clone() })).await?;
    let keys: Vec<&str> = tags.values().flatten().map(|tag| tag.key.as_str()).collect();
    if !keys.is_empty() {
        driver.send(tags::untag_volumes(std::slice::from_ref(&name), NAMESPACE, &keys)).await?;
    }
    driver.send(volumes::set_destroyed(&id, true)).await.map(drop)
}

/// A name that nothing has.
fn swept() -> String {
    format!("swept-{}", uuid::Uuid::new_v4().simple())
}

impl RestBench {
    async fn send(&self, array: &ArrayName, request: Request) -> Result<()> {
        for driver in [&self.source, &self.target] {
            if driver.info().await?.name == *array {
                return driver.send(request).await.map(drop);
            }
        }
        Err(Error::not_found(format!("neither array is '{array}'")))
    }

    fn no_data<T>(&self) -> Result<T> {
        Err(Error::unsupported("nothing here can write to a volume of a real array"))
    }
}

#[async_trait]
impl StorageBench for RestBench {
    fn has_data(&self) -> bool {
        false
    }

    /// How long they take is the arrays' affair.
    fn transfers_take_time(&self) -> bool {
        false
    }

    fn images_show_members(&self) -> bool {
        false
    }

    fn has_pods(&self) -> bool {
        false
    }

    async fn create_volume(&self, array: &ArrayName, volume: &ArrayVolumeName, provisioned: u64) -> Result<()> {
        let version = self.source.client().version().await?;
        self.send(array, volumes::create(std::slice::from_ref(volume), provisioned, version)).await
    }

    async fn create_unmarked_group(
        &self,
        array: &ArrayName,
        group: &ArrayGroupName,
        volumes: &BTreeSet<ArrayVolumeName>,
    ) -> Result<()> {
        self.send(array, groups::create(group)).await?;
        let volumes: Vec<ArrayVolumeName> = volumes.iter().cloned().collect();
        if volumes.is_empty() { Ok(()) } else { self.send(array, members::add(group, &volumes)).await }
    }

    async fn write(&self, _array: &ArrayName, _volume: &ArrayVolumeName, _count: u64) -> Result<()> {
        self.no_data()
    }

    async fn content(&self, _array: &ArrayName, _volume: &ArrayVolumeId) -> Result<u64> {
        self.no_data()
    }
}
