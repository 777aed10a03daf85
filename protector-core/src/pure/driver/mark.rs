//! The mark that says whose a group is, and the highest epoch that this array has seen for it.
//!
//! Since REST 2.39 a local group carries it as tags. Before that a *marker volume* of one MiB carries it, which no host ever
//! sees: tags of volumes exist in every version that is spoken. Its name is a function of the group's name, and a tag
//! repeats that name. So it is, in every version, for images of groups of other arrays, whose tags nobody documents, and
//! for groups in pods: a demoted pod takes no changes, and its mark must still follow the epoch.

use super::PureStorageDriver;
use crate::model::{ArrayGroupName, ArrayVolumeName, Epoch, ProtectionGroupId};
use crate::ports::Cx;
use crate::pure::requests::{tags, volumes};
use crate::pure::version::Feature;
use crate::pure::wire::{Tag, TagEntry};
use crate::rules::naming::{self, GroupScope};
use crate::{Error, ErrorKind, Result};

/// Namespace of every tag that is set here.
pub(in crate::pure) const NAMESPACE: &str = "protector";

const GROUP: &str = "group";
const OWNER: &str = "owner";
const EPOCH: &str = "epoch";
const STATE: &str = "state";

/// Arrays make no smaller volume.
const MARKER_BYTES: u64 = 1 << 20;

/// What a mark says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// Whose the group is.
    pub(super) owner: Option<ProtectionGroupId>,
    /// Highest epoch seen.
    pub(super) epoch: Epoch,
    /// How far the group itself has come.
    pub(super) state: MarkState,
}

/// How far the group of a mark has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum MarkState {
    /// It is there.
    #[default]
    Made,
    /// It is about to be made. A group of that name counts as ours only while it is empty.
    Intended,
    /// It was destroyed by us. A group of that name which is not destroyed is another one, or was recovered by somebody.
    Retired,
}

impl MarkState {
    fn text(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Intended => "intended",
            Self::Retired => "retired",
        }
    }
}

/// No mark.
impl Default for Mark {
    fn default() -> Self {
        Self { owner: None, epoch: Epoch(0), state: MarkState::Made }
    }
}

impl Mark {
    /// Reads the mark of `group` out of the tags of an object.
    fn of(group: &ArrayGroupName, found: &[Tag]) -> Self {
        let value = |key: &str| found.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str());
        if value(GROUP) != Some(group.as_str()) {
            return Self::default();
        }
        Self {
            owner: value(OWNER).filter(|owner| !owner.is_empty()).map(ProtectionGroupId::from),
            epoch: Epoch(value(EPOCH).and_then(|epoch| epoch.parse().ok()).unwrap_or_default()),
            state: match value(STATE) {
                Some("intended") => MarkState::Intended,
                Some("retired") => MarkState::Retired,
                _ => MarkState::Made,
            },
        }
    }

    fn entries(&self, group: &ArrayGroupName) -> [TagEntry; 4] {
        let owner = self.owner.as_ref().map_or("", ProtectionGroupId::as_str);
        [
            TagEntry::new(NAMESPACE, GROUP, group.as_str()),
            TagEntry::new(NAMESPACE, OWNER, owner),
            TagEntry::new(NAMESPACE, EPOCH, &self.epoch.to_string()),
            TagEntry::new(NAMESPACE, STATE, self.state.text()),
        ]
    }

    /// Whose a group is that the array shows as destroyed or not, with or without anything in it.
    pub(super) fn owner_of(&self, destroyed: bool, empty: bool) -> Option<&ProtectionGroupId> {
        let holds = match self.state {
            MarkState::Made => true,
            MarkState::Intended => empty,
            MarkState::Retired => destroyed,
        };
        self.owner.as_ref().filter(|_| holds)
    }

    /// The tags of a marker volume among others.
    pub(super) fn among(group: &ArrayGroupName, found: &[Tag]) -> Self {
        let marker = naming::marker_volume_name(group);
        let own: Vec<Tag> =
            found.iter().filter(|tag| tag.resource.name.as_deref() == Some(marker.as_str())).cloned().collect();
        Self::of(group, &own)
    }

    /// Refuses a caller that knows an older epoch than one seen before.
    ///
    /// # Errors
    /// older → `Conflict` → the roles have changed: plan anew.
    pub(super) fn refuse_older(&self, cx: &Cx, group: &ArrayGroupName, array: &str) -> Result<()> {
        if cx.epoch >= self.epoch {
            return Ok(());
        }
        Err(Error::conflict(format!(
            "'{}' comes from epoch {}, but array '{array}' has seen epoch {} for group '{group}': the roles have changed \
             since",
            cx.op_key, cx.epoch, self.epoch
        )))
    }
}

