//! A change of group metadata: on the other site first, then here, or not at all.

use super::Endpoints;
use crate::model::{GroupRecord, MetadataVersion};
use crate::ports::{GroupChange, Peer, PeerVersion};
use crate::{Error, ErrorKind, Result};

/// Checks that the other site answers, before a change that it has to take part in.
///
/// # Errors
/// no answer → `PeerUnreachable`.
pub async fn check_answers(peer: &dyn Peer) -> Result<()> {
    peer.ping().await.map_err(blocked)
}

/// Checks that the other site answers and holds `version` of the group, before anything is written.
///
/// # Errors
/// no answer → `PeerUnreachable`; another version → `Conflict` with the command that mends it.
pub async fn check_in_sync(peer: &dyn Peer, record: &GroupRecord) -> Result<()> {
    let name = &record.group.name;
    match peer.version(&record.group.id).await.map_err(blocked)? {
        PeerVersion::At(version) if version == record.version => Ok(()),
        other => Err(Error::conflict(format!(
            "metadata of '{name}' is OUT OF SYNC: version {} here, {} on {}",
            record.version,
            describe(other),
            peer.site()
        ))
        .remedy(format!("openstack protector protection-group sync {name}"))),
    }
}

/// Stores `next` on both sites in place of `current`.
///
/// # Errors
/// no answer → `PeerUnreachable`, nothing was written; another version on either side → `Conflict`, nothing was written;
/// the local store refuses → its error, and the other site is put back.
pub async fn commit(endpoints: &Endpoints, current: &GroupRecord, next: GroupRecord) -> Result<GroupRecord> {
    check_in_sync(&*endpoints.peer, current).await?;
    endpoints.peer.push(&next, PeerVersion::At(current.version)).await.map_err(blocked)?;
    let change = GroupChange { expected: current.version, record: next };
    if let Err(refused) = endpoints.store.update_group(&change).await {
        put_back(endpoints, current, &change.record).await;
        return Err(refused);
    }
    Ok(change.record)
}

/// Stores a new group on both sites: on the one first by name, then on the other. All who create contend for the first
/// store, so that one of them wins, whichever sites they work from.
///
/// # Errors
/// as [`commit`].
pub async fn create(endpoints: &Endpoints, record: &GroupRecord) -> Result<()> {
    let Endpoints { peer, store, .. } = endpoints;
    let (id, version) = (&record.group.id, record.version);
    let peer_is_first = *peer.site() == *(&record.group.primary_site).min(&record.group.secondary_site);
    if peer_is_first {
        peer.push(record, PeerVersion::Absent).await.map_err(blocked)?;
        let Err(refused) = store.create_group(record).await else { return Ok(()) };
        if let Err(e) = peer.remove(id, PeerVersion::At(version)).await {
            tracing::warn!(target: "protector.engine.metadata", "{} keeps a group that was refused here: {e}", peer.site());
        }
        return Err(refused);
    }
    store.create_group(record).await?;
    let Err(refused) = peer.push(record, PeerVersion::Absent).await.map_err(blocked) else { return Ok(()) };
    if let Err(e) = store.delete_group(id, version).await {
        tracing::warn!(target: "protector.engine.metadata", "this site keeps a group that {} refused: {e}", peer.site());
    }
    Err(refused)
}

/// Removes a group from both sites.
///
/// # Errors
/// as [`commit`].
pub async fn delete(endpoints: &Endpoints, record: &GroupRecord) -> Result<()> {
    check_in_sync(&*endpoints.peer, record).await?;
    let id = &record.group.id;
    endpoints.peer.remove(id, PeerVersion::At(record.version)).await.map_err(blocked)?;
    if let Err(refused) = endpoints.store.delete_group(id, record.version).await {
        put_back(endpoints, record, record).await;
        return Err(refused);
    }
    Ok(())
}

async fn put_back(endpoints: &Endpoints, current: &GroupRecord, pushed: &GroupRecord) {
    let held = if current.version == pushed.version { PeerVersion::Absent } else { PeerVersion::At(pushed.version) };
    if let Err(e) = endpoints.peer.push(current, held).await {
        let (name, site) = (&current.group.name, endpoints.peer.site());
        tracing::warn!(target: "protector.engine.metadata", "'{name}' is OUT OF SYNC: {site} could not be put back to version {}: {e}", current.version);
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

/// Whether an error says no more than that nobody answered.
pub(super) fn is_silence(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::PeerUnreachable | ErrorKind::Unreachable | ErrorKind::Indeterminate | ErrorKind::DeadlineExceeded
    )
}

fn describe(version: PeerVersion) -> String {
    match version {
        PeerVersion::At(MetadataVersion(version)) => format!("version {version}"),
        PeerVersion::Absent => "no version".to_owned(),
    }
}
