use super::fold::Told;
use super::testing::*;
use super::things::Found;
use super::verdict::span;
use super::*;
use crate::exec::{Measures, Record};
use crate::model::{FailoverType, OperationStatus};
use crate::plan::graph::testing::{HOSTILE, check_inert};
use crate::plan::testing::{Size, facts};
use crate::plan::{Consent, ConsentKind, StepOutput};

#[test]
fn a_drill_that_was_cleaned_up_passes_in_one_line() {
    let cleaned = cleanup().make(|_| true).finish(OperationStatus::Completed);
    let report = reported(&drill(), vec![cleaned], &Found::default());
    assert_eq!(
        report.headline,
        "Drill passed: 2 of 2 servers ran, recovery time 22 s, data 3 min 20 s old (objective 15 min), everything removed"
    );
    assert_eq!(report.verdict, Verdict::Passed);
    let things = &report.things;
    assert_eq!((things.made.count(), things.left.count(), things.untold.len()), (10, 0, 0));
    assert_eq!(things.made, things.removed);
    assert_eq!(report.next, Vec::<String>::new());
    assert_eq!(report.recovery_time.seconds, Observation::Known(22.0));
    assert_eq!(report.recovery_point.age_seconds, Observation::Known(200.0));
    assert!(report.journal.verified && report.journal.head.len() == 64);
    assert_eq!(report.executed_by[0].process, std::process::id());
}

/// I-21: what is left is the difference, by id.
#[test]
fn what_a_cleanup_did_not_remove_is_named() {
    let report = simple(&drill());
    assert_eq!(report.verdict, Verdict::NotCleanedUp);
    assert!(report.headline.ends_with("still there: 2 servers, 2 ports, 3 volumes, 3 clones"), "{}", report.headline);
    assert_eq!(report.next, ["openstack protector test-cleanup web --test op-test"]);
    assert!(report.to_html().contains("test-cleanup web --test op-test"));

    let half = cleanup().make(|id| !id.contains("clone")).fail("remove_clones").finish(OperationStatus::Failed);
    let report = reported(&drill(), vec![half], &Found::default());
    assert_eq!(report.verdict, Verdict::NotCleanedUp);
    assert!(report.headline.ends_with("still there: 3 clones"), "{}", report.headline);
    assert_eq!(report.things.cleanups[0].status, OperationStatus::Failed);
    for clone in &report.things.left.clones {
        assert!(report.to_text().lines().any(|l| l.contains(clone.as_str()) && l.contains("STILL THERE")));
    }
    // a second cleanup removes the rest
    let half = || cleanup().make(|id| !id.contains("clone")).fail("remove_clones").finish(OperationStatus::Failed);
    let rest = cleanup().make(|_| true).finish(OperationStatus::Completed);
    assert_eq!(reported(&drill(), vec![half(), rest], &Found::default()).verdict, Verdict::Passed);
}

#[test]
fn a_server_that_failed_fails_the_drill_and_may_have_been_made() {
    let writer = || Writer::new(&seen(), &rehearsal());
    let failing =
        writer().plan.steps.iter().rev().find(|s| s.id.as_str().starts_with("ensure_server")).unwrap().id.clone();
    let failed = || {
        let ok = |id: &str| !id.starts_with("verify_server") && id != failing.as_str() && !id.starts_with("running");
        writer().make(ok).make(|id| id.starts_with("verify_server/web-0-server-0")).fail(failing.as_str())
    };
    let told = failed().finish(OperationStatus::Failed);
    let looked = |servers| Found { servers: Some(servers), clones: None };

    let there = looked(Observation::Known(["half-made".into()].into()));
    let report = reported(&told, Vec::new(), &there);
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(
        report.headline.starts_with(
            "Drill failed: 1 of 2 servers ran, recovery time not known ('web-0-test' was not seen running)"
        ),
        "{}",
        report.headline
    );
    assert!(report.things.left.servers.contains(&"half-made".into()) && report.things.untold.is_empty());
    let member = report.members.iter().find(|m| m.result == MemberResult::Failed).unwrap();
    assert!(member.error.as_ref().unwrap().contains("took too long") && member.up_at.known().is_none());
    assert_eq!(report.recovery_time.seconds.known(), None);

    // nobody could look: what may be there is said, and nothing is called removed
    let silent = looked(Observation::Unknown("site-b does not answer".to_owned()));
    let report = reported(&told, Vec::new(), &silent);
    assert_eq!(report.things.untold.len(), 1);
    assert!(report.things.untold[0].contains("site-b does not answer"), "{:?}", report.things.untold);
    assert!(report.to_html().contains("site-b does not answer"));
    assert!(report.headline.ends_with("what 1 step(s) may have made is not known"), "{}", report.headline);
}

