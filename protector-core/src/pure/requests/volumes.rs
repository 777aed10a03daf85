//! Volumes.

use crate::model::{ArrayVolumeId, ArrayVolumeName};
use crate::pure::request::Request;
use crate::pure::version::{Feature, RestVersion};
use crate::pure::wire::TagEntry;
use serde_json::{Value, json};

const PATH: &str = "volumes";

/// A volume to clone out of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pure) struct NewClone<'a> {
    /// Full name of a volume snapshot, or of a volume.
    pub(in crate::pure) source: &'a str,
    /// Name of the clone.
    pub(in crate::pure) name: &'a ArrayVolumeName,
    /// Tags that it is made with. Only a batch can carry them.
    pub(in crate::pure) tags: &'a [TagEntry],
}

/// Volumes by name, destroyed ones too. One that is missing fails the whole call with `NotFound`.
pub(in crate::pure) fn named(names: &[ArrayVolumeName]) -> Request {
    Request::get(PATH).with_list("names", names)
}

/// Volumes by id, destroyed ones too. One that is missing fails the whole call with `NotFound`.
pub(in crate::pure) fn with_ids(ids: &[ArrayVolumeId]) -> Request {
    Request::get(PATH).with_list("ids", ids)
}

/// Volumes that a filter matches, destroyed ones too. Texts in it are made with
/// [`literal`](crate::pure::request::literal).
pub(in crate::pure) fn matching(filter: String) -> Request {
    Request::get(PATH).with("filter", filter)
}

/// Empty volumes of one size, in bytes (a multiple of 512), outside of the array's default protection groups.
pub(in crate::pure) fn create(names: &[ArrayVolumeName], bytes: u64, version: RestVersion) -> Request {
    unprotected(Request::post(PATH).with_list("names", names), version).body(json!({"provisioned": bytes}))
}

/// One clone, for arrays without batches. Its tags are not sent.
pub(in crate::pure) fn clone_one(clone: &NewClone<'_>, version: RestVersion) -> Request {
    unprotected(Request::post(PATH).with_one("names", clone.name), version)
        .body(json!({"source": {"name": clone.source}}))
}

/// Many clones, each with its own source, in one request. Not documented to be all or none: list after a failure.
///
/// Needs [`Feature::VolumesBatch`].
pub(in crate::pure) fn clone_batch(clones: &[NewClone<'_>]) -> Request {
    let entry = |clone: &NewClone<'_>| {
        let mut entry = json!({"name": clone.name, "source": {"name": clone.source}});
        if !clone.tags.is_empty()
            && let Some(fields) = entry.as_object_mut()
        {
            fields.insert("tags".to_owned(), json!(clone.tags));
        }
        entry
    };
    Request::post("volumes/batch")
        .with("with_default_protection", false)
        .body(Value::Array(clones.iter().map(entry).collect()))
}

/// Renames a volume. A name that is taken is refused.
#[cfg(feature = "conformance")]
pub(in crate::pure) fn rename(from: &ArrayVolumeName, to: &ArrayVolumeName) -> Request {
    Request::patch(PATH, json!({"name": to})).with_one("names", from)
}

/// Destroys (never eradicates) or recovers volumes.
pub(in crate::pure) fn set_destroyed(ids: &[ArrayVolumeId], destroyed: bool) -> Request {
    Request::patch(PATH, json!({"destroyed": destroyed})).with_list("ids", ids)
}

/// A new volume joins the array's default protection groups unless told not to, and could then not be eradicated under a
/// retention lock. Older versions know neither.
fn unprotected(request: Request, version: RestVersion) -> Request {
    if version.has(Feature::WithDefaultProtection) { request.with("with_default_protection", false) } else { request }
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;
    use super::*;
    use crate::pure::request::{Safety, literal};

    const OLD: RestVersion = RestVersion::new(2, 15);
    const NEW: RestVersion = RestVersion::new(2, 37);

    #[test]
    fn volumes_are_read_by_name_by_id_and_by_filter() {
        assert_eq!(shown(&named(&["v1".into(), "vg/v".into()])), "GET volumes?names=v1,vg/v");
        assert_eq!(shown(&with_ids(&["1a-2b".into()])), "GET volumes?ids=1a-2b");
        let filter = format!("pod.name={}", literal("p"));
        assert_eq!(shown(&matching(filter)), "GET volumes?filter=pod.name%3D%27p%27");
    }

    #[test]
    fn new_volumes_stay_out_of_default_protection_where_the_array_knows_it() {
        let names = ["v1".into(), "v2".into()];
        assert_eq!(
            shown(&create(&names, 1 << 30, NEW)),
            r#"POST volumes?names=v1,v2&with_default_protection=false {"provisioned":1073741824}"#
        );
        assert_eq!(shown(&create(&names, 512, OLD)), r#"POST volumes?names=v1,v2 {"provisioned":512}"#);
        let name = "dr-v1".into();
        let clone = NewClone { source: "arrA:pg.s.v1", name: &name, tags: &[] };
        assert_eq!(
            shown(&clone_one(&clone, NEW)),
            r#"POST volumes?names=dr-v1&with_default_protection=false {"source":{"name":"arrA:pg.s.v1"}}"#
        );
        assert_eq!(shown(&clone_one(&clone, OLD)), r#"POST volumes?names=dr-v1 {"source":{"name":"arrA:pg.s.v1"}}"#);
    }

    #[test]
    fn a_batch_names_each_source_and_carries_tags() {
        let (one, two) = ("dr-v1".into(), "dr-v2".into());
        let tags = [TagEntry::new("ns", "op", "failover/1")];
        let request = clone_batch(&[
            NewClone { source: "arrA:pg.s.v1", name: &one, tags: &tags },
            NewClone { source: "arrA:pg.s.v2", name: &two, tags: &[] },
        ]);
        assert_eq!(
            shown(&request),
            concat!(
                r#"POST volumes/batch?with_default_protection=false [{"name":"dr-v1","source":{"name":"arrA:pg.s.v1"},"#,
                r#""tags":[{"copyable":false,"key":"op","namespace":"ns","value":"failover/1"}]},"#,
                r#"{"name":"dr-v2","source":{"name":"arrA:pg.s.v2"}}]"#
            )
        );
        assert_eq!(request.safety, Safety::Once);
    }

    #[test]
    fn no_request_on_volumes_overwrites_or_eradicates() {
        let request = set_destroyed(&["1a".into(), "2b".into()], true);
        assert_eq!(shown(&request), r#"PATCH volumes?ids=1a,2b {"destroyed":true}"#);
        assert_eq!(request.safety, Safety::Repeatable);
    }
}
