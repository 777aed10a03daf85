//! The rules about options that depend on each other, and about addresses.

use std::net::IpAddr;
use std::path::Path;

use url::Url;

use super::choices::{MockDatabase, StorageDriverChoice};
use super::error::Location;
use crate::{Error, Result};

/// A value and where it was set; without an origin it is the default.
#[derive(Debug, Clone)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) origin: Option<Location>,
}

impl<T> Found<T> {
    /// `file:line: `, as every message begins.
    fn place(&self) -> String {
        self.origin.as_ref().map(|at| format!("{at}: ")).unwrap_or_default()
    }
}

/// `[engine] storage_driver` and `[DEFAULT] use_mock_storage` say the same thing in two dialects. One that is set
/// decides; a mock that slips into production protects nothing, so two that disagree are never resolved silently.
pub(super) fn storage_driver(driver: &Found<String>, use_mock: &Found<bool>) -> Result<StorageDriverChoice> {
    let mock = driver.value == "mock";
    if driver.origin.is_some() && use_mock.origin.is_some() && mock != use_mock.value {
        let use_mock_text = if use_mock.value { "True" } else { "False" };
        return Err(Error::configuration(format!(
            "{}[engine] storage_driver = {} contradicts {}[DEFAULT] use_mock_storage = {use_mock_text}",
            driver.place(),
            driver.value,
            use_mock.place()
        ))
        .remedy("remove one of the two lines"));
    }
    Ok(match driver.value.as_str() {
        "mock" => StorageDriverChoice::Mock,
        _ if use_mock.value => StorageDriverChoice::Mock,
        "pure" => StorageDriverChoice::Pure,
        name => StorageDriverChoice::Named(name.to_owned()),
    })
}

/// Where the simulated arrays are kept: `mock_db_path` if it is set; else, under `use_mock_storage = True`, the
/// directory that this dialect documents; else memory.
pub(super) fn mock_database(path: Option<&Found<String>>, use_mock: &Found<bool>, state_path: &Path) -> MockDatabase {
    const FILE: &str = "mock_array.db";
    match path.filter(|path| path.origin.is_some()) {
        Some(path) if path.value == ":memory:" => MockDatabase::Memory,
        Some(Found { value, .. }) if value.ends_with('/') || Path::new(value).is_dir() => {
            MockDatabase::File(Path::new(value).join(FILE))
        }
        Some(Found { value, .. }) => MockDatabase::File(value.into()),
        None if use_mock.value => MockDatabase::File(state_path.join("mock_storage").join(FILE)),
        None => MockDatabase::Memory,
    }
}

/// Array addresses are HTTPS, because the token travels with every call.
pub(super) fn array_url(key: &str, found: &Found<String>) -> Result<()> {
    let why = "the API token travels with every request";
    https_url("storage", key, found, why, "https://flasharray-a.example.com").map(drop)
}

/// Services of a site: HTTPS, because tokens travel; on this machine itself nobody listens in.
pub(super) fn service_url(section: &str, key: &str, found: &Found<String>) -> Result<Url> {
    match Url::parse(&found.value) {
        Ok(url) if url.scheme() == "http" && url.host_str().is_some_and(is_loopback) && is_bare(&found.value, &url) => {
            Ok(url)
        }
        _ => https_url(section, key, found, "tokens travel with every request", "https://controller.example.com:8788"),
    }
}

/// Nothing but where it is.
fn is_bare(text: &str, url: &Url) -> bool {
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    is_anonymous && !text.contains(char::is_whitespace) && url.query().is_none() && url.fragment().is_none()
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    address == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn https_url(section: &str, key: &str, found: &Found<String>, why: &str, example: &str) -> Result<Url> {
    let text = found.value.as_str();
    // what stands before an @ may be a password
    let shown = if text.contains('@') { String::new() } else { format!(" = {text:?}") };
    let refuse = |reason: &str, remedy: String| {
        let message = format!("{}[{section}] {key}{shown} is refused: {reason}", found.place());
        Err(Error::configuration(message).remedy(remedy))
    };
    let example = || format!("write {key} = {example}");
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => return refuse("it does not begin with https://", example()),
        Err(e) => return refuse(&format!("not a URL: {e}"), example()),
    };
    if url.scheme() != "https" {
        let remedy = match url.host_str() {
            Some(host) if url.scheme() == "http" => {
                format!("write {key} = https://{host}{}", url.port().map(|port| format!(":{port}")).unwrap_or_default())
            }
            _ => example(),
        };
        return refuse(&format!("HTTPS only, because {why}"), remedy);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("credentials do not belong into the URL", "use the options beside it".to_owned());
    }
    if !is_bare(text, &url) {
        return refuse("only https://host[:port] is expected; comments go on lines of their own", example());
    }
    Ok(url)
}

/// Whoever reaches a port that asks nobody who they are may move every workload.
pub(super) fn noauth_stays_here(strategy: &Found<String>, bind_host: &Found<String>) -> Result<()> {
    let host = bind_host.value.as_str();
    if is_loopback(host) {
        return Ok(());
    }
    let message = format!(
        "{}[api] auth_strategy = noauth makes everybody an administrator who reaches {}[api] bind_host = {host}",
        strategy.place(),
        bind_host.place()
    );
    Err(Error::configuration(message).remedy(
        "write bind_host = 127.0.0.1; or auth_strategy = keystone; or, knowing that, danger_noauth_beyond_loopback = True",
    ))
}

/// With an interval longer than the RPO every policy made from the defaults would be in breach from the start.
pub(super) fn interval_within_rpo(interval: Option<&Found<u32>>, rpo: Option<&Found<u32>>) -> Result<()> {
    let (Some(interval), Some(rpo)) = (interval, rpo) else { return Ok(()) };
    if u64::from(interval.value) <= u64::from(rpo.value) * 60 {
        return Ok(());
    }
    let message = format!(
        "{}[storage] default_replication_interval = {} s is longer than {}[storage] default_rpo_minutes = {} ({} s)",
        interval.place(),
        interval.value,
        rpo.place(),
        rpo.value,
        u64::from(rpo.value) * 60
    );
    Err(Error::configuration(message).remedy("shorten the interval, or raise the RPO"))
}
