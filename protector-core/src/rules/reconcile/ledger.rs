//! What only one side of a divergence holds: the entries of both, and one for the data that the loser leaves behind.

use super::Sides;
use crate::model::{Disk, DiskCopy, GroupRecord, LedgerEntry, LedgerState, LedgerVolume, OperationId, SiteName};
use crate::rules::naming;
use jiff::Timestamp;

/// Entries of both sides. The loser's suspicion of the site where the workload stays is void as far as its volumes are
/// those in use; what the loser's own workload wrote is suspected instead.
pub(super) fn merge(next: &mut GroupRecord, sides: Sides<'_>, id: &OperationId, at: Timestamp) {
    for entry in &sides.loses.ledger {
        match next.ledger.iter_mut().find(|known| known.id == entry.id) {
            Some(known) => learn(known, entry),
            None if is_production(sides.wins, entry) => {}
            None => next.ledger.push(entry.clone()),
        }
    }
    let volumes = left_behind(next, sides);
    if volumes.is_empty() {
        return;
    }
    let Some(policy) = sides.loses.policy.as_ref().or(sides.wins.policy.as_ref()) else { return };
    let site = &sides.loses.group.current_primary_site;
    let began = of_the_move(sides);
    next.ledger.push(LedgerEntry {
        id: naming::ledger_entry_id(id),
        operation: began.map_or_else(|| id.clone(), |entry| entry.operation.clone()),
        site: site.clone(),
        group: policy.pure_pg_name.clone(),
        point: began.map_or_else(|| "not known".into(), |entry| entry.point.clone()),
        // nothing there is older than the group
        data_time: began.map_or(sides.loses.group.created_at, |entry| entry.data_time),
        volumes,
        since: at,
        state: LedgerState::Suspected,
        evidence: None,
        snapshot: None,
        discarded: None,
    });
}

/// The loser's newest entry about the site where the workload stays: written by the move that left it.
pub(super) fn of_the_move<'a>(sides: Sides<'a>) -> Option<&'a LedgerEntry> {
    sides.left_site()?;
    sides.loses.ledger.iter().rev().find(|entry| entry.site == sides.wins.group.current_primary_site)
}

/// What is known of one entry on both sides. A snapshot that was seen is there; that somebody gave an entry up counts if
/// the winner says so.
fn learn(known: &mut LedgerEntry, other: &LedgerEntry) {
    if known.is_kept() && other.is_kept() && other.state > known.state {
        known.state = other.state;
        known.snapshot.clone_from(&other.snapshot);
    }
    if let Some(evidence) = &other.evidence {
        known.evidence = Some(match known.evidence.take() {
            None => evidence.clone(),
            Some(seen) if seen.contains(evidence.as_str()) => seen,
            Some(seen) => format!("{seen}; {evidence}"),
        });
    }
    let new = other.volumes.iter().filter(|volume| !known.volumes.contains(volume)).cloned().collect::<Vec<_>>();
    known.volumes.extend(new);
}

/// Whether all that an entry names is in use where the workload stays.
fn is_production(wins: &GroupRecord, entry: &LedgerEntry) -> bool {
    let site = &wins.group.current_primary_site;
    let in_use = |volume: &LedgerVolume| {
        let mut copies = wins.disks().filter_map(|(_, disk)| disk.copies.get(site));
        copies.any(|copy| copy.array_volume_id == volume.array_volume_id)
    };
    entry.site == *site && entry.is_kept() && entry.volumes.iter().all(in_use)
}

/// Volumes under the loser's workload, where the winner does not have it, and clones that nobody but the loser's array
/// knows; those that no unsettled entry names yet.
fn left_behind(next: &GroupRecord, sides: Sides<'_>) -> Vec<LedgerVolume> {
    let site = &sides.loses.group.current_primary_site;
    let under_workload = sides.left_site().into_iter().flat_map(|site| {
        let copies = sides.loses.disks().filter_map(move |(_, disk)| Some((disk, disk.copies.get(site)?)));
        copies.map(|(disk, copy)| volume(disk, copy))
    });
    let clones = sides.loses.unfinished.iter().flat_map(|unfinished| &unfinished.clones);
    // ids are those of one array
    let here = next.unfinished.iter().filter(|_| sides.left_site().is_none());
    let kept = here.flat_map(|unfinished| &unfinished.clones);
    let kept: Vec<_> = kept.map(|clone| &clone.array_volume_id).collect();
    let clones = clones.filter(|clone| !kept.contains(&&clone.array_volume_id)).map(|clone| LedgerVolume {
        disk: clone.disk.clone(),
        volume_id: None,
        array_volume: clone.array_volume.clone(),
        array_volume_id: clone.array_volume_id.clone(),
    });
    under_workload.chain(clones).filter(|volume| !is_named(next, site, volume)).collect()
}

fn volume(disk: &Disk, copy: &DiskCopy) -> LedgerVolume {
    LedgerVolume {
        disk: disk.id.clone(),
        volume_id: Some(copy.volume_id.clone()),
        array_volume: copy.array_volume.clone(),
        array_volume_id: copy.array_volume_id.clone(),
    }
}

fn is_named(next: &GroupRecord, site: &SiteName, volume: &LedgerVolume) -> bool {
    let names = |entry: &LedgerEntry| entry.volumes.iter().any(|v| v.array_volume_id == volume.array_volume_id);
    next.ledger.iter().any(|entry| entry.site == *site && entry.is_unsettled() && names(entry))
}
