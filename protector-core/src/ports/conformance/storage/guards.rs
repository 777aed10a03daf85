//! What holds for every call: fences, epochs, deadlines, cancellation.

use super::StorageSubject;
use super::scene::{
    EPOCH, already, ask, at_epoch, both, call, complete_point, done, filled_group, group, members, name_of, names,
    other_owner, owner, shown, spec, unchanged,
};
use crate::ErrorKind::{Cancelled, Conflict, DeadlineExceeded, Unsupported};
use crate::ports::conformance::{Check, CheckResult, checks, ensure, ensure_equal, ensure_refused};
use crate::ports::{Cx, FenceState, MemberMode, VolumeQuery};

pub(super) fn checks() -> Vec<Check<StorageSubject>> {
    checks![
        a_fence_goes_around_every_member if |subject: &StorageSubject| subject.source.capabilities().fence,
        a_fenced_volume_refuses_writes if |subject: &StorageSubject| subject.source.capabilities().fence && subject.bench.has_data(),
        what_is_not_offered_is_unsupported if |subject: &StorageSubject| !subject.source.capabilities().promotion,
        an_older_epoch_has_no_effect,
        an_older_epoch_clones_nothing,
        a_call_past_its_deadline_has_no_effect,
        a_cancelled_call_has_no_effect,
    ]
}

async fn fenced(subject: &StorageSubject) -> Result<Vec<bool>, super::super::Failure> {
    let found = subject.source.volumes(&VolumeQuery::Names(names(&["v1", "v2", "v3"]))).await?;
    Ok(found.iter().map(|volume| volume.fenced).collect())
}

async fn a_fence_goes_around_every_member(subject: &StorageSubject) -> CheckResult {
    filled_group(subject, &["v1", "v2"]).await?;
    let array = name_of(&*subject.source).await?;
    subject.bench.create_volume(&array, &"v3".into(), 1 << 20).await?;
    let (cx, driver) = (call(subject, "fence"), &subject.source);
    ensure_equal("fence", &done("fence", driver.fence(&cx, &group()).await?)?, &FenceState::Fenced)?;
    ensure_equal("fence", &already("fence", driver.fence(&cx, &group()).await?)?, &FenceState::Fenced)?;
    ensure_equal("fenced volumes", &fenced(subject).await?, &vec![true, true, false])?;
    ensure_equal("unfence", &done("unfence", driver.unfence(&cx, &group()).await?)?, &FenceState::Open)?;
    ensure_equal("unfence", &already("unfence", driver.unfence(&cx, &group()).await?)?, &FenceState::Open)?;
    ensure_equal("fenced volumes", &fenced(subject).await?, &vec![false, false, false])
}

async fn a_fenced_volume_refuses_writes(subject: &StorageSubject) -> CheckResult {
    filled_group(subject, &["v1"]).await?;
    let array = name_of(&*subject.source).await?;
    let volume = "v1".into();
    done("fence", subject.source.fence(&call(subject, "fence"), &group()).await?)?;
    let written = subject.bench.write(&array, &volume, 1).await;
    ensure(written.is_err(), || "a fenced volume took a write".to_owned())?;
    done("unfence", subject.source.unfence(&call(subject, "unfence"), &group()).await?)?;
    Ok(subject.bench.write(&array, &volume, 1).await?)
}

async fn what_is_not_offered_is_unsupported(subject: &StorageSubject) -> CheckResult {
    filled_group(subject, &["v1"]).await?;
    let cx = call(subject, "pod");
    ensure_refused("demote", subject.source.demote(&cx, &group()).await, Unsupported, &["pg-conformance"])?;
    ensure_refused("promote", subject.source.promote(&cx, &group()).await, Unsupported, &["pg-conformance"])
}

/// Every change of a group that the scene's group allows, under `cx`.
async fn try_all(subject: &StorageSubject, cx: &Cx) -> Vec<(&'static str, crate::Result<()>)> {
    let array = &subject.source;
    let none = members(&[], MemberMode::Exact);
    let mut tried = vec![
        ("ensure_members", array.ensure_members(cx, &group(), &none).await.map(drop)),
        ("snapshot", array.create_protection_group_snapshot(cx, &group(), &ask("dr-1", false)).await.map(drop)),
        ("disable_replication", array.disable_replication(cx, &group()).await.map(drop)),
        ("retire_group", array.retire_group(cx, &group(), &owner(), None).await.map(drop)),
    ];
    if array.capabilities().fence {
        tried.push(("fence", array.fence(cx, &group()).await.map(drop)));
    }
    tried
}

/// I-06
async fn an_older_epoch_has_no_effect(subject: &StorageSubject) -> CheckResult {
    filled_group(subject, &["v1"]).await?;
    let newer = at_epoch(subject, "newer", EPOCH + 2);
    already("ensure_group", subject.source.ensure_group(&newer, &spec(&group(), owner(), false)).await?)?;
    let before = shown(&*subject.source, &group()).await?;
    let older = at_epoch(subject, "older", EPOCH + 1);
    for (what, result) in try_all(subject, &older).await {
        let both_named = [older.epoch.to_string(), newer.epoch.to_string()];
        ensure_refused(what, result, Conflict, &both_named.each_ref().map(String::as_str))?;
    }
    unchanged(subject, &before).await?;
    ensure_equal("recovery points", &subject.source.recovery_points(&group()).await?.value, &Vec::new())
}

/// I-06
async fn an_older_epoch_clones_nothing(subject: &StorageSubject) -> CheckResult {
    let point = complete_point(subject).await?;
    let (image, _) = crate::rules::naming::parse_recovery_point(&point)?;
    let newer = at_epoch(subject, "newer", EPOCH + 1);
    already("accept_from_peer", subject.target.accept_from_peer(&newer, &image, &owner(), true).await?)?;
    let refused = subject.target.clone_volumes(&call(subject, "older"), &both(&point, "dr-v1", "dr-v2")).await;
    ensure_refused("clone_volumes", refused, Conflict, &["epoch"])?;
    let made = subject.target.volumes(&VolumeQuery::ClonedBy("older".into())).await?;
    ensure_equal("clones", &made, &Vec::new())
}

async fn a_call_past_its_deadline_has_no_effect(subject: &StorageSubject) -> CheckResult {
    filled_group(subject, &["v1"]).await?;
    let before = shown(&*subject.source, &group()).await?;
    let mut late = call(subject, "late");
    late.deadline = subject.clock.now();
    for (what, result) in try_all(subject, &late).await {
        ensure_refused(what, result, DeadlineExceeded, &["late"])?;
    }
    let made = subject.source.ensure_group(&late, &spec(&"pg-late".into(), other_owner(), false)).await;
    ensure_refused("ensure_group", made, DeadlineExceeded, &["late"])?;
    unchanged(subject, &before).await
}

async fn a_cancelled_call_has_no_effect(subject: &StorageSubject) -> CheckResult {
    filled_group(subject, &["v1"]).await?;
    let before = shown(&*subject.source, &group()).await?;
    let cancelled = call(subject, "stopped");
    cancelled.cancel.request();
    for (what, result) in try_all(subject, &cancelled).await {
        ensure_refused(what, result, Cancelled, &["stopped"])?;
    }
    unchanged(subject, &before).await
}
