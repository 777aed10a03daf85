//! Test failovers of a group, as their reports judge them.

use super::view::DrillView;
use crate::Result;
use crate::engine::Engine;
use crate::engine::report::Verdict;
use crate::model::{GroupRecord, OperationKind};
use crate::ports::OperationFilter;

/// How many drills are looked at, newest first, to find one that passed.
const LOOKED_AT: u32 = 20;

/// The newest drill that has ended, and the newest that passed.
#[derive(Debug, Default)]
pub(super) struct Drills {
    pub(super) last: Option<DrillView>,
    pub(super) last_successful: Option<DrillView>,
}

impl Engine {
    /// The drills of a group that were run from this site: their journals are here alone.
    pub(super) async fn drills_of(&self, record: &GroupRecord) -> Result<Drills> {
        let filter = OperationFilter {
            group: Some(record.group.id.clone()),
            kind: Some(OperationKind::TestFailover),
            limit: Some(LOOKED_AT),
            ..OperationFilter::default()
        };
        let operations = self.0.endpoints.store.operations(&filter).await?;
        let mut drills = Drills::default();
        for stored in &operations {
            // a journal of another version tells nothing about this one and says nothing against others
            let Ok(report) = self.operation_report(stored.id.as_str()).await else { continue };
            let Some(ended_at) = report.ended_at.known().copied() else { continue };
            let drill = DrillView {
                operation_id: stored.id.clone(),
                verdict: report.verdict,
                headline: report.headline,
                ended_at,
                age_seconds: self.0.endpoints.clock.now().duration_since(ended_at).as_secs().max(0),
            };
            drills.last.get_or_insert_with(|| drill.clone());
            if drill.verdict == Verdict::Passed {
                drills.last_successful = Some(drill);
                break;
            }
        }
        Ok(drills)
    }
}
