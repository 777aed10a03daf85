//! Volumes, and clones of recovery points.

use crate::mock::array::Array;
use crate::mock::array::groups::{self, Group};
use crate::mock::array::pods;
use crate::mock::array::snapshots::{self, Snapshot};
use crate::mock::array::volumes::{self, CloneMark, Volume};
use crate::mock::tx::Tx;
use crate::model::{ArrayVolumeId, ArrayVolumeName, OpKey, RecoveryPointName};
use crate::ports::{ArrayVolume, CloneRequest, ClonedVolume, Cx, Outcome, PreflightFinding, VolumeQuery};
use crate::rules::naming;
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeSet;

pub(super) fn no_point(array: &Array, point: &RecoveryPointName) -> Error {
    Error::not_found(format!("array '{}' has no recovery point '{point}' (yet)", array.name))
}

pub(super) fn volumes(tx: &Tx<'_>, array: &Array, query: &VolumeQuery) -> Result<Vec<ArrayVolume>> {
    let mut found = Vec::new();
    match query {
        VolumeQuery::Names(names) => {
            for name in names {
                found.extend(volumes::by_name(tx, &array.id, name.as_str())?);
            }
        }
        VolumeQuery::Ids(ids) => {
            for id in ids {
                found.extend(volumes::by_id(tx, &array.id, id.as_str())?);
            }
        }
        VolumeQuery::ClonedBy(key) => found = volumes::by_clone_key(tx, &array.id, key.as_str())?,
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found.into_iter().map(Volume::show).collect())
}

/// Something that keeps a clone request from being carried out.
struct Objection {
    code: &'static str,
    error: Error,
}

/// The recovery point that a request names, and everything that is wrong with the request.
struct Examined {
    found: Option<(Group, Snapshot)>,
    objections: Vec<Objection>,
}

fn examine(tx: &Tx<'_>, array: &Array, request: &CloneRequest) -> Result<Examined> {
    let found = snapshots::by_name(tx, array, &request.point)?;
    let mut objections = match &found {
        None => vec![Objection { code: "recovery_point_missing", error: no_point(array, &request.point) }],
        Some((group, snapshot)) => against_point(tx, array, request, group, snapshot)?,
    };
    let mut names = BTreeSet::new();
    for name in request.volumes.values() {
        objections.extend(against_name(tx, array, name)?);
        if !names.insert(name) {
            let error = Error::invalid(format!("clone name '{name}' is given twice"));
            objections.push(Objection { code: "name_repeated", error });
        }
    }
    Ok(Examined { found, objections })
}

fn against_point(
    tx: &Tx<'_>,
    array: &Array,
    request: &CloneRequest,
    group: &Group,
    snapshot: &Snapshot,
) -> Result<Vec<Objection>> {
    let point = snapshots::show(tx, array, group, snapshot)?;
    let mut objections = Vec::new();
    if let Err(error) = groups::check_online(tx, array, group) {
        return Ok(vec![Objection { code: "pod_not_online", error }]);
    }
    if point.destroyed {
        let text = format!("recovery point '{}' on array '{}' is destroyed", point.name, array.name);
        let error = Error::new(ErrorKind::PendingEradication, text);
        objections.push(Objection { code: "recovery_point_destroyed", error });
    } else if !point.is_usable() {
        let text = format!("recovery point '{}' has not completely arrived on array '{}'", point.name, array.name);
        objections.push(Objection { code: "transfer_incomplete", error: Error::precondition(text) });
    }
    if let Some(difference) = missing_members(request, &point.volumes.into_iter().collect()) {
        let error = Error::precondition(format!("recovery point '{}': {difference}", point.name));
        objections.push(Objection { code: "members_missing", error });
    }
    Ok(objections)
}

/// What the request wants and the recovery point does not hold. A recovery point may hold more: volumes of servers that
/// have left the group since.
fn missing_members(request: &CloneRequest, members: &BTreeSet<ArrayVolumeName>) -> Option<String> {
    let missing: Vec<String> =
        request.volumes.keys().filter(|n| !members.contains(*n)).map(|n| format!("'{n}'")).collect();
    (!missing.is_empty()).then(|| format!("it does not hold {}", missing.join(", ")))
}

fn against_name(tx: &Tx<'_>, array: &Array, name: &ArrayVolumeName) -> Result<Option<Objection>> {
    if let Err(error) = naming::validate_clone_name(name) {
        return Ok(Some(Objection { code: "name_invalid", error }));
    }
    let text = format!("array '{}' has a volume '{name}' already", array.name);
    Ok(volumes::by_name(tx, &array.id, name.as_str())?.map(|taken| {
        if taken.destroyed {
            let text = format!("{text}, destroyed and not yet eradicated");
            Objection { code: "name_pending_eradication", error: Error::new(ErrorKind::PendingEradication, text) }
        } else {
            Objection { code: "name_taken", error: Error::already_exists(text) }
        }
    }))
}

