//! Operations, their journals and leases.

use super::StoreSubject;
use super::samples::{at, change, holder, journal, operation, record, stop};
use crate::ErrorKind;
use crate::model::{GroupRecord, OperationId, OperationKind};
use crate::ports::conformance::{Check, CheckResult, Failure, checks, ensure_equal, ensure_refused};
use crate::ports::{JournalEntry, Lease, OperationFilter, StopKind, StopRequest, Store, StoredOperation};

pub(super) fn checks() -> Vec<Check<StoreSubject>> {
    checks![
        operations_are_listed_newest_first,
        operations_that_are_open_are_found_among_many,
        operations_of_one_kind_are_listed,
        a_group_has_one_open_operation,
        an_operation_begins_all_or_nothing,
        operations_outlive_their_group,
        a_journal_has_no_gap_and_no_fork,
        an_append_needs_the_lease_in_force,
        an_append_happens_all_or_nothing,
        a_lease_is_taken_renewed_and_given_back,
        a_lease_moves_only_when_judged_dead,
        a_lease_that_was_lost_is_not_renewed,
        a_request_to_stop_reaches_whoever_writes,
        the_last_request_to_stop_counts_and_an_abort_outweighs_a_cancel,
    ]
}

/// Stores group `web` and opens operation `op-1` on it, with two journal entries.
async fn begun(store: &dyn Store) -> Result<(GroupRecord, OperationId), Failure> {
    let web = record("web");
    store.create_group(&web).await?;
    let first = operation("1", &web, 0);
    store.begin_operation(&first, &journal(0, 2), None).await?;
    Ok((web, first.id))
}

async fn operations_are_listed_newest_first(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    let (web, db) = (record("web"), record("db"));
    let [first, second, mut third, mut fourth] =
        [operation("1", &web, 9), operation("2", &db, 10), operation("3", &web, 10), operation("4", &db, 10)];
    // a fraction of a second counts; of two at one instant, the one stored later is newer
    third.accepted_at = at(10) + jiff::SignedDuration::from_millis(500);
    fourth.accepted_at = third.accepted_at;
    for operation in [&second, &third, &first, &fourth] {
        store.begin_operation(operation, &journal(0, 1), None).await?;
        store.append(&operation.id, 0, &[], None, true).await?;
    }
    let list = async |group: Option<&GroupRecord>, limit| {
        other
            .operations(&OperationFilter {
                group: group.map(|g| g.group.id.clone()),
                limit,
                ..OperationFilter::default()
            })
            .await
    };
    let all = [&fourth, &third, &second, &first].map(Clone::clone).to_vec();
    ensure_equal("all", &list(None, None).await?, &all)?;
    ensure_equal("of one group", &list(Some(&web), None).await?, &vec![third.clone(), first])?;
    ensure_equal("the newest of one group", &list(Some(&web), Some(1)).await?, &vec![third.clone()])?;
    ensure_equal("the newest two", &list(None, Some(2)).await?, &vec![fourth, third])?;
    ensure_equal("by id", &other.operation(&second.id).await?, &Some(second))?;
    ensure_equal("unknown", &other.operation(&"op-none".into()).await?, &None)
}

