//! How an operation changes a group's metadata. Pure, so that a repeated step computes the very same record.

use super::Outputs;
use crate::model::{
    ArrayVolumeId, DiskId, Divergence, GroupRecord, Mappings, Member, MemberStatus, OpenOperation, OperationId,
    Protection, RetainedCopy, ServerCapture, ServerId, SiteName, Unfinished, UnimportedClone,
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

/// What an operation brought to a site.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The site that was left.
    pub from: &'a SiteName,
    /// The site that is reached.
    pub to: &'a SiteName,
    /// What its steps left behind.
    pub outputs: &'a Outputs,
    /// Members of the operation that did not arrive.
    pub failed: &'a BTreeSet<ServerId>,
    /// The operation.
    pub operation: &'a OperationId,
    /// Mappings that were given with it.
    pub mappings: Option<&'a Mappings>,
}

/// The workload runs on the site that is reached. Until something protects it there, it is unprotected, and says so.
///
/// What the target held before stays as retained copies; what the source holds stays where it is. A member that did not
/// arrive has on the target exactly the copies that were imported.
pub fn switched(record: &GroupRecord, arrival: &Arrival<'_>, at: Timestamp) -> GroupRecord {
    let mut next = changed(record, at);
    next.group.epoch = next.group.epoch.next();
    next.group.current_primary_site = arrival.to.clone();
    next.group.protection = Protection::Unprotected;
    next.unfinished = None;
    let mut retained = Vec::new();
    for member in &mut next.members {
        retained.extend(move_disks(member, arrival, at));
        arrive(member, arrival, at);
        if arrival.outputs.servers.contains_key(&member.id) {
            member.status = status_on(&next.group.primary_site, arrival.to);
        }
    }
    next.retained.extend(retained);
    judge(&mut next, arrival);
    next
}

/// The move lets the group go; `arrival` is what came of it at the last look.
pub fn moved(record: &GroupRecord, arrival: &Arrival<'_>, protection: Protection, at: Timestamp) -> GroupRecord {
    let mut next = closed(record, protection, at);
    judge(&mut next, arrival);
    next
}

/// Members that had not arrived are gone on with, and the group is let go.
pub fn rejoined(record: &GroupRecord, arrival: &Arrival<'_>, at: Timestamp) -> GroupRecord {
    let mut next = closed(record, record.group.protection, at);
    for member in next.members.iter_mut().filter(|m| m.status == MemberStatus::Error) {
        for disk in &mut member.disks {
            if let Some(copy) = arrival.outputs.volumes.get(&disk.id) {
                disk.copies.insert(arrival.to.clone(), copy.clone());
            }
        }
        arrive(member, arrival, at);
        if !arrival.failed.contains(&member.id) {
            member.status = status_on(&next.group.primary_site, arrival.to);
        }
    }
    judge(&mut next, arrival);
    next
}

/// Who is in error, and what is left to go on with. Whether the group is partial follows from its members alone.
fn judge(next: &mut GroupRecord, arrival: &Arrival<'_>) {
    for member in next.members.iter_mut().filter(|m| arrival.failed.contains(&m.id)) {
        member.status = MemberStatus::Error;
    }
    next.group.partial = next.members.iter().any(|m| m.status == MemberStatus::Error);
    let earlier = next.unfinished.take();
    if !next.group.partial {
        return;
    }
    let mut unfinished = earlier.unwrap_or_else(|| Unfinished {
        operation: arrival.operation.clone(),
        mappings: Mappings::default(),
        clones: Vec::new(),
    });
    if let Some(given) = arrival.mappings {
        unfinished.mappings.networks.extend(given.networks.clone());
        unfinished.mappings.flavors.extend(given.flavors.clone());
        unfinished.mappings.security_groups.extend(given.security_groups.clone());
    }
    let missing: BTreeSet<&DiskId> = next
        .failed_members()
        .flat_map(|m| &m.disks)
        .filter(|disk| !disk.copies.contains_key(arrival.to))
        .map(|disk| &disk.id)
        .collect();
    let known: BTreeSet<DiskId> = unfinished.clones.iter().map(|clone| clone.disk.clone()).collect();
    let made = arrival.outputs.clones.iter().filter(|(disk, _)| !known.contains(*disk));
    unfinished.clones.extend(made.map(|(disk, (id, name))| UnimportedClone {
        disk: disk.clone(),
        array_volume: name.clone(),
        array_volume_id: id.clone(),
    }));
    unfinished.clones.retain(|clone| missing.contains(&clone.disk));
    next.unfinished = Some(unfinished);
}

