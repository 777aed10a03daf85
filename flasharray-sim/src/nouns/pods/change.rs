//! Changes of pods, up to their eradication.

use super::create::{prefer, refused};
use super::{POD, items, named};
use crate::call::Call;
use crate::nouns::choose::each;
use crate::nouns::names;
use crate::nouns::volumes::{ReferenceBody, keeps_destroyed};
use crate::query::Query;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::sentences as common;
use crate::sentences::{pods as sentences, volumes as shared};
use protector_core::mock::{ArrayTx, PodRow};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Default, Deserialize)]
struct PodPatch {
    name: Option<String>,
    destroyed: Option<bool>,
    failover_preferences: Option<Vec<ReferenceBody>>,
    mediator: Option<String>,
    quota_limit: Option<Value>,
    #[serde(default)]
    ignore_usage: bool,
    requested_promotion_state: Option<String>,
}

/// What the query says of a promotion or demotion.
#[derive(Debug, Default, PartialEq, Eq)]
struct Manner {
    skip_quiesce: bool,
    abort_quiesce: bool,
    promote_from: Option<String>,
}

/// `PATCH pods`: one body for all names.
pub(super) fn patch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body: PodPatch = call.body.object()?;
    let manner = manner(call.query, body.requested_promotion_state.as_deref())?;
    let with_contents = call.query.is_set("destroy_contents")?;
    call.change(|array| {
        let pods = named(call, array, "names", "ids")?;
        check_body(&body, &pods)?;
        let ids = each(&pods, |pod| {
            change(array, pod, &body, &manner, with_contents)?;
            Ok(pod.id.clone())
        })?;
        Ok(Reply::items(call, items(call, array, &ids)?))
    })
}

/// What belongs to a demotion and what to a promotion. A demotion of the source of a replica link waits until its target
/// has everything, unless told not to: real arrays may ask which of the two is wanted.
fn manner(query: Query<'_>, state: Option<&str>) -> Result<Manner, Refusal> {
    for parameter in ["from_member_names", "from_member_ids", "to_member_names", "to_member_ids"] {
        if query.has(parameter) {
            return Err(Refusal::bad(parameter, sentences::REALMS));
        }
    }
    if !matches!(state, None | Some("promoted" | "demoted")) {
        return Err(Refusal::bad("requested_promotion_state", sentences::PROMOTION_STATE));
    }
    let quiesce = query.is_set("quiesce")?;
    let manner = Manner {
        skip_quiesce: query.is_set("skip_quiesce")?,
        abort_quiesce: query.is_set("abort_quiesce")?,
        promote_from: query.text("promote_from").filter(|name| !name.is_empty()).map(|name| name.into_owned()),
    };
    if quiesce && manner.skip_quiesce {
        return Err(Refusal::bad("quiesce", common::exclusive_parameters("quiesce", "skip_quiesce")));
    }
    let given = [
        ("quiesce", quiesce, "demoted"),
        ("skip_quiesce", manner.skip_quiesce, "demoted"),
        ("abort_quiesce", manner.abort_quiesce, "promoted"),
        ("promote_from", manner.promote_from.is_some(), "promoted"),
    ];
    match given.into_iter().find(|(_, given, belongs_to)| *given && state != Some(*belongs_to)) {
        Some((parameter, ..)) => Err(Refusal::bad(parameter, sentences::without_promotion(parameter))),
        None => Ok(manner),
    }
}

fn check_body(body: &PodPatch, pods: &[PodRow]) -> Result<(), Refusal> {
    let context = pods.first().map_or("names", |pod| pod.name.as_str());
    let refuse = |message: &str| Err(Refusal::bad(context, message));
    let given = [
        body.name.is_some(),
        body.destroyed.is_some(),
        body.failover_preferences.is_some(),
        body.mediator.is_some(),
        body.quota_limit.is_some(),
        body.requested_promotion_state.is_some(),
    ];
    if !given.contains(&true) {
        return refuse(common::NO_ATTRIBUTE);
    }
    if body.name.is_some() && body.destroyed.is_some() {
        return refuse(sentences::NAME_AND_DESTROYED);
    }
    if body.name.is_some() && pods.len() > 1 {
        return refuse(sentences::ONE_NAME);
    }
    Ok(())
}

