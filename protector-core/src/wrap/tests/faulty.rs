use super::{OWNER, faulty, spec, within};
use crate::ErrorKind::{Indeterminate, LimitReached, Unreachable};
use crate::ports::{Outcome, StorageDriver as _};
use crate::wrap::{Fault, FaultScript, SeenCall};
use std::time::Duration;

#[tokio::test]
async fn a_failure_before_the_call_has_no_effect() {
    let (array, clock) = faulty(FaultScript::default().nth("ensure_group", 1, Fault::Before(LimitReached)));
    let cx = within(&*clock, 60);
    let failed = array.ensure_group(&cx, &spec(OWNER)).await.unwrap_err();
    assert_eq!(failed.kind(), LimitReached);
    assert!(failed.message().ends_with("scripted failure of call 1 of ensure_group"), "{failed}");
    assert_eq!(array.group(&"pg-1".into()).await.unwrap(), None);
    assert!(matches!(array.ensure_group(&cx, &spec(OWNER)).await.unwrap(), Outcome::Done(_)));
}

#[tokio::test]
async fn a_lost_reply_leaves_the_effect() {
    let script = FaultScript::default().nth("ensure_group", 1, Fault::LostReply).nth("group", 1, Fault::LostReply);
    let (array, clock) = faulty(script);
    let cx = within(&*clock, 60);
    assert_eq!(array.ensure_group(&cx, &spec(OWNER)).await.unwrap_err().kind(), Indeterminate);
    // a read has no effect that one could be unsure of
    assert_eq!(array.group(&"pg-1".into()).await.unwrap_err().kind(), Unreachable);
    assert!(array.group(&"pg-1".into()).await.unwrap().is_some());
    assert!(matches!(array.ensure_group(&cx, &spec(OWNER)).await.unwrap(), Outcome::AlreadyDone(_)));
}

#[tokio::test]
async fn a_delay_passes_on_the_clock_and_comes_before_the_effect() {
    let (array, clock) = faulty(FaultScript::default().nth("ensure_group", 1, Fault::Delay(Duration::from_secs(90))));
    let (before, cx) = (clock.now(), within(&*clock, 60));
    let late = array.ensure_group(&cx, &spec(OWNER)).await.unwrap_err();
    assert_eq!(late.kind(), crate::ErrorKind::DeadlineExceeded);
    assert!(clock.now() >= before + Duration::from_secs(90));
    assert_eq!(array.group(&"pg-1".into()).await.unwrap(), None);
}

#[tokio::test]
async fn calls_are_counted_by_method_and_faults_that_never_came_are_named() {
    let script = FaultScript::default().nth("fence", 1, Fault::LostReply).always("info", Fault::Before(Unreachable));
    let (array, clock) = faulty(script.nth("peers", 2, Fault::LostReply));
    for _ in 0..2 {
        assert_eq!(array.info().await.unwrap_err().kind(), Unreachable);
    }
    array.peers().await.unwrap();
    array.ensure_group(&within(&*clock, 60), &spec(OWNER)).await.unwrap();
    let read = |method, number| SeenCall { method, number, is_change: false };
    let change = SeenCall { method: "ensure_group", number: 1, is_change: true };
    assert_eq!(array.layer().seen(), [read("info", 1), read("info", 2), read("peers", 1), change]);
    assert_eq!(array.layer().unmet(), ["fence 1: LostReply", "peers 2: LostReply"]);
}

#[tokio::test]
async fn every_call_once_fails_the_first_of_two() {
    let (array, _) = faulty(FaultScript::default().every_call_once(Fault::Before(Unreachable)));
    let mut failed = Vec::new();
    for _ in 0..4 {
        failed.push((array.info().await.is_err(), array.peers().await.is_err()));
    }
    assert_eq!(failed, [(true, true), (false, false), (true, true), (false, false)]);
    assert_eq!(array.layer().unmet(), Vec::<String>::new());
}
