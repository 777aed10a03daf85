//! The clouds: one project on each site.

pub(super) mod flavors;
pub(super) mod groups;
pub(super) mod networks;
pub(super) mod pods;
pub(super) mod ports;
pub(super) mod quota;
pub(super) mod retype;
pub(super) mod servers;
pub(super) mod types;
pub(super) mod volumes;

use super::tx::Tx;
use crate::model::SiteName;
use crate::{Error, ErrorKind, Result};

/// A site: the cloud, and which array is under it.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) name: String,
    pub(super) array_id: String,
    /// `host@backend` of its one Cinder backend, which is also the `volume_backend_name` of that backend.
    pub(super) backend: String,
    pub(super) available: bool,
}

/// The site of this name.
pub(super) fn site(tx: &Tx<'_>, name: &SiteName) -> Result<Site> {
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Site { name: row.get(0)?, array_id: row.get(1)?, backend: row.get(2)?, available: row.get(3)? })
    };
    tx.first("SELECT name, array_id, backend, available FROM sites WHERE name = ?1", [name.as_str()], read)?.ok_or_else(
        || Error::not_found(format!("the simulated world has no site '{name}'")).remedy("protector-manage mock seed"),
    )
}

/// The site of this name, if its cloud answers.
pub(super) fn answering(tx: &Tx<'_>, name: &SiteName) -> Result<Site> {
    let site = site(tx, name)?;
    if site.available {
        return Ok(site);
    }
    Err(Error::new(ErrorKind::Unreachable, format!("the cloud of site '{name}' does not answer: the site is down")))
}