async fn operations_that_are_open_are_found_among_many(
    StoreSubject { store, other, .. }: &StoreSubject,
) -> CheckResult {
    let (web, db, mail) = (record("web"), record("db"), record("mail"));
    let open = async |filter: OperationFilter| other.operations(&OperationFilter { open: true, ..filter }).await;
    ensure_equal("at first", &open(OperationFilter::default()).await?, &vec![])?;
    for (name, second) in (0..5).zip(0..) {
        let ended = operation(&format!("ended-{name}"), &web, second);
        store.begin_operation(&ended, &journal(0, 1), None).await?;
        store.append(&ended.id, 0, &journal(1, 2), None, true).await?;
    }
    let (of_web, of_db) = (operation("of-web", &web, 9), operation("of-db", &db, 3));
    let of_mail = StoredOperation { project: "another".into(), ..operation("of-mail", &mail, 5) };
    for begun in [&of_web, &of_db, &of_mail] {
        store.begin_operation(begun, &journal(0, 1), None).await?;
    }
    let (all, newest) = (vec![of_web.clone(), of_mail.clone(), of_db.clone()], vec![of_web.clone()]);
    ensure_equal("all", &open(OperationFilter::default()).await?, &all)?;
    ensure_equal(
        "the newest",
        &open(OperationFilter { limit: Some(1), ..OperationFilter::default() }).await?,
        &newest,
    )?;
    let group = OperationFilter { group: Some(db.group.id), ..OperationFilter::default() };
    ensure_equal("of one group", &open(group).await?, &vec![of_db.clone()])?;
    let project = OperationFilter { project: Some("another".into()), ..OperationFilter::default() };
    ensure_equal("of one project", &open(project).await?, &vec![of_mail.clone()])?;
    store.append(&of_web.id, 0, &journal(1, 2), None, false).await?;
    ensure_equal("goes on", &open(OperationFilter::default()).await?, &all)?;
    store.append(&of_web.id, 0, &[], None, true).await?;
    ensure_equal("ended", &open(OperationFilter::default()).await?, &vec![of_mail, of_db])
}

async fn operations_of_one_kind_are_listed(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let (web, db) = (record("web"), record("db"));
    let of_kind = |name, group, second, kind| StoredOperation { kind, ..operation(name, group, second) };
    let first = of_kind("1", &web, 1, OperationKind::TestFailover);
    let between = of_kind("2", &web, 2, OperationKind::TestCleanup);
    let last = of_kind("3", &web, 3, OperationKind::TestFailover);
    let elsewhere = of_kind("4", &db, 4, OperationKind::TestFailover);
    for operation in [&first, &between, &last, &elsewhere] {
        store.begin_operation(operation, &journal(0, 1), None).await?;
        store.append(&operation.id, 0, &[], None, true).await?;
    }
    let list = async |kind, group: Option<&GroupRecord>, limit| {
        let group = group.map(|record| record.group.id.clone());
        store.operations(&OperationFilter { kind: Some(kind), group, limit, ..OperationFilter::default() }).await
    };
    let (tests, cleanups) = (OperationKind::TestFailover, OperationKind::TestCleanup);
    ensure_equal("all tests", &list(tests, None, None).await?, &vec![elsewhere, last.clone(), first])?;
    ensure_equal("the newest of a group", &list(tests, Some(&web), Some(1)).await?, &vec![last])?;
    ensure_equal("cleanups", &list(cleanups, Some(&web), None).await?, &vec![between])
}

async fn a_group_has_one_open_operation(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let (web, id) = begun(store.as_ref()).await?;
    let second = operation("2", &web, 1);
    let refused = store.begin_operation(&second, &journal(0, 1), None).await;
    ensure_refused("a second operation", refused, ErrorKind::Conflict, &["web", id.as_str()])?;
    ensure_equal("the refused one", &store.operation(&second.id).await?, &None)?;
    let elsewhere = operation("3", &record("db"), 2);
    store.begin_operation(&elsewhere, &journal(0, 1), None).await?;
    store.append(&id, 0, &journal(2, 3), None, true).await?;
    Ok(store.begin_operation(&second, &journal(0, 1), None).await?)
}

async fn an_operation_begins_all_or_nothing(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let web = record("web");
    store.create_group(&web).await?;
    let first = operation("1", &web, 0);
    let mut late = change(&web, |web| web.group.partial = true);
    late.expected = late.expected.next();
    late.record.version = late.expected.next();
    let refused = store.begin_operation(&first, &journal(0, 2), Some(&late)).await;
    ensure_refused("with a late change", refused, ErrorKind::Conflict, &["web"])?;
    ensure_equal("operation", &store.operation(&first.id).await?, &None)?;
    ensure_equal("journal", &store.journal(&first.id, 0).await?, &vec![])?;
    ensure_equal("group", &store.group("web").await?, &Some(web.clone()))?;

    let change = change(&web, |web| web.group.partial = true);
    store.begin_operation(&first, &journal(0, 2), Some(&change)).await?;
    ensure_equal("operation", &store.operation(&first.id).await?, &Some(first.clone()))?;
    ensure_equal("journal", &store.journal(&first.id, 0).await?, &journal(0, 2))?;
    ensure_equal("group", &store.group("web").await?, &Some(change.record))
}

