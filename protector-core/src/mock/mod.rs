//! A simulated world in SQLite: arrays, the links between them, and clouds over them, in memory or on a file that several
//! processes may share. [`MockStorageDriver`] and [`MockCloud`] are thin over it.
//!
//! ```
//! use protector_core::mock::{SeedOptions, World, WorldLocation, WorldTime, seed};
//! let world = World::open(&WorldLocation::Memory, WorldTime::Virtual)?;
//! let report = seed(&world, &SeedOptions::default())?;
//! assert_eq!(report.servers, 5);
//! let source = world.storage_driver(&"site-a".into())?;
//! assert_eq!(source.to_string(), "MockStorageDriver(flasharray-a)");
//! # Ok::<(), protector_core::Error>(())
//! ```
//!
//! The arrays are array-shaped: ids beside names, a group's image on the target under `<source array>:<group>`, transfers
//! that take time, destroyed objects whose names stay taken for a day. Everything that only the clock moves (progress,
//! boots, schedules, eradication) is a function of the clock: reading changes nothing that a later read would not show too.
//!
//! Each call is one transaction behind one mutex. The driver methods take that mutex inside async functions, for the
//! length of a few statements and never across an await, so they need no thread of their own.

mod administration;
mod array;
mod clock;
mod cloud_driver;
mod cloud_on_mock_array;
mod clouds;
#[cfg(any(test, feature = "conformance"))]
mod conformance;
mod controls;
mod dump;
mod edits;
mod mishaps;
mod probe;
mod schema;
mod seed;
mod settle;
mod stand_ins;
mod storage_driver;
mod tx;
mod world;

pub use administration::{
    ArrayConnectionRow, ArrayRow, ArrayTx, ArrayUsage, ConnectionRow, CopySource, GroupMemberRow, GroupSnapshotRow,
    GroupTargetRow, GroupTransferRow, HostGroupRow, HostRow, HostSettings, Initiator, Limits, NewVolume, PodDetails,
    PodMemberRow, PodRow, ProtectionGroupRow, ProtectionRow, Reference, RemoteGroupRow, ReplicaLinkRow,
    ReplicaLinkStatus, ReplicationStart, SnapshotOptions, Stretch, Tag, TagRow, Tagged, TaggedObject, TransferRow,
    VolumeGroupRow, VolumeRow, VolumeSnapshotRow,
};
pub use array::{
    ConnectionKind, DailyWindow, GroupPolicy, MemberStatus, Promotion, SnapshotRetention, SnapshotSchedule,
};
pub use clock::WorldTime;
pub use cloud_driver::MockCloud;
pub use cloud_on_mock_array::CloudOnMockArray;
#[cfg(any(test, feature = "conformance"))]
pub use conformance::{cloud_subject, storage_subject};
pub use controls::{WorldSettings, WorldSite};
pub use mishaps::Mishap;
pub use probe::MockProbe;
pub use seed::{SeedOptions, SeedReport, seed};
pub use storage_driver::MockStorageDriver;
pub use world::{World, WorldLocation};

#[cfg(test)]
mod tests;
