//! Servers. Booting, starting and stopping take time, which the clock alone ends.

use super::{Site, flavors, ports, quota, volumes};
use crate::mock::controls;
use crate::mock::mishaps::{self, Mishap};
use crate::mock::tx::{Tx, from_json, signed, unsigned};
use crate::model::ServerId;
use crate::ports::{AttachedVolume, Outcome, SERVER_OP_KEY, Server, ServerSpec, ServerState};
use crate::{Error, ErrorKind, Result};
use rusqlite::{Row, params};
use std::{collections::BTreeMap, time::Duration};

/// A row of `servers`.
struct Stored {
    id: String,
    name: String,
    flavor: String,
    key_name: Option<String>,
    availability_zone: Option<String>,
    metadata: String,
    running: bool,
    settled_ms: i64,
    project: Option<String>,
}

const SELECT: &str =
    "SELECT id, name, flavor, key_name, availability_zone, metadata, running, settled_ms, project FROM servers";

fn read(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        id: row.get(0)?,
        name: row.get(1)?,
        flavor: row.get(2)?,
        key_name: row.get(3)?,
        availability_zone: row.get(4)?,
        metadata: row.get(5)?,
        running: row.get(6)?,
        settled_ms: row.get(7)?,
        project: row.get(8)?,
    })
}

impl Stored {
    /// How long its present change still takes.
    fn changing_for(&self, tx: &Tx<'_>) -> Option<Duration> {
        (self.settled_ms > tx.now_ms).then(|| Duration::from_millis(unsigned(self.settled_ms - tx.now_ms)))
    }

    fn show(self, tx: &Tx<'_>, site: &Site) -> Result<Server> {
        let boots_for_ever = self.running && mishaps::happens(tx, &site.name, Mishap::Boot, &self.name)?;
        let state = match (self.changing_for(tx), self.running) {
            _ if boots_for_ever => ServerState::Build,
            (Some(_), _) => ServerState::Build,
            (None, true) => ServerState::Active,
            (None, false) => ServerState::Shutoff,
        };
        let (nics, security_groups) = ports::of_server(tx, &self.id)?;
        Ok(Server {
            state,
            flavor_shape: flavors::find(tx, site, &self.flavor)?.shape,
            flavor: self.flavor,
            key_name: self.key_name,
            availability_zone: self.availability_zone,
            security_groups,
            metadata: from_json(&self.metadata)?,
            nics,
            volumes: attached(tx, &self.id)?,
            id: self.id.into(),
            name: self.name,
            project: self.project.map(Into::into),
        })
    }
}

/// All of a site, by name then id.
pub(in crate::mock) fn list(tx: &Tx<'_>, site: &Site) -> Result<Vec<Server>> {
    let rows = tx.all(&format!("{SELECT} WHERE site = ?1 ORDER BY name, id"), [&site.name], read)?;
    rows.into_iter().map(|row| row.show(tx, site)).collect()
}

/// The server with this id, if there is one.
pub(in crate::mock) fn find(tx: &Tx<'_>, site: &Site, id: &ServerId) -> Result<Option<Server>> {
    stored(tx, site, id)?.map(|row| row.show(tx, site)).transpose()
}

fn stored(tx: &Tx<'_>, site: &Site, id: &ServerId) -> Result<Option<Stored>> {
    tx.first(&format!("{SELECT} WHERE site = ?1 AND id = ?2"), [site.name.as_str(), id.as_str()], read)
}

fn attached(tx: &Tx<'_>, server_id: &str) -> Result<Vec<AttachedVolume>> {
    let sql = format!(
        "SELECT {}, device, boot, delete_on_termination FROM attachments
         JOIN cinder_volumes AS v ON v.id = volume_id {} WHERE server_id = ?1 ORDER BY boot DESC, device",
        volumes::COLUMNS,
        volumes::JOINS
    );
    tx.all(&sql, [server_id], |row| {
        Ok(AttachedVolume {
            volume: volumes::read(row)?,
            device: row.get(volumes::WIDTH)?,
            boot: row.get(volumes::WIDTH + 1)?,
            delete_on_termination: row.get(volumes::WIDTH + 2)?,
        })
    })
}

/// Says to which project a server belongs; `None`: the cloud does not tell.
pub(in crate::mock) fn set_project(tx: &Tx<'_>, site: &Site, id: &ServerId, project: Option<&str>) -> Result<()> {
    let sql = "UPDATE servers SET project = ?3 WHERE site = ?1 AND id = ?2";
    match tx.execute(sql, params![site.name, id.as_str(), project])? {
        0 => Err(Error::not_found(format!("site '{}' has no server '{id}'", site.name))),
        _ => Ok(()),
    }
}

/// Starts or stops a server.
pub(in crate::mock) fn set_running(tx: &Tx<'_>, site: &Site, id: &ServerId, running: bool) -> Result<Outcome<()>> {
    let server =
        stored(tx, site, id)?.ok_or_else(|| Error::not_found(format!("site '{}' has no server '{id}'", site.name)))?;
    if let Some(poll_after) = server.changing_for(tx) {
        return Ok(Outcome::InProgress { poll_after });
    }
    if running && server.running && mishaps::happens(tx, &site.name, Mishap::Boot, &server.name)? {
        return Ok(Outcome::InProgress { poll_after: Duration::from_secs(1) });
    }
    if server.running == running {
        return Ok(Outcome::AlreadyDone(()));
    }
    let boot_millis = controls::settings(tx)?.boot_millis;
    tx.execute(
        "UPDATE servers SET running = ?2, settled_ms = ?3 WHERE id = ?1",
        params![server.id, running, tx.now_ms.saturating_add(signed(boot_millis)?)],
    )?;
    Ok(match boot_millis {
        0 => Outcome::Done(()),
        millis => Outcome::InProgress { poll_after: Duration::from_millis(millis) },
    })
}

