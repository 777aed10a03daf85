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
mod separated;
mod snapshots;
mod standby;
mod stretched;

use super::Check;
use crate::model::{ArrayGroupName, ArrayName, ArrayVolumeId, ArrayVolumeName};
use crate::ports::{Clock, StorageDriver};
use crate::{Error, Result};
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

    /// Whether `separate` works.
    fn can_separate(&self) -> bool {
        false
    }

    /// Cuts the connection between the two arrays, both of which go on, or mends it.
    ///
    /// # Errors
    /// cannot be arranged → `Unsupported`.
    async fn separate(&self, _apart: bool) -> Result<()> {
        Err(Error::unsupported("nothing here can cut the connection between the arrays"))
    }

    /// Whether `link_pods` works.
    fn can_link_pods(&self) -> bool {
        false
    }

    /// Replicates a pod of one array to a new, demoted pod of another.
    ///
    /// # Errors
    /// cannot be arranged → `Unsupported`.
    async fn link_pods(&self, _from: (&ArrayName, &str), _to: (&ArrayName, &str)) -> Result<()> {
        Err(Error::unsupported("nothing here can link pods of two arrays"))
    }

    /// Makes a volume of `provisioned` bytes, in the pod that its name begins with.
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
/// assert_eq!(report.skipped(), ["what_is_not_offered_is_unsupported"]); // the simulated world offers everything
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
        standby::checks(),
        clones::checks(),
        retirement::checks(),
        pods::checks(),
        stretched::checks(),
        separated::checks(),
        guards::checks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Names of the checks that only concern arrays with pods.
pub fn about_pods() -> Vec<&'static str> {
    [pods::checks(), stretched::checks(), separated::checks()].iter().flatten().map(|check| check.name).collect()
}
