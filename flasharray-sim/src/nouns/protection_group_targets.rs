//! To which arrays a protection group is replicated, and whether those allow it.

use super::choose::each;
use super::fields::{refused, time_remaining};
use super::protection_group_members::{group_reference, is_wanted, wanted};
use super::protection_group_policies::retention;
use super::protection_groups::{PROTECTION_GROUP, check_changeable, group, named};
use super::show::reference;
use crate::call::Call;
use crate::list::{Listed, Noun, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::sentences;
use protector_core::ErrorKind;
use protector_core::mock::{ArrayTx, GroupTargetRow, ProtectionGroupRow, RemoteGroupRow};
use serde::Deserialize;
use serde_json::{Value, json};

static TARGET: Noun = Noun { title: "Target" };
static REMOTE: Noun = Noun { title: "Remote protection group" };

/// Arrays that a group can be replicated to (documentation of the Ansible collection 1.42.0).
const MOST_TARGETS: u64 = 4;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("protection-groups/targets", 1, get),
        Route::post("protection-groups/targets", 1, post),
        Route::patch("protection-groups/targets", 1, patch),
        Route::delete("protection-groups/targets", 1, delete),
        Route::get("remote-protection-groups", 1, get_remote),
    ]
}

struct Shown {
    key: String,
    row: GroupTargetRow,
}

impl Listed for Shown {
    fn name(&self) -> &str {
        &self.key
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let Self { row, .. } = self;
        // id and kind are in the contract of 2.37, not in that of 2.26; in py-pure-client 1.96 they begin with 2.37
        let member = if call.at_least(37) {
            json!({"id": row.target.id, "name": row.target.name, "resource_type": "arrays"})
        } else {
            json!({"name": row.target.name})
        };
        let mut item = json!({
            "allowed": row.allowed,
            "group": group_reference(call, &row.group),
            "member": member,
        });
        if let (true, Some(fields)) = (call.at_least(37), item.as_object_mut()) {
            // that a broken link shows as `suspended` is a guess: it is allowed and does not replicate
            let status = match (row.allowed, row.flows) {
                (false, _) => "disallowed",
                (true, true) => "replicating",
                (true, false) => "suspended",
            };
            fields.insert("status".to_owned(), json!(status));
        }
        item
    }
}

fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    let shown = call.read(|tx| {
        let groups = wanted(call, "group_names", "group_ids");
        each(groups.iter().flat_map(|(names, _)| names), |name| group(tx, name))?;
        let targets = wanted(call, "member_names", "member_ids");
        let mut rows = shown(tx)?;
        rows.retain(|shown| {
            is_wanted(groups.as_ref(), &shown.row.group) && is_wanted(targets.as_ref(), &shown.row.target)
        });
        Ok(rows)
    })?;
    list(call, shown, &TARGET)
}

fn shown(tx: &ArrayTx<'_>) -> Result<Vec<Shown>, Refusal> {
    let key = |row: &GroupTargetRow| format!("{} {}", row.group.name, row.target.name);
    Ok(tx.protection_group_targets()?.into_iter().map(|row| Shown { key: key(&row), row }).collect())
}

