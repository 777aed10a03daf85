//! Targets and their consent, schedules.

use super::StorageSubject;
use super::scene::{
    EPOCH, INTERVAL, accepted, already, at_epoch, call, done, eventually, filled_group, group, image_name, name_of,
    names, other_owner, owner, replicated_group, shown, unchanged,
};
use crate::ErrorKind::{Conflict, InvalidRequest, Precondition};
use crate::ports::conformance::{Check, CheckResult, checks, ensure, ensure_equal, ensure_refused};
use crate::ports::{Outcome, ReplicationLink, ReplicationSpec};

pub(super) fn checks() -> Vec<Check<StorageSubject>> {
    checks![
        replication_is_set_up_once,
        the_target_shows_the_image_under_its_own_name,
        a_target_that_is_not_connected_is_refused,
        an_image_that_does_not_show_yet_is_waited_for,
        the_target_allows_and_forbids,
        an_image_of_another_owner_is_not_allowed,
        the_schedule_changes_and_stops,
    ]
}

async fn to_target(subject: &StorageSubject, interval: u32) -> Result<ReplicationSpec, super::super::Failure> {
    Ok(ReplicationSpec { target: name_of(&*subject.target).await?, interval })
}

async fn replication_is_set_up_once(subject: &StorageSubject) -> CheckResult {
    filled_group(subject, &["v1"]).await?;
    let wanted = to_target(subject, INTERVAL).await?;
    let cx = call(subject, "replication");
    done("ensure_replication", subject.source.ensure_replication(&cx, &group(), &wanted).await?)?;
    already("ensure_replication", subject.source.ensure_replication(&cx, &group(), &wanted).await?)?;
    let now = shown(&*subject.source, &group()).await?;
    ensure_equal("targets", &now.targets, &[(wanted.target, false)].into())?;
    ensure_equal("interval", &now.replication_interval, &Some(INTERVAL))?;
    let status = subject.source.replication_status(&group()).await?.value;
    ensure_equal("link", &status.link, &ReplicationLink::Connected)?;
    ensure(status.enabled, || "the schedule is not on".to_owned())?;
    ensure_equal("newest complete recovery point of a new group", &status.newest_complete, &None)
}

async fn the_target_shows_the_image_under_its_own_name(subject: &StorageSubject) -> CheckResult {
    let image = replicated_group(subject, &["v1", "v2"]).await?;
    let source = name_of(&*subject.source).await?;
    ensure(image.as_str() == format!("{source}:{}", group()), || format!("the image is called '{image}'"))?;
    let shown = shown(&*subject.target, &image).await?;
    ensure(!shown.is_local, || "the image calls itself local".to_owned())?;
    let members = if subject.bench.images_show_members() { names(&["v1", "v2"]) } else { names(&[]) };
    ensure_equal("members by source name", &shown.volumes, &members)?;
    ensure_equal("owner of the image", &shown.owner, &Some(owner()))?;
    ensure_equal("bare name on the target", &subject.target.group(&group()).await?.map(|found| found.value), &None)
}

async fn a_target_that_is_not_connected_is_refused(subject: &StorageSubject) -> CheckResult {
    filled_group(subject, &["v1"]).await?;
    let before = shown(&*subject.source, &group()).await?;
    let wanted = ReplicationSpec { target: "no-such-array".into(), interval: INTERVAL };
    let refused = subject.source.ensure_replication(&call(subject, "target"), &group(), &wanted).await;
    ensure_refused("ensure_replication", refused, Precondition, &["no-such-array"])?;
    unchanged(subject, &before).await
}

async fn an_image_that_does_not_show_yet_is_waited_for(subject: &StorageSubject) -> CheckResult {
    let image = image_name(subject).await?;
    let early = subject.target.accept_from_peer(&call(subject, "early"), &image, &owner(), true).await?;
    ensure(matches!(early, Outcome::InProgress { .. }), || format!("no image yet, but {early:?}"))?;
    let bare = subject.target.accept_from_peer(&call(subject, "bare"), &group(), &owner(), true).await;
    ensure_refused("accept_from_peer for a local name", bare, InvalidRequest, &["pg-conformance"])
}

async fn the_target_allows_and_forbids(subject: &StorageSubject) -> CheckResult {
    let image = replicated_group(subject, &["v1"]).await?;
    let target = name_of(&*subject.target).await?;
    for allow in [true, false, true] {
        let cx = call(subject, &format!("allow {allow}"));
        let before = shown(&*subject.target, &image).await?.targets;
        let outcome = subject.target.accept_from_peer(&cx, &image, &owner(), allow).await?;
        match before.get(&target) {
            Some(allowed) if *allowed == allow => already("accept_from_peer", outcome)?,
            _ => done("accept_from_peer", outcome)?,
        }
        already("accept_from_peer", subject.target.accept_from_peer(&cx, &image, &owner(), allow).await?)?;
        for (driver, name) in [(&subject.source, &group()), (&subject.target, &image)] {
            let target = &target;
            eventually(subject, "both sides know what the target allows", || async move {
                let status = driver.replication_status(name).await?.value;
                let known = shown(&**driver, name).await?.targets.get(target) == Some(&allow);
                Ok((known && status.allowed == Some(allow)).then_some(()))
            })
            .await?;
        }
    }
    Ok(())
}

async fn an_image_of_another_owner_is_not_allowed(subject: &StorageSubject) -> CheckResult {
    let image = replicated_group(subject, &["v1"]).await?;
    let before = shown(&*subject.target, &image).await?;
    let cx = call(subject, "stranger");
    let refused = subject.target.accept_from_peer(&cx, &image, &other_owner(), false).await;
    ensure_refused("accept_from_peer", refused, Conflict, &[image.as_str()])?;
    ensure_equal("the image", &shown(&*subject.target, &image).await?, &before)
}

async fn the_schedule_changes_and_stops(subject: &StorageSubject) -> CheckResult {
    let image = replicated_group(subject, &["v1"]).await?;
    accepted(subject, &image).await?;
    let array = &subject.source;
    let wanted = to_target(subject, 2 * INTERVAL).await?;
    done("ensure_replication", array.ensure_replication(&call(subject, "slower"), &group(), &wanted).await?)?;
    ensure_equal("interval", &shown(&**array, &group()).await?.replication_interval, &Some(2 * INTERVAL))?;
    done("disable_replication", array.disable_replication(&call(subject, "off"), &group()).await?)?;
    already("disable_replication", array.disable_replication(&call(subject, "off"), &group()).await?)?;
    ensure(!array.replication_status(&group()).await?.value.enabled, || "the schedule is still on".to_owned())?;
    ensure_equal("interval of a schedule that is off", &shown(&**array, &group()).await?.replication_interval, &None)?;
    // turned on again by whoever has taken over since
    let cx = at_epoch(subject, "on", EPOCH + 1);
    done("ensure_replication", array.ensure_replication(&cx, &group(), &wanted).await?)?;
    ensure(array.replication_status(&group()).await?.value.enabled, || "the schedule is off".to_owned())
}
