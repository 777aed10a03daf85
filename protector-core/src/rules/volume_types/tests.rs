use super::*;

fn volume_type(name: &str, replicates: bool) -> VolumeType {
    let specs = [("replication_enabled", "<is> True"), ("replication_type", "<in> async")];
    let specs = if replicates { &specs[..] } else { &[] };
    VolumeType {
        id: format!("id-{name}"),
        name: name.to_owned(),
        extra_specs: specs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    }
}

fn matched(name: &str, types: &[(&str, bool)]) -> Result<String> {
    let types: Vec<VolumeType> = types.iter().map(|(n, replicates)| volume_type(n, *replicates)).collect();
    match_volume_type(&"site-b".into(), name, &types, ReplicationType::Async).map(|t| t.name.clone())
}

#[test]
fn by_name_then_by_what_it_can_do() {
    let cases: [(&[(&str, bool)], &str); 4] = [
        (&[("gold", true), ("silver", true)], "gold"),
        (&[("silver", true)], "silver"),
        (&[("silver", true), ("standard", false)], "silver"),
        (&[("gold", false), ("silver", true)], "silver"),
    ];
    for (types, expected) in cases {
        assert_eq!(matched("gold", types).unwrap(), expected, "{types:?}");
    }
}

#[test]
fn none_or_several_is_refused_with_the_candidates_and_the_command() {
    let create = "openstack --os-cloud site-b volume type create gold --property replication_enabled='<is> True' \
                  --property replication_type='<in> async'";
    let set = create.replace("create", "set");
    type Case<'a> = (&'a [(&'a str, bool)], &'a [&'a str], &'a str);
    let cases: [Case; 5] = [
        (&[], &["no volume type 'gold'", "it has none"], create),
        (&[("b", false), ("a", false)], &["no volume type 'gold'", "'a', 'b'"], create),
        (&[("gold", false)], &["Volume type 'gold' does not support replication", "'gold'"], &set),
        (&[("y", true), ("x", true), ("z", false)], &["no volume type 'gold'", "several", "'x', 'y'"], create),
        (
            &[("gold", false), ("y", true), ("x", true)],
            &["Volume type 'gold' does not support replication", "several", "'x', 'y'"],
            &set,
        ),
    ];
    for (types, phrases, remedy) in cases {
        let error = matched("gold", types).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotEligible);
        assert_eq!(error.remedy_text(), Some(remedy), "{types:?}");
        for phrase in phrases.iter().chain(&["site 'site-b'"]) {
            assert!(error.message().contains(phrase), "{phrase} is not in: {error}");
        }
    }
}

#[test]
fn a_plain_type_lies_on_the_same_backend_and_does_not_replicate() {
    let named = |name: &str, backend: Option<&str>, replicated: bool| {
        let mut specs = std::collections::BTreeMap::new();
        specs.extend(backend.map(|b| (VOLUME_BACKEND_NAME.to_owned(), b.to_owned())));
        specs.extend(replicated.then(|| ("replication_enabled".to_owned(), "<is> True".to_owned())));
        VolumeType { id: format!("id-{name}"), name: name.to_owned(), extra_specs: specs }
    };
    let wanted = named("sync", Some("a"), true);
    let found = |others: &[VolumeType]| {
        let types: Vec<_> = others.iter().cloned().chain([wanted.clone()]).collect();
        plain_type_beside(&types, "sync").map(|t| t.name.clone())
    };
    assert_eq!(found(&[]), None);
    assert_eq!(found(&[named("other-backend", Some("b"), false), named("any", None, false)]), None);
    assert_eq!(found(&[named("async", Some("a"), true)]), None);
    assert_eq!(found(&[named("z", Some("a"), false), named("plain", Some(" a "), false)]), Some("plain".to_owned()));
    assert_eq!(plain_type_beside(&[named("plain", Some("a"), false)], "sync"), None, "the group's own type is gone");
    assert_eq!(plain_type_beside(&[named("plain", None, false), named("sync", None, true)], "sync"), None);
}
