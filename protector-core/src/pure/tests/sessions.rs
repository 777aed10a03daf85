//! One session for everybody.

use super::server::{Play, answer, ok, refusal};
use super::*;
use crate::ErrorKind;
use crate::pure::requests::{arrays, volumes};
use futures::future::join_all;

const DONE: &str = r#"{"items":[]}"#;

#[tokio::test]
async fn callers_at_the_same_time_log_in_once() {
    let server = Server::start(vec![ok(DONE); 20]).await;
    let client = client(&server);
    let request = arrays::array();
    let ends = join_all((0..20).map(|_| client.send(&request))).await;
    assert!(ends.iter().all(Result::is_ok));
    assert_eq!(server.lines()[..2], ["GET /api/api_version", "POST /api/2.37/login"]);
    assert_eq!(server.calls(), vec!["GET /api/2.37/arrays"; 20]);
    let counters = client.counters();
    assert_eq!((counters.logins, counters.requests, counters.round_trips, counters.retries), (1, 20, 22, 0));
    assert!(counters.bytes_in > 20 * DONE.len() as u64);
}

#[tokio::test]
async fn a_session_that_has_ended_is_replaced_and_the_request_sent_again() {
    let ended = refusal(401, "Invalid session.");
    for request in [arrays::array(), volumes::create(&["v1".into()], 512, RestVersion::new(2, 37))] {
        let server = Server::start(vec![ok(DONE), ended.clone(), ok(DONE)]).await;
        let client = client(&server);
        client.send(&arrays::array()).await.unwrap();
        client.send(&request).await.unwrap();
        assert_eq!(client.counters().logins, 2);
        assert_eq!(server.seen().last().unwrap().headers["x-auth-token"], "session-2");
    }
}

#[tokio::test]
async fn callers_whose_session_ended_together_log_in_once() {
    let mut script = vec![ok(DONE)];
    script.extend(vec![refusal(401, "Invalid session."); 6]);
    script.extend(vec![ok(DONE); 6]);
    let server = Server::start(script).await;
    let client = client(&server);
    let request = arrays::array();
    client.send(&request).await.unwrap();
    let ends = join_all((0..6).map(|_| client.send(&request))).await;
    assert!(ends.iter().all(Result::is_ok), "{:?}", ends.iter().map(|end| end.as_ref().err()).collect::<Vec<_>>());
    assert_eq!(client.counters().logins, 2);
}

