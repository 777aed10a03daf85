//! The unit of metadata: a group with its policy and members, at one version.

use super::{
    ArrayVolumeId, ArrayVolumeName, DiskId, FenceDue, LedgerEntry, Mappings, Member, MemberStatus, MetadataVersion,
    OpKey, OperationId, ProtectionGroup, ReplicationPolicy, ServerId, SiteName, VolumeId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything both sites must agree on about one group. Stored and pushed as a whole, so that no half of it can differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupRecord {
    /// Version of this record.
    pub version: MetadataVersion,
    /// The group.
    pub group: ProtectionGroup,
    /// Its policy, once there is one.
    pub policy: Option<ReplicationPolicy>,
    /// Its members, by id.
    pub members: Vec<Member>,
    /// Volumes that an operation left behind as recovery points; released only by an explicit commit.
    pub retained: Vec<RetainedCopy>,
    /// Set while the sites may disagree after an unplanned failover, until they are reconciled.
    pub divergence: Option<Divergence>,
    /// Sites that were left without being verifiably stopped and fenced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fences_due: Vec<FenceDue>,
    /// What unplanned failovers left behind, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ledger: Vec<LedgerEntry>,
    /// Set while some members have not arrived where the group runs.
    #[serde(default)]
    pub unfinished: Option<Unfinished>,
}

impl GroupRecord {
    /// The member with this id.
    pub fn member(&self, id: &ServerId) -> Option<&Member> {
        self.members.iter().find(|m| m.id == *id)
    }

    /// Members that did not arrive where the group runs.
    pub fn failed_members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|m| m.status == MemberStatus::Error)
    }

    /// All disks of all members, with their member.
    pub fn disks(&self) -> impl Iterator<Item = (&Member, &super::Disk)> + Clone {
        self.members.iter().flat_map(|m| m.disks.iter().map(move |d| (m, d)))
    }

    /// Whether `site` waits to be stopped and fenced.
    pub fn owes_fence(&self, site: &SiteName) -> bool {
        self.fences_due.iter().any(|due| due.site == *site)
    }

    /// Ledger entries of `site` whose data is in no snapshot yet.
    pub fn unsettled_on<'a>(&'a self, site: &'a SiteName) -> impl Iterator<Item = &'a LedgerEntry> {
        self.ledger.iter().filter(move |entry| entry.site == *site && entry.is_unsettled())
    }

    /// The undiscarded ledger entry that keeps a volume from being released.
    pub fn kept_by(&self, site: &SiteName, volume: &ArrayVolumeId) -> Option<&LedgerEntry> {
        let names = |entry: &LedgerEntry| entry.volumes.iter().any(|v| v.array_volume_id == *volume);
        self.ledger.iter().find(|entry| entry.is_kept() && entry.site == *site && names(entry))
    }
}

/// A volume that used to be in use and still holds data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RetainedCopy {
    /// Where.
    pub site: SiteName,
    /// Of which disk.
    pub disk: DiskId,
    /// Cinder volume.
    pub volume_id: VolumeId,
    /// Volume on the array, by name.
    pub array_volume: ArrayVolumeName,
    /// The same by id.
    pub array_volume_id: ArrayVolumeId,
    /// Key under which an operation cloned it; absent for a volume that the tenant made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloned_under: Option<OpKey>,
    /// Which operation left it.
    pub operation: OperationId,
    /// Since when.
    pub since: Timestamp,
}

/// What an operation left undone, so that it can be gone on with for the members that did not arrive: from the same
/// clones, and under the names that the operation gave to their ports and servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unfinished {
    /// The operation.
    pub operation: OperationId,
    /// Mappings that were given with it.
    pub mappings: Mappings,
    /// Clones on the array of the current primary that Cinder did not take over.
    pub clones: Vec<UnimportedClone>,
}

/// A clone that waits to be imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnimportedClone {
    /// Of which disk.
    pub disk: DiskId,
    /// Volume on the array, by name.
    pub array_volume: ArrayVolumeName,
    /// The same by id.
    pub array_volume_id: ArrayVolumeId,
}

/// The mark that the sites may disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Divergence {
    /// The operation that moved on without the other site.
    pub operation: OperationId,
    /// Since when.
    pub since: Timestamp,
    /// The site that has not heard of it.
    pub absent_site: SiteName,
}
