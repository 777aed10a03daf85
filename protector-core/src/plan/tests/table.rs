//! Plans of single worlds, each with something missing.

use super::*;

/// A plan of schema 1, which said of each step whether it was best effort.
#[test]
fn steps_of_older_plans_are_read() {
    let facts = facts(&[Size { tier: 0, disks: 1, nics: 1 }], false);
    let planned = plan(&facts, &failover(FailoverType::Unplanned, true)).unwrap();
    for step in &planned.steps {
        let mut old = serde_json::to_value(step).unwrap();
        let fields = old.as_object_mut().unwrap();
        let said = fields.remove("on_failure").unwrap();
        fields.insert("best_effort".to_owned(), (said == "skip").into());
        let read: Step = serde_json::from_value(old).unwrap();
        let expected = if said == "skip" { OnFailure::Skip } else { OnFailure::Stop };
        assert_eq!(read, Step { on_failure: expected, ..step.clone() });
    }
}

/// Each defect is noticed under its own name; a world without any is not.
#[test]
fn every_defect_is_found() {
    let sizes = [Size { tier: 0, disks: 2, nics: 1 }, Size { tier: 1, disks: 1, nics: 1 }];
    for away in [false, true] {
        let healthy = facts(&sizes, away);
        let request = failover(FailoverType::Planned, false);
        let calm = plan(&healthy, &request).unwrap();
        let remarks: Vec<_> = calm.findings.iter().map(|f| f.code).filter(|c| *c != FindingCode::IsFailback).collect();
        assert_eq!(remarks, [], "{calm}");
        for (name, code, damage) in DEFECTS {
            let mut damaged = healthy.clone();
            damage(&mut damaged);
            let planned = plan(&damaged, &request).unwrap();
            let only_when_away = name.starts_with("old servers");
            assert_eq!(planned.blockers().any(|f| f.code == code), away || !only_when_away, "{name}: {planned}");
        }
        for (name, code, change) in REMARKS {
            let mut changed = healthy.clone();
            change(&mut changed);
            let planned = plan(&changed, &request).unwrap();
            assert_eq!(planned.blockers().count(), 0, "{name}: {planned}");
            assert!(planned.findings.iter().any(|f| f.code == code), "{name}: {planned}");
        }
    }
}

/// The plan itself protects an unprotected workload and fences a site that was left.
#[test]
fn what_a_move_mends_does_not_block_it() {
    for (name, change) in MENDED {
        let mut changed = facts(&[Size { tier: 0, disks: 1, nics: 1 }], true);
        change(&mut changed);
        let planned = plan(&changed, &failover(FailoverType::Planned, false)).unwrap();
        assert_eq!(planned.blockers().count(), 0, "{name}: {planned}");
    }
}

#[test]
fn mappings_that_cannot_be_turned_round_are_a_finding_and_given_ones_clear_it() {
    let mut ambiguous = facts(&[Size { tier: 0, disks: 1, nics: 1 }], true);
    let networks = &mut ambiguous.record.group.mappings.networks;
    networks.extend([("net-a".to_owned(), "net-b".to_owned()), ("net-c".to_owned(), "net-b".to_owned())]);
    let codes = |planned: &Plan| planned.blockers().map(|f| f.code).collect::<Vec<_>>();
    let planned = plan(&ambiguous, &Request::Failback { mappings: Mappings::default() }).unwrap();
    assert_eq!(codes(&planned), [FindingCode::MappingNotInvertible], "{planned}");
    let remedy = planned.blockers().next().and_then(|f| f.remedy.clone()).unwrap();
    assert!(remedy.contains("--network-mapping net-b=net-a"), "{remedy}");
    let given = Mappings { networks: [("net-b".to_owned(), "net-a".to_owned())].into(), ..Mappings::default() };
    let planned = plan(&ambiguous, &Request::Failback { mappings: given }).unwrap();
    assert_eq!(codes(&planned), [], "{planned}");
}

