//! Test failovers of a group, as their reports judge them: those whose journals one store has.

use super::{cleanups_of, describe, fold, told};
use crate::Result;
use crate::model::{Drill, Drills, OperationKind, ProtectionGroupId, SiteName, Verdict};
use crate::ports::{OperationFilter, Store, StoredOperation};

/// How many drills are looked at, newest first, to find one that passed.
const LOOKED_AT: usize = 20;

/// The newest drill that has ended, and the newest that passed. Nothing but the store of `site` is asked: what a step may have
/// made and could not tell is not looked for, so such a drill has not passed.
///
/// # Errors
/// store cannot be read → `Storage`.
pub(in crate::engine) async fn drills(store: &dyn Store, group: &ProtectionGroupId, site: &SiteName) -> Result<Drills> {
    let filter = OperationFilter { group: Some(group.clone()), ..OperationFilter::default() };
    let operations = store.operations(&filter).await?;
    let mut drills = Drills::default();
    for stored in operations.iter().filter(|o| o.kind == OperationKind::TestFailover).take(LOOKED_AT) {
        // a journal of another version tells nothing about this one and says nothing against others
        let Ok(Some(drill)) = drill(store, stored, site).await else { continue };
        drills.last.get_or_insert_with(|| drill.clone());
        if drill.verdict == Verdict::Passed {
            drills.last_successful = Some(drill);
            break;
        }
    }
    Ok(drills)
}

async fn drill(store: &dyn Store, stored: &StoredOperation, site: &SiteName) -> Result<Option<Drill>> {
    let told = told(store, stored).await?;
    let Some((_, ended_at)) = told.state.finished else { return Ok(None) };
    let standing = describe::standing(&stored.id, &told.plan, &told.state, false);
    let cleanups = cleanups_of(store, stored).await?;
    let report = fold::report(stored, &told, &standing, &cleanups, &Default::default(), ended_at, site.clone());
    let (operation, verdict, headline) = (stored.id.clone(), report.verdict, report.headline);
    Ok(Some(Drill { operation, verdict, headline, ended_at }))
}
