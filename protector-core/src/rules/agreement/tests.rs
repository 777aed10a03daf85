use super::Agreement::{AbsentThere, Agreed, BaseUnknown, BothWentOn, Marked, OtherSiteWentOn, ThisSiteWentOn};
use super::*;
use crate::ApiToken;
use crate::model::{Divergence, MetadataVersion, OpenOperation, OperationKind};
use crate::rules::testing::record;
use jiff::{SignedDuration, Timestamp};

/// A record of this version, with this priority.
fn at(version: u64, priority: u16) -> GroupRecord {
    let mut record = record("web");
    record.version = MetadataVersion(version);
    record.group.priority = priority;
    record
}

fn marked(mut record: GroupRecord, absent: &str) -> GroupRecord {
    let (operation, since) = ("op-1".into(), Timestamp::UNIX_EPOCH);
    record.divergence = Some(Divergence { operation, since, absent_site: absent.into() });
    record
}

fn held(mut record: GroupRecord, site: &str) -> GroupRecord {
    let (id, kind, site) = ("op-1".into(), OperationKind::PlannedFailover, site.into());
    record.group.operation = Some(OpenOperation { id, kind, site });
    record
}

fn with_token(mut record: GroupRecord, token: &str) -> GroupRecord {
    record.policy.as_mut().unwrap().primary_fa_api_token = Some(ApiToken::new(token));
    record
}

fn compared(base: Option<&GroupRecord>, here: &GroupRecord, there: Option<&GroupRecord>) -> Agreement {
    let (a, b) = ("site-a".into(), "site-b".into());
    agreement(base, (&a, here), there.map(|there| (&b, there)))
}

/// I-46: whoever holds what both agreed on may be written over, and nobody else.
#[test]
fn who_went_on() {
    let base = at(5, 0);
    let cases: &[(&str, Option<&GroupRecord>, GroupRecord, GroupRecord, Agreement)] = &[
        ("the same", Some(&base), at(5, 0), at(5, 0), Agreed),
        ("the same, and later than what is known to be agreed on", Some(&base), at(6, 1), at(6, 1), Agreed),
        ("the same without a base", None, at(5, 0), at(5, 0), Agreed),
        ("the same with a mark", Some(&base), marked(at(6, 1), "site-b"), marked(at(6, 1), "site-b"), Marked),
        ("one step", Some(&base), at(6, 1), at(5, 0), ThisSiteWentOn),
        ("many steps", Some(&base), at(9, 4), at(5, 0), ThisSiteWentOn),
        ("the other one", Some(&base), at(5, 0), at(6, 1), OtherSiteWentOn),
        ("both", Some(&base), at(6, 1), at(6, 2), BothWentOn),
        ("both, one of them further", Some(&base), at(9, 1), at(6, 2), BothWentOn),
        ("one version with two contents, of which one is the base", Some(&base), at(5, 1), at(5, 0), ThisSiteWentOn),
        ("without a base, one of them ahead", None, at(9, 1), at(5, 0), BaseUnknown),
        ("without a base, one version", None, at(5, 1), at(5, 0), BaseUnknown),
        ("the same at another version", None, marked(at(9, 1), "site-b"), at(5, 1), Marked),
        ("one of them undid what it began", Some(&base), marked(at(7, 0), "site-b"), at(6, 2), OtherSiteWentOn),
        ("it undid that with another token", Some(&base), with_token(at(7, 0), "T-1"), at(6, 2), BothWentOn),
        ("an older base", Some(&base), at(7, 1), at(6, 2), BothWentOn),
        // it was told of an operation of this site, and that holds the group there until this site says otherwise
        ("told by an operation that ended here", Some(&base), at(8, 0), held(at(6, 0), "site-a"), ThisSiteWentOn),
        ("told by one that ended there", None, held(at(6, 0), "site-b"), at(8, 0), OtherSiteWentOn),
        ("told by one that is open here", Some(&base), held(at(8, 1), "site-a"), held(at(6, 0), "site-a"), BothWentOn),
        ("an operation of its own", Some(&base), at(8, 1), held(at(6, 0), "site-b"), BothWentOn),
        // a sync arrived there and was not finished here
        ("told without the mark", None, marked(at(6, 1), "site-b"), at(7, 1), Marked),
        ("told without the mark, and something else", None, marked(at(6, 1), "site-b"), at(7, 2), BaseUnknown),
        ("tokens alone", Some(&base), with_token(at(5, 0), "T-1"), with_token(at(5, 0), "T-2"), BothWentOn),
        ("tokens changed here", Some(&base), with_token(at(6, 0), "T-1"), with_token(at(5, 0), "T-2"), ThisSiteWentOn),
    ];
    for (what, base, here, there, expected) in cases {
        assert_eq!(compared(*base, here, Some(there)), *expected, "{what}");
        let mirrored = match expected {
            ThisSiteWentOn => OtherSiteWentOn,
            OtherSiteWentOn => ThisSiteWentOn,
            same => *same,
        };
        let (a, b) = ("site-a".into(), "site-b".into());
        assert_eq!(agreement(*base, (&b, there), Some((&a, here))), mirrored, "{what}, seen from the other site");
    }
    assert_eq!(compared(Some(&base), &base, None), AbsentThere);
}

/// Clocks of two sites may differ by any time: which of them is later says nothing.
#[test]
fn clocks_decide_nothing() {
    let base = at(5, 0);
    let skewed = |mut record: GroupRecord, hours: i64| {
        record.group.updated_at = base.group.updated_at.checked_add(SignedDuration::from_hours(hours)).unwrap();
        record
    };
    for ours in [-1000, 0, 1000] {
        for theirs in [-1000, 0, 1000] {
            let both = (skewed(at(7, 1), ours), skewed(at(6, 2), theirs));
            assert_eq!(compared(Some(&base), &both.0, Some(&both.1)), BothWentOn, "{ours} {theirs}");
            assert_eq!(compared(Some(&base), &both.0, Some(&base)), ThisSiteWentOn, "{ours}");
            assert_eq!(compared(Some(&base), &base, Some(&both.1)), OtherSiteWentOn, "{theirs}");
        }
    }
    // a record with another time is another record, of which nothing is lost
    assert_eq!(compared(None, &skewed(at(5, 0), 1), Some(&base)), Marked);
}

#[test]
fn the_newer_base_counts() {
    let newest = |a: Option<u64>, b: Option<u64>| {
        newest_base(a.map(|v| at(v, 0)), b.map(|v| at(v, 0))).map(|record| record.version.0)
    };
    assert_eq!(newest(None, None), None);
    assert_eq!(newest(Some(3), None), Some(3));
    assert_eq!(newest(None, Some(4)), Some(4));
    assert_eq!((newest(Some(3), Some(4)), newest(Some(4), Some(3))), (Some(4), Some(4)));
}
