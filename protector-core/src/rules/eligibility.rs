//! Whether volume types and volumes can be protected. All violations at once; an order that does not depend on input.

mod violation;

pub use violation::{Violation, VolumeRef, violations_error};
pub(super) use violation::{openstack, replication_properties, set_volume_type};

use super::naming::pod_of;
use crate::model::{
    ArrayVolumeName, CinderGroupId, ProjectId, REPLICATION_ENABLED, REPLICATION_TYPE, ReplicationType, ServerId,
    SiteName, VolumeId, VolumeType,
};

/// What keeps `volume_type` of `site` from replicating as `wanted`; empty if nothing does.
///
/// Extra specs are compared without white space and quotes. A missing `replication_type` means async, as in Cinder.
pub fn check_volume_type(site: &SiteName, volume_type: &VolumeType, wanted: ReplicationType) -> Vec<Violation> {
    let spec = |key: &str| volume_type.extra_specs.get(key).map(|value| normalised(value));
    let shown = |key: &str| volume_type.extra_specs.get(key).cloned();
    let mut violations = Vec::new();
    if spec(REPLICATION_ENABLED).as_deref() != Some("<is>True") {
        violations.push(Violation::ReplicationNotEnabled {
            site: site.clone(),
            volume_type: volume_type.name.clone(),
            found: shown(REPLICATION_ENABLED),
            wanted,
        });
    }
    let replication_type = spec(REPLICATION_TYPE).unwrap_or_else(|| "<in>async".to_owned());
    if replication_type != format!("<in>{wanted}") {
        violations.push(Violation::ReplicationTypeMismatch {
            site: site.clone(),
            volume_type: volume_type.name.clone(),
            found: shown(REPLICATION_TYPE),
            wanted,
        });
    }
    violations
}

/// Whether Cinder replicates volumes of this type at all.
pub fn is_replicated(volume_type: &VolumeType) -> bool {
    volume_type.extra_specs.get(REPLICATION_ENABLED).is_some_and(|value| normalised(value) == "<is>True")
}

fn normalised(extra_spec: &str) -> String {
    extra_spec.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '"')).collect()
}

/// A volume of a server that shall become a member, as observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The server.
    pub server: ServerId,
    /// Its name.
    pub server_name: String,
    /// The volume.
    pub volume: VolumeId,
    /// Its name.
    pub volume_name: String,
    /// Its type; `None` if it has none or the cloud does not show it.
    pub volume_type: Option<VolumeType>,
    /// Cinder host, with or without the pool.
    pub backend: String,
    /// The Cinder group it is in.
    pub group: Option<CinderGroupId>,
    /// Whether Nova would delete it together with the server.
    pub delete_on_termination: bool,
    /// Its name on the array; `None` if Cinder does not tell.
    pub array_volume: Option<ArrayVolumeName>,
    /// Name of another protection group that has it already.
    pub protected_by: Option<String>,
}

/// Everything that keeps `candidates` out of a protection group on `site`; empty if all may be added.
///
/// Sorted by server name, volume name, ids and code, each violation once: the verdict depends neither on the order nor on
/// the multiplicity of `candidates`.
pub fn check_candidates(
    site: &SiteName,
    wanted: ReplicationType,
    group_volume_type: &str,
    group_backend: &str,
    own_cinder_group: &CinderGroupId,
    candidates: &[Candidate],
) -> Vec<Violation> {
    let mut violations: Vec<Violation> = candidates
        .iter()
        .flat_map(|c| {
            [
                type_violation(site, wanted, group_volume_type, c),
                backend_violation(site, group_backend, c),
                ownership_violation(site, own_cinder_group, c),
                protected_violation(site, c),
                safety_violation(site, c),
                array_violation(site, c),
            ]
        })
        .flatten()
        .collect();
    violations.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()).then_with(|| a.cmp(b)));
    violations.dedup();
    violations
}

