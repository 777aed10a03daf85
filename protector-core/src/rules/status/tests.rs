use super::*;
use crate::ErrorKind;
use crate::model::OpenOperation;
use crate::rules::testing::group;
use GroupStatus::{
    Active, Creating, Deleting, Error as InError, FailedOver, FailedOverPartial, FailingBack, FailingOver,
};
use OperationKind::{
    Commit, Failback, PlannedFailover, Reprotect, RetryFailed, Sync, TestCleanup, TestFailover, UnplannedFailover,
};

const STATUSES: [GroupStatus; 8] =
    [Creating, Active, FailingOver, FailedOver, FailedOverPartial, FailingBack, InError, Deleting];
const KINDS: [OperationKind; 9] =
    [Sync, TestFailover, TestCleanup, PlannedFailover, UnplannedFailover, Failback, Reprotect, Commit, RetryFailed];
const OPEN: [OperationStatus; 8] = [
    OperationStatus::Pending,
    OperationStatus::Running,
    OperationStatus::Interrupted,
    OperationStatus::Completed,
    OperationStatus::CompletedPartial,
    OperationStatus::Failed,
    OperationStatus::RolledBack,
    OperationStatus::Cancelled,
];

#[test]
fn the_word_follows_from_the_facts() {
    // (home, partial, members in error) → the word without an operation that moves the workload
    let places = [
        (true, false, false, Active),
        (true, true, false, InError),
        (true, false, true, InError),
        (true, true, true, InError),
        (false, false, false, FailedOver),
        (false, true, false, FailedOverPartial),
        (false, false, true, FailedOverPartial),
        (false, true, true, FailedOverPartial),
    ];
    for (home, partial, in_error, word) in places {
        let mut group = group("prod");
        if !home {
            group.current_primary_site = group.secondary_site.clone();
        }
        group.partial = partial;
        assert_eq!(group_status(&group, in_error), word, "home {home}, partial {partial}, in error {in_error}");
        for kind in KINDS {
            group.operation = Some(OpenOperation { id: "op-1".into(), kind, site: "site-a".into() });
            let expected = match kind {
                PlannedFailover | UnplannedFailover => FailingOver,
                Failback => FailingBack,
                RetryFailed => {
                    if home {
                        FailingBack
                    } else {
                        FailingOver
                    }
                }
                Sync | TestFailover | TestCleanup | Reprotect | Commit => word,
            };
            assert_eq!(group_status(&group, in_error), expected, "{kind}, home {home}, partial {partial}");
        }
    }
}

#[test]
fn what_each_status_allows() {
    // columns in the order of STATUSES
    let table = [
        (PlannedFailover, [false, true, false, false, false, false, false, false]),
        (UnplannedFailover, [false, true, false, true, true, false, true, false]),
        (Failback, [false, false, false, true, true, false, false, false]),
        (TestFailover, [false, true, false, true, false, false, false, false]),
        (Sync, [false, true, false, true, false, false, false, false]),
        (RetryFailed, [false, false, false, false, true, false, true, false]),
        (TestCleanup, [true, true, true, true, true, true, true, false]),
        (Reprotect, [false, true, false, true, true, false, true, false]),
        (Commit, [false, true, false, true, false, false, false, false]),
    ];
    assert_eq!(table.len(), KINDS.len());
    for (kind, row) in table {
        for (status, allowed) in STATUSES.into_iter().zip(row) {
            let answer = check_allowed(kind, status);
            assert_eq!(answer.is_ok(), allowed, "{kind} in {status}");
            if let Err(error) = answer {
                assert_eq!(error.kind(), ErrorKind::Precondition);
                assert!(error.message().contains(&kind.to_string()), "{error}");
                assert!(error.message().contains(&format!("'{status}'")), "{error}");
                assert!(error.remedy_text().unwrap().contains("openstack protector "), "{error}");
            }
        }
    }
}

