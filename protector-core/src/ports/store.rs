//! The state of one site.

use super::StopRequest;
use crate::Result;
use crate::model::{
    GroupRecord, LeaseHolder, MetadataVersion, OperationId, OperationKind, ProjectId, ProtectionGroupId, RpoSample,
    RpoSpan, Site, SiteName, Worker, WorkerBeat,
};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt::{Debug, Display};
use std::sync::Arc;

/// An operation as it was accepted. How it stands is in its journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredOperation {
    /// Identity.
    pub id: OperationId,
    /// Group it works on.
    pub group: ProtectionGroupId,
    /// Name of the group when it was accepted, so that the list still reads well after the group is gone.
    pub group_name: String,
    /// Project that owned the group.
    pub project: ProjectId,
    /// What it does.
    pub kind: OperationKind,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// The accepted plan as JSON text, with the schema version inside. Opaque to a store.
    pub plan: String,
}

/// One journal record as stored. The chain makes a changed or missing record visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Position, from 0 without gaps.
    pub sequence: u64,
    /// When it was written, by the engine's clock.
    pub at: Timestamp,
    /// The record as JSON text, which the hash covers. Opaque to a store, which keeps it to the letter.
    pub record: String,
    /// Hash of the entry before; 64 zeros for the first.
    pub previous_hash: Arc<str>,
    /// SHA-256 in hex over sequence, time, record and previous hash; see [`JournalEntry::seal`].
    pub hash: Arc<str>,
}

/// A change of group metadata that goes with journal entries in one transaction.
#[derive(Debug, Clone)]
pub struct GroupChange {
    /// The new record, with its new version.
    pub record: GroupRecord,
    /// The version that must be stored now.
    pub expected: MetadataVersion,
    /// The other site holds `record` already: it is kept as what both agree on, see [`Store::agreed_group`].
    pub agreed: bool,
}

/// Which groups to list.
#[derive(Debug, Clone, Default)]
pub struct GroupFilter {
    /// Only those of this project.
    pub project: Option<ProjectId>,
    /// Only those behind this one.
    pub after: Option<GroupPosition>,
    /// At most so many. `None`: all.
    pub limit: Option<u32>,
}

/// Where a group stands in a list: by name, and by id among those of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPosition {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: ProtectionGroupId,
}

/// Which operations to list.
#[derive(Debug, Clone, Default)]
pub struct OperationFilter {
    /// Only those on groups of this project.
    pub project: Option<ProjectId>,
    /// Only those of this group.
    pub group: Option<ProtectionGroupId>,
    /// Only those that do this.
    pub kind: Option<OperationKind>,
    /// Only those that hold their group: they have not ended.
    pub open: bool,
    /// At most so many, newest first. `None`: all.
    pub limit: Option<u32>,
}

/// How long steps of one kind took at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDurations {
    /// The action's word in plans, for example `ensure_server`.
    pub action: String,
    /// Site whose cloud or array the steps needed; absent for those on the metadata of both sites.
    pub site: Option<SiteName>,
    /// Newest last.
    pub milliseconds: Vec<u64>,
}

/// How many durations of one kind and site a store keeps: the newest ones, so that a forecast follows the world.
pub const KEPT_DURATIONS: usize = 64;

/// The right to execute an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who has it.
    pub holder: LeaseHolder,
    /// Fencing number: grows with each new holder.
    pub generation: u64,
    /// Until when, by the engine's clock.
    pub expires_at: Timestamp,
}

/// The state of one site.
///
/// # Contract
/// Each call is one transaction: all of it happens or none. Uniqueness holds under concurrent callers in several
/// processes: site name; group name within its project; group id; consistency group and each of its Cinder groups; `pure_pg_name` within the
/// pair of sites; server as member of one group; volume as disk of one group; one open operation per group. A write that
/// would break one of them fails with `AlreadyExists` or `Conflict` that names the value, and changes nothing. Array
/// tokens are stored encrypted; a record read back carries them.
///
/// # Errors common to all
/// database cannot be read or written → `Storage` → mend the named path; locked past the busy time-out → `Transient` →
/// retry; schema newer than this build, or not created → `Storage` with the command; tokens to write or read and no key
/// repository → `InvalidConfiguration`.
#[async_trait]
pub trait Store: Debug + Display + Send + Sync {
    /// All sites by name.
    async fn sites(&self) -> Result<Vec<Site>>;

