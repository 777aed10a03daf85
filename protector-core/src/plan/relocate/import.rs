//! Under which volume type Cinder takes clones over.

use crate::model::{OperationKind, Protection};
use crate::plan::{Facts, Finding, checks};

/// How clones come under Cinder's management.
///
/// Cinder puts what it takes over under a synchronous type into its pod, which takes both arrays. So where the other array
/// may be lost, or must not hear of a test, clones come under a type without replication; they get the group's type, and
/// join its Cinder group, when the workload is protected again.
#[derive(Debug)]
pub(in crate::plan) struct Import {
    /// Volume type by name.
    pub(in crate::plan) volume_type: String,
    /// Whether what is taken over joins the Cinder group.
    pub(in crate::plan) joins_group: bool,
}

impl Import {
    /// For a move of the workload.
    pub(in crate::plan) fn of_move(facts: &Facts, kind: OperationKind, findings: &mut Vec<Finding>) -> Self {
        Self::of(facts, kind == OperationKind::UnplannedFailover, findings)
    }

    /// For a test, which leaves the groups of production alone.
    pub(in crate::plan) fn of_test(facts: &Facts, findings: &mut Vec<Finding>) -> Self {
        Self { joins_group: false, ..Self::of(facts, true, findings) }
    }

    /// For members that are brought up later: as the move did that the group is still protected by, or not.
    pub(in crate::plan) fn of_retry(facts: &Facts, findings: &mut Vec<Finding>) -> Self {
        Self::of(facts, facts.record.group.protection != Protection::Protected, findings)
    }

    fn of(facts: &Facts, alone: bool, findings: &mut Vec<Finding>) -> Self {
        if alone && facts.record.group.is_in_pod() {
            return Self { volume_type: checks::plain_type(facts, findings), joins_group: false };
        }
        let volume_type = facts.record.group.volume_type_on(&facts.target.site).to_owned();
        Self { volume_type, joins_group: true }
    }
}
