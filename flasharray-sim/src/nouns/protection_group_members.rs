//! Which volumes are in which protection group. Hosts and host groups cannot be members here; their lists are empty.

use super::choose::each;
use super::fields::refused;
use super::protection_groups::{PROTECTION_GROUP, check_changeable, group, named};
use super::show::reference;
use crate::call::Call;
use crate::list::{Listed, Noun, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::sentences;
use protector_core::ErrorKind;
use protector_core::mock::{ArrayTx, GroupMemberRow, ProtectionGroupRow, Reference};
use serde_json::{Value, json};

static MEMBER: Noun = Noun { title: "Protection group member" };
const VOLUME: &str = "Volume";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("protection-groups/volumes", 1, get),
        Route::post("protection-groups/volumes", 1, post),
        Route::delete("protection-groups/volumes", 1, delete),
        Route::get("protection-groups/hosts", 1, get_none),
        Route::get("protection-groups/host-groups", 1, get_none),
    ]
}

/// A group and something that belongs to it, as relations of groups show them.
pub(super) fn group_reference(call: &Call<'_>, group: &Reference) -> Value {
    if call.at_least(26) { reference(Some(group)) } else { json!({"name": group.name}) }
}

struct Shown {
    /// Unique, and in the order of the list.
    key: String,
    row: GroupMemberRow,
}

impl Listed for Shown {
    fn name(&self) -> &str {
        &self.key
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let mut member = reference(Some(&self.row.volume));
        if let (true, Some(fields)) = (call.at_least(9), member.as_object_mut()) {
            fields.insert("destroyed".to_owned(), json!(self.row.destroyed));
        }
        json!({"group": group_reference(call, &self.row.group), "member": member})
    }
}

/// Lists members. Of the images of groups of other arrays nothing is listed: their members are there.
fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    let destroyed = call.query.flag("member_destroyed")?;
    let rows = call.read(|tx| {
        let groups = wanted(call, "group_names", "group_ids");
        each(groups.iter().flat_map(|(names, _)| names), |name| group(tx, name))?;
        let members = wanted(call, "member_names", "member_ids");
        each(members.iter().flat_map(|(names, _)| names), |name| volume(tx, name, destroyed))?;
        let mut rows = tx.protection_group_members()?;
        rows.retain(|row| {
            is_wanted(groups.as_ref(), &row.group)
                && is_wanted(members.as_ref(), &row.volume)
                && destroyed.is_none_or(|destroyed| row.destroyed == destroyed)
        });
        Ok(rows)
    })?;
    let shown = rows.into_iter().map(|row| Shown { key: format!("{} {}", row.group.name, row.volume.name), row });
    list(call, shown.collect(), &MEMBER)
}

/// Names and ids that a list is narrowed to; `None`: it is not.
pub(super) fn wanted(call: &Call<'_>, names: &str, ids: &str) -> Option<(Vec<String>, Vec<String>)> {
    let given = |list: &str| call.query.list(list).filter(|values| !values.is_empty());
    match (given(names), given(ids)) {
        (None, None) => None,
        (names, ids) => Some((names.unwrap_or_default(), ids.unwrap_or_default())),
    }
}

pub(super) fn is_wanted(wanted: Option<&(Vec<String>, Vec<String>)>, object: &Reference) -> bool {
    wanted.is_none_or(|(names, ids)| {
        names.iter().any(|name| name.eq_ignore_ascii_case(&object.name))
            || object.id.as_ref().is_some_and(|id| ids.contains(id))
    })
}

fn volume(tx: &ArrayTx<'_>, name: &str, destroyed: Option<bool>) -> Result<(), Refusal> {
    match (tx.protection_group_candidate(name)?, destroyed) {
        (None, _) | (Some((_, false)), Some(true)) => Err(Refusal::missing(VOLUME, name)),
        (Some((_, true)), Some(false)) => Err(Refusal::destroyed(VOLUME, name)),
        _ => Ok(()),
    }
}

/// The members that a request names. An empty list is one: nothing is to be done then (Cinder 29 sends that).
fn members(call: &Call<'_>, tx: &ArrayTx<'_>) -> Result<Vec<String>, Refusal> {
    let ids = call.query.list("member_ids").filter(|ids| !ids.is_empty());
    let Some(ids) = ids else {
        let names = call.query.list("member_names");
        return names.ok_or_else(|| Refusal::bad("member_names", sentences::missing_parameter("member_names")));
    };
    each(ids, |id| {
        let name = tx.protection_group_candidate_name(&id)?;
        name.ok_or_else(|| Refusal::missing(VOLUME, &id))
    })
}

/// Every group of a request with every member of it.
fn change<T>(
    call: &Call<'_>,
    work: impl Fn(&ArrayTx<'_>, &ProtectionGroupRow, &str) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    call.change(|tx| {
        let groups = named(call, tx, "group_")?;
        let members = members(call, tx)?;
        each(&groups, check_changeable)?;
        each(groups.iter().flat_map(|group| members.iter().map(move |member| (group, member))), |(group, member)| {
            work(tx, group, member)
        })
    })
}

fn post(call: &Call<'_>) -> Result<Reply, Refusal> {
    let added = change(call, |tx, group, name| {
        let is_new = tx.add_protection_group_member(group, name).map_err(|e| {
            refused(e, name, |kind| match kind {
                ErrorKind::NotFound => Some(sentences::does_not_exist(VOLUME)),
                ErrorKind::PendingEradication => Some(sentences::has_been_destroyed(VOLUME)),
                ErrorKind::InvalidRequest => Some(sentences::OTHER_POD.to_owned()),
                _ => None,
            })
        })?;
        if !is_new {
            return Err(Refusal::bad(name, sentences::already_belongs_to(VOLUME, &group.name)));
        }
        let member = tx.protection_group_candidate(name)?.map(|(volume, _)| volume);
        let group = Reference { id: Some(group.id.clone()), name: group.name.clone() };
        Ok(json!({"group": group_reference(call, &group), "member": reference(member.as_ref())}))
    })?;
    Ok(Reply::items(call, added))
}

fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    change(call, |tx, group, name| {
        if group.retention_locked {
            return Err(Refusal::bad(&group.name, sentences::retention_locked("Removing a member")));
        }
        if tx.remove_protection_group_member(group, name).map_err(|e| refused(e, name, |_| None))? {
            return Ok(());
        }
        volume(tx, name, None)?;
        Err(Refusal::bad(name, sentences::does_not_belong_to(VOLUME, &group.name)))
    })?;
    Ok(Reply::empty())
}

struct Nobody;

impl Listed for Nobody {
    fn name(&self) -> &str {
        ""
    }

    fn item(&self, _call: &Call<'_>) -> Value {
        Value::Null
    }
}

/// Members of other kinds: there are none.
fn get_none(call: &Call<'_>) -> Result<Reply, Refusal> {
    let groups = wanted(call, "group_names", "group_ids");
    call.read(|tx| each(groups.iter().flat_map(|(names, _)| names), |name| group(tx, name)).map(drop))?;
    list(call, Vec::<Nobody>::new(), &PROTECTION_GROUP)
}
