//! Replicate now.

use super::build::Builder;
use super::{Action, ExpectedLoss, Facts, Phase, Plan, Request, checks};
use crate::rules::naming;

/// Takes a replicated snapshot and waits until it is complete on the standby array. In a pod the data are on both arrays
/// anyway; the snapshot keeps them as they are now.
pub(super) fn plan(facts: &Facts) -> Plan {
    let request = Request::Sync {};
    let mut findings = Vec::new();
    checks::group(facts, &request, &mut findings);
    checks::answers(&facts.source, facts.now, "restore the site, then sync again", &mut findings);
    checks::answers(&facts.target, facts.now, "restore the site, then sync again", &mut findings);
    checks::no_fence_due(facts, &mut findings);
    checks::replicates(facts, &checks::source_volumes(facts), &mut findings);

    let mut builder = Builder::new(&facts.record);
    if let (Some(policy), Some(array)) = (&facts.record.policy, facts.source.array.known()) {
        let (kind, group) = (facts.record.group.replication_type, &policy.pure_pg_name);
        let is_sync = facts.record.group.is_in_pod();
        let taken = builder.add(
            "take_snapshot",
            Phase::FinalSync,
            format!("take a {}snapshot of '{group}' on {}", if is_sync { "" } else { "replicated " }, array.name),
            &[],
            Action::TakeSnapshot { site: facts.source.site.clone(), group: group.clone(), label: "sync".to_owned() },
        );
        builder.add(
            "await_transfer",
            Phase::FinalSync,
            format!("wait until it is complete on {}", facts.target.site),
            &[taken],
            Action::AwaitTransfer {
                site: facts.target.site.clone(),
                group: naming::standby_group_name(kind, &array.name, group),
                label: "sync".to_owned(),
            },
        );
    }
    Plan::seal(facts, &request, builder.finish(), findings, ExpectedLoss::None)
}
