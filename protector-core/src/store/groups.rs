//! Protection groups: one record each, with rows beside it that let the database keep 1:1:1.

use super::KeyRing;
use super::belongings::write_belongings;
use super::columns::{from_integer, from_json, to_integer, to_json};
use super::fault::Sql;
use super::sql::{NO_LIMIT, Row, Tables, Value};
use crate::model::{GroupRecord, MetadataVersion, ProjectId, ProtectionGroup, ProtectionGroupId, ReplicationPolicy};
use crate::ports::{GroupChange, GroupFilter, GroupPosition};
use crate::{ApiToken, Error};

const COLUMNS: &str = "SELECT name, doc, primary_token, secondary_token FROM protection_groups";

const INSERT: &str =
    "INSERT INTO protection_groups (name, project_id, version, primary_site, secondary_site, cg_id, first_site,
    second_site, pure_pg_name, doc, primary_token, secondary_token, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const UPDATE: &str =
    "UPDATE protection_groups SET name = ?, project_id = ?, version = ?, primary_site = ?, secondary_site = ?, cg_id = ?,
    first_site = ?, second_site = ?, pure_pg_name = ?, doc = ?, primary_token = ?, secondary_token = ? WHERE id = ?";

pub(super) fn list(t: &mut dyn Tables, keys: Option<&KeyRing>, filter: &GroupFilter) -> Sql<Vec<GroupRecord>> {
    let mut conditions = Vec::new();
    let mut values = Vec::new();
    if let Some(project) = &filter.project {
        conditions.push("project_id = ?");
        values.push(Value::from(project.as_str()));
    }
    if let Some(GroupPosition { name, id }) = &filter.after {
        // the first half alone lets an index be used
        conditions.push("name >= ? AND (name > ? OR id > ?)");
        values.extend([name.into(), name.into(), Value::from(id.as_str())]);
    }
    let filtered = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    values.push(Value::from(filter.limit.map_or(NO_LIMIT, i64::from)));
    t.all(&format!("{COLUMNS} {filtered} ORDER BY name, id LIMIT ?"), &values, |row| read(row, keys))
}

/// By id, else by name, among those of a project or all.
pub(super) fn find(
    t: &mut dyn Tables,
    keys: Option<&KeyRing>,
    project: Option<&ProjectId>,
    id_or_name: &str,
) -> Sql<Option<GroupRecord>> {
    let mut by = |column: &str| {
        let (condition, mut values) = (format!("{COLUMNS} WHERE {column} = ?"), vec![Value::from(id_or_name)]);
        let Some(project) = project else {
            return t.all(&format!("{condition} LIMIT 2"), &values, |row| read(row, keys));
        };
        values.push(project.as_str().into());
        t.all(&format!("{condition} AND project_id = ?"), &values, |row| read(row, keys))
    };
    if let Some(found) = by("id")?.pop() {
        return Ok(Some(found));
    }
    let mut named = by("name")?;
    if named.len() > 1 {
        return Err(Error::conflict(format!("several projects have a protection group '{id_or_name}'"))
            .remedy("name it by its id: openstack protector protection-group list")
            .into());
    }
    Ok(named.pop())
}

pub(super) fn create(t: &mut dyn Tables, keys: Option<&KeyRing>, record: &GroupRecord) -> Sql<()> {
    let id = &record.group.id;
    if owner(t, "id = ?", &[id.as_str().into()])?.is_some() {
        return Err(Error::already_exists(format!("protection group id '{id}' already exists")).into());
    }
    write(t, keys, record, INSERT)
}

pub(super) fn update(t: &mut dyn Tables, keys: Option<&KeyRing>, change: &GroupChange) -> Sql<()> {
    let GroupChange { record, expected, agreed } = change;
    expect_version(t, &record.group.id, *expected)?;
    write(t, keys, record, UPDATE)?;
    if *agreed { super::agreed::keep(t, record) } else { Ok(()) }
}

pub(super) fn delete(t: &mut dyn Tables, id: &ProtectionGroupId, expected: MetadataVersion) -> Sql<()> {
    expect_version(t, id, expected)?;
    t.execute("DELETE FROM protection_groups WHERE id = ?", &[id.as_str().into()])?;
    Ok(())
}

