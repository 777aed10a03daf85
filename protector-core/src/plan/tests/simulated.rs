//! What plans say where arrays are simulated and clouds are not.

use super::*;
use crate::plan::{Finding, Severity, SimulatedStorage};

fn simulated(sizes: &[Size], away: bool, failover_to_blank_disks: bool) -> Facts {
    Facts { simulated_storage: Some(SimulatedStorage { failover_to_blank_disks }), ..facts(sizes, away) }
}

fn found(facts: &Facts, request: &Request) -> Option<Finding> {
    let planned = plan(facts, request).unwrap();
    planned.findings.into_iter().find(|f| f.code == FindingCode::StorageSimulated)
}

const TWO: [Size; 2] = [Size { tier: 0, disks: 2, nics: 1 }, Size { tier: 1, disks: 1, nics: 1 }];

/// Every plan says it; what stops or replaces servers is refused until the settings allow it.
#[test]
fn only_tests_are_free() {
    let mapped = Mappings::default();
    for (request, is_free) in [
        (Request::Sync {}, true),
        (Request::TestFailover { mappings: mapped.clone(), retain_primary: true }, true),
        (Request::TestCleanup { test: None }, true),
        (failover(FailoverType::Planned, false), false),
        (failover(FailoverType::Unplanned, true), false),
        (Request::Failback { mappings: mapped.clone() }, false),
        (Request::Reprotect {}, false),
        (Request::Commit {}, false),
        (Request::RetryFailed { mappings: mapped }, false),
    ] {
        assert_eq!(found(&facts(&TWO, true), &request), None, "real arrays: {request:?}");
        let refused = found(&simulated(&TWO, true, false), &request).unwrap();
        assert_eq!(refused.severity == Severity::Warning, is_free, "{request:?}: {refused:?}");
        let remedy = refused.remedy.unwrap_or_default();
        assert_eq!(remedy.contains("[engine] failover_to_blank_disks = true"), !is_free, "{request:?}: {remedy}");
        let allowed = found(&simulated(&TWO, true, true), &request).unwrap();
        assert_eq!(allowed.severity, Severity::Warning, "{request:?}: {allowed:?}");
    }
}

#[test]
fn the_plan_counts_what_arrives_blank_and_what_is_stopped() {
    let request = Request::TestFailover { mappings: Mappings::default(), retain_primary: true };
    let message = found(&simulated(&TWO, false, false), &request).unwrap().message;
    assert_eq!(message, "storage is simulated: no data are copied; 3 disks arrive blank on site-b");
    let message = found(&simulated(&TWO, false, true), &failover(FailoverType::Planned, false)).unwrap().message;
    assert!(message.contains("3 disks arrive blank on site-b; 2 real servers are stopped"), "{message}");
    let message = found(&simulated(&TWO, false, true), &failover(FailoverType::Unplanned, true)).unwrap().message;
    assert!(message.contains("what is not stopped on site-a runs on beside the new servers"), "{message}");
}

/// A failback makes blank disks at home again: those that were there first stay, and are named.
#[test]
fn what_stays_of_old_servers_is_named() {
    let request = Request::Failback { mappings: Mappings::default() };
    let mut facts = simulated(&TWO, true, true);
    let own: Vec<_> = facts.record.disks().map(|(_, d)| d.copies.get(&facts.target.site).cloned().unwrap()).collect();
    assert!(own.iter().all(|copy| copy.cloned_under.is_none()), "{own:?}");
    let finding = found(&facts, &request).unwrap();
    for copy in own {
        assert!(finding.message.contains(copy.volume_id.as_str()), "{}", finding.message);
    }
    assert!(finding.remedy.unwrap().contains("openstack --os-cloud site-a server create --volume"));
    // what an earlier move made blank there is nobody's own
    let site = facts.target.site.clone();
    for disk in facts.record.members.iter_mut().flat_map(|m| &mut m.disks) {
        disk.copies.get_mut(&site).unwrap().cloned_under = Some("op-0/clone_volumes".into());
    }
    let finding = found(&facts, &request).unwrap();
    assert!(!finding.message.contains("own volumes") && finding.remedy.is_none(), "{finding:?}");
}
