//! The other site hears of an end that this one never learns was heard, and goes on.

use super::*;
use async_trait::async_trait;
use protector_core::engine::StorageDefaults;
use protector_core::exec::{Endpoints, Limits};
use protector_core::model::ProtectionGroupId;
use protector_core::ports::{Peer, PeerVersion};
use std::fmt;

/// A peer whose answers to a record without an open operation never come.
#[derive(Debug)]
struct EndsUnheard(Arc<dyn Peer>);

impl fmt::Display for EndsUnheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
impl Peer for EndsUnheard {
    fn site(&self) -> &SiteName {
        self.0.site()
    }

    async fn ping(&self) -> Result<()> {
        self.0.ping().await
    }

    async fn version(&self, group: &ProtectionGroupId) -> Result<PeerVersion> {
        self.0.version(group).await
    }

    async fn record(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.0.record(group).await
    }

    async fn agreed(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.0.agreed(group).await
    }

    async fn check_tokens(&self, record: &GroupRecord) -> Result<()> {
        self.0.check_tokens(record).await
    }

    async fn push(&self, record: &GroupRecord, expected: PeerVersion) -> Result<()> {
        self.0.push(record, expected).await?;
        match record.group.operation {
            Some(_) => Ok(()),
            None => Err(Error::new(ErrorKind::Indeterminate, "no answer came")),
        }
    }

    async fn remove(&self, group: &ProtectionGroupId, expected: PeerVersion) -> Result<()> {
        self.0.remove(group, expected).await
    }
}

/// I-03: what was told the end once may have begun something of its own since. Then the end is made here with the mark of
/// divergence, instead of waiting for a version that never comes back.
#[tokio::test]
async fn an_end_that_the_other_site_is_past_is_made_all_the_same() -> Result<()> {
    let stage = Stage::replicated().await?;
    let endpoints = stage.engine.endpoints().clone();
    let peer = Arc::new(EndsUnheard(endpoints.peer.clone()));
    let unheard =
        Engine::new(site_a(), Endpoints { peer, ..endpoints }, StorageDefaults::default(), Limits::SEQUENTIAL);
    let moved = stage.accepted(&failover()).await?;
    let waits = unheard.run(&moved, &Cancel::default(), &Progress::none()).await?;
    assert!(waits.error.is_some_and(|error| error.contains("no answer came")));
    assert_eq!(stage.record(&stage.engine).await?.group.operation.map(|open| open.id.to_string()), Some(moved.clone()));

    // nothing holds the group there any more, so it may be forced on
    let away = stage.other()?;
    let back = away.accept(&away.plan(GROUP, &unplanned(true)).await?).await?.id.to_string();
    let done = stage.engine.run(&moved, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    let record = stage.record(&stage.engine).await?;
    assert!(record.group.operation.is_none() && record.divergence.is_some(), "{record:#?}");

    let done = away.run(&back, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    assert_eq!(stage.record(&stage.engine).await?, stage.record(&away).await?);
    assert_eq!(stage.record(&away).await?.group.current_primary_site, site_a());
    Ok(())
}
