//! From settings to engines: which adapters, which databases, which site.
//!
//! With `cloud_driver = mock` both sites live in one process over one simulated world, each with a database of its own; a site
//! with an `api_url` has its database to itself, and is asked over HTTP. The arrays under them are those of the same world, or
//! with `storage_driver = pure` whatever answers at the two addresses of `[storage]`. With `cloud_driver = openstack` each site
//! is a cloud of `clouds.yaml`, over simulated arrays if `storage_driver = mock` says so (`simulated`). Any other name
//! is looked up in a [`DriverSource`].

mod arrays;
mod clouds;
mod database;
mod deployment;
mod drivers;
mod keys;
mod mock;
mod probe;
mod references;
mod remote;
mod simulated;
mod surroundings;

pub use arrays::SiteArray;
pub use clouds::SiteCloud;
pub use database::{DatabaseCheck, DatabaseSync, db_check, db_sync, db_version};
pub use deployment::Deployment;
pub use drivers::{DriverSource, NoDrivers};
pub use keys::{TokenMigration, fernet_migrate, fernet_rotate, fernet_setup};
pub use mock::{MockServer, mock_seed, mock_servers, mock_set_site};
pub use probe::SystemProbe;
pub use references::driver_option;

use crate::config::{CloudDriverChoice, Settings, StorageDriverChoice};
use crate::engine::{Engine, StorageDefaults};
use crate::model::SiteName;
use crate::{Error, Result};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};

/// The engine that works from `site`; see [`Deployment::open`] and [`Deployment::engine`].
///
/// # Errors
/// As those two.
pub async fn open(settings: &Settings, site: Option<&str>) -> Result<Engine> {
    Deployment::open(settings).await?.engine(site)
}

/// What the settings come to, for `protector-manage config check`. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigReport {
    /// Files that were read, in order.
    pub files: Vec<PathBuf>,
    /// `pure`, `mock`, or the name of a driver that is not part of this crate.
    pub storage_driver: String,
    /// `openstack`, `mock`, or the name of a driver that is not part of this crate.
    pub cloud_driver: String,
    /// Where the simulated world is, if there is one.
    pub mock_database: Option<String>,
    /// Whether it outlives the process.
    pub mock_persistent: Option<bool>,
    /// Which FlashArray stands at which site, for storage driver `pure`.
    pub arrays: Option<Vec<SiteArray>>,
    /// Which cloud of `clouds.yaml` stands at which site, for cloud driver `openstack`.
    pub clouds: Option<Vec<SiteCloud>>,
    /// Where the state of a site is kept that this process opens, by site; without the password.
    pub databases: BTreeMap<SiteName, String>,
    /// Where the others are asked, by site.
    pub peers: BTreeMap<SiteName, String>,
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
    warnings.extend(simulated::warning(settings));
    let mut problem = check_drivers(settings).err();
    let mut arrays = None;
    if pure {
        warnings.extend(arrays::warnings(settings));
        match mock::site_names(settings).and_then(|sites| arrays::site_arrays(settings, &sites)) {
            Ok(found) => arrays = Some(found),
            Err(e) => problem = problem.or(Some(e)),
        }
    }
    let mut clouds = None;
    if settings.cloud_driver == CloudDriverChoice::OpenStack {
        match mock::site_names(settings).and_then(|sites| clouds::site_clouds(settings, &sites)) {
            Ok((rows, readable)) => {
                warnings.extend(readable);
                let faulty = rows.iter().find_map(|row| row.problem.clone());
                problem = problem.or_else(|| faulty.map(Error::configuration));
                clouds = Some(rows);
            }
            Err(e) => problem = problem.or(Some(e)),
        }
    }
    let (databases, peers) = kept_and_asked(settings).unwrap_or_else(|e| {
        problem.get_or_insert(e);
        Default::default()
    });
    ConfigReport {
        databases,
        peers,
        files: settings.files.clone(),
        storage_driver: settings.storage_driver.to_string(),
        cloud_driver: settings.cloud_driver.to_string(),
        mock_database: mock.then(|| settings.mock_database.to_string()),
        mock_persistent: mock.then(|| settings.mock_database.persistent()),
        arrays,
        clouds,
        state_path: settings.state_path.clone(),
        local_site: settings.local_site.clone(),
        warnings,
        problem: problem.map(|e| e.to_string()),
    }
}

type BySite = BTreeMap<SiteName, String>;

/// Databases of the sites that are opened here, and addresses of those that are asked.
fn kept_and_asked(settings: &Settings) -> Result<(BySite, BySite)> {
    let mut databases = BySite::new();
    for site in remote::own_sites(settings)? {
        let location = database::location(settings, &site)?.to_string();
        databases.insert(site, location);
    }
    let asked = remote::sites(settings)?.into_iter().map(|(site, api)| (site, api.url.to_string()));
    Ok((databases, asked.collect()))
}

fn check_drivers(settings: &Settings) -> Result<()> {
    if settings.storage_driver == StorageDriverChoice::Pure {
        arrays::check(settings)?;
    }
    let are_clouds_simulated = settings.cloud_driver == CloudDriverChoice::Mock;
    simulated::check(settings)?;
    if !are_clouds_simulated && settings.storage_driver != StorageDriverChoice::Mock {
        surroundings::configured_sites(settings)?;
    }
    if are_clouds_simulated
        && settings.storage_driver == StorageDriverChoice::Pure
        && !settings.mock_database.persistent()
    {
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
        simulated: simulated::allowed(settings),
    }
}
