//! Volumes of protection groups.
//!
//! Adding and removing ask for a state, so they may be repeated: a second addition is answered "already belongs to", which
//! is `AlreadyExists` and means done.

use crate::model::{ArrayGroupName, ArrayVolumeName};
use crate::pure::request::Request;

const PATH: &str = "protection-groups/volumes";

/// Members of a group.
pub(in crate::pure) fn of_group(group: &ArrayGroupName) -> Request {
    Request::get(PATH).with_one("group_names", group)
}

/// Members of all groups.
pub(in crate::pure) fn all() -> Request {
    Request::get(PATH)
}

/// Groups that these volumes are in.
pub(in crate::pure) fn groups_of(volumes: &[ArrayVolumeName]) -> Request {
    Request::get(PATH).with_list("member_names", volumes)
}

/// Adds volumes.
pub(in crate::pure) fn add(group: &ArrayGroupName, volumes: &[ArrayVolumeName]) -> Request {
    Request::post(PATH).repeatable().with_one("group_names", group).with_list("member_names", volumes)
}

/// Takes volumes out. They themselves stay.
pub(in crate::pure) fn remove(group: &ArrayGroupName, volumes: &[ArrayVolumeName]) -> Request {
    Request::delete(PATH).with_one("group_names", group).with_list("member_names", volumes)
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;
    use super::*;
    use crate::pure::request::Safety;

    #[test]
    fn members_are_read_by_group_and_by_volume() {
        assert_eq!(shown(&of_group(&"arrA:pg".into())), "GET protection-groups/volumes?group_names=arrA%3Apg");
        assert_eq!(
            shown(&groups_of(&["v1".into(), "p::v2".into()])),
            "GET protection-groups/volumes?member_names=v1,p%3A%3Av2"
        );
    }

    #[test]
    fn members_are_added_and_removed_in_one_request_that_may_be_repeated() {
        let (pg, volumes) = ("pg".into(), ["v1".into(), "v2".into()]);
        for (request, method) in [(add(&pg, &volumes), "POST"), (remove(&pg, &volumes), "DELETE")] {
            assert_eq!(
                shown(&request),
                format!("{method} protection-groups/volumes?group_names=pg&member_names=v1,v2")
            );
            assert_eq!(request.safety, Safety::Repeatable);
        }
        assert!(remove(&pg, &[]).target().is_err(), "an empty list is never sent");
    }
}
