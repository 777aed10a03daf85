use super::*;
use crate::ErrorKind;
use crate::model::{DiskId, OperationId, ProtectionGroupId, VolumeId};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

fn cases() -> Value {
    serde_json::from_str(include_str!("../../../../tests/data/names.json")).unwrap()
}

fn texts(list: &Value) -> Vec<String> {
    serde_json::from_value(list.clone()).unwrap()
}

fn rows(list: &Value) -> &Vec<Value> {
    let rows = list.as_array().unwrap();
    assert!(!rows.is_empty());
    rows
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_else(|| panic!("{row} has no text '{key}'"))
}

#[track_caller]
fn accepts_and_refuses(list: &Value, validate: impl Fn(&str) -> Result<()>) {
    let (accept, refuse) = (texts(&list["accept"]), texts(&list["refuse"]));
    assert!(!accept.is_empty() && !refuse.is_empty());
    for name in accept {
        validate(&name).unwrap_or_else(|e| panic!("'{name}' refused: {e}"));
    }
    for name in refuse {
        let error = validate(&name).err().unwrap_or_else(|| panic!("'{name}' accepted"));
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{name}");
        assert!(error.message().contains(&*name.escape_debug().to_string()), "'{name}' not named: {error}");
    }
}

#[test]
fn array_object_names() {
    accepts_and_refuses(&cases()["array_object_names"], |name| validate_array_object_name("pure_pg_name", name));
    let error = validate_array_object_name("pure_pg_name", "pg_1").unwrap_err();
    assert!(error.message().starts_with("pure_pg_name 'pg_1'") && error.message().contains("'_'"), "{error}");
}

#[test]
fn snapshot_suffixes() {
    accepts_and_refuses(&cases()["snapshot_suffixes"], validate_suffix);
}

#[test]
fn protection_group_names() {
    accepts_and_refuses(&cases()["protection_group_names"], validate_protection_group_name);
}

#[test]
fn group_names_come_apart_and_together() {
    let cases = cases();
    for row in rows(&cases["group_names"]["accept"]) {
        let parts = parse_group_name(&text(row, "text").into()).unwrap();
        let scope = match text(row, "scope") {
            "local" => GroupScope::Local,
            "pod" => GroupScope::Pod(text(row, "prefix").to_owned()),
            "replica" => GroupScope::Replica(text(row, "prefix").to_owned()),
            other => panic!("{other}"),
        };
        assert_eq!(parts, GroupNameParts { scope, group: text(row, "group").to_owned() });
        assert_eq!(parts.to_string(), text(row, "text"));
    }
    for name in texts(&cases["group_names"]["refuse"]) {
        let error = parse_group_name(&name.as_str().into()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.message().contains(&name), "'{name}' not named: {error}");
    }
}

#[test]
fn target_side_group_names() {
    for row in rows(&cases()["target_group_names"]) {
        let target = target_group_name(&text(row, "source_array").into(), &text(row, "local").into());
        assert_eq!(target.as_str(), text(row, "target"));
    }
}

