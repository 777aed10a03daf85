//! What both sites agreed on last, by group. Tokens are not part of it: to say that they differ, both records are enough.

use super::columns::{from_integer, from_json, to_integer, to_json};
use super::fault::Sql;
use super::sql::Tables;
use crate::Error;
use crate::model::{GroupRecord, ProtectionGroupId};

pub(super) fn find(t: &mut dyn Tables, id: &ProtectionGroupId) -> Sql<Option<GroupRecord>> {
    t.first("SELECT doc FROM agreed_groups WHERE group_id = ?", &[id.as_str().into()], |row| {
        from_json(|| format!("what both sites agreed on of protection group '{id}'"), row.text(0)?)
    })
}

/// Keeps `record`, unless a newer one is kept.
pub(super) fn keep(t: &mut dyn Tables, record: &GroupRecord) -> Sql<()> {
    let id = &record.group.id;
    let key = id.as_str().into();
    if t.text("SELECT id FROM protection_groups WHERE id = ?", &[key])?.is_none() {
        return Err(Error::not_found(format!("protection group '{id}' does not exist"))
            .remedy("openstack protector protection-group list")
            .into());
    }
    let kept = t.first("SELECT version FROM agreed_groups WHERE group_id = ?", &[key], |row| row.integer(0))?;
    let write = match kept {
        None => "INSERT INTO agreed_groups (version, doc, group_id) VALUES (?, ?, ?)",
        Some(version) => {
            let version = from_integer(|| format!("the version that both sites agreed on of '{id}'"), version)?;
            if version > record.version.0 {
                return Ok(());
            }
            "UPDATE agreed_groups SET version = ?, doc = ? WHERE group_id = ?"
        }
    };
    t.execute(write, &[to_integer(record.version.0)?.into(), (&to_json(record)?).into(), key])?;
    Ok(())
}
