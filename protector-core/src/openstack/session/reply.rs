//! What a service answered to a call that it carried out.

use crate::{Error, Result};
use bytes::Bytes;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::{fmt, marker::PhantomData};

/// A success. What its body holds is read when asked for: an answer to a removal is empty.
pub(in crate::openstack) struct Reply {
    what: String,
    body: Bytes,
}

impl Reply {
    pub(super) fn new(what: String, body: Bytes) -> Self {
        Self { what, body }
    }

    /// Reads what stands under `key`, which services wrap their answers in.
    ///
    /// # Errors
    /// it is not there, or not what it should be → `Internal`; what stands in it is not shown.
    pub(in crate::openstack) fn under<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        self.page(key).map(|(found, _)| found)
    }

    /// The same with the links to further pages, which stand beside it.
    ///
    /// # Errors
    /// as [`Self::under`].
    pub(super) fn page<T: DeserializeOwned>(&self, key: &str) -> Result<(T, Option<Value>)> {
        let mut reader = serde_json::Deserializer::from_slice(&self.body);
        let page = PageOf { key, links: links_beside(key), of: PhantomData };
        let (found, links) = page.deserialize(&mut reader).map_err(|e| self.unreadable(key, &e))?;
        let found = found.ok_or_else(|| Error::internal(format!("{}: the answer has no '{key}'", self.what)))?;
        Ok((found, links))
    }

    /// Serde's words may repeat a value, but for those about a field that is missing.
    fn unreadable(&self, key: &str, e: &serde_json::Error) -> Error {
        let words = e.to_string();
        let field = words.split(" at line").next().filter(|words| words.starts_with("missing field"));
        let why = field.unwrap_or("it is not as it should be");
        let place = format!("line {}, column {}", e.line(), e.column());
        Error::internal(format!("{}: '{key}' in the answer cannot be read: {why} ({place})", self.what))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.what, self.body.len())
    }
}

/// Keys of the links beside a list. Cinder has `volumes_links`, but `group_links`, `group_type_links`, `volume_type_links`.
fn links_beside(key: &str) -> [String; 2] {
    [key, key.strip_suffix('s').unwrap_or(key)].map(|noun| format!("{noun}_links"))
}

/// Reads one key of a map and the links beside it, in one pass and without a tree in between: the order of a server's
/// addresses would be lost in one.
struct PageOf<'k, T> {
    key: &'k str,
    links: [String; 2],
    of: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for PageOf<'_, T> {
    type Value = (Option<T>, Option<Value>);

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        input.deserialize_map(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for PageOf<'_, T> {
    type Value = (Option<T>, Option<Value>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a map with '{}'", self.key)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut found, mut links) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            if key == self.key {
                found = Some(map.next_value()?);
            } else if self.links.contains(&key) {
                links = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok((found, links))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn reply(body: &'static str) -> Reply {
        Reply::new("Cinder of cloud 'a', GET volumes".to_owned(), Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn what_stands_under_a_key_is_read_with_the_links_beside_it() {
        let page = reply(r#"{"x": 1, "volumes": ["a", "b"], "volumes_links": [{"rel": "next"}]}"#);
        let (items, links) = page.page::<Vec<String>>("volumes").unwrap();
        assert_eq!((items.len(), links.is_some()), (2, true));
        assert_eq!(page.under::<u8>("x").unwrap(), 1);
        // as Cinder 29.0 writes it
        let page = reply(
            r#"{"volume_types": [{"id": "t1", "name": "a"}], "volume_type_links": [{"rel": "next",
            "href": "http://127.0.0.1:8776/v3/p1/types?limit=1&marker=t1"}]}"#,
        );
        assert!(page.page::<Vec<Value>>("volume_types").unwrap().1.is_some(), "all but one page would be lost");
    }

    #[test]
    fn what_cannot_be_read_is_named_and_not_shown() {
        for (body, words) in [
            (r#"{"volumes": "planted"}"#, "not as it should be"),
            (r#"{"others": "planted"}"#, "has no 'volumes'"),
            (r#"planted"#, "not as it should be"),
            ("", "line 1, column 0"),
        ] {
            let error = reply(body).under::<Vec<String>>("volumes").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Internal);
            assert!(error.message().contains(words) && error.message().contains("GET volumes"), "{error}");
            assert!(!error.to_string().contains("planted"), "{error}");
        }
    }
}
