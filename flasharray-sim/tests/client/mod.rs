//! A REST client: TLS that trusts the simulator's authority and nobody else, and a session.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

use flasharray_sim::{ArrayOptions, Options, ServedArray, Simulator};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// A simulator of two arrays, `arrA` and `arrB`.
pub(crate) async fn start(options: Options) -> Simulator {
    let arrays = vec![ArrayOptions::local("arrA"), ArrayOptions::local("arrB")];
    Simulator::start(Options { arrays, ..options }).await.unwrap()
}

pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) version: &'static str,
    pub(crate) api_token: String,
    pub(crate) session: Option<String>,
}

impl Client {
    /// A client of that array, not logged in.
    pub(crate) fn new(array: &ServedArray) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        let pem = array.ca_cert.as_bytes();
        let certificate = rustls::pki_types::pem::PemObject::from_pem_slice(pem).unwrap();
        roots.add(certificate).unwrap();
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let http =
            reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(Duration::from_secs(10));
        Self {
            http: http.build().unwrap(),
            url: array.url.clone(),
            version: "2.37",
            api_token: array.api_token.clone(),
            session: None,
        }
    }

    /// A client of that array with a session.
    pub(crate) async fn logged_in(array: &ServedArray) -> Self {
        let mut client = Self::new(array);
        client.log_in().await;
        client
    }

    pub(crate) async fn log_in(&mut self) {
        let response = self.request(Method::POST, "login").header("api-token", &self.api_token).send().await.unwrap();
        assert_eq!(response.status(), 200);
        self.session = Some(response.headers()["x-auth-token"].to_str().unwrap().to_owned());
    }

    /// A request to a path behind the version.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/api/{}/{path}", self.url, self.version));
        match &self.session {
            Some(session) => request.header("x-auth-token", session),
            None => request,
        }
    }

    /// A request to a whole path, without a session.
    pub(crate) fn plain(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        read(self.request(method, path).json_text(body).send().await.unwrap()).await
    }
}

/// A body of JSON.
pub(crate) trait JsonText {
    fn json_text(self, body: &Value) -> Self;
}

impl JsonText for RequestBuilder {
    fn json_text(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }
}

/// Status and JSON body; `null`: no body.
pub(crate) async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
}
