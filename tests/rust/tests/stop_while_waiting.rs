//! I-35: an operation that waits for something long hears of a request to stop, and reaches a stable state soon.

#![allow(clippy::expect_used, reason = "helpers of tests may panic as tests do")]

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use protector_core::engine::{Engine, Progress, Request, StopOptions, StorageDefaults};
use protector_core::exec::{Endpoints, Limits};
use protector_core::model::OperationStatus;
use protector_core::ports::{Cancel, Clock};
use protector_core::{ErrorKind, Result};
use protector_tests::failover;
use protector_tests::restored::{check, start_of};
use protector_tests::stage::Stage;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;

/// How long after the first wait somebody asks: long after every step but the waiting one.
const LATER: SignedDuration = SignedDuration::from_mins(10);
/// The longest pause between two looks of an executor, and the time of the calls around it.
const SOON: SignedDuration = SignedDuration::from_secs(12);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Verb {
    Cancel,
    Abort,
}

/// Lets somebody else ask to stop once it is late.
#[derive(Debug)]
struct AskingClock {
    inner: Arc<dyn Clock>,
    rival: Engine,
    operation: String,
    verb: Verb,
    from: Timestamp,
    asked: AtomicBool,
}

#[async_trait]
impl Clock for AskingClock {
    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.inner.sleep(duration).await;
        if self.now() >= self.from && !self.asked.swap(true, Ordering::SeqCst) {
            let options = StopOptions { reason: Some("too long".into()), ..StopOptions::default() };
            let asked = match self.verb {
                Verb::Cancel => self.rival.operation_cancel(&self.operation, &options).await,
                Verb::Abort => {
                    let cancel = Cancel::default();
                    self.rival.operation_abort(&self.operation, &options, &cancel, &Progress::none()).await
                }
            };
            assert_eq!(asked.expect("somebody is at work").status, OperationStatus::Running);
        }
    }
}

/// A stage whose operation waits for a transfer over a link that is gone; an engine whose clock asks to stop.
async fn waiting(request: &Request, verb: Verb) -> Result<(Stage, Engine, String, Timestamp)> {
    let stage = Stage::replicated().await?;
    let operation = stage.accepted(request).await?;
    stage.deployment.world().set_link_connected(false)?;
    let endpoints = stage.engine.endpoints().clone();
    let from = endpoints.clock.now() + LATER;
    let rival = stage.deployment.engine(Some("site-a"))?;
    let (inner, asked) = (endpoints.clock.clone(), AtomicBool::new(false));
    let clock = Arc::new(AskingClock { inner, rival, operation: operation.clone(), verb, from, asked });
    let endpoints = Endpoints { clock, ..endpoints };
    let engine = Engine::new("site-a".into(), endpoints, StorageDefaults::default(), Limits::SEQUENTIAL);
    Ok((stage, engine, operation, from))
}

/// I-35
#[tokio::test]
async fn a_long_transfer_is_not_waited_for() -> Result<()> {
    for (request, verb) in [
        (failover(), Verb::Cancel),
        (failover(), Verb::Abort),
        (Request::Sync {}, Verb::Cancel),
        (Request::Sync {}, Verb::Abort),
    ] {
        let (stage, engine, operation, asked_at) = waiting(&request, verb).await?;
        let start = start_of(&stage.deployment, &stage.engine).await?;
        let result = engine.run(&operation, &Cancel::default(), &Progress::none()).await;
        let stable_at = stage.deployment.world().clock().now();
        let took = stable_at.duration_since(asked_at);
        assert!(took >= SignedDuration::ZERO && took < SOON, "{request:?} {verb:?}: {took}");
        match (verb, result) {
            (Verb::Cancel, Err(e)) => {
                assert_eq!(e.kind(), ErrorKind::Cancelled, "{e}");
                assert_eq!(engine.operation_show(&operation).await?.status, OperationStatus::Interrupted);
                // and it goes on once the link is back
                stage.deployment.world().set_link_connected(true)?;
                let done = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
                assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
            }
            (Verb::Abort, Ok(ended)) => {
                assert_eq!(ended.status, OperationStatus::Cancelled, "{ended:#?}");
                check(&start, &stage.deployment, &stage.engine).await?;
                stage.deployment.world().set_link_connected(true)?;
                stage.completes(&Request::Sync {}).await?;
            }
            (verb, result) => panic!("{request:?} {verb:?}: {result:?}"),
        }
    }
    Ok(())
}
