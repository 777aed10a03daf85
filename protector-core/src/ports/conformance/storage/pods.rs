//! Groups in pods: stretched, they are on both arrays at once; on one array, they are demoted and promoted.

use super::StorageSubject;
use super::scene::{
    INTERVAL, MIB, already, call, done, eventually, members, name_of, names, other_owner, owner, shown, spec,
};
use crate::ErrorKind::{Conflict, NotFound, Precondition, Unsupported};
use crate::model::{ArrayGroupName, ArrayVolumeName};
use crate::ports::conformance::{Check, CheckResult, Failure, checks, ensure, ensure_equal, ensure_refused};
use crate::ports::{
    MemberMode, PodMemberState, PodPromotion, PodStatus, ReplicationLink, ReplicationSpec, StorageDriver, VolumeQuery,
};

pub(super) fn checks() -> Vec<Check<StorageSubject>> {
    checks![
        a_group_in_a_pod_brings_its_pod if has_pods,
        a_pod_group_takes_volumes_of_its_pod if has_pods,
        a_pod_is_stretched_once if has_pods,
        a_stretched_pod_shows_the_same_group_on_both_arrays if has_pods,
        a_pod_is_not_stretched_to_a_stranger if has_pods,
        a_stretched_pod_is_neither_demoted_nor_promoted if promotes,
        a_pod_of_one_array_is_demoted_and_promoted if promotes,
        a_demoted_pod_takes_no_writes if |subject: &StorageSubject| promotes(subject) && subject.bench.has_data(),
        a_demotion_waits_for_the_last_write if |subject: &StorageSubject| promotes(subject) && subject.bench.has_data() && subject.bench.can_link_pods(),
        a_group_outside_of_pods_is_neither_demoted_nor_promoted if promotes,
    ]
}

pub(super) fn has_pods(subject: &StorageSubject) -> bool {
    subject.source.capabilities().sync_pods && subject.bench.has_pods()
}

fn promotes(subject: &StorageSubject) -> bool {
    has_pods(subject) && subject.source.capabilities().promotion
}

pub(super) fn pod_group() -> ArrayGroupName {
    ArrayGroupName::from("pod-conformance::pg-conformance")
}

/// A marked group in a pod of its own, with one member.
pub(super) async fn filled_pod(subject: &StorageSubject) -> CheckResult {
    let wanted = spec(&pod_group(), owner(), false);
    done("ensure_group", subject.source.ensure_group(&call(subject, "pod"), &wanted).await?)?;
    let volume = ArrayVolumeName::from("pod-conformance::v1");
    subject.bench.create_volume(&name_of(&*subject.source).await?, &volume, MIB).await?;
    let set = members(&[volume.as_str()], MemberMode::Exact);
    done("ensure_members", subject.source.ensure_members(&call(subject, "fill"), &pod_group(), &set).await?)?;
    Ok(())
}

/// The same on both arrays, which are online in it, and marked on both.
pub(super) async fn stretched_pod(subject: &StorageSubject) -> CheckResult {
    stretched_unmarked(subject).await?;
    eventually(subject, "accept_from_peer", || async {
        let cx = call(subject, "accept");
        Ok(subject.target.accept_from_peer(&cx, &pod_group(), &owner(), true).await?.finished())
    })
    .await
}

/// The same, before the target has marked the group.
pub(super) async fn stretched_unmarked(subject: &StorageSubject) -> CheckResult {
    filled_pod(subject).await?;
    let wanted = ReplicationSpec { target: name_of(&*subject.target).await?, interval: INTERVAL };
    eventually(subject, "ensure_replication", || async {
        let outcome = subject.source.ensure_replication(&call(subject, "stretch"), &pod_group(), &wanted).await?;
        Ok(outcome.finished())
    })
    .await
}

pub(super) async fn pod_status(driver: &dyn StorageDriver) -> Result<PodStatus, Failure> {
    let status = driver.replication_status(&pod_group()).await?.value;
    status.pod.ok_or_else(|| format!("{driver} says nothing of the pod").into())
}

