//! Everything an operation can reach.

use crate::model::SiteName;
use crate::ports::{Clock, Cloud, Identifiers, Peer, Probe, StorageDriver, Store};
use crate::{Error, Result};
use std::{collections::BTreeMap, sync::Arc};

/// The ports of one engine: its own store, the other site's metadata, and the clouds and arrays of both sites.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// State of the local site.
    pub store: Arc<dyn Store>,
    /// The other site's metadata.
    pub peer: Arc<dyn Peer>,
    /// Clouds by site.
    pub clouds: BTreeMap<SiteName, Arc<dyn Cloud>>,
    /// Arrays by site.
    pub arrays: BTreeMap<SiteName, Arc<dyn StorageDriver>>,
    /// Looks at servers from outside.
    pub probe: Arc<dyn Probe>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub identifiers: Arc<dyn Identifiers>,
}

impl Endpoints {
    /// The cloud of a site.
    ///
    /// # Errors
    /// not configured → `InvalidConfiguration`.
    pub fn cloud(&self, site: &SiteName) -> Result<&dyn Cloud> {
        self.clouds.get(site).map(AsRef::as_ref).ok_or_else(|| not_configured("cloud", site))
    }

    /// The array of a site.
    ///
    /// # Errors
    /// not configured → `InvalidConfiguration`.
    pub fn array(&self, site: &SiteName) -> Result<&dyn StorageDriver> {
        self.arrays.get(site).map(AsRef::as_ref).ok_or_else(|| not_configured("array", site))
    }
}

fn not_configured(what: &str, site: &SiteName) -> Error {
    Error::configuration(format!("no {what} is configured for site '{site}'")).remedy("add it to protector.conf")
}