#[test]
fn a_port_without_an_outcome_keeps_the_drill_from_being_called_clean() {
    let port = "ensure_port/web-0-server-0/0";
    let told = Writer::new(&seen(), &rehearsal()).fail(port).finish(OperationStatus::Failed);
    let report = simple(&told);
    assert_eq!(report.things.untold.len(), 1, "{:?}", report.things.untold);
    // begun again and done: it is told
    let told = Writer::new(&seen(), &rehearsal()).fail(port).make(|_| true).finish(OperationStatus::Completed);
    let report = simple(&told);
    assert_eq!(report.things.untold, Vec::<String>::new());
    let step = report.steps.iter().find(|s| s.id.as_str() == port).unwrap();
    assert_eq!((step.attempts, step.error.as_deref()), (2, None));
}

/// I-19: only a known age within the objective meets it.
#[test]
fn an_old_or_unknown_recovery_point_does_not_pass() {
    let mut young = Writer::new(&seen(), &rehearsal());
    let Record::PlanAccepted { measures: Some(first), .. } = young.records.remove(0) else { panic!("the first") };
    let point = first.point.unwrap();
    let measures = |point: Option<i64>, rpo_minutes: Option<u32>, name: &str| {
        Some(Measures { rpo_minutes, point: point.map(|age| (name.into(), at(-age))) })
    };
    let name = point.0.as_str();
    let cases = [
        (measures(Some(900), Some(15), name), Answer::Yes, Verdict::Passed),
        (measures(Some(901), Some(15), name), Answer::No, Verdict::ObjectiveMissed),
        (measures(Some(-30), Some(15), name), Answer::Yes, Verdict::Passed),
        (measures(Some(-90), Some(15), name), Answer::Unknown, Verdict::NotConclusive),
        (measures(Some(10), None, name), Answer::Unknown, Verdict::NotConclusive),
        (measures(Some(10), Some(15), "another"), Answer::Unknown, Verdict::NotConclusive),
        (measures(None, Some(15), name), Answer::Unknown, Verdict::NotConclusive),
        (None, Answer::Unknown, Verdict::NotConclusive),
    ];
    for (case, (measures, met, verdict)) in cases.into_iter().enumerate() {
        let mut writer = Writer::new(&seen(), &rehearsal());
        if let Some(Record::PlanAccepted { measures: written, .. }) = writer.records.first_mut() {
            *written = measures;
        }
        let told = writer.make(|_| true).finish(OperationStatus::Completed);
        let cleaned = cleanup().make(|_| true).finish(OperationStatus::Completed);
        let report = reported(&told, vec![cleaned], &Found::default());
        assert_eq!((report.recovery_point.met, report.verdict), (met, verdict), "case {case}: {}", report.headline);
        if met == Answer::Unknown {
            assert!(report.headline.contains("not known"), "{}", report.headline);
            let row = |l: &&str| l.contains("recovery point (RPO)");
            assert!(report.to_text().lines().find(row).is_some_and(|l| l.contains("not known")));
        }
    }
}

#[test]
fn a_failover_says_what_was_lost_and_who_agreed() {
    let planned =
        Writer::new(&seen(), &failover(FailoverType::Planned)).make(|_| true).finish(OperationStatus::Completed);
    let report = simple(&planned);
    assert_eq!(report.verdict, Verdict::Passed);
    let head = &report.headline;
    assert!(
        head.starts_with("Planned failover completed: 2 of 2 servers ran, ") && head.ends_with(", no write lost"),
        "{head}"
    );
    assert!(!report.things.temporary && report.to_text().contains("The workload runs on it"));

    let mut lost = seen();
    lost.source.cloud = Observation::Unknown("silent".to_owned());
    lost.source.array = Observation::Unknown("silent".to_owned());
    let unplanned =
        Writer::new(&lost, &failover(FailoverType::Unplanned)).make(|_| true).finish(OperationStatus::Completed);
    let report = simple(&unplanned);
    assert!(report.headline.contains("data 3 min 20 s old (objective 15 min)"), "{}", report.headline);
    let reason = |c: &Consent| c.reason.as_deref() == Some("site-a is lost");
    assert!(report.consents.iter().any(|c| c.kind == ConsentKind::DataLoss && reason(c)), "{:?}", report.consents);
    assert!(report.to_html().contains("site-a is lost"));
}

