//! How an operation changes a group's metadata. Pure, so that a repeated step computes the very same record.

use super::Outputs;
use crate::model::{
    ArrayVolumeId, Divergence, GroupRecord, Member, MemberStatus, OpenOperation, OperationId, Protection, RetainedCopy,
    ServerCapture, SiteName,
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The operation holds the group. `absent`: a site that cannot be told.
pub fn opened(record: &GroupRecord, operation: OpenOperation, absent: Option<&SiteName>, at: Timestamp) -> GroupRecord {
    let mut next = changed(record, at);
    if let Some(site) = absent {
        diverge(&mut next, &operation.id, site, at);
    }
    next.group.operation = Some(operation);
    next
}

/// The workload runs on `to`. Until something protects it there, it is unprotected, and says so.
///
/// What the target held before stays as retained copies; what the source holds stays where it is.
pub fn switched(
    record: &GroupRecord,
    to: &SiteName,
    outputs: &Outputs,
    operation: &OperationId,
    at: Timestamp,
) -> GroupRecord {
    let mut next = changed(record, at);
    let from = next.group.current_primary_site.clone();
    let home = *to == next.group.primary_site;
    let mut retained = Vec::new();
    for member in &mut next.members {
        retained.extend(move_disks(member, to, outputs, operation, at));
        if let Some((server, flavor)) = outputs.servers.get(&member.id) {
            member.servers.insert(to.clone(), server.clone());
            if let Some(capture) = arrived(member, &from, flavor, outputs, at) {
                member.captures.insert(to.clone(), capture);
            }
            member.status = if home { MemberStatus::Protected } else { MemberStatus::FailedOver };
        }
    }
    next.retained.extend(retained);
    next.group.epoch = next.group.epoch.next();
    next.group.current_primary_site = to.clone();
    next.group.protection = Protection::Unprotected;
    next
}

/// The operation lets the group go.
pub fn closed(record: &GroupRecord, protection: Protection, at: Timestamp) -> GroupRecord {
    let mut next = changed(record, at);
    next.group.operation = None;
    next.group.protection = protection;
    next
}

/// Volumes that a commit released, or leaves to their tenant, are no longer listed as retained.
pub fn forgotten(record: &GroupRecord, volumes: &BTreeSet<(SiteName, ArrayVolumeId)>, at: Timestamp) -> GroupRecord {
    let mut next = changed(record, at);
    next.retained.retain(|copy| !volumes.contains(&(copy.site.clone(), copy.array_volume_id.clone())));
    next
}

/// Marks that `absent` has not heard of `operation`. An earlier mark stays: its time is when the disagreement began.
pub fn diverge(record: &mut GroupRecord, operation: &OperationId, absent: &SiteName, at: Timestamp) {
    record.divergence.get_or_insert_with(|| Divergence {
        operation: operation.clone(),
        since: at,
        absent_site: absent.clone(),
    });
}

/// The next version, not different yet.
pub(super) fn changed(record: &GroupRecord, at: Timestamp) -> GroupRecord {
    let mut next = record.clone();
    next.version = record.version.next();
    next.group.updated_at = at;
    next
}

fn move_disks(
    member: &mut Member,
    to: &SiteName,
    outputs: &Outputs,
    operation: &OperationId,
    at: Timestamp,
) -> Vec<RetainedCopy> {
    let mut retained = Vec::new();
    for disk in &mut member.disks {
        let Some(copy) = outputs.volumes.get(&disk.id) else { continue };
        let Some(old) = disk.copies.insert(to.clone(), copy.clone()).filter(|old| old != copy) else { continue };
        retained.push(RetainedCopy {
            site: to.clone(),
            disk: disk.id.clone(),
            volume_id: old.volume_id,
            array_volume: old.array_volume,
            array_volume_id: old.array_volume_id,
            cloned_under: old.cloned_under,
            operation: operation.clone(),
            since: at,
        });
    }
    retained
}

/// What the server looks like where it arrived: as on the source, with the flavor and interfaces it got.
fn arrived(member: &Member, from: &SiteName, flavor: &str, outputs: &Outputs, at: Timestamp) -> Option<ServerCapture> {
    let source = member.captures.get(from)?;
    let nics = (0..source.nics.len())
        .filter_map(|nic| outputs.ports.get(&(member.id.clone(), nic)))
        .map(|(_, interface)| interface.clone())
        .collect();
    Some(ServerCapture { flavor: flavor.to_owned(), nics, captured_at: at, ..source.clone() })
}
