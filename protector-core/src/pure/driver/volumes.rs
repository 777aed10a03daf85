//! Volumes: looked up by name, by id, or by the call that cloned them.

use super::PureStorageDriver;
use super::groups::or_missing;
use super::mark::NAMESPACE;
use crate::model::{ArrayVolumeId, ArrayVolumeName, OpKey, RecoveryPointName};
use crate::ports::{ArrayVolume, VolumeQuery};
use crate::pure::request::{batches, literal};
use crate::pure::requests::{tags, volumes};
use crate::pure::wire::{Tag, Volume};
use crate::rules::naming;
use crate::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};

/// How every key of a tag begins that says which connections a fence took away.
const FENCE_KEYS: &str = "fence-";
/// How every key of a clone's tag begins.
pub(super) const CLONE_KEYS: &str = "clone-";
/// A common beginning of names that is worth asking for: that of the clones of one operation, `dr-<8 digits>-`, but not
/// Cinder's `volume-`, which nearly all volumes have.
const TELLING_PREFIX: usize = 12;

/// A clone by its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CloneTag {
    pub(super) id: ArrayVolumeId,
    pub(super) name: ArrayVolumeName,
    pub(super) point: RecoveryPointName,
    pub(super) source: ArrayVolumeName,
}

impl CloneTag {
    fn read(tag: &Tag) -> Option<Self> {
        let (point, source) = naming::parse_volume_snapshot(&tag.value)?;
        let id = ArrayVolumeId::from(tag.resource.id.as_deref()?);
        Some(Self { id, name: tag.resource.name.as_deref()?.into(), point, source })
    }

    /// Those of one op key among tags.
    pub(super) fn among(op_key: &OpKey, found: &[Tag]) -> Vec<Self> {
        let key = naming::clone_tag_key(op_key);
        found.iter().filter(|tag| tag.key == key).filter_map(Self::read).collect()
    }
}

impl PureStorageDriver {
    pub(super) async fn query_volumes(&self, query: &VolumeQuery) -> Result<Vec<ArrayVolume>> {
        let mut found = match query {
            VolumeQuery::Names(names) => return self.named_with_tags(names).await,
            VolumeQuery::Ids(ids) => self.volumes_with(ids).await?,
            VolumeQuery::ClonedBy(key) => {
                let filter = format!("key={}", literal(&naming::clone_tag_key(key)));
                let clones = CloneTag::among(key, &self.items(tags::matching(NAMESPACE, &filter)).await?);
                self.volumes_with(&clones.into_iter().map(|clone| clone.id).collect()).await?
            }
        };
        found.sort_by(|one, other| one.name.cmp(&other.name));
        let tags = self.tags_of(&found).await?;
        self.show_volumes(found, &tags).await
    }

    async fn show_volumes(&self, found: Vec<Volume>, tags: &BTreeMap<String, Vec<Tag>>) -> Result<Vec<ArrayVolume>> {
        let any_fence = tags.values().flatten().any(|tag| tag.key.starts_with(FENCE_KEYS));
        let fence_key = if any_fence { Some(self.fence_key().await?) } else { None };
        found.into_iter().map(|volume| show(volume, tags, fence_key.as_deref())).collect()
    }

    /// Key of the tag that says which connections a fence on this array took away.
    pub(super) async fn fence_key(&self) -> Result<String> {
        let id = match self.client.known_id() {
            Some(id) => id,
            None => self.identity().await?.id,
        };
        Ok(naming::fence_tag_key(&id))
    }

