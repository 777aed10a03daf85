//! The way from one site to the metadata of the other one, cut at a chosen moment.

use async_trait::async_trait;
use protector_core::engine::{Engine, StorageDefaults};
use protector_core::exec::{Endpoints, Limits};
use protector_core::model::{Drills, GroupRecord, ProtectionGroupId, SiteName};
use protector_core::ports::{GroupChange, OpenTest, Peer, PeerVersion, Store};
use protector_core::{Error, ErrorKind, Result};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How the other site fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// It answers.
    Up,
    /// It does not.
    Down,
    /// It goes down before the next change arrives; nobody knows that it did not.
    DiesBeforeIt,
    /// It goes down after the next change has arrived; nobody knows that it did.
    DiesAfterIt,
    /// The answer to the next change is lost.
    LosesAnAnswer,
    /// The next change arrives, another one is made on this site meanwhile, and the other site goes down.
    OvertakenThenDown,
}

/// Says how the other site fares. Clones are one and the same.
#[derive(Debug, Clone)]
pub struct Link(Arc<Mutex<Weather>>);

impl Default for Link {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Weather::Up)))
    }
}

impl Link {
    /// From now on.
    pub fn set(&self, weather: Weather) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = weather;
    }

    fn now(&self) -> Weather {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `engine` with `link` between it and the other site's metadata.
pub fn linked(engine: &Engine, link: &Link) -> Engine {
    let endpoints = engine.endpoints().clone();
    let (inner, store) = (endpoints.peer.clone(), endpoints.store.clone());
    let peer = Arc::new(LinkedPeer { inner, store, link: link.clone() });
    let endpoints = Endpoints { peer, ..endpoints };
    Engine::new(engine.site().clone(), endpoints, StorageDefaults::default(), Limits::SEQUENTIAL)
}

#[derive(Debug)]
struct LinkedPeer {
    inner: Arc<dyn Peer>,
    /// Of this site.
    store: Arc<dyn Store>,
    link: Link,
}

impl LinkedPeer {
    fn asked(&self) -> Result<()> {
        match self.link.now() {
            Weather::Down => {
                Err(Error::new(ErrorKind::PeerUnreachable, format!("{} does not answer", self.inner.site())))
            }
            _ => Ok(()),
        }
    }

    fn lost(&self, then: Weather) -> Result<()> {
        self.link.set(then);
        Err(Error::new(ErrorKind::Indeterminate, format!("no answer came from {}", self.inner.site())))
    }

    /// What becomes of a change; `group`: whose record it is.
    async fn tell(&self, group: &ProtectionGroupId, change: impl Future<Output = Result<()>> + Send) -> Result<()> {
        self.asked()?;
        let weather = self.link.now();
        if weather == Weather::DiesBeforeIt {
            return self.lost(Weather::Down);
        }
        change.await?;
        match weather {
            Weather::DiesAfterIt => self.lost(Weather::Down),
            Weather::LosesAnAnswer => self.lost(Weather::Up),
            Weather::OvertakenThenDown => {
                self.overtake(group).await?;
                self.link.set(Weather::Down);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn overtake(&self, group: &ProtectionGroupId) -> Result<()> {
        let Some(mut record) = self.store.group(group.as_str()).await? else { return Ok(()) };
        let expected = record.version;
        record.version = expected.next();
        record.group.description = Some("faster".into());
        self.store.update_group(&GroupChange { record, expected, agreed: false }).await
    }
}

impl fmt::Display for LinkedPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl Peer for LinkedPeer {
    fn site(&self) -> &SiteName {
        self.inner.site()
    }

    async fn ping(&self) -> Result<()> {
        self.asked()?;
        self.inner.ping().await
    }

    async fn version(&self, group: &ProtectionGroupId) -> Result<PeerVersion> {
        self.asked()?;
        self.inner.version(group).await
    }

    async fn record(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.asked()?;
        self.inner.record(group).await
    }

    async fn agreed(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.asked()?;
        self.inner.agreed(group).await
    }

    async fn open_tests(&self, group: &ProtectionGroupId) -> Result<Vec<OpenTest>> {
        self.asked()?;
        self.inner.open_tests(group).await
    }

    async fn drills(&self, group: &ProtectionGroupId) -> Result<Drills> {
        self.asked()?;
        self.inner.drills(group).await
    }

    async fn check_tokens(&self, record: &GroupRecord) -> Result<()> {
        self.asked()?;
        self.inner.check_tokens(record).await
    }

    async fn push(&self, record: &GroupRecord, expected: PeerVersion) -> Result<()> {
        self.tell(&record.group.id, self.inner.push(record, expected)).await
    }

    async fn remove(&self, group: &ProtectionGroupId, expected: PeerVersion) -> Result<()> {
        self.tell(group, self.inner.remove(group, expected)).await
    }
}
