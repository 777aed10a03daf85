//! Recovery points: one per suffix, one instant for all members, shipped when asked for.

use super::StorageSubject;
use super::scene::{
    POLL, already, arrived, ask, call, complete_point, done, empty_group, filled_group, group, names, owner,
    replicated_group, taken,
};
use crate::ErrorKind::{InvalidRequest, NotFound, Precondition};
use crate::model::{RecoveryPointName, Transfer};
use crate::ports::conformance::{Check, CheckResult, checks, ensure, ensure_equal, ensure_refused};
use crate::rules::naming;
use std::collections::BTreeSet;

pub(super) fn checks() -> Vec<Check<StorageSubject>> {
    checks![
        a_snapshot_is_taken_once,
        a_suffix_is_held_to_the_rules_of_arrays,
        an_empty_group_has_no_recovery_point,
        nothing_is_shipped_to_a_target_that_does_not_allow_it,
        a_local_snapshot_stays_local,
        a_recovery_point_arrives_whole,
        recovery_points_come_newest_first,
        a_transfer_is_visible_before_it_is_complete if |subject| subject.bench.transfers_take_time(),
    ]
}

async fn points(subject: &StorageSubject) -> Result<Vec<RecoveryPointName>, super::super::Failure> {
    let found = subject.source.recovery_points(&group()).await?.value;
    Ok(found.into_iter().map(|point| point.name).collect())
}

async fn a_snapshot_is_taken_once(subject: &StorageSubject) -> CheckResult {
    filled_group(subject, &["v1", "v2"]).await?;
    let array = &subject.source;
    let cx = call(subject, "dr-1");
    let outcome = array.create_protection_group_snapshot(&cx, &group(), &ask("dr-1", false)).await?;
    let point = done("create_protection_group_snapshot", outcome)?;
    ensure_equal("name", &point.name, &"pg-conformance.dr-1".into())?;
    ensure_equal("group", &point.group, &group())?;
    ensure_equal("volumes", &point.volumes.iter().cloned().collect::<BTreeSet<_>>(), &names(&["v1", "v2"]))?;
    ensure_equal("transfer on the source", &array.transfer_status(&point.name).await?, &Transfer::Local)?;
    let outcome = array.create_protection_group_snapshot(&cx, &group(), &ask("dr-1", false)).await?;
    let again = already("create_protection_group_snapshot", outcome)?;
    ensure_equal("instant of the snapshot, asked again", &again.created, &point.created)?;
    ensure_equal("recovery points", &points(subject).await?, &vec![point.name])
}

async fn a_suffix_is_held_to_the_rules_of_arrays(subject: &StorageSubject) -> CheckResult {
    filled_group(subject, &["v1"]).await?;
    for suffix in ["", "12345", "a.b", "-a", "a b"] {
        let cx = call(subject, "suffix");
        let refused = subject.source.create_protection_group_snapshot(&cx, &group(), &ask(suffix, false)).await;
        ensure_refused(&format!("suffix '{suffix}'"), refused, InvalidRequest, &[suffix])?;
    }
    ensure_equal("recovery points", &points(subject).await?, &Vec::new())
}

async fn an_empty_group_has_no_recovery_point(subject: &StorageSubject) -> CheckResult {
    empty_group(subject).await?;
    let cx = call(subject, "dr-1");
    let refused = subject.source.create_protection_group_snapshot(&cx, &group(), &ask("dr-1", false)).await;
    ensure_refused("create_protection_group_snapshot", refused, Precondition, &["pg-conformance"])?;
    ensure_equal("recovery points", &points(subject).await?, &Vec::new())
}

async fn nothing_is_shipped_to_a_target_that_does_not_allow_it(subject: &StorageSubject) -> CheckResult {
    let image = replicated_group(subject, &["v1"]).await?;
    done("forbid", subject.target.accept_from_peer(&call(subject, "forbid"), &image, &owner(), false).await?)?;
    let cx = call(subject, "dr-1");
    let refused = subject.source.create_protection_group_snapshot(&cx, &group(), &ask("dr-1", true)).await;
    ensure_refused("create_protection_group_snapshot", refused, Precondition, &["pg-conformance"])?;
    ensure_equal("recovery points", &points(subject).await?, &Vec::new())
}

