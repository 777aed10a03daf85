//! The keys that array tokens are encrypted with, and what they have encrypted.

use super::{database, remote};
use crate::config::Settings;
use crate::model::SiteName;
use crate::store::{Durability, KeyRing, RotateReport, SetupReport, SqlStore, StoreLocation, TokenReport};
use crate::{Error, Result};
use serde::Serialize;
use std::path::PathBuf;

/// What [`fernet_migrate`] did to one site's database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TokenMigration {
    /// Site.
    pub site: SiteName,
    /// Database.
    pub path: PathBuf,
    /// Array tokens in it; each is under the primary key now.
    pub tokens: usize,
    /// Protection groups whose tokens were not before.
    pub migrated: Vec<String>,
}

/// Makes the key repository that tokens are encrypted with. Keys that are there stay.
///
/// # Errors
/// directory cannot be written → `Storage`; readable by others → `InvalidConfiguration`.
pub fn fernet_setup(settings: &Settings) -> Result<SetupReport> {
    KeyRing::setup(&settings.fernet_key_repository)
}

/// Makes the staged key the primary one and stages a new one. Keys that are older than the primary one was are removed, which
/// is why no stored token may need one.
///
/// # Errors
/// a token of a site's database needs such a key → `Precondition` naming site and groups → [`fernet_migrate`]; else as
/// [`KeyRing::rotate`] and [`SqlStore::tokens`]. In each case nothing was changed.
pub async fn fernet_rotate(settings: &Settings) -> Result<RotateReport> {
    let keys = KeyRing::load(&settings.fernet_key_repository)?;
    for (site, store) in stores(settings, &keys)? {
        let TokenReport { outdated, .. } = store.tokens().await?;
        if !outdated.is_empty() {
            let groups: Vec<&str> = outdated.iter().map(String::as_str).collect();
            return Err(Error::precondition(format!(
                "array tokens of '{}' on {site} need a key that a rotation would remove",
                groups.join("', '")
            ))
            .remedy("run: protector-manage fernet migrate"));
        }
    }
    keys.rotate()
}

/// Encrypts every stored token with the primary key, one database after the other. May be run again.
///
/// # Errors
/// as [`SqlStore::renew_tokens`]; databases before that one are done.
pub async fn fernet_migrate(settings: &Settings) -> Result<Vec<TokenMigration>> {
    let mut done = Vec::new();
    let keys = KeyRing::load(&settings.fernet_key_repository)?;
    for (site, store) in stores(settings, &keys)? {
        let TokenReport { tokens, outdated } = store.renew_tokens().await?;
        let path = PathBuf::from(database::location(settings, &site)?.to_string());
        done.push(TokenMigration { site, path, tokens, migrated: outdated.into_iter().collect() });
    }
    Ok(done)
}

/// The databases of all sites. One that was not made yet holds nothing.
fn stores(settings: &Settings, keys: &KeyRing) -> Result<Vec<(SiteName, SqlStore)>> {
    let mut stores = Vec::new();
    for site in remote::own_sites(settings)? {
        let location = database::location(settings, &site)?;
        if location == StoreLocation::Memory || SqlStore::migration_needed(&location)?.from == 0 {
            continue;
        }
        stores.push((site, SqlStore::open(location, Some(keys.clone()), Durability::Full)?));
    }
    Ok(stores)
}

/// No repository is fine until a token has to be written or read.
pub(super) fn key_ring(settings: &Settings) -> Result<Option<KeyRing>> {
    if !settings.fernet_key_repository.exists() {
        return Ok(None);
    }
    KeyRing::load(&settings.fernet_key_repository).map(Some)
}
