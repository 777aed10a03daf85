//! Clones: all of one complete recovery point, in one request where the array takes batches; only clones are removed.

use super::PureStorageDriver;
use super::mark::{Mark, NAMESPACE};
use super::volumes::CloneTag;
use crate::model::{ArrayVolumeId, ArrayVolumeName, OpKey, RecoveryPointName, Transfer};
use crate::ports::{CloneRequest, ClonedVolume, Cx, Outcome};
use crate::pure::request::literal;
use crate::pure::requests::tags;
use crate::pure::requests::volumes::{self, NewClone};
use crate::pure::version::Feature;
use crate::pure::wire::{Tag, TagEntry, Volume};
use crate::rules::naming;
use crate::{Error, ErrorKind, Result};
use futures::{StreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

impl PureStorageDriver {
    pub(super) async fn clone_point(&self, cx: &Cx, request: &CloneRequest) -> Result<Outcome<Vec<ClonedVolume>>> {
        self.check(cx)?;
        let (group, _) = naming::parse_recovery_point(&request.point)?;
        let (mark, present) = self.mark_and_clones(&cx.op_key, &request.point).await?;
        mark.refuse_older(cx, &group, self.host())?;
        let missing = self.still_missing(cx, request, &present).await?;
        if missing.is_empty() {
            self.note_epoch(cx, &group, &mark).await?;
            let clones = present.into_iter().map(ClonedVolume::from).collect();
            return Ok(Outcome::AlreadyDone(in_order(request, clones)));
        }
        refuse_bad_names(&missing)?;
        self.require_online(&group).await?;
        self.require_complete(&request.point).await?;
        if !self.version().await?.has(Feature::VolumesBatch) {
            self.refuse_any(request, &cx.op_key).await?;
        }
        // at once, for a round trip less: clones take nothing from anybody, and a repeat writes what was not written
        let (noted, made) =
            futures::join!(self.note_epoch(cx, &group, &mark), self.make_clones(cx, &request.point, &missing));
        let made = match made {
            Ok(made) => made,
            Err(e) => return Err(self.explain(cx, request, &present, e).await),
        };
        noted?;
        let all = present.into_iter().map(ClonedVolume::from).chain(made).collect();
        Ok(Outcome::Done(in_order(request, all)))
    }

    /// The mark of the point's group and the clones of this key, in one request where the mark is on a marker volume.
    async fn mark_and_clones(&self, op_key: &OpKey, point: &RecoveryPointName) -> Result<(Mark, Vec<CloneTag>)> {
        let (group, _) = naming::parse_recovery_point(point)?;
        let clones = format!("key={}", literal(&naming::clone_tag_key(op_key)));
        if !super::snapshots::is_replica(&group)? {
            let asked = tags::matching(NAMESPACE, &clones);
            let found = async { self.items::<Tag>(asked).await };
            let (mark, found) = futures::try_join!(self.mark(&group), found)?;
            return Ok((mark, CloneTag::among(op_key, &found)));
        }
        let marker = literal(naming::marker_volume_name(&group).as_str());
        let found: Vec<Tag> =
            self.items(tags::matching(NAMESPACE, &format!("resource.name={marker} or {clones}"))).await?;
        Ok((Mark::among(&group, &found), CloneTag::among(op_key, &found)))
    }

    /// What this key has not cloned yet. A clone that was destroyed since cannot be made again under its name.
    async fn still_missing<'a>(
        &self,
        cx: &Cx,
        request: &'a CloneRequest,
        present: &[CloneTag],
    ) -> Result<BTreeMap<&'a ArrayVolumeName, &'a ArrayVolumeName>> {
        let done: BTreeSet<&ArrayVolumeName> = present.iter().map(|clone| &clone.source).collect();
        let other =
            present.iter().find(|clone| clone.point != request.point || !request.volumes.contains_key(&clone.source));
        if other.is_some() {
            return Err(Error::invalid(format!(
                "'{}' was used before on array '{}', to clone other volumes than those of '{}' that are asked for",
                cx.op_key,
                self.host(),
                request.point
            )));
        }
        if !present.is_empty() {
            let names = present.iter().map(|clone| clone.name.clone()).collect();
            if let Some(gone) = self.volumes_named(&names).await?.iter().find(|volume| volume.destroyed == Some(true)) {
                return Err(Error::new(
                    ErrorKind::PendingEradication,
                    format!(
                        "volume '{}' on array '{}', cloned under '{}', is destroyed",
                        gone.name,
                        self.host(),
                        cx.op_key
                    ),
                ));
            }
        }
        Ok(request.volumes.iter().filter(|(source, _)| !done.contains(source)).collect())
    }

    async fn require_complete(&self, point: &RecoveryPointName) -> Result<()> {
        if self.complete.holds(point, std::time::Instant::now()) {
            return Ok(());
        }
        match self.progress_of(point).await? {
            None => Err(self.no_point(point)),
            Some(Transfer::Local | Transfer::Completed { .. }) => Ok(()),
            Some(_) => Err(self.incomplete(point)),
        }
    }

    /// One by one the array cannot take all or none, so whatever it would refuse is found before the first.
    async fn refuse_any(&self, request: &CloneRequest, op_key: &OpKey) -> Result<()> {
        self.examine(request, op_key).await?.into_iter().next().map_or(Ok(()), |objection| Err(objection.error))
    }

    pub(super) fn incomplete(&self, point: &RecoveryPointName) -> Error {
        let text = format!("recovery point '{point}' has not completely arrived on array '{}'", self.host());
        Error::precondition(text).remedy("wait until it has, or take an older recovery point")
    }

    async fn make_clones(
        &self,
        cx: &Cx,
        point: &RecoveryPointName,
        wanted: &BTreeMap<&ArrayVolumeName, &ArrayVolumeName>,
    ) -> Result<Vec<ClonedVolume>> {
        let key = naming::clone_tag_key(&cx.op_key);
        let wanted: Vec<Wanted> = wanted.iter().map(|(source, name)| Wanted::new(point, source, name, &key)).collect();
        if self.version().await?.has(Feature::VolumesBatch) {
            let mut made = Vec::new();
            for piece in wanted.chunks(self.batch_size()) {
                made.extend(self.clone_together(piece).await?);
            }
            return Ok(made);
        }
        self.clone_one_by_one(wanted).await
    }

    /// After a failure no clone is begun, but those that are on their way are finished: one that nobody waited for would be
    /// without its tag, and so be found by nobody.
    async fn clone_one_by_one(&self, wanted: Vec<Wanted>) -> Result<Vec<ClonedVolume>> {
        let has_failed = AtomicBool::new(false);
        let one = |wanted| async {
            if has_failed.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let made = self.clone_alone(wanted).await;
            has_failed.fetch_or(made.is_err(), Ordering::Relaxed);
            made.map(Some)
        };
        let ended: Vec<Result<Option<ClonedVolume>>> =
            stream::iter(wanted).map(one).buffer_unordered(self.concurrency()).collect().await;
        let made: Result<Vec<Option<ClonedVolume>>> = ended.into_iter().collect();
        Ok(made?.into_iter().flatten().collect())
    }

    async fn clone_together(&self, wanted: &[Wanted]) -> Result<Vec<ClonedVolume>> {
        let clones: Vec<NewClone<'_>> = wanted.iter().map(Wanted::request).collect();
        let found: Vec<Volume> = self.created(volumes::clone_batch(&clones)).await?;
        let by_name: BTreeMap<&str, &Volume> = found.iter().map(|volume| (volume.name.as_str(), volume)).collect();
        wanted.iter().map(|wanted| wanted.made(by_name.get(wanted.name.as_str()).copied())).collect()
    }

    /// One clone and its tag, in two requests, for arrays without batches. A volume of that name and source that carries no
    /// tag is the work of an earlier call that came no further.
    async fn clone_alone(&self, wanted: Wanted) -> Result<ClonedVolume> {
        let version = self.version().await?;
        let made: Result<Vec<Volume>> = self.created(volumes::clone_one(&wanted.request(), version)).await;
        let found = match made {
            Ok(found) => found,
            Err(e) if matches!(e.kind(), ErrorKind::AlreadyExists | ErrorKind::Indeterminate) => {
                let there = self.volumes_named(&BTreeSet::from([wanted.name.clone()])).await?;
                let tags = self.tags_of(&there).await?;
                if !there.iter().any(|volume| is_unfinished(volume, &tags, &wanted.snapshot)) {
                    return Err(e);
                }
                there
            }
            Err(e) => return Err(e),
        };
        let clone = wanted.made(found.iter().find(|volume| volume.name == wanted.name.as_str()))?;
        self.send(tags::tag_volumes(std::slice::from_ref(&wanted.name), &wanted.tag)).await?;
        Ok(clone)
    }

    /// What really stands against a request that the array refused. Where the array made part of it before it refused,
    /// those clones are destroyed again: all or none.
    async fn explain(&self, cx: &Cx, request: &CloneRequest, before: &[CloneTag], refusal: Error) -> Error {
        if !is_final(refusal.kind()) {
            return refusal;
        }
        let objections = match self.examine(request, &cx.op_key).await {
            Ok(objections) => objections,
            Err(e) => return e,
        };
        match self.mark_and_clones(&cx.op_key, &request.point).await {
            Ok((_, now)) => {
                let part: Vec<ArrayVolumeId> =
                    now.into_iter().filter(|clone| !before.contains(clone)).map(|clone| clone.id).collect();
                if let Err(e) = self.destroy(&part).await {
                    return e;
                }
            }
            Err(e) => return e,
        }
        objections.into_iter().next().map_or(refusal, |objection| objection.error)
    }
}

