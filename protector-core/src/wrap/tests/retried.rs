use super::{OTHER_OWNER, OWNER, around, faulty, spec, within};
use crate::ErrorKind::{Cancelled, Conflict, DeadlineExceeded, Indeterminate, Transient, Unreachable};
use crate::ports::{Clock, Outcome, StorageDriver};
use crate::wrap::{Fault, FaultScript, Faulty, Retried, RetryPolicy, Wrapped};
use std::{sync::Arc, time::Duration};

struct Scene {
    array: Arc<Wrapped<Retried>>,
    inner: Arc<Wrapped<Faulty>>,
    clock: Arc<dyn Clock>,
}

impl Scene {
    fn new(script: FaultScript) -> Self {
        let (inner, clock) = faulty(script);
        let driver: Arc<dyn StorageDriver> = inner.clone();
        Self { array: around(Retried::new(RetryPolicy::default(), clock.clone()), &driver), inner, clock }
    }

    fn calls(&self, method: &str) -> usize {
        self.inner.layer().seen().iter().filter(|call| call.method == method).count()
    }
}

fn fault(method: &'static str, faults: &[Fault]) -> FaultScript {
    (1..).zip(faults).fold(FaultScript::default(), |script, (n, fault)| script.nth(method, n, *fault))
}

#[tokio::test]
async fn a_busy_array_is_asked_again_after_growing_pauses() {
    let scene = Scene::new(fault("ensure_group", &[Fault::Before(Transient); 3]));
    let began = scene.clock.now();
    let made = scene.array.ensure_group(&within(&*scene.clock, 60), &spec(OWNER)).await.unwrap();
    // nothing was done before, so this call did it
    assert!(matches!(made, Outcome::Done(_)), "{made:?}");
    let waited = Duration::try_from(scene.clock.now().duration_since(began)).unwrap();
    // 200 + 400 + 800 ms, each between half and all of it
    assert!((Duration::from_millis(700)..=Duration::from_millis(1410)).contains(&waited), "{waited:?}");
}

#[tokio::test]
async fn a_lost_reply_is_settled_by_the_same_call() {
    let scene = Scene::new(fault("ensure_group", &[Fault::LostReply]));
    let made = scene.array.ensure_group(&within(&*scene.clock, 60), &spec(OWNER)).await.unwrap();
    assert!(matches!(made, Outcome::AlreadyDone(_)), "{made:?}");
    assert_eq!(scene.calls("ensure_group"), 2);
}

#[tokio::test]
async fn a_read_is_given_up_after_its_tries() {
    for kind in [Transient, Unreachable, Indeterminate] {
        let scene = Scene::new(FaultScript::default().always("info", Fault::Before(kind)));
        assert_eq!(scene.array.info().await.unwrap_err().kind(), kind);
        assert_eq!(scene.calls("info"), 4, "{kind}");
        let scene = Scene::new(fault("info", &[Fault::Before(kind); 3]));
        assert!(scene.array.info().await.is_ok(), "{kind}");
    }
}

#[tokio::test]
async fn a_change_of_a_silent_array_is_not_repeated() {
    let scene = Scene::new(fault("ensure_group", &[Fault::Before(Unreachable)]));
    let failed = scene.array.ensure_group(&within(&*scene.clock, 60), &spec(OWNER)).await.unwrap_err();
    assert_eq!((failed.kind(), scene.calls("ensure_group")), (Unreachable, 1));
}

#[tokio::test]
async fn a_refusal_is_the_answer() {
    let scene = Scene::new(FaultScript::default());
    let cx = within(&*scene.clock, 60);
    scene.array.ensure_group(&cx, &spec(OWNER)).await.unwrap();
    let refused = scene.array.ensure_group(&cx, &spec(OTHER_OWNER)).await.unwrap_err();
    assert_eq!((refused.kind(), scene.calls("ensure_group")), (Conflict, 2));
}

#[tokio::test]
async fn a_change_is_not_repeated_past_its_deadline() {
    for (fault, kind) in [(Fault::Before(Transient), Transient), (Fault::LostReply, Indeterminate)] {
        let scene = Scene::new(FaultScript::default().always("ensure_group", fault));
        let cx = within(&*scene.clock, 10);
        let failed = scene.array.ensure_group(&cx, &spec(OWNER)).await.unwrap_err();
        assert_eq!(failed.kind(), kind);
        assert!(scene.clock.now() < cx.deadline && scene.calls("ensure_group") > 4);
    }
}

#[tokio::test]
async fn nothing_is_sent_when_it_is_too_late_or_cancelled() {
    let scene = Scene::new(FaultScript::default());
    let late = within(&*scene.clock, 0);
    let cancelled = within(&*scene.clock, 60);
    cancelled.cancel.request();
    for (cx, kind) in [(late, DeadlineExceeded), (cancelled, Cancelled)] {
        assert_eq!(scene.array.ensure_group(&cx, &spec(OWNER)).await.unwrap_err().kind(), kind);
    }
    assert_eq!(scene.calls("ensure_group"), 0);
}

/// What may have had its effect is never called a failure without one; an answer of the array settles it.
#[tokio::test]
async fn after_a_lost_reply_the_error_stays_indeterminate_until_the_array_answers() {
    for (later, kind) in [(Unreachable, Indeterminate), (Cancelled, Indeterminate), (Conflict, Conflict)] {
        let scene = Scene::new(fault("ensure_group", &[Fault::LostReply, Fault::Before(later)]));
        let failed = scene.array.ensure_group(&within(&*scene.clock, 60), &spec(OWNER)).await.unwrap_err();
        assert_eq!((failed.kind(), scene.calls("ensure_group")), (kind, 2), "{later}");
    }
}

/// Requests the cancel when somebody sleeps.
#[derive(Debug)]
struct CancelsOnSleep(Arc<dyn Clock>, crate::ports::Cancel);

#[async_trait::async_trait]
impl Clock for CancelsOnSleep {
    fn now(&self) -> jiff::Timestamp {
        self.0.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.1.request();
        self.0.sleep(duration).await;
    }
}

#[tokio::test]
async fn a_cancel_ends_the_repeats() {
    for (fault, kind) in [(Fault::Before(Transient), Cancelled), (Fault::LostReply, Indeterminate)] {
        let (inner, clock) = faulty(FaultScript::default().nth("ensure_group", 1, fault));
        let cx = within(&*clock, 60);
        let driver: Arc<dyn StorageDriver> = inner.clone();
        let cancelling = Arc::new(CancelsOnSleep(clock, cx.cancel.clone()));
        let array = around(Retried::new(RetryPolicy::default(), cancelling), &driver);
        assert_eq!(array.ensure_group(&cx, &spec(OWNER)).await.unwrap_err().kind(), kind);
        assert_eq!(inner.layer().seen().len(), 1);
    }
}
