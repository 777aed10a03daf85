//! Snapshots of protection groups, their transfers, and the volume snapshots in them.

use crate::model::{ArrayGroupName, RecoveryPointName};
use crate::pure::request::{Request, literal};
use serde_json::json;

const PATH: &str = "protection-group-snapshots";
const TRANSFERS: &str = "protection-group-snapshots/transfer";

/// A snapshot to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pure) struct NewSnapshot<'a> {
    /// Local group.
    pub(in crate::pure) group: &'a ArrayGroupName,
    /// Suffix; holds a letter.
    pub(in crate::pure) suffix: &'a str,
    /// Ship it to the targets at once. Without it the snapshot stays local for ever.
    pub(in crate::pure) replicate_now: bool,
    /// The retention of the schedule removes it in time.
    pub(in crate::pure) apply_retention: bool,
}

/// Snapshots of a group that are not destroyed. `names` of a group means its snapshots (Cinder 29.0, Ansible collection
/// 1.42).
pub(in crate::pure) fn of_group(group: &ArrayGroupName) -> Request {
    Request::get(PATH).with_one("names", group).with("destroyed", false)
}

/// All snapshots of a group, destroyed ones too.
pub(in crate::pure) fn all_of_group(group: &ArrayGroupName) -> Request {
    Request::get(PATH).with_one("names", group)
}

/// Volume snapshots of all snapshots of a group that are not destroyed.
pub(in crate::pure) fn volumes_of_group(group: &ArrayGroupName) -> Request {
    Request::get("volume-snapshots")
        .with("destroyed", false)
        .with("filter", format!("name={}", literal(&format!("{group}.*"))))
}

/// Snapshots by full name, destroyed or not. One that is missing fails the whole call with `NotFound`.
pub(in crate::pure) fn named(points: &[RecoveryPointName]) -> Request {
    Request::get(PATH).with_list("names", points)
}

/// Takes a snapshot.
pub(in crate::pure) fn create(new: NewSnapshot<'_>) -> Request {
    let mut request = Request::post(PATH).with_one("source_names", new.group);
    if new.replicate_now {
        request = request.with("replicate_now", true);
    }
    request.with("apply_retention", new.apply_retention).body(json!({"suffix": new.suffix}))
}

/// Transfers of the snapshots of a group, seen on the array they are sent to.
pub(in crate::pure) fn transfers_of_group(group: &ArrayGroupName) -> Request {
    Request::get(TRANSFERS).with_one("names", group).with("destroyed", false)
}

/// Transfers of all snapshots on this array that have arrived, those that began last first.
pub(in crate::pure) fn complete_transfers() -> Request {
    Request::get(TRANSFERS)
        .with("destroyed", false)
        .with("filter", "progress=\"1.0\"".to_owned())
        .with("sort", "started-".to_owned())
}

/// Transfers of snapshots by full name.
pub(in crate::pure) fn transfers(points: &[RecoveryPointName]) -> Request {
    Request::get(TRANSFERS).with_list("names", points).with("destroyed", false)
}

/// Volume snapshots of one group snapshot. A filter with `::` in it is not relied on (facts of the Proxmox plug-in), so the
/// caller compares the names it gets.
pub(in crate::pure) fn volumes_of(point: &RecoveryPointName) -> Request {
    Request::get("volume-snapshots")
        .with("destroyed", false)
        .with("filter", format!("name={}", literal(&format!("{point}.*"))))
}

/// The condition for the volume snapshots of one group snapshot; several are joined by [`volumes_where`].
pub(in crate::pure) fn is_volume_of(point: &RecoveryPointName) -> String {
    format!("name={}", literal(&format!("{point}.*")))
}

/// Volume snapshots that meet one of these conditions.
pub(in crate::pure) fn volumes_where(conditions: &[String]) -> Request {
    Request::get("volume-snapshots").with("destroyed", false).with("filter", conditions.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;
    use super::*;
    use crate::pure::request::Safety;

    #[test]
    fn snapshots_are_read_by_group_and_by_name() {
        let path = "GET protection-group-snapshots?names=";
        assert_eq!(shown(&of_group(&"arrA:pg".into())), format!("{path}arrA%3Apg&destroyed=false"));
        assert_eq!(shown(&named(&["pg.dr-1".into(), "pg.2".into()])), format!("{path}pg.dr-1,pg.2"));
    }

    #[test]
    fn a_replicated_snapshot_is_asked_for_once_with_its_suffix() {
        let group = "pg".into();
        let new = NewSnapshot { group: &group, suffix: "dr-1", replicate_now: true, apply_retention: true };
        let path = "POST protection-group-snapshots?source_names=pg";
        assert_eq!(
            shown(&create(new)),
            format!(r#"{path}&replicate_now=true&apply_retention=true {{"suffix":"dr-1"}}"#)
        );
        assert_eq!(create(new).safety, Safety::Once);
        let local = NewSnapshot { replicate_now: false, apply_retention: false, ..new };
        assert_eq!(shown(&create(local)), format!(r#"{path}&apply_retention=false {{"suffix":"dr-1"}}"#));
    }

    #[test]
    fn transfers_are_read_by_group_and_by_snapshot() {
        let path = "GET protection-group-snapshots/transfer?names=";
        assert_eq!(shown(&transfers_of_group(&"arrA:pg".into())), format!("{path}arrA%3Apg&destroyed=false"));
        assert_eq!(
            shown(&complete_transfers()),
            "GET protection-group-snapshots/transfer?destroyed=false&filter=progress%3D%221.0%22&sort=started-"
        );
        assert_eq!(shown(&transfers(&["arrA:pg.dr-1".into()])), format!("{path}arrA%3Apg.dr-1&destroyed=false"));
    }

    #[test]
    fn the_volumes_of_a_point_are_found_by_its_prefix() {
        assert_eq!(
            shown(&volumes_of(&"arrA:pg.dr-1".into())),
            "GET volume-snapshots?destroyed=false&filter=name%3D%27arrA%3Apg.dr-1.%2A%27"
        );
        assert_eq!(
            shown(&volumes_where(&[is_volume_of(&"a:p.1".into()), is_volume_of(&"a:q.2".into())])),
            "GET volume-snapshots?destroyed=false&filter=name%3D%27a%3Ap.1.%2A%27%20or%20name%3D%27a%3Aq.2.%2A%27"
        );
    }
}
