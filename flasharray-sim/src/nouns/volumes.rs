//! Volumes.

mod change;
mod create;
mod limits;
mod place;

pub(crate) use change::keeps_destroyed;
pub(crate) use create::{ReferenceBody, find_protection};
pub(crate) use limits::LimitsBody;
pub(crate) use place::{about, check_open, place};

use super::choose::Finder;
use super::show::{Shown, idle, priority_adjustment, qos, reference, space_with};
use crate::call::Call;
use crate::list::{Listed, Noun, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use protector_core::mock::{ArrayTx, VolumeRow};
use serde_json::{Value, json};

pub(crate) static VOLUME: Noun = Noun { title: "Volume" };

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("volumes", 0, get),
        Route::post("volumes", 0, create::post),
        Route::patch("volumes", 0, change::patch),
        Route::delete("volumes", 0, change::delete),
        Route::post("volumes/batch", 32, create::post_batch),
        Route::get("volumes/space", 0, get_space),
        Route::get("volumes/performance", 0, get_performance),
    ]
}

fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, candidates(call)?, &VOLUME)
}

fn get_space(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, candidates(call)?.into_iter().map(Space).collect(), &VOLUME)
}

fn get_performance(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, candidates(call)?.into_iter().map(Performance).collect(), &VOLUME)
}

fn candidates(call: &Call<'_>) -> Result<Vec<Shown<VolumeRow>>, Refusal> {
    call.read(|array| {
        let finder = Finder { by_name: &|name| array.volume(name), by_id: &|id| array.volume_by_id(id) };
        Ok(Shown::all(array, finder.candidates(call.query, || array.volumes())?))
    })
}

/// The volumes that a request to change something names.
fn named(call: &Call<'_>, array: &ArrayTx<'_>) -> Result<Vec<VolumeRow>, Refusal> {
    let finder = Finder { by_name: &|name| array.volume(name), by_id: &|id| array.volume_by_id(id) };
    finder.named(call.query, VOLUME.title, "names", "ids")
}

/// The items of volumes as they are now.
fn items(call: &Call<'_>, array: &ArrayTx<'_>, ids: &[String]) -> Result<Vec<Value>, Refusal> {
    let mut items = Vec::new();
    for id in ids {
        items.extend(array.volume_by_id(id)?.map(|row| Shown::new(array, row).item(call)));
    }
    Ok(items)
}

impl Listed for Shown<VolumeRow> {
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
        let VolumeRow { limits, demoted, .. } = &self.row;
        let state = if *demoted { "demoted" } else { "promoted" };
        let mut item = json!({
            "connection_count": self.row.connections,
            "created": call.time(self.row.created_ms),
            "destroyed": self.destroyed(),
            "host_encryption_key_status": "none",
            "id": self.row.id,
            "name": self.row.name,
            "pod": reference(self.row.pod.as_ref()),
            "priority": priority(limits.priority_operator.as_str(), limits.priority_value),
            "priority_adjustment": priority_adjustment(limits),
            "promotion_status": state,
            "provisioned": self.row.provisioned,
            "qos": qos(limits),
            "requested_promotion_state": state,
            "serial": self.row.serial,
            "source": reference(self.row.source.as_ref()),
            "space": volume_space(call, &self.row),
            "subtype": "regular",
            "time_remaining": self.remaining(self.row.destroyed_ms),
            "volume_group": reference(self.row.volume_group.as_ref()),
        });
        // not in the contract of 2.26, in that of 2.37
        if let (true, Some(fields)) = (call.at_least(27), item.as_object_mut()) {
            fields.insert("protocol_endpoint".to_owned(), json!({"container_version": null}));
        }
        item
    }
}

fn volume_space(call: &Call<'_>, row: &VolumeRow) -> Value {
    let fields = ["snapshots_effective", "total_effective", "unique_effective"];
    space_with(call, row.provisioned, row.written(), &fields)
}

fn priority(operator: &str, value: i64) -> i64 {
    if operator == "-" { -value } else { value }
}

/// A volume as `volumes/space` shows it.
struct Space(Shown<VolumeRow>);

impl Listed for Space {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn id(&self) -> Option<&str> {
        self.0.id()
    }

    fn destroyed(&self) -> bool {
        self.0.destroyed()
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let row = &self.0.row;
        json!({
            "id": row.id,
            "name": row.name,
            "space": volume_space(call, row),
            "time": self.0.now(call),
        })
    }
}

/// A volume as `volumes/performance` shows it.
struct Performance(Shown<VolumeRow>);

impl Listed for Performance {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn id(&self) -> Option<&str> {
        self.0.id()
    }

    fn destroyed(&self) -> bool {
        self.0.destroyed()
    }

    fn item(&self, call: &Call<'_>) -> Value {
        idle(&self.0.row.name, Some(&self.0.row.id), self.0.now(call))
    }
}
