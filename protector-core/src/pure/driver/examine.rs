//! What stands against a clone request, all of it at once.

use super::PureStorageDriver;
use super::clones::is_unfinished;
use super::groups::or_missing;
use crate::model::{OpKey, Transfer};
use crate::ports::{CloneRequest, PreflightFinding};
use crate::pure::requests::snapshots;
use crate::pure::version::Feature;
use crate::pure::wire::{GroupSnapshot, VolumeSnapshot};
use crate::rules::naming;
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeSet;

/// Something that keeps a clone request from being carried out.
pub(super) struct Objection {
    pub(super) code: &'static str,
    pub(super) error: Error,
}

impl PureStorageDriver {
    pub(super) async fn preflight_findings(&self, request: &CloneRequest) -> Result<Vec<PreflightFinding>> {
        let objections = self.examine(request, &OpKey::from("")).await?;
        let finding = |objection: Objection| PreflightFinding {
            code: objection.code.to_owned(),
            message: objection.error.message().to_owned(),
            blocks: true,
        };
        Ok(objections.into_iter().map(finding).collect())
    }

    /// Everything that is wrong with a request, except for what `op_key` itself has made.
    pub(super) async fn examine(&self, request: &CloneRequest, op_key: &OpKey) -> Result<Vec<Objection>> {
        let mut objections = self.against_point(request).await?;
        let mut seen = BTreeSet::new();
        for name in request.volumes.values() {
            if let Err(error) = naming::validate_clone_name(name) {
                objections.push(Objection { code: "name_invalid", error });
            } else if !seen.insert(name.clone()) {
                let error = Error::invalid(format!("clone name '{name}' is given twice"));
                objections.push(Objection { code: "name_repeated", error });
            }
        }
        let taken = self.volumes_named(&seen).await?;
        let tags = self.tags_of(&taken).await?;
        let own_key = naming::clone_tag_key(op_key);
        let tagged_later = !self.version().await?.has(Feature::VolumesBatch);
        for volume in taken {
            let is_ours = tags.get(&volume.id).is_some_and(|tags| tags.iter().any(|tag| tag.key == own_key));
            let source =
                request.volumes.iter().find(|(_, name)| name.as_str() == volume.name).map(|(source, _)| source);
            let unfinished =
                |source| is_unfinished(&volume, &tags, &naming::volume_snapshot_name(&request.point, source));
            if is_ours || tagged_later && source.is_some_and(unfinished) {
                continue;
            }
            let text = format!("array '{}' has a volume '{}' already", self.host(), volume.name);
            objections.push(if volume.destroyed == Some(true) {
                let text = format!("{text}, destroyed and not yet eradicated");
                Objection { code: "name_pending_eradication", error: Error::new(ErrorKind::PendingEradication, text) }
            } else {
                Objection { code: "name_taken", error: Error::already_exists(text) }
            });
        }
        Ok(objections)
    }

    async fn against_point(&self, request: &CloneRequest) -> Result<Vec<Objection>> {
        let point = &request.point;
        let snapshot = async {
            let found = self.items::<GroupSnapshot>(snapshots::named(std::slice::from_ref(point))).await;
            Ok(or_missing(found)?.and_then(|found| found.into_iter().next()))
        };
        let volumes = async { self.items::<VolumeSnapshot>(snapshots::volumes_of(point)).await };
        let (snapshot, transfer, volumes) = futures::try_join!(snapshot, self.progress_of(point), volumes)?;
        let Some(snapshot) = snapshot else {
            return Ok(vec![Objection { code: "recovery_point_missing", error: self.no_point(point) }]);
        };
        if let Err(error) = self.require_online(&naming::parse_recovery_point(point)?.0).await {
            if error.kind() != ErrorKind::Precondition {
                return Err(error);
            }
            return Ok(vec![Objection { code: "pod_not_online", error }]);
        }
        let mut objections = Vec::new();
        if snapshot.destroyed == Some(true) {
            let text = format!("recovery point '{point}' on array '{}' is destroyed", self.host());
            let error = Error::new(ErrorKind::PendingEradication, text);
            return Ok(vec![Objection { code: "recovery_point_destroyed", error }]);
        }
        if !matches!(transfer, Some(Transfer::Local | Transfer::Completed { .. })) {
            objections.push(Objection { code: "transfer_incomplete", error: self.incomplete(point) });
        }
        let members: BTreeSet<_> = volumes.iter().filter_map(|v| naming::snapshot_member(point, &v.name)).collect();
        let missing: Vec<String> =
            request.volumes.keys().filter(|name| !members.contains(*name)).map(|name| format!("'{name}'")).collect();
        if !missing.is_empty() {
            let text = format!("recovery point '{point}': it does not hold {}", missing.join(", "));
            objections.push(Objection { code: "members_missing", error: Error::precondition(text) });
        }
        Ok(objections)
    }
}
