//! The fence: no host is connected to any member, and the array remembers which were.
//!
//! A FlashArray has no read-only switch for a volume outside of a pod. What it has is the connection, without which no
//! host can write. The connections are written down as a tag on the volume before they are taken away, so that a fence
//! that was interrupted is completed, and undone, from what the array itself knows. The tag is each array's own: in a stretched
//! pod, where arrays share volumes and tags, each of them fences its own hosts.

use super::PureStorageDriver;
use super::mark::NAMESPACE;
use crate::model::{ArrayGroupName, ArrayVolumeName};
use crate::ports::{Cx, FenceState, Outcome};
use crate::pure::request::batches;
use crate::pure::requests::hosts::{self, Initiator};
use crate::pure::requests::tags;
use crate::pure::wire::{Connection, TagEntry};
use crate::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Longest value of a tag.
const LONGEST_VALUE: usize = 256;

/// One connection of a volume, as short as it can be written: values of tags are short.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Kept {
    /// Host.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// Host group, whose hosts share one connection.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    host_group: Option<String>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    lun: Option<u16>,
}

impl Kept {
    fn of(connection: &Connection) -> Self {
        let host_group = connection.host_group.name.clone();
        let host = if host_group.is_some() { None } else { connection.host.name.clone() };
        Self { host, host_group, lun: connection.lun.and_then(|lun| u16::try_from(lun).ok()) }
    }

    fn initiator(&self) -> Option<Initiator<'_>> {
        match (&self.host_group, &self.host) {
            (Some(group), _) => Some(Initiator::HostGroup(group)),
            (None, Some(host)) => Some(Initiator::Host(host)),
            (None, None) => None,
        }
    }
}

/// Connections by volume.
type Connections = BTreeMap<ArrayVolumeName, BTreeSet<Kept>>;

impl PureStorageDriver {
    pub(super) async fn raise_fence(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<FenceState>> {
        self.changeable(cx, group).await?;
        let members = self.member_names(group).await?;
        let key = self.fence_key().await?;
        let (connected, recorded) = futures::try_join!(self.connected(&members), self.recorded(&members, &key))?;
        if connected.is_empty() && members.iter().all(|volume| recorded.contains_key(volume)) {
            return Ok(Outcome::AlreadyDone(FenceState::Fenced));
        }
        // all of it fits, or nothing is written
        let mut records = Vec::new();
        for volume in &members {
            let mut kept = recorded.get(volume).cloned().unwrap_or_default();
            let known = kept.len();
            kept.extend(connected.get(volume).into_iter().flatten().cloned());
            if kept.len() > known || !recorded.contains_key(volume) {
                records.push((volume, self.record(volume, &kept, &key)?));
            }
        }
        for (volume, entry) in &records {
            self.send(tags::tag_volumes(std::slice::from_ref(*volume), std::slice::from_ref(entry))).await?;
        }
        for (volume, kept) in &connected {
            for initiator in kept.iter().filter_map(Kept::initiator) {
                let gone = self.send(hosts::disconnect(initiator, std::slice::from_ref(volume))).await;
                super::groups::or_missing(gone)?;
            }
        }
        let left = self.connected(&members).await?;
        Ok(Outcome::Done(if left.is_empty() { FenceState::Fenced } else { FenceState::Partial }))
    }

    pub(super) async fn lower_fence(&self, cx: &Cx, group: &ArrayGroupName) -> Result<Outcome<FenceState>> {
        self.changeable(cx, group).await?;
        let members = self.member_names(group).await?;
        let key = self.fence_key().await?;
        let recorded = self.recorded(&members, &key).await?;
        if recorded.is_empty() {
            return Ok(Outcome::AlreadyDone(FenceState::Open));
        }
        for (volume, kept) in &recorded {
            for connection in kept {
                self.reconnect(volume, connection).await?;
            }
        }
        // the record goes last: until then an interrupted call can be repeated
        let names: Vec<ArrayVolumeName> = recorded.into_keys().collect();
        for piece in batches(&names, self.batch_size()) {
            super::groups::or_missing(self.send(tags::untag_volumes(piece, NAMESPACE, &[&key])).await)?;
        }
        Ok(Outcome::Done(FenceState::Open))
    }

    async fn reconnect(&self, volume: &ArrayVolumeName, connection: &Kept) -> Result<()> {
        let Some(initiator) = connection.initiator() else { return Ok(()) };
        match self.send(hosts::connect(initiator, std::slice::from_ref(volume), connection.lun)).await {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other.map(drop),
        }
    }

    async fn connected(&self, members: &BTreeSet<ArrayVolumeName>) -> Result<Connections> {
        let asked: Vec<ArrayVolumeName> = members.iter().cloned().collect();
        let mut connections = Connections::new();
        for piece in batches(&asked, self.batch_size()) {
            for connection in self.items::<Connection>(hosts::of_volumes(piece)).await? {
                if let Some(volume) = &connection.volume.name {
                    connections.entry(volume.as_str().into()).or_default().insert(Kept::of(&connection));
                }
            }
        }
        Ok(connections)
    }

    /// What a fence wrote down; a volume with an empty record was connected to nobody.
    async fn recorded(&self, members: &BTreeSet<ArrayVolumeName>, key: &str) -> Result<Connections> {
        let asked: Vec<ArrayVolumeName> = members.iter().cloned().collect();
        let mut recorded = Connections::new();
        for piece in batches(&asked, self.batch_size()) {
            let found: Vec<crate::pure::wire::Tag> = self.items(tags::of_volumes(NAMESPACE, piece)).await?;
            for tag in found.iter().filter(|tag| tag.key == key) {
                let Some(volume) = &tag.resource.name else { continue };
                let kept = serde_json::from_str(&tag.value).map_err(|e| {
                    Error::internal(format!("tag '{key}' of volume '{volume}' on '{}' is unreadable: {e}", self.host()))
                })?;
                recorded.insert(volume.as_str().into(), kept);
            }
        }
        Ok(recorded)
    }

    fn record(&self, volume: &ArrayVolumeName, kept: &BTreeSet<Kept>, key: &str) -> Result<TagEntry> {
        let Some(text) = written(kept)? else {
            return Err(Error::unsupported(format!(
                "volume '{volume}' on array '{}' is connected to more hosts than a fence can write down",
                self.host()
            ))
            .remedy("put the hosts into a host group, or disconnect the volume"));
        };
        Ok(TagEntry::new(NAMESPACE, key, &text))
    }
}

/// Connections as a tag holds them. `None`: it cannot hold so many.
fn written(kept: &BTreeSet<Kept>) -> Result<Option<String>> {
    let text = serde_json::to_string(kept)?;
    Ok(Some(text).filter(|text| text.len() <= LONGEST_VALUE))
}

#[cfg(test)]
mod tests;
