//! Groups and their members.

use super::server::{Play, Server, answer, ok};
use super::{OpenStackCloud, cloud, cx, entry, is_in_progress, options, types, volume};
use crate::ErrorKind;
use crate::ports::{CinderGroupSpec, CinderGroupStatus, Clock, Cloud, Cx, ManualClock, Outcome};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const GROUPS: &str = "GET /cinder/v3/p1/groups/detail";
const ONE: &str = "GET /cinder/v3/p1/groups/g1";
const CREATE: &str = "POST /cinder/v3/p1/groups";

fn spec() -> CinderGroupSpec {
    CinderGroupSpec { name: "protector-1".to_owned(), volume_type: "ssd".to_owned() }
}

fn group(status: &str, volumes: &[&str]) -> Value {
    json!({"id": "g1", "name": "protector-1", "status": status, "volume_types": ["t1"], "volumes": volumes,
        "group_type": "gt", "created_at": "2026-11-30T10:00:00.000000", "replication_status": "disabled"})
}

fn listed(groups: &[Value]) -> Play {
    ok(&json!({ "groups": groups }))
}

async fn server() -> Server {
    let server = Server::start().await;
    let yes = "<is> True";
    let specs = json!({"consistent_group_snapshot_enabled": yes, "consistent_group_replication_enabled": yes});
    server
        .on("GET /cinder/v3/p1/types", vec![ok(&types())])
        .on("GET /cinder/v3/p1/scheduler-stats/get_pools", vec![ok(&json!({"pools": [{"name": "siteb@backend-b#p"}]}))])
        .on("GET /cinder/v3/p1/messages", vec![ok(&json!({"messages": [{"user_message": "no weighted backend"}]}))])
        .on(
            "GET /cinder/v3/p1/group_types",
            vec![ok(&json!({"group_types": [{"id": "gt", "name": "cg", "group_specs": specs}]}))],
        );
    server
}

#[tokio::test]
async fn a_group_is_made_waited_for_and_found_again() {
    let server = server().await;
    server
        .on(GROUPS, vec![listed(&[]), listed(&[group("creating", &[])]), listed(&[group("available", &[])])])
        .on(CREATE, vec![Play::Answer(202, json!({"group": {"id": "g1", "name": "protector-1"}}).to_string())]);
    let cloud = cloud(&server);
    for _ in 0..2 {
        assert!(is_in_progress(&cloud.ensure_consistency_group(&cx("g"), &spec()).await.unwrap()));
    }
    let made = cloud.ensure_consistency_group(&cx("g"), &spec()).await.unwrap();
    let Outcome::AlreadyDone(made) = made else { unreachable!("{made:?}") };
    assert_eq!((made.volume_type.as_str(), made.backend.as_str()), ("ssd", "siteb@backend-b"));
    assert_eq!((made.status, made.volumes.len()), (CinderGroupStatus::Available, 0));
    let sent = server.seen().into_iter().find(|seen| seen.line == CREATE).unwrap();
    let sent: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!((&sent["group"]["group_type"], &sent["group"]["volume_types"]), (&json!("gt"), &json!(["t1"])));
    assert_eq!(server.lines(CREATE).len(), 1);
}

