//! Replica links between pods.

use super::choose::each;
use super::pods::{POD, create::refused};
use crate::call::Call;
use crate::list::{Listed, Noun, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::sentences as common;
use crate::sentences::pods as sentences;
use protector_core::mock::{ArrayTx, ReplicaLinkRow};
use serde::Deserialize;
use serde_json::{Value, json};

static LINK: Noun = Noun { title: "Pod replica link" };

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("pod-replica-links", 2, get),
        Route::post("pod-replica-links", 2, post),
        Route::patch("pod-replica-links", 2, patch),
        Route::delete("pod-replica-links", 2, delete),
        Route::get("pod-replica-links/lag", 2, get_lag),
    ]
}

/// A replica link as `pod-replica-links` shows it.
struct ShownLink {
    key: String,
    row: ReplicaLinkRow,
    now_ms: i64,
}

impl ShownLink {
    fn new(array: &ArrayTx<'_>, row: ReplicaLinkRow) -> Self {
        Self { key: format!("{} {} {}", row.local_pod.1, row.remote.1, row.remote_pod.1), row, now_ms: array.now_ms() }
    }

    /// How far the target is behind, in milliseconds. `None`: it has no complete data yet.
    fn lag(&self) -> Option<i64> {
        self.row.recovery_point_ms.map(|point| self.now_ms.saturating_sub(point).max(0))
    }
}

impl Listed for ShownLink {
    fn name(&self) -> &str {
        &self.key
    }

    fn id(&self) -> Option<&str> {
        Some(&self.row.id)
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let ReplicaLinkRow { local_pod, remote_pod, remote, .. } = &self.row;
        json!({
            "id": self.row.id,
            "direction": if self.row.outbound { "outbound" } else { "inbound" },
            "lag": self.lag(),
            "local_pod": {"id": local_pod.0, "name": local_pod.1},
            "paused": self.row.paused,
            "recovery_point": call.time_or_null(self.row.recovery_point_ms),
            "remote_pod": {"id": remote_pod.0, "name": remote_pod.1},
            "remotes": [{"id": remote.0, "name": remote.1}],
            "status": self.row.status.as_str(),
        })
    }
}

/// A replica link as `pod-replica-links/lag` shows it: the present is all that is known of any time.
struct Lag(ShownLink);

impl Listed for Lag {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn id(&self) -> Option<&str> {
        self.0.id()
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let mut item = self.0.item(call);
        if let Some(fields) = item.as_object_mut() {
            fields.remove("paused");
            fields.insert("lag".to_owned(), json!({"avg": self.0.lag(), "max": self.0.lag()}));
            fields.insert("time".to_owned(), call.time(self.0.now_ms).into());
        }
        item
    }
}

fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, chosen(call)?, &LINK)
}

fn get_lag(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, chosen(call)?.into_iter().map(Lag).collect(), &LINK)
}

fn chosen(call: &Call<'_>) -> Result<Vec<ShownLink>, Refusal> {
    call.read(|array| {
        let rows = choose(call, array.replica_links()?)?;
        Ok(rows.into_iter().map(|row| ShownLink::new(array, row)).collect())
    })
}

/// One field of a link, by which a query can choose.
type End = fn(&ReplicaLinkRow) -> &str;

/// Those that the query names by their ends; each name must have one.
fn choose(call: &Call<'_>, mut rows: Vec<ReplicaLinkRow>) -> Result<Vec<ReplicaLinkRow>, Refusal> {
    let ends: [(&str, End); 6] = [
        ("local_pod_names", |row| &row.local_pod.1),
        ("local_pod_ids", |row| &row.local_pod.0),
        ("remote_names", |row| &row.remote.1),
        ("remote_ids", |row| &row.remote.0),
        ("remote_pod_names", |row| &row.remote_pod.1),
        ("remote_pod_ids", |row| &row.remote_pod.0),
    ];
    for (parameter, end) in ends {
        let wanted = call.query.list(parameter).unwrap_or_default();
        if wanted.is_empty() {
            continue;
        }
        rows.retain(|row| wanted.iter().any(|one| one.eq_ignore_ascii_case(end(row))));
        each(&wanted, |one| match rows.iter().any(|row| one.eq_ignore_ascii_case(end(row))) {
            true => Ok(()),
            false => Err(Refusal::missing(LINK.title, one)),
        })?;
    }
    Ok(rows)
}

