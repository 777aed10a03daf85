//! Findings that several kinds of operation share.

use super::{ArrayFacts, Facts, Finding, FindingCode, Observation, Request, SiteFacts};
use crate::model::{ArrayVolumeName, OperationKind, RecoveryPoint, ReplicationType};
use crate::rules;
use std::collections::BTreeSet;

/// Status, policy, members and open operation.
pub(super) fn group(facts: &Facts, request: &Request, findings: &mut Vec<Finding>) {
    let group = &facts.record.group;
    let kind = request.kind(facts);
    let in_error = facts.record.members.iter().any(|m| m.status == crate::model::MemberStatus::Error);
    // an open operation has its own finding, with the command that leads on
    if facts.open_operation.is_none()
        && let Err(refusal) = rules::status::check_allowed(kind, rules::status::group_status(group, in_error))
    {
        let finding = Finding::blocker(FindingCode::StatusNotAllowed, refusal.message());
        findings.push(match refusal.remedy_text() {
            Some(remedy) => finding.remedy(remedy),
            None => finding,
        });
    }
    if let Some(open) = &facts.open_operation {
        findings.push(
            Finding::blocker(
                FindingCode::OperationOpen,
                format!("{} {} is open on '{}' (journal on {})", open.kind, open.id, group.name, open.site),
            )
            .remedy(format!("openstack protector operation resume {}", open.id)),
        );
    }
    if group.replication_type == ReplicationType::Sync && kind != OperationKind::TestCleanup {
        findings.push(
            Finding::blocker(
                FindingCode::ReplicationTypeUnsupported,
                format!("'{}' is a sync group; this build moves async groups only", group.name),
            )
            .remedy("protect its servers in a group of --replication-type async"),
        );
    }
    if facts.record.policy.is_none() {
        findings.push(
            Finding::blocker(FindingCode::NoPolicy, format!("'{}' has no replication policy", group.name))
                .remedy(format!("openstack protector protection-group policy-create {} …", group.name)),
        );
    }
    if facts.record.members.is_empty() {
        findings.push(
            Finding::blocker(FindingCode::NoMembers, format!("'{}' has no members", group.name)).remedy(format!(
                "openstack protector protection-group member-add {} --instance-id <server>",
                group.name
            )),
        );
    }
}

/// Cloud and array of a site that must answer.
pub(super) fn answers(site: &SiteFacts, remedy: &str, findings: &mut Vec<Finding>) {
    let mut check = |what: &str, reason: Option<&str>| {
        if let Some(reason) = reason {
            findings.push(
                Finding::blocker(
                    FindingCode::SiteUnreachable,
                    format!("{what} of {} does not answer: {reason}", site.site),
                )
                .remedy(remedy),
            );
        }
    };
    check("the cloud", site.cloud.reason());
    check("the array", site.array.reason());
}

/// The peer must answer and hold the same version.
pub(super) fn in_sync(facts: &Facts, findings: &mut Vec<Finding>) {
    let name = &facts.record.group.name;
    match &facts.peer.version {
        Observation::Unknown(reason) => findings.push(
            Finding::blocker(
                FindingCode::PeerUnreachable,
                format!("Peer site unreachable: {}: {reason}", facts.peer.site),
            )
            .remedy(format!("restore {}, or move with --type unplanned --force if it is lost", facts.peer.site)),
        ),
        Observation::Known(version) if *version != Some(facts.record.version) => {
            let theirs = version.map_or("no version".to_owned(), |v| format!("version {v}"));
            findings.push(
                Finding::blocker(
                    FindingCode::MetadataOutOfSync,
                    format!(
                        "metadata of '{name}' is OUT OF SYNC: version {} here, {theirs} on {}",
                        facts.record.version, facts.peer.site
                    ),
                )
                .remedy(format!("openstack protector protection-group sync {name}")),
            );
        }
        Observation::Known(_) => {}
    }
    if let Some(divergence) = &facts.record.divergence {
        findings.push(
            Finding::blocker(
                FindingCode::MetadataDiverged,
                format!(
                    "{} has not heard of {} since {}",
                    divergence.absent_site, divergence.operation, divergence.since
                ),
            )
            .remedy(format!("openstack protector protection-group sync {name}")),
        );
    }
}

