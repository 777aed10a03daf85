//! Volumes taken over, retyped, and given back.

use super::server::{Play, Server, answer, ok};
use super::{cloud, cx, is_in_progress, types, volume};
use crate::ErrorKind;
use crate::ports::{Cloud, ImportRequest, Outcome, VolumeState};
use serde_json::{Value, json};

const LIST: &str = "GET /cinder/v3/p1/volumes/detail";
const MANAGE: &str = "POST /cinder/v3/p1/manageable_volumes";
const MANAGEABLE: &str = "GET /cinder/v3/p1/manageable_volumes/detail";
const POOLS: &str = "GET /cinder/v3/p1/scheduler-stats/get_pools";
const HOST: &str = "siteb@backend-b#pure@backend-b";

fn request() -> ImportRequest {
    ImportRequest {
        array_volume_id: "id-1".into(),
        array_volume: "dr-1".into(),
        name: "web".to_owned(),
        volume_type: "ssd".to_owned(),
        bootable: true,
    }
}

fn listed(volumes: &[Value]) -> Play {
    ok(&json!({ "volumes": volumes }))
}

/// Whatever is asked for beyond the first page is empty.
fn without_more(server: &Server) -> &Server {
    for offset in 1..3 {
        let line =
            format!("{MANAGEABLE}?host={}&limit=1000&offset={offset}", HOST.replace('@', "%40").replace('#', "%23"));
        server.on(&line, vec![ok(&json!({"manageable-volumes": []}))]);
    }
    server
}

fn offered(name: &str, more: &Value) -> Play {
    let mut volume = json!({"reference": {"name": name}, "size": 2, "safe_to_manage": true, "reason_not_safe": "",
        "cinder_id": null, "extra_info": null});
    volume.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ok(&json!({"manageable-volumes": [{"reference": {"name": "other"}, "safe_to_manage": true}, volume]}))
}

async fn server() -> Server {
    let server = Server::start().await;
    server
        .on("GET /cinder/v3/p1/types", vec![ok(&types())])
        .on("GET /cinder/v3/p1/messages", vec![ok(&json!({"messages": []}))])
        .on(POOLS, vec![ok(&json!({"pools": [{"name": HOST}]}))])
        .on(MANAGEABLE, vec![offered("dr-1", &json!({}))])
        .on(MANAGE, vec![Play::Answer(202, json!({"volume": {"id": "v1"}}).to_string())]);
    server
}

fn taken_over() -> Value {
    json!({"description": "Taken over by Protector: array volume id-1"})
}

fn with_driver_metadata() -> Value {
    let mut more = taken_over();
    more["metadata"] = json!({"array_volume_name": "volume-v1-cinder", "array_name": "arr-b"});
    more
}

#[tokio::test]
async fn an_array_volume_is_taken_over_and_waited_for() {
    let server = server().await;
    server.on(
        LIST,
        vec![
            listed(&[]),
            listed(&[volume("v1", "creating", &taken_over())]),
            listed(&[volume("v1", "available", &with_driver_metadata())]),
        ],
    );
    let cloud = cloud(&server);
    for _ in 0..2 {
        assert!(is_in_progress(&cloud.import_volume(&cx("i"), &request()).await.unwrap()));
    }
    let Outcome::AlreadyDone(made) = cloud.import_volume(&cx("i"), &request()).await.unwrap() else { unreachable!() };
    assert_eq!(made.array_volume_id, Some("id-1".into()));
    assert_eq!(made.array_volume, Some("volume-v1-cinder".into()));
    assert_eq!((made.backend.as_str(), made.state), ("siteb@backend-b", VolumeState::Available));
    assert_eq!(cloud.import_volume(&cx("i"), &request()).await.unwrap(), Outcome::AlreadyDone(made));
    assert_eq!((server.lines(MANAGE).len(), server.lines("POST /cinder/v3/p1/volumes").len()), (1, 0));
    let sent = server.seen().into_iter().find(|seen| seen.line == MANAGE).unwrap();
    let sent: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!((&sent["volume"]["host"], &sent["volume"]["ref"]["source-name"]), (&json!(HOST), &json!("dr-1")));
}

