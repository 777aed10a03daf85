//! Protection groups.

use super::choose::each;
use super::fields::{refused, time_remaining};
use super::protection_group_policies::{PolicyChange, retention, schedule};
use super::show::{reference, space};
use super::volumes::keeps_destroyed;
use crate::call::Call;
use crate::list::{Listed, Noun, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::sentences;
use protector_core::ErrorKind;
use protector_core::mock::{ArrayTx, GroupSnapshotRow, ProtectionGroupRow};
use protector_core::rules::naming::validate_array_object_name;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) static PROTECTION_GROUP: Noun = Noun { title: "Protection group" };

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("protection-groups", 1, get),
        Route::post("protection-groups", 1, post),
        Route::patch("protection-groups", 1, patch),
        Route::delete("protection-groups", 1, delete),
        Route::get("protection-groups/space", 1, get_space),
        Route::get("protection-groups/performance/replication", 1, get_performance),
        Route::get("protection-groups/performance/replication/by-array", 1, get_performance_by_array),
    ]
}

/// A group with what the transaction alone knows of it.
struct Shown {
    row: ProtectionGroupRow,
    time_remaining: Option<i64>,
    may_eradicate: bool,
}

impl Shown {
    fn new(tx: &ArrayTx<'_>, row: ProtectionGroupRow) -> Self {
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

    fn item(&self, call: &Call<'_>) -> Value {
        let Self { row, .. } = self;
        let mut item = json!({
            "name": row.name,
            "destroyed": row.destroyed_ms.is_some(),
            "host_count": 0,
            "host_group_count": 0,
            "is_local": row.is_local,
            "pod": reference(row.pod.as_ref()),
            "replication_schedule": schedule(&row.policy.replication, true),
            "snapshot_schedule": schedule(&row.policy.snapshot, false),
            "source": reference(Some(&row.source)),
            "source_retention": retention(row.policy.source_retention),
            "space": space(call, row.provisioned, 0),
            "target_count": row.targets,
            "target_retention": retention(row.policy.target_retention),
            "time_remaining": self.time_remaining,
            "volume_count": row.volumes,
        });
        if let Some(fields) = item.as_object_mut() {
            if call.at_least(26) {
                fields.insert("id".to_owned(), json!(row.id));
            }
            if call.at_least(13) {
                let lock = if row.retention_locked { "ratcheted" } else { "unlocked" };
                fields.insert("retention_lock".to_owned(), json!(lock));
                let eradication = if self.may_eradicate { "enabled" } else { "disabled" };
                fields.insert("eradication_config".to_owned(), json!({"manual_eradication": eradication}));
            }
        }
        item
    }
}

fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, all(call)?, &PROTECTION_GROUP)
}

fn all(call: &Call<'_>) -> Result<Vec<Shown>, Refusal> {
    call.read(|tx| Ok(tx.protection_groups()?.into_iter().map(|row| Shown::new(tx, row)).collect()))
}

/// A group as `protection-groups/space` and `performance` show it.
struct Measured {
    shown: Shown,
    render: fn(&Call<'_>, &ProtectionGroupRow) -> Value,
}

impl Listed for Measured {
    fn name(&self) -> &str {
        self.shown.name()
    }

    fn id(&self) -> Option<&str> {
        self.shown.id()
    }

    fn destroyed(&self) -> bool {
        self.shown.destroyed()
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let mut item = (self.render)(call, &self.shown.row);
        if let Some(fields) = item.as_object_mut() {
            fields.insert("id".to_owned(), json!(self.shown.row.id));
            fields.insert("name".to_owned(), json!(self.shown.row.name));
            fields.insert("time".to_owned(), json!(call.time(call.sim.now_ms())));
        }
        item
    }
}

fn measured(call: &Call<'_>, render: fn(&Call<'_>, &ProtectionGroupRow) -> Value) -> Result<Reply, Refusal> {
    let rows = all(call)?.into_iter().map(|shown| Measured { shown, render }).collect();
    list(call, rows, &PROTECTION_GROUP)
}

fn get_space(call: &Call<'_>) -> Result<Reply, Refusal> {
    measured(call, |call, row| json!({"space": space(call, row.provisioned, 0)}))
}

/// Nothing is measured: zero.
fn get_performance(call: &Call<'_>) -> Result<Reply, Refusal> {
    measured(call, |_, _| json!({"bytes_per_sec": 0}))
}

fn get_performance_by_array(call: &Call<'_>) -> Result<Reply, Refusal> {
    measured(call, |_, row| json!({"bytes_per_sec": 0, "source": row.source.name, "target": null}))
}

