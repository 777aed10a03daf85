use super::*;
use crate::ErrorKind;
use proptest::prelude::*;

const VOLUME: &str = "8f14e45f-ceea-467f-a0e6-1b2c3d4e5f60";

fn volume_type(name: &str, specs: &[(&str, &str)]) -> VolumeType {
    VolumeType {
        id: format!("id-of-{name}"),
        name: name.to_owned(),
        extra_specs: specs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    }
}

fn replicated() -> VolumeType {
    volume_type("replicated-ssd", &[(REPLICATION_ENABLED, "<is> True"), (REPLICATION_TYPE, "<in> async")])
}

fn standard() -> VolumeType {
    volume_type("standard-ssd", &[])
}

fn good() -> Candidate {
    Candidate {
        server: "srv-1".into(),
        server_name: "web-server-1".to_owned(),
        volume: VOLUME.into(),
        volume_name: "web-data".to_owned(),
        volume_type: Some(replicated()),
        backend: "pure@backend-a".to_owned(),
        group: None,
        delete_on_termination: false,
        array_volume: Some("volume-x-cinder".into()),
        protected_by: None,
    }
}

fn check(candidates: &[Candidate]) -> Vec<Violation> {
    let own = CinderGroupId::from("own-group");
    check_candidates(&"site-a".into(), ReplicationType::Async, "replicated-ssd", "pure@backend-a", &own, candidates)
}

#[test]
fn volume_types_by_extra_specs() {
    use ReplicationType::{Async, Sync};
    let enabled = (REPLICATION_ENABLED, "<is> True");
    let not_enabled = "replication_not_enabled";
    let mismatch = "replication_type_mismatch";
    type Case<'a> = (&'a [(&'a str, &'a str)], ReplicationType, &'a [&'a str]);
    let cases: [Case; 15] = [
        (&[enabled, (REPLICATION_TYPE, "<in> async")], Async, &[]),
        (&[enabled, (REPLICATION_TYPE, "<in> sync")], Sync, &[]),
        (&[(REPLICATION_ENABLED, " '<is>  True' "), (REPLICATION_TYPE, "\"<in>async\"")], Async, &[]),
        (&[enabled], Async, &[]),
        (&[enabled], Sync, &[mismatch]),
        (&[enabled, (REPLICATION_TYPE, "<in> async")], Sync, &[mismatch]),
        (&[enabled, (REPLICATION_TYPE, "<in> sync")], Async, &[mismatch]),
        (&[enabled, (REPLICATION_TYPE, "<in> trisync")], Sync, &[mismatch]),
        (&[enabled, (REPLICATION_TYPE, "async")], Async, &[mismatch]),
        (&[enabled, (REPLICATION_TYPE, "")], Async, &[mismatch]),
        (&[], Async, &[not_enabled]),
        (&[], Sync, &[not_enabled, mismatch]),
        (&[(REPLICATION_ENABLED, "<is> False")], Async, &[not_enabled]),
        (&[(REPLICATION_ENABLED, "True")], Async, &[not_enabled]),
        (&[(REPLICATION_ENABLED, "<is> true")], Async, &[not_enabled]),
    ];
    for (specs, wanted, codes) in cases {
        let found = check_volume_type(&"site-a".into(), &volume_type("t", specs), wanted);
        assert_eq!(found.iter().map(Violation::code).collect::<Vec<_>>(), codes, "{specs:?} as {wanted}");
    }
}

#[test]
fn an_ineligible_type_is_told_in_the_documented_words() {
    let violations = check_volume_type(&"site-a".into(), &standard(), ReplicationType::Async);
    let [violation] = violations.as_slice() else { panic!("{violations:?}") };
    assert!(violation.message().contains("Volume type 'standard-ssd' does not support replication"), "{violation}");
    assert!(violation.message().contains("site 'site-a'"), "{violation}");
    assert_eq!(
        violation.remedy(),
        "openstack --os-cloud site-a volume type set standard-ssd --property replication_enabled='<is> True' \
         --property replication_type='<in> async'"
    );
    for violation in check_volume_type(&"site-a".into(), &standard(), ReplicationType::Sync) {
        assert!(violation.message().contains("Volume type 'standard-ssd' does not support replication"));
        assert!(violation.remedy().ends_with("replication_type='<in> sync'"));
    }
}

#[test]
fn names_in_remedies_are_shell_words() {
    let spaced = volume_type("two words; reboot", &[]);
    let remedy = check_volume_type(&"site a".into(), &spaced, ReplicationType::Async)[0].remedy();
    assert!(remedy.starts_with("openstack --os-cloud 'site a' volume type set 'two words; reboot' --"), "{remedy}");
}

