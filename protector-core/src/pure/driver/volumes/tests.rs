use super::*;
use crate::pure::wire::Reference;

fn tag(key: &str, value: &str, id: Option<&str>, name: Option<&str>) -> Tag {
    let resource = Reference { id: id.map(Into::into), name: name.map(Into::into) };
    Tag { key: key.into(), value: value.into(), resource }
}

#[test]
fn clones_are_the_volumes_with_a_tag_of_that_key_that_says_what_they_came_from() {
    let (ours, other) = (OpKey::from("op-1/clone"), OpKey::from("op-2/clone"));
    let key = naming::clone_tag_key(&ours);
    let value = "arrA:pg.dr-1.v1";
    let tags = [
        tag(&key, value, Some("id-1"), Some("dr-v1")),
        tag(&naming::clone_tag_key(&other), value, Some("id-2"), Some("dr-v2")),
        tag("fence", value, Some("id-3"), Some("dr-v3")),
        tag(&key, "v1.daily", Some("id-4"), Some("dr-v4")),
        tag(&key, value, None, Some("dr-v5")),
        tag(&key, value, Some("id-6"), None),
    ];
    let clone = CloneTag { id: "id-1".into(), name: "dr-v1".into(), point: "arrA:pg.dr-1".into(), source: "v1".into() };
    assert_eq!(CloneTag::among(&ours, &tags), [clone]);
    assert!(key.starts_with(CLONE_KEYS));
}

#[test]
fn a_common_beginning_is_asked_for_only_where_it_tells_names_from_most_others() {
    for (names, prefix) in [
        (&["dr-0b54c1a2-v1", "dr-0b54c1a2-v2"][..], Some("dr-0b54c1a2-v")),
        (&["dr-0b54c1a2-b", "dr-0b54c1a2-a", "dr-0b54c1a2-c"], Some("dr-0b54c1a2-")),
        (&["dr-0b54c1a2-a"], Some("dr-0b54c1a2-a")),
        // all of Cinder's begin so
        (&["volume-1", "volume-2"], None),
        (&["dr-0b54c1a2-a", "dr-0b54c1ff-a"], None),
        (&["dr-0b54c1a2-a", "other"], None),
        // a filter on such a name is not relied on
        (&["pod-of-some-length::a", "pod-of-some-length::b"], None),
        (&[], None),
    ] {
        let names: Vec<ArrayVolumeName> = names.iter().map(|name| (*name).into()).collect();
        assert_eq!(telling_prefix(&names), prefix, "{names:?}");
    }
}

#[test]
fn a_common_beginning_never_ends_within_a_character() {
    // two letters whose first bytes are the same
    let names = ["dr-0b54c1a2-é".into(), "dr-0b54c1a2-è".into()];
    assert_eq!(telling_prefix(&names), None);
}

#[test]
fn a_volume_is_shown_with_what_its_tags_say() {
    let volume = |source: Option<&str>| Volume {
        id: "id-1".into(),
        name: "dr-v1".into(),
        destroyed: Some(false),
        provisioned: Some(512),
        connection_count: None,
        source: Reference { id: None, name: source.map(Into::into) },
    };
    let shown = |source, tags: Vec<Tag>| show(volume(source), &[("id-1".to_owned(), tags)].into(), None).unwrap();
    let from = |point: &str, source: &str| Some((point.into(), source.into()));
    let key = naming::clone_tag_key(&OpKey::from("op-1"));
    let clone = || tag(&key, "arrA:pg.dr-1.v1", Some("id-1"), Some("dr-v1"));
    assert_eq!(shown(None, vec![clone()]).cloned_from, from("arrA:pg.dr-1", "v1"));
    assert_eq!(shown(Some("arrA:pg.dr-2.v1"), vec![clone()]).cloned_from, from("arrA:pg.dr-1", "v1"));
    assert_eq!(shown(Some("arrA:pg.dr-2.v1"), vec![]).cloned_from, from("arrA:pg.dr-2", "v1"));
    assert_eq!(shown(Some("v1"), vec![]).cloned_from, None);
    let fenced = |connection_count, tags: Vec<Tag>| {
        let volume = Volume { connection_count, ..volume(None) };
        show(volume, &[("id-1".to_owned(), tags)].into(), Some("fence-here")).unwrap().fenced
    };
    let fence = || vec![tag("fence-here", "[]", Some("id-1"), None)];
    assert!(fenced(Some(0), fence()));
    // somebody was connected anew, or the array does not say whether
    assert!(!fenced(Some(1), fence()) && !fenced(None, fence()));
    assert!(!fenced(Some(0), vec![clone()]));
    // by the other array of a stretched pod
    assert!(!fenced(Some(0), vec![tag("fence-there", "[]", Some("id-1"), None)]));
    assert!(naming::fence_tag_key(&"array-1".into()).starts_with(FENCE_KEYS));
    let unknown = Volume { provisioned: None, ..volume(None) };
    assert_eq!(show(unknown, &BTreeMap::new(), None).unwrap_err().kind(), crate::ErrorKind::Internal);
}