#[derive(Debug, Default, Deserialize)]
struct LinkBody {
    paused: Option<bool>,
}

/// `POST pod-replica-links`: the first local pod with the first remote pod, and so on.
fn post(call: &Call<'_>) -> Result<Reply, Refusal> {
    let locals = call.query.required("local_pod_names")?;
    let remote_pods = call.query.required("remote_pod_names")?;
    let paused = call.body.object::<LinkBody>()?.paused.unwrap_or(false);
    if locals.len() != remote_pods.len() {
        return Err(Refusal::bad("remote_pod_names", sentences::NOT_IN_PAIRS));
    }
    call.change(|array| {
        let arrays = remote_arrays(call, array, locals.len())?;
        let links = each(locals.iter().zip(&remote_pods).zip(&arrays), |((local, remote_pod), remote)| {
            let pod = array.pod_by_name(local)?.ok_or_else(|| Refusal::missing(POD.title, local))?;
            if pod.destroyed_ms.is_some() {
                return Err(Refusal::destroyed(POD.title, local));
            }
            refused(local, array.create_replica_link(&pod, remote, remote_pod, paused))
        })?;
        Ok(Reply::items(call, links.into_iter().map(|row| ShownLink::new(array, row).item(call)).collect()))
    })
}

/// The remote array of each link: one name for all or one for each, or the only array there is.
fn remote_arrays(call: &Call<'_>, array: &ArrayTx<'_>, links: usize) -> Result<Vec<String>, Refusal> {
    let mut names = call.query.list("remote_names").unwrap_or_default();
    if names.is_empty() {
        names = array.peer_names()?;
        if names.len() > 1 {
            return Err(Refusal::bad("remote_names", sentences::WHICH_REMOTE));
        }
    }
    match names.as_slice() {
        [] => Err(Refusal::bad("remote_names", common::missing_parameter("remote_names"))),
        [only] => Ok(vec![only.clone(); links]),
        names if names.len() == links => Ok(names.to_vec()),
        _ => Err(Refusal::bad("remote_names", sentences::NOT_IN_PAIRS)),
    }
}

/// `PATCH pod-replica-links`: pauses and continues.
fn patch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body: LinkBody = call.body.object()?;
    let Some(paused) = body.paused else {
        return Err(Refusal::bad("pod-replica-links", common::NO_ATTRIBUTE));
    };
    call.change(|array| {
        let named = named(call, array)?;
        each(&named, |link| Ok(array.set_replica_link_paused(link, paused)?))?;
        let mut rows = array.replica_links()?;
        rows.retain(|row| named.iter().any(|link| link.id == row.id));
        Ok(Reply::items(call, rows.into_iter().map(|row| ShownLink::new(array, row).item(call)).collect()))
    })
}

fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    call.change(|array| {
        each(named(call, array)?, |link| Ok(array.delete_replica_link(&link)?))?;
        Ok(Reply::empty())
    })
}

/// The links that a request to change something names: by id, or by the pods at both ends.
fn named(call: &Call<'_>, array: &ArrayTx<'_>) -> Result<Vec<ReplicaLinkRow>, Refusal> {
    let rows = array.replica_links()?;
    if let Some(ids) = call.query.ids().filter(|ids| !ids.is_empty()) {
        return each(&ids, |id| {
            let found = rows.iter().find(|row| row.id == *id).cloned();
            found.ok_or_else(|| Refusal::missing(LINK.title, id))
        });
    }
    for (names, ids) in [("local_pod_names", "local_pod_ids"), ("remote_pod_names", "remote_pod_ids")] {
        if call.query.list(ids).is_none_or(|ids| ids.is_empty()) {
            call.query.required(names)?;
        }
    }
    let chosen = choose(call, rows)?;
    if chosen.is_empty() { Err(Refusal::missing(LINK.title, "pod-replica-links")) } else { Ok(chosen) }
}
