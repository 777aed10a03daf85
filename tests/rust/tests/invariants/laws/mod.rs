//! The laws. Each one says no with its number; `broken.rs` makes each of them do so.

pub(crate) mod audit;
pub(crate) mod data;
pub(crate) mod mapping;
pub(crate) mod roles;

use crate::walk::Walk;
use protector_core::{Error, Result};
use serde_json::Value;

/// All that hold whenever somebody looks.
pub(crate) async fn check(walk: &mut Walk) -> Result<()> {
    let (knows_more, record) = walk.record().await?;
    let world = walk.stage.deployment.world().dump()?;
    roles::one_side_writes(walk, &record).await?;
    roles::epochs_and_versions_only_rise(walk).await?;
    roles::whoever_lost_its_lease_is_quiet(walk)?;
    data::some_side_is_recoverable(walk, &record).await?;
    data::nothing_acknowledged_is_missing(walk, knows_more, &record).await?;
    data::one_recovery_point_for_a_member(&world, &record)?;
    data::nothing_is_eradicated(walk, &world)?;
    mapping::groups_hold_the_same_volumes(walk, knows_more, &record).await?;
    mapping::the_status_follows_from_the_members(&record)?;
    mapping::nobody_runs_twice(&world)?;
    mapping::completed_is_true(walk, &record).await?;
    mapping::a_test_changes_no_record(walk)?;
    for site in crate::acts::SITES {
        let view = walk.engine(site)?.protection_group_show(protector_tests::GROUP).await?;
        roles::every_state_leads_on(site, &view)?;
    }
    Ok(())
}

/// Rows of one table of a dumped world.
pub(crate) fn rows<'a>(world: &'a Value, table: &str) -> impl Iterator<Item = &'a Value> {
    world.get(table).and_then(Value::as_array).into_iter().flatten()
}

pub(crate) fn broken(law: &str, what: impl Into<String>) -> Error {
    Error::internal(format!("{law}: {}", what.into()))
}