impl PureStorageDriver {
    /// Whether the group itself can carry its mark.
    pub(super) async fn is_taggable(&self, group: &ArrayGroupName) -> Result<bool> {
        let local = naming::parse_group_name(group)?.scope == GroupScope::Local;
        Ok(local && self.version().await?.has(Feature::GroupTags))
    }

    /// The mark of a group; unmarked and unknown read the same.
    pub(super) async fn mark(&self, group: &ArrayGroupName) -> Result<Mark> {
        if self.is_taggable(group).await? {
            let found = absent_is_empty(self.items(tags::of_groups(NAMESPACE, std::slice::from_ref(group))).await)?;
            let mark = Mark::of(group, &found);
            // else it may have been marked before the array learned to tag groups
            if mark != Mark::default() {
                return Ok(mark);
            }
        }
        let marker = [naming::marker_volume_name(group)];
        Ok(Mark::of(group, &absent_is_empty(self.items(tags::of_volumes(NAMESPACE, &marker)).await)?))
    }

    /// Writes the mark of a group. Where groups can be tagged, a local one must exist.
    pub(super) async fn write_mark(&self, group: &ArrayGroupName, mark: &Mark) -> Result<()> {
        if self.is_taggable(group).await? {
            self.send(tags::tag_groups(std::slice::from_ref(group), &mark.entries(group))).await?;
            return Ok(());
        }
        self.write_marker(group, mark).await
    }

    /// Tags a group that is still called `working` with the mark of `group`.
    pub(super) async fn write_mark_early(
        &self,
        working: &ArrayGroupName,
        group: &ArrayGroupName,
        mark: &Mark,
    ) -> Result<()> {
        self.send(tags::tag_groups(std::slice::from_ref(working), &mark.entries(group))).await.map(drop)
    }

    pub(super) async fn write_marker(&self, group: &ArrayGroupName, mark: &Mark) -> Result<()> {
        let marker = [naming::marker_volume_name(group)];
        let tag = || self.send(tags::tag_volumes(&marker, &mark.entries(group)));
        match tag().await {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                self.make_marker(&marker).await?;
                tag().await.map(drop)
            }
            other => other.map(drop),
        }
    }

    /// Whether that marker volume carries any mark.
    pub(super) async fn is_tagged(&self, marker: &ArrayVolumeName) -> Result<bool> {
        let found: Result<Vec<Tag>> = self.items(tags::of_volumes(NAMESPACE, std::slice::from_ref(marker))).await;
        Ok(!absent_is_empty(found)?.is_empty())
    }

    async fn make_marker(&self, marker: &[ArrayVolumeName]) -> Result<()> {
        let version = self.version().await?;
        // an empty volume of that name is what is wanted, whoever was first
        match self.send(volumes::create(marker, MARKER_BYTES, version).repeatable()).await {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
            _ => Ok(()),
        }
    }

    /// Refuses an older caller, and remembers a newer one.
    pub(super) async fn note_epoch(&self, cx: &Cx, group: &ArrayGroupName, mark: &Mark) -> Result<()> {
        mark.refuse_older(cx, group, self.host())?;
        if cx.epoch > mark.epoch {
            self.write_mark(group, &Mark { epoch: cx.epoch, ..mark.clone() }).await?;
        }
        Ok(())
    }
}

/// An object that is not there, or not any more, has no tags.
fn absent_is_empty(found: Result<Vec<Tag>>) -> Result<Vec<Tag>> {
    match found {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::PendingEradication) => Ok(Vec::new()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