    /// Registers a site. The very same site stored already: succeeds.
    ///
    /// # Errors
    /// name taken by another → `AlreadyExists`.
    async fn create_site(&self, site: &Site) -> Result<()>;

    /// Forgets a site.
    ///
    /// # Errors
    /// no such site → `NotFound`; a group refers to it → `Conflict` naming the groups.
    async fn delete_site(&self, name: &SiteName) -> Result<()>;

    /// All groups by name.
    async fn groups(&self) -> Result<Vec<GroupRecord>> {
        self.list_groups(&GroupFilter::default()).await
    }

    /// Groups by name, and those of one name by id: a page of them, or those of a project.
    async fn list_groups(&self, filter: &GroupFilter) -> Result<Vec<GroupRecord>>;

    /// The group with this id or, if there is none, with this name.
    ///
    /// # Errors
    /// several projects have a group of that name → `Conflict` → name it by id.
    async fn group(&self, id_or_name: &str) -> Result<Option<GroupRecord>>;

    /// The same among the groups of a project. Those of others are as if they were not there.
    async fn group_of(&self, project: &ProjectId, id_or_name: &str) -> Result<Option<GroupRecord>>;

    /// Adds a group.
    ///
    /// # Errors
    /// name, id, consistency group, array group, server or volume taken → `AlreadyExists` or `Conflict` naming it.
    async fn create_group(&self, record: &GroupRecord) -> Result<()>;

    /// Replaces a group's record.
    ///
    /// # Errors
    /// stored version differs from `expected` → `Conflict`; no such group → `NotFound`; uniqueness as `create_group`.
    async fn update_group(&self, change: &GroupChange) -> Result<()>;

    /// The newest record of which this site has learned that both sites held it, without tokens; `None`: it has learned of
    /// none. Of two sites only the one that told the other learns of it, so the newer one of both answers counts.
    async fn agreed_group(&self, id: &ProtectionGroupId) -> Result<Option<GroupRecord>>;

    /// Keeps `record` as what both sites agree on. One of a higher version is kept already: changes nothing.
    ///
    /// # Errors
    /// no such group → `NotFound`.
    async fn agree(&self, record: &GroupRecord) -> Result<()>;

    /// Whether the tokens of `record` could be stored. Writes nothing: who is about to act on an array for the record asks first.
    ///
    /// # Errors
    /// there are tokens and no keys to encrypt them with → `InvalidConfiguration` with the command.
    async fn check_tokens(&self, record: &GroupRecord) -> Result<()>;

    /// Removes a group, and what both sites agreed on. Its operations and journals stay.
    ///
    /// # Errors
    /// stored version differs from `expected` → `Conflict`; no such group → `NotFound`.
    async fn delete_group(&self, id: &ProtectionGroupId, expected: MetadataVersion) -> Result<()>;

    /// Opens an operation: stores it, its first journal entries and the changed group record together.
    ///
    /// # Errors
    /// the group has an open operation → `Conflict` naming it; version differs, or `entries` do not start a journal →
    /// `Conflict`; id taken → `AlreadyExists`.
    async fn begin_operation(
        &self,
        operation: &StoredOperation,
        entries: &[JournalEntry],
        change: Option<&GroupChange>,
    ) -> Result<()>;

    /// One operation.
    async fn operation(&self, id: &OperationId) -> Result<Option<StoredOperation>>;

    /// Operations, newest first.
    async fn operations(&self, filter: &OperationFilter) -> Result<Vec<StoredOperation>>;

    /// The journal of an operation in order, from `from` on.
    async fn journal(&self, id: &OperationId, from: u64) -> Result<Vec<JournalEntry>>;

    /// At most `limit` entries of it from `from` on; fewer: there are no more.
    async fn journal_page(&self, id: &OperationId, from: u64, limit: u32) -> Result<Vec<JournalEntry>>;

