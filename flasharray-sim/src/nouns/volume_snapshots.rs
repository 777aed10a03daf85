//! Snapshots of volumes. Those that are part of the snapshot of a group can be listed and copied; changed they are with
//! the whole.

use super::choose::{Finder, each};
use super::show::{Shown, reference, space_with};
use super::volumes::{check_open, keeps_destroyed};
use crate::call::Call;
use crate::list::{Listed, Noun, Wanted, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::sentences as common;
use crate::sentences::volumes as sentences;
use protector_core::mock::{ArrayTx, Stretch, VolumeRow, VolumeSnapshotRow};
use protector_core::rules::naming::validate_suffix;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

static SNAPSHOT: Noun = Noun { title: "Volume snapshot" };

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("volume-snapshots", 0, get),
        Route::post("volume-snapshots", 0, post),
        Route::patch("volume-snapshots", 0, patch),
        Route::delete("volume-snapshots", 0, delete),
        Route::get("volume-snapshots/transfer", 0, get_transfer),
    ]
}

fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, candidates(call)?, &SNAPSHOT)
}

/// `GET volume-snapshots/transfer`: of those that came here from another array; the others were never on a way.
fn get_transfer(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, candidates(call)?.into_iter().map(Transfer).collect(), &SNAPSHOT)
}

fn candidates(call: &Call<'_>) -> Result<Vec<Shown<VolumeSnapshotRow>>, Refusal> {
    let given = |name| call.query.list(name).filter(|list: &Vec<String>| !list.is_empty());
    let of_volumes = given("source_names").is_some() || given("source_ids").is_some();
    let wanted = if of_volumes { None } else { Some(Wanted::read(call)?) };
    call.read(|array| {
        let all = || array.volume_snapshots_within(&wanted.as_ref().map_or(Stretch::WHOLE, Wanted::stretch));
        let mut rows = finder(array, |finder| finder.candidates(call.query, all))?;
        if let Some(names) = given("source_names") {
            let known: BTreeSet<&str> = rows.iter().map(|row| row.source.name.as_str()).collect();
            each(&names, |name| check_source(name, known.contains(name.as_str()), array.volume(name)?.as_ref()))?;
            rows.retain(|row| names.contains(&row.source.name));
        }
        if let Some(ids) = given("source_ids") {
            let known: BTreeSet<&str> = rows.iter().filter_map(|row| row.source.id.as_deref()).collect();
            each(&ids, |id| check_source(id, known.contains(id.as_str()), array.volume_by_id(id)?.as_ref()))?;
            rows.retain(|row| row.source.id.as_ref().is_some_and(|id| ids.contains(id)));
        }
        Ok(Shown::all(array, rows))
    })
}

fn check_source(context: &str, has_snapshots: bool, volume: Option<&VolumeRow>) -> Result<(), Refusal> {
    if has_snapshots || volume.is_some() { Ok(()) } else { Err(Refusal::missing("Volume", context)) }
}

fn finder<T>(array: &ArrayTx<'_>, find: impl FnOnce(&Finder<'_, VolumeSnapshotRow>) -> T) -> T {
    find(&Finder { by_name: &|name| array.volume_snapshot(name), by_id: &|id| array.volume_snapshot_by_id(id) })
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    suffix: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    destroyed: Option<bool>,
}

/// `POST volume-snapshots`. The suffix stands in the body, or in the query as the Proxmox plugin by kolesa sends it.
fn post(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body: Body = call.body.object()?;
    let suffix = body.suffix.or_else(|| call.query.text("suffix").map(Into::into)).filter(|suffix| !suffix.is_empty());
    if let Some(suffix) = &suffix {
        check_suffix(suffix)?;
    }
    if call.query.has("on") {
        return Err(Refusal::bad("on", sentences::not_simulated("A snapshot of a volume of another array")));
    }
    call.change(|array| {
        let by_name = |name: &str| array.volume(name);
        let sources = Finder { by_name: &by_name, by_id: &|id| array.volume_by_id(id) };
        let volumes = sources.named(call.query, "Volume", "source_names", "source_ids")?;
        let ids = each(&volumes, |volume| take(call, array, volume, suffix.as_deref()))?;
        Ok(Reply::items(call, items(call, array, &ids)?))
    })
}

