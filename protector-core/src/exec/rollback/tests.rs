use super::*;
use crate::ErrorKind;

fn status(link: ReplicationLink, enabled: bool, allowed: Option<bool>) -> ReplicationStatus {
    ReplicationStatus { link, enabled, allowed, newest_complete: None, in_transfer: 0, pod: None }
}

/// Incident 25 of the reference: to take a fence away is done when writes are taken again, and no sooner.
#[test]
fn only_an_open_group_is_unfenced() {
    let check = |state| check_open(state, &"site-a".into(), &"pg".into());
    assert!(check(FenceState::Open).is_ok());
    for state in [FenceState::Fenced, FenceState::Partial] {
        assert_eq!(check(state).unwrap_err().kind(), ErrorKind::Precondition, "{state:?}");
    }
}

/// The same: replication that does not go on is said, and what is not known is not good.
#[test]
fn replication_that_does_not_go_on_is_said() {
    use ReplicationLink::{Connected, Disconnected, PartiallyConnected, Unknown};
    assert_eq!(fault_of(&status(Connected, true, Some(true))), None);
    for (link, enabled, allowed, said) in [
        (Disconnected, true, Some(true), "link"),
        (PartiallyConnected, true, Some(true), "link"),
        (Unknown, true, Some(true), "link"),
        (Connected, false, Some(true), "schedule is off"),
        (Connected, true, Some(false), "does not allow"),
        (Connected, true, None, "not known"),
    ] {
        let fault = fault_of(&status(link, enabled, allowed)).unwrap_or_default();
        assert!(fault.contains(said), "{link:?} {enabled} {allowed:?}: {fault}");
    }
}
