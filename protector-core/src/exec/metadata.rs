//! A change of group metadata: on the other site first, then here, or not at all.

use super::Endpoints;
use crate::model::{GroupRecord, MetadataVersion};
use crate::ports::{GroupChange, Peer, PeerVersion};
use crate::{Error, ErrorKind, Result};
use std::future::Future;

/// Checks that the other site answers, before a change that it has to take part in.
///
/// # Errors
/// no answer → `PeerUnreachable`.
pub async fn check_answers(peer: &dyn Peer) -> Result<()> {
    peer.ping().await.map_err(blocked)
}

/// Checks that the other site answers and holds the very same record of the group, before anything is written.
///
/// # Errors
/// no answer → `PeerUnreachable`; another record → `Conflict` with the command that shows how they differ.
pub async fn check_in_sync(peer: &dyn Peer, record: &GroupRecord) -> Result<()> {
    let (name, version, site) = (&record.group.name, record.version, peer.site());
    let found = match peer.record(&record.group.id).await.map_err(blocked)? {
        Some(theirs) if theirs == *record => return Ok(()),
        Some(theirs) if theirs.version == version => format!("both sites are at version {version}, and {site} differs"),
        theirs => {
            let theirs = theirs.map_or("no version".to_owned(), |theirs| format!("version {}", theirs.version));
            format!("version {version} here, {theirs} on {site}")
        }
    };
    Err(Error::conflict(format!("metadata of '{name}' is OUT OF SYNC: {found}")).remedy(see_status(name)))
}

/// Stores `next` on both sites in place of `current`.
///
/// # Errors
/// no answer → `PeerUnreachable`, nothing was written; another record on either side → `Conflict`, nothing was written;
/// whether the other site was told is not known → `Indeterminate`, nothing was written here; the local store refuses → its
/// error, and the other site is put back, or the error says that it is not.
pub async fn commit(endpoints: &Endpoints, current: &GroupRecord, next: GroupRecord) -> Result<GroupRecord> {
    let Endpoints { peer, store, .. } = endpoints;
    check_in_sync(&**peer, current).await?;
    let told = told(|| peer.push(&next, PeerVersion::At(current.version))).await;
    told.map_err(|e| unsettled(e, &**peer, &format!("version {}", next.version), current))?;
    let change = GroupChange { expected: current.version, record: next, agreed: true };
    match store.update_group(&change).await {
        Ok(()) => Ok(change.record),
        Err(refused) => Err(put_back(endpoints, current, PeerVersion::At(change.record.version), refused).await),
    }
}

/// Stores a new group on both sites: on the one first by name, then on the other. All who create contend for the first
/// store, so that one of them wins, whichever sites they work from.
///
/// # Errors
/// as [`commit`]; after `Indeterminate` one of the sites may have the group.
pub async fn create(endpoints: &Endpoints, record: &GroupRecord) -> Result<()> {
    let Endpoints { peer, store, .. } = endpoints;
    let peer_is_first = *peer.site() == *(&record.group.primary_site).min(&record.group.secondary_site);
    if peer_is_first {
        tell_of_new(&**peer, record).await?;
        if let Err(refused) = store.create_group(record).await {
            return Err(withdraw(&**peer, record, refused).await);
        }
    } else {
        store.create_group(record).await?;
        if let Err(refused) = tell_of_new(&**peer, record).await {
            // where it may be there, it stays here, too: then either site can say how they stand
            if refused.kind() != ErrorKind::Indeterminate
                && let Err(e) = store.delete_group(&record.group.id, record.version).await
            {
                tracing::warn!(target: "protector.engine.metadata", "this site keeps a group that {} refused: {e}", peer.site());
            }
            return Err(refused);
        }
    }
    if let Err(e) = store.agree(record).await {
        // the next change says it anew
        tracing::warn!(target: "protector.engine.metadata", "what both sites hold of '{}' is not remembered: {e}", record.group.name);
    }
    Ok(())
}

/// Removes a group from both sites.
///
/// # Errors
/// as [`commit`].
pub async fn delete(endpoints: &Endpoints, record: &GroupRecord) -> Result<()> {
    let Endpoints { peer, store, .. } = endpoints;
    check_in_sync(&**peer, record).await?;
    let (id, version) = (&record.group.id, record.version);
    let told = told(|| peer.remove(id, PeerVersion::At(version))).await;
    told.map_err(|e| unsettled(e, &**peer, "that the group is gone", record))?;
    match store.delete_group(id, version).await {
        Ok(()) => Ok(()),
        Err(refused) => Err(put_back(endpoints, record, PeerVersion::Absent, refused).await),
    }
}

