//! Who we are there: application credentials at a Keystone on loopback.

use super::server::{Play, Server};
use super::{api, store};
use crate::engine::HttpPeer;
use crate::model::{ApplicationCredential, SiteApi};
use crate::ports::Peer as _;
use crate::{ApiToken, ErrorKind};
use std::sync::Arc;
use url::Url;

const GIVEN: &str = "x-subject-token: token-1\r\n";
const GIVEN_ANEW: &str = "x-subject-token: token-2\r\n";

fn keystone(server: &Server) -> ApplicationCredential {
    let auth_url = Url::parse(&format!("http://{}/v3/", server.address)).unwrap();
    ApplicationCredential { auth_url, id: "1f".to_owned(), secret: ApiToken::new("planted-secret") }
}

fn expiring(at: &str) -> String {
    format!(r#"{{"token": {{"expires_at": "{at}"}}}}"#)
}

fn given(header: &'static str) -> Play {
    Play::Say(201, header, expiring("2999-01-01T00:00:00.000000Z"))
}

fn peer(service: &Server, keystone_server: &Server) -> HttpPeer {
    let api = SiteApi { credential: Some(keystone(keystone_server)), ..api(service) };
    HttpPeer::new("site-a".into(), "site-b".into(), &api, Arc::new(|| Ok(true))).unwrap()
}

fn token(token: &str) -> Option<String> {
    Some(token.to_owned())
}

#[tokio::test]
async fn one_token_serves_until_it_is_not_accepted_any_more() {
    let keystone = Server::start(store(), [given(GIVEN), given(GIVEN_ANEW)]).await;
    let refused = Play::Say(401, "", String::new());
    let service = Server::start(store(), [Play::Answer, Play::Answer, refused, Play::Answer]).await;
    let peer = peer(&service, &keystone);
    for _ in 0..3 {
        peer.ping().await.unwrap();
    }
    assert_eq!(service.tokens(), [token("token-1"), token("token-1"), token("token-1"), token("token-2")]);
    assert_eq!(keystone.lines(), ["POST /v3/auth/tokens HTTP/1.1"; 2]);
    assert!(keystone.bodies()[0].contains(r#""methods":["application_credential"]"#));
    assert!(!format!("{peer:?}").contains("planted") && !format!("{peer:?}").contains("token-"), "{peer:?}");
}

#[tokio::test]
async fn a_token_that_ends_soon_is_not_used() {
    let soon = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(30)).to_string();
    let keystone = Server::start(store(), [Play::Say(201, GIVEN, expiring(&soon)), given(GIVEN_ANEW)]).await;
    let service = Server::start(store(), []).await;
    let peer = peer(&service, &keystone);
    peer.ping().await.unwrap();
    peer.ping().await.unwrap();
    assert_eq!(service.tokens(), [token("token-1"), token("token-2")]);
}

#[tokio::test]
async fn a_new_token_that_is_not_accepted_either_is_no_loop() {
    let keystone = Server::start(store(), [given(GIVEN), given(GIVEN_ANEW)]).await;
    let service = Server::start(store(), vec![Play::Say(401, "", String::new()); 9]).await;
    let e = peer(&service, &keystone).ping().await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::PeerUnreachable);
    assert!(e.message().contains("does not accept the token (401)"), "{e}");
    assert_eq!(service.tokens().len(), 2);
}

#[tokio::test]
async fn without_a_token_nothing_is_asked() {
    let echo = || r#"{"error": {"message": "planted-secret"}}"#.to_owned();
    for (play, words) in [
        (Play::Say(401, "", echo()), "does not accept the application credential 1f"),
        (Play::Say(503, "", echo()), "answers 503"),
        (Play::Say(201, "", expiring("2999-01-01T00:00:00Z")), "no token that can be read"),
        (Play::Say(201, GIVEN, "{}".to_owned()), "no token that can be read"),
        (Play::Close, "does not answer"),
        (Play::Hang, "does not answer"),
    ] {
        let keystone = Server::start(store(), [play.clone()]).await;
        let service = Server::start(store(), []).await;
        let e = peer(&service, &keystone).ping().await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::PeerUnreachable, "{play:?}: {e}");
        assert!(e.message().contains(words) && e.message().contains("/v3/auth/tokens"), "{play:?}: {e}");
        assert!(!format!("{e} {e:?}").contains("planted"), "{e:?}");
        assert_eq!(service.lines(), Vec::<String>::new());
    }
}
