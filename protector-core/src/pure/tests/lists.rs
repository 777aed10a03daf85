//! Lists, their pages, and how many requests are under way.

use super::server::{Play, answer, ok};
use super::*;
use crate::ErrorKind;
use crate::pure::requests::{arrays, groups, snapshots, volumes};
use crate::pure::wire::{Array, Reference, VolumeSnapshot};
use futures::future::join_all;

fn page(names: &[&str], token: &str, more: &str) -> Play {
    let items: Vec<String> = names.iter().map(|name| format!(r#"{{"name":"{name}","new_field":{{}}}}"#)).collect();
    ok(&format!(
        r#"{{"items":[{}],"continuation_token":{token},"more_items_remaining":{more},"total_item_count":null}}"#,
        items.join(",")
    ))
}

async fn names(server: &Server) -> crate::Result<Vec<String>> {
    let client = client_with(server, PureOptions { page_limit: 2, ..options(server) });
    let items: Vec<VolumeSnapshot> = client.items(&snapshots::volumes_of(&"a:pg.1".into())).await?;
    Ok(items.into_iter().map(|item| item.name).collect())
}

#[tokio::test]
async fn pages_are_followed_by_their_mark_until_the_last() {
    let server = Server::start(vec![
        page(&["a", "b"], r#""bmV4dA==""#, "true"),
        page(&[], r#""bW9yZQ==""#, "true"),
        page(&["c"], "null", "false"),
    ])
    .await;
    assert_eq!(names(&server).await.unwrap(), ["a", "b", "c"]);
    let base = "GET /api/2.37/volume-snapshots?destroyed=false&filter=name%3D%27a%3Apg.1.%2A%27&limit=2";
    assert_eq!(
        server.calls(),
        [
            base.to_owned(),
            format!("{base}&continuation_token=bmV4dA%3D%3D"),
            format!("{base}&continuation_token=bW9yZQ%3D%3D")
        ]
    );
}

#[tokio::test]
async fn lists_without_marks_are_followed_by_count() {
    let server = Server::start(vec![
        page(&["a", "b"], "null", "true"),
        page(&["c", "d"], "null", "true"),
        page(&[], "null", "false"),
    ])
    .await;
    assert_eq!(names(&server).await.unwrap(), ["a", "b", "c", "d"]);
    assert!(server.calls()[1].ends_with("&limit=2&offset=2"), "{:?}", server.calls());
    assert!(server.calls()[2].ends_with("&limit=2&offset=4"), "{:?}", server.calls());
}

#[tokio::test]
async fn a_list_that_does_not_end_is_an_error_and_not_a_part() {
    for script in [
        vec![page(&["a"], r#""same""#, "true"), page(&["b"], r#""same""#, "true")],
        vec![page(&[], "null", "true")],
        vec![page(&["a"], "null", "true"), page(&[], "null", "true")],
        (0..102).map(|n| page(&[], &format!("\"{n}\""), "true")).collect(),
    ] {
        let server = Server::start(script).await;
        let error = names(&server).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.message().contains("there is more"), "{error}");
    }
}

#[tokio::test]
async fn a_list_is_whole_or_an_error() {
    let lost = vec![page(&["a", "b"], r#""t""#, "true"), answer(400, r#"{"errors":[{"message":"Bad token."}]}"#)];
    let server = Server::start(lost).await;
    assert_eq!(names(&server).await.unwrap_err().kind(), ErrorKind::Precondition);
    for unreadable in ["{}", r#"{"items":null}"#, "", "<html>", r#"{"items":[{"id":"1"}]}"#, r#"{"items":{}}"#] {
        let server = Server::start(vec![ok(unreadable)]).await;
        let error = names(&server).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "{unreadable}");
        assert!(error.message().starts_with("GET volume-snapshots: the answer of 127.0.0.1"), "{error}");
        assert!(error.message().contains(unreadable), "{error}");
    }
}

#[tokio::test]
async fn a_limit_of_the_request_is_kept() {
    let server = Server::start(vec![page(&["a"], "null", "false")]).await;
    let request = arrays::array().with("limit", crate::pure::request::QueryValue::Number(1));
    let _: Vec<Reference> = client(&server).items(&request).await.unwrap();
    assert_eq!(server.calls(), ["GET /api/2.37/arrays?limit=1"]);
}

#[tokio::test]
async fn the_answer_to_a_change_is_read_and_may_be_empty() {
    let item = r#"{"items":[{"id":"a-1","name":"arrA","version":null}]}"#;
    let server = Server::start(vec![ok(item), ok("")]).await;
    let client = client(&server);
    let reply = client.send(&volumes::create(&["v".into()], 512, RestVersion::new(2, 37))).await.unwrap();
    assert_eq!(reply.items::<Array>().unwrap()[0].name, "arrA");
    let seen = server.seen().pop().unwrap();
    assert_eq!(seen.body, r#"{"provisioned":512}"#);
    assert_eq!(seen.headers["content-type"], "application/json");
    let empty = client.send(&groups::create(&"pg".into())).await.unwrap();
    assert_eq!(empty.items::<Array>().unwrap_err().kind(), ErrorKind::Internal);
    let seen = server.seen().pop().unwrap();
    assert!(seen.body.is_empty() && !seen.headers.contains_key("content-type"), "{seen:?}");
}

#[tokio::test]
async fn no_more_requests_than_allowed_are_under_way() {
    let server = Server::start(vec![Play::Late(Duration::from_millis(20)); 12]).await;
    let client = client_with(&server, PureOptions { max_concurrent_requests: 3, ..options(&server) });
    let request = arrays::array();
    let ends = join_all((0..12).map(|_| client.send(&request))).await;
    assert!(ends.iter().all(Result::is_ok));
    assert_eq!(server.most_under_way(), 3);
    assert!(server.connections() <= 3, "{}", server.connections());
}

#[tokio::test]
async fn waiting_for_a_turn_ends_at_the_deadline() {
    let server = Server::start(vec![Play::Hang, ok("{}")]).await;
    let client = client_with(&server, PureOptions { max_concurrent_requests: 1, ..options(&server) });
    client.version().await.unwrap();
    let request = arrays::array();
    let creation = groups::create(&"pg".into());
    let (hung, waiting) = tokio::join!(client.send_by(&request, within(500)), client.send_by(&creation, within(100)));
    assert_eq!(hung.map(drop).unwrap_err().kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(waiting.map(drop).unwrap_err().kind(), ErrorKind::DeadlineExceeded, "it was never sent");
    assert_eq!(server.calls().len(), 1);
}
