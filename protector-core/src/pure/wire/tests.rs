use super::*;

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_volume_as_arrays_send_it_is_read() {
    let volume: Volume = read(
        r#"{"id":"1a-2b","name":"v1","serial":"F4252922ADE248CF000113F4","created":1763650000123,"destroyed":false,
            "time_remaining":null,"provisioned":1073741824,"connection_count":0,"subtype":"regular",
            "source":{"id":null,"name":null},"pod":{"id":"p-1","name":"p"},"space":{"total_physical":5},"qos":null}"#,
    );
    assert_eq!((volume.provisioned, volume.destroyed), (Some(1 << 30), Some(false)));
    assert_eq!(volume.source, Reference::default());
}

#[test]
fn nulls_and_missing_fields_are_unknown_and_not_no() {
    let least: Volume = read(r#"{"id":"1","name":"v"}"#);
    let nulls: Volume = read(
        r#"{"id":"1","name":"v","serial":null,"created":null,"destroyed":null,"provisioned":null,
            "connection_count":null,"source":null,"pod":null}"#,
    );
    assert_eq!(least, nulls);
    assert_eq!(nulls.destroyed, None);
    let pod: Pod = read(r#"{"name":"p","arrays":null}"#);
    assert!(pod.arrays.is_empty());
    let group: ProtectionGroup = read(r#"{"name":"pg","replication_schedule":null,"target_retention":null}"#);
    assert_eq!((group.is_local, group.replication_schedule.enabled), (None, None));
}

#[test]
fn an_object_without_its_name_is_not_read() {
    for text in [r#"{"id":"1"}"#, r#"{"id":"1","name":null}"#, r#"{"id":"1","name":7}"#] {
        assert!(serde_json::from_str::<Volume>(text).is_err(), "{text}");
    }
}

#[test]
fn times_outside_of_the_calendar_are_unknown() {
    for (text, known) in [("1763650000000", true), ("0", true), ("9223372036854775807", false), ("null", false)] {
        let snapshot: GroupSnapshot = read(&format!(r#"{{"name":"pg.1","created":{text}}}"#));
        assert_eq!(snapshot.created.is_some(), known, "{text}");
    }
}

#[test]
fn a_transfer_is_complete_only_with_both_signs() {
    for (progress, completed, complete) in [
        ("1.0", "1763650000000", true),
        ("1", "1763650000000", true),
        ("1.0", "null", false),
        ("0.99", "1763650000000", false),
        ("null", "1763650000000", false),
    ] {
        let transfer: SnapshotTransfer =
            read(&format!(r#"{{"name":"a:pg.1","progress":{progress},"completed":{completed}}}"#));
        assert_eq!(transfer.is_complete(), complete, "{progress} {completed}");
    }
}

#[test]
fn a_schedule_is_read_in_seconds() {
    for (frequency, seconds) in [(Some(900_000), Some(900)), (Some(1_500), None), (Some(u64::MAX), None), (None, None)]
    {
        assert_eq!(Schedule { enabled: Some(true), frequency }.interval_seconds(), seconds, "{frequency:?}");
    }
}

#[test]
fn a_page_without_items_is_not_an_empty_page() {
    let page: Page<Reference> = read(r#"{"continuation_token":null,"more_items_remaining":false}"#);
    assert!(page.items.is_none());
    let page: Page<Reference> = read(
        r#"{"items":[],"continuation_token":"bmV4dA==","more_items_remaining":true,"total_item_count":7,"errors":[]}"#,
    );
    assert_eq!(page.items.unwrap().len(), 0);
    assert_eq!(page.continuation_token.as_deref(), Some("bmV4dA=="));
}

#[test]
fn replication_objects_are_read() {
    let target: GroupTarget =
        read(r#"{"group":{"name":"arrA:pg"},"member":{"name":"arrB","resource_type":"arrays"},"allowed":true}"#);
    assert_eq!((target.allowed, target.member.name.as_deref()), (Some(true), Some("arrB")));
    let link: PodReplicaLink = read(
        r#"{"id":"x","local_pod":{"name":"p"},"remote_pod":{"name":"q"},"remotes":[{"name":"arrB"}],
            "direction":"outbound","status":"replicating","paused":false,"lag":120,"recovery_point":1763650000000}"#,
    );
    assert_eq!((link.lag, link.remotes.len(), link.direction.as_deref()), (Some(120), 1, Some("outbound")));
    let connection: ArrayConnection =
        read(r#"{"id":"i","name":"arrB","status":"connected","type":"async-replication","throttle":null}"#);
    assert_eq!((connection.kind.as_deref(), connection.remote.name), (Some("async-replication"), None));
    let host: Connection = read(r#"{"host":{"name":"h"},"host_group":{},"volume":{"id":"1","name":"v"},"lun":5}"#);
    assert_eq!((host.host_group.name, host.lun), (None, Some(5)));
    let array: Array = read(r#"{"id":"a-1","name":"arrA","version":"6.6.3","os":"Purity//FA","space":{}}"#);
    assert_eq!(array.version.as_deref(), Some("6.6.3"));
    let member: GroupMember = read(r#"{"group":{"name":"pg","id":null},"member":{"name":"v","id":"1"}}"#);
    assert_eq!(member.member.id.as_deref(), Some("1"));
    let tag: Tag =
        read(r#"{"key":"k","value":null,"namespace":"ns","resource":{"name":"v","id":"1"},"copyable":false}"#);
    assert_eq!(tag.value, "");
}
