//! Cinder groups.

use super::CloudSubject;
use super::scene::{already, call, done, group, group_spec, importable, imported, volume};
use crate::ErrorKind::{Conflict, DataSafety, NotFound, Precondition};
use crate::model::{CinderGroupId, VolumeId};
use crate::ports::conformance::{Check, CheckResult, Failure, checks, ensure, ensure_equal, ensure_refused};
use crate::ports::{CinderGroup, CinderGroupSpec, CinderGroupStatus};
use std::collections::BTreeSet;

pub(super) fn checks() -> Vec<Check<CloudSubject>> {
    checks![
        a_group_is_made_once,
        a_group_of_another_type_is_refused,
        a_type_that_no_backend_offers_makes_no_group if |subject| subject.setting.unoffered_volume_type.is_some(),
        members_are_exactly_those_asked_for,
        missing_volumes_are_all_named,
        volumes_of_other_groups_and_types_are_refused,
        a_group_with_volumes_is_not_deleted,
    ]
}

async fn a_group_is_made_once(subject: &CloudSubject) -> CheckResult {
    let made = group(subject, "cg-conformance").await?;
    ensure_equal("name", &made.name.as_str(), &"cg-conformance")?;
    ensure_equal("volume type", &made.volume_type, &subject.setting.volume_type)?;
    ensure(made.status == CinderGroupStatus::Available && made.volumes.is_empty() && !made.backend.is_empty(), || {
        format!("not an empty group on a backend: {made:?}")
    })?;
    let spec = group_spec(subject, "cg-conformance");
    let again = subject.cloud.ensure_consistency_group(&call(subject, "again"), &spec).await?;
    ensure_equal("the group, ensured again", &already("ensure_consistency_group", again)?, &made)?;
    ensure_equal("the group, read", &subject.cloud.consistency_group(&made.id).await?, &Some(made))
}

async fn a_group_of_another_type_is_refused(subject: &CloudSubject) -> CheckResult {
    let made = group(subject, "cg-conformance").await?;
    let cx = call(subject, "type");
    for (volume_type, kind) in [(subject.setting.other_volume_type.as_str(), Conflict), ("no-such-type", NotFound)] {
        let spec = CinderGroupSpec { name: "cg-conformance".to_owned(), volume_type: volume_type.to_owned() };
        let refused = subject.cloud.ensure_consistency_group(&cx, &spec).await;
        ensure_refused("ensure_consistency_group", refused, kind, &[volume_type])?;
    }
    ensure_equal("the group", &subject.cloud.consistency_group(&made.id).await?, &Some(made))
}

async fn a_type_that_no_backend_offers_makes_no_group(subject: &CloudSubject) -> CheckResult {
    let volume_type = subject.setting.unoffered_volume_type.clone().unwrap_or_default();
    let spec = CinderGroupSpec { name: "cg-conformance".to_owned(), volume_type };
    let cx = call(subject, "unoffered");
    let made = done(subject, "ensure", || subject.cloud.ensure_consistency_group(&cx, &spec)).await;
    let again = subject.cloud.ensure_consistency_group(&cx, &spec).await;
    ensure_refused("ensure_consistency_group", again, Precondition, &[&spec.volume_type])?;
    ensure(made.is_err(), || format!("a group in error passed for a group: {made:?}"))
}

/// Sets the members of a group and reads them again.
async fn set(subject: &CloudSubject, group: &CinderGroup, wanted: &[&VolumeId]) -> Result<BTreeSet<VolumeId>, Failure> {
    let wanted = wanted.iter().map(|id| (*id).clone()).collect();
    let cx = call(subject, "members");
    done(subject, "members", || subject.cloud.ensure_group_members(&cx, &group.id, &wanted)).await?;
    already("members", subject.cloud.ensure_group_members(&cx, &group.id, &wanted).await?)?;
    members(subject, &group.id).await
}

