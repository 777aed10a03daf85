//! Faults by script, for tests of whoever calls a driver.

use super::layer::{Call, Layer, Reply};
use super::script::{Fault, FaultScript};
use crate::ports::Clock;
use crate::{Error, ErrorKind, Result};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A call that came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenCall {
    /// Method of the port.
    pub method: &'static str,
    /// Which call of that method, from 1.
    pub number: u32,
    /// Not a read.
    pub is_change: bool,
}

/// Makes calls meet the faults of a script, and keeps a list of the calls.
#[derive(Debug)]
pub struct Faulty {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    script: FaultScript,
    numbers: BTreeMap<&'static str, u32>,
    seen: Vec<SeenCall>,
}

impl Faulty {
    /// A layer with this script, whose delays pass on `clock`.
    pub fn new(script: FaultScript, clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::new(State { script, numbers: BTreeMap::new(), seen: Vec::new() }) }
    }

    /// Calls so far, in their order, whatever came of them.
    pub fn seen(&self) -> Vec<SeenCall> {
        self.state().seen.clone()
    }

    /// Faults that no call has met; see [`FaultScript::unmet`].
    pub fn unmet(&self) -> Vec<String> {
        self.state().script.unmet()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, method: &'static str, is_change: bool) -> (u32, Vec<Fault>) {
        let mut state = self.state();
        let number = state.numbers.entry(method).or_default();
        *number += 1;
        let number = *number;
        state.seen.push(SeenCall { method, number, is_change });
        (number, state.script.meet(method, number))
    }
}

impl Layer for Faulty {
    async fn around<'a, T, F>(&'a self, call: Call<'a, T>, make: F) -> Result<T>
    where
        T: Send + 'a,
        F: Fn() -> Reply<'a, T> + Send + Sync + 'a,
    {
        let Call { method, driver, cx, .. } = call;
        let (number, faults) = self.note(method, cx.is_some());
        let error = |kind, what: &str| Error::new(kind, format!("{driver}: {what} of call {number} of {method}"));
        let mut reply_is_lost = false;
        for fault in faults {
            match fault {
                Fault::Delay(time) => self.clock.sleep(time).await,
                Fault::Before(kind) => return Err(error(kind, "scripted failure")),
                Fault::LostReply => reply_is_lost = true,
            }
        }
        let reply = make().await;
        if reply_is_lost {
            let kind = if cx.is_some() { ErrorKind::Indeterminate } else { ErrorKind::Unreachable };
            return Err(error(kind, "lost reply"));
        }
        reply
    }
}
