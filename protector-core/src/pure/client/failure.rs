//! A failed attempt: what it means, and what to tell people should it be the last.

use super::exchange::Incoming;
use super::session::Session;
use crate::pure::options::ArrayEndpoint;
use crate::pure::request::Safety;
use crate::pure::sentences::{self, Advice, Verdict};
use crate::pure::tls;
use crate::pure::wire::{ArrayError, Refusal};
use crate::transport::{CertificateFault, root_cause};
use crate::{Error, ErrorKind};
use std::fmt;
use std::time::Duration;

/// Longest excerpt of a body in a message, in characters.
const EXCERPT: usize = 200;

/// A failed attempt. Can be copied, so that all who waited for the same log-in learn its end.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    kind: ErrorKind,
    message: String,
    remedy: Option<String>,
    /// What it means for sending again.
    pub(super) advice: Advice,
    /// What the array asked for.
    pub(super) retry_after: Option<Duration>,
    /// The session it happened in.
    pub(super) session: Option<u64>,
}

impl Failure {
    pub(super) fn new(verdict: Verdict, message: impl Into<String>) -> Self {
        Self {
            kind: verdict.kind,
            message: message.into(),
            remedy: None,
            advice: verdict.retry,
            retry_after: None,
            session: None,
        }
    }

    /// Keeps an error that will not go away by itself.
    pub(super) fn last(error: &Error) -> Self {
        let failure = Self::new(Verdict::new(error.kind(), Advice::Never), error.message());
        Self { remedy: error.remedy_text().map(str::to_owned), ..failure }
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Remembers where it happened, and hides that session's token.
    pub(super) fn of_session(mut self, session: &Session) -> Self {
        self.session = Some(session.number);
        self.without_secret(session.token.to_str().unwrap_or_default())
    }

    /// Whether it says that the object is there, or is not: of a change that was sent twice, that the first had its effect.
    pub(super) fn names_state(&self) -> bool {
        matches!(self.kind, ErrorKind::AlreadyExists | ErrorKind::NotFound)
    }

    pub(super) fn is_deadline(&self) -> bool {
        self.kind == ErrorKind::DeadlineExceeded
    }

    /// Takes a secret out of the message, should the array have sent it back.
    pub(super) fn without_secret(mut self, secret: &str) -> Self {
        if !secret.is_empty() {
            self.message = self.message.replace(secret, "***");
        }
        self
    }

    /// Before the request itself was sent, so it had no effect; and while nobody is logged in, no session can be lost.
    pub(super) fn before_sending(mut self) -> Self {
        self.advice = match self.advice {
            Advice::Unsure => Advice::Later,
            Advice::NewSession => Advice::Never,
            other => other,
        };
        self
    }

    /// The deadline came before anything was sent.
    pub(super) fn too_late(endpoint: &ArrayEndpoint) -> Self {
        let verdict = Verdict::new(ErrorKind::DeadlineExceeded, Advice::Later);
        Self::new(verdict, format!("the deadline came before {endpoint} was asked"))
    }

    /// No reply. `within` is the wait that ran out, and whether it ended at the caller's deadline.
    pub(super) fn without_reply(endpoint: &ArrayEndpoint, error: &reqwest::Error, within: (Duration, bool)) -> Self {
        if let Some(fault) = CertificateFault::of(error) {
            let verdict = Verdict::new(ErrorKind::Unreachable, Advice::Never);
            return Self::new(verdict, format!("{endpoint} is not trusted: {fault}")).remedy(tls::remedy(&fault));
        }
        let (seconds, at_deadline) = (within.0.as_secs_f64(), within.1);
        if error.is_connect() {
            let verdict = Verdict::new(ErrorKind::Unreachable, Advice::Later);
            let why = if error.is_timeout() { "no connection in time".to_owned() } else { reason(error) };
            return Self::new(verdict, format!("{endpoint} cannot be reached: {why}"))
                .remedy("check the array URL, the network and the array's management service");
        }
        if error.is_timeout() {
            let kind = if at_deadline { ErrorKind::DeadlineExceeded } else { ErrorKind::Unreachable };
            let text = format!("{endpoint} did not answer within {seconds:.1} s");
            return Self::new(Verdict::new(kind, Advice::Unsure), text);
        }
        let verdict = Verdict::new(ErrorKind::Unreachable, Advice::Unsure);
        Self::new(verdict, format!("{endpoint} closed the connection before it answered: {}", reason(error)))
    }

    /// An answer that is not a success.
    pub(super) fn refused(
        endpoint: &ArrayEndpoint,
        incoming: &Incoming,
        judge: fn(u16, Option<&[ArrayError]>) -> Verdict,
    ) -> Self {
        let (status, body) = (incoming.status, &incoming.body);
        let errors = read_errors(body);
        let verdict = judge(status, errors.as_deref());
        let said = match errors.as_deref() {
            Some(errors @ [_, ..]) => sentences::shown(errors),
            _ => format!("'{}'", excerpt(body)),
        };
        let message = format!("{endpoint} answered {status}: {said}");
        let mut failure = Self::new(verdict, message).without_secret(endpoint.token().expose());
        failure.retry_after = incoming.retry_after();
        match verdict.kind {
            ErrorKind::Unauthenticated => failure.remedy(
                "put a valid API token into the policy or into [storage]; a token is made on the array with: pureadmin \
                 create --api-token",
            ),
            ErrorKind::Forbidden => failure.remedy("give the user of the API token the role storage_admin"),
            ErrorKind::Unsupported => failure.remedy("check that the URL is an array's, and update Purity"),
            _ => failure,
        }
    }

    /// As the answer to a read or to a change.
    pub(super) fn into_error(self, safety: Safety) -> Error {
        // of a read there is nothing to find out: a part of a list is no list
        let unfinished = self.kind == ErrorKind::Indeterminate && safety == Safety::Read;
        let kind = if unfinished { ErrorKind::Internal } else { self.kind };
        let error = Error::new(kind, self.message);
        match self.remedy {
            Some(remedy) => error.remedy(remedy),
            None => error,
        }
    }

    /// As the answer to a change that was sent, and perhaps carried out.
    pub(super) fn into_indeterminate(self) -> Error {
        Error::new(ErrorKind::Indeterminate, format!("the change may or may not have been made: {}", self.message))
            .remedy("look at the array, then repeat")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The sentences of a refusal; a gateway's single message counts as one. `None`: not a refusal in JSON.
fn read_errors(body: &[u8]) -> Option<Vec<ArrayError>> {
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    let mut errors = refusal.errors;
    if let Some(message) = refusal.message.filter(|_| errors.is_empty()) {
        errors.push(ArrayError { context: None, message });
    }
    Some(errors)
}

/// The beginning of a body, for people.
pub(super) fn excerpt(body: &[u8]) -> String {
    // enough bytes for the characters that are shown
    let beginning = body.get(..EXCERPT * 4).unwrap_or(body);
    sentences::printable(&String::from_utf8_lossy(beginning), EXCERPT)
}

/// The innermost cause, in print.
fn reason(error: &reqwest::Error) -> String {
    sentences::printable(&root_cause(error), EXCERPT)
}