impl From<CloneTag> for ClonedVolume {
    fn from(clone: CloneTag) -> Self {
        Self { source: clone.source, id: clone.id, name: clone.name }
    }
}

/// One clone to make.
struct Wanted {
    source: ArrayVolumeName,
    name: ArrayVolumeName,
    /// Full name of the volume snapshot.
    snapshot: String,
    tag: [TagEntry; 1],
}

impl Wanted {
    fn new(point: &RecoveryPointName, source: &ArrayVolumeName, name: &ArrayVolumeName, key: &str) -> Self {
        let snapshot = naming::volume_snapshot_name(point, source);
        let tag = [TagEntry::new(NAMESPACE, key, &snapshot)];
        Self { source: source.clone(), name: name.clone(), snapshot, tag }
    }

    fn request(&self) -> NewClone<'_> {
        NewClone { source: &self.snapshot, name: &self.name, tags: &self.tag }
    }

    fn made(&self, volume: Option<&Volume>) -> Result<ClonedVolume> {
        let volume = volume
            .ok_or_else(|| Error::internal(format!("the array did not name clone '{}' in its reply", self.name)))?;
        Ok(ClonedVolume { source: self.source.clone(), id: volume.id.as_str().into(), name: self.name.clone() })
    }
}

/// Whether a volume is a clone of `snapshot` by a call that came no further than to make it: its source is right, and it
/// carries no tag. Versions differ in whether the source is the snapshot or the volume it was taken of, which on a target
/// has the source array in front.
pub(super) fn is_unfinished(volume: &Volume, tags: &BTreeMap<String, Vec<Tag>>, snapshot: &str) -> bool {
    let member = naming::parse_volume_snapshot(snapshot).map(|(_, member)| member);
    let is_source = |name: &str| {
        let replicated = snapshot.split_once(':').and_then(|(array, _)| name.strip_prefix(array)?.strip_prefix(':'));
        name == snapshot
            || member.as_ref().is_some_and(|member| [Some(name), replicated].contains(&Some(member.as_str())))
    };
    volume.destroyed != Some(true)
        && !tags.contains_key(&volume.id)
        && volume.source.name.as_deref().is_some_and(is_source)
}

fn in_order(request: &CloneRequest, mut clones: Vec<ClonedVolume>) -> Vec<ClonedVolume> {
    clones.retain(|clone| request.volumes.contains_key(&clone.source));
    clones.sort_by(|one, other| one.source.cmp(&other.source));
    clones
}

/// What the array itself could not object to in time: it takes names that other arrays and Cinder do not.
fn refuse_bad_names(wanted: &BTreeMap<&ArrayVolumeName, &ArrayVolumeName>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for name in wanted.values() {
        naming::validate_clone_name(name)?;
        if !seen.insert(name) {
            return Err(Error::invalid(format!("clone name '{name}' is given twice")));
        }
    }
    Ok(())
}

/// Whether the array has spoken, and would say the same again.
fn is_final(kind: ErrorKind) -> bool {
    !matches!(
        kind,
        ErrorKind::Transient
            | ErrorKind::Indeterminate
            | ErrorKind::Unreachable
            | ErrorKind::Unauthenticated
            | ErrorKind::DeadlineExceeded
    )
}

#[cfg(test)]
mod tests;
