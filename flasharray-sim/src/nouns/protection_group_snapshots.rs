//! Snapshots of protection groups, and replicas of them.

use super::choose::each;
use super::fields::{refused, time_remaining};
use super::protection_groups::{PROTECTION_GROUP, named};
use super::show::{reference, space};
use super::volumes::keeps_destroyed;
use crate::call::Call;
use crate::list::{Listed, Noun, list_known};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::sentences;
use protector_core::mock::{ArrayTx, GroupSnapshotRow, ProtectionGroupRow, ReplicationStart, SnapshotOptions};
use protector_core::rules::naming::validate_suffix;
use protector_core::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) static SNAPSHOT: Noun = Noun { title: "Protection group snapshot" };

/// Of what a snapshot held, the part that only it holds: made up.
const HELD_ALONE: u64 = 64;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("protection-group-snapshots", 1, get),
        Route::post("protection-group-snapshots", 1, post),
        Route::patch("protection-group-snapshots", 1, patch),
        Route::delete("protection-group-snapshots", 1, delete),
        Route::post("protection-group-snapshots/replica", 25, post_replica),
        Route::post("protection-group-snapshots/test", 25, post_test),
    ]
}

struct Shown {
    row: GroupSnapshotRow,
    time_remaining: Option<i64>,
    may_eradicate: bool,
}

impl Shown {
    fn new(tx: &ArrayTx<'_>, row: GroupSnapshotRow) -> Self {
        Self {
            time_remaining: time_remaining(tx, row.destroyed_ms),
            may_eradicate: !keeps_destroyed(tx) && !row.retention_locked,
            row,
        }
    }
}

impl Listed for Shown {
    fn name(&self) -> &str {
        &self.row.name
    }

    fn id(&self) -> Option<&str> {
        Some(&self.row.id)
    }

    fn destroyed(&self) -> bool {
        self.row.destroyed_ms.is_some()
    }

    fn belongs_to(&self) -> Option<&str> {
        Some(&self.row.group.name)
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let Self { row, .. } = self;
        let mut item = json!({
            "name": row.name,
            "created": call.time(row.created_ms),
            "destroyed": row.destroyed_ms.is_some(),
            "pod": reference(row.pod.as_ref()),
            "source": reference(Some(&row.group)),
            "space": space(call, row.provisioned, row.provisioned / HELD_ALONE),
            "suffix": row.suffix,
            "time_remaining": self.time_remaining,
        });
        if let Some(fields) = item.as_object_mut() {
            if call.at_least(26) {
                fields.insert("id".to_owned(), json!(row.id));
            }
            if call.at_least(13) {
                let eradication = if self.may_eradicate { "enabled" } else { "disabled" };
                fields.insert("eradication_config".to_owned(), json!({"manual_eradication": eradication}));
            }
        }
        item
    }
}

/// Whether a row is of one of the groups that a list of snapshots is narrowed to by `source_names` or `source_ids`.
pub(super) fn of_sources(call: &Call<'_>, tx: &ArrayTx<'_>) -> Result<Option<Vec<ProtectionGroupRow>>, Refusal> {
    let given = |list: &str| call.query.list(list).is_some_and(|values| !values.is_empty());
    let by_id = call.at_least(26) && given("source_ids");
    if given("source_names") || by_id { named(call, tx, "source_").map(Some) } else { Ok(None) }
}

/// Lists snapshots; `names` may name groups, for all of theirs.
fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    let (rows, groups) = call.read(|tx| {
        let sources = of_sources(call, tx)?;
        let mut rows = snapshots(call, tx)?;
        rows.retain(|row| {
            sources.as_ref().is_none_or(|groups| groups.iter().any(|group| Some(&group.id) == row.group.id.as_ref()))
        });
        Ok((rows.into_iter().map(|row| Shown::new(tx, row)).collect::<Vec<_>>(), empty_groups(call, tx)?))
    })?;
    list_known(call, rows, &SNAPSHOT, |name| groups.iter().any(|group| group == name))
}

/// The rows that `names` can choose from: those of the groups that it speaks of.
fn snapshots(call: &Call<'_>, tx: &ArrayTx<'_>) -> Result<Vec<GroupSnapshotRow>, Refusal> {
    let Some(names) = call.query.names().filter(|names| !names.is_empty()) else {
        return Ok(tx.protection_group_snapshots()?);
    };
    let mut groups: Vec<ProtectionGroupRow> = Vec::new();
    for name in &names {
        // an array's name, and with it that of an image, may have points of its own
        let of_snapshot = name.rsplit_once('.').map_or(name.as_str(), |(group, _)| group);
        for group in [tx.protection_group(name)?, tx.protection_group(of_snapshot)?].into_iter().flatten() {
            if !groups.iter().any(|known| known.id == group.id) {
                groups.push(group);
            }
        }
    }
    let mut rows = Vec::new();
    for group in &groups {
        rows.extend(tx.snapshots_of_protection_group(group)?);
    }
    Ok(rows)
}

