//! Drivers that are not part of this crate: found by name, in another language.

use super::arrays::Arrays;
use crate::caller::spawn_blocking;
use crate::config::Settings;
use crate::foreign::{Foreign, ForeignCloud, ForeignStorageDriver};
use crate::model::SiteName;
use crate::ports::{Clock, Cloud};
use crate::{Error, Result};
use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

/// Finds drivers by the names that `[engine] storage_driver` and `cloud_driver` give. Whoever embeds the engine has one.
pub trait DriverSource: Debug + Send + Sync {
    /// The driver of the array at `site`. May block; sends nothing to the array.
    ///
    /// # Errors
    /// none of that name, or it refuses its options → `InvalidConfiguration`.
    fn storage(&self, name: &str, site: &SiteName, settings: &Settings) -> Result<Arc<dyn Foreign>>;

    /// The same for the cloud of `site`.
    ///
    /// # Errors
    /// As [`DriverSource::storage`].
    fn cloud(&self, name: &str, site: &SiteName, settings: &Settings) -> Result<Arc<dyn Foreign>>;
}

/// Nowhere to find a driver.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDrivers;

impl DriverSource for NoDrivers {
    fn storage(&self, name: &str, _: &SiteName, settings: &Settings) -> Result<Arc<dyn Foreign>> {
        Err(unknown(settings, "storage_driver", name, "pure, mock"))
    }

    fn cloud(&self, name: &str, _: &SiteName, settings: &Settings) -> Result<Arc<dyn Foreign>> {
        Err(unknown(settings, "cloud_driver", name, "openstack, mock"))
    }
}

fn unknown(settings: &Settings, option: &str, name: &str, own: &str) -> Error {
    let place = settings.driver_places.get(option).map(|place| format!("{place}: ")).unwrap_or_default();
    Error::configuration(format!("{place}[engine] {option} = {name}: this program has no driver of that name"))
        .remedy(format!("write one of: {own}; or start the program that brings the driver along"))
}

type Find = fn(&dyn DriverSource, &str, &SiteName, &Settings) -> Result<Arc<dyn Foreign>>;

/// Asks the source on a thread where it may block.
async fn found(
    source: &Arc<dyn DriverSource>,
    find: Find,
    name: &str,
    site: &SiteName,
    settings: &Settings,
) -> Result<Arc<dyn Foreign>> {
    let (source, name, site, settings) = (Arc::clone(source), name.to_owned(), site.clone(), settings.clone());
    spawn_blocking(move || find(&*source, &name, &site, &settings))
        .await
        .map_err(|e| Error::internal("the search for a driver ended in a panic").source(e))?
}

/// The arrays of the storage driver `name`, one under each site.
pub(super) async fn arrays(
    source: &Arc<dyn DriverSource>,
    name: &str,
    sites: &[SiteName],
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> Result<Arrays> {
    let mut arrays = Arrays::new();
    for site in sites {
        let foreign =
            found(source, |source, name, site, settings| source.storage(name, site, settings), name, site, settings);
        let driver = ForeignStorageDriver::open(foreign.await?, Arc::clone(clock)).await?;
        tracing::info!(target: "protector.engine.manager", "Storage driver: {driver}, at {site}");
        arrays.insert(site.clone(), Arc::new(driver));
    }
    Ok(arrays)
}

/// The clouds of the cloud driver `name`, one for each site.
pub(super) async fn clouds(
    source: &Arc<dyn DriverSource>,
    name: &str,
    sites: &[SiteName],
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> Result<BTreeMap<SiteName, Arc<dyn Cloud>>> {
    let mut clouds = BTreeMap::new();
    for site in sites {
        let foreign =
            found(source, |source, name, site, settings| source.cloud(name, site, settings), name, site, settings);
        let cloud = ForeignCloud::open(foreign.await?, Arc::clone(clock)).await?;
        tracing::info!(target: "protector.engine.manager", "Cloud driver: {cloud}, at {site}");
        clouds.insert(site.clone(), Arc::new(cloud) as Arc<dyn Cloud>);
    }
    Ok(clouds)
}

#[cfg(test)]
mod tests {
    use super::super::{Deployment, config_check};
    use super::*;
    use crate::ErrorKind;

    fn settings(text: &str) -> Settings {
        Settings::from_text(text, &BTreeMap::new()).unwrap()
    }

    #[tokio::test]
    async fn a_driver_that_nobody_has_is_named_with_its_line() {
        for (text, words) in [
            ("[engine]\nstorage_driver = flash\ncloud_driver = mock\n", "<text>:2: [engine] storage_driver = flash"),
            ("[engine]\nstorage_driver = mock\ncloud_driver = sky\n", "<text>:3: [engine] cloud_driver = sky"),
        ] {
            let e = Deployment::open(&settings(text)).await.unwrap_err();
            assert_eq!(e.kind(), ErrorKind::InvalidConfiguration, "{e}");
            assert!(e.message().contains(words) && e.remedy_text().is_some(), "{e}");
        }
    }

    #[tokio::test]
    async fn where_nothing_is_simulated_the_file_names_two_sites() {
        let one = settings("[engine]\nstorage_driver = flash\ncloud_driver = sky\n[site:boston]\n");
        let e = Deployment::open(&one).await.unwrap_err();
        assert!(e.message().contains("there is 1 section [site:<name>]"), "{e}");
        assert_eq!(config_check(&one).problem, Some(e.to_string()));
        let two = settings("[engine]\nstorage_driver = flash\ncloud_driver = sky\n[site:boston]\n[site:seattle]\n");
        assert_eq!(config_check(&two).problem, None);
        assert_eq!(config_check(&two).mock_database, None);
    }
}
