//! The simulated cloud as one that makes blank volumes, so that it can be played as real in tests. What is under one
//! bears the mark: its name on the array.

use super::super::array::{self, volumes as stored};
use super::super::clouds::quota;
use super::super::clouds::types::{self, Replication};
use super::super::clouds::volumes::{self, GIB};
use super::{MockCloud, Site, Tx};
use crate::model::VolumeId;
use crate::ports::{BlankVolume, BlankVolumes, CloudVolume, Cx, ImportRequest, Outcome, VolumeState};
use crate::{Error, ErrorKind, Result};
use async_trait::async_trait;

/// What the name on the array begins with, before the id that the volume stands for.
const BLANK: &str = "blank-";

#[async_trait]
impl BlankVolumes for MockCloud {
    async fn ensure_blank_volume(&self, cx: &Cx, wanted: &BlankVolume) -> Result<Outcome<CloudVolume>> {
        let marked = |volume: CloudVolume| CloudVolume { array_volume_id: Some(wanted.stands_for.clone()), ..volume };
        self.change(cx, |tx, site| ensure(tx, site, wanted).map(|made| made.map(marked)))
    }

    async fn delete_blank_volume(&self, cx: &Cx, id: &VolumeId) -> Result<Outcome<()>> {
        self.change(cx, |tx, site| delete(tx, site, id))
    }
}

fn ensure(tx: &Tx<'_>, site: &Site, wanted: &BlankVolume) -> Result<Outcome<CloudVolume>> {
    let mark = format!("{BLANK}{}", wanted.stands_for);
    if let Some(behind) = stored::by_name(tx, &site.array_id, &mark)?.filter(|behind| !behind.destroyed) {
        let id: String = tx.value("SELECT id FROM cinder_volumes WHERE array_volume_id = ?1", [&behind.id])?;
        return volumes::existing(tx, site, &id.into()).map(Outcome::AlreadyDone);
    }
    let volume_type = types::offered(tx, site, &wanted.volume_type)?;
    quota::require(tx, site, &quota::Need { volumes: 1, volume_gib: wanted.size_gib, ..Default::default() })?;
    let array = array::by_id(tx, &site.array_id)?;
    let behind = stored::create(tx, &array, &mark, wanted.size_gib * GIB, 0)?;
    let request = ImportRequest {
        array_volume_id: behind.as_str().into(),
        array_volume: mark.into(),
        name: wanted.name.clone(),
        volume_type: wanted.volume_type.clone(),
        bootable: wanted.bootable,
    };
    let id = VolumeId::from(tx.new_id()?);
    volumes::insert(tx, site, &id, &request, &behind, wanted.size_gib)?;
    if types::replication(&volume_type) == Replication::Async {
        volumes::join_cinder_group(tx, site, &behind)?;
    }
    volumes::existing(tx, site, &id).map(Outcome::Done)
}

fn delete(tx: &Tx<'_>, site: &Site, id: &VolumeId) -> Result<Outcome<()>> {
    let Some(volume) = volumes::find(tx, site, id)? else { return Ok(Outcome::AlreadyDone(())) };
    let behind = volumes::array_volume(tx, site, id)?;
    let refuse = |kind, why: &str| Err(Error::new(kind, format!("volume '{id}' of site '{}' {why}", site.name)));
    if !behind.name.starts_with(BLANK) {
        return refuse(ErrorKind::DataSafety, "is not one that was made blank for a trial, and stays as it is");
    }
    if volume.state == VolumeState::InUse || volume.group.is_some() {
        return refuse(ErrorKind::Precondition, "is attached or in a Cinder group, and is not deleted");
    }
    tx.execute("DELETE FROM cinder_volumes WHERE id = ?1", [id.as_str()])?;
    stored::destroy(tx, &behind.id)?;
    Ok(Outcome::Done(()))
}
