//! Connections: which hosts can write to which volumes, and what they write.

use super::{ArrayTx, HostGroupRow, HostRow, NewVolume, Reference};
use crate::mock::World;
use crate::mock::array::{self, volumes};
use crate::model::{ArrayName, ArrayVolumeId};
use crate::{Error, Result};
use rusqlite::{Row, params};
use std::collections::BTreeSet;

/// The highest LUN there is.
const MAX_LUN: i64 = 4095;
/// Where the LUNs of host groups begin, going down.
const FIRST_SHARED_LUN: i64 = 254;

/// A volume that a host can write to, itself or through its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRow {
    /// The volume.
    pub volume: Reference,
    /// The host; `None`: the group has no hosts.
    pub host: Option<String>,
    /// The host group, if it is connected through that.
    pub host_group: Option<String>,
    /// Number under which the host sees it.
    pub lun: i64,
}

/// Who is connected to a volume.
#[derive(Debug, Clone, Copy)]
pub enum Initiator<'a> {
    /// A host alone.
    Host(&'a HostRow),
    /// Each host of a group.
    Group(&'a HostGroupRow),
}

impl Initiator<'_> {
    fn ids(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Host(host) => (Some(&host.id), None),
            Self::Group(group) => (None, Some(&group.id)),
        }
    }
}

const SELECT: &str = "SELECT volumes.id, volumes.name, COALESCE(hosts.name, members.name), host_groups.name, c.lun
    FROM connections AS c JOIN volumes ON volumes.id = c.volume_id
    LEFT JOIN hosts ON hosts.id = c.host_id
    LEFT JOIN host_groups ON host_groups.id = c.host_group_id
    LEFT JOIN hosts AS members ON members.host_group_id = c.host_group_id
    WHERE c.array_id = ?1";

fn read(row: &Row<'_>) -> rusqlite::Result<ConnectionRow> {
    Ok(ConnectionRow {
        volume: Reference { id: row.get(0)?, name: row.get(1)? },
        host: row.get(2)?,
        host_group: row.get(3)?,
        lun: row.get(4)?,
    })
}

impl ArrayTx<'_> {
    /// Every connection, one for each host of a group, by volume and host.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn connections(&self) -> Result<Vec<ConnectionRow>> {
        let sql = format!("{SELECT} ORDER BY volumes.name COLLATE BINARY, 3, 4");
        self.tx.all(&sql, [&self.array.id], read)
    }

    /// The connections of one volume, by host.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn connections_of_volume(&self, volume_id: &str) -> Result<Vec<ConnectionRow>> {
        self.tx.all(&format!("{SELECT} AND c.volume_id = ?2 ORDER BY 3, 4"), [&self.array.id, volume_id], read)
    }

    /// Connects a volume. Without a number it gets the next free one: of a host from 1 up, of a group from 254 down and
    /// then from 255 up (FlashArray REST 2.37, `POST connections`). The number.
    ///
    /// # Errors
    /// number out of range → `InvalidRequest`; number taken → `Conflict`; no number left → `LimitReached`.
    pub fn connect(&self, volume_id: &str, to: Initiator<'_>, lun: Option<i64>) -> Result<i64> {
        let taken = self.luns(to)?;
        let lun = match lun {
            Some(lun) if !(1..=MAX_LUN).contains(&lun) => {
                return Err(Error::invalid(format!("a LUN is a number from 1 to {MAX_LUN}, not {lun}")));
            }
            Some(lun) if taken.contains(&lun) => return Err(Error::conflict(format!("LUN {lun} is taken"))),
            Some(lun) => lun,
            None => free_lun(&taken, matches!(to, Initiator::Group(_)))
                .ok_or_else(|| Error::new(crate::ErrorKind::LimitReached, format!("all {MAX_LUN} LUNs are taken")))?,
        };
        let (host, group) = to.ids();
        self.tx.execute(
            "INSERT INTO connections (array_id, volume_id, host_id, host_group_id, lun) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![self.array.id, volume_id, host, group, lun],
        )?;
        Ok(lun)
    }

    /// Whether a volume is connected to a host, itself or through its group, or to a group or a host of it.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn is_connected(&self, volume_id: &str, to: Initiator<'_>) -> Result<bool> {
        let (host, group) = match to {
            Initiator::Host(host) => (Some(&host.id), host.group.as_ref().and_then(|group| group.id.as_ref())),
            Initiator::Group(group) => (None, Some(&group.id)),
        };
        let sql = "SELECT EXISTS (SELECT 1 FROM connections WHERE volume_id = ?2 AND array_id = ?1
                                      AND (host_id = ?3 OR host_group_id = ?4))";
        self.tx.value(sql, params![self.array.id, volume_id, host, group])
    }

    /// Whether any host or group is connected to a volume, on this array or on another array of its pod.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn has_connections(&self, volume_id: &str) -> Result<bool> {
        self.tx.value("SELECT EXISTS (SELECT 1 FROM connections WHERE volume_id = ?1)", [volume_id])
    }

    /// Ends a connection of just this host or group; `false`: there is none.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn disconnect(&self, volume_id: &str, from: Initiator<'_>) -> Result<bool> {
        let (host, group) = from.ids();
        let sql =
            "DELETE FROM connections WHERE array_id = ?1 AND volume_id = ?2 AND host_id IS ?3 AND host_group_id IS ?4";
        Ok(self.tx.execute(sql, params![self.array.id, volume_id, host, group])? > 0)
    }

    /// Numbers under which a host, or any host of a group, sees volumes.
    fn luns(&self, of: Initiator<'_>) -> Result<BTreeSet<i64>> {
        let (host, group) = match of {
            Initiator::Host(host) => (Some(&host.id), host.group.as_ref().and_then(|group| group.id.as_ref())),
            Initiator::Group(group) => (None, Some(&group.id)),
        };
        let sql = "SELECT lun FROM connections WHERE host_id = ?1 OR host_group_id = ?2
                       OR host_id IN (SELECT id FROM hosts WHERE ?1 IS NULL AND host_group_id = ?2)";
        Ok(self.tx.all(sql, params![host, group], |row| row.get(0))?.into_iter().collect())
    }
}

