use super::*;
use proptest::prelude::*;

fn thing(name: &str, likeness: &[&str]) -> Thing {
    let likeness: Vec<String> = likeness.iter().map(|text| (*text).to_owned()).collect();
    Thing { name: name.to_owned(), likeness: network_likeness(&likeness) }
}

/// Target and reason, or the candidates.
fn of(source: &Thing, among: &[Thing]) -> Result<(String, Likeness), Vec<String>> {
    let found = suggest(std::slice::from_ref(source), among).remove(0);
    assert_eq!(found.source, source.name);
    found.target.ok_or(found.candidates)
}

#[test]
fn the_same_name_then_the_same_range() {
    let web = thing("web", &["10.0.1.0/24"]);
    let (a, b) = (thing("a", &["10.0.1.0/24"]), thing("b", &["10.0.1.7/24", "fd00::/64"]));
    let table = [
        (vec![], Err(vec![])),
        (vec![thing("other", &["10.0.2.0/24"])], Err(vec![])),
        (vec![thing("web", &["10.9.0.0/16"]), a.clone()], Ok(("web", Likeness::Name))),
        (vec![a.clone(), thing("c", &["10.0.1.0/25"])], Ok(("a", Likeness::Likeness))),
        // another spelling of the range
        (vec![b.clone()], Ok(("b", Likeness::Likeness))),
        // several might be meant: none is
        (vec![a, b], Err(vec!["a", "b"])),
        (vec![thing("web", &[]), thing("web", &[])], Err(vec!["web"])),
        // without a range nothing is alike
        (vec![thing("d", &[])], Err(vec![])),
    ];
    for (among, expected) in table {
        let expected = expected
            .map(|(name, why)| (name.to_owned(), why))
            .map_err(|names| names.into_iter().map(str::to_owned).collect());
        assert_eq!(of(&web, &among), expected, "{among:?}");
    }
    assert_eq!(of(&thing("m1", &[]), &[thing("m2", &[])]), Err(vec![]));
}

#[test]
fn what_two_would_lead_to_is_suggested_for_neither() {
    let sources = [thing("web", &["10.0.1.0/24"]), thing("db", &["10.0.1.0/24"])];
    for found in suggest(&sources, &[thing("all", &["10.0.1.0/24"])]) {
        assert_eq!((found.target, found.candidates), (None, vec!["all".to_owned()]));
    }
}

#[test]
fn ranges_are_compared_by_their_first_address() {
    for (one, other, same) in [
        ("10.0.1.0/24", "10.0.1.99/24", true),
        ("10.0.1.0/24", "10.0.1.0/23", false),
        ("0.0.0.0/0", "1.2.3.4/0", true),
        ("FD00:0::/64", "fd00::1/64", true),
        ("10.0.0.0/33", "10.0.0.1/33", false),
        ("Whatever", " whatever ", true),
    ] {
        let (one, other) = (network_likeness(&[one.to_owned()]), network_likeness(&[other.to_owned()]));
        assert_eq!(one == other, same, "{one:?} {other:?}");
    }
}

fn things() -> impl Strategy<Value = Vec<Thing>> {
    let one = ("[a-e]", proptest::collection::btree_set("[x-z]", 0..3));
    proptest::collection::vec(one.prop_map(|(name, likeness)| Thing { name, likeness }), 0..6)
}

proptest! {
    /// Everything is answered, in order; what is suggested is there, and leads back to one source alone.
    #[test]
    fn suggestions_can_be_inverted(sources in things(), targets in things()) {
        let found = suggest(&sources, &targets);
        let names: Vec<_> = found.iter().map(|s| &s.source).collect();
        prop_assert_eq!(names, sources.iter().map(|s| &s.name).collect::<Vec<_>>());
        let mut used = BTreeSet::new();
        for (target, _) in found.iter().filter_map(|s| s.target.as_ref()) {
            prop_assert!(used.insert(target), "'{target}' twice");
            prop_assert_eq!(targets.iter().filter(|t| t.name == *target).count(), 1);
        }
        for suggestion in &found {
            prop_assert!(suggestion.target.is_none() || suggestion.candidates.is_empty());
            prop_assert!(suggestion.candidates.iter().all(|name| targets.iter().any(|t| t.name == *name)));
        }
    }
}