async fn operations_outlive_their_group(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let (web, id) = begun(store.as_ref()).await?;
    store.append(&id, 0, &[], None, true).await?;
    store.delete_group(&web.group.id, web.version).await?;
    ensure_equal("operation", &store.operation(&id).await?, &Some(operation("1", &web, 0)))?;
    ensure_equal("journal", &store.journal(&id, 0).await?, &journal(0, 2))
}

async fn a_journal_has_no_gap_and_no_fork(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    let (web, id) = begun(store.as_ref()).await?;
    let [last] = &journal(1, 2)[..] else { return Err("the sample is wrong".into()) };
    let jump = vec![JournalEntry::seal(3, last.at, last.record.clone(), &last.hash)];
    let wrong =
        [("a repeat", journal(1, 2)), ("a gap", journal(3, 4)), ("a new start", journal(0, 1)), ("a jump", jump)];
    for (what, entries) in wrong {
        let refused = store.append(&id, 0, &entries, None, false).await;
        ensure_refused(what, refused, ErrorKind::Conflict, &[id.as_str()])?;
    }
    let mut forked = journal(2, 3);
    forked.iter_mut().for_each(|entry| entry.previous_hash = "f".repeat(64).into());
    let refused = store.append(&id, 0, &forked, None, false).await;
    ensure_refused("a fork", refused, ErrorKind::Conflict, &[id.as_str()])?;
    let late_start = store.begin_operation(&operation("2", &record("db"), 1), &journal(1, 2), None).await;
    ensure_refused("a journal without its start", late_start, ErrorKind::Conflict, &["op-2"])?;
    let stray = store.append(&"op-none".into(), 0, &journal(0, 1), None, false).await;
    ensure_refused("no such operation", stray, ErrorKind::NotFound, &["op-none"])?;

    store.append(&id, 0, &journal(2, 5), None, false).await?;
    ensure_equal("journal", &other.journal(&id, 0).await?, &journal(0, 5))?;
    ensure_equal("journal from 3", &other.journal(&id, 3).await?, &journal(3, 5))?;
    ensure_equal("journal past its end", &other.journal(&id, 5).await?, &vec![])?;
    for (from, limit, to) in [(0, 2, 2), (2, 2, 4), (4, 2, 5), (5, 2, 5), (0, 5, 5), (0, 9, 5)] {
        let page = other.journal_page(&id, from as u64, limit).await?;
        ensure_equal("a page of the journal", &page, &journal(from, to))?;
    }
    ensure_equal("group", &store.group("web").await?, &Some(web))
}

async fn an_append_needs_the_lease_in_force(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    let (_, id) = begun(store.as_ref()).await?;
    let first = store.acquire_lease(&id, &holder("one"), at(60), None).await?;
    store.append(&id, first.generation, &journal(2, 3), None, false).await?;
    let second = other.acquire_lease(&id, &holder("two"), at(120), Some(first.generation)).await?;
    for stale in [first.generation, 0] {
        let refused = store.append(&id, stale, &journal(3, 4), None, true).await;
        ensure_refused("a stale lease", refused, ErrorKind::Conflict, &[id.as_str(), "host-1"])?;
    }
    ensure_equal("journal", &store.journal(&id, 0).await?, &journal(0, 3))?;
    store.append(&id, second.generation, &journal(3, 4), None, false).await?;
    store.release_lease(&id, second.generation).await?;
    let refused = store.append(&id, second.generation, &journal(4, 5), None, false).await;
    ensure_refused("a lease that was given back", refused, ErrorKind::Conflict, &[id.as_str()])
}

