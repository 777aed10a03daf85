//! Which servers the token is given to.

use super::server::{Identity, Server};
use super::*;
use crate::{Error, ErrorKind};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::io::Write as _;
use tokio_rustls::rustls::version::{TLS12, TLS13};

/// An authority, and a certificate that it vouches for.
pub(crate) fn issued(name: &str, adjust: impl FnOnce(&mut CertificateParams)) -> (String, Identity) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "Test authority");
    let authority_key = KeyPair::generate().unwrap();
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let mut leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    adjust(&mut leaf);
    let key = KeyPair::generate().unwrap();
    (authority_pem, Identity::new(&leaf.signed_by(&key, &issuer).unwrap(), &key))
}

pub(crate) fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn trusting(server: &Server, trust: Trust) -> FlashArrayClient {
    client_with(server, PureOptions { trust, ..options(server) })
}

/// The token went nowhere, nothing was tried twice, and the message says what to do.
async fn refusal_of(server: &Server, trust: Trust) -> Error {
    let error = trusting(server, trust).version().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    assert!(error.to_string().contains("[storage] array_ca_file"), "{error}");
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
    assert_eq!(server.connections(), 1, "{error}");
    assert!(server.seen().is_empty());
    error
}

#[tokio::test]
async fn a_self_signed_certificate_is_not_trusted_by_default() {
    let server = Server::start(vec![]).await;
    let error = refusal_of(&server, Trust::System).await;
    assert!(error.message().contains("self-signed"), "{error}");
}

#[tokio::test]
async fn a_file_vouches_for_what_its_authority_issued() {
    let (authority, identity) = issued("127.0.0.1", |_| {});
    let server = Server::start_as(identity, vec![]).await;
    let file = file(&authority);
    trusting(&server, Trust::CaFile(file.path().to_owned())).version().await.unwrap();
}

#[tokio::test]
async fn a_file_vouches_for_nothing_else() {
    let (other, _) = issued("127.0.0.1", |_| {});
    let (_, identity) = issued("127.0.0.1", |_| {});
    let server = Server::start_as(identity, vec![]).await;
    let file = file(&other);
    let error = refusal_of(&server, Trust::CaFile(file.path().to_owned())).await;
    assert!(error.message().contains("not trusted"), "{error}");
}

#[tokio::test]
async fn an_array_s_own_certificate_may_stand_in_the_file_whatever_it_names() {
    for ca in [false, true] {
        let mut params = CertificateParams::new(vec!["array.example".to_owned()]).unwrap();
        params.is_ca = if ca { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::NoCa };
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let server = Server::start_as(Identity::new(&certificate, &key), vec![]).await;
        let file = file(&certificate.pem());
        trusting(&server, Trust::CaFile(file.path().to_owned())).version().await.unwrap();
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_and_the_message_says_so() {
    let (authority, identity) = issued("other.example", |_| {});
    let server = Server::start_as(identity, vec![]).await;
    let file = file(&authority);
    let error = refusal_of(&server, Trust::CaFile(file.path().to_owned())).await;
    assert!(error.message().contains("another name"), "{error}");
}

#[tokio::test]
async fn an_expired_certificate_is_refused_and_the_message_says_so() {
    let (authority, identity) = issued("127.0.0.1", |leaf| {
        leaf.not_before = rcgen::date_time_ymd(2019, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let server = Server::start_as(identity, vec![]).await;
    let file = file(&authority);
    let error = refusal_of(&server, Trust::CaFile(file.path().to_owned())).await;
    assert!(error.message().contains("has expired"), "{error}");
}

#[tokio::test]
async fn the_pinned_certificate_is_accepted_and_no_other() {
    let server = Server::start(vec![]).await;
    client(&server).version().await.unwrap();

    let other = Server::start(vec![]).await;
    let Trust::Fingerprint(seen) = options(&other).trust else { panic!("a fingerprint") };
    let error = refusal_of(&other, options(&server).trust).await;
    let shown = error.message().replace(':', "").to_lowercase();
    assert!(shown.contains(&seen), "{error}");
}

#[tokio::test]
async fn any_certificate_is_accepted_only_when_that_is_asked_for() {
    let (_, identity) = issued("other.example", |leaf| leaf.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let server = Server::start_as(identity, vec![]).await;
    trusting(&server, Trust::DangerAcceptAnyCertificate).version().await.unwrap();
}

#[tokio::test]
async fn a_certificate_without_its_key_is_not_enough() {
    for version in [&TLS12, &TLS13] {
        let honest = Identity::self_signed();
        let file = file(&honest.pem);
        let thief = Identity { key: Identity::self_signed().key, ..honest };
        let server = Server::start_with(thief, &[version], vec![]).await;
        let pinned = options(&server).trust;
        for trust in [pinned, Trust::CaFile(file.path().to_owned()), Trust::DangerAcceptAnyCertificate] {
            let error = trusting(&server, trust.clone()).version().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unreachable, "{trust:?}");
            assert!(server.seen().is_empty(), "{trust:?}");
        }
    }
}
