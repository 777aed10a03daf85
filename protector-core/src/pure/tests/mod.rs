//! The client against a server in the process: loopback, TLS, scripted answers.

pub(crate) mod certificates;
mod failures;
mod lists;
pub(crate) mod server;
mod sessions;

use super::options::{ArrayEndpoint, PureOptions, Trust};
use super::{FlashArrayClient, RestVersion};
use crate::ApiToken;
use server::Server;
use sha2::{Digest, Sha256};
use std::time::Duration;

const TOKEN: &str = "3bdf3b60-f0c0-fa8a-83c1-b794ba8f562c";

/// Trusts the server, and waits little.
fn options(server: &Server) -> PureOptions {
    let fingerprint = Sha256::digest(&server.certificate).iter().map(|byte| format!("{byte:02x}")).collect();
    PureOptions {
        trust: Trust::Fingerprint(fingerprint),
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(5),
        retries: 2,
        first_pause: Duration::from_millis(1),
        ..PureOptions::default()
    }
}

fn client(server: &Server) -> FlashArrayClient {
    client_with(server, options(server))
}

fn client_with(server: &Server, options: PureOptions) -> FlashArrayClient {
    let endpoint = ArrayEndpoint::parse(&server.url(), ApiToken::new(TOKEN)).unwrap();
    FlashArrayClient::new(endpoint, options).unwrap()
}

/// A deadline so many milliseconds from now.
fn within(milliseconds: i64) -> Option<jiff::Timestamp> {
    Some(jiff::Timestamp::now() + jiff::SignedDuration::from_millis(milliseconds))
}

#[tokio::test]
async fn a_client_sends_nothing_until_it_is_asked_and_shows_no_secret() {
    let server = Server::start(vec![server::ok(r#"{"items":[]}"#)]).await;
    let client = client(&server);
    assert_eq!(server.connections(), 0);
    client.send(&super::requests::arrays::array()).await.unwrap();
    assert_eq!(server.seen()[1].headers["api-token"], TOKEN);
    assert_eq!(server.seen()[2].headers["x-auth-token"], "session-1");
    let shown = format!("{client} {client:?}");
    assert!(shown.contains("127.0.0.1") && shown.contains("round_trips: 3"), "{shown}");
    assert!(!shown.contains(TOKEN) && !shown.contains("session-1"), "{shown}");
}

#[tokio::test]
async fn the_version_is_the_newest_of_both_or_the_one_asked_for() {
    let server = Server::start(vec![]).await;
    assert_eq!(client(&server).version().await.unwrap(), RestVersion::new(2, 37));
    let wanted = |minor| PureOptions { rest_version: Some(RestVersion::new(2, minor)), ..options(&server) };
    assert_eq!(client_with(&server, wanted(4)).version().await.unwrap(), RestVersion::new(2, 4));
    let error = client_with(&server, wanted(26)).version().await.unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Unsupported);
    assert!(error.message().contains("127.0.0.1"), "{error}");
}
