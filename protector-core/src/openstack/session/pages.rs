//! Lists, page after page.

use super::{Session, Until};
use crate::openstack::call::Call;
use crate::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Most pages of one list: a service that never ends one is defective.
const MOST_PAGES: usize = 10_000;

impl Session {
    /// All items of a list that stand under `key`, from all pages.
    ///
    /// # Errors
    /// as [`Session::send`]; a list without its key, or without an end → `Internal`.
    pub(in crate::openstack) async fn list<T: DeserializeOwned>(
        &self,
        call: &Call,
        key: &str,
        until: Until,
    ) -> Result<Vec<T>> {
        let mut call = call.clone().set("limit", self.shared.options.page_limit.to_string());
        let (mut items, mut last_marker) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let reply = self.send(&call, until).await?;
            let (page, links) = reply.page::<Vec<T>>(key)?;
            let is_empty = page.is_empty();
            items.extend(page);
            let marker = links.as_ref().and_then(next_marker);
            match marker {
                None => return Ok(items),
                // a page that is empty and names another one would go on for ever
                Some(_) if is_empty => return Ok(items),
                marker if marker == last_marker => break,
                Some(marker) => {
                    call = call.set("marker", marker.clone());
                    last_marker = Some(marker);
                }
            }
        }
        Err(Error::internal(format!(
            "the list {} of {} in cloud '{}' has no end",
            call.path(),
            call.service,
            self.cloud()
        )))
    }
}

/// Where the next page begins, out of the links of this one. Only the marker is taken: the host in a link may be one that
/// is not reached from here, and the token does not go there.
fn next_marker(links: &Value) -> Option<String> {
    let next = links.as_array()?.iter().find(|link| link.get("rel").and_then(Value::as_str) == Some("next"))?;
    let href = next.get("href")?.as_str()?;
    let query = href.split_once('?')?.1;
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "marker")
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_next_page_is_known_by_its_marker_alone() {
        let links = json!([{"rel": "previous", "href": "http://x/?marker=0"},
            {"rel": "next", "href": "http://elsewhere/v3/volumes/detail?limit=2&marker=a%2Bb"}]);
        assert_eq!(next_marker(&links).as_deref(), Some("a+b"));
        assert_eq!(next_marker(&json!([])), None);
        assert_eq!(next_marker(&json!([{"rel": "next", "href": "http://x/"}])), None);
    }
}
