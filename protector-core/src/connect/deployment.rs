//! Everything that one process can reach, opened from settings.

use super::drivers::{self, DriverSource, NoDrivers};
use super::surroundings::Surroundings;
use super::{MockServer, arrays, check_drivers, clouds, database, keys, mock, remote, simulated, storage_defaults};
use crate::config::{CloudDriverChoice, Settings, StorageDriverChoice};
use crate::engine::{Engine, HttpPeer, InProcessPeer};
use crate::exec::Endpoints;
use crate::mock::World;
use crate::model::{SiteApi, SiteName};
use crate::ports::{Cloud, Peer, StorageDriver, Store};
use crate::store::{Durability, SqlStore};
use crate::wrap::{CallCount, CallCounters};
use crate::{Error, Result};
use std::{collections::BTreeMap, sync::Arc};

/// Everything that one process can reach: the clouds and arrays of both sites, and the stores of those that are its own.
#[derive(Debug, Clone)]
pub struct Deployment(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    surroundings: Surroundings,
    stores: BTreeMap<SiteName, Arc<dyn Store>>,
    /// Sites without a store here.
    remote: BTreeMap<SiteName, SiteApi>,
    clouds: BTreeMap<SiteName, Arc<dyn Cloud>>,
    arrays: BTreeMap<SiteName, Arc<dyn StorageDriver>>,
    array_calls: BTreeMap<SiteName, CallCounters>,
}

impl Deployment {
    /// Opens what the settings name, with every acknowledged write on disk.
    ///
    /// # Errors
    /// settings contradict each other or ask for what this build lacks → `InvalidConfiguration` or `Unsupported`; databases
    /// missing or not readable → `Storage` with the command; simulated world empty → `NotFound` with the command.
    pub async fn open(settings: &Settings) -> Result<Self> {
        Self::open_with(settings, Durability::Full).await
    }

    /// As [`Deployment::open`]; `Durability::Off` is for benches.
    ///
    /// # Errors
    /// As [`Deployment::open`].
    pub async fn open_with(settings: &Settings, durability: Durability) -> Result<Self> {
        Self::open_from(settings, durability, &(Arc::new(NoDrivers) as Arc<dyn DriverSource>)).await
    }

    /// As [`Deployment::open`], with drivers that are not part of this crate.
    ///
    /// # Errors
    /// As [`Deployment::open`]; what the source and the drivers say.
    pub async fn open_with_drivers(settings: &Settings, source: &Arc<dyn DriverSource>) -> Result<Self> {
        Self::open_from(settings, Durability::Full, source).await
    }

    async fn open_from(settings: &Settings, durability: Durability, source: &Arc<dyn DriverSource>) -> Result<Self> {
        check_drivers(settings)?;
        let surroundings = Surroundings::open(settings)?;
        let sites = &surroundings.sites;
        let is_under_real_clouds = simulated::is_under_real_clouds(settings);
        let arrays = match &settings.storage_driver {
            StorageDriverChoice::Pure => arrays::flash_arrays(settings, sites, &surroundings.clock)?,
            StorageDriverChoice::Mock if is_under_real_clouds => simulated::arrays(&surroundings)?,
            StorageDriverChoice::Mock => arrays::simulated(&surroundings.world, sites)?,
            StorageDriverChoice::Named(name) => {
                drivers::arrays(source, name, sites, settings, &surroundings.clock).await?
            }
        };
        let (arrays, array_calls) = arrays::traced(arrays);
        let clouds = match &settings.cloud_driver {
            CloudDriverChoice::OpenStack if is_under_real_clouds => simulated::clouds(settings, &surroundings)?,
            CloudDriverChoice::OpenStack => clouds::openstack(settings, sites, &surroundings.clock)?
                .into_iter()
                .map(|(site, cloud)| (site, cloud as Arc<dyn Cloud>))
                .collect(),
            CloudDriverChoice::Named(name) => {
                drivers::clouds(source, name, sites, settings, &surroundings.clock).await?
            }
            CloudDriverChoice::Mock => mock::clouds(&surroundings.world, sites)?,
        };
        let keys = keys::key_ring(settings)?;
        let remote = remote::sites(settings)?;
        let mut stores: BTreeMap<SiteName, Arc<dyn Store>> = BTreeMap::new();
        for site in sites.iter().filter(|site| !remote.contains_key(site)) {
            let location = database::location(settings, site)?;
            stores.insert(site.clone(), Arc::new(SqlStore::open(location, keys.clone(), durability)?));
        }
        if !surroundings.world.persistent() && !is_under_real_clouds {
            mock::register_sites(&surroundings.world, &stores).await?;
        }
        let settings = settings.clone();
        Ok(Self(Arc::new(Inner { settings, surroundings, stores, remote, clouds, arrays, array_calls })))
    }

