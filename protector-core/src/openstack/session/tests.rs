//! Tokens, versions, repeats, bounds.

use super::*;
use crate::openstack::tests::server::{Play, Server, answer, grant, ok};
use crate::openstack::tests::{PLANTED, entry, options};
use serde_json::{Value, json};

const VOLUMES: &str = "GET /cinder/v3/p1/volumes/detail";

fn session(server: &Server) -> Session {
    Session::new(entry(server), options()).unwrap()
}

fn volumes() -> Call {
    Call::get(Service::BlockStorage, &["volumes", "detail"])
}

async fn list(session: &Session) -> Result<Vec<Value>> {
    session.list(&volumes(), "volumes", Until::none()).await
}

#[tokio::test]
async fn nothing_is_sent_before_the_first_call_and_no_secret_is_shown() {
    let server = Server::start().await;
    server.on(VOLUMES, vec![ok(&json!({"volumes": []}))]);
    let session = session(&server);
    assert!(server.seen().is_empty());
    list(&session).await.unwrap();
    list(&session).await.unwrap();
    let lines: Vec<String> = server.seen().into_iter().map(|seen| seen.line).collect();
    let listed = format!("{VOLUMES}?limit=2");
    assert_eq!(lines, ["POST /v3/auth/tokens", "GET /cinder/v3/", &listed, &listed]);
    let (login, call) = (&server.seen()[0], &server.seen()[2]);
    assert!(login.body.contains(PLANTED) && !login.headers.contains_key("x-auth-token"));
    assert_eq!(call.headers["x-auth-token"], "token-1");
    assert_eq!(call.headers["openstack-api-version"], "volume 3.71");
    assert_eq!(server.seen()[1].headers["x-auth-token"], "token-1", "Cinder tells its versions to nobody else");
    let shown = format!("{session} {session:?}");
    assert!(shown.contains("site-b") && !shown.contains(PLANTED) && !shown.contains("token-1"), "{shown}");
    let counters = session.counters();
    assert_eq!((counters.calls, counters.round_trips, counters.logins, counters.retries), (2, 4, 1, 0));
    assert_eq!(session.project(Until::none()).await.unwrap(), "p1");
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once_by_all_who_used_it() {
    let server = Server::start().await;
    let refused =
        answer(401, r#"{"error": {"code": 401, "message": "The request you have made requires authentication."}}"#);
    server.on(VOLUMES, vec![ok(&json!({"volumes": []}))]);
    let session = session(&server);
    list(&session).await.unwrap();
    server.on(VOLUMES, vec![refused.clone(), refused.clone(), refused.clone(), ok(&json!({"volumes": []}))]);
    let (a, b, c) = tokio::join!(list(&session), list(&session), list(&session));
    for read in [a, b, c] {
        read.unwrap();
    }
    assert_eq!(server.tokens(), 2, "the three of them logged in once");
    server.on(VOLUMES, vec![refused]);
    let error = list(&session).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.remedy_text().unwrap().contains("site-b"), "{error}");
    assert_eq!(server.tokens(), 3);
}

#[tokio::test]
async fn a_token_that_has_ended_before_versions_are_asked_for_is_replaced() {
    let server = Server::start().await;
    let offer = json!({"versions": [{"id": "v3.0", "version": "3.71", "min_version": "3.0"}]});
    let refused =
        answer(401, r#"{"error": {"code": 401, "message": "The request you have made requires authentication."}}"#);
    server.on("GET /cinder/v3/", vec![refused, ok(&offer)]).on(VOLUMES, vec![ok(&json!({"volumes": []}))]);
    list(&session(&server)).await.unwrap();
    assert_eq!(server.tokens(), 2);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_by_those_who_wait_together() {
    let server = Server::start().await;
    let refusal = format!(r#"{{"error": {{"code": 401, "message": "{PLANTED} is wrong", "title": "Unauthorized"}}}}"#);
    server.on("POST /v3/auth/tokens", vec![Play::Late(Duration::from_millis(50), 401, refusal)]);
    let session = session(&server);
    let (a, b) = tokio::join!(list(&session), list(&session));
    for read in [a, b] {
        let error = read.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert!(!error.to_string().contains(PLANTED) && error.message().contains("***"), "{error}");
        assert!(error.remedy_text().unwrap().contains("clouds.yaml"), "{error}");
    }
    assert_eq!(server.lines("POST /v3/auth/tokens").len(), 1);
}

/// Keystone 30.0, once an application credential was deleted or a token was revoked.
#[tokio::test]
async fn a_credential_that_keystone_does_not_find_is_a_wrong_one() {
    for message in
        ["Could not find Application Credential: 58342aba3e3844bf8101289a914700a2.", "Failed to validate token"]
    {
        let server = Server::start().await;
        let refusal = json!({"error": {"code": 404, "message": message, "title": "Not Found"}});
        server.on("POST /v3/auth/tokens", vec![answer(404, &refusal.to_string())]);
        let error = list(&session(&server)).await.unwrap_err();
        assert_eq!((error.kind(), error.message().contains(message)), (ErrorKind::Unauthenticated, true), "{error}");
        assert!(error.remedy_text().unwrap().contains("clouds.yaml"), "{error}");
    }
    let server = Server::start().await;
    let elsewhere = answer(404, r#"{"error": {"code": 404, "message": "The resource could not be found."}}"#);
    server.on("POST /v3/auth/tokens", vec![elsewhere]);
    assert_eq!(list(&session(&server)).await.unwrap_err().kind(), ErrorKind::Unsupported, "a wrong auth_url");
}

#[tokio::test]
async fn a_token_that_is_about_to_end_is_renewed_by_the_clouds_own_clock() {
    let server = Server::start().await;
    server.on(VOLUMES, vec![ok(&json!({"volumes": []}))]);
    // the cloud's clock stands at 10:00:00, wherever ours is
    let ending = answer(201, &grant(server.address, "2026-11-30T10:00:30Z"));
    server.on("POST /v3/auth/tokens", vec![ending.clone(), ending]);
    let session = session(&server);
    list(&session).await.unwrap();
    list(&session).await.unwrap();
    assert_eq!(server.lines("POST /v3/auth/tokens").len(), 2, "30 s are not enough to begin something");
    assert_eq!(session.cloud_time().to_string().get(..16), Some("2026-11-30T10:00"));
}

#[tokio::test]
async fn a_read_is_repeated_once_and_a_change_is_not() {
    let server = Server::start().await;
    for play in [answer(500, ""), answer(503, "<html>"), Play::Close] {
        server.on(VOLUMES, vec![play.clone(), ok(&json!({"volumes": []}))]);
        list(&session(&server)).await.unwrap();
        server.on(VOLUMES, vec![play]);
        let error = list(&session(&server)).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Transient | ErrorKind::Unreachable), "{error}");
    }
    let change = Call::post(Service::BlockStorage, &["groups"], json!({}));
    for (play, kind, sent) in [
        (answer(500, ""), ErrorKind::Indeterminate, 1),
        (Play::Close, ErrorKind::Indeterminate, 1),
        (answer(503, ""), ErrorKind::Transient, 2),
    ] {
        let server = Server::start().await;
        server.on("POST /cinder/v3/p1/groups", vec![play]);
        let error = session(&server).send(&change, Until::none()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(server.lines("POST /cinder/v3/p1/groups").len(), sent, "{kind}");
    }
}

#[tokio::test]
async fn lists_are_read_page_after_page_at_the_address_that_is_known() {
    let server = Server::start().await;
    let next = |marker: &str| json!([{"rel": "next", "href": format!("http://192.0.2.1/?limit=2&marker={marker}")}]);
    server
        .on(VOLUMES, vec![ok(&json!({"volumes": [1, 2], "volumes_links": next("2")}))])
        .on(&format!("{VOLUMES}?limit=2&marker=2"), vec![ok(&json!({"volumes": [3, 4], "volumes_links": next("4")}))])
        .on(&format!("{VOLUMES}?limit=2&marker=4"), vec![ok(&json!({"volumes": [5]}))]);
    assert_eq!(list(&session(&server)).await.unwrap(), [1, 2, 3, 4, 5].map(Value::from));
    server.on(VOLUMES, vec![ok(&json!({"volumes": [1], "volumes_links": next("1")}))]);
    let endless = list(&session(&server)).await.unwrap_err();
    assert_eq!(endless.kind(), ErrorKind::Internal);
    assert!(endless.message().contains("no end"), "{endless}");
}

#[tokio::test]
async fn a_service_is_asked_by_few_at_a_time() {
    let server = Server::start().await;
    server.on(VOLUMES, vec![Play::Late(Duration::from_millis(20), 200, r#"{"volumes": []}"#.to_owned())]);
    let options = OpenStackOptions { max_concurrent_requests: 3, ..options() };
    let session = Session::new(entry(&server), options).unwrap();
    list(&session).await.unwrap();
    let read = futures::future::try_join_all((0..12).map(|_| list(&session))).await.unwrap();
    assert_eq!((read.len(), server.most_under_way()), (12, 3));
    assert_eq!(session.counters().most_in_flight, 3);
}

#[tokio::test]
async fn nobody_waits_past_the_deadline() {
    let server = Server::start().await;
    server.on(VOLUMES, vec![Play::Late(Duration::from_secs(4), 200, r#"{"volumes": []}"#.to_owned())]);
    let session = session(&server);
    let now = Timestamp::now();
    let begun = std::time::Instant::now();
    let until = Until::at(now + Duration::from_millis(300), now);
    let error = session.list::<Value>(&volumes(), "volumes", until).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::DeadlineExceeded), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3));
    let error = session.list::<Value>(&volumes(), "volumes", Until::at(now, now)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
}

#[tokio::test]
async fn a_cloud_that_is_down_is_unreachable_and_a_service_that_is_missing_is_named() {
    let address = { Server::start().await.address };
    tokio::time::sleep(Duration::from_millis(20)).await;
    let text = format!(
        "clouds: {{a: {{auth: {{auth_url: 'http://{address}', username: u, password: {PLANTED}, project_name: p}}}}}}"
    );
    let lost = crate::openstack::CloudsFile::parse("c".into(), &text, None).unwrap().entry("a").unwrap();
    let error = list(&Session::new(lost, options()).unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");

    let server = Server::start().await;
    let mut bare = entry(&server);
    bare.region = Some("RegionTwo".to_owned());
    let error = list(&Session::new(bare, options()).unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.message().contains("'RegionTwo'") && error.message().contains("site-b"), "{error}");
}

#[tokio::test]
async fn what_is_not_keystone_is_told_apart() {
    let server = Server::start().await;
    server.on("POST /v3/auth/tokens", vec![answer(200, "<html>planted</html>")]);
    let error = list(&session(&server)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.remedy_text().unwrap().contains("auth_url") && !error.to_string().contains("planted"), "{error}");
    server
        .on("GET /v3", vec![answer(503, "")])
        .on("POST /v3/auth/tokens", vec![answer(201, &grant(server.address, "2026-11-30T11:00:00Z"))]);
    assert_eq!(session(&server).greet().await.unwrap_err().kind(), ErrorKind::Transient);
}
