//! What breaks an eligibility rule, in words, with the command that mends it.

use crate::model::{
    CinderGroupId, ProjectId, REPLICATION_ENABLED, REPLICATION_TYPE, ReplicationType, ServerId, SiteName, VolumeId,
};
use crate::rules::shell::word;
use crate::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A volume of a server on a site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VolumeRef {
    /// Where.
    pub site: SiteName,
    /// The server.
    pub server: ServerId,
    /// Its name.
    pub server_name: String,
    /// The volume.
    pub volume: VolumeId,
    /// Its name.
    pub volume_name: String,
}

impl fmt::Display for VolumeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "volume '{}' ({}) of server '{}'", self.volume_name, self.volume, self.server_name)
    }
}

/// One broken eligibility rule. Prints as a sentence and the command that mends it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Violation {
    /// The volume type lacks `replication_enabled='<is> True'`.
    ReplicationNotEnabled {
        /// Where.
        site: SiteName,
        /// The type.
        volume_type: String,
        /// The extra spec as it is; `None`: not set.
        found: Option<String>,
        /// What the protection group needs.
        wanted: ReplicationType,
    },
    /// The volume type replicates in another way than the group.
    ReplicationTypeMismatch {
        /// Where.
        site: SiteName,
        /// The type.
        volume_type: String,
        /// The extra spec as it is; `None`: not set, which means async.
        found: Option<String>,
        /// What the protection group needs.
        wanted: ReplicationType,
    },
    /// The volume's type does not replicate as the group does, or the volume has no known type.
    VolumeNotEligible {
        /// Which volume.
        volume: VolumeRef,
        /// Its type.
        found: Option<String>,
        /// The group's type.
        expected: String,
        /// What the protection group needs.
        wanted: ReplicationType,
    },
    /// The volume's type replicates, but is not the group's.
    VolumeTypeMismatch {
        /// Which volume.
        volume: VolumeRef,
        /// Its type.
        found: String,
        /// The group's type.
        expected: String,
    },
    /// The volume is on another backend than the group.
    OtherBackend {
        /// Which volume.
        volume: VolumeRef,
        /// Its backend; empty: the cloud does not show it.
        found: String,
        /// The group's backend.
        expected: String,
    },
    /// The volume is in a Cinder group that is not the protection group's.
    InForeignCinderGroup {
        /// Which volume.
        volume: VolumeRef,
        /// The Cinder group.
        group: CinderGroupId,
    },
    /// The volume is protected by another protection group.
    InOtherProtectionGroup {
        /// Which volume.
        volume: VolumeRef,
        /// Name of that protection group.
        protection_group: String,
    },
    /// Nova would delete the volume, and with it a recovery point, together with the server.
    DeletedWithServer {
        /// Which volume.
        volume: VolumeRef,
    },
    /// Cinder does not tell which array volume is behind the volume.
    ArrayVolumeUnknown {
        /// Which volume.
        volume: VolumeRef,
    },
    /// The volume does not lie in the pod of a synchronous group.
    OutsidePod {
        /// Which volume.
        volume: VolumeRef,
        /// The pod that it lies in, if it is in one.
        found: Option<String>,
        /// The group's pod.
        pod: String,
    },
    /// The server belongs to another project than the group.
    OfOtherProject {
        /// Where.
        site: SiteName,
        /// The server.
        server: ServerId,
        /// Its name.
        server_name: String,
        /// Its project.
        found: ProjectId,
        /// The group's project.
        expected: ProjectId,
    },
    /// The server has no volumes at all.
    ServerWithoutVolumes {
        /// Where.
        site: SiteName,
        /// The server.
        server: ServerId,
        /// Its name.
        server_name: String,
    },
    /// The server has volumes, but boots from a disk that is not one.
    BootDiskNotAVolume {
        /// Where.
        site: SiteName,
        /// The server.
        server: ServerId,
        /// Its name.
        server_name: String,
    },
}

