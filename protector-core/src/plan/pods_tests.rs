//! What is different about a group in a stretched pod.

use super::testing::pods::{GROUP, POD_DEFECTS, in_pod, set_state, shared_defects};
use super::testing::{DEFECTS, Size, array, facts};
use super::{Action, ConsentKind, ExpectedLoss, Facts, FindingCode, Phase, Plan, PointSource, Request, Severity, plan};
use crate::model::{FailoverType, Mappings, Protection, ReplicationType, SiteName};
use crate::ports::PodMemberState;
use std::collections::BTreeSet;

fn sync_facts(away: bool) -> Facts {
    let mut facts = facts(&[Size { tier: 0, disks: 2, nics: 1 }, Size { tier: 1, disks: 1, nics: 1 }], away);
    in_pod(&mut facts);
    facts
}

fn failover(failover_type: FailoverType, force: bool) -> Request {
    Request::Failover { failover_type, force, reason: None, mappings: Mappings::default() }
}

fn planned() -> Request {
    failover(FailoverType::Planned, false)
}

fn codes(plan: &Plan) -> BTreeSet<FindingCode> {
    plan.blockers().map(|f| f.code).collect()
}

fn words(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|s| s.action.word()).collect()
}

#[test]
fn nothing_speaks_against_any_kind_in_a_world_in_order() {
    for request in [
        planned(),
        failover(FailoverType::Unplanned, true),
        Request::Sync {},
        Request::TestFailover { mappings: Mappings::default(), retain_primary: true },
    ] {
        let planned = plan(&sync_facts(false), &request).unwrap();
        assert_eq!(codes(&planned), BTreeSet::new(), "{request:?}: {planned}");
    }
    let home = plan(&sync_facts(true), &Request::Failback { mappings: Mappings::default() }).unwrap();
    assert_eq!(codes(&home), BTreeSet::new(), "{home}");
}

#[test]
fn a_planned_move_names_whatever_is_wrong_with_the_pod() {
    for (what, code, change) in POD_DEFECTS.iter().chain(shared_defects()) {
        let mut facts = sync_facts(true);
        change(&mut facts);
        let found = codes(&plan(&facts, &planned()).unwrap());
        assert!(found.contains(code), "{what}: {found:?}");
    }
    // the ones left out do not keep a sync group at home
    for (what, _, change) in DEFECTS.iter().filter(|d| !shared_defects().any(|s| s.0 == d.0)) {
        let mut facts = sync_facts(true);
        change(&mut facts);
        assert_eq!(codes(&plan(&facts, &planned()).unwrap()), BTreeSet::new(), "{what}");
    }
}

#[test]
fn a_planned_move_takes_its_point_fences_both_arrays_and_only_then_clones() {
    let moved = plan(&sync_facts(false), &planned()).unwrap();
    let order = [
        "stop_server",
        "take_snapshot",
        "await_transfer",
        "fence",
        "fence",
        "clone_volumes",
        "import_volume",
        "group_volumes",
        "switch_primary",
        "ensure_array_group",
        "ensure_replication",
        "accept_from_peer",
        "await_in_step",
        "close",
    ];
    let mut words = words(&moved).into_iter();
    for word in order {
        assert!(words.any(|w| w == word), "'{word}' is missing, or not in its place:\n{moved}");
    }
    for step in &moved.steps {
        match &step.action {
            Action::TakeSnapshot { group, .. } | Action::AwaitTransfer { group, .. } => {
                assert_eq!(group.as_str(), GROUP);
            }
            Action::CloneVolumes { site, point, .. } => {
                assert_eq!((site.as_str(), point, step.phase), ("site-b", &PointSource::Taken, Phase::Pivot));
            }
            Action::ImportVolume { volume_type, .. } => assert_eq!(volume_type, "replicated"),
            Action::DisableReplication { .. } => panic!("a pod has no schedule: {}", step.title),
            _ => {}
        }
    }
    assert_eq!(moved.expected_loss, ExpectedLoss::None);
}

