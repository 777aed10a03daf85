//! Volumes that get another type.

use super::types::{self, Replication};
use super::{Site, pods, volumes};
use crate::mock::tx::Tx;
use crate::model::VolumeId;
use crate::ports::{CloudVolume, Outcome};
use crate::{Error, Result};

/// Gives a volume another type, and moves it on the array as that type wants it.
pub(in crate::mock) fn retype(tx: &Tx<'_>, site: &Site, id: &VolumeId, wanted: &str) -> Result<Outcome<CloudVolume>> {
    let volume = volumes::existing(tx, site, id)?;
    let to = types::find(tx, site, wanted)?;
    if volume.volume_type == to.name {
        return Ok(Outcome::AlreadyDone(volume));
    }
    if let Some(group) = &volume.group {
        return Err(Error::conflict(format!(
            "volume '{id}' of site '{}' is in Cinder group '{group}', whose type it must have",
            site.name
        ))
        .remedy("take it out of the group first"));
    }
    let to = types::offered(tx, site, &to.name)?;
    let from = types::find(tx, site, &volume.volume_type)?;
    move_volume(tx, site, id, types::replication(&from), types::replication(&to))?;
    tx.execute("UPDATE cinder_volumes SET volume_type = ?2 WHERE id = ?1", [id.as_str(), &to.name])?;
    volumes::existing(tx, site, id).map(Outcome::Done)
}

fn move_volume(tx: &Tx<'_>, site: &Site, id: &VolumeId, from: Replication, to: Replication) -> Result<()> {
    if from == to {
        return Ok(());
    }
    let behind = volumes::array_volume(tx, site, id)?;
    match from {
        Replication::Off => {}
        Replication::Async => volumes::leave_cinder_group(tx, site, &behind.id)?,
        Replication::Sync => pods::leave(tx, site, &behind)?,
    }
    match to {
        Replication::Off => Ok(()),
        Replication::Async => volumes::join_cinder_group(tx, site, &behind.id),
        Replication::Sync => pods::enter(tx, site, &behind.id, &behind.name.as_str().into()),
    }
}
