//! What a refusal means: a pure decision over what was asked, the status and the body.
//!
//! Bodies, as the services of release 2026.2 write them: Cinder and Nova `{"itemNotFound": {"code", "message"}}` with one
//! name per kind of fault, Neutron `{"NeutronError": {"type", "message", "detail"}}`, Keystone `{"error": {"code",
//! "message", "title"}}`. A proxy in front of them writes HTML, which is never shown: it may repeat what it was sent.

use super::call::Call;
use super::service::Service;
use crate::rules::shell;
use crate::{Error, ErrorKind};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// Longest sentence of a service in a message, in characters.
const LONGEST: usize = 400;

/// Whether the same call may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// The answer is final.
    Never,
    /// It had no effect, and may pass the next time.
    Yes,
    /// It may have had its effect.
    Unsure,
}

/// A failed attempt. Can be copied, so that all who waited for the same thing learn its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    pub(super) remedy: Option<String>,
    pub(super) again: Again,
    /// What the service asked for.
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn new(kind: ErrorKind, again: Again, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), remedy: None, again, retry_after: None }
    }

    #[must_use]
    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Takes a secret out of the message, should somebody have sent it back.
    #[must_use]
    pub(super) fn without_secret(mut self, secret: &str) -> Self {
        if !secret.is_empty() {
            self.message = self.message.replace(secret, "***");
        }
        self
    }

    /// As the answer to a call. A change that may have been made is to be looked for.
    pub(super) fn into_error(self, changes: bool) -> Error {
        if self.again == Again::Unsure && changes {
            let text = format!("the change may or may not have been made: {}", self.message);
            return Error::new(ErrorKind::Indeterminate, text).remedy("look at the cloud, then repeat");
        }
        let error = Error::new(self.kind, self.message);
        match self.remedy {
            Some(remedy) => error.remedy(remedy),
            None => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            kind: error.kind(),
            message: error.message().to_owned(),
            remedy: error.remedy_text().map(str::to_owned),
            again: Again::Never,
            retry_after: None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A refusal as it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal<'a> {
    /// Cloud, as in clouds.yaml.
    pub(super) cloud: &'a str,
    /// HTTP status.
    pub(super) status: u16,
    /// Body.
    pub(super) body: &'a [u8],
    /// The service's id of the request.
    pub(super) request_id: Option<&'a str>,
    /// The pause that the service asks for, in seconds.
    pub(super) retry_after: Option<u64>,
}

/// What the service says of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// `itemNotFound`, or the type of a fault of Neutron.
    fault: String,
    message: String,
}

impl Said {
    fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.message.contains(word))
    }

    /// Whether a quota is the reason, in Cinder's, Nova's and Neutron's words.
    fn is_quota(&self) -> bool {
        self.fault == "OverQuota"
            || self.has(&["Quota exceeded", "quota exceeded", "exceeds allowed", "exceeded for quota", "LimitExceeded"])
    }
}

/// The sentence of a service in a body; `None`: it is not from a service.
fn said(body: &[u8]) -> Option<Said> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let (name, fault) = body.as_object()?.iter().find(|(_, fault)| fault.is_object() || fault.is_string())?;
    let message = fault.as_str().or_else(|| fault.get("message").and_then(Value::as_str))?;
    let fault = fault.get("type").and_then(Value::as_str).unwrap_or(name);
    Some(Said { fault: fault.to_owned(), message: shown(message) })
}

/// One line, cut where it gets long.
pub(super) fn shown(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Judges a refusal.
pub(super) fn judge(call: &Call, refusal: &Refusal<'_>) -> Failure {
    let said = said(refusal.body);
    let (kind, again) = verdict(call, refusal.status, said.as_ref());
    let cloud = refusal.cloud;
    let sentence = match &said {
        Some(said) if !said.message.is_empty() => said.message.as_str(),
        _ => "without a reason that could be shown",
    };
    let id = refusal.request_id.map(|id| format!(" [{id}]")).unwrap_or_default();
    let message = format!(
        "{} of cloud '{cloud}' answers {} to {} {}: {sentence}{id}",
        call.service,
        refusal.status,
        call.method,
        call.path()
    );
    let mut failure = Failure::new(kind, again, message);
    failure.retry_after = refusal.retry_after.map(Duration::from_secs);
    failure.remedy = remedy(call, cloud, kind, said.as_ref(), refusal.request_id);
    failure
}

fn verdict(call: &Call, status: u16, said: Option<&Said>) -> (ErrorKind, Again) {
    use ErrorKind::{
        Conflict, Forbidden, LimitReached, NotFound, Precondition, Transient, Unauthenticated, Unsupported,
    };
    let quota = said.is_some_and(Said::is_quota);
    match status {
        401 => (Unauthenticated, Again::Never),
        403 | 409 | 413 | 429 if quota => (LimitReached, Again::Never),
        403 => (Forbidden, Again::Never),
        // a path that is not known answers 404 too, and says nothing about the object
        404 if said.is_none_or(|said| said.message == "The resource could not be found.") => {
            (Unsupported, Again::Never)
        }
        404 => (NotFound, Again::Never),
        405 | 406 | 410 | 501 => (Unsupported, Again::Never),
        409 if call.service == Service::Compute || call.service == Service::BlockStorage => {
            (Precondition, Again::Never)
        }
        409 => (Conflict, Again::Never),
        413 | 429 | 503 => (Transient, Again::Yes),
        300..=399 => (Unsupported, Again::Never),
        400..=499 => (Precondition, Again::Never),
        _ => (Transient, Again::Unsure),
    }
}

/// The rule of a policy that refuses, out of the service's sentence.
fn policy_rule(message: &str) -> Option<&str> {
    // Nova, Cinder: "Policy doesn't allow volume_extension:volume_manage to be performed."; Neutron: "(rule:create_port and
    // ...) is disallowed by policy"; Keystone: "You are not authorized to perform the requested action: identity:get_user."
    let after = ["Policy doesn't allow ", "requested action: ", "rule:"];
    let rest = after.iter().find_map(|words| message.split_once(words).map(|(_, rest)| rest))?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_:-.".contains(c))).unwrap_or(rest.len());
    rest.get(..end).map(|rule| rule.trim_end_matches(['.', ':'])).filter(|rule| !rule.is_empty())
}

fn remedy(call: &Call, cloud: &str, kind: ErrorKind, said: Option<&Said>, request_id: Option<&str>) -> Option<String> {
    let os = format!("openstack --os-cloud {}", shell::word(cloud));
    let message = said.map(|said| said.message.as_str()).unwrap_or_default();
    Some(match kind {
        ErrorKind::Forbidden => match policy_rule(message) {
            Some(rule) => format!(
                "give this user a role that the policy rule {rule} asks for: openstack role add --project <project> --user \
                 <user> admin"
            ),
            None => format!("see which roles this user has: {os} role assignment list --names --user <user>"),
        },
        ErrorKind::Unauthenticated => format!("check the entry '{cloud}' in clouds.yaml: {os} token issue"),
        ErrorKind::LimitReached => format!("raise the quota, or free some of it: {os} quota show"),
        ErrorKind::Unsupported => format!("check where the catalogue leads: {os} catalog list"),
        ErrorKind::Transient => match request_id {
            Some(id) => format!("look for {id} in the log of {}", call.service),
            None => format!("look into the log of {}, and of the proxy in front of it", call.service),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
