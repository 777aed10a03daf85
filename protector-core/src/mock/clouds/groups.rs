//! Cinder groups.

use super::{Site, types, volumes};
use crate::mock::tx::Tx;
use crate::model::{CinderGroupId, VolumeId};
use crate::ports::{CinderGroup, CinderGroupSpec, CinderGroupStatus, Outcome};
use crate::{Error, ErrorKind, Result};
use rusqlite::params;
use std::collections::BTreeSet;

/// The group with this id, if there is one.
pub(in crate::mock) fn find(tx: &Tx<'_>, site: &Site, id: &CinderGroupId) -> Result<Option<CinderGroup>> {
    let row = tx.first(
        "SELECT name, volume_type FROM cinder_groups WHERE site = ?1 AND id = ?2",
        [site.name.as_str(), id.as_str()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let Some((name, volume_type)) = row else { return Ok(None) };
    let members = tx.all("SELECT id FROM cinder_volumes WHERE group_id = ?1", [id.as_str()], |row| {
        row.get::<_, String>(0).map(VolumeId::from)
    })?;
    Ok(Some(CinderGroup {
        id: id.clone(),
        name,
        volume_type,
        backend: site.backend.clone(),
        status: CinderGroupStatus::Available,
        volumes: members.into_iter().collect(),
    }))
}

fn existing(tx: &Tx<'_>, site: &Site, id: &CinderGroupId) -> Result<CinderGroup> {
    find(tx, site, id)?.ok_or_else(|| Error::not_found(format!("site '{}' has no Cinder group '{id}'", site.name)))
}

pub(in crate::mock) fn ensure(tx: &Tx<'_>, site: &Site, spec: &CinderGroupSpec) -> Result<Outcome<CinderGroup>> {
    let volume_type = types::find(tx, site, &spec.volume_type)?;
    let present = tx.first(
        "SELECT id FROM cinder_groups WHERE site = ?1 AND name = ?2",
        [site.name.as_str(), spec.name.as_str()],
        |row| row.get::<_, String>(0).map(CinderGroupId::from),
    )?;
    if let Some(id) = present {
        let group = existing(tx, site, &id)?;
        if group.volume_type != spec.volume_type {
            return Err(Error::conflict(format!(
                "Cinder group '{}' of site '{}' exists with volume type '{}', not '{}'",
                spec.name, site.name, group.volume_type, spec.volume_type
            )));
        }
        return Ok(Outcome::AlreadyDone(group));
    }
    if !types::is_offered(site, &volume_type) {
        return Err(Error::precondition(format!(
            "Cinder group '{}' would end in error: no backend of site '{}' offers volume type '{}'",
            spec.name, site.name, spec.volume_type
        )));
    }
    let id = CinderGroupId::from(tx.new_id()?);
    tx.execute(
        "INSERT INTO cinder_groups (id, site, name, volume_type, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id.as_str(), site.name, spec.name, spec.volume_type, tx.now_ms],
    )?;
    existing(tx, site, &id).map(Outcome::Done)
}

pub(in crate::mock) fn ensure_members(
    tx: &Tx<'_>,
    site: &Site,
    id: &CinderGroupId,
    wanted: &BTreeSet<VolumeId>,
) -> Result<Outcome<CinderGroup>> {
    let group = existing(tx, site, id)?;
    let (mut missing, mut unfit) = (Vec::new(), Vec::new());
    for volume_id in wanted {
        match volumes::find(tx, site, volume_id)? {
            None => missing.push(format!("'{volume_id}'")),
            Some(volume) if volume.group.as_ref().is_some_and(|other| other != id) => {
                unfit.push(format!("'{volume_id}' is in another group"));
            }
            Some(volume) if volume.volume_type != group.volume_type => {
                unfit.push(format!("'{volume_id}' is of type '{}'", volume.volume_type));
            }
            Some(_) => {}
        }
    }
    if !missing.is_empty() {
        return Err(Error::not_found(format!("site '{}' has no volume {}", site.name, missing.join(", "))));
    }
    if !unfit.is_empty() {
        let text = format!("not for Cinder group '{}' of type '{}'", group.name, group.volume_type);
        return Err(Error::conflict(format!("{text}: volume {}", unfit.join(", "))));
    }
    if group.volumes == *wanted {
        return Ok(Outcome::AlreadyDone(group));
    }
    let set = "UPDATE cinder_volumes SET group_id = ?2 WHERE id = ?1";
    for left in group.volumes.difference(wanted) {
        tx.execute(set, params![left.as_str(), None::<&str>])?;
    }
    for joined in wanted.difference(&group.volumes) {
        tx.execute(set, params![joined.as_str(), id.as_str()])?;
    }
    existing(tx, site, id).map(Outcome::Done)
}

pub(in crate::mock) fn delete(tx: &Tx<'_>, site: &Site, id: &CinderGroupId) -> Result<Outcome<()>> {
    let Some(group) = find(tx, site, id)? else { return Ok(Outcome::AlreadyDone(())) };
    if !group.volumes.is_empty() {
        return Err(Error::new(
            ErrorKind::DataSafety,
            format!(
                "Cinder group '{}' of site '{}' has {} volumes, which Cinder would delete with it",
                group.name,
                site.name,
                group.volumes.len()
            ),
        )
        .remedy("take the volumes out of the group first"));
    }
    tx.execute("DELETE FROM cinder_groups WHERE id = ?1", [id.as_str()])?;
    Ok(Outcome::Done(()))
}