#[tokio::test]
async fn what_cannot_be_taken_over_is_refused_before_anything_is_made() {
    let server = server().await;
    server.on(LIST, vec![listed(&[])]);
    for (play, kind, words) in [
        (offered("dr-2", &json!({})), ErrorKind::NotFound, "'dr-1'"),
        (
            offered("dr-1", &json!({"safe_to_manage": false, "reason_not_safe": "Volume is in a Replicated Pod"})),
            ErrorKind::Precondition,
            "Replicated Pod",
        ),
        (
            offered("dr-1", &json!({"safe_to_manage": false, "reason_not_safe": "Volume connected to host h1"})),
            ErrorKind::Precondition,
            "host h1",
        ),
        (
            offered("dr-1", &json!({"safe_to_manage": false, "reason_not_safe": "Volume is deleted"})),
            ErrorKind::NotFound,
            "destroyed",
        ),
        (offered("dr-1", &json!({"safe_to_manage": false, "cinder_id": "v9"})), ErrorKind::Conflict, "'v9'"),
        (
            answer(
                403,
                r#"{"forbidden": {"message": "Policy doesn't allow volume_extension:list_manageable to be performed."}}"#,
            ),
            ErrorKind::Forbidden,
            "list_manageable",
        ),
    ] {
        server.on(MANAGEABLE, vec![play]);
        without_more(&server);
        let error = cloud(&server).import_volume(&cx("i"), &request()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(words), "{words}: {error}");
    }
    let other = ImportRequest { volume_type: "no-such-type".to_owned(), ..request() };
    let error = cloud(&server).import_volume(&cx("i"), &other).await.unwrap_err();
    assert_eq!((error.kind(), error.message().contains("no-such-type")), (ErrorKind::NotFound, true), "{error}");
    server.on(POOLS, vec![ok(&json!({"pools": []}))]);
    let error = cloud(&server).import_volume(&cx("i"), &request()).await.unwrap_err();
    assert_eq!((error.kind(), error.message().contains("'ssd'")), (ErrorKind::Precondition, true), "{error}");
    assert!(server.lines(MANAGE).is_empty());
}

#[tokio::test]
async fn what_the_project_manages_already_is_found_by_what_the_backend_says() {
    let server = server().await;
    server
        .on(LIST, vec![listed(&[volume("v9", "in-use", &json!({}))])])
        .on(MANAGEABLE, vec![offered("dr-1", &json!({"safe_to_manage": false, "cinder_id": "v9"}))]);
    let found = cloud(&server).import_volume(&cx("i"), &request()).await.unwrap();
    assert!(matches!(found, Outcome::AlreadyDone(volume) if volume.id.as_str() == "v9"));
}

