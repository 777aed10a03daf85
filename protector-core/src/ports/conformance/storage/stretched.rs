//! Stretched pods, as a move between their arrays needs them: what lies in the pod is on both arrays, and what one array does
//! for itself is on that one alone.

use super::StorageSubject;
use super::pods::{filled_pod, has_pods, pod_group, stretched_pod, stretched_unmarked};
use super::scene::{
    EPOCH, MIB, already, ask, at_epoch, call, done, empty_group, group, members, name_of, names, owner, shown,
};
use crate::ErrorKind::{Conflict, DataSafety, InvalidRequest, Precondition};
use crate::model::{ArrayVolumeName, RecoveryPoint, RecoveryPointName, Transfer};
use crate::ports::conformance::{Check, CheckResult, Failure, checks, ensure, ensure_equal, ensure_refused};
use crate::ports::{CloneRequest, FenceState, MemberMode, StorageDriver, SurvivingRecoveryPoint, VolumeQuery};

pub(super) fn checks() -> Vec<Check<StorageSubject>> {
    checks![
        volumes_of_a_stretched_pod_are_the_same_on_both_arrays if has_pods,
        group_and_volumes_lie_in_the_same_pod if has_pods,
        each_array_of_a_stretched_pod_has_a_mark_of_its_own if has_pods,
        recovery_points_of_a_stretched_pod_are_complete_on_both_arrays if has_pods,
        a_stretched_pod_is_no_target_of_snapshots if has_pods,
        a_recovery_point_of_a_stretched_pod_is_cloned_on_either_array if has_pods,
        a_clone_on_the_second_array_holds_the_data if |subject: &StorageSubject| has_pods(subject) && subject.bench.has_data(),
        a_clone_lies_outside_of_pods if has_pods,
        a_fence_around_a_stretched_pod_holds_on_its_own_array if fences,
        a_fenced_array_of_a_stretched_pod_refuses_writes if |subject: &StorageSubject| fences(subject) && subject.bench.has_data(),
        nothing_is_scheduled_for_a_stretched_pod if has_pods,
        a_recovery_point_in_a_pod_does_not_survive_its_group if has_pods,
    ]
}

fn fences(subject: &StorageSubject) -> bool {
    has_pods(subject) && subject.source.capabilities().fence
}

/// The member of the pod.
fn member() -> ArrayVolumeName {
    ArrayVolumeName::from("pod-conformance::v1")
}

/// A recovery point of the pod, taken through this array.
pub(super) async fn taken(
    subject: &StorageSubject,
    through: &dyn StorageDriver,
    suffix: &str,
) -> Result<RecoveryPoint, Failure> {
    let cx = call(subject, suffix);
    let outcome = through.create_protection_group_snapshot(&cx, &pod_group(), &ask(suffix, false)).await?;
    done("create_protection_group_snapshot", outcome)
}

/// The member under that name.
pub(super) fn clone_as(point: &RecoveryPointName, name: &str) -> CloneRequest {
    CloneRequest { point: point.clone(), volumes: [(member(), name.into())].into() }
}

async fn volumes_of_a_stretched_pod_are_the_same_on_both_arrays(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    let by_name = VolumeQuery::Names([member()].into());
    let here = subject.source.volumes(&by_name).await?;
    ensure_equal("volumes by name on the source", &here.len(), &1)?;
    ensure_equal("volumes by name on the target", &subject.target.volumes(&by_name).await?, &here)?;
    let by_id = VolumeQuery::Ids(here.iter().map(|volume| volume.id.clone()).collect());
    for driver in [&subject.source, &subject.target] {
        ensure_equal("volumes by id", &driver.volumes(&by_id).await?, &here)?;
    }
    Ok(())
}

async fn group_and_volumes_lie_in_the_same_pod(subject: &StorageSubject) -> CheckResult {
    filled_pod(subject).await?;
    empty_group(subject).await?;
    let array = name_of(&*subject.source).await?;
    subject.bench.create_volume(&array, &"v1".into(), MIB).await?;
    for (group, volume) in [(pod_group(), "v1"), (group(), "pod-conformance::v1")] {
        let before = shown(&*subject.source, &group).await?;
        let set = members(&[volume], MemberMode::Add);
        let refused = subject.source.ensure_members(&call(subject, "elsewhere"), &group, &set).await;
        ensure_refused("ensure_members", refused, Precondition, &["v1"])?;
        ensure_equal("the group", &shown(&*subject.source, &group).await?, &before)?;
    }
    Ok(())
}

