//! The unit of metadata: a group with its policy and members, at one version.

use super::{
    ArrayVolumeId, ArrayVolumeName, DiskId, Mappings, Member, MemberStatus, MetadataVersion, OperationId,
    ProtectionGroup, ReplicationPolicy, ServerId, SiteName, VolumeId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything both sites must agree on about one group. Stored and pushed as a whole, so that no half of it can differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    pub fn disks(&self) -> impl Iterator<Item = (&Member, &super::Disk)> {
        self.members.iter().flat_map(|m| m.disks.iter().map(move |d| (m, d)))
    }
}

/// A volume that used to be in use and still holds data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Which operation left it.
    pub operation: OperationId,
    /// Since when.
    pub since: Timestamp,
}

/// What an operation left undone, so that it can be gone on with for the members that did not arrive: from the same
/// clones, and under the names that the operation gave to their ports and servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct Divergence {
    /// The operation that moved on without the other site.
    pub operation: OperationId,
    /// Since when.
    pub since: Timestamp,
    /// The site that has not heard of it.
    pub absent_site: SiteName,
}
