//! What an array answered to a request that it carried out.

use super::failure::excerpt;
use crate::pure::options::ArrayEndpoint;
use crate::pure::request::Request;
use crate::pure::wire::Page;
use crate::{Error, Result};
use bytes::Bytes;
use reqwest::Method;
use serde::de::DeserializeOwned;
use std::fmt;

/// A success. What its body holds is read when asked for: an answer to a removal is empty.
pub(in crate::pure) struct Reply {
    array: String,
    method: Method,
    path: &'static str,
    body: Bytes,
}

impl Reply {
    pub(super) fn new(endpoint: &ArrayEndpoint, request: &Request, body: Bytes) -> Self {
        Self { array: endpoint.to_string(), method: request.method.clone(), path: request.path, body }
    }

    /// The items of the answer to a change, all of which come in one piece. For lists use
    /// [`items`](super::FlashArrayClient::items), which follows pages.
    ///
    /// # Errors
    /// no JSON, no `items`, or an item that cannot be read → `Internal` with the beginning of the answer → report it.
    pub(in crate::pure) fn items<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        self.page().map(|(items, _)| items)
    }

    /// Items and envelope of one page.
    pub(super) fn page<T: DeserializeOwned>(&self) -> Result<(Vec<T>, Envelope)> {
        let page: Page<T> = serde_json::from_slice(&self.body).map_err(|e| self.unreadable(&e.to_string()))?;
        let envelope = Envelope { token: page.continuation_token, more: page.more_items_remaining };
        let items = page.items.ok_or_else(|| self.unreadable("it has no items"))?;
        Ok((items, envelope))
    }

    fn unreadable(&self, why: &str) -> Error {
        Error::internal(format!(
            "{} {}: the answer of {} cannot be read: {why}: '{}'",
            self.method,
            self.path,
            self.array,
            excerpt(&self.body)
        ))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({} {}, {} bytes)", self.method, self.path, self.body.len())
    }
}

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) token: Option<String>,
    pub(super) more: Option<bool>,
}