async fn an_append_happens_all_or_nothing(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let (web, id) = begun(store.as_ref()).await?;
    store.create_group(&record("other")).await?;
    let broken = change(&web, |web| web.group.name = "other".to_owned());
    let refused = store.append(&id, 0, &journal(2, 4), Some(&broken), true).await;
    ensure_refused("a change that collides", refused, ErrorKind::AlreadyExists, &["other"])?;
    ensure_equal("journal", &store.journal(&id, 0).await?, &journal(0, 2))?;
    ensure_equal("group", &store.group("web").await?, &Some(web.clone()))?;
    let blocked = store.begin_operation(&operation("2", &web, 1), &journal(0, 1), None).await;
    ensure_refused("still open", blocked, ErrorKind::Conflict, &[id.as_str()])?;

    let change = change(&web, |web| web.group.partial = true);
    store.append(&id, 0, &journal(2, 4), Some(&change), true).await?;
    ensure_equal("journal", &store.journal(&id, 0).await?, &journal(0, 4))?;
    ensure_equal("group", &store.group("web").await?, &Some(change.record))?;
    Ok(store.begin_operation(&operation("2", &web, 1), &journal(0, 1), None).await?)
}

async fn a_lease_is_taken_renewed_and_given_back(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    let (_, id) = begun(store.as_ref()).await?;
    ensure_equal("no lease yet", &store.lease(&id).await?, &None)?;
    let lease = store.acquire_lease(&id, &holder("one"), at(60), None).await?;
    ensure_equal("taken", &other.lease(&id).await?, &Some(lease.clone()))?;
    ensure_equal("holder", &(&lease.holder, lease.expires_at), &(&holder("one"), at(60)))?;
    let renewed = store.acquire_lease(&id, &holder("one"), at(90), None).await?;
    ensure_equal("renewed", &renewed, &Lease { expires_at: at(90), ..lease.clone() })?;
    ensure_equal("renewed, read back", &other.lease(&id).await?, &Some(renewed))?;

    store.release_lease(&id, lease.generation + 1).await?;
    ensure_equal("a release by somebody else", &store.lease(&id).await?.is_some(), &true)?;
    store.release_lease(&id, lease.generation).await?;
    store.release_lease(&id, lease.generation).await?;
    ensure_equal("given back", &other.lease(&id).await?, &None)?;
    let next = other.acquire_lease(&id, &holder("two"), at(120), None).await?;
    ensure_equal("the generation grows", &(next.generation > lease.generation), &true)?;
    let stray = store.acquire_lease(&"op-none".into(), &holder("one"), at(60), None).await;
    ensure_refused("no such operation", stray, ErrorKind::NotFound, &["op-none"])
}

async fn a_lease_moves_only_when_judged_dead(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    let (_, id) = begun(store.as_ref()).await?;
    let first = store.acquire_lease(&id, &holder("one"), at(60), None).await?;
    // a store has no clock: whether the lease has expired is for the caller to say
    for replaces in [None, Some(first.generation + 1)] {
        let refused = other.acquire_lease(&id, &holder("two"), at(999), replaces).await;
        ensure_refused("held", refused, ErrorKind::Conflict, &[id.as_str(), "host-1", "4711"])?;
    }
    ensure_equal("still held", &store.lease(&id).await?, &Some(first.clone()))?;
    let second = other.acquire_lease(&id, &holder("two"), at(999), Some(first.generation)).await?;
    ensure_equal("the generation grows", &(second.generation > first.generation), &true)?;
    let late = store.acquire_lease(&id, &holder("three"), at(999), Some(first.generation)).await;
    ensure_refused("judged by an old look", late, ErrorKind::Conflict, &["host-1"])?;
    let back = store.acquire_lease(&id, &holder("one"), at(999), None).await;
    ensure_refused("the former holder", back, ErrorKind::Conflict, &["host-1"])?;
    ensure_equal("in force", &store.lease(&id).await?, &Some(second))
}

