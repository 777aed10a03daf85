//! What tenants do to their servers behind everybody's back.

use super::World;
use super::array::{self, volumes as array_volumes};
use super::clouds::{self, servers, volumes};
use crate::model::{ServerId, SiteName, VolumeId};
use crate::ports::ImportRequest;
use crate::rules::naming;
use crate::{Error, Result};
use rusqlite::params;

impl World {
    /// A server gets another, empty volume of the type of its first one.
    ///
    /// # Errors
    /// no such site or server → `NotFound`; site down → `Unreachable`; the server has no volume, or the device is taken →
    /// `Precondition`.
    pub fn attach_new_volume(&self, site: &SiteName, server: &ServerId, device: &str, gib: u64) -> Result<VolumeId> {
        self.mutate(|tx| {
            let site = clouds::answering(tx, site)?;
            let found = servers::find(tx, &site, server)?
                .ok_or_else(|| Error::not_found(format!("site '{}' has no server '{server}'", site.name)))?;
            let refuse =
                |why: &str| Error::precondition(format!("server '{}' of site '{}' {why}", found.name, site.name));
            let first = found.volumes.first().ok_or_else(|| refuse("has no volume"))?;
            if found.volumes.iter().any(|volume| volume.device == device) {
                return Err(refuse(&format!("has a volume as {device} already")));
            }
            let id = VolumeId::from(tx.new_id()?);
            let array_volume = naming::cinder_volume_name(&id);
            let array = array::by_id(tx, &site.array_id)?;
            let behind = array_volumes::create(tx, &array, array_volume.as_str(), gib * volumes::GIB, 0)?;
            let request = ImportRequest {
                array_volume_id: behind.as_str().into(),
                array_volume,
                name: format!("{}-{device}", found.name),
                volume_type: first.volume.volume_type.clone(),
                bootable: false,
            };
            volumes::insert(tx, &site, &id, &request, &behind, gib)?;
            servers::attach(tx, server.as_str(), device, id.as_str(), false)?;
            Ok(id)
        })
    }

    /// A server loses a volume, which stays in Cinder. Not attached to it: changes nothing.
    ///
    /// # Errors
    /// no such site → `NotFound`; site down → `Unreachable`.
    pub fn detach_volume(&self, site: &SiteName, server: &ServerId, volume: &VolumeId) -> Result<()> {
        self.mutate(|tx| {
            clouds::answering(tx, site)?;
            let sql = "DELETE FROM attachments WHERE server_id = ?1 AND volume_id = ?2";
            tx.execute(sql, params![server.as_str(), volume.as_str()])?;
            Ok(())
        })
    }
}
