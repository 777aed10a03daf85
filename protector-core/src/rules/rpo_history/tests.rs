use super::*;
use proptest::prelude::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn minute(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(1000 + minute)
}

/// A look at a group whose objective is 15 minutes; `age` in minutes.
fn sample(at: i64, state: RpoState, age: Option<u64>) -> RpoSample {
    RpoSample { group: "pg".into(), at: minute(at), state, age_seconds: age.map(|a| a * 60), rpo_minutes: 15 }
}

/// Minute, what was seen, and the age in minutes.
type Look = (i64, RpoState, Option<u64>);

fn history(samples: &[Look]) -> Vec<RpoSpan> {
    let mut history = Vec::new();
    for (at, state, age) in samples {
        record(&mut history, &sample(*at, *state, *age));
    }
    history
}

#[test]
fn minutes_of_the_last_hour() {
    use RpoState::{Breached, Never, Unknown, Within};
    // samples, and at minute 60 the minutes within, breached and unknown
    type Case<'a> = (&'a [Look], (u64, u64, u64));
    let table: &[Case<'_>] = &[
        (&[], (0, 0, 60)),
        // a young recovery point vouches for itself until it is too old, and no longer
        (&[(0, Within, Some(5))], (10, 0, 50)),
        (&[(0, Within, Some(15))], (0, 0, 60)),
        (&[(0, Within, None)], (0, 0, 60)),
        (&[(55, Within, Some(0))], (5, 0, 55)),
        // looked at often enough: all of it
        (&[(0, Within, Some(1)), (10, Within, Some(1)), (20, Within, Some(1))], (34, 0, 26)),
        // nobody looked for a while
        (&[(0, Within, Some(5)), (40, Within, Some(5))], (20, 0, 40)),
        // what was seen last ends what was vouched for
        (&[(0, Within, Some(0)), (5, Unknown, None)], (5, 0, 55)),
        (&[(0, Within, Some(0)), (5, Breached, Some(16))], (5, 15, 40)),
        (&[(0, Breached, Some(20)), (5, Within, Some(0))], (15, 5, 40)),
        (&[(0, Never, None), (10, Never, None)], (0, 25, 35)),
        (&[(0, Unknown, None), (10, Unknown, None)], (0, 0, 60)),
        // before the window
        (&[(-10, Within, Some(0))], (5, 0, 55)),
        (&[(-60, Within, Some(0))], (0, 0, 60)),
        // an older look that comes late changes nothing
        (&[(10, Within, Some(5)), (0, Breached, Some(99))], (10, 0, 50)),
    ];
    for (samples, (within, breached, unknown)) in table {
        let seen = compliance(&history(samples), minute(60), HOUR);
        let minutes = (seen.within_seconds / 60, seen.breached_seconds / 60, seen.unknown_seconds / 60);
        assert_eq!(minutes, (*within, *breached, *unknown), "{samples:?}");
    }
}

#[test]
fn a_group_that_stands_the_same_has_one_span() {
    let steady: Vec<_> = (0..500).map(|at| (at, RpoState::Within, Some(u64::from(at == 400) * 9 + 1))).collect();
    let kept = history(&steady);
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].from, kept[0].sampled_at), (minute(0), minute(499)));
    assert_eq!((kept[0].until, kept[0].worst_age_seconds), (minute(499 + 14), Some(600)));
}

#[test]
fn what_is_kept_is_bounded_by_number_and_by_time() {
    let changing: Vec<_> = (0..1000)
        .map(|at| if at % 2 == 0 { (at, RpoState::Within, Some(0)) } else { (at, RpoState::Unknown, None) })
        .collect();
    let kept = history(&changing);
    assert_eq!((kept.len(), kept[0].from), (KEPT_SPANS, minute(1000 - KEPT_SPANS as i64)));
    let days = |days: i64| days * 24 * 60;
    let kept = history(&[(0, RpoState::Within, Some(0)), (days(9), RpoState::Within, Some(0))]);
    assert_eq!((kept.len(), kept[0].from), (1, minute(days(9))));
}

#[test]
fn nearly_all_is_not_all() {
    let almost = Compliance { within_seconds: 86_399, breached_seconds: 0, unknown_seconds: 1 };
    assert_eq!((almost.within_percent(), almost.unknown_percent()), (99.99, 0.0));
    let all = Compliance { within_seconds: 86_400, ..Compliance::default() };
    assert_eq!(all.within_percent(), 100.0);
    assert_eq!(Compliance::default().within_percent(), 0.0);
}

fn states() -> impl Strategy<Value = (RpoState, Option<u64>)> {
    prop_oneof![
        (0_u64..=15).prop_map(|age| (RpoState::Within, Some(age))),
        (16_u64..99).prop_map(|age| (RpoState::Breached, Some(age))),
        Just((RpoState::Never, None)),
        Just((RpoState::Unknown, None)),
    ]
}

proptest! {
    /// Whatever was seen, spans follow each other without overlap, the parts add up to the window, and no minute counts as
    /// within that no sample vouches for.
    #[test]
    fn only_what_is_vouched_for_is_within(looks in proptest::collection::vec((1_i64..40, states()), 0..60), later in 0_i64..200) {
        let mut at = 0;
        let samples: Vec<_> = looks.into_iter().map(|(gap, (state, age))| { at += gap; (at, state, age) }).collect();
        let kept = history(&samples);
        for pair in kept.windows(2) {
            prop_assert!(pair[0].until <= pair[1].from, "{pair:?}");
        }
        let now = at + later;
        let seen = compliance(&kept, minute(now), SignedDuration::from_mins(now));
        prop_assert_eq!(seen.within_seconds + seen.breached_seconds + seen.unknown_seconds, now as u64 * 60);
        let vouched = (0..now).filter(|minute| {
            let last = samples.iter().rev().find(|(at, ..)| at <= minute);
            matches!(last, Some((at, RpoState::Within, Some(age))) if minute - at < 15 - *age as i64)
        });
        prop_assert_eq!(seen.within_seconds / 60, vouched.count() as u64);
    }
}
