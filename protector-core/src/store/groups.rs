//! Protection groups: one record each, with rows beside it that let SQLite keep 1:1:1.

use super::KeyRing;
use super::columns::{from_integer, from_json, to_integer, to_json};
use super::fault::Sql;
use crate::model::{GroupRecord, MetadataVersion, ProtectionGroup, ProtectionGroupId, ReplicationPolicy};
use crate::ports::GroupChange;
use crate::{ApiToken, Error};
use rusqlite::{Connection, OptionalExtension, Params, Row, named_params, params_from_iter};
use std::collections::BTreeSet;

const COLUMNS: &str = "SELECT name, doc, primary_token, secondary_token FROM protection_groups";

pub(super) fn all(c: &Connection, keys: Option<&KeyRing>) -> Sql<Vec<GroupRecord>> {
    let mut statement = c.prepare_cached(&format!("{COLUMNS} ORDER BY name"))?;
    let mut rows = statement.query([])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(read(row, keys)?);
    }
    Ok(records)
}

pub(super) fn find(c: &Connection, keys: Option<&KeyRing>, id_or_name: &str) -> Sql<Option<GroupRecord>> {
    let mut statement =
        c.prepare_cached(&format!("{COLUMNS} WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC LIMIT 1"))?;
    let mut rows = statement.query([id_or_name])?;
    rows.next()?.map(|row| read(row, keys)).transpose()
}

pub(super) fn create(c: &Connection, keys: Option<&KeyRing>, record: &GroupRecord) -> Sql<()> {
    let id = &record.group.id;
    if let Some(owner) = owner(c, "id = ?", [id.as_str()])? {
        return Err(
            Error::already_exists(format!("protection group id '{id}' already exists, with name '{owner}'")).into()
        );
    }
    write(c, keys, record)
}

pub(super) fn update(c: &Connection, keys: Option<&KeyRing>, change: &GroupChange) -> Sql<()> {
    let GroupChange { record, expected } = change;
    expect_version(c, &record.group.id, *expected)?;
    write(c, keys, record)
}

pub(super) fn delete(c: &Connection, id: &ProtectionGroupId, expected: MetadataVersion) -> Sql<()> {
    expect_version(c, id, expected)?;
    c.prepare_cached("DELETE FROM protection_groups WHERE id = ?")?.execute([id.as_str()])?;
    Ok(())
}

fn expect_version(c: &Connection, id: &ProtectionGroupId, expected: MetadataVersion) -> Sql<()> {
    let stored: Option<(String, i64)> = c
        .prepare_cached("SELECT name, version FROM protection_groups WHERE id = ?")?
        .query_row([id.as_str()], |row| row.try_into())
        .optional()?;
    let Some((name, version)) = stored else {
        return Err(Error::not_found(format!("protection group '{id}' does not exist"))
            .remedy("openstack protector protection-group list")
            .into());
    };
    let version = from_integer(|| format!("the version of protection group '{name}'"), version)?;
    if version == expected.0 {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "protection group '{name}' is at version {version}, not {expected}: somebody else changed it"
    ))
    .remedy(format!("look at it and try again: openstack protector protection-group show {name}"))
    .into())
}