    /// Appends entries, durable when the call returns. `lease`: the generation of the caller's lease; 0 while nobody holds
    /// one. `close` ends the operation's hold on its group, and with it every request to stop it. Returns the request to stop
    /// that waits, so that whoever writes hears of it without asking.
    ///
    /// # Errors
    /// no such operation → `NotFound`; the first entry is not the successor of the last stored one (somebody else wrote) →
    /// `Conflict`; `lease` is not the current generation → `Conflict`; version differs → `Conflict`.
    async fn append(
        &self,
        id: &OperationId,
        lease: u64,
        entries: &[JournalEntry],
        change: Option<&GroupChange>,
        close: bool,
    ) -> Result<Option<StopRequest>>;

    /// Ends an operation that ran through: as [`Store::append`] with `close`, and keeps how long its steps took with what
    /// is known from before, at most [`KEPT_DURATIONS`] of each kind and site; all of it in one transaction.
    ///
    /// # Errors
    /// as [`Store::append`].
    async fn finish_operation(
        &self,
        id: &OperationId,
        lease: u64,
        entries: &[JournalEntry],
        change: Option<&GroupChange>,
        durations: &[StepDurations],
    ) -> Result<()>;

    /// How long steps took, by action and site.
    async fn durations(&self) -> Result<Vec<StepDurations>>;

    /// The current lease of an operation, expired or not.
    async fn lease(&self, id: &OperationId) -> Result<Option<Lease>>;

    /// Takes or renews the lease. `replaces`: the generation the caller saw and judged dead or expired; `None` if it saw none.
    /// The holder itself may renew at any time.
    ///
    /// # Errors
    /// no such operation → `NotFound`; held by somebody else and not the generation in `replaces` → `Conflict` naming the
    /// holder.
    async fn acquire_lease(
        &self,
        id: &OperationId,
        holder: &LeaseHolder,
        expires_at: Timestamp,
        replaces: Option<u64>,
    ) -> Result<Lease>;

    /// Makes the lease last longer, for a holder that believes to have it.
    ///
    /// # Errors
    /// `generation` is not in force any more, or was given back → `Conflict`: somebody else may be at work.
    async fn renew_lease(&self, id: &OperationId, generation: u64, expires_at: Timestamp) -> Result<Lease>;

    /// Gives the lease back. Not held any more: succeeds. The next holder gets a higher generation all the same.
    async fn release_lease(&self, id: &OperationId, generation: u64) -> Result<()>;

    /// Asks whoever executes the operation to stop. The last request counts, except that a cancel does not replace an abort.
    /// Returns the one that counts.
    ///
    /// # Errors
    /// no such operation → `NotFound`.
    async fn request_stop(&self, id: &OperationId, request: &StopRequest) -> Result<StopRequest>;

    /// The request to stop that waits.
    async fn stop_request(&self, id: &OperationId) -> Result<Option<StopRequest>>;

    /// Takes back `request`. Another one waits by now, or none: changes nothing.
    async fn withdraw_stop(&self, id: &OperationId, request: &StopRequest) -> Result<()>;

    /// Adds samples to what is known of how groups kept their objectives, as
    /// [`rpo_history::record`](crate::rules::rpo_history::record) does; all of them in one transaction. The group of a sample
    /// is not stored (any more): that sample is passed over.
    async fn record_rpo(&self, samples: &[RpoSample]) -> Result<()>;

    /// How a group kept its objective, oldest first. It goes with the group.
    async fn rpo_history(&self, group: &ProtectionGroupId) -> Result<Vec<RpoSpan>>;

    /// A worker shows that it lives. Its first beat begins its entry, a later one renews it, also after a clean end. Entries
    /// that nobody renewed for [`KEPT_UNSEEN`](crate::rules::engine_service::KEPT_UNSEEN) before this beat go.
    async fn record_worker(&self, beat: &WorkerBeat) -> Result<()>;

    /// A worker ends of its own accord, at this time. It never showed itself: changes nothing.
    async fn stop_worker(&self, holder: &LeaseHolder, at: Timestamp) -> Result<()>;

    /// The workers that are remembered, in the order in which they began.
    async fn workers(&self) -> Result<Vec<Worker>>;
}
