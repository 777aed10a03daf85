//! Groups: found, made, marked, retired.

use super::PureStorageDriver;
use super::mark::{Mark, MarkState};
use crate::model::{ArrayGroupName, ArrayName, ArrayVolumeName, ProtectionGroupId};
use crate::ports::{ArrayGroup, Cx, GroupSpec, Outcome, SurvivingRecoveryPoint};
use crate::pure::requests::{groups, members, snapshots, targets};
use crate::pure::wire::{GroupMember, GroupSnapshot, GroupTarget, ProtectionGroup};
use crate::rules::naming::{self, GroupScope};
use crate::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};

impl ProtectionGroup {
    pub(in crate::pure) fn is_destroyed(&self) -> bool {
        self.destroyed == Some(true)
    }

    /// Whether it is the image of a group that another array replicates here.
    pub(super) fn is_image(&self) -> bool {
        self.is_local == Some(false)
    }

    /// Seconds between replicated snapshots, while the schedule is on.
    pub(super) fn scheduled_interval(&self) -> Option<u32> {
        self.replication_schedule.interval_seconds().filter(|_| self.replication_schedule.enabled == Some(true))
    }

    /// Whether nothing is in it. What is not known reads as something.
    fn is_empty(&self) -> bool {
        self.volume_count == Some(0) && self.target_count == Some(0)
    }

    pub(super) fn owner(&self, mark: &Mark) -> Option<ProtectionGroupId> {
        mark.owner_of(self.is_destroyed(), self.is_empty()).cloned()
    }
}

impl PureStorageDriver {
    /// What the array shows under this name, destroyed or not.
    pub(in crate::pure) async fn find_group(&self, name: &ArrayGroupName) -> Result<Option<ProtectionGroup>> {
        let found = self.items(groups::named(std::slice::from_ref(name))).await;
        Ok(or_missing(found)?.and_then(|found| found.into_iter().find(|g: &ProtectionGroup| g.name == name.as_str())))
    }

    /// A group with its mark.
    pub(super) async fn find_marked(&self, name: &ArrayGroupName) -> Result<(Option<ProtectionGroup>, Mark)> {
        futures::try_join!(self.find_group(name), self.mark(name))
    }

    /// A group of this array that carries a mark and can be changed by this caller; a newer epoch is remembered. In a pod:
    /// through an array that has its current data.
    pub(super) async fn changeable(&self, cx: &Cx, name: &ArrayGroupName) -> Result<(ProtectionGroup, Mark)> {
        self.check(cx)?;
        let (found, mark) = self.find_marked(name).await?;
        let group = found.ok_or_else(|| self.missing(name))?;
        mark.refuse_older(cx, name, self.host())?;
        if group.is_destroyed() {
            return Err(self.pending(name));
        }
        if group.is_image() {
            return Err(Error::precondition(format!(
                "group '{name}' on array '{}' is the image of a group of another array, which alone can change it",
                self.host()
            )));
        }
        if group.owner(&mark).is_none() {
            return Err(self.foreign(name));
        }
        self.require_online(name).await?;
        self.note_epoch(cx, name, &mark).await?;
        Ok((group, mark))
    }

    pub(super) fn missing(&self, name: &ArrayGroupName) -> Error {
        Error::not_found(format!("array '{}' has no protection group '{name}'", self.host()))
    }

    pub(super) fn pending(&self, name: &ArrayGroupName) -> Error {
        let text = format!("protection group '{name}' on array '{}' is destroyed and not yet eradicated", self.host());
        Error::new(ErrorKind::PendingEradication, text)
            .remedy(format!("purepgroup recover {name}, or choose another name"))
    }

    pub(super) fn foreign(&self, name: &ArrayGroupName) -> Error {
        Error::conflict(format!(
            "protection group '{name}' on array '{}' exists and does not carry our mark: it belongs to somebody else",
            self.host()
        ))
        .remedy("choose another name, or adopt it explicitly")
    }

    fn owned_by(&self, name: &ArrayGroupName, owner: &ProtectionGroupId, wanted: &ProtectionGroupId) -> Error {
        Error::conflict(format!(
            "protection group '{name}' on array '{}' carries the mark of '{owner}', not of '{wanted}'",
            self.host()
        ))
        .remedy("choose another name")
    }

