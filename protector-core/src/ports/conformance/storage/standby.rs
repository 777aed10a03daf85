//! Many groups at once are what each of them is by itself.

use super::StorageSubject;
use super::pods::{has_pods, pod_group, stretched_pod};
use super::scene::{arrived, group, image_name, replicated_group, shown, taken};
use crate::model::ArrayGroupName;
use crate::ports::conformance::{Check, CheckResult, Failure, checks, ensure_equal};
use crate::ports::{PodMemberState, StandbyGroup, StorageDriver};
use crate::rules::naming;

pub(super) fn checks() -> Vec<Check<StorageSubject>> {
    checks![
        the_newest_recovery_point_of_each_of_many_groups,
        what_is_on_its_way_is_nothing_to_start_from if |subject| subject.bench.transfers_take_time(),
        a_pod_that_is_online_is_what_many_groups_show if has_pods,
    ]
}

/// What is said of `group` among others that the array does not have.
async fn standby(driver: &dyn StorageDriver, group: &ArrayGroupName) -> Result<StandbyGroup, Failure> {
    let unknown: Vec<ArrayGroupName> = ["no-array:pg-none", "pod-none::pg-none", "pg-none"].map(Into::into).into();
    let asked = unknown.iter().chain([group]).cloned().collect();
    let mut found = driver.standby_groups(&asked).await?.value;
    ensure_equal("groups in the answer", &found.keys().cloned().collect(), &asked)?;
    for name in unknown {
        ensure_equal(name.as_str(), &found.remove(&name), &Some(StandbyGroup::default()))?;
    }
    found.remove(group).ok_or_else(|| format!("'{group}' got lost").into())
}

async fn the_newest_recovery_point_of_each_of_many_groups(subject: &StorageSubject) -> CheckResult {
    let image = image_name(subject).await?;
    ensure_equal("before there is one", &standby(&*subject.target, &image).await?, &StandbyGroup::default())?;
    replicated_group(subject, &["v1", "v2"]).await?;
    ensure_equal("a new group", &standby(&*subject.target, &image).await?, &StandbyGroup::default())?;
    // names in an order that the instants do not have
    for suffix in ["dr-b", "dr-c", "dr-a"] {
        taken(subject, suffix).await?;
        arrived(subject, &naming::recovery_point_name(&image, suffix)).await?;
        for (driver, name) in [(&subject.target, &image), (&subject.source, &group())] {
            let newest = driver.newest_complete(name).await?.map(|found| found.value);
            ensure_equal("name", &newest.as_ref().map(|n| &n.name), &Some(&naming::recovery_point_name(name, suffix)))?;
            let expected = StandbyGroup { newest_complete: newest, ..StandbyGroup::default() };
            ensure_equal("among many", &standby(&**driver, name).await?, &expected)?;
        }
        subject.clock.sleep(super::scene::POLL).await;
    }
    Ok(())
}

async fn what_is_on_its_way_is_nothing_to_start_from(subject: &StorageSubject) -> CheckResult {
    let image = replicated_group(subject, &["v1"]).await?;
    taken(subject, "dr-1").await?;
    ensure_equal("on its way", &standby(&*subject.target, &image).await?, &StandbyGroup::default())?;
    let point = naming::recovery_point_name(&image, "dr-1");
    arrived(subject, &point).await?;
    let newest = standby(&*subject.target, &image).await?.newest_complete;
    ensure_equal("arrived", &newest.map(|found| found.name), &Some(point))
}

async fn a_pod_that_is_online_is_what_many_groups_show(subject: &StorageSubject) -> CheckResult {
    stretched_pod(subject).await?;
    for driver in [&subject.source, &subject.target] {
        let volumes = shown(&**driver, &pod_group()).await?.volumes;
        let expected = StandbyGroup { newest_complete: None, pod: Some(PodMemberState::Online), volumes };
        ensure_equal("a stretched pod", &standby(&**driver, &pod_group()).await?, &expected)?;
    }
    Ok(())
}
