//! Generic volume groups: one for each protection group.

use super::OpenStackCloud;
use super::answers::{Group, GroupType, Volume, without_pool};
use super::beat::{GROUPS, JOINED, in_progress};
use super::calls::cinder;
use super::changing::LONGEST;
use super::reads::{CATALOGUE, MOMENT, NOW};
use super::session::Until;
use crate::model::{CinderGroupId, REPLICATION_ENABLED, VolumeId, VolumeType};
use crate::ports::{CinderGroup, CinderGroupSpec, Outcome, VolumeState};
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeSet;
use std::sync::Arc;

impl OpenStackCloud {
    /// The group with this id, if there is one.
    pub(super) async fn group(&self, id: &CinderGroupId, until: Until) -> Result<Option<CinderGroup>> {
        match self.find_group(id, until).await? {
            Some(group) => self.shown(&group, until).await.map(Some),
            None => Ok(None),
        }
    }

    async fn find_group(&self, id: &CinderGroupId, until: Until) -> Result<Option<Group>> {
        let found = self.session.find(&cinder::group(id), until).await?;
        found.map(|reply| reply.under("group")).transpose()
    }

    async fn existing_group(&self, id: &CinderGroupId, until: Until) -> Result<Group> {
        self.find_group(id, until).await?.ok_or_else(|| {
            Error::not_found(format!("{} has no Cinder group '{id}'", self.whose()))
                .remedy(format!("{} volume group list", self.command()))
        })
    }

    /// A group with the name of its type and the backend it is on, which Cinder tells of its volumes and types alone.
    async fn shown(&self, group: &Group, until: Until) -> Result<CinderGroup> {
        let types = self.types(CATALOGUE, until).await?;
        let of_group = types.into_iter().find(|volume_type| group.volume_types.contains(&volume_type.id));
        let backend = match &of_group {
            Some(volume_type) => self.backend_of_group(group, volume_type, until).await?,
            None => String::new(),
        };
        Ok(group.show(of_group.map(|volume_type| volume_type.name).unwrap_or_default(), backend))
    }

    /// The backend that a group is on: the only one that offers its type, or else that of one of its volumes; empty if
    /// nobody can say.
    async fn backend_of_group(&self, group: &Group, volume_type: &VolumeType, until: Until) -> Result<String> {
        if let Some(only) = self.backend_of_type(volume_type, until).await? {
            return Ok(only);
        }
        let Some(member) = group.members().into_iter().next() else { return Ok(String::new()) };
        let host = self.find_volume(&member, until).await?.and_then(|volume| volume.host);
        Ok(host.map(|host| without_pool(&host).to_owned()).unwrap_or_default())
    }

    pub(super) async fn ensure_group(&self, spec: &CinderGroupSpec, until: Until) -> Result<Outcome<CinderGroup>> {
        let volume_type = self.type_named(&spec.volume_type, until).await?;
        let groups = self.reads.groups.read(until, self.session.list(&cinder::groups(), "groups", until)).await?;
        let of_name = groups.iter().filter(|group| group.name.as_deref() == Some(&spec.name));
        // what failed is told only if nothing else has the name
        let Some(group) = of_name.min_by_key(|group| group.is_failed()) else {
            return self.make_group(spec, &volume_type, until).await;
        };
        if group.volume_types.iter().any(|id| *id != volume_type.id) || group.volume_types.is_empty() {
            let shown = self.shown(group, until).await?;
            return Err(Error::conflict(format!(
                "Cinder group '{}' of {} exists with volume type '{}', not '{}'",
                spec.name,
                self.whose(),
                shown.volume_type,
                spec.volume_type
            )));
        }
        if group.is_changing() {
            return Ok(in_progress(GROUPS));
        }
        if group.is_failed() {
            return Err(self.failed_group(group, &spec.volume_type, until).await);
        }
        self.shown(group, until).await.map(Outcome::AlreadyDone)
    }

    async fn failed_group(&self, group: &Group, volume_type: &str, until: Until) -> Error {
        let told = self.told_about(&group.id, until).await;
        let name = group.name.as_deref().unwrap_or_default();
        Error::precondition(format!(
            "Cinder group '{name}' ({}) of {} ended in '{}': no backend took a group of volume type '{volume_type}': {told}",
            group.id,
            self.whose(),
            group.status
        ))
        .remedy(format!(
            "see why in the log of cinder-scheduler, then remove it and repeat: {} volume group delete {}",
            self.command(),
            group.id
        ))
    }

    /// Cinder refused a change after it had begun it, and left the group as it was then.
    fn stuck_group(&self, group: &Group) -> Error {
        let (name, status) = (group.name.as_deref().unwrap_or_default(), &group.status);
        Error::precondition(format!(
            "Cinder group '{name}' ({}) of {} has been '{status}' for more than {} s, and nothing changes",
            group.id,
            self.whose(),
            LONGEST.as_secs()
        ))
        .remedy(self.reset_group(group))
    }

