//! The way to another site over real connections on loopback.

#[cfg(feature = "pure")]
mod certificates;
mod keystone;
mod server;

use super::super::tests::{store, store_with_keys};
use super::HttpPeer;
use crate::model::SiteApi;
use crate::ports::conformance::peer::{PeerSubject, suite};
use crate::ports::conformance::run_all;
use crate::ports::conformance::store::samples::{change, record};
use crate::ports::{Peer as _, PeerVersion, Store as _};
use crate::{ApiToken, ErrorKind};
use server::{Play, Server};
use std::sync::{Arc, Mutex};
use url::Url;

fn api(server: &Server) -> SiteApi {
    let url = Url::parse(&format!("http://{}", server.address)).unwrap();
    SiteApi { url, ca_file: None, timeout: 1, credential: None }
}

fn peer(server: &Server) -> HttpPeer {
    HttpPeer::new("site-a".into(), "site-b".into(), &api(server), Arc::new(|| Ok(true))).unwrap()
}

#[tokio::test]
async fn a_service_of_the_other_site_keeps_the_contract() {
    let (place, servers) = (tempfile::tempdir().unwrap(), Mutex::new(Vec::new()));
    for keeps_tokens in [true, false] {
        let report = run_all(&suite(), async || {
            let there = if keeps_tokens { store_with_keys(&place) } else { store() };
            let server = Server::start(there.clone(), []).await;
            let peer = Arc::new(peer(&server));
            servers.lock().unwrap().push(server);
            Ok(PeerSubject { peer, there, keeps_tokens })
        })
        .await;
        let report = report.into_result().unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(report.skipped().len(), 1);
    }
}

#[tokio::test]
async fn a_change_without_an_answer_may_have_been_made_and_can_be_told_again() {
    let web = record("web");
    for (play, is_there) in [
        (Play::DoAndClose, true),
        (Play::Close, false),
        (Play::Hang, false),
        (Play::Say(502, "", "<html>Bad Gateway</html>".to_owned()), false),
        (Play::Say(500, "", r#"{"error": {"message": "a defect"}}"#.to_owned()), false),
        (Play::Say(200, "", "{}".to_owned()), false),
        (Play::Say(200, "", r#"{"answer": {"version": 7}}"#.to_owned()), false),
    ] {
        let there = store();
        let server = Server::start(there.clone(), [play.clone()]).await;
        let peer = peer(&server);
        let e = peer.push(&web, PeerVersion::Absent).await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Indeterminate, "{play:?}: {e}");
        assert!(e.message().contains("site-b") && e.message().contains("127.0.0.1"), "{e}");
        assert_eq!(there.group("web").await.unwrap().is_some(), is_there, "{play:?}");
        peer.push(&web, PeerVersion::Absent).await.unwrap();
        assert_eq!(there.group("web").await.unwrap().as_ref(), Some(&web));
    }
}

#[tokio::test]
async fn what_was_not_let_in_changed_nothing() {
    let refusal = |message: &str| format!(r#"{{"error": {{"code": "x", "message": "{message}"}}}}"#);
    for (status, words, remedy) in [
        (401, "wants to know who asks (401): no token", "[site:site-b]"),
        (403, "does not let this site in (403): no token", "protector:peer:ask"),
        (404, "not as a site does: 404: no token", "api_url"),
        (413, "not as a site does: 413: no token", "api_url"),
    ] {
        let there = store();
        let script = vec![Play::Say(status, "", refusal("no token")); 2];
        let server = Server::start(there.clone(), script).await;
        let peer = peer(&server);
        for e in [
            peer.push(&record("web"), PeerVersion::Absent).await.unwrap_err(),
            peer.version(&"pg-web".into()).await.unwrap_err(),
        ] {
            assert_eq!(e.kind(), ErrorKind::PeerUnreachable, "{e}");
            assert!(e.message().contains(words), "{e}");
            assert!(e.remedy_text().unwrap().contains(remedy), "{e}");
        }
        assert_eq!(there.group("web").await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_look_without_an_answer_is_a_site_that_does_not_answer() {
    for play in [Play::Close, Play::Hang, Play::Say(503, "", String::new()), Play::Say(200, "", "[]".to_owned())] {
        let server = Server::start(store(), [play.clone()]).await;
        let e = peer(&server).record(&"pg-web".into()).await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::PeerUnreachable, "{play:?}: {e}");
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_a_site_that_does_not_answer() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}", free.local_addr().unwrap())).unwrap();
    drop(free);
    let api = SiteApi { url, ca_file: None, timeout: 1, credential: None };
    let peer = HttpPeer::new("site-a".into(), "site-b".into(), &api, Arc::new(|| Ok(true))).unwrap();
    let e = peer.push(&record("web"), PeerVersion::Absent).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::PeerUnreachable, "{e}");
    assert!(e.message().contains("refused"), "{e}");
}

#[tokio::test]
async fn an_address_that_leads_elsewhere_is_found_out_before_anything_is_done() {
    let there = store();
    let server = Server::start(there.clone(), []).await;
    for (here, site, words) in [("site-b", "site-a", "asks for site-a"), ("site-b", "site-b", "asks for site-b")] {
        let peer = HttpPeer::new(here.into(), site.into(), &api(&server), Arc::new(|| Ok(true))).unwrap();
        let e = peer.push(&record("web"), PeerVersion::Absent).await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::InvalidConfiguration, "{e}");
        assert!(e.message().contains(words) && e.message().contains("this is site-b"), "{e}");
    }
    assert_eq!(there.group("web").await.unwrap(), None);
}

#[tokio::test]
async fn a_lost_site_of_a_simulated_world_is_not_asked() {
    let server = Server::start(store(), []).await;
    let peer = HttpPeer::new("site-a".into(), "site-b".into(), &api(&server), Arc::new(|| Ok(false))).unwrap();
    assert_eq!(peer.ping().await.unwrap_err().kind(), ErrorKind::PeerUnreachable);
    assert_eq!(server.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn tokens_are_in_the_body_and_in_no_message() {
    let mut web = record("web");
    web.policy.as_mut().unwrap().primary_fa_api_token = Some(ApiToken::new("planted-token"));
    let echo = |status| Play::Say(status, "", r#"{"answer": "planted-token"}"#.to_owned());
    let place = tempfile::tempdir().unwrap();
    let server =
        Server::start(store_with_keys(&place), [Play::Hang, echo(200), echo(400), echo(502), Play::Answer]).await;
    let peer = peer(&server);
    for _ in 0..4 {
        let e = peer.push(&web, PeerVersion::Absent).await.unwrap_err();
        assert!(!format!("{e} {e:?} {peer} {peer:?}").contains("planted"), "{e:?}");
    }
    peer.push(&web, PeerVersion::Absent).await.unwrap();
    let next = change(&web, |_| ()).record;
    let e = peer.push(&next, PeerVersion::Absent).await.unwrap_err();
    assert!(!format!("{e} {e:?}").contains("planted"), "{e:?}");
    assert!(server.bodies().iter().all(|body| body.contains("planted-token")));
    assert!(server.lines().iter().all(|line| line == "POST /v1/admin/peer HTTP/1.1"), "{:?}", server.lines());
}
