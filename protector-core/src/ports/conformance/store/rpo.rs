//! How groups kept their objectives.

use super::StoreSubject;
use super::samples::record;
use crate::model::{ProtectionGroupId, RpoSample, RpoSpan, RpoState};
use crate::ports::conformance::{Check, CheckResult, checks, ensure_equal};
use crate::rules::rpo_history;
use jiff::{SignedDuration, Timestamp};

pub(super) fn checks() -> Vec<Check<StoreSubject>> {
    checks![samples_are_kept_by_group, a_history_is_bounded, a_history_goes_with_its_group]
}

fn sample(group: &ProtectionGroupId, minute: i64, state: RpoState) -> RpoSample {
    let at = Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_mins(minute)).unwrap_or(Timestamp::MAX);
    let age_seconds = (state == RpoState::Within).then_some(60);
    RpoSample { group: group.clone(), at, state, age_seconds, rpo_minutes: 15 }
}

fn folded(samples: &[RpoSample]) -> Vec<RpoSpan> {
    let mut spans = Vec::new();
    samples.iter().for_each(|sample| rpo_history::record(&mut spans, sample));
    spans
}

async fn samples_are_kept_by_group(StoreSubject { store, other, .. }: &StoreSubject) -> CheckResult {
    let (web, db) = (record("web"), record("db"));
    store.create_group(&web).await?;
    store.create_group(&db).await?;
    let (web, db, nobody) = (web.group.id, db.group.id, ProtectionGroupId::from("pg-gone"));
    ensure_equal("at first", &other.rpo_history(&web).await?, &vec![])?;
    let first = sample(&web, 1, RpoState::Within);
    let of_all = [first.clone(), sample(&db, 1, RpoState::Never), sample(&nobody, 1, RpoState::Within)];
    store.record_rpo(&of_all).await?;
    let later = sample(&web, 2, RpoState::Breached);
    other.record_rpo(&[later.clone(), sample(&web, 0, RpoState::Within)]).await?;
    ensure_equal("of web", &store.rpo_history(&web).await?, &folded(&[first, later]))?;
    ensure_equal("of db", &other.rpo_history(&db).await?, &folded(&[sample(&db, 1, RpoState::Never)]))?;
    ensure_equal("of a group that is not there", &store.rpo_history(&nobody).await?, &vec![])
}

async fn a_history_is_bounded(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let web = record("web");
    store.create_group(&web).await?;
    let states = [RpoState::Within, RpoState::Breached];
    let changing: Vec<_> = (0_i64..)
        .zip(states.into_iter().cycle())
        .take(2 * rpo_history::KEPT_SPANS)
        .map(|(minute, state)| sample(&web.group.id, minute, state))
        .collect();
    store.record_rpo(&changing).await?;
    let kept = store.rpo_history(&web.group.id).await?;
    ensure_equal("spans", &kept.len(), &rpo_history::KEPT_SPANS)?;
    ensure_equal("the newest", &kept, &folded(&changing))
}

async fn a_history_goes_with_its_group(StoreSubject { store, .. }: &StoreSubject) -> CheckResult {
    let web = record("web");
    store.create_group(&web).await?;
    store.record_rpo(&[sample(&web.group.id, 1, RpoState::Within)]).await?;
    store.delete_group(&web.group.id, web.version).await?;
    ensure_equal("of a deleted group", &store.rpo_history(&web.group.id).await?, &vec![])?;
    // made again under that id it begins anew
    store.create_group(&web).await?;
    ensure_equal("of the new group", &store.rpo_history(&web.group.id).await?, &vec![])
}