    async fn unchanged_group(&self, group: &Group, until: Until) -> Error {
        let (name, status) = (group.name.as_deref().unwrap_or_default(), &group.status);
        let told = self.told_about(&group.id, until).await;
        Error::precondition(format!(
            "Cinder group '{name}' ({}) of {} is in '{status}', and its volumes cannot change: {told}",
            group.id,
            self.whose()
        ))
        .remedy(self.reset_group(group))
    }

    fn reset_group(&self, group: &Group) -> String {
        format!(
            "see why in the log of cinder-volume; then, as administrator of {}: cinder --os-volume-api-version 3.20 \
             reset-state --type group --state available {}; and repeat",
            self.whose(),
            group.id
        )
    }

    async fn make_group(
        &self,
        spec: &CinderGroupSpec,
        volume_type: &VolumeType,
        until: Until,
    ) -> Result<Outcome<CinderGroup>> {
        self.offered(volume_type, until).await?;
        let types =
            self.reads.group_types.read(until, self.session.list(&cinder::group_types(), "group_types", until)).await?;
        let group_type =
            choose(&types, replicates(volume_type)).ok_or_else(|| self.no_group_type(&types, volume_type))?;
        self.session.send(&cinder::create_group(&spec.name, &group_type.id, &volume_type.id), until).await?;
        Ok(in_progress(GROUPS))
    }

    /// No group type will do, or nobody tells.
    fn no_group_type(&self, types: &[GroupType], volume_type: &VolumeType) -> Error {
        let (whose, command) = (self.whose(), self.command());
        if !types.is_empty() && types.iter().all(|found| found.group_specs.is_none()) {
            return Error::new(
                ErrorKind::Forbidden,
                format!("{whose} does not show this user what its group types say, so none can be chosen"),
            )
            .remedy("give this user the role that the policy rule group:access_group_types_specs asks for: admin");
        }
        let names: Vec<String> = types.iter().map(|found| format!("'{}'", found.name)).collect();
        let there =
            if names.is_empty() { "there is none".to_owned() } else { format!("there are {}", names.join(", ")) };
        let mut properties = "--property consistent_group_snapshot_enabled='<is> True'".to_owned();
        if replicates(volume_type) {
            properties.push_str(" --property consistent_group_replication_enabled='<is> True'");
        }
        let version = "--os-volume-api-version 3.71";
        Error::precondition(format!(
            "{whose} has no group type that keeps volumes of type '{}' consistent ({there})",
            volume_type.name
        ))
        .remedy(format!(
            "as administrator: {command} {version} volume group type create protector-consistent && {command} {version} \
             volume group type set protector-consistent {properties}"
        ))
    }

    pub(super) async fn ensure_members(
        &self,
        id: &CinderGroupId,
        wanted: &BTreeSet<VolumeId>,
        until: Until,
    ) -> Result<Outcome<CinderGroup>> {
        let group = self.existing_group(id, until).await?;
        if group.is_changing() {
            let is_stuck = self.changing.is_stuck(&group, self.clock.now());
            return if is_stuck { Err(self.stuck_group(&group)) } else { Ok(in_progress(GROUPS)) };
        }
        self.changing.over(&group);
        let present = group.members();
        let join: BTreeSet<&VolumeId> = wanted.difference(&present).collect();
        let leave: BTreeSet<&VolumeId> = present.difference(wanted).collect();
        let shown = self.shown(&group, until).await?;
        let volumes = self.joining(&shown, &join, until).await?;
        let of_volumes = volumes.as_slice();
        self.refuse_unfit_members(&shown, &join, of_volumes)?;
        if group.is_failed() {
            return Err(self.unchanged_group(&group, until).await);
        }
        if join.is_empty() && leave.is_empty() {
            // volumes tell of their group, too
            self.reads.volumes.forget();
            return Ok(Outcome::AlreadyDone(shown));
        }
        // servers that are booted meanwhile hold theirs for a moment, in which they cannot join
        let ready: BTreeSet<&VolumeId> =
            join.into_iter().filter(|id| state_of(of_volumes, id) != Some(VolumeState::Creating)).collect();
        if ready.is_empty() && leave.is_empty() {
            return Ok(in_progress(GROUPS));
        }
        // of many, a few at a time: those who ask come back until all are in
        match self.session.send(&cinder::change_group(id, &ready, &leave), until).await {
            Err(e) if e.message().contains("in an invalid state") => {
                // the moment may have begun since they were looked at
                let now = self.volumes(NOW, until).await?;
                let is_fit = |id: &&VolumeId| {
                    let state = state_of(&now, id);
                    matches!(state, Some(VolumeState::Available | VolumeState::InUse | VolumeState::Creating))
                };
                if ready.iter().all(is_fit) { Ok(in_progress(GROUPS)) } else { Err(e) }
            }
            changed => changed.map(|_| in_progress(JOINED)),
        }
    }

    /// Volumes, as they were a moment ago if all that join could do so then: many join a few at a time.
    async fn joining(&self, group: &CinderGroup, join: &BTreeSet<&VolumeId>, until: Until) -> Result<Arc<Vec<Volume>>> {
        if join.is_empty() {
            return Ok(Arc::default());
        }
        let recent = self.volumes(MOMENT, until).await?;
        let could = |id: &&VolumeId| matches!(state_of(&recent, id), Some(VolumeState::Available | VolumeState::InUse));
        if join.iter().all(could) && self.refuse_unfit_members(group, join, &recent).is_ok() {
            return Ok(recent);
        }
        self.volumes(NOW, until).await
    }

