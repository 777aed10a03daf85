//! Several callers at once: exactly one wins, and the others are told why not.

use super::StoreSubject;
use super::samples::{at, change, holder, journal, operation, record};
use crate::model::GroupRecord;
use crate::ports::Store;
use crate::ports::conformance::{Check, CheckResult, Failure, checks, ensure_equal};
use crate::{ErrorKind, Result};
use futures::future::join_all;

const CALLERS: usize = 8;

pub(super) fn checks() -> Vec<Check<StoreSubject>> {
    checks![
        one_of_many_creates_a_name,
        one_of_many_updates_a_version,
        one_of_many_opens_an_operation,
        one_of_many_appends_an_entry,
        one_of_many_takes_a_lease,
    ]
}

/// Runs `call` for each caller at once, every other one through the other handle, and returns who won and what was won.
async fn one_winner<'a, T, F>(
    subject: &'a StoreSubject,
    refusal: ErrorKind,
    call: impl Fn(usize, &'a dyn Store) -> F,
) -> std::result::Result<(usize, T), Failure>
where
    F: Future<Output = Result<T>>,
{
    let handles = [&subject.store, &subject.other].into_iter().cycle();
    let results = join_all((0..CALLERS).zip(handles).map(|(i, store)| call(i, store.as_ref()))).await;
    let mut winners = Vec::new();
    for (i, result) in results.into_iter().enumerate() {
        match result {
            Ok(won) => winners.push((i, won)),
            Err(e) if e.kind() == refusal => (),
            Err(e) => return Err(e.into()),
        }
    }
    match (winners.pop(), winners.len()) {
        (Some(winner), 0) => Ok(winner),
        (winner, others) => Err(format!("{} of {CALLERS} callers won", others + usize::from(winner.is_some())).into()),
    }
}

async fn one_of_many_creates_a_name(subject: &StoreSubject) -> CheckResult {
    let candidate = |i: usize| {
        let mut record = record(&format!("candidate-{i}"));
        record.group.name = "web".to_owned();
        record
    };
    let create = async |i, store: &dyn Store| store.create_group(&candidate(i)).await;
    let (winner, ()) = one_winner(subject, ErrorKind::AlreadyExists, create).await?;
    ensure_equal("groups", &subject.store.groups().await?, &vec![candidate(winner)])
}

async fn one_of_many_updates_a_version(subject: &StoreSubject) -> CheckResult {
    let web = record("web");
    subject.store.create_group(&web).await?;
    let edit = |i: usize| change(&web, |web: &mut GroupRecord| web.group.description = Some(format!("by caller {i}")));
    let update = async |i, store: &dyn Store| store.update_group(&edit(i)).await;
    let (winner, ()) = one_winner(subject, ErrorKind::Conflict, update).await?;
    ensure_equal("group", &subject.store.group("web").await?, &Some(edit(winner).record))
}

async fn one_of_many_opens_an_operation(subject: &StoreSubject) -> CheckResult {
    let web = record("web");
    let candidate = |i: usize| operation(&format!("{i}"), &web, 0);
    let begin = async |i, store: &dyn Store| store.begin_operation(&candidate(i), &journal(0, 1), None).await;
    let (winner, ()) = one_winner(subject, ErrorKind::Conflict, begin).await?;
    ensure_equal("operations", &subject.store.operations(&Default::default()).await?, &vec![candidate(winner)])
}

async fn one_of_many_appends_an_entry(subject: &StoreSubject) -> CheckResult {
    let first = operation("1", &record("web"), 0);
    subject.store.begin_operation(&first, &journal(0, 1), None).await?;
    let append = async |_, store: &dyn Store| store.append(&first.id, 0, &journal(1, 2), None, false).await;
    one_winner(subject, ErrorKind::Conflict, append).await?;
    ensure_equal("journal", &subject.store.journal(&first.id, 0).await?, &journal(0, 2))
}

async fn one_of_many_takes_a_lease(subject: &StoreSubject) -> CheckResult {
    let first = operation("1", &record("web"), 0);
    subject.store.begin_operation(&first, &journal(0, 1), None).await?;
    let dead = subject.store.acquire_lease(&first.id, &holder("dead"), at(0), None).await?;
    let take = async |i, store: &dyn Store| {
        store.acquire_lease(&first.id, &holder(&format!("engine {i}")), at(60), Some(dead.generation)).await
    };
    let (winner, lease) = one_winner(subject, ErrorKind::Conflict, take).await?;
    ensure_equal("holder", &lease.holder, &holder(&format!("engine {winner}")))?;
    ensure_equal("lease", &subject.store.lease(&first.id).await?, &Some(lease))
}
