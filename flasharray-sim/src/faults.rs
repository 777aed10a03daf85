//! What goes wrong on purpose.

mod script;

pub(crate) use script::Outcome;

use crate::route::Routes;
use crate::session::Sessions;
use crate::state::Served;
use hyper::Method;
use protector_core::mock::{World, WorldSettings};
use protector_core::{Error, Result};
use script::{Effect, Fault, RequestFault};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What happens to one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Verdict {
    /// Waited before anything else.
    pub(crate) delay: Duration,
    pub(crate) outcome: Outcome,
}

/// The faults of a simulator. They are written as lines of a script:
///
/// ```text
/// array=arrB down                     the array closes every connection; `up` ends it
/// link down                           no replication between arrays; `up` ends it
/// slow-link 10x                       transfers that begin from now on take ten times as long; `1x` ends it
/// limit volumes=100                   no more than 100 of them on an array
/// clock-skew array=arrA +90s          the array's clock is ahead: `Date` and all instants in its replies; `0s` ends it
/// revoke-token array=arrA             logins fail and sessions end; `restore-token` ends it
/// expire-sessions array=arrA          once
/// on POST volumes/batch array=arrB nth=2 status=500 message="Server is busy"
/// on * volumes* probability=0.1 delay=2s
/// on POST protection-group-snapshots reply=lost
/// ```
///
/// `on METHOD PATH` hits requests: the path is written without the version, `*` stands for any method, and at the end of a
/// path for anything. Which of them: `array=`, `nth=` (only that one, counted from 1 on), `times=` (so many), and
/// `probability=` (drawn with the seed of the simulator). What happens to them, all after `delay=`: `reply=lost` (served,
/// then the connection closes), `reply=refused` (closed before anything is done), `status=` (nothing is done, an error is
/// told, with `message=`, `retry-after=` seconds, `form=errors|gateway`, or a `body=` as it is; a status of success without
/// a body serves the request and replaces its status alone). Where several lines hit, delays add up and the first decides.
///
/// `after 5 requests`, on any line: from the sixth request on. Where `array=` may be left out, all arrays are meant.
pub struct Faults {
    world: World,
    served: Vec<Arc<Served>>,
    sessions: Arc<Sessions>,
    routes: Arc<Routes>,
    /// How long things take when no link is slow.
    usual: WorldSettings,
    inner: Mutex<Inner>,
    /// The limits among the active faults, under a lock of their own: handlers ask for them within a transaction on the
    /// world, and a fault that begins takes the lock of the world while it holds the other.
    limits: Mutex<BTreeMap<String, u64>>,
}

struct Inner {
    active: Vec<Active>,
    /// Requests so far.
    requests: u64,
    random: fastrand::Rng,
}

struct Active {
    fault: Fault,
    /// Begins with the request behind this one.
    begins_after: u64,
    begun: bool,
    /// Requests that matched.
    matched: u64,
}

/// A fault that is active, or will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FaultState {
    pub(crate) line: String,
    pub(crate) begun: bool,
    pub(crate) matched: u64,
}

impl Faults {
    pub(crate) fn new(
        world: World,
        served: Vec<Arc<Served>>,
        sessions: Arc<Sessions>,
        routes: Arc<Routes>,
        seed: u64,
    ) -> Result<Self> {
        let usual = world.settings()?;
        let inner = Inner { active: Vec::new(), requests: 0, random: fastrand::Rng::with_seed(seed) };
        Ok(Self { world, served, sessions, routes, usual, inner: Mutex::new(inner), limits: Mutex::default() })
    }

    /// Adds the faults of a script to those that are active. What contradicts an older one ends it.
    ///
    /// # Errors
    /// a line that cannot be read, or names an array or a request that is not there → `InvalidRequest`, nothing is added.
    pub fn add(&self, script: &str) -> Result<()> {
        let faults = script::parse(script)?;
        for fault in &faults {
            self.check(fault)?;
        }
        let mut inner = self.lock();
        let requests = inner.requests;
        for fault in faults {
            let begins_after = requests.saturating_add(fault.after);
            inner.active.push(Active { fault, begins_after, begun: false, matched: 0 });
        }
        self.begin_due(&mut inner, requests)
    }

