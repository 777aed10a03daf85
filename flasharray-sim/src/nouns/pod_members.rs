//! On which arrays pods are: `pods/members`, and `pods/arrays` of the same meaning for older clients.

use super::choose::each;
use super::pods::{POD, create::refused, named};
use crate::call::Call;
use crate::list::{Listed, Noun, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::sentences;
use protector_core::mock::{ArrayTx, PodMemberRow, PodRow};
use serde_json::{Value, json};

static MEMBER: Noun = Noun { title: "Pod member" };

/// The parameters that name pods, by name and by id.
type PodParameters = (&'static str, &'static str);

const ARRAYS: PodParameters = ("group_names", "group_ids");
const MEMBERS: PodParameters = ("pod_names", "pod_ids");

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("pods/arrays", 1, |call| get(call, ARRAYS)),
        Route::post("pods/arrays", 1, |call| post(call, ARRAYS)),
        Route::delete("pods/arrays", 1, |call| delete(call, ARRAYS)),
        Route::get("pods/members", 36, |call| get(call, MEMBERS)),
        Route::post("pods/members", 36, |call| post(call, MEMBERS)),
        Route::delete("pods/members", 36, |call| delete(call, MEMBERS)),
    ]
}

/// A pod on an array.
struct ShownMember {
    key: String,
    pod: PodRow,
    member: PodMemberRow,
    parameters: PodParameters,
}

impl ShownMember {
    fn all(array: &ArrayTx<'_>, pod: &PodRow, parameters: PodParameters) -> Result<Vec<Self>, Refusal> {
        let members = array.pod_members(pod)?.into_iter();
        let shown = |member: PodMemberRow| Self {
            key: format!("{} {}", pod.name, member.array_name),
            pod: pod.clone(),
            member,
            parameters,
        };
        Ok(members.map(shown).collect())
    }
}

impl Listed for ShownMember {
    fn name(&self) -> &str {
        &self.key
    }

    fn item(&self, _call: &Call<'_>) -> Value {
        let Self { pod, member, .. } = self;
        if self.parameters == MEMBERS {
            return json!({
                "member": {"id": member.array_id, "name": member.array_name, "resource_type": "arrays"},
                "pod": {"id": pod.id, "name": pod.name, "resource_type": "pods"},
            });
        }
        json!({
            "group": {"id": pod.id, "name": pod.name},
            "member": {"id": member.array_id, "name": member.array_name},
        })
    }
}

fn get(call: &Call<'_>, parameters: PodParameters) -> Result<Reply, Refusal> {
    let asks_for_pods = [parameters.0, parameters.1].iter().any(|name| has_values(call, name));
    let rows = call.read(|array| {
        let pods = if asks_for_pods { named(call, array, parameters.0, parameters.1)? } else { array.pods()? };
        let mut rows = Vec::new();
        for pod in pods {
            rows.extend(ShownMember::all(array, &pod, parameters)?);
        }
        Ok(rows)
    })?;
    list(call, of_arrays(call, rows)?, &MEMBER)
}

fn has_values(call: &Call<'_>, parameter: &str) -> bool {
    call.query.list(parameter).is_some_and(|values| !values.is_empty())
}

/// Those on the arrays that the query names; each of these must have one.
fn of_arrays(call: &Call<'_>, rows: Vec<ShownMember>) -> Result<Vec<ShownMember>, Refusal> {
    let (wanted, key): (Vec<String>, fn(&PodMemberRow) -> &str) = match call.query.list("member_names") {
        Some(names) if !names.is_empty() => (names, |member| &member.array_name),
        _ => (call.query.list("member_ids").unwrap_or_default(), |member| &member.array_id),
    };
    if wanted.is_empty() {
        return Ok(rows);
    }
    each(&wanted, |one| {
        let found = rows.iter().any(|row| key(&row.member) == one);
        if found { Ok(()) } else { Err(Refusal::missing(MEMBER.title, one)) }
    })?;
    Ok(rows.into_iter().filter(|row| wanted.iter().any(|one| key(&row.member) == one)).collect())
}

/// Stretches every named pod to every named array.
fn post(call: &Call<'_>, parameters: PodParameters) -> Result<Reply, Refusal> {
    call.change(|array| {
        let pods = named(call, array, parameters.0, parameters.1)?;
        let arrays = array_names(call, array, &pods)?;
        each(&pods, |pod| {
            check_there(pod)?;
            each(&arrays, |to| refused(&pod.name, array.stretch_pod(pod, to)))
        })?;
        let mut items = Vec::new();
        for pod in &pods {
            let rows = ShownMember::all(array, pod, parameters)?;
            let made = rows.into_iter().filter(|row| arrays.contains(&row.member.array_name));
            items.extend(made.map(|row| row.item(call)));
        }
        Ok(Reply::items(call, items))
    })
}

/// Takes every named array out of every named pod.
fn delete(call: &Call<'_>, parameters: PodParameters) -> Result<Reply, Refusal> {
    let with_unknown = call.query.is_set("with_unknown")?;
    call.change(|array| {
        let pods = named(call, array, parameters.0, parameters.1)?;
        let arrays = array_names(call, array, &pods)?;
        each(&pods, |pod| {
            check_there(pod)?;
            each(&arrays, |from| refused(&pod.name, array.unstretch_pod(pod, from, with_unknown)))
        })?;
        Ok(Reply::empty())
    })
}

fn check_there(pod: &PodRow) -> Result<(), Refusal> {
    match pod.destroyed_ms {
        Some(_) => Err(Refusal::destroyed(POD.title, &pod.name)),
        None => Ok(()),
    }
}

/// The arrays that a change names, by name or by id.
fn array_names(call: &Call<'_>, array: &ArrayTx<'_>, pods: &[PodRow]) -> Result<Vec<String>, Refusal> {
    match (call.query.list("member_names"), call.query.list("member_ids")) {
        (Some(_), Some(_)) => {
            Err(Refusal::bad("member_names", sentences::exclusive_parameters("member_names", "member_ids")))
        }
        (None, Some(ids)) if !ids.is_empty() => each(ids, |id| {
            for pod in pods {
                if let Some(member) = array.pod_members(pod)?.into_iter().find(|member| member.array_id == id) {
                    return Ok(member.array_name);
                }
            }
            let peer = array.peer_name(&id)?;
            peer.ok_or_else(|| Refusal::bad(&id, sentences::could_not_be_found("Array", &id)))
        }),
        _ => call.query.required("member_names"),
    }
}
