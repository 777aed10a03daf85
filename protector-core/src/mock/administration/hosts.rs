//! Hosts and host groups.

use super::volumes::WRITTEN;
use super::{ArrayTx, Reference};
use crate::mock::tx::{from_json, unsigned};
use crate::{Error, Result};
use rusqlite::{Row, params};

/// What an administrator sets of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostSettings {
    /// iSCSI names.
    pub iqns: Vec<String>,
    /// NVMe names.
    pub nqns: Vec<String>,
    /// Fibre Channel names.
    pub wwns: Vec<String>,
    /// Operating system that the array adapts to.
    pub personality: Option<String>,
    /// Names of the arrays whose paths it prefers.
    pub preferred_arrays: Vec<String>,
    /// `any`, `untagged` or a number.
    pub vlan: Option<String>,
    /// User by which the host logs in to the array. Passwords are not kept.
    pub chap_host_user: Option<String>,
    /// User by which the array logs in to the host.
    pub chap_target_user: Option<String>,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRow {
    /// UUID; arrays do not show it.
    pub id: String,
    /// Name.
    pub name: String,
    /// The host group it is in.
    pub group: Option<Reference>,
    /// Volumes it is connected to, also through its group.
    pub connections: u64,
    /// Bytes of these.
    pub provisioned: u64,
    /// Bytes that hosts have written to these.
    pub written: u64,
    /// What an administrator set.
    pub settings: HostSettings,
}

/// A host group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostGroupRow {
    /// UUID; arrays do not show it.
    pub id: String,
    /// Name.
    pub name: String,
    /// How many hosts are in it.
    pub hosts: u64,
    /// Volumes that it is connected to.
    pub connections: u64,
    /// Bytes of these.
    pub provisioned: u64,
    /// Bytes that hosts have written to these.
    pub written: u64,
}

/// Connected to a host, itself or through its group.
const OF_HOST: &str = "FROM connections AS c JOIN volumes AS v ON v.id = c.volume_id
     WHERE c.host_id = hosts.id OR c.host_group_id = hosts.host_group_id";

fn select_host() -> String {
    format!(
        "SELECT hosts.id, hosts.name, host_groups.id, host_groups.name, (SELECT count(*) {OF_HOST}),
             (SELECT COALESCE(sum(v.provisioned), 0) {OF_HOST}), iqns, nqns, wwns, preferred_arrays, personality, vlan,
             chap_host_user, chap_target_user, (SELECT COALESCE(sum({WRITTEN}), 0) {OF_HOST})
         FROM hosts LEFT JOIN host_groups ON host_groups.id = hosts.host_group_id WHERE hosts.array_id = ?1"
    )
}

/// A host whose lists are still JSON.
type Unread = (HostRow, [String; 4]);

fn read_host(row: &Row<'_>) -> rusqlite::Result<Unread> {
    let lists = [row.get(6)?, row.get(7)?, row.get(8)?, row.get(9)?];
    let settings = HostSettings {
        personality: row.get(10)?,
        vlan: row.get(11)?,
        chap_host_user: row.get(12)?,
        chap_target_user: row.get(13)?,
        ..HostSettings::default()
    };
    let host = HostRow {
        id: row.get(0)?,
        name: row.get(1)?,
        group: Reference::read(row, 2)?,
        connections: unsigned(row.get(4)?),
        provisioned: unsigned(row.get(5)?),
        written: unsigned(row.get(14)?),
        settings,
    };
    Ok((host, lists))
}

fn with_lists((mut host, [iqns, nqns, wwns, preferred]): Unread) -> Result<HostRow> {
    host.settings.iqns = from_json(&iqns)?;
    host.settings.nqns = from_json(&nqns)?;
    host.settings.wwns = from_json(&wwns)?;
    host.settings.preferred_arrays = from_json(&preferred)?;
    Ok(host)
}

fn select_group() -> String {
    format!(
        "SELECT g.id, g.name, (SELECT count(*) FROM hosts WHERE host_group_id = g.id),
        (SELECT count(*) FROM connections WHERE host_group_id = g.id),
        (SELECT COALESCE(sum(provisioned), 0) FROM connections JOIN volumes ON volumes.id = volume_id
         WHERE host_group_id = g.id),
        (SELECT COALESCE(sum({WRITTEN}), 0) FROM connections JOIN volumes ON volumes.id = volume_id
         WHERE host_group_id = g.id)
    FROM host_groups AS g WHERE g.array_id = ?1"
    )
}

fn read_group(row: &Row<'_>) -> rusqlite::Result<HostGroupRow> {
    Ok(HostGroupRow {
        id: row.get(0)?,
        name: row.get(1)?,
        hosts: unsigned(row.get(2)?),
        connections: unsigned(row.get(3)?),
        provisioned: unsigned(row.get(4)?),
        written: unsigned(row.get(5)?),
    })
}