    /// Ends every fault, and undoes what it did: arrays are up, links whole and fast, clocks right, tokens accepted.
    ///
    /// # Errors
    /// the world cannot be written → `Storage`.
    pub fn clear(&self) -> Result<()> {
        let mut inner = self.lock();
        for active in std::mem::take(&mut inner.active).iter().filter(|active| active.begun) {
            match &active.fault.effect {
                Effect::Array { name, .. } => self.apply(&Effect::Array { name: name.clone(), up: true })?,
                Effect::Link { .. } => self.apply(&Effect::Link { up: true })?,
                Effect::SlowLink { .. } => self.apply(&Effect::SlowLink { factor: 1.0 })?,
                Effect::ClockSkew { array, .. } => self.apply(&Effect::ClockSkew { array: array.clone(), ms: 0 })?,
                Effect::Token { array, .. } => self.apply(&Effect::Token { array: array.clone(), accepted: true })?,
                Effect::Limit { .. } | Effect::ExpireSessions { .. } | Effect::Request(_) => {}
            }
        }
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// The lines of the faults that are active or will be.
    pub fn lines(&self) -> Vec<String> {
        self.states().into_iter().map(|state| state.line).collect()
    }

    pub(crate) fn states(&self) -> Vec<FaultState> {
        let show = |active: &Active| {
            let Active { fault, begun, matched, .. } = active;
            FaultState { line: fault.line.clone(), begun: *begun, matched: *matched }
        };
        self.lock().active.iter().map(show).collect()
    }

    /// How many of a noun an array may hold. `None`: not limited.
    pub(crate) fn limit(&self, noun: &str) -> Option<u64> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).get(noun).copied()
    }

    /// Counts a request, begins the faults that are due, and says what happens to it.
    pub(crate) fn judge(&self, array: &str, method: &Method, path: &str) -> Verdict {
        let mut inner = self.lock();
        let before = inner.requests;
        inner.requests += 1;
        if let Err(e) = self.begin_due(&mut inner, before) {
            tracing::error!("a fault cannot begin: {e}");
        }
        let Inner { active, random, .. } = &mut *inner;
        let mut verdict = Verdict::default();
        for Active { fault, matched, begun, .. } in active {
            let Effect::Request(fault) = &fault.effect else { continue };
            if *begun && fault.matches(array, method, path) {
                *matched += 1;
                if fault.hits(*matched, random) {
                    verdict.delay += fault.delay;
                    if verdict.outcome == Outcome::Serve {
                        verdict.outcome = fault.outcome.clone();
                    }
                }
            }
        }
        verdict
    }

    /// Begins what is due once `requests` came in.
    fn begin_due(&self, inner: &mut Inner, requests: u64) -> Result<()> {
        while let Some(at) = inner.active.iter().position(|active| !active.begun && active.begins_after <= requests) {
            let mut beginning = inner.active.remove(at);
            self.apply(&beginning.fault.effect)?;
            beginning.begun = true;
            let effect = &beginning.fault.effect;
            inner.active.retain(|older| !(older.begun && effect.replaces(&older.fault.effect)));
            if effect.lasts() {
                inner.active.insert(at.min(inner.active.len()), beginning);
            }
        }
        Ok(())
    }

    fn apply(&self, effect: &Effect) -> Result<()> {
        match effect {
            Effect::Array { name, up } => self.world.set_array_available(&name.as_str().into(), *up),
            Effect::Link { up } => self.world.set_link_connected(*up),
            Effect::SlowLink { factor } => {
                let usual = Duration::from_millis(self.usual.transfer_millis);
                let slow = Duration::try_from_secs_f64(usual.as_secs_f64() * factor).unwrap_or(Duration::MAX);
                let transfer_millis = u64::try_from(slow.as_millis()).unwrap_or(u64::MAX).min(i64::MAX.unsigned_abs());
                self.world.set_settings(WorldSettings { transfer_millis, ..self.world.settings()? })
            }
            Effect::ClockSkew { array, ms } => {
                self.each(array.as_deref(), |served| served.set_clock_skew_ms(*ms));
                Ok(())
            }
            Effect::Token { array, accepted } => {
                self.each(array.as_deref(), |served| {
                    served.set_revoked(!accepted);
                    if !accepted {
                        self.sessions.expire_all(&served.name);
                    }
                });
                Ok(())
            }
            Effect::ExpireSessions { array } => {
                self.each(array.as_deref(), |served| self.sessions.expire_all(&served.name));
                Ok(())
            }
            Effect::Limit { noun, most } => {
                self.limits.lock().unwrap_or_else(PoisonError::into_inner).insert(noun.clone(), *most);
                Ok(())
            }
            Effect::Request(_) => Ok(()),
        }
    }

    fn each(&self, array: Option<&str>, act: impl Fn(&Served)) {
        let meant = |served: &&Arc<Served>| array.is_none_or(|array| served.name.as_str() == array);
        self.served.iter().filter(meant).for_each(|served| act(served));
    }

    /// A typing error must not become a fault that never strikes.
    fn check(&self, fault: &Fault) -> Result<()> {
        let array = fault.effect.array().filter(|array| self.served.iter().all(|s| s.name.as_str() != *array));
        if let Some(array) = array {
            let names: Vec<&str> = self.served.iter().map(|served| served.name.as_str()).collect();
            return Err(Error::invalid(format!("'{}': there is no array '{array}'", fault.line))
                .remedy(format!("one of: {}", names.join(", "))));
        }
        match &fault.effect {
            Effect::Request(request) if !request.path.ends_with('*') && !self.routes.knows(&request.path) => {
                Err(Error::invalid(format!("'{}': there is no request to '{}'", fault.line, request.path))
                    .remedy("write the path without /api and version, for example volumes/batch"))
            }
            _ => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lines()).finish()
    }
}

