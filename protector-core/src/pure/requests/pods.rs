//! Pods and the replication between them.

use crate::model::ArrayName;
use crate::pure::request::Request;
use crate::pure::version::{Feature, RestVersion};
use serde_json::json;

const PATH: &str = "pods";

/// What a pod that is linked to another array is asked to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pure) enum Promotion {
    /// Writable.
    Promoted,
    /// Read-only, after everything written was replicated.
    DemotedAfterQuiesce,
    /// Read-only at once; what was not replicated yet stays behind.
    DemotedAtOnce,
}

/// Pods by name, destroyed ones too. One that is missing fails the whole call with `NotFound`.
pub(in crate::pure) fn named(names: &[&str]) -> Request {
    Request::get(PATH).with_list("names", names)
}

/// All pods that are not destroyed.
pub(in crate::pure) fn all() -> Request {
    Request::get(PATH).with("destroyed", false)
}

/// An empty pod on this array.
pub(in crate::pure) fn create(name: &str) -> Request {
    Request::post(PATH).with_one("names", name).body(json!({}))
}

/// Stretches a pod to a synchronously connected array.
pub(in crate::pure) fn stretch(pod: &str, array: &ArrayName, version: RestVersion) -> Request {
    let request = if version.has(Feature::PodMembers) {
        Request::post("pods/members").with_one("pod_names", pod)
    } else {
        Request::post("pods/arrays").with_one("group_names", pod)
    };
    request.repeatable().with_one("member_names", array)
}

/// Promotes or demotes a pod. Works on in the background: watch `promotion_status`. A stretched pod is refused.
pub(in crate::pure) fn set_promotion(pod: &str, promotion: Promotion) -> Request {
    let state = match promotion {
        Promotion::Promoted => "promoted",
        Promotion::DemotedAfterQuiesce | Promotion::DemotedAtOnce => "demoted",
    };
    let request = Request::patch(PATH, json!({"requested_promotion_state": state})).with_one("names", pod);
    match promotion {
        Promotion::Promoted => request,
        Promotion::DemotedAfterQuiesce => request.with("quiesce", true),
        Promotion::DemotedAtOnce => request.with("skip_quiesce", true),
    }
}

/// Links from these local pods to pods of other arrays.
pub(in crate::pure) fn replica_links(local_pods: &[&str]) -> Request {
    Request::get("pod-replica-links").with_list("local_pod_names", local_pods)
}
#[cfg(test)]
mod tests {
    use super::super::testing::shown;
    use super::*;

    #[test]
    fn pods_are_read_and_created() {
        assert_eq!(shown(&named(&["p", "q"])), "GET pods?names=p,q");
        assert_eq!(shown(&create("p")), "POST pods?names=p {}");
    }

    #[test]
    fn a_pod_is_stretched_by_the_call_its_version_has() {
        let (pod, array) = ("p", "arrB".into());
        assert_eq!(
            shown(&stretch(pod, &array, RestVersion::new(2, 36))),
            "POST pods/members?pod_names=p&member_names=arrB"
        );
        assert_eq!(
            shown(&stretch(pod, &array, RestVersion::new(2, 35))),
            "POST pods/arrays?group_names=p&member_names=arrB"
        );
    }

    #[test]
    fn a_demotion_says_whether_it_waits_for_the_last_write() {
        for (promotion, query, state) in [
            (Promotion::Promoted, "", "promoted"),
            (Promotion::DemotedAfterQuiesce, "&quiesce=true", "demoted"),
            (Promotion::DemotedAtOnce, "&skip_quiesce=true", "demoted"),
        ] {
            assert_eq!(
                shown(&set_promotion("p", promotion)),
                format!(r#"PATCH pods?names=p{query} {{"requested_promotion_state":"{state}"}}"#)
            );
        }
    }

    #[test]
    fn links_are_read_by_local_pod() {
        assert_eq!(shown(&replica_links(&["p"])), "GET pod-replica-links?local_pod_names=p");
    }
}
