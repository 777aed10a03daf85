//! The suites of the ports over drivers that are reached by name and JSON: nothing may get lost on the way.

use super::{Foreign, ForeignCloud, ForeignStorageDriver, LoopbackArray, LoopbackCloud};
use crate::mock::{World, WorldLocation, WorldTime, cloud_subject, storage_subject};
use crate::model::{Epoch, OpKey};
use crate::ports::conformance::{cloud, run_all, storage};
use crate::ports::{Cancel, Cloud, Cx, ManualClock, Outcome, StorageDriver, SystemClock};
use crate::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn world() -> Result<World> {
    World::open(&WorldLocation::Memory, WorldTime::Virtual)
}

#[tokio::test]
async fn an_array_keeps_its_promises_over_calls_by_name() {
    for optional in [true, false] {
        let report = run_all(&storage::suite(), async || {
            let mut subject = storage_subject(&world()?)?;
            for driver in [&mut subject.source, &mut subject.target] {
                let foreign = Arc::new(LoopbackArray { driver: Arc::clone(driver), optional });
                *driver = Arc::new(ForeignStorageDriver::open(foreign, Arc::clone(&subject.clock)).await?);
            }
            Ok(subject)
        })
        .await;
        assert_eq!(report.skipped(), ["what_is_not_offered_is_unsupported"]);
        report.into_result().unwrap_or_else(|report| panic!("{report}"));
    }
}

#[tokio::test]
async fn a_cloud_keeps_its_promises_over_calls_by_name() {
    let report = run_all(&cloud::suite(), async || {
        let mut subject = cloud_subject(&world()?)?;
        let foreign = Arc::new(LoopbackCloud(Arc::clone(&subject.cloud)));
        subject.cloud = Arc::new(ForeignCloud::open(foreign, Arc::clone(&subject.clock)).await?);
        Ok(subject)
    })
    .await;
    assert!(report.skipped().is_empty(), "{report}");
    report.into_result().unwrap_or_else(|report| panic!("{report}"));
}

/// Answers as it is told to, and counts.
#[derive(Debug, Default)]
struct Scripted {
    answers: Mutex<Vec<Result<&'static str>>>,
    asked: Mutex<Vec<String>>,
    silence: Duration,
}

impl Foreign for Scripted {
    fn call(&self, method: &'static str, arguments: &str) -> Result<String> {
        if method == "describe" {
            let capabilities = crate::ports::Capabilities::default();
            let text = serde_json::json!({
                "driver_name": "ScriptedDriver", "endpoint": "nowhere", "capabilities": capabilities
            });
            return Ok(text.to_string());
        }
        self.asked.lock().unwrap().push(format!("{method} {arguments}"));
        std::thread::sleep(self.silence);
        self.answers.lock().unwrap().pop().unwrap_or(Ok("null")).map(str::to_owned)
    }
}

async fn scripted(script: Scripted) -> (ForeignStorageDriver, Arc<Scripted>) {
    let script = Arc::new(script);
    (ForeignStorageDriver::open(script.clone(), Arc::new(SystemClock)).await.unwrap(), script)
}

fn answering(answer: Result<&'static str>) -> Scripted {
    Scripted { answers: Mutex::new(vec![answer]), ..Scripted::default() }
}

fn cx() -> Cx {
    Cx {
        op_key: OpKey::from("op-1"),
        epoch: Epoch(3),
        deadline: "2999-01-01T00:00:00Z".parse().unwrap(),
        cancel: Cancel::default(),
    }
}

