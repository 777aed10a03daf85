//! Changes of volumes, up to their eradication.

use super::create::{ReferenceBody, check_quota, check_size, join, protections};
use super::{LimitsBody, VOLUME, items, named, place};
use crate::call::Call;
use crate::nouns::choose::each;
use crate::nouns::volumes::place::check_open;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::sentences as common;
use crate::sentences::volumes as sentences;
use protector_core::mock::{ArrayTx, MemberStatus, PodMemberRow, PodRow, VolumeRow};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    destroyed: Option<bool>,
    #[serde(default)]
    provisioned: Option<u64>,
    #[serde(default)]
    pod: Option<ReferenceBody>,
    #[serde(default)]
    volume_group: Option<ReferenceBody>,
    #[serde(default)]
    requested_promotion_state: Option<String>,
    #[serde(flatten)]
    limits: LimitsBody,
}

/// `PATCH volumes`: one body for all names.
pub(super) fn patch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body: Body = call.body.object()?;
    let joins = ["add_to_protection_group_names", "add_to_protection_group_ids"];
    let joining = call.at_least(23) && joins.iter().any(|name| call.query.has(name));
    call.change(|array| {
        let volumes = named(call, array)?;
        check_body(&body, &volumes, joining)?;
        let ids = each(&volumes, |volume| {
            change(call, array, volume, &body)?;
            Ok(volume.id.clone())
        })?;
        Ok(Reply::items(call, items(call, array, &ids)?))
    })
}

fn check_body(body: &Body, volumes: &[VolumeRow], joining: bool) -> Result<(), Refusal> {
    let context = volumes.first().map_or("names", |volume| volume.name.as_str());
    let refuse = |message: &str| Err(Refusal::bad(context, message));
    let moves = [body.name.is_some(), body.pod.is_some(), body.volume_group.is_some()];
    let moved = moves.iter().filter(|given| **given).count();
    let changed = body.destroyed.is_some() || body.provisioned.is_some() || body.requested_promotion_state.is_some();
    if moved == 0 && !changed && !body.limits.is_given() && !joining {
        return refuse(common::NO_ATTRIBUTE);
    }
    if moved > 0 && body.destroyed.is_some() {
        return refuse(sentences::NAME_AND_DESTROYED);
    }
    if moved > 1 {
        return refuse(sentences::ONE_MOVE);
    }
    if body.name.is_some() && volumes.len() > 1 {
        return refuse(sentences::ONE_NAME);
    }
    Ok(())
}

fn change(call: &Call<'_>, array: &ArrayTx<'_>, volume: &VolumeRow, body: &Body) -> Result<(), Refusal> {
    if let Some(pod_id) = pod_id(volume) {
        check_open(array, &volume.name, pod_id)?;
    }
    match (volume.destroyed_ms, body.destroyed) {
        (Some(_), Some(false)) => return recover(array, volume),
        (Some(_), _) => return Err(Refusal::destroyed(VOLUME.title, &volume.name)),
        (None, Some(false)) => {
            return Err(Refusal::bad(&volume.name, sentences::is_not_destroyed(VOLUME.title)));
        }
        (None, _) => {}
    }
    if let Some(bytes) = body.provisioned {
        resize(call, array, volume, bytes)?;
    }
    if body.limits.is_given() {
        array.limit_volume(&volume.id, &body.limits.apply(&volume.name, &volume.limits)?)?;
    }
    match body.requested_promotion_state.as_deref() {
        None => {}
        Some("promoted") => array.demote_volume(&volume.id, false)?,
        Some("demoted") => array.demote_volume(&volume.id, true)?,
        Some(other) => {
            let why = sentences::invalid_value("requested_promotion_state", other);
            return Err(Refusal::bad(&volume.name, why));
        }
    }
    match (&body.name, &body.pod, &body.volume_group) {
        (Some(name), ..) => rename(array, volume, name)?,
        (_, Some(pod), _) => move_to_pod(call, array, volume, pod)?,
        (_, _, Some(group)) => move_to_group(array, volume, group)?,
        _ => {}
    }
    // the volume as it is after a move
    if let Some(volume) = array.volume_by_id(&volume.id)? {
        let groups = protections(call, array, "add_to_protection_group_names", "add_to_protection_group_ids", 23)?;
        for group in &groups {
            join(array, &volume.name, &volume.id, pod_id(&volume), group)?;
        }
    }
    if body.destroyed == Some(true) {
        destroy(array, volume)?;
    }
    Ok(())
}

