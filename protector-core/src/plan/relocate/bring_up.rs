//! From clones on an array to servers that run.
//!
//! An edge from a step of one member to a step of another is a dependency: the other is not started if that step fails.
//! Everything else that waits for members waits for their outcomes, through a barrier or as a step of no member.

use super::import::Import;
use super::{must_stop, standby_server, stayed};
use crate::model::{Disk, Lookup, LookupSet, Member, Nic, ServerId, StepId, Unfinished, UnimportedClone};
use crate::plan::build::Builder;
use crate::plan::by_member::ByMember;
use crate::plan::placement::{Placement, Placements};
use crate::plan::{Action, Facts, OnFailure, Phase};
use crate::ports::{SERVER_OP_KEY, Server};
use crate::rules::start_order;
use std::collections::{BTreeMap, BTreeSet};

/// What members are brought up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Purpose<'a> {
    /// The workload moves.
    Move,
    /// A test: nothing of production is retired or regrouped, names say so, and addresses are the cloud's choice.
    Test,
    /// Members that did not arrive are gone on with.
    Retry(&'a Unfinished),
}

/// Whom to bring up, and for what.
#[derive(Debug)]
pub(in crate::plan) struct BringUp<'a> {
    pub(in crate::plan) facts: &'a Facts,
    pub(in crate::plan) tiers: BTreeMap<u16, Vec<&'a Member>>,
    pub(in crate::plan) purpose: Purpose<'a>,
    pub(in crate::plan) import: &'a Import,
    /// The step after which members are started whose volumes stayed on the target: nothing is imported for them.
    pub(in crate::plan) reopened: Option<StepId>,
}

/// What is known of the steps laid out so far.
#[derive(Debug, Default)]
struct Laid<'a> {
    /// All imports, until somebody waits for them.
    imports: Vec<StepId>,
    /// Those of each member, until its server waits for them.
    imported: ByMember<'a, Vec<StepId>>,
    retired: ByMember<'a, StepId>,
    /// Members that others depend on.
    awaited: LookupSet<&'a ServerId>,
    /// The step after which such a member is up and checked.
    up: Lookup<&'a ServerId, StepId>,
    required: BTreeSet<&'a ServerId>,
}

/// The steps that others wait for.
#[derive(Debug)]
pub(in crate::plan) struct BroughtUp {
    /// Every member runs or has failed.
    pub(in crate::plan) running: Vec<StepId>,
    /// What was taken over is in its consistency group, if it joins one.
    pub(in crate::plan) grouped: Option<StepId>,
}

/// Adds the steps.
pub(in crate::plan) fn bring_up(
    builder: &mut Builder,
    what: &BringUp<'_>,
    mut placements: Placements<'_>,
    cloned: &[StepId],
) -> BroughtUp {
    let members = || what.tiers.values().flatten();
    let mut laid = Laid { awaited: members().flat_map(|m| &m.start.depends_on).collect(), ..Laid::default() };
    if what.purpose == Purpose::Move {
        laid.required = start_order::required(&what.facts.record.members);
    }
    imports(builder, what, &mut laid, cloned);
    if what.purpose != Purpose::Test {
        retire(builder, what, &mut laid, cloned);
    }
    let mut earlier_tier = Vec::new();
    // nothing starts after the last tier, so what comes then waits for outcomes anyway
    let last = what.tiers.keys().next_back();
    for (tier, members) in &what.tiers {
        let mut up = Vec::new();
        for member in members {
            let placement = placements.remove(member).unwrap_or_default();
            let id = server(builder, what, member, placement, &mut laid, cloned, &earlier_tier);
            if laid.awaited.contains(&member.id) {
                laid.up.insert(&member.id, id.clone());
            }
            up.push(id);
        }
        let (id, title) = (format!("running/tier-{tier}"), format!("every member of tier {tier} runs or has failed"));
        earlier_tier = match Some(tier) == last {
            true => builder.barrier(id, Phase::Verify, title, up),
            false => builder.outcomes(id, Phase::Verify, title, &up),
        };
    }
    let running = earlier_tier;
    let grouped = what.import.joins_group.then(|| group_volumes(builder, what, &mut laid, cloned, &running));
    BroughtUp { running, grouped }
}

impl BringUp<'_> {
    /// What the steps of a member come after that need none of its imports.
    fn start_of(&self, member: &Member, cloned: &[StepId]) -> Vec<StepId> {
        match &self.reopened {
            Some(reopened) if stayed::has_stayed(self.facts, member) => vec![reopened.clone()],
            _ => cloned.to_vec(),
        }
    }
}

