//! The simulated world that the settings name.

use super::{database, remote, simulated};
use crate::config::{CloudDriverChoice, MockClock, MockDatabase, Settings, StorageDriverChoice};
use crate::mock::{SeedOptions, SeedReport, World, WorldLocation, WorldTime, seed};
use crate::model::{Site, SiteId, SiteName, SiteStatus};
use crate::ports::{Cloud, Store};
use crate::store::{Durability, SqlStore};
use crate::{Error, ErrorKind, Result};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};

/// A server of the simulated world, for people who look for an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MockServer {
    /// Site.
    pub site: SiteName,
    /// Nova id.
    pub id: String,
    /// Name.
    pub name: String,
    /// State, as Nova writes it.
    pub status: String,
    /// Flavor.
    pub flavor: String,
    /// Networks with addresses.
    pub networks: Vec<String>,
    /// Volumes with sizes.
    pub volumes: Vec<String>,
}

/// Fills the world with the example of the documents and what `options` add, and registers its sites.
///
/// # Errors
/// driver is not the mock → `InvalidConfiguration`; world in memory → `InvalidConfiguration`: it would be gone at once;
/// filled already → `AlreadyExists`; databases not made yet → `Storage` with the command.
pub async fn mock_seed(settings: &Settings, options: SeedOptions) -> Result<SeedReport> {
    if !settings.mock_database.persistent() {
        return Err(Error::configuration("the simulated world is in memory and would be gone with this command")
            .remedy("set [engine] mock_db_path to a file; a world in memory is filled when an engine opens it"));
    }
    if simulated::is_under_real_clouds(settings) {
        return Err(Error::configuration("the clouds are real: nothing of them is simulated that could be filled")
            .remedy("their arrays are put into the world when an engine opens it"));
    }
    let world = world(settings)?;
    let mut stores: BTreeMap<SiteName, Arc<dyn Store>> = BTreeMap::new();
    for site in remote::own_sites(settings)? {
        let store = SqlStore::open(database::location(settings, &site)?, None, Durability::Full)?;
        stores.insert(site, Arc::new(store));
    }
    let report = seed(&world, &options)?;
    register_sites(&world, &stores).await?;
    Ok(report)
}

/// Servers of one site, or of all.
///
/// # Errors
/// as [`super::Deployment::open`] for the world; no such site → `NotFound`.
pub async fn mock_servers(settings: &Settings, site: Option<&str>) -> Result<Vec<MockServer>> {
    servers(&open_world(settings)?, site).await
}

/// [`mock_servers`] of a world that is open.
pub(super) async fn servers(world: &World, site: Option<&str>) -> Result<Vec<MockServer>> {
    let sites = world.sites()?.into_iter().map(|s| s.name);
    let wanted: Vec<SiteName> = match site {
        Some(site) => vec![SiteName::from(site)],
        None => sites.collect(),
    };
    let mut found = Vec::new();
    for site in wanted {
        for server in world.cloud(&site)?.servers().await? {
            found.push(MockServer {
                site: site.clone(),
                id: server.id.to_string(),
                name: server.name,
                status: format!("{:?}", server.state).to_uppercase(),
                flavor: server.flavor,
                networks: server.nics.iter().map(|n| format!("{}={}", n.network, n.fixed_ips.join(","))).collect(),
                volumes: server
                    .volumes
                    .iter()
                    .map(|v| format!("{} ({} GiB)", v.volume.name, v.volume.size_gib))
                    .collect(),
            });
        }
    }
    Ok(found)
}

/// The clouds of a simulated world.
pub(super) fn clouds(world: &World, sites: &[SiteName]) -> Result<BTreeMap<SiteName, Arc<dyn Cloud>>> {
    let mut clouds = BTreeMap::new();
    for site in sites {
        clouds.insert(site.clone(), Arc::new(world.cloud(site)?) as Arc<dyn Cloud>);
    }
    Ok(clouds)
}

/// Takes a site of the world away, or brings it back.
///
/// # Errors
/// no such site → `NotFound`; as [`super::Deployment::open`] for the world.
pub async fn mock_set_site(settings: &Settings, site: &str, available: bool) -> Result<()> {
    open_world(settings)?.set_site_available(&SiteName::from(site), available)
}

/// The world, filled. One in memory is filled here, since nobody else could.
pub(super) fn open_world(settings: &Settings) -> Result<World> {
    if simulated::is_under_real_clouds(settings) {
        return simulated::open_world(settings);
    }
    let world = world(settings)?;
    if !world.persistent() {
        seed(&world, &SeedOptions::default())?;
    }
    if world.sites()?.is_empty() { Err(empty_world()) } else { Ok(world) }
}

pub(super) fn empty_world() -> Error {
    Error::new(ErrorKind::NotFound, "the simulated world is empty").remedy("protector-manage mock seed")
}

pub(super) fn world(settings: &Settings) -> Result<World> {
    let storage = settings.storage_driver == StorageDriverChoice::Mock;
    if !storage && settings.cloud_driver != CloudDriverChoice::Mock {
        return Err(Error::configuration(format!(
            "storage driver '{}' with cloud driver '{}' has no simulated world",
            settings.storage_driver, settings.cloud_driver
        ))
        .remedy("[engine] storage_driver = mock"));
    }
    let (location, shown) = match &settings.mock_database {
        MockDatabase::Memory => (WorldLocation::Memory, ":memory:".to_owned()),
        MockDatabase::File(path) => {
            (WorldLocation::File(path.clone()), path.parent().unwrap_or(path).display().to_string())
        }
    };
    let time = match settings.mock_clock {
        MockClock::System => WorldTime::System,
        MockClock::Virtual => WorldTime::Virtual,
    };
    let world = World::open(&location, time)?;
    if storage {
        tracing::info!(target: "protector.engine.storage.mock", "MockStorageDriver initialized: data_dir={shown}");
        tracing::warn!(target: "protector.engine.storage.mock", "Mock storage driver active — not suitable for production use");
    }
    Ok(world)
}

/// Sites by configuration; else those of the world; else, before it is filled, those it will have.
pub(super) fn site_names(settings: &Settings) -> Result<Vec<SiteName>> {
    if !settings.sites.is_empty() {
        return Ok(settings.sites.keys().map(|name| SiteName::new(name.clone())).collect());
    }
    Ok(vec![SiteName::from("site-a"), SiteName::from("site-b")])
}

/// Registers the sites of the world on every site's store, with the same ids everywhere.
pub(super) async fn register_sites(world: &World, stores: &BTreeMap<SiteName, Arc<dyn Store>>) -> Result<()> {
    let identifiers = world.identifiers();
    for found in world.sites()? {
        let site = Site {
            id: SiteId::new(identifiers.uuid()),
            name: found.name.clone(),
            auth_url: Some(found.auth_url.clone()),
            cloud: Some(found.name.to_string()),
            description: Some(format!("simulated, on array {}", found.array)),
            status: SiteStatus::Active,
        };
        for store in stores.values() {
            if !store.sites().await?.iter().any(|s| s.name == site.name) {
                store.create_site(&site).await?;
            }
        }
    }
    Ok(())
}
