//! The other site's metadata, when its store is in the same process.

use super::Reachable;
use super::answers::Answers;
use crate::model::{Drills, GroupRecord, ProtectionGroupId, SiteName};
use crate::ports::{OpenTest, Peer, PeerVersion, Store};
use crate::{Error, ErrorKind, Result};
use async_trait::async_trait;
use std::{fmt, sync::Arc};

/// A [`Peer`] over a [`Store`] of this process.
pub struct InProcessPeer {
    answers: Answers,
    reachable: Reachable,
}

impl InProcessPeer {
    /// The store of `site`, as long as `reachable` says so.
    pub fn new(site: SiteName, store: Arc<dyn Store>, reachable: Reachable) -> Self {
        Self { answers: Answers::new(site, store), reachable }
    }

    /// The answers, if there are any.
    fn asked(&self) -> Result<&Answers> {
        if (self.reachable)()? {
            return Ok(&self.answers);
        }
        Err(Error::new(ErrorKind::PeerUnreachable, format!("{} does not answer", self.answers.site())))
    }
}

impl fmt::Debug for InProcessPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcessPeer").field("answers", &self.answers).finish_non_exhaustive()
    }
}

impl fmt::Display for InProcessPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in this process", self.answers.site())
    }
}

#[async_trait]
impl Peer for InProcessPeer {
    fn site(&self) -> &SiteName {
        self.answers.site()
    }

    async fn ping(&self) -> Result<()> {
        self.asked().map(drop)
    }

    async fn version(&self, group: &ProtectionGroupId) -> Result<PeerVersion> {
        self.asked()?.version(group).await
    }

    async fn record(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.asked()?.record(group).await
    }

    async fn agreed(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.asked()?.agreed(group).await
    }

    async fn open_tests(&self, group: &ProtectionGroupId) -> Result<Vec<OpenTest>> {
        self.asked()?.open_tests(group).await
    }

    async fn drills(&self, group: &ProtectionGroupId) -> Result<Drills> {
        self.asked()?.drills(group).await
    }

    async fn check_tokens(&self, record: &GroupRecord) -> Result<()> {
        self.asked()?.check_tokens(record).await
    }

    async fn push(&self, record: &GroupRecord, expected: PeerVersion) -> Result<()> {
        self.asked()?.push(record, expected).await
    }

    async fn remove(&self, group: &ProtectionGroupId, expected: PeerVersion) -> Result<()> {
        self.asked()?.remove(group, expected).await
    }
}