impl Laid<'_> {
    fn on_failure(&self, member: &Member) -> OnFailure {
        if self.required.contains(&member.id) { OnFailure::Stop } else { OnFailure::FailMember }
    }

    /// Says whose step the one added last is.
    fn of(&self, builder: &mut Builder, member: &Member) {
        builder.of(member);
        builder.on_failure(self.on_failure(member));
    }
}

/// One import per disk that is not there yet.
fn imports<'a>(builder: &mut Builder, what: &BringUp<'a>, laid: &mut Laid<'a>, cloned: &[StepId]) {
    laid.imported = ByMember::with_capacity(what.facts.record.members.len());
    let is_imported = |member: &Member| what.reopened.is_none() || !stayed::has_stayed(what.facts, member);
    for member in what.tiers.values().flatten().filter(|member| is_imported(member)) {
        let label = builder.label(member);
        let mut imports = Vec::with_capacity(member.disks.len());
        for disk in &member.disks {
            let clone = match what.purpose {
                Purpose::Retry(_) if disk.copies.contains_key(&what.facts.target.site) => continue,
                Purpose::Retry(unfinished) => unfinished.clones.iter().find(|c| c.disk == disk.id).cloned(),
                Purpose::Move | Purpose::Test => None,
            };
            imports.push(import(builder, what, &label, disk, clone, cloned));
            laid.of(builder, member);
        }
        laid.imports.extend_from_slice(&imports);
        laid.imported.insert(member, imports);
    }
}

fn import(
    builder: &mut Builder,
    what: &BringUp<'_>,
    label: &str,
    disk: &Disk,
    clone: Option<UnimportedClone>,
    cloned: &[StepId],
) -> StepId {
    let site = &what.facts.target.site;
    let action = Action::ImportVolume {
        site: site.clone(),
        disk: disk.id.clone(),
        name: named(&disk.name, what.purpose),
        volume_type: what.import.volume_type.clone(),
        bootable: disk.boot,
        clone,
    };
    let title = format_args!("import '{}' into Cinder of {site}", disk.name);
    builder.add(format_args!("import_volume/{label}/{}", disk.device), Phase::Recover, title, cloned, action)
}

/// After the servers: a volume that Nova reserves for a boot at the moment in which Cinder puts it into a group leaves the
/// group in `updating` for ever (Cinder 29: the API checks its state, and the manager once more, without an end if it says
/// no). Those in use can join.
fn group_volumes(
    builder: &mut Builder,
    what: &BringUp<'_>,
    laid: &mut Laid<'_>,
    cloned: &[StepId],
    running: &[StepId],
) -> StepId {
    let site = &what.facts.target.site;
    let mut after = std::mem::take(&mut laid.imports);
    after.extend_from_slice(running);
    // what stayed is in the group, too
    after.extend(what.reopened.clone());
    if after.is_empty() {
        after.extend_from_slice(cloned);
    }
    let disks: Vec<_> = what.facts.record.disks().map(|(_, disk)| disk.id.clone()).collect();
    let title = format!("put {} volumes into the consistency group of {site}", disks.len());
    let action = Action::GroupVolumes {
        site: site.clone(),
        group: what.facts.record.group.cinder_group_on(site).clone(),
        disks,
    };
    builder.add("group_volumes", Phase::Switch, title, &after, action)
}

/// Servers left by an earlier operation hold names and addresses; they are stopped if need be and removed, their volumes stay.
fn retire<'a>(builder: &mut Builder, what: &BringUp<'a>, laid: &mut Laid<'a>, cloned: &[StepId]) {
    let site = &what.facts.target.site;
    for member in what.tiers.values().flatten() {
        let left = standby_server(what.facts, member).filter(|server| !is_begun(server, what.purpose));
        let Some(server) = left else { continue };
        let label = builder.label(member);
        let mut after = what.start_of(member, cloned);
        if must_stop(server) {
            let action = Action::StopServer { site: site.clone(), server: server.id.clone() };
            let title = format!("stop the old server of '{label}' on {site}");
            after = vec![builder.add(format!("stop_old_server/{label}"), Phase::Recover, title, &after, action)];
            laid.of(builder, member);
        }
        let action = Action::RetireServer { site: site.clone(), server: server.id.clone() };
        let title = format!("remove the old server of '{label}' on {site}, keep its volumes");
        let id = builder.add(format!("retire_server/{label}"), Phase::Recover, title, &after, action);
        laid.of(builder, member);
        laid.retired.insert(member, id);
    }
}

