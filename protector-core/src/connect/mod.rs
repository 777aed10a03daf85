//! From settings to engines: which adapters, which databases, which site.
//!
//! With `cloud_driver = mock` both sites live in one process over one simulated world, each with a database of its own; a site
//! with an `api_url` has its database to itself, and is asked over HTTP. The arrays under them are those of the same world, or with `storage_driver = pure` whatever answers at the two addresses of
//! `[storage]`. Drivers of real clouds are a later milestone; settings that ask for them are refused, and say so.

mod arrays;
mod database;
mod keys;
mod mock;
mod probe;
mod references;
mod remote;

pub use arrays::SiteArray;
pub use database::{DatabaseCheck, DatabaseSync, db_check, db_sync, db_version};
pub use keys::{TokenMigration, fernet_migrate, fernet_rotate, fernet_setup};
pub use mock::{MockServer, mock_seed, mock_servers, mock_set_site};
pub use probe::SystemProbe;

use crate::config::{CloudDriverChoice, MockClock, Settings, StorageDriverChoice};
use crate::engine::{Engine, HttpPeer, InProcessPeer, Reachable, StorageDefaults};
use crate::exec::{Endpoints, Limits};
use crate::mock::{MockProbe, World};
use crate::model::{SiteApi, SiteName};
use crate::ports::{Cloud, Peer, StorageDriver, Store};
use crate::store::{Durability, SqlStore};
use crate::wrap::{CallCount, CallCounters};
use crate::{Error, Result};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

/// Everything that one process can reach: the clouds and arrays of both sites, and the stores of those that are its own.
#[derive(Debug, Clone)]
pub struct Deployment(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    world: World,
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
        check_drivers(settings)?;
        let world = mock::open_world(settings)?;
        let sites: Vec<SiteName> = world.sites()?.into_iter().map(|site| site.name).collect();
        let arrays = match settings.storage_driver {
            StorageDriverChoice::Pure => arrays::flash_arrays(settings, &sites, &world.clock())?,
            _ => arrays::simulated(&world, &sites)?,
        };
        let (arrays, array_calls) = arrays::traced(arrays);
        let keys = keys::key_ring(settings)?;
        let remote = remote::sites(settings)?;
        let mut stores: BTreeMap<SiteName, Arc<dyn Store>> = BTreeMap::new();
        let mut clouds = BTreeMap::new();
        for site in sites {
            if !remote.contains_key(&site) {
                let location = database::location(settings, &site)?;
                stores.insert(site.clone(), Arc::new(SqlStore::open(location, keys.clone(), durability)?));
            }
            clouds.insert(site.clone(), Arc::new(world.cloud(&site)?) as Arc<dyn Cloud>);
        }
        if !world.persistent() {
            mock::register_sites(&world, &stores).await?;
        }
        Ok(Self(Arc::new(Inner { settings: settings.clone(), world, stores, remote, clouds, arrays, array_calls })))
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
            clock: inner.world.clock(),
            // the clouds are simulated, so nothing outside of the world could reach a server of theirs
            probe: Arc::new(MockProbe::new(inner.world.clone())),
            identifiers: inner.world.identifiers(),
        };
        // in virtual time two runs can be compared call by call
        let limits =
            if inner.settings.mock_clock == MockClock::Virtual { Limits::SEQUENTIAL } else { Limits::default() };
        let sites: Vec<SiteName> = inner.clouds.keys().cloned().collect();
        Ok(Engine::new(local, endpoints, storage_defaults(&inner.settings, &sites), limits))
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
            return Ok(Arc::new(HttpPeer::new(local.clone(), site.clone(), api, self.reachable(site.clone()))?));
        }
        let other = inner.stores.iter().find(|(name, _)| *name != local);
        let (site, store) = other.ok_or_else(mock::empty_world)?;
        Ok(Arc::new(InProcessPeer::new(site.clone(), store.clone(), self.reachable(site.clone()))))
    }

    /// The simulated world under it.
    pub fn world(&self) -> &World {
        &self.0.world
    }

    /// Servers of one site of the simulated world, or of all; also of a world in memory, which only its deployment sees.
    ///
    /// # Errors
    /// no such site → `NotFound`.
    pub async fn mock_servers(&self, site: Option<&str>) -> Result<Vec<MockServer>> {
        mock::servers(&self.0.world, site).await
    }

    /// The store of a site; `None`: it is not here.
    pub fn store(&self, site: &SiteName) -> Option<&Arc<dyn Store>> {
        self.0.stores.get(site)
    }

    /// Calls to the array of a site since the deployment was opened, by method of the port; `None`: no such site.
    pub fn array_calls(&self, site: &SiteName) -> Option<BTreeMap<&'static str, CallCount>> {
        self.0.array_calls.get(site).map(CallCounters::read)
    }

    fn reachable(&self, site: SiteName) -> Reachable {
        let world = self.0.world.clone();
        Arc::new(move || world.site_is_available(&site))
    }
}