impl Violation {
    /// Stable code, the same as `code` in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ReplicationNotEnabled { .. } => "replication_not_enabled",
            Self::ReplicationTypeMismatch { .. } => "replication_type_mismatch",
            Self::VolumeNotEligible { .. } => "volume_not_eligible",
            Self::VolumeTypeMismatch { .. } => "volume_type_mismatch",
            Self::OtherBackend { .. } => "other_backend",
            Self::InForeignCinderGroup { .. } => "in_foreign_cinder_group",
            Self::InOtherProtectionGroup { .. } => "in_other_protection_group",
            Self::DeletedWithServer { .. } => "deleted_with_server",
            Self::ArrayVolumeUnknown { .. } => "array_volume_unknown",
            Self::OutsidePod { .. } => "outside_pod",
            Self::OfOtherProject { .. } => "of_other_project",
            Self::ServerWithoutVolumes { .. } => "server_without_volumes",
            Self::BootDiskNotAVolume { .. } => "boot_disk_not_a_volume",
        }
    }

    /// What is wrong, with which object and value; one line, no remedy.
    pub fn message(&self) -> String {
        match self {
            Self::ReplicationNotEnabled { site, volume_type, found, .. } => format!(
                "Volume type '{volume_type}' does not support replication on site '{site}': extra spec \
                 {REPLICATION_ENABLED} {}, it must be '<is> True'",
                is_or_not_set(found.as_deref(), "is not set")
            ),
            Self::ReplicationTypeMismatch { site, volume_type, found, wanted } => format!(
                "Volume type '{volume_type}' does not support replication as '{wanted}' on site '{site}': extra spec \
                 {REPLICATION_TYPE} {}, it must be '<in> {wanted}'",
                is_or_not_set(found.as_deref(), "is not set, which means async")
            ),
            Self::VolumeNotEligible { volume, found: Some(found), wanted, .. } => format!(
                "Volume not replication-eligible: {volume} has type '{found}', which does not replicate as '{wanted}'"
            ),
            Self::VolumeNotEligible { volume, found: None, .. } => {
                format!("Volume not replication-eligible: the type of {volume} is not known")
            }
            Self::VolumeTypeMismatch { volume, found, expected } => {
                format!("Volume type mismatch: {volume} has type '{found}', the protection group has type '{expected}'")
            }
            Self::OtherBackend { volume, found, .. } if found.is_empty() => {
                format!("Volume on an unknown backend: {volume} is on one that this user is not shown")
            }
            Self::OtherBackend { volume, found, expected } => {
                format!("Volume on another backend: {volume} is on '{found}', the protection group is on '{expected}'")
            }
            Self::InForeignCinderGroup { volume, group } => {
                format!("Volume in another Cinder group: {volume} is in group {group}")
            }
            Self::InOtherProtectionGroup { volume, protection_group } => {
                format!("Volume already protected: {volume} is in protection group '{protection_group}'")
            }
            Self::DeletedWithServer { volume } => {
                format!("Volume would be deleted with its server: {volume} has delete_on_termination set")
            }
            Self::ArrayVolumeUnknown { volume } => {
                format!("Array volume unknown: {volume} has no array_volume_name in its Cinder metadata")
            }
            Self::OutsidePod { volume, found: Some(found), pod } => {
                format!("Volume in another pod: {volume} is in pod '{found}', the protection group is in pod '{pod}'")
            }
            Self::OutsidePod { volume, found: None, pod } => {
                format!("Volume outside of the pod: {volume} is in no pod, the protection group is in pod '{pod}'")
            }
            Self::OfOtherProject { server, server_name, found, expected, .. } => format!(
                "Server of another project: '{server_name}' ({server}) belongs to project '{found}', the protection group \
                 to project '{expected}'"
            ),
            Self::ServerWithoutVolumes { server, server_name, .. } => {
                format!(
                    "server '{server_name}' has no volumes: {server} boots from a local disk, which is not replicated"
                )
            }
            Self::BootDiskNotAVolume { server, server_name, .. } => {
                format!(
                    "server '{server_name}' does not boot from a volume: the boot disk of {server} is not replicated"
                )
            }
        }
    }

    /// The command that mends it.
    pub fn remedy(&self) -> String {
        match self {
            Self::ReplicationNotEnabled { site, volume_type, wanted, .. }
            | Self::ReplicationTypeMismatch { site, volume_type, wanted, .. } => {
                set_volume_type(site, volume_type, *wanted)
            }
            // the group's own type lost its extra specs: a retype to it would change nothing
            Self::VolumeNotEligible { volume, found: Some(found), expected, wanted } if found == expected => {
                set_volume_type(&volume.site, expected, *wanted)
            }
            Self::VolumeNotEligible { volume, expected, .. } | Self::VolumeTypeMismatch { volume, expected, .. } => {
                format!(
                    "{} volume set --type {} --migration-policy on-demand {}",
                    openstack(&volume.site),
                    word(expected),
                    volume.volume
                )
            }
            Self::OtherBackend { volume, found, .. } if found.is_empty() => format!(
                "{} role add --project <project> --user <user> admin (volume_extension:volume_host_attribute)",
                openstack(&volume.site)
            ),
            Self::OtherBackend { volume, expected, .. } => {
                let host = if expected.contains('#') { expected.clone() } else { format!("{expected}#<pool>") };
                format!("{} volume migrate --host {} {}", openstack(&volume.site), word(&host), volume.volume)
            }
            Self::InForeignCinderGroup { volume, group } => format!(
                "on {}: cinder --os-volume-api-version 3.13 group-update --remove-volumes {} {group}",
                volume.site, volume.volume
            ),
            Self::InOtherProtectionGroup { volume, protection_group } => format!(
                "{} protector protection-group member-remove {} --instance-id {}",
                openstack(&volume.site),
                word(protection_group),
                volume.server
            ),
            Self::DeletedWithServer { volume } => format!(
                "{} --os-compute-api-version 2.85 server volume update --preserve-on-termination {} {}",
                openstack(&volume.site),
                volume.server,
                volume.volume
            ),
            Self::ArrayVolumeUnknown { volume } => format!(
                "{} volume set --property array_volume_name=<name on the array> {}",
                openstack(&volume.site),
                volume.volume
            ),
            Self::OutsidePod { pod, .. } => {
                format!(
                    "set pure_replication_pod_name = {pod} for the backend in cinder.conf, and move the volume there"
                )
            }
            Self::OfOtherProject { server, found, .. } => format!(
                "add it to a protection group of its own project: openstack protector protection-group list shows those \
                 of project '{found}', or make one; member add <group> --instance-id {server}"
            ),
            Self::ServerWithoutVolumes { site, server, .. } | Self::BootDiskNotAVolume { site, server, .. } => format!(
                "build it again on a volume: {} server show {server} -c image -c flavor -c volumes_attached",
                openstack(site)
            ),
        }
    }

    /// Server name, volume name, volume id, code.
    pub(super) fn sort_key(&self) -> (&str, &str, &str, &'static str) {
        match self {
            Self::VolumeNotEligible { volume, .. }
            | Self::VolumeTypeMismatch { volume, .. }
            | Self::OtherBackend { volume, .. }
            | Self::InForeignCinderGroup { volume, .. }
            | Self::InOtherProtectionGroup { volume, .. }
            | Self::DeletedWithServer { volume }
            | Self::ArrayVolumeUnknown { volume }
            | Self::OutsidePod { volume, .. } => {
                (&volume.server_name, &volume.volume_name, volume.volume.as_str(), self.code())
            }
            Self::OfOtherProject { server_name, .. }
            | Self::ServerWithoutVolumes { server_name, .. }
            | Self::BootDiskNotAVolume { server_name, .. } => (server_name, "", "", self.code()),
            Self::ReplicationNotEnabled { volume_type, .. } | Self::ReplicationTypeMismatch { volume_type, .. } => {
                ("", volume_type, "", self.code())
            }
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; to mend: {}", self.message(), self.remedy())
    }
}

