//! Which call meets which fault.

use crate::ErrorKind;
use std::time::Duration;

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call fails with this kind and has no effect.
    Before(ErrorKind),
    /// The call has its effect and its reply is lost: `Indeterminate` for a change, `Unreachable` for a read.
    LostReply,
    /// The call is made after this time.
    Delay(Duration),
}

/// Faults by method and number of the call, counted by method from 1. The same calls meet the same faults.
///
/// ```
/// use protector_core::{ErrorKind, wrap::{Fault, FaultScript}};
/// let script = FaultScript::default()
///     .nth("fence", 1, Fault::LostReply)
///     .nth("clone_volumes", 2, Fault::Before(ErrorKind::Transient));
/// assert_eq!(script.unmet(), ["fence 1: LostReply", "clone_volumes 2: Before(Transient)"]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct FaultScript {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    which: Which,
    fault: Fault,
    met: bool,
}

#[derive(Debug, Clone, Copy)]
enum Which {
    Nth(&'static str, u32),
    /// Numbers 1, 3, 5, … of every method.
    Odd,
    All(&'static str),
}

impl FaultScript {
    /// The `nth` call of `method` meets `fault`.
    #[must_use]
    pub fn nth(self, method: &'static str, nth: u32, fault: Fault) -> Self {
        self.with(Which::Nth(method, nth), fault)
    }

    /// Every call of `method` meets `fault`.
    #[must_use]
    pub fn always(self, method: &'static str, fault: Fault) -> Self {
        self.with(Which::All(method), fault)
    }

    /// Whatever is called meets `fault` once and, made again at once, does not: every second call of each method, beginning
    /// with the first.
    #[must_use]
    pub fn every_call_once(self, fault: Fault) -> Self {
        self.with(Which::Odd, fault)
    }

    /// The faults of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.rules.extend(other.rules);
        self
    }

    fn with(mut self, which: Which, fault: Fault) -> Self {
        self.rules.push(Rule { which, fault, met: false });
        self
    }

    /// The faults of this call, in the order in which they were added.
    pub(super) fn meet(&mut self, method: &str, number: u32) -> Vec<Fault> {
        let matches = |which| match which {
            Which::Nth(of, nth) => of == method && nth == number,
            Which::Odd => number % 2 == 1,
            Which::All(of) => of == method,
        };
        let met = self.rules.iter_mut().filter(|rule| matches(rule.which));
        met.map(|rule| {
            rule.met = true;
            rule.fault
        })
        .collect()
    }

    /// What no call has met, one line each: a test whose fault never came proves nothing.
    pub fn unmet(&self) -> Vec<String> {
        let line = |rule: &Rule| match rule.which {
            Which::Nth(method, nth) => format!("{method} {nth}: {:?}", rule.fault),
            Which::Odd => format!("every call once: {:?}", rule.fault),
            Which::All(method) => format!("{method}: {:?}", rule.fault),
        };
        self.rules.iter().filter(|rule| !rule.met).map(line).collect()
    }
}