#[test]
fn an_unplanned_move_loses_nothing_if_the_other_array_fell_out_of_the_pod() {
    // (how the survivor sees the other array, what is lost, whether a loss must be accepted)
    let table = [
        (PodMemberState::Offline, ExpectedLoss::None, false),
        (PodMemberState::Suspended, ExpectedLoss::None, false),
        (PodMemberState::Resyncing, ExpectedLoss::None, false),
        (PodMemberState::Online, ExpectedLoss::AfterPivot {}, true),
        (PodMemberState::Unknown, ExpectedLoss::AfterPivot {}, true),
    ];
    for (state, loss, asks) in table {
        let mut facts = sync_facts(false);
        set_state(&mut facts.target, "site-a", state);
        let unforced = plan(&facts, &failover(FailoverType::Unplanned, false)).unwrap();
        assert_eq!(unforced.expected_loss, loss, "{state:?}");
        assert_eq!(unforced.consents_needed.contains(&ConsentKind::DataLoss), asks, "{state:?}");
        assert!(unforced.consents_needed.contains(&ConsentKind::SourceUnverified), "{state:?}");
        let forced = plan(&facts, &failover(FailoverType::Unplanned, true)).unwrap();
        assert_eq!(codes(&forced), BTreeSet::new(), "{state:?}");
    }
}

#[test]
fn no_consent_gets_past_a_survivor_without_the_data() {
    for state in
        [PodMemberState::Offline, PodMemberState::Suspended, PodMemberState::Resyncing, PodMemberState::Unknown]
    {
        let mut facts = sync_facts(false);
        set_state(&mut facts.target, "site-b", state);
        let forced = plan(&facts, &failover(FailoverType::Unplanned, true)).unwrap();
        assert_eq!(codes(&forced), BTreeSet::from([FindingCode::PodNotInStep]), "{state:?}");
        let finding = forced.blockers().next().unwrap();
        assert_eq!((finding.consent, finding.remedy.is_some()), (None, true));
    }
}

#[test]
fn an_unplanned_move_works_on_the_survivor_alone() {
    let mut facts = sync_facts(false);
    facts.source.cloud = super::Observation::Unknown("no answer".to_owned());
    facts.source.array = super::Observation::Unknown("no answer".to_owned());
    set_state(&mut facts.target, "site-a", PodMemberState::Offline);
    let forced = plan(&facts, &failover(FailoverType::Unplanned, true)).unwrap();
    assert_eq!(codes(&forced), BTreeSet::new());
    for step in &forced.steps {
        let site = step.action.endpoint().site;
        assert_ne!(site.as_ref().map(|s| s.as_str()), Some("site-a"), "{}", step.title);
    }
    let fenced = forced.steps.iter().position(|s| matches!(s.action, Action::Fence { .. })).unwrap();
    let taken = forced.steps.iter().position(|s| matches!(s.action, Action::TakeSnapshot { .. })).unwrap();
    let cloned = forced.steps.iter().position(|s| matches!(s.action, Action::CloneVolumes { .. })).unwrap();
    assert!(fenced < taken && taken < cloned, "{forced}");
}

#[test]
fn what_may_not_reach_the_pod_comes_under_a_plain_type_and_joins_no_group() {
    for request in [
        failover(FailoverType::Unplanned, true),
        Request::TestFailover { mappings: Mappings::default(), retain_primary: true },
    ] {
        let planned = plan(&sync_facts(false), &request).unwrap();
        let mut imports = 0;
        for step in &planned.steps {
            match &step.action {
                Action::ImportVolume { volume_type, .. } => {
                    imports += 1;
                    assert_eq!(volume_type, "plain");
                }
                Action::GroupVolumes { .. } => panic!("{}", step.title),
                Action::Confirm { group, .. } => assert_eq!(*group, None),
                _ => {}
            }
        }
        assert_eq!(imports, 3);
        let mut without = sync_facts(false);
        super::testing::cloud(&mut without.target, |c| {
            c.volume_types.iter_mut().for_each(|t| t.retain(|t| t.name != "plain"));
        });
        let blocked = plan(&without, &request).unwrap();
        assert_eq!(codes(&blocked), BTreeSet::from([FindingCode::PlainVolumeTypeMissing]));
    }
}

