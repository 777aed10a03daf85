//! Members of groups: all wanted ones exist and belong to nobody else.

use super::PureStorageDriver;
use super::groups::or_missing;
use crate::model::{ArrayGroupName, ArrayVolumeName, ProtectionGroupId};
use crate::ports::{ArrayGroup, Cx, MemberMode, MemberSet, Outcome};
use crate::pure::request::batches;
use crate::pure::requests::members;
use crate::pure::wire::GroupMember;
use crate::rules::naming;
use crate::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};

impl PureStorageDriver {
    pub(super) async fn ensure_member_set(
        &self,
        cx: &Cx,
        name: &ArrayGroupName,
        wanted: &MemberSet,
    ) -> Result<Outcome<ArrayGroup>> {
        let (group, mark) = self.changeable(cx, name).await?;
        let owner = group.owner(&mark).ok_or_else(|| self.foreign(name))?;
        let present = self.member_names(name).await?;
        let added: Vec<ArrayVolumeName> = wanted.volumes.difference(&present).cloned().collect();
        self.refuse_missing(&wanted.volumes).await?;
        self.refuse_shared(name, &owner, &wanted.volumes).await?;
        for piece in batches(&added, self.batch_size()) {
            match self.send(members::add(name, piece)).await {
                // another caller was faster with some of them; the rest is in as well
                Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e),
                _ => {}
            }
        }
        let removed: Vec<ArrayVolumeName> = match wanted.mode {
            MemberMode::Exact => present.difference(&wanted.volumes).cloned().collect(),
            MemberMode::Add => Vec::new(),
        };
        for piece in batches(&removed, self.batch_size()) {
            or_missing(self.send(members::remove(name, piece)).await)?;
        }
        let changed = !added.is_empty() || !removed.is_empty();
        let shown = self.show(name).await?.ok_or_else(|| self.missing(name))?;
        Ok(if changed { Outcome::Done(shown) } else { Outcome::AlreadyDone(shown) })
    }

    async fn refuse_missing(&self, wanted: &BTreeSet<ArrayVolumeName>) -> Result<()> {
        let found = self.volumes_named(wanted).await?;
        let present: BTreeSet<&str> =
            found.iter().filter(|volume| volume.destroyed != Some(true)).map(|volume| volume.name.as_str()).collect();
        let missing: Vec<String> =
            wanted.iter().filter(|name| !present.contains(name.as_str())).map(|name| format!("'{name}'")).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::not_found(format!("array '{}' has no volume {}", self.host(), missing.join(", "))))
    }

    /// One owner per volume. Groups without a mark, such as Cinder's own, do not count.
    async fn refuse_shared(
        &self,
        name: &ArrayGroupName,
        owner: &ProtectionGroupId,
        wanted: &BTreeSet<ArrayVolumeName>,
    ) -> Result<()> {
        let mut shared = Vec::new();
        for (group, volumes) in self.groups_of(wanted).await? {
            if group == *name || naming::is_system_group(&group) {
                continue;
            }
            let (found, mark) = self.find_marked(&group).await?;
            let other = found.filter(|group| !group.is_destroyed()).and_then(|group| group.owner(&mark));
            if other.is_some_and(|other| other != *owner) {
                shared.extend(volumes.iter().map(|volume| format!("'{volume}' (in '{group}')")));
            }
        }
        if shared.is_empty() {
            return Ok(());
        }
        Err(Error::conflict(format!(
            "volumes on array '{}' are in a group of another owner: {}",
            self.host(),
            shared.join(", ")
        ))
        .remedy("take them out of that protection group first: openstack protector protection-group member-remove"))
    }

    /// Groups that these volumes are in, with which of them.
    pub(super) async fn groups_of(
        &self,
        volumes: &BTreeSet<ArrayVolumeName>,
    ) -> Result<BTreeMap<ArrayGroupName, BTreeSet<ArrayVolumeName>>> {
        let asked: Vec<ArrayVolumeName> = volumes.iter().cloned().collect();
        let mut groups: BTreeMap<ArrayGroupName, BTreeSet<ArrayVolumeName>> = BTreeMap::new();
        for piece in batches(&asked, self.batch_size()) {
            let found: Vec<GroupMember> = self.items(members::groups_of(piece)).await?;
            for item in found {
                if let (Some(group), Some(member)) = (item.group.name, item.member.name) {
                    groups.entry(group.into()).or_default().insert(member.into());
                }
            }
        }
        Ok(groups)
    }
}