async fn a_local_snapshot_stays_local(subject: &StorageSubject) -> CheckResult {
    let image = replicated_group(subject, &["v1"]).await?;
    let cx = call(subject, "dr-local");
    let outcome = subject.source.create_protection_group_snapshot(&cx, &group(), &ask("dr-local", false)).await?;
    done("create_protection_group_snapshot", outcome)?;
    // a later one that is shipped has arrived, so the local one would have, too
    taken(subject, "dr-shipped").await?;
    arrived(subject, &naming::recovery_point_name(&image, "dr-shipped")).await?;
    let local = naming::recovery_point_name(&image, "dr-local");
    ensure_refused("transfer_status", subject.target.transfer_status(&local).await, NotFound, &["dr-local"])
}

async fn a_recovery_point_arrives_whole(subject: &StorageSubject) -> CheckResult {
    let name = complete_point(subject).await?;
    let sent = subject.source.recovery_points(&group()).await?.value;
    let (image, _) = naming::parse_recovery_point(&name)?;
    let here = subject.target.recovery_points(&image).await?.value;
    let (Some(sent), [here]) = (sent.first(), here.as_slice()) else {
        return Err(format!("one recovery point was sent, the target shows {here:?}").into());
    };
    ensure_equal("name on the target", &here.name, &name)?;
    ensure_equal("group on the target", &here.group, &image)?;
    ensure_equal("instant of the data", &here.created, &sent.created)?;
    ensure_equal("volumes", &here.volumes, &sent.volumes)?;
    ensure(here.is_usable(), || format!("it is complete but not usable: {here:?}"))?;
    let on_target = subject.target.replication_status(&image).await?.value;
    ensure_equal("in transfer", &on_target.in_transfer, &0)?;
    ensure_equal("newest complete, seen from the target", &on_target.newest_complete.as_ref(), &Some(here))?;
    let on_source = subject.source.replication_status(&group()).await?.value;
    let newest = on_source.newest_complete.map(|point| (point.name, point.created));
    ensure_equal("newest complete, seen from the source", &newest, &Some((sent.name.clone(), sent.created)))
}

async fn recovery_points_come_newest_first(subject: &StorageSubject) -> CheckResult {
    let image = replicated_group(subject, &["v1"]).await?;
    // names in an order that the instants do not have
    let suffixes = ["dr-b", "dr-c", "dr-a"];
    for suffix in suffixes {
        taken(subject, suffix).await?;
        arrived(subject, &naming::recovery_point_name(&image, suffix)).await?;
        subject.clock.sleep(POLL).await;
    }
    for (driver, name) in [(&subject.source, group()), (&subject.target, image)] {
        let expected: Vec<_> = suffixes.iter().rev().map(|suffix| naming::recovery_point_name(&name, suffix)).collect();
        let found: Vec<_> = driver.recovery_points(&name).await?.value.into_iter().map(|point| point.name).collect();
        ensure_equal("recovery points", &found, &expected)?;
        let newest = driver.replication_status(&name).await?.value.newest_complete.map(|point| point.name);
        ensure_equal("newest complete", &newest.as_ref(), &expected.first())?;
    }
    Ok(())
}

async fn a_transfer_is_visible_before_it_is_complete(subject: &StorageSubject) -> CheckResult {
    let image = replicated_group(subject, &["v1"]).await?;
    taken(subject, "dr-1").await?;
    let point = naming::recovery_point_name(&image, "dr-1");
    let early = subject.target.transfer_status(&point).await?;
    ensure(matches!(early, Transfer::InProgress { percent: 0..=99 }), || format!("just begun, but {early:?}"))?;
    let status = subject.target.replication_status(&image).await?.value;
    ensure_equal("in transfer", &status.in_transfer, &1)?;
    ensure_equal("newest complete", &status.newest_complete, &None)?;
    let listed = subject.target.recovery_points(&image).await?.value;
    ensure(listed.iter().all(|point| !point.is_usable()), || format!("incomplete, but usable: {listed:?}"))?;
    arrived(subject, &point).await
}
