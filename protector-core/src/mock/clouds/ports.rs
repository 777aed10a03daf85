//! Ports.

use super::{Site, networks};
use crate::mock::tx::{Tx, from_json};
use crate::model::{Nic, PortId};
use crate::ports::{Outcome, Port, PortSpec};
use crate::{Error, Result};
use rusqlite::params;
use std::{collections::BTreeSet, net::IpAddr};

/// The port with this id, if there is one.
fn find(tx: &Tx<'_>, site: &Site, id: &PortId) -> Result<Option<Port>> {
    let row = tx.first(
        "SELECT ports.name, networks.name FROM ports JOIN networks ON networks.id = network_id
         WHERE ports.site = ?1 AND ports.id = ?2",
        [site.name.as_str(), id.as_str()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let Some((name, network)) = row else { return Ok(None) };
    Ok(Some(Port { id: id.clone(), name, network, fixed_ips: addresses(tx, id.as_str())? }))
}

fn addresses(tx: &Tx<'_>, port_id: &str) -> Result<Vec<String>> {
    tx.all("SELECT address FROM port_addresses WHERE port_id = ?1 ORDER BY address", [port_id], |row| row.get(0))
}

pub(in crate::mock) fn ensure(tx: &Tx<'_>, site: &Site, spec: &PortSpec) -> Result<Outcome<Port>> {
    let network_id = networks::find(tx, site, &spec.network)?;
    if let Some(port) = reusable(tx, site, spec)? {
        return Ok(Outcome::AlreadyDone(port));
    }
    let present = tx.first(
        "SELECT id FROM ports WHERE site = ?1 AND name = ?2 AND network_id = ?3",
        [site.name.as_str(), spec.name.as_str(), network_id.as_str()],
        |row| row.get::<_, String>(0).map(PortId::from),
    )?;
    let present = present.map(|id| find(tx, site, &id)).transpose()?.flatten();
    if let Some(port) = present {
        return Ok(Outcome::AlreadyDone(port));
    }
    let mut fixed_ips = fitting(tx, &network_id, spec)?;
    if fixed_ips.is_empty() {
        fixed_ips.insert(networks::free_address(tx, &network_id, &spec.network)?);
    }
    let id = create(tx, site, spec, &network_id)?;
    for address in fixed_ips {
        add_address(tx, &network_id, &address, id.as_str())?;
    }
    find(tx, site, &id)?
        .map(Outcome::Done)
        .ok_or_else(|| Error::internal(format!("port '{}' is not there after making it", spec.name)))
}

/// The port to reuse, if it is still there, on the wanted network and bound to no server.
fn reusable(tx: &Tx<'_>, site: &Site, spec: &PortSpec) -> Result<Option<Port>> {
    let Some(id) = &spec.reuse else { return Ok(None) };
    let found = find(tx, site, id)?.filter(|port| port.network == spec.network);
    Ok(match found {
        Some(port) if bound_to(tx, site, id)?.is_none() => Some(port),
        _ => None,
    })
}

/// The wanted addresses that the network offers; all free.
fn fitting(tx: &Tx<'_>, network_id: &str, spec: &PortSpec) -> Result<BTreeSet<String>> {
    let mut fitting = BTreeSet::new();
    for wanted in &spec.fixed_ips {
        let address: IpAddr = wanted
            .parse()
            .map_err(|_| Error::invalid(format!("'{wanted}', wanted for port '{}', is no address", spec.name)))?;
        let IpAddr::V4(address) = address else { continue };
        if !networks::offers(tx, network_id, address)? {
            continue;
        }
        if let Some(holder) = networks::holder(tx, network_id, wanted)? {
            return Err(Error::conflict(format!(
                "address {wanted} of network '{}', wanted for port '{}', is taken by port '{holder}'",
                spec.network, spec.name
            )));
        }
        fitting.insert(address.to_string());
    }
    Ok(fitting)
}

/// Names of a site's security groups, sorted.
pub(in crate::mock) fn security_groups(tx: &Tx<'_>, site: &Site) -> Result<Vec<String>> {
    tx.all("SELECT name FROM security_groups WHERE site = ?1 ORDER BY name", [&site.name], |row| row.get(0))
}

/// A new port without addresses.
pub(in crate::mock) fn create(tx: &Tx<'_>, site: &Site, spec: &PortSpec, network_id: &str) -> Result<PortId> {
    let known = security_groups(tx, site)?;
    let security_groups: Vec<&String> = spec.security_groups.iter().filter(|name| known.contains(*name)).collect();
    let id = tx.new_id()?;
    tx.execute(
        "INSERT INTO ports (id, site, name, network_id, mac_address, security_groups) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, site.name, spec.name, network_id, mac_address(&id), serde_json::to_string(&security_groups)?],
    )?;
    Ok(PortId::from(id))
}

pub(in crate::mock) fn add_address(tx: &Tx<'_>, network_id: &str, address: &str, port_id: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO port_addresses (network_id, address, port_id) VALUES (?1, ?2, ?3)",
        [network_id, address, port_id],
    )?;
    Ok(())
}

/// Neutron's prefix and the first hex digits of the port's id.
fn mac_address(port_id: &str) -> String {
    let digits: Vec<char> = port_id.chars().filter(char::is_ascii_hexdigit).take(6).collect();
    let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
    format!("fa:16:3e:{}", pairs.join(":"))
}

pub(in crate::mock) fn delete(tx: &Tx<'_>, site: &Site, id: &PortId) -> Result<Outcome<()>> {
    let deleted = tx.execute("DELETE FROM ports WHERE site = ?1 AND id = ?2", [site.name.as_str(), id.as_str()])?;
    Ok(if deleted > 0 { Outcome::Done(()) } else { Outcome::AlreadyDone(()) })
}

/// The server that a port is bound to, by name; `Err`: no such port.
pub(super) fn bound_to(tx: &Tx<'_>, site: &Site, id: &PortId) -> Result<Option<String>> {
    let sql = "SELECT servers.name FROM ports LEFT JOIN servers ON servers.id = server_id
               WHERE ports.site = ?1 AND ports.id = ?2";
    tx.first(sql, [site.name.as_str(), id.as_str()], |row| row.get(0))?
        .ok_or_else(|| Error::not_found(format!("site '{}' has no port '{id}'", site.name)))
}

pub(in crate::mock) fn bind(tx: &Tx<'_>, id: &PortId, server_id: &str, position: usize) -> Result<()> {
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    let sql = "UPDATE ports SET server_id = ?2, position = ?3 WHERE id = ?1";
    tx.execute(sql, params![id.as_str(), server_id, position])?;
    Ok(())
}

/// Interfaces of a server in order, and the security groups on them.
pub(super) fn of_server(tx: &Tx<'_>, server_id: &str) -> Result<(Vec<Nic>, Vec<String>)> {
    let rows = tx.all(
        "SELECT ports.id, networks.name, mac_address, security_groups FROM ports
         JOIN networks ON networks.id = network_id WHERE server_id = ?1 ORDER BY position, ports.id",
        [server_id],
        |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?)),
    )?;
    let (mut nics, mut security_groups) = (Vec::new(), BTreeSet::new());
    for (id, network, mac_address, on_port) in rows {
        nics.push(Nic {
            port: Some(PortId::from(id.as_str())),
            network,
            mac_address: Some(mac_address),
            fixed_ips: addresses(tx, &id)?,
        });
        security_groups.extend(from_json::<Vec<String>>(&on_port)?);
    }
    Ok((nics, security_groups.into_iter().collect()))
}
