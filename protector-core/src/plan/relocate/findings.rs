//! What speaks against moving a workload.

use super::{is_absent, standby_servers, stayed};
use crate::model::{LookupSet, Member, MemberStatus, Protection, RecoveryPoint, VolumeId};
use crate::plan::{
    ConsentKind, Evidence, ExpectedLoss, Facts, Finding, FindingCode, Request, Severity, checks, old_site,
};
use crate::ports::Server;
use crate::rules::rpo::{RpoVerdict, age_of, check_rpo};
use std::collections::BTreeSet;

/// Both sites take part and nothing may be lost.
pub(super) fn planned(facts: &Facts, request: &Request, findings: &mut Vec<Finding>) {
    let name = &facts.record.group.name;
    if matches!(request, Request::Failover { .. }) && !facts.record.group.is_home() {
        findings.push(Finding::warning(
            FindingCode::IsFailback,
            format!("'{name}' runs on {}, so this failover is a failback to {}", facts.source.site, facts.target.site),
        ));
    }
    let remedy = format!("restore it; if it is lost: openstack protector failover {name} --type unplanned --force");
    checks::answers(&facts.source, facts.now, &remedy, findings);
    checks::answers(&facts.target, facts.now, "restore it; nothing can be moved there before", findings);
    checks::in_sync(facts, findings);
    old_site::findings(facts, findings);
    servers(facts, findings);
    let is_sync = facts.record.group.is_in_pod();
    if facts.record.group.protection == Protection::Unprotected {
        // else the plan protects the workload first, so there is nothing replicated to judge yet
        match is_sync {
            true => findings.push(checks::unprotected(facts, "it is moved once both arrays have its data")),
            false => checks::leaving(facts, &facts.source, findings),
        }
        return;
    }
    let volumes = checks::source_volumes(facts);
    checks::replicates(facts, &volumes, findings);
    if is_sync {
        return;
    }
    let Some(array) = facts.target.array.known() else { return };
    let newest = checks::newest_point(facts, &volumes, array, findings);
    if newest.is_some() {
        rpo(facts, newest, None, findings);
    }
}

/// The source may be gone. Returns the recovery point to start from, unless the plan takes one itself, and what is lost.
pub(super) fn unplanned<'a>(
    facts: &'a Facts,
    request: &Request,
    findings: &mut Vec<Finding>,
) -> (Option<&'a RecoveryPoint>, ExpectedLoss) {
    let name = &facts.record.group.name;
    let given = request.consents();
    checks::answers(&facts.target, facts.now, "restore the site that shall take over", findings);
    if facts.source_answers() {
        findings.push(
            Finding::warning(
                FindingCode::SourceAnswers,
                format!("{} answers: a planned failover would lose nothing", facts.source.site),
            )
            .remedy(format!("openstack protector failover {name} --type planned"))
            .seen(Evidence::of_cloud(&facts.source, facts.now))
            .seen(Evidence::of_array(&facts.source, facts.now)),
        );
    }
    findings.push(source_unverified(facts, given));
    if let Some(reason) = facts.peer.version.reason() {
        findings.push(
            Finding::blocker(
                FindingCode::MetadataDiverged,
                format!(
                    "Peer site unreachable: {} will not hear of this and must be reconciled later: {reason}",
                    facts.peer.site
                ),
            )
            .cleared_by(ConsentKind::MetadataDiverged, given)
            .seen(Evidence::of(format_args!("metadata of {}", facts.peer.site), facts.now).value("answer", reason)),
        );
    }
    findings.extend(outdated(facts));
    stayed::findings(facts, given, findings);
    if facts.record.group.is_in_pod() {
        checks::held_by_target(facts, findings);
        return (None, checks::pods::loss(facts, given, findings));
    }
    match point_and_loss(facts, given, findings) {
        Some((point, loss)) => (Some(point), loss),
        None => (None, ExpectedLoss::Unknown),
    }
}

fn point_and_loss<'a>(
    facts: &'a Facts,
    given: &[ConsentKind],
    findings: &mut Vec<Finding>,
) -> Option<(&'a RecoveryPoint, ExpectedLoss)> {
    let array = facts.target.array.known()?;
    let newest = checks::newest_point(facts, &checks::source_volumes(facts), array, findings)?;
    let age = facts.now.duration_since(newest.created).as_secs().max(0);
    findings.push(
        Finding::blocker(
            FindingCode::DataLoss,
            format!("writes after {} are lost: up to {age} s, measured to now, of '{}'", newest.created, newest.name),
        )
        .cleared_by(ConsentKind::DataLoss, given)
        .seen(of_point(facts, newest)),
    );
    rpo(facts, Some(newest), Some(given), findings);
    let loss = ExpectedLoss::After { point: newest.name.clone(), created: newest.created, age_seconds: age };
    Some((newest, loss))
}

