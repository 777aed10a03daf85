//! Which volumes belong to what, as an operation leaves them, and which recovery point survives it.

use crate::exec::{OperationState, member_outcomes};
use crate::model::{
    ArrayGroupName, ArrayName, ArrayVolumeName, Disk, DiskId, GroupRecord, Member, MemberStatus, OperationKind,
    RecoveryPoint, ServerId, SiteName, VolumeId,
};
use crate::plan::Plan;
use crate::rules::{RpoVerdict, age_of, check_rpo, newest_usable};
use crate::{Error, Result};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The operation's members that do not arrive, as far as is known.
pub fn missing(plan: &Plan, state: &OperationState) -> BTreeSet<ServerId> {
    let outcomes = member_outcomes(plan, state);
    outcomes.into_iter().filter(|(_, outcome)| outcome.is_missing()).map(|(member, _)| member).collect()
}

/// The disk's Cinder volume where the operation leads: imported by it; for a retry, and where nothing is moved, there
/// before.
fn volume_here(plan: &Plan, state: &OperationState, disk: &Disk) -> Option<VolumeId> {
    let before = match plan.kind {
        OperationKind::RetryFailed => disk.copies.get(&plan.target),
        OperationKind::Reprotect => disk.copies.get(&plan.source),
        _ => None,
    };
    state.outputs.volumes.get(&disk.id).or(before).map(|copy| copy.volume_id.clone())
}

/// What the Cinder group of the target holds afterwards of `disks`.
///
/// # Errors
/// the disk of a member that arrives was not imported → `Internal`.
pub fn cinder_volumes(
    plan: &Plan,
    state: &OperationState,
    record: &GroupRecord,
    disks: &[DiskId],
) -> Result<BTreeSet<VolumeId>> {
    let (missing, wanted) = (missing(plan, state), disks.iter().collect::<BTreeSet<_>>());
    let mut volumes = BTreeSet::new();
    for (member, disk) in record.disks().filter(|(_, disk)| wanted.contains(&disk.id)) {
        match volume_here(plan, state, disk) {
            Some(volume) => drop(volumes.insert(volume)),
            // what Cinder did not take over of a member that fails stays a clone on the array
            None if missing.contains(&member.id) || stayed_behind(plan, member) => {}
            None => return Err(not_imported(disk)),
        }
    }
    Ok(volumes)
}

/// Whether a member did not arrive in an earlier move, and this operation does not bring it up.
fn stayed_behind(plan: &Plan, member: &Member) -> bool {
    plan.kind == OperationKind::Reprotect && member.status == MemberStatus::Error
}

/// The member's imported volumes with their devices, boot disk first.
///
/// # Errors
/// one of its disks was not imported → `Internal`.
pub fn server_volumes(plan: &Plan, state: &OperationState, member: &Member) -> Result<Vec<(String, VolumeId)>> {
    let mut disks: Vec<_> = member.disks.iter().collect();
    disks.sort_by_key(|d| (!d.boot, d.device.clone()));
    let volume = |disk: &Disk| {
        let id = volume_here(plan, state, disk);
        Ok((disk.device.clone(), id.ok_or_else(|| not_imported(disk))?))
    };
    disks.into_iter().map(volume).collect()
}

fn not_imported(disk: &Disk) -> Error {
    Error::internal(format!("disk '{}' was not imported", disk.name))
}

/// What the array group on a site holds: exactly the volumes that the members have there.
///
/// # Errors
/// a member that arrived has no volume there → `Precondition`.
pub fn array_volumes(
    plan: &Plan,
    state: &OperationState,
    record: &GroupRecord,
    site: &SiteName,
) -> Result<BTreeSet<ArrayVolumeName>> {
    let on_site = |disk: &Disk| {
        // what this operation imported lies on the target only
        let made_here = state.outputs.volumes.get(&disk.id).filter(|_| *site == plan.target);
        let retyped = || state.outputs.retyped.get(&(site.clone(), disk.id.clone()));
        made_here.or_else(retyped).or_else(|| disk.copies.get(site)).map(|copy| copy.array_volume.clone())
    };
    let missing = missing(plan, state);
    let mut volumes = BTreeSet::new();
    for (member, disk) in record.disks() {
        match on_site(disk) {
            Some(volume) => drop(volumes.insert(volume)),
            // of a member that did not arrive only what Cinder took over is there
            None if member.status == MemberStatus::Error || missing.contains(&member.id) => {}
            None => {
                return Err(Error::precondition(format!("disk '{}' has no volume on {site}", disk.name)));
            }
        }
    }
    Ok(volumes)
}

/// The newest recovery point that is complete, holds every volume and is young enough: it survives what is released.
/// `array`: the one that shows these.
///
/// # Errors
/// there is none, or nobody can tell: why, in words.
pub fn survivor<'a>(
    array: &ArrayName,
    group: &ArrayGroupName,
    points: &'a [RecoveryPoint],
    volumes: &BTreeSet<ArrayVolumeName>,
    rpo_minutes: u32,
    now: Timestamp,
) -> std::result::Result<&'a RecoveryPoint, String> {
    let Some(newest) = newest_usable(points, &volumes.iter().collect()) else {
        return Err(format!("{array} has no complete recovery point of '{group}' with all members"));
    };
    match check_rpo(age_of(Some(newest), true, now), rpo_minutes) {
        RpoVerdict::Within { .. } => Ok(newest),
        RpoVerdict::Breach { message, .. } => Err(message),
        RpoVerdict::Never | RpoVerdict::Unknown => Err(format!("the age of '{}' on {array} is not known", newest.name)),
    }
}
