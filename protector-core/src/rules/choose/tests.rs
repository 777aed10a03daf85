use super::*;
use crate::rules::testing::point;
use jiff::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn expected(names: &[&str]) -> BTreeSet<ArrayVolumeName> {
    names.iter().map(|n| (*n).into()).collect()
}

fn newest_usable<'a>(points: &'a [RecoveryPoint], expected: &BTreeSet<ArrayVolumeName>) -> Option<&'a RecoveryPoint> {
    super::newest_usable(points, &expected.iter().collect())
}

fn explain_unusable<'a>(points: &'a [RecoveryPoint], expected: &BTreeSet<ArrayVolumeName>) -> Vec<PassedOver<'a>> {
    choose(points, &expected.iter().collect()).1
}

fn with(transfer: Transfer, point: RecoveryPoint) -> RecoveryPoint {
    RecoveryPoint { transfer, ..point }
}

/// I-17: one that lacks a member, is on its way, unclear or destroyed is passed over, however new it is.
#[test]
fn the_newest_whole_complete_one_is_chosen() {
    let points = [
        point("old", 100, &["a", "b"]),
        point("good", 200, &["b", "a", "extra"]),
        point("lacks-b", 300, &["a"]),
        with(Transfer::InProgress { percent: 40 }, point("coming", 400, &["a", "b"])),
        with(Transfer::Unknown, point("unclear", 500, &["a", "b"])),
        RecoveryPoint { destroyed: true, ..point("gone", 600, &["a", "b"]) },
    ];
    let expected = expected(&["a", "b"]);
    assert_eq!(newest_usable(&points, &expected).unwrap().name.as_str(), "arrA:pg1.good");
    let passed_over: Vec<String> = explain_unusable(&points, &expected).iter().map(ToString::to_string).collect();
    assert_eq!(
        passed_over,
        [
            "arrA:pg1.gone of 1970-01-01T00:10:00Z: destroyed",
            "arrA:pg1.unclear of 1970-01-01T00:08:20Z: the array does not say whether all of it has arrived",
            "arrA:pg1.coming of 1970-01-01T00:06:40Z: still on its way, 40% transferred",
            "arrA:pg1.lacks-b of 1970-01-01T00:05:00Z: lacks b",
        ]
    );
}

/// I-16: what counts is the instant of the data.
#[test]
fn data_time_counts_not_arrival() {
    let late = Timestamp::from_second(10_000).unwrap();
    let points = [with(Transfer::Completed { at: late }, point("older", 100, &["a"])), point("newer", 200, &["a"])];
    assert_eq!(newest_usable(&points, &expected(&["a"])).unwrap().name.as_str(), "arrA:pg1.newer");
}

/// I-16
#[test]
fn ties_are_broken_by_name() {
    let mut points = vec![point("x", 100, &["a"]), point("y", 100, &["a"])];
    for _ in 0..2 {
        assert_eq!(newest_usable(&points, &expected(&["a"])).unwrap().name.as_str(), "arrA:pg1.y");
        points.reverse();
    }
}

#[test]
fn none_is_explained_in_full() {
    assert_eq!(newest_usable(&[], &expected(&["a"])), None);
    assert!(explain_unusable(&[], &expected(&["a"])).is_empty());
    let points = [point("one", 100, &[]), point("two", 200, &["b"])];
    assert_eq!(newest_usable(&points, &expected(&["a"])), None);
    assert_eq!(explain_unusable(&points, &expected(&["a"])).len(), 2);
}

#[test]
fn what_is_held_is_compared_both_ways() {
    let (expected, all) = (expected(&["a", "b"]), expected(&["a", "b", "c"]));
    let volumes: ExpectedVolumes<'_> = expected.iter().chain(&expected).collect();
    assert!(volumes.are_exactly(&expected) && !volumes.are_exactly(&all));
    let surplus: ExpectedVolumes<'_> = all.iter().collect();
    assert!(!surplus.are_exactly(&expected) && volumes.missing_in(&all).is_empty());
    // the same one twice is not two
    let twice = [ArrayVolumeName::from("a"), "a".into()];
    assert_eq!(surplus.missing_in(&twice), [&ArrayVolumeName::from("b"), &"c".into()]);
    assert_eq!(volumes.iter().collect::<BTreeSet<_>>(), expected.iter().collect());
}

fn any_point() -> impl Strategy<Value = RecoveryPoint> {
    let transfer = prop_oneof![
        Just(Transfer::Local),
        Just(Transfer::Unknown),
        Just(Transfer::InProgress { percent: 50 }),
        Just(Transfer::Completed { at: Timestamp::UNIX_EPOCH }),
    ];
    ("[a-d]", 0..4_i64, proptest::collection::vec(prop_oneof![Just("a"), Just("b")], 0..3), transfer, any::<bool>())
        .prop_map(|(name, second, volumes, transfer, destroyed)| RecoveryPoint {
            transfer,
            destroyed,
            ..point(&name, second, &volumes)
        })
}

proptest! {
    /// I-16, I-17
    #[test]
    fn never_an_unusable_one_and_never_an_older_one(points in proptest::collection::vec(any_point(), 0..8)) {
        let expected = expected(&["a", "b"]);
        let usable = |p: &RecoveryPoint| p.is_usable() && expected.iter().all(|v| p.volumes.contains(v));
        match newest_usable(&points, &expected) {
            None => prop_assert!(!points.iter().any(usable)),
            Some(chosen) => {
                prop_assert!(usable(chosen));
                prop_assert!(points.iter().filter(|p| usable(p)).all(|p| p.created <= chosen.created));
                let newer = points.iter().filter(|p| (p.created, &p.name) > (chosen.created, &chosen.name)).count();
                prop_assert!(explain_unusable(&points, &expected).len() >= newer);
            }
        }
    }

    #[test]
    fn the_choice_does_not_depend_on_order(
        (given, shuffled) in proptest::collection::vec(any_point(), 0..8)
            .prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle()))
    ) {
        let expected = expected(&["a"]);
        let name = |points: &[RecoveryPoint]| newest_usable(points, &expected).map(|p| (p.created, p.name.clone()));
        prop_assert_eq!(name(&given), name(&shuffled));
    }
}
