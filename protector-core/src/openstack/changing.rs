//! Groups that Cinder does not get on with.

use super::answers::Group;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a group may be changing without a change. Cinder takes seconds for the few volumes it gets at once.
pub(super) const LONGEST: Duration = Duration::from_secs(120);

/// Since when groups have been seen changing, with as many volumes, by id.
#[derive(Debug, Default)]
pub(super) struct Changing(Mutex<BTreeMap<String, (Timestamp, usize)>>);

impl Changing {
    /// Whether the group has been changing for too long: then its change will not end by itself.
    pub(super) fn is_stuck(&self, group: &Group, now: Timestamp) -> bool {
        let count = group.members().len();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, with) = *seen.entry(group.id.clone()).or_insert((now, count));
        if with != count {
            seen.insert(group.id.clone(), (now, count));
            return false;
        }
        Duration::try_from(now.duration_since(since)).is_ok_and(|elapsed| elapsed > LONGEST)
    }

    /// It is seen at rest.
    pub(super) fn over(&self, group: &Group) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&group.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_group_is_stuck_when_nothing_changes_for_long() {
        let group = |volumes: &[&str]| -> Group {
            serde_json::from_value(json!({"id": "g1", "status": "updating", "volumes": volumes})).unwrap()
        };
        let at = |seconds: u64| Timestamp::UNIX_EPOCH + Duration::from_secs(seconds);
        let changing = Changing::default();
        for (seconds, volumes, is_stuck) in [
            (0, &["a"][..], false),
            (120, &["a"], false),
            (121, &["a"], true),
            (122, &["a", "b"], false),
            (200, &["a", "b"], false),
            (243, &["a", "b"], true),
        ] {
            assert_eq!(changing.is_stuck(&group(volumes), at(seconds)), is_stuck, "{seconds} s");
        }
        changing.over(&group(&["a", "b"]));
        assert!(!changing.is_stuck(&group(&["a", "b"]), at(300)), "another change");
    }
}
