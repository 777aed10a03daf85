//! The other site's metadata.

use crate::model::{Drills, GroupRecord, MetadataVersion, OperationId, ProtectionGroupId, SiteName};
use crate::{Error, Result};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt::{Debug, Display};

/// What the other site knows about a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerVersion {
    /// It holds the group at this version.
    At(MetadataVersion),
    /// It has never heard of the group.
    Absent,
}

/// A test failover that runs, or that nobody has cleaned up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OpenTest {
    /// The test.
    pub operation: OperationId,
    /// Where its servers stand.
    pub site: SiteName,
    /// Since when.
    pub since: Timestamp,
}

/// The other site's metadata.
///
/// # Contract
/// `push` and `remove` are atomic: the other site holds either all of the new record or the one before.
#[async_trait]
pub trait Peer: Debug + Display + Send + Sync {
    /// The other site.
    fn site(&self) -> &SiteName;

    /// Whether it answers.
    ///
    /// # Errors
    /// no answer → `PeerUnreachable` → refuse edits and planned operations; an unplanned failover goes on without it.
    async fn ping(&self) -> Result<()>;

    /// The version it holds.
    ///
    /// # Errors
    /// no answer → `PeerUnreachable`.
    async fn version(&self, group: &ProtectionGroupId) -> Result<PeerVersion>;

    /// The record it holds, with its tokens; `None`: it does not have the group.
    ///
    /// # Errors
    /// no answer → `PeerUnreachable` → whether the sites agree is not known.
    async fn record(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>>;

    /// What [`Store::agreed_group`](super::Store::agreed_group) says there. `None`: it does not know of any.
    ///
    /// # Errors
    /// as [`Peer::record`].
    async fn agreed(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>>;

    /// Test failovers of the group that were made from the other site, and are not cleaned up; newest first. They are in its
    /// journals alone.
    ///
    /// # Errors
    /// no answer → `PeerUnreachable`; it cannot tell → `Unsupported`. Neither means that there are none.
    async fn open_tests(&self, group: &ProtectionGroupId) -> Result<Vec<OpenTest>> {
        Err(Error::unsupported(format!("{} cannot tell which test failovers of {group} are open", self.site())))
    }

    /// Test failovers of the group that were made from the other site and have ended. They are in its journals alone.
    ///
    /// # Errors
    /// no answer → `PeerUnreachable`; it cannot tell → `Unsupported`. Neither means that there are none.
    async fn drills(&self, group: &ProtectionGroupId) -> Result<Drills> {
        Err(Error::unsupported(format!("{} cannot tell how drills of {group} went", self.site())))
    }

    /// [`Store::check_tokens`](super::Store::check_tokens) there.
    ///
    /// # Errors
    /// as there; no answer → `PeerUnreachable`.
    async fn check_tokens(&self, record: &GroupRecord) -> Result<()>;

    /// Makes the other site hold `record`. `expected` is the version it must hold now. If it already holds exactly
    /// `record`, the call succeeds.
    ///
    /// # Errors
    /// another version there → `Conflict` → the group is out of sync, nothing was written; an operation of that site holds the
    /// group there and `record` would end its hold ([`takes_from`](crate::rules::hold::takes_from)) → `Conflict`; a name or array group taken
    /// there → `AlreadyExists` / `Conflict`; no answer → `PeerUnreachable` before, `Indeterminate` after sending.
    async fn push(&self, record: &GroupRecord, expected: PeerVersion) -> Result<()>;

    /// Makes the other site forget the group. Absent already: succeeds.
    ///
    /// # Errors
    /// as [`Peer::push`].
    async fn remove(&self, group: &ProtectionGroupId, expected: PeerVersion) -> Result<()>;
}
