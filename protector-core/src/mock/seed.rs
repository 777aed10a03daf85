//! The world of the documents: site-a with its servers, site-b empty, both ready to replicate.

use super::World;
use super::array::{self, ConnectionKind, pod_members, volumes as array_volumes};
use super::clouds::{self, Site, pods, ports, quota, servers, volumes};
use super::tx::Tx;
use crate::model::{OpKey, REPLICATION_ENABLED, REPLICATION_TYPE, SiteName, VOLUME_BACKEND_NAME, VolumeId};
use crate::ports::{ImportRequest, Outcome, PortSpec, Quota, ServerSpec};
use crate::rules::naming;
use crate::{Error, Result};
use rusqlite::params;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How much to put into a world.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SeedOptions {
    /// Servers `server-0001` and on, each with one boot volume of 10 GiB, beside the five of the documents.
    #[serde(default)]
    pub servers: u32,
    /// Servers `sync-server-1` and on, each with a boot disk of 20 GiB and a data disk of 40 GiB in Cinder's pod, which is
    /// stretched over both arrays. With any of them, both sites have the volume type `replicated-sync`.
    #[serde(default)]
    pub sync_servers: u32,
}

/// What was put into a world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SeedReport {
    /// Sites by name.
    pub sites: Vec<SiteName>,
    /// How many servers run on site-a.
    pub servers: u32,
    /// How many volumes they have.
    pub volumes: u32,
}

/// Letter of a site, and the address ranges of its production network: the documents' own, and one for large worlds.
const SITES: [(&str, &str, &str, &str); 2] = [
    ("a", "net-primary-web", "192.168.10.0/24", "10.10.0.0/16"),
    ("b", "net-secondary-web", "192.168.20.0/24", "10.20.0.0/16"),
];
const TEST_NETWORK: (&str, &str) = ("net-test-isolated", "10.99.0.0/16");
/// Servers that fit into the documents' own range, less what a failover from the other site needs.
const SMALL_WORLD: u32 = 100;
/// Addresses are given out from the tenth on.
const FIRST_HOST: u32 = 8;

const REPLICATED: &str = "replicated-ssd";
const SYNC: &str = "replicated-sync";
const STANDARD: &str = "standard-ssd";
const FLAVORS: [(&str, u32, u32, u32); 3] =
    [("m1.small", 1, 2048, 20), ("m1.medium", 2, 4096, 40), ("m1.large", 4, 8192, 80)];

/// A server to make: name, flavor, volume type, sizes in GiB of its volumes, boot disk first.
struct Wanted<'a> {
    name: &'a str,
    flavor: &'a str,
    volume_type: &'a str,
    sizes_gib: &'a [u64],
}

const SERVERS: [Wanted<'static>; 5] = [
    Wanted { name: "web-server-1", flavor: "m1.medium", volume_type: REPLICATED, sizes_gib: &[50, 200] },
    Wanted { name: "web-server-2", flavor: "m1.medium", volume_type: REPLICATED, sizes_gib: &[50, 200] },
    Wanted { name: "db-server-1", flavor: "m1.large", volume_type: REPLICATED, sizes_gib: &[50, 500] },
    Wanted { name: "app-server-1", flavor: "m1.small", volume_type: REPLICATED, sizes_gib: &[50] },
    Wanted { name: "legacy-server-1", flavor: "m1.small", volume_type: STANDARD, sizes_gib: &[50] },
];

