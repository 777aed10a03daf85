//! New volumes: empty ones, copies, and copies into volumes that are there.

use super::place::{about, check_open};
use super::{LimitsBody, VOLUME, items, place};
use crate::call::Call;
use crate::nouns::choose::each;
use crate::nouns::tags::{TagBody, put};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::sentences as common;
use crate::sentences::volumes as sentences;
use protector_core::mock::{ArrayTx, CopySource, Limits, NewVolume, ProtectionRow, Tagged, VolumeRow};
use serde::Deserialize;

const SECTOR: u64 = 512;
const LEAST: u64 = 1 << 20;
const MOST: u64 = 4 << 50;

/// A reference in a body.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ReferenceBody {
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) id: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Body {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    provisioned: Option<u64>,
    #[serde(default)]
    source: Option<ReferenceBody>,
    #[serde(default)]
    subtype: Option<String>,
    #[serde(default)]
    destroyed: Option<bool>,
    #[serde(flatten)]
    limits: LimitsBody,
    // in a batch
    #[serde(default)]
    add_to_protection_groups: Vec<ReferenceBody>,
    #[serde(default)]
    tags: Vec<TagBody>,
}

/// What the query says of all volumes of a request.
struct Choice {
    overwrite: bool,
    default_protection: bool,
}

impl Choice {
    /// Younger parameters than the version are ignored: then new volumes join the default groups, as on an array that has
    /// such groups.
    fn read(call: &Call<'_>) -> Result<Self, Refusal> {
        let overwrite = call.query.is_set("overwrite")?;
        let given = call.at_least(16).then(|| call.query.flag("with_default_protection")).transpose()?.flatten();
        let groups = ["add_to_protection_group_names", "add_to_protection_group_ids"];
        let protected = given.is_some() || groups.iter().any(|name| call.query.has(name));
        if overwrite && protected && call.sim.options.strict_overwrite {
            return Err(Refusal::bad("overwrite", sentences::OVERWRITE_WITH_PROTECTION));
        }
        Ok(Self { overwrite, default_protection: given.unwrap_or(true) })
    }
}

/// `POST volumes`: one body for all names.
pub(super) fn post(call: &Call<'_>) -> Result<Reply, Refusal> {
    let names = call.query.required("names")?;
    let body: Body = call.body.object()?;
    let choice = Choice::read(call)?;
    call.change(|array| {
        let groups = protections(call, array, "add_to_protection_group_names", "add_to_protection_group_ids", 16)?;
        let ids = each(&names, |name| make(call, array, name, &body, &groups, &choice))?;
        Ok(Reply::items(call, items(call, array, &ids)?))
    })
}

/// `POST volumes/batch`: a body for each volume; all of them or none. (Whether a real array applies a batch in part is not
/// documented.)
pub(super) fn post_batch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let bodies: Vec<Body> = call.body.list()?;
    if bodies.is_empty() {
        return Err(Refusal::bad("body", sentences::missing_field("name")));
    }
    let choice = Choice::read(call)?;
    call.change(|array| {
        let ids = each(&bodies, |body| {
            let name = body.name.as_deref().ok_or_else(|| Refusal::bad("name", sentences::missing_field("name")))?;
            let groups = each(&body.add_to_protection_groups, |group| find_protection(array, group))?;
            let id = make(call, array, name, body, &groups, &choice)?;
            if !body.tags.is_empty() {
                let on = array.tagged(Tagged::Volumes, name)?.ok_or_else(|| Refusal::missing(VOLUME.title, name))?;
                put(array, &on, &body.tags)?;
            }
            Ok(id)
        })?;
        Ok(Reply::items(call, items(call, array, &ids)?))
    })
}

/// Makes or overwrites one volume; its id.
fn make(
    call: &Call<'_>,
    array: &ArrayTx<'_>,
    name: &str,
    body: &Body,
    groups: &[ProtectionRow],
    choice: &Choice,
) -> Result<String, Refusal> {
    check_body(name, body, choice)?;
    let source = body.source.as_ref().map(|source| find_source(array, source)).transpose()?;
    match (array.volume(name)?, source) {
        (Some(present), _) if present.destroyed_ms.is_some() => Err(Refusal::destroyed(VOLUME.title, name)),
        (Some(present), Some(source)) if choice.overwrite => {
            overwrite(array, &present, &source)?;
            Ok(present.id)
        }
        (Some(_), _) => Err(Refusal::exists(VOLUME.title, name)),
        (None, source) => create(call, array, name, body, source.as_ref(), groups, choice),
    }
}

fn check_body(name: &str, body: &Body, choice: &Choice) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::bad(name, message));
    match body.subtype.as_deref() {
        None | Some("regular") => {}
        Some(other) => return refuse(sentences::not_simulated(&format!("A volume of subtype {other}"))),
    }
    if body.destroyed == Some(true) {
        return refuse(sentences::not_simulated("A new volume that is destroyed"));
    }
    match (body.provisioned, &body.source) {
        (Some(_), Some(_)) => refuse(sentences::SIZE_OF_COPY.to_owned()),
        (None, None) if choice.overwrite => refuse(sentences::OVERWRITE_WITHOUT_SOURCE.to_owned()),
        (Some(_), None) if choice.overwrite => refuse(sentences::OVERWRITE_WITHOUT_SOURCE.to_owned()),
        _ => Ok(()),
    }
}

