use super::*;
use crate::ErrorKind;
use crate::model::Transfer;
use crate::rules::testing::point;
use proptest::prelude::*;

const TAKEN: i64 = 1_800_000_000;

fn age_at(seconds_after: i64) -> RecoveryPointAge {
    age_of(Some(&point("dr-1", TAKEN, &[])), true, Timestamp::from_second(TAKEN + seconds_after).unwrap())
}

#[test]
fn ages() {
    use RecoveryPointAge::{Known, Never, Unknown};
    let now = Timestamp::from_second(TAKEN).unwrap();
    assert_eq!(age_of(None, true, now), Never);
    assert_eq!(age_of(None, false, now), Unknown);
    assert_eq!(age_of(Some(&point("dr-1", TAKEN, &[])), false, now), Unknown);
    for (after, age) in [
        (0, Known { seconds: 0 }),
        (2820, Known { seconds: 2820 }),
        (-1, Known { seconds: 0 }),
        (-60, Known { seconds: 0 }),
        (-61, Unknown),
        (-86_400, Unknown),
    ] {
        assert_eq!(age_at(after), age, "{after} s");
    }
}

#[test]
fn an_unusable_point_has_no_age() {
    let now = Timestamp::from_second(TAKEN + 60).unwrap();
    for transfer in [Transfer::InProgress { percent: 99 }, Transfer::Unknown] {
        let point = RecoveryPoint { transfer, ..point("dr-1", TAKEN, &[]) };
        assert_eq!(age_of(Some(&point), true, now), RecoveryPointAge::Unknown);
    }
    let destroyed = RecoveryPoint { destroyed: true, ..point("dr-1", TAKEN, &[]) };
    assert_eq!(age_of(Some(&destroyed), true, now), RecoveryPointAge::Unknown);
}

#[test]
fn ages_print_in_whole_minutes_and_travel_as_json() {
    let cases = [
        (RecoveryPointAge::Known { seconds: 59 }, "0 min", r#"{"state":"known","seconds":59}"#),
        (RecoveryPointAge::Known { seconds: 2879 }, "47 min", r#"{"state":"known","seconds":2879}"#),
        (RecoveryPointAge::Never, "never", r#"{"state":"never"}"#),
        (RecoveryPointAge::Unknown, "unknown", r#"{"state":"unknown"}"#),
    ];
    for (age, text, json) in cases {
        assert_eq!(age.to_string(), text);
        assert_eq!(serde_json::to_string(&age).unwrap(), json);
        assert_eq!(serde_json::from_str::<RecoveryPointAge>(json).unwrap(), age);
    }
}

#[test]
fn verdicts() {
    let breach = |age: u64, minutes: u64| RpoVerdict::Breach {
        age_seconds: age,
        message: format!("Latest snapshot age ({minutes} min) exceeds RPO threshold (15 min)"),
    };
    let cases = [
        (RecoveryPointAge::Known { seconds: 0 }, RpoVerdict::Within { age_seconds: 0 }),
        (RecoveryPointAge::Known { seconds: 899 }, RpoVerdict::Within { age_seconds: 899 }),
        (RecoveryPointAge::Known { seconds: 900 }, RpoVerdict::Within { age_seconds: 900 }),
        (RecoveryPointAge::Known { seconds: 901 }, breach(901, 16)),
        (RecoveryPointAge::Known { seconds: 960 }, breach(960, 16)),
        (RecoveryPointAge::Known { seconds: 961 }, breach(961, 17)),
        (RecoveryPointAge::Known { seconds: 2820 }, breach(2820, 47)),
        (RecoveryPointAge::Never, RpoVerdict::Never),
        (RecoveryPointAge::Unknown, RpoVerdict::Unknown),
    ];
    for (age, verdict) in cases {
        assert_eq!(check_rpo(age, 15), verdict, "{age:?}");
        assert_eq!(verdict.passes(), matches!(verdict, RpoVerdict::Within { .. }));
    }
}

#[test]
fn an_interval_must_fit_its_objective() {
    for (interval, rpo) in [(300, 15), (900, 15), (1, 1), (u32::MAX, u32::MAX)] {
        check_interval(interval, rpo).unwrap();
    }
    for (interval, rpo) in [(901, 15), (1800, 15), (u32::MAX, 1), (0, 15), (300, 0), (0, 0)] {
        let error = check_interval(interval, rpo).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.message().contains(&format!("({interval} s)")), "{error}");
        assert!(error.message().contains(&format!("({rpo} min")), "{error}");
        assert!(error.remedy_text().is_some());
    }
    let remedy = check_interval(1801, 15).unwrap_err();
    assert_eq!(remedy.remedy_text(), Some("--replication-interval 900 or less, or --rpo-minutes 31 or more"));
}

#[test]
fn an_array_keeps_schedules_within_its_bounds() {
    for interval in [300, 301, 34_560_000] {
        check_schedule(interval, (300, 34_560_000)).unwrap();
    }
    for (interval, nearest) in [(0, 300), (299, 300), (34_560_001, 34_560_000)] {
        let error = check_schedule(interval, (300, 34_560_000)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.remedy_text(), Some(&*format!("--replication-interval {nearest}")));
    }
}

proptest! {
    /// I-19: neither an unknown age nor none at all.
    #[test]
    fn only_a_known_age_within_bounds_passes(seconds in 0..u64::from(u32::MAX) * 61, rpo in 0..=u32::MAX) {
        let verdict = check_rpo(RecoveryPointAge::Known { seconds }, rpo);
        prop_assert_eq!(verdict.passes(), seconds <= u64::from(rpo) * 60);
        if let RpoVerdict::Breach { message, .. } = verdict {
            let equal = format!("({rpo} min) exceeds RPO threshold ({rpo} min)");
            prop_assert!(!message.contains(&equal), "{}", message);
        }
    }

    #[test]
    fn following_the_remedy_passes(interval in 1..=u32::MAX, rpo in 1..u32::MAX / 60) {
        if check_interval(interval, rpo).is_err() {
            check_interval(rpo * 60, rpo).unwrap();
            check_interval(interval, interval.div_ceil(60)).unwrap();
        }
    }
}
