//! What checks begin with: names, contexts, a group that is replicated.

use super::StorageSubject;
use crate::model::{
    ArrayGroupName, ArrayName, ArrayVolumeName, Epoch, OpKey, ProtectionGroupId, RecoveryPoint, RecoveryPointName,
    Transfer,
};
use crate::ports::conformance::{CheckResult, Failure, ensure};
use crate::ports::{
    ArrayGroup, Cancel, CloneRequest, Cx, GroupSpec, MemberMode, MemberSet, Outcome, ReplicationSpec, SnapshotRequest,
    StorageDriver,
};
use crate::rules::naming;
use std::{collections::BTreeSet, fmt::Debug, time::Duration};

/// How long a check waits for anything.
const PATIENCE: Duration = Duration::from_secs(120);
pub(super) const POLL: Duration = Duration::from_millis(200);
pub(super) const MIB: u64 = 1 << 20;
/// The epoch at which checks begin.
pub(super) const EPOCH: u64 = 5;
/// Seconds between scheduled snapshots: long enough that none comes in between.
pub(super) const INTERVAL: u32 = 86_400;

pub(super) fn owner() -> ProtectionGroupId {
    ProtectionGroupId::from("pg-11111111-1111-4111-8111-111111111111")
}

pub(super) fn other_owner() -> ProtectionGroupId {
    ProtectionGroupId::from("pg-22222222-2222-4222-8222-222222222222")
}

/// The local group that checks work with.
pub(super) fn group() -> ArrayGroupName {
    ArrayGroupName::from("pg-conformance")
}

/// A call of its own: `key` tells calls apart.
pub(super) fn call(subject: &StorageSubject, key: &str) -> Cx {
    at_epoch(subject, key, EPOCH)
}

pub(super) fn at_epoch(subject: &StorageSubject, key: &str, epoch: u64) -> Cx {
    Cx {
        op_key: OpKey::from(key),
        epoch: Epoch(epoch),
        deadline: subject.clock.now() + PATIENCE,
        cancel: Cancel::default(),
    }
}

pub(super) async fn name_of(driver: &dyn StorageDriver) -> Result<ArrayName, Failure> {
    Ok(driver.info().await?.name)
}

pub(super) fn names(names: &[&str]) -> BTreeSet<ArrayVolumeName> {
    names.iter().map(|name| ArrayVolumeName::from(*name)).collect()
}

pub(super) fn members(wanted: &[&str], mode: MemberMode) -> MemberSet {
    MemberSet { volumes: names(wanted), mode }
}

pub(super) fn spec(name: &ArrayGroupName, owner: ProtectionGroupId, adopt: bool) -> GroupSpec {
    GroupSpec { name: name.clone(), owner, adopt }
}

pub(super) fn ask(suffix: &str, replicate_now: bool) -> SnapshotRequest {
    SnapshotRequest { suffix: suffix.to_owned(), replicate_now }
}

/// The value of a call that had something to do.
pub(super) fn done<T: Debug>(what: &str, outcome: Outcome<T>) -> Result<T, Failure> {
    match outcome {
        Outcome::Done(value) => Ok(value),
        other => Err(format!("{what}: expected Done, got {other:?}").into()),
    }
}

/// The value of a call that had nothing left to do.
pub(super) fn already<T: Debug>(what: &str, outcome: Outcome<T>) -> Result<T, Failure> {
    match outcome {
        Outcome::AlreadyDone(value) => Ok(value),
        other => Err(format!("{what}: expected AlreadyDone, got {other:?}").into()),
    }
}

/// Asks again and again until `look` finds something.
pub(super) async fn eventually<T, F>(subject: &StorageSubject, what: &str, look: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<Option<T>, Failure>>,
{
    let deadline = subject.clock.now() + PATIENCE;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if subject.clock.now() >= deadline {
            return Err(format!("{what}: not within {PATIENCE:?}").into());
        }
        subject.clock.sleep(POLL).await;
    }
}

/// A marked, empty group on the source.
pub(super) async fn empty_group(subject: &StorageSubject) -> Result<ArrayGroup, Failure> {
    let wanted = spec(&group(), owner(), false);
    done("ensure_group", subject.source.ensure_group(&call(subject, "scene-group"), &wanted).await?)
}

