//! Groups, their members, and the fence around them.

use super::pods;
use crate::mock::array::{Array, groups, snapshots, transfers, volumes, volumes::Volume};
use crate::mock::tx::Tx;
use crate::model::{ArrayGroupName, ArrayVolumeName, ProtectionGroupId};
use crate::ports::{ArrayGroup, Cx, FenceState, GroupSpec, MemberMode, MemberSet, Outcome, SurvivingRecoveryPoint};
use crate::rules::naming;
use crate::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn ensure(tx: &Tx<'_>, cx: &Cx, array: &Array, spec: &GroupSpec) -> Result<Outcome<ArrayGroup>> {
    let (name, owner) = (spec.name.as_str(), spec.owner.as_str());
    naming::validate_array_object_name("protection group", name)?;
    let existing = groups::find_for(tx, cx, array, name)?;
    if let Some(group) = existing.as_ref().filter(|group| !group.destroyed) {
        groups::check_online(tx, array, group)?;
    }
    let made = match &existing {
        None => {
            let pod_id = naming::pod_of(name).map(|pod| pods::ensure(tx, array, pod)).transpose()?;
            let id = groups::create(tx, array, name, pod_id.as_deref())?;
            groups::mark(tx, array, &id, owner, cx.epoch.0)?;
            true
        }
        Some(group) if group.destroyed => return Err(groups::pending(array, &spec.name)),
        Some(group) => match group.owner.as_deref() {
            Some(present) if present == owner => false,
            Some(other) => {
                return Err(Error::conflict(format!(
                    "protection group '{name}' on array '{}' carries the mark of '{other}', not of '{owner}'",
                    array.name
                ))
                .remedy("choose another name"));
            }
            None if spec.adopt => {
                groups::mark(tx, array, &group.id, owner, cx.epoch.0)?;
                true
            }
            None => return Err(groups::foreign(array, &spec.name)),
        },
    };
    let shown = show(tx, array, &spec.name)?;
    Ok(if made { Outcome::Done(shown) } else { Outcome::AlreadyDone(shown) })
}

pub(super) fn ensure_members(
    tx: &Tx<'_>,
    cx: &Cx,
    array: &Array,
    name: &ArrayGroupName,
    members: &MemberSet,
) -> Result<Outcome<ArrayGroup>> {
    let group = groups::changeable(tx, cx, array, name)?;
    let wanted = resolve(tx, array, &members.volumes)?;
    refuse_elsewhere(array, &group, &wanted)?;
    refuse_shared(tx, array, &group, &wanted)?;
    let mut changed = false;
    for id in wanted.keys() {
        changed |= groups::add_member(tx, &group.id, id)?;
    }
    if members.mode == MemberMode::Exact {
        for present in volumes::of_group(tx, &array.id, &group.id)? {
            if !wanted.contains_key(&present.id) {
                groups::remove_member(tx, &group.id, &present.id)?;
                changed = true;
            }
        }
    }
    if changed {
        groups::check_open(tx, array, &group)?;
    }
    let shown = show(tx, array, name)?;
    Ok(if changed { Outcome::Done(shown) } else { Outcome::AlreadyDone(shown) })
}