async fn members(subject: &CloudSubject, group: &CinderGroupId) -> Result<BTreeSet<VolumeId>, Failure> {
    Ok(subject.cloud.consistency_group(group).await?.map(|found| found.volumes).unwrap_or_default())
}

async fn members_are_exactly_those_asked_for(subject: &CloudSubject) -> CheckResult {
    let made = group(subject, "cg-conformance").await?;
    let (one, two) = (volume(subject, "one").await?.id, volume(subject, "two").await?.id);
    for wanted in [vec![&one], vec![&one, &two], vec![&two], vec![]] {
        let found = set(subject, &made, &wanted).await?;
        ensure_equal("members", &found.iter().collect::<BTreeSet<_>>(), &wanted.iter().copied().collect())?;
        for id in [&one, &two] {
            let volume = subject.cloud.volume(id).await?.ok_or("a volume that left the group is gone")?;
            ensure_equal("group of the volume", &volume.group.is_some(), &wanted.contains(&id))?;
        }
    }
    Ok(())
}

async fn missing_volumes_are_all_named(subject: &CloudSubject) -> CheckResult {
    let made = group(subject, "cg-conformance").await?;
    let known = volume(subject, "one").await?.id;
    let asked = [known, "gone-1".into(), "gone-2".into()].into();
    let cx = call(subject, "missing");
    let refused = subject.cloud.ensure_group_members(&cx, &made.id, &asked).await;
    ensure_refused("ensure_group_members", refused, NotFound, &["gone-1", "gone-2"])?;
    ensure_equal("members", &members(subject, &made.id).await?, &BTreeSet::new())?;
    let refused = subject.cloud.ensure_group_members(&cx, &"no-such-group".into(), &BTreeSet::new()).await;
    ensure_refused("ensure_group_members", refused, NotFound, &["no-such-group"])
}

async fn volumes_of_other_groups_and_types_are_refused(subject: &CloudSubject) -> CheckResult {
    let (made, other) = (group(subject, "cg-conformance").await?, group(subject, "cg-other").await?);
    let (free, taken) = (volume(subject, "free").await?.id, volume(subject, "taken").await?.id);
    set(subject, &other, &[&taken]).await?;
    let mut request = importable(subject, "unlike").await?;
    request.volume_type.clone_from(&subject.setting.other_volume_type);
    let unlike = imported(subject, &request).await?.id;
    for unfit in [taken.clone(), unlike] {
        let asked = [free.clone(), unfit.clone()].into();
        let refused = subject.cloud.ensure_group_members(&call(subject, "unfit"), &made.id, &asked).await;
        ensure_refused("ensure_group_members", refused, Conflict, &[unfit.as_str()])?;
        ensure_equal("members", &members(subject, &made.id).await?, &BTreeSet::new())?;
    }
    ensure_equal("members of the other group", &members(subject, &other.id).await?, &[taken].into())
}

async fn a_group_with_volumes_is_not_deleted(subject: &CloudSubject) -> CheckResult {
    let made = group(subject, "cg-conformance").await?;
    let one = volume(subject, "one").await?.id;
    set(subject, &made, &[&one]).await?;
    let cx = call(subject, "delete");
    let refused = subject.cloud.delete_consistency_group(&cx, &made.id).await;
    ensure_refused("delete_consistency_group", refused, DataSafety, &["cg-conformance"])?;
    ensure_equal("members", &members(subject, &made.id).await?, &[one.clone()].into())?;
    set(subject, &made, &[]).await?;
    done(subject, "delete", || subject.cloud.delete_consistency_group(&cx, &made.id)).await?;
    already("delete", subject.cloud.delete_consistency_group(&cx, &made.id).await?)?;
    ensure_equal("group", &subject.cloud.consistency_group(&made.id).await?, &None)?;
    ensure(subject.cloud.volume(&one).await?.is_some(), || "the volume went with the group".to_owned())
}
