//! The envelopes of replies.

use super::Reference;
use serde::{Deserialize, Serialize};

/// One page of a list. `items` is `None` where the reply has none, which is not an empty list.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(in crate::pure) struct Page<T> {
    /// The items.
    #[serde(default)]
    pub(in crate::pure) items: Option<Vec<T>>,
    /// Where the next page begins.
    #[serde(default)]
    pub(in crate::pure) continuation_token: Option<String>,
    /// Whether there is a next page.
    #[serde(default)]
    pub(in crate::pure) more_items_remaining: Option<bool>,
}

/// Why a request was refused: `errors[]`, or the single `message` of a gateway before the array.
#[derive(Debug, Default, Deserialize)]
pub(in crate::pure) struct Refusal {
    /// One per object that was refused.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) errors: Vec<ArrayError>,
    /// Gateway form.
    #[serde(default)]
    pub(in crate::pure) message: Option<String>,
}

/// One sentence of the array.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(in crate::pure) struct ArrayError {
    /// The object it is about.
    #[serde(default)]
    pub(in crate::pure) context: Option<String>,
    /// The sentence.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) message: String,
}

/// `GET /api/api_version`.
#[derive(Debug, Deserialize)]
pub(in crate::pure) struct Advertised {
    /// REST versions, 1.x and 2.x mixed.
    pub(in crate::pure) version: Vec<String>,
}

/// A tag to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::pure) struct TagEntry {
    /// Whether clones of the object inherit it.
    pub(in crate::pure) copyable: bool,
    /// Key.
    pub(in crate::pure) key: String,
    /// Namespace.
    pub(in crate::pure) namespace: String,
    /// Value.
    pub(in crate::pure) value: String,
}

impl TagEntry {
    /// A tag that stays with its object and is not inherited by clones.
    pub(in crate::pure) fn new(namespace: &str, key: &str, value: &str) -> Self {
        Self { copyable: false, key: key.to_owned(), namespace: namespace.to_owned(), value: value.to_owned() }
    }
}

/// A tag of an object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::pure) struct Tag {
    /// Key.
    pub(in crate::pure) key: String,
    /// Value.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) value: String,
    /// The object.
    #[serde(default, deserialize_with = "super::or_default")]
    pub(in crate::pure) resource: Reference,
}
