//! Cinder volumes: always the array's volumes, under management.

use super::types::{self, Replication};
use super::{Site, pods, quota};
use crate::mock::array::{self, groups, volumes as stored};
use crate::mock::mishaps::{self, Mishap};
use crate::mock::tx::{Tx, signed, unsigned};
use crate::model::{ArrayVolumeName, VolumeId};
use crate::ports::{CloudVolume, ImportRequest, Outcome, VolumeState};
use crate::rules::naming;
use crate::{Error, Result};
use rusqlite::{Row, params};

/// Bytes of a GiB.
pub(in crate::mock) const GIB: u64 = 1 << 30;

/// The group in which Cinder's driver puts every volume of a replicated type, beside any other.
const CINDER_GROUP: &str = "cinder-group";

/// Columns that [`read`] takes, from `cinder_volumes AS v` with [`JOINS`].
pub(super) const COLUMNS: &str = "v.id, v.name, v.size_gib, v.volume_type, sites.backend, v.group_id,
    array_volumes.id, array_volumes.name, EXISTS (SELECT 1 FROM attachments AS a WHERE a.volume_id = v.id)";
pub(super) const JOINS: &str = "JOIN sites ON sites.name = v.site
    LEFT JOIN volumes AS array_volumes ON array_volumes.id = v.array_volume_id";

/// How many columns [`read`] takes.
pub(super) const WIDTH: usize = 9;

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<CloudVolume> {
    let attached: bool = row.get(8)?;
    Ok(CloudVolume {
        id: row.get::<_, String>(0)?.into(),
        name: row.get(1)?,
        size_gib: unsigned(row.get(2)?),
        volume_type: row.get(3)?,
        backend: row.get(4)?,
        state: if attached { VolumeState::InUse } else { VolumeState::Available },
        group: row.get::<_, Option<String>>(5)?.map(Into::into),
        array_volume_id: row.get::<_, Option<String>>(6)?.map(Into::into),
        array_volume: row.get::<_, Option<String>>(7)?.map(Into::into),
    })
}

/// The volume with this id, if there is one.
pub(in crate::mock) fn find(tx: &Tx<'_>, site: &Site, id: &VolumeId) -> Result<Option<CloudVolume>> {
    let sql = format!("SELECT {COLUMNS} FROM cinder_volumes AS v {JOINS} WHERE v.site = ?1 AND v.id = ?2");
    tx.first(&sql, [site.name.as_str(), id.as_str()], read)
}

/// The volume with this id.
pub(in crate::mock) fn existing(tx: &Tx<'_>, site: &Site, id: &VolumeId) -> Result<CloudVolume> {
    find(tx, site, id)?.ok_or_else(|| Error::not_found(format!("site '{}' has no volume '{id}'", site.name)))
}

/// The array volume behind a Cinder volume.
pub(in crate::mock) fn array_volume(tx: &Tx<'_>, site: &Site, id: &VolumeId) -> Result<stored::Volume> {
    let behind = existing(tx, site, id)?.array_volume_id;
    behind
        .and_then(|array_volume| stored::by_id(tx, &site.array_id, array_volume.as_str()).transpose())
        .transpose()?
        .ok_or_else(|| Error::not_found(format!("nothing on the array is behind volume '{id}'")))
}

