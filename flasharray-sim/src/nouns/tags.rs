//! Tags of whatever carries them: one set of requests for each collection.

use super::choose::each;
use crate::call::{Call, Handler};
use crate::list::{Listed, Noun, list_known};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::sentences as common;
use crate::sentences::volumes as sentences;
use protector_core::mock::{ArrayTx, Tag, TagRow, Tagged, TaggedObject};
use serde::Deserialize;
use serde_json::{Value, json};

/// Longest key, in characters (FlashArray REST 2.37, schema `Tag`); also of a namespace.
const KEY_LENGTH: usize = 64;
/// Longest value, in characters (FlashArray REST 2.37, schema `Tag`).
const VALUE_LENGTH: usize = 256;
/// Where a tag without a namespace is (FlashArray REST 2.37, schema `Tag`).
const DEFAULT_NAMESPACE: &str = "default";

pub(super) fn routes() -> Vec<Route> {
    fn of(path: &'static str, batch: &'static str, since: u16, [get, delete, put]: [Handler; 3]) -> [Route; 3] {
        [Route::get(path, since, get), Route::delete(path, since, delete), Route::put(batch, since, put)]
    }
    [
        of(
            "volumes/tags",
            "volumes/tags/batch",
            2,
            [
                |call| get(call, Tagged::Volumes),
                |call| delete(call, Tagged::Volumes),
                |call| put_batch(call, Tagged::Volumes),
            ],
        ),
        of(
            "volume-snapshots/tags",
            "volume-snapshots/tags/batch",
            2,
            [
                |call| get(call, Tagged::VolumeSnapshots),
                |call| delete(call, Tagged::VolumeSnapshots),
                |call| put_batch(call, Tagged::VolumeSnapshots),
            ],
        ),
        of(
            "hosts/tags",
            "hosts/tags/batch",
            36,
            [
                |call| get(call, Tagged::Hosts),
                |call| delete(call, Tagged::Hosts),
                |call| put_batch(call, Tagged::Hosts),
            ],
        ),
        of(
            "host-groups/tags",
            "host-groups/tags/batch",
            36,
            [
                |call| get(call, Tagged::HostGroups),
                |call| delete(call, Tagged::HostGroups),
                |call| put_batch(call, Tagged::HostGroups),
            ],
        ),
        of(
            "protection-groups/tags",
            "protection-groups/tags/batch",
            39,
            [
                |call| get(call, Tagged::ProtectionGroups),
                |call| delete(call, Tagged::ProtectionGroups),
                |call| put_batch(call, Tagged::ProtectionGroups),
            ],
        ),
        of(
            "pods/tags",
            "pods/tags/batch",
            39,
            [|call| get(call, Tagged::Pods), |call| delete(call, Tagged::Pods), |call| put_batch(call, Tagged::Pods)],
        ),
        of(
            "protection-group-snapshots/tags",
            "protection-group-snapshots/tags/batch",
            44,
            [
                |call| get(call, Tagged::ProtectionGroupSnapshots),
                |call| delete(call, Tagged::ProtectionGroupSnapshots),
                |call| put_batch(call, Tagged::ProtectionGroupSnapshots),
            ],
        ),
    ]
    .concat()
}

fn noun(kind: Tagged) -> &'static str {
    match kind {
        Tagged::Volumes => "Volume",
        Tagged::VolumeSnapshots => "Volume snapshot",
        Tagged::ProtectionGroups => "Protection group",
        Tagged::ProtectionGroupSnapshots => "Protection group snapshot",
        Tagged::Pods => "Pod",
        Tagged::Hosts => "Host",
        Tagged::HostGroups => "Host group",
    }
}

static TAG: Noun = Noun { title: "Tag" };

/// A tag in a body.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TagBody {
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    copyable: Option<bool>,
}

impl TagBody {
    fn read(&self, context: &str) -> Result<Tag, Refusal> {
        let field = |field: &Option<String>, name: &str, most: usize| {
            let text = field.clone().ok_or_else(|| Refusal::bad(context, sentences::missing_field(name)))?;
            let length = text.chars().count();
            if length == 0 || length > most {
                return Err(Refusal::bad(context, sentences::tag_length(name, most)));
            }
            Ok(text)
        };
        let namespace = self.namespace.clone().or_else(|| Some(DEFAULT_NAMESPACE.to_owned()));
        Ok(Tag {
            key: field(&self.key, "key", KEY_LENGTH)?,
            value: field(&self.value, "value", VALUE_LENGTH)?,
            namespace: field(&namespace, "namespace", KEY_LENGTH)?,
            copyable: self.copyable.unwrap_or(true),
        })
    }
}

/// Puts tags on an object, in place of those of the same namespace and key.
///
/// # Errors
/// key, value or namespace missing or too long → 400.
pub(crate) fn put(array: &ArrayTx<'_>, on: &TaggedObject, tags: &[TagBody]) -> Result<(), Refusal> {
    let tags = each(tags, |tag| tag.read(&on.object.name))?;
    for tag in &tags {
        array.set_tag(on, tag)?;
    }
    Ok(())
}

