//! Blank volumes: made once whatever gets lost, and deleted only while they say that they are blank.

use super::server::{Play, Server, answer, ok};
use super::{cloud, cx, is_in_progress, types, volume};
use crate::ErrorKind;
use crate::ports::{BlankVolume, BlankVolumes, Outcome, VolumeState};
use serde_json::{Value, json};

const LIST: &str = "GET /cinder/v3/p1/volumes/detail";
const MAKE: &str = "POST /cinder/v3/p1/volumes";
const BOOTABLE: &str = "POST /cinder/v3/p1/volumes/v1/action";
const MARK: &str = "POST /cinder/v3/p1/volumes/v1/metadata";
const DELETE: &str = "DELETE /cinder/v3/p1/volumes/v1";

fn wanted() -> BlankVolume {
    BlankVolume {
        stands_for: "id-1".into(),
        name: "web".to_owned(),
        size_gib: 3,
        volume_type: "ssd".to_owned(),
        bootable: true,
    }
}

fn listed(volumes: &[Value]) -> Play {
    ok(&json!({ "volumes": volumes }))
}

/// How Cinder shows it once a driver has replaced its metadata.
fn described() -> Value {
    json!({"description": "Blank, made by Protector for a trial in place of array volume id-1", "bootable": "false",
        "metadata": {"array_volume_name": "volume-v1-cinder"}})
}

fn marked() -> Value {
    json!({"metadata": {"protector_blank_for": "id-1", "protector_blank": "v1"}})
}

fn with(mut one: Value, more: &Value) -> Value {
    one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    one
}

async fn server() -> Server {
    let server = Server::start().await;
    server
        .on("GET /cinder/v3/p1/types", vec![ok(&types())])
        .on("GET /cinder/v3/p1/messages", vec![ok(&json!({"messages": [{"user_message": "no valid backend"}]}))])
        .on(MAKE, vec![Play::Answer(202, json!({"volume": {"id": "v1"}}).to_string())])
        .on(BOOTABLE, vec![ok(&json!({}))])
        .on(MARK, vec![ok(&json!({"metadata": {}}))])
        .on(DELETE, vec![Play::Answer(202, String::new())]);
    server
}

/// How often a volume was made: other calls begin like that one.
fn made(server: &Server) -> usize {
    server.lines(MAKE).iter().filter(|line| line.as_str() == MAKE).count()
}

#[tokio::test]
async fn a_blank_volume_is_made_waited_for_made_bootable_and_marked_last() {
    let server = server().await;
    server.on(
        LIST,
        vec![
            listed(&[volume("other", "available", &json!({}))]),
            listed(&[volume("v1", "creating", &described())]),
            listed(&[volume("v1", "available", &described())]),
            listed(&[volume("v1", "available", &marked())]),
        ],
    );
    let cloud = cloud(&server);
    for _ in 0..2 {
        assert!(is_in_progress(&cloud.ensure_blank_volume(&cx("i"), &wanted()).await.unwrap()));
    }
    let Outcome::Done(done) = cloud.ensure_blank_volume(&cx("i"), &wanted()).await.unwrap() else { unreachable!() };
    assert_eq!((done.array_volume_id, done.state), (Some("id-1".into()), VolumeState::Available));
    let again = cloud.ensure_blank_volume(&cx("i"), &wanted()).await.unwrap();
    assert!(matches!(again, Outcome::AlreadyDone(_)), "{again:?}");
    let sent: Vec<String> = server.lines("POST").into_iter().filter(|line| line.contains("/volumes")).collect();
    assert_eq!(sent, [MAKE, BOOTABLE, MARK]);
}

#[tokio::test]
async fn an_answer_that_is_lost_does_not_make_two() {
    let server = server().await;
    server.on(MAKE, vec![Play::Close]).on(
        LIST,
        vec![
            listed(&[]),
            listed(&[volume("v1", "creating", &described())]),
            listed(&[volume("v1", "available", &marked())]),
        ],
    );
    let cloud = cloud(&server);
    let lost = cloud.ensure_blank_volume(&cx("i"), &wanted()).await.unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::Indeterminate, "{lost}");
    assert!(is_in_progress(&cloud.ensure_blank_volume(&cx("i"), &wanted()).await.unwrap()));
    let found = cloud.ensure_blank_volume(&cx("i"), &wanted()).await.unwrap();
    assert!(matches!(found, Outcome::AlreadyDone(_)), "{found:?}");
    assert_eq!(made(&server), 1);
}

