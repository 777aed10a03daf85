//! A driver keeps its promises behind each layer, and behind all of them.

use super::arrays;
use crate::ErrorKind::Transient;
use crate::ports::conformance::storage::{self, StorageSubject};
use crate::ports::conformance::{Report, run_all};
use crate::ports::{Clock, StorageDriver};
use crate::wrap::{CallCounters, Fault, FaultScript, Faulty, Retried, RetryPolicy, Traced, Wrapped};
use std::{sync::Arc, time::Duration};

type Driver = Arc<dyn StorageDriver>;

fn traced(inner: Driver) -> Driver {
    Arc::new(Wrapped::new(Traced::new(CallCounters::default()), inner))
}

/// With pauses that are short against what a check waits for.
fn retried(inner: Driver, clock: &Arc<dyn Clock>) -> Driver {
    let policy = RetryPolicy { first_pause: Duration::from_millis(2), ..RetryPolicy::default() };
    Arc::new(Wrapped::new(Retried::new(policy, clock.clone()), inner))
}

fn faulty(inner: Driver, script: FaultScript, clock: &Arc<dyn Clock>) -> Driver {
    Arc::new(Wrapped::new(Faulty::new(script, clock.clone()), inner))
}

async fn assert_kept(wrap: impl Fn(Driver, &Arc<dyn Clock>) -> Driver) {
    let subject = async || {
        let StorageSubject { source, target, clock, bench } = arrays();
        Ok(StorageSubject { source: wrap(source, &clock), target: wrap(target, &clock), clock, bench })
    };
    let report: Report = run_all(&storage::suite(), subject).await;
    match report.into_result() {
        Ok(report) => assert_eq!(report.skipped(), ["what_is_not_offered_is_unsupported"]),
        Err(report) => panic!("{report}"),
    }
}

#[tokio::test]
async fn traced_keeps_the_promises() {
    assert_kept(|inner, _| traced(inner)).await;
}

#[tokio::test]
async fn retried_keeps_the_promises() {
    assert_kept(retried).await;
}

#[tokio::test]
async fn faulty_without_faults_keeps_the_promises() {
    assert_kept(|inner, clock| faulty(inner, FaultScript::default(), clock)).await;
}

#[tokio::test]
async fn all_layers_together_keep_the_promises() {
    assert_kept(|inner, clock| traced(retried(faulty(inner, FaultScript::default(), clock), clock))).await;
}

/// A fault before the effect leaves nothing behind: the repeat is the one that did it.
#[tokio::test]
async fn retried_hides_that_every_call_fails_once() {
    let script = || FaultScript::default().every_call_once(Fault::Before(Transient));
    assert_kept(|inner, clock| retried(faulty(inner, script(), clock), clock)).await;
}

/// The suite sees such faults: it is `Retried` that hides them.
#[tokio::test]
#[should_panic(expected = "scripted failure")]
async fn without_retried_every_call_fails_once() {
    let script = || FaultScript::default().every_call_once(Fault::Before(Transient));
    assert_kept(|inner, clock| faulty(inner, script(), clock)).await;
}