/// Old servers that make room count; what is short is named with how much is missing.
#[test]
fn a_short_quota_names_everything_that_is_short() {
    let sizes = [Size { tier: 0, disks: 2, nics: 1 }, Size { tier: 1, disks: 1, nics: 1 }];
    let short = |away: bool, quota: Quota| {
        let mut limited = facts(&sizes, away);
        let Observation::Known(cloud) = &mut limited.target.cloud else { panic!("the target answers") };
        cloud.quota = Some(quota);
        let planned = plan(&limited, &failover(FailoverType::Planned, false)).unwrap();
        planned.blockers().map(|f| (f.code, f.message.clone())).collect::<Vec<_>>()
    };
    let two = Quota { servers: Some(1), vcpus: Some(4), ram_mib: Some(8191), volumes: Some(2), volume_gib: Some(30) };
    let message = "the quota on site-b is too small: needed are 2 instances (1 more), 8192 ram (1 more), \
                   3 volumes (1 more)";
    assert_eq!(short(false, two), [(FindingCode::QuotaShort, message.to_owned())]);
    let none = Quota { servers: Some(0), vcpus: Some(0), ram_mib: Some(0), volumes: Some(3), volume_gib: Some(30) };
    assert_eq!(short(true, none), [], "the old servers make room for the new ones");
    assert_eq!(short(false, none).len(), 1);
}

/// What keeps a commit from being accepted.
#[test]
fn a_commit_is_blocked_without_a_proof() {
    type Change = fn(&mut Facts);
    let sizes = [Size { tier: 0, disks: 2, nics: 1 }];
    let blocked_by = |change: Change| {
        let mut facts = facts(&sizes, true);
        facts.test = None;
        retain(&mut facts);
        change(&mut facts);
        let planned = plan(&facts, &Request::Commit {}).unwrap();
        planned.blockers().map(|f| f.code).collect::<BTreeSet<_>>()
    };
    assert_eq!(blocked_by(|_| ()), BTreeSet::new());
    let table: [(FindingCode, Change); 11] = [
        (FindingCode::Unprotected, |f| f.record.group.protection = crate::model::Protection::Unprotected),
        (FindingCode::NoRecoveryPoint, |f| defect("no recovery point", f)),
        (FindingCode::NoRecoveryPoint, |f| defect("recovery point on its way", f)),
        (FindingCode::RpoBreach, |f| defect("recovery point old", f)),
        (FindingCode::MetadataDiverged, |f| defect("diverged", f)),
        (FindingCode::SiteUnreachable, |f| defect("target array silent", f)),
        (FindingCode::TestOpen, |f| f.test = facts(&[], true).test),
        (FindingCode::TestOpen, |f| f.peer.tests = None),
        (FindingCode::TestOpen, |f| f.peer.tests = Some(Observation::Unknown("it does not answer".to_owned()))),
        (FindingCode::TestOpen, |f| {
            let (operation, site, since) = ("op-test".into(), "site-a".into(), f.now);
            f.peer.tests = Some(Observation::Known(vec![OpenTest { operation, site, since }]));
        }),
        (FindingCode::NothingRetained, |f| f.record.retained.retain(|c| c.volume_id.as_str().ends_with("-kept"))),
    ];
    for (code, change) in table {
        assert_eq!(blocked_by(change), BTreeSet::from([code]), "{code}");
    }
}

fn defect(name: &str, facts: &mut Facts) {
    DEFECTS.iter().find(|(known, ..)| *known == name).unwrap().2(facts);
}

/// I-19: a recovery point of another direction holds volumes of other names: it proves nothing.
#[test]
fn a_recovery_point_of_another_epoch_does_not_count() {
    let mut facts = facts(&[Size { tier: 0, disks: 1, nics: 1 }], true);
    facts.test = None;
    retain(&mut facts);
    for point in facts.target.array.known().unwrap().recovery_points.clone() {
        assert!(point.volumes.iter().all(|v| v.as_str().ends_with("site-b")), "{point:?}");
    }
    if let super::Observation::Known(array) = &mut facts.target.array {
        array.recovery_points.iter_mut().for_each(|p| p.volumes = vec!["array-volume-0-0-site-a".into()]);
    }
    let planned = plan(&facts, &Request::Commit {}).unwrap();
    assert!(planned.blockers().any(|f| f.code == FindingCode::NoRecoveryPoint), "{planned}");
}

#[test]
fn a_reprotect_of_a_protected_group_is_refused_with_evidence() {
    let healthy = facts(&[Size { tier: 0, disks: 1, nics: 1 }], true);
    let planned = plan(&healthy, &Request::Reprotect {}).unwrap();
    let refused = planned.check_acceptable().unwrap_err();
    assert!(refused.message().contains("is already protected from site-b to site-a"), "{refused}");
    assert!(refused.message().contains("array-of-site-b:pg-web.auto-1"), "{refused}");
    let mut unprotected = healthy;
    unprotected.record.group.protection = crate::model::Protection::Unprotected;
    let planned = plan(&unprotected, &Request::Reprotect {}).unwrap();
    assert_eq!(planned.blockers().count(), 0, "{planned}");
    assert!(planned.steps.iter().all(|s| s.phase != Phase::Pivot), "{planned}");
}
