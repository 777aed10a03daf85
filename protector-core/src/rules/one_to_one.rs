//! The 1:1:1 rule: one protection group is one consistency group is one array group, and no member is in two.

use crate::model::{
    ArrayGroupName, CinderGroupId, ConsistencyGroupId, GroupRecord, ProtectionGroupId, ServerId, VolumeId,
};
use crate::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

/// One way in which a group breaks the 1:1:1 rule. `other` is the name of the protection group it collides with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum MappingViolation {
    /// Both sites name the same Cinder group, so one of the two is missing.
    CinderGroupsEqual {
        /// The Cinder group.
        cinder_group: CinderGroupId,
    },
    /// The consistency group belongs to another protection group.
    ConsistencyGroupTaken {
        /// The consistency group.
        consistency_group: ConsistencyGroupId,
        /// Whose it is.
        other: String,
    },
    /// A Cinder group belongs to another protection group.
    CinderGroupTaken {
        /// The Cinder group.
        cinder_group: CinderGroupId,
        /// Whose it is.
        other: String,
    },
    /// The array group belongs to another protection group.
    ArrayGroupTaken {
        /// The array group.
        array_group: ArrayGroupName,
        /// Whose it is.
        other: String,
    },
    /// A server is a member of another protection group.
    ServerTaken {
        /// The server.
        server: ServerId,
        /// Whose member it is.
        other: String,
    },
    /// A volume belongs to another protection group, in use or retained as a recovery point.
    VolumeTaken {
        /// The volume.
        volume: VolumeId,
        /// Whose it is.
        other: String,
    },
}

impl fmt::Display for MappingViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CinderGroupsEqual { cinder_group } => {
                write!(f, "both sites name the Cinder group {cinder_group}; each site needs its own")
            }
            Self::ConsistencyGroupTaken { consistency_group, other } => {
                write!(f, "consistency group {consistency_group} belongs to protection group '{other}'")
            }
            Self::CinderGroupTaken { cinder_group, other } => {
                write!(f, "Cinder group {cinder_group} belongs to protection group '{other}'")
            }
            Self::ArrayGroupTaken { array_group, other } => {
                write!(
                    f,
                    "array group '{array_group}' belongs to protection group '{other}'; choose another pure_pg_name"
                )
            }
            Self::ServerTaken { server, other } => {
                write!(f, "server {server} is a member of protection group '{other}'")
            }
            Self::VolumeTaken { volume, other } => {
                write!(f, "volume {volume} belongs to protection group '{other}'")
            }
        }
    }
}

/// How `candidate` would break the 1:1:1 rule beside `records`; empty if it does not. The record that `candidate`
/// replaces, known by its group id, is left out of the comparison. Sorted, each violation once.
pub fn check_mapping(records: &[GroupRecord], candidate: &GroupRecord) -> Vec<MappingViolation> {
    let mut violations = BTreeSet::new();
    let own = Claims::of(candidate);
    let pair = &candidate.group.consistency_group;
    if pair.primary_cg_id == pair.secondary_cg_id {
        violations.insert(MappingViolation::CinderGroupsEqual { cinder_group: pair.primary_cg_id.clone() });
    }
    for record in records.iter().filter(|r| r.group.id != candidate.group.id) {
        own.collide(&Claims::of(record), &record.group.name, &mut violations);
    }
    violations.into_iter().collect()
}

/// One error for all of `violations`, of kind `Conflict`: the named protection groups keep what they have.
pub fn mapping_error(group: &ProtectionGroupId, violations: &[MappingViolation]) -> Error {
    let lines: String = violations.iter().map(|v| format!("\n  {v}")).collect();
    Error::new(ErrorKind::Conflict, format!("protection group {group} would share what must be its own:{lines}"))
        .remedy("openstack protector protection-group list")
}

/// Everything that a group has for itself alone.
struct Claims<'a> {
    consistency_group: &'a ConsistencyGroupId,
    cinder_groups: BTreeSet<&'a CinderGroupId>,
    array_group: Option<&'a ArrayGroupName>,
    servers: BTreeSet<&'a ServerId>,
    volumes: BTreeSet<&'a str>,
}

