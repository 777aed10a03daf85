//! Simulated arrays under real clouds: for trying the clouds' side of a recovery without arrays.

use super::arrays::Arrays;
use super::surroundings::{Surroundings, configured_sites};
use super::{clouds, mock};
use crate::config::{CloudDriverChoice, MockClock, Settings, StorageDriverChoice};
use crate::engine::SimulatedStorage;
use crate::mock::{CloudOnMockArray, World};
use crate::model::SiteName;
use crate::ports::Cloud;
use crate::{Error, Result};
use std::{collections::BTreeMap, sync::Arc};

/// Whether arrays are simulated and clouds are those of `clouds.yaml`.
pub(super) fn is_under_real_clouds(settings: &Settings) -> bool {
    settings.storage_driver == StorageDriverChoice::Mock && settings.cloud_driver == CloudDriverChoice::OpenStack
}

/// What plans need to know of it.
pub(super) fn allowed(settings: &Settings) -> Option<SimulatedStorage> {
    let failover_to_blank_disks = settings.failover_to_blank_disks;
    is_under_real_clouds(settings).then_some(SimulatedStorage { failover_to_blank_disks })
}

/// # Errors
/// not two sites, or a clock that real clouds do not go by → `InvalidConfiguration`.
pub(super) fn check(settings: &Settings) -> Result<()> {
    if !is_under_real_clouds(settings) {
        return Ok(());
    }
    if settings.mock_clock == MockClock::Virtual {
        return Err(Error::configuration(
            "[engine] mock_clock = virtual with cloud driver 'openstack': no real cloud goes by it",
        )
        .remedy("remove mock_clock"));
    }
    match configured_sites(settings) {
        Ok(_) => Ok(()),
        Err(e) => Err(Error::configuration(format!(
            "storage driver 'mock' with cloud driver 'openstack' puts simulated arrays under two real clouds: {}",
            e.message()
        ))
        .remedy(
            "for a trial on the simulated world alone: [engine] cloud_driver = mock; under real clouds: write a \
             section [site:<name>] for each of the two",
        )),
    }
}

/// What people should look at.
pub(super) fn warning(settings: &Settings) -> Option<String> {
    let may = match allowed(settings)?.failover_to_blank_disks {
        true => "a failover stops real servers and starts others with blank disks",
        false => "a test failover starts servers with blank disks, and every other operation on servers is refused",
    };
    let place = settings.driver_places.get("storage_driver").map(|place| format!("{place}: ")).unwrap_or_default();
    Some(format!(
        "{place}[engine] storage_driver: arrays are simulated under real clouds, so nothing is replicated or protected; \
         {may}"
    ))
}

/// The world with an array under each of the two sites.
pub(super) fn open_world(settings: &Settings) -> Result<World> {
    let world = mock::world(settings)?;
    world.put_arrays_under(&configured_sites(settings)?)?;
    Ok(world)
}

/// The arrays, which offer no synchronous replication.
pub(super) fn arrays(surroundings: &Surroundings) -> Result<Arrays> {
    let mut arrays = Arrays::new();
    for site in &surroundings.sites {
        let array = surroundings.world.storage_driver(site)?.without_pods();
        arrays.insert(site.clone(), Arc::new(array));
    }
    tracing::info!(target: "protector.engine.manager", "Storage driver: MockStorageDriver, under real clouds");
    Ok(arrays)
}

