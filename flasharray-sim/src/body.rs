//! The body of a request.

use crate::refusal::Refusal;
use crate::sentences;
use serde::de::DeserializeOwned;

/// The body as it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body<'a>(pub(crate) &'a [u8]);

impl Body<'_> {
    /// A JSON object; no body is an empty one, as bodyless POSTs send it.
    ///
    /// # Errors
    /// no JSON, or not of that type → 400.
    pub(crate) fn object<T: DeserializeOwned>(self) -> Result<T, Refusal> {
        parse(if self.is_empty() { b"{}" } else { self.0 })
    }

    /// A JSON array; no body is an empty one.
    ///
    /// # Errors
    /// no JSON, or not of that type → 400.
    pub(crate) fn list<T: DeserializeOwned>(self) -> Result<Vec<T>, Refusal> {
        parse(if self.is_empty() { b"[]" } else { self.0 })
    }

    fn is_empty(self) -> bool {
        self.0.trim_ascii().is_empty()
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|e| Refusal::bad("body", sentences::malformed_body(&e.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn no_body_is_an_empty_one() {
        assert_eq!(Body(b" ").object::<Value>().unwrap(), serde_json::json!({}));
        assert!(Body(b"").list::<Value>().unwrap().is_empty());
    }

    #[test]
    fn what_is_malformed_is_refused_with_the_place() {
        let refused = Body(b"{\"a\":").object::<Value>().unwrap_err();
        assert_eq!(refused.status, 400);
        assert!(refused.errors[0].message.contains("line 1 column 5"), "{refused:?}");
        assert!(Body(b"{}").list::<Value>().is_err());
        assert!(Body(b"[1]").object::<std::collections::BTreeMap<String, u8>>().is_err());
    }
}
