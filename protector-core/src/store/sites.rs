//! Sites.

use super::columns::{from_json, to_json};
use super::fault::Sql;
use super::sql::{Row, Tables};
use crate::Error;
use crate::model::{Site, SiteName};

pub(super) fn all(t: &mut dyn Tables) -> Sql<Vec<Site>> {
    t.all("SELECT name, doc FROM sites ORDER BY name", &[], read)
}

pub(super) fn find(t: &mut dyn Tables, name: &str) -> Sql<Option<Site>> {
    t.first("SELECT name, doc FROM sites WHERE name = ?", &[name.into()], read)
}

fn read(row: &dyn Row) -> Sql<Site> {
    let name = row.text(0)?;
    from_json(|| format!("site '{name}'"), row.text(1)?)
}

pub(super) fn create(t: &mut dyn Tables, site: &Site) -> Sql<()> {
    let (name, doc) = (site.name.as_str(), to_json(site)?);
    match t.text("SELECT doc FROM sites WHERE name = ?", &[name.into()])? {
        None => {
            t.execute("INSERT INTO sites (name, doc) VALUES (?, ?)", &[name.into(), (&doc).into()])?;
            Ok(())
        }
        Some(stored) if stored == doc => Ok(()),
        Some(_) => Err(Error::already_exists(format!("site '{name}' already exists, with other values"))
            .remedy(format!("openstack protector site show {name}"))
            .into()),
    }
}

pub(super) fn delete(t: &mut dyn Tables, name: &SiteName) -> Sql<()> {
    let site = name.as_str().into();
    let groups = t.all(
        "SELECT name FROM protection_groups WHERE primary_site = ? OR secondary_site = ? ORDER BY name",
        &[site, site],
        |row| row.text(0).map(str::to_owned),
    )?;
    if !groups.is_empty() {
        return Err(Error::conflict(format!("site '{name}' is in use by protection groups {}", groups.join(", ")))
            .remedy("delete these groups first: openstack protector protection-group delete <name>")
            .into());
    }
    match t.execute("DELETE FROM sites WHERE name = ?", &[site])? {
        0 => Err(Error::not_found(format!("site '{name}' does not exist"))
            .remedy("openstack protector site list")
            .into()),
        _ => Ok(()),
    }
}
