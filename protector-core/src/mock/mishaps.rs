//! What goes wrong in a world because a test wants it to.

use super::tx::Tx;
use super::{World, clouds};
use crate::model::SiteName;
use crate::{Error, Result};
use rusqlite::params;

/// Something that goes wrong with one thing of a site, for as long as it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// A server of that name does not become active once it is started.
    Boot,
    /// Nothing answers on a server of that name, and every program that looks at it fails.
    Check,
    /// Cinder refuses to take over a volume under that name.
    Import,
}

impl Mishap {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Check => "check",
            Self::Import => "import",
        }
    }
}

impl World {
    /// Lets something go wrong at a site from now on, or no longer.
    ///
    /// # Errors
    /// no such site → `NotFound`.
    pub fn set_mishap(&self, site: &SiteName, mishap: Mishap, name: &str, happens: bool) -> Result<()> {
        self.mutate(|tx| {
            let site = clouds::site(tx, site)?;
            let sql = match happens {
                true => "INSERT OR IGNORE INTO mishaps (site, kind, name) VALUES (?1, ?2, ?3)",
                false => "DELETE FROM mishaps WHERE site = ?1 AND kind = ?2 AND name = ?3",
            };
            tx.execute(sql, params![site.name, mishap.as_str(), name])?;
            Ok(())
        })
    }
}

/// Whether it goes wrong with this thing.
pub(super) fn happens(tx: &Tx<'_>, site: &str, mishap: Mishap, name: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM mishaps WHERE site = ?1 AND kind = ?2 AND name = ?3";
    Ok(tx.first(sql, [site, mishap.as_str(), name], |_| Ok(()))?.is_some())
}

/// Refuses what goes wrong.
pub(super) fn refuse(tx: &Tx<'_>, site: &str, mishap: Mishap, name: &str, what: &str) -> Result<()> {
    match happens(tx, site, mishap, name)? {
        true => Err(Error::precondition(format!("site '{site}' {what} '{name}'"))),
        false => Ok(()),
    }
}
