//! The one error of the engine: what went wrong, with which value, and what to do about it.

use std::fmt;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What an error means to the caller. The definition of a kind is what the caller may do next.
///
/// Codes are stable: they appear in JSON, are the names of C status numbers and pick the Python exception class
/// (`tests/data/errors.json` is the list that all three languages are tested against).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request itself is wrong: mend the named field. Never worth a retry.
    InvalidRequest,
    /// The configuration is wrong: mend the named file and line.
    InvalidConfiguration,
    /// The named object does not exist.
    NotFound,
    /// An object of that name or identity exists already.
    AlreadyExists,
    /// Somebody else acted or owns it: a foreign array group, another version, another executor. A human decides.
    Conflict,
    /// The world differs from what the call needs (role, transfer, link). Re-plan.
    Precondition,
    /// A volume or volume type breaks an eligibility rule. Every violation is in the message.
    NotEligible,
    /// The plan has blockers. The findings say which consents or remedies exist.
    PlanBlocked,
    /// The world changed since the plan was made. Plan again.
    PlanStale,
    /// The other site cannot be reached, so the change was refused and nothing was written.
    PeerUnreachable,
    /// An endpoint (array, cloud, database) cannot be reached.
    Unreachable,
    /// Credentials were rejected.
    Unauthenticated,
    /// Credentials are valid but not sufficient.
    Forbidden,
    /// Would probably pass later. Retry with backoff until the deadline.
    Transient,
    /// The request may or may not have been applied. Observe first, then decide.
    Indeterminate,
    /// The deadline passed. The journal says how far it came.
    DeadlineExceeded,
    /// The caller asked to stop. The journal is kept; `resume` continues.
    Cancelled,
    /// The object was destroyed but can still be recovered.
    PendingEradication,
    /// A limit of the array or cloud was reached.
    LimitReached,
    /// The endpoint or this build cannot do it.
    Unsupported,
    /// Executing would break a data-safety rule, for example remove the last recovery point.
    DataSafety,
    /// A local file or database cannot be read or written.
    Storage,
    /// A defect of the engine or an unreadable reply. Please report it.
    Internal,
}

impl ErrorKind {
    /// Every kind, in the order of the list that the languages share.
    pub const ALL: [ErrorKind; 23] = [
        Self::InvalidRequest,
        Self::InvalidConfiguration,
        Self::NotFound,
        Self::AlreadyExists,
        Self::Conflict,
        Self::Precondition,
        Self::NotEligible,
        Self::PlanBlocked,
        Self::PlanStale,
        Self::PeerUnreachable,
        Self::Unreachable,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::Transient,
        Self::Indeterminate,
        Self::DeadlineExceeded,
        Self::Cancelled,
        Self::PendingEradication,
        Self::LimitReached,
        Self::Unsupported,
        Self::DataSafety,
        Self::Storage,
        Self::Internal,
    ];

    /// The stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidConfiguration => "invalid_configuration",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Conflict => "conflict",
            Self::Precondition => "precondition",
            Self::NotEligible => "not_eligible",
            Self::PlanBlocked => "plan_blocked",
            Self::PlanStale => "plan_stale",
            Self::PeerUnreachable => "peer_unreachable",
            Self::Unreachable => "unreachable",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::Transient => "transient",
            Self::Indeterminate => "indeterminate",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Cancelled => "cancelled",
            Self::PendingEradication => "pending_eradication",
            Self::LimitReached => "limit_reached",
            Self::Unsupported => "unsupported",
            Self::DataSafety => "data_safety",
            Self::Storage => "storage",
            Self::Internal => "internal",
        }
    }

    /// The kind with this code; `None`: this build does not know it.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether the very same call may pass later without anybody mending anything.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Transient | Self::Unreachable | Self::PeerUnreachable | Self::DeadlineExceeded)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An error for people: `message` says what and which value, `remedy` says what to do.
///
/// ```
/// use protector_core::{Error, ErrorKind};
/// let e = Error::new(ErrorKind::NotFound, "protection group 'prod-web' does not exist")
///     .remedy("openstack protector protection-group list");
/// assert_eq!(e.to_string(), "protection group 'prod-web' does not exist (openstack protector protection-group list)");
/// assert_eq!(e.kind().code(), "not_found");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    remedy: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; `message` names the thing and the value.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), remedy: None, source: None }))
    }

    /// Adds what the reader should do, best as a command line.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.0.remedy = Some(remedy.into());
        self
    }

    /// Keeps the underlying error as the cause.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Puts `what` in front of the message: `"{what}: {message}"`.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// What the caller may do next.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message alone, without the remedy.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do, if there is something.
    pub fn remedy_text(&self) -> Option<&str> {
        self.0.remedy.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match &self.0.remedy {
            Some(remedy) => write!(f, " ({remedy})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self, self.0.kind)?;
        if let Some(source) = &self.0.source {
            write!(f, ", caused by: {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|e| e as _)
    }
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident),* $(,)?) => {
        impl Error { $( $(#[$doc])* pub fn $name(message: impl Into<String>) -> Self { Self::new(ErrorKind::$kind, message) } )* }
    };
}

constructors! {
    /// [`ErrorKind::InvalidRequest`].
    invalid => InvalidRequest,
    /// [`ErrorKind::InvalidConfiguration`].
    configuration => InvalidConfiguration,
    /// [`ErrorKind::NotFound`].
    not_found => NotFound,
    /// [`ErrorKind::AlreadyExists`].
    already_exists => AlreadyExists,
    /// [`ErrorKind::Conflict`].
    conflict => Conflict,
    /// [`ErrorKind::Precondition`].
    precondition => Precondition,
    /// [`ErrorKind::Unsupported`].
    unsupported => Unsupported,
    /// [`ErrorKind::Storage`].
    storage => Storage,
    /// [`ErrorKind::Internal`].
    internal => Internal,
}

impl From<serde_json::Error> for Error {
    fn from(e: serde_json::Error) -> Self {
        Self::invalid(format!("not the expected JSON: {e}")).source(e)
    }
}