/// I-45
#[test]
fn each_rule_alone() {
    type Change = fn(&mut Candidate);
    let retype =
        format!("openstack --os-cloud site-a volume set --type replicated-ssd --migration-policy on-demand {VOLUME}");
    let cases: [(Change, &str, &str, String); 12] = [
        (
            |c| c.volume_type = Some(standard()),
            "volume_not_eligible",
            "Volume not replication-eligible: volume 'web-data' (8f14e45f-ceea-467f-a0e6-1b2c3d4e5f60) of server 'web-server-1'",
            retype.clone(),
        ),
        (|c| c.volume_type = None, "volume_not_eligible", "Volume not replication-eligible", retype.clone()),
        (
            |c| c.volume_type = Some(volume_type("replicated-ssd", &[])),
            "volume_not_eligible",
            "Volume not replication-eligible",
            "openstack --os-cloud site-a volume type set replicated-ssd --property replication_enabled='<is> True' \
             --property replication_type='<in> async'"
                .to_owned(),
        ),
        (
            |c| c.volume_type = Some(VolumeType { name: "replicated-nvme".to_owned(), ..replicated() }),
            "volume_type_mismatch",
            "Volume type mismatch",
            retype,
        ),
        (
            |c| c.backend = "lvm@lvm-1".to_owned(),
            "other_backend",
            "'lvm@lvm-1'",
            format!("openstack --os-cloud site-a volume migrate --host 'pure@backend-a#<pool>' {VOLUME}"),
        ),
        (
            |c| c.backend = String::new(),
            "other_backend",
            "unknown backend",
            "openstack --os-cloud site-a role add --project <project> --user <user> admin \
             (volume_extension:volume_host_attribute)"
                .to_owned(),
        ),
        (
            |c| c.group = Some("other-group".into()),
            "in_foreign_cinder_group",
            "other-group",
            format!(
                "on site-a: cinder --os-volume-api-version 3.13 group-update --remove-volumes {VOLUME} other-group"
            ),
        ),
        (
            |c| c.protected_by = Some("prod db".to_owned()),
            "in_other_protection_group",
            "'prod db'",
            "openstack --os-cloud site-a protector protection-group member-remove 'prod db' --instance-id srv-1"
                .to_owned(),
        ),
        (
            |c| c.delete_on_termination = true,
            "deleted_with_server",
            "delete_on_termination",
            format!(
                "openstack --os-cloud site-a --os-compute-api-version 2.85 server volume update \
                 --preserve-on-termination srv-1 {VOLUME}"
            ),
        ),
        (
            |c| c.array_volume = None,
            "array_volume_unknown",
            "Array volume unknown",
            format!("openstack --os-cloud site-a volume set --property array_volume_name=<name on the array> {VOLUME}"),
        ),
        (|c| c.backend = "pure@backend-a#pool".to_owned(), "", "", String::new()),
        (|c| c.group = Some("own-group".into()), "", "", String::new()),
    ];
    for (change, code, phrase, remedy) in cases {
        let mut candidate = good();
        change(&mut candidate);
        match check(std::slice::from_ref(&candidate)).as_slice() {
            [] => assert_eq!(code, "", "{candidate:?}"),
            [violation] => {
                assert_eq!(violation.code(), code);
                assert!(violation.message().contains(phrase), "{violation}");
                assert_eq!(violation.remedy(), remedy);
                assert!(violation.to_string().contains(&remedy) && !violation.to_string().contains('\n'));
                let json = serde_json::to_value(violation).unwrap();
                assert_eq!(json["code"], code);
                assert_eq!(serde_json::from_value::<Violation>(json).unwrap(), *violation);
            }
            several => panic!("{several:?}"),
        }
    }
}

