use super::*;
use jiff::Timestamp;

fn transfer(progress: Option<f64>, completed: Option<Timestamp>) -> SnapshotTransfer {
    SnapshotTransfer {
        name: "arrA:pg.dr-1".into(),
        started: Some(Timestamp::UNIX_EPOCH),
        completed,
        progress,
        destroyed: None,
    }
}

#[test]
fn a_transfer_is_complete_with_both_signs_and_never_seems_so_without() {
    let at = Some(Timestamp::UNIX_EPOCH);
    for (progress_of, completed, expected) in [
        (Some(1.0), at, Transfer::Completed { at: Timestamp::UNIX_EPOCH }),
        (Some(1.0), None, Transfer::InProgress { percent: 99 }),
        (Some(0.999), at, Transfer::InProgress { percent: 99 }),
        (Some(0.5), None, Transfer::InProgress { percent: 50 }),
        (Some(0.0), None, Transfer::InProgress { percent: 0 }),
        (Some(-1.0), None, Transfer::InProgress { percent: 0 }),
        (Some(f64::NAN), None, Transfer::InProgress { percent: 0 }),
        (None, at, Transfer::Unknown),
        (None, None, Transfer::Unknown),
    ] {
        assert_eq!(progress(Some(&transfer(progress_of, completed))), expected, "{progress_of:?} {completed:?}");
    }
    assert_eq!(progress(None), Transfer::Unknown);
}

#[test]
fn a_replica_is_told_by_its_name() {
    for (name, expected) in [("pg", false), ("pod::pg", false), ("arrA:pg", true), ("pod:pg", true)] {
        assert_eq!(is_replica(&name.into()).unwrap(), expected, "{name}");
    }
    assert!(is_replica(&"no_group".into()).is_err());
}
