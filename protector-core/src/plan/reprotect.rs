//! Protect a workload where it runs. Nothing is moved, so there is no pivot: whatever fails is made again.

use super::build::Builder;
use super::relocate::{findings::servers, pod, protect};
use super::{Action, ExpectedLoss, Facts, Finding, FindingCode, Phase, Plan, Request, checks, old_site};
use crate::model::Protection;
use crate::rules;

/// Announce · work off what waits for the standby site · replicate towards it · close as protected.
pub(super) fn plan(facts: &Facts) -> Plan {
    let request = Request::Reprotect {};
    let mut findings = Vec::new();
    checks::group(facts, &request, &mut findings);
    already_protected(facts, &mut findings);
    checks::answers(&facts.source, facts.now, "restore the site where the workload runs", &mut findings);
    checks::answers(
        &facts.target,
        facts.now,
        "restore the standby site; nothing can be replicated there before",
        &mut findings,
    );
    checks::in_sync(facts, &mut findings);
    checks::linked(facts, &mut findings);
    checks::leaving(facts, &facts.source, &mut findings);
    servers(facts, &mut findings);
    old_site::findings(facts, &mut findings);

    let mut builder = Builder::new(&facts.record);
    if let Some(policy) = &facts.record.policy {
        let title = format!("tell {} about the operation", facts.peer.site);
        let announced = vec![builder.add("announce", Phase::Prepare, title, &[], Action::Announce {})];
        let mut ready = old_site::settle(&mut builder, facts, policy, announced);
        if facts.record.group.is_in_pod() {
            ready = pod::join(&mut builder, facts, ready);
        }
        let (from, to) = (&facts.source.site, &facts.target.site);
        let way = protect::Way { from, to, label: "reprotect", phase: Phase::Reprotect };
        let arrived = protect::replicate(&mut builder, facts, policy, &way, ready);
        builder.add("close", Phase::Close, "write down the end on both sites", &arrived, Action::Close {});
    }
    Plan::seal(facts, &request, builder.finish(), findings, ExpectedLoss::None)
}

/// What is protected is left alone; the newest recovery point in that direction shows that it is.
fn already_protected(facts: &Facts, findings: &mut Vec<Finding>) {
    let group = &facts.record.group;
    if group.protection != Protection::Protected {
        return;
    }
    let (source, target) = (&facts.source.site, &facts.target.site);
    let expected = checks::source_volumes(facts);
    let newest = match facts.target.array.known() {
        Some(array) => match rules::newest_usable(&array.recovery_points, &expected) {
            Some(point) => format!("the newest complete recovery point there is '{}' of {}", point.name, point.created),
            None => "no recovery point is complete there yet".to_owned(),
        },
        None => "its recovery points cannot be seen now".to_owned(),
    };
    findings.push(
        Finding::blocker(
            FindingCode::AlreadyProtected,
            format!("'{}' is already protected from {source} to {target}: {newest}", group.name),
        )
        .remedy(format!("for a newer one: openstack protector consistency-group sync {}", group.name)),
    );
}