/// The engine that works from `site`; see [`Deployment::open`] and [`Deployment::engine`].
///
/// # Errors
/// As those two.
pub async fn open(settings: &Settings, site: Option<&str>) -> Result<Engine> {
    Deployment::open(settings).await?.engine(site)
}

/// What the settings come to, for `protector-manage config check`. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigReport {
    /// Files that were read, in order.
    pub files: Vec<PathBuf>,
    /// `pure`, `mock`.
    pub storage_driver: String,
    /// `openstack`, `mock`.
    pub cloud_driver: String,
    /// Where the simulated world is, if there is one.
    pub mock_database: Option<String>,
    /// Whether it outlives the process.
    pub mock_persistent: Option<bool>,
    /// Which FlashArray stands at which site, for storage driver `pure`.
    pub arrays: Option<Vec<SiteArray>>,
    /// Directory of state.
    pub state_path: PathBuf,
    /// Site one works from.
    pub local_site: Option<String>,
    /// What people should look at, with `file:line`.
    pub warnings: Vec<String>,
    /// Why an engine would not start with it; absent: it would, as far as the file goes.
    pub problem: Option<String>,
}

/// Reads settings as an engine would, certificates included, without opening or sending anything.
pub fn config_check(settings: &Settings) -> ConfigReport {
    let mock = settings.storage_driver == StorageDriverChoice::Mock || settings.cloud_driver == CloudDriverChoice::Mock;
    let pure = settings.storage_driver == StorageDriverChoice::Pure;
    let mut warnings = settings.warnings.clone();
    let mut problem = check_drivers(settings).err();
    let mut arrays = None;
    if pure {
        warnings.extend(arrays::warnings(settings));
        match mock::site_names(settings).and_then(|sites| arrays::site_arrays(settings, &sites)) {
            Ok(found) => arrays = Some(found),
            Err(e) => problem = problem.or(Some(e)),
        }
    }
    ConfigReport {
        files: settings.files.clone(),
        storage_driver: settings.storage_driver.to_string(),
        cloud_driver: settings.cloud_driver.to_string(),
        mock_database: mock.then(|| settings.mock_database.to_string()),
        mock_persistent: mock.then(|| settings.mock_database.persistent()),
        arrays,
        state_path: settings.state_path.clone(),
        local_site: settings.local_site.clone(),
        warnings,
        problem: problem.map(|e| e.to_string()),
    }
}

fn check_drivers(settings: &Settings) -> Result<()> {
    if settings.storage_driver == StorageDriverChoice::Pure {
        arrays::check(settings)?;
    }
    if settings.cloud_driver != CloudDriverChoice::Mock {
        return Err(Error::unsupported("cloud driver 'openstack' is not part of this build yet")
            .remedy("for a trial on the simulated world: [engine] cloud_driver = mock"));
    }
    if settings.storage_driver == StorageDriverChoice::Pure && !settings.mock_database.persistent() {
        return Err(Error::configuration(
            "the simulated clouds are in memory, where flasharray-sim cannot put arrays under them",
        )
        .remedy("set [engine] mock_db_path to the file that flasharray-sim --db serves"));
    }
    Ok(())
}

fn storage_defaults(settings: &Settings, sites: &[SiteName]) -> StorageDefaults {
    StorageDefaults {
        primary_array_url: settings.primary_array_url.clone(),
        primary_array_api_token: settings.primary_array_api_token.clone(),
        secondary_array_url: settings.secondary_array_url.clone(),
        secondary_array_api_token: settings.secondary_array_api_token.clone(),
        replication_interval: settings.default_replication_interval,
        rpo_minutes: settings.default_rpo_minutes,
        credentials_needed: settings.storage_driver == StorageDriverChoice::Pure,
        array_sides: arrays::sides(settings, sites),
    }
}
