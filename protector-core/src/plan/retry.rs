//! Bring up the members that did not arrive in the last move, where the group runs.
//!
//! From the clones of that move, so that all members stand on one recovery point, and under the names that it gave to their
//! ports and servers, so that what it began is found. Members that arrived are not touched. The site that was left is
//! not needed, unless the group is protected towards it.

use super::build::Builder;
use super::placement::{Placements, mappings_towards_target, place};
use super::relocate::bring_up::{BringUp, Purpose, bring_up};
use super::relocate::import::Import;
use super::relocate::{self, FIRST_COPY_SECONDS};
use super::{Action, ExpectedLoss, Facts, Finding, FindingCode, Phase, Plan, Request, Step, checks};
use crate::model::{Mappings, MemberStatus, Protection, StepId, Unfinished};
use crate::rules::{self, naming, start_order};

/// Plans the retry.
pub(super) fn plan(facts: &Facts, request: &Request) -> Plan {
    // as in the move: the site that is reached is the one where the group runs
    let facts = &Facts { source: facts.target.clone(), target: facts.source.clone(), ..facts.clone() };
    let (record, name) = (&facts.record, &facts.record.group.name);
    let mut findings = Vec::new();
    checks::group(facts, request, &mut findings);
    checks::start_order(facts, &mut findings);
    let remedy = format!(
        "restore it; if it is lost, the other site takes over: openstack protector failover {name} --type unplanned --force"
    );
    checks::answers(&facts.target, facts.now, &remedy, &mut findings);
    let announces = record.divergence.is_none();
    if announces {
        checks::in_sync(facts, &mut findings);
    }
    let steps = match &record.unfinished {
        Some(unfinished) if record.failed_members().next().is_some() => {
            let mappings = mappings(facts, request, unfinished, &mut findings);
            let placements = place(record.failed_members(), facts, &mappings, &mut findings);
            let protects = protects(facts, &mut findings);
            let import = Import::of_retry(facts, &mut findings);
            let builder = Builder::new(record);
            Retry { facts, unfinished, placements, import, builder }.lay_out(announces, protects)
        }
        _ => {
            findings.push(
                Finding::blocker(FindingCode::NothingToRetry, format!("every member of '{name}' has arrived"))
                    .remedy(format!("openstack protector protection-group show {name}")),
            );
            Vec::new()
        }
    };
    Plan::seal(facts, request, steps, findings, ExpectedLoss::None)
}

/// Those of the move, under those of the request.
fn mappings(facts: &Facts, request: &Request, unfinished: &Unfinished, findings: &mut Vec<Finding>) -> Mappings {
    let none = Mappings::default();
    let given = rules::mapping::merge(&unfinished.mappings, request.mappings().unwrap_or(&none));
    mappings_towards_target(facts, Some(&given), findings)
}

/// Whether volumes join the array group, and so have to reach the other array before they are protected.
fn protects(facts: &Facts, findings: &mut Vec<Finding>) -> bool {
    let here = &facts.target.site;
    let joins = facts.record.failed_members().flat_map(|m| &m.disks).any(|disk| !disk.copies.contains_key(here));
    // one that was given up may have left a volume out
    let group = facts.target.array.known().and_then(|array| array.local_group.as_ref());
    let mut copies = facts.record.disks().filter_map(|(_, disk)| disk.copies.get(here));
    let left_out = group.is_some_and(|group| copies.any(|copy| !group.volumes.contains(&copy.array_volume)));
    let protects = (joins || left_out) && facts.record.group.protection == Protection::Protected;
    if protects {
        checks::answers(&facts.source, facts.now, "restore it: the group is replicated to it", findings);
        checks::leaving(facts, &facts.target, findings);
    }
    protects
}

struct Retry<'a> {
    facts: &'a Facts,
    unfinished: &'a Unfinished,
    placements: Placements<'a>,
    import: Import,
    builder: Builder,
}

impl Retry<'_> {
    fn lay_out(mut self, announces: bool, protects: bool) -> Vec<Step> {
        let mut ready = Vec::new();
        if announces {
            let title = format!("tell {} about the operation", self.facts.peer.site);
            ready.push(self.builder.add("announce", Phase::Prepare, title, &[], Action::Announce {}));
        }
        let mut tiers = start_order::tiers(&self.facts.record.members);
        for members in tiers.values_mut() {
            members.retain(|m| m.status == MemberStatus::Error);
        }
        tiers.retain(|_, members| !members.is_empty());
        let (facts, purpose) = (self.facts, Purpose::Retry(self.unfinished));
        let bring = BringUp { facts, tiers, purpose, import: &self.import, reopened: None };
        let up = bring_up(&mut self.builder, &bring, std::mem::take(&mut self.placements), &ready);
        let mut last = if protects { self.protect(up.running) } else { up.running };
        last.extend(up.grouped);
        relocate::finish(self.builder, facts, &self.import, &last)
    }

    /// The array group takes the new volumes in, and they reach the other array.
    fn protect(&mut self, after: Vec<StepId>) -> Vec<StepId> {
        let (here, there) = (self.facts.target.site.clone(), self.facts.source.site.clone());
        // blocked anyway without a policy or an array that answers
        let (Some(policy), Some(array)) = (&self.facts.record.policy, self.facts.target.array.known()) else {
            return after;
        };
        let group = policy.pure_pg_name.clone();
        let image = naming::standby_group_name(self.facts.record.group.replication_type, &array.name, &group);
        let mut step = |id: &str, title: String, after: &[StepId], action: Action| {
            self.builder.add(format!("reprotect/{id}"), Phase::Reprotect, title, after, action)
        };
        let title = format!("put the volumes into array group '{group}' on {here}");
        let action = Action::EnsureArrayGroup { site: here.clone(), group: group.clone() };
        let grouped = step("array_group", title, &after, action);
        let title = format!("take a replicated snapshot of '{group}' on {here}");
        let action = Action::TakeSnapshot { site: here, group, label: "reprotect".to_owned() };
        let taken = step("first_snapshot", title, &[grouped], action);
        let title = format!("wait until it is complete on {there}: only then are they protected");
        let action = Action::AwaitTransfer { site: there, group: image, label: "reprotect".to_owned() };
        let arrived = step("first_arrival", title, &[taken], action);
        self.builder.timeout(FIRST_COPY_SECONDS);
        vec![arrived]
    }
}