#[tokio::test]
async fn what_cannot_become_a_group_is_refused_before_anything_is_made() {
    let server = server().await;
    server.on(GROUPS, vec![listed(&[])]);
    let cloud = cloud(&server);
    let other = CinderGroupSpec { volume_type: "no-such-type".to_owned(), ..spec() };
    let error = cloud.ensure_consistency_group(&cx("g"), &other).await.unwrap_err();
    assert_eq!((error.kind(), error.message().contains("no-such-type")), (ErrorKind::NotFound, true), "{error}");

    server.on(
        "GET /cinder/v3/p1/group_types",
        vec![ok(&json!({"group_types": [{"id": "0", "name": "cg", "group_specs": {}}]}))],
    );
    let error = cloud.ensure_consistency_group(&cx("g"), &spec()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition, "{error}");
    for word in ["volume group type create", "consistent_group_replication_enabled='<is> True'", "--os-cloud site-b"] {
        assert!(error.remedy_text().unwrap().contains(word), "{error}");
    }

    server.on("GET /cinder/v3/p1/group_types", vec![ok(&json!({"group_types": [{"id": "0", "name": "cg"}]}))]);
    let error = cloud.ensure_consistency_group(&cx("g"), &spec()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");

    server.on("GET /cinder/v3/p1/scheduler-stats/get_pools", vec![ok(&json!({"pools": []}))]);
    let error = super::cloud(&server).ensure_consistency_group(&cx("g"), &spec()).await.unwrap_err();
    assert_eq!((error.kind(), error.message().contains("'ssd'")), (ErrorKind::Precondition, true), "{error}");
    assert!(server.lines(CREATE).is_empty());
}

#[tokio::test]
async fn a_group_that_ended_in_error_or_has_another_type_is_no_group() {
    let server = server().await;
    server.on(GROUPS, vec![listed(&[group("error", &[])])]);
    let cloud = cloud(&server);
    let error = cloud.ensure_consistency_group(&cx("g"), &spec()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition, "{error}");
    for word in ["'ssd'", "no weighted backend", "g1"] {
        assert!(error.message().contains(word), "{error}");
    }
    let plain = CinderGroupSpec { volume_type: "plain".to_owned(), ..spec() };
    let error = cloud.ensure_consistency_group(&cx("g"), &plain).await.unwrap_err();
    assert_eq!((error.kind(), error.message().contains("'plain'")), (ErrorKind::Conflict, true), "{error}");
    assert!(server.lines(CREATE).is_empty());
}

#[tokio::test]
async fn only_what_changes_in_a_group_is_sent() {
    let server = server().await;
    let volumes = [
        volume("in", "in-use", &json!({"group_id": "g1"})),
        volume("out", "available", &json!({"group_id": "g1"})),
        volume("new", "in-use", &json!({})),
        volume("taken", "available", &json!({"group_id": "g2"})),
        volume("unlike", "available", &json!({"volume_type": "plain"})),
    ];
    server
        .on("GET /cinder/v3/p1/volumes/detail", vec![ok(&json!({ "volumes": volumes }))])
        .on("GET /cinder/v3/p1/volumes/in", vec![ok(&json!({"volume": volumes[0]}))])
        .on("GET /cinder/v3/p1/volumes/new", vec![ok(&json!({"volume": volumes[2]}))])
        .on(ONE, vec![ok(&json!({"group": group("available", &["in", "out"])}))])
        .on("PUT /cinder/v3/p1/groups/g1", vec![Play::Answer(202, String::new())]);
    let cloud = cloud(&server);
    let g1 = "g1".into();
    let members = |ids: &[&str]| ids.iter().map(|id| (*id).into()).collect();
    for (wanted, kind, words) in [
        (members(&["in", "gone-1", "gone-2"]), ErrorKind::NotFound, ["'gone-1'", "'gone-2'"]),
        (
            members(&["in", "taken", "unlike"]),
            ErrorKind::Conflict,
            ["'taken' is in another group", "'unlike' is of type 'plain'"],
        ),
    ] {
        let error = cloud.ensure_group_members(&cx("m"), &g1, &wanted).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(words.iter().all(|word| error.message().contains(word)), "{error}");
    }
    assert!(server.lines("PUT").is_empty());
    assert!(is_in_progress(&cloud.ensure_group_members(&cx("m"), &g1, &members(&["in", "new"])).await.unwrap()));
    let sent = server.seen().into_iter().find(|seen| seen.line.starts_with("PUT")).unwrap();
    assert_eq!(sent.body, r#"{"group":{"add_volumes":"new","remove_volumes":"out"}}"#);

    server.on(
        ONE,
        vec![
            ok(&json!({"group": group("updating", &["in", "out"])})),
            ok(&json!({"group": group("available", &["in", "new"])})),
        ],
    );
    assert!(is_in_progress(&cloud.ensure_group_members(&cx("m"), &g1, &members(&["in", "new"])).await.unwrap()));
    let there = cloud.ensure_group_members(&cx("m"), &g1, &members(&["in", "new"])).await.unwrap();
    assert!(matches!(there, Outcome::AlreadyDone(group) if group.volumes.len() == 2));
    assert_eq!(server.lines("PUT").len(), 1);
}

#[tokio::test]
async fn what_a_booting_server_holds_for_a_moment_joins_later() {
    let server = server().await;
    let listed = |ready: &str, held: &str| {
        let volumes = [volume("ready", ready, &json!({})), volume("held", held, &json!({}))];
        ok(&json!({ "volumes": volumes }))
    };
    let text = "Invalid volume: Cannot add volume ready to group g1 because volume is in an invalid state: reserved.";
    let refused = answer(400, &json!({"badRequest": {"code": 400, "message": text}}).to_string());
    server
        .on(
            "GET /cinder/v3/p1/volumes/detail",
            vec![listed("in-use", "reserved"), listed("in-use", "attaching"), listed("error", "attaching")],
        )
        .on(ONE, vec![ok(&json!({"group": group("available", &[])}))])
        .on("PUT /cinder/v3/p1/groups/g1", vec![Play::Answer(202, String::new()), refused]);
    let cloud = cloud(&server);
    let (g1, wanted) = ("g1".into(), ["ready", "held"].map(Into::into).into());
    assert!(is_in_progress(&cloud.ensure_group_members(&cx("m"), &g1, &wanted).await.unwrap()));
    let sent = server.seen().into_iter().find(|seen| seen.line.starts_with("PUT")).unwrap();
    assert_eq!(sent.body, r#"{"group":{"add_volumes":"ready"}}"#, "the other one is held");
    // the next change is refused, and the volume is seen to be in error
    let error = cloud.ensure_group_members(&cx("m"), &g1, &wanted).await.unwrap_err();
    assert!(error.message().contains("invalid state"), "{error}");
    assert_eq!(server.lines("PUT").len(), 2);
    server.on("GET /cinder/v3/p1/volumes/detail", vec![listed("in-use", "in-use")]);
    assert!(
        is_in_progress(&cloud.ensure_group_members(&cx("m"), &g1, &wanted).await.unwrap()),
        "it is looked at again"
    );
}

#[tokio::test]
async fn a_group_with_volumes_is_not_deleted() {
    let server = server().await;
    server
        .on(
            ONE,
            vec![ok(&json!({"group": group("available", &["v"])})), ok(&json!({"group": group("available", &[])}))],
        )
        .on("POST /cinder/v3/p1/groups/g1/action", vec![Play::Answer(202, String::new())]);
    let cloud = cloud(&server);
    let error = cloud.delete_consistency_group(&cx("d"), &"g1".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DataSafety, "{error}");
    assert!(server.lines("POST /cinder").is_empty());
    assert!(is_in_progress(&cloud.delete_consistency_group(&cx("d"), &"g1".into()).await.unwrap()));
    let sent = server.seen().into_iter().find(|seen| seen.line.ends_with("groups/g1/action")).unwrap();
    assert_eq!(sent.body, r#"{"delete":{"delete-volumes":false}}"#);
    let gone = cloud.delete_consistency_group(&cx("d"), &"gone".into()).await.unwrap();
    assert_eq!(gone, Outcome::AlreadyDone(()));
}

#[tokio::test]
async fn a_change_that_cinder_does_not_end_is_told_with_what_ends_it() {
    let server = server().await;
    server.on(
        ONE,
        vec![
            ok(&json!({"group": group("updating", &["in"])})),
            ok(&json!({"group": group("updating", &["in"])})),
            ok(&json!({"group": group("error", &["in"])})),
        ],
    );
    let clock = ManualClock::starting_at(jiff::Timestamp::now());
    let cloud = OpenStackCloud::new(entry(&server), options(), Arc::new(clock.clone())).unwrap();
    let patient = || Cx { deadline: clock.now() + Duration::from_secs(300), ..cx("m") };
    let (g1, wanted) = ("g1".into(), ["in"].map(Into::into).into());
    assert!(is_in_progress(&cloud.ensure_group_members(&patient(), &g1, &wanted).await.unwrap()));
    clock.advance(Duration::from_secs(121));
    for words in ["has been 'updating' for more than 120 s", "is in 'error'"] {
        let error = cloud.ensure_group_members(&patient(), &g1, &wanted).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition, "{error}");
        assert!(error.message().contains(words), "{error}");
        let remedy = error.remedy_text().unwrap();
        assert!(remedy.contains("reset-state --type group --state available g1"), "{remedy}");
    }
}
