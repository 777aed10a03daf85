//! Tags of volumes and of protection groups: where marks are kept.
//!
//! Tags of volumes are there since 2.2, those of protection groups since [`Feature::GroupTags`](crate::pure::Feature).

use crate::model::{ArrayGroupName, ArrayVolumeName};
use crate::pure::request::Request;
use crate::pure::wire::TagEntry;
use serde_json::json;

const VOLUMES: &str = "volumes/tags";
const GROUPS: &str = "protection-groups/tags";

/// Tags of volumes in one namespace.
pub(in crate::pure) fn of_volumes(namespace: &str, volumes: &[ArrayVolumeName]) -> Request {
    Request::get(VOLUMES).with_one("namespaces", namespace).with_list("resource_names", volumes)
}

/// Tags of any volume, destroyed or not, that a filter matches. Texts in it are made with
/// [`literal`](crate::pure::request::literal).
pub(in crate::pure) fn matching(namespace: &str, filter: &str) -> Request {
    Request::get(VOLUMES).with_one("namespaces", namespace).with("filter", filter.to_owned())
}

/// Gives every volume all of these tags (1 to 30 of them, REST 2.37), in place of those with the same key.
pub(in crate::pure) fn tag_volumes(volumes: &[ArrayVolumeName], tags: &[TagEntry]) -> Request {
    Request::put("volumes/tags/batch", json!(tags)).with_list("resource_names", volumes)
}

/// Removes tags by key.
pub(in crate::pure) fn untag_volumes(volumes: &[ArrayVolumeName], namespace: &str, keys: &[&str]) -> Request {
    Request::delete(VOLUMES)
        .with_one("namespaces", namespace)
        .with_list("keys", keys)
        .with_list("resource_names", volumes)
}

/// Tags of protection groups in one namespace.
pub(in crate::pure) fn of_groups(namespace: &str, groups: &[ArrayGroupName]) -> Request {
    Request::get(GROUPS).with_one("namespaces", namespace).with_list("resource_names", groups)
}

/// Gives every group all of these tags, in place of those with the same key.
pub(in crate::pure) fn tag_groups(groups: &[ArrayGroupName], tags: &[TagEntry]) -> Request {
    Request::put("protection-groups/tags/batch", json!(tags)).with_list("resource_names", groups)
}
#[cfg(test)]
mod tests {
    use super::super::testing::shown;
    use super::*;
    use crate::pure::request::literal;

    #[test]
    fn tags_are_read_by_object_and_by_content() {
        assert_eq!(
            shown(&of_volumes("protector.io", &["v1".into(), "v2".into()])),
            "GET volumes/tags?namespaces=protector.io&resource_names=v1,v2"
        );
        assert_eq!(
            shown(&matching("ns", &format!("value={}", literal("a'b")))),
            "GET volumes/tags?namespaces=ns&filter=value%3D%27a%5C%27b%27"
        );
        assert_eq!(
            shown(&of_groups("ns", &["p::pg".into()])),
            "GET protection-groups/tags?namespaces=ns&resource_names=p%3A%3Apg"
        );
    }

    #[test]
    fn tags_are_put_and_removed_for_many_objects_at_once() {
        let tags = [TagEntry::new("ns", "owner", "pg-1")];
        let body = r#"[{"copyable":false,"key":"owner","namespace":"ns","value":"pg-1"}]"#;
        assert_eq!(
            shown(&tag_volumes(&["v1".into(), "v2".into()], &tags)),
            format!("PUT volumes/tags/batch?resource_names=v1,v2 {body}")
        );
        assert_eq!(
            shown(&tag_groups(&["pg".into()], &tags)),
            format!("PUT protection-groups/tags/batch?resource_names=pg {body}")
        );
        assert_eq!(
            shown(&untag_volumes(&["v1".into()], "ns", &["owner", "op"])),
            "DELETE volumes/tags?namespaces=ns&keys=owner,op&resource_names=v1"
        );
    }
}
