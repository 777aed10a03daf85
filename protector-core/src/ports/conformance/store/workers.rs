//! Workers that show that they live.

use super::StoreSubject;
use super::samples::{at, holder};
use crate::model::{Worker, WorkerBeat};
use crate::ports::conformance::{Check, CheckResult, checks, ensure_equal};
use crate::rules::engine_service::KEPT_UNSEEN;
use jiff::SignedDuration;

pub(super) fn checks() -> Vec<Check<StoreSubject>> {
    checks![
        a_worker_is_seen_until_it_ends,
        workers_of_one_host_are_apart,
        workers_that_nobody_saw_for_long_are_forgotten
    ]
}

fn beat(engine: &str, second: i64) -> WorkerBeat {
    WorkerBeat {
        holder: holder(engine),
        version: "0.1.0".to_owned(),
        under_way: 0,
        interval_seconds: 2,
        at: at(second) + SignedDuration::from_millis(250),
    }
}

/// What is kept of beats `first` and `last`.
fn seen(first: &WorkerBeat, last: &WorkerBeat) -> Worker {
    Worker {
        holder: last.holder.clone(),
        version: last.version.clone(),
        under_way: last.under_way,
        interval_seconds: last.interval_seconds,
        started_at: first.at,
        seen_at: last.at,
        stopped_at: None,
    }
}

async fn a_worker_is_seen_until_it_ends(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    ensure_equal("at first", &store.workers().await?, &vec![])?;
    let first = beat("one", 10);
    store.record_worker(&first).await?;
    ensure_equal("seen", &other.workers().await?, &vec![seen(&first, &first)])?;
    let later = WorkerBeat { version: "0.2.0".to_owned(), under_way: 3, interval_seconds: 7, ..beat("one", 12) };
    other.record_worker(&later).await?;
    ensure_equal("seen again", &store.workers().await?, &vec![seen(&first, &later)])?;

    store.stop_worker(&later.holder, at(14)).await?;
    let ended = Worker { seen_at: at(14), stopped_at: Some(at(14)), ..seen(&first, &later) };
    ensure_equal("ended", &other.workers().await?, &vec![ended.clone()])?;
    store.stop_worker(&holder("none"), at(15)).await?;
    ensure_equal("one that was never seen", &store.workers().await?, &vec![ended])?;
    let again = beat("one", 16);
    store.record_worker(&again).await?;
    ensure_equal("back", &other.workers().await?, &vec![seen(&first, &again)])
}

async fn workers_of_one_host_are_apart(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    let (one, two) = (beat("one", 20), beat("two", 10));
    store.record_worker(&one).await?;
    other.record_worker(&two).await?;
    ensure_equal("both", &store.workers().await?, &vec![seen(&two, &two), seen(&one, &one)])?;
    other.stop_worker(&one.holder, at(30)).await?;
    let ended = Worker { seen_at: at(30), stopped_at: Some(at(30)), ..seen(&one, &one) };
    ensure_equal("one of them", &store.workers().await?, &vec![seen(&two, &two), ended])
}

async fn workers_that_nobody_saw_for_long_are_forgotten(subject: &StoreSubject) -> CheckResult {
    let StoreSubject { store, other, .. } = subject;
    let week = KEPT_UNSEEN.as_secs();
    let (gone, ended, kept) = (beat("gone", 0), beat("ended", 0), beat("kept", 2));
    for beat in [&gone, &ended, &kept] {
        store.record_worker(beat).await?;
    }
    store.stop_worker(&ended.holder, at(1)).await?;
    // to the instant of its last beat, and no longer
    let last = WorkerBeat { at: kept.at + KEPT_UNSEEN, ..beat("last", week) };
    other.record_worker(&last).await?;
    ensure_equal("kept", &store.workers().await?, &vec![seen(&kept, &kept), seen(&last, &last)])
}