/// Every group of a request with every target of it.
fn change(
    call: &Call<'_>,
    work: impl Fn(&ArrayTx<'_>, &ProtectionGroupRow, &str) -> Result<(), Refusal>,
) -> Result<Vec<Value>, Refusal> {
    let targets = call.query.required("member_names")?;
    call.change(|tx| {
        let groups = named(call, tx, "group_")?;
        each(&groups, check_changeable)?;
        each(groups.iter().flat_map(|group| targets.iter().map(move |target| (group, target))), |(row, target)| {
            // an earlier target of the same request counts
            work(tx, &group(tx, &row.name)?, target)
        })?;
        items(call, tx, &groups, Some(&targets))
    })
}

fn items(
    call: &Call<'_>,
    tx: &ArrayTx<'_>,
    groups: &[ProtectionGroupRow],
    targets: Option<&[String]>,
) -> Result<Vec<Value>, Refusal> {
    let mut rows = shown(tx)?;
    rows.retain(|shown| {
        groups.iter().any(|group| group.name == shown.row.group.name)
            && targets.is_none_or(|names| names.iter().any(|name| name.eq_ignore_ascii_case(&shown.row.target.name)))
    });
    Ok(rows.iter().map(|shown| shown.item(call)).collect())
}

fn post(call: &Call<'_>) -> Result<Reply, Refusal> {
    let added = change(call, |tx, group, target| {
        let present = tx.protection_group_targets()?;
        let is_present = |row: &GroupTargetRow| {
            row.group.id.as_ref() == Some(&group.id) && row.target.name.eq_ignore_ascii_case(target)
        };
        if present.iter().any(is_present) {
            return Err(Refusal::bad(&group.name, sentences::already_includes(&group.name, target)));
        }
        if group.targets >= MOST_TARGETS {
            return Err(Refusal::limit_reached("Target", &group.name));
        }
        tx.add_protection_group_target(group, target).map_err(|e| {
            refused(e, target, |kind| match kind {
                ErrorKind::NotFound => Some(sentences::could_not_be_found("Array", target)),
                ErrorKind::Precondition => Some(sentences::not_connected(target)),
                ErrorKind::AlreadyExists => Some(sentences::already_includes(&group.name, target)),
                ErrorKind::Conflict => Some(sentences::already_exists(PROTECTION_GROUP.title)),
                ErrorKind::PendingEradication => Some(sentences::has_been_destroyed(PROTECTION_GROUP.title)),
                ErrorKind::InvalidRequest => Some(sentences::invalid_parameter("member_names", target)),
                _ => None,
            })
        })
    })?;
    Ok(Reply::items(call, added))
}

fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    change(call, |tx, group, target| {
        if group.retention_locked {
            return Err(Refusal::bad(&group.name, sentences::retention_locked("Removing a target")));
        }
        if tx.remove_protection_group_target(group, target).map_err(|e| refused(e, target, |_| None))? {
            return Ok(());
        }
        Err(Refusal::bad(target, sentences::does_not_belong_to("Target", &group.name)))
    })?;
    Ok(Reply::empty())
}

#[derive(Debug, Deserialize)]
struct Change {
    allowed: Option<bool>,
}

fn patch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let Change { allowed } = call.body.object()?;
    let allowed = allowed.ok_or_else(|| Refusal::bad("allowed", sentences::NO_ATTRIBUTE))?;
    let items = call.change(|tx| {
        let images = named(call, tx, "group_")?;
        each(&images, |image| allow(call, tx, image, allowed))?;
        items(call, tx, &images, None)
    })?;
    Ok(Reply::items(call, items))
}

fn allow(call: &Call<'_>, tx: &ArrayTx<'_>, image: &ProtectionGroupRow, allowed: bool) -> Result<(), Refusal> {
    let bad = |sentence: String| Err(Refusal::bad(&image.name, sentence));
    if image.is_local {
        return bad(sentences::ALLOWED_ON_TARGET.to_owned());
    }
    if image.destroyed_ms.is_some() {
        return Err(Refusal::destroyed(PROTECTION_GROUP.title, &image.name));
    }
    if !allowed && image.retention_locked {
        return bad(sentences::retention_locked("Disallowing replication"));
    }
    match tx.allow_protection_group(image, allowed).map_err(|e| refused(e, &image.name, |_| None))? {
        true => Ok(()),
        false if allowed => bad(sentences::already_allowed_on(&image.name, call.array.as_str())),
        false => bad(sentences::already_disallowed_on(&image.name, call.array.as_str())),
    }
}

struct Remote {
    row: RemoteGroupRow,
    source: Value,
    time_remaining: Option<i64>,
}

impl Listed for Remote {
    fn name(&self) -> &str {
        &self.row.image.name
    }

    fn id(&self) -> Option<&str> {
        self.row.image.id.as_deref()
    }

    fn destroyed(&self) -> bool {
        self.row.destroyed_ms.is_some()
    }

    fn item(&self, _call: &Call<'_>) -> Value {
        json!({
            "id": self.row.image.id,
            "name": self.row.image.name,
            "destroyed": self.destroyed(),
            "is_local": false,
            "remote": reference(Some(&self.row.target)),
            "source": self.source,
            "target_retention": retention(self.row.retention),
            "time_remaining": self.time_remaining,
        })
    }
}

/// The images of this array's groups on other arrays. The contract speaks of offload targets, of which there are none here.
fn get_remote(call: &Call<'_>) -> Result<Reply, Refusal> {
    let on = call.query.list("on").filter(|targets| !targets.is_empty());
    let rows = call.read(|tx| {
        let source = json!({"id": tx.info().id, "name": tx.info().name});
        let mut rows = tx.remote_protection_groups()?;
        rows.retain(|row| on.as_ref().is_none_or(|on| on.contains(&row.target.name)));
        let remote = |row: RemoteGroupRow| Remote {
            time_remaining: time_remaining(tx, row.destroyed_ms),
            source: source.clone(),
            row,
        };
        Ok(rows.into_iter().map(remote).collect())
    })?;
    list(call, rows, &REMOTE)
}