impl Effect {
    /// The array that the line names.
    fn array(&self) -> Option<&str> {
        match self {
            Self::Array { name, .. } => Some(name),
            Self::ClockSkew { array, .. } | Self::Token { array, .. } | Self::ExpireSessions { array } => {
                array.as_deref()
            }
            Self::Request(RequestFault { array, .. }) => array.as_deref(),
            Self::Link { .. } | Self::SlowLink { .. } | Self::Limit { .. } => None,
        }
    }

    /// Whether nothing is left of an older effect once this one began.
    fn replaces(&self, older: &Self) -> bool {
        let covers = |newer: &Option<String>, older: &Option<String>| newer.is_none() || newer == older;
        match (self, older) {
            (Self::Array { name, .. }, Self::Array { name: other, .. }) => name == other,
            (Self::Link { .. }, Self::Link { .. }) | (Self::SlowLink { .. }, Self::SlowLink { .. }) => true,
            (Self::Limit { noun, .. }, Self::Limit { noun: other, .. }) => noun == other,
            (Self::ClockSkew { array, .. }, Self::ClockSkew { array: other, .. })
            | (Self::Token { array, .. }, Self::Token { array: other, .. }) => covers(array, other),
            _ => false,
        }
    }

    /// Whether it is more than the end of another fault, or a single event.
    fn lasts(&self) -> bool {
        match self {
            Self::Array { up, .. } | Self::Link { up } => !up,
            Self::SlowLink { factor } => (factor - 1.0).abs() > f64::EPSILON,
            Self::ClockSkew { ms, .. } => *ms != 0,
            Self::Token { accepted, .. } => !accepted,
            Self::ExpireSessions { .. } => false,
            Self::Limit { .. } | Self::Request(_) => true,
        }
    }
}

impl RequestFault {
    fn matches(&self, array: &str, method: &Method, path: &str) -> bool {
        let path_matches = match self.path.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => path == self.path,
        };
        path_matches
            && self.method.as_ref().is_none_or(|wanted| wanted == method)
            && self.array.as_deref().is_none_or(|wanted| wanted == array)
    }

    /// Whether the request that is the `matched`-th to match is hit.
    fn hits(&self, matched: u64, random: &mut fastrand::Rng) -> bool {
        let in_turn = matched >= self.nth && self.times.is_none_or(|times| matched - self.nth < times);
        in_turn && self.probability.is_none_or(|probability| random.f64() < probability)
    }
}

#[cfg(test)]
mod tests;