async fn a_group_in_a_pod_brings_its_pod(subject: &StorageSubject) -> CheckResult {
    let wanted = spec(&pod_group(), owner(), false);
    let made = done("ensure_group", subject.source.ensure_group(&call(subject, "pod"), &wanted).await?)?;
    ensure_equal("name", &made.name, &pod_group())?;
    ensure_equal("owner", &made.owner, &Some(owner()))?;
    let again = subject.source.ensure_group(&call(subject, "again"), &wanted).await?;
    ensure_equal("the group, ensured again", &already("ensure_group", again)?, &made)?;
    let stranger = spec(&pod_group(), other_owner(), true);
    let refused = subject.source.ensure_group(&call(subject, "stranger"), &stranger).await;
    ensure_refused("ensure_group", refused, Conflict, &["pod-conformance::pg-conformance"])?;
    let pod = pod_status(&*subject.source).await?;
    let states: Vec<_> = pod.arrays.values().map(|member| member.state).collect();
    ensure_equal("states of its arrays", &states, &vec![PodMemberState::Online])?;
    ensure_equal("promotion", &pod.promotion, &PodPromotion::Promoted)
}

async fn a_pod_group_takes_volumes_of_its_pod(subject: &StorageSubject) -> CheckResult {
    filled_pod(subject).await?;
    let now = shown(&*subject.source, &pod_group()).await?;
    ensure_equal("members", &now.volumes, &names(&["pod-conformance::v1"]))?;
    let set = members(&["pod-conformance::v1", "pod-conformance::gone"], MemberMode::Exact);
    let refused = subject.source.ensure_members(&call(subject, "gone"), &pod_group(), &set).await;
    ensure_refused("ensure_members", refused, NotFound, &["pod-conformance::gone"])?;
    ensure_equal("the group", &shown(&*subject.source, &pod_group()).await?, &now)
}

async fn a_pod_is_stretched_once(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    let wanted = ReplicationSpec { target: name_of(&*subject.target).await?, interval: INTERVAL };
    let again = subject.source.ensure_replication(&call(subject, "again"), &pod_group(), &wanted).await?;
    already("ensure_replication", again)?;
    for driver in [&subject.source, &subject.target] {
        let status = driver.replication_status(&pod_group()).await?.value;
        ensure_equal("link", &status.link, &ReplicationLink::Connected)?;
        ensure(status.enabled, || "a stretched pod is not replicated".to_owned())?;
        let pod = pod_status(&**driver).await?;
        ensure_equal("arrays", &pod.arrays.len(), &2)?;
        let online = pod.arrays.values().all(|member| member.state == PodMemberState::Online);
        ensure(online, || format!("stretched, but {pod:?}"))?;
    }
    Ok(())
}

async fn a_stretched_pod_shows_the_same_group_on_both_arrays(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    let (source, target) = (name_of(&*subject.source).await?, name_of(&*subject.target).await?);
    let (here, there) = (shown(&*subject.source, &pod_group()).await?, shown(&*subject.target, &pod_group()).await?);
    ensure_equal("members on the target", &there.volumes, &here.volumes)?;
    ensure_equal("targets seen from the source", &here.targets, &[(target, true)].into())?;
    ensure_equal("targets seen from the target", &there.targets, &[(source, true)].into())?;
    ensure_equal("owner on the target", &there.owner, &Some(owner()))?;
    let again = subject.target.accept_from_peer(&call(subject, "again"), &pod_group(), &owner(), true).await?;
    already("accept_from_peer", again)?;
    let stranger =
        subject.target.accept_from_peer(&call(subject, "stranger"), &pod_group(), &other_owner(), true).await;
    ensure_refused("accept_from_peer", stranger, Conflict, &["pod-conformance::pg-conformance"])
}

