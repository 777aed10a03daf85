//! Lists that decisions look at, read once for all who ask at the same time.
//!
//! A caller gets a list whose reading began after it asked, so nothing that it knows of can be missing from it. Those who
//! ask at about the same time, as those who wait do (`beat`), share one; those who ask while one is being read share the
//! next. Twenty-five servers that are waited for cost one list.
//!
//! What rarely changes and is only looked up in may be a moment old. Whoever misses something in it reads it anew.

use super::answers::{
    Flavor, Group, GroupType, KeyPairEntry, Manageable, Network, Port, SecurityGroup, Server, Subnet, Volume,
    VolumeTypeAnswer,
};
use super::failure::{Again, Failure};
use super::gathered::Gathered;
use super::session::Until;
use crate::ports::Quota;
use crate::{ErrorKind, Result};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How old a list of what administrators make may be: volume types, flavors, networks.
pub(super) const CATALOGUE: Duration = Duration::from_secs(30);
/// How old a list of what a backend can take over may be: failovers make all of it before they ask for the first one.
pub(super) const CLONES: Duration = Duration::from_secs(10);
/// How old what is looked at may be where the service itself looks again, and how old what administrators make may be in a
/// decision, and what they allow: a plan and its acceptance, one after the other, share it.
pub(super) const MOMENT: Duration = Duration::from_secs(2);
/// Nothing older than the question.
pub(super) const NOW: Duration = Duration::ZERO;

/// How long the first one who asks waits for others. A list takes several times as long.
const GATHERING: Duration = Duration::from_millis(15);

/// A reading that began at that instant, and what came of it.
type Reading<T> = (Instant, Result<Arc<T>, Failure>);

/// One thing that is read for all who ask at the same time.
#[derive(Debug)]
pub(super) struct Flight<T> {
    turn: tokio::sync::Mutex<()>,
    newest: Mutex<Option<Reading<T>>>,
    /// What began to be read before is too old for everybody.
    forgotten: Mutex<Option<Instant>>,
}

impl<T> Default for Flight<T> {
    fn default() -> Self {
        Self { turn: tokio::sync::Mutex::default(), newest: Mutex::default(), forgotten: Mutex::default() }
    }
}

impl<T> Flight<T> {
    /// What `fetch` reads, or what somebody else began to read after this was called.
    ///
    /// # Errors
    /// as `fetch`; the deadline came while somebody else was reading → `DeadlineExceeded`.
    pub(super) async fn read(&self, until: Until, fetch: impl Future<Output = Result<T>>) -> Result<Arc<T>> {
        self.read_within(NOW, until, fetch).await
    }

    /// As [`read`](Self::read), or what was read at most `age` before.
    ///
    /// # Errors
    /// as there; a failure is not remembered.
    pub(super) async fn read_within(
        &self,
        age: Duration,
        until: Until,
        fetch: impl Future<Output = Result<T>>,
    ) -> Result<Arc<T>> {
        let asked = Instant::now();
        if let Some(recent) = self.recent(asked, age) {
            return Ok(recent);
        }
        let Some(_turn) = until.wait(self.turn.lock()).await else {
            let text = "the deadline came while the cloud was asked for others";
            return Err(Failure::new(ErrorKind::DeadlineExceeded, Again::Never, text).into_error(false));
        };
        // somebody may have read it while this waited
        if let Some(recent) = self.recent(asked, age) {
            return Ok(recent);
        }
        let shared = self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, read)) = shared.filter(|(began, _)| *began >= asked) {
            return read.map_err(|failure| failure.into_error(false));
        }
        tokio::time::sleep(GATHERING).await;
        let began = Instant::now();
        let read = fetch.await.map(Arc::new).map_err(Failure::from);
        // one caller's deadline is not the others'
        let is_shared = !matches!(&read, Err(failure) if failure.kind == ErrorKind::DeadlineExceeded);
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = is_shared.then(|| (began, read.clone()));
        read.map_err(|failure| failure.into_error(false))
    }

    /// What was read until now is not so any more, nor what is being read.
    pub(super) fn forget(&self) {
        *self.forgotten.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn recent(&self, asked: Instant, age: Duration) -> Option<Arc<T>> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, read) = newest.as_ref()?;
        let forgotten = *self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        if forgotten.is_some_and(|at| *began < at) {
            return None;
        }
        read.as_ref().ok().filter(|_| asked.saturating_duration_since(*began) < age).cloned()
    }
}

/// The same thing of several.
#[derive(Debug)]
pub(super) struct Flights<T>(Mutex<BTreeMap<String, Arc<Flight<T>>>>);

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Flights<T> {
    /// That of one of them.
    pub(super) fn of(&self, name: &str) -> Arc<Flight<T>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(name.to_owned()).or_default())
    }
}

