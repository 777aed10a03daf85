use super::*;
use crate::model::OperationKind;
use crate::plan::testing::{Size, facts};

fn held_by(operation: Option<(&str, &str)>) -> GroupRecord {
    let mut record = facts(&[Size { tier: 0, disks: 1, nics: 1 }], false).record;
    let open = |(id, site): (&str, &str)| OpenOperation {
        id: id.into(),
        kind: OperationKind::PlannedFailover,
        site: site.into(),
    };
    record.group.operation = operation.map(open);
    record
}

/// I-02, I-46: what one site has opened, the other one does not end, whatever version it is at.
#[test]
fn nobody_ends_an_operation_of_the_other_site() {
    let cases = [
        ("free", None, None, false),
        ("free, and opened elsewhere", None, Some(("op-1", "site-a")), false),
        ("told of the operation of the other site", Some(("op-1", "site-a")), None, false),
        ("another one of the other site", Some(("op-1", "site-a")), Some(("op-2", "site-a")), false),
        ("its own, and the same again", Some(("op-1", "site-b")), Some(("op-1", "site-b")), false),
        ("its own", Some(("op-1", "site-b")), None, true),
        ("its own, and one of the other site", Some(("op-1", "site-b")), Some(("op-2", "site-a")), true),
    ];
    for (what, held, next, refused) in cases {
        let taken = takes_from(&held_by(held), &held_by(next), &"site-b".into()).is_some();
        assert_eq!(taken, refused, "{what}");
    }
}