/// Whether the server is one that the operation made which is gone on with.
fn is_begun(server: &Server, purpose: Purpose<'_>) -> bool {
    let Purpose::Retry(unfinished) = purpose else { return false };
    let made_by = format!("{}/", unfinished.operation);
    server.metadata.get(SERVER_OP_KEY).is_some_and(|key| key.starts_with(&made_by))
}

fn server(
    builder: &mut Builder,
    what: &BringUp<'_>,
    member: &Member,
    placement: Placement,
    laid: &mut Laid<'_>,
    cloned: &[StepId],
    earlier_tier: &[StepId],
) -> StepId {
    let site = what.facts.target.site.clone();
    let (label, name) = (builder.label(member), named(&member.name, what.purpose));
    let imported = laid.imported.remove(member);
    let has_no_import = what.reopened.is_some() && imported.is_none();
    let mut after = imported.unwrap_or_default();
    after.extend(ports(builder, what, member, placement.nics, laid, cloned));
    after.extend(laid.retired.get(member).cloned());
    after.extend(member.start.depends_on.iter().filter_map(|id| laid.up.get(id)).cloned());
    after.extend_from_slice(earlier_tier);
    if after.is_empty() || has_no_import {
        after.extend(what.start_of(member, cloned));
    }
    let action = Action::EnsureServer {
        site: site.clone(),
        member: member.id.clone(),
        flavor: placement.flavor,
        name: name.clone(),
        begun_by: operation(what.purpose),
    };
    let title = format_args!("start '{name}' on {site}");
    let started = builder.add(format_args!("ensure_server/{label}"), Phase::Recover, title, &after, action);
    laid.of(builder, member);
    if let Some(seconds) = member.start.start_timeout_seconds {
        builder.timeout(seconds);
    }
    let action = Action::VerifyServer { site: site.clone(), member: member.id.clone() };
    let title = format_args!("verify that '{label}' is active with its volumes");
    let verified = builder.add(format_args!("verify_server/{label}"), Phase::Verify, title, &[started], action);
    laid.of(builder, member);
    let check = member.start.boot_check.clone().filter(|c| what.purpose != Purpose::Test || c.in_tests());
    let Some(check) = check else { return verified };
    let title = format!("check that {check} on '{label}'");
    let action = Action::CheckServer { site, member: member.id.clone(), check };
    let checked = builder.add(format!("check_server/{label}"), Phase::Verify, title, &[verified], action);
    laid.of(builder, member);
    checked
}

/// Its ports, unless its server has them already.
fn ports(
    builder: &mut Builder,
    what: &BringUp<'_>,
    member: &Member,
    nics: Vec<Nic>,
    laid: &Laid<'_>,
    cloned: &[StepId],
) -> Vec<StepId> {
    let site = &what.facts.target.site;
    if standby_server(what.facts, member).is_some_and(|server| is_begun(server, what.purpose)) {
        return Vec::new();
    }
    let label = builder.label(member);
    let free: Vec<StepId> =
        laid.retired.get(member).map_or_else(|| what.start_of(member, cloned), |id| vec![id.clone()]);
    nics.into_iter()
        .enumerate()
        .map(|(nic, wanted)| {
            // a test takes nothing that production has or had
            let (reuse, fixed_ips) = match what.purpose {
                Purpose::Test => (None, Vec::new()),
                Purpose::Move | Purpose::Retry(_) => (wanted.port, wanted.fixed_ips),
            };
            let network = wanted.network;
            let title = format!("port of '{label}' on '{network}'");
            let (site, member_id, begun_by) = (site.clone(), member.id.clone(), operation(what.purpose));
            let action = Action::EnsurePort { site, member: member_id, nic, network, reuse, fixed_ips, begun_by };
            let id = builder.add(format_args!("ensure_port/{label}/{nic}"), Phase::Recover, title, &free, action);
            laid.of(builder, member);
            id
        })
        .collect()
}

fn operation(purpose: Purpose<'_>) -> Option<crate::model::OperationId> {
    match purpose {
        Purpose::Retry(unfinished) => Some(unfinished.operation.clone()),
        Purpose::Move | Purpose::Test => None,
    }
}

fn named(name: &str, purpose: Purpose<'_>) -> String {
    if purpose == Purpose::Test { format!("{name}-test") } else { name.to_owned() }
}