/// Takes an array volume under management: renames it as Cinder does, and puts it into Cinder's own group or pod if its type
/// is replicated.
pub(in crate::mock) fn import(tx: &Tx<'_>, site: &Site, request: &ImportRequest) -> Result<Outcome<CloudVolume>> {
    let array_volume_id = request.array_volume_id.as_str();
    let sql = format!("SELECT {COLUMNS} FROM cinder_volumes AS v {JOINS} WHERE v.site = ?1 AND v.array_volume_id = ?2");
    if let Some(managed) = tx.first(&sql, [site.name.as_str(), array_volume_id], read)? {
        return Ok(Outcome::AlreadyDone(managed));
    }
    mishaps::refuse(tx, &site.name, Mishap::Import, &request.name, "does not manage volume")?;
    let volume_type = types::offered(tx, site, &request.volume_type)?;
    let behind = stored::by_id(tx, &site.array_id, array_volume_id)?
        .filter(|volume| !volume.destroyed && volume.name == request.array_volume.as_str())
        .ok_or_else(|| {
            Error::not_found(format!(
                "the array under site '{}' has no volume '{}' with id '{array_volume_id}'",
                site.name, request.array_volume
            ))
        })?;
    pods::refuse_replicated(tx, &behind)?;
    let size_gib = behind.provisioned.div_ceil(GIB);
    quota::require(tx, site, &quota::Need { volumes: 1, volume_gib: size_gib, ..Default::default() })?;
    let id = VolumeId::from(tx.new_id()?);
    insert(tx, site, &id, request, &behind.id, size_gib)?;
    let name = naming::cinder_volume_name(&id);
    let name = naming::pod_of(&behind.name).map_or(name.clone(), |pod| naming::volume_in_pod(pod, &name));
    stored::rename(tx, &behind.id, name.as_str())?;
    match types::replication(&volume_type) {
        Replication::Off => {}
        // a volume in a pod does not get in, and Cinder does not mind
        Replication::Async if behind.pod_id.is_some() => {}
        Replication::Async => join_cinder_group(tx, site, &behind.id)?,
        Replication::Sync => pods::enter(tx, site, &behind.id, &name)?,
    }
    existing(tx, site, &id).map(Outcome::Done)
}

/// A row for a managed volume.
pub(in crate::mock) fn insert(
    tx: &Tx<'_>,
    site: &Site,
    id: &VolumeId,
    request: &ImportRequest,
    array_volume_id: &str,
    size_gib: u64,
) -> Result<()> {
    tx.execute(
        "INSERT INTO cinder_volumes (id, site, name, size_gib, volume_type, bootable, array_volume_id, created_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            id.as_str(),
            site.name,
            request.name,
            signed(size_gib)?,
            request.volume_type,
            request.bootable,
            array_volume_id,
            tx.now_ms
        ],
    )?;
    Ok(())
}

/// Adds an array volume to Cinder's own, unmarked group.
pub(in crate::mock) fn join_cinder_group(tx: &Tx<'_>, site: &Site, array_volume_id: &str) -> Result<()> {
    let array = array::by_id(tx, &site.array_id)?;
    let group_id = match groups::find(tx, &array, CINDER_GROUP)? {
        Some(group) => group.id,
        None => groups::create(tx, &array, CINDER_GROUP, None)?,
    };
    groups::add_member(tx, &group_id, array_volume_id)?;
    Ok(())
}

/// Takes an array volume out of Cinder's own group.
pub(super) fn leave_cinder_group(tx: &Tx<'_>, site: &Site, array_volume_id: &str) -> Result<()> {
    let array = array::by_id(tx, &site.array_id)?;
    match groups::find(tx, &array, CINDER_GROUP)? {
        Some(group) => groups::remove_member(tx, &group.id, array_volume_id),
        None => Ok(()),
    }
}

/// Gives a volume back to the array, which keeps it under the name that Cinder gives it then.
pub(in crate::mock) fn release(tx: &Tx<'_>, site: &Site, id: &VolumeId) -> Result<Outcome<()>> {
    let Some(volume) = find(tx, site, id)? else { return Ok(Outcome::AlreadyDone(())) };
    let refuse = |why: String| Err(Error::precondition(format!("volume '{id}' of site '{}' {why}", site.name)));
    if volume.state == VolumeState::InUse {
        return refuse("is attached to a server".to_owned());
    }
    if let Some(group) = volume.group {
        return refuse(format!("is in Cinder group '{group}', which Cinder does not let go of: take it out first"));
    }
    if let (Some(array_volume_id), Some(name)) = (volume.array_volume_id, volume.array_volume) {
        if let Some(pod_id) = array_volume(tx, site, id)?.pod_id {
            array::pods::check_open(tx, &site.array_id, &pod_id)?;
        }
        let name: ArrayVolumeName = naming::unmanaged_volume_name(&name);
        stored::rename(tx, array_volume_id.as_str(), name.as_str())?;
    }
    tx.execute("DELETE FROM cinder_volumes WHERE id = ?1", [id.as_str()])?;
    Ok(Outcome::Done(()))
}
