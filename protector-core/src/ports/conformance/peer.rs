//! The promises of [`Peer`].

use super::store::samples::{change, record};
use super::{Check, CheckResult, checks, ensure, ensure_equal, ensure_refused};
use crate::model::{Drills, GroupRecord, MetadataVersion, OpenOperation, OperationKind};
use crate::ports::{Peer, PeerVersion, Store};
use crate::{ApiToken, ErrorKind};
use std::sync::Arc;

/// What the checks work on: the way from `site-a` to the metadata of `site-b`, which has no group yet.
#[derive(Debug, Clone)]
pub struct PeerSubject {
    /// The way there.
    pub peer: Arc<dyn Peer>,
    /// What it leads to.
    pub there: Arc<dyn Store>,
    /// Whether array tokens can be stored there.
    pub keeps_tokens: bool,
}

/// All checks of a peer.
///
/// ```
/// use protector_core::engine::InProcessPeer;
/// use protector_core::ports::conformance::{peer, run_all};
/// use protector_core::store::{Durability, SqlStore, StoreLocation};
/// use std::sync::Arc;
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let report = run_all(&peer::suite(), async || {
///     let there = Arc::new(SqlStore::open(StoreLocation::Memory, None, Durability::Off)?);
///     let peer = Arc::new(InProcessPeer::new("site-b".into(), there.clone(), Arc::new(|| Ok(true))));
///     Ok(peer::PeerSubject { peer, there, keeps_tokens: false })
/// })
/// .await;
/// assert_eq!(report.skipped(), ["tokens_arrive"]);
/// assert!(report.into_result().is_ok());
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn suite() -> Vec<Check<PeerSubject>> {
    checks![
        it_answers_under_its_name,
        it_knows_nothing_of_a_new_group,
        a_group_arrives_whole,
        tokens_arrive if |subject| subject.keeps_tokens,
        tokens_that_could_not_be_kept_are_refused_beforehand if |subject| !subject.keeps_tokens,
        what_arrived_may_be_told_again,
        a_change_needs_the_version_before_it,
        a_name_may_be_taken_there,
        what_is_held_there_stays_held,
        what_is_agreed_on_there_is_told,
        an_end_needs_the_version_before_it,
    ]
}

const fn at(version: MetadataVersion) -> PeerVersion {
    PeerVersion::At(version)
}

async fn it_answers_under_its_name(PeerSubject { peer, .. }: &PeerSubject) -> CheckResult {
    peer.ping().await?;
    ensure_equal("site", &peer.site().as_str(), &"site-b")
}

async fn it_knows_nothing_of_a_new_group(PeerSubject { peer, .. }: &PeerSubject) -> CheckResult {
    let id = record("web").group.id;
    ensure_equal("version", &peer.version(&id).await?, &PeerVersion::Absent)?;
    ensure_equal("record", &peer.record(&id).await?, &None)?;
    ensure_equal("agreed", &peer.agreed(&id).await?, &None)?;
    ensure_equal("tests", &peer.open_tests(&id).await?, &Vec::new())?;
    ensure_equal("drills", &peer.drills(&id).await?, &Drills::default())?;
    peer.remove(&id, PeerVersion::Absent).await?;
    peer.remove(&id, at(MetadataVersion::FIRST)).await?;
    Ok(())
}

async fn a_group_arrives_whole(PeerSubject { peer, there, .. }: &PeerSubject) -> CheckResult {
    let web = record("web");
    peer.push(&web, PeerVersion::Absent).await?;
    ensure_equal("there", &there.group("web").await?, &Some(web.clone()))?;
    ensure_equal("version", &peer.version(&web.group.id).await?, &at(web.version))?;
    ensure_equal("record", &peer.record(&web.group.id).await?, &Some(web.clone()))?;
    let next = change(&web, |web| web.group.priority = 7).record;
    peer.push(&next, at(web.version)).await?;
    ensure_equal("changed", &there.group("web").await?, &Some(next))
}

async fn tokens_arrive(PeerSubject { peer, there, .. }: &PeerSubject) -> CheckResult {
    let mut web = record("web");
    if let Some(policy) = &mut web.policy {
        policy.secondary_fa_api_token = Some(ApiToken::new("T-secondary"));
    }
    peer.check_tokens(&web).await?;
    ensure_equal("before it is pushed", &there.group("web").await?, &None)?;
    peer.push(&web, PeerVersion::Absent).await?;
    // a comparison that fails must not print them
    let is_same = |found: Option<GroupRecord>| found.as_ref() == Some(&web);
    ensure(is_same(there.group("web").await?), || "the store there does not hold the token".to_owned())?;
    ensure(is_same(peer.record(&web.group.id).await?), || "the token does not come back".to_owned())
}

async fn tokens_that_could_not_be_kept_are_refused_beforehand(
    PeerSubject { peer, there, .. }: &PeerSubject,
) -> CheckResult {
    let mut web = record("web");
    peer.check_tokens(&web).await?;
    if let Some(policy) = &mut web.policy {
        policy.primary_fa_api_token = Some(ApiToken::new("T-primary"));
    }
    let refused = peer.check_tokens(&web).await;
    ensure_refused("beforehand", refused, ErrorKind::InvalidConfiguration, &["site-b", "without a key repository"])?;
    ensure_equal("there", &there.group("web").await?, &None)
}

async fn what_arrived_may_be_told_again(PeerSubject { peer, there, .. }: &PeerSubject) -> CheckResult {
    let web = record("web");
    let next = change(&web, |web| web.group.priority = 7).record;
    peer.push(&web, PeerVersion::Absent).await?;
    peer.push(&web, PeerVersion::Absent).await?;
    peer.push(&next, at(web.version)).await?;
    peer.push(&next, at(web.version)).await?;
    ensure_equal("there", &there.group("web").await?, &Some(next))
}

async fn a_change_needs_the_version_before_it(PeerSubject { peer, there, .. }: &PeerSubject) -> CheckResult {
    let web = record("web");
    let next = change(&web, |web| web.group.priority = 7).record;
    let refused = peer.push(&next, at(web.version)).await;
    ensure_refused("of no group", refused, ErrorKind::Conflict, &["site-b holds no version", "not version 1"])?;
    peer.push(&web, PeerVersion::Absent).await?;
    for expected in [PeerVersion::Absent, at(next.version)] {
        let refused = peer.push(&next, expected).await;
        ensure_refused("another version", refused, ErrorKind::Conflict, &["site-b holds version 1"])?;
    }
    ensure_equal("there", &there.group("web").await?, &Some(web))
}

async fn a_name_may_be_taken_there(PeerSubject { peer, there, .. }: &PeerSubject) -> CheckResult {
    let (web, mut namesake) = (record("web"), record("other"));
    "web".clone_into(&mut namesake.group.name);
    there.create_group(&namesake).await?;
    let refused = peer.push(&web, PeerVersion::Absent).await;
    ensure_refused("a name", refused, ErrorKind::AlreadyExists, &["'web'"])?;
    ensure_equal("there", &there.group("web").await?, &Some(namesake))
}

async fn what_is_held_there_stays_held(PeerSubject { peer, there, .. }: &PeerSubject) -> CheckResult {
    let web = record("web");
    let held = change(&web, |web| {
        web.group.operation = Some(OpenOperation {
            id: "op-there".into(),
            kind: OperationKind::UnplannedFailover,
            site: "site-b".into(),
        });
    });
    there.create_group(&web).await?;
    there.update_group(&held).await?;
    let next = change(&held.record, |web| web.group.operation = None).record;
    let refused = peer.push(&next, at(held.record.version)).await;
    ensure_refused("an operation there", refused, ErrorKind::Conflict, &["op-there", "site-b"])?;
    ensure_equal("there", &there.group("web").await?, &Some(held.record))
}

async fn what_is_agreed_on_there_is_told(PeerSubject { peer, there, .. }: &PeerSubject) -> CheckResult {
    let web = record("web");
    peer.push(&web, PeerVersion::Absent).await?;
    ensure_equal("by a push alone", &peer.agreed(&web.group.id).await?, &None)?;
    there.agree(&web).await?;
    ensure_equal("agreed", &peer.agreed(&web.group.id).await?, &Some(web))
}

async fn an_end_needs_the_version_before_it(PeerSubject { peer, there, .. }: &PeerSubject) -> CheckResult {
    let web = record("web");
    peer.push(&web, PeerVersion::Absent).await?;
    for expected in [PeerVersion::Absent, at(web.version.next())] {
        let refused = peer.remove(&web.group.id, expected).await;
        ensure_refused("another version", refused, ErrorKind::Conflict, &["site-b holds version 1"])?;
    }
    ensure_equal("there", &there.group("web").await?, &Some(web.clone()))?;
    peer.remove(&web.group.id, at(web.version)).await?;
    peer.remove(&web.group.id, at(web.version)).await?;
    ensure_equal("removed", &there.group("web").await?, &None)
}
