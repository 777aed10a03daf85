//! Lists that decisions look at, read once for all who ask at the same time.
//!
//! A caller gets a list whose reading began after it asked, so nothing that it knows of can be missing from it. Those who
//! ask while one is being read wait for the next one, and share that. Twenty-five servers that are waited for cost one list.

use super::answers::{
    Flavor, Group, GroupType, KeyPairEntry, Network, Port, SecurityGroup, Server, Subnet, Volume, VolumeTypeAnswer,
};
use super::failure::{Again, Failure};
use super::session::Until;
use crate::{ErrorKind, Result};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A reading that began at that instant, and what came of it.
type Reading<T> = (Instant, Result<Arc<T>, Failure>);

/// One thing that is read for all who ask at the same time.
#[derive(Debug)]
pub(super) struct Flight<T> {
    turn: tokio::sync::Mutex<()>,
    newest: Mutex<Option<Reading<T>>>,
}

impl<T> Default for Flight<T> {
    fn default() -> Self {
        Self { turn: tokio::sync::Mutex::default(), newest: Mutex::default() }
    }
}

impl<T> Flight<T> {
    /// What `fetch` reads, or what somebody else began to read after this was called.
    ///
    /// # Errors
    /// as `fetch`; the deadline came while somebody else was reading → `DeadlineExceeded`.
    pub(super) async fn read(&self, until: Until, fetch: impl Future<Output = Result<T>>) -> Result<Arc<T>> {
        let asked = Instant::now();
        let Some(_turn) = until.wait(self.turn.lock()).await else {
            let text = "the deadline came while the cloud was asked for others";
            return Err(Failure::new(ErrorKind::DeadlineExceeded, Again::Never, text).into_error(false));
        };
        let shared = self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, read)) = shared.filter(|(began, _)| *began >= asked) {
            return read.map_err(|failure| failure.into_error(false));
        }
        let began = Instant::now();
        let read = fetch.await.map(Arc::new).map_err(Failure::from);
        // one caller's deadline is not the others'
        let is_shared = !matches!(&read, Err(failure) if failure.kind == ErrorKind::DeadlineExceeded);
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = is_shared.then(|| (began, read.clone()));
        read.map_err(|failure| failure.into_error(false))
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
    pub(super) flavors: Flight<Vec<Flavor>>,
    pub(super) key_pairs: Flight<Vec<KeyPairEntry>>,
    pub(super) networks: Flight<Vec<Network>>,
    pub(super) subnets: Flight<Vec<Subnet>>,
    pub(super) ports: Flight<Vec<Port>>,
    pub(super) security_groups: Flight<Vec<SecurityGroup>>,
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
            tokio::time::sleep(Duration::from_millis(5)).await;
            tokio::join!(read(), read(), read())
        };
        let (first, (a, b, c)) = tokio::join!(read(), later);
        let later = [a, b, c].map(|read| *read.unwrap());
        assert_eq!((*first.unwrap(), later), (1, [2, 2, 2]), "none got what was read before it asked");
        assert_eq!(*read().await.unwrap(), 3, "what was read before is not used again");
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
            tokio::time::sleep(Duration::from_millis(5)).await;
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
