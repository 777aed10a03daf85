//! Simulated array volumes that stand under the volumes of a real cloud.

use super::array::{self, volumes};
use super::clouds::{self, Site, volumes::GIB};
use super::tx::Tx;
use super::{World, seed};
use crate::model::{ArrayVolumeId, ArrayVolumeName, SiteName};
use crate::ports::CloudVolume;
use crate::rules::naming;
use crate::{Error, Result};

/// An array volume by id and name.
pub(super) type StandIn = (ArrayVolumeId, ArrayVolumeName);

impl World {
    /// Puts a pair of connected arrays under two sites whose clouds are real. Sites of these names that are there
    /// already stay as they are.
    ///
    /// # Errors
    /// not two, or the world has others → `InvalidConfiguration` → name another file; unwritable → `Storage`.
    pub fn put_arrays_under(&self, sites: &[SiteName]) -> Result<()> {
        self.mutate(|tx| {
            let present: Vec<String> = tx.all("SELECT name FROM sites ORDER BY name", [], |row| row.get(0))?;
            let mut wanted: Vec<&str> = sites.iter().map(SiteName::as_str).collect();
            wanted.sort_unstable();
            if present.is_empty() {
                return seed::add_arrays(tx, &wanted);
            }
            if present == wanted {
                return Ok(());
            }
            Err(Error::configuration(format!(
                "{self} has the sites {}, and the settings name {}",
                present.join(" and "),
                wanted.join(" and ")
            ))
            .remedy("set [engine] mock_db_path to another file, which need not exist yet"))
        })
    }

    /// The array volume of each of these volumes of a site, in their order; `None`: it has none yet.
    pub(super) fn stand_ins(&self, site: &SiteName, shown: &[&CloudVolume]) -> Result<Vec<Option<StandIn>>> {
        self.read(|tx| {
            let site = clouds::site(tx, site)?;
            shown.iter().map(|volume| find(tx, &site, volume)).collect()
        })
    }

    /// The same; what has none gets one of its size.
    pub(super) fn make_stand_ins(&self, site: &SiteName, shown: &[&CloudVolume]) -> Result<Vec<Option<StandIn>>> {
        let found = self.stand_ins(site, shown)?;
        if found.iter().all(Option::is_some) {
            return Ok(found);
        }
        self.mutate(|tx| {
            let site = clouds::site(tx, site)?;
            shown.iter().map(|volume| find_or_make(tx, &site, volume).map(Some)).collect()
        })
    }

    /// Size in GiB of an array volume that a real cloud is to take over.
    ///
    /// # Errors
    /// there is none, or it is destroyed → `NotFound`.
    pub(super) fn size_to_take_over(&self, site: &SiteName, id: &ArrayVolumeId) -> Result<u64> {
        let found = self.read(|tx| volumes::by_id(tx, &clouds::site(tx, site)?.array_id, id.as_str()))?;
        found.filter(|volume| !volume.destroyed).map(|volume| volume.provisioned.div_ceil(GIB)).ok_or_else(|| {
            Error::not_found(format!("the simulated array under site '{site}' has no volume with id '{id}'"))
                .remedy("the simulated world is not the one that the clone was made in: check [engine] mock_db_path")
        })
    }
}

/// Whatever the cloud calls it: what is really under it has nothing to do with the simulated array.
fn find(tx: &Tx<'_>, site: &Site, volume: &CloudVolume) -> Result<Option<StandIn>> {
    let name = naming::cinder_volume_name(&volume.id);
    let found = volumes::by_name(tx, &site.array_id, name.as_str())?;
    Ok(found.map(|found| (found.id.into(), name)))
}

/// One that stands for a clone takes the clone over, which gets the name that Cinder gives.
fn find_or_make(tx: &Tx<'_>, site: &Site, volume: &CloudVolume) -> Result<StandIn> {
    if let Some(found) = find(tx, site, volume)? {
        return Ok(found);
    }
    let name = naming::cinder_volume_name(&volume.id);
    let clone = match &volume.array_volume_id {
        Some(id) => volumes::by_id(tx, &site.array_id, id.as_str())?.filter(|found| found.clone.is_some()),
        None => None,
    };
    if let Some(clone) = clone {
        volumes::rename(tx, &clone.id, name.as_str())?;
        return Ok((clone.id.into(), name));
    }
    let array = array::by_id(tx, &site.array_id)?;
    let id = volumes::create(tx, &array, name.as_str(), volume.size_gib.saturating_mul(GIB), 0)?;
    Ok((id.into(), name))
}