    /// The engine that works from `site`; absent: from `[engine] local_site`, else from the first site by name.
    ///
    /// # Errors
    /// no such site → `NotFound` naming those there are.
    pub fn engine(&self, site: Option<&str>) -> Result<Engine> {
        let inner = &self.0;
        let local = self.own_site(site.or(inner.settings.local_site.as_deref()))?;
        let store = inner.stores.get(&local).cloned().ok_or_else(mock::empty_world)?;
        let endpoints = Endpoints {
            store,
            peer: self.peer(&local)?,
            clouds: inner.clouds.clone(),
            arrays: inner.arrays.clone(),
            clock: Arc::clone(&inner.surroundings.clock),
            probe: Arc::clone(&inner.surroundings.probe),
            identifiers: Arc::clone(&inner.surroundings.identifiers),
        };
        let sites: Vec<SiteName> = inner.clouds.keys().cloned().collect();
        Ok(Engine::new(local, endpoints, storage_defaults(&inner.settings, &sites), inner.surroundings.limits))
    }

    /// The wanted one of the sites whose stores are here; without a wish the first by name.
    fn own_site(&self, wanted: Option<&str>) -> Result<SiteName> {
        let inner = &self.0;
        let own = || inner.stores.keys().map(SiteName::as_str).collect::<Vec<_>>().join(", ");
        let Some(wanted) = wanted.map(SiteName::from) else {
            return inner.stores.keys().next().cloned().ok_or_else(mock::empty_world);
        };
        if inner.stores.contains_key(&wanted) {
            return Ok(wanted);
        }
        Err(match inner.remote.get(&wanted) {
            Some(api) => Error::precondition(format!("{wanted} keeps its own database; it answers at {}", api.url))
                .remedy(format!("run the command on a machine of {wanted}; here one works from: {}", own())),
            None => Error::not_found(format!("site '{wanted}' is not configured here (there are: {})", own()))
                .remedy("name one of them with --os-cloud, OS_CLOUD or [engine] local_site"),
        })
    }

    /// The site that `local` is paired with.
    fn peer(&self, local: &SiteName) -> Result<Arc<dyn Peer>> {
        let inner = &self.0;
        if let Some((site, api)) = inner.remote.iter().find(|(site, _)| inner.clouds.contains_key(*site)) {
            return Ok(Arc::new(HttpPeer::new(
                local.clone(),
                site.clone(),
                api,
                inner.surroundings.reachable(site.clone()),
            )?));
        }
        let other = inner.stores.iter().find(|(name, _)| *name != local);
        let (site, store) = other.ok_or_else(mock::empty_world)?;
        Ok(Arc::new(InProcessPeer::new(site.clone(), store.clone(), inner.surroundings.reachable(site.clone()))))
    }

    /// The simulated world under it; empty where nothing is simulated.
    pub fn world(&self) -> &World {
        &self.0.surroundings.world
    }

    /// Servers of one site of the simulated world, or of all; also of a world in memory, which only its deployment sees.
    ///
    /// # Errors
    /// no such site → `NotFound`.
    pub async fn mock_servers(&self, site: Option<&str>) -> Result<Vec<MockServer>> {
        mock::servers(self.world(), site).await
    }

    /// The store of a site; `None`: it is not here.
    pub fn store(&self, site: &SiteName) -> Option<&Arc<dyn Store>> {
        self.0.stores.get(site)
    }

    /// Calls to the array of a site since the deployment was opened, by method of the port; `None`: no such site.
    pub fn array_calls(&self, site: &SiteName) -> Option<BTreeMap<&'static str, CallCount>> {
        self.0.array_calls.get(site).map(CallCounters::read)
    }
}