/// Fills an empty world, all or nothing: two connected arrays, two sites, and servers on site-a whose volumes all hold
/// some data.
///
/// # Errors
/// filled already → `AlreadyExists`, nothing changed.
pub fn seed(world: &World, options: &SeedOptions) -> Result<SeedReport> {
    world.mutate(|tx| {
        if tx.value("SELECT EXISTS (SELECT 1 FROM sites)", [])? {
            return Err(Error::already_exists(format!("{world} is seeded already")));
        }
        let added = options.servers.saturating_add(options.sync_servers);
        let synchronous = options.sync_servers > 0;
        for (letter, network, range, large_range) in SITES {
            let ranges: &[&str] = if added > SMALL_WORLD { &[range, large_range] } else { &[range] };
            add_site(tx, letter, network, ranges)?;
            if synchronous {
                add_type(tx, letter, SYNC, Some("<in> sync"))?;
            }
        }
        let [one, other] = SITES.map(|(letter, ..)| array::by_name(tx, &format!("flasharray-{letter}").into()));
        let kind = if synchronous { ConnectionKind::Sync } else { ConnectionKind::Async };
        array::connect(tx, &one?, &other?, kind)?;
        let home = clouds::site(tx, &"site-a".into())?;
        if synchronous {
            pod_members::complete(tx, &pods::replicated_pod(tx, &home)?.id)?;
        }
        let mut volumes = 0;
        for wanted in &SERVERS {
            volumes += add_server(tx, &home, wanted, volumes)?;
        }
        for n in 1..=options.servers {
            let name = format!("server-{n:04}");
            let wanted = Wanted { name: &name, flavor: "m1.small", volume_type: REPLICATED, sizes_gib: &[10] };
            volumes += add_server(tx, &home, &wanted, volumes)?;
        }
        for n in 1..=options.sync_servers {
            let name = format!("sync-server-{n}");
            let wanted = Wanted { name: &name, flavor: "m1.small", volume_type: SYNC, sizes_gib: &[20, 40] };
            volumes += add_server(tx, &home, &wanted, volumes)?;
        }
        let sites = SITES.iter().map(|(letter, ..)| format!("site-{letter}").into()).collect();
        let servers = added.saturating_add(u32::try_from(SERVERS.len()).unwrap_or(u32::MAX));
        Ok(SeedReport { sites, servers, volumes })
    })
}

/// Two connected arrays, each under a site whose cloud is not simulated.
pub(super) fn add_arrays(tx: &Tx<'_>, sites: &[&str]) -> Result<()> {
    let mut arrays = Vec::new();
    for ((letter, ..), site) in SITES.into_iter().zip(sites) {
        let array = array::ensure(tx, &format!("flasharray-{letter}"))?;
        let sql = "INSERT INTO sites (name, array_id, auth_url, backend) VALUES (?1, ?2, '', '')";
        tx.execute(sql, [*site, &array.id])?;
        arrays.push(array);
    }
    match arrays.as_slice() {
        [one, other] => array::connect(tx, one, other, ConnectionKind::Async),
        _ => Err(Error::configuration(format!("two sites replicate to each other, not {}", sites.len()))),
    }
}

/// A site with its array, and all of its cloud but servers.
fn add_site(tx: &Tx<'_>, letter: &str, network: &str, ranges: &[&str]) -> Result<()> {
    let (site, array) = (format!("site-{letter}"), format!("flasharray-{letter}"));
    let array_id = array::ensure(tx, &array)?.id;
    let backend = backend(letter);
    tx.execute(
        "INSERT INTO sites (name, array_id, auth_url, backend) VALUES (?1, ?2, ?3, ?4)",
        [&site, &array_id, &format!("https://keystone.{site}.example.com:5000/v3"), &backend],
    )?;
    add_type(tx, letter, REPLICATED, Some("<in> async"))?;
    add_type(tx, letter, STANDARD, None)?;
    for (name, vcpus, ram_mib, disk_gib) in FLAVORS {
        tx.execute(
            "INSERT INTO flavors (id, site, name, vcpus, ram_mib, disk_gib) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![tx.new_id()?, site, name, vcpus, ram_mib, disk_gib],
        )?;
    }
    add_network(tx, &site, network, ranges)?;
    add_network(tx, &site, TEST_NETWORK.0, &[TEST_NETWORK.1])?;
    tx.execute("INSERT INTO key_pairs (site, name) VALUES (?1, 'operator')", [&site])?;
    tx.execute("INSERT INTO security_groups (site, name) VALUES (?1, 'default'), (?1, 'web')", [&site])?;
    let unlimited = Quota { servers: None, vcpus: None, ram_mib: None, volumes: None, volume_gib: None };
    quota::set(tx, &site, &unlimited)
}

fn backend(letter: &str) -> String {
    format!("pure@backend-{letter}")
}