/// The groups that a request names by `<prefix>names` or, since 2.26, `<prefix>ids`; each is there, destroyed or not.
///
/// # Errors
/// none named, or both ways → 400; one is not there → 400, one entry for each.
pub(super) fn named(call: &Call<'_>, tx: &ArrayTx<'_>, prefix: &str) -> Result<Vec<ProtectionGroupRow>, Refusal> {
    let (by_name, by_id) = (format!("{prefix}names"), format!("{prefix}ids"));
    let ids = call.query.list(&by_id).filter(|ids| !ids.is_empty() && call.at_least(26));
    let Some(ids) = ids else { return each(call.query.required(&by_name)?, |name| group(tx, &name)) };
    if call.query.list(&by_name).is_some_and(|names| !names.is_empty()) {
        return Err(Refusal::bad(&by_name, sentences::exclusive_parameters(&by_name, &by_id)));
    }
    let all = tx.protection_groups()?;
    each(ids, |id| {
        let found = all.iter().find(|row| row.id == id).cloned();
        found.ok_or_else(|| Refusal::missing(PROTECTION_GROUP.title, &id))
    })
}

/// The group of this name, destroyed or not.
///
/// # Errors
/// it is not there → 400.
pub(super) fn group(tx: &ArrayTx<'_>, name: &str) -> Result<ProtectionGroupRow, Refusal> {
    tx.protection_group(name)?.ok_or_else(|| Refusal::missing(PROTECTION_GROUP.title, name))
}

/// Refuses a group that is destroyed, or the image of one of another array.
pub(super) fn check_changeable(row: &ProtectionGroupRow) -> Result<(), Refusal> {
    if row.destroyed_ms.is_some() {
        return Err(Refusal::destroyed(PROTECTION_GROUP.title, &row.name));
    }
    if !row.is_local {
        return Err(Refusal::bad(&row.name, sentences::not_local(PROTECTION_GROUP.title)));
    }
    Ok(())
}

fn post(call: &Call<'_>) -> Result<Reply, Refusal> {
    let names = call.query.required("names")?;
    let sources = call.query.list("source_names").filter(|sources| !sources.is_empty());
    let overwrite = call.query.is_set("overwrite")?;
    if sources.as_ref().is_some_and(|sources| sources.len() != names.len()) {
        return Err(Refusal::bad("source_names", sentences::invalid_parameter("source_names", "one for each name")));
    }
    call.change(|tx| {
        if call.sim.faults.limit("protection-groups").is_some() && !overwrite {
            check_limit(call, tx, &names)?;
        }
        let items = match &sources {
            None => each(&names, |name| {
                create(tx, name)?;
                group(tx, name)
            })?,
            Some(sources) => each(names.iter().zip(sources), |(name, source)| copy(tx, name, source, overwrite))?,
        };
        Ok(shown(call, tx, items))
    })
}

/// Refuses more groups than there may be; destroyed ones and replicas count.
fn check_limit(call: &Call<'_>, tx: &ArrayTx<'_>, names: &[String]) -> Result<(), Refusal> {
    let present = tx.protection_groups()?.len();
    let most = call.sim.faults.limit("protection-groups").and_then(|most| usize::try_from(most).ok());
    let room = most.unwrap_or(usize::MAX).saturating_sub(present);
    match names.get(room) {
        Some(name) => Err(Refusal::limit_reached(PROTECTION_GROUP.title, name)),
        None => Ok(()),
    }
}

/// The reply to a change of groups.
fn shown(call: &Call<'_>, tx: &ArrayTx<'_>, rows: Vec<ProtectionGroupRow>) -> Reply {
    Reply::items(call, rows.into_iter().map(|row| Shown::new(tx, row).item(call)).collect())
}

/// Refuses a name that cannot be given to a new group: it breaks the rule, its pod is not there, or it is taken.
fn check_free(tx: &ArrayTx<'_>, name: &str) -> Result<(), Refusal> {
    validate_array_object_name("name", name).map_err(|_| Refusal::bad(name, sentences::GROUP_NAME))?;
    let pod = tx.place(name).map_err(|e| refused(e, name, |_| Some(sentences::does_not_exist("Pod"))))?;
    if pod.is_some_and(|pod| pod.destroyed_ms.is_some()) {
        return Err(Refusal::destroyed("Pod", name));
    }
    match tx.protection_group(name)? {
        Some(taken) if taken.destroyed_ms.is_some() => Err(Refusal::destroyed(PROTECTION_GROUP.title, name)),
        Some(_) => Err(Refusal::exists(PROTECTION_GROUP.title, name)),
        None => Ok(()),
    }
}

fn create(tx: &ArrayTx<'_>, name: &str) -> Result<(), Refusal> {
    check_free(tx, name)?;
    tx.create_protection_group(name).map_err(|e| refused(e, name, |_| None))
}

/// Copies a snapshot, or the latest of a group, into a new group or over one that has the same volumes.
fn copy(tx: &ArrayTx<'_>, name: &str, source: &str, overwrite: bool) -> Result<ProtectionGroupRow, Refusal> {
    let snapshot = copied(tx, source)?;
    match tx.protection_group(name)? {
        Some(present) if overwrite => {
            check_changeable(&present)?;
            tx.overwrite_protection_group(&snapshot, &present).map_err(|e| {
                refused(e, name, |kind| {
                    (kind == ErrorKind::InvalidRequest).then(|| sentences::OTHER_VOLUMES.to_owned())
                })
            })?;
        }
        None if overwrite => return Err(Refusal::missing(PROTECTION_GROUP.title, name)),
        _ => {
            check_free(tx, name)?;
            tx.copy_to_new_protection_group(&snapshot, name).map_err(|e| {
                refused(e, name, |kind| (kind == ErrorKind::AlreadyExists).then(|| sentences::already_exists("Volume")))
            })?;
        }
    }
    group(tx, name)
}