/// The clouds of `clouds.yaml` on those arrays.
pub(super) fn clouds(settings: &Settings, surroundings: &Surroundings) -> Result<BTreeMap<SiteName, Arc<dyn Cloud>>> {
    let mut on_arrays = BTreeMap::new();
    for (site, cloud) in clouds::openstack(settings, &surroundings.sites, &surroundings.clock)? {
        let cloud = CloudOnMockArray::new(cloud, surroundings.world.clone(), &site)?;
        on_arrays.insert(site, Arc::new(cloud) as Arc<dyn Cloud>);
    }
    if let Some(warning) = warning(settings) {
        tracing::warn!(target: "protector.engine.manager", "{warning}");
    }
    Ok(on_arrays)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::connect::{Deployment, config_check, mock_seed};
    use crate::mock::{SeedOptions, WorldLocation, WorldTime, seed};

    const MIXED: &str = "[engine]\nstorage_driver = mock\ncloud_driver = openstack\n";
    const SITES: &str = "[site:seattle]\n[site:boston]\n";

    fn settings(text: &str) -> Settings {
        Settings::from_text(text, &BTreeMap::new()).unwrap()
    }

    #[tokio::test]
    async fn what_does_not_go_together_is_refused() {
        for (text, words) in [
            (MIXED.to_owned(), "two sites replicate to each other"),
            (format!("{MIXED}mock_clock = virtual\n{SITES}"), "mock_clock = virtual"),
        ] {
            let settings = settings(&text);
            let error = Deployment::open(&settings).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}");
            assert!(error.message().contains(words) && error.remedy_text().is_some(), "{error}");
            assert_eq!(config_check(&settings).problem, Some(error.to_string()));
        }
    }

    #[test]
    fn arrays_are_put_under_the_sites_once_and_offer_no_pods() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("world.db");
        let text = format!("{MIXED}mock_db_path = {}\n{SITES}", path.display());
        let surroundings = Surroundings::open(&settings(&text)).unwrap();
        let arrays = |surroundings: &Surroundings| {
            let arrays = arrays(surroundings).unwrap();
            assert!(arrays.values().all(|array| !array.capabilities().sync_pods && array.capabilities().async_groups));
            arrays.into_iter().map(|(site, array)| format!("{site}: {array}")).collect::<Vec<_>>()
        };
        let first = arrays(&surroundings);
        assert_eq!(first, ["boston: MockStorageDriver(flasharray-a)", "seattle: MockStorageDriver(flasharray-b)"]);
        let (before, again) = (surroundings.world.dump().unwrap(), Surroundings::open(&settings(&text)).unwrap());
        assert_eq!((arrays(&again), again.world.dump().unwrap()), (first, before));
        let other = format!("{MIXED}mock_db_path = {}\n[site:boston]\n[site:denver]\n", path.display());
        let error = Surroundings::open(&settings(&other)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}");
        assert!(error.message().contains("boston and seattle") && error.message().contains("denver"), "{error}");
    }

    #[tokio::test]
    async fn real_clouds_are_not_filled() {
        let directory = tempfile::tempdir().unwrap();
        let text = format!("{MIXED}mock_db_path = {}\n{SITES}", directory.path().join("world.db").display());
        let error = mock_seed(&settings(&text), SeedOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}");
        // one that was filled for simulated clouds has sites of its own
        let location = WorldLocation::File(directory.path().join("world.db"));
        seed(&World::open(&location, WorldTime::System).unwrap(), &SeedOptions::default()).unwrap();
        let error = open_world(&settings(&text)).unwrap_err();
        assert!(error.message().contains("site-a and site-b"), "{error}");
    }

    #[test]
    fn people_are_told_what_it_does_and_what_it_may_do() {
        let warned = |text: &str| {
            let report = config_check(&settings(text));
            report.warnings.into_iter().find(|warning| warning.contains("nothing is replicated or protected"))
        };
        let refused = warned(&format!("{MIXED}{SITES}")).unwrap();
        assert!(refused.starts_with("<text>:2: [engine] storage_driver: "), "{refused}");
        assert!(refused.contains("every other operation on servers is refused"), "{refused}");
        let allowed = warned(&format!("{MIXED}failover_to_blank_disks = true\n{SITES}")).unwrap();
        assert!(allowed.contains("stops real servers"), "{allowed}");
        for pure in ["[engine]\nstorage_driver = mock\ncloud_driver = mock\n", "[engine]\ncloud_driver = openstack\n"] {
            assert_eq!(warned(&format!("{pure}failover_to_blank_disks = true\n{SITES}")), None);
            assert_eq!(allowed_in(pure), None);
        }
        assert_eq!(allowed_in(MIXED), Some(SimulatedStorage { failover_to_blank_disks: false }));
    }

    fn allowed_in(text: &str) -> Option<SimulatedStorage> {
        super::allowed(&settings(text))
    }
}