fn expect_version(t: &mut dyn Tables, id: &ProtectionGroupId, expected: MetadataVersion) -> Sql<()> {
    let sql = "SELECT name, version FROM protection_groups WHERE id = ?";
    let stored = t.first(sql, &[id.as_str().into()], |row| Ok((row.text(0)?.to_owned(), row.integer(1)?)))?;
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

/// Stores the record and everything derived from it, by one of the two statements.
fn write(t: &mut dyn Tables, keys: Option<&KeyRing>, record: &GroupRecord, statement: &str) -> Sql<()> {
    let GroupRecord { version, group, policy, .. } = record;
    refuse_taken(t, group, policy.as_ref())?;
    let (first_site, second_site) = site_pair(group);
    let policy = policy.as_ref();
    let encrypt = |token: Option<&ApiToken>| token.map(|token| encrypted(keys, group, token)).transpose();
    let (doc, primary, secondary) = (
        to_json(record)?,
        encrypt(policy.and_then(|p| p.primary_fa_api_token.as_ref()))?,
        encrypt(policy.and_then(|p| p.secondary_fa_api_token.as_ref()))?,
    );
    let values = [
        (&group.name).into(),
        group.project_id.as_str().into(),
        to_integer(version.0)?.into(),
        group.primary_site.as_str().into(),
        group.secondary_site.as_str().into(),
        group.consistency_group.id.as_str().into(),
        first_site.into(),
        second_site.into(),
        policy.map(|p| p.pure_pg_name.as_str()).into(),
        (&doc).into(),
        primary.as_deref().into(),
        secondary.as_deref().into(),
        group.id.as_str().into(),
    ];
    t.execute(statement, &values)?;
    write_belongings(t, record)
}

/// Refuses values of which there is one per group, where another group has them.
fn refuse_taken(t: &mut dyn Tables, group: &ProtectionGroup, policy: Option<&ReplicationPolicy>) -> Sql<()> {
    let id = Value::from(group.id.as_str());
    let (name, project) = (Value::from(&group.name), group.project_id.as_str().into());
    if owner(t, "id <> ? AND name = ? AND project_id = ?", &[id, name, project])?.is_some() {
        return Err(Error::already_exists(format!("protection group '{}' already exists", group.name))
            .remedy("choose another name, or see: openstack protector protection-group list")
            .into());
    }
    let consistency_group = group.consistency_group.id.as_str();
    if let Some(owner) = owner(t, "id <> ? AND cg_id = ?", &[id, consistency_group.into()])? {
        return Err(owner.has(&format!("consistency group '{consistency_group}' is already used by"), group).into());
    }
    let Some(array_group) = policy.map(|p| p.pure_pg_name.as_str()) else { return Ok(()) };
    let (first, second) = site_pair(group);
    let same_array_group = "id <> ? AND first_site = ? AND second_site = ? AND pure_pg_name = ?";
    match owner(t, same_array_group, &[id, first.into(), second.into(), array_group.into()])? {
        Some(owner) => Err(owner
            .has(&format!("pure_pg_name '{array_group}' is already used by"), group)
            .remedy("choose another --pure-pg-name")
            .into()),
        None => Ok(()),
    }
}

/// The group for which `condition` holds.
fn owner(t: &mut dyn Tables, condition: &str, values: &[Value<'_>]) -> Sql<Option<Owner>> {
    let sql = format!("SELECT name, project_id FROM protection_groups WHERE {condition}");
    t.first(&sql, values, |row| Owner::read(row, 0))
}

/// Whose something is already.
pub(super) struct Owner {
    name: String,
    project: String,
}

impl Owner {
    /// From the column with the name and the one behind it with the project.
    pub(super) fn read(row: &dyn Row, name: usize) -> Sql<Self> {
        Ok(Self { name: row.text(name)?.to_owned(), project: row.text(name + 1)?.to_owned() })
    }

    /// The refusal of `what` for `group`. The name of a group of another project is no business of this one.
    pub(super) fn has(&self, what: &str, group: &ProtectionGroup) -> Error {
        if self.project != group.project_id.as_str() {
            return Error::conflict(format!("{what} a protection group of another project"))
                .remedy("choose another one, or ask an administrator");
        }
        Error::conflict(format!("{what} protection group '{}'", self.name))
            .remedy(format!("openstack protector protection-group show {}", self.name))
    }
}

/// The two sites in alphabetical order.
fn site_pair(group: &ProtectionGroup) -> (&str, &str) {
    let (a, b) = (group.primary_site.as_str(), group.secondary_site.as_str());
    if a <= b { (a, b) } else { (b, a) }
}

fn read(row: &dyn Row, keys: Option<&KeyRing>) -> Sql<GroupRecord> {
    let name = row.text(0)?;
    let mut record: GroupRecord = from_json(|| format!("protection group '{name}'"), row.text(1)?)?;
    if let Some(policy) = &mut record.policy {
        let decrypt = |stored: Option<&str>| stored.map(|stored| decrypted(keys, name, stored)).transpose();
        policy.primary_fa_api_token = decrypt(row.optional_text(2)?)?;
        policy.secondary_fa_api_token = decrypt(row.optional_text(3)?)?;
    }
    Ok(record)
}

pub(super) fn check_tokens(keys: Option<&KeyRing>, record: &GroupRecord) -> Sql<()> {
    let Some(policy) = &record.policy else { return Ok(()) };
    let tokens = [&policy.primary_fa_api_token, &policy.secondary_fa_api_token];
    tokens.into_iter().flatten().try_for_each(|token| encrypted(keys, &record.group, token).map(drop))
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
