//! Where a member goes: its networks, addresses and flavor on the target site.

use super::{CloudFacts, Facts, Finding, FindingCode};
use crate::model::{FlavorShape, Mappings, Member, Nic, ServerCapture, SiteName};
use crate::ports::Flavor;
use crate::{Result, rules};

/// A member's shape on the target site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placement {
    /// Per interface: where it goes, with the port and addresses it had there before or has on the source.
    pub(super) nics: Vec<Nic>,
    /// Flavor by name.
    pub(super) flavor: String,
}

/// Mappings that lead from source to target: stored ones turned the right way, then the given ones over them.
pub(super) fn mappings_towards_target(facts: &Facts, given: Option<&Mappings>) -> Result<Mappings> {
    let group = &facts.record.group;
    let none = Mappings::default();
    rules::mapping::towards(&group.mappings, given.unwrap_or(&none), facts.target.site == group.secondary_site)
}

/// Finds the member's place. What is missing becomes a finding, and the place keeps the source's words there.
pub(super) fn place(member: &Member, facts: &Facts, mappings: &Mappings, findings: &mut Vec<Finding>) -> Placement {
    let (source, target) = (&facts.source.site, &facts.target.site);
    let Some(capture) = member.captures.get(source).or_else(|| member.captures.values().next()) else {
        return Placement { nics: Vec::new(), flavor: String::new() };
    };
    let standby = member.captures.get(target);
    let cloud = facts.target.cloud.known();
    let nics = (0..capture.nics.len())
        .filter_map(|position| nic(member, capture, standby, position, target, mappings, cloud, findings))
        .collect();
    Placement { nics, flavor: flavor(member, capture, standby, target, mappings, cloud, findings) }
}

#[allow(clippy::too_many_arguments, reason = "one interface depends on both sides and on where findings go")]
fn nic(
    member: &Member,
    capture: &ServerCapture,
    standby: Option<&ServerCapture>,
    position: usize,
    target: &SiteName,
    mappings: &Mappings,
    cloud: Option<&CloudFacts>,
    findings: &mut Vec<Finding>,
) -> Option<Nic> {
    let nic = capture.nics.get(position)?;
    let earlier = standby.and_then(|s| s.nics.get(position));
    let Some(network) = mappings.networks.get(&nic.network).or(earlier.map(|n| &n.network)) else {
        let choice = cloud
            .map(|c| c.networks.iter().map(|n| n.name.as_str()).collect::<Vec<_>>().join(", "))
            .unwrap_or_default();
        findings.push(
            Finding::blocker(
                FindingCode::NetworkMappingMissing,
                format!(
                    "network '{}' of '{}' has no counterpart on {target} (there: {choice})",
                    nic.network, member.name
                ),
            )
            .remedy(format!("--network-mapping {}=<network of {target}>", nic.network)),
        );
        return Some(Nic { port: None, ..nic.clone() });
    };
    if cloud.is_some_and(|c| !c.networks.iter().any(|n| n.name == *network)) {
        findings.push(
            Finding::blocker(
                FindingCode::NetworkAbsent,
                format!("network '{network}', mapped from '{}', does not exist on {target}", nic.network),
            )
            .remedy(format!(
                "openstack --os-cloud {target} network create {network}, or map '{}' to another one",
                nic.network
            )),
        );
    }
    // what the member had there before wins: its users know those addresses
    Some(match earlier.filter(|n| n.network == *network) {
        Some(earlier) => earlier.clone(),
        None => Nic { port: None, network: network.clone(), ..nic.clone() },
    })
}

fn flavor(
    member: &Member,
    capture: &ServerCapture,
    standby: Option<&ServerCapture>,
    target: &SiteName,
    mappings: &Mappings,
    cloud: Option<&CloudFacts>,
    findings: &mut Vec<Finding>,
) -> String {
    let wanted = mappings.flavors.get(&capture.flavor).or(standby.map(|s| &s.flavor)).unwrap_or(&capture.flavor);
    let Some(cloud) = cloud else { return wanted.clone() };
    if cloud.flavors.iter().any(|f| f.name == *wanted) {
        return wanted.clone();
    }
    let mapped = mappings.flavors.contains_key(&capture.flavor);
    if let Some(equal) = of_shape(&cloud.flavors, capture.flavor_shape).filter(|_| !mapped) {
        return equal.name.clone();
    }
    let shape = capture.flavor_shape;
    findings.push(
        Finding::blocker(
            FindingCode::FlavorAbsent,
            format!(
                "flavor '{wanted}' of '{}' ({} vCPU, {} MiB) does not exist on {target}, nor one of that size",
                member.name, shape.vcpus, shape.ram_mib
            ),
        )
        .remedy(format!("--flavor-mapping {}=<flavor of {target}>", capture.flavor)),
    );
    wanted.clone()
}

fn of_shape(flavors: &[Flavor], shape: FlavorShape) -> Option<&Flavor> {
    flavors.iter().filter(|f| f.shape == shape).min_by(|a, b| a.name.cmp(&b.name))
}