async fn a_lease_that_was_lost_is_not_renewed(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    let (_, id) = begun(store.as_ref()).await?;
    let never = store.renew_lease(&id, 0, at(60)).await;
    ensure_refused("never taken", never, ErrorKind::Conflict, &[id.as_str()])?;
    let first = store.acquire_lease(&id, &holder("one"), at(60), None).await?;
    let renewed = store.renew_lease(&id, first.generation, at(90)).await?;
    ensure_equal("renewed", &renewed, &Lease { expires_at: at(90), ..first.clone() })?;
    ensure_equal("renewed, read back", &other.lease(&id).await?, &Some(renewed))?;

    let second = other.acquire_lease(&id, &holder("two"), at(120), Some(first.generation)).await?;
    let lost = store.renew_lease(&id, first.generation, at(999)).await;
    ensure_refused("taken over", lost, ErrorKind::Conflict, &[id.as_str(), "host-1"])?;
    ensure_equal("in force", &store.lease(&id).await?, &Some(second.clone()))?;
    // a holder that sleeps through all of its successor's work does not come back either
    other.release_lease(&id, second.generation).await?;
    for generation in [first.generation, second.generation] {
        let lost = store.renew_lease(&id, generation, at(999)).await;
        ensure_refused("given back", lost, ErrorKind::Conflict, &[id.as_str()])?;
    }
    ensure_equal("nobody has it", &store.lease(&id).await?, &None)
}

async fn a_request_to_stop_reaches_whoever_writes(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    let (web, id) = begun(store.as_ref()).await?;
    ensure_equal("nobody asked", &store.append(&id, 0, &journal(2, 3), None, false).await?, &None)?;
    let cancel = stop(StopKind::Cancel, 20);
    ensure_equal("what counts", &other.request_stop(&id, &cancel).await?, &cancel)?;
    ensure_equal("read back", &store.stop_request(&id).await?, &Some(cancel.clone()))?;
    let heard = store.append(&id, 0, &journal(3, 4), None, false).await?;
    ensure_equal("heard with a write", &heard, &Some(cancel.clone()))?;

    store.withdraw_stop(&id, &stop(StopKind::Cancel, 21)).await?;
    ensure_equal("another one was meant", &store.stop_request(&id).await?, &Some(cancel.clone()))?;
    store.withdraw_stop(&id, &cancel).await?;
    store.withdraw_stop(&id, &cancel).await?;
    ensure_equal("taken back", &other.stop_request(&id).await?, &None)?;

    other.request_stop(&id, &cancel).await?;
    let heard = store.append(&id, 0, &journal(4, 5), None, true).await?;
    ensure_equal("nothing is left to stop", &(heard, other.stop_request(&id).await?), &(None, None))?;
    let second = operation("2", &web, 1);
    store.begin_operation(&second, &journal(0, 1), None).await?;
    ensure_equal("of another operation", &store.stop_request(&second.id).await?, &None)?;
    let stray = store.request_stop(&"op-none".into(), &cancel).await;
    ensure_refused("no such operation", stray, ErrorKind::NotFound, &["op-none"])
}

async fn the_last_request_to_stop_counts_and_an_abort_outweighs_a_cancel(subject: &StoreSubject) -> CheckResult {
    let StoreSubject { store, other, .. } = subject;
    let (_, id) = begun(store.as_ref()).await?;
    let abort = StopRequest { leave_peer: true, ..stop(StopKind::Abort, 22) };
    for (asked, counts) in [
        (stop(StopKind::Cancel, 20), stop(StopKind::Cancel, 20)),
        (stop(StopKind::Cancel, 21), stop(StopKind::Cancel, 21)),
        (abort.clone(), abort.clone()),
        (stop(StopKind::Cancel, 23), abort),
        (stop(StopKind::Abort, 24), stop(StopKind::Abort, 24)),
    ] {
        ensure_equal("what counts", &other.request_stop(&id, &asked).await?, &counts)?;
        ensure_equal("read back", &store.stop_request(&id).await?, &Some(counts))?;
    }
    Ok(())
}
