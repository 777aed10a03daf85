//! Simulated arrays under real clouds: what that means for the servers of somebody's project.

use crate::model::{Disk, Member, OperationKind, ServerId, VolumeId};
use crate::plan::{Action, Facts, Finding, FindingCode, Step};
use std::collections::BTreeSet;

/// How many volumes are named before the rest is counted.
const NAMED: usize = 6;

/// The finding of every plan where only the arrays are simulated. Tests go beside what is there; everything else that
/// touches servers needs the setting that says so.
pub(in crate::plan) fn simulated_storage(facts: &Facts, kind: OperationKind, steps: &[Step]) -> Option<Finding> {
    let simulated = facts.simulated_storage?;
    let message = message(facts, kind, steps);
    let is_harmless = matches!(kind, OperationKind::Sync | OperationKind::TestFailover | OperationKind::TestCleanup);
    if is_harmless || simulated.failover_to_blank_disks {
        let finding = Finding::warning(FindingCode::StorageSimulated, message);
        return Some(match own_volumes(facts, steps).is_empty() {
            true => finding,
            false => finding.remedy(format!(
                "to have a server on its own volumes again: openstack --os-cloud {} server create --volume <boot \
                 volume> …",
                facts.target.site
            )),
        });
    }
    Some(Finding::blocker(FindingCode::StorageSimulated, message).remedy(
        "a test stops nothing: openstack protector test-failover; to try the rest on servers that are there for it: \
         [engine] failover_to_blank_disks = true",
    ))
}

fn message(facts: &Facts, kind: OperationKind, steps: &[Step]) -> String {
    let (source, target) = (&facts.source.site, &facts.target.site);
    let count = |wanted: fn(&Action) -> bool| steps.iter().filter(|step| wanted(&step.action)).count();
    let mut parts = vec!["storage is simulated: no data are copied".to_owned()];
    let blank = count(|action| matches!(action, Action::ImportVolume { .. }));
    if blank > 0 {
        parts.push(format!("{blank} disks arrive blank on {target}"));
    }
    let stopped = count(|action| matches!(action, Action::StopServer { .. } | Action::StopOldServer { .. }));
    if stopped > 0 {
        parts.push(format!("{stopped} real servers are stopped"));
    }
    if kind == OperationKind::UnplannedFailover {
        parts.push(format!(
            "the fence is simulated, too, so what is not stopped on {source} runs on beside the new servers"
        ));
    }
    let own = own_volumes(facts, steps);
    if !own.is_empty() {
        let named: Vec<String> = own.iter().take(NAMED).map(ToString::to_string).collect();
        let more = own.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        parts.push(format!(
            "{} old servers of {target} are removed, whose own volumes stay there, detached: {}{more}",
            count(|action| matches!(action, Action::RetireServer { .. })),
            named.join(", ")
        ));
    }
    parts.join("; ")
}

/// Volumes that were not made by an operation, of servers that the plan removes.
fn own_volumes<'a>(facts: &'a Facts, steps: &'a [Step]) -> Vec<&'a VolumeId> {
    let site = &facts.target.site;
    let retired: BTreeSet<&ServerId> = steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::RetireServer { server, .. } => Some(server),
            _ => None,
        })
        .collect();
    let is_retired = |member: &&Member| member.server_on(site).is_some_and(|server| retired.contains(server));
    let own = |disk: &'a Disk| Some(&disk.copies.get(site).filter(|copy| copy.cloned_under.is_none())?.volume_id);
    facts.record.members.iter().filter(is_retired).flat_map(|m| &m.disks).filter_map(own).collect()
}