    /// Volumes and their tags at once, for a round trip less. Where one is missing, the tags of the others are asked for.
    async fn named_with_tags(&self, names: &BTreeSet<ArrayVolumeName>) -> Result<Vec<ArrayVolume>> {
        let asked: Vec<ArrayVolumeName> = names.iter().cloned().collect();
        let (found, tags) = futures::join!(self.volumes_named(names), self.tags_named(&asked));
        let mut found = found?;
        let tags = match tags {
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::PendingEradication) => {
                self.tags_of(&found).await?
            }
            other => other?,
        };
        found.sort_by(|one, other| one.name.cmp(&other.name));
        self.show_volumes(found, &tags).await
    }

    /// Volumes by name, destroyed ones too; missing ones are left out.
    pub(in crate::pure) async fn volumes_named(&self, names: &BTreeSet<ArrayVolumeName>) -> Result<Vec<Volume>> {
        let asked: Vec<ArrayVolumeName> = names.iter().cloned().collect();
        let pieces = batches(&asked, self.batch_size());
        if pieces.len() > 1
            && let Some(prefix) = telling_prefix(&asked)
        {
            let filter = format!("name={}", literal(&format!("{prefix}*")));
            let mut found: Vec<Volume> = self.items(volumes::matching(filter)).await?;
            found.retain(|volume| names.contains(&ArrayVolumeName::from(volume.name.as_str())));
            return Ok(found);
        }
        let mut found = Vec::new();
        for piece in pieces {
            // one that is missing fails the call, so it is asked for again in the way that leaves it out
            match or_missing(self.items(volumes::named(piece)).await)? {
                Some(all) => found.extend::<Vec<Volume>>(all),
                None => found.extend(self.those_there(piece).await?),
            }
        }
        Ok(found)
    }

    async fn those_there(&self, names: &[ArrayVolumeName]) -> Result<Vec<Volume>> {
        let (in_pods, plain): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.as_str().contains("::"));
        let mut found: Vec<Volume> = Vec::new();
        if !plain.is_empty() {
            let list: Vec<String> = plain.iter().map(|name| literal(name.as_str())).collect();
            found.extend(self.items::<Volume>(volumes::matching(format!("name=({})", list.join(",")))).await?);
        }
        // a filter on a name with '::' is not relied on (facts of the Proxmox plug-in)
        let pods: BTreeSet<&str> = in_pods.iter().filter_map(|name| Some(name.as_str().split_once("::")?.0)).collect();
        for pod in pods {
            let all: Vec<Volume> = self.items(volumes::matching(format!("pod.name={}", literal(pod)))).await?;
            found.extend(all.into_iter().filter(|volume| in_pods.iter().any(|name| name.as_str() == volume.name)));
        }
        Ok(found)
    }

    pub(super) async fn volumes_with(&self, ids: &BTreeSet<ArrayVolumeId>) -> Result<Vec<Volume>> {
        let asked: Vec<ArrayVolumeId> = ids.iter().cloned().collect();
        let mut found = Vec::new();
        for piece in batches(&asked, self.batch_size()) {
            match or_missing(self.items(volumes::with_ids(piece)).await)? {
                Some(all) => found.extend::<Vec<Volume>>(all),
                None => {
                    let list: Vec<String> = piece.iter().map(|id| literal(id.as_str())).collect();
                    let filter = format!("id=({})", list.join(","));
                    found.extend(self.items::<Volume>(volumes::matching(filter)).await?);
                }
            }
        }
        Ok(found)
    }

    /// Our tags of volumes, by volume id.
    pub(in crate::pure) async fn tags_of(&self, found: &[Volume]) -> Result<BTreeMap<String, Vec<Tag>>> {
        let names: Vec<ArrayVolumeName> = found.iter().map(|volume| volume.name.as_str().into()).collect();
        self.tags_named(&names).await
    }

    async fn tags_named(&self, names: &[ArrayVolumeName]) -> Result<BTreeMap<String, Vec<Tag>>> {
        let mut all: Vec<Tag> = Vec::new();
        let pieces = batches(names, self.batch_size());
        match telling_prefix(names).filter(|_| pieces.len() > 1) {
            Some(prefix) => {
                let filter = format!("resource.name={}", literal(&format!("{prefix}*")));
                all = self.items(tags::matching(NAMESPACE, &filter)).await?;
            }
            None => {
                for piece in pieces {
                    all.extend(self.items::<Tag>(tags::of_volumes(NAMESPACE, piece)).await?);
                }
            }
        }
        let mut by_volume: BTreeMap<String, Vec<Tag>> = BTreeMap::new();
        for tag in all {
            if let Some(id) = tag.resource.id.clone() {
                by_volume.entry(id).or_default().push(tag);
            }
        }
        Ok(by_volume)
    }
}

/// The beginning that all names share, if it tells them from most others.
fn telling_prefix(names: &[ArrayVolumeName]) -> Option<&str> {
    let (first, last) = (names.iter().min()?.as_str(), names.iter().max()?.as_str());
    let shared = first.bytes().zip(last.bytes()).take_while(|(one, other)| one == other).count();
    first.get(..shared).filter(|prefix| prefix.len() >= TELLING_PREFIX && !prefix.contains("::"))
}

fn show(volume: Volume, tags: &BTreeMap<String, Vec<Tag>>, fence_key: Option<&str>) -> Result<ArrayVolume> {
    let own = tags.get(&volume.id).map(Vec::as_slice).unwrap_or_default();
    let clone = own.iter().filter(|tag| tag.key.starts_with(CLONE_KEYS)).find_map(CloneTag::read);
    let cloned_from = clone.map(|clone| (clone.point, clone.source)).or_else(|| {
        // cloned by a call that did not come as far as the tag
        volume.source.name.as_deref().and_then(naming::parse_volume_snapshot)
    });
    let provisioned = volume
        .provisioned
        .ok_or_else(|| Error::internal(format!("the array did not say how large volume '{}' is", volume.name)))?;
    Ok(ArrayVolume {
        id: volume.id.into(),
        name: volume.name.into(),
        provisioned,
        cloned_from,
        // a fence that was interrupted has written its record and not yet disconnected everybody
        fenced: volume.connection_count == Some(0) && own.iter().any(|tag| Some(tag.key.as_str()) == fence_key),
        destroyed: volume.destroyed == Some(true),
    })
}

#[cfg(test)]
mod tests;
