use super::*;
use crate::model::OpKey;
use crate::ports::Cancel;
use crate::pure::wire::Reference;
use jiff::Timestamp;

fn group() -> ArrayGroupName {
    "arrA:pg".into()
}

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.into(), value: value.into(), resource: Reference::default() }
}

fn marked(owner: Option<&str>, epoch: u64, state: MarkState) -> Mark {
    Mark { owner: owner.map(Into::into), epoch: Epoch(epoch), state }
}

#[test]
fn what_is_written_is_read_again() {
    for state in [MarkState::Made, MarkState::Intended, MarkState::Retired] {
        for owner in [None, Some("pg-1")] {
            let mark = marked(owner, 7, state);
            let tags: Vec<Tag> = mark.entries(&group()).iter().map(|entry| tag(&entry.key, &entry.value)).collect();
            assert_eq!(Mark::of(&group(), &tags), mark);
        }
    }
}

#[test]
fn tags_that_are_not_a_mark_of_this_group_are_none() {
    let whole = [tag("group", "arrA:pg"), tag("owner", "pg-1"), tag("epoch", "7"), tag("state", "intended")];
    let mark = |tags: &[Tag]| Mark::of(&group(), tags);
    assert_eq!(mark(&whole), marked(Some("pg-1"), 7, MarkState::Intended));
    assert_eq!(mark(&[]), Mark::default());
    assert_eq!(mark(&whole[1..]), Mark::default(), "nothing says which group it is");
    let renamed = [&[tag("group", "arrA:other")], &whole[1..]].concat();
    assert_eq!(mark(&renamed), Mark::default(), "a group keeps its tags when somebody renames it");
    for (key, value, expected) in [
        ("owner", "", marked(None, 7, MarkState::Intended)),
        ("epoch", "seven", marked(Some("pg-1"), 0, MarkState::Intended)),
        ("state", "unheard of", marked(Some("pg-1"), 7, MarkState::Made)),
    ] {
        let changed: Vec<Tag> = whole.iter().filter(|tag| tag.key != key).cloned().chain([tag(key, value)]).collect();
        assert_eq!(mark(&changed), expected, "{key}={value}");
    }
}

#[test]
fn a_mark_says_whose_a_group_is_only_while_the_group_is_what_it_speaks_of() {
    for (state, destroyed, empty, is_ours) in [
        (MarkState::Made, false, false, true),
        (MarkState::Made, false, true, true),
        (MarkState::Made, true, false, true),
        (MarkState::Intended, false, true, true),
        // somebody else made and filled it meanwhile
        (MarkState::Intended, false, false, false),
        (MarkState::Retired, true, false, true),
        (MarkState::Retired, true, true, true),
        // another group of that name, or one that somebody recovered
        (MarkState::Retired, false, true, false),
        (MarkState::Retired, false, false, false),
    ] {
        let owner = ProtectionGroupId::from("pg-1");
        let found = marked(Some("pg-1"), 1, state);
        let expected = is_ours.then_some(&owner);
        assert_eq!(found.owner_of(destroyed, empty), expected, "{state:?}, destroyed {destroyed}, empty {empty}");
        assert_eq!(marked(None, 1, state).owner_of(destroyed, empty), None);
    }
}

#[test]
fn the_tags_of_the_marker_volume_are_picked_from_others() {
    let of = |volume: &str, key: &str, value: &str| Tag {
        resource: Reference { name: Some(volume.to_owned()), ..Reference::default() },
        ..tag(key, value)
    };
    let marker = naming::marker_volume_name(&group());
    let tags = [
        of("dr-v1", "owner", "pg-2"),
        of(marker.as_str(), "group", "arrA:pg"),
        of(marker.as_str(), "owner", "pg-1"),
        of("dr-v1", "group", "arrA:pg"),
        tag("epoch", "9"),
    ];
    assert_eq!(Mark::among(&group(), &tags), marked(Some("pg-1"), 0, MarkState::Made));
    assert_eq!(Mark::among(&"arrA:other".into(), &tags), Mark::default());
}

#[test]
fn only_an_older_epoch_is_refused() {
    let mark = marked(Some("pg-1"), 5, MarkState::Made);
    let call = |epoch| Cx {
        op_key: OpKey::from("op-1/fence"),
        epoch: Epoch(epoch),
        deadline: Timestamp::MAX,
        cancel: Cancel::default(),
    };
    for epoch in [5, 6] {
        assert!(mark.refuse_older(&call(epoch), &group(), "array-b").is_ok(), "{epoch}");
    }
    let refused = mark.refuse_older(&call(4), &group(), "array-b").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    for word in ["op-1/fence", "epoch 4", "epoch 5", "arrA:pg", "array-b"] {
        assert!(refused.message().contains(word), "'{word}' is not in: {refused}");
    }
}