/// The operation lets the group go.
pub fn closed(record: &GroupRecord, protection: Protection, at: Timestamp) -> GroupRecord {
    let mut next = changed(record, at);
    next.group.operation = None;
    next.group.protection = protection;
    next
}

/// The workload is protected where it runs; volumes may have other names on their array by that.
pub fn protected(record: &GroupRecord, outputs: &Outputs, at: Timestamp) -> GroupRecord {
    let mut next = closed(record, Protection::Protected, at);
    rename_retyped(&mut next, outputs);
    next
}

/// Whatever becomes of the operation that gave volumes another type: they have the names that they have on their array.
pub fn rename_retyped(next: &mut GroupRecord, outputs: &Outputs) {
    for disk in next.members.iter_mut().flat_map(|member| &mut member.disks) {
        for (site, copy) in &mut disk.copies {
            if let Some(now) = outputs.retyped.get(&(site.clone(), disk.id.clone())) {
                *copy = now.clone();
            }
        }
    }
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

fn status_on(primary: &SiteName, site: &SiteName) -> MemberStatus {
    if site == primary { MemberStatus::Protected } else { MemberStatus::FailedOver }
}

/// The server that stands for the member now, if one was made, and what it looks like.
fn arrive(member: &mut Member, arrival: &Arrival<'_>, at: Timestamp) {
    let Some((server, flavor)) = arrival.outputs.servers.get(&member.id) else { return };
    member.servers.insert(arrival.to.clone(), server.clone());
    // a server that an earlier operation made has ports that are known already
    let is_known = member.status == MemberStatus::Error && member.captures.contains_key(arrival.to);
    let made_ports = arrival.outputs.ports.keys().any(|(owner, _)| *owner == member.id);
    if let Some(capture) = arrived(member, arrival, flavor, at).filter(|_| made_ports || !is_known) {
        member.captures.insert(arrival.to.clone(), capture);
    }
}

/// Copies on the target are what was imported; what was there before is retained.
fn move_disks(member: &mut Member, arrival: &Arrival<'_>, at: Timestamp) -> Vec<RetainedCopy> {
    let mut retained = Vec::new();
    for disk in &mut member.disks {
        let old = match arrival.outputs.volumes.get(&disk.id) {
            Some(copy) => disk.copies.insert(arrival.to.clone(), copy.clone()).filter(|old| old != copy),
            None => disk.copies.remove(arrival.to),
        };
        retained.extend(old.map(|old| RetainedCopy {
            site: arrival.to.clone(),
            disk: disk.id.clone(),
            volume_id: old.volume_id,
            array_volume: old.array_volume,
            array_volume_id: old.array_volume_id,
            cloned_under: old.cloned_under,
            operation: arrival.operation.clone(),
            since: at,
        }));
    }
    retained
}

/// What the server looks like where it arrived: as on the source, with the flavor and interfaces it got.
fn arrived(member: &Member, arrival: &Arrival<'_>, flavor: &str, at: Timestamp) -> Option<ServerCapture> {
    let source = member.captures.get(arrival.from).or_else(|| member.captures.values().next())?;
    let nics = (0..source.nics.len())
        .filter_map(|nic| arrival.outputs.ports.get(&(member.id.clone(), nic)))
        .map(|(_, interface)| interface.clone())
        .collect();
    Some(ServerCapture { flavor: flavor.to_owned(), nics, captured_at: at, ..source.clone() })
}
