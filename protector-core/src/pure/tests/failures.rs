//! What becomes of each thing that can go wrong.

use super::server::{Play, answer, ok, refusal};
use super::*;
use crate::pure::request::Request;
use crate::pure::requests::{arrays, groups, members, volumes};
use crate::{Error, ErrorKind};

const DONE: &str = r#"{"items":[]}"#;

fn read() -> Request {
    arrays::array()
}

fn change() -> Request {
    groups::set_destroyed(&"pg".into(), true)
}

fn creation() -> Request {
    volumes::create(&["v1".into()], 512, RestVersion::new(2, 37))
}

/// Plays `script` to a request: its end, and how often the request arrived.
async fn play(request: Request, script: Vec<Play>) -> (Result<(), Error>, usize) {
    let server = Server::start(script).await;
    let end = client(&server).send(&request).await.map(drop);
    assert!(server.is_done() || end.is_err(), "{end:?}");
    (end, server.calls().len())
}

fn kind(end: &Result<(), Error>) -> Option<ErrorKind> {
    end.as_ref().err().map(Error::kind)
}

#[tokio::test]
async fn a_refusal_has_the_kind_of_its_sentence_and_is_sent_once() {
    for (play_this, expected) in [
        (refusal(400, "Volume does not exist."), ErrorKind::NotFound),
        (refusal(400, "Volume has been destroyed."), ErrorKind::PendingEradication),
        (refusal(409, "Volume already exists."), ErrorKind::AlreadyExists),
        (refusal(409, "Something."), ErrorKind::Conflict),
        (refusal(403, "Operation not permitted."), ErrorKind::Forbidden),
        (answer(403, r#"{"message":"Operation not permitted."}"#), ErrorKind::Forbidden),
        (answer(404, "<html>no such path</html>"), ErrorKind::Unsupported),
        (answer(400, "<html>\u{1b}[31mbad</html>"), ErrorKind::Internal),
        (refusal(400, "Nobody has seen this."), ErrorKind::Precondition),
        (Play::Answer(302, vec![("Location", "/api/2.37/other".to_owned())], String::new()), ErrorKind::Unsupported),
    ] {
        for request in [read(), change(), creation()] {
            let (end, times) = play(request.clone(), vec![play_this.clone()]).await;
            assert_eq!((kind(&end), times), (Some(expected), 1), "{play_this:?} {request:?} {end:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_names_the_request_the_array_and_what_it_said() {
    let (end, _) = play(change(), vec![refusal(400, "Protection group does not exist")]).await;
    let text = end.unwrap_err().to_string();
    assert!(text.starts_with("PATCH protection-groups: 127.0.0.1:"), "{text}");
    assert!(text.ends_with("answered 400: x: Protection group does not exist"), "{text}");

    let (end, _) = play(read(), vec![answer(403, r#"{"message":"Not for you."}"#)]).await;
    let text = end.unwrap_err().to_string();
    assert!(text.contains("Not for you.") && text.contains("storage_admin"), "{text}");

    let long = "\u{7}<".repeat(5000);
    let (end, _) = play(read(), vec![answer(400, &long)]).await;
    let text = end.unwrap_err().to_string();
    assert!(text.contains(r"\u{7}<") && !text.contains('\u{7}') && text.len() < 1500, "{text}");
}

#[tokio::test]
async fn what_certainly_had_no_effect_is_sent_again_even_if_it_creates() {
    for script in [
        vec![answer(429, r#"{"message":"slow down"}"#), ok(DONE)],
        vec![refusal(500, "Server is busy"), ok(DONE)],
        vec![answer(503, ""), answer(503, "<html>"), ok(DONE)],
    ] {
        for request in [read(), change(), creation()] {
            let (end, times) = play(request, script.clone()).await;
            assert_eq!((kind(&end), times), (None, script.len()), "{script:?} {end:?}");
        }
    }
}

#[tokio::test]
async fn what_may_have_had_its_effect_is_sent_again_unless_it_creates() {
    for broken in [Play::Close, Play::CloseAmidBody, refusal(500, "Internal error."), answer(502, "<html>")] {
        for request in [read(), change(), members::add(&"pg".into(), &["v1".into()])] {
            let (end, times) = play(request, vec![broken.clone(), ok(DONE)]).await;
            assert_eq!((kind(&end), times), (None, 2), "{broken:?} {end:?}");
        }
        let (end, times) = play(creation(), vec![broken.clone(), ok(DONE)]).await;
        assert_eq!((kind(&end), times), (Some(ErrorKind::Indeterminate), 1), "{broken:?}");
        let text = end.unwrap_err().to_string();
        assert!(text.contains("may or may not have been made") && text.contains("look at the array"), "{text}");
    }
}

#[tokio::test]
async fn attempts_run_out_with_the_kind_that_tells_the_caller_what_is_known() {
    for (broken, of_read, of_change) in [
        (answer(503, ""), ErrorKind::Transient, ErrorKind::Transient),
        (answer(429, ""), ErrorKind::Transient, ErrorKind::Transient),
        (answer(502, ""), ErrorKind::Transient, ErrorKind::Indeterminate),
        (Play::Close, ErrorKind::Unreachable, ErrorKind::Indeterminate),
    ] {
        for (request, expected) in [(read(), of_read), (change(), of_change)] {
            let (end, times) = play(request, vec![broken.clone(); 3]).await;
            assert_eq!((kind(&end), times), (Some(expected), 3), "{broken:?} {end:?}");
        }
    }
    // the first was unsure, and a clear refusal to look at the second does not change that
    let (end, _) = play(change(), vec![Play::Close, answer(503, ""), answer(503, "")]).await;
    assert_eq!(kind(&end), Some(ErrorKind::Indeterminate));
}

#[tokio::test]
async fn the_array_says_how_long_to_wait() {
    let busy = Play::Answer(429, vec![("Retry-After", "1".to_owned())], String::new());
    let begun = std::time::Instant::now();
    let (end, _) = play(read(), vec![busy, ok(DONE)]).await;
    assert_eq!(kind(&end), None);
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());

    let away = Play::Answer(503, vec![("Retry-After", "3600".to_owned())], String::new());
    let (end, times) = play(creation(), vec![away]).await;
    assert_eq!((kind(&end), times), (Some(ErrorKind::Transient), 1));
}

#[tokio::test]
async fn every_plain_success_counts_and_a_partial_one_does_not() {
    for status in [200, 201, 204] {
        let (end, times) = play(creation(), vec![answer(status, "")]).await;
        assert_eq!((kind(&end), times), (None, 1), "{status}");
    }
    let part = answer(207, r#"{"items":[{"name":"a"}],"errors":[{"context":"b","message":"Not here."}]}"#);
    for (request, expected) in [(read(), ErrorKind::Internal), (change(), ErrorKind::Indeterminate)] {
        let (end, times) = play(request, vec![part.clone()]).await;
        assert_eq!((kind(&end), times), (Some(expected), 1));
        assert!(end.unwrap_err().message().contains("b: Not here."));
    }
}

#[tokio::test]
async fn a_connection_that_fails_before_tls_had_no_effect() {
    let server = Server::start(vec![ok(DONE)]).await;
    let client = client(&server);
    client.version().await.unwrap();
    let fresh = super::client(&server);
    server.refuse_connections(2);
    fresh.send(&creation()).await.unwrap();
    assert_eq!((server.calls().len(), fresh.counters().retries), (1, 2));
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_says_what_to_check() {
    let server = Server::start(vec![]).await;
    let client = client(&server);
    drop(server);
    tokio::task::yield_now().await;
    for request in [read(), creation()] {
        let error = client.send(&request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
        assert!(error.to_string().contains("cannot be reached") && error.to_string().contains("array URL"), "{error}");
    }
}

#[tokio::test]
async fn a_silent_array_is_left_at_the_request_timeout() {
    let server = Server::start(vec![Play::Hang; 4]).await;
    let options = PureOptions { request_timeout: Duration::from_millis(250), retries: 1, ..options(&server) };
    let client = client_with(&server, options.clone());
    // logging in has as little time, and must not be what fails
    assert!(client.version().await.is_ok());
    let error = client.send(&read()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    assert!(error.message().contains("did not answer"), "{error}");
    assert_eq!(client.send(&creation()).await.unwrap_err().kind(), ErrorKind::Indeterminate);
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test]
async fn a_deadline_ends_the_wait_for_an_answer() {
    for (request, expected) in [
        (read(), ErrorKind::DeadlineExceeded),
        (change(), ErrorKind::Indeterminate),
        (creation(), ErrorKind::Indeterminate),
    ] {
        let server = Server::start(vec![Play::Hang]).await;
        let client = client(&server);
        client.version().await.unwrap();
        let error = client.send_by(&request, within(300)).await.unwrap_err();
        assert_eq!((error.kind(), server.calls().len()), (expected, 1), "{error}");
    }
}

#[tokio::test]
async fn after_the_deadline_nothing_is_sent() {
    let server = Server::start(vec![]).await;
    let client = client(&server);
    for request in [read(), creation()] {
        let error = client.send_by(&request, within(-1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
    }
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn a_deadline_is_not_slept_through() {
    let busy = Play::Answer(503, vec![("Retry-After", "20".to_owned())], String::new());
    let server = Server::start(vec![busy]).await;
    let begun = std::time::Instant::now();
    let error = client(&server).send_by(&read(), within(4000)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_token_that_the_array_sends_back_is_not_shown() {
    let echo = answer(502, &format!("api-token: {TOKEN}, x-auth-token: session-1"));
    let (end, _) = play(creation(), vec![echo]).await;
    let text = format!("{:?}", end.unwrap_err());
    assert!(text.contains("api-token: ***, x-auth-token: ***"), "{text}");
}