fn copied(tx: &ArrayTx<'_>, source: &str) -> Result<GroupSnapshotRow, Refusal> {
    const SNAPSHOT: &str = "Protection group snapshot";
    let found = match tx.protection_group(source)? {
        Some(row) => tx.snapshots_of_protection_group(&row)?.into_iter().rfind(|one| one.destroyed_ms.is_none()),
        None => tx.protection_group_snapshot(source)?,
    };
    let found = found.ok_or_else(|| Refusal::missing(SNAPSHOT, source))?;
    if found.destroyed_ms.is_some() {
        return Err(Refusal::destroyed(SNAPSHOT, source));
    }
    Ok(found)
}

/// What a PATCH can change.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Change {
    name: Option<String>,
    destroyed: Option<bool>,
    retention_lock: Option<String>,
    #[serde(flatten)]
    policy: PolicyChange,
}

fn patch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let change: Change = call.body.object()?;
    if change == Change::default() {
        return Err(Refusal::bad("body", sentences::NO_ATTRIBUTE));
    }
    if change.name.is_some() && change != (Change { name: change.name.clone(), ..Change::default() }) {
        return Err(Refusal::bad("name", sentences::exclusive_parameters("name", "destroyed")));
    }
    call.change(|tx| {
        let rows = named(call, tx, "")?;
        if change.name.is_some() && rows.len() > 1 {
            return Err(Refusal::bad("name", sentences::invalid_parameter("name", "one name for several groups")));
        }
        let changed = each(&rows, |row| {
            apply(tx, row, &change)?;
            group(tx, change.name.as_deref().unwrap_or(&row.name))
        })?;
        Ok(shown(call, tx, changed))
    })
}

fn apply(tx: &ArrayTx<'_>, row: &ProtectionGroupRow, change: &Change) -> Result<(), Refusal> {
    let failed = |e| refused(e, &row.name, |_| None);
    match change.destroyed {
        Some(true) if row.destroyed_ms.is_some() => return Err(Refusal::destroyed(PROTECTION_GROUP.title, &row.name)),
        Some(true) if row.retention_locked => {
            return Err(Refusal::bad(&row.name, sentences::retention_locked("Destroying the protection group")));
        }
        Some(true) => return tx.destroy_protection_group(row).map_err(failed),
        Some(false) if row.destroyed_ms.is_none() => {
            return Err(Refusal::bad(&row.name, sentences::not_destroyed(PROTECTION_GROUP.title)));
        }
        Some(false) => tx.recover_protection_group(row).map_err(failed)?,
        None => {}
    }
    if change.destroyed.is_some() && change.retention_lock.is_none() && change.policy == PolicyChange::default() {
        return Ok(());
    }
    let row = &group(tx, &row.name)?;
    check_changeable(row)?;
    if let Some(name) = &change.name {
        check_free_for(tx, row, name)?;
        return tx.rename_protection_group(row, name).map_err(|e| {
            refused(e, name, |kind| match kind {
                ErrorKind::AlreadyExists => Some(sentences::already_exists(PROTECTION_GROUP.title)),
                ErrorKind::InvalidRequest => Some(sentences::OTHER_POD.to_owned()),
                _ => None,
            })
        });
    }
    let policy = change.policy.apply(row)?;
    if policy != row.policy {
        tx.set_protection_group_policy(row, &policy).map_err(failed)?;
    }
    match change.retention_lock.as_deref() {
        Some("ratcheted") => tx.lock_protection_group(row).map_err(failed),
        Some("unlocked") if row.retention_locked => {
            Err(Refusal::bad(&row.name, sentences::retention_locked("Unlocking the protection group")))
        }
        Some("unlocked") | None => Ok(()),
        Some(other) => Err(Refusal::bad("retention_lock", sentences::invalid_parameter("retention_lock", other))),
    }
}

/// A group may be renamed to its own name in other letters.
fn check_free_for(tx: &ArrayTx<'_>, row: &ProtectionGroupRow, name: &str) -> Result<(), Refusal> {
    if row.name.eq_ignore_ascii_case(name) { Ok(()) } else { check_free(tx, name) }
}

fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    call.change(|tx| {
        each(&named(call, tx, "")?, |row| {
            if row.destroyed_ms.is_none() {
                return Err(Refusal::bad(&row.name, sentences::not_destroyed(PROTECTION_GROUP.title)));
            }
            if row.retention_locked || keeps_destroyed(tx) {
                return Err(Refusal::bad(&row.name, sentences::retention_locked("Eradicating the protection group")));
            }
            tx.eradicate_protection_group(row).map_err(|e| refused(e, &row.name, |_| None))
        })?;
        Ok(Reply::empty())
    })
}
