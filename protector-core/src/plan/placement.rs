//! Where a member goes: its networks, addresses and flavor on the target site.

use super::by_member::ByMember;
use super::{CloudFacts, Evidence, Facts, Finding, FindingCode};
use crate::model::{FlavorShape, Mappings, Member, Nic, ServerCapture, SiteName};
use crate::ports::Flavor;
use crate::rules;
use std::collections::BTreeMap;

/// A member's shape on the target site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Placement {
    /// Per interface: where it goes, with the port and addresses it had there before or has on the source.
    pub(super) nics: Vec<Nic>,
    /// Flavor by name.
    pub(super) flavor: String,
}

/// Where each member goes.
pub(super) type Placements<'a> = ByMember<'a, Placement>;

/// Mappings that lead from source to target: stored ones turned the right way, then the given ones over them. Where the
/// stored ones cannot be turned, there is a finding and only the given ones are left.
pub(super) fn mappings_towards_target(
    facts: &Facts,
    given: Option<&Mappings>,
    findings: &mut Vec<Finding>,
) -> Mappings {
    let group = &facts.record.group;
    let none = Mappings::default();
    let given = given.unwrap_or(&none);
    rules::mapping::towards(&group.mappings, given, facts.target.site == group.secondary_site).unwrap_or_else(|e| {
        let pairs = |map: &BTreeMap<String, String>| map.iter().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>();
        let evidence = Evidence::of_store(facts)
            .names("networks", pairs(&group.mappings.networks))
            .names("flavors", pairs(&group.mappings.flavors));
        let finding = Finding::blocker(FindingCode::MappingNotInvertible, e.message()).seen(evidence);
        findings.push(match e.remedy_text() {
            Some(remedy) => finding.remedy(remedy),
            None => finding,
        });
        given.clone()
    })
}

/// Finds the places of members. What is missing becomes a finding, and the place keeps the source's words there.
pub(super) fn place<'a>(
    members: impl Iterator<Item = &'a Member>,
    facts: &Facts,
    mappings: &Mappings,
    findings: &mut Vec<Finding>,
) -> Placements<'a> {
    members.map(|member| (member, place_of(member, facts, mappings, findings))).collect()
}

fn place_of(member: &Member, facts: &Facts, mappings: &Mappings, findings: &mut Vec<Finding>) -> Placement {
    let Some(capture) = member.captures.get(&facts.source.site).or_else(|| member.captures.values().next()) else {
        return Placement::default();
    };
    let standby = member.captures.get(&facts.target.site);
    // one that never was on the source goes where it was before: what is mapped are networks of the source
    let none = Mappings::default();
    let was_on_source = member.captures.contains_key(&facts.source.site);
    let mappings = if was_on_source || standby.is_none() { mappings } else { &none };
    let search = Search { facts, member, capture, standby, mappings };
    let nics = (0..capture.nics.len()).filter_map(|position| search.nic(position, findings)).collect();
    Placement { nics, flavor: search.flavor(findings) }
}

/// Where to look for a member's place.
struct Search<'a> {
    facts: &'a Facts,
    member: &'a Member,
    /// What its server looks like on the source.
    capture: &'a ServerCapture,
    /// What it looked like on the target, if it was there before.
    standby: Option<&'a ServerCapture>,
    mappings: &'a Mappings,
}

impl Search<'_> {
    fn target(&self) -> &SiteName {
        &self.facts.target.site
    }

    fn cloud(&self) -> Option<&CloudFacts> {
        self.facts.target.cloud.known()
    }

    fn seen(&self) -> Evidence {
        Evidence::of_cloud(&self.facts.target, self.facts.now)
    }

    fn nic(&self, position: usize, findings: &mut Vec<Finding>) -> Option<Nic> {
        let nic = self.capture.nics.get(position)?;
        let earlier = self.standby.and_then(|s| s.nics.get(position));
        let Some(network) = self.mappings.networks.get(&nic.network).or(earlier.map(|n| &n.network)) else {
            findings.push(self.network_unmapped(nic));
            return Some(anew(nic, &nic.network));
        };
        if self.cloud().is_some_and(|c| !c.networks.iter().any(|n| n.name == *network)) {
            findings.push(self.network_absent(nic, network));
        }
        // what the member had there before wins: its users know those addresses
        Some(match earlier.filter(|n| n.network == *network) {
            Some(earlier) => earlier.clone(),
            None => anew(nic, network),
        })
    }

    fn networks_there(&self) -> Vec<&str> {
        self.cloud().map(|c| c.networks.iter().map(|n| n.name.as_str()).collect()).unwrap_or_default()
    }

    fn network_unmapped(&self, nic: &Nic) -> Finding {
        let (target, there) = (self.target(), self.networks_there());
        Finding::blocker(
            FindingCode::NetworkMappingMissing,
            format!(
                "network '{}' of '{}' has no counterpart on {target} (there: {})",
                nic.network,
                self.member.name,
                there.join(", ")
            ),
        )
        .remedy(format!("--network-mapping {}=<network of {target}>", nic.network))
        .seen(self.seen().names("networks", there))
    }

    fn network_absent(&self, nic: &Nic, network: &str) -> Finding {
        let target = self.target();
        Finding::blocker(
            FindingCode::NetworkAbsent,
            format!("network '{network}', mapped from '{}', does not exist on {target}", nic.network),
        )
        .remedy(format!(
            "openstack --os-cloud {target} network create {network}, or map '{}' to another one",
            nic.network
        ))
        .seen(self.seen().names("networks", self.networks_there()))
    }

    fn flavor(&self, findings: &mut Vec<Finding>) -> String {
        let Self { capture, standby, mappings, .. } = self;
        let mapped = mappings.flavors.get(&capture.flavor);
        let wanted = mapped.or(standby.map(|s| &s.flavor)).unwrap_or(&capture.flavor);
        let Some(cloud) = self.cloud() else { return wanted.clone() };
        if cloud.flavors.iter().any(|f| f.name == *wanted) {
            return wanted.clone();
        }
        if let Some(equal) = of_shape(&cloud.flavors, capture.flavor_shape).filter(|_| mapped.is_none()) {
            return equal.name.clone();
        }
        findings.push(self.flavor_absent(wanted, cloud));
        wanted.clone()
    }

    fn flavor_absent(&self, wanted: &str, cloud: &CloudFacts) -> Finding {
        let (target, shape) = (self.target(), self.capture.flavor_shape);
        Finding::blocker(
            FindingCode::FlavorAbsent,
            format!(
                "flavor '{wanted}' of '{}' ({} vCPU, {} MiB) does not exist on {target}, nor one of that size",
                self.member.name, shape.vcpus, shape.ram_mib
            ),
        )
        .remedy(format!("--flavor-mapping {}=<flavor of {target}>", self.capture.flavor))
        .seen(self.seen().names("flavors", cloud.flavors.iter().map(|f| &f.name)))
    }
}

/// An interface like this one, on a port of its own.
fn anew(nic: &Nic, network: &str) -> Nic {
    let (mac_address, fixed_ips) = (nic.mac_address.clone(), nic.fixed_ips.clone());
    Nic { port: None, network: network.to_owned(), mac_address, fixed_ips }
}

fn of_shape(flavors: &[Flavor], shape: FlavorShape) -> Option<&Flavor> {
    flavors.iter().filter(|f| f.shape == shape).min_by(|a, b| a.name.cmp(&b.name))
}