#[tokio::test]
async fn backends_that_cannot_be_asked_are_found_among_the_services() {
    let server = server().await;
    let services = json!({"services": [
        {"host": "down@x", "status": "enabled", "state": "down", "binary": "cinder-volume"},
        {"host": "off@x", "status": "disabled", "state": "up", "binary": "cinder-volume"},
        {"host": "siteb@backend-b", "status": "enabled", "state": "up", "binary": "cinder-volume"}]});
    server
        .on(LIST, vec![listed(&[])])
        .on(POOLS, vec![answer(500, r#"{"computeFault": {"message": "The server has either erred"}}"#)])
        .on(MANAGEABLE, vec![answer(500, "")])
        .on("GET /cinder/v3/p1/os-services", vec![ok(&services)]);
    let cloud = cloud(&server);
    assert!(is_in_progress(&cloud.import_volume(&cx("i"), &request()).await.unwrap()));
    let sent = server.seen().into_iter().find(|seen| seen.line == MANAGE).unwrap();
    assert!(sent.body.contains(r#""host":"siteb@backend-b""#), "{}", sent.body);
}

#[tokio::test]
async fn a_type_that_no_pool_offers_is_found_out_although_cinder_cannot_filter_thin_pools() {
    let server = server().await;
    let named = |name: &str| json!({"volume_types": [{"id": "t1", "name": "ssd", "extra_specs": {"volume_backend_name": name}}]});
    let of_backend = |name: &str| format!("{POOLS}?volume_backend_name={name}");
    server
        .on(LIST, vec![listed(&[])])
        // what Cinder 29.0 makes of the TypeError of its CapacityFilter
        .on(&format!("{POOLS}?volume_type=ssd"), vec![answer(
            400,
            r#"{"badRequest": {"code": 400, "message": "The server could not comply with the request since it is either malformed or otherwise incorrect."}}"#,
        )])
        .on(&of_backend("none"), vec![ok(&json!({"pools": []}))])
        .on(&of_backend("pure"), vec![ok(&json!({"pools": [{"name": HOST}]}))])
        .on("GET /cinder/v3/p1/types", vec![ok(&named("none"))]);
    let error = cloud(&server).import_volume(&cx("i"), &request()).await.unwrap_err();
    assert_eq!((error.kind(), error.message().contains("'ssd'")), (ErrorKind::Precondition, true), "{error}");
    assert!(server.lines(MANAGE).is_empty());
    let asked = server.seen().into_iter().find(|seen| seen.line == of_backend("none")).unwrap();
    assert_eq!(asked.headers["openstack-api-version"], "volume 3.28");

    server.on("GET /cinder/v3/p1/types", vec![ok(&named("pure"))]);
    assert!(is_in_progress(&cloud(&server).import_volume(&cx("i"), &request()).await.unwrap()));
    server.on("GET /cinder/v3/p1/types", vec![ok(&types())]);
    assert!(is_in_progress(&cloud(&server).import_volume(&cx("i"), &request()).await.unwrap()), "any pool will do");
    // only the scheduler can read it: the services are looked through
    server.on("GET /cinder/v3/p1/types", vec![ok(&named("<in> pure"))]);
    cloud(&server).import_volume(&cx("i"), &request()).await.unwrap_err();
    assert_eq!(server.lines("GET /cinder/v3/p1/os-services").len(), 1);
}

#[tokio::test]
async fn an_attempt_that_failed_is_told_and_what_it_left_is_given_back() {
    let server = server().await;
    server
        .on(LIST, vec![listed(&[volume("v1", "error", &taken_over())])])
        .on("GET /cinder/v3/p1/messages", vec![ok(&json!({"messages": [{"user_message": "Driver failed"}]}))])
        .on("POST /cinder/v3/p1/volumes/v1/action", vec![Play::Answer(202, String::new())]);
    let error = cloud(&server).import_volume(&cx("i"), &request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    for word in ["'dr-1'", "'ssd'", "Driver failed", "let go of"] {
        assert!(error.message().contains(word), "{word}: {error}");
    }
    let sent = server.seen().into_iter().find(|seen| seen.line.ends_with("/volumes/v1/action")).unwrap();
    assert_eq!(sent.body, r#"{"os-unmanage":{}}"#, "never deleted: Cinder would delete the array volume");
}

#[tokio::test]
async fn a_volume_is_given_back_only_when_nothing_holds_it() {
    let server = server().await;
    let attached = json!({"attachments": [{"server_id": "s1", "device": "/dev/vda"}]});
    let volumes = [
        volume("free", "available", &json!({})),
        volume("used", "in-use", &attached),
        volume("grouped", "available", &json!({"group_id": "g1"})),
        volume("going", "unmanaging", &json!({})),
        volume("broken", "error_unmanaging", &json!({})),
        volume("failed", "error", &taken_over()),
        volume("hollow", "error_unmanaging", &taken_over()),
    ];
    server
        .on(LIST, vec![listed(&volumes)])
        .on("POST /cinder/v3/p1/volumes/free/action", vec![Play::Answer(202, String::new())])
        .on("POST /cinder/v3/p1/volumes/failed/action", vec![Play::Answer(202, String::new())]);
    let cloud = cloud(&server);
    for (id, words) in [("used", "'s1'"), ("grouped", "'g1'"), ("broken", "error_unmanaging")] {
        let error = cloud.release_volume(&cx("r"), &id.into()).await.unwrap_err();
        assert_eq!((error.kind(), error.message().contains(words)), (ErrorKind::Precondition, true), "{error}");
    }
    assert!(server.lines("POST /cinder").is_empty());
    for id in ["free", "failed", "going"] {
        assert!(is_in_progress(&cloud.release_volume(&cx("r"), &id.into()).await.unwrap()), "{id}");
    }
    assert_eq!(server.lines("POST /cinder").len(), 2);
    for id in ["gone", "hollow"] {
        assert_eq!(cloud.release_volume(&cx("r"), &id.into()).await.unwrap(), Outcome::AlreadyDone(()));
    }
}

#[tokio::test]
async fn a_type_is_changed_once_and_a_change_that_failed_is_told() {
    let server = server().await;
    let show = |status: &str, of: &str| ok(&json!({"volume": volume("v1", status, &json!({"volume_type": of}))}));
    server
        .on(
            "GET /cinder/v3/p1/volumes/v1",
            vec![show("in-use", "ssd"), show("retyping", "ssd"), show("in-use", "plain")],
        )
        .on("POST /cinder/v3/p1/volumes/v1/action", vec![Play::Answer(202, String::new())]);
    let cloud = cloud(&server);
    let retype = async || cloud.retype_volume(&cx("t"), &"v1".into(), "plain").await;
    assert!(is_in_progress(&retype().await.unwrap()));
    assert!(is_in_progress(&retype().await.unwrap()));
    assert!(matches!(retype().await.unwrap(), Outcome::AlreadyDone(volume) if volume.volume_type == "plain"));
    assert_eq!(server.lines("POST /cinder").len(), 1);

    server.on("GET /cinder/v3/p1/volumes/v1", vec![show("in-use", "ssd")]);
    assert!(is_in_progress(&retype().await.unwrap()));
    let error = retype().await.unwrap_err();
    assert_eq!((error.kind(), error.message().contains("'plain'")), (ErrorKind::Precondition, true), "{error}");
    assert!(is_in_progress(&retype().await.unwrap()), "it may be asked for anew");

    server.on(POOLS, vec![ok(&json!({"pools": [{"name": "elsewhere@x#p"}]}))]);
    let error = super::cloud(&server).retype_volume(&cx("t"), &"v1".into(), "plain").await.unwrap_err();
    assert_eq!((error.kind(), error.message().contains("siteb@backend-b")), (ErrorKind::Precondition, true), "{error}");
    let grouped = ok(&json!({"volume": volume("v1", "available", &json!({"group_id": "g1"}))}));
    server.on("GET /cinder/v3/p1/volumes/v1", vec![grouped]);
    let error = cloud.retype_volume(&cx("u"), &"v1".into(), "plain").await.unwrap_err();
    assert_eq!((error.kind(), error.message().contains("'g1'")), (ErrorKind::Conflict, true), "{error}");
    let error = cloud.retype_volume(&cx("u"), &"gone".into(), "plain").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}
