//! Whether the target project may use what the members need there.

use crate::plan::placement::Placements;
use crate::plan::{CloudFacts, Evidence, Facts, Finding, FindingCode};
use crate::ports::{Quota, Server};

/// One line of a quota.
struct Line {
    /// As `openstack quota set` spells it.
    option: &'static str,
    needed: u64,
    left: Option<u64>,
}

impl Line {
    fn missing(&self) -> Option<u64> {
        self.needed.checked_sub(self.left?).filter(|missing| *missing > 0)
    }
}

/// New volumes for all disks, and new servers; `retires`: servers that the members left there make room first.
pub(in crate::plan) fn quota(facts: &Facts, placements: &Placements<'_>, retires: bool, findings: &mut Vec<Finding>) {
    let Some(cloud) = facts.target.cloud.known() else { return };
    let site = &facts.target.site;
    let evidence = Evidence::of_cloud(&facts.target, facts.now);
    let Some(left) = cloud.quota else {
        findings.push(
            Finding::warning(
                FindingCode::QuotaUnknown,
                format!("what the project may still use on {site} is not known"),
            )
            .remedy(format!("openstack --os-cloud {site} quota show"))
            .seen(evidence),
        );
        return;
    };
    let lines = lines(facts, cloud, placements, retires, left);
    let short: Vec<(&Line, u64)> = lines.iter().filter_map(|line| Some((line, line.missing()?))).collect();
    if short.is_empty() {
        return;
    }
    let each = short.iter().map(|(line, missing)| format!("{} {} ({missing} more)", line.needed, line.option));
    let remedy = short.iter().map(|(line, missing)| format!("--{} <limit + {missing}>", line.option));
    let seen = short.iter().fold(evidence, |seen, (line, _)| {
        seen.value(&format!("{}_needed", line.option), line.needed)
            .value(&format!("{}_left", line.option), line.left.unwrap_or_default())
    });
    findings.push(
        Finding::blocker(
            FindingCode::QuotaShort,
            format!("the quota on {site} is too small: needed are {}", each.collect::<Vec<_>>().join(", ")),
        )
        .remedy(format!("openstack --os-cloud {site} quota set {} <project>", remedy.collect::<Vec<_>>().join(" ")))
        .seen(seen),
    );
}

fn lines(facts: &Facts, cloud: &CloudFacts, placements: &Placements<'_>, retires: bool, left: Quota) -> [Line; 5] {
    let old: Vec<&Server> = match retires {
        true => crate::plan::relocate::standby_servers(facts).map(|(_, server)| server).collect(),
        false => Vec::new(),
    };
    let shapes = placements.values().filter_map(|placement| {
        cloud.flavors.iter().find(|flavor| flavor.name == placement.flavor).map(|flavor| flavor.shape)
    });
    let (vcpus, ram) = shapes.fold((0, 0), |(v, r), shape| (v + u64::from(shape.vcpus), r + u64::from(shape.ram_mib)));
    // what stayed there is no new volume
    let new_disks = || {
        let members =
            facts.record.members.iter().filter(|m| !retires || !crate::plan::relocate::stayed::has_stayed(facts, m));
        members.flat_map(|member| &member.disks)
    };
    let freed = |what: fn(&Server) -> u32| old.iter().map(|server| u64::from(what(server))).sum::<u64>();
    let line = |option, needed: u64, freed: u64, left| Line { option, needed: needed.saturating_sub(freed), left };
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    [
        line("instances", count(facts.record.members.len()), count(old.len()), left.servers),
        line("cores", vcpus, freed(|s| s.flavor_shape.vcpus), left.vcpus),
        line("ram", ram, freed(|s| s.flavor_shape.ram_mib), left.ram_mib),
        line("volumes", count(new_disks().count()), 0, left.volumes),
        line("gigabytes", new_disks().map(|disk| disk.size_gib).sum(), 0, left.volume_gib),
    ]
}