#[tokio::test]
async fn what_a_failed_attempt_left_is_deleted_and_named() {
    let server = server().await;
    server.on(LIST, vec![listed(&[volume("v1", "error", &described())])]);
    let error = cloud(&server).ensure_blank_volume(&cx("i"), &wanted()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition, "{error}");
    assert!(error.message().contains("no valid backend") && error.message().contains("'web'"), "{error}");
    assert_eq!((server.lines(DELETE).len(), made(&server)), (1, 0));
    // one that was ready before may have been written to
    let server = self::server().await;
    server.on(LIST, vec![listed(&[volume("v1", "error", &marked())])]);
    let error = cloud(&server).ensure_blank_volume(&cx("i"), &wanted()).await.unwrap_err();
    assert!(error.message().contains("stays"), "{error}");
    assert_eq!((server.lines(DELETE).len(), made(&server)), (0, 0));
}

#[tokio::test]
async fn a_type_that_is_not_there_is_named_before_anything_is_made() {
    let server = server().await;
    server.on(LIST, vec![listed(&[])]);
    let other = BlankVolume { volume_type: "no-such-type".to_owned(), ..wanted() };
    let error = cloud(&server).ensure_blank_volume(&cx("i"), &other).await.unwrap_err();
    assert_eq!((error.kind(), error.message().contains("no-such-type")), (ErrorKind::NotFound, true), "{error}");
    assert_eq!(made(&server), 0);
}

#[tokio::test]
async fn only_what_says_of_itself_that_it_is_blank_is_deleted() {
    let attached = json!({"attachments": [{"server_id": "s1"}]});
    for (status, more, kind, words) in [
        ("available", json!({}), ErrorKind::DataSafety, "not one that was made blank"),
        ("available", described(), ErrorKind::DataSafety, "not one that was made blank"),
        // restored from a backup of a blank one
        (
            "available",
            json!({"metadata": {"protector_blank_for": "id-1", "protector_blank": "v0"}}),
            ErrorKind::DataSafety,
            "stays as it is",
        ),
        ("available", json!({"metadata": {"protector_array_volume_id": "id-1"}}), ErrorKind::DataSafety, "stays"),
        ("in-use", with(marked(), &attached), ErrorKind::Precondition, "'s1'"),
        ("available", with(marked(), &json!({"group_id": "g1"})), ErrorKind::Precondition, "'g1'"),
        ("in-use", marked(), ErrorKind::Precondition, "'in-use'"),
        ("error_deleting", marked(), ErrorKind::Precondition, "no valid backend"),
    ] {
        let server = server().await;
        server.on(LIST, vec![listed(&[volume("v1", status, &more)])]);
        let error = cloud(&server).delete_blank_volume(&cx("r"), &"v1".into()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{more}: {error}");
        assert!(error.message().contains(words), "{words}: {error}");
        let changes =
            server.seen().into_iter().filter(|seen| !seen.line.starts_with("GET") && seen.line.contains("cinder"));
        assert_eq!(changes.count(), 0, "{more}");
    }
}

#[tokio::test]
async fn one_that_is_gone_when_it_is_to_go_is_gone() {
    let server = server().await;
    let gone = answer(404, r#"{"itemNotFound": {"message": "Volume v1 could not be found."}}"#);
    server.on(LIST, vec![listed(&[volume("v1", "available", &marked())])]).on(DELETE, vec![gone]);
    let deleted = cloud(&server).delete_blank_volume(&cx("r"), &"v1".into()).await.unwrap();
    assert_eq!(deleted, Outcome::AlreadyDone(()));
}

#[tokio::test]
async fn a_blank_volume_is_deleted_and_waited_for() {
    let server = server().await;
    server
        .on(
            LIST,
            vec![
                listed(&[volume("v1", "available", &marked())]),
                listed(&[volume("v1", "deleting", &marked())]),
                listed(&[]),
            ],
        )
        .on(
            "GET /cinder/v3/p1/volumes/v1",
            vec![answer(404, r#"{"itemNotFound": {"message": "Volume v1 could not be found.", "code": 404}}"#)],
        );
    let cloud = cloud(&server);
    for _ in 0..2 {
        assert!(is_in_progress(&cloud.delete_blank_volume(&cx("r"), &"v1".into()).await.unwrap()));
    }
    let gone = cloud.delete_blank_volume(&cx("r"), &"v1".into()).await.unwrap();
    assert_eq!((gone, server.lines(DELETE).len()), (Outcome::AlreadyDone(()), 1));
}