impl<'a> Claims<'a> {
    fn of(record: &'a GroupRecord) -> Self {
        let pair = &record.group.consistency_group;
        let disks = record
            .disks()
            .flat_map(|(_, disk)| disk.copies.values().map(|copy| copy.volume_id.as_str()).chain([disk.id.as_str()]));
        let retained = record.retained.iter().map(|copy| copy.volume_id.as_str());
        Self {
            consistency_group: &pair.id,
            cinder_groups: BTreeSet::from([&pair.primary_cg_id, &pair.secondary_cg_id]),
            array_group: record.policy.as_ref().map(|policy| &policy.pure_pg_name),
            servers: record.members.iter().flat_map(|m| m.servers.values().chain([&m.id])).collect(),
            volumes: disks.chain(retained).collect(),
        }
    }

    fn collide(&self, theirs: &Self, other: &str, violations: &mut BTreeSet<MappingViolation>) {
        let other = || other.to_owned();
        if self.consistency_group == theirs.consistency_group {
            violations.insert(MappingViolation::ConsistencyGroupTaken {
                consistency_group: self.consistency_group.clone(),
                other: other(),
            });
        }
        if let (Some(mine), Some(taken)) = (self.array_group, theirs.array_group)
            && mine.as_str().eq_ignore_ascii_case(taken.as_str())
        {
            // arrays do not tell names apart by case
            violations.insert(MappingViolation::ArrayGroupTaken { array_group: mine.clone(), other: other() });
        }
        violations.extend(
            self.cinder_groups
                .intersection(&theirs.cinder_groups)
                .map(|id| MappingViolation::CinderGroupTaken { cinder_group: (*id).clone(), other: other() }),
        );
        violations.extend(
            self.servers
                .intersection(&theirs.servers)
                .map(|id| MappingViolation::ServerTaken { server: (*id).clone(), other: other() }),
        );
        violations.extend(
            self.volumes
                .intersection(&theirs.volumes)
                .map(|id| MappingViolation::VolumeTaken { volume: VolumeId::from(*id), other: other() }),
        );
    }
}

/// How the members of a group differ between its servers, its Cinder group and its array group.
///
/// The volumes of the servers are the measure. Drift is reported, never mended by removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipDrift<T: Ord> {
    /// Volumes of the servers that the Cinder group lacks.
    pub missing_in_cinder: BTreeSet<T>,
    /// Volumes in the Cinder group that no server has.
    pub foreign_in_cinder: BTreeSet<T>,
    /// Volumes of the servers that the array group lacks.
    pub missing_in_array: BTreeSet<T>,
    /// Volumes in the array group that no server has.
    pub foreign_in_array: BTreeSet<T>,
}

impl<T: Ord + fmt::Display> fmt::Display for MembershipDrift<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("not in the Cinder group", &self.missing_in_cinder),
            ("in the Cinder group but on no member", &self.foreign_in_cinder),
            ("not in the array group", &self.missing_in_array),
            ("in the array group but on no member", &self.foreign_in_array),
        ];
        let mut separator = "";
        for (what, volumes) in parts.into_iter().filter(|(_, volumes)| !volumes.is_empty()) {
            let names: Vec<String> = volumes.iter().map(ToString::to_string).collect();
            write!(f, "{separator}{what}: {}", names.join(", "))?;
            separator = "; ";
        }
        Ok(())
    }
}

/// The exact differences between the volumes of the servers, of the Cinder group and of the array group; `None` if all
/// three are equal. The caller brings all three to one kind of name first, for example the array volume's.
pub fn compare_membership<T: Ord + Clone>(
    servers: &BTreeSet<T>,
    cinder: &BTreeSet<T>,
    array: &BTreeSet<T>,
) -> Option<MembershipDrift<T>> {
    let without = |a: &BTreeSet<T>, b: &BTreeSet<T>| -> BTreeSet<T> { a.difference(b).cloned().collect() };
    (servers != cinder || servers != array).then(|| MembershipDrift {
        missing_in_cinder: without(servers, cinder),
        foreign_in_cinder: without(cinder, servers),
        missing_in_array: without(servers, array),
        foreign_in_array: without(array, servers),
    })
}

#[cfg(test)]
mod tests;
