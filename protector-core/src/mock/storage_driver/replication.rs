//! Targets, schedules, snapshots.

use super::pods;
use crate::mock::array::groups::Group;
use crate::mock::array::{self, Array, groups, snapshots, transfers, volumes};
use crate::mock::controls;
use crate::mock::tx::{Tx, signed};
use crate::model::{ArrayGroupName, ArrayName, ProtectionGroupId, RecoveryPoint, Transfer};
use crate::ports::{Cx, Outcome, ReplicationLink, ReplicationSpec, ReplicationStatus, SnapshotRequest, StandbyGroup};
use crate::rules::{
    self,
    naming::{self, GroupScope},
};
use crate::{Error, ErrorKind, Result};
use std::time::Duration;

/// What a simulated array takes as the interval of a schedule, in seconds. FlashArrays begin at 300; the documents' own
/// example of a tight RPO asks for 120.
pub(super) const INTERVAL_BOUNDS: (u32, u32) = (60, 34_560_000);

pub(super) fn ensure(
    tx: &Tx<'_>,
    cx: &Cx,
    array: &Array,
    name: &ArrayGroupName,
    spec: &ReplicationSpec,
) -> Result<Outcome<()>> {
    if let Some(pod) = naming::pod_of(name.as_str()) {
        return pods::stretch(tx, cx, array, name, pod, &spec.target);
    }
    rules::check_schedule(spec.interval, INTERVAL_BOUNDS).map_err(|e| e.context(format!("array '{}'", array.name)))?;
    let group = groups::changeable(tx, cx, array, name)?;
    let targeted = ensure_target(tx, array, name, &group, spec)?;
    let interval_ms = i64::from(spec.interval) * 1000;
    let rescheduled = group.interval_ms != Some(interval_ms);
    if rescheduled {
        groups::schedule(tx, &group.id, interval_ms)?;
    }
    Ok(if targeted || rescheduled { Outcome::Done(()) } else { Outcome::AlreadyDone(()) })
}

/// `true`: the target was added.
fn ensure_target(
    tx: &Tx<'_>,
    array: &Array,
    name: &ArrayGroupName,
    group: &Group,
    spec: &ReplicationSpec,
) -> Result<bool> {
    let not_connected =
        || Error::precondition(format!("array '{}' is not connected to array '{}'", array.name, spec.target));
    let target = array::peer(tx, array, &spec.target)?.ok_or_else(not_connected)?;
    let image_name = naming::target_group_name(&array.name.as_str().into(), name);
    match groups::image(tx, &target, &image_name)? {
        Some(image) if image.destroyed => Err(groups::pending(&target, &image_name)),
        Some(image) if image.source_group_id.as_deref() == Some(group.id.as_str()) && !image.detached => Ok(false),
        // of a group of the same name that is eradicated here
        Some(_) => Err(Error::conflict(format!(
            "array '{}' still has '{image_name}', the image of an earlier group of that name",
            target.name
        ))
        .remedy("retire that image first, or choose another name")),
        None if array::link(tx, array, &target)? != ReplicationLink::Connected => Err(not_connected()),
        None => {
            let delay = signed(controls::settings(tx)?.replica_delay_millis)?;
            groups::create_image(tx, &target, &image_name, group, delay)?;
            Ok(true)
        }
    }
}

pub(super) fn accept(
    tx: &Tx<'_>,
    cx: &Cx,
    array: &Array,
    name: &ArrayGroupName,
    owner: &ProtectionGroupId,
    allow: bool,
) -> Result<Outcome<()>> {
    match naming::parse_group_name(name)?.scope {
        GroupScope::Replica(_) => {}
        GroupScope::Pod(pod) => return pods::accept(tx, cx, array, name, &pod, owner),
        GroupScope::Local => {
            return Err(Error::invalid(format!(
                "'{name}' is no group of another array; array '{}' would show that as '<source array>:<group>'",
                array.name
            )));
        }
    }
    let Some(image) = groups::find_for(tx, cx, array, name.as_str())? else {
        return Ok(Outcome::InProgress { poll_after: Duration::from_secs(1) });
    };
    if image.destroyed {
        return Err(groups::pending(array, name));
    }
    match image.owner.as_deref() {
        Some(present) if present == owner.as_str() => {}
        Some(other) => {
            return Err(Error::conflict(format!(
                "'{name}' on array '{}' is the image of a group of '{other}', not of '{owner}'",
                array.name
            )));
        }
        None => return Err(groups::foreign(array, name)),
    }
    if !groups::set_allowed(tx, &image.id, allow)? {
        return Ok(Outcome::AlreadyDone(()));
    }
    transfers::refresh(tx)?;
    Ok(Outcome::Done(()))
}