pub(super) fn preflight(tx: &Tx<'_>, array: &Array, request: &CloneRequest) -> Result<Vec<PreflightFinding>> {
    let objections = examine(tx, array, request)?.objections;
    Ok(objections
        .into_iter()
        .map(|objection| PreflightFinding {
            code: objection.code.to_owned(),
            message: objection.error.message().to_owned(),
            blocks: true,
        })
        .collect())
}

pub(super) fn clone(tx: &Tx<'_>, cx: &Cx, array: &Array, request: &CloneRequest) -> Result<Outcome<Vec<ClonedVolume>>> {
    let (group_name, _) = naming::parse_recovery_point(&request.point)?;
    groups::find_for(tx, cx, array, group_name.as_str())?;
    let present = volumes::by_clone_key(tx, &array.id, cx.op_key.as_str())?;
    if !present.is_empty() {
        return already_cloned(cx, array, request, present).map(Outcome::AlreadyDone);
    }
    let Examined { found, objections } = examine(tx, array, request)?;
    if let Some(first) = objections.into_iter().next() {
        return Err(first.error);
    }
    let Some((group, snapshot)) = found else { return Err(no_point(array, &request.point)) };
    let mut clones = Vec::new();
    for (source, name) in &request.volumes {
        let mark = CloneMark {
            key: cx.op_key.as_str().to_owned(),
            group_id: group.id.clone(),
            point: request.point.as_str().to_owned(),
            source: source.as_str().to_owned(),
        };
        let id = volumes::create_clone(tx, array, name.as_str(), &snapshot.id, &mark)?;
        clones.push(ClonedVolume { source: source.clone(), id: id.into(), name: name.clone() });
    }
    Ok(Outcome::Done(clones))
}

/// The clones of this key, under their present names: Cinder may have renamed them since.
fn already_cloned(cx: &Cx, array: &Array, request: &CloneRequest, present: Vec<Volume>) -> Result<Vec<ClonedVolume>> {
    if let Some(gone) = present.iter().find(|volume| volume.destroyed) {
        return Err(Error::new(
            ErrorKind::PendingEradication,
            format!("volume '{}' on array '{}', cloned under '{}', is destroyed", gone.name, array.name, cx.op_key),
        ));
    }
    let mut clones = Vec::new();
    for volume in present {
        let Some(mark) = volume.clone else { continue };
        if mark.point == request.point.as_str() {
            clones.push(ClonedVolume { source: mark.source.into(), id: volume.id.into(), name: volume.name.into() });
        }
    }
    if clones.iter().map(|clone| &clone.source).eq(request.volumes.keys()) {
        return Ok(clones);
    }
    Err(Error::invalid(format!(
        "'{}' was used before on array '{}', to clone other volumes than those of '{}' that are asked for",
        cx.op_key, array.name, request.point
    )))
}

pub(super) fn remove(
    tx: &Tx<'_>,
    cx: &Cx,
    array: &Array,
    made_by: &OpKey,
    ids: &BTreeSet<ArrayVolumeId>,
) -> Result<Outcome<()>> {
    let mut doomed = Vec::new();
    for id in ids {
        let Some(volume) = volumes::by_id(tx, &array.id, id.as_str())? else { continue };
        let Some(mark) = volume.clone.as_ref().filter(|mark| mark.key == made_by.as_str()) else {
            return Err(keep(array, &volume, &format!("it was not cloned under '{made_by}'")));
        };
        if let Some(group) = groups::by_id(tx, array, &mark.group_id)? {
            groups::note_epoch(tx, cx, array, &group)?;
        }
        if volume.destroyed {
            continue;
        }
        if let Some(user) = volumes::user(tx, &volume.id)? {
            return Err(keep(array, &volume, &format!("it is {user}")));
        }
        if let Some(pod_id) = &volume.pod_id {
            pods::check_open(tx, &array.id, pod_id)?;
        }
        doomed.push(volume.id);
    }
    for id in &doomed {
        volumes::destroy(tx, id)?;
    }
    Ok(if doomed.is_empty() { Outcome::AlreadyDone(()) } else { Outcome::Done(()) })
}

fn keep(array: &Array, volume: &Volume, why: &str) -> Error {
    Error::new(
        ErrorKind::DataSafety,
        format!("volume '{}' on array '{}' is not destroyed: {why}", volume.name, array.name),
    )
}
