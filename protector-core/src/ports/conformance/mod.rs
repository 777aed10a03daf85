//! Suites that show whether an implementation keeps the promises of its port.
//!
//! A suite is a list of [`Check`]s over one subject: whatever the checks need in their hands, for example a store, or a
//! pair of drivers with a clock. [`run_all`] runs each check on a fresh subject, so that no check sees what another left
//! behind. A check whose [`needs`](Check::needs) the subject does not meet is skipped, and the report names it.

pub mod cloud;
pub mod peer;
pub mod storage;
pub mod store;

use crate::{Error, ErrorKind};
use std::{fmt, future::Future, pin::Pin};

/// Why a promise is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

/// What a check returns.
pub type CheckResult = Result<(), Failure>;

/// A running check.
pub type CheckFuture<'a> = Pin<Box<dyn Future<Output = CheckResult> + Send + 'a>>;

/// One promise, put to the test.
#[derive(Debug)]
pub struct Check<S> {
    /// Unique within its suite.
    pub name: &'static str,
    /// Whether the promise concerns this subject at all; usually a look at its capabilities.
    pub needs: fn(&S) -> bool,
    /// The test.
    pub run: for<'a> fn(&'a S) -> CheckFuture<'a>,
}

/// The suite of the named async functions; `name if condition` sets what a check needs.
macro_rules! checks {
    ($($name:ident $(if $needs:expr)?),* $(,)?) => {
        vec![$( $crate::ports::conformance::Check {
            name: stringify!($name),
            needs: $crate::ports::conformance::checks!(@needs $($needs)?),
            run: |subject| Box::pin($name(subject)),
        } ),*]
    };
    (@needs) => { |_| true };
    (@needs $needs:expr) => { $needs };
}
pub(crate) use checks;

/// How one check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The promise is kept.
    Passed,
    /// It is not, and why.
    Failed(String),
    /// The subject does not offer what the check is about.
    Skipped,
}

/// How all checks of a suite ended, in the order of the suite. Prints as one line per check and a summary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Check by name, with its verdict.
    pub verdicts: Vec<(&'static str, Verdict)>,
}

impl Report {
    /// Names of the checks that did not concern the subject.
    pub fn skipped(&self) -> Vec<&'static str> {
        self.verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Skipped).map(|(name, _)| *name).collect()
    }

    /// The report itself, if anything failed or nothing passed.
    ///
    /// # Errors
    /// a promise is broken, or no check concerned the subject → the report; its `Display` says what is wrong.
    pub fn into_result(self) -> Result<Self, Self> {
        let failed = self.verdicts.iter().any(|(_, verdict)| matches!(verdict, Verdict::Failed(_)));
        let passed = self.verdicts.iter().any(|(_, verdict)| *verdict == Verdict::Passed);
        if failed || !passed { Err(self) } else { Ok(self) }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        for (name, verdict) in &self.verdicts {
            match verdict {
                Verdict::Passed => {
                    passed += 1;
                    writeln!(f, "passed   {name}")?;
                }
                Verdict::Failed(why) => {
                    failed += 1;
                    writeln!(f, "FAILED   {name}: {why}")?;
                }
                Verdict::Skipped => {
                    skipped += 1;
                    writeln!(f, "skipped  {name}")?;
                }
            }
        }
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Runs every check on a subject of its own. A subject that cannot be made fails the check it was meant for.
pub async fn run_all<S, F, M>(checks: &[Check<S>], make: M) -> Report
where
    M: Fn() -> F,
    F: Future<Output = crate::Result<S>>,
{
    let mut report = Report::default();
    for check in checks {
        let verdict = match make().await {
            Err(e) => Verdict::Failed(format!("no subject: {e}")),
            Ok(subject) if !(check.needs)(&subject) => Verdict::Skipped,
            Ok(subject) => match (check.run)(&subject).await {
                Ok(()) => Verdict::Passed,
                Err(Failure(why)) => Verdict::Failed(why),
            },
        };
        report.verdicts.push((check.name, verdict));
    }
    report
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self(why)
    }
}

impl From<&str> for Failure {
    fn from(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Self(format!("unexpected error: {e:?}"))
    }
}

/// Fails unless `condition` holds.
pub(crate) fn ensure(condition: bool, why: impl FnOnce() -> String) -> CheckResult {
    if condition { Ok(()) } else { Err(Failure(why())) }
}

/// Fails unless both are equal.
pub(crate) fn ensure_equal<T: PartialEq + fmt::Debug>(what: &str, found: &T, expected: &T) -> CheckResult {
    ensure(found == expected, || format!("{what}: found {found:?}, expected {expected:?}"))
}

/// Fails unless `result` is an error of `kind` whose message contains each of `words`.
pub(crate) fn ensure_refused<T: fmt::Debug>(
    what: &str,
    result: crate::Result<T>,
    kind: ErrorKind,
    words: &[&str],
) -> CheckResult {
    match result {
        Ok(value) => Err(Failure(format!("{what}: expected {kind}, got {value:?}"))),
        Err(e) if e.kind() != kind => Err(Failure(format!("{what}: expected {kind}, got {e:?}"))),
        Err(e) => match words.iter().find(|word| !e.message().contains(**word)) {
            Some(word) => Err(Failure(format!("{what}: the message does not name '{word}': {e}"))),
            None => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests;