#[test]
fn all_violations_of_all_volumes_at_once() {
    let bad = Candidate {
        volume_type: Some(standard()),
        backend: "lvm@lvm-1".to_owned(),
        group: Some("g".into()),
        delete_on_termination: true,
        array_volume: None,
        protected_by: Some("db".to_owned()),
        ..good()
    };
    let other = Candidate { server_name: "app-1".to_owned(), ..bad.clone() };
    let violations = check(&[bad.clone(), good(), other, bad]);
    let found: Vec<(&str, &str)> = violations.iter().map(|v| (v.sort_key().0, v.code())).collect();
    let codes = [
        "array_volume_unknown",
        "deleted_with_server",
        "in_foreign_cinder_group",
        "in_other_protection_group",
        "other_backend",
        "volume_not_eligible",
    ];
    let expected: Vec<(&str, &str)> =
        ["app-1", "web-server-1"].iter().flat_map(|s| codes.iter().map(move |c| (*s, *c))).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_server_must_boot_from_a_volume() {
    let (site, server) = ("site-a".into(), ServerId::from("srv-1"));
    let boot = |count, from_volume| check_boot_volume(&site, &server, "db-1", count, from_volume);
    assert!(boot(0, false).unwrap().message().contains("server 'db-1' has no volumes"));
    assert!(boot(0, true).unwrap().message().contains("server 'db-1' has no volumes"));
    assert_eq!(boot(2, false).unwrap().code(), "boot_disk_not_a_volume");
    assert_eq!(boot(2, true), None);
}

#[test]
fn a_server_joins_groups_of_its_own_project() {
    let (shop, bank) = (ProjectId::from("shop"), ProjectId::from("bank"));
    let cases = [
        (Some(&shop), Some(&shop), false),
        (Some(&shop), Some(&bank), true),
        // of a group at a shell, which any server may join
        (None, Some(&bank), false),
        // the cloud does not tell
        (Some(&shop), None, false),
        (None, None, false),
    ];
    for (owner, found, refused) in cases {
        let violation = check_project(&"site-a".into(), owner, &"srv-1".into(), "web-server-1", found);
        assert_eq!(violation.is_some(), refused, "{owner:?} {found:?}");
        if let Some(violation) = violation {
            assert_eq!(violation.code(), "of_other_project");
            let said = violation.to_string();
            let words = ["web-server-1", "srv-1", "project 'bank'", "project 'shop'", "member add"];
            assert!(words.iter().all(|word| said.contains(word)), "{said}");
        }
    }
}

#[test]
fn one_error_names_every_violation_on_its_own_line() {
    let mut second = good();
    second.volume_type = Some(standard());
    second.array_volume = None;
    let violations = check(&[second]);
    let error = violations_error("cannot add server 'web-server-1' to protection group 'prod'", &violations);
    assert_eq!(error.kind(), ErrorKind::NotEligible);
    let lines: Vec<&str> = error.message().lines().collect();
    assert_eq!(lines[0], "cannot add server 'web-server-1' to protection group 'prod':");
    assert_eq!(lines.len(), 1 + violations.len());
    for (line, violation) in lines[1..].iter().zip(&violations) {
        assert!(line.contains(&violation.message()) && line.contains(&violation.remedy()), "{line}");
    }
}

fn candidate() -> impl Strategy<Value = Candidate> {
    let types = prop_oneof![
        Just(None),
        Just(Some(standard())),
        Just(Some(replicated())),
        Just(Some(VolumeType { name: "replicated-nvme".to_owned(), ..replicated() })),
    ];
    let names = ("[ab]", "[ab]", "[xy]", "[xyz]");
    let place = (prop_oneof![Just("pure@backend-a"), Just("lvm@1")], proptest::option::of("own-group|g[12]"));
    (names, types, place, any::<bool>(), any::<bool>(), proptest::option::of("p[12]")).prop_map(
        |((server, server_name, volume, volume_name), volume_type, (backend, group), known, deleted, protected_by)| {
            Candidate {
                server: server.into(),
                server_name,
                volume: volume.into(),
                volume_name,
                volume_type,
                backend: backend.to_owned(),
                group: group.map(CinderGroupId::from),
                delete_on_termination: deleted,
                array_volume: known.then(|| "v".into()),
                protected_by,
            }
        },
    )
}

proptest! {
    #[test]
    fn the_verdict_does_not_depend_on_order(
        (given, shuffled) in proptest::collection::vec(candidate(), 0..8)
            .prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle()))
    ) {
        prop_assert_eq!(check(&given), check(&shuffled));
    }

    #[test]
    fn a_volume_never_hides_the_violations_of_another(given in proptest::collection::vec(candidate(), 0..6)) {
        let together = check(&given);
        for one in &given {
            for violation in check(std::slice::from_ref(one)) {
                prop_assert!(together.contains(&violation), "{} is missing", violation);
            }
        }
    }
}

#[test]
fn volumes_of_a_group_in_a_pod_lie_in_that_pod() {
    // (name on the array, code and part of the message)
    let table = [
        (Some("cinder-pod::volume-x-cinder"), None),
        (Some("other::volume-x-cinder"), Some("in pod 'other'")),
        (Some("volume-x-cinder"), Some("in no pod")),
        // a rule of its own says that
        (None, None),
    ];
    for (name, expected) in table {
        let candidate = Candidate { array_volume: name.map(Into::into), ..good() };
        let found = check_pod(&"site-a".into(), "cinder-pod", &[candidate.clone(), candidate]);
        let messages: Vec<String> = found.iter().map(Violation::message).collect();
        match expected {
            None => assert_eq!(messages, Vec::<String>::new()),
            Some(part) => {
                assert_eq!((messages.len(), found[0].code()), (1, "outside_pod"));
                assert!(messages[0].contains(part) && messages[0].contains("'cinder-pod'"), "{messages:?}");
                assert!(found[0].remedy().contains("pure_replication_pod_name = cinder-pod"));
            }
        }
    }
}
