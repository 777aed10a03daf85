//! What the conformance suites need beside drivers, in another language: a bench is described and called as a driver is.

use super::{Foreign, link::Link};
use crate::model::{ArrayGroupName, ArrayName, ArrayVolumeId, ArrayVolumeName, ServerId};
use crate::ports::SystemClock;
use crate::ports::conformance::{cloud::CloudBench, storage::StorageBench};
use crate::{Error, Result};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;
use std::{collections::BTreeSet, sync::Arc};

/// What a bench for arrays can arrange; see the methods of [`StorageBench`].
#[derive(Debug, Clone, Copy, Deserialize)]
struct Arranges {
    has_data: bool,
    transfers_take_time: bool,
    images_show_members: bool,
    has_pods: bool,
    can_separate: bool,
}

/// A [`StorageBench`] in another language.
#[derive(Debug)]
pub struct ForeignStorageBench {
    link: Link,
    arranges: Arranges,
}

impl ForeignStorageBench {
    /// Asks the bench what it can arrange.
    ///
    /// # Errors
    /// what it says; an answer that cannot be read → `Internal`.
    pub async fn open(foreign: Arc<dyn Foreign>) -> Result<Self> {
        let (link, description) = Link::open(foreign, Arc::new(SystemClock)).await?;
        Ok(Self { link, arranges: description.capabilities })
    }
}

#[async_trait]
impl StorageBench for ForeignStorageBench {
    fn has_data(&self) -> bool {
        self.arranges.has_data
    }

    fn transfers_take_time(&self) -> bool {
        self.arranges.transfers_take_time
    }

    fn images_show_members(&self) -> bool {
        self.arranges.images_show_members
    }

    fn has_pods(&self) -> bool {
        self.arranges.has_pods
    }

    fn can_separate(&self) -> bool {
        self.arranges.can_separate
    }

    async fn separate(&self, apart: bool) -> Result<()> {
        self.link.read("separate", &json!({ "apart": apart })).await
    }

    async fn create_volume(&self, array: &ArrayName, volume: &ArrayVolumeName, provisioned: u64) -> Result<()> {
        let arguments = json!({ "array": array, "volume": volume, "provisioned": provisioned });
        self.link.read("create_volume", &arguments).await
    }

    async fn create_unmarked_group(
        &self,
        array: &ArrayName,
        group: &ArrayGroupName,
        volumes: &BTreeSet<ArrayVolumeName>,
    ) -> Result<()> {
        let arguments = json!({ "array": array, "group": group, "volumes": volumes });
        self.link.read("create_unmarked_group", &arguments).await
    }

    async fn write(&self, array: &ArrayName, volume: &ArrayVolumeName, count: u64) -> Result<()> {
        self.link.read("write", &json!({ "array": array, "volume": volume, "count": count })).await
    }

    async fn content(&self, array: &ArrayName, volume: &ArrayVolumeId) -> Result<u64> {
        self.link.read("content", &json!({ "array": array, "volume": volume })).await
    }
}

/// A [`CloudBench`] in another language.
#[derive(Debug)]
pub struct ForeignCloudBench(Link);

impl ForeignCloudBench {
    /// Asks the bench what it is.
    ///
    /// # Errors
    /// what it says; an answer that cannot be read → `Internal`.
    pub async fn open(foreign: Arc<dyn Foreign>) -> Result<Self> {
        let (link, _) = Link::open::<Option<()>>(foreign, Arc::new(SystemClock)).await?;
        Ok(Self(link))
    }
}

#[async_trait]
impl CloudBench for ForeignCloudBench {
    async fn create_array_volume(&self, name: &ArrayVolumeName, size_gib: u64) -> Result<ArrayVolumeId> {
        self.0.read("create_array_volume", &json!({ "name": name, "size_gib": size_gib })).await
    }

    async fn array_volume_name(&self, id: &ArrayVolumeId) -> Result<ArrayVolumeName> {
        let name: Option<ArrayVolumeName> = self.0.read("array_volume_name", &json!({ "volume": id })).await?;
        name.ok_or_else(|| Error::not_found(format!("there is no array volume '{id}'")))
    }

    async fn doom_volumes(&self, server: &ServerId) -> Result<bool> {
        self.0.read("doom_volumes", &json!({ "server": server })).await
    }
}
