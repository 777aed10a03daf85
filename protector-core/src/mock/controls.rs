//! What somebody outside can do to a world: look around, pull plugs, write data.

use super::array::{self, transfers, volumes};
use super::clouds::{self, quota};
use super::tx::{Tx, signed, unsigned};
use super::{MockCloud, MockStorageDriver, World};
use crate::model::{ArrayName, ArrayVolumeId, ServerId, SiteName, VolumeId};
use crate::ports::Quota;
use crate::{Error, Result};
use rusqlite::params;
use serde::{Deserialize, Serialize};

/// A site of a world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldSite {
    /// Name.
    pub name: SiteName,
    /// The array under it.
    pub array: ArrayName,
    /// Keystone URL, for show.
    pub auth_url: String,
}

/// How long things take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldSettings {
    /// Milliseconds that a snapshot is on its way to the other array.
    pub transfer_millis: u64,
    /// Milliseconds that a server takes to boot, start or stop.
    pub boot_millis: u64,
    /// Milliseconds until the target shows the image of a newly replicated group.
    pub replica_delay_millis: u64,
}

impl Default for WorldSettings {
    fn default() -> Self {
        Self { transfer_millis: 1500, boot_millis: 500, replica_delay_millis: 0 }
    }
}

impl World {
    /// Its sites by name; none before it is seeded.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn sites(&self) -> Result<Vec<WorldSite>> {
        self.read(|tx| {
            tx.all(
                "SELECT sites.name, arrays.name, auth_url FROM sites JOIN arrays ON arrays.id = array_id ORDER BY 1",
                [],
                |row| {
                    Ok(WorldSite {
                        name: row.get::<_, String>(0)?.into(),
                        array: row.get::<_, String>(1)?.into(),
                        auth_url: row.get(2)?,
                    })
                },
            )
        })
    }

    /// The driver of the array under a site.
    ///
    /// # Errors
    /// no such site → `NotFound`.
    pub fn storage_driver(&self, site: &SiteName) -> Result<MockStorageDriver> {
        let array = self.read(|tx| clouds::site(tx, site).and_then(|site| array::by_id(tx, &site.array_id)))?;
        MockStorageDriver::new(self.clone(), &array.name.into())
    }

    /// The cloud of a site.
    ///
    /// # Errors
    /// no such site → `NotFound`.
    pub fn cloud(&self, site: &SiteName) -> Result<MockCloud> {
        MockCloud::new(self.clone(), site)
    }

    /// Takes a site down or brings it up again. Down: its array and its cloud do not answer, and transfers from and to it
    /// stand still.
    ///
    /// # Errors
    /// no such site → `NotFound`.
    pub fn set_site_available(&self, site: &SiteName, available: bool) -> Result<()> {
        self.mutate(|tx| {
            let found = clouds::site(tx, site)?;
            tx.execute(
                "UPDATE sites SET available = ?2 WHERE name = ?1 AND available <> ?2",
                params![site.as_str(), available],
            )?;
            array::set_available(tx, &found.array_id, available)
        })
    }

    /// Whether a site is up.
    ///
    /// # Errors
    /// no such site → `NotFound`.
    pub fn site_is_available(&self, site: &SiteName) -> Result<bool> {
        self.read(|tx| Ok(clouds::site(tx, site)?.available))
    }

    /// Cuts or mends every replication link.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn set_link_connected(&self, connected: bool) -> Result<()> {
        self.mutate(|tx| {
            tx.execute("UPDATE array_connections SET connected = ?1 WHERE connected <> ?1", [connected])?;
            transfers::refresh(tx)
        })
    }

    /// Whether every replication link is whole.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn link_is_connected(&self) -> Result<bool> {
        self.read(|tx| tx.value("SELECT NOT EXISTS (SELECT 1 FROM array_connections WHERE NOT connected)", []))
    }

    /// How long things take.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn settings(&self) -> Result<WorldSettings> {
        self.read(settings)
    }

    /// Sets how long things take that begin from now on.
    ///
    /// # Errors
    /// a value too large to store → `InvalidRequest`.
    pub fn set_settings(&self, settings: WorldSettings) -> Result<()> {
        let values = [settings.transfer_millis, settings.boot_millis, settings.replica_delay_millis].map(signed);
        let [transfer, boot, delay] = values;
        let (transfer, boot, delay) = (transfer?, boot?, delay?);
        self.mutate(|tx| {
            tx.execute(
                "UPDATE settings SET transfer_millis = ?1, boot_millis = ?2, replica_delay_millis = ?3",
                params![transfer, boot, delay],
            )?;
            Ok(())
        })
    }

    /// Sets the limits of a site's project; `None`: not limited.
    ///
    /// # Errors
    /// no such site → `NotFound`.
    pub fn set_quota(&self, site: &SiteName, limits: &Quota) -> Result<()> {
        self.mutate(|tx| {
            clouds::site(tx, site)?;
            quota::set(tx, site.as_str(), limits)
        })
    }

    /// Gives a server to a project; `None`: its cloud does not tell whose it is, as of all servers that are seeded.
    ///
    /// # Errors
    /// no such site or server → `NotFound`.
    pub fn set_server_project(&self, site: &SiteName, server: &ServerId, project: Option<&str>) -> Result<()> {
        self.mutate(|tx| clouds::servers::set_project(tx, &clouds::site(tx, site)?, server, project))
    }

    /// The write oracle: a host writes `count` times to the array volume behind a Cinder volume.
    ///
    /// # Errors
    /// no such volume → `NotFound`; site down → `Unreachable`; the array refuses host writes → `Precondition`.
    pub fn write(&self, site: &SiteName, volume: &VolumeId, count: u64) -> Result<()> {
        self.mutate(|tx| {
            let site = clouds::answering(tx, site)?;
            volumes::write(tx, &site.array_id, &clouds::volumes::array_volume(tx, &site, volume)?, count)
        })
    }

    /// How many writes a volume holds.
    ///
    /// # Errors
    /// no such array or volume → `NotFound`.
    pub fn content(&self, array: &ArrayName, volume: &ArrayVolumeId) -> Result<u64> {
        self.read(|tx| {
            let array = array::by_name(tx, array)?;
            volumes::by_id(tx, &array.id, volume.as_str())?
                .map(|found| found.content)
                .ok_or_else(|| Error::not_found(format!("array '{}' has no volume with id '{volume}'", array.name)))
        })
    }

    /// How many calls have changed this world so far.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn mutations(&self) -> Result<u64> {
        self.read(|tx| Ok(unsigned(tx.value("SELECT mutations FROM bookkeeping", [])?)))
    }
}

/// How long things take.
pub(super) fn settings(tx: &Tx<'_>) -> Result<WorldSettings> {
    let found = tx.first("SELECT transfer_millis, boot_millis, replica_delay_millis FROM settings", [], |row| {
        Ok(WorldSettings {
            transfer_millis: unsigned(row.get(0)?),
            boot_millis: unsigned(row.get(1)?),
            replica_delay_millis: unsigned(row.get(2)?),
        })
    })?;
    Ok(found.unwrap_or_default())
}
