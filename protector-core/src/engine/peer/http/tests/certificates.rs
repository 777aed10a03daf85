//! Which services the metadata is given to.

use super::{SiteApi, record};
use crate::engine::HttpPeer;
use crate::ports::{Peer as _, PeerVersion};
use crate::pure::tests::certificates::{file, issued};
use crate::pure::tests::server::{Identity, Server, ok};
use crate::{ErrorKind, Result};
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

const DONE: &str = r#"{"answer": {"done": {}}}"#;

fn peer(server: &Server, ca_file: Option<PathBuf>) -> Result<HttpPeer> {
    let api = SiteApi { url: Url::parse(&server.url()).unwrap(), ca_file, timeout: 5, credential: None };
    HttpPeer::new("site-a".into(), "site-b".into(), &api, Arc::new(|| Ok(true)))
}

#[tokio::test]
async fn a_file_vouches_for_what_its_authority_issued() {
    let (authority, identity) = issued("127.0.0.1", |_| {});
    let server = Server::start_as(identity, vec![ok(DONE)]).await;
    let file = file(&authority);
    peer(&server, Some(file.path().to_owned())).unwrap().ping().await.unwrap();
    assert_eq!(server.calls(), ["POST /v1/admin/peer"]);
}

#[tokio::test]
async fn nothing_is_told_to_a_service_that_is_not_trusted() {
    let (authority, for_another_name) = issued("elsewhere.example.com", |_| {});
    let file = file(&authority);
    for (identity, ca_file, words) in [
        (Identity::self_signed(), None, "not trusted here"),
        (Identity::self_signed(), Some(file.path().to_owned()), "not trusted here"),
        (for_another_name, Some(file.path().to_owned()), "for another name"),
    ] {
        let server = Server::start_as(identity, vec![ok(DONE)]).await;
        let e = peer(&server, ca_file).unwrap().push(&record("web"), PeerVersion::Absent).await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::PeerUnreachable, "{e}");
        assert!(e.message().contains(words) && e.remedy_text().unwrap().contains("api_ca_file"), "{e}");
        assert!(server.seen().is_empty());
    }
}

#[tokio::test]
async fn a_file_without_a_certificate_is_named() {
    let server = Server::start(vec![]).await;
    let (empty, broken) = (file(""), file("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"));
    for path in [PathBuf::from("/nonexistent/ca.pem"), empty.path().to_owned(), broken.path().to_owned()] {
        let e = peer(&server, Some(path.clone())).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::InvalidConfiguration);
        assert!(e.message().contains(path.to_str().unwrap()), "{e}");
        assert!(e.remedy_text().unwrap().contains("[site:site-b] api_ca_file"), "{e}");
    }
}
