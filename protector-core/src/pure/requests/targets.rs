//! Replication targets of protection groups.

use crate::model::{ArrayGroupName, ArrayName};
use crate::pure::request::Request;
use serde_json::json;

const PATH: &str = "protection-groups/targets";

/// Targets of a group, with whether each allows it.
pub(in crate::pure) fn of_group(group: &ArrayGroupName) -> Request {
    Request::get(PATH).with_one("group_names", group)
}

/// On the source: adds a target by the name of its connection. A repeat is answered "already includes".
pub(in crate::pure) fn add(group: &ArrayGroupName, target: &ArrayName) -> Request {
    Request::post(PATH).repeatable().with_one("group_names", group).with_one("member_names", target)
}

/// On the target: allows or forbids replication of a group, named as seen there. A repeat is answered "already allowed on".
pub(in crate::pure) fn allow(group: &ArrayGroupName, allowed: bool) -> Request {
    Request::patch(PATH, json!({"allowed": allowed})).with_one("group_names", group)
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;
    use super::*;

    #[test]
    fn targets_are_read_added_and_allowed() {
        let path = "protection-groups/targets?group_names=";
        assert_eq!(shown(&of_group(&"pg".into())), format!("GET {path}pg"));
        assert_eq!(shown(&add(&"pg".into(), &"arrB".into())), format!("POST {path}pg&member_names=arrB"));
        assert_eq!(shown(&allow(&"arrA:pg".into(), true)), format!(r#"PATCH {path}arrA%3Apg {{"allowed":true}}"#));
        assert_eq!(shown(&allow(&"arrA:pg".into(), false)), format!(r#"PATCH {path}arrA%3Apg {{"allowed":false}}"#));
    }
}
