//! Networks and their address ranges.

use super::Site;
use crate::mock::tx::{Tx, unsigned};
use crate::ports::Network;
use crate::{Error, ErrorKind, Result};
use rusqlite::params;
use std::net::Ipv4Addr;

/// All of a site, by name.
pub(in crate::mock) fn list(tx: &Tx<'_>, site: &Site) -> Result<Vec<Network>> {
    let networks = tx.all("SELECT id, name FROM networks WHERE site = ?1 ORDER BY name", [&site.name], |row| {
        Ok(Network { id: row.get(0)?, name: row.get(1)?, cidrs: Vec::new() })
    })?;
    networks
        .into_iter()
        .map(|network| {
            let cidrs = subnets(tx, &network.id)?.into_iter().map(|(cidr, _)| cidr).collect();
            Ok(Network { cidrs, ..network })
        })
        .collect()
}

/// Id of the network of this name.
pub(super) fn find(tx: &Tx<'_>, site: &Site, name: &str) -> Result<String> {
    let sql = "SELECT id FROM networks WHERE site = ?1 AND name = ?2";
    tx.first(sql, [site.name.as_str(), name], |row| row.get(0))?
        .ok_or_else(|| Error::not_found(format!("site '{}' has no network '{name}'", site.name)))
}

/// Address ranges in the order they were given, with where the search for a free address begins.
fn subnets(tx: &Tx<'_>, network_id: &str) -> Result<Vec<(String, u64)>> {
    tx.all("SELECT cidr, next_host FROM subnets WHERE network_id = ?1 ORDER BY rowid", [network_id], |row| {
        Ok((row.get(0)?, unsigned(row.get(1)?)))
    })
}

/// Whether a port may have this address: it lies in a range, and is not the network, gateway or broadcast address.
pub(super) fn offers(tx: &Tx<'_>, network_id: &str, address: Ipv4Addr) -> Result<bool> {
    for (cidr, _) in subnets(tx, network_id)? {
        if Range::parse(&cidr)?.host_of(address).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The port that has an address.
pub(super) fn holder(tx: &Tx<'_>, network_id: &str, address: &str) -> Result<Option<String>> {
    let sql = "SELECT port_id FROM port_addresses WHERE network_id = ?1 AND address = ?2";
    tx.first(sql, [network_id, address], |row| row.get(0))
}

/// A free address.
pub(super) fn free_address(tx: &Tx<'_>, network_id: &str, network: &str) -> Result<String> {
    for (cidr, next) in subnets(tx, network_id)? {
        let range = Range::parse(&cidr)?;
        for n in 0..range.hosts() {
            let address = range.host(next + u64::from(n)).to_string();
            if holder(tx, network_id, &address)?.is_none() {
                tx.execute(
                    "UPDATE subnets SET next_host = next_host + ?3 WHERE network_id = ?1 AND cidr = ?2",
                    params![network_id, cidr, i64::from(n) + 1],
                )?;
                return Ok(address);
            }
        }
    }
    Err(Error::new(ErrorKind::LimitReached, format!("network '{network}' has no free address")))
}

/// An IPv4 range, `192.168.10.0/24`.
#[derive(Debug, Clone, Copy)]
struct Range {
    base: u32,
    size: u32,
}

impl Range {
    fn parse(cidr: &str) -> Result<Self> {
        let parsed = cidr.split_once('/').and_then(|(base, prefix)| {
            let base: Ipv4Addr = base.parse().ok()?;
            let prefix: u32 = prefix.parse().ok().filter(|prefix| (8..=29).contains(prefix))?;
            Some(Self { base: base.into(), size: 1 << (32 - prefix) })
        });
        parsed.ok_or_else(|| Error::storage(format!("the simulated world holds a broken address range '{cidr}'")))
    }

    /// How many addresses ports may have: all but the network's, the gateway's (the one after it) and the broadcast one.
    fn hosts(self) -> u32 {
        self.size - 3
    }

    /// One of them, counted round and round.
    fn host(self, n: u64) -> Ipv4Addr {
        let n = u32::try_from(n % u64::from(self.hosts())).unwrap_or(0);
        Ipv4Addr::from(self.base + 2 + n)
    }

    /// Which of them an address is.
    fn host_of(self, address: Ipv4Addr) -> Option<u32> {
        u32::from(address).checked_sub(self.base + 2).filter(|n| *n < self.hosts())
    }
}