/// Those of the names that are groups: they are no error, even without a snapshot.
pub(super) fn empty_groups(call: &Call<'_>, tx: &ArrayTx<'_>) -> Result<Vec<String>, Refusal> {
    let mut groups = Vec::new();
    for name in call.query.names().unwrap_or_default() {
        if tx.protection_group(&name)?.is_some() {
            groups.push(name);
        }
    }
    Ok(groups)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    suffix: Option<String>,
    name: Option<String>,
    destroyed: Option<bool>,
}

/// What a POST asks for; the suffix may come as a parameter, too.
fn options(call: &Call<'_>) -> Result<SnapshotOptions, Refusal> {
    let body: Body = call.body.object()?;
    let suffix = body.suffix.or_else(|| call.query.text("suffix").map(std::borrow::Cow::into_owned));
    let suffix = suffix.filter(|suffix| !suffix.is_empty());
    if suffix.as_ref().is_some_and(|suffix| validate_suffix(suffix).is_err()) {
        return Err(Refusal::bad("suffix", sentences::SNAPSHOT_SUFFIX));
    }
    let replicate = match (call.query.is_set("replicate")?, call.query.is_set("replicate_now")?) {
        (true, true) => {
            let message = sentences::exclusive_parameters("replicate", "replicate_now");
            return Err(Refusal::bad("replicate_now", message));
        }
        (true, false) => Some(ReplicationStart::InTurn),
        (false, true) => Some(ReplicationStart::Now),
        (false, false) => None,
    };
    Ok(SnapshotOptions {
        suffix,
        replicate,
        apply_retention: call.query.is_set("apply_retention")?,
        for_replication: call.query.is_set("for_replication")?,
    })
}

fn cannot_be_taken(e: Error, group: &ProtectionGroupRow, options: &SnapshotOptions) -> Refusal {
    let suffix = options.suffix.as_deref().unwrap_or_default();
    let context = match e.kind() {
        ErrorKind::AlreadyExists => format!("{}.{suffix}", group.name),
        _ => group.name.clone(),
    };
    let no_targets = options.replicate.is_some() && group.targets == 0;
    refused(e, &context, |kind| match kind {
        ErrorKind::AlreadyExists => Some(sentences::already_exists(SNAPSHOT.title)),
        ErrorKind::PendingEradication => Some(sentences::has_been_destroyed(PROTECTION_GROUP.title)),
        ErrorKind::InvalidRequest => Some(sentences::not_local(PROTECTION_GROUP.title)),
        ErrorKind::Precondition if no_targets => Some(sentences::NO_TARGETS.to_owned()),
        _ => None,
    })
}

fn post(call: &Call<'_>) -> Result<Reply, Refusal> {
    let options = options(call)?;
    let items = call.change(|tx| {
        each(&named(call, tx, "source_")?, |group| {
            let suffix =
                tx.snapshot_protection_group(group, &options).map_err(|e| cannot_be_taken(e, group, &options))?;
            Ok(Shown::new(tx, snapshot(tx, &format!("{}.{suffix}", group.name))?).item(call))
        })
    })?;
    Ok(Reply::items(call, items))
}

/// Whether snapshots could be taken. Unlike the real thing, a refusal is a result here.
fn post_test(call: &Call<'_>) -> Result<Reply, Refusal> {
    let options = options(call)?;
    let items = call.read(|tx| {
        each(&named(call, tx, "source_")?, |group| {
            let refused =
                tx.check_protection_group_snapshot(group, &options).err().map(|e| cannot_be_taken(e, group, &options));
            if let Some(refusal) = refused.as_ref().filter(|refusal| refusal.status != 400) {
                return Err(refusal.clone());
            }
            let details = refused.iter().flat_map(|refusal| &refusal.errors).map(|entry| entry.message.as_str());
            Ok(json!({
                "component_address": null,
                "component_name": null,
                "description": "Testing whether a snapshot can be taken",
                "destination": null,
                "enabled": true,
                "resource": {"id": group.id, "name": group.name},
                "result_details": details.collect::<Vec<_>>().join(" "),
                "success": refused.is_none(),
                "test_type": "protection-group-snapshot",
            }))
        })
    })?;
    Ok(Reply::items(call, items))
}

/// The snapshot of this name, destroyed or not.
fn snapshot(tx: &ArrayTx<'_>, name: &str) -> Result<GroupSnapshotRow, Refusal> {
    tx.protection_group_snapshot(name)?.ok_or_else(|| Refusal::missing(SNAPSHOT.title, name))
}

/// The snapshots that a request names by `names` or, since 2.26, `ids`.
fn chosen(call: &Call<'_>, tx: &ArrayTx<'_>) -> Result<Vec<GroupSnapshotRow>, Refusal> {
    let ids = call.query.ids().filter(|ids| !ids.is_empty() && call.at_least(26));
    let Some(ids) = ids else { return each(call.query.required("names")?, |name| snapshot(tx, &name)) };
    let all = tx.protection_group_snapshots()?;
    each(ids, |id| all.iter().find(|row| row.id == id).cloned().ok_or_else(|| Refusal::missing(SNAPSHOT.title, &id)))
}