fn pod_id(volume: &VolumeRow) -> Option<&str> {
    volume.pod.as_ref().and_then(|pod| pod.id.as_deref())
}

fn destroy(array: &ArrayTx<'_>, volume: &VolumeRow) -> Result<(), Refusal> {
    if array.has_connections(&volume.id)? {
        return Err(Refusal::bad(&volume.name, sentences::VOLUME_HAS_CONNECTIONS));
    }
    Ok(array.destroy_volume(&volume.id)?)
}

fn recover(array: &ArrayTx<'_>, volume: &VolumeRow) -> Result<(), Refusal> {
    if let Some(group) = &volume.volume_group
        && array.volume_group(&group.name)?.is_some_and(|group| group.destroyed_ms.is_some())
    {
        return Err(Refusal::destroyed("Volume group", &group.name));
    }
    if let Some(pod_id) = pod_id(volume) {
        check_quota(array, &volume.name, pod_id, volume.provisioned)?;
    }
    Ok(array.recover_volume(&volume.id)?)
}

fn resize(call: &Call<'_>, array: &ArrayTx<'_>, volume: &VolumeRow, bytes: u64) -> Result<(), Refusal> {
    check_size(&volume.name, bytes)?;
    if bytes < volume.provisioned && !call.query.is_set("truncate")? {
        return Err(Refusal::bad(&volume.name, sentences::TRUNCATE));
    }
    if let Some(pod_id) = pod_id(volume) {
        check_quota(array, &volume.name, pod_id, bytes.saturating_sub(volume.provisioned))?;
    }
    Ok(array.resize_volume(volume, bytes)?)
}

fn rename(array: &ArrayTx<'_>, volume: &VolumeRow, name: &str) -> Result<(), Refusal> {
    let place = place(array, name)?;
    let before = volume.volume_group.as_ref().and_then(|group| group.id.as_deref());
    if place.pod_id() != pod_id(volume) || place.group_id() != before {
        return Err(Refusal::bad(name, sentences::NAME_IN_ANOTHER_PLACE));
    }
    take_name(array, volume, name, place.pod_id(), place.group_id())
}

/// Gives the volume a name that is free. A name that differs only in its case is its own.
fn take_name(
    array: &ArrayTx<'_>,
    volume: &VolumeRow,
    name: &str,
    pod_id: Option<&str>,
    group_id: Option<&str>,
) -> Result<(), Refusal> {
    match array.volume(name)? {
        Some(other) if other.id != volume.id && other.destroyed_ms.is_some() => {
            Err(Refusal::destroyed(VOLUME.title, name))
        }
        Some(other) if other.id != volume.id => Err(Refusal::exists(VOLUME.title, name)),
        _ => Ok(array.rename_volume(&volume.id, name, pod_id, group_id)?),
    }
}

/// The name without pod and volume group.
fn bare(volume: &VolumeRow) -> &str {
    volume.name.rsplit(['/', ':']).next().unwrap_or(&volume.name)
}

/// Into a pod, or out of it with an empty name. It leaves its volume group.
fn move_to_pod(call: &Call<'_>, array: &ArrayTx<'_>, volume: &VolumeRow, to: &ReferenceBody) -> Result<(), Refusal> {
    let pod = match (to.name.as_deref(), to.id.as_deref()) {
        (Some("") | None, Some("") | None) => None,
        (Some(name), _) if !name.is_empty() => Some(name.to_owned()),
        (_, id) => {
            let found = array.pods()?.into_iter().find(|pod| Some(pod.id.as_str()) == id);
            Some(found.ok_or_else(|| Refusal::missing("Pod", id.unwrap_or_default()))?.name)
        }
    };
    let name = pod.map_or_else(|| bare(volume).to_owned(), |pod| format!("{pod}::{}", bare(volume)));
    let place = place(array, &name)?;
    let from = volume.pod.as_ref().map(|pod| array.pod_by_name(&pod.name)).transpose()?.flatten();
    let is_stretched = place.pod.iter().chain(from.iter()).any(|pod| pod.stretched);
    if is_stretched && !lie_alike(array, from.as_ref(), place.pod.as_ref())? {
        return Err(Refusal::bad(&volume.name, sentences::STRETCHED_POD));
    }
    if place.pod_id() != pod_id(volume) {
        leave_groups(call, array, volume)?;
        if let Some(pod_id) = place.pod_id() {
            check_quota(array, &volume.name, pod_id, volume.provisioned)?;
        }
    }
    take_name(array, volume, &name, place.pod_id(), None)
}

