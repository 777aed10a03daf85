//! A request that the array refuses.

use crate::sentences;
use protector_core::{Error, ErrorKind};

/// One object that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The name of the object, or of the parameter; absent where a real array gives none.
    pub(crate) context: Option<String>,
    pub(crate) message: String,
}

/// Why a request is refused. Arrays say 400 for nearly everything, also for what is not there; clients built on
/// py-pure-client 1.96 fail hard on any other status of the 4xx family but 401, 403, 404 and 429.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) errors: Vec<Entry>,
    /// The array does not answer at all: the connection closes.
    pub(crate) silent: bool,
}

impl Refusal {
    /// 400 with one entry. `context` is the name of the object or of the parameter.
    pub(crate) fn bad(context: impl Into<String>, message: impl Into<String>) -> Self {
        Self::with_status(400, Some(context.into()), message)
    }

    /// 400 with one entry per object. There is at least one.
    pub(crate) fn several(errors: Vec<Entry>) -> Self {
        Self { status: 400, errors, silent: false }
    }

    /// Any status, one entry.
    pub(crate) fn with_status(status: u16, context: Option<String>, message: impl Into<String>) -> Self {
        Self { status, errors: vec![Entry { context, message: message.into() }], silent: false }
    }

    /// `noun` of this name is not there: `Refusal::missing("Volume", "v1")`.
    pub(crate) fn missing(noun: &str, name: &str) -> Self {
        Self::bad(name, sentences::does_not_exist(noun))
    }

    /// The name is taken.
    pub(crate) fn exists(noun: &str, name: &str) -> Self {
        Self::bad(name, sentences::already_exists(noun))
    }

    /// It is there, but destroyed.
    pub(crate) fn destroyed(noun: &str, name: &str) -> Self {
        Self::bad(name, sentences::has_been_destroyed(noun))
    }

    /// There are as many as there may be.
    pub(crate) fn limit_reached(noun: &str, name: &str) -> Self {
        Self::bad(name, sentences::limit_reached(noun))
    }

    /// The session is unknown or expired.
    pub(crate) fn invalid_session() -> Self {
        Self::with_status(401, None, sentences::INVALID_SESSION)
    }

    /// No answer: the connection closes.
    pub(crate) fn silence() -> Self {
        Self { status: 503, errors: Vec::new(), silent: true }
    }

    /// The path is unknown, or not of this version.
    pub(crate) fn not_found() -> Self {
        Self::with_status(404, None, sentences::NOT_SIMULATED)
    }
}

/// What the world refuses, for which the noun had no sentence of its own.
impl From<Error> for Refusal {
    fn from(e: Error) -> Self {
        match e.kind() {
            ErrorKind::Unreachable => Self::silence(),
            ErrorKind::Transient => Self::with_status(500, None, sentences::BUSY),
            ErrorKind::Storage | ErrorKind::Internal => {
                tracing::error!("{e:?}");
                Self::with_status(500, None, sentences::INTERNAL)
            }
            ErrorKind::LimitReached => Self::with_status(400, None, format!("{} (limit reached)", e.message())),
            _ => Self::with_status(400, None, e.message()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_world_become_what_an_array_would_say() {
        let refused = |kind: ErrorKind| Refusal::from(Error::new(kind, "volume 'v' is fenced"));
        assert_eq!(refused(ErrorKind::Precondition).status, 400);
        assert_eq!(refused(ErrorKind::Precondition).errors[0].message, "volume 'v' is fenced");
        assert!(refused(ErrorKind::LimitReached).errors[0].message.contains("limit reached"));
        assert_eq!(refused(ErrorKind::Transient), Refusal::with_status(500, None, "Server is busy"));
        assert_eq!(refused(ErrorKind::Storage).errors[0].message, "Internal error.");
        assert!(refused(ErrorKind::Unreachable).silent);
    }
}
