//! What a site answers to the other one, out of its own store.

use crate::engine::{rehearsals, report};
use crate::model::{Drills, GroupRecord, OpenOperation, ProtectionGroupId, SiteName};
use crate::ports::{GroupChange, OpenTest, PeerVersion, Store};
use crate::rules::hold::takes_from;
use crate::{Error, Result};
use std::{fmt, sync::Arc};

/// One site's own metadata. The calls are those of [`Peer`](crate::ports::Peer), and keep its contract.
#[derive(Clone)]
pub(super) struct Answers {
    site: SiteName,
    store: Arc<dyn Store>,
}

impl Answers {
    /// Out of the store of `site`.
    pub(super) fn new(site: SiteName, store: Arc<dyn Store>) -> Self {
        Self { site, store }
    }

    /// Whose answers they are.
    pub(super) fn site(&self) -> &SiteName {
        &self.site
    }

    pub(super) async fn version(&self, group: &ProtectionGroupId) -> Result<PeerVersion> {
        Ok(self.record(group).await?.map_or(PeerVersion::Absent, |record| PeerVersion::At(record.version)))
    }

    pub(super) async fn record(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.store.group(group.as_str()).await
    }

    pub(super) async fn agreed(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.store.agreed_group(group).await
    }

    pub(super) async fn open_tests(&self, group: &ProtectionGroupId) -> Result<Vec<OpenTest>> {
        rehearsals::open_tests(&*self.store, group).await
    }

    pub(super) async fn drills(&self, group: &ProtectionGroupId) -> Result<Drills> {
        report::drills(&*self.store, group, &self.site).await
    }

    pub(super) async fn check_tokens(&self, record: &GroupRecord) -> Result<()> {
        self.store.check_tokens(record).await.map_err(|e| e.context(&self.site))
    }

    pub(super) async fn push(&self, record: &GroupRecord, expected: PeerVersion) -> Result<()> {
        let held = self.record(&record.group.id).await?;
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

    pub(super) async fn remove(&self, group: &ProtectionGroupId, expected: PeerVersion) -> Result<()> {
        let held = self.record(group).await?;
        match (&held, expected) {
            (None, _) => Ok(()),
            (Some(held), PeerVersion::At(version)) if held.version == version => {
                self.store.delete_group(group, version).await
            }
            _ => Err(self.differs(held.as_ref(), expected)),
        }
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

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").field("site", &self.site).finish_non_exhaustive()
    }
}
