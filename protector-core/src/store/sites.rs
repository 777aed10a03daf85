//! Sites.

use super::columns::{from_json, to_json};
use super::fault::Sql;
use crate::Error;
use crate::model::{Site, SiteName};
use rusqlite::{Connection, OptionalExtension};

pub(super) fn all(c: &Connection) -> Sql<Vec<Site>> {
    let mut statement = c.prepare_cached("SELECT name, doc FROM sites ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut sites = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, doc): (String, String) = row.try_into()?;
        sites.push(from_json(|| format!("site '{name}'"), &doc)?);
    }
    Ok(sites)
}

pub(super) fn create(c: &Connection, site: &Site) -> Sql<()> {
    let doc = to_json(site)?;
    let stored: Option<String> = c
        .prepare_cached("SELECT doc FROM sites WHERE name = ?")?
        .query_row([site.name.as_str()], |row| row.get(0))
        .optional()?;
    match stored {
        None => {
            c.prepare_cached("INSERT INTO sites (name, doc) VALUES (?, ?)")?.execute([site.name.as_str(), &doc])?;
            Ok(())
        }
        Some(stored) if stored == doc => Ok(()),
        Some(_) => Err(Error::already_exists(format!("site '{}' already exists, with other values", site.name))
            .remedy(format!("openstack protector site show {}", site.name))
            .into()),
    }
}

pub(super) fn delete(c: &Connection, name: &SiteName) -> Sql<()> {
    let mut statement = c.prepare_cached(
        "SELECT name FROM protection_groups WHERE primary_site = ?1 OR secondary_site = ?1 ORDER BY name",
    )?;
    let groups: Vec<String> =
        statement.query_map([name.as_str()], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    if !groups.is_empty() {
        return Err(Error::conflict(format!("site '{name}' is in use by protection groups {}", groups.join(", ")))
            .remedy("delete these groups first: openstack protector protection-group delete <name>")
            .into());
    }
    match c.prepare_cached("DELETE FROM sites WHERE name = ?")?.execute([name.as_str()])? {
        0 => Err(Error::not_found(format!("site '{name}' does not exist"))
            .remedy("openstack protector site list")
            .into()),
        _ => Ok(()),
    }
}
