//! The Fernet key repository that array tokens are encrypted with, laid out as Keystone lays out its own: a directory of
//! mode 0700 with files of mode 0600 named by number. The highest number is the primary key and encrypts; all decrypt; 0 is
//! staged to become the next primary.

mod rotate;

pub use rotate::RotateReport;

use crate::{ApiToken, Error, Result};
use fernet::{Fernet, MultiFernet};
use serde::Serialize;
use std::{
    fmt, fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// In front of every encrypted token, so that the scheme can change.
const SCHEME: &str = "fernet:v1:";

/// The keys of one repository. Prints the directory and never a key.
#[derive(Clone)]
pub struct KeyRing {
    directory: PathBuf,
    count: usize,
    /// All of them, the primary one first.
    keys: MultiFernet,
    primary: Fernet,
    /// Number of the primary one.
    number: u32,
}

/// What [`KeyRing::setup`] did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SetupReport {
    /// The repository.
    pub directory: PathBuf,
    /// Key files that were made. Empty: the repository was complete.
    pub created: Vec<PathBuf>,
}

impl KeyRing {
    /// Reads the keys. They stay as they were then; see [`KeyRing::current`].
    ///
    /// # Errors
    /// no directory, no keys, or a file that is not a key → `InvalidConfiguration` → run `protector-manage fernet setup`;
    /// readable by others → `InvalidConfiguration` with the `chmod`; cannot be read → `Storage`.
    pub fn load(directory: &Path) -> Result<Self> {
        let numbers = key_numbers(directory)?;
        let Some((number, others)) = numbers.split_last() else {
            return Err(missing(directory, "holds no keys"));
        };
        refuse_shared(directory, "0700")?;
        let (number, primary) = (*number, read_key(&directory.join(number.to_string()))?);
        let mut keys = vec![primary.clone()];
        for number in others.iter().rev() {
            keys.push(read_key(&directory.join(number.to_string()))?);
        }
        Ok(Self { directory: directory.to_owned(), count: keys.len(), keys: MultiFernet::new(keys), primary, number })
    }

    /// The keys as they are now: read again if another one has become the primary one. What is encrypted for long is
    /// encrypted with these, since a rotation may have removed older ones.
    ///
    /// # Errors
    /// as [`KeyRing::load`].
    pub fn current(&self) -> Result<Self> {
        match key_numbers(&self.directory)?.last() {
            Some(number) if *number == self.number => Ok(self.clone()),
            _ => Self::load(&self.directory),
        }
    }

    /// Makes the repository: the directory, a primary key `1` and a staged key `0`. Keys that exist are never touched, so
    /// it may be run again, also by two processes at once.
    ///
    /// # Errors
    /// cannot be written → `Storage` naming the path and what to run.
    pub fn setup(directory: &Path) -> Result<SetupReport> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|e| unusable("create", directory, e))?;
        let present = key_numbers(directory)?;
        let mut created = Vec::new();
        // the primary first: a repository is of use without its staged key, but not the other way round
        let wanted = if present.is_empty() { vec![1, 0] } else { vec![0] };
        for number in wanted.into_iter().filter(|number| !present.contains(number)) {
            let path = directory.join(number.to_string());
            if create_key(directory, &path).map_err(|e| unusable("write", &path, e))? {
                created.push(path);
            }
        }
        Ok(SetupReport { directory: directory.to_owned(), created })
    }

    /// Where the keys are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// `fernet:v1:` and the token under the primary key. Two calls never give the same text.
    ///
    /// ```
    /// # use protector_core::{ApiToken, store::KeyRing};
    /// # let directory = tempfile::tempdir()?;
    /// # let directory = &directory.path().join("fernet-keys");
    /// KeyRing::setup(directory)?;
    /// let keys = KeyRing::load(directory)?;
    /// let stored = keys.encrypt(&ApiToken::new("T-12345678"));
    /// assert!(stored.starts_with("fernet:v1:"));
    /// assert_eq!(keys.decrypt(&stored)?.expose(), "T-12345678");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn encrypt(&self, token: &ApiToken) -> String {
        format!("{SCHEME}{}", self.keys.encrypt(token.expose().as_bytes()))
    }

    /// The token behind what [`KeyRing::encrypt`] returned.
    ///
    /// # Errors
    /// no key of this repository fits, or the text was changed → `Storage` → restore the keys, or set the token again.
    pub fn decrypt(&self, stored: &str) -> Result<ApiToken> {
        let secret = stored.strip_prefix(SCHEME).and_then(|text| self.keys.decrypt(text).ok());
        match secret.map(String::from_utf8) {
            Some(Ok(token)) => Ok(ApiToken::new(token)),
            Some(Err(_)) | None => Err(Error::storage(format!(
                "no key of the repository '{}' decrypts the stored array token",
                self.directory.display()
            ))
            .remedy("restore the key files that were there when the token was stored, or set the token again")),
        }
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("directory", &self.directory).field("keys", &self.count).finish()
    }
}

fn read_key(path: &Path) -> Result<Fernet> {
    refuse_shared(path, "0600")?;
    let text = fs::read_to_string(path).map(Zeroizing::new).map_err(|e| unusable("read", path, e))?;
    Fernet::new(text.trim()).ok_or_else(|| {
        Error::configuration(format!("'{}' is not a Fernet key", path.display()))
            .remedy("restore the file from a backup; remove it only if it never was in use")
    })
}

/// The numbers of the key files, ascending. As with Keystone, other names in the directory are none of our business.
fn key_numbers(directory: &Path) -> Result<Vec<u32>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(missing(directory, "does not exist")),
        Err(e) => return Err(unusable("read", directory, e)),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry.map_err(|e| unusable("read", directory, e))?.file_name();
        // "01" would not be found again under its number
        numbers.extend(name.to_str().and_then(|n| n.parse::<u32>().ok().filter(|number| number.to_string() == n)));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Writes a new key under a temporary name and links it to its own, so that nobody ever reads half a key and nobody's key is
/// replaced. Returns whether this call made it.
fn create_key(directory: &Path, path: &Path) -> io::Result<bool> {
    let temporary = directory.join(format!(".new-{}", uuid::Uuid::new_v4()));
    let key = Zeroizing::new(Fernet::generate_key());
    let linked =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).and_then(|mut file| {
            file.write_all(key.as_bytes())?;
            file.sync_all()?;
            fs::hard_link(&temporary, path)?;
            fs::File::open(directory)?.sync_all()
        });
    let removed = fs::remove_file(&temporary);
    match linked {
        Ok(()) => removed.map(|()| true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e),
    }
}

fn refuse_shared(path: &Path, wanted: &str) -> Result<()> {
    let mode = fs::metadata(path).map_err(|e| unusable("read", path, e))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Error::configuration(format!("'{}' is open to other users (mode {mode:04o})", path.display()))
        .remedy(format!("run: chmod {wanted} '{}'", path.display())))
}

fn missing(directory: &Path, what: &str) -> Error {
    Error::configuration(format!("the key repository '{}' {what}", directory.display()))
        .remedy("run: protector-manage fernet setup; or set [storage] fernet_key_repository")
}

fn unusable(verb: &str, path: &Path, e: io::Error) -> Error {
    Error::storage(format!("cannot {verb} '{}': {e}", path.display()))
        .remedy("run it as the user who owns the key repository, or set [storage] fernet_key_repository")
        .source(e)
}

#[cfg(test)]
mod tests;
