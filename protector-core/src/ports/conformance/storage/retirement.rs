//! `retire_group`: destroyed, never eradicated, and only if the data survives elsewhere.

use super::StorageSubject;
use super::scene::{
    already, call, complete_point, done, empty_group, filled_group, group, other_owner, owner, shown, unchanged,
};
use crate::ErrorKind::{Conflict, DataSafety};
use crate::ports::SurvivingRecoveryPoint;
use crate::ports::conformance::{Check, CheckResult, checks, ensure, ensure_equal, ensure_refused};

pub(super) fn checks() -> Vec<Check<StorageSubject>> {
    checks![
        an_empty_group_is_retired_once,
        a_group_of_another_owner_is_not_retired,
        a_group_with_data_is_retired_only_with_proof,
        recovery_points_on_the_target_survive_the_source,
    ]
}

async fn an_empty_group_is_retired_once(subject: &StorageSubject) -> CheckResult {
    empty_group(subject).await?;
    let cx = call(subject, "retire");
    done("retire_group", subject.source.retire_group(&cx, &group(), &owner(), None).await?)?;
    already("retire_group", subject.source.retire_group(&cx, &group(), &owner(), None).await?)?;
    ensure(shown(&*subject.source, &group()).await?.destroyed, || "it is not destroyed".to_owned())
}

async fn a_group_of_another_owner_is_not_retired(subject: &StorageSubject) -> CheckResult {
    let before = empty_group(subject).await?;
    let refused = subject.source.retire_group(&call(subject, "retire"), &group(), &other_owner(), None).await;
    ensure_refused("retire_group", refused, Conflict, &["pg-conformance"])?;
    unchanged(subject, &before).await
}

async fn a_group_with_data_is_retired_only_with_proof(subject: &StorageSubject) -> CheckResult {
    filled_group(subject, &["v1"]).await?;
    let before = shown(&*subject.source, &group()).await?;
    let refused = subject.source.retire_group(&call(subject, "retire"), &group(), &owner(), None).await;
    ensure_refused("retire_group", refused, DataSafety, &["pg-conformance"])?;
    unchanged(subject, &before).await
}

async fn recovery_points_on_the_target_survive_the_source(subject: &StorageSubject) -> CheckResult {
    let point = complete_point(subject).await?;
    let proof = SurvivingRecoveryPoint { array: subject.target.info().await?.id, point: point.clone() };
    let cx = call(subject, "retire");
    done("retire_group", subject.source.retire_group(&cx, &group(), &owner(), Some(&proof)).await?)?;
    let gone = shown(&*subject.source, &group()).await?;
    ensure(gone.destroyed, || "it is not destroyed".to_owned())?;
    let (image, _) = crate::rules::naming::parse_recovery_point(&point)?;
    let left = subject.target.recovery_points(&image).await?.value;
    let usable: Vec<_> = left.iter().filter(|point| point.is_usable()).map(|point| &point.name).collect();
    ensure_equal("usable recovery points on the target", &usable, &vec![&point])
}