fn patch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let Body { name, destroyed, .. } = call.body.object()?;
    let items = call.change(|tx| {
        each(&chosen(call, tx)?, |row| {
            let name = match (&name, destroyed) {
                (Some(_), Some(_)) => {
                    return Err(Refusal::bad("name", sentences::exclusive_parameters("name", "destroyed")));
                }
                (Some(name), None) => rename(tx, row, name)?,
                (None, Some(destroyed)) => set_destroyed(tx, row, destroyed)?,
                (None, None) => return Err(Refusal::bad("body", sentences::NO_ATTRIBUTE)),
            };
            Ok(Shown::new(tx, snapshot(tx, &name)?).item(call))
        })
    })?;
    Ok(Reply::items(call, items))
}

/// `name`: a new suffix, or the full name with one.
fn rename(tx: &ArrayTx<'_>, row: &GroupSnapshotRow, name: &str) -> Result<String, Refusal> {
    let suffix = name.rsplit_once('.').map_or(name, |(_, suffix)| suffix);
    let full = format!("{}.{suffix}", row.group.name);
    if validate_suffix(suffix).is_err() || (name.contains('.') && !name.eq_ignore_ascii_case(&full)) {
        return Err(Refusal::bad("suffix", sentences::SNAPSHOT_SUFFIX));
    }
    if row.destroyed_ms.is_some() {
        return Err(Refusal::destroyed(SNAPSHOT.title, &row.name));
    }
    tx.rename_protection_group_snapshot(row, suffix).map_err(|e| {
        refused(e, &row.name, |kind| match kind {
            ErrorKind::AlreadyExists => Some(sentences::already_exists(SNAPSHOT.title)),
            ErrorKind::InvalidRequest => Some(sentences::not_local(SNAPSHOT.title)),
            _ => None,
        })
    })?;
    Ok(full)
}

fn set_destroyed(tx: &ArrayTx<'_>, row: &GroupSnapshotRow, destroyed: bool) -> Result<String, Refusal> {
    let bad = |sentence| Err(Refusal::bad(&row.name, sentence));
    match (row.destroyed_ms.is_some(), destroyed) {
        (true, true) => return Err(Refusal::destroyed(SNAPSHOT.title, &row.name)),
        (false, false) => return bad(sentences::not_destroyed(SNAPSHOT.title)),
        (false, true) if row.retention_locked => {
            return bad(sentences::retention_locked("Destroying the protection group snapshot"));
        }
        (true, false) => {
            if tx.protection_group(&row.group.name)?.is_some_and(|group| group.destroyed_ms.is_some()) {
                return Err(Refusal::destroyed(PROTECTION_GROUP.title, &row.group.name));
            }
        }
        (false, true) => {}
    }
    tx.set_protection_group_snapshot_destroyed(row, destroyed).map_err(|e| refused(e, &row.name, |_| None))?;
    Ok(row.name.clone())
}

fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    call.change(|tx| {
        each(&chosen(call, tx)?, |row| {
            if row.destroyed_ms.is_none() {
                return Err(Refusal::bad(&row.name, sentences::not_destroyed(SNAPSHOT.title)));
            }
            if row.retention_locked || keeps_destroyed(tx) {
                let message = sentences::retention_locked("Eradicating the protection group snapshot");
                return Err(Refusal::bad(&row.name, message));
            }
            tx.eradicate_protection_group_snapshot(row).map_err(|e| refused(e, &row.name, |_| None))
        })?;
        Ok(Reply::empty())
    })
}

/// Replicates snapshots that are there to the targets in `on`, or to all.
fn post_replica(call: &Call<'_>) -> Result<Reply, Refusal> {
    let on = call.query.list("on").filter(|targets| !targets.is_empty());
    let items = call.change(|tx| {
        let targets = tx.protection_group_targets()?;
        each(&chosen(call, tx)?, |row| {
            if row.destroyed_ms.is_some() {
                return Err(Refusal::destroyed(SNAPSHOT.title, &row.name));
            }
            let of_group = || targets.iter().filter(|target| target.group.id == row.group.id);
            for name in on.iter().flatten() {
                if !of_group().any(|target| target.target.name.eq_ignore_ascii_case(name)) {
                    return Err(Refusal::bad(name, sentences::does_not_belong_to("Target", &row.group.name)));
                }
            }
            if of_group().next().is_none() && !row.is_replica {
                return Err(Refusal::bad(&row.name, sentences::NO_TARGETS));
            }
            tx.replicate_protection_group_snapshot(row, on.as_deref()).map_err(|e| {
                refused(e, &row.name, |kind| {
                    (kind == ErrorKind::InvalidRequest).then(|| sentences::not_local(SNAPSHOT.title))
                })
            })?;
            Ok(Shown::new(tx, row.clone()).item(call))
        })
    })?;
    Ok(Reply::items(call, items))
}
