//! Flavors.

use super::Site;
use crate::mock::tx::Tx;
use crate::model::FlavorShape;
use crate::ports::Flavor;
use crate::{Error, Result};
use rusqlite::Row;

fn read(row: &Row<'_>) -> rusqlite::Result<Flavor> {
    let shape = FlavorShape { vcpus: row.get(2)?, ram_mib: row.get(3)?, disk_gib: row.get(4)? };
    Ok(Flavor { id: row.get(0)?, name: row.get(1)?, shape })
}

/// All of a site, by name.
pub(in crate::mock) fn list(tx: &Tx<'_>, site: &Site) -> Result<Vec<Flavor>> {
    let sql = "SELECT id, name, vcpus, ram_mib, disk_gib FROM flavors WHERE site = ?1 ORDER BY name";
    tx.all(sql, [&site.name], read)
}

/// The flavor of this name.
pub(super) fn find(tx: &Tx<'_>, site: &Site, name: &str) -> Result<Flavor> {
    let sql = "SELECT id, name, vcpus, ram_mib, disk_gib FROM flavors WHERE site = ?1 AND name = ?2";
    tx.first(sql, [site.name.as_str(), name], read)?
        .ok_or_else(|| Error::not_found(format!("site '{}' has no flavor '{name}'", site.name)))
}
