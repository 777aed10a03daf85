use super::*;
use crate::exec::Record;
use crate::model::{FailoverType, Mappings};
use crate::plan::testing::{Size, facts};
use crate::plan::{Request, StepOutput, plan};
use crate::ports::{JOURNAL_START, JournalEntry};
use std::sync::Arc;

/// `db` and `log` in tier 0, `app` in tier 1 depending on `db`, `web` in tier 1 depending on `app`, `cron` in tier 1.
fn moved() -> Plan {
    let size = |tier| Size { tier, disks: 1, nics: 1 };
    let mut facts = facts(&[size(0), size(0), size(1), size(1), size(1)], false);
    for (member, name) in facts.record.members.iter_mut().zip(["db", "log", "app", "web", "cron"]) {
        member.name = name.to_owned();
        member.id = name.into();
    }
    facts.record.members[2].start.depends_on.insert("db".into());
    facts.record.members[3].start.depends_on.insert("app".into());
    let (failover_type, mappings) = (FailoverType::Unplanned, Mappings::default());
    plan(&facts, &Request::Failover { failover_type, force: true, reason: None, mappings }).unwrap()
}

/// The state when these steps have failed and everything that can be made has been made.
fn after(plan: &Plan, failed: &[&str]) -> OperationState {
    let mut state = OperationState::default();
    let mut previous: Arc<str> = JOURNAL_START.into();
    for (sequence, step) in (0..).zip(&plan.steps) {
        let closed = closed_steps(plan, &state).contains_key(&step.id);
        let (id, member) = (step.id.clone(), step.member.clone().unwrap_or_else(|| "".into()));
        let output = StepOutput::Nothing;
        let record = match failed.contains(&id.as_str()) {
            true => Record::MemberFailed {
                step: id,
                member,
                code: "x".into(),
                message: format!("{} fails", step.id),
                output,
            },
            false if closed => continue,
            false => Record::StepDone { step: id, output },
        };
        let at = jiff::Timestamp::UNIX_EPOCH;
        let entry = JournalEntry::seal(sequence, at, serde_json::to_string(&record).unwrap(), &previous);
        previous.clone_from(&entry.hash);
        state.apply(&entry).unwrap();
    }
    state
}

fn words(plan: &Plan, state: &OperationState) -> Vec<String> {
    let word = |outcome: MemberOutcome| match outcome {
        MemberOutcome::Pending => "pending".to_owned(),
        MemberOutcome::Succeeded => "succeeded".to_owned(),
        MemberOutcome::Failed { reason } => format!("failed: {reason}"),
        MemberOutcome::Blocked { by, .. } => format!("blocked by {by}"),
    };
    member_outcomes(plan, state).into_iter().map(|(id, outcome)| format!("{id} {}", word(outcome))).collect()
}

/// I-38: every member has one outcome, and the status follows from them.
#[test]
fn who_depends_on_a_member_that_failed_is_blocked_and_nobody_else() {
    let plan = moved();
    let table: [(&[&str], &[&str], OperationStatus); 5] = [
        (
            &[],
            &["app succeeded", "cron succeeded", "db succeeded", "log succeeded", "web succeeded"],
            OperationStatus::Completed,
        ),
        (
            &["verify_server/db"],
            &[
                "app blocked by db",
                "cron succeeded",
                "db failed: verify_server/db fails",
                "log succeeded",
                "web blocked by db",
            ],
            OperationStatus::CompletedPartial,
        ),
        (
            &["import_volume/app/vda"],
            &[
                "app failed: import_volume/app/vda fails",
                "cron succeeded",
                "db succeeded",
                "log succeeded",
                "web blocked by app",
            ],
            OperationStatus::CompletedPartial,
        ),
        (
            &["ensure_server/log", "ensure_port/cron/0"],
            &[
                "app succeeded",
                "cron failed: ensure_port/cron/0 fails",
                "db succeeded",
                "log failed: ensure_server/log fails",
                "web succeeded",
            ],
            OperationStatus::CompletedPartial,
        ),
        (
            &["ensure_server/db", "ensure_server/log", "ensure_server/cron"],
            &[
                "app blocked by db",
                "cron failed: ensure_server/cron fails",
                "db failed: ensure_server/db fails",
                "log failed: ensure_server/log fails",
                "web blocked by db",
            ],
            OperationStatus::CompletedPartial,
        ),
    ];
    for (failed, expected, status) in table {
        let state = after(&plan, failed);
        assert_eq!(words(&plan, &state), expected);
        assert_eq!(final_status(plan.kind, &member_outcomes(&plan, &state)), status);
    }
}