fn find_source(array: &ArrayTx<'_>, source: &ReferenceBody) -> Result<CopySource, Refusal> {
    let (context, found) = match (&source.name, &source.id) {
        (Some(name), _) => (name, array.copy_source(name)?),
        (None, Some(id)) => (id, array.copy_source_by_id(id)?),
        (None, None) => return Err(Refusal::bad("source", sentences::missing_field("source.name"))),
    };
    match found {
        None => Err(Refusal::bad(context, common::NO_SUCH_VOLUME_OR_SNAPSHOT)),
        // a volume has no point in its name
        Some(found) if found.destroyed && context.contains('.') => Err(Refusal::destroyed("Volume snapshot", context)),
        Some(found) if found.destroyed => Err(Refusal::destroyed(VOLUME.title, context)),
        Some(found) => {
            if let Some(pod_id) = &found.pod_id {
                array.check_pod_data(pod_id).map_err(|e| about(context, Refusal::from(e)))?;
            }
            Ok(found)
        }
    }
}

fn overwrite(array: &ArrayTx<'_>, present: &VolumeRow, source: &CopySource) -> Result<(), Refusal> {
    if let Some(pod_id) = present.pod.as_ref().and_then(|pod| pod.id.as_deref()) {
        check_open(array, &present.name, pod_id)?;
        check_quota(array, &present.name, pod_id, source.provisioned.saturating_sub(present.provisioned))?;
    }
    Ok(array.overwrite_volume(present, source)?)
}

fn create(
    call: &Call<'_>,
    array: &ArrayTx<'_>,
    name: &str,
    body: &Body,
    source: Option<&CopySource>,
    groups: &[ProtectionRow],
    choice: &Choice,
) -> Result<String, Refusal> {
    let place = place(array, name)?;
    if call.sim.faults.limit("volumes").is_some_and(|most| array.volume_count().is_ok_and(|count| count >= most)) {
        return Err(Refusal::limit_reached(VOLUME.title, name));
    }
    let provisioned = source.map_or(body.provisioned.unwrap_or(LEAST), |source| source.provisioned);
    if source.is_none() {
        check_size(name, provisioned)?;
    }
    if let Some(pod_id) = place.pod_id() {
        check_quota(array, name, pod_id, provisioned)?;
    }
    let (pod_id, volume_group_id) = (place.pod_id(), place.group_id());
    let id = match source {
        Some(source) => array.copy_volume(source, name, pod_id, volume_group_id)?,
        None => {
            array.create_volume(&NewVolume { name, provisioned, content: 0, source: None, pod_id, volume_group_id })?
        }
    };
    if body.limits.is_given() {
        let none = Limits { bandwidth: None, iops: None, priority_operator: "+".to_owned(), priority_value: 0 };
        array.limit_volume(&id, &body.limits.apply(name, &none)?)?;
    }
    let defaults = if choice.default_protection { array.default_protections(pod_id)? } else { Vec::new() };
    for group in defaults.iter().chain(groups) {
        join(array, name, &id, pod_id, group)?;
    }
    Ok(id)
}

/// Accepts a size that a volume can have.
pub(super) fn check_size(context: &str, bytes: u64) -> Result<(), Refusal> {
    if bytes.is_multiple_of(SECTOR) && (LEAST..=MOST).contains(&bytes) {
        return Ok(());
    }
    Err(Refusal::bad(context, sentences::SIZE))
}

pub(super) fn check_quota(array: &ArrayTx<'_>, context: &str, pod_id: &str, added: u64) -> Result<(), Refusal> {
    array.check_pod_quota(pod_id, added).map_err(|e| about(context, Refusal::from(e)))
}

/// The protection groups that the query names with either parameter, which is there since version 2.`since`.
pub(super) fn protections(
    call: &Call<'_>,
    array: &ArrayTx<'_>,
    names: &str,
    ids: &str,
    since: u16,
) -> Result<Vec<ProtectionRow>, Refusal> {
    if !call.at_least(since) {
        return Ok(Vec::new());
    }
    let list = |parameter| call.query.list(parameter).unwrap_or_default();
    let by_name = list(names).into_iter().map(|name| ReferenceBody { name: Some(name), id: None });
    let by_id = list(ids).into_iter().map(|id| ReferenceBody { name: None, id: Some(id) });
    each(by_name.chain(by_id), |group| find_protection(array, &group))
}

/// A protection group whose members can be changed.
///
/// # Errors
/// not there, destroyed, a replica → 400.
pub(crate) fn find_protection(array: &ArrayTx<'_>, group: &ReferenceBody) -> Result<ProtectionRow, Refusal> {
    const NOUN: &str = "Protection group";
    let (context, found) = match (&group.name, &group.id) {
        (Some(name), _) => (name, array.protection(name)?),
        (None, Some(id)) => (id, array.protection_by_id(id)?),
        (None, None) => return Err(Refusal::bad(NOUN, sentences::missing_field("name"))),
    };
    match found {
        None => Err(Refusal::missing(NOUN, context)),
        Some(found) if found.destroyed => Err(Refusal::destroyed(NOUN, context)),
        Some(found) if found.replica => Err(Refusal::bad(context, sentences::GROUP_IS_REPLICA)),
        Some(found) => Ok(found),
    }
}

/// Makes a volume a member of a group of the same pod.
///
/// # Errors
/// the group is elsewhere → 400.
pub(crate) fn join(
    array: &ArrayTx<'_>,
    volume: &str,
    volume_id: &str,
    pod_id: Option<&str>,
    group: &ProtectionRow,
) -> Result<(), Refusal> {
    let Some(group_id) = group.group.id.as_deref() else { return Ok(()) };
    if group.pod_id.as_deref() != pod_id {
        return Err(Refusal::bad(volume, sentences::GROUP_ELSEWHERE));
    }
    array.protect_volume(group_id, volume_id)?;
    Ok(())
}