    /// A group as the port shows it.
    pub(super) async fn show(&self, name: &ArrayGroupName) -> Result<Option<ArrayGroup>> {
        let (group, mark) = self.find_marked(name).await?;
        let Some(group) = group else { return Ok(None) };
        let (volumes, targets) = futures::try_join!(self.member_names(name), self.target_list(name))?;
        Ok(Some(ArrayGroup {
            name: name.clone(),
            owner: group.owner(&mark),
            is_local: !group.is_image(),
            volumes,
            targets,
            replication_interval: group.scheduled_interval(),
            destroyed: group.is_destroyed(),
        }))
    }

    async fn shown(&self, name: &ArrayGroupName) -> Result<ArrayGroup> {
        self.show(name).await?.ok_or_else(|| self.missing(name))
    }

    /// Members by their names on the source. A group that is destroyed may have lost them.
    pub(super) async fn member_names(&self, group: &ArrayGroupName) -> Result<BTreeSet<ArrayVolumeName>> {
        let found: Vec<GroupMember> = or_missing(self.items(members::of_group(group)).await)?.unwrap_or_default();
        let names = found.into_iter().filter_map(|item| item.member.name);
        Ok(names.map(|name| naming::source_volume_name(group, &name)).collect())
    }

    /// Targets by name, with whether each allows it. In a pod the other arrays of the pod, which need no permission.
    pub(super) async fn target_list(&self, group: &ArrayGroupName) -> Result<BTreeMap<ArrayName, bool>> {
        if let Some(pod) = super::pods::pod_of(group) {
            return self.other_arrays(pod).await;
        }
        self.snapshot_targets(group).await
    }

    /// The arrays that recovery points of a group are shipped to, with whether each allows it. A stretched pod is none.
    pub(super) async fn snapshot_targets(&self, group: &ArrayGroupName) -> Result<BTreeMap<ArrayName, bool>> {
        let found: Vec<GroupTarget> = or_missing(self.items(targets::of_group(group)).await)?.unwrap_or_default();
        let named = found.into_iter().filter_map(|item| Some((ArrayName::from(item.member.name?), item.allowed)));
        Ok(named.map(|(name, allowed)| (name, allowed == Some(true))).collect())
    }

    pub(super) async fn ensure_group_marked(&self, cx: &Cx, spec: &GroupSpec) -> Result<Outcome<ArrayGroup>> {
        self.check(cx)?;
        let name = &spec.name;
        naming::validate_array_object_name("protection group", name.as_str())?;
        let (found, mark) = self.find_marked(name).await?;
        mark.refuse_older(cx, name, self.host())?;
        let Some(group) = found else {
            self.make_group(cx, spec, &mark).await?;
            return Ok(Outcome::Done(self.shown(name).await?));
        };
        if group.is_destroyed() {
            return Err(self.pending(name));
        }
        self.require_online(name).await?;
        let wanted = Mark { owner: Some(spec.owner.clone()), epoch: cx.epoch, state: MarkState::Made };
        match group.owner(&mark) {
            Some(owner) if owner != spec.owner => Err(self.owned_by(name, &owner, &spec.owner)),
            Some(_) => {
                if mark != wanted {
                    self.write_mark(name, &wanted).await?;
                }
                Ok(Outcome::AlreadyDone(self.shown(name).await?))
            }
            None if spec.adopt => {
                self.write_mark(name, &wanted).await?;
                Ok(Outcome::Done(self.shown(name).await?))
            }
            None => Err(self.foreign(name)),
        }
    }

    /// Makes a group so that no crash leaves one that looks like somebody else's: where groups can be tagged, it is made
    /// and tagged under a working name and then renamed; else the marker volume says beforehand what is intended.
    async fn make_group(&self, cx: &Cx, spec: &GroupSpec, before: &Mark) -> Result<()> {
        let mark = Mark { owner: Some(spec.owner.clone()), epoch: cx.epoch, state: MarkState::Made };
        if self.is_taggable(&spec.name).await? {
            let working = naming::working_group_name(&spec.name);
            self.create_unless_there(&working).await?;
            self.write_mark_early(&working, &spec.name, &mark).await?;
            return self.rename_once(&working, spec).await;
        }
        if let GroupScope::Pod(pod) = naming::parse_group_name(&spec.name)?.scope {
            self.ensure_pod(&spec.name, &pod).await?;
        }
        if before.state != MarkState::Intended || before.owner.as_ref() != Some(&spec.owner) {
            self.write_mark(&spec.name, &Mark { state: MarkState::Intended, ..mark.clone() }).await?;
        }
        self.send(groups::create(&spec.name)).await?;
        self.write_mark(&spec.name, &mark).await
    }