pub(super) async fn volumes(subject: &StorageSubject, wanted: &[&str]) -> CheckResult {
    let array = name_of(&*subject.source).await?;
    for (n, name) in (1..).zip(wanted) {
        subject.bench.create_volume(&array, &ArrayVolumeName::from(*name), n * MIB).await?;
    }
    Ok(())
}

/// A group on the source with these members.
pub(super) async fn filled_group(subject: &StorageSubject, wanted: &[&str]) -> CheckResult {
    empty_group(subject).await?;
    volumes(subject, wanted).await?;
    let set = members(wanted, MemberMode::Exact);
    done("ensure_members", subject.source.ensure_members(&call(subject, "scene-members"), &group(), &set).await?)?;
    Ok(())
}

/// The same, replicated to the target and allowed there; the name of its image.
pub(super) async fn replicated_group(subject: &StorageSubject, wanted: &[&str]) -> Result<ArrayGroupName, Failure> {
    filled_group(subject, wanted).await?;
    let replication = ReplicationSpec { target: name_of(&*subject.target).await?, interval: INTERVAL };
    subject.source.ensure_replication(&call(subject, "scene-target"), &group(), &replication).await?;
    let image = image_name(subject).await?;
    accepted(subject, &image).await?;
    Ok(image)
}

pub(super) async fn image_name(subject: &StorageSubject) -> Result<ArrayGroupName, Failure> {
    Ok(naming::target_group_name(&name_of(&*subject.source).await?, &group()))
}

/// Allows replication to an image as soon as it shows.
pub(super) async fn accepted(subject: &StorageSubject, image: &ArrayGroupName) -> CheckResult {
    eventually(subject, "accept_from_peer", || async move {
        let cx = call(subject, "scene-accept");
        Ok(subject.target.accept_from_peer(&cx, image, &owner(), true).await?.finished())
    })
    .await
}

/// Takes a snapshot and ships it; as the source shows it.
pub(super) async fn taken(subject: &StorageSubject, suffix: &str) -> Result<RecoveryPoint, Failure> {
    let cx = call(subject, suffix);
    let outcome = subject.source.create_protection_group_snapshot(&cx, &group(), &ask(suffix, true)).await?;
    done("create_protection_group_snapshot", outcome)
}

/// Waits until a recovery point has completely arrived on the target.
pub(super) async fn arrived(subject: &StorageSubject, point: &RecoveryPointName) -> CheckResult {
    eventually(subject, "transfer", || async move {
        match subject.target.transfer_status(point).await {
            Ok(Transfer::Completed { .. }) => Ok(Some(())),
            Ok(Transfer::Local) => Err("a replica calls itself local".into()),
            Ok(_) => Ok(None),
            Err(e) if e.kind() == crate::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e.into()),
        }
    })
    .await
}

/// A replicated group of `v1` and `v2` with a recovery point that is complete on the target: its name there.
pub(super) async fn complete_point(subject: &StorageSubject) -> Result<RecoveryPointName, Failure> {
    let image = replicated_group(subject, &["v1", "v2"]).await?;
    taken(subject, "dr-1").await?;
    let point = naming::recovery_point_name(&image, "dr-1");
    arrived(subject, &point).await?;
    Ok(point)
}

/// Clones of `v1` and `v2` under these names.
pub(super) fn both(point: &RecoveryPointName, first: &str, second: &str) -> CloneRequest {
    let volumes = [("v1".into(), first.into()), ("v2".into(), second.into())].into();
    CloneRequest { point: point.clone(), volumes }
}

/// Fails unless the array shows the group of the scene just as it did.
pub(super) async fn unchanged(subject: &StorageSubject, before: &ArrayGroup) -> CheckResult {
    let now = shown(&*subject.source, &before.name).await?;
    ensure(now == *before, || format!("a refused call changed the group from {before:?} to {now:?}"))
}

pub(super) async fn shown(driver: &dyn StorageDriver, name: &ArrayGroupName) -> Result<ArrayGroup, Failure> {
    let found = driver.group(name).await?.ok_or_else(|| format!("{driver} does not show group '{name}'"))?;
    Ok(found.value)
}
