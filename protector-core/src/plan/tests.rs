//! Laws of every plan, over worlds of any size with anything missing.

use super::sealed;
use super::testing::pods::in_pod;
use super::testing::{DEFECTS, MENDED, REMARKS, Size, facts, leave_without_fence, retain};
use super::{
    Action, EndpointKind, Facts, FindingCode, Observation, OnFailure, Phase, Plan, Request, Step, plan, plan_json,
};
use crate::ErrorKind;
use crate::model::{
    BootCheck, FailoverType, Mappings, MemberStatus, OperationKind, ServerId, SiteName, StepId, Unfinished,
    UnimportedClone,
};
use crate::ports::{OpenTest, Quota};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::{BTreeMap, BTreeSet};

mod simulated;
mod table;

fn sizes() -> impl Strategy<Value = Vec<Size>> {
    let size = (0..3_u16, 1..4_usize, 0..3_usize).prop_map(|(tier, disks, nics)| Size { tier, disks, nics });
    prop::collection::vec(size, 0..7)
}

/// Pairs of members, the first one waiting for the second; of any tier and in any direction.
fn edges() -> impl Strategy<Value = Vec<(Index, Index)>> {
    prop::collection::vec((any::<Index>(), any::<Index>()), 0..8)
}

/// Adds dependencies. `valid`: only those that lead to an earlier member of the same or a lower tier.
fn depend(facts: &mut Facts, edges: &[(Index, Index)], valid: bool) {
    let members = &mut facts.record.members;
    let count = members.len();
    for (from, to) in edges.iter().filter(|_| count > 0).map(|(a, b)| (a.index(count), b.index(count))) {
        if !valid || (members[to].tier, to) < (members[from].tier, from) {
            let id = members[to].id.clone();
            members[from].start.depends_on.insert(id);
        }
    }
}

/// A world with up to four defects and dependencies that may be wrong; half of the worlds have no defect.
fn worlds() -> impl Strategy<Value = Facts> {
    let defects =
        prop_oneof![Just(BTreeSet::new()), prop::collection::btree_set(0..DEFECTS.len() + MENDED.len(), 0..5),];
    (sizes(), any::<bool>(), any::<bool>(), defects, edges()).prop_map(|(sizes, away, is_sync, defects, edges)| {
        let mut facts = facts(&sizes, away);
        if is_sync {
            in_pod(&mut facts);
        }
        depend(&mut facts, &edges, false);
        for defect in defects {
            let change = DEFECTS.get(defect).map_or_else(|| MENDED[defect - DEFECTS.len()].1, |found| found.2);
            change(&mut facts);
        }
        facts
    })
}

fn failover(failover_type: FailoverType, force: bool) -> Request {
    Request::Failover { failover_type, force, reason: Some("a drill".to_owned()), mappings: Mappings::default() }
}

fn requests() -> impl Strategy<Value = Request> {
    prop_oneof![
        Just(Request::Sync {}),
        Just(Request::TestFailover { mappings: Mappings::default(), retain_primary: true }),
        Just(Request::TestCleanup { test: None }),
        Just(failover(FailoverType::Planned, false)),
        Just(failover(FailoverType::Unplanned, false)),
        Just(failover(FailoverType::Unplanned, true)),
        Just(Request::Failback { mappings: Mappings::default() }),
        Just(Request::Reprotect {}),
        Just(Request::Commit {}),
        Just(Request::RetryFailed { mappings: Mappings::default() }),
    ]
}

/// What reaches a site again that was left.
fn returning() -> impl Strategy<Value = Request> {
    prop_oneof![Just(Request::Reprotect {}), Just(Request::Failback { mappings: Mappings::default() })]
}

/// All steps that are done before each step begins.
fn predecessors(plan: &Plan) -> BTreeMap<StepId, BTreeSet<StepId>> {
    let mut all: BTreeMap<StepId, BTreeSet<StepId>> = BTreeMap::new();
    for step in &plan.steps {
        let before = step.after.iter().flat_map(|id| all[id].iter().chain([id])).cloned().collect();
        all.insert(step.id.clone(), before);
    }
    all
}