/// Stores the record and everything derived from it.
fn write(c: &Connection, keys: Option<&KeyRing>, record: &GroupRecord) -> Sql<()> {
    let GroupRecord { version, group, policy, .. } = record;
    refuse_taken(c, group, policy.as_ref())?;
    let (first_site, second_site) = site_pair(group);
    let encrypt = |token: Option<&ApiToken>| token.map(|token| encrypted(keys, group, token)).transpose();
    c.prepare_cached(
        "INSERT INTO protection_groups (id, name, version, primary_site, secondary_site, cg_id, first_site, second_site,
             pure_pg_name, doc, primary_token, secondary_token)
         VALUES (:id, :name, :version, :primary_site, :secondary_site, :cg_id, :first_site, :second_site,
             :pure_pg_name, :doc, :primary_token, :secondary_token)
         ON CONFLICT (id) DO UPDATE SET name = :name, version = :version, primary_site = :primary_site,
             secondary_site = :secondary_site, cg_id = :cg_id, first_site = :first_site, second_site = :second_site,
             pure_pg_name = :pure_pg_name, doc = :doc, primary_token = :primary_token,
             secondary_token = :secondary_token",
    )?
    .execute(named_params! {
        ":id": group.id.as_str(),
        ":name": group.name,
        ":version": to_integer(version.0)?,
        ":primary_site": group.primary_site.as_str(),
        ":secondary_site": group.secondary_site.as_str(),
        ":cg_id": group.consistency_group.id.as_str(),
        ":first_site": first_site,
        ":second_site": second_site,
        ":pure_pg_name": policy.as_ref().map(|p| p.pure_pg_name.as_str()),
        ":doc": to_json(record)?,
        ":primary_token": encrypt(policy.as_ref().and_then(|p| p.primary_fa_api_token.as_ref()))?,
        ":secondary_token": encrypt(policy.as_ref().and_then(|p| p.secondary_fa_api_token.as_ref()))?,
    })?;
    write_derived(c, record)
}

/// Refuses values of which there is one per group, where another group has them.
fn refuse_taken(c: &Connection, group: &ProtectionGroup, policy: Option<&ReplicationPolicy>) -> Sql<()> {
    let id = group.id.as_str();
    if owner(c, "id <> ? AND name = ?", [id, &group.name])?.is_some() {
        return Err(Error::already_exists(format!("protection group '{}' already exists", group.name))
            .remedy("choose another name, or see: openstack protector protection-group list")
            .into());
    }
    let consistency_group = group.consistency_group.id.as_str();
    if let Some(owner) = owner(c, "id <> ? AND cg_id = ?", [id, consistency_group])? {
        return Err(taken(&format!("consistency group '{consistency_group}' is already used by"), &owner).into());
    }
    let Some(array_group) = policy.map(|p| p.pure_pg_name.as_str()) else { return Ok(()) };
    let (first, second) = site_pair(group);
    let same_array_group = "id <> ? AND first_site = ? AND second_site = ? AND pure_pg_name = ?";
    match owner(c, same_array_group, [id, first, second, array_group])? {
        Some(owner) => Err(taken(&format!("pure_pg_name '{array_group}' is already used by"), &owner)
            .remedy("choose another --pure-pg-name")
            .into()),
        None => Ok(()),
    }
}

/// Rewrites the rows that make Cinder groups, servers and volumes belong to one group only.
fn write_derived(c: &Connection, record: &GroupRecord) -> Sql<()> {
    let group = &record.group;
    for table in ["cinder_groups", "members", "volumes"] {
        c.prepare_cached(&format!("DELETE FROM {table} WHERE group_id = ?"))?.execute([group.id.as_str()])?;
    }
    let cinder_groups = BTreeSet::from([
        (&group.primary_site, &group.consistency_group.primary_cg_id),
        (&group.secondary_site, &group.consistency_group.secondary_cg_id),
    ]);
    for (site, cinder_group) in cinder_groups {
        let key = [("site", site.as_str()), ("cinder_group_id", cinder_group.as_str())];
        claim(c, "cinder_groups", &key, group, || {
            format!("Cinder group '{cinder_group}' of site '{site}' is in use by")
        })?;
    }
    let servers: BTreeSet<_> =
        record.members.iter().flat_map(|member| std::iter::once(&member.id).chain(member.servers.values())).collect();
    for server in servers {
        let key = [("server_id", server.as_str())];
        claim(c, "members", &key, group, || format!("server '{server}' is already a member of"))?;
    }
    let in_use = record.disks().flat_map(|(_, disk)| disk.copies.iter().map(|(site, copy)| (site, &copy.volume_id)));
    let volumes: BTreeSet<_> = in_use.chain(record.retained.iter().map(|copy| (&copy.site, &copy.volume_id))).collect();
    for (site, volume) in volumes {
        let key = [("site", site.as_str()), ("volume_id", volume.as_str())];
        claim(c, "volumes", &key, group, || format!("volume '{volume}' of site '{site}' already belongs to"))?;
    }
    Ok(())
}

