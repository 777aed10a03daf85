//! The nouns: plain data, no I/O, no async, no clock.
//!
//! A protection group, its policy and its members travel together as one [`GroupRecord`], the unit that is versioned,
//! stored and pushed to the other site.

mod consistency_group;
mod divergence;
mod drill;
mod holder;
mod ids;
mod lookup;
mod mapping;
mod member;
mod operation;
mod policy;
mod protection_group;
mod record;
mod recovery_point;
mod rpo;
mod site;
mod site_api;
mod start;
mod status;
mod tenant_mapping;
mod volume_type;
mod worker;

pub use consistency_group::{ConsistencyGroup, ConsistencyGroupStatus};
pub use divergence::{Discard, FenceDue, LedgerEntry, LedgerState, LedgerVolume};
pub use drill::{Drill, Drills, Verdict};
pub use holder::LeaseHolder;
pub use ids::{
    ArrayGroupName, ArrayId, ArrayName, ArrayVolumeId, ArrayVolumeName, CinderGroupId, ConsistencyGroupId, DiskId,
    Epoch, LedgerEntryId, MetadataVersion, OpKey, OperationId, PortId, ProjectId, ProtectionGroupId, RecoveryPointName,
    ServerId, SiteId, SiteName, StepId, TenantMappingId, VolumeId,
};
pub use lookup::{Lookup, LookupSet};
pub use mapping::Mappings;
pub use member::{BySite, Disk, DiskCopy, FlavorShape, Member, MemberStatus, Nic, ServerCapture};
pub use operation::{FailoverType, OpenOperation, OperationKind, OperationStatus};
pub use policy::{PolicyStatus, ReplicationPolicy};
pub use protection_group::{ProtectionGroup, ReplicationType};
pub use record::{Divergence, GroupRecord, RetainedCopy, Unfinished, UnimportedClone};
pub use recovery_point::{RecoveryPoint, Transfer};
pub use rpo::{RpoSample, RpoSpan, RpoState};
pub use site::{Site, SiteStatus};
pub use site_api::{ApplicationCredential, SiteApi};
pub use start::{BootCheck, StartOptions};
pub use status::{GroupStatus, Protection, SyncStatus};
pub use tenant_mapping::TenantMapping;
pub use volume_type::{REPLICATION_ENABLED, REPLICATION_TYPE, VOLUME_BACKEND_NAME, VolumeType};
pub use worker::{ServiceState, Worker, WorkerBeat};