async fn a_pod_is_not_stretched_to_a_stranger(subject: &StorageSubject) -> CheckResult {
    filled_pod(subject).await?;
    let wanted = ReplicationSpec { target: "no-such-array".into(), interval: INTERVAL };
    let refused = subject.source.ensure_replication(&call(subject, "stretch"), &pod_group(), &wanted).await;
    ensure_refused("ensure_replication", refused, Precondition, &["no-such-array"])?;
    ensure_equal("arrays of the pod", &pod_status(&*subject.source).await?.arrays.len(), &1)
}

async fn a_stretched_pod_is_neither_demoted_nor_promoted(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    let cx = call(subject, "turn");
    for driver in [&subject.source, &subject.target] {
        ensure_refused("demote", driver.demote(&cx, &pod_group()).await, Precondition, &["pod-conformance"])?;
        ensure_refused("promote", driver.promote(&cx, &pod_group()).await, Precondition, &["pod-conformance"])?;
    }
    ensure_equal("promotion", &pod_status(&*subject.source).await?.promotion, &PodPromotion::Promoted)
}

async fn demoted(subject: &StorageSubject) -> CheckResult {
    eventually(subject, "demote", || async {
        Ok(subject.source.demote(&call(subject, "demote"), &pod_group()).await?.finished())
    })
    .await
}

async fn a_pod_of_one_array_is_demoted_and_promoted(subject: &StorageSubject) -> CheckResult {
    filled_pod(subject).await?;
    let array = &subject.source;
    already("promote", array.promote(&call(subject, "promote"), &pod_group()).await?)?;
    demoted(subject).await?;
    already("demote", array.demote(&call(subject, "demote"), &pod_group()).await?)?;
    ensure_equal("promotion", &pod_status(&**array).await?.promotion, &PodPromotion::Demoted)?;
    eventually(subject, "promote", || async {
        Ok(array.promote(&call(subject, "promote"), &pod_group()).await?.finished())
    })
    .await?;
    ensure_equal("promotion", &pod_status(&**array).await?.promotion, &PodPromotion::Promoted)
}

async fn a_demoted_pod_takes_no_writes(subject: &StorageSubject) -> CheckResult {
    filled_pod(subject).await?;
    let (array, volume) = (name_of(&*subject.source).await?, ArrayVolumeName::from("pod-conformance::v1"));
    subject.bench.write(&array, &volume, 1).await?;
    demoted(subject).await?;
    let written = subject.bench.write(&array, &volume, 1).await;
    ensure(written.is_err(), || "a demoted pod took a write".to_owned())
}

async fn a_demotion_waits_for_the_last_write(subject: &StorageSubject) -> CheckResult {
    filled_pod(subject).await?;
    let (source, target) = (name_of(&*subject.source).await?, name_of(&*subject.target).await?);
    subject.bench.link_pods((&source, "pod-conformance"), (&target, "pod-there")).await?;
    subject.bench.write(&source, &ArrayVolumeName::from("pod-conformance::v1"), 3).await?;
    demoted(subject).await?;
    let pod = pod_status(&*subject.source).await?;
    let links: Vec<_> = pod.replica_links.iter().map(|link| (&link.remote_array, link.remote_pod.as_str())).collect();
    ensure_equal("replica links", &links, &vec![(&target, "pod-there")])?;
    let query = VolumeQuery::Names([ArrayVolumeName::from("pod-there::v1")].into());
    let there = subject.target.volumes(&query).await?;
    ensure_equal("volumes on the target", &there.len(), &1)?;
    for volume in there {
        ensure_equal("writes on the target", &subject.bench.content(&target, &volume.id).await?, &3)?;
    }
    Ok(())
}

async fn a_group_outside_of_pods_is_neither_demoted_nor_promoted(subject: &StorageSubject) -> CheckResult {
    super::scene::empty_group(subject).await?;
    let (cx, group) = (call(subject, "turn"), super::scene::group());
    ensure_refused("demote", subject.source.demote(&cx, &group).await, Unsupported, &["pg-conformance"])?;
    ensure_refused("promote", subject.source.promote(&cx, &group).await, Unsupported, &["pg-conformance"])
}
