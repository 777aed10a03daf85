use super::*;
use crate::model::{ArrayVolumeName, RetainedCopy};
use crate::rules::testing::record;
use jiff::Timestamp;

fn codes(violations: &[MappingViolation]) -> Vec<String> {
    violations.iter().map(|v| serde_json::to_value(v).unwrap()["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn groups_with_nothing_in_common_are_fine() {
    let records = [record("web"), record("db")];
    assert_eq!(check_mapping(&records, &record("app")), []);
    assert_eq!(check_mapping(&records, &records[0]), [], "a group does not collide with its own earlier record");
    let mut unconfigured = record("app");
    unconfigured.policy = None;
    let mut other = record("web");
    other.policy = None;
    assert_eq!(check_mapping(&[other], &unconfigured), [], "two groups without a policy share no array group");
}

#[test]
fn each_thing_that_two_groups_must_not_share() {
    type Change = fn(&mut GroupRecord);
    let cases: [(Change, &str, &str); 11] = [
        (|r| r.group.consistency_group.id = "cg-web".into(), "consistency_group_taken", "cg-web"),
        (|r| r.group.consistency_group.primary_cg_id = "web-cinder-a".into(), "cinder_group_taken", "web-cinder-a"),
        (|r| r.group.consistency_group.secondary_cg_id = "web-cinder-b".into(), "cinder_group_taken", "web-cinder-b"),
        (|r| r.group.consistency_group.primary_cg_id = "web-cinder-b".into(), "cinder_group_taken", "web-cinder-b"),
        (|r| r.policy.as_mut().unwrap().pure_pg_name = "pg-web".into(), "array_group_taken", "pg-web"),
        (|r| r.policy.as_mut().unwrap().pure_pg_name = "PG-Web".into(), "array_group_taken", "PG-Web"),
        (|r| r.members[0].id = "web-server".into(), "server_taken", "web-server"),
        (|r| drop(r.members[0].servers.insert("site-b".into(), "web-server".into())), "server_taken", "web-server"),
        (|r| r.members[0].disks[0].id = "web-volume".into(), "volume_taken", "web-volume"),
        (
            |r| r.members[0].disks[0].copies.get_mut(&"site-a".into()).unwrap().volume_id = "web-volume".into(),
            "volume_taken",
            "web-volume",
        ),
        (|r| r.retained.push(retained("web-volume")), "volume_taken", "web-volume"),
    ];
    for (change, code, what) in cases {
        let mut candidate = record("app");
        change(&mut candidate);
        let violations = check_mapping(&[record("db"), record("web")], &candidate);
        assert_eq!(codes(&violations), [code], "{violations:?}");
        let message = violations[0].to_string();
        assert!(message.contains(what) && message.contains("protection group 'web'"), "{message}");
        assert_eq!(check_mapping(&[candidate], &record("web")).len(), 1, "{code} holds from the other side");
    }
}

fn retained(volume: &str) -> RetainedCopy {
    RetainedCopy {
        site: "site-a".into(),
        disk: "disk".into(),
        volume_id: volume.into(),
        array_volume: "volume-x-cinder".into(),
        array_volume_id: "array-volume".into(),
        cloned_under: None,
        operation: "op-1".into(),
        since: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn each_site_needs_its_own_cinder_group() {
    let mut candidate = record("app");
    candidate.group.consistency_group.secondary_cg_id = candidate.group.consistency_group.primary_cg_id.clone();
    assert_eq!(codes(&check_mapping(&[], &candidate)), ["cinder_groups_equal"]);
}

#[test]
fn all_collisions_are_reported_in_one_conflict() {
    let mut candidate = record("web");
    candidate.group.id = "pg-app".into();
    let violations = check_mapping(&[record("web")], &candidate);
    let found: BTreeSet<String> = codes(&violations).into_iter().collect();
    let expected =
        ["array_group_taken", "cinder_group_taken", "consistency_group_taken", "server_taken", "volume_taken"];
    assert_eq!(found, expected.map(str::to_owned).into());
    assert_eq!(violations.len(), 6, "both Cinder groups are named");
    let error = mapping_error(&candidate.group.id, &violations);
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(error.message().lines().count(), 1 + violations.len());
}

fn set(names: &[&str]) -> BTreeSet<ArrayVolumeName> {
    names.iter().map(|n| (*n).into()).collect()
}

#[test]
fn equal_members_do_not_drift() {
    assert_eq!(compare_membership::<ArrayVolumeName>(&set(&[]), &set(&[]), &set(&[])), None);
    assert_eq!(compare_membership(&set(&["a", "b"]), &set(&["b", "a"]), &set(&["a", "b"])), None);
}

#[test]
fn drift_is_the_exact_difference() {
    type Names = &'static [&'static str];
    // servers, Cinder, array → missing in Cinder, foreign in Cinder, missing in array, foreign in array
    let cases: [([Names; 3], [Names; 4]); 5] = [
        ([&["a", "b"], &["a"], &["a", "b"]], [&["b"], &[], &[], &[]]),
        ([&["a"], &["a", "b"], &["a"]], [&[], &["b"], &[], &[]]),
        ([&["a", "b"], &["a", "b"], &["a"]], [&[], &[], &["b"], &[]]),
        ([&["a"], &["a"], &["a", "b"]], [&[], &[], &[], &["b"]]),
        ([&["a", "b"], &["b", "c"], &["d"]], [&["a"], &["c"], &["a", "b"], &["d"]]),
    ];
    for ([servers, cinder, array], [missing_in_cinder, foreign_in_cinder, missing_in_array, foreign_in_array]) in cases
    {
        let drift = compare_membership(&set(servers), &set(cinder), &set(array)).unwrap();
        let expected = MembershipDrift {
            missing_in_cinder: set(missing_in_cinder),
            foreign_in_cinder: set(foreign_in_cinder),
            missing_in_array: set(missing_in_array),
            foreign_in_array: set(foreign_in_array),
        };
        assert_eq!(drift, expected);
    }
    let drift = compare_membership(&set(&["a", "b"]), &set(&["b", "c"]), &set(&["a", "b"])).unwrap();
    assert_eq!(drift.to_string(), "not in the Cinder group: a; in the Cinder group but on no member: c");
}