/// Tells the other site something. If no answer comes back, the very same is told once more: it looks first.
///
/// # Errors
/// no answer before anything was sent → `PeerUnreachable`; no answer to both → `Indeterminate`.
pub async fn told<F: Future<Output = Result<()>>>(tell: impl Fn() -> F) -> Result<()> {
    match tell().await {
        Err(lost) if lost.kind() == ErrorKind::Indeterminate => match tell().await {
            Err(again) if is_silence(again.kind()) => Err(lost),
            other => other,
        },
        other => other,
    }
    .map_err(blocked)
}

async fn tell_of_new(peer: &dyn Peer, record: &GroupRecord) -> Result<()> {
    let Err(lost) = told(|| peer.push(record, PeerVersion::Absent)).await else { return Ok(()) };
    if lost.kind() != ErrorKind::Indeterminate {
        return Err(lost);
    }
    let (name, site) = (&record.group.name, peer.site());
    Err(Error::new(lost.kind(), format!("whether {site} has '{name}' now is not known: {}", lost.message()))
        .remedy(format!(
            "once {site} answers, where the group is listed: openstack protector protection-group sync {name}; where it \
             is not, create it again: openstack --os-cloud {site} protector protection-group list"
        ))
        .source(lost))
}

/// The local store has refused a new group that the other site has.
async fn withdraw(peer: &dyn Peer, record: &GroupRecord, refused: Error) -> Error {
    let (id, version, site) = (&record.group.id, record.version, peer.site());
    match peer.remove(id, PeerVersion::At(version)).await {
        Ok(()) => refused,
        Err(e) => {
            tracing::warn!(target: "protector.engine.metadata", "{site} keeps a group that was refused here: {e}");
            let name = &record.group.name;
            refused.remedy(format!(
                "{site} keeps '{name}', which was refused here; once it answers: openstack --os-cloud {site} protector \
                 protection-group sync-status {name}"
            ))
        }
    }
}

/// The local store has refused what the other site was told: that site is put back. Returns what to say of it.
async fn put_back(endpoints: &Endpoints, current: &GroupRecord, held: PeerVersion, refused: Error) -> Error {
    let (name, site) = (&current.group.name, endpoints.peer.site());
    // it may be stored here after all, and then the other site must keep it
    if refused.kind() == ErrorKind::Indeterminate {
        return refused.remedy(see_status(name));
    }
    match told(|| endpoints.peer.push(current, held)).await {
        Ok(()) => refused,
        Err(e) => {
            tracing::warn!(target: "protector.engine.metadata", "'{name}' is OUT OF SYNC: {site} could not be put back to version {}: {e}", current.version);
            let (kind, what) = (refused.kind(), refused.message().to_owned());
            Error::new(
                kind,
                format!(
                    "{what}; '{name}' may be OUT OF SYNC: {site} could not be put back to version {}",
                    current.version
                ),
            )
            .remedy(see_status(name))
            .source(refused)
        }
    }
}

/// The documented words for a change that was refused because the other site does not answer.
fn blocked(e: Error) -> Error {
    if e.kind() != ErrorKind::PeerUnreachable {
        return e;
    }
    Error::new(
        ErrorKind::PeerUnreachable,
        format!("Peer site unreachable: {}; the modification was blocked and nothing was changed", e.message()),
    )
    .remedy("restore the connection to the other site, then try again")
}

/// Names both sites after a call of which nobody knows whether it arrived.
fn unsettled(e: Error, peer: &dyn Peer, told: &str, current: &GroupRecord) -> Error {
    if e.kind() != ErrorKind::Indeterminate {
        return e;
    }
    let (name, version) = (&current.group.name, current.version);
    let message = format!(
        "'{name}' stays at version {version} here, and whether {} was told {told} is not known: {}",
        peer.site(),
        e.message()
    );
    Error::new(e.kind(), message).remedy(see_status(name)).source(e)
}

fn see_status(name: &str) -> String {
    format!("see how the sites stand and what leads on: openstack protector protection-group sync-status {name}")
}

/// Whether an error says no more than that nobody answered.
pub(super) fn is_silence(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::PeerUnreachable | ErrorKind::Unreachable | ErrorKind::Indeterminate | ErrorKind::DeadlineExceeded
    )
}

/// A version in words.
pub(crate) fn describe(version: Option<MetadataVersion>) -> String {
    version.map_or("no version".to_owned(), |version| format!("version {version}"))
}