    /// All that cannot join, at once.
    fn refuse_unfit_members(&self, group: &CinderGroup, join: &BTreeSet<&VolumeId>, volumes: &[Volume]) -> Result<()> {
        let (mut missing, mut unfit) = (Vec::new(), Vec::new());
        for id in join {
            match volumes.iter().find(|volume| volume.id == id.as_str()) {
                None => missing.push(format!("'{id}'")),
                Some(volume)
                    if volume
                        .group_id
                        .as_deref()
                        .is_some_and(|other| !other.is_empty() && other != group.id.as_str()) =>
                {
                    unfit.push(format!("'{id}' is in another group"));
                }
                Some(volume) if volume.volume_type.as_deref() != Some(&group.volume_type) => {
                    unfit.push(format!("'{id}' is of type '{}'", volume.volume_type.as_deref().unwrap_or_default()));
                }
                Some(_) => {}
            }
        }
        if !missing.is_empty() {
            return Err(Error::not_found(format!("{} has no volume {}", self.whose(), missing.join(", ")))
                .remedy(format!("{} volume list", self.command())));
        }
        if !unfit.is_empty() {
            let text = format!("not for Cinder group '{}' of type '{}'", group.name, group.volume_type);
            return Err(Error::conflict(format!("{text}: volume {}", unfit.join(", "))));
        }
        Ok(())
    }

    /// Deletes a group that is empty. Cinder would delete its volumes with it.
    pub(super) async fn delete_group(&self, id: &CinderGroupId, until: Until) -> Result<Outcome<()>> {
        let Some(group) = self.find_group(id, until).await? else { return Ok(Outcome::AlreadyDone(())) };
        let count = group.members().len();
        if count > 0 || group.volumes.is_none() {
            let name = group.name.as_deref().unwrap_or_default();
            let has =
                if count > 0 { format!("has {count} volumes") } else { "does not say which volumes it has".to_owned() };
            let text = format!("Cinder group '{name}' of {} {has}, which Cinder would delete with it", self.whose());
            return Err(Error::new(ErrorKind::DataSafety, text).remedy("take the volumes out of the group first"));
        }
        if group.is_changing() {
            return Ok(in_progress(GROUPS));
        }
        if group.status == "error_deleting" {
            let told = self.told_about(&group.id, until).await;
            let text = format!("Cinder group '{}' of {} is in 'error_deleting': {told}", group.id, self.whose());
            return Err(Error::precondition(text).remedy(format!("{} volume group show {}", self.command(), group.id)));
        }
        self.session.send(&cinder::delete_group(id), until).await?;
        Ok(in_progress(GROUPS))
    }
}

/// Whether Cinder replicates volumes of a type. It compares texts.
fn replicates(volume_type: &VolumeType) -> bool {
    volume_type.extra_specs.get(REPLICATION_ENABLED).is_some_and(|value| value == "<is> True")
}

/// The group type of groups that come from the older API of consistency groups. Cinder makes no other with it.
const MIGRATED: &str = "default_cgsnapshot_type";

/// The group type to use: one that keeps snapshots consistent, and replicates exactly if the volumes do; the first by name.
fn choose(types: &[GroupType], replicated: bool) -> Option<&GroupType> {
    let fits = |found: &&GroupType| {
        found.name != MIGRATED && found.keeps_snapshots_consistent() && found.replicates() == replicated
    };
    types.iter().filter(fits).min_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)))
}

/// State of the volume with this id, if it is there.
fn state_of(volumes: &[Volume], id: &VolumeId) -> Option<VolumeState> {
    volumes.iter().find(|volume| volume.id == id.as_str()).map(Volume::state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn types() -> Vec<GroupType> {
        let (yes, snapshot, replication) =
            ("<is> True", "consistent_group_snapshot_enabled", "consistent_group_replication_enabled");
        serde_json::from_value(json!([
            {"id": "0", "name": "default_cgsnapshot_type", "group_specs": {snapshot: yes}},
            {"id": "1", "name": "loose", "group_specs": {}},
            {"id": "2", "name": "z-both", "group_specs": {snapshot: yes, replication: yes}},
            {"id": "3", "name": "a-both", "group_specs": {snapshot: yes, replication: yes}},
            {"id": "4", "name": "z-almost", "group_specs": {snapshot: yes, replication: "<is> true"}},
            {"id": "5", "name": "a-half", "group_specs": {replication: yes}},
            {"id": "6", "name": "a-hidden"}
        ]))
        .unwrap()
    }

    #[test]
    fn a_group_type_is_found_by_what_it_says_to_the_letter() {
        assert_eq!(choose(&types(), true).map(|found| found.id.as_str()), Some("3"));
        assert_eq!(choose(&types(), false).map(|found| found.id.as_str()), Some("4"));
        assert_eq!(choose(&types()[..2], true), None);
        assert_eq!(choose(&types()[6..], false), None);
    }
}