fn free_lun(taken: &BTreeSet<i64>, shared: bool) -> Option<i64> {
    let mut up = 1..=MAX_LUN;
    let mut down = (1..=FIRST_SHARED_LUN).rev().chain(FIRST_SHARED_LUN + 1..=MAX_LUN);
    let free = |lun: &i64| !taken.contains(lun);
    if shared { down.find(free) } else { up.find(free) }
}

impl World {
    /// Makes an empty volume.
    ///
    /// # Errors
    /// no such array → `NotFound`; name taken → `AlreadyExists`; too large → `InvalidRequest`.
    pub fn create_volume(&self, array: &ArrayName, name: &str, bytes: u64) -> Result<ArrayVolumeId> {
        self.change_array(array, |array| {
            let pod = array.place(name)?;
            let group = match name.rsplit_once('/') {
                Some((group, _)) => Some(array.volume_group(group)?.ok_or_else(|| {
                    Error::not_found(format!("array '{}' has no volume group '{group}'", array.info().name))
                })?),
                None => None,
            };
            let id = array.create_volume(&NewVolume {
                name,
                provisioned: bytes,
                content: 0,
                source: None,
                pod_id: pod.as_ref().map(|pod| pod.id.as_str()),
                volume_group_id: group.as_ref().map(|group| group.id.as_str()),
            })?;
            Ok(id.into())
        })
    }

    /// A host that is connected to a volume on this array writes to it `count` times.
    ///
    /// # Errors
    /// no such array or volume → `NotFound`; array down → `Unreachable`; no host is connected, or the volume is
    /// destroyed, fenced, demoted or in a pod that takes no writes here → `Precondition`.
    pub fn write_as_host(&self, array: &ArrayName, volume: &str, count: u64) -> Result<()> {
        self.mutate(|tx| {
            let array = array::answering(tx, &array::by_name(tx, array)?.id)?;
            let found = volumes::by_name(tx, &array.id, volume)?
                .ok_or_else(|| Error::not_found(format!("array '{}' has no volume '{volume}'", array.name)))?;
            let refuse = |why: &str| {
                Err(Error::precondition(format!("volume '{}' on array '{}' {why}", found.name, array.name)))
            };
            if found.destroyed {
                return refuse("is destroyed");
            }
            let connected = "SELECT EXISTS (SELECT 1 FROM connections WHERE volume_id = ?1 AND array_id = ?2)";
            if !tx.value(connected, [&found.id, &array.id])? {
                return refuse("is connected to no host, so nothing can write to it");
            }
            volumes::write(tx, &array.id, &found, count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_lun_is_free_and_the_last_one_is_found() {
        let but = |free: &[i64]| (1..=MAX_LUN).filter(|lun| !free.contains(lun)).collect::<BTreeSet<_>>();
        let table: [(&[i64], Option<i64>, Option<i64>); 5] = [
            (&[1, 2, 254, 255], Some(1), Some(254)),
            (&[7, 300], Some(7), Some(7)),
            (&[300, 4000], Some(300), Some(300)),
            (&[4095], Some(4095), Some(4095)),
            (&[], None, None),
        ];
        for (free, of_host, of_group) in table {
            assert_eq!((free_lun(&but(free), false), free_lun(&but(free), true)), (of_host, of_group), "{free:?}");
        }
    }
}
