use super::*;
use crate::ErrorKind;
use proptest::prelude::*;

fn networks(pairs: &[(&str, &str)]) -> Mappings {
    let networks = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    Mappings { networks, ..Mappings::default() }
}

#[test]
fn pairs() {
    for (text, source, target) in [("a=b", "a", "b"), (" a = b ", "a", "b"), ("net one=net two", "net one", "net two")]
    {
        assert_eq!(parse_pair(text, "--network-mapping").unwrap(), (source.to_owned(), target.to_owned()));
    }
    for text in ["", "a", "=", "a=", "=b", " =b", "a= ", "a=b=c", "a==b"] {
        let error = parse_pair(text, "--flavor-mapping").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{text}");
        assert!(error.message().contains(&format!("--flavor-mapping '{text}'")), "{error}");
    }
}

#[test]
fn what_is_given_goes_over_what_is_stored() {
    let stored = networks(&[("a", "x"), ("b", "y")]);
    let merged = merge(&stored, &networks(&[("b", "z"), ("c", "w")]));
    assert_eq!(merged, networks(&[("a", "x"), ("b", "z"), ("c", "w")]));
    assert_eq!(merge(&stored, &Mappings::default()), stored);
}

#[test]
fn two_sources_of_one_target_cannot_be_inverted() {
    for (kind, mappings) in [
        ("network", networks(&[("a", "x"), ("b", "x"), ("c", "y")])),
        ("flavor", Mappings { flavors: networks(&[("a", "x"), ("b", "x")]).networks, ..Mappings::default() }),
        (
            "security-group",
            Mappings { security_groups: networks(&[("a", "x"), ("b", "x")]).networks, ..Mappings::default() },
        ),
    ] {
        let error = invert(&mappings).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.message(), format!("the {kind} mapping cannot be inverted: 'a' and 'b' both lead to 'x'"));
        assert_eq!(error.remedy_text(), Some(&*format!("--{kind}-mapping x=a or --{kind}-mapping x=b")));
    }
}

#[test]
fn following_the_remedy_of_a_failed_inversion_works() {
    let stored = networks(&[("a", "x"), ("b", "x"), ("c", "y")]);
    let back = towards(&stored, &networks(&[("x", "b")]), false).unwrap();
    assert_eq!(back, networks(&[("x", "b"), ("y", "c")]));
}

#[test]
fn stored_mappings_turn_with_the_move() {
    let stored = networks(&[("net-primary-web", "net-secondary-web")]);
    let none = Mappings::default();
    assert_eq!(towards(&stored, &none, true).unwrap(), stored);
    assert_eq!(towards(&stored, &none, false).unwrap(), networks(&[("net-secondary-web", "net-primary-web")]));
    let given = networks(&[("net-secondary-web", "net-new")]);
    assert_eq!(towards(&stored, &given, false).unwrap(), given);
    let doubled = networks(&[("a", "x"), ("b", "x")]);
    assert_eq!(towards(&doubled, &none, true).unwrap(), doubled, "only the way back needs the inverse");
}

proptest! {
    #[test]
    fn inverting_twice_gives_the_start(pairs in proptest::collection::btree_map("[a-f]", "[a-f]", 0..6)) {
        let mappings = Mappings { networks: pairs.clone(), flavors: pairs.clone(), security_groups: pairs.clone() };
        let targets: std::collections::BTreeSet<&String> = pairs.values().collect();
        match invert(&mappings) {
            Ok(inverse) => prop_assert_eq!(invert(&inverse).unwrap(), mappings),
            Err(_) => prop_assert!(targets.len() < pairs.len()),
        }
        prop_assert_eq!(invert(&Mappings { networks: pairs.clone(), ..Mappings::default() }).is_ok(), targets.len() == pairs.len());
    }
}