/// The wanted volumes by id.
fn resolve(tx: &Tx<'_>, array: &Array, names: &BTreeSet<ArrayVolumeName>) -> Result<BTreeMap<String, Volume>> {
    let mut found = BTreeMap::new();
    let mut missing = Vec::new();
    for name in names {
        match volumes::by_name(tx, &array.id, name.as_str())? {
            Some(volume) if !volume.destroyed => {
                found.insert(volume.id.clone(), volume);
            }
            _ => missing.push(format!("'{name}'")),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    Err(Error::not_found(format!("array '{}' has no volume {}", array.name, missing.join(", "))))
}

/// A group has volumes of its own pod, and one outside of pods has none that are in any.
fn refuse_elsewhere(array: &Array, group: &groups::Group, wanted: &BTreeMap<String, Volume>) -> Result<()> {
    let elsewhere: Vec<String> =
        wanted.values().filter(|v| v.pod_id != group.pod_id).map(|v| format!("'{}'", v.name)).collect();
    if elsewhere.is_empty() {
        return Ok(());
    }
    Err(Error::precondition(format!(
        "volumes on array '{}' are not in the same pod as group '{}', or one of them is in none: {}",
        array.name,
        group.name,
        elsewhere.join(", ")
    )))
}

/// One owner per volume. Groups without a mark, such as Cinder's own, do not count.
fn refuse_shared(tx: &Tx<'_>, array: &Array, group: &groups::Group, wanted: &BTreeMap<String, Volume>) -> Result<()> {
    let mut shared = Vec::new();
    for volume in wanted.values() {
        if let Some(other) = groups::other_owner(tx, array, group, &volume.id)? {
            shared.push(format!("'{}' (in '{other}')", volume.name));
        }
    }
    if shared.is_empty() {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "volumes on array '{}' are in a group of another owner: {}",
        array.name,
        shared.join(", ")
    ))
    .remedy("take them out of that protection group first: openstack protector protection-group member-remove"))
}

pub(super) fn set_fence(
    tx: &Tx<'_>,
    cx: &Cx,
    array: &Array,
    name: &ArrayGroupName,
    fenced: bool,
) -> Result<Outcome<FenceState>> {
    let group = groups::changeable(tx, cx, array, name)?;
    let state = if fenced { FenceState::Fenced } else { FenceState::Open };
    if volumes::of_group(tx, &array.id, &group.id)?.iter().all(|volume| volume.fenced == fenced) {
        return Ok(Outcome::AlreadyDone(state));
    }
    volumes::set_fence(tx, &array.id, &group.id, fenced)?;
    Ok(Outcome::Done(state))
}

pub(super) fn retire(
    tx: &Tx<'_>,
    cx: &Cx,
    array: &Array,
    name: &ArrayGroupName,
    owner: &ProtectionGroupId,
    surviving: Option<&SurvivingRecoveryPoint>,
) -> Result<Outcome<()>> {
    let Some(group) = groups::find_for(tx, cx, array, name.as_str())? else { return Ok(Outcome::AlreadyDone(())) };
    if group.owner.as_deref() != Some(owner.as_str()) {
        return Err(Error::conflict(format!(
            "protection group '{name}' on array '{}' does not carry the mark of '{owner}'",
            array.name
        )));
    }
    if group.destroyed {
        return Ok(Outcome::AlreadyDone(()));
    }
    groups::check_online(tx, array, &group)?;
    let shown = groups::show(tx, array, &group)?;
    let holds_data = !snapshots::list(tx, &group)?.is_empty() || !shown.volumes.is_empty();
    if holds_data && surviving.is_none_or(|proof| dies_with(array, name, proof)) {
        return Err(Error::new(
            ErrorKind::DataSafety,
            format!(
                "protection group '{name}' on array '{}' has members or recovery points, and nothing proves that their \
                 data survives elsewhere",
                array.name
            ),
        ));
    }
    groups::destroy(tx, &group)?;
    transfers::refresh(tx)?;
    Ok(Outcome::Done(()))
}

/// Whether a proof names a recovery point of the very group that is to go. One in a stretched pod is gone from both arrays.
fn dies_with(array: &Array, group: &ArrayGroupName, proof: &SurvivingRecoveryPoint) -> bool {
    let shared = naming::pod_of(group.as_str()).is_some();
    (shared || proof.array.as_str() == array.id)
        && naming::parse_recovery_point(&proof.point).is_ok_and(|(of_group, _)| of_group == *group)
}

fn show(tx: &Tx<'_>, array: &Array, name: &ArrayGroupName) -> Result<ArrayGroup> {
    let group = groups::find(tx, array, name.as_str())?.ok_or_else(|| groups::missing(array, name))?;
    groups::show(tx, array, &group)
}