#[tokio::test]
async fn a_change_takes_its_context_along() {
    let (driver, script) = scripted(answering(Ok(r#"{"outcome":"already_done","value":"fenced"}"#))).await;
    let outcome = driver.fence(&cx(), &"pg-web".into()).await.unwrap();
    assert!(matches!(outcome, Outcome::AlreadyDone(crate::ports::FenceState::Fenced)), "{outcome:?}");
    let expected =
        r#"fence {"context":{"op_key":"op-1","epoch":3,"deadline":"2999-01-01T00:00:00Z"},"group":"pg-web"}"#;
    assert_eq!(*script.asked.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn an_answer_is_polled_for_in_bounds() {
    for (answer, millis) in [("0", 10), ("-3", 10), ("1e300", 10), ("0.2", 200), ("86400", 60_000)] {
        let text: &'static str = format!(r#"{{"outcome":"in_progress","poll_after":{answer}}}"#).leak();
        let (driver, _) = scripted(answering(Ok(text))).await;
        let outcome = driver.demote(&cx(), &"pg-web".into()).await.unwrap();
        assert_eq!(outcome, Outcome::InProgress { poll_after: Duration::from_millis(millis) }, "{answer}");
    }
}

#[tokio::test]
async fn who_is_silent_has_perhaps_made_the_change() {
    for (is_change, kind) in [(false, ErrorKind::Unreachable), (true, ErrorKind::Indeterminate)] {
        let (driver, _) = scripted(Scripted { silence: Duration::from_millis(300), ..Scripted::default() }).await;
        let driver = driver.limited_to(Duration::from_millis(20));
        let e = if is_change {
            driver.fence(&cx(), &"pg-web".into()).await.unwrap_err()
        } else {
            driver.info().await.unwrap_err()
        };
        assert_eq!(e.kind(), kind, "{e}");
        assert!(e.message().contains("ScriptedDriver 'nowhere'"), "{e}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_a_defect_of_the_driver() {
    for answer in ["", "null", r#"{"outcome":"done"}"#, r#"{"outcome":"perhaps","value":"fenced"}"#, r#"{"value":1}"#] {
        let (driver, _) = scripted(answering(Ok(answer))).await;
        let e = driver.fence(&cx(), &"pg-web".into()).await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Internal, "{answer}: {e}");
        assert!(e.message().contains("fence answered") && e.remedy_text().is_some(), "{e}");
    }
    let unfit = r#"{"name":"pg.a","group":"pg","created":"2026-01-01T00:00:00Z","transfer":{"state":"in_progress","percent":3},
        "volumes":[],"destroyed":false,"observed_at":"2026-01-01T00:00:00Z"}"#;
    let (mut driver, _) = scripted(answering(Ok(unfit))).await;
    driver.description.optional_methods.insert("newest_complete".to_owned());
    let e = driver.newest_complete(&"pg".into()).await.unwrap_err();
    assert!(e.message().contains("'pg.a', which is not complete"), "{e}");
}

#[tokio::test]
async fn what_must_not_be_done_is_not_asked_for() {
    let (driver, script) = scripted(Scripted::default()).await;
    let cancelled = cx();
    cancelled.cancel.request();
    let late = Cx { deadline: "2001-01-01T00:00:00Z".parse().unwrap(), ..cx() };
    let name = "pg-web".into();
    assert_eq!(driver.fence(&cancelled, &name).await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(driver.fence(&late, &name).await.unwrap_err().kind(), ErrorKind::DeadlineExceeded);
    let owner = "pg-11111111-1111-4111-8111-111111111111".into();
    let e = driver.accept_from_peer(&cx(), &name, &owner, true).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::InvalidRequest, "{e}");
    assert!(script.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn errors_pass_with_what_they_say() {
    let refused = Error::not_found("no group 'pg-web'").remedy("make it");
    let (driver, _) = scripted(answering(Err(refused))).await;
    let e = driver.fence(&cx(), &"pg-web".into()).await.unwrap_err();
    assert_eq!((e.kind(), e.remedy_text()), (ErrorKind::NotFound, Some("make it")));
    assert!(e.message().contains("ScriptedDriver 'nowhere'") && e.message().contains("no group 'pg-web'"), "{e}");
}

#[tokio::test]
async fn who_does_not_say_what_it_is_is_not_used() {
    #[derive(Debug)]
    struct Nameless;
    impl Foreign for Nameless {
        fn call(&self, _: &'static str, _: &str) -> Result<String> {
            Ok(r#"{"driver_name":"","endpoint":"","capabilities":null}"#.to_owned())
        }
    }
    let clock = Arc::new(ManualClock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()));
    let e = ForeignCloud::open(Arc::new(Nameless), clock).await.unwrap_err();
    assert!(e.message().contains("what it is called"), "{e}");
}

#[tokio::test]
async fn a_cloud_is_named_in_its_errors() {
    let subject = cloud_subject(&world().unwrap()).unwrap();
    let cloud = ForeignCloud::open(Arc::new(LoopbackCloud(subject.cloud)), subject.clock).await.unwrap();
    assert_eq!(cloud.driver_name(), "LoopbackCloud");
    let e = cloud.stop_server(&cx(), &"no-such-server".into()).await.unwrap_err();
    assert!(e.kind() == ErrorKind::NotFound && e.message().starts_with("LoopbackCloud '"), "{e}");
}
