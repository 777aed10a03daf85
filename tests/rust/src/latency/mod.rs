//! A deployment whose calls take time, as those of a real site do, with several of them under way at once.
//!
//! The simulated world does everything at once; what takes time is added around its ports. In the paused time of a runtime
//! nobody waits for it: time jumps to the next wake-up as soon as everybody sleeps.

mod clock;
mod cloud;
mod deployment;
mod peer;

pub use clock::RuntimeClock;
pub use deployment::{How, Slow, open};

use jiff::{SignedDuration, Timestamp};
use protector_core::Result;
use protector_core::model::{OpKey, OperationId, StepId};
use protector_core::ports::{Clock, Outcome};
use protector_core::wrap::{Call, Layer, Reply};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long things take, evenly distributed.
#[derive(Debug, Clone)]
pub struct Times {
    /// Milliseconds of one call, whatever it does.
    pub call: RangeInclusive<u64>,
    /// Milliseconds that a server takes to start or to stop.
    pub server: RangeInclusive<u64>,
    /// How long a caller is told to wait before it asks again for a server that starts or stops.
    pub poll: Duration,
    /// Same seed, same times.
    pub seed: u64,
}

/// What the times came to.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    /// Calls to both clouds, both arrays and the other site's metadata.
    pub calls: u64,
    /// Calls that asked for a server that still started or stopped.
    pub polls: u64,
    /// Time of all calls, and of all waits that callers were told to make.
    pub accounted: Duration,
    /// By key of the step: from when its server was ready until somebody asked again.
    pub late: HashMap<OpKey, Duration>,
}

impl Totals {
    /// How long a step of an operation did not see that its server was ready.
    pub fn late_of(&self, operation: &OperationId, step: &StepId) -> Duration {
        self.late.get(&OpKey::new(format!("{operation}/{step}"))).copied().unwrap_or_default()
    }
}

/// Draws the times, lets them pass, and remembers them.
#[derive(Debug)]
pub struct Latencies {
    clock: Arc<dyn Clock>,
    times: Times,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    random: fastrand::Rng,
    ready: HashMap<OpKey, Timestamp>,
    totals: Totals,
}

impl Latencies {
    /// Times that pass on `clock`.
    pub fn new(times: Times, clock: Arc<dyn Clock>) -> Self {
        let random = fastrand::Rng::with_seed(times.seed);
        let state = Mutex::new(State { random, ready: HashMap::new(), totals: Totals::default() });
        Self { clock, times, state }
    }

    /// What the times came to so far.
    pub fn totals(&self) -> Totals {
        self.state().totals.clone()
    }

    /// Lets the time of one call pass.
    async fn call(&self) {
        let time = {
            let mut state = self.state();
            let time = Duration::from_millis(state.random.u64(self.times.call.clone()));
            state.totals.calls += 1;
            state.totals.accounted += time;
            time
        };
        self.clock.sleep(time).await;
    }

    /// Lets the time of one call pass that starts or stops a server. The server is ready some time after the first call
    /// under a key, however soon the world did it.
    async fn server_call<T>(&self, key: &OpKey, make: impl Future<Output = Result<Outcome<T>>>) -> Result<Outcome<T>> {
        let began = self.clock.now();
        self.call().await;
        let outcome = make.await?;
        let now = self.clock.now();
        let mut state = self.state();
        let Some(ready) = state.ready.get(key).copied() else {
            let time = SignedDuration::from_millis(state.random.i64(signed(&self.times.server)));
            state.ready.insert(key.clone(), now + time);
            state.totals.accounted += self.times.poll;
            return Ok(Outcome::InProgress { poll_after: self.times.poll });
        };
        if now < ready {
            state.totals.polls += 1;
            state.totals.accounted += self.times.poll;
            return Ok(Outcome::InProgress { poll_after: self.times.poll });
        }
        let late = Duration::try_from(began.duration_since(ready)).unwrap_or_default();
        state.totals.late.insert(key.clone(), late);
        Ok(outcome)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signed(range: &RangeInclusive<u64>) -> RangeInclusive<i64> {
    range.start().cast_signed()..=range.end().cast_signed()
}

/// The layer around an array.
#[derive(Debug)]
struct SlowCalls(Arc<Latencies>);

impl Layer for SlowCalls {
    async fn around<'a, T, F>(&'a self, _: Call<'a, T>, make: F) -> Result<T>
    where
        T: Send + 'a,
        F: Fn() -> Reply<'a, T> + Send + Sync + 'a,
    {
        self.0.call().await;
        make().await
    }
}
