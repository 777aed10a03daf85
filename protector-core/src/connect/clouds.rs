//! The clouds that `clouds.yaml` names, one for each site.

use crate::config::Settings;
use crate::model::SiteName;
use crate::ports::{BlankVolumes, Clock};
use crate::{Error, Result};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

/// Which cloud stands at a site, as far as the files tell. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SiteCloud {
    /// Site.
    pub site: SiteName,
    /// Its name in `clouds.yaml`: `[site:<name>] cloud`, or else the site's own.
    pub cloud: String,
    /// Where its Keystone is; absent: the file does not tell.
    pub auth_url: Option<String>,
    /// The `clouds.yaml` that was read.
    pub file: Option<PathBuf>,
    /// Why it cannot be used; absent: it can, as far as the file goes.
    pub problem: Option<String>,
}

/// A site's name in `clouds.yaml`.
fn cloud_name(settings: &Settings, site: &SiteName) -> String {
    let said = settings.sites.get(site.as_str()).and_then(|site| site.cloud.clone());
    said.unwrap_or_else(|| site.to_string())
}

/// The clouds of all sites. Nothing is sent yet: a site that is lost must not keep the other from working.
///
/// # Errors
/// no `clouds.yaml`, or no such cloud in it, or an option of it is wrong → `InvalidConfiguration` naming it; this build
/// lacks them → `Unsupported`.
#[cfg(feature = "openstack")]
pub(super) fn openstack(
    settings: &Settings,
    sites: &[SiteName],
    clock: &Arc<dyn Clock>,
) -> Result<BTreeMap<SiteName, Arc<dyn BlankVolumes>>> {
    use crate::openstack::{CloudsFile, OpenStackCloud, OpenStackOptions};
    let file = CloudsFile::find(&environment)?;
    let mut clouds = BTreeMap::new();
    for site in sites {
        let name = cloud_name(settings, site);
        let entry = file.entry(&name).map_err(|e| of_site(site, &e))?;
        if let Some(warning) = readable(&entry) {
            tracing::warn!(target: "protector.engine.cloud.openstack", "{warning}");
        }
        let cloud = OpenStackCloud::new(entry, OpenStackOptions::default(), Arc::clone(clock));
        let cloud = cloud.map_err(|e| of_site(site, &e))?;
        tracing::info!(target: "protector.engine.manager", "Cloud driver: {cloud}, at {site}");
        clouds.insert(site.clone(), Arc::new(cloud) as Arc<dyn BlankVolumes>);
    }
    Ok(clouds)
}

/// The same, looked at alone, with what people should look at. What is wrong with one is in its row.
///
/// # Errors
/// no `clouds.yaml` that can be read → `InvalidConfiguration`.
#[cfg(feature = "openstack")]
pub(super) fn site_clouds(settings: &Settings, sites: &[SiteName]) -> Result<(Vec<SiteCloud>, Vec<String>)> {
    Ok(rows(&crate::openstack::CloudsFile::find(&environment)?, settings, sites))
}

#[cfg(feature = "openstack")]
fn rows(file: &crate::openstack::CloudsFile, settings: &Settings, sites: &[SiteName]) -> (Vec<SiteCloud>, Vec<String>) {
    let (mut rows, mut warnings) = (Vec::new(), Vec::new());
    for site in sites {
        let cloud = cloud_name(settings, site);
        let entry = file.entry(&cloud);
        warnings.extend(entry.as_ref().ok().and_then(readable));
        rows.push(SiteCloud {
            site: site.clone(),
            cloud,
            auth_url: entry.as_ref().ok().map(|entry| entry.auth_url().to_owned()),
            file: Some(file.path().to_owned()),
            problem: entry.err().map(|e| of_site(site, &e).to_string()),
        });
    }
    (rows, warnings)
}

#[cfg(feature = "openstack")]
fn readable(entry: &crate::openstack::CloudEntry) -> Option<String> {
    entry.is_readable_on_the_way().then(|| {
        format!(
            "cloud '{}' is reached without TLS at {}: whoever listens on the way reads its password and tokens",
            entry.name(),
            entry.auth_url()
        )
    })
}

#[cfg(feature = "openstack")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A cloud that a file does not have is a fault of the configuration.
#[cfg(feature = "openstack")]
fn of_site(site: &SiteName, e: &Error) -> Error {
    let remedy = e.remedy_text().unwrap_or("mend clouds.yaml").to_owned();
    Error::configuration(format!("[site:{site}] {}", e.message())).remedy(remedy)
}

#[cfg(not(feature = "openstack"))]
fn lacking<T>() -> Result<T> {
    Err(Error::unsupported("cloud driver 'openstack' is not part of this build (feature openstack)")
        .remedy("for a trial on the simulated world: [engine] cloud_driver = mock"))
}

#[cfg(not(feature = "openstack"))]
pub(super) fn openstack(
    _: &Settings,
    _: &[SiteName],
    _: &Arc<dyn Clock>,
) -> Result<BTreeMap<SiteName, Arc<dyn BlankVolumes>>> {
    lacking()
}

#[cfg(not(feature = "openstack"))]
pub(super) fn site_clouds(settings: &Settings, sites: &[SiteName]) -> Result<(Vec<SiteCloud>, Vec<String>)> {
    let _ = sites.iter().map(|site| cloud_name(settings, site)).count();
    lacking()
}

#[cfg(feature = "openstack")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::openstack::CloudsFile;

    fn settings(text: &str) -> Settings {
        Settings::from_text(text, &BTreeMap::new()).unwrap()
    }

    #[test]
    fn a_site_stands_in_clouds_yaml_under_its_own_name_or_another() {
        let settings = settings("[site:boston]\ncloud = bos\n[site:seattle]\n[site:denver]\n");
        let auth = "username: u, password: planted, project_name: p";
        let text = format!(
            "clouds: {{bos: {{auth: {{auth_url: 'http://k.example.com:5000', {auth}}}}}, \
             seattle: {{auth: {{auth_url: 'https://s', {auth}}}}}}}"
        );
        let file = CloudsFile::parse("clouds.yaml".into(), &text, None).unwrap();
        let sites = ["boston", "seattle", "denver"].map(SiteName::from);
        let (rows, warnings) = rows(&file, &settings, &sites);
        let shown: Vec<_> = rows.iter().map(|row| (row.cloud.as_str(), row.auth_url.as_deref())).collect();
        let expected =
            [("bos", Some("http://k.example.com:5000/v3")), ("seattle", Some("https://s/v3")), ("denver", None)];
        assert_eq!(shown, expected);
        let problem = rows.iter().find_map(|row| row.problem.clone()).unwrap();
        assert!(problem.contains("[site:denver]") && problem.contains("bos, seattle"), "{problem}");
        assert!(warnings.len() == 1 && warnings.iter().all(|text| text.contains("without TLS")), "{warnings:?}");
        assert!(!format!("{rows:?} {warnings:?} {file:?}").contains("planted"));
    }
}
