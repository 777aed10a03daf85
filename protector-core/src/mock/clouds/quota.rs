//! What the project may still use.

use super::Site;
use crate::mock::tx::{Tx, signed, unsigned};
use crate::ports::Quota;
use crate::{Error, ErrorKind, Result};
use rusqlite::{Row, params};

/// What a request takes.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::mock) struct Need {
    pub(in crate::mock) servers: u64,
    pub(in crate::mock) vcpus: u64,
    pub(in crate::mock) ram_mib: u64,
    pub(in crate::mock) volumes: u64,
    pub(in crate::mock) volume_gib: u64,
}

/// Limits less what is in use.
pub(in crate::mock) fn left(tx: &Tx<'_>, site: &Site) -> Result<Quota> {
    let read = |row: &Row<'_>| {
        let left = |column: usize| row.get::<_, Option<i64>>(column).map(|left| left.map(|left| unsigned(left.max(0))));
        Ok(Quota { servers: left(0)?, vcpus: left(1)?, ram_mib: left(2)?, volumes: left(3)?, volume_gib: left(4)? })
    };
    let found = tx.first(
        "SELECT quotas.servers - used.servers, quotas.vcpus - used.vcpus, quotas.ram_mib - used.ram_mib,
                quotas.volumes - stored.volumes, quotas.volume_gib - stored.volume_gib
         FROM quotas,
              (SELECT count(*) AS servers, COALESCE(sum(vcpus), 0) AS vcpus, COALESCE(sum(ram_mib), 0) AS ram_mib
               FROM servers JOIN flavors ON flavors.site = servers.site AND flavors.name = servers.flavor
               WHERE servers.site = ?1) AS used,
              (SELECT count(*) AS volumes, COALESCE(sum(size_gib), 0) AS volume_gib
               FROM cinder_volumes WHERE site = ?1) AS stored
         WHERE quotas.site = ?1",
        [&site.name],
        read,
    )?;
    found.ok_or_else(|| Error::storage(format!("the simulated world has no quota for site '{}'", site.name)))
}

/// Sets the limits.
pub(in crate::mock) fn set(tx: &Tx<'_>, site: &str, limits: &Quota) -> Result<()> {
    let limit = |value: Option<u64>| value.map(signed).transpose();
    tx.execute(
        "INSERT OR REPLACE INTO quotas (site, servers, vcpus, ram_mib, volumes, volume_gib)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            site,
            limit(limits.servers)?,
            limit(limits.vcpus)?,
            limit(limits.ram_mib)?,
            limit(limits.volumes)?,
            limit(limits.volume_gib)?
        ],
    )?;
    Ok(())
}

/// Refuses what exceeds the quota, naming which.
pub(in crate::mock) fn require(tx: &Tx<'_>, site: &Site, need: &Need) -> Result<()> {
    // a thousand servers should not be counted a thousand times for nothing
    let limited: bool = tx.value(
        "SELECT COALESCE(servers, vcpus, ram_mib, volumes, volume_gib) IS NOT NULL FROM quotas WHERE site = ?1",
        [&site.name],
    )?;
    if !limited {
        return Ok(());
    }
    let left = left(tx, site)?;
    let checks = [
        ("servers", need.servers, left.servers),
        ("vCPUs", need.vcpus, left.vcpus),
        ("MiB of memory", need.ram_mib, left.ram_mib),
        ("volumes", need.volumes, left.volumes),
        ("GiB of volumes", need.volume_gib, left.volume_gib),
    ];
    for (what, need, left) in checks {
        if left.is_some_and(|left| need > left) {
            return Err(Error::new(
                ErrorKind::LimitReached,
                format!("the quota of site '{}' leaves {} {what}, {need} needed", site.name, left.unwrap_or_default()),
            ));
        }
    }
    Ok(())
}
