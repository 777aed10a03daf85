//! The laws. Each one says no with its number; `broken.rs` makes each of them do so.

pub(crate) mod audit;
pub(crate) mod data;
pub(crate) mod mapping;
pub(crate) mod roles;

use crate::walk::Walk;
use protector_core::{Error, Result};

/// All that hold whenever somebody looks.
pub(crate) async fn check(walk: &mut Walk) -> Result<()> {
    let (_, record) = walk.record().await?;
    roles::one_side_writes(walk, &record).await?;
    roles::epochs_and_versions_only_rise(walk).await?;
    roles::whoever_lost_its_lease_is_quiet(walk)?;
    data::some_side_is_recoverable(walk, &record).await?;
    data::nothing_acknowledged_is_missing(walk, &record).await?;
    data::one_recovery_point_for_a_member(walk, &record)?;
    data::nothing_is_eradicated(walk)?;
    mapping::groups_hold_the_same_volumes(walk, &record).await?;
    mapping::the_status_follows_from_the_members(&record)?;
    mapping::nobody_runs_twice(walk)?;
    mapping::completed_is_true(walk).await?;
    mapping::a_test_changes_no_record(walk)?;
    for site in crate::acts::SITES {
        let view = walk.engine(site)?.protection_group_show(protector_tests::GROUP).await?;
        roles::every_state_leads_on(site, &view)?;
    }
    Ok(())
}

pub(crate) fn broken(law: &str, what: impl Into<String>) -> Error {
    Error::internal(format!("{law}: {}", what.into()))
}
