use super::*;
use std::{
    future::ready,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// The result of a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits"),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the suite is made for one report")]
fn report(checks: Vec<Check<u32>>, subject: impl Fn() -> crate::Result<u32>) -> Report {
    now(run_all(&checks, || ready(subject())))
}

async fn is_seven(number: &u32) -> CheckResult {
    ensure_equal("number", number, &7)
}

async fn is_even(number: &u32) -> CheckResult {
    ensure(number.is_multiple_of(2), || format!("{number} is odd"))
}

#[test]
fn a_report_names_what_passed_failed_and_was_skipped() {
    let report = report(checks![is_seven, is_even, is_even if |n| *n > 10], || Ok(7));
    assert_eq!(report.skipped(), ["is_even"]);
    let report = report.into_result().unwrap_err();
    assert_eq!(
        report.to_string(),
        "passed   is_seven\nFAILED   is_even: 7 is odd\nskipped  is_even\n1 passed, 1 failed, 1 skipped"
    );
}

#[test]
fn a_subject_that_cannot_be_made_is_a_failure() {
    let report = report(checks![is_seven], || Err(Error::storage("disk full")));
    assert_eq!(report.verdicts, [("is_seven", Verdict::Failed("no subject: disk full".into()))]);
}

#[test]
fn a_suite_that_skips_everything_proves_nothing() {
    let report = report(checks![is_seven if |_| false], || Ok(7));
    assert!(report.into_result().is_err());
}

#[test]
fn a_refusal_must_have_the_kind_and_name_the_value() {
    let refused = || crate::Result::<()>::Err(Error::conflict("volume 'v-1' is taken"));
    assert!(ensure_refused("add", refused(), ErrorKind::Conflict, &["v-1"]).is_ok());
    assert!(ensure_refused("add", refused(), ErrorKind::Conflict, &["v-2"]).is_err());
    assert!(ensure_refused("add", refused(), ErrorKind::NotFound, &["v-1"]).is_err());
    assert!(ensure_refused("add", Ok(()), ErrorKind::Conflict, &[]).is_err());
}
