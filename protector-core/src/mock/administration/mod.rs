//! An array as its administrators and its hosts see it: every object on it, not only what a
//! [`StorageDriver`](crate::ports::StorageDriver) knows of. Whoever serves the arrays of a world to others, such as
//! `flasharray-sim`, works here; what an array refuses and in which words is decided there.
//!
//! ```
//! use protector_core::Error;
//! use protector_core::mock::{World, WorldLocation, WorldTime};
//! let world = World::open(&WorldLocation::Memory, WorldTime::Virtual)?;
//! world.ensure_array(&"arrA".into())?;
//! let name = world.read_array(&"arrA".into(), |array| Ok::<_, Error>(array.info().name.clone()))?;
//! assert_eq!(name, "arrA");
//! # Ok::<(), Error>(())
//! ```

mod array_connections;
mod connections;
mod copies;
mod group_copies;
mod group_members;
mod group_snapshots;
mod group_targets;
mod group_transfers;
mod hosts;
mod pod_changes;
mod pod_members;
mod pod_promotion;
mod pods;
mod protection_groups;
mod protections;
mod reference;
mod replica_links;
mod stretch;
mod tags;
mod usage;
mod volume_groups;
mod volume_snapshots;
#[cfg(test)]
mod volume_tests;
mod volumes;

pub use array_connections::ArrayConnectionRow;
pub use connections::{ConnectionRow, Initiator};
pub use copies::CopySource;
pub use group_members::GroupMemberRow;
pub use group_snapshots::{GroupSnapshotRow, ReplicationStart, SnapshotOptions};
pub use group_targets::{GroupTargetRow, RemoteGroupRow};
pub use group_transfers::GroupTransferRow;
pub use hosts::{HostGroupRow, HostRow, HostSettings};
pub use pod_members::PodMemberRow;
pub use pods::{PodDetails, PodRow};
pub use protection_groups::ProtectionGroupRow;
pub use protections::ProtectionRow;
pub use reference::Reference;
pub use replica_links::{ReplicaLinkRow, ReplicaLinkStatus};
pub use stretch::Stretch;
pub use tags::{Tag, TagRow, Tagged, TaggedObject};
pub use usage::ArrayUsage;
pub use volume_groups::VolumeGroupRow;
pub use volume_snapshots::{TransferRow, VolumeSnapshotRow};
pub use volumes::{Limits, NewVolume, VolumeRow};

use super::World;
use super::array::{self, Array, ConnectionKind};
use super::tx::Tx;
use crate::model::ArrayName;
use crate::{Error, Result};

/// One array in one transaction, at one instant.
#[derive(Debug)]
pub struct ArrayTx<'a> {
    pub(super) tx: &'a Tx<'a>,
    pub(super) array: Array,
    info: ArrayRow,
}

/// What an array is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrayRow {
    /// UUID.
    pub id: String,
    /// Name.
    pub name: String,
    /// Purity release.
    pub version: String,
    /// Milliseconds that a destroyed object waits for its eradication.
    pub eradication_millis: i64,
    /// `all-enabled`, `partially-disabled` or `disabled`: whether destroyed objects may be eradicated sooner.
    pub manual_eradication: String,
}

impl<'a> ArrayTx<'a> {
    pub(in crate::mock) fn new(tx: &'a Tx<'a>, name: &ArrayName) -> Result<Self> {
        let array = array::by_name(tx, name)?;
        let sql = "SELECT id, name, version, eradication_millis, manual_eradication FROM arrays WHERE id = ?1";
        let info = tx.first(sql, [&array.id], |row| {
            Ok(ArrayRow {
                id: row.get(0)?,
                name: row.get(1)?,
                version: row.get(2)?,
                eradication_millis: row.get(3)?,
                manual_eradication: row.get(4)?,
            })
        })?;
        let info = info.ok_or_else(|| Error::internal(format!("array '{name}' got lost")))?;
        Ok(Self { tx, array, info })
    }

    /// The array.
    pub fn info(&self) -> &ArrayRow {
        &self.info
    }

    /// The instant of the transaction, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.tx.now_ms
    }

    /// Sets how long destroyed objects can be recovered, and whether they may be eradicated sooner.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn set_eradication(&self, millis: i64, manual: &str) -> Result<()> {
        self.tx.execute(
            "UPDATE arrays SET eradication_millis = ?2, manual_eradication = ?3 WHERE id = ?1",
            rusqlite::params![self.array.id, millis, manual],
        )?;
        Ok(())
    }
}

impl World {
    /// Its arrays by name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn arrays(&self) -> Result<Vec<ArrayName>> {
        self.read(|tx| {
            tx.all("SELECT name FROM arrays ORDER BY name", [], |row| row.get::<_, String>(0).map(Into::into))
        })
    }

    /// Makes an array of this name, if there is none.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn ensure_array(&self, name: &ArrayName) -> Result<()> {
        self.mutate(|tx| array::ensure(tx, name.as_str()).map(drop))
    }

    /// Gives an array another name, as its administrator may at any time. Its id stays; on other arrays, images of its groups
    /// are called by the new name from now on.
    ///
    /// # Errors
    /// no such array → `NotFound`; the name is taken → `AlreadyExists`.
    pub fn rename_array(&self, name: &ArrayName, to: &ArrayName) -> Result<()> {
        self.mutate(|tx| array::rename(tx, &array::by_name(tx, name)?, to.as_str()))
    }

    /// Connects two arrays, or changes what their connection carries.
    ///
    /// # Errors
    /// no such array → `NotFound`.
    pub fn connect_arrays(&self, one: &ArrayName, other: &ArrayName, kind: ConnectionKind) -> Result<()> {
        self.mutate(|tx| array::connect(tx, &array::by_name(tx, one)?, &array::by_name(tx, other)?, kind))
    }

    /// Takes one array down, or brings it up again; the cloud over it stays as it is.
    ///
    /// # Errors
    /// no such array → `NotFound`.
    pub fn set_array_available(&self, name: &ArrayName, available: bool) -> Result<()> {
        self.mutate(|tx| array::set_available(tx, &array::by_name(tx, name)?.id, available))
    }

    /// Whether an array is up.
    ///
    /// # Errors
    /// no such array → `NotFound`.
    pub fn array_is_available(&self, name: &ArrayName) -> Result<bool> {
        self.read(|tx| Ok(array::by_name(tx, name)?.available))
    }

    /// Observes one array at one instant, whether it is up or not.
    ///
    /// # Errors
    /// no such array → `NotFound`; whatever `observe` returns.
    pub fn read_array<T, E: From<Error>>(
        &self,
        name: &ArrayName,
        observe: impl FnOnce(&ArrayTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.read_as(|tx| observe(&ArrayTx::new(tx, name)?))
    }

    /// Changes one array in one transaction: all of `change`, or on error nothing.
    ///
    /// # Errors
    /// no such array → `NotFound`; whatever `change` returns.
    pub fn change_array<T, E: From<Error>>(
        &self,
        name: &ArrayName,
        change: impl FnOnce(&ArrayTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.mutate_as(|tx| change(&ArrayTx::new(tx, name)?))
    }
}