impl ArrayTx<'_> {
    /// Every host, by name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn hosts(&self) -> Result<Vec<HostRow>> {
        let sql = format!("{} ORDER BY hosts.name COLLATE BINARY", select_host());
        self.tx.all(&sql, [&self.array.id], read_host)?.into_iter().map(with_lists).collect()
    }

    /// The host of this name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn host(&self, name: &str) -> Result<Option<HostRow>> {
        let sql = format!("{} AND hosts.name = ?2", select_host());
        self.tx.first(&sql, [&self.array.id, name], read_host)?.map(with_lists).transpose()
    }

    /// The hosts in a host group, by name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn hosts_of_group(&self, group_id: &str) -> Result<Vec<HostRow>> {
        let sql = format!("{} AND hosts.host_group_id = ?2 ORDER BY hosts.name COLLATE BINARY", select_host());
        self.tx.all(&sql, [&self.array.id, group_id], read_host)?.into_iter().map(with_lists).collect()
    }

    /// The host that logs in by a name: an IQN, NQN or WWN.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn host_of_initiator(&self, initiator: &str) -> Result<Option<String>> {
        let sql = "SELECT name FROM hosts WHERE array_id = ?1 AND EXISTS (
                       SELECT 1 FROM json_each(iqns) WHERE lower(value) = lower(?2)
                       UNION ALL SELECT 1 FROM json_each(nqns) WHERE lower(value) = lower(?2)
                       UNION ALL SELECT 1 FROM json_each(wwns) WHERE lower(value) = lower(?2))";
        self.tx.first(sql, [&self.array.id, initiator], |row| row.get(0))
    }

    /// Makes a host; its id.
    ///
    /// # Errors
    /// name taken → `AlreadyExists`.
    pub fn create_host(&self, name: &str, settings: &HostSettings) -> Result<String> {
        if self.host(name)?.is_some() {
            return Err(Error::already_exists(format!("array '{}' has a host '{name}'", self.array.name)));
        }
        let id = self.tx.new_id()?;
        let sql = "INSERT INTO hosts (id, array_id, name) VALUES (?1, ?2, ?3)";
        self.tx.execute(sql, [id.as_str(), &self.array.id, name])?;
        self.set_host(&id, settings)?;
        Ok(id)
    }

    /// Sets all that an administrator sets of a host.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn set_host(&self, id: &str, settings: &HostSettings) -> Result<()> {
        self.tx.execute(
            "UPDATE hosts SET iqns = ?2, nqns = ?3, wwns = ?4, preferred_arrays = ?5, personality = ?6, vlan = ?7,
                 chap_host_user = ?8, chap_target_user = ?9
             WHERE id = ?1",
            params![
                id,
                serde_json::to_string(&settings.iqns)?,
                serde_json::to_string(&settings.nqns)?,
                serde_json::to_string(&settings.wwns)?,
                serde_json::to_string(&settings.preferred_arrays)?,
                settings.personality,
                settings.vlan,
                settings.chap_host_user,
                settings.chap_target_user
            ],
        )?;
        Ok(())
    }

    /// Gives a host another name.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn rename_host(&self, id: &str, name: &str) -> Result<()> {
        self.tx.execute("UPDATE hosts SET name = ?2 WHERE id = ?1", [id, name])?;
        Ok(())
    }

    /// Puts a host into a host group, or takes it out of its group.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn set_host_group(&self, host_id: &str, group_id: Option<&str>) -> Result<()> {
        self.tx.execute("UPDATE hosts SET host_group_id = ?2 WHERE id = ?1", params![host_id, group_id])?;
        Ok(())
    }

    /// Removes a host and its own connections.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn delete_host(&self, id: &str) -> Result<()> {
        self.tx.execute("DELETE FROM hosts WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Every host group, by name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn host_groups(&self) -> Result<Vec<HostGroupRow>> {
        let sql = format!("{} ORDER BY g.name COLLATE BINARY", select_group());
        self.tx.all(&sql, [&self.array.id], read_group)
    }

    /// The host group of this name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn host_group(&self, name: &str) -> Result<Option<HostGroupRow>> {
        self.tx.first(&format!("{} AND g.name = ?2", select_group()), [&self.array.id, name], read_group)
    }

    /// Makes an empty host group; its id.
    ///
    /// # Errors
    /// name taken → `AlreadyExists`.
    pub fn create_host_group(&self, name: &str) -> Result<String> {
        if self.host_group(name)?.is_some() {
            return Err(Error::already_exists(format!("array '{}' has a host group '{name}'", self.array.name)));
        }
        let id = self.tx.new_id()?;
        let sql = "INSERT INTO host_groups (id, array_id, name) VALUES (?1, ?2, ?3)";
        self.tx.execute(sql, [id.as_str(), &self.array.id, name])?;
        Ok(id)
    }

    /// Gives a host group another name.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn rename_host_group(&self, id: &str, name: &str) -> Result<()> {
        self.tx.execute("UPDATE host_groups SET name = ?2 WHERE id = ?1", [id, name])?;
        Ok(())
    }

    /// Removes a host group and its connections; its hosts stay.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn delete_host_group(&self, id: &str) -> Result<()> {
        self.tx.execute("UPDATE hosts SET host_group_id = NULL WHERE host_group_id = ?1", [id])?;
        self.tx.execute("DELETE FROM host_groups WHERE id = ?1", [id])?;
        Ok(())
    }
}