#[test]
fn a_second_failover_is_told_to_be_a_failback() {
    for status in [FailedOver, FailedOverPartial] {
        let error = check_allowed(PlannedFailover, status).unwrap_err();
        assert!(error.remedy_text().unwrap().contains("openstack protector failback"), "{error}");
    }
    let error = check_allowed(Failback, Active).unwrap_err();
    assert!(error.remedy_text().unwrap().contains("openstack protector failover"), "{error}");
}

#[test]
fn no_status_is_a_dead_end() {
    for status in STATUSES {
        for divergence in [false, true] {
            for open in OPEN.iter().flat_map(|o| [Some((*o, false)), Some((*o, true))]).chain([None]) {
                let verbs = verbs_out(status, divergence, open);
                assert!(!verbs.is_empty(), "{status} {divergence} {open:?}");
                assert_eq!(verbs.contains(&"reconcile"), open.is_none() && (divergence || status == InError));
                if open.is_none() && divergence {
                    assert_eq!(verbs[0], "reconcile", "{status}");
                }
            }
        }
    }
}

#[test]
fn an_open_operation_offers_only_what_ends_it() {
    for status in STATUSES {
        for open in OPEN {
            let (before_pivot, after_pivot): (&[&str], &[&str]) = match open {
                OperationStatus::Running => (&["watch", "cancel", "abort"], &["watch", "cancel"]),
                OperationStatus::Pending | OperationStatus::Interrupted | OperationStatus::Failed => {
                    (&["resume", "abort"], &["resume"])
                }
                _ => (&["resume"], &["resume"]),
            };
            assert_eq!(verbs_out(status, true, Some((open, true))), before_pivot);
            assert_eq!(verbs_out(status, true, Some((open, false))), after_pivot);
        }
    }
}

#[test]
fn protection_decides_what_comes_first() {
    use Protection::{NotConfigured, Protected, Unprotected};
    // (status, divergence, protection, retained) → verbs
    let table: [(_, _, _, _, &[&str]); 9] = [
        (Active, false, Protected, false, &["failover", "test-failover", "sync"]),
        (Active, false, Protected, true, &["failover", "test-failover", "sync", "commit"]),
        (Active, false, NotConfigured, true, &["failover", "test-failover", "sync"]),
        (Active, false, Unprotected, true, &["reprotect", "failover"]),
        (FailedOver, false, Protected, false, &["failback", "test-failover", "sync"]),
        (FailedOver, false, Protected, true, &["failback", "test-failover", "sync", "commit"]),
        (FailedOver, false, Unprotected, true, &["reprotect", "failback"]),
        (FailedOver, true, Unprotected, false, &["reconcile", "reprotect", "failback"]),
        (InError, false, Unprotected, true, &["retry-failed", "reconcile", "reprotect", "member-remove"]),
    ];
    for (status, divergence, protection, retained, expected) in table {
        let verbs = with_protection(verbs_out(status, divergence, None), protection, retained);
        assert_eq!(verbs, expected, "{status} {divergence} {protection} {retained}");
    }
    for open in OPEN {
        let verbs = verbs_out(FailedOver, false, Some((open, true)));
        assert_eq!(with_protection(verbs.clone(), Unprotected, true), verbs, "an open operation comes first");
    }
}

#[test]
fn a_verb_that_is_offered_is_allowed() {
    for status in STATUSES {
        for protection in [Protection::NotConfigured, Protection::Protected, Protection::Unprotected] {
            for verb in with_protection(verbs_out(status, false, None), protection, true) {
                let kind = match verb {
                    "failover" => PlannedFailover,
                    "failback" => Failback,
                    "test-failover" => TestFailover,
                    "sync" => Sync,
                    "reprotect" => Reprotect,
                    "commit" => Commit,
                    "retry-failed" => RetryFailed,
                    _ => continue,
                };
                assert!(check_allowed(kind, status).is_ok(), "{verb} in {status}");
            }
        }
    }
}
