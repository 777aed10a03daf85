//! Volume types.

use super::Site;
use crate::mock::tx::{Tx, from_json};
use crate::model::{REPLICATION_ENABLED, VOLUME_BACKEND_NAME, VolumeType};
use crate::{Error, Result};
use rusqlite::Row;

fn read(row: &Row<'_>) -> rusqlite::Result<(String, String, String)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn show((id, name, extra_specs): (String, String, String)) -> Result<VolumeType> {
    Ok(VolumeType { id, name, extra_specs: from_json(&extra_specs)? })
}

/// All of a site, by name.
pub(in crate::mock) fn list(tx: &Tx<'_>, site: &Site) -> Result<Vec<VolumeType>> {
    let sql = "SELECT id, name, extra_specs FROM volume_types WHERE site = ?1 ORDER BY name";
    tx.all(sql, [&site.name], read)?.into_iter().map(show).collect()
}

/// The type of this name.
pub(in crate::mock) fn find(tx: &Tx<'_>, site: &Site, name: &str) -> Result<VolumeType> {
    let sql = "SELECT id, name, extra_specs FROM volume_types WHERE site = ?1 AND name = ?2";
    match tx.first(sql, [site.name.as_str(), name], read)? {
        Some(row) => show(row),
        None => Err(Error::not_found(format!("site '{}' has no volume type '{name}'", site.name))
            .remedy(format!("openstack --os-cloud {} volume type list", site.name))),
    }
}

/// Whether the site's backend offers the type.
pub(in crate::mock) fn is_offered(site: &Site, volume_type: &VolumeType) -> bool {
    volume_type.extra_specs.get(VOLUME_BACKEND_NAME).is_none_or(|backend| *backend == site.backend)
}

/// Whether Cinder replicates volumes of the type.
pub(in crate::mock) fn is_replicated(volume_type: &VolumeType) -> bool {
    volume_type.extra_specs.get(REPLICATION_ENABLED).is_some_and(|value| value == "<is> True")
}