/// A volume type of a site's backend; `replication`: how it replicates.
fn add_type(tx: &Tx<'_>, letter: &str, name: &str, replication: Option<&str>) -> Result<()> {
    let mut extra_specs = BTreeMap::from([(VOLUME_BACKEND_NAME, backend(letter))]);
    if let Some(replication) = replication {
        extra_specs.insert(REPLICATION_ENABLED, "<is> True".to_owned());
        extra_specs.insert(REPLICATION_TYPE, replication.to_owned());
    }
    tx.execute(
        "INSERT INTO volume_types (id, site, name, extra_specs) VALUES (?1, ?2, ?3, ?4)",
        params![tx.new_id()?, format!("site-{letter}"), name, serde_json::to_string(&extra_specs)?],
    )?;
    Ok(())
}

fn add_network(tx: &Tx<'_>, site: &str, name: &str, ranges: &[&str]) -> Result<()> {
    let id = tx.new_id()?;
    tx.execute("INSERT INTO networks (id, site, name) VALUES (?1, ?2, ?3)", [&id, site, name])?;
    for range in ranges {
        tx.execute(
            "INSERT INTO subnets (network_id, cidr, next_host) VALUES (?1, ?2, ?3)",
            params![id, range, FIRST_HOST],
        )?;
    }
    Ok(())
}

/// A running server; how many volumes it has. `before`: how many volumes there are, for contents that all differ.
fn add_server(tx: &Tx<'_>, site: &Site, wanted: &Wanted<'_>, before: u32) -> Result<u32> {
    let port = PortSpec {
        name: format!("{}-port", wanted.name),
        reuse: None,
        network: SITES[0].1.to_owned(),
        fixed_ips: Vec::new(),
        security_groups: vec!["default".to_owned(), "web".to_owned()],
    };
    let Outcome::Done(port) = ports::ensure(tx, site, &port)? else {
        return Err(Error::internal(format!("port '{}' was there before its server", port.name)));
    };
    let id = tx.new_id()?;
    let spec = ServerSpec {
        op_key: OpKey::from("seed"),
        name: wanted.name.to_owned(),
        flavor: wanted.flavor.to_owned(),
        ports: vec![port.id.clone()],
        volumes: Vec::new(),
        key_name: Some("operator".to_owned()),
        metadata: BTreeMap::new(),
    };
    servers::insert(tx, site, &id, &spec, spec.key_name.as_deref(), &spec.metadata, true)?;
    ports::bind(tx, &port.id, &id, 0)?;
    let mut count = 0;
    for ((device, role), size_gib) in [("vda", "os"), ("vdb", "data")].into_iter().zip(wanted.sizes_gib) {
        let boot = count == 0;
        let name = format!("{}-{role}", wanted.name);
        let content = 1000 + u64::from(before + count);
        let volume = add_volume(tx, site, &name, wanted.volume_type, *size_gib, boot, content)?;
        servers::attach(tx, &id, device, volume.as_str(), boot)?;
        count += 1;
    }
    Ok(count)
}

/// A Cinder volume with an array volume behind it.
fn add_volume(
    tx: &Tx<'_>,
    site: &Site,
    name: &str,
    volume_type: &str,
    size_gib: u64,
    bootable: bool,
    content: u64,
) -> Result<VolumeId> {
    let id = VolumeId::from(tx.new_id()?);
    let array_volume = naming::cinder_volume_name(&id);
    let array = array::by_id(tx, &site.array_id)?;
    let behind = array_volumes::create(tx, &array, array_volume.as_str(), size_gib * volumes::GIB, content)?;
    let request = ImportRequest {
        array_volume_id: behind.as_str().into(),
        array_volume,
        name: name.to_owned(),
        volume_type: volume_type.to_owned(),
        bootable,
    };
    volumes::insert(tx, site, &id, &request, &behind, size_gib)?;
    match volume_type {
        REPLICATED => volumes::join_cinder_group(tx, site, &behind)?,
        SYNC => pods::enter(tx, site, &behind, &request.array_volume)?,
        _ => {}
    }
    Ok(id)
}
