//! Findings that several kinds of operation share.

mod leaving;
pub(super) mod pods;
pub(super) mod quota;
mod replication;
mod simulated;
mod volume_types;

pub(super) use leaving::leaving;
pub(super) use replication::{held_by_target, linked, replicates, source_volumes};
pub(super) use simulated::simulated_storage;
pub(super) use volume_types::{plain_type, volume_types};

use super::{ArrayFacts, Evidence, Facts, Finding, FindingCode, Observation, Request, SiteFacts};
use crate::model::RecoveryPoint;
use crate::rules::{self, ExpectedVolumes, PassedOver, PointFault};
use jiff::Timestamp;

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
            .remedy(format!(
                "openstack protector operation resume {}, or: openstack protector operation abort {}",
                open.id, open.id
            ))
            .seen(Evidence::of_store(facts).value("operation", &open.id).value("journal_site", &open.site)),
        );
    }
    if let Some(reason) = &facts.unreadable_operation {
        findings.push(
            Finding::blocker(
                FindingCode::JournalUnknown,
                format!("an operation of '{}' cannot be read: {reason}", group.name),
            )
            .remedy("upgrade this site to the version of Protector that wrote it, then try again")
            .seen(Evidence::of_store(facts)),
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

/// Cloud and array of a site that must answer, and accept who asks.
pub(super) fn answers(site: &SiteFacts, now: Timestamp, remedy: &str, findings: &mut Vec<Finding>) {
    if let Some(finding) = silent("the cloud", site, &site.cloud, Evidence::of_cloud(site, now), remedy) {
        findings.push(finding);
    }
    if let Some(finding) = silent("the array", site, &site.array, Evidence::of_array(site, now), remedy) {
        findings.push(finding);
    }
}

fn silent<T>(what: &str, site: &SiteFacts, seen: &Observation<T>, evidence: Evidence, remedy: &str) -> Option<Finding> {
    let name = &site.site;
    let finding = match seen {
        Observation::Known(_) => return None,
        Observation::Unknown(reason) => {
            let text = format!("{what} of {name} does not answer: {reason}");
            Finding::blocker(FindingCode::SiteUnreachable, text).remedy(remedy).seen(evidence.value("answer", reason))
        }
        Observation::Refused(reason) => {
            let text = format!("{what} of {name} does not accept the credentials: {reason}");
            Finding::blocker(FindingCode::CredentialsRejected, text)
                .remedy(format!("renew them, then: openstack protector site validate {name}"))
                .seen(evidence.value("answer", reason))
        }
    };
    Some(finding)
}

/// The peer must answer and hold the same.
pub(super) fn in_sync(facts: &Facts, findings: &mut Vec<Finding>) {
    let name = &facts.record.group.name;
    match &facts.peer.version {
        Observation::Unknown(reason) | Observation::Refused(reason) => findings.push(
            Finding::blocker(
                FindingCode::PeerUnreachable,
                format!("Peer site unreachable: {}: {reason}", facts.peer.site),
            )
            .remedy(format!("restore {}, or move with --type unplanned --force if it is lost", facts.peer.site))
            .seen(of_peer(facts).value("answer", reason)),
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
                .remedy(format!("openstack protector protection-group sync {name}"))
                .seen(of_peer(facts).value("version", theirs).value("version_here", facts.record.version)),
            );
        }
        Observation::Known(_) if facts.peer.differs => {
            let version = facts.record.version;
            let site = &facts.peer.site;
            findings.push(
                Finding::blocker(
                    FindingCode::MetadataOutOfSync,
                    format!(
                        "metadata of '{name}' is OUT OF SYNC: both sites are at version {version}, and {site} differs"
                    ),
                )
                .remedy(format!("openstack protector protection-group sync-status {name}"))
                .seen(of_peer(facts).value("version", version).value("content", "another one")),
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
            .remedy(format!("openstack protector protection-group sync {name}"))
            .seen(
                Evidence::of_store(facts)
                    .value("since", divergence.since)
                    .value("operation", &divergence.operation)
                    .value("absent_site", &divergence.absent_site),
            ),
        );
    }
}

/// What the other site said of its metadata.
fn of_peer(facts: &Facts) -> Evidence {
    Evidence::of(format_args!("metadata of {}", facts.peer.site), facts.now)
}

/// The newest recovery point on the target that holds `volumes`, those of the source, with what was passed over.
pub(super) fn newest_point<'a>(
    facts: &Facts,
    volumes: &ExpectedVolumes<'_>,
    array: &'a ArrayFacts,
    findings: &mut Vec<Finding>,
) -> Option<&'a RecoveryPoint> {
    let (newest, passed_over) = rules::choose::choose(&array.recovery_points, volumes);
    let evidence = || Evidence::of_array(&facts.target, facts.now);
    if newest.is_none() {
        let detail: Vec<String> = passed_over.iter().map(ToString::to_string).collect();
        let detail = if detail.is_empty() { "there is none".to_owned() } else { detail.join("; ") };
        findings.push(
            Finding::blocker(
                FindingCode::NoRecoveryPoint,
                format!(
                    "no complete recovery point of '{}' with all members on {}: {detail}",
                    facts.record.group.name, array.name
                ),
            )
            .remedy(format!("openstack protector consistency-group sync {}", facts.record.group.name))
            .seen(evidence().names("recovery_points", passed_over.iter().map(|p| &p.point.name))),
        );
    } else {
        findings.extend(passed_over.iter().map(|p| worse_than_newest(p, evidence())));
    }
    newest
}

/// The workload has to be protected first.
pub(super) fn unprotected(facts: &Facts, why: &str) -> Finding {
    let (name, site) = (&facts.record.group.name, &facts.source.site);
    Finding::blocker(FindingCode::Unprotected, format!("'{name}' runs unprotected on {site}: {why}"))
        .remedy(format!("openstack protector reprotect {name}"))
}

/// No site waits to be stopped and fenced: only what works that off may touch it.
pub(super) fn no_fence_due(facts: &Facts, findings: &mut Vec<Finding>) {
    let name = &facts.record.group.name;
    for due in &facts.record.fences_due {
        let text = format!("{} waits since {} to be stopped and fenced ({})", due.site, due.since, due.operation);
        let remedy = format!("openstack protector reprotect {name}");
        let evidence = Evidence::of_record(facts)
            .value("site", &due.site)
            .value("since", due.since)
            .value("operation", &due.operation)
            .names("servers", &due.servers);
        findings.push(Finding::blocker(FindingCode::FenceDue, text).remedy(remedy).seen(evidence));
    }
}

/// A newer recovery point that is not taken: nothing is wrong with one that has not arrived yet.
fn worse_than_newest(passed_over: &PassedOver<'_>, evidence: Evidence) -> Finding {
    let evidence =
        evidence.value("recovery_point", &passed_over.point.name).value("created", passed_over.point.created);
    let (code, evidence) = match &passed_over.fault {
        PointFault::OnItsWay { percent } => {
            (FindingCode::TransferIncomplete, evidence.value("percent_transferred", percent))
        }
        PointFault::Lacks(volumes) => (FindingCode::RecoveryPointPassedOver, evidence.names("missing", volumes)),
        PointFault::Destroyed | PointFault::ArrivalUnknown => (FindingCode::RecoveryPointPassedOver, evidence),
    };
    Finding::warning(code, passed_over.to_string()).seen(evidence)
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