/// What of `candidates` does not lie in `pod`, where the group is. One whose place is not known is no matter of this rule.
pub fn check_pod(site: &SiteName, pod: &str, candidates: &[Candidate]) -> Vec<Violation> {
    let outside = |c: &Candidate| {
        let found = pod_of(c.array_volume.as_ref()?.as_str());
        let (volume, pod) = (reference(site, c), pod.to_owned());
        (found != Some(&*pod)).then(|| Violation::OutsidePod { volume, found: found.map(str::to_owned), pod })
    };
    let mut violations: Vec<Violation> = candidates.iter().filter_map(outside).collect();
    violations.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()).then_with(|| a.cmp(b)));
    violations.dedup();
    violations
}

/// Whether a server can start from what is protected of it: it must have volumes and boot from one of them.
pub fn check_boot_volume(
    site: &SiteName,
    server: &ServerId,
    server_name: &str,
    volume_count: usize,
    boots_from_volume: bool,
) -> Option<Violation> {
    let (site, server, server_name) = (site.clone(), server.clone(), server_name.to_owned());
    match (volume_count, boots_from_volume) {
        (0, _) => Some(Violation::ServerWithoutVolumes { site, server, server_name }),
        (_, false) => Some(Violation::BootDiskNotAVolume { site, server, server_name }),
        (_, true) => None,
    }
}

/// Whether a server may join a group of `owner`; `None`: a group that any server may join. A server whose project the cloud
/// does not tell is not refused for it: what may be asked of a cloud is what its own rules show to who asks.
pub fn check_project(
    site: &SiteName,
    owner: Option<&ProjectId>,
    server: &ServerId,
    server_name: &str,
    found: Option<&ProjectId>,
) -> Option<Violation> {
    let (expected, found) = owner.zip(found).filter(|(owner, found)| owner != found)?;
    Some(Violation::OfOtherProject {
        site: site.clone(),
        server: server.clone(),
        server_name: server_name.to_owned(),
        found: found.clone(),
        expected: expected.clone(),
    })
}

fn reference(site: &SiteName, c: &Candidate) -> VolumeRef {
    VolumeRef {
        site: site.clone(),
        server: c.server.clone(),
        server_name: c.server_name.clone(),
        volume: c.volume.clone(),
        volume_name: c.volume_name.clone(),
    }
}

/// A retype mends both an ineligible and a different type, so one violation says it.
fn type_violation(site: &SiteName, wanted: ReplicationType, expected: &str, c: &Candidate) -> Option<Violation> {
    let volume = reference(site, c);
    let expected = expected.to_owned();
    match &c.volume_type {
        None => Some(Violation::VolumeNotEligible { volume, found: None, expected, wanted }),
        Some(found) if !check_volume_type(site, found, wanted).is_empty() => {
            Some(Violation::VolumeNotEligible { volume, found: Some(found.name.clone()), expected, wanted })
        }
        Some(found) if found.name != expected => {
            Some(Violation::VolumeTypeMismatch { volume, found: found.name.clone(), expected })
        }
        Some(_) => None,
    }
}

/// A backend that is not known is none of which one could say that it is the same.
fn backend_violation(site: &SiteName, expected: &str, c: &Candidate) -> Option<Violation> {
    (c.backend.is_empty() || without_pool(&c.backend) != without_pool(expected)).then(|| Violation::OtherBackend {
        volume: reference(site, c),
        found: c.backend.clone(),
        expected: expected.to_owned(),
    })
}

fn without_pool(host: &str) -> &str {
    host.split_once('#').map_or(host, |(backend, _)| backend)
}

fn ownership_violation(site: &SiteName, own: &CinderGroupId, c: &Candidate) -> Option<Violation> {
    let group = c.group.as_ref().filter(|group| *group != own)?;
    Some(Violation::InForeignCinderGroup { volume: reference(site, c), group: group.clone() })
}

fn protected_violation(site: &SiteName, c: &Candidate) -> Option<Violation> {
    let protection_group = c.protected_by.clone()?;
    Some(Violation::InOtherProtectionGroup { volume: reference(site, c), protection_group })
}

fn safety_violation(site: &SiteName, c: &Candidate) -> Option<Violation> {
    c.delete_on_termination.then(|| Violation::DeletedWithServer { volume: reference(site, c) })
}

fn array_violation(site: &SiteName, c: &Candidate) -> Option<Violation> {
    c.array_volume.is_none().then(|| Violation::ArrayVolumeUnknown { volume: reference(site, c) })
}

#[cfg(test)]
mod tests;