async fn each_array_of_a_stretched_pod_has_a_mark_of_its_own(subject: &StorageSubject) -> CheckResult {
    stretched_unmarked(subject).await?;
    let target = &subject.target;
    ensure_equal("owner before it is accepted", &shown(&**target, &pod_group()).await?.owner, &None)?;
    let cx = call(subject, "early");
    let early = target.create_protection_group_snapshot(&cx, &pod_group(), &ask("dr-1", false)).await;
    ensure_refused("create_protection_group_snapshot", early, Conflict, &["pod-conformance::pg-conformance"])?;
    let newer = at_epoch(subject, "newer", EPOCH + 1);
    done("accept_from_peer", target.accept_from_peer(&newer, &pod_group(), &owner(), true).await?)?;
    ensure_equal("owner", &shown(&**target, &pod_group()).await?.owner, &Some(owner()))?;
    let older = target.create_protection_group_snapshot(&cx, &pod_group(), &ask("dr-1", false)).await;
    ensure_refused("create_protection_group_snapshot", older, Conflict, &["epoch"])?;
    taken(subject, &*subject.source, "dr-1").await.map(drop)
}

async fn recovery_points_of_a_stretched_pod_are_complete_on_both_arrays(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    let first = taken(subject, &*subject.source, "dr-1").await?;
    ensure_equal("transfer", &first.transfer, &Transfer::Local)?;
    ensure_equal("volumes", &first.volumes, &vec![member()])?;
    let cx = call(subject, "dr-1");
    let again = subject.target.create_protection_group_snapshot(&cx, &pod_group(), &ask("dr-1", false)).await?;
    ensure_equal("the same suffix on the target", &already("snapshot", again)?, &first)?;
    subject.clock.sleep(super::scene::POLL).await;
    let second = taken(subject, &*subject.target, "dr-2").await?;
    for driver in [&subject.source, &subject.target] {
        let points = driver.recovery_points(&pod_group()).await?.value;
        ensure_equal("recovery points, newest first", &points, &vec![second.clone(), first.clone()])?;
        let newest = driver.newest_complete(&pod_group()).await?.map(|newest| newest.value);
        ensure_equal("newest complete", &newest, &Some(second.clone()))?;
        ensure_equal("transfer", &driver.transfer_status(&first.name).await?, &Transfer::Local)?;
    }
    Ok(())
}

async fn a_stretched_pod_is_no_target_of_snapshots(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    let cx = call(subject, "dr-1");
    let refused = subject.source.create_protection_group_snapshot(&cx, &pod_group(), &ask("dr-1", true)).await;
    ensure_refused("create_protection_group_snapshot", refused, Precondition, &["no target"])?;
    ensure_equal("recovery points", &subject.source.recovery_points(&pod_group()).await?.value, &Vec::new())
}

async fn a_recovery_point_of_a_stretched_pod_is_cloned_on_either_array(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    let point = taken(subject, &*subject.source, "dr-1").await?.name;
    let request = clone_as(&point, "dr-v1");
    for (driver, other) in [(&subject.target, &subject.source), (&subject.source, &subject.target)] {
        let key = format!("clone-{}", name_of(&**driver).await?);
        ensure_equal("objections", &driver.preflight(&request).await?, &Vec::new())?;
        let cx = call(subject, &key);
        let made = done("clone_volumes", driver.clone_volumes(&cx, &request).await?)?;
        ensure_equal("clones, made again", &already("clone", driver.clone_volumes(&cx, &request).await?)?, &made)?;
        let query = VolumeQuery::ClonedBy(key.as_str().into());
        let found = driver.volumes(&query).await?;
        let told: Vec<_> = found.iter().map(|clone| (clone.name.as_str(), clone.cloned_from.clone())).collect();
        ensure_equal("clones", &told, &vec![("dr-v1", Some((point.clone(), member())))])?;
        ensure_equal("clones on the other array", &other.volumes(&query).await?, &Vec::new())?;
    }
    Ok(())
}

async fn a_clone_on_the_second_array_holds_the_data(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    let (source, target) = (name_of(&*subject.source).await?, name_of(&*subject.target).await?);
    subject.bench.write(&source, &member(), 3).await?;
    let point = taken(subject, &*subject.source, "dr-1").await?.name;
    subject.bench.write(&source, &member(), 2).await?;
    let cx = call(subject, "clone");
    let made = done("clone_volumes", subject.target.clone_volumes(&cx, &clone_as(&point, "dr-v1")).await?)?;
    for clone in made {
        ensure_equal("writes in the clone", &subject.bench.content(&target, &clone.id).await?, &3)?;
    }
    for volume in subject.target.volumes(&VolumeQuery::Names([member()].into())).await? {
        ensure_equal("writes in the pod", &subject.bench.content(&target, &volume.id).await?, &5)?;
    }
    Ok(())
}

