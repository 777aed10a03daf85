//! The other site's metadata, behind calls that take time.

use super::Latencies;
use async_trait::async_trait;
use protector_core::Result;
use protector_core::model::{GroupRecord, ProtectionGroupId, SiteName};
use protector_core::ports::{Peer, PeerVersion};
use std::{fmt, sync::Arc};

#[derive(Debug)]
pub(super) struct SlowPeer {
    pub(super) inner: Arc<dyn Peer>,
    pub(super) latencies: Arc<Latencies>,
}

impl fmt::Display for SlowPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl Peer for SlowPeer {
    fn site(&self) -> &SiteName {
        self.inner.site()
    }

    async fn ping(&self) -> Result<()> {
        self.latencies.call().await;
        self.inner.ping().await
    }

    async fn version(&self, group: &ProtectionGroupId) -> Result<PeerVersion> {
        self.latencies.call().await;
        self.inner.version(group).await
    }

    async fn record(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.latencies.call().await;
        self.inner.record(group).await
    }

    async fn agreed(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.latencies.call().await;
        self.inner.agreed(group).await
    }

    async fn check_tokens(&self, record: &GroupRecord) -> Result<()> {
        self.latencies.call().await;
        self.inner.check_tokens(record).await
    }

    async fn push(&self, record: &GroupRecord, expected: PeerVersion) -> Result<()> {
        self.latencies.call().await;
        self.inner.push(record, expected).await
    }

    async fn remove(&self, group: &ProtectionGroupId, expected: PeerVersion) -> Result<()> {
        self.latencies.call().await;
        self.inner.remove(group, expected).await
    }
}