/// I-38: a member that failed is not one that ran, nor one that nobody got to.
#[test]
fn a_member_that_fails_alone_is_told_from_those_that_need_it_and_those_that_ran() {
    let mut seen = facts(&[SIZES[0], SIZES[0], SIZES[0]], false);
    let first = seen.record.members[0].id.clone();
    seen.record.members[1].start.depends_on.insert(first.clone());
    let writer = || Writer::new(&seen, &failover(FailoverType::Planned));
    let step = |wanted: fn(&Action) -> bool| {
        let of_first = |s: &&crate::plan::Step| s.member.as_ref() == Some(&first) && wanted(&s.action);
        writer().plan.steps.iter().find(of_first).unwrap().id.clone()
    };
    let starts = step(|a| matches!(a, Action::EnsureServer { .. }));
    let failed = |output| Record::MemberFailed {
        step: starts.clone(),
        member: first.clone(),
        code: "deadline_exceeded".to_owned(),
        message: "no boot".to_owned(),
        output,
    };
    let blocked = seen.record.members[1].id.clone();
    let closed: Vec<_> = (writer().plan.steps.iter())
        .filter(|s| s.member.as_ref() == Some(&first) || s.member.as_ref() == Some(&blocked))
        .filter(|s| matches!(s.action, Action::EnsureServer { .. } | Action::VerifyServer { .. }))
        .map(|s| s.id.to_string())
        .collect();
    let told = |output| {
        let made = writer().make(|id| !closed.iter().any(|c| c == id));
        made.and(Record::StepIntent { step: starts.clone() })
            .and(failed(output))
            .finish(OperationStatus::CompletedPartial)
    };
    let report = simple(&told(StepOutput::Nothing));
    let result = |id: &crate::model::ServerId| report.members.iter().find(|m| m.member == *id).unwrap().clone();
    assert_eq!((result(&first).result, result(&first).error.as_deref()), (MemberResult::Failed, Some("no boot")));
    assert_eq!(result(&blocked).result, MemberResult::Blocked);
    assert_eq!(result(&seen.record.members[2].id).result, MemberResult::Ran);
    assert!(
        report.headline.starts_with("Planned failover completed in part: 1 of 3 servers ran"),
        "{}",
        report.headline
    );
    assert_eq!(report.next, ["openstack protector failover web --retry-failed"]);
    assert!(report.to_html().contains("BLOCKED"));
    // what it left behind is known only if it said so
    let untold = |told: &Told| super::things::untold(told).count();
    let server = StepOutput::Server { member: first.clone(), server: "half".into(), flavor: "m1".to_owned() };
    assert_eq!((untold(&told(StepOutput::Nothing)), untold(&told(server.clone()))), (1, 0));
    assert!(simple(&told(server)).things.made.servers.contains(&"half".into()));
}

#[test]
fn a_rollback_removes_the_clones_and_is_no_success() {
    let writer = Writer::new(&seen(), &failover(FailoverType::Planned));
    let told = writer
        .make(|id| {
            ["announce", "take_final_snapshot", "await_final_snapshot", "fence_source", "clone_volumes"].contains(&id)
        })
        .fail("group_volumes")
        .and(Record::RollbackStarted { reason: "the group is gone".to_owned() })
        .and(Record::StepUndone { step: "clone_volumes".into(), note: None })
        .finish(OperationStatus::RolledBack);
    let report = simple(&told);
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(report.headline.starts_with("Planned failover failed and was rolled back: 0 of 2"), "{}", report.headline);
    assert_eq!((report.things.removed.clones.len(), report.things.left.count()), (3, 0));
    assert!(report.members.iter().all(|m| m.result == MemberResult::NotReached && m.server.known().is_none()));
}