/// The objects that the request names. `None`: it names none.
fn objects(call: &Call<'_>, array: &ArrayTx<'_>, kind: Tagged) -> Result<Option<Vec<TaggedObject>>, Refusal> {
    const PARAMETERS: (&str, &str) = ("resource_names", "resource_ids");
    let given = |name| call.query.list(name).filter(|list| !list.is_empty());
    let found = |name: &str, found: Option<TaggedObject>| found.ok_or_else(|| Refusal::missing(noun(kind), name));
    match (given(PARAMETERS.0), given(PARAMETERS.1)) {
        (Some(_), Some(_)) => Err(Refusal::bad(PARAMETERS.0, common::exclusive_parameters(PARAMETERS.0, PARAMETERS.1))),
        (Some(names), None) => each(&names, |name| found(name, array.tagged(kind, name)?)).map(Some),
        (None, Some(ids)) => each(&ids, |id| found(id, array.tagged_by_id(kind, id)?)).map(Some),
        (None, None) => Ok(None),
    }
}

fn required(call: &Call<'_>, array: &ArrayTx<'_>, kind: Tagged) -> Result<Vec<TaggedObject>, Refusal> {
    objects(call, array, kind)?
        .ok_or_else(|| Refusal::bad("resource_names", common::missing_parameter("resource_names")))
}

/// `GET <collection>/tags`: of the objects that are named, else of all.
fn get(call: &Call<'_>, kind: Tagged) -> Result<Reply, Refusal> {
    let wanted = call.query.flag("resource_destroyed")?;
    let namespaces = call.query.list("namespaces").filter(|list| !list.is_empty());
    let mut rows = call.read(|array| {
        let Some(objects) = objects(call, array, kind)? else { return Ok(array.tags(kind)?) };
        let tags = each(&objects, |object| match (wanted, object.destroyed) {
            (Some(false), true) => Err(Refusal::destroyed(noun(kind), &object.object.name)),
            (Some(true), false) => Err(Refusal::missing(noun(kind), &object.object.name)),
            _ => Ok(array.tags_of(object)?),
        });
        Ok(tags?.into_iter().flatten().collect())
    })?;
    rows.retain(|row| wanted.is_none_or(|wanted| row.on.destroyed == wanted));
    rows.retain(|row| namespaces.as_ref().is_none_or(|namespaces| namespaces.contains(&row.tag.namespace)));
    let rows = rows.into_iter().map(Listing::from).collect();
    list_known(call, rows, &TAG, |_| true)
}

/// `DELETE <collection>/tags`: those with the keys that are named, else all of the namespace.
fn delete(call: &Call<'_>, kind: Tagged) -> Result<Reply, Refusal> {
    let keys = call.query.list("keys").filter(|list| !list.is_empty());
    let namespaces = call.query.list("namespaces").filter(|list| !list.is_empty()).unwrap_or_default();
    let namespace = match namespaces.as_slice() {
        [] => DEFAULT_NAMESPACE,
        [one] => one,
        [_, second, ..] => {
            return Err(Refusal::bad("namespaces", common::invalid_parameter("namespaces", second)));
        }
    };
    call.change(|array| {
        each(required(call, array, kind)?, |object| {
            let present = array.tags_of(&object)?.into_iter().filter(|row| row.tag.namespace == namespace);
            let present: Vec<String> = present.map(|row| row.tag.key).collect();
            for key in keys.as_ref().unwrap_or(&present) {
                if !array.remove_tag(&object, namespace, key)? {
                    return Err(Refusal::bad(&object.object.name, sentences::no_tag(namespace, key)));
                }
            }
            Ok(())
        })?;
        Ok(Reply::empty())
    })
}

/// `PUT <collection>/tags/batch`: the same tags on each object that is named.
fn put_batch(call: &Call<'_>, kind: Tagged) -> Result<Reply, Refusal> {
    let tags: Vec<TagBody> = call.body.list()?;
    call.change(|array| {
        let objects = required(call, array, kind)?;
        each(&objects, |object| put(array, object, &tags))?;
        let mut items = Vec::new();
        for object in &objects {
            for tag in &tags {
                let tag = tag.read(&object.object.name)?;
                items.push(Listing::from(TagRow { on: object.clone(), tag }).item(call));
            }
        }
        Ok(Reply::items(call, items))
    })
}

/// A tag in a list. Its name is not shown: it gives the order, by object, namespace and key.
struct Listing {
    order: String,
    row: TagRow,
}

impl From<TagRow> for Listing {
    fn from(row: TagRow) -> Self {
        Self { order: [row.on.object.name.as_str(), &row.tag.namespace, &row.tag.key].join("\u{0}"), row }
    }
}

impl Listed for Listing {
    fn name(&self) -> &str {
        &self.order
    }

    fn item(&self, _call: &Call<'_>) -> Value {
        let Tag { namespace, key, value, copyable } = &self.row.tag;
        json!({
            "copyable": copyable,
            "key": key,
            "namespace": namespace,
            "resource": {"id": self.row.on.object.id, "name": self.row.on.object.name},
            "value": value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_held_to_their_lengths_and_defaults() {
        let read = |json: Value| serde_json::from_value::<TagBody>(json).unwrap().read("v");
        let tag = read(json!({"key": "k", "value": "v"})).unwrap();
        assert_eq!((tag.namespace.as_str(), tag.copyable), ("default", true));
        assert!(read(json!({"key": "ä".repeat(64), "value": "ä".repeat(256), "copyable": false})).is_ok());
        for wrong in [
            json!({"key": "k"}),
            json!({"value": "v"}),
            json!({"key": "", "value": "v"}),
            json!({"key": "k".repeat(65), "value": "v"}),
            json!({"key": "k", "value": "v".repeat(257)}),
            json!({"key": "k", "value": "v", "namespace": "n".repeat(65)}),
        ] {
            assert_eq!(read(wrong.clone()).unwrap_err().errors[0].context.as_deref(), Some("v"), "{wrong}");
        }
    }
}