/// What is not stopped or not fenced on the source, or may turn out not to be.
fn source_unverified(facts: &Facts, given: &[ConsentKind]) -> Finding {
    let (source, cloud, array) = (&facts.source.site, facts.source.cloud.reason(), facts.source.array.reason());
    let text = match (cloud, array) {
        (None, None) => format!("{source} may still be running where a best-effort step to stop or fence it fails"),
        (None, Some(reason)) => format!(
            "{source} may still be running: its cloud answers, and its array does not: {reason}; servers are stopped as far \
             as they can be, and nothing is fenced"
        ),
        (Some(reason), None) => format!(
            "{source} may still be running: its array answers, and its cloud does not: {reason}; volumes are fenced as far \
             as they can be, and no server is stopped"
        ),
        (Some(reason), Some(_)) => format!("{source} cannot be stopped or fenced and may still be running: {reason}"),
    };
    let finding =
        Finding::blocker(FindingCode::SourceUnverified, text).cleared_by(ConsentKind::SourceUnverified, given);
    if cloud.is_none() && array.is_none() {
        return finding;
    }
    finding
        .seen(Evidence::of_cloud(&facts.source, facts.now).value("answer", answer(cloud)))
        .seen(Evidence::of_array(&facts.source, facts.now).value("answer", answer(array)))
}

/// The other site answers and went on without this one: where the workload runs, and what would be lost, is not known here.
fn outdated(facts: &Facts) -> Option<Finding> {
    let theirs = facts.peer.version.known().copied().flatten().filter(|theirs| *theirs > facts.record.version)?;
    let (name, site, ours) = (&facts.record.group.name, &facts.peer.site, facts.record.version);
    let text = format!("metadata of '{name}' is OUT OF SYNC: {site} is ahead with version {theirs}, here is {ours}");
    let evidence = Evidence::of(format_args!("metadata of {site}"), facts.now);
    Some(
        Finding::blocker(FindingCode::MetadataOutOfSync, text)
            .remedy(format!("openstack --os-cloud {site} protector protection-group sync {name}"))
            .seen(evidence.value("version", theirs).value("version_here", ours)),
    )
}

fn answer(reason: Option<&str>) -> &str {
    reason.unwrap_or("it answers")
}

/// The recovery point as the target array shows it.
fn of_point(facts: &Facts, point: &RecoveryPoint) -> Evidence {
    Evidence::of_array(&facts.target, facts.now)
        .value("recovery_point", &point.name)
        .value("created", point.created)
        .value("age_seconds", facts.now.duration_since(point.created).as_secs())
}

/// `given`: consents to an unplanned move; `None` for a planned one, where nothing gets past the objective.
pub(in crate::plan) fn rpo(
    facts: &Facts,
    newest: Option<&RecoveryPoint>,
    given: Option<&[ConsentKind]>,
    findings: &mut Vec<Finding>,
) {
    let Some(policy) = &facts.record.policy else { return };
    let message = match check_rpo(age_of(newest, true, facts.now), policy.rpo_minutes) {
        RpoVerdict::Within { .. } => return,
        RpoVerdict::Breach { message, .. } => message,
        RpoVerdict::Never => "nothing has been replicated yet".to_owned(),
        RpoVerdict::Unknown => "the age of the latest snapshot is not known".to_owned(),
    };
    let evidence = match newest {
        Some(point) => of_point(facts, point),
        None => Evidence::of_array(&facts.target, facts.now),
    };
    let finding = Finding::blocker(FindingCode::RpoBreach, message)
        .remedy(format!("openstack protector consistency-group sync {}", facts.record.group.name))
        .seen(evidence.value("rpo_minutes", policy.rpo_minutes));
    findings.push(match given {
        Some(given) => finding.cleared_by(ConsentKind::RpoBreach, given),
        None => finding,
    });
}

