//! Changing the primary key, as Keystone changes its own: the staged key becomes the primary one, so that whoever has read the
//! keys before can read what is encrypted from now on.

use super::{KeyRing, SCHEME, create_key, key_numbers, missing, unusable};
use crate::{Error, Result};
use serde::Serialize;
use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Locked by whoever rotates.
const LOCK: &str = ".rotating";

/// What [`KeyRing::rotate`] did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RotateReport {
    /// The repository.
    pub directory: PathBuf,
    /// The key that encrypts from now on.
    pub primary: PathBuf,
    /// The one that will be the next.
    pub staged: PathBuf,
    /// Keys that are gone.
    pub removed: Vec<PathBuf>,
}

impl KeyRing {
    /// Makes the staged key the primary one, stages a new one, and removes all that are older than the primary one was.
    ///
    /// The caller has made sure with these keys that nothing stored needs one older than the primary one
    /// ([`KeyRing::renewed`]). A call that
    /// breaks off is made up for by [`KeyRing::setup`] and the next rotation.
    ///
    /// ```
    /// # use protector_core::{ApiToken, store::KeyRing};
    /// # let directory = tempfile::tempdir()?;
    /// # let directory = &directory.path().join("fernet-keys");
    /// KeyRing::setup(directory)?;
    /// let stored = KeyRing::load(directory)?.encrypt(&ApiToken::new("T-12345678"));
    /// KeyRing::load(directory)?.rotate()?;
    /// let keys = KeyRing::load(directory)?;
    /// if let Some(renewed) = keys.renewed(&stored)? {
    ///     assert_eq!(keys.decrypt(&renewed)?.expose(), "T-12345678");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// no repository, or none with a staged key → `InvalidConfiguration` → `protector-manage fernet setup`; somebody else is
    /// rotating, or has since these keys were read → `Conflict` → run it again; cannot be written → `Storage` naming the path. In each case all keys are still there.
    pub fn rotate(&self) -> Result<RotateReport> {
        let directory = self.directory.as_path();
        // held until the end of this call
        let _lock = lock(directory)?;
        let numbers = key_numbers(directory)?;
        let (Some(0), Some(&primary)) = (numbers.first(), numbers.last()) else {
            return Err(missing(directory, "has no staged key"));
        };
        if primary != self.number {
            return Err(Error::conflict(format!("the keys in '{}' were rotated meanwhile", directory.display()))
                .remedy("run it again, so that stored tokens are looked at with the keys of now"));
        }
        let path = |number: u32| directory.join(number.to_string());
        let (staged, next) = (path(0), path(primary + 1));
        fs::rename(&staged, &next).map_err(|e| unusable("rename", &staged, e))?;
        create_key(directory, &staged).map_err(|e| unusable("write", &staged, e))?;
        let mut removed = Vec::new();
        for old in numbers.into_iter().filter(|number| (1..primary).contains(number)).map(path) {
            fs::remove_file(&old).map_err(|e| unusable("remove", &old, e))?;
            removed.push(old);
        }
        Ok(RotateReport { directory: directory.to_owned(), primary: next, staged, removed })
    }

    /// The same token under the primary key; `None`: it is already.
    ///
    /// # Errors
    /// as [`KeyRing::decrypt`].
    pub fn renewed(&self, stored: &str) -> Result<Option<String>> {
        let text = stored.strip_prefix(SCHEME).unwrap_or_default();
        if self.primary.decrypt(text).is_ok() {
            return Ok(None);
        }
        Ok(Some(self.encrypt(&self.decrypt(stored)?)))
    }
}

fn lock(directory: &Path) -> Result<File> {
    if !directory.exists() {
        return Err(missing(directory, "does not exist"));
    }
    let path = directory.join(LOCK);
    let opened = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = opened.map_err(|e| unusable("open", &path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Error::conflict(format!("somebody else is rotating the keys in '{}'", directory.display()))
                .remedy("wait until that is done"))
        }
        Err(TryLockError::Error(e)) => Err(unusable("lock", &path, e)),
    }
}

#[cfg(test)]
mod tests;