fn change(
    array: &ArrayTx<'_>,
    pod: &PodRow,
    body: &PodPatch,
    manner: &Manner,
    with_contents: bool,
) -> Result<(), Refusal> {
    let name = pod.name.as_str();
    match (pod.destroyed_ms, body.destroyed) {
        (Some(_), Some(false)) => return refused(name, array.recover_pod(pod)),
        (Some(_), _) => return Err(Refusal::destroyed(POD.title, name)),
        (None, Some(false)) => return Err(Refusal::bad(name, shared::is_not_destroyed(POD.title))),
        (None, _) => {}
    }
    if let Some(arrays) = &body.failover_preferences {
        prefer(array, pod, arrays)?;
    }
    if let Some(mediator) = &body.mediator {
        refused(name, array.set_pod_mediator(pod, mediator))?;
    }
    if let Some(quota) = &body.quota_limit {
        refused(name, array.set_pod_quota(pod, self::quota(name, quota)?, body.ignore_usage))?;
    }
    match body.requested_promotion_state.as_deref() {
        Some("demoted") => refused(name, array.demote_pod(pod, manner.skip_quiesce))?,
        Some(_) => {
            refused(name, array.promote_pod(pod, manner.promote_from.as_deref(), manner.abort_quiesce))?;
        }
        None => {}
    }
    if let Some(new) = &body.name {
        names::check(POD.title, name, new, false)?;
        refused(new, array.rename_pod(pod, new))?;
    }
    if body.destroyed == Some(true) {
        refused(name, array.destroy_pod(pod, with_contents))?;
    }
    Ok(())
}

/// Bytes; `""`: no quota any more.
fn quota(pod: &str, value: &Value) -> Result<Option<u64>, Refusal> {
    match value {
        Value::String(text) if text.is_empty() => Ok(None),
        value => value.as_u64().map(Some).ok_or_else(|| Refusal::bad(pod, sentences::QUOTA)),
    }
}

/// `DELETE pods`: eradicates what is destroyed.
pub(super) fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    let with_contents = call.query.is_set("eradicate_contents")?;
    call.change(|array| {
        each(named(call, array, "names", "ids")?, |pod| {
            if pod.destroyed_ms.is_none() {
                return Err(Refusal::bad(&pod.name, shared::is_not_destroyed(POD.title)));
            }
            if keeps_destroyed(array) {
                return Err(Refusal::bad(&pod.name, shared::cannot_be_eradicated(POD.title)));
            }
            refused(&pod.name, array.eradicate_pod(&pod, with_contents))
        })?;
        Ok(Reply::empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_promotion_or_demotion_comes_with_it() {
        for (query, state, refused_for) in [
            ("", None, None),
            ("quiesce=true", Some("demoted"), None),
            ("skip_quiesce=true&quiesce=false", Some("demoted"), None),
            ("promote_from=p.undo-demote", Some("promoted"), None),
            ("abort_quiesce=true", Some("promoted"), None),
            ("abort_quiesce=false", None, None),
            ("", Some("paused"), Some("requested_promotion_state")),
            ("quiesce=true", None, Some("quiesce")),
            ("quiesce=true&skip_quiesce=true", Some("demoted"), Some("quiesce")),
            ("skip_quiesce=true", Some("promoted"), Some("skip_quiesce")),
            ("promote_from=p.undo-demote", Some("demoted"), Some("promote_from")),
            ("abort_quiesce=true", Some("demoted"), Some("abort_quiesce")),
            ("to_member_names=realm", None, Some("to_member_names")),
        ] {
            let context = manner(Query::new(query), state).err().and_then(|refusal| refusal.errors[0].context.clone());
            assert_eq!(context.as_deref(), refused_for, "{query} {state:?}");
        }
    }

    #[test]
    fn a_quota_is_a_number_or_taken_away() {
        assert_eq!(quota("p", &Value::from(512)), Ok(Some(512)));
        assert_eq!(quota("p", &Value::from("")), Ok(None));
        for wrong in [Value::from("512"), Value::from(-1), Value::from(1.5), Value::Null, Value::from(true)] {
            assert!(quota("p", &wrong).is_err(), "{wrong}");
        }
    }
}
