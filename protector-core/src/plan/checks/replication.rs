//! Whether the array group is ours, complete, and replicates as the policy says.

use super::pods;
use crate::model::{ArrayVolumeName, ReplicationPolicy};
use crate::plan::{ArrayFacts, Evidence, Facts, Finding, FindingCode, SiteFacts};
use crate::ports::{ArrayGroup, ReplicationLink};
use crate::rules::{self, ExpectedVolumes};
use std::collections::BTreeSet;

/// Array names of the members' volumes on the source.
pub(in crate::plan) fn source_volumes(facts: &Facts) -> ExpectedVolumes<'_> {
    let copies = facts.record.disks().filter_map(|(_, disk)| disk.copies.get(&facts.source.site));
    copies.map(|copy| &copy.array_volume).collect()
}

/// The arrays are connected, as the source sees it.
pub(in crate::plan) fn linked(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(source) = facts.source.array.known() else { return };
    if source.link != ReplicationLink::Connected {
        findings.push(
            Finding::blocker(
                FindingCode::LinkNotConnected,
                format!("the link of {} to the other array is {:?}", source.name, source.link),
            )
            .remedy("restore the array connection")
            .seen(of_source(facts).value("link", format_args!("{:?}", source.link))),
        );
    }
}

/// The group replicates from source to target: ours, over a connected link, with a target that allows it; or in a pod that
/// is online on both arrays.
pub(in crate::plan) fn replicates(facts: &Facts, volumes: &ExpectedVolumes<'_>, findings: &mut Vec<Finding>) {
    let (Some(source), Some(policy)) = (facts.source.array.known(), &facts.record.policy) else { return };
    linked(facts, findings);
    let group = grouped(facts, policy, &facts.source, findings);
    findings.extend(group.and_then(|group| drift(facts, volumes, &facts.source, group)));
    if facts.record.group.is_in_pod() {
        pods::in_step(facts, findings);
        return;
    }
    foreign_image(facts, policy, findings);
    if let Some(group) = group {
        not_allowed(facts, source, group, findings);
        schedule(facts, policy, source, group, findings);
    }
}

/// The group is in a pod that the target has, and holds every member there. What else it holds is not in the way.
pub(in crate::plan) fn held_by_target(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(policy) = &facts.record.policy else { return };
    let Some(group) = grouped(facts, policy, &facts.target, findings) else { return };
    let volumes = source_volumes(facts);
    if !volumes.missing_in(&group.volumes).is_empty() {
        findings.extend(drift(facts, &volumes, &facts.target, group));
    }
}

/// The group on the array of a site, if it is there and ours.
fn grouped<'a>(
    facts: &Facts,
    policy: &ReplicationPolicy,
    site: &'a SiteFacts,
    findings: &mut Vec<Finding>,
) -> Option<&'a ArrayGroup> {
    let array = site.array.known()?;
    let evidence = || Evidence::of_array(site, facts.now);
    match array.local_group.as_ref().filter(|g| !g.destroyed) {
        None => findings.push(missing(facts, policy, array, evidence())),
        Some(group) if group.owner.as_ref() != Some(&facts.record.group.id) => {
            findings.push(foreign(facts, group, evidence(), &array.name));
        }
        Some(group) => return Some(group),
    }
    None
}

fn of_source(facts: &Facts) -> Evidence {
    Evidence::of_array(&facts.source, facts.now)
}

fn missing(facts: &Facts, policy: &ReplicationPolicy, array: &ArrayFacts, evidence: Evidence) -> Finding {
    let destroyed = array.local_group.as_ref().is_some_and(|g| g.destroyed);
    let state = if destroyed { "is destroyed" } else { "does not exist" };
    Finding::blocker(
        FindingCode::ArrayGroupNotReady,
        format!("array group '{}' {state} on {}", policy.pure_pg_name, array.name),
    )
    .remedy(match destroyed {
        true => format!("recover it on {} before its timer ends", array.name),
        false => ensure_it(facts),
    })
    .seen(evidence.value("group", &policy.pure_pg_name).value("state", state))
}

fn ensure_it(facts: &Facts) -> String {
    format!("openstack protector protection-group policy-create {}", facts.record.group.name)
}

