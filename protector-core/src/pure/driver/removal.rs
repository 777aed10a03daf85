//! Removal of clones: destroyed, never eradicated, and nothing but clones of the one call.

use super::PureStorageDriver;
use super::volumes::CLONE_KEYS;
use crate::model::{ArrayGroupName, ArrayVolumeId, ArrayVolumeName, OpKey};
use crate::ports::{Cx, Outcome};
use crate::pure::request::batches;
use crate::pure::requests::volumes;
use crate::pure::wire::{Tag, Volume};
use crate::rules::naming;
use crate::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};

impl PureStorageDriver {
    pub(super) async fn remove(&self, cx: &Cx, made_by: &OpKey, ids: &BTreeSet<ArrayVolumeId>) -> Result<Outcome<()>> {
        self.check(cx)?;
        let found = self.volumes_with(ids).await?;
        let tags = self.tags_of(&found).await?;
        self.refuse_others(made_by, &found, &tags)?;
        for group in groups_cloned_from(&tags) {
            self.note_epoch(cx, &group, &self.mark(&group).await?).await?;
        }
        let doomed: Vec<&Volume> = found.iter().filter(|volume| volume.destroyed != Some(true)).collect();
        self.refuse_used(&doomed).await?;
        let doomed: Vec<ArrayVolumeId> = doomed.into_iter().map(|volume| volume.id.as_str().into()).collect();
        self.destroy(&doomed).await?;
        Ok(if doomed.is_empty() { Outcome::AlreadyDone(()) } else { Outcome::Done(()) })
    }

    pub(super) async fn destroy(&self, ids: &[ArrayVolumeId]) -> Result<()> {
        for piece in batches(ids, self.batch_size()) {
            self.send(volumes::set_destroyed(piece, true)).await?;
        }
        Ok(())
    }

    fn refuse_others(&self, made_by: &OpKey, found: &[Volume], tags: &BTreeMap<String, Vec<Tag>>) -> Result<()> {
        let key = naming::clone_tag_key(made_by);
        let is_ours = |volume: &Volume| tags.get(&volume.id).is_some_and(|own| own.iter().any(|tag| tag.key == key));
        match found.iter().find(|volume| !is_ours(volume)) {
            Some(other) => Err(self.keep(&other.name, &format!("it was not cloned under '{made_by}'"))),
            None => Ok(()),
        }
    }

    /// A host that is connected, or a group that is marked, would miss it.
    async fn refuse_used(&self, doomed: &[&Volume]) -> Result<()> {
        if let Some(used) = doomed.iter().find(|volume| volume.connection_count != Some(0)) {
            let hosts = used.connection_count.map_or("maybe".to_owned(), |count| count.to_string());
            return Err(self.keep(&used.name, &format!("it is connected to hosts ({hosts})")));
        }
        let names: BTreeSet<ArrayVolumeName> = doomed.iter().map(|volume| volume.name.as_str().into()).collect();
        for (group, members) in self.groups_of(&names).await? {
            let (found, mark) = self.find_marked(&group).await?;
            let marked = found.filter(|group| !group.is_destroyed()).and_then(|group| group.owner(&mark));
            if let Some(member) = members.first().filter(|_| marked.is_some()) {
                return Err(self.keep(member.as_str(), &format!("it is a member of group '{group}'")));
            }
        }
        Ok(())
    }

    fn keep(&self, volume: &str, why: &str) -> Error {
        let text = format!("volume '{volume}' on array '{}' is not destroyed: {why}", self.host());
        Error::new(ErrorKind::DataSafety, text)
    }
}

/// The groups whose recovery points clones came from, by their tags.
fn groups_cloned_from(tags: &BTreeMap<String, Vec<Tag>>) -> BTreeSet<ArrayGroupName> {
    let clones = tags.values().flatten().filter(|tag| tag.key.starts_with(CLONE_KEYS));
    let points = clones.filter_map(|tag| naming::parse_volume_snapshot(&tag.value));
    points.filter_map(|(point, _)| Some(naming::parse_recovery_point(&point).ok()?.0)).collect()
}
