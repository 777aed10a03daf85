use crate::ErrorKind::{self, Conflict, DeadlineExceeded, Indeterminate, Transient, Unreachable};
use crate::wrap::retried::{Failed, RetryPolicy};
use std::time::Duration;

const POLICY: RetryPolicy =
    RetryPolicy { first_pause: Duration::from_millis(200), longest_pause: Duration::from_secs(5), read_tries: 4 };

fn millis(failed: Failed) -> Option<u128> {
    POLICY.pause(failed, 1.0).map(|pause| pause.as_millis())
}

#[test]
fn only_what_may_pass_and_does_no_harm_is_made_again() {
    for (kind, read, change) in [
        (Transient, true, true),
        (Indeterminate, true, true),
        (Unreachable, true, false),
        (Conflict, false, false),
        (DeadlineExceeded, false, false),
    ] {
        let again = |left| millis(Failed { kind, tries: 1, left }).is_some();
        assert_eq!((again(None), again(Some(Duration::from_secs(60)))), (read, change), "{kind}");
    }
    let final_ones = ErrorKind::ALL.into_iter().filter(|kind| ![Transient, Indeterminate, Unreachable].contains(kind));
    for kind in final_ones {
        assert_eq!(millis(Failed { kind, tries: 1, left: None }), None, "{kind}");
    }
}

#[test]
fn a_read_is_bounded_by_a_count_and_a_change_by_its_deadline() {
    let read = |tries| millis(Failed { kind: Transient, tries, left: None });
    assert_eq!([1, 2, 3, 4, 5].map(read), [Some(200), Some(400), Some(800), None, None]);
    let change = |tries, left| millis(Failed { kind: Transient, tries, left: Some(Duration::from_millis(left)) });
    assert_eq!(change(1, 201), Some(200));
    assert_eq!(change(1, 200), None);
    assert_eq!(change(1, 0), None);
    assert_eq!(change(1000, 60_000), Some(5000));
}

#[test]
fn a_pause_lies_between_half_and_all_of_its_nominal_length() {
    for (random, expected) in [(-1.0, 100), (0.0, 100), (0.5, 150), (1.0, 200), (7.0, 200)] {
        let pause = POLICY.pause(Failed { kind: Transient, tries: 1, left: None }, random);
        assert_eq!(pause, Some(Duration::from_millis(expected)), "{random}");
    }
}
