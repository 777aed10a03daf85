//! How long steps took: kept with the end of an operation.

use super::StoreSubject;
use super::samples::{change, journal, operation, record};
use crate::ErrorKind;
use crate::model::{GroupRecord, OperationId, SiteName};
use crate::ports::conformance::{Check, CheckResult, Failure, checks, ensure_equal, ensure_refused};
use crate::ports::{KEPT_DURATIONS, StepDurations, Store};

pub(super) fn checks() -> Vec<Check<StoreSubject>> {
    checks![durations_are_kept_by_kind_and_site, the_newest_durations_are_kept, an_end_happens_all_or_nothing]
}

async fn begun(store: &dyn Store, name: &str) -> Result<(GroupRecord, OperationId), Failure> {
    let group = record(name);
    store.create_group(&group).await?;
    let operation = operation(name, &group, 0);
    store.begin_operation(&operation, &journal(0, 2), None).await?;
    Ok((group, operation.id))
}

fn took(action: &str, site: Option<&str>, milliseconds: &[u64]) -> StepDurations {
    StepDurations { action: action.to_owned(), site: site.map(SiteName::from), milliseconds: milliseconds.to_vec() }
}

async fn durations_are_kept_by_kind_and_site(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    ensure_equal("at first", &store.durations().await?, &vec![])?;
    let (web, first) = begun(store.as_ref(), "web").await?;
    let (_, second) = begun(store.as_ref(), "db").await?;
    let change = change(&web, |web| web.group.partial = true);
    let news = [took("fence", Some("site-b"), &[3]), took("close", None, &[1, 0]), took("fence", Some("site-a"), &[2])];
    store.finish_operation(&first, 0, &journal(2, 4), Some(&change), &news).await?;
    let expected =
        vec![took("close", None, &[1, 0]), took("fence", Some("site-a"), &[2]), took("fence", Some("site-b"), &[3])];
    ensure_equal("of one operation", &other.durations().await?, &expected)?;
    ensure_equal("journal", &other.journal(&first, 0).await?, &journal(0, 4))?;
    ensure_equal("group", &other.group("web").await?, &Some(change.record))?;
    // the operation is closed: another one may begin
    store.begin_operation(&operation("3", &web, 1), &journal(0, 1), None).await?;

    other.finish_operation(&second, 0, &journal(2, 3), None, &[took("fence", Some("site-a"), &[u64::MAX, 7])]).await?;
    let all = store.durations().await?;
    let fence = all.iter().find(|kind| kind.site == Some("site-a".into()));
    ensure_equal("of two", &fence, &Some(&took("fence", Some("site-a"), &[2, u64::MAX, 7])))?;
    ensure_equal("kinds", &all.len(), &3)
}

async fn the_newest_durations_are_kept(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let most = u64::try_from(KEPT_DURATIONS).unwrap_or(u64::MAX);
    let mut expected: Vec<u64> = Vec::new();
    for (name, count) in [("a", most - 1), ("b", 3), ("c", 2 * most)] {
        let (_, id) = begun(store.as_ref(), name).await?;
        let news: Vec<u64> = (0..count).map(|n| 1000 * count + n).collect();
        store.finish_operation(&id, 0, &journal(2, 3), None, &[took("fence", Some("site-a"), &news)]).await?;
        expected.extend(news);
        expected.drain(..expected.len().saturating_sub(KEPT_DURATIONS));
        ensure_equal(name, &store.durations().await?, &vec![took("fence", Some("site-a"), &expected)])?;
    }
    Ok(())
}

async fn an_end_happens_all_or_nothing(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let (web, id) = begun(store.as_ref(), "web").await?;
    store.create_group(&record("other")).await?;
    let news = [took("fence", Some("site-a"), &[1])];
    let broken = change(&web, |web| web.group.name = "other".to_owned());
    let refused = store.finish_operation(&id, 0, &journal(2, 4), Some(&broken), &news).await;
    ensure_refused("a change that collides", refused, ErrorKind::AlreadyExists, &["other"])?;
    let refused = store.finish_operation(&id, 7, &journal(2, 4), None, &news).await;
    ensure_refused("without the lease", refused, ErrorKind::Conflict, &[id.as_str()])?;
    let refused = store.finish_operation(&id, 0, &journal(3, 4), None, &news).await;
    ensure_refused("a gap", refused, ErrorKind::Conflict, &[id.as_str()])?;
    ensure_equal("durations", &store.durations().await?, &vec![])?;
    ensure_equal("journal", &store.journal(&id, 0).await?, &journal(0, 2))?;
    let blocked = store.begin_operation(&operation("2", &web, 1), &journal(0, 1), None).await;
    ensure_refused("still open", blocked, ErrorKind::Conflict, &[id.as_str()])
}