fn steps<'a>(plan: &'a Plan, wanted: impl Fn(&Action) -> bool + 'a) -> impl Iterator<Item = &'a Step> {
    plan.steps.iter().filter(move |s| wanted(&s.action))
}

proptest! {
    /// I-24: also if the keys of the facts stand in another order.
    #[test]
    fn the_same_facts_give_the_same_bytes(facts in worlds(), request in requests()) {
        let planned = plan(&facts, &request).unwrap();
        prop_assert_eq!(&plan(&facts, &request).unwrap(), &planned);
        let (facts, request) = (serde_json::to_value(&facts).unwrap(), serde_json::to_value(&request).unwrap());
        // a value sorts its keys, so the text differs from that of the facts
        prop_assert_eq!(plan_json(&facts.to_string(), &request.to_string()).unwrap(),
            serde_json::to_string(&planned).unwrap());
    }

    #[test]
    fn a_hash_survives_text_and_covers_everything(facts in worlds(), request in requests()) {
        let planned = plan(&facts, &request).unwrap();
        let read: Plan = serde_json::from_str(&serde_json::to_string(&planned).unwrap()).unwrap();
        prop_assert_eq!(&read, &planned);
        prop_assert_eq!(read.compute_hash(), planned.hash.as_str());
        prop_assert_eq!(&planned.id, &format!("plan-{}", &planned.hash[..16]));
        prop_assert_eq!(&sealed::read_again(&planned.steps), &planned.steps);
        for changed in [
            Plan { epoch: planned.epoch.next(), ..planned.clone() },
            Plan { version: planned.version.next(), ..planned.clone() },
            Plan { local_site: "site-x".into(), ..planned.clone() },
            Plan { steps: planned.steps.iter().skip(1).cloned().collect(), ..planned.clone() },
        ] {
            prop_assert!(changed == planned || changed.compute_hash() != planned.hash);
        }
    }

    /// I-26: no step waits for itself, and each one waits for what it needs.
    #[test]
    fn steps_come_after_what_they_wait_for(facts in worlds(), request in requests()) {
        let planned = plan(&facts, &request).unwrap();
        let mut known = BTreeSet::new();
        for step in &planned.steps {
            prop_assert!(step.after.iter().all(|id| known.contains(id)), "{} in\n{planned}", step.id);
            prop_assert!(known.insert(step.id.clone()), "{} twice in\n{planned}", step.id);
            prop_assert!(step.timeout_seconds > 0);
        }
    }

    /// Cinder does not end a change of a group in which it finds a volume that Nova holds for a boot.
    #[test]
    fn volumes_join_their_group_after_the_servers_run(facts in worlds(), request in requests()) {
        let planned = plan(&facts, &request).unwrap();
        let before = predecessors(&planned);
        for join in steps(&planned, |action| matches!(action, Action::GroupVolumes { .. })) {
            for verified in steps(&planned, |action| matches!(action, Action::VerifyServer { .. })) {
                prop_assert!(before[&join.id].contains(&verified.id), "{} and {} in\n{planned}", join.id, verified.id);
            }
        }
    }

    /// I-28
    #[test]
    fn blockers_and_only_blockers_keep_a_plan_from_being_accepted(facts in worlds(), request in requests()) {
        let planned = plan(&facts, &request).unwrap();
        match planned.check_acceptable() {
            Ok(()) => prop_assert_eq!(planned.blockers().count(), 0),
            Err(refused) => {
                prop_assert_eq!(refused.kind(), ErrorKind::PlanBlocked);
                prop_assert!(planned.blockers().count() > 0);
                for blocker in planned.blockers() {
                    prop_assert!(refused.message().contains(&blocker.message), "{refused}");
                }
            }
        }
    }

    /// I-28
    #[test]
    fn every_blocker_says_what_to_do(facts in worlds(), request in requests()) {
        for blocker in plan(&facts, &request).unwrap().blockers() {
            prop_assert!(blocker.remedy.is_some() || blocker.consent.is_some(), "{blocker:?}");
        }
    }

    #[test]
    fn every_finding_says_what_it_rests_on(facts in worlds(), request in requests()) {
        for finding in plan(&facts, &request).unwrap().findings {
            prop_assert!(!finding.evidence.is_empty(), "{finding:?}");
            for evidence in &finding.evidence {
                prop_assert!(!evidence.source.is_empty() && evidence.at <= facts.now, "{evidence}");
            }
        }
    }

    /// I-28
    #[test]
    fn consents_clear_what_they_name_and_nothing_else(facts in worlds()) {
        let without = plan(&facts, &failover(FailoverType::Unplanned, false)).unwrap();
        let with = plan(&facts, &failover(FailoverType::Unplanned, true)).unwrap();
        prop_assert_eq!(&without.steps, &with.steps);
        prop_assert!(with.consents_needed.is_empty() && without.consents.is_empty());
        let expected: Vec<_> = without.blockers().filter(|f| f.consent.is_none()).collect();
        prop_assert_eq!(with.blockers().collect::<Vec<_>>(), expected);
        let given: BTreeSet<_> = with.consents.iter().map(|c| c.kind).collect();
        prop_assert_eq!(given, without.consents_needed);
    }

    /// I-05, I-30
    #[test]
    fn an_unplanned_failover_needs_nothing_of_the_source(facts in worlds(), force in any::<bool>()) {
        let planned = plan(&facts, &failover(FailoverType::Unplanned, force)).unwrap();
        prop_assert_eq!(planned.kind, OperationKind::UnplannedFailover);
        for step in planned.steps.iter().filter(|s| s.action.endpoint().site.as_ref() == Some(&planned.source)) {
            prop_assert!(step.on_failure == OnFailure::Skip, "{}", step.id);
            let answers = match step.action.endpoint().kind {
                EndpointKind::Cloud => facts.source.cloud.known().is_some(),
                _ => facts.source.array.known().is_some(),
            };
            prop_assert!(answers, "{} in\n{planned}", step.id);
        }
        // and a planned kind skips nothing
        let planned = plan(&facts, &failover(FailoverType::Planned, false)).unwrap();
        prop_assert!(planned.steps.iter().all(|s| s.on_failure != OnFailure::Skip));
        prop_assert_ne!(planned.kind, OperationKind::UnplannedFailover);
    }

    /// I-04, I-27
    #[test]
    fn a_move_loses_nothing_and_starts_tier_by_tier(sizes in sizes(), away in any::<bool>()) {
        prop_assume!(!sizes.is_empty());
        let facts = facts(&sizes, away);
        let planned = plan(&facts, &failover(FailoverType::Planned, false)).unwrap();
        prop_assert_eq!(planned.blockers().count(), 0, "{}", planned);
        let before = predecessors(&planned);
        let pivots: Vec<_> = planned.steps.iter().filter(|s| s.phase == Phase::Pivot).collect();
        prop_assert_eq!(pivots.len(), 1);
        // everything is stopped, shipped and fenced before the pivot, and nothing is made on the target before it
        let pivot = &before[&pivots[0].id];
        for step in steps(&planned, |a| matches!(a, Action::StopServer { .. } | Action::Fence { .. })) {
            prop_assert!(step.phase == Phase::Recover || pivot.contains(&step.id), "{}", step.id);
        }
        for step in planned.steps.iter().filter(|s| s.phase > Phase::Pivot) {
            prop_assert!(before[&step.id].contains(&pivots[0].id), "{}", step.id);
        }
        // and the source is fenced only when the target has what the workload wrote last
        let arrived = steps(&planned, |a| matches!(a, Action::AwaitTransfer { .. })).next().unwrap();
        let fence = steps(&planned, |a| matches!(a, Action::Fence { .. })).next().unwrap();
        prop_assert!(before[&fence.id].contains(&arrived.id), "{}", planned);
        let tier = |step: &Step| facts.record.member(step.member.as_ref().unwrap()).unwrap().tier;
        let server = |a: &Action| matches!(a, Action::EnsureServer { .. });
        for later in steps(&planned, server) {
            for earlier in steps(&planned, |a| matches!(a, Action::VerifyServer { .. })) {
                prop_assert!(tier(earlier) >= tier(later) || before[&later.id].contains(&earlier.id), "{}", later.id);
            }
        }
        // stopped in the reverse order
        let stop = |s: &&Step| s.phase == Phase::Quiesce && s.member.is_some();
        for later in planned.steps.iter().filter(stop) {
            for earlier in planned.steps.iter().filter(stop) {
                prop_assert!(tier(earlier) <= tier(later) || before[&later.id].contains(&earlier.id), "{}", later.id);
            }
        }
        prop_assert_eq!(steps(&planned, server).count(), sizes.len());
        prop_assert_eq!(steps(&planned, |a| matches!(a, Action::ImportVolume { .. })).count(),
            sizes.iter().map(|s| s.disks).sum::<usize>());
    }

    /// I-08, and incident 25 of the reference: nothing is done on a site that was left before it is stopped and fenced.
    #[test]
    fn a_site_that_was_left_is_fenced_before_anything_else(sizes in sizes(), request in returning()) {
        // a group without members is blocked
        prop_assume!(!sizes.is_empty());
        let mut facts = facts(&sizes, true);
        leave_without_fence(&mut facts);
        let planned = plan(&facts, &request).unwrap();
        let before = predecessors(&planned);
        let fence = steps(&planned, |a| matches!(a, Action::FenceOldGroup { .. })).next().unwrap();
        let settle = steps(&planned, |a| matches!(a, Action::SettleOldSite { .. })).next().unwrap();
        let on_target = |s: &&Step| s.action.endpoint().site.as_ref() == Some(&planned.target);
        for step in planned.steps.iter().filter(on_target) {
            let first = step.phase == Phase::Fence || before[&step.id].contains(&settle.id);
            prop_assert!(first, "{} in\n{planned}", step.id);
        }
        let stops: BTreeSet<_> =
            steps(&planned, |a| matches!(a, Action::StopOldServer { .. })).map(|s| s.id.clone()).collect();
        prop_assert_eq!(stops.len(), sizes.len());
        prop_assert!(stops.is_subset(&before[&fence.id]), "{planned}");
        // what it holds is kept before it is written down, and after nothing can be added to it
        let preserve = steps(&planned, |a| matches!(a, Action::PreserveGroup { .. })).next().unwrap();
        prop_assert!(before[&preserve.id].contains(&fence.id) && before[&settle.id].contains(&preserve.id));
    }

    /// I-13: what is destroyed was cloned by us, is named by no ledger entry, and goes only after a proof.
    #[test]
    fn a_commit_destroys_only_its_own_clones_after_a_proof(sizes in sizes(), away in any::<bool>()) {
        let mut facts = facts(&sizes, away);
        facts.test = None;
        retain(&mut facts);
        let planned = plan(&facts, &Request::Commit {}).unwrap();
        prop_assert_eq!(planned.blockers().count() == 0, !sizes.is_empty(), "{}", planned);
        let before = predecessors(&planned);
        let prove = steps(&planned, |a| matches!(a, Action::ProveSurvival { .. })).next().unwrap();
        for step in &planned.steps {
            let named: Vec<&str> = match &step.action {
                Action::ReleaseVolume { volume, .. } => vec![volume.as_str()],
                Action::DestroyRetained { volumes, .. } => volumes.iter().map(|v| v.as_str()).collect(),
                Action::RemoveClones { .. } => panic!("{}: of a test", step.id),
                _ => continue,
            };
            prop_assert!(before[&step.id].contains(&prove.id), "{}", step.id);
            prop_assert!(named.iter().all(|name| name.ends_with("-ours")), "{named:?}");
        }
        let forgotten = steps(&planned, |a| matches!(a, Action::ForgetRetained { .. })).next().unwrap();
        let Action::ForgetRetained { volumes } = &forgotten.action else { unreachable!() };
        prop_assert!(volumes.iter().all(|(_, id)| !id.as_str().ends_with("-kept")));
        prop_assert_eq!(volumes.len(), 2 * sizes.iter().map(|s| s.disks).sum::<usize>());
    }
}

