//! The arrays that the settings name, one under each site.

use super::references;
use crate::config::{ArrayRole, Settings};
use crate::engine::Side;
use crate::mock::World;
use crate::model::SiteName;
use crate::ports::{Clock, StorageDriver};
use crate::pure::{ArrayEndpoint, FlashArrayClient, PureOptions, PureStorageDriver, Trust};
use crate::wrap::{CallCounters, Traced, Wrapped};
use crate::{ApiToken, Error, Result};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};

const ANY_CERTIFICATE: &str =
    "[storage] danger_accept_any_array_certificate is set: anybody may pass for an array and read its API token";

/// Arrays by site.
pub(super) type Arrays = BTreeMap<SiteName, Arc<dyn StorageDriver>>;

/// The arrays of a simulated world.
pub(super) fn simulated(world: &World, sites: &[SiteName]) -> Result<Arrays> {
    let mut arrays = Arrays::new();
    for site in sites {
        arrays.insert(site.clone(), Arc::new(world.storage_driver(site)?));
    }
    tracing::info!(target: "protector.engine.manager", "Storage driver: MockStorageDriver");
    Ok(arrays)
}

/// The two FlashArrays of `[storage]`. Nothing is sent yet: a site that is lost must not keep the other from working.
pub(super) fn flash_arrays(settings: &Settings, sites: &[SiteName], clock: &Arc<dyn Clock>) -> Result<Arrays> {
    let (primary, secondary) = endpoints(settings)?;
    let hosts = (primary.host().to_owned(), secondary.host().to_owned());
    let place = |endpoint, role| PureStorageDriver::new(endpoint, options(settings, role), Arc::clone(clock));
    let drivers = BTreeMap::from([
        (ArrayRole::Primary, Arc::new(place(primary, ArrayRole::Primary)?)),
        (ArrayRole::Secondary, Arc::new(place(secondary, ArrayRole::Secondary)?)),
    ]);
    let mut arrays = Arrays::new();
    for (site, role) in roles(settings, sites)? {
        if let Some(driver) = drivers.get(&role) {
            arrays.insert(site, Arc::clone(driver) as Arc<dyn StorageDriver>);
        }
    }
    tracing::info!(target: "protector.engine.manager", "Storage driver: PureStorageDriver");
    tracing::info!(
        target: "protector.engine.storage.pure",
        "PureStorageDriver initialized: primary={} secondary={}", hosts.0, hosts.1
    );
    for warning in warnings(settings) {
        tracing::warn!(target: "protector.engine.storage.pure", "{warning}");
    }
    Ok(arrays)
}

/// Which array of `[storage]` stands at a site, and how its certificate is judged. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SiteArray {
    /// Site.
    pub site: SiteName,
    /// `primary`, `secondary`: which of the two settings.
    pub role: String,
    /// `HOST[:PORT]`.
    pub host: String,
    /// Which certificates are accepted, for people.
    pub certificates: String,
}

/// The arrays by site, once their trust settings have been read; nothing is sent.
///
/// # Errors
/// as [`check`]; CA file or fingerprint cannot be read → `InvalidConfiguration` naming it.
pub(super) fn site_arrays(settings: &Settings, sites: &[SiteName]) -> Result<Vec<SiteArray>> {
    let (primary, secondary) = endpoints(settings)?;
    let mut shown = Vec::new();
    for (site, role) in roles(settings, sites)? {
        let endpoint = if role == ArrayRole::Primary { &primary } else { &secondary };
        let client = FlashArrayClient::new(endpoint.clone(), options(settings, role))?;
        let certificates = client.options().trust.to_string();
        shown.push(SiteArray { site, role: role.to_string(), host: endpoint.host().to_owned(), certificates });
    }
    Ok(shown)
}

/// What people should look at: settings that are dangerous, or that have no effect.
pub(super) fn warnings(settings: &Settings) -> Vec<String> {
    let danger = settings.danger_accept_any_array_certificate;
    let trusts = |role| options(settings, role).trust;
    let any = |trust| [ArrayRole::Primary, ArrayRole::Secondary].into_iter().any(|role| trusts(role) == trust);
    let pinned = settings.primary_array_fingerprint.is_some() && settings.secondary_array_fingerprint.is_some();
    let mut warnings = Vec::new();
    if danger && any(Trust::DangerAcceptAnyCertificate) {
        warnings.push(ANY_CERTIFICATE.to_owned());
    } else if danger {
        warnings.push(
            "[storage] danger_accept_any_array_certificate has no effect: a fingerprint or array_ca_file is narrower"
                .to_owned(),
        );
    }
    if pinned && settings.array_ca_file.is_some() {
        warnings.push("[storage] array_ca_file has no effect: both arrays have a fingerprint".to_owned());
    }
    warnings
}

