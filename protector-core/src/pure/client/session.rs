//! The session: version, log-in, log-out.

use super::Shared;
use super::exchange::Outgoing;
use super::failure::{Failure, excerpt};
use crate::ErrorKind;
use crate::pure::sentences::{Advice, Verdict, classify, classify_login};
use crate::pure::version::{self, RestVersion};
use crate::pure::wire::Advertised;
use crate::transport::Until;
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use std::time::{Duration, Instant};

/// Longest wait for the answer to a log-out.
const LOG_OUT: Duration = Duration::from_secs(5);

/// A session on the array.
#[derive(Clone)]
pub(super) struct Session {
    /// Counts the sessions of this client.
    pub(super) number: u64,
    /// REST version agreed upon.
    pub(super) version: RestVersion,
    /// Sent with each request. Marked as sensitive, so that it is not printed.
    pub(super) token: HeaderValue,
}

/// The present session, and how the last try to open one failed.
#[derive(Default)]
pub(super) struct SessionSlot {
    opened: u64,
    present: Option<Session>,
    failed: Option<(Instant, Failure)>,
}

impl Shared {
    /// The present session; opens one if there is none, or if it is the one that was `refused`. Callers that come while one
    /// is opened wait for it and share its end, so that a wrong token is not tried by each of them.
    pub(super) async fn session(&self, refused: Option<u64>, until: Until) -> Result<Session, Failure> {
        let asked = Instant::now();
        let Some(mut slot) = until.wait(self.session.lock()).await else {
            return Err(Failure::too_late(&self.endpoint));
        };
        if let Some(present) = slot.present.as_ref().filter(|present| Some(present.number) != refused) {
            return Ok(present.clone());
        }
        if let Some((_, failure)) = slot.failed.as_ref().filter(|(at, _)| *at >= asked) {
            return Err(failure.clone());
        }
        slot.present = None;
        match self.open(slot.opened + 1, until).await {
            Ok(session) => {
                slot.opened = session.number;
                slot.present = Some(session.clone());
                slot.failed = None;
                Ok(session)
            }
            Err(failure) => {
                let failure = failure.before_sending();
                // one caller's deadline is not the others'
                slot.failed = Some((Instant::now(), failure.clone())).filter(|(_, failure)| !failure.is_deadline());
                Err(failure)
            }
        }
    }

    async fn open(&self, number: u64, until: Until) -> Result<Session, Failure> {
        let version = self.agree_on_version(until).await?;
        let mut secret = HeaderValue::from_str(self.endpoint.token().expose()).map_err(|_| {
            let verdict = Verdict::new(ErrorKind::InvalidRequest, Advice::Never);
            Failure::new(verdict, format!("the API token for {} cannot be sent in a header", self.endpoint))
        })?;
        secret.set_sensitive(true);
        let login = Outgoing {
            method: Method::POST,
            path: "login",
            target: format!("/api/{version}/login"),
            proof: Some((HeaderName::from_static("api-token"), secret)),
            body: None,
            attempt: 1,
        };
        let incoming = self.exchange(login, until).await?;
        if !incoming.is_success() {
            return Err(Failure::refused(&self.endpoint, &incoming, classify_login));
        }
        let Some(mut token) = incoming.headers.get("x-auth-token").cloned() else {
            let verdict = Verdict::new(ErrorKind::Internal, Advice::Never);
            return Err(Failure::new(verdict, format!("{} logged in without naming a session", self.endpoint)));
        };
        token.set_sensitive(true);
        self.counting.login();
        let session = Session { number, version, token };
        self.confirm_array(&session, until).await?;
        Ok(session)
    }

    async fn agree_on_version(&self, until: Until) -> Result<RestVersion, Failure> {
        let question = Outgoing {
            method: Method::GET,
            path: "api_version",
            target: "/api/api_version".to_owned(),
            proof: None,
            body: None,
            attempt: 1,
        };
        let incoming = self.exchange(question, until).await?;
        if !incoming.is_success() {
            return Err(Failure::refused(&self.endpoint, &incoming, classify));
        }
        let advertised: Advertised = serde_json::from_slice(&incoming.body).map_err(|e| {
            let text = excerpt(&incoming.body);
            let verdict = Verdict::new(ErrorKind::Internal, Advice::Never);
            Failure::new(verdict, format!("the REST versions of {} cannot be read: {e}: '{text}'", self.endpoint))
                .remedy("check that the URL is an array's")
        })?;
        let agreed = match self.options.rest_version {
            Some(wanted) => version::chosen(wanted, &advertised.version),
            None => version::negotiate(&advertised.version),
        };
        agreed.map_err(|e| Failure::last(&e.context(&self.endpoint)))
    }

    /// Ends the session, if there is one, and forgets it whatever the array says.
    pub(super) async fn log_out(&self) {
        let ended = tokio::time::timeout(LOG_OUT, async {
            let Some(session) = self.session.lock().await.present.take() else { return true };
            let outgoing = Outgoing {
                method: Method::POST,
                path: "logout",
                target: format!("/api/{}/logout", session.version),
                proof: Some((HeaderName::from_static("x-auth-token"), session.token)),
                body: None,
                attempt: 1,
            };
            self.exchange(outgoing, Until::none()).await.is_ok_and(|incoming| incoming.is_success())
        });
        if !ended.await.unwrap_or(false) {
            tracing::debug!(target: "protector.engine.storage.pure", array = %self.endpoint, "the session was not ended");
        }
    }
}