async fn a_clone_lies_outside_of_pods(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    let point = taken(subject, &*subject.source, "dr-1").await?.name;
    let request = clone_as(&point, "pod-conformance::dr-v1");
    let refused = subject.target.clone_volumes(&call(subject, "inside"), &request).await;
    ensure_refused("clone_volumes", refused, InvalidRequest, &["pod-conformance::dr-v1"])?;
    let found: Vec<_> = subject.target.preflight(&request).await?.into_iter().map(|finding| finding.code).collect();
    ensure_equal("objections", &found, &vec!["name_invalid".to_owned()])?;
    let made = subject.target.volumes(&VolumeQuery::Names(names(&["pod-conformance::dr-v1"]))).await?;
    ensure_equal("clones", &made, &Vec::new())
}

/// Whether the array calls the member fenced.
async fn fenced(driver: &dyn StorageDriver) -> Result<Vec<bool>, Failure> {
    let found = driver.volumes(&VolumeQuery::Names([member()].into())).await?;
    Ok(found.iter().map(|volume| volume.fenced).collect())
}

async fn a_fence_around_a_stretched_pod_holds_on_its_own_array(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    let (source, target) = (&*subject.source, &*subject.target);
    let cx = call(subject, "fence");
    ensure_equal("fence", &done("fence", source.fence(&cx, &pod_group()).await?)?, &FenceState::Fenced)?;
    ensure_equal("fence", &already("fence", source.fence(&cx, &pod_group()).await?)?, &FenceState::Fenced)?;
    ensure_equal("fenced on the source", &fenced(source).await?, &vec![true])?;
    ensure_equal("fenced on the target", &fenced(target).await?, &vec![false])?;
    ensure_equal(
        "unfence on the target",
        &already("unfence", target.unfence(&cx, &pod_group()).await?)?,
        &FenceState::Open,
    )?;
    ensure_equal("fenced on the source", &fenced(source).await?, &vec![true])?;
    ensure_equal("unfence", &done("unfence", source.unfence(&cx, &pod_group()).await?)?, &FenceState::Open)?;
    ensure_equal("fenced on the source", &fenced(source).await?, &vec![false])
}

async fn a_fenced_array_of_a_stretched_pod_refuses_writes(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    let array = name_of(&*subject.source).await?;
    subject.bench.write(&array, &member(), 1).await?;
    done("fence", subject.source.fence(&call(subject, "fence"), &pod_group()).await?)?;
    let written = subject.bench.write(&array, &member(), 1).await;
    ensure(written.is_err(), || "a fenced volume took a write".to_owned())?;
    done("unfence", subject.source.unfence(&call(subject, "unfence"), &pod_group()).await?)?;
    Ok(subject.bench.write(&array, &member(), 1).await?)
}

async fn nothing_is_scheduled_for_a_stretched_pod(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    let before = shown(&*subject.source, &pod_group()).await?;
    ensure_equal("interval", &before.replication_interval, &None)?;
    for driver in [&subject.source, &subject.target] {
        already("disable_replication", driver.disable_replication(&call(subject, "off"), &pod_group()).await?)?;
        let status = driver.replication_status(&pod_group()).await?.value;
        ensure(status.enabled, || "the pod is not stretched any more".to_owned())?;
    }
    ensure_equal("the group", &shown(&*subject.source, &pod_group()).await?, &before)
}

async fn a_recovery_point_in_a_pod_does_not_survive_its_group(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    let point = taken(subject, &*subject.source, "dr-1").await?.name;
    let before = shown(&*subject.source, &pod_group()).await?;
    for driver in [&subject.source, &subject.target] {
        let proof = SurvivingRecoveryPoint { array: driver.info().await?.id, point: point.clone() };
        let cx = call(subject, "retire");
        let refused = subject.source.retire_group(&cx, &pod_group(), &owner(), Some(&proof)).await;
        ensure_refused("retire_group", refused, DataSafety, &["pod-conformance::pg-conformance"])?;
    }
    ensure_equal("the group", &shown(&*subject.source, &pod_group()).await?, &before)?;
    let elsewhere = SurvivingRecoveryPoint { array: subject.target.info().await?.id, point: "pg-kept.dr-1".into() };
    let cx = call(subject, "retire");
    done("retire_group", subject.source.retire_group(&cx, &pod_group(), &owner(), Some(&elsewhere)).await?)?;
    let gone = shown(&*subject.target, &pod_group()).await?;
    ensure(gone.destroyed, || "a group of a stretched pod is gone from one array alone".to_owned())
}