/// The same arrays with every call told and counted. Nothing repeats calls here: the executor does, and keeps its lease
/// meanwhile.
pub(super) fn traced(arrays: Arrays) -> (Arrays, BTreeMap<SiteName, CallCounters>) {
    let mut counters = BTreeMap::new();
    let wrap = |(site, driver): (SiteName, Arc<dyn StorageDriver>)| {
        let counter: &CallCounters = counters.entry(site.clone()).or_default();
        let driver: Arc<dyn StorageDriver> = Arc::new(Wrapped::new(Traced::new(counter.clone()), driver));
        (site, driver)
    };
    (arrays.into_iter().map(wrap).collect(), counters)
}

/// Checks what can be checked without the arrays.
///
/// # Errors
/// a setting is missing, or both addresses are the same → `InvalidConfiguration` naming it.
pub(super) fn check(settings: &Settings) -> Result<()> {
    endpoints(settings)?;
    let sites: Vec<SiteName> = settings.sites.keys().map(|name| SiteName::new(name.clone())).collect();
    if sites.is_empty() { Ok(()) } else { roles(settings, &sites).map(drop) }
}

fn endpoints(settings: &Settings) -> Result<(ArrayEndpoint, ArrayEndpoint)> {
    let mut missing = Vec::new();
    let mut need = |name: &'static str, is_set: bool| {
        if !is_set {
            missing.push(name);
        }
    };
    need("primary_array_url", settings.primary_array_url.is_some());
    need("primary_array_api_token", settings.primary_array_api_token.is_some());
    need("secondary_array_url", settings.secondary_array_url.is_some());
    need("secondary_array_api_token", settings.secondary_array_api_token.is_some());
    let lacks = || {
        Error::configuration(format!("[storage] lacks {} for storage driver 'pure'", missing.join(", ")))
            .remedy("set them, or for a trial: [engine] storage_driver = mock")
    };
    let endpoint = |role: ArrayRole, url: &Option<String>, token: &Option<ApiToken>| {
        let (Some(url), Some(token)) = (url, token) else { return Err(lacks()) };
        let option = format!("[storage] {role}_array_api_token");
        let token = references::resolved(settings, &option, token)?;
        ArrayEndpoint::of_role(&role.to_string(), url, token).map_err(|e| {
            let fault = Error::configuration(format!("[storage] {}", e.message()));
            fault.remedy(e.remedy_text().unwrap_or("mend it in protector.conf"))
        })
    };
    let primary = endpoint(ArrayRole::Primary, &settings.primary_array_url, &settings.primary_array_api_token)?;
    let secondary = endpoint(ArrayRole::Secondary, &settings.secondary_array_url, &settings.secondary_array_api_token)?;
    if primary.host() == secondary.host() {
        return Err(Error::configuration(format!(
            "[storage] primary_array_url and secondary_array_url name the same array '{}'",
            primary.host()
        ))
        .remedy("name the two arrays that replicate to each other"));
    }
    Ok((primary, secondary))
}

fn options(settings: &Settings, role: ArrayRole) -> PureOptions {
    let fingerprint = match role {
        ArrayRole::Primary => &settings.primary_array_fingerprint,
        ArrayRole::Secondary => &settings.secondary_array_fingerprint,
    };
    let trust = Trust::narrowest(
        fingerprint.clone(),
        settings.array_ca_file.clone(),
        settings.danger_accept_any_array_certificate,
    );
    PureOptions { trust, ..PureOptions::default() }
}

/// The same for the engine's defaults. Settings that do not say it say nothing about any site.
pub(super) fn sides(settings: &Settings, sites: &[SiteName]) -> BTreeMap<SiteName, Side> {
    let side = |(site, role)| match role {
        ArrayRole::Primary => (site, Side::Primary),
        ArrayRole::Secondary => (site, Side::Secondary),
    };
    roles(settings, sites).unwrap_or_default().into_iter().map(side).collect()
}

/// Which array stands under which site: as `[site:<name>] array` says; where that is silent, the first site by name has the
/// primary array and the second the secondary one.
fn roles(settings: &Settings, sites: &[SiteName]) -> Result<BTreeMap<SiteName, ArrayRole>> {
    let [first, second] = sites else {
        return Err(Error::configuration(format!(
            "storage driver 'pure' has two arrays in [storage], and there are {} sites",
            sites.len()
        ))
        .remedy("configure two sites: [site:<name>]"));
    };
    let said = |site: &SiteName| settings.sites.get(site.as_str()).and_then(|site| site.array);
    let other = |role| if role == ArrayRole::Primary { ArrayRole::Secondary } else { ArrayRole::Primary };
    let (one, two) = match (said(first), said(second)) {
        (None, None) => (ArrayRole::Primary, ArrayRole::Secondary),
        (Some(one), None) => (one, other(one)),
        (None, Some(two)) => (other(two), two),
        (Some(one), Some(two)) if one != two => (one, two),
        (Some(role), Some(_)) => {
            return Err(Error::configuration(format!(
                "[site:{first}] array and [site:{second}] array are both '{role}'"
            ))
            .remedy("give one of them the other array"));
        }
    };
    Ok(BTreeMap::from([(first.clone(), one), (second.clone(), two)]))
}