#[test]
fn what_does_not_need_the_failed_step_is_made_all_the_same() {
    let plan = moved();
    let state = after(&plan, &["ensure_server/db"]);
    let closed: Vec<_> = closed_steps(&plan, &state).into_keys().map(|id| id.as_str().to_owned()).collect();
    let mut closed = closed;
    closed.sort();
    let expected =
        ["ensure_server/app", "ensure_server/web", "verify_server/app", "verify_server/db", "verify_server/web"];
    assert_eq!(closed, expected);
    // volumes and ports of the blocked ones are there for the retry
    for done in
        ["import_volume/app/vda", "ensure_port/web/0", "group_volumes", "running/tier-0", "switch_primary", "close"]
    {
        assert!(state.is_settled(&done.into()), "{done}");
    }
}

#[test]
fn nobody_has_arrived_before_the_steps_are_made() {
    let plan = moved();
    let words = words(&plan, &OperationState::default());
    assert_eq!(words, ["app pending", "cron pending", "db pending", "log pending", "web pending"]);
}

#[test]
fn nobody_arrives_only_if_no_step_is_made_again() {
    let plan = moved();
    let all = ["ensure_server/db", "ensure_server/log", "ensure_server/cron"];
    assert_eq!(nobody_arrives(&plan, &after(&plan, &all)).unwrap(), "ensure_server/cron fails");
    assert_eq!(nobody_arrives(&plan, &after(&plan, &all[..2])), None);
    assert_eq!(nobody_arrives(&plan, &OperationState::default()), None);
    // the last attempt stopped at these, and the next one makes them again
    let mut state = after(&plan, &all);
    for step in all {
        let failed = Some(StepState::Failed("the cloud does not answer".to_owned()));
        state.steps.entry(step.into()).or_default().state = failed;
    }
    assert_eq!(nobody_arrives(&plan, &state), None);
}

#[test]
fn the_status_follows_from_kind_and_outcomes() {
    let failed = || MemberOutcome::Failed { reason: String::new() };
    let of = |outcomes: &[MemberOutcome]| {
        outcomes.iter().enumerate().map(|(n, o)| (ServerId::from(n.to_string()), o.clone())).collect::<BTreeMap<_, _>>()
    };
    let (all, some, none) = (
        of(&[MemberOutcome::Succeeded]),
        of(&[MemberOutcome::Succeeded, failed()]),
        of(&[failed(), MemberOutcome::Blocked { by: "0".into(), reason: String::new() }]),
    );
    use OperationStatus::{Completed, CompletedPartial, Failed};
    for (kind, expected) in [
        (OperationKind::PlannedFailover, [Completed, CompletedPartial, CompletedPartial]),
        (OperationKind::UnplannedFailover, [Completed, CompletedPartial, CompletedPartial]),
        (OperationKind::Failback, [Completed, CompletedPartial, CompletedPartial]),
        (OperationKind::RetryFailed, [Completed, CompletedPartial, Failed]),
        (OperationKind::TestFailover, [Completed, Failed, Failed]),
    ] {
        assert_eq!([&all, &some, &none].map(|outcomes| final_status(kind, outcomes)), expected, "{kind}");
    }
}
