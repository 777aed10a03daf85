//! Which protection groups a new volume joins, on the array itself and in each of its pods.

use super::choose::each;
use super::volumes::{ReferenceBody, find_protection};
use crate::call::Call;
use crate::list::{Listed, Noun, list_known};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::sentences::volumes as sentences;
use protector_core::mock::{ArrayTx, PodRow, ProtectionRow};
use serde::Deserialize;
use serde_json::{Value, json};

static CONTAINER: Noun = Noun { title: "Container" };

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("container-default-protections", 16, get), Route::patch("container-default-protections", 16, patch)]
}

#[derive(Debug, Deserialize)]
struct Body {
    default_protections: Option<Vec<ProtectionBody>>,
}

#[derive(Debug, Deserialize)]
struct ProtectionBody {
    #[serde(flatten)]
    group: ReferenceBody,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

/// A pod, or the array itself (`None`), with its default groups.
struct Container {
    pod: Option<PodRow>,
    protections: Vec<ProtectionRow>,
}

impl Container {
    fn read(array: &ArrayTx<'_>, pod: Option<PodRow>) -> Result<Self, Refusal> {
        let protections = array.default_protections(pod.as_ref().map(|pod| pod.id.as_str()))?;
        Ok(Self { pod, protections })
    }
}

/// The containers that the request names. `names=` and `ids=` without a value stand for the array itself. `None`: the
/// request names none.
fn named(call: &Call<'_>, array: &ArrayTx<'_>) -> Result<Option<Vec<Option<PodRow>>>, Refusal> {
    let missing = |name: &str| Refusal::missing(CONTAINER.title, name);
    match (call.query.names(), call.query.ids()) {
        (Some(names), _) if !names.is_empty() => {
            each(&names, |name| array.pod_by_name(name)?.map(Some).ok_or_else(|| missing(name))).map(Some)
        }
        (None, Some(ids)) if !ids.is_empty() => {
            let pods = array.pods()?;
            each(&ids, |id| pods.iter().find(|pod| pod.id == *id).cloned().map(Some).ok_or_else(|| missing(id)))
                .map(Some)
        }
        (None, None) => Ok(None),
        _ => Ok(Some(vec![None])),
    }
}

fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    let rows = call.read(|array| {
        let containers = match named(call, array)? {
            Some(containers) => containers,
            None => std::iter::once(None).chain(array.pods()?.into_iter().map(Some)).collect(),
        };
        each(containers, |pod| Container::read(array, pod))
    })?;
    // the array itself is found under no name
    list_known(call, rows, &CONTAINER, |_| false)
}

/// `PATCH container-default-protections`: sets the whole list.
fn patch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body: Body = call.body.object()?;
    let wanted = body
        .default_protections
        .ok_or_else(|| Refusal::bad("default_protections", sentences::missing_field("default_protections")))?;
    call.change(|array| {
        let containers = named(call, array)?.unwrap_or_else(|| vec![None]);
        let items = each(containers, |pod| {
            let groups = each(&wanted, |wanted| find(array, wanted, pod.as_ref()))?;
            array.set_default_protections(pod.as_ref().map(|pod| pod.id.as_str()), &groups)?;
            Ok(Container::read(array, pod)?.item(call))
        })?;
        Ok(Reply::items(call, items))
    })
}

/// The id of a group in the container itself.
fn find(array: &ArrayTx<'_>, wanted: &ProtectionBody, pod: Option<&PodRow>) -> Result<String, Refusal> {
    if let Some(other) = wanted.kind.as_ref().filter(|kind| *kind != "protection_group") {
        return Err(Refusal::bad("type", sentences::invalid_value("type", other)));
    }
    let found = find_protection(array, &wanted.group)?;
    if found.pod_id.as_deref() != pod.map(|pod| pod.id.as_str()) {
        return Err(Refusal::bad(&found.group.name, sentences::GROUP_ELSEWHERE));
    }
    Ok(found.group.id.unwrap_or_default())
}

impl Listed for Container {
    fn name(&self) -> &str {
        self.pod.as_ref().map_or("", |pod| &pod.name)
    }

    fn id(&self) -> Option<&str> {
        self.pod.as_ref().map(|pod| pod.id.as_str())
    }

    fn destroyed(&self) -> bool {
        self.pod.as_ref().is_some_and(|pod| pod.destroyed_ms.is_some())
    }

    fn item(&self, _call: &Call<'_>) -> Value {
        let protection =
            |row: &ProtectionRow| json!({"id": row.group.id, "name": row.group.name, "type": "protection_group"});
        json!({
            "default_protections": self.protections.iter().map(protection).collect::<Vec<_>>(),
            "id": self.id(),
            "name": self.pod.as_ref().map(|pod| &pod.name),
            "type": self.pod.as_ref().map(|_| "pod"),
        })
    }
}