/// Whether two pods are on the same arrays, each with every write: what moves between them moves nothing. Cinder's driver goes
/// by way of such a pod when a volume gets a synchronous type, or another one.
fn lie_alike(array: &ArrayTx<'_>, from: Option<&PodRow>, to: Option<&PodRow>) -> Result<bool, Refusal> {
    let (Some(from), Some(to)) = (from, to) else { return Ok(false) };
    let (from, to) = (array.pod_members(from)?, array.pod_members(to)?);
    let in_step = from.iter().chain(&to).all(|member| member.status == MemberStatus::Online);
    let arrays =
        |members: &[PodMemberRow]| members.iter().map(|member| member.array_id.clone()).collect::<BTreeSet<_>>();
    Ok(in_step && arrays(&from) == arrays(&to))
}

/// A volume that moves to another pod leaves all its protection groups, each of which the request must name.
fn leave_groups(call: &Call<'_>, array: &ArrayTx<'_>, volume: &VolumeRow) -> Result<(), Refusal> {
    let (names, ids) = ("remove_from_protection_group_names", "remove_from_protection_group_ids");
    let named = protections(call, array, names, ids, 23)?;
    for protection in array.protections_of_volume(&volume.id)? {
        if !named.contains(&protection) {
            return Err(Refusal::bad(&volume.name, sentences::still_protected(&protection.group.name)));
        }
        if let Some(group_id) = &protection.group.id {
            array.unprotect_volume(group_id, &volume.id)?;
        }
    }
    Ok(())
}

/// Into a volume group of the same pod, or out of its volume group with an empty name.
fn move_to_group(array: &ArrayTx<'_>, volume: &VolumeRow, to: &ReferenceBody) -> Result<(), Refusal> {
    let group = match (to.name.as_deref(), to.id.as_deref()) {
        (Some("") | None, Some("") | None) => None,
        (Some(name), _) if !name.is_empty() => Some(name.to_owned()),
        (_, id) => {
            let id = id.unwrap_or_default();
            Some(array.volume_group_by_id(id)?.ok_or_else(|| Refusal::missing("Volume group", id))?.name)
        }
    };
    let name = match (group, &volume.pod) {
        (Some(group), _) => format!("{group}/{}", bare(volume)),
        (None, Some(pod)) => format!("{}::{}", pod.name, bare(volume)),
        (None, None) => bare(volume).to_owned(),
    };
    let place = place(array, &name)?;
    if place.pod_id() != pod_id(volume) {
        return Err(Refusal::bad(&volume.name, sentences::NAME_IN_ANOTHER_PLACE));
    }
    take_name(array, volume, &name, place.pod_id(), place.group_id())
}

/// `DELETE volumes`: eradicates what is destroyed.
pub(super) fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    call.change(|array| {
        each(named(call, array)?, |volume| {
            if volume.destroyed_ms.is_none() {
                return Err(Refusal::bad(&volume.name, sentences::is_not_destroyed(VOLUME.title)));
            }
            let locked = array.protections_of_volume(&volume.id)?.iter().any(|group| group.retention_locked);
            if locked || keeps_destroyed(array) {
                return Err(Refusal::bad(&volume.name, sentences::cannot_be_eradicated(VOLUME.title)));
            }
            Ok(array.eradicate_volume(&volume.id)?)
        })?;
        Ok(Reply::empty())
    })
}

/// Whether SafeMode forbids to eradicate anything before its time (`manual_eradication`; where it is only partially
/// disabled, what is locked is locked by its protection group).
pub(crate) fn keeps_destroyed(array: &ArrayTx<'_>) -> bool {
    matches!(array.info().manual_eradication.as_str(), "disabled" | "all-disabled")
}