fn take(call: &Call<'_>, array: &ArrayTx<'_>, volume: &VolumeRow, suffix: Option<&str>) -> Result<String, Refusal> {
    if volume.destroyed_ms.is_some() {
        return Err(Refusal::destroyed("Volume", &volume.name));
    }
    if let Some(pod_id) = volume.pod.as_ref().and_then(|pod| pod.id.as_deref()) {
        check_open(array, &volume.name, pod_id)?;
    }
    if let Some(suffix) = suffix {
        check_free(array, &format!("{}.{suffix}", volume.name))?;
    }
    let limit = call.sim.faults.limit("volume-snapshots");
    if let Some(most) = limit
        && array.volume_snapshots()?.len() as u64 >= most
    {
        return Err(Refusal::limit_reached(SNAPSHOT.title, &volume.name));
    }
    Ok(array.snapshot_volume(volume, suffix)?)
}

fn check_suffix(suffix: &str) -> Result<(), Refusal> {
    validate_suffix(suffix).map_err(|_| Refusal::bad("suffix", common::SNAPSHOT_SUFFIX))
}

fn check_free(array: &ArrayTx<'_>, name: &str) -> Result<(), Refusal> {
    match array.volume_snapshot(name)? {
        Some(taken) if taken.destroyed_ms.is_some() => Err(Refusal::destroyed(SNAPSHOT.title, name)),
        Some(_) => Err(Refusal::exists(SNAPSHOT.title, name)),
        None => Ok(()),
    }
}

fn items(call: &Call<'_>, array: &ArrayTx<'_>, ids: &[String]) -> Result<Vec<Value>, Refusal> {
    let mut items = Vec::new();
    for id in ids {
        items.extend(array.volume_snapshot_by_id(id)?.map(|row| Shown::new(array, row).item(call)));
    }
    Ok(items)
}

/// The snapshots that a request to change something names; each of a volume alone.
fn named(call: &Call<'_>, array: &ArrayTx<'_>) -> Result<Vec<VolumeSnapshotRow>, Refusal> {
    let found = finder(array, |finder| finder.named(call.query, SNAPSHOT.title, "names", "ids"))?;
    each(found, |snapshot| match snapshot.part_of {
        Some(_) => Err(Refusal::bad(&snapshot.name, sentences::PART_OF_GROUP_SNAPSHOT)),
        None => Ok(snapshot),
    })
}

/// `PATCH volume-snapshots`: `name` is the new suffix.
fn patch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body: Body = call.body.object()?;
    call.change(|array| {
        let snapshots = named(call, array)?;
        let context = snapshots.first().map_or("names", |snapshot| snapshot.name.as_str());
        match (&body.name, body.destroyed) {
            (None, None) => return Err(Refusal::bad(context, common::NO_ATTRIBUTE)),
            (Some(_), Some(_)) => return Err(Refusal::bad(context, sentences::NAME_AND_DESTROYED)),
            _ => {}
        }
        let ids = each(&snapshots, |snapshot| {
            match (&body.name, body.destroyed) {
                (Some(suffix), _) => rename(array, snapshot, suffix)?,
                (None, Some(true)) => destroy(array, snapshot)?,
                (None, _) => recover(array, snapshot)?,
            }
            Ok(snapshot.id.clone())
        })?;
        Ok(Reply::items(call, items(call, array, &ids)?))
    })
}