/// The newest recovery point on the target that can be used for every disk, with what was passed over.
pub(super) fn newest_point<'a>(
    facts: &Facts,
    array: &'a ArrayFacts,
    findings: &mut Vec<Finding>,
) -> Option<&'a RecoveryPoint> {
    let expected = source_volumes(facts);
    let passed_over = rules::choose::explain_unusable(&array.recovery_points, &expected);
    let newest = rules::choose::newest_usable(&array.recovery_points, &expected);
    if newest.is_none() {
        let detail = if passed_over.is_empty() { "there is none".to_owned() } else { passed_over.join("; ") };
        findings.push(
            Finding::blocker(
                FindingCode::NoRecoveryPoint,
                format!(
                    "no complete recovery point of '{}' with all members on {}: {detail}",
                    facts.record.group.name, array.name
                ),
            )
            .remedy(format!("openstack protector consistency-group sync {}", facts.record.group.name)),
        );
    } else {
        findings.extend(passed_over.into_iter().map(|why| Finding::warning(FindingCode::RecoveryPointPassedOver, why)));
    }
    newest
}

/// Array names of the members' volumes on the source.
pub(super) fn source_volumes(facts: &Facts) -> BTreeSet<ArrayVolumeName> {
    facts
        .record
        .disks()
        .filter_map(|(_, disk)| disk.copies.get(&facts.source.site))
        .map(|copy| copy.array_volume.clone())
        .collect()
}

/// The group replicates from source to target: ours, with a target that allows it, over a connected link.
pub(super) fn replicates(facts: &Facts, findings: &mut Vec<Finding>) {
    let (Some(source), Some(policy)) = (facts.source.array.known(), &facts.record.policy) else { return };
    let group = &facts.record.group;
    let local = &policy.pure_pg_name;
    if source.link != crate::ports::ReplicationLink::Connected {
        findings.push(
            Finding::blocker(
                FindingCode::LinkNotConnected,
                format!("the link of {} to the other array is {:?}", source.name, source.link),
            )
            .remedy("restore the array connection"),
        );
    }
    let Some(array_group) = source.local_group.as_ref().filter(|g| !g.destroyed) else {
        findings.push(
            Finding::blocker(
                FindingCode::ArrayGroupNotReady,
                format!("array group '{local}' does not exist on {}", source.name),
            )
            .remedy(format!("openstack protector protection-group policy-create {}", group.name)),
        );
        return;
    };
    if array_group.owner.as_ref() != Some(&group.id) {
        findings.push(
            Finding::blocker(
                FindingCode::ArrayGroupNotReady,
                format!("array group '{local}' on {} does not carry the mark of '{}'", source.name, group.name),
            )
            .remedy("rename or remove the foreign group on the array"),
        );
    }
    if !array_group.targets.values().any(|allowed| *allowed) {
        findings.push(
            Finding::blocker(
                FindingCode::ReplicaNotAllowed,
                format!("array group '{local}' on {} has no target that allows it", source.name),
            )
            .remedy(format!("openstack protector protection-group policy-create {}", group.name)),
        );
    }
    let members = source_volumes(facts);
    if array_group.volumes != members {
        let names = |set: BTreeSet<&ArrayVolumeName>| {
            set.into_iter().map(ArrayVolumeName::as_str).collect::<Vec<_>>().join(", ")
        };
        let missing = names(members.difference(&array_group.volumes).collect());
        let surplus = names(array_group.volumes.difference(&members).collect());
        findings.push(
            Finding::blocker(
                FindingCode::MemberDrift,
                format!("array group '{local}' on {} differs from the members of '{}': missing [{missing}], surplus [{surplus}]", source.name, group.name),
            )
            .remedy("put the array group back to its members, or remove and add the member again"),
        );
    }
}

/// Members wait for others that are there, and not in a circle.
pub(super) fn start_order(facts: &Facts, findings: &mut Vec<Finding>) {
    let record = &facts.record;
    if let Err(refused) = rules::start_order::check_dependencies(&record.members) {
        findings.push(
            Finding::blocker(FindingCode::StartOrderInvalid, refused.message())
                .remedy(rules::start_order::without_dependencies(&record.group.name, "<instance>")),
        );
    }
}

/// Checks that a test leaves out: its networks are often isolated, and a program may do what belongs to the real thing.
pub(super) fn skipped_in_tests(facts: &Facts, findings: &mut Vec<Finding>) {
    let record = &facts.record;
    let skipped = |m: &&crate::model::Member| m.start.boot_check.as_ref().is_some_and(|check| !check.in_tests());
    let names: Vec<&str> = record.members.iter().filter(skipped).map(|m| m.name.as_str()).collect();
    if !names.is_empty() {
        findings.push(
            Finding::warning(
                FindingCode::BootCheckSkipped,
                format!("not checked beyond being active, since this is a test: {}", names.join(", ")),
            )
            .remedy(format!(
                "openstack protector protection-group member-update {} --instance-id <instance> --check-in-tests",
                record.group.name
            )),
        );
    }
}
