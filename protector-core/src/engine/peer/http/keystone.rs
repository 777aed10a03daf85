//! Who we are on the other site: a token of its Keystone for an application credential.
//!
//! Facts: Identity API v3, "Authenticating with an Application Credential" (docs.openstack.org/api-ref/identity/v3).

use crate::model::ApplicationCredential;
use crate::model::SiteName;
use crate::transport::root_cause;
use crate::{ApiToken, Error, ErrorKind, Result};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use std::fmt;
use tokio::sync::Mutex;
use url::Url;

/// A token is not used for the last seconds of its life: it must live until the service has asked Keystone about it.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// A token, until when it may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    secret: ApiToken,
    usable_until: Timestamp,
}

impl Token {
    /// # Errors
    /// it cannot stand in a header → `Internal`.
    pub(super) fn header(&self) -> Result<HeaderValue> {
        let mut value = HeaderValue::from_str(self.secret.expose())
            .map_err(|_| Error::internal("a token of Keystone does not fit into a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// An application credential, and the token that it got. All who ask at once get the same one.
pub(super) struct Login {
    site: SiteName,
    credential: ApplicationCredential,
    token: Mutex<Option<Token>>,
}

impl Login {
    pub(super) fn new(site: SiteName, credential: ApplicationCredential) -> Self {
        Self { site, credential, token: Mutex::default() }
    }

    /// A token; another one than `stale`, which was not accepted.
    ///
    /// # Errors
    /// Keystone does not answer, or refuses the credential → `PeerUnreachable`: nothing was sent to the site.
    pub(super) async fn token(&self, http: &Client, stale: Option<&Token>) -> Result<Token> {
        let mut slot = self.token.lock().await;
        if let Some(token) = &*slot
            && Some(token) != stale
            && Timestamp::now() < token.usable_until
        {
            return Ok(token.clone());
        }
        let token = self.log_in(http).await?;
        *slot = Some(token.clone());
        Ok(token)
    }

    async fn log_in(&self, http: &Client) -> Result<Token> {
        let url = tokens(&self.credential.auth_url);
        let identity = serde_json::json!({
            "methods": ["application_credential"],
            "application_credential": { "id": self.credential.id, "secret": self.credential.secret.expose() },
        });
        let body = serde_json::json!({ "auth": { "identity": identity } }).to_string();
        let silent = |e: reqwest::Error| {
            Error::new(
                ErrorKind::PeerUnreachable,
                format!("Keystone of {} does not answer at {url}: {}", self.site, root_cause(&e)),
            )
            .remedy(format!("see [site:{}] auth_url and api_ca_file", self.site))
        };
        let sent = http.post(url.clone()).header(CONTENT_TYPE, "application/json").body(body).send();
        let reply = sent.await.map_err(silent)?;
        let (status, header) = (reply.status(), reply.headers().get("x-subject-token").cloned());
        let text = reply.text().await.map_err(silent)?;
        let expires_at = expiry(&text);
        match (status, header.as_ref().and_then(|value| value.to_str().ok()), expires_at) {
            (StatusCode::CREATED, Some(secret), Some(expires_at)) => Ok(Token {
                secret: ApiToken::new(secret),
                usable_until: expires_at.saturating_sub(MARGIN).unwrap_or(expires_at),
            }),
            _ => Err(self.refused(status, &url)),
        }
    }

    /// What Keystone says is left out: a proxy in its place may send back what it was sent.
    fn refused(&self, status: StatusCode, url: &Url) -> Error {
        let (site, id) = (&self.site, &self.credential.id);
        let what = match status {
            StatusCode::UNAUTHORIZED => format!("does not accept the application credential {id}"),
            StatusCode::CREATED => "gave no token that can be read".to_owned(),
            status => format!("answers {} and gives no token", status.as_u16()),
        };
        Error::new(ErrorKind::PeerUnreachable, format!("Keystone of {site} at {url} {what}")).remedy(format!(
            "compare [site:{site}] auth_url (https://<host>:5000/v3), application_credential_id and \
             application_credential_secret with: openstack --os-cloud {site} application credential list"
        ))
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("credential", &self.credential).finish_non_exhaustive()
    }
}

fn tokens(auth_url: &Url) -> Url {
    let mut url = auth_url.clone();
    url.set_path(&format!("{}/auth/tokens", auth_url.path().trim_end_matches('/')));
    url
}

fn expiry(text: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Body {
        token: Expiring,
    }
    #[derive(Deserialize)]
    struct Expiring {
        expires_at: Timestamp,
    }
    serde_json::from_str::<Body>(text).ok().map(|body| body.token.expires_at)
}