#[test]
fn recovery_points_come_apart_and_move() {
    let cases = cases();
    for row in rows(&cases["recovery_points"]["accept"]) {
        let point = RecoveryPointName::from(text(row, "text"));
        let (group, suffix) = parse_recovery_point(&point).unwrap();
        assert_eq!((group.as_str(), suffix.as_str()), (text(row, "group"), text(row, "suffix")));
        assert_eq!(recovery_point_name(&group, &suffix), point);
        assert_eq!(on_target(&text(row, "source_array").into(), &point).as_str(), text(row, "target"));
    }
    for name in texts(&cases["recovery_points"]["refuse"]) {
        let error = parse_recovery_point(&name.as_str().into()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{name}");
        assert!(error.message().contains(&name), "'{name}' not named: {error}");
    }
    let volume = parse_recovery_point(&"pg1.dr-1.vol1".into()).unwrap_err();
    assert!(volume.message().ends_with("it names a volume of one"), "{volume}");
}

#[test]
fn volume_snapshots() {
    for row in rows(&cases()["volume_snapshots"]) {
        let name = volume_snapshot_name(&text(row, "point").into(), &text(row, "volume").into());
        assert_eq!(name, text(row, "text"));
    }
}

#[test]
fn made_names() {
    let cases = cases();
    let made = &cases["made"];
    for row in rows(&made["snapshot_suffixes"]) {
        assert_eq!(snapshot_suffix(&text(row, "operation").into(), text(row, "label")), text(row, "text"));
    }
    for row in rows(&made["clone_volumes"]) {
        let clone = clone_volume_name(&text(row, "operation").into(), &text(row, "disk").into());
        assert_eq!(clone.as_str(), text(row, "text"));
    }
    for row in rows(&made["cinder_volumes"]) {
        let name = cinder_volume_name(&text(row, "volume").into());
        assert_eq!(name.as_str(), text(row, "text"));
        assert_eq!(unmanaged_volume_name(&name).as_str(), text(row, "unmanaged"));
        validate_array_object_name("unmanaged", unmanaged_volume_name(&name).as_str()).unwrap();
    }
    for row in rows(&made["consistency_groups"]) {
        assert_eq!(consistency_group_name(&ProtectionGroupId::from(text(row, "group"))), text(row, "text"));
    }
    for row in rows(&made["default_array_groups"]) {
        assert_eq!(default_array_group_name(text(row, "name")).as_str(), text(row, "text"));
    }
}

#[test]
fn a_bent_name_stays_distinct() {
    let near = ["Prod Web", "prod-web", "prod_web", "PROD-WEB", "prod--web", "東京", "大阪", ""];
    let long = ["x".repeat(61), "x".repeat(62), format!("{}y", "x".repeat(61))];
    let names: Vec<&str> = near.into_iter().chain(long.iter().map(String::as_str)).collect();
    let made: BTreeSet<String> = names.iter().map(|n| default_array_group_name(n).as_str().to_lowercase()).collect();
    assert_eq!(made.len(), names.len(), "{made:?}");
}

#[test]
fn names_in_pods() {
    for row in rows(&cases()["pods"]) {
        let (object, volume) = (text(row, "object"), ArrayVolumeName::from(text(row, "object")));
        assert_eq!(pod_of(object), row["pod"].as_str(), "{object}");
        assert_eq!(outside_of_pods(&volume).as_str(), text(row, "bare"), "{object}");
        assert_eq!(volume_in_pod(CINDER_POD, &volume).as_str(), text(row, "in_cinder_pod"), "{object}");
    }
}

#[test]
fn system_groups() {
    let cases = cases();
    for name in texts(&cases["system_groups"]["yes"]) {
        assert!(is_system_group(&name.as_str().into()), "{name}");
    }
    for name in texts(&cases["system_groups"]["no"]) {
        assert!(!is_system_group(&name.as_str().into()), "{name}");
    }
}

/// The longest names that arrays take, in all the places a group can be in.
fn groups() -> Vec<ArrayGroupName> {
    let long = "x".repeat(63);
    let names = ["pg", "PG", "pg-2", "pod1::pg", "pod2::pg", "arrA:pg", "arrB:pg", "pod1:pg", "array.example:pg"];
    let long = [long.clone(), format!("{long}::{long}"), format!("{long}:{long}")];
    names.into_iter().map(ArrayGroupName::from).chain(long.map(ArrayGroupName::from)).collect()
}

#[test]
fn each_group_has_a_marker_volume_of_its_own_on_no_pod() {
    let markers: BTreeSet<String> =
        groups().iter().map(|group| marker_volume_name(group).as_str().to_lowercase()).collect();
    assert_eq!(markers.len(), groups().len());
    for marker in &markers {
        validate_array_object_name("volume", marker).unwrap();
        assert!(!marker.contains("::"), "{marker}");
    }
    // arrays hold these: a change of the rule would lose every mark
    assert_eq!(marker_volume_name(&"arrA:pg".into()).as_str(), "protector-mark-26ac84b6d6485088a348e97297d83fb3");
}

#[test]
fn a_group_is_made_under_a_working_name_in_its_own_pod() {
    let local: Vec<ArrayGroupName> = groups()
        .into_iter()
        .filter(|group| !matches!(parse_group_name(group).unwrap().scope, GroupScope::Replica(_)))
        .collect();
    let working: BTreeSet<ArrayGroupName> = local.iter().map(working_group_name).collect();
    assert_eq!(working.len(), local.len());
    for group in &local {
        let parts = parse_group_name(&working_group_name(group)).unwrap();
        assert_eq!(parts.scope, parse_group_name(group).unwrap().scope, "{group}");
        assert!(parts.group.starts_with("protector-new-"), "{group}");
    }
}

#[test]
fn a_tag_of_clones_has_a_short_key_that_differs_for_each_call() {
    let keys =
        ["", "op-1/clone", "op-1/clone/2", "OP-1/clone", &"x".repeat(5000)].map(|key| clone_tag_key(&key.into()));
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    for key in keys {
        assert!(key.starts_with("clone-") && key.len() == 38, "{key}");
        assert!(key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{key}");
    }
}

#[test]
fn volume_snapshots_are_taken_apart() {
    for (snapshot, expected) in [
        ("pg.dr-1.v1", Some(("pg.dr-1", "v1"))),
        ("pg.12.v1", Some(("pg.12", "v1"))),
        ("arrA:pg.dr-1.v1", Some(("arrA:pg.dr-1", "v1"))),
        ("array.example:pg.dr-1.v1", Some(("array.example:pg.dr-1", "v1"))),
        ("pod1::pg.dr-1.v1", Some(("pod1::pg.dr-1", "pod1::v1"))),
        ("pod1:pg.dr-1.v1", Some(("pod1:pg.dr-1", "v1"))),
        ("v1.daily", None),
        ("arrA:v1.daily", None),
        ("pg.dr-1.", None),
        ("pg..v1", None),
        (".dr-1.v1", None),
        ("v1", None),
        ("", None),
    ] {
        let found = parse_volume_snapshot(snapshot);
        assert_eq!(found, expected.map(|(point, member)| (point.into(), member.into())), "{snapshot}");
        if let Some((point, member)) = found {
            assert_eq!(volume_snapshot_name(&point, &member), snapshot);
            assert_eq!(snapshot_member(&point, snapshot), Some(member));
        }
    }
}

#[test]
fn the_member_of_a_snapshot_is_that_of_its_own_point_only() {
    for (point, snapshot, member) in [
        ("arrA:pg.dr-1", "arrA:pg.dr-1.v1", Some("v1")),
        ("arrA:pg.dr-1", "arrA:pg.dr-10.v1", None),
        ("arrA:pg.dr-1", "arrA:pg.dr-1", None),
        ("arrA:pg.dr-1", "arrA:pg.dr-1.", None),
        ("pg.dr-1", "arrA:pg.dr-1.v1", None),
        ("pod1::pg.dr-1", "pod1::pg.dr-1.v1", Some("pod1::v1")),
    ] {
        assert_eq!(snapshot_member(&point.into(), snapshot), member.map(Into::into), "{point} {snapshot}");
    }
}

#[test]
fn members_are_called_as_on_the_source() {
    for (group, shown, name) in [
        ("pg", "v1", "v1"),
        ("arrA:pg", "arrA:v1", "v1"),
        ("arrA:pg", "v1", "v1"),
        ("arrA:pg", "arrB:v1", "arrB:v1"),
        ("pod1::pg", "pod1::v1", "pod1::v1"),
        ("pod1:pg", "pod1:v1", "v1"),
        ("pod1:pg", "pod1::v1", "v1"),
    ] {
        assert_eq!(source_volume_name(&group.into(), shown).as_str(), name, "{group} {shown}");
    }
}

/// A name that an array accepts.
fn object_name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?".prop_filter("a letter", |n| n.contains(|c: char| c.is_alphabetic()))
}

fn group_name() -> impl Strategy<Value = String> {
    prop_oneof![
        object_name(),
        (object_name(), object_name()).prop_map(|(pod, pg)| format!("{pod}::{pg}")),
        ("[a-zA-Z0-9][a-zA-Z0-9.-]{0,30}", object_name()).prop_map(|(array, pg)| format!("{array}:{pg}")),
    ]
}

fn operation() -> impl Strategy<Value = OperationId> {
    prop_oneof![any::<u128>().prop_map(|n| format!("op-{}", Uuid::from_u128(n))), any::<String>()]
        .prop_map(OperationId::from)
}

/// Short and long, plain and strange.
fn free_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-zA-Z0-9 -]{30,90}", "[a-z0-9]{1,60}(-[a-z0-9]{1,20}){1,4}"]
}

