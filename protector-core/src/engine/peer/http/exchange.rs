//! One question out, one answer back, or what it means that none came.

use super::keystone::Login;
use crate::engine::peer::wire::Answer;
use crate::model::SiteApi;
use crate::model::SiteName;
use crate::transport::{self, Accept, CertificateFault, root_cause};
use crate::{Error, ErrorKind, Result};
use reqwest::header::{CONTENT_TYPE, HeaderName};
use reqwest::{Client, StatusCode};
use rustls::ClientConfig;
use serde::Deserialize;
use std::path::Path;
use std::{fmt, time::Duration};
use url::Url;

/// Where the questions go, below `api_url`.
const PATH: &str = "v1/admin/peer";
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest reason of a refusal in a message, in characters.
const EXCERPT: usize = 200;

/// The way to one `protector-api`.
pub(super) struct Exchange {
    site: SiteName,
    url: Url,
    http: Client,
    login: Option<Login>,
    timeout: Duration,
}

impl Exchange {
    pub(super) fn new(site: &SiteName, api: &SiteApi) -> Result<Self> {
        let timeout = Duration::from_secs(api.timeout.into());
        let http = Client::builder()
            .tls_backend_preconfigured(tls(site, api.ca_file.as_deref())?)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // a change is sent once; whoever gave it looks before giving it again
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT.min(timeout))
            .timeout(timeout)
            // a connection that the other end closes while a question is written leaves its effect unknown
            .pool_idle_timeout(Duration::from_secs(20))
            .user_agent(concat!("protector/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Error::internal(format!("the HTTP client for {site} cannot be set up: {e}")))?;
        let login = api.credential.clone().map(|credential| Login::new(site.clone(), credential));
        Ok(Self { site: site.clone(), url: below(&api.url), http, login, timeout })
    }

    /// Sends a question. A token that is no longer accepted is replaced once: that question was not read.
    ///
    /// # Errors
    /// it did not get there, or was not let in → `PeerUnreachable`; it may have got there, and `changes` something →
    /// `Indeterminate`.
    pub(super) async fn send(&self, body: Vec<u8>, changes: bool) -> Result<Answer> {
        let mut token = match &self.login {
            Some(login) => Some(login.token(&self.http, None).await?),
            None => None,
        };
        let mut is_renewed = false;
        loop {
            let mut request =
                self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body.clone());
            if let Some(token) = &token {
                request = request.header(HeaderName::from_static("x-auth-token"), token.header()?);
            }
            let reply = request.send().await.map_err(|e| self.no_answer(changes, &e))?;
            let status = reply.status();
            let text = reply.text().await.map_err(|e| self.no_answer(changes, &e))?;
            match (&self.login, &token) {
                (Some(login), Some(stale)) if status == StatusCode::UNAUTHORIZED && !is_renewed => {
                    is_renewed = true;
                    token = Some(login.token(&self.http, Some(stale)).await?);
                }
                _ => return self.read(status, &text, changes),
            }
        }
    }

    /// Something came back that no engine says.
    pub(super) fn not_understood(&self, changes: bool, what: &str) -> Error {
        let kind = if changes { ErrorKind::Indeterminate } else { ErrorKind::PeerUnreachable };
        Error::new(kind, format!("{} answers at {}, and not as a site does: {what}", self.site, self.url)).remedy(
            format!(
                "let [site:{0}] api_url lead to the protector-api of {0}, of this release; its log tells more",
                self.site
            ),
        )
    }

    fn read(&self, status: StatusCode, text: &str, changes: bool) -> Result<Answer> {
        #[derive(Deserialize)]
        struct Body {
            answer: Answer,
        }
        if status == StatusCode::OK {
            // serde would repeat a part of what it read, and that may hold a token
            return serde_json::from_str::<Body>(text)
                .map(|body| body.answer)
                .map_err(|_| self.not_understood(changes, "200 with something that is no answer"));
        }
        Err(self.turned_away(status, text, changes))
    }

