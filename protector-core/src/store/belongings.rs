//! What belongs to one protection group only: Cinder groups, servers and volumes. Their rows are derived from its record.

use super::fault::Sql;
use super::groups::Owner;
use super::sql::{Tables, Value};
use crate::model::{GroupRecord, ProtectionGroup};
use std::collections::{BTreeMap, BTreeSet};

/// Keys that one statement names.
const AT_ONCE: usize = 256;

/// A table of what belongs to groups.
struct Table {
    name: &'static str,
    /// Column of the identity, which is unique on one site.
    id: &'static str,
    /// Whether there is a column for the site; identities are unique everywhere if there is none.
    has_site: bool,
    /// Why something cannot belong to a second group: in front of the name of the first one.
    refusal: fn(&str, &str) -> String,
}

const CINDER_GROUPS: Table = Table {
    name: "cinder_groups",
    id: "cinder_group_id",
    has_site: true,
    refusal: |site, id| format!("Cinder group '{id}' of site '{site}' is in use by"),
};

const MEMBERS: Table = Table {
    name: "members",
    id: "server_id",
    has_site: false,
    refusal: |_, id| format!("server '{id}' is already a member of"),
};

/// Disks in use and copies that are retained.
const VOLUMES: Table = Table {
    name: "volumes",
    id: "volume_id",
    has_site: true,
    refusal: |site, id| format!("volume '{id}' of site '{site}' already belongs to"),
};

/// Identities by site; a table without sites has them under the empty name.
type Keys<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Makes exactly what the record names belong to its group. Only what changes is written.
///
/// # Errors
/// something belongs to another group → `Conflict` naming both.
pub(super) fn write_belongings(t: &mut dyn Tables, record: &GroupRecord) -> Sql<()> {
    let group = &record.group;
    let cinder_groups = [
        (group.primary_site.as_str(), group.consistency_group.primary_cg_id.as_str()),
        (group.secondary_site.as_str(), group.consistency_group.secondary_cg_id.as_str()),
    ];
    rewrite(t, &CINDER_GROUPS, group, &keys(cinder_groups))?;
    let servers = record.members.iter().flat_map(|member| std::iter::once(&member.id).chain(member.servers.values()));
    rewrite(t, &MEMBERS, group, &keys(servers.map(|server| ("", server.as_str()))))?;
    let in_use = record.disks().flat_map(|(_, disk)| disk.copies.iter().map(|(site, copy)| (site, &copy.volume_id)));
    let volumes = in_use.chain(record.retained.iter().map(|copy| (&copy.site, &copy.volume_id)));
    rewrite(t, &VOLUMES, group, &keys(volumes.map(|(site, volume)| (site.as_str(), volume.as_str()))))
}

fn keys<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>) -> Keys<'a> {
    let mut keys = Keys::new();
    for (site, id) in all {
        keys.entry(site).or_default().insert(id);
    }
    keys
}

fn rewrite(t: &mut dyn Tables, table: &Table, group: &ProtectionGroup, wanted: &Keys<'_>) -> Sql<()> {
    let site = if table.has_site { "site" } else { "''" };
    let sql = format!("SELECT {site}, {} FROM {} WHERE group_id = ?", table.id, table.name);
    let stored =
        t.all(&sql, &[group.id.as_str().into()], |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())))?;
    let stored = keys(stored.iter().map(|(site, id)| (site.as_str(), id.as_str())));
    let none = BTreeSet::new();
    for (site, ids) in &stored {
        let gone: Vec<&str> = ids.difference(wanted.get(site).unwrap_or(&none)).copied().collect();
        gone.chunks(AT_ONCE).try_for_each(|ids| release(t, table, site, ids))?;
    }
    for (site, ids) in wanted {
        let new: Vec<&str> = ids.difference(stored.get(site).unwrap_or(&none)).copied().collect();
        new.chunks(AT_ONCE).try_for_each(|ids| claim(t, table, group, site, ids))?;
    }
    Ok(())
}

fn release(t: &mut dyn Tables, table: &Table, site: &str, ids: &[&str]) -> Sql<()> {
    let (condition, values) = table.among(site, ids);
    t.execute(&format!("DELETE FROM {} WHERE {condition}", table.name), &values)?;
    Ok(())
}

/// Makes these belong to the group, unless one of them belongs to another.
fn claim(t: &mut dyn Tables, table: &Table, group: &ProtectionGroup, site: &str, ids: &[&str]) -> Sql<()> {
    let (condition, values) = table.among(site, ids);
    let (name, id) = (table.name, table.id);
    let sql = format!(
        "SELECT {id}, protection_groups.name, project_id FROM {name} JOIN protection_groups ON protection_groups.id = group_id
         WHERE {condition} ORDER BY {id} LIMIT 1"
    );
    let other = t.first(&sql, &values, |row| Ok((row.text(0)?.to_owned(), Owner::read(row, 1)?)))?;
    if let Some((id, owner)) = other {
        return Err(owner.has(&(table.refusal)(site, &id), group).into());
    }
    let (columns, places) = if table.has_site { ("group_id, site", "(?, ?, ?)") } else { ("group_id", "(?, ?)") };
    let of_group = Value::from(group.id.as_str());
    let values = ids.iter().flat_map(|id| {
        [Some(of_group), table.has_site.then_some(site.into()), Some((*id).into())].into_iter().flatten()
    });
    let sql = format!("INSERT INTO {name} ({columns}, {id}) VALUES {}", vec![places; ids.len()].join(", "));
    t.execute(&sql, &values.collect::<Vec<_>>())?;
    Ok(())
}

impl Table {
    /// The condition for rows of these identities on a site, and its values.
    fn among<'a>(&self, site: &'a str, ids: &[&'a str]) -> (String, Vec<Value<'a>>) {
        let among = format!("{} IN ({})", self.id, vec!["?"; ids.len()].join(", "));
        let ids = ids.iter().map(|id| Value::from(*id));
        match self.has_site {
            true => (format!("site = ? AND {among}"), std::iter::once(site.into()).chain(ids).collect()),
            false => (among, ids.collect()),
        }
    }
}
