//! The promises of [`StorageDriver`].

mod arrays;
mod clones;
mod groups;
mod guards;
mod members;
mod pods;
mod replication;
mod retirement;
mod scene;
mod snapshots;

use super::Check;
use crate::Result;
use crate::model::{ArrayGroupName, ArrayName, ArrayVolumeId, ArrayVolumeName};
use crate::ports::{Clock, StorageDriver};
use async_trait::async_trait;
use std::{collections::BTreeSet, fmt::Debug, sync::Arc};

/// What the checks work on: two connected arrays without any object that a check could meet by its name.
#[derive(Debug)]
pub struct StorageSubject {
    /// The array that is replicated from.
    pub source: Arc<dyn StorageDriver>,
    /// The array that is replicated to.
    pub target: Arc<dyn StorageDriver>,
    /// The clock by which both arrays live.
    pub clock: Arc<dyn Clock>,
    /// What drivers cannot do.
    pub bench: Box<dyn StorageBench>,
}

/// What checks need beside drivers: volumes come from Cinder, foreign groups from somebody else, data from hosts.
#[async_trait]
pub trait StorageBench: Debug + Send + Sync {
    /// Whether `write` and `content` work.
    fn has_data(&self) -> bool;

    /// Whether a transfer takes long enough to be seen on its way.
    fn transfers_take_time(&self) -> bool;

    /// Whether an array shows the members of a group that another array replicates to it.
    fn images_show_members(&self) -> bool {
        true
    }

    /// Whether checks may make and stretch pods.
    fn has_pods(&self) -> bool {
        true
    }

    /// Makes a volume of `provisioned` bytes.
    async fn create_volume(&self, array: &ArrayName, volume: &ArrayVolumeName, provisioned: u64) -> Result<()>;

    /// Makes a group without any mark, with these members.
    async fn create_unmarked_group(
        &self,
        array: &ArrayName,
        group: &ArrayGroupName,
        volumes: &BTreeSet<ArrayVolumeName>,
    ) -> Result<()>;

    /// Lets a host write to a volume `count` times.
    ///
    /// # Errors
    /// the array refuses host writes → any error, nothing written.
    async fn write(&self, array: &ArrayName, volume: &ArrayVolumeName, count: u64) -> Result<()>;

    /// How many writes a volume holds.
    async fn content(&self, array: &ArrayName, volume: &ArrayVolumeId) -> Result<u64>;
}

/// All checks of a storage driver.
///
/// ```
/// use protector_core::mock::{World, WorldLocation, WorldTime, storage_subject};
/// use protector_core::ports::conformance::{run_all, storage};
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let report = run_all(&storage::suite(), async || {
///     storage_subject(&World::open(&WorldLocation::Memory, WorldTime::Virtual)?)
/// })
/// .await;
/// assert_eq!(report.skipped(), storage::about_pods()); // the simulated world has none for its own driver
/// assert!(report.into_result().is_ok());
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn suite() -> Vec<Check<StorageSubject>> {
    [
        arrays::checks(),
        groups::checks(),
        members::checks(),
        replication::checks(),
        snapshots::checks(),
        clones::checks(),
        retirement::checks(),
        pods::checks(),
        guards::checks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Names of the checks that only concern arrays with pods.
pub fn about_pods() -> Vec<&'static str> {
    pods::checks().iter().map(|check| check.name).collect()
}
