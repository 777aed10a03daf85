//! The envelopes of replies.

use crate::call::Call;
use crate::refusal::Refusal;
use crate::version::RestVersion;
use bytes::Bytes;
use protector_core::model::ArrayName;
use serde::Serialize;
use serde_json::{Value, json};

/// A reply, before the headers that all replies have. Success is always 200.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    /// Goes into `x-next-token`.
    pub(crate) next_token: Option<String>,
    /// Goes into `x-auth-token`.
    pub(crate) auth_token: Option<String>,
    /// Goes into `Retry-After`, seconds.
    pub(crate) retry_after: Option<u64>,
}

/// One page of a list.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) items: Vec<Value>,
    pub(crate) more_items_remaining: bool,
    pub(crate) continuation_token: Option<String>,
    pub(crate) total_item_count: Option<usize>,
    /// Only with `total_only`.
    pub(crate) total: Option<Vec<Value>>,
}

#[derive(Serialize)]
struct ListEnvelope<'a> {
    continuation_token: Option<&'a str>,
    items: &'a [Value],
    more_items_remaining: bool,
    total_item_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<&'a [Value]>,
}

#[derive(Serialize)]
struct ItemsEnvelope<'a> {
    items: &'a [Value],
}

impl Reply {
    /// 200 with this JSON.
    pub(crate) fn json(body: &impl Serialize) -> Self {
        Self::new(200, bytes(body))
    }

    /// 200 with an empty body: what DELETE says.
    pub(crate) fn empty() -> Self {
        Self::new(200, Bytes::new())
    }

    /// 200 with the objects that a POST, PUT or PATCH left behind.
    pub(crate) fn items(call: &Call<'_>, mut items: Vec<Value>) -> Self {
        items.iter_mut().for_each(|item| note_array(call, item));
        Self::json(&ItemsEnvelope { items: &items })
    }

    /// 200 with one page of a list.
    pub(crate) fn page(call: &Call<'_>, mut page: Page) -> Self {
        page.items.iter_mut().for_each(|item| note_array(call, item));
        let envelope = ListEnvelope {
            continuation_token: page.continuation_token.as_deref(),
            items: &page.items,
            more_items_remaining: page.more_items_remaining,
            total_item_count: page.total_item_count,
            total: page.total.as_deref(),
        };
        let body = bytes(&envelope);
        Self { next_token: page.continuation_token, ..Self::new(200, body) }
    }

    /// What a refusal looks like: a list of errors, except where a gateway in front of the array speaks (403 and 429,
    /// py-pure-client 1.96 reads `message` there).
    pub(crate) fn refusal(refusal: &Refusal, array: &ArrayName, version: RestVersion) -> Self {
        Self::refusal_in_form(refusal, array, version, None)
    }

    /// The same, as a list of errors or not, whatever the status.
    pub(crate) fn refusal_in_form(
        refusal: &Refusal,
        array: &ArrayName,
        version: RestVersion,
        as_errors: Option<bool>,
    ) -> Self {
        let first = || refusal.errors.first().map(|entry| entry.message.as_str());
        if !as_errors.unwrap_or(!matches!(refusal.status, 403 | 429)) {
            return Self::new(refusal.status, bytes(&json!({"message": first()})));
        }
        let expired = refusal.status == 401;
        let errors: Vec<Value> = refusal
            .errors
            .iter()
            .map(|entry| {
                let mut error = json!({"message": entry.message});
                if let (false, Some(object)) = (expired, error.as_object_mut()) {
                    object.insert("context".to_owned(), entry.context.clone().into());
                }
                // an expired session is told this way whatever the version (seen on a real array)
                if let (true, Some(object)) = (expired || version >= RestVersion::FLEETS, error.as_object_mut()) {
                    let location = json!({"name": array, "id": null, "resource_type": "remote-arrays"});
                    object.insert("location_context".to_owned(), location);
                }
                error
            })
            .collect();
        Self::new(refusal.status, bytes(&json!({"errors": errors})))
    }

    /// Any status, any body.
    pub(crate) fn new(status: u16, body: Bytes) -> Self {
        Self { status, body, next_token: None, auth_token: None, retry_after: None }
    }
}

/// Writes into an item which array of a fleet it is of, in the versions that have it.
fn note_array(call: &Call<'_>, item: &mut Value) {
    if call.version < RestVersion::FLEETS {
        return;
    }
    if let Some(object) = item.as_object_mut() {
        object.insert("context".to_owned(), json!({"id": null, "name": call.array}));
    }
}

fn bytes(value: &impl Serialize) -> Bytes {
    match serde_json::to_vec(value) {
        Ok(bytes) => bytes.into(),
        Err(e) => {
            tracing::error!("a reply cannot be written as JSON: {e}");
            Bytes::from_static(b"{}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(refusal: &Refusal, minor: u16) -> Value {
        let reply = Reply::refusal(refusal, &"arrA".into(), RestVersion::new(2, minor));
        assert_eq!(reply.status, refusal.status);
        serde_json::from_slice(&reply.body).unwrap()
    }

    #[test]
    fn errors_name_the_object() {
        let missing = Refusal::missing("Volume", "v");
        assert_eq!(body(&missing, 37), json!({"errors": [{"context": "v", "message": "Volume does not exist."}]}));
        assert_eq!(body(&missing, 38)["errors"][0]["location_context"]["name"], "arrA");
    }

    #[test]
    fn an_expired_session_is_told_as_a_real_array_tells_it() {
        let location = json!({"name": "arrA", "id": null, "resource_type": "remote-arrays"});
        let expected = json!({"errors": [{"message": "Invalid session.", "location_context": location}]});
        assert_eq!(body(&Refusal::invalid_session(), 26), expected);
    }

    #[test]
    fn a_gateway_says_one_message() {
        assert_eq!(body(&Refusal::with_status(429, None, "Too many"), 37), json!({"message": "Too many"}));
        assert_eq!(body(&Refusal::with_status(403, None, "No"), 38), json!({"message": "No"}));
    }
}