fn foreign(facts: &Facts, group: &ArrayGroup, evidence: Evidence, array: impl std::fmt::Display) -> Finding {
    let owner = group.owner.as_ref().map_or("nobody", |owner| owner.as_str());
    Finding::blocker(
        FindingCode::ArrayGroupForeign,
        format!("array group '{}' on {array} does not carry the mark of '{}'", group.name, facts.record.group.name),
    )
    .remedy("rename or remove the foreign group on the array")
    .seen(evidence.value("group", &group.name).value("owner", owner))
}

/// On the target, an image that somebody else has marked. One without a mark is not foreign: arrays do not share marks.
fn foreign_image(facts: &Facts, policy: &ReplicationPolicy, findings: &mut Vec<Finding>) {
    let Some(target) = facts.target.array.known() else { return };
    let Some(image) = target.image.as_ref().filter(|image| !image.destroyed) else { return };
    if image.owner.as_ref().is_some_and(|owner| *owner != facts.record.group.id) {
        let evidence = Evidence::of_array(&facts.target, facts.now).value("local_name", &policy.pure_pg_name);
        findings.push(foreign(facts, image, evidence, &target.name));
    }
}

fn not_allowed(facts: &Facts, source: &ArrayFacts, group: &ArrayGroup, findings: &mut Vec<Finding>) {
    if group.targets.values().any(|allowed| *allowed) {
        return;
    }
    findings.push(
        Finding::blocker(
            FindingCode::ReplicaNotAllowed,
            format!("array group '{}' on {} has no target that allows it", group.name, source.name),
        )
        .remedy(ensure_it(facts))
        .seen(of_source(facts).names("targets", group.targets.keys())),
    );
}

fn drift(facts: &Facts, volumes: &ExpectedVolumes<'_>, site: &SiteFacts, group: &ArrayGroup) -> Option<Finding> {
    if volumes.are_exactly(&group.volumes) {
        return None;
    }
    let (members, held): (BTreeSet<_>, BTreeSet<_>) = (volumes.iter().collect(), group.volumes.iter().collect());
    let array = &site.array.known()?.name;
    let evidence = Evidence::of_array(site, facts.now)
        .names("missing", members.difference(&held))
        .names("surplus", held.difference(&members));
    Some(
        Finding::blocker(
            FindingCode::MemberDrift,
            format!(
                "array group '{}' on {array} differs from the members of '{}': missing [{}], surplus [{}]",
                group.name,
                facts.record.group.name,
                listed(members.difference(&held)),
                listed(held.difference(&members))
            ),
        )
        .remedy("put the array group back to its members, or remove and add the member again")
        .seen(evidence),
    )
}

fn listed<'a>(names: impl Iterator<Item = &'a &'a ArrayVolumeName>) -> String {
    names.map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The schedule does not decide whether this operation works; it decides how old the next recovery point will be.
fn schedule(
    facts: &Facts,
    policy: &ReplicationPolicy,
    source: &ArrayFacts,
    group: &ArrayGroup,
    findings: &mut Vec<Finding>,
) {
    let wanted = policy.replication_interval;
    if let Err(refused) = rules::rpo::check_interval(wanted, policy.rpo_minutes) {
        let finding = Finding::warning(FindingCode::IntervalExceedsRpo, refused.message());
        findings.push(
            finding.remedy(format!("{} {}", ensure_it(facts), refused.remedy_text().unwrap_or_default())).seen(
                Evidence::of_store(facts)
                    .value("replication_interval_seconds", wanted)
                    .value("rpo_minutes", policy.rpo_minutes),
            ),
        );
    }
    if group.replication_interval == Some(wanted) {
        return;
    }
    let found = group.replication_interval.map_or("not at all".to_owned(), |seconds| format!("every {seconds} s"));
    findings.push(
        Finding::warning(
            FindingCode::ScheduleDrift,
            format!("{} replicates '{}' {found}, the policy says every {wanted} s", source.name, group.name),
        )
        .remedy(format!("{} --replication-interval {wanted}", ensure_it(facts)))
        .seen(of_source(facts).value("schedule", &found).value("policy_interval_seconds", wanted)),
    );
}