/// The lists of one cloud.
#[derive(Debug, Default)]
pub(super) struct Reads {
    pub(super) volumes: Flight<Vec<Volume>>,
    pub(super) types: Flight<Vec<VolumeTypeAnswer>>,
    pub(super) groups: Flight<Vec<Group>>,
    pub(super) group_types: Flight<Vec<GroupType>>,
    pub(super) servers: Flight<Vec<Server>>,
    pub(super) asked_servers: Gathered,
    pub(super) flavors: Flight<Vec<Flavor>>,
    pub(super) quota: Flight<Quota>,
    pub(super) key_pairs: Flight<Vec<KeyPairEntry>>,
    pub(super) networks: Flight<Vec<Network>>,
    pub(super) subnets: Flight<Vec<Subnet>>,
    pub(super) ports: Flight<Vec<Port>>,
    pub(super) security_groups: Flight<Vec<SecurityGroup>>,
    /// By host.
    pub(super) manageable: Flights<Vec<Manageable>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    async fn slow(count: &AtomicUsize) -> Result<usize> {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(number)
    }

    #[tokio::test]
    async fn those_who_ask_meanwhile_share_the_next_reading() {
        let (flight, count) = (Flight::default(), AtomicUsize::new(0));
        let read = || flight.read(Until::none(), slow(&count));
        let later = async {
            tokio::time::sleep(GATHERING + Duration::from_millis(10)).await;
            tokio::join!(read(), read(), read())
        };
        let (first, second, (a, b, c)) = tokio::join!(read(), read(), later);
        assert_eq!([first, second].map(|read| *read.unwrap()), [1, 1], "those who ask together share");
        assert_eq!([a, b, c].map(|read| *read.unwrap()), [2, 2, 2], "none got what was read before it asked");
        assert_eq!(*read().await.unwrap(), 3, "what was read before is not used again");
    }

    #[tokio::test]
    async fn what_is_recent_enough_is_used_again_and_a_failure_never() {
        let (flight, count) = (Flight::default(), AtomicUsize::new(0));
        let within = |age| flight.read_within(age, Until::none(), slow(&count));
        assert_eq!(*within(CATALOGUE).await.unwrap(), 1);
        assert_eq!(*within(CATALOGUE).await.unwrap(), 1, "not read again");
        assert_eq!(*within(NOW).await.unwrap(), 2);
        assert_eq!(*within(CATALOGUE).await.unwrap(), 2, "the newest one");
        let down = async { Err(Error::new(ErrorKind::Unreachable, "down")) };
        flight.read(Until::none(), down).await.unwrap_err();
        assert_eq!(*within(CATALOGUE).await.unwrap(), 3);
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert_eq!(*within(Duration::from_millis(30)).await.unwrap(), 4, "too old");
    }

    #[tokio::test]
    async fn what_is_being_read_while_something_changes_is_too_old_for_those_who_ask_later() {
        for (changes, expected) in [(false, 1), (true, 2)] {
            let (flight, count) = (Flight::default(), AtomicUsize::new(0));
            let within = || flight.read_within(CATALOGUE, Until::none(), slow(&count));
            let change = async {
                while count.load(Ordering::SeqCst) == 0 {
                    tokio::task::yield_now().await;
                }
                if changes {
                    flight.forget();
                }
            };
            let (first, ()) = tokio::join!(within(), change);
            assert_eq!(*first.unwrap(), 1, "it asked before");
            assert_eq!(*within().await.unwrap(), expected, "changed: {changes}");
        }
    }

    #[tokio::test]
    async fn those_to_whom_a_recent_one_will_do_share_the_reading_that_is_under_way() {
        let (flight, count) = (Flight::default(), AtomicUsize::new(0));
        let within = || flight.read_within(CATALOGUE, Until::none(), slow(&count));
        let (a, b, c) = tokio::join!(within(), within(), within());
        assert_eq!([a, b, c].map(|read| *read.unwrap()), [1, 1, 1]);
    }

    #[tokio::test]
    async fn a_failure_is_shared_and_forgotten() {
        let (flight, count) = (Flight::<usize>::default(), AtomicUsize::new(0));
        let failing = || {
            flight.read(Until::none(), async {
                slow(&count).await?;
                Err(Error::new(ErrorKind::Unreachable, "down").remedy("up"))
            })
        };
        let later = async {
            tokio::time::sleep(GATHERING + Duration::from_millis(10)).await;
            tokio::join!(failing(), failing())
        };
        let (first, (a, b)) = tokio::join!(failing(), later);
        for read in [first, a, b] {
            assert_eq!(read.unwrap_err().to_string(), "down (up)");
        }
        assert_eq!(count.load(Ordering::SeqCst), 2, "the two later ones shared one attempt");
        assert_eq!(*flight.read(Until::none(), slow(&count)).await.unwrap(), 3);
    }
}
