use super::*;
use crate::model::{FailoverType, Mappings, RecoveryPointName};
use crate::plan::testing::{Size, facts, leave_without_fence};
use crate::plan::{Facts, Request, plan};

const SIZES: [Size; 2] = [Size { tier: 0, disks: 2, nics: 1 }, Size { tier: 1, disks: 1, nics: 1 }];

fn at() -> Timestamp {
    Timestamp::from_second(1_800_000_100).unwrap()
}

fn unplanned() -> Request {
    let reason = Some("lost".to_owned());
    Request::Failover { failover_type: FailoverType::Unplanned, force: true, reason, mappings: Mappings::default() }
}

fn planned_failover() -> (Facts, Plan) {
    let facts = facts(&SIZES, false);
    let plan = plan(&facts, &unplanned()).unwrap();
    (facts, plan)
}

#[test]
fn an_entry_names_every_volume_and_the_point_that_was_started_from() {
    let (facts, plan) = planned_failover();
    let mut record = facts.record.clone();
    suspect(&mut record, &plan, &"op-1".into(), at());
    let [entry] = record.ledger.as_slice() else { panic!("{:?}", record.ledger) };
    let point = &facts.target.array.known().unwrap().recovery_points[0];
    assert_eq!((&entry.point, entry.data_time, &entry.site), (&point.name, point.created, &plan.source));
    assert_eq!((entry.state, entry.is_kept(), entry.is_unsettled()), (LedgerState::Suspected, true, true));
    let copies: BTreeSet<_> =
        record.disks().map(|(_, disk)| disk.copies[&plan.source].array_volume_id.clone()).collect();
    assert_eq!(entry.volumes.iter().map(|v| v.array_volume_id.clone()).collect::<BTreeSet<_>>(), copies);
    assert!(copies.iter().all(|volume| record.kept_by(&plan.source, volume) == Some(entry)));
    assert_eq!(record.kept_by(&plan.target, copies.first().unwrap()), None, "the same id on another array");

    withdraw(&mut record, &"op-2".into());
    assert_eq!(record.ledger.len(), 1, "of another operation");
    withdraw(&mut record, &"op-1".into());
    assert_eq!(record, facts.record);
}

/// I-08: only a site of which every server was stopped and the group was fenced is not owed a fence.
#[test]
fn a_fence_is_owed_unless_everything_was_stopped_and_fenced() {
    let (facts, plan) = planned_failover();
    let stops: Vec<_> = plan.steps.iter().filter(|s| matches!(s.action, Action::StopServer { .. })).collect();
    let fence = plan.steps.iter().find(|s| matches!(s.action, Action::Fence { .. })).unwrap();
    assert_eq!(stops.len(), 2);
    let table: [(Vec<&StepId>, bool); 5] = [
        (vec![], true),
        (vec![&fence.id], true),
        (vec![&stops[0].id, &stops[1].id], true),
        (vec![&stops[0].id, &fence.id], true),
        (vec![&stops[0].id, &stops[1].id, &fence.id], false),
    ];
    for (done, owed) in table {
        let mut record = facts.record.clone();
        owe_fence(&mut record, &plan, |id| done.contains(&id), &"op-1".into(), at());
        assert_eq!(record.owes_fence(&plan.source), owed, "{done:?}");
        assert!(!record.owes_fence(&plan.target));
        for due in &record.fences_due {
            assert_eq!((due.servers.len(), due.group.as_str()), (2, "pg-web"));
        }
    }
}

#[test]
fn a_site_is_settled_with_its_snapshot_and_what_was_seen() {
    let mut facts = facts(&SIZES, true);
    leave_without_fence(&mut facts);
    let site = facts.target.site.clone();
    let snapshot = RecoveryPointName::from("pg-web.dr-1-diverged");
    let outputs = |newer: Option<&str>| Outputs {
        preserved: [(site.clone(), (Some(snapshot.clone()), newer.map(str::to_owned)))].into(),
        ..Outputs::default()
    };
    for (seen, newer, evidence) in [
        (vec![], None, None),
        (vec!["a server ran".to_owned()], None, Some("a server ran")),
        (vec![], Some("a snapshot"), Some("a snapshot")),
        (vec!["a server ran".to_owned()], Some("a snapshot"), Some("a server ran; a snapshot")),
    ] {
        let next = settled(&facts.record, &site, &seen, &outputs(newer), at());
        assert!(next.fences_due.is_empty());
        let entry = &next.ledger[0];
        assert_eq!((entry.state, entry.snapshot.as_ref()), (LedgerState::Preserved, Some(&snapshot)));
        assert_eq!(entry.evidence.as_deref(), evidence);
        assert_eq!((next.version, next.unsettled_on(&site).count()), (facts.record.version.next(), 0));
        assert_eq!(settled(&facts.record, &site, &seen, &outputs(newer), at()), next, "a repeat is the same");
    }
    // what is gone is not said to be kept
    let gone = Outputs { preserved: [(site.clone(), (None, Some("gone".to_owned())))].into(), ..Outputs::default() };
    let next = settled(&facts.record, &site, &[], &gone, at());
    let entry = &next.ledger[0];
    assert_eq!(
        (entry.state, &entry.snapshot, entry.evidence.as_deref()),
        (LedgerState::Suspected, &None, Some("gone"))
    );
    assert!(next.fences_due.is_empty());
    // of another site nothing changes
    let other = settled(&facts.record, &facts.source.site, &[], &outputs(None), at());
    assert_eq!((other.fences_due, other.ledger), (facts.record.fences_due, facts.record.ledger));
}

#[test]
fn what_was_confirmed_or_discarded_stays_so() {
    let mut facts = facts(&SIZES, true);
    leave_without_fence(&mut facts);
    let record = &mut facts.record;
    let id = record.ledger[0].id.clone();
    assert!(!confirm(record, &"diverged-other".into(), "seen"));
    assert!(confirm(record, &id, "seen"));
    assert!(!confirm(record, &id, "seen again"));
    assert_eq!((record.ledger[0].state, record.ledger[0].evidence.as_deref()), (LedgerState::Confirmed, Some("seen")));
    let gone = |by: &str| Discard { by: by.to_owned(), reason: "why".to_owned(), at: at() };
    assert!(!discard(record, "diverged-other", gone("carol")));
    assert!(discard(record, id.as_str(), gone("carol")));
    assert!(!discard(record, id.as_str(), gone("dave")));
    let entry = &record.ledger[0];
    assert_eq!((entry.is_kept(), entry.discarded.as_ref().map(|d| d.by.as_str())), (false, Some("carol")));
    let volume = entry.volumes[0].array_volume_id.clone();
    assert_eq!(record.kept_by(&facts.target.site, &volume), None);
}
