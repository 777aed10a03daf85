//! Stretched pods whose arrays have lost each other: one goes on, and the other knows that it must not.

use super::StorageSubject;
use super::pods::{has_pods, pod_group, pod_status, stretched_pod};
use super::scene::{INTERVAL, ask, call, eventually, members, name_of, owner, shown, spec};
use super::stretched::{clone_as, taken};
use crate::ErrorKind::Precondition;
use crate::model::{ArrayName, RecoveryPointName, Transfer};
use crate::ports::conformance::{Check, CheckResult, Failure, checks, ensure, ensure_equal, ensure_refused};
use crate::ports::{MemberMode, Outcome, PodMemberState, ReplicationLink, ReplicationSpec, StorageDriver};

pub(super) fn checks() -> Vec<Check<StorageSubject>> {
    checks![
        one_array_of_a_stretched_pod_goes_on_alone if separates,
        an_array_that_is_offline_in_a_pod_changes_nothing_there if separates,
        an_array_that_is_offline_in_a_pod_has_no_recovery_point if separates,
        an_array_that_was_offline_in_a_pod_catches_up if separates,
    ]
}

fn separates(subject: &StorageSubject) -> bool {
    has_pods(subject) && subject.bench.can_separate()
}

/// An array with its name.
struct Side<'a> {
    driver: &'a dyn StorageDriver,
    name: ArrayName,
}

impl Side<'_> {
    /// Where an array stands in the pod, as this one sees it.
    async fn sees(&self, other: &ArrayName) -> Result<PodMemberState, Failure> {
        let found = pod_status(self.driver).await?.arrays.get(other).map(|member| member.state);
        found.ok_or_else(|| format!("{} does not show '{other}' in its pod", self.driver).into())
    }
}

/// A stretched pod of arrays that have lost each other, with a recovery point from before: the one that goes on, the other, and
/// the recovery point.
async fn separated(subject: &StorageSubject) -> Result<(Side<'_>, Side<'_>, RecoveryPointName), Failure> {
    stretched_pod(subject).await?;
    let point = taken(subject, &*subject.source, "dr-1").await?.name;
    subject.bench.separate(true).await?;
    let source = Side { driver: &*subject.source, name: name_of(&*subject.source).await? };
    let target = Side { driver: &*subject.target, name: name_of(&*subject.target).await? };
    match (source.sees(&source.name).await?, target.sees(&target.name).await?) {
        (PodMemberState::Online, PodMemberState::Offline) => Ok((source, target, point)),
        (PodMemberState::Offline, PodMemberState::Online) => Ok((target, source, point)),
        other => Err(format!("one array goes on alone, and the other is offline, not {other:?}").into()),
    }
}

async fn one_array_of_a_stretched_pod_goes_on_alone(subject: &StorageSubject) -> CheckResult {
    let (survivor, lost, _) = separated(subject).await?;
    ensure_equal("the lost array", &survivor.sees(&lost.name).await?, &PodMemberState::Offline)?;
    let unknown = lost.sees(&survivor.name).await?;
    ensure(unknown != PodMemberState::Online, || "who is offline calls the other array online".to_owned())?;
    let status = survivor.driver.replication_status(&pod_group()).await?.value;
    ensure_equal("link", &status.link, &ReplicationLink::Disconnected)?;
    let targets = shown(survivor.driver, &pod_group()).await?.targets;
    ensure_equal("targets", &targets, &[(lost.name.clone(), false)].into())?;
    taken(subject, survivor.driver, "dr-2").await.map(drop)
}

async fn an_array_that_is_offline_in_a_pod_changes_nothing_there(subject: &StorageSubject) -> CheckResult {
    let (survivor, lost, point) = separated(subject).await?;
    let before = shown(survivor.driver, &pod_group()).await?;
    let (cx, array, group) = (call(subject, "offline"), lost.driver, pod_group());
    let replication = ReplicationSpec { target: survivor.name.clone(), interval: INTERVAL };
    let none = members(&[], MemberMode::Exact);
    let tried = [
        ("ensure_group", array.ensure_group(&cx, &spec(&group, owner(), false)).await.map(drop)),
        ("ensure_members", array.ensure_members(&cx, &group, &none).await.map(drop)),
        ("ensure_replication", array.ensure_replication(&cx, &group, &replication).await.map(drop)),
        ("snapshot", array.create_protection_group_snapshot(&cx, &group, &ask("dr-2", false)).await.map(drop)),
        ("clone_volumes", array.clone_volumes(&cx, &clone_as(&point, "dr-v1")).await.map(drop)),
        ("fence", array.fence(&cx, &group).await.map(drop)),
        ("unfence", array.unfence(&cx, &group).await.map(drop)),
        ("demote", array.demote(&cx, &group).await.map(drop)),
        ("promote", array.promote(&cx, &group).await.map(drop)),
        ("disable_replication", array.disable_replication(&cx, &group).await.map(drop)),
        ("retire_group", array.retire_group(&cx, &group, &owner(), None).await.map(drop)),
    ];
    for (what, refused) in tried {
        ensure_refused(what, refused, Precondition, &["pod-conformance", "offline", lost.name.as_str()])?;
    }
    let accepted = array.accept_from_peer(&cx, &group, &owner(), true).await?;
    ensure(matches!(accepted, Outcome::InProgress { .. }), || format!("accept_from_peer: {accepted:?}"))?;
    ensure_equal("the group", &shown(survivor.driver, &group).await?, &before)?;
    let left = shown(array, &group).await?;
    ensure_equal("members, as the lost array shows them", &left.volumes, &before.volumes)
}

async fn an_array_that_is_offline_in_a_pod_has_no_recovery_point(subject: &StorageSubject) -> CheckResult {
    let (survivor, lost, point) = separated(subject).await?;
    ensure_equal("transfer", &survivor.driver.transfer_status(&point).await?, &Transfer::Local)?;
    ensure_equal("transfer", &lost.driver.transfer_status(&point).await?, &Transfer::Unknown)?;
    let points = lost.driver.recovery_points(&pod_group()).await?.value;
    ensure(points.iter().all(|point| point.transfer == Transfer::Unknown), || format!("complete, but {points:?}"))?;
    let newest = lost.driver.newest_complete(&pod_group()).await?.map(|newest| newest.value);
    ensure_equal("newest complete", &newest, &None)?;
    let codes: Vec<String> =
        lost.driver.preflight(&clone_as(&point, "dr-v1")).await?.into_iter().map(|finding| finding.code).collect();
    ensure_equal("objections", &codes, &vec!["pod_not_online".to_owned()])
}

async fn an_array_that_was_offline_in_a_pod_catches_up(subject: &StorageSubject) -> CheckResult {
    let (survivor, lost, point) = separated(subject).await?;
    let later = taken(subject, survivor.driver, "dr-2").await?.name;
    subject.bench.separate(false).await?;
    eventually(subject, "online", || async {
        let states = (survivor.sees(&lost.name).await?, lost.sees(&lost.name).await?);
        Ok(Some(()).filter(|()| states == (PodMemberState::Online, PodMemberState::Online)))
    })
    .await?;
    for name in [point, later] {
        ensure_equal("transfer", &lost.driver.transfer_status(&name).await?, &Transfer::Local)?;
    }
    taken(subject, lost.driver, "dr-3").await.map(drop)
}
