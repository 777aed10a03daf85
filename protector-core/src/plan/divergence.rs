//! How a record remembers a site that was left without its consent. Pure, as [`super::transition`].

use super::{Action, ExpectedLoss, Outputs, Plan, relocate, transition};
use crate::model::{
    Discard, FenceDue, GroupRecord, LedgerEntry, LedgerEntryId, LedgerState, LedgerVolume, OperationId,
    ReplicationType, SiteName, StepId,
};
use crate::rules::naming;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// An unplanned failover is about to begin: what the source writes from the recovery point on is nowhere else. Stands in
/// the record before the pivot, so that two sides that take writes are never without a word of it.
pub fn suspect(record: &mut GroupRecord, plan: &Plan, operation: &OperationId, at: Timestamp) {
    let Some(policy) = &record.policy else { return };
    let (point, created) = match (&plan.expected_loss, record.group.replication_type) {
        (ExpectedLoss::After { point, created, .. }, _) => (point.clone(), *created),
        // it is taken on the way, after this moment, under a name that is known beforehand
        (_, ReplicationType::Sync) => {
            let suffix = naming::snapshot_suffix(operation, relocate::FINAL);
            (naming::recovery_point_name(&policy.pure_pg_name, &suffix), at)
        }
        _ => return,
    };
    let volume = |disk: &crate::model::Disk| {
        let copy = disk.copies.get(&plan.source)?;
        Some(LedgerVolume {
            disk: disk.id.clone(),
            volume_id: Some(copy.volume_id.clone()),
            array_volume: copy.array_volume.clone(),
            array_volume_id: copy.array_volume_id.clone(),
        })
    };
    let entry = LedgerEntry {
        id: naming::ledger_entry_id(operation),
        operation: operation.clone(),
        site: plan.source.clone(),
        group: policy.pure_pg_name.clone(),
        point,
        data_time: created,
        volumes: record.disks().filter_map(|(_, disk)| volume(disk)).collect(),
        since: at,
        state: LedgerState::Suspected,
        evidence: None,
        snapshot: None,
        discarded: None,
    };
    record.ledger.push(entry);
}

/// The operation was rolled back before its pivot: nothing diverged.
pub fn withdraw(record: &mut GroupRecord, operation: &OperationId) {
    record.ledger.retain(|entry| entry.operation != *operation);
}

/// The source was left. `done`: which steps of the plan were. Unless all of its servers were stopped and its volumes
/// fenced, that waits until the site is reached again.
pub fn owe_fence(
    record: &mut GroupRecord,
    plan: &Plan,
    done: impl Fn(&StepId) -> bool,
    operation: &OperationId,
    at: Timestamp,
) {
    let Some(policy) = &record.policy else { return };
    let site = &plan.source;
    let servers: Vec<_> = record.members.iter().filter_map(|m| m.server_on(site)).cloned().collect();
    let (mut stopped, mut fenced) = (BTreeSet::new(), false);
    for step in plan.steps.iter().filter(|step| done(&step.id)) {
        match &step.action {
            Action::StopServer { site: at, server } if at == site => drop(stopped.insert(server)),
            Action::Fence { site: at, .. } if at == site => fenced = true,
            _ => {}
        }
    }
    if fenced && servers.iter().all(|server| stopped.contains(server)) {
        return;
    }
    let (site, group, operation) = (site.clone(), policy.pure_pg_name.clone(), operation.clone());
    record.fences_due.retain(|due| due.site != site);
    record.fences_due.push(FenceDue { site, group, servers, since: at, operation });
}

/// The site was seen to have run on. Returns whether an entry changed.
pub fn confirm(record: &mut GroupRecord, entry: &LedgerEntryId, evidence: &str) -> bool {
    let suspected = record.ledger.iter_mut().find(|e| e.id == *entry && e.state == LedgerState::Suspected);
    let Some(entry) = suspected else { return false };
    (entry.state, entry.evidence) = (LedgerState::Confirmed, Some(evidence.to_owned()));
    true
}

/// The site is stopped and fenced, and a snapshot there keeps what it held. `seen`: what a plan saw of it.
pub fn settled(
    record: &GroupRecord,
    site: &SiteName,
    seen: &[String],
    outputs: &Outputs,
    at: Timestamp,
) -> GroupRecord {
    let mut next = transition::changed(record, at);
    next.fences_due.retain(|due| due.site != *site);
    let Some((snapshot, newer)) = outputs.preserved.get(site) else { return next };
    for entry in next.ledger.iter_mut().filter(|entry| entry.site == *site && entry.is_unsettled()) {
        seen.iter().chain(newer).for_each(|what| note(entry, what));
        // what is gone cannot be kept: the entry says so until somebody discards it
        if let Some(snapshot) = snapshot {
            (entry.state, entry.snapshot) = (LedgerState::Preserved, Some(snapshot.clone()));
        }
    }
    next
}

/// Adds to what was seen, once.
fn note(entry: &mut LedgerEntry, what: &str) {
    entry.evidence = Some(match entry.evidence.take() {
        None => what.to_owned(),
        Some(known) if known.contains(what) => known,
        Some(known) => format!("{known}; {what}"),
    });
}

/// Somebody gave an entry up. Returns whether there is one that was not given up before.
pub fn discard(record: &mut GroupRecord, entry: &str, discarded: Discard) -> bool {
    let kept = record.ledger.iter_mut().find(|e| e.id.as_str() == entry && e.is_kept());
    let Some(entry) = kept else { return false };
    (entry.state, entry.discarded) = (LedgerState::Discarded, Some(discarded));
    true
}

#[cfg(test)]
mod tests;