/// Makes the row with `key` belong to `group`, unless it belongs to another; `what` begins that refusal.
fn claim(
    c: &Connection,
    table: &str,
    key: &[(&str, &str)],
    group: &ProtectionGroup,
    what: impl FnOnce() -> String,
) -> Sql<()> {
    let columns: Vec<_> = key.iter().map(|(column, _)| *column).collect();
    let values = || key.iter().map(|(_, value)| *value);
    let insert = format!(
        "INSERT INTO {table} ({}, group_id) VALUES ({}?) ON CONFLICT DO NOTHING",
        columns.join(", "),
        "?, ".repeat(columns.len())
    );
    let parameters = params_from_iter(values().chain([group.id.as_str()]));
    if c.prepare_cached(&insert)?.execute(parameters)? == 1 {
        return Ok(());
    }
    let same_key = format!("id = (SELECT group_id FROM {table} WHERE {} = ?)", columns.join(" = ? AND "));
    let owner = owner(c, &same_key, params_from_iter(values()))?.unwrap_or_default();
    Err(taken(&what(), &owner).into())
}

/// Name of the group for which `condition` holds.
fn owner(c: &Connection, condition: &str, parameters: impl Params) -> Sql<Option<String>> {
    let mut statement = c.prepare_cached(&format!("SELECT name FROM protection_groups WHERE {condition}"))?;
    Ok(statement.query_row(parameters, |row| row.get(0)).optional()?)
}

fn taken(what: &str, owner: &str) -> Error {
    Error::conflict(format!("{what} protection group '{owner}'"))
        .remedy(format!("openstack protector protection-group show {owner}"))
}

/// The two sites in alphabetical order.
fn site_pair(group: &ProtectionGroup) -> (&str, &str) {
    let (a, b) = (group.primary_site.as_str(), group.secondary_site.as_str());
    if a <= b { (a, b) } else { (b, a) }
}

fn read(row: &Row<'_>, keys: Option<&KeyRing>) -> Sql<GroupRecord> {
    let (name, doc, primary, secondary): (String, String, Option<String>, Option<String>) = row.try_into()?;
    let mut record: GroupRecord = from_json(|| format!("protection group '{name}'"), &doc)?;
    if let Some(policy) = &mut record.policy {
        let decrypt = |stored: Option<String>| stored.map(|stored| decrypted(keys, &name, &stored)).transpose();
        policy.primary_fa_api_token = decrypt(primary)?;
        policy.secondary_fa_api_token = decrypt(secondary)?;
    }
    Ok(record)
}

fn encrypted(keys: Option<&KeyRing>, group: &ProtectionGroup, token: &ApiToken) -> Sql<String> {
    let keys = keys.ok_or_else(|| no_keys(&group.name, "written"))?;
    Ok(keys.current()?.encrypt(token))
}

fn decrypted(keys: Option<&KeyRing>, name: &str, stored: &str) -> Sql<ApiToken> {
    let keys = keys.ok_or_else(|| no_keys(name, "read"))?;
    // somebody may have changed the keys since they were read
    let token = keys.decrypt(stored).or_else(|e| keys.current().and_then(|keys| keys.decrypt(stored)).map_err(|_| e));
    Ok(token.map_err(|e| e.context(format!("protection group '{name}'")))?)
}

pub(super) fn no_keys(name: &str, verb: &str) -> Error {
    Error::configuration(format!(
        "protection group '{name}' has array tokens, which cannot be {verb} without a key repository"
    ))
    .remedy("run: protector-manage fernet setup; or set [storage] fernet_key_repository")
}
