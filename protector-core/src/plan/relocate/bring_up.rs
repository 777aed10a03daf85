//! From clones on an array to servers that run.

use super::{must_stop, standby_servers};
use crate::model::{Disk, Member, ServerId, StepId};
use crate::plan::build::Builder;
use crate::plan::placement::Placement;
use crate::plan::{Action, Facts, Phase};
use std::collections::{BTreeMap, HashMap};

/// What to bring up, and for what.
#[derive(Debug)]
pub(in crate::plan) struct BringUp<'a> {
    pub(in crate::plan) facts: &'a Facts,
    pub(in crate::plan) placements: &'a HashMap<ServerId, Placement>,
    pub(in crate::plan) tiers: BTreeMap<u16, Vec<&'a Member>>,
    /// A test: nothing of production is retired or regrouped, names say so, and addresses are the cloud's choice.
    pub(in crate::plan) test: bool,
}

/// Adds the steps and returns those that end them.
pub(in crate::plan) fn bring_up(builder: &mut Builder, what: &BringUp<'_>, cloned: &[StepId]) -> Vec<StepId> {
    let imported = imports(builder, what, cloned);
    let mut ends = Vec::new();
    if !what.test {
        ends.push(group_volumes(builder, what, &imported));
    }
    let retired = if what.test { HashMap::new() } else { retire(builder, what, cloned) };
    let mut earlier_tier = Vec::new();
    for (tier, members) in &what.tiers {
        let verified = members
            .iter()
            .map(|m| server(builder, what, m, &imported, retired.get(&m.id), cloned, &earlier_tier))
            .collect();
        earlier_tier =
            builder.barrier(format!("running/tier-{tier}"), Phase::Verify, format!("tier {tier} runs"), verified);
    }
    ends.extend(earlier_tier);
    ends
}

/// One import per disk; returns them by member.
fn imports(builder: &mut Builder, what: &BringUp<'_>, cloned: &[StepId]) -> HashMap<ServerId, Vec<StepId>> {
    let mut imported: HashMap<ServerId, Vec<StepId>> = HashMap::with_capacity(what.facts.record.members.len());
    for member in what.tiers.values().flatten() {
        for disk in &member.disks {
            let id = import(builder, what, member, disk, cloned);
            imported.entry(member.id.clone()).or_default().push(id);
        }
    }
    imported
}

fn import(builder: &mut Builder, what: &BringUp<'_>, member: &Member, disk: &Disk, cloned: &[StepId]) -> StepId {
    let site = &what.facts.target.site;
    let label = builder.label(member);
    let action = Action::ImportVolume {
        site: site.clone(),
        disk: disk.id.clone(),
        name: named(&disk.name, what.test),
        volume_type: what.facts.record.group.volume_type_on(site).to_owned(),
        bootable: disk.boot,
    };
    let title = format!("import '{}' into Cinder of {site}", disk.name);
    let id = builder.add(format!("import_volume/{label}/{}", disk.device), Phase::Recover, title, cloned, action);
    builder.of(member);
    id
}

fn group_volumes(builder: &mut Builder, what: &BringUp<'_>, imported: &HashMap<ServerId, Vec<StepId>>) -> StepId {
    let site = &what.facts.target.site;
    // in the order of the record: a map has none that is the same every time
    let members = &what.facts.record.members;
    let all: Vec<StepId> = members.iter().filter_map(|m| imported.get(&m.id)).flatten().cloned().collect();
    let action = Action::GroupVolumes {
        site: site.clone(),
        group: what.facts.record.group.cinder_group_on(site).clone(),
        disks: what.facts.record.disks().map(|(_, disk)| disk.id.clone()).collect(),
    };
    builder.add(
        "group_volumes",
        Phase::Recover,
        format!("put {} volumes into the consistency group of {site}", all.len()),
        &all,
        action,
    )
}

/// Servers left by an earlier operation hold names and addresses; they are stopped if need be and removed, their volumes stay.
fn retire(builder: &mut Builder, what: &BringUp<'_>, cloned: &[StepId]) -> HashMap<ServerId, StepId> {
    let site = &what.facts.target.site;
    let mut retired = HashMap::new();
    for (member, server) in standby_servers(what.facts) {
        let label = builder.label(member);
        let mut after = cloned.to_vec();
        if must_stop(server) {
            let action = Action::StopServer { site: site.clone(), server: server.id.clone() };
            let title = format!("stop the old server of '{label}' on {site}");
            after = vec![builder.add(format!("stop_old_server/{label}"), Phase::Recover, title, &after, action)];
            builder.of(member);
        }
        let action = Action::RetireServer { site: site.clone(), server: server.id.clone() };
        let title = format!("remove the old server of '{label}' on {site}, keep its volumes");
        let id = builder.add(format!("retire_server/{label}"), Phase::Recover, title, &after, action);
        builder.of(member);
        retired.insert(member.id.clone(), id);
    }
    retired
}

fn server(
    builder: &mut Builder,
    what: &BringUp<'_>,
    member: &Member,
    imported: &HashMap<ServerId, Vec<StepId>>,
    retired: Option<&StepId>,
    cloned: &[StepId],
    earlier_tier: &[StepId],
) -> StepId {
    let site = what.facts.target.site.clone();
    let label = builder.label(member);
    let free: Vec<StepId> = retired.map_or_else(|| cloned.to_vec(), |id| vec![id.clone()]);
    let placement = what.placements.get(&member.id);
    let mut after: Vec<StepId> = imported.get(&member.id).cloned().unwrap_or_default();
    for (nic, wanted) in placement.iter().flat_map(|p| &p.nics).enumerate() {
        // a test takes nothing that production has or had
        let (reuse, fixed_ips) =
            if what.test { (None, Vec::new()) } else { (wanted.port.clone(), wanted.fixed_ips.clone()) };
        let network = wanted.network.clone();
        let title = format!("port of '{label}' on '{network}'");
        let action =
            Action::EnsurePort { site: site.clone(), member: member.id.clone(), nic, network, reuse, fixed_ips };
        after.push(builder.add(format!("ensure_port/{label}/{nic}"), Phase::Recover, title, &free, action));
        builder.of(member);
    }
    after.extend(retired.cloned());
    after.extend_from_slice(earlier_tier);
    let action = Action::EnsureServer {
        site: site.clone(),
        member: member.id.clone(),
        flavor: placement.map(|p| p.flavor.clone()).unwrap_or_default(),
        name: named(&member.name, what.test),
    };
    let started = builder.add(
        format!("ensure_server/{label}"),
        Phase::Recover,
        format!("start '{}' on {site}", named(&member.name, what.test)),
        &after,
        action,
    );
    builder.of(member);
    let action = Action::VerifyServer { site, member: member.id.clone() };
    let verified = builder.add(
        format!("verify_server/{label}"),
        Phase::Verify,
        format!("verify that '{label}' is active with its volumes"),
        &[started],
        action,
    );
    builder.of(member);
    verified
}

fn named(name: &str, test: bool) -> String {
    if test { format!("{name}-test") } else { name.to_owned() }
}