#[test]
fn a_reprotect_retypes_what_is_not_in_the_pod_yet() {
    let mut facts = sync_facts(true);
    facts.record.group.protection = Protection::Unprotected;
    let plain = facts.record.members[0].disks[0].copies[&SiteName::from("site-b")].volume_id.clone();
    super::testing::cloud(&mut facts.source, |cloud| {
        cloud.group_volumes.clear();
        let volumes = cloud.servers.values_mut().flat_map(|s| &mut s.volumes).map(|v| &mut v.volume);
        volumes.filter(|v| v.id == plain).for_each(|v| v.volume_type = "plain".to_owned());
    });
    let planned = plan(&facts, &Request::Reprotect {}).unwrap();
    assert_eq!(codes(&planned), BTreeSet::new(), "{planned}");
    let retyped: Vec<_> = planned
        .steps
        .iter()
        .filter_map(|s| match &s.action {
            Action::RetypeVolume { site, volume, volume_type, .. } => {
                Some((site.as_str(), volume, volume_type.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(retyped, [("site-b", &plain, "replicated")]);
    let order =
        ["retype_volume", "group_volumes", "ensure_array_group", "ensure_replication", "await_in_step", "close"];
    let words = words(&planned);
    let at: Vec<_> = order.iter().map(|word| words.iter().position(|w| w == word).unwrap()).collect();
    assert!(at.is_sorted(), "{planned}");
    // a planned move of it waits for that
    let home = plan(&facts, &Request::Failback { mappings: Mappings::default() }).unwrap();
    assert!(codes(&home).contains(&FindingCode::Unprotected));
}

/// Somebody gave an operation up that had retyped it: it has its type, and another name on its array than is written down.
#[test]
fn a_reprotect_learns_the_names_of_what_was_retyped_before() {
    let mut facts = sync_facts(true);
    facts.record.group.protection = Protection::Unprotected;
    let copy = facts.record.members[0].disks[0].copies[&SiteName::from("site-b")].clone();
    let named = |facts: &mut Facts, name: Option<&str>| {
        super::testing::cloud(&mut facts.source, |cloud| {
            let volumes = cloud.servers.values_mut().flat_map(|s| &mut s.volumes).map(|v| &mut v.volume);
            volumes.filter(|v| v.id == copy.volume_id).for_each(|v| v.array_volume = name.map(Into::into));
        });
    };
    for (name, expected) in [
        (Some("cinder-pod::volume-of-another-name"), 1),
        (Some(copy.array_volume.as_str()), 0),
        // nobody says what it is called: the step could not say it, either
        (None, 0),
    ] {
        named(&mut facts, name);
        let planned = plan(&facts, &Request::Reprotect {}).unwrap();
        let retypes = planned
            .steps
            .iter()
            .filter(|s| matches!(&s.action, Action::RetypeVolume { volume, .. } if *volume == copy.volume_id));
        assert_eq!(retypes.count(), expected, "{name:?}: {planned}");
    }
}

#[test]
fn a_group_in_a_pod_that_lost_a_member_is_not_taken_over() {
    let mut facts = sync_facts(false);
    array(&mut facts.target, |a| a.local_group.iter_mut().for_each(|g| drop(g.volumes.pop_first())));
    let forced = plan(&facts, &failover(FailoverType::Unplanned, true)).unwrap();
    assert_eq!(codes(&forced), BTreeSet::from([FindingCode::MemberDrift]));
    // what is there beside the members is not in the way
    let mut facts = sync_facts(false);
    array(&mut facts.target, |a| {
        a.local_group.iter_mut().for_each(|g| {
            g.volumes.insert("cinder-pod::x".into());
        });
    });
    assert_eq!(codes(&plan(&facts, &failover(FailoverType::Unplanned, true)).unwrap()), BTreeSet::new());
}

#[test]
fn findings_of_pods_carry_what_each_array_said() {
    let mut facts = sync_facts(false);
    set_state(&mut facts.target, "site-a", PodMemberState::Online);
    let forced = plan(&facts, &failover(FailoverType::Unplanned, true)).unwrap();
    let loss = forced.findings.iter().find(|f| f.code == FindingCode::DataLoss).unwrap();
    assert_eq!(loss.severity, Severity::Warning);
    assert_eq!(loss.evidence[0].values["arrays"], "array-of-site-a=online, array-of-site-b=online");
    assert_eq!(facts.record.group.replication_type, ReplicationType::Sync);
}
