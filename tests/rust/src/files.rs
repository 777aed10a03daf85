//! Deployments kept in files, which outlive a process and can be copied.

use protector_core::config::Settings;
use protector_core::connect::{Deployment, db_sync, mock_seed};
use protector_core::mock::SeedOptions;
use protector_core::store::Durability;
use protector_core::{Error, Result};
use std::collections::BTreeMap;
use std::{fs, path::Path};

/// Settings of a deployment in virtual time whose files are all in `directory`.
///
/// # Errors
/// as [`Settings::from_text`].
pub fn settings(directory: &Path) -> Result<Settings> {
    let path = directory.display();
    let text = format!(
        "[DEFAULT]\nstate_path = {path}\n[engine]\nstorage_driver = mock\nmock_db_path = {path}/world.db\n\
         mock_clock = virtual\ncloud_driver = mock\nlocal_site = site-a\n\
         [database]\nconnection = sqlite:///{path}/{{site}}.db\n"
    );
    Settings::from_text(&text, &BTreeMap::new())
}

/// A directory that is gone with the value.
///
/// # Errors
/// none can be made → `Storage`.
pub fn directory() -> Result<tempfile::TempDir> {
    tempfile::tempdir().map_err(|e| Error::storage("no temporary directory").source(e))
}

/// Opens what is in `directory`. Writes survive the process, not a power cut: tests need no more, and run faster.
///
/// # Errors
/// as [`Deployment::open`].
pub async fn open(directory: &Path) -> Result<Deployment> {
    Deployment::open_with(&settings(directory)?, Durability::Off).await
}

/// Makes databases and the world of the documents in `directory`, and opens them.
///
/// # Errors
/// as [`db_sync`], [`mock_seed`] and [`Deployment::open`].
pub async fn seeded(directory: &Path) -> Result<Deployment> {
    seeded_with(directory, SeedOptions::default()).await
}

/// The same with more in the world.
///
/// # Errors
/// as [`seeded`].
pub async fn seeded_with(directory: &Path, options: SeedOptions) -> Result<Deployment> {
    let settings = settings(directory)?;
    db_sync(&settings).await?;
    mock_seed(&settings, options).await?;
    open(directory).await
}

/// Copies the files of a deployment that no process has open.
///
/// # Errors
/// file cannot be read or written → `Storage`.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = || -> std::io::Result<()> {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
        Ok(())
    };
    copied().map_err(|e| Error::storage(format!("cannot copy {} to {}: {e}", from.display(), to.display())).source(e))
}