fn uuid_text() -> impl Strategy<Value = String> {
    any::<u128>().prop_map(|n| Uuid::from_u128(n).to_string())
}

proptest! {
    #[test]
    fn what_is_parsed_prints_the_same(name in group_name()) {
        let name = ArrayGroupName::from(name);
        prop_assert_eq!(parse_group_name(&name).unwrap().to_string(), name.as_str());
    }

    #[test]
    fn parsing_any_text_refuses_or_round_trips(text in "[a-zA-Z0-9:._ -]{0,12}|\\PC{0,12}") {
        if let Ok(parts) = parse_group_name(&text.as_str().into()) {
            prop_assert_eq!(parts.to_string(), text.as_str());
        }
        if let Ok((group, suffix)) = parse_recovery_point(&text.as_str().into()) {
            prop_assert_eq!(recovery_point_name(&group, &suffix), text.into());
        }
    }

    #[test]
    fn generated_object_names_validate(name in object_name()) {
        validate_array_object_name("name", &name).unwrap();
        validate_suffix(&name).unwrap();
    }

    #[test]
    fn moving_a_point_to_the_target_moves_its_group(array in object_name(), group in group_name(), suffix in object_name()) {
        let (array, group) = (ArrayName::from(array), ArrayGroupName::from(group));
        let there = on_target(&array, &recovery_point_name(&group, &suffix));
        let (group_there, suffix_there) = parse_recovery_point(&there).unwrap();
        prop_assert_eq!(&group_there, &target_group_name(&array, &group));
        prop_assert_eq!(&suffix_there, &suffix);
        prop_assert!(matches!(parse_group_name(&group_there).unwrap().scope, GroupScope::Replica(_)));
        prop_assert_eq!(on_target(&array, &there), there, "a target-side name stays");
    }

    #[test]
    fn made_suffixes_validate(operation in operation(), label in free_text()) {
        let suffix = snapshot_suffix(&operation, &label);
        prop_assert!(validate_suffix(&suffix).is_ok(), "{suffix}");
    }

    #[test]
    fn made_clone_names_validate(operation in operation(), disk in prop_oneof![uuid_text(), free_text()]) {
        let disk = DiskId::from(disk);
        let name = clone_volume_name(&operation, &disk);
        prop_assert!(validate_array_object_name("clone", name.as_str()).is_ok(), "{name}");
        prop_assert_eq!(clone_volume_name(&operation, &disk), name, "the same again");
    }

    #[test]
    fn clones_of_two_disks_differ(operation in operation(), a in uuid_text(), b in uuid_text()) {
        prop_assume!(a != b);
        prop_assert_ne!(clone_volume_name(&operation, &a.into()), clone_volume_name(&operation, &b.into()));
    }

    #[test]
    fn default_group_names_validate(name in free_text()) {
        let made = default_array_group_name(&name);
        prop_assert!(validate_array_object_name("pure_pg_name", made.as_str()).is_ok(), "{made}");
        prop_assert!(!is_system_group(&made), "{made}");
    }

    #[test]
    fn cinder_names_validate(id in uuid_text()) {
        let name = cinder_volume_name(&VolumeId::from(id));
        prop_assert!(validate_array_object_name("volume", name.as_str()).is_ok());
    }

    #[test]
    fn validators_never_panic(text in free_text()) {
        let _ = validate_array_object_name("name", &text);
        let _ = validate_suffix(&text);
        if validate_protection_group_name(&text).is_ok() {
            prop_assert!(!text.is_empty() && text.trim() == text && !text.contains(char::is_control));
        }
    }
}
