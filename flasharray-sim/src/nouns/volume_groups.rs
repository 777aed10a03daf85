//! Volume groups.

use super::choose::{Finder, each};
use super::names;
use super::show::{Shown, priority_adjustment, qos, reference, space};
use super::volumes::{LimitsBody, check_open, keeps_destroyed};
use crate::call::Call;
use crate::list::{Listed, Noun, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::sentences as common;
use crate::sentences::volumes as sentences;
use protector_core::mock::{ArrayTx, VolumeGroupRow};
use serde::Deserialize;
use serde_json::{Value, json};

static GROUP: Noun = Noun { title: "Volume group" };

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("volume-groups", 0, get),
        Route::post("volume-groups", 0, post),
        Route::patch("volume-groups", 0, patch),
        Route::delete("volume-groups", 0, delete),
    ]
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    destroyed: Option<bool>,
    #[serde(flatten)]
    limits: LimitsBody,
}

fn finder<T>(array: &ArrayTx<'_>, find: impl FnOnce(&Finder<'_, VolumeGroupRow>) -> T) -> T {
    find(&Finder { by_name: &|name| array.volume_group(name), by_id: &|id| array.volume_group_by_id(id) })
}

fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    let rows = call.read(|array| {
        let rows = finder(array, |finder| finder.candidates(call.query, || array.volume_groups()))?;
        Ok(Shown::all(array, rows))
    })?;
    list(call, rows, &GROUP)
}

fn items(call: &Call<'_>, array: &ArrayTx<'_>, ids: &[String]) -> Result<Vec<Value>, Refusal> {
    let mut items = Vec::new();
    for id in ids {
        items.extend(array.volume_group_by_id(id)?.map(|row| Shown::new(array, row).item(call)));
    }
    Ok(items)
}

fn post(call: &Call<'_>) -> Result<Reply, Refusal> {
    let names = call.query.required("names")?;
    let body: Body = call.body.object()?;
    call.change(|array| {
        let ids = each(&names, |name| {
            let pod_id = check_name(array, name, None)?;
            let id = array.create_volume_group(name, pod_id.as_deref())?;
            if let (true, Some(group)) = (body.limits.is_given(), array.volume_group_by_id(&id)?) {
                array.limit_volume_group(&id, &body.limits.apply(name, &group.limits)?)?;
            }
            Ok(id)
        })?;
        Ok(Reply::items(call, items(call, array, &ids)?))
    })
}

/// Accepts a name that is free, or the own name of `renamed`; the id of the pod it is in.
fn check_name(array: &ArrayTx<'_>, name: &str, renamed: Option<&VolumeGroupRow>) -> Result<Option<String>, Refusal> {
    let pod = match name.split_once("::") {
        Some((pod, _)) => Some(array.pod_by_name(pod)?.ok_or_else(|| Refusal::missing("Pod", name))?),
        None => None,
    };
    if let Some(pod) = &pod {
        check_open(array, name, &pod.id)?;
    }
    names::check(GROUP.title, name, name.split_once("::").map_or(name, |(_, bare)| bare), true)?;
    match array.volume_group(name)? {
        Some(taken) if renamed.is_some_and(|renamed| renamed.id == taken.id) => {}
        Some(taken) if taken.destroyed_ms.is_some() => return Err(Refusal::destroyed(GROUP.title, name)),
        Some(_) => return Err(Refusal::exists(GROUP.title, name)),
        None => {}
    }
    Ok(pod.map(|pod| pod.id))
}

fn patch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body: Body = call.body.object()?;
    let destroy_contents = call.query.is_set("destroy_contents")?;
    call.change(|array| {
        let groups = finder(array, |finder| finder.named(call.query, GROUP.title, "names", "ids"))?;
        let context = groups.first().map_or("names", |group| group.name.as_str());
        match (&body.name, body.destroyed) {
            (None, None) if !body.limits.is_given() => return Err(Refusal::bad(context, common::NO_ATTRIBUTE)),
            (Some(_), Some(_)) => return Err(Refusal::bad(context, sentences::NAME_AND_DESTROYED)),
            (Some(_), None) if groups.len() > 1 => return Err(Refusal::bad(context, sentences::ONE_NAME)),
            _ => {}
        }
        let ids = each(&groups, |group| {
            change(array, group, &body, destroy_contents)?;
            Ok(group.id.clone())
        })?;
        Ok(Reply::items(call, items(call, array, &ids)?))
    })
}

fn change(array: &ArrayTx<'_>, group: &VolumeGroupRow, body: &Body, destroy_contents: bool) -> Result<(), Refusal> {
    if let Some(pod_id) = pod_id(group) {
        check_open(array, &group.name, pod_id)?;
    }
    match (group.destroyed_ms, body.destroyed) {
        (Some(_), Some(false)) => return Ok(array.recover_volume_group(&group.id)?),
        (Some(_), _) => return Err(Refusal::destroyed(GROUP.title, &group.name)),
        (None, Some(false)) => return Err(Refusal::bad(&group.name, sentences::is_not_destroyed(GROUP.title))),
        (None, _) => {}
    }
    if body.limits.is_given() {
        array.limit_volume_group(&group.id, &body.limits.apply(&group.name, &group.limits)?)?;
    }
    if let Some(name) = &body.name {
        if check_name(array, name, Some(group))?.as_deref() != pod_id(group) {
            return Err(Refusal::bad(name, sentences::NAME_IN_ANOTHER_PLACE));
        }
        array.rename_volume_group(group, name)?;
    }
    if body.destroyed == Some(true) {
        if group.volumes > 0 && !destroy_contents {
            return Err(Refusal::bad(&group.name, sentences::VOLUME_GROUP_NOT_EMPTY));
        }
        for volume in array
            .volumes()?
            .iter()
            .filter(|volume| volume.volume_group.as_ref().is_some_and(|of| of.name == group.name))
        {
            if array.has_connections(&volume.id)? {
                return Err(Refusal::bad(&volume.name, sentences::VOLUME_HAS_CONNECTIONS));
            }
        }
        array.destroy_volume_group(&group.id)?;
    }
    Ok(())
}

fn pod_id(group: &VolumeGroupRow) -> Option<&str> {
    group.pod.as_ref().and_then(|pod| pod.id.as_deref())
}

fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    let eradicate_contents = call.query.is_set("eradicate_contents")?;
    call.change(|array| {
        each(finder(array, |finder| finder.named(call.query, GROUP.title, "names", "ids"))?, |group| {
            if group.destroyed_ms.is_none() {
                return Err(Refusal::bad(&group.name, sentences::is_not_destroyed(GROUP.title)));
            }
            if keeps_destroyed(array) {
                return Err(Refusal::bad(&group.name, sentences::cannot_be_eradicated(GROUP.title)));
            }
            if group.all_volumes > 0 && !eradicate_contents {
                return Err(Refusal::bad(&group.name, sentences::VOLUME_GROUP_NOT_EMPTY));
            }
            Ok(array.eradicate_volume_group(&group.id)?)
        })?;
        Ok(Reply::empty())
    })
}

impl Listed for Shown<VolumeGroupRow> {
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
        json!({
            "destroyed": self.destroyed(),
            "id": self.row.id,
            "name": self.row.name,
            "pod": reference(self.row.pod.as_ref()),
            "priority_adjustment": priority_adjustment(&self.row.limits),
            "qos": qos(&self.row.limits),
            "space": space(call, self.row.provisioned, self.row.written),
            "time_remaining": self.remaining(self.row.destroyed_ms),
            "volume_count": self.row.volumes,
        })
    }
}