    /// Gives a group its name at last. The working name is gone where an earlier sending of this request, of which nobody
    /// heard, had its effect.
    async fn rename_once(&self, working: &ArrayGroupName, spec: &GroupSpec) -> Result<()> {
        let Err(e) = self.send(groups::rename(working, &spec.name)).await else { return Ok(()) };
        if e.kind() != ErrorKind::NotFound {
            return Err(e);
        }
        let (found, mark) = self.find_marked(&spec.name).await?;
        let is_ours = found.is_some_and(|group| group.owner(&mark).as_ref() == Some(&spec.owner));
        if is_ours { Ok(()) } else { Err(e) }
    }

    async fn create_unless_there(&self, name: &ArrayGroupName) -> Result<()> {
        match self.send(groups::create(name)).await {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
            _ => Ok(()),
        }
    }

    pub(super) async fn retire(
        &self,
        cx: &Cx,
        name: &ArrayGroupName,
        owner: &ProtectionGroupId,
        surviving: Option<&SurvivingRecoveryPoint>,
    ) -> Result<Outcome<()>> {
        self.check(cx)?;
        let (found, mark) = self.find_marked(name).await?;
        let Some(group) = found else { return Ok(Outcome::AlreadyDone(())) };
        mark.refuse_older(cx, name, self.host())?;
        if group.owner(&mark).as_ref() != Some(owner) {
            return Err(Error::conflict(format!(
                "protection group '{name}' on array '{}' does not carry the mark of '{owner}'",
                self.host()
            )));
        }
        if group.is_destroyed() {
            self.mark_retired(cx, name, &mark).await?;
            return Ok(Outcome::AlreadyDone(()));
        }
        self.require_online(name).await?;
        if self.holds_data(name).await? && !self.survives(name, surviving).await? {
            let text = format!(
                "protection group '{name}' on array '{}' has members or recovery points, and nothing proves that their \
                 data survives elsewhere",
                self.host()
            );
            return Err(Error::new(ErrorKind::DataSafety, text));
        }
        self.send(groups::set_destroyed(name, true)).await?;
        self.mark_retired(cx, name, &mark).await?;
        Ok(Outcome::Done(()))
    }

    /// Tags of a group end with it; a marker volume outlives it and must not claim a later group of that name.
    async fn mark_retired(&self, cx: &Cx, name: &ArrayGroupName, mark: &Mark) -> Result<()> {
        let marker = naming::marker_volume_name(name);
        let on_group = self.is_taggable(name).await? && !self.is_tagged(&marker).await?;
        if on_group || mark.state == MarkState::Retired {
            return Ok(());
        }
        self.write_marker(name, &Mark { epoch: cx.epoch.max(mark.epoch), state: MarkState::Retired, ..mark.clone() })
            .await
    }

    async fn holds_data(&self, name: &ArrayGroupName) -> Result<bool> {
        let points = async {
            let found = self.items::<GroupSnapshot>(snapshots::of_group(name)).await;
            Ok(or_missing(found)?.unwrap_or_default())
        };
        let (members, points) = futures::try_join!(self.member_names(name), points)?;
        Ok(!members.is_empty() || !points.is_empty())
    }

    /// Whether a proof names something else than a recovery point of the very group that is to go. One in a stretched pod is
    /// gone from both arrays.
    async fn survives(&self, name: &ArrayGroupName, proof: Option<&SurvivingRecoveryPoint>) -> Result<bool> {
        let Some(proof) = proof else { return Ok(false) };
        let (of_group, _) = naming::parse_recovery_point(&proof.point)?;
        let shared = super::pods::pod_of(name).is_some();
        Ok(of_group != *name || !shared && self.identity().await?.id != proof.array)
    }
}

/// What is missing is `None` rather than an error.
pub(super) fn or_missing<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound) => Ok(None),
        Err(e) => Err(e),
    }
}