pub(super) fn disable(tx: &Tx<'_>, cx: &Cx, array: &Array, name: &ArrayGroupName) -> Result<Outcome<()>> {
    let group = groups::changeable(tx, cx, array, name)?;
    if group.interval_ms.is_none() {
        return Ok(Outcome::AlreadyDone(()));
    }
    groups::unschedule(tx, &group.id)?;
    Ok(Outcome::Done(()))
}

pub(super) fn snapshot(
    tx: &Tx<'_>,
    cx: &Cx,
    array: &Array,
    name: &ArrayGroupName,
    request: &SnapshotRequest,
) -> Result<Outcome<RecoveryPoint>> {
    naming::validate_suffix(&request.suffix)?;
    let group = groups::changeable(tx, cx, array, name)?;
    let find = || snapshots::by_suffix(tx, &group.id, &request.suffix);
    if let Some(present) = find()? {
        if present.destroyed {
            return Err(Error::new(
                ErrorKind::PendingEradication,
                format!("snapshot '{name}.{}' on array '{}' is destroyed", request.suffix, array.name),
            )
            .remedy("choose another suffix"));
        }
        return Ok(Outcome::AlreadyDone(snapshots::show(tx, array, &group, &present)?));
    }
    let lacks = |what: &str| Err(Error::precondition(format!("group '{name}' on array '{}' {what}", array.name)));
    if volumes::of_group(tx, &array.id, &group.id)?.is_empty() {
        return lacks("has no members to take a snapshot of");
    }
    if request.replicate_now && !groups::targets(tx, &group)?.into_values().any(|allowed| allowed) {
        return lacks("has no target that allows replication");
    }
    groups::check_open(tx, array, &group)?;
    let id = snapshots::take(tx, &group.id, &request.suffix, tx.now_ms, false)?;
    if request.replicate_now {
        transfers::start(tx, &group.id, &id, tx.now_ms)?;
    }
    let taken = find()?.ok_or_else(|| Error::internal(format!("snapshot '{name}.{}' got lost", request.suffix)))?;
    Ok(Outcome::Done(snapshots::show(tx, array, &group, &taken)?))
}

/// What this array could start a group from.
pub(super) fn standby(tx: &Tx<'_>, array: &Array, name: &ArrayGroupName) -> Result<StandbyGroup> {
    let Some(group) = groups::find(tx, array, name.as_str())? else { return Ok(StandbyGroup::default()) };
    if let Some(pod_id) = &group.pod_id {
        let volumes = groups::show(tx, array, &group)?.volumes;
        if volumes.is_empty() {
            return Ok(StandbyGroup::default());
        }
        let pod = pods::status(tx, array, &group, pod_id)?.pod;
        let own = ArrayName::from(array.name.as_str());
        let pod = pod.and_then(|pod| pod.arrays.get(&own).map(|member| member.state));
        return Ok(StandbyGroup { newest_complete: None, pod, volumes });
    }
    for found in &snapshots::list(tx, &group)? {
        let transfer = snapshots::transfer(tx, array, &group, found)?;
        if !found.destroyed && matches!(transfer, Some(Transfer::Local | Transfer::Completed { .. })) {
            let newest_complete = Some(snapshots::show(tx, array, &group, found)?);
            return Ok(StandbyGroup { newest_complete, ..StandbyGroup::default() });
        }
    }
    Ok(StandbyGroup::default())
}

/// On the source, the newest recovery point that is complete on the target, by its name here; on the target, the newest
/// one that is complete here.
pub(super) fn status(tx: &Tx<'_>, array: &Array, name: &ArrayGroupName) -> Result<ReplicationStatus> {
    let group = groups::find(tx, array, name.as_str())?.ok_or_else(|| groups::missing(array, name))?;
    if let Some(pod_id) = &group.pod_id {
        return pods::status(tx, array, &group, pod_id);
    }
    let is_image = group.source_group_id.is_some();
    let mut newest_complete = None;
    let mut in_transfer = 0;
    for replica in &snapshots::replicas(tx, &group)? {
        match replica.transfer(tx.now_ms) {
            Some(Transfer::Completed { .. }) if newest_complete.is_none() && !replica.destroyed => {
                newest_complete = if is_image {
                    Some(snapshots::show(tx, array, &group, replica)?)
                } else {
                    snapshots::by_suffix(tx, &group.id, replica.suffix())?
                        .filter(|own| !own.destroyed)
                        .map(|own| snapshots::show(tx, array, &group, &own))
                        .transpose()?
                };
            }
            Some(Transfer::InProgress { .. }) => in_transfer += 1,
            _ => {}
        }
    }
    let link = groups::link(tx, array, &group)?;
    // the flag is kept on the target, so the source knows it only while it can ask
    let knows = is_image || link == ReplicationLink::Connected;
    Ok(ReplicationStatus {
        link,
        enabled: group.interval_ms.is_some(),
        allowed: groups::targets(tx, &group)?.into_values().next().filter(|_| knows),
        newest_complete,
        in_transfer,
        pod: None,
    })
}
