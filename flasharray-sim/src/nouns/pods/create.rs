//! Making pods, empty ones and copies.

use super::{POD, items};
use crate::call::Call;
use crate::nouns::choose::each;
use crate::nouns::names;
use crate::nouns::volumes::{ReferenceBody, about};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::sentences::pods as sentences;
use protector_core::Error;
use protector_core::mock::{ArrayTx, PodRow};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default, Deserialize)]
struct PodPost {
    failover_preferences: Option<Vec<ReferenceBody>>,
    quota_limit: Option<u64>,
    source: Option<ReferenceBody>,
}

/// `POST pods`.
pub(super) fn post(call: &Call<'_>) -> Result<Reply, Refusal> {
    let names = call.query.required("names")?;
    let body: PodPost = call.body.object()?;
    call.change(|array| {
        let ids = each(&names, |name| create(array, name, &body).map(|pod| pod.id))?;
        Ok(Reply::items(call, items(call, array, &ids)?))
    })
}

fn create(array: &ArrayTx<'_>, name: &str, body: &PodPost) -> Result<PodRow, Refusal> {
    names::check(POD.title, name, name, false)?;
    let made = match &body.source {
        Some(source) => array.clone_pod(&source_pod(array, name, source)?, name),
        None => array.create_pod(name),
    };
    let pod = refused(name, made)?;
    if let Some(arrays) = &body.failover_preferences {
        prefer(array, &pod, arrays)?;
    }
    if body.quota_limit.is_some() {
        refused(name, array.set_pod_quota(&pod, body.quota_limit, false))?;
    }
    Ok(pod)
}

/// `POST pods/test`: whether a pod can be cloned. Nothing is made.
pub(super) fn test(call: &Call<'_>) -> Result<Reply, Refusal> {
    let names = call.query.required("names")?;
    let body: PodPost = call.body.object()?;
    if body.source.is_none() {
        return Err(Refusal::bad("source", sentences::TEST_WITHOUT_SOURCE));
    }
    let items = names.iter().map(|name| test_one(call, name, &body)).collect::<Result<_, _>>()?;
    Ok(Reply::items(call, items))
}

fn test_one(call: &Call<'_>, name: &str, body: &PodPost) -> Result<Value, Refusal> {
    let tried: Result<(), Refusal> = call.change(|array| {
        create(array, name, body)?;
        // an error without a word, so that nothing of it stays
        Err(Refusal::several(Vec::new()))
    });
    let why = match tried {
        Err(refusal) if refusal.status == 400 => refusal.errors.into_iter().next(),
        Err(refusal) => return Err(refusal),
        Ok(()) => None,
    };
    Ok(json!({
        "component_address": null,
        "component_name": null,
        "description": "Testing if the pod can be cloned",
        "destination": null,
        "enabled": true,
        "resource": {"id": null, "name": name},
        "result_details": why.as_ref().map(|entry| &entry.message),
        "success": why.is_none(),
        "test_type": "pod-clone",
    }))
}

fn source_pod(array: &ArrayTx<'_>, context: &str, source: &ReferenceBody) -> Result<PodRow, Refusal> {
    let found = match (&source.name, &source.id) {
        (Some(name), _) => array.pod_by_name(name)?,
        (None, Some(id)) => array.pod_by_id(id)?,
        (None, None) => None,
    };
    found.ok_or_else(|| Refusal::bad(context, sentences::NO_SOURCE))
}

/// Sets which arrays are to stay online, by name.
pub(super) fn prefer(array: &ArrayTx<'_>, pod: &PodRow, arrays: &[ReferenceBody]) -> Result<(), Refusal> {
    let names = arrays.iter().map(|wanted| {
        wanted.name.clone().ok_or_else(|| Refusal::bad("failover_preferences", sentences::PREFERENCE_WITHOUT_NAME))
    });
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    refused(&pod.name, array.set_failover_preferences(pod, &names))
}

/// What the world refuses of a pod, told of that pod.
pub(in crate::nouns) fn refused<T>(pod: &str, result: Result<T, Error>) -> Result<T, Refusal> {
    result.map_err(|e| about(pod, Refusal::from(e)))
}
