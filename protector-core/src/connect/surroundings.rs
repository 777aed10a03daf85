//! What is simulated, and what stands in for it where nothing is.

use super::{SystemProbe, mock};
use crate::config::{CloudDriverChoice, MockClock, Settings, StorageDriverChoice};
use crate::engine::Reachable;
use crate::exec::Limits;
use crate::mock::{MockProbe, World, WorldLocation, WorldTime};
use crate::model::SiteName;
use crate::ports::{Clock, Identifiers, Probe, RandomIdentifiers, SystemClock};
use crate::{Error, Result};
use std::sync::Arc;

/// The simulated world, empty where nothing is simulated, with the time, the ids and the reach of a deployment.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) sites: Vec<SiteName>,
    pub(super) world: World,
    is_simulated: bool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) identifiers: Arc<dyn Identifiers>,
    pub(super) probe: Arc<dyn Probe>,
    pub(super) limits: Limits,
}

impl Surroundings {
    pub(super) fn open(settings: &Settings) -> Result<Self> {
        let are_clouds_simulated = settings.cloud_driver == CloudDriverChoice::Mock;
        if !are_clouds_simulated && settings.storage_driver != StorageDriverChoice::Mock {
            return Self::real(settings);
        }
        let world = mock::open_world(settings)?;
        // nothing outside of the world could reach a server of it
        let probe: Arc<dyn Probe> =
            if are_clouds_simulated { Arc::new(MockProbe::new(world.clone())) } else { Arc::new(SystemProbe) };
        Ok(Self {
            sites: world.sites()?.into_iter().map(|site| site.name).collect(),
            clock: world.clock(),
            identifiers: world.identifiers(),
            probe,
            is_simulated: true,
            // in virtual time two runs can be compared call by call
            limits: if settings.mock_clock == MockClock::Virtual { Limits::SEQUENTIAL } else { Limits::default() },
            world,
        })
    }

    fn real(settings: &Settings) -> Result<Self> {
        Ok(Self {
            sites: configured_sites(settings)?,
            world: World::open(&WorldLocation::Memory, WorldTime::System)?,
            is_simulated: false,
            clock: Arc::new(SystemClock),
            identifiers: Arc::new(RandomIdentifiers),
            probe: Arc::new(SystemProbe),
            limits: Limits::default(),
        })
    }

    /// Whether a site is up, as far as a simulation decides it.
    pub(super) fn reachable(&self, site: SiteName) -> Reachable {
        if !self.is_simulated {
            return Arc::new(|| Ok(true));
        }
        let world = self.world.clone();
        Arc::new(move || world.site_is_available(&site))
    }
}

/// Sites that no world names are in the file.
///
/// # Errors
/// not two → `InvalidConfiguration`.
pub(super) fn configured_sites(settings: &Settings) -> Result<Vec<SiteName>> {
    let sites: Vec<SiteName> = settings.sites.keys().map(|name| SiteName::new(name.clone())).collect();
    if sites.len() == 2 {
        return Ok(sites);
    }
    let found = match sites.len() {
        1 => "there is 1 section [site:<name>]".to_owned(),
        count => format!("there are {count} sections [site:<name>]"),
    };
    Err(Error::configuration(format!("two sites replicate to each other, and {found}"))
        .remedy("write a section [site:<name>] for each of the two, empty if need be"))
}
