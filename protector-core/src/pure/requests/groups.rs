//! Protection groups of an array.

use crate::model::ArrayGroupName;
use crate::pure::request::{QueryValue, Request};
use serde_json::json;

const PATH: &str = "protection-groups";
/// Groups by name, destroyed ones too. One that is missing fails the whole call with `NotFound`.
pub(in crate::pure) fn named(names: &[ArrayGroupName]) -> Request {
    Request::get(PATH).with_list("names", names)
}

/// An empty local group.
pub(in crate::pure) fn create(name: &ArrayGroupName) -> Request {
    Request::post(PATH).with_one("names", name)
}

/// Sets the interval of replicated snapshots, in seconds, and whether they are taken.
pub(in crate::pure) fn set_replication(name: &ArrayGroupName, interval_seconds: u32, enabled: bool) -> Request {
    let frequency = u64::from(interval_seconds) * 1000;
    change(name, json!({"replication_schedule": {"enabled": enabled, "frequency": frequency}}))
}

/// Turns the replication schedule on or off and keeps its interval.
pub(in crate::pure) fn enable_replication(name: &ArrayGroupName, enabled: bool) -> Request {
    change(name, json!({"replication_schedule": {"enabled": enabled}}))
}
/// Renames a group. A name that is taken is refused.
pub(in crate::pure) fn rename(from: &ArrayGroupName, to: &ArrayGroupName) -> Request {
    change(from, json!({"name": to}))
}

/// Destroys (never eradicates) or recovers a group.
pub(in crate::pure) fn set_destroyed(name: &ArrayGroupName, destroyed: bool) -> Request {
    change(name, json!({"destroyed": destroyed}))
}

fn change(name: &ArrayGroupName, body: serde_json::Value) -> Request {
    Request::patch(PATH, body).with("names", QueryValue::one(name))
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;
    use super::*;
    use crate::pure::request::Safety;

    #[test]
    fn groups_are_read_destroyed_or_not() {
        assert_eq!(shown(&named(&["pg".into(), "arrA:pg".into()])), "GET protection-groups?names=pg,arrA%3Apg");
    }

    #[test]
    fn a_group_is_created_once_and_without_a_body() {
        let request = create(&"pod::pg".into());
        assert_eq!(shown(&request), "POST protection-groups?names=pod%3A%3Apg");
        assert_eq!(request.safety, Safety::Once);
    }

    #[test]
    fn intervals_are_sent_in_milliseconds() {
        let pg = "pg".into();
        assert_eq!(
            shown(&set_replication(&pg, 900, true)),
            r#"PATCH protection-groups?names=pg {"replication_schedule":{"enabled":true,"frequency":900000}}"#
        );
        assert!(shown(&set_replication(&pg, u32::MAX, true)).contains("4294967295000"));
    }

    #[test]
    fn a_schedule_is_switched_without_its_interval() {
        let request = enable_replication(&"pg".into(), false);
        assert_eq!(shown(&request), r#"PATCH protection-groups?names=pg {"replication_schedule":{"enabled":false}}"#);
        assert_eq!(request.safety, Safety::Repeatable);
    }

    #[test]
    fn destroying_is_a_change_and_never_a_delete() {
        let pg = "pg".into();
        assert_eq!(shown(&set_destroyed(&pg, true)), r#"PATCH protection-groups?names=pg {"destroyed":true}"#);
        assert_eq!(shown(&set_destroyed(&pg, false)), r#"PATCH protection-groups?names=pg {"destroyed":false}"#);
    }
}