proptest! {
    /// I-27: whoever depends on somebody starts after that one is up and checked, and stops before it. Edges stay linear.
    #[test]
    fn dependencies_hold_and_are_reversed_on_shutdown(
        sizes in sizes(), edges in edges(), checked in prop::collection::vec(any::<bool>(), 7), required in any::<Index>(),
    ) {
        prop_assume!(!sizes.is_empty());
        let mut facts = facts(&sizes, false);
        depend(&mut facts, &edges, true);
        for (member, checked) in facts.record.members.iter_mut().zip(checked) {
            let check = BootCheck::Tcp { port: 22, timeout_seconds: 60, in_tests: false };
            member.start.boot_check = checked.then_some(check);
        }
        let at = required.index(facts.record.members.len());
        facts.record.members[at].start.required = true;
        let planned = plan(&facts, &failover(FailoverType::Planned, false)).unwrap();
        prop_assert_eq!(planned.blockers().count(), 0, "{}", planned);
        let before = predecessors(&planned);
        let of = |id: &ServerId, wanted: fn(&Action) -> bool| {
            planned.steps.iter().rev().find(|s| s.member.as_ref() == Some(id) && wanted(&s.action)).unwrap()
        };
        let is_start = |a: &Action| matches!(a, Action::EnsureServer { .. });
        let is_up = |a: &Action| matches!(a, Action::VerifyServer { .. } | Action::CheckServer { .. });
        let is_stop = |a: &Action| matches!(a, Action::StopServer { .. });
        for member in &facts.record.members {
            let up = of(&member.id, is_up);
            let is_check = matches!(up.action, Action::CheckServer { .. });
            prop_assert_eq!(is_check, member.start.boot_check.is_some());
            for id in &member.start.depends_on {
                prop_assert!(before[&of(&member.id, is_start).id].contains(&of(id, is_up).id), "{}", planned);
                prop_assert!(before[&of(id, is_stop).id].contains(&of(&member.id, is_stop).id), "{}", planned);
                prop_assert!(!member.start.required || of(id, is_start).on_failure == OnFailure::Stop);
            }
        }
        let own: usize = facts.record.members.iter().map(|m| m.start.depends_on.len()).sum();
        let count: usize = planned.steps.iter().map(|s| s.after.len()).sum();
        prop_assert!(count <= 4 * planned.steps.len() + 2 * own, "{count} edges\n{planned}");
    }

    /// I-38: a retry has steps of the members that failed, and of nobody else.
    #[test]
    fn a_retry_touches_only_members_that_failed(sizes in sizes(), edges in edges(), failed in prop::collection::vec(any::<bool>(), 7)) {
        let mut facts = facts(&sizes, true);
        depend(&mut facts, &edges, true);
        strand(&mut facts, &failed);
        let planned = plan(&facts, &Request::RetryFailed { mappings: Mappings::default() }).unwrap();
        let missing: BTreeSet<_> = facts.record.failed_members().map(|m| m.id.clone()).collect();
        let touched: BTreeSet<_> = planned.steps.iter().filter_map(|s| s.member.clone()).collect();
        prop_assert_eq!(&touched, &missing);
        prop_assert_eq!(planned.blockers().count() == 0, !missing.is_empty(), "{}", planned);
        prop_assert_eq!((planned.source.as_str(), planned.target.as_str()), ("site-a", "site-b"));
        let is_of_a_move = |a: &Action| matches!(a, Action::CloneVolumes { .. } | Action::Fence { .. });
        prop_assert!(planned.steps.iter().all(|s| !is_of_a_move(&s.action)));
        // its steps name what an earlier operation began, which others leave out
        prop_assert_eq!(&sealed::read_again(&planned.steps), &planned.steps);
    }
}

/// Members that did not arrive on site-b, with nothing imported of them.
fn strand(facts: &mut Facts, failed: &[bool]) {
    let mut clones = Vec::new();
    for (member, _) in facts.record.members.iter_mut().zip(failed).filter(|(_, failed)| **failed) {
        member.status = MemberStatus::Error;
        for disk in &mut member.disks {
            let copy = disk.copies.remove(&SiteName::from("site-b")).unwrap();
            let (array_volume, array_volume_id) = (copy.array_volume, copy.array_volume_id);
            clones.push(UnimportedClone { disk: disk.id.clone(), array_volume, array_volume_id });
        }
    }
    facts.record.group.partial = !clones.is_empty();
    facts.record.unfinished = facts.record.group.partial.then(|| Unfinished {
        operation: "op-7".into(),
        mappings: Mappings::default(),
        clones,
    });
}