#[test]
fn what_has_not_ended_or_not_begun_is_said_to_be_so() {
    let told = Writer::new(&seen(), &rehearsal())
        .make(|id| id == "clone_volumes")
        .and(Record::StepIntent { step: "import_volume/web-0-server-0/vda".into() })
        .stop();
    let report = simple(&told);
    assert_eq!(report.verdict, Verdict::NotEnded);
    assert!(report.headline.starts_with("Drill has not ended (interrupted, "), "{}", report.headline);
    assert_eq!(report.ended_at.reason(), Some("it has not ended"));
    assert_eq!(report.next, ["openstack protector operation resume op-test"]);
    for step in &report.steps {
        let done = step.id.as_str() == "clone_volumes";
        assert_eq!(step.seconds.known().is_some(), done, "{step:?}");
        assert_eq!(step.ended_at.known().is_some(), done, "{step:?}");
    }
    // in JSON too: a value or a reason, never null
    let json = serde_json::to_value(&report).unwrap();
    for step in json["steps"].as_array().unwrap() {
        for field in ["began_at", "ended_at", "seconds"] {
            assert!(step[field].get("known").is_some() ^ step[field].get("unknown").is_some(), "{step}");
        }
    }
}

#[test]
fn a_cleanup_and_a_sync_have_reports_of_their_own() {
    let report = simple(&cleanup().make(|_| true).finish(OperationStatus::Completed));
    assert_eq!(
        (report.verdict, report.headline.as_str()),
        (Verdict::Passed, "Test cleanup completed: everything removed")
    );
    let report = simple(&Writer::new(&seen(), &Request::Sync {}).make(|_| true).finish(OperationStatus::Completed));
    assert_eq!((report.verdict, report.headline.as_str()), (Verdict::Passed, "Sync completed"));
    let failed = Writer::new(&seen(), &Request::Sync {}).fail("take_snapshot").finish(OperationStatus::Failed);
    assert_eq!(simple(&failed).headline, "Sync failed");
}

#[test]
fn names_of_users_break_out_of_no_form() {
    for name in HOSTILE {
        let mut seen = seen();
        seen.record.group.name = name.to_owned();
        for member in &mut seen.record.members {
            member.name = format!("{name}{}", member.id);
        }
        let mut writer = Writer::new(&seen, &failover(FailoverType::Planned)).make(|id| id != "close");
        writer.plan.findings.push(crate::plan::Finding::warning(crate::plan::FindingCode::NoPolicy, name).remedy(name));
        let told = writer.fail("close").stop();
        let report = simple(&told);
        check_inert(&report.to_html());
        let text = report.to_text();
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert!(text.chars().all(|c| !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')), "{text:?}");
        let read: OperationReport = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
        assert_eq!(read, report);
        assert_eq!(read.to_html(), report.to_html());
    }
}

#[test]
fn a_report_of_many_steps_stays_readable_and_hides_no_failure() {
    let sizes: Vec<Size> = (0..400).map(|_| Size { tier: 0, disks: 2, nics: 1 }).collect();
    let facts = facts(&sizes, false);
    let failing = "ensure_server/web-7-server-21";
    let ok = |id: &str| id != failing && !id.starts_with("verify") && !id.starts_with("running");
    let told = Writer::new(&facts, &rehearsal()).make(ok).fail(failing).finish(OperationStatus::Failed);
    let report = simple(&told);
    assert_eq!(report.steps.len(), told.plan.steps.len());
    let html = report.to_html();
    check_inert(&html);
    assert!(html.contains("only those that failed or were skipped are listed"));
    assert!(html.contains("start 400 servers") && html.contains("399 of 400 done, 1 failed"));
    assert!(report.to_text().lines().any(|l| l.contains("FAILED") && l.contains(failing)));
}

#[test]
fn spans_are_never_shorter_than_they_were() {
    let cases = [
        (0.0, "0 s"),
        (0.41, "0.5 s"),
        (9.95, "10.0 s"),
        (41.0, "41 s"),
        (41.2, "42 s"),
        (119.0, "119 s"),
        (120.0, "2 min"),
        (200.0, "3 min 20 s"),
        (900.0, "15 min"),
        (3600.0, "1 h"),
        (3601.0, "1 h 1 min"),
        (7500.0, "2 h 5 min"),
        (90_000.0, "25 h"),
    ];
    for (seconds, text) in cases {
        assert_eq!(span(seconds), text, "{seconds}");
    }
}