/// Also takes the whole new name, if it is one of the same volume.
fn rename(array: &ArrayTx<'_>, snapshot: &VolumeSnapshotRow, suffix: &str) -> Result<(), Refusal> {
    let suffix = suffix.strip_prefix(&format!("{}.", snapshot.source.name)).unwrap_or(suffix);
    check_suffix(suffix)?;
    if snapshot.destroyed_ms.is_some() {
        return Err(Refusal::destroyed(SNAPSHOT.title, &snapshot.name));
    }
    let name = format!("{}.{suffix}", snapshot.source.name);
    if !name.eq_ignore_ascii_case(&snapshot.name) {
        check_free(array, &name)?;
    }
    Ok(array.rename_volume_snapshot(&snapshot.id, &name, suffix)?)
}

fn destroy(array: &ArrayTx<'_>, snapshot: &VolumeSnapshotRow) -> Result<(), Refusal> {
    if snapshot.destroyed_ms.is_some() {
        return Err(Refusal::destroyed(SNAPSHOT.title, &snapshot.name));
    }
    Ok(array.destroy_volume_snapshot(&snapshot.id)?)
}

fn recover(array: &ArrayTx<'_>, snapshot: &VolumeSnapshotRow) -> Result<(), Refusal> {
    if snapshot.destroyed_ms.is_none() {
        return Err(Refusal::bad(&snapshot.name, sentences::is_not_destroyed(SNAPSHOT.title)));
    }
    if array.volume(&snapshot.source.name)?.is_some_and(|volume| volume.destroyed_ms.is_some()) {
        return Err(Refusal::destroyed("Volume", &snapshot.source.name));
    }
    Ok(array.recover_volume_snapshot(&snapshot.id)?)
}

/// `DELETE volume-snapshots`: eradicates what is destroyed.
fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    call.change(|array| {
        each(named(call, array)?, |snapshot| {
            if snapshot.destroyed_ms.is_none() {
                return Err(Refusal::bad(&snapshot.name, sentences::is_not_destroyed(SNAPSHOT.title)));
            }
            if keeps_destroyed(array) {
                return Err(Refusal::bad(&snapshot.name, sentences::cannot_be_eradicated(SNAPSHOT.title)));
            }
            Ok(array.eradicate_volume_snapshot(&snapshot.id)?)
        })?;
        Ok(Reply::empty())
    })
}

impl Listed for Shown<VolumeSnapshotRow> {
    fn name(&self) -> &str {
        &self.row.name
    }

    fn id(&self) -> Option<&str> {
        Some(&self.row.id)
    }

    fn destroyed(&self) -> bool {
        self.row.destroyed_ms.is_some()
    }

    fn shows_name(&self) -> bool {
        true
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let row = &self.row;
        json!({
            "created": call.time(row.created_ms),
            "destroyed": self.destroyed(),
            "id": row.id,
            "name": row.name,
            "pod": reference(row.pod.as_ref()),
            "provisioned": row.provisioned,
            "serial": row.serial,
            "source": reference(Some(&row.source)),
            "space": space_with(call, row.provisioned, row.written(), &["snapshots_effective"]),
            "suffix": row.suffix,
            "time_remaining": self.remaining(row.destroyed_ms),
            "volume_group": reference(row.volume_group.as_ref()),
        })
    }
}

/// A snapshot as `volume-snapshots/transfer` shows it.
struct Transfer(Shown<VolumeSnapshotRow>);

impl Listed for Transfer {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn id(&self) -> Option<&str> {
        self.0.id()
    }

    fn destroyed(&self) -> bool {
        self.0.destroyed()
    }

    fn shows_name(&self) -> bool {
        true
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let transfer = self.0.row.transfer.as_ref();
        json!({
            "completed": call.time_or_null(transfer.and_then(|transfer| transfer.completed_ms)),
            "data_transferred": transfer.map(|transfer| transfer.bytes),
            "destroyed": self.0.destroyed(),
            "id": self.0.row.id,
            "name": self.0.row.name,
            "physical_bytes_written": transfer.map(|transfer| transfer.bytes),
            "progress": transfer.map(|transfer| transfer.progress),
            "started": call.time_or_null(transfer.map(|transfer| transfer.started_ms)),
        })
    }
}
