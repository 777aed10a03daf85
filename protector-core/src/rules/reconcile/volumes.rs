//! Volumes and servers that only the loser knows: in use on a site where the workload does not run, else retained.

use super::{Sides, moved_by};
use crate::model::{ArrayVolumeId, Disk, DiskCopy, GroupRecord, Member, OperationId, RetainedCopy, SiteName};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Where the loser knows a site better, its servers and copies stand for the members there, and the winner's older ones are
/// retained. Every other volume that the loser knows and the result does not is retained, too.
pub(super) fn merge(next: &mut GroupRecord, sides: Sides<'_>, id: &OperationId, at: Timestamp) {
    for member in &mut next.members {
        if let Some(other) = sides.loses.member(&member.id) {
            take_over(member, other, sides);
        }
    }
    let operation = moved_by(sides, id);
    let mut named = in_use(next);
    next.retained.retain(|copy| !named.contains(&(copy.site.clone(), copy.array_volume_id.clone())));
    named.extend(next.retained.iter().map(|copy| (copy.site.clone(), copy.array_volume_id.clone())));
    let retained = [sides.wins, sides.loses].into_iter().flat_map(|record| {
        let of_disks = record.disks().flat_map(|(_, disk)| disk.copies.iter().map(move |copy| (disk, copy)));
        let of_disks = of_disks.map(|(disk, (site, copy))| retained(disk, site, copy, &operation, at));
        record.retained.iter().cloned().chain(of_disks)
    });
    let new: Vec<_> = retained.filter(|copy| named.insert((copy.site.clone(), copy.array_volume_id.clone()))).collect();
    next.retained.extend(new);
}

/// The other record's view of a member, on sites of which it knows better.
fn take_over(member: &mut Member, other: &Member, sides: Sides<'_>) {
    let group = &sides.wins.group;
    for site in [&group.primary_site, &group.secondary_site].into_iter().filter(|site| sides.loser_knows(site)) {
        if let Some(server) = other.server_on(site) {
            member.servers.insert(site.clone(), server.clone());
        }
        if let Some(capture) = other.captures.get(site) {
            member.captures.insert(site.clone(), capture.clone());
        }
        for disk in &mut member.disks {
            let copy =
                other.disks.iter().find(|theirs| theirs.id == disk.id).and_then(|theirs| theirs.copies.get(site));
            if let Some(copy) = copy {
                disk.copies.insert(site.clone(), copy.clone());
            }
        }
    }
}

fn in_use(record: &GroupRecord) -> BTreeSet<(SiteName, ArrayVolumeId)> {
    let copies = record.disks().flat_map(|(_, disk)| disk.copies.iter());
    copies.map(|(site, copy)| (site.clone(), copy.array_volume_id.clone())).collect()
}

fn retained(disk: &Disk, site: &SiteName, copy: &DiskCopy, operation: &OperationId, at: Timestamp) -> RetainedCopy {
    RetainedCopy {
        site: site.clone(),
        disk: disk.id.clone(),
        volume_id: copy.volume_id.clone(),
        array_volume: copy.array_volume.clone(),
        array_volume_id: copy.array_volume_id.clone(),
        cloned_under: copy.cloned_under.clone(),
        operation: operation.clone(),
        since: at,
    }
}
