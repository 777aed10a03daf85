//! A prepared deployment, opened with slow ports.

use super::cloud::SlowCloud;
use super::peer::SlowPeer;
use super::{Latencies, RuntimeClock, SlowCalls, Times};
use crate::scale::Prepared;
use protector_core::Result;
use protector_core::connect::SystemProbe;
use protector_core::engine::{Engine, InProcessPeer, StorageDefaults};
use protector_core::exec::{Endpoints, Limits};
use protector_core::mock::{World, WorldLocation, WorldSettings, WorldTime};
use protector_core::model::SiteName;
use protector_core::ports::{Clock, Cloud, RandomIdentifiers, StorageDriver};
use protector_core::store::{Durability, SqlStore, StoreLocation};
use protector_core::wrap::Wrapped;
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// An engine whose calls take time.
#[derive(Debug)]
pub struct Slow {
    /// It works from site-a.
    pub engine: Engine,
    /// What its calls came to.
    pub latencies: Arc<Latencies>,
}

/// How to open a deployment.
#[derive(Debug)]
pub struct How {
    /// What takes how long.
    pub times: Times,
    /// How much is done at once.
    pub limits: Limits,
    /// Whether the store of site-a waits for the disk.
    pub durability: Durability,
}

/// Copies a deployment into `directory` and opens it there, in the time of the runtime from the moment on at which it was
/// left. Servers, and nothing else of the world, take the time that `how` says instead of the world's.
///
/// # Errors
/// files cannot be copied or opened → `Storage`.
pub async fn open(prepared: &Prepared, directory: &Path, how: How) -> Result<Slow> {
    prepared.copy(directory)?;
    let location = WorldLocation::File(directory.join("world.db"));
    let left_at = World::open(&location, WorldTime::Virtual)?.clock().now();
    let clock: Arc<dyn Clock> = Arc::new(RuntimeClock::starting_at(left_at));
    let world = World::open(&location, WorldTime::Given(clock.clone()))?;
    world.set_settings(WorldSettings { boot_millis: 0, ..world.settings()? })?;
    let latencies = Arc::new(Latencies::new(how.times, clock.clone()));
    let (mut clouds, mut arrays) = (BTreeMap::new(), BTreeMap::new());
    for site in world.sites()?.into_iter().map(|site| site.name) {
        let cloud = SlowCloud { inner: Arc::new(world.cloud(&site)?), latencies: latencies.clone() };
        let array = Wrapped::new(SlowCalls(latencies.clone()), Arc::new(world.storage_driver(&site)?));
        clouds.insert(site.clone(), Arc::new(cloud) as Arc<dyn Cloud>);
        arrays.insert(site, Arc::new(array) as Arc<dyn StorageDriver>);
    }
    let store = |site: &str, durability| {
        SqlStore::open(StoreLocation::File(directory.join(format!("{site}.db"))), None, durability).map(Arc::new)
    };
    let (here, there) = (SiteName::from("site-a"), SiteName::from("site-b"));
    let peer = InProcessPeer::new(there, store("site-b", Durability::Off)?, Arc::new(|| Ok(true)));
    let endpoints = Endpoints {
        store: store("site-a", how.durability)?,
        peer: Arc::new(SlowPeer { inner: Arc::new(peer), latencies: latencies.clone() }),
        clouds,
        arrays,
        probe: Arc::new(SystemProbe),
        clock,
        identifiers: Arc::new(RandomIdentifiers),
    };
    Ok(Slow { engine: Engine::new(here, endpoints, StorageDefaults::default(), how.limits), latencies })
}