pub(in crate::mock) fn ensure(tx: &Tx<'_>, site: &Site, spec: &ServerSpec) -> Result<Outcome<Server>> {
    let sql = "SELECT id FROM servers WHERE site = ?1 AND op_key = ?2";
    let present = tx.first(sql, [site.name.as_str(), spec.op_key.as_str()], |row| row.get::<_, String>(0))?;
    let is_new = present.is_none();
    let id = ServerId::from(match present {
        Some(id) => id,
        None => create(tx, site, spec)?,
    });
    if let Outcome::InProgress { poll_after } = set_running(tx, site, &id, true)? {
        return Ok(Outcome::InProgress { poll_after });
    }
    let server = find(tx, site, &id)?.ok_or_else(|| Error::internal(format!("server '{id}' got lost")))?;
    Ok(if is_new { Outcome::Done(server) } else { Outcome::AlreadyDone(server) })
}

/// Makes the server, stopped.
fn create(tx: &Tx<'_>, site: &Site, spec: &ServerSpec) -> Result<String> {
    let flavor = flavors::find(tx, site, &spec.flavor)?;
    for port in &spec.ports {
        if let Some(server) = ports::bound_to(tx, site, port)? {
            return Err(Error::conflict(format!(
                "port '{port}' of site '{}' is bound to server '{server}'",
                site.name
            )));
        }
    }
    refuse_unusable_volumes(tx, site, spec)?;
    let need = quota::Need {
        servers: 1,
        vcpus: flavor.shape.vcpus.into(),
        ram_mib: flavor.shape.ram_mib.into(),
        ..Default::default()
    };
    quota::require(tx, site, &need)?;
    let key_pair = "SELECT name FROM key_pairs WHERE site = ?1 AND name = ?2";
    let key_name: Option<String> = tx.first(key_pair, params![site.name, spec.key_name], |row| row.get(0))?;
    let mut metadata = spec.metadata.clone();
    metadata.insert(SERVER_OP_KEY.to_owned(), spec.op_key.as_str().to_owned());
    let id = tx.new_id()?;
    insert(tx, site, &id, spec, key_name.as_deref(), &metadata, false)?;
    for (position, port) in spec.ports.iter().enumerate() {
        ports::bind(tx, port, &id, position)?;
    }
    for (position, (device, volume)) in spec.volumes.iter().enumerate() {
        attach(tx, &id, device, volume.as_str(), position == 0)?;
    }
    Ok(id)
}

fn refuse_unusable_volumes(tx: &Tx<'_>, site: &Site, spec: &ServerSpec) -> Result<()> {
    let Some((_, boot)) = spec.volumes.first() else {
        return Err(Error::invalid(format!("server '{}' has no volume to boot from", spec.name)));
    };
    for (_, volume) in &spec.volumes {
        volumes::existing(tx, site, volume)?;
        let sql = "SELECT servers.name FROM attachments JOIN servers ON servers.id = server_id WHERE volume_id = ?1";
        if let Some(server) = tx.first(sql, [volume.as_str()], |row| row.get::<_, String>(0))? {
            return Err(Error::conflict(format!(
                "volume '{volume}' of site '{}' is attached to server '{server}'",
                site.name
            )));
        }
    }
    if tx.value::<bool>("SELECT bootable FROM cinder_volumes WHERE id = ?1", [boot.as_str()])? {
        return Ok(());
    }
    Err(Error::precondition(format!(
        "server '{}' would end in error: volume '{boot}' of site '{}' is not bootable",
        spec.name, site.name
    )))
}

/// A row for a server.
pub(in crate::mock) fn insert(
    tx: &Tx<'_>,
    site: &Site,
    id: &str,
    spec: &ServerSpec,
    key_name: Option<&str>,
    metadata: &BTreeMap<String, String>,
    running: bool,
) -> Result<()> {
    tx.execute(
        "INSERT INTO servers (id, site, name, flavor, key_name, availability_zone, metadata, op_key, running,
                              settled_ms, created_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, 'nova', ?6, ?7, ?8, ?9, ?9)",
        params![
            id,
            site.name,
            spec.name,
            spec.flavor,
            key_name,
            serde_json::to_string(metadata)?,
            metadata.get(SERVER_OP_KEY),
            running,
            tx.now_ms
        ],
    )?;
    Ok(())
}

pub(in crate::mock) fn attach(tx: &Tx<'_>, server_id: &str, device: &str, volume_id: &str, boot: bool) -> Result<()> {
    tx.execute(
        "INSERT INTO attachments (volume_id, server_id, device, boot, delete_on_termination) VALUES (?1, ?2, ?3, ?4, 0)",
        params![volume_id, server_id, device, boot],
    )?;
    Ok(())
}

/// Deletes a server; its volumes and ports stay.
pub(in crate::mock) fn delete(tx: &Tx<'_>, site: &Site, id: &ServerId) -> Result<Outcome<()>> {
    let Some(server) = find(tx, site, id)? else { return Ok(Outcome::AlreadyDone(())) };
    if let Some(doomed) = server.volumes.iter().find(|attached| attached.delete_on_termination) {
        return Err(Error::new(
            ErrorKind::DataSafety,
            format!(
                "volume '{}' would be deleted together with server '{}' of site '{}'",
                doomed.volume.id, server.name, site.name
            ),
        )
        .remedy(format!(
            "openstack --os-cloud {} server volume update --preserve-on-termination {id} {}",
            site.name, doomed.volume.id
        )));
    }
    tx.execute("DELETE FROM servers WHERE id = ?1", [id.as_str()])?;
    Ok(Outcome::Done(()))
}
