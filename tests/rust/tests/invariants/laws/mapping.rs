//! One group, one Cinder group, one array group; and what is said of them.

use super::{broken, rows};
use crate::edits::STRAY;
use crate::walk::{Walk, request};
use protector_core::Result;
use protector_core::engine::Engine;
use protector_core::model::{ArrayVolumeName, GroupRecord, MemberStatus, Protection, VolumeId};
use protector_core::plan::{Finding, FindingCode};
use protector_core::ports::{Cloud as _, StorageDriver as _};
use protector_tests::GROUP;
use protector_tests::compare::text;
use serde_json::Value;
use std::collections::BTreeSet;

/// I-44: at rest the Cinder group and, where the group is protected, the array group hold exactly the members' volumes. A
/// volume that somebody else put there is found, by name, and leaves only if a plan said so.
pub(crate) async fn groups_hold_the_same_volumes(
    walk: &mut Walk,
    knows_more: &str,
    record: &GroupRecord,
) -> Result<()> {
    let site = &record.group.current_primary_site;
    if record.group.operation.is_some() || !walk.answers(site).await? {
        return Ok(());
    }
    let world = walk.stage.deployment.world();
    let copies: Vec<_> = record.disks().filter_map(|(_, disk)| disk.copies.get(site)).collect();
    let wanted: BTreeSet<VolumeId> = copies.iter().map(|copy| copy.volume_id.clone()).collect();
    let grouped = world.cloud(site)?.consistency_group(record.group.cinder_group_on(site)).await?;
    let grouped = grouped.map(|group| group.volumes).unwrap_or_default();
    // volumes of a pod join it when they are replicated again
    let joins_later = record.group.is_in_pod() && record.group.protection == Protection::Unprotected;
    if grouped != wanted && !joins_later {
        return Err(broken("I-44", format!("the Cinder group on {site} holds {grouped:?}, the members {wanted:?}")));
    }
    let Some(policy) = record.policy.as_ref().filter(|_| record.group.protection == Protection::Protected) else {
        return Ok(());
    };
    let wanted: BTreeSet<ArrayVolumeName> = copies.iter().map(|copy| copy.array_volume.clone()).collect();
    let found = world.storage_driver(site)?.group(&policy.pure_pg_name).await?;
    let mut found = found.map(|group| group.value.volumes).unwrap_or_default();
    let has_stray = found.remove(&ArrayVolumeName::from(STRAY));
    if found != wanted {
        return Err(broken("I-44", format!("the array group on {site} holds {found:?}, the members {wanted:?}")));
    }
    let edits = &mut walk.edits;
    if !has_stray && edits.stray_on.as_ref() == Some(site) {
        if !std::mem::take(&mut edits.stray_may_leave) {
            return Err(broken("I-44", format!("'{STRAY}' left the array group on {site} without a word")));
        }
        edits.stray_on = None;
    }
    if has_stray { drift_is_found(&walk.engine(knows_more)?, record).await } else { Ok(()) }
}

async fn drift_is_found(engine: &Engine, record: &GroupRecord) -> Result<()> {
    let plan = engine.plan(GROUP, &request(crate::acts::Wish::Planned, record)).await?;
    let names_it = |finding: &Finding| {
        finding.evidence.iter().any(|e| {
            e.values.get("surplus").map(String::as_str) == Some(STRAY)
                && e.values.get("missing").map(String::as_str) == Some("none")
        })
    };
    match plan.blockers().any(|f| f.code == FindingCode::MemberDrift && names_it(f)) {
        true => Ok(()),
        false => Err(broken("I-44", format!("nobody says that '{STRAY}' is in the array group: {plan}"))),
    }
}

/// I-38: whether the group is partial follows from its members alone, and what is left to go on with is there just then.
pub(crate) fn the_status_follows_from_the_members(record: &GroupRecord) -> Result<()> {
    let failed = record.members.iter().any(|m| m.status == MemberStatus::Error);
    if (record.group.partial, record.unfinished.is_some()) == (failed, failed) {
        return Ok(());
    }
    let (partial, left) = (record.group.partial, record.unfinished.is_some());
    Err(broken("I-38", format!("members in error: {failed}, partial: {partial}, left to go on with: {left}")))
}

/// I-33: whatever reply was lost or step was made again, no member runs twice on one site.
pub(crate) fn nobody_runs_twice(world: &Value) -> Result<()> {
    let mut seen = BTreeSet::new();
    for row in rows(world, "servers") {
        let (site, name) = (text(row, "site").to_owned(), text(row, "name").to_owned());
        // tests that nobody cleaned up may stand side by side
        let counts = row.get("running").is_some_and(|running| running.as_i64() == Some(1)) && !name.ends_with("-test");
        if counts && !seen.insert((site.clone(), name.clone())) {
            return Err(broken("I-33", format!("'{name}' runs twice on {site}")));
        }
    }
    Ok(())
}

/// I-39: when a move says `completed`, the workload runs where it was to go. Looked at right after it ended.
pub(crate) async fn completed_is_true(walk: &mut Walk, record: &GroupRecord) -> Result<()> {
    let Some(arrived) = walk.arrived.take() else { return Ok(()) };
    let target = &arrived.target_site;
    // the site may have gone since
    if !walk.stage.deployment.world().site_is_available(target)? {
        return Ok(());
    }
    let runs = record.group.current_primary_site == *target && walk.server_runs(record, target).await?;
    if runs {
        Ok(())
    } else {
        Err(broken("I-39", format!("{} is completed, and nothing runs on {target}", arrived.id)))
    }
}

/// I-20, I-23: tests, their cleanups and syncs leave the record of the group alone, so no test becomes a failover.
pub(crate) fn a_test_changes_no_record(walk: &Walk) -> Result<()> {
    match &walk.changed_by_a_test {
        Some(what) => Err(broken("I-20, I-23", format!("the record was changed by {what}"))),
        None => Ok(()),
    }
}