/// Every member's server is where the record says, with exactly the recorded volumes.
pub(in crate::plan) fn servers(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(cloud) = facts.source.cloud.known() else { return };
    let (group, site) = (&facts.record.group, &facts.source.site);
    let mut recorded = LookupSet::with_capacity_and_hasher(cloud.group_volumes.len(), Default::default());
    for member in &facts.record.members {
        let volumes = || member.disks.iter().filter_map(|d| d.copies.get(site)).map(|c| &c.volume_id);
        recorded.extend(volumes().map(VolumeId::as_str));
        if let Some(finding) = not_arrived(facts, member) {
            let blocks = finding.severity == Severity::Blocker;
            findings.push(finding);
            if blocks || is_absent(facts, member) {
                continue;
            }
        }
        let Some(server) = member.server_on(site).and_then(|id| cloud.servers.get(id)) else {
            findings.push(
                Finding::blocker(
                    FindingCode::ServerMissing,
                    format!("server '{}' does not exist on {site}", member.name),
                )
                .remedy(format!(
                    "openstack protector protection-group member-remove {} --instance-id {}",
                    group.name, member.id
                ))
                .seen(of_source_cloud(facts).value("server", &member.id)),
            );
            continue;
        };
        let attached = || server.volumes.iter().map(|v| &v.volume.id);
        if attached().eq(volumes()) {
            continue;
        }
        let (attached, volumes): (BTreeSet<_>, BTreeSet<_>) = (attached().collect(), volumes().collect());
        if attached != volumes {
            let remedy = format!(
                "openstack protector protection-group member-remove {0} --instance-id {1}, then member-add",
                group.name, member.id
            );
            findings.push(
                drift(
                    &format!("volumes of '{}' differ from the protected ones", member.name),
                    &attached,
                    &volumes,
                    of_source_cloud(facts).value("server", &server.id),
                )
                .remedy(remedy),
            );
        }
    }
    let grouped = &cloud.group_volumes;
    let is_equal = grouped.len() == recorded.len() && grouped.iter().all(|volume| recorded.contains(volume.as_str()));
    if !is_equal && !joins_later(facts, &recorded, grouped) {
        findings.push(
            drift(
                &format!("Cinder group {} differs from the members", group.cinder_group_on(site)),
                &grouped.iter().collect(),
                &facts
                    .record
                    .disks()
                    .filter_map(|(_, disk)| disk.copies.get(site))
                    .map(|copy| &copy.volume_id)
                    .collect(),
                of_source_cloud(facts).value("cinder_group", group.cinder_group_on(site)),
            )
            .remedy("put the Cinder group back to its members, or remove and add the member again"),
        );
    }
}

/// Volumes under a plain type join the Cinder group once they are replicated again; until then it may hold those that they
/// took the place of.
fn joins_later(facts: &Facts, recorded: &LookupSet<&str>, grouped: &BTreeSet<VolumeId>) -> bool {
    let (record, site) = (&facts.record, &facts.source.site);
    let copies = record.retained.iter().filter(|copy| copy.site == *site);
    let retained: LookupSet<_> = copies.map(|copy| &copy.volume_id).collect();
    record.group.is_in_pod()
        && record.group.protection == Protection::Unprotected
        && grouped.iter().all(|volume| recorded.contains(volume.as_str()) || retained.contains(volume))
}

/// A member that did not arrive in the last move. All of its disks did: its data move with the others. Else they would
/// be left behind.
fn not_arrived(facts: &Facts, member: &Member) -> Option<Finding> {
    if member.status != MemberStatus::Error {
        return None;
    }
    let (site, group) = (&facts.source.site, &facts.record.group.name);
    let remedy = format!("openstack protector failover {group} --retry-failed");
    let missing: Vec<&str> =
        member.disks.iter().filter(|d| !d.copies.contains_key(site)).map(|d| d.name.as_str()).collect();
    if missing.is_empty() {
        let message =
            format!("'{}' did not arrive on {site}; its data are there and move with the others", member.name);
        return Some(Finding::warning(FindingCode::MemberNotArrived, message).remedy(remedy));
    }
    let message = format!("'{}' did not arrive on {site}: no volume there for {}", member.name, missing.join(", "));
    Some(Finding::blocker(FindingCode::MemberNotArrived, message).remedy(format!(
        "{remedy}, or openstack protector protection-group member-remove {group} --instance-id {}",
        member.id
    )))
}

fn of_source_cloud(facts: &Facts) -> Evidence {
    Evidence::of_cloud(&facts.source, facts.now)
}

fn drift(what: &str, found: &BTreeSet<&VolumeId>, wanted: &BTreeSet<&VolumeId>, evidence: Evidence) -> Finding {
    let names = |set: Vec<&&VolumeId>| set.into_iter().map(|v| v.as_str()).collect::<Vec<_>>().join(", ");
    let (missing, surplus) = (names(wanted.difference(found).collect()), names(found.difference(wanted).collect()));
    let evidence = evidence.names("missing", wanted.difference(found)).names("surplus", found.difference(wanted));
    Finding::blocker(FindingCode::MemberDrift, format!("{what}: missing [{missing}], surplus [{surplus}]"))
        .seen(evidence)
}

/// Servers in the way on the target must be removable without their data.
fn volumes_deleted_with(server: &Server) -> Vec<&VolumeId> {
    server.volumes.iter().filter(|v| v.delete_on_termination).map(|v| &v.volume.id).collect()
}

/// One finding per server that would take its volumes with it.
pub(super) fn old_servers(facts: &Facts, findings: &mut Vec<Finding>) {
    for (member, server) in standby_servers(facts) {
        let volumes = volumes_deleted_with(server);
        if !volumes.is_empty() {
            let names = volumes.iter().map(|v| v.as_str()).collect::<Vec<_>>().join(", ");
            findings.push(
                Finding::blocker(
                    FindingCode::StandbyServerInTheWay,
                    format!(
                        "the old server of '{}' on {} would take volumes with it when removed: {names}",
                        member.name, facts.target.site
                    ),
                )
                .remedy(format!(
                    "openstack --os-cloud {} server volume update --preserve-on-termination {} <volume>",
                    facts.target.site, server.id
                )),
            );
        }
    }
}
