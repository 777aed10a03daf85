use super::*;

fn kept(host: Option<&str>, host_group: Option<&str>, lun: Option<u16>) -> Kept {
    Kept { host: host.map(Into::into), host_group: host_group.map(Into::into), lun }
}

fn connection(text: &str) -> Connection {
    serde_json::from_str(text).unwrap()
}

#[test]
fn hosts_of_a_group_share_one_connection() {
    for (text, expected) in [
        (r#"{"volume":{"name":"v"},"host":{"name":"h"},"lun":5}"#, kept(Some("h"), None, Some(5))),
        (
            r#"{"volume":{"name":"v"},"host":{"name":"h"},"host_group":{"name":"g"},"lun":5}"#,
            kept(None, Some("g"), Some(5)),
        ),
        (r#"{"volume":{"name":"v"},"host_group":{"name":"g"},"lun":null}"#, kept(None, Some("g"), None)),
        (r#"{"volume":{"name":"v"},"host":{"name":null},"host_group":null,"lun":70000}"#, kept(None, None, None)),
    ] {
        assert_eq!(Kept::of(&connection(text)), expected, "{text}");
    }
    assert_eq!(kept(None, Some("g"), None).initiator(), Some(Initiator::HostGroup("g")));
    assert_eq!(kept(Some("h"), None, None).initiator(), Some(Initiator::Host("h")));
    assert_eq!(kept(None, None, Some(1)).initiator(), None, "nobody");
}

#[test]
fn what_is_written_down_is_short_and_read_again() {
    let connections = BTreeSet::from([kept(Some("h"), None, Some(5)), kept(None, Some("g"), None)]);
    let text = written(&connections).unwrap().unwrap();
    assert_eq!(text, r#"[{"g":"g"},{"h":"h","l":5}]"#);
    assert_eq!(serde_json::from_str::<BTreeSet<Kept>>(&text).unwrap(), connections);
    assert_eq!(written(&BTreeSet::new()).unwrap().as_deref(), Some("[]"), "connected to nobody");
}

#[test]
fn more_than_a_tag_can_hold_is_not_written_in_part() {
    let hosts = |count: usize| (0..count).map(|n| kept(Some(&format!("host-{n:03}")), None, Some(1))).collect();
    let most = (1..100).take_while(|count| written(&hosts(*count)).unwrap().is_some()).last().unwrap();
    let longest = written(&hosts(most)).unwrap().unwrap();
    assert!(longest.len() <= LONGEST_VALUE, "{}", longest.len());
    assert!(serde_json::to_string::<BTreeSet<Kept>>(&hosts(most + 1)).unwrap().len() > LONGEST_VALUE);
    assert_eq!(written(&hosts(99)).unwrap(), None);
    // the very last byte counts
    let exactly = |bytes: usize| [kept(Some(&"h".repeat(bytes - r#"[{"h":""}]"#.len())), None, None)].into();
    assert_eq!(written(&exactly(LONGEST_VALUE)).unwrap().map(|text| text.len()), Some(LONGEST_VALUE));
    assert_eq!(written(&exactly(LONGEST_VALUE + 1)).unwrap(), None);
}
