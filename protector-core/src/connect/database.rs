//! Which database holds the state of a site.

use super::remote;
use crate::caller::spawn_blocking;
use crate::config::{Settings, StorageDriverChoice};
use crate::model::SiteName;
use crate::store::{
    DatabaseServer, Durability, KeyRing, MigrationReport, SqlStore, StoreCheck, StoreLocation, StoreProblem,
};
use crate::{Error, Result};
use serde::Serialize;
use std::path::PathBuf;

/// Stands for the site's name in `[database] connection`, since each site has a database of its own.
const SITE_PLACEHOLDER: &str = "{site}";

/// Result of bringing one site's database up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DatabaseSync {
    /// Site.
    pub site: SiteName,
    /// Database.
    pub path: PathBuf,
    /// Schema version before; 0: there was none.
    pub from: u32,
    /// Schema version now, or after a sync.
    pub to: u32,
}

/// Brings the databases of all sites up to date. May be run again.
///
/// # Errors
/// path cannot be written, schema newer than this build → `Storage`; connection not understood → `InvalidConfiguration`.
pub async fn db_sync(settings: &Settings) -> Result<Vec<DatabaseSync>> {
    each_database(settings, SqlStore::migrate).await
}

/// The schema versions of the databases of all sites: found (0: none), and what [`db_sync`] would lead to.
///
/// # Errors
/// path cannot be read, schema newer than this build → `Storage`; connection not understood → `InvalidConfiguration`.
pub async fn db_version(settings: &Settings) -> Result<Vec<DatabaseSync>> {
    each_database(settings, SqlStore::migration_needed).await
}

/// One thing that was looked at in the database of one site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DatabaseCheck {
    /// Site.
    pub site: SiteName,
    /// `schema`, `database`, `sites`, `groups`, `journals` or `workers`.
    pub check: String,
    /// `ok`, `warning` or `failed`.
    pub result: String,
    /// What was found.
    pub detail: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl DatabaseCheck {
    fn new(site: &SiteName, check: &str, detail: String) -> Self {
        Self { site: site.clone(), check: check.to_owned(), result: "ok".to_owned(), detail, remedy: None }
    }

    fn problem(site: &SiteName, check: &str, result: &str, e: &Error) -> Self {
        let remedy = e.remedy_text().map(str::to_owned);
        Self { result: result.to_owned(), remedy, ..Self::new(site, check, e.message().to_owned()) }
    }
}

/// Reads the databases of all sites from end to end. What is wrong is in the result; the database of one site hides
/// nothing of another's.
///
/// # Errors
/// connection not understood, keys that cannot be read → `InvalidConfiguration`.
pub async fn db_check(settings: &Settings) -> Result<Vec<DatabaseCheck>> {
    let keys = super::keys::key_ring(settings)?;
    let mut done = Vec::new();
    for site in remote::own_sites(settings)? {
        let location = location(settings, &site)?;
        if location == StoreLocation::Memory {
            done.push(DatabaseCheck::new(&site, "database", "is kept in memory, gone with the process".to_owned()));
            continue;
        }
        match examine(location, keys.clone()).await {
            Ok((version, checks)) => {
                done.push(DatabaseCheck::new(&site, "schema", format!("version {version}")));
                done.extend(checks.iter().flat_map(|check| rows(&site, check)));
            }
            Err(e) => done.push(DatabaseCheck::problem(&site, "schema", "failed", &e)),
        }
    }
    Ok(done)
}

async fn examine(location: StoreLocation, keys: Option<KeyRing>) -> Result<(u32, Vec<StoreCheck>)> {
    let opened = spawn_blocking(move || {
        let store = SqlStore::open(location.clone(), keys, Durability::Full)?;
        Ok::<_, Error>((SqlStore::migration_needed(&location)?.from, store))
    });
    let (version, store) = opened.await.map_err(|e| Error::internal("a database call did not finish").source(e))??;
    Ok((version, store.examine().await?))
}

/// One row for what is whole, one for each problem of what is not.
fn rows(site: &SiteName, check: &StoreCheck) -> Vec<DatabaseCheck> {
    if check.problems.is_empty() {
        return vec![DatabaseCheck::new(site, check.check, check.detail.clone())];
    }
    let problem = |problem: &StoreProblem| {
        let result = if problem.is_warning { "warning" } else { "failed" };
        DatabaseCheck::problem(site, check.check, result, &problem.error)
    };
    check.problems.iter().map(problem).collect()
}

async fn each_database(
    settings: &Settings,
    call: fn(&StoreLocation) -> Result<MigrationReport>,
) -> Result<Vec<DatabaseSync>> {
    let mut done = Vec::new();
    for site in remote::own_sites(settings)? {
        let location = location(settings, &site)?;
        let report = spawn_blocking(move || call(&location))
            .await
            .map_err(|e| Error::internal("a database call did not finish").source(e))??;
        done.push(DatabaseSync {
            site,
            path: PathBuf::from(report.location.to_string()),
            from: report.from,
            to: report.to,
        });
    }
    Ok(done)
}

/// Database of one site: `[database] connection`, by default `sqlite:///$state_path/<site>.db`.
pub(super) fn location(settings: &Settings, site: &SiteName) -> Result<StoreLocation> {
    let Some(connection) = settings.database_connection.as_deref() else {
        return Ok(StoreLocation::File(settings.state_path.join(format!("{site}.db"))));
    };
    let Some(path) = connection.strip_prefix("sqlite://") else { return server(settings, connection, site) };
    match path.strip_prefix('/') {
        None if path.is_empty() => Ok(StoreLocation::Memory),
        None => Err(Error::configuration(format!("[database] connection 'sqlite://{path}' is not a path"))
            .remedy("use sqlite:///<absolute path>, with three slashes before the path and its own slash after them")),
        Some(path) if are_both_here(settings)? && !path.contains(SITE_PLACEHOLDER) => Err(Error::configuration(
            format!("[database] connection 'sqlite:///{path}' names one file, and both sites live in this process"),
        )
        .remedy(format!("put {SITE_PLACEHOLDER} into it where the site's name belongs"))),
        Some(path) => Ok(StoreLocation::File(PathBuf::from(path.replace(SITE_PLACEHOLDER, site.as_str())))),
    }
}

/// Whether one process opens the databases of both sites.
fn are_both_here(settings: &Settings) -> Result<bool> {
    Ok(settings.storage_driver != StorageDriverChoice::Pure && remote::own_sites(settings)?.len() > 1)
}

/// A database on a server. Only the scheme of what is not understood is shown: the rest may hold a password.
fn server(settings: &Settings, connection: &str, site: &SiteName) -> Result<StoreLocation> {
    let scheme = connection.split_once(':').map_or("", |(scheme, _)| scheme);
    if !scheme.starts_with("mysql") && !scheme.starts_with("mariadb") {
        return Err(Error::unsupported(format!("[database] connection: scheme '{scheme}' is not part of this build"))
            .remedy("use mysql+pymysql://…, or sqlite:///<absolute path>, or leave it out"));
    }
    // as a part of a URL the braces may be escaped
    let encoded = "%7Bsite%7D";
    let is_shared = !connection.contains(SITE_PLACEHOLDER) && !connection.contains(encoded);
    if is_shared && are_both_here(settings)? {
        return Err(Error::configuration(
            "[database] connection names one database, and both sites live in this process",
        )
        .remedy(format!("put {SITE_PLACEHOLDER} into it where the site's name belongs")));
    }
    let connection = connection.replace(SITE_PLACEHOLDER, site.as_str()).replace(encoded, site.as_str());
    Ok(StoreLocation::Server(DatabaseServer::parse(&connection)?))
}
