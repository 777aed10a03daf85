//! What becomes of the data.

use super::{broken, rows};
use crate::walk::Walk;
use protector_core::model::{DiskCopy, GroupRecord};
use protector_core::ports::StorageDriver as _;
use protector_core::rules::naming;
use protector_core::{ErrorKind, Result};
use protector_tests::compare::text;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How long an array keeps what was destroyed.
const KEPT_MS: i64 = 86_400_000;

/// I-03, I-13: once there was a complete recovery point, the last one never goes, unless somebody outside destroys it.
pub(crate) async fn some_side_is_recoverable(walk: &mut Walk, record: &GroupRecord) -> Result<()> {
    let Some(policy) = &record.policy else { return Ok(()) };
    let mut usable = 0;
    let mut unseen = false;
    for (here, there) in [("site-a", "site-b"), ("site-b", "site-a")] {
        if !walk.answers(&here.into()).await? || !walk.answers(&there.into()).await? {
            unseen = true;
            continue;
        }
        let world = walk.stage.deployment.world();
        let source = world.storage_driver(&there.into())?.info().await?.name;
        let image = naming::standby_group_name(record.group.replication_type, &source, &policy.pure_pg_name);
        let points = match world.storage_driver(&here.into())?.recovery_points(&image).await {
            Ok(points) => points.value,
            // an array that fell out of the pod shows nothing of it
            Err(e) if e.kind() == ErrorKind::Precondition => {
                unseen = true;
                continue;
            }
            Err(e) => return Err(e),
        };
        usable += points.iter().filter(|p| p.is_usable()).count();
    }
    if usable == 0 && !unseen && walk.had_point {
        return Err(broken("I-13", "the last recovery point is gone"));
    }
    walk.had_point |= usable > 0;
    walk.edits.destroyed_a_point &= usable == 0;
    Ok(())
}

/// I-10, I-11: where the group runs and no operation is open, its disks hold what the workload was told is written, less
/// what an unplanned failover said would be lost.
/// `knows_more`: the site whose record that is.
pub(crate) async fn nothing_acknowledged_is_missing(walk: &Walk, knows_more: &str, record: &GroupRecord) -> Result<()> {
    if record.group.operation.is_some() || !walk.answers(&record.group.current_primary_site).await? {
        return Ok(());
    }
    let found = walk.stage.contents(&walk.engine(knows_more)?).await?;
    let told = walk.written.last().map(|(_, contents)| contents.clone()).unwrap_or_default();
    if found == told {
        return Ok(());
    }
    Err(broken("I-10, I-11", format!("the disks hold {found:?}, the workload was told {told:?}")))
}

/// I-12: the volumes that a member runs on were cloned from one recovery point, or all of them are its tenant's.
pub(crate) fn one_recovery_point_for_a_member(world: &Value, record: &GroupRecord) -> Result<()> {
    let site = &record.group.current_primary_site;
    let points: BTreeMap<&str, &str> =
        rows(world, "volumes").map(|row| (text(row, "id"), text(row, "clone_point"))).collect();
    let origin = |copy: &DiskCopy| {
        let key = copy.cloned_under.as_ref().map(ToString::to_string).unwrap_or_default();
        (key, points.get(copy.array_volume_id.as_str()).copied().unwrap_or_default().to_owned())
    };
    for member in &record.members {
        let origins: BTreeSet<_> = member.disks.iter().filter_map(|d| d.copies.get(site)).map(origin).collect();
        if origins.len() > 1 {
            return Err(broken("I-12", format!("'{}' runs on volumes of {origins:?}", member.name)));
        }
    }
    Ok(())
}

/// I-14: nothing leaves an array before its own timer ends.
pub(crate) fn nothing_is_eradicated(walk: &mut Walk, world: &Value) -> Result<()> {
    let now = walk.now().as_millisecond();
    let destroyed = |row: &Value| row.get("destroyed_ms").and_then(Value::as_i64);
    let found: BTreeMap<String, Option<i64>> =
        rows(world, "volumes").map(|row| (text(row, "id").to_owned(), destroyed(row))).collect();
    for (volume, destroyed) in walk.volumes.iter().filter(|(volume, _)| !found.contains_key(*volume)) {
        if destroyed.is_none_or(|at| now - at < KEPT_MS) {
            return Err(broken("I-14", format!("volume {volume}, destroyed at {destroyed:?}, is eradicated at {now}")));
        }
    }
    walk.volumes = found;
    Ok(())
}