    /// Whatever is not 200 was said before an engine was asked, or in place of its answer.
    fn turned_away(&self, status: StatusCode, text: &str, changes: bool) -> Error {
        let (site, url) = (&self.site, &self.url);
        let said = said(text);
        let (what, remedy) = match status {
            StatusCode::UNAUTHORIZED if self.login.is_none() => (
                "wants to know who asks",
                format!("set auth_url, application_credential_id and application_credential_secret in [site:{site}]"),
            ),
            StatusCode::UNAUTHORIZED => (
                "does not accept the token",
                format!("see [keystone_authtoken] on {site}, and auth_url in [site:{site}]"),
            ),
            StatusCode::FORBIDDEN => (
                "does not let this site in",
                format!(
                    "on {site}: give the user of the application credential the role that protector:peer:ask asks for"
                ),
            ),
            status if status.is_client_error() => {
                return self.not_understood(false, &format!("{}: {said}", status.as_u16()));
            }
            _ => ("cannot answer", format!("see the log of protector-api on {site}")),
        };
        let is_open = changes && !status.is_client_error();
        let kind = if is_open { ErrorKind::Indeterminate } else { ErrorKind::PeerUnreachable };
        Error::new(kind, format!("{site} at {url} {what} ({}): {said}", status.as_u16())).remedy(remedy)
    }

    fn no_answer(&self, changes: bool, e: &reqwest::Error) -> Error {
        let (site, url) = (&self.site, &self.url);
        if let Some(fault) = CertificateFault::of(e) {
            return Error::new(ErrorKind::PeerUnreachable, format!("{site} is not trusted at {url}: {fault}"))
                .remedy(certificate_remedy(site, &fault));
        }
        let why = match root_cause(e) {
            _ if e.is_timeout() && !e.is_connect() => format!("no answer within {} s", self.timeout.as_secs()),
            _ if e.is_timeout() => "no connection in time".to_owned(),
            cause => cause,
        };
        if changes && !e.is_connect() {
            return Error::new(
                ErrorKind::Indeterminate,
                format!("{site} was told at {url}, and no answer came: {why}"),
            );
        }
        Error::new(ErrorKind::PeerUnreachable, format!("{site} does not answer at {url}: {why}")).remedy(format!(
            "see whether protector-api runs on {site}, and [site:{site}] api_url and api_ca_file here: \
             openstack protector site validate {site}"
        ))
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("url", &self.url.as_str()).field("login", &self.login).finish_non_exhaustive()
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str())
    }
}

/// `api_url` may have a path of its own, with or without a slash at its end.
fn below(base: &Url) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{PATH}", base.path().trim_end_matches('/')));
    url
}

/// What a service of ours said about a refusal. Anybody else in between may send back what it was sent, tokens and all.
fn said(text: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let message = body.pointer("/error/message").and_then(serde_json::Value::as_str);
    let message = message.unwrap_or("without a reason that could be shown");
    let words: Vec<&str> = message.split_whitespace().collect();
    words.join(" ").chars().take(EXCERPT).collect()
}

fn tls(site: &SiteName, ca_file: Option<&Path>) -> Result<ClientConfig> {
    let accept = ca_file.map_or(Accept::SystemAuthorities, Accept::InFile);
    transport::client_config(accept, &format!("[site:{site}] api_ca_file"))
}

/// What the operator does about it.
fn certificate_remedy(site: &SiteName, fault: &CertificateFault) -> String {
    let setting = format!("[site:{site}] api_ca_file");
    match fault {
        CertificateFault::UnknownIssuer | CertificateFault::Refused(_) | CertificateFault::NotPinned(_) => {
            format!("name the authority that issued it with {setting}")
        }
        CertificateFault::OtherName => {
            format!("let [site:{site}] api_url use a name from the certificate; {setting} names its authority")
        }
        CertificateFault::Expired => {
            format!("renew the certificate of protector-api on {site}, then see that {setting} fits it")
        }
        CertificateFault::NotValidYet => format!("compare the clocks of both sites; {setting} names its authority"),
    }
}