/// One error for all of `violations`: the headline, then one line for each with its remedy.
///
/// The kind is `NotEligible`: mend every line, then repeat the call.
pub fn violations_error(headline: &str, violations: &[Violation]) -> Error {
    let lines: String = violations.iter().map(|v| format!("\n  {v}")).collect();
    Error::new(ErrorKind::NotEligible, format!("{headline}:{lines}"))
}

/// The command that makes a volume type replicate.
pub(in crate::rules) fn set_volume_type(site: &SiteName, volume_type: &str, wanted: ReplicationType) -> String {
    format!("{} volume type set {} {}", openstack(site), word(volume_type), replication_properties(wanted))
}

/// The options that give a volume type the extra specs it needs.
pub(in crate::rules) fn replication_properties(wanted: ReplicationType) -> String {
    format!("--property {REPLICATION_ENABLED}='<is> True' --property {REPLICATION_TYPE}='<in> {wanted}'")
}

/// The start of a command on `site`.
pub(in crate::rules) fn openstack(site: &SiteName) -> String {
    format!("openstack --os-cloud {}", word(site.as_str()))
}

fn is_or_not_set(found: Option<&str>, not_set: &str) -> String {
    found.map_or_else(|| not_set.to_owned(), |value| format!("is '{value}'"))
}
