//! Volume types.

use super::Site;
use crate::mock::tx::{Tx, from_json};
use crate::model::{REPLICATION_ENABLED, REPLICATION_TYPE, VOLUME_BACKEND_NAME, VolumeType};
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

/// How Cinder replicates volumes of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mock) enum Replication {
    /// Not at all.
    Off,
    /// By snapshots of its own group. Also what it takes a replicated type for that does not say how.
    Async,
    /// In its stretched pod.
    Sync,
}

/// How Cinder replicates volumes of the type. It compares texts.
pub(in crate::mock) fn replication(volume_type: &VolumeType) -> Replication {
    let spec = |key: &str| volume_type.extra_specs.get(key).map(String::as_str);
    match (spec(REPLICATION_ENABLED), spec(REPLICATION_TYPE)) {
        (Some("<is> True"), Some("<in> sync")) => Replication::Sync,
        (Some("<is> True"), _) => Replication::Async,
        _ => Replication::Off,
    }
}

/// The type of this name, which the site's backend must offer.
pub(in crate::mock) fn offered(tx: &Tx<'_>, site: &Site, name: &str) -> Result<VolumeType> {
    let found = find(tx, site, name)?;
    if is_offered(site, &found) {
        return Ok(found);
    }
    Err(Error::precondition(format!(
        "backend '{}' of site '{}' does not offer volume type '{name}'",
        site.backend, site.name
    )))
}