#[tokio::test]
async fn a_second_refusal_of_the_session_is_about_the_token() {
    let server = Server::start(vec![refusal(401, "Invalid session."); 3]).await;
    let client = client(&server);
    let error = client.send(&arrays::array()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    assert!(error.to_string().contains("API token"), "{error}");
    assert_eq!((server.calls().len(), client.counters().logins), (2, 2));
}

#[tokio::test]
async fn a_wrong_token_is_tried_once_by_all_together() {
    for status in [400, 401] {
        let server = Server::start(vec![]).await;
        let versions = ok(r#"{"version":["2.26"]}"#);
        server.in_sessions(vec![versions, refusal(status, "Invalid API token.")]);
        let client = client(&server);
        let request = arrays::array();
        let ends = join_all((0..5).map(|_| client.send(&request))).await;
        for end in ends {
            let error = end.map(drop).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
            assert!(error.to_string().contains("Invalid API token.") && !error.to_string().contains(TOKEN), "{error}");
        }
        assert_eq!(server.lines(), ["GET /api/api_version", "POST /api/2.26/login"]);
    }
}

#[tokio::test]
async fn a_login_that_failed_does_not_stay_so() {
    let server = Server::start(vec![ok(DONE)]).await;
    let versions = ok(r#"{"version":["2.26"]}"#);
    server.in_sessions(vec![versions, refusal(401, "Invalid API token.")]);
    let client = client(&server);
    client.send(&arrays::array()).await.unwrap_err();
    client.send(&arrays::array()).await.unwrap();
}

#[tokio::test]
async fn a_busy_array_is_logged_in_to_later_even_for_a_creation() {
    let server = Server::start(vec![ok(DONE)]).await;
    let versions = ok(r#"{"version":["2.26"]}"#);
    server.in_sessions(vec![Play::Close, versions, answer(503, "")]);
    let client = client(&server);
    client.send(&volumes::create(&["v1".into()], 512, RestVersion::new(2, 26))).await.unwrap();
    assert_eq!(server.calls().len(), 1);
    assert_eq!(client.counters().retries, 2);
}

#[tokio::test]
async fn an_answer_that_is_no_array_s_is_not_taken_for_one() {
    for (versions, expected) in [
        (ok("<html>welcome</html>"), ErrorKind::Internal),
        (ok(r#"{"version":["1.19","2.0"]}"#), ErrorKind::Unsupported),
        (answer(404, "nothing here"), ErrorKind::Unsupported),
    ] {
        let server = Server::start(vec![]).await;
        server.in_sessions(vec![versions]);
        let error = client(&server).version().await.unwrap_err();
        assert_eq!(error.kind(), expected, "{error}");
        assert!(error.message().contains("127.0.0.1"), "{error}");
        assert_eq!(server.lines(), ["GET /api/api_version"], "the token was not sent");
    }
    let server = Server::start(vec![]).await;
    server.in_sessions(vec![ok(r#"{"version":["2.26"]}"#), ok(DONE)]);
    let error = client(&server).version().await.unwrap_err();
    assert!(error.message().contains("without naming a session"), "{error}");
}

#[tokio::test]
async fn one_caller_s_deadline_is_not_the_others() {
    let server = Server::start(vec![ok(DONE)]).await;
    server.in_sessions(vec![Play::Late(Duration::from_millis(300))]);
    let client = client_with(&server, PureOptions { retries: 0, ..options(&server) });
    let request = arrays::array();
    let (hasty, patient) = tokio::join!(client.send_by(&request, within(100)), client.send(&request));
    assert_eq!(hasty.map(drop).unwrap_err().kind(), ErrorKind::DeadlineExceeded);
    patient.unwrap();
}

#[tokio::test]
async fn closing_ends_the_session_on_the_array_and_the_next_call_opens_another() {
    let server = Server::start(vec![ok(DONE), ok(DONE)]).await;
    let client = client(&server);
    client.close().await;
    assert!(server.lines().is_empty());
    client.send(&arrays::array()).await.unwrap();
    client.close().await;
    client.close().await;
    let logout: Vec<_> = server.seen().into_iter().filter(|seen| seen.line.ends_with("/logout")).collect();
    assert_eq!(logout.len(), 1);
    assert_eq!(logout[0].headers["x-auth-token"], "session-1");
    client.send(&arrays::array()).await.unwrap();
    assert_eq!(client.counters().logins, 2);
}

#[tokio::test]
async fn an_array_that_does_not_answer_a_log_out_is_left() {
    let server = Server::start(vec![ok(DONE)]).await;
    let client = client(&server);
    client.send(&arrays::array()).await.unwrap();
    server.in_sessions(vec![Play::Close]);
    client.close().await;
}

#[tokio::test]
async fn the_array_s_clock_is_read_from_its_replies_and_carried_forward() {
    let date = Play::Answer(200, vec![("Date", "Thu, 20 Nov 2036 15:12:31 GMT".to_owned())], DONE.to_owned());
    let server = Server::start(vec![ok(DONE), date]).await;
    let client = client(&server);
    client.send(&arrays::array()).await.unwrap();
    assert!((client.array_time().as_second() - jiff::Timestamp::now().as_second()).abs() < 5, "ours until it says");
    client.send(&arrays::array()).await.unwrap();
    let said: jiff::Timestamp = "2036-11-20T15:12:31Z".parse().unwrap();
    let time = client.array_time();
    assert!((0..5).contains(&(time.as_second() - said.as_second())), "{time}");
    let one = client.array_time();
    std::thread::sleep(Duration::from_millis(2));
    assert!(client.array_time() > one);
}
