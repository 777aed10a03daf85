//! The traits to the outside, and what an implementation promises.
//!
//! | port | one value is | implementations |
//! |---|---|---|
//! | [`StorageDriver`] | one array | `mock::MockStorageDriver` |
//! | [`Cloud`] | one OpenStack | `mock::MockCloud` |
//! | [`Store`] | the state of one site | `store::SqlStore` |
//! | [`Peer`] | the other site's metadata | `engine::InProcessPeer` |
//! | [`Probe`] | whether a server came up, seen from outside | `connect::SystemProbe`, `mock::MockProbe` |
//! | [`Clock`] | a source of time | [`SystemClock`], [`ManualClock`] |
//!
//! Promises common to all mutating calls: the same call may be made again with the same [`Cx::op_key`] and ends in the
//! same state; nothing waits for long work (that is [`Outcome::InProgress`]); a lower [`Cx::epoch`] than one already seen
//! has no effect; nothing is eradicated, overwritten or deleted by name pattern.

mod blank;
mod call;
mod clock;
mod cloud;
mod journal_chain;
mod peer;
mod pod;
mod probe;
mod stop;
mod storage;
mod store;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;

pub use crate::model::LeaseHolder;
pub use blank::{BlankVolume, BlankVolumes};
pub use call::{Cancel, Cx, Observed, Outcome};
pub use clock::{Clock, Identifiers, ManualClock, RandomIdentifiers, SystemClock};
pub use cloud::{
    AttachedVolume, CinderGroup, CinderGroupSpec, CinderGroupStatus, Cloud, CloudInfo, CloudVolume, Flavor,
    ImportRequest, Network, Port, PortSpec, Quota, SERVER_OP_KEY, Server, ServerSpec, ServerState, VolumeState,
};
#[cfg(feature = "sqlite")]
pub(crate) use journal_chain::verify_next;
pub use journal_chain::{JOURNAL_START, verify_chain};
pub use peer::{OpenTest, Peer, PeerVersion};
pub use pod::{PodMember, PodMemberState, PodPromotion, PodReplicaLink, PodStatus};
pub use probe::{PROBE_LINE_LENGTH, PROBE_OUTPUT_LINES, Probe, ProbeCommand, ProbedServer, last_lines};
pub use stop::{StopKind, StopRequest};
#[cfg(feature = "foreign")]
pub(crate) use storage::standby_group;
pub use storage::{
    ArrayGroup, ArrayInfo, ArrayVolume, Capabilities, CloneRequest, ClonedVolume, FenceState, GroupSpec, MemberMode,
    MemberSet, PeerArray, PreflightFinding, ReplicationLink, ReplicationSpec, ReplicationStatus, SnapshotRequest,
    StandbyGroup, StorageDriver, SurvivingRecoveryPoint, VolumeQuery,
};
pub use store::{
    GroupChange, GroupFilter, GroupPosition, JournalEntry, KEPT_DURATIONS, Lease, OperationFilter, StepDurations,
    Store, StoredOperation,
};
