use super::*;
use crate::pure::wire::Reference;

fn volume(source: Option<&str>, destroyed: Option<bool>) -> Volume {
    Volume {
        id: "id-1".into(),
        name: "dr-v1".into(),
        destroyed,
        provisioned: Some(512),
        connection_count: Some(0),
        source: Reference { id: None, name: source.map(Into::into) },
    }
}

#[test]
fn the_work_of_an_interrupted_call_is_told_by_its_source_and_by_having_no_tag() {
    let none = BTreeMap::new();
    for (snapshot, source, is_one) in [
        // versions differ in what they name
        ("arrA:pg.dr-1.v1", Some("arrA:pg.dr-1.v1"), true),
        ("arrA:pg.dr-1.v1", Some("arrA:v1"), true),
        ("arrA:pg.dr-1.v1", Some("v1"), true),
        ("pg.dr-1.v1", Some("v1"), true),
        ("pod1::pg.dr-1.v1", Some("pod1::v1"), true),
        // not of this snapshot
        ("arrA:pg.dr-1.v1", Some("arrA:pg.dr-2.v1"), false),
        ("arrA:pg.dr-1.v1", Some("arrA:v2"), false),
        ("arrA:pg.dr-1.v1", Some("arrB:v1"), false),
        ("pod1::pg.dr-1.v1", Some("v1"), false),
        ("arrA:pg.dr-1.v1", None, false),
    ] {
        let found = is_unfinished(&volume(source, Some(false)), &none, snapshot);
        assert_eq!(found, is_one, "{snapshot} {source:?}");
    }
    let source = Some("arrA:v1");
    assert!(!is_unfinished(&volume(source, Some(true)), &none, "arrA:pg.dr-1.v1"), "destroyed");
    let tagged = BTreeMap::from([("id-1".to_owned(), Vec::new())]);
    assert!(!is_unfinished(&volume(source, Some(false)), &tagged, "arrA:pg.dr-1.v1"), "somebody finished it");
}

#[test]
fn clones_are_listed_by_their_sources_and_only_those_asked_for() {
    let request = CloneRequest {
        point: "arrA:pg.dr-1".into(),
        volumes: [("v1".into(), "z".into()), ("v2".into(), "a".into())].into(),
    };
    let clone = |source: &str| ClonedVolume { source: source.into(), id: source.into(), name: source.into() };
    let listed = in_order(&request, ["v2", "v3", "v1"].map(clone).into());
    assert_eq!(listed, ["v1", "v2"].map(clone));
}

#[test]
fn names_that_no_array_or_cinder_takes_are_refused_before_anything_is_sent() {
    for (names, why) in [
        (["dr-v1", "dr-v1"], "clone name 'dr-v1' is given twice"),
        (["dr-v1", "dr_v2"], "clone name 'dr_v2'"),
        (["", "dr-v2"], "clone name ''"),
    ] {
        let (sources, names) = ([1, 2].map(|n| ArrayVolumeName::new(format!("v{n}"))), names.map(Into::into));
        let error = refuse_bad_names(&sources.iter().zip(&names).collect()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.message().contains(why), "{error}");
    }
}

#[test]
fn what_may_pass_or_is_not_known_is_no_refusal() {
    let open = [
        ErrorKind::Transient,
        ErrorKind::Indeterminate,
        ErrorKind::Unreachable,
        ErrorKind::Unauthenticated,
        ErrorKind::DeadlineExceeded,
    ];
    for kind in ErrorKind::ALL {
        assert_eq!(is_final(kind), !open.contains(&kind), "{kind}");
    }
}
