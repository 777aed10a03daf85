//! Pods.

mod change;
pub(super) mod create;

use super::choose::Finder;
use super::show::{Shown, idle, reference, space};
use super::volumes::keeps_destroyed;
use crate::call::Call;
use crate::list::{Listed, Noun, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use protector_core::mock::{ArrayTx, PodDetails, PodMemberRow, PodRow, Promotion};
use serde_json::{Value, json};

pub(crate) static POD: Noun = Noun { title: "Pod" };

/// The version of the mediator that every pod says it has.
const MEDIATOR_VERSION: &str = "1.0.0";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("pods", 1, get),
        Route::post("pods", 1, create::post),
        Route::patch("pods", 1, change::patch),
        Route::delete("pods", 1, change::delete),
        Route::post("pods/test", 31, create::test),
        Route::get("pods/space", 1, get_space),
        Route::get("pods/performance", 1, get_performance),
    ]
}

/// `GET pods`.
fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, candidates(call)?, &POD)
}

/// `GET pods/space`: the present, whatever time is asked for.
fn get_space(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, candidates(call)?.into_iter().map(Space).collect(), &POD)
}

/// `GET pods/performance`: the present.
fn get_performance(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, candidates(call)?.into_iter().map(Performance).collect(), &POD)
}

fn candidates(call: &Call<'_>) -> Result<Vec<ShownPod>, Refusal> {
    call.read(|array| {
        let pods = with_finder(array, |finder| Ok(finder.candidates(call.query, || array.pods())?))?;
        pods.into_iter().map(|pod| ShownPod::new(array, pod)).collect()
    })
}

/// The pods that a request to change something names with one of these parameters.
///
/// # Errors
/// neither or both given, or one of them not there → 400.
pub(super) fn named(call: &Call<'_>, array: &ArrayTx<'_>, names: &str, ids: &str) -> Result<Vec<PodRow>, Refusal> {
    with_finder(array, |finder| finder.named(call.query, POD.title, names, ids))
}

fn with_finder<T>(
    array: &ArrayTx<'_>,
    find: impl FnOnce(Finder<'_, PodRow>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    find(Finder { by_name: &|name| array.pod_by_name(name), by_id: &|id| array.pod_by_id(id) })
}

/// The items of pods as they are now, as far as they are still on this array.
fn items(call: &Call<'_>, array: &ArrayTx<'_>, ids: &[String]) -> Result<Vec<Value>, Refusal> {
    let mut items = Vec::new();
    for id in ids {
        if let Some(pod) = array.pod_by_id(id)? {
            items.push(ShownPod::new(array, pod)?.item(call));
        }
    }
    Ok(items)
}

/// A pod as `pods` shows it.
struct ShownPod {
    shown: Shown<PodDetails>,
    /// SafeMode keeps what is destroyed.
    keeps_destroyed: bool,
}

impl ShownPod {
    fn new(array: &ArrayTx<'_>, pod: PodRow) -> Result<Self, Refusal> {
        let shown = Shown::new(array, array.pod_details(pod)?);
        Ok(Self { shown, keeps_destroyed: keeps_destroyed(array) })
    }

    fn space(&self, call: &Call<'_>) -> Value {
        let PodDetails { provisioned, written, .. } = self.shown.row;
        let mut space = space(call, provisioned, written);
        if let Some(fields) = space.as_object_mut() {
            fields.insert("replication".to_owned(), 0.into());
            fields.insert("shared_effective".to_owned(), Value::Null);
            fields.insert("replication_effective".to_owned(), Value::Null);
            if call.at_least(27) {
                fields.insert("footprint".to_owned(), written.into());
            }
        }
        space
    }
}

impl Listed for ShownPod {
    fn name(&self) -> &str {
        &self.shown.row.pod.name
    }

    fn id(&self) -> Option<&str> {
        Some(&self.shown.row.pod.id)
    }

    fn destroyed(&self) -> bool {
        self.shown.row.pod.destroyed_ms.is_some()
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let PodDetails { pod, members, .. } = &self.shown.row;
        let preferences: Vec<Value> =
            self.shown.row.failover_preferences.iter().map(|array| reference(Some(array))).collect();
        let mut item = json!({
            "id": pod.id,
            "name": pod.name,
            "array_count": members.len(),
            "arrays": members.iter().map(|member| array_status(call, member)).collect::<Vec<_>>(),
            "destroyed": self.destroyed(),
            "eradication_config": {
                "manual_eradication": if self.keeps_destroyed { "all-disabled" } else { "all-enabled" },
            },
            "failover_preferences": preferences,
            "footprint": self.shown.row.written,
            "link_source_count": self.shown.row.link_sources,
            "link_target_count": self.shown.row.link_targets,
            "mediator": pod.mediator,
            "mediator_version": MEDIATOR_VERSION,
            "promotion_status": promotion_status(pod.promotion),
            "requested_promotion_state": if pod.wants_promoted { "promoted" } else { "demoted" },
            "source": reference(self.shown.row.source.as_ref()),
            "space": self.space(call),
            "time_remaining": self.shown.remaining(pod.destroyed_ms),
        });
        if let Some(fields) = item.as_object_mut() {
            if call.at_least(23) {
                fields.insert("quota_limit".to_owned(), pod.quota.into());
            }
            if call.at_least(36) {
                let members = members.iter().map(array_reference).collect::<Vec<_>>();
                fields.insert("members".to_owned(), members.into());
            }
        }
        item
    }
}

/// As clients know it; `quiescing` is what the Ansible collection 1.42.0 (`purefa_pod`) waits for, the contract does not
/// name it.
fn promotion_status(promotion: Promotion) -> &'static str {
    match promotion {
        Promotion::Promoted => "promoted",
        Promotion::Demoted => "demoted",
        Promotion::Promoting => "promoting",
        Promotion::Quiescing => "quiescing",
    }
}

fn array_status(call: &Call<'_>, member: &PodMemberRow) -> Value {
    let mediator = match member.mediator_reachable {
        Some(true) => "online",
        Some(false) => "unreachable",
        None => "unknown",
    };
    let mut status = json!({
        "id": member.array_id,
        "name": member.array_name,
        "frozen_at": call.time_or_null(member.frozen_ms),
        "mediator_status": mediator,
        "pre_elected": member.pre_elected,
        "progress": member.progress,
        "status": member.status.as_str(),
    });
    if let (true, Some(fields)) = (call.at_least(36), status.as_object_mut()) {
        fields.insert("member".to_owned(), array_reference(member));
    }
    status
}

fn array_reference(member: &PodMemberRow) -> Value {
    json!({"id": member.array_id, "name": member.array_name, "resource_type": "arrays"})
}

/// A pod as `pods/space` shows it.
struct Space(ShownPod);

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
        json!({"id": self.id(), "name": self.name(), "space": self.0.space(call), "time": self.0.shown.now(call)})
    }
}

/// A pod as `pods/performance` shows it.
struct Performance(ShownPod);

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
        let mut item = idle(self.name(), self.id(), self.0.shown.now(call));
        if let Some(fields) = item.as_object_mut() {
            fields.insert("others_per_sec".to_owned(), 0.into());
            fields.insert("usec_per_other_op".to_owned(), 0.into());
        }
        item
    }
}
