//! The other site's metadata, when its store is in the same process.

use super::rehearsals;
use crate::model::{GroupRecord, OpenOperation, ProtectionGroupId, SiteName};
use crate::ports::{GroupChange, OpenTest, Peer, PeerVersion, Store};
use crate::rules::hold::takes_from;
use crate::{Error, ErrorKind, Result};
use async_trait::async_trait;
use std::{fmt, sync::Arc};

/// Tells whether the other site can be reached; a simulated world can take it away.
pub type Reachable = Arc<dyn Fn() -> Result<bool> + Send + Sync>;

/// A [`Peer`] over a [`Store`] of this process.
pub struct InProcessPeer {
    site: SiteName,
    store: Arc<dyn Store>,
    reachable: Reachable,
}

impl InProcessPeer {
    /// The store of `site`, as long as `reachable` says so.
    pub fn new(site: SiteName, store: Arc<dyn Store>, reachable: Reachable) -> Self {
        Self { site, store, reachable }
    }

    async fn held(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.ping().await?;
        self.store.group(group.as_str()).await
    }

    fn differs(&self, held: Option<&GroupRecord>, expected: PeerVersion) -> Error {
        let text = |version: Option<u64>| version.map_or("no version".to_owned(), |v| format!("version {v}"));
        let held = text(held.map(|r| r.version.0));
        let expected = text(if let PeerVersion::At(v) = expected { Some(v.0) } else { None });
        Error::conflict(format!("{} holds {held} of the group, not {expected}", self.site))
            .remedy("openstack protector protection-group sync-status <group>")
    }
}

fn is_held(open: &OpenOperation) -> Error {
    let OpenOperation { id, kind, site } = open;
    Error::conflict(format!("{kind} {id} of {site} holds the group there")).remedy(format!(
        "bring it to its end there: openstack --os-cloud {site} protector operation resume {id}, or abort {id}"
    ))
}

impl fmt::Debug for InProcessPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcessPeer").field("site", &self.site).finish_non_exhaustive()
    }
}

impl fmt::Display for InProcessPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in this process", self.site)
    }
}

#[async_trait]
impl Peer for InProcessPeer {
    fn site(&self) -> &SiteName {
        &self.site
    }

    async fn ping(&self) -> Result<()> {
        if (self.reachable)()? {
            return Ok(());
        }
        Err(Error::new(ErrorKind::PeerUnreachable, format!("{} does not answer", self.site)))
    }

    async fn version(&self, group: &ProtectionGroupId) -> Result<PeerVersion> {
        Ok(self.held(group).await?.map_or(PeerVersion::Absent, |record| PeerVersion::At(record.version)))
    }

    async fn record(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.held(group).await
    }

    async fn agreed(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.ping().await?;
        self.store.agreed_group(group).await
    }

    async fn open_tests(&self, group: &ProtectionGroupId) -> Result<Vec<OpenTest>> {
        self.ping().await?;
        rehearsals::open_tests(&*self.store, group).await
    }

    async fn push(&self, record: &GroupRecord, expected: PeerVersion) -> Result<()> {
        let held = self.held(&record.group.id).await?;
        let open = held.as_ref().and_then(|held| takes_from(held, record, &self.site));
        match (&held, expected) {
            (Some(held), _) if held == record => Ok(()),
            _ if let Some(open) = open => Err(is_held(open)),
            (None, PeerVersion::Absent) => self.store.create_group(record).await,
            (Some(held), PeerVersion::At(version)) if held.version == version => {
                // whether the other site comes to hold it, too, is learned there
                let change = GroupChange { record: record.clone(), expected: version, agreed: false };
                self.store.update_group(&change).await
            }
            _ => Err(self.differs(held.as_ref(), expected)),
        }
    }

    async fn remove(&self, group: &ProtectionGroupId, expected: PeerVersion) -> Result<()> {
        let held = self.held(group).await?;
        match (&held, expected) {
            (None, _) => Ok(()),
            (Some(held), PeerVersion::At(version)) if held.version == version => {
                self.store.delete_group(group, version).await
            }
            _ => Err(self.differs(held.as_ref(), expected)),
        }
    }
}
