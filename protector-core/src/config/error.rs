//! What can be wrong with a configuration, and where.

use std::fmt;
use std::sync::Arc;

use crate::{Error, ErrorKind};

/// Where a value stands. Prints as `file:line`, which editors and people can follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A line of a file.
    File {
        /// The file as it was named to the reader.
        path: Arc<str>,
        /// Counted from 1.
        line: usize,
    },
    /// An environment variable.
    Environment {
        /// Its name, for example `OS_ENGINE__STORAGE_DRIVER`.
        variable: String,
    },
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Environment { variable } => write!(f, "environment variable {variable}"),
        }
    }
}

/// Why a line of a file cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseReason {
    /// An indented line with no value above it to continue.
    UnexpectedContinuation,
    /// A line that opens a section and does not end with `]`.
    UnclosedSection,
    /// `[]`.
    EmptySection,
    /// A line with neither `:` nor `=`.
    NoSeparator,
    /// A line that begins with `:` or `=`.
    EmptyKey,
    /// A value before the first section.
    OutsideSection,
    /// The file begins with a byte order mark.
    ByteOrderMark,
    /// The line holds bytes that are not UTF-8.
    NotUtf8,
}

impl ParseReason {
    fn message(self) -> &'static str {
        match self {
            Self::UnexpectedContinuation => "an indented line continues the value above it, and there is none",
            Self::UnclosedSection => "a section line must end with ']'",
            Self::EmptySection => "a section needs a name",
            Self::NoSeparator => "neither '=' nor ':' in the line",
            Self::EmptyKey => "no option name before the '=' or ':'",
            Self::OutsideSection => "an option before the first section",
            Self::ByteOrderMark => "the file begins with a byte order mark",
            Self::NotUtf8 => "the line is not UTF-8",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::UnexpectedContinuation => "remove the indentation, or the empty or comment line above",
            Self::UnclosedSection => "write [section] and nothing behind it; comments go on lines of their own",
            Self::EmptySection => "write [section]",
            Self::NoSeparator => "write name = value, or begin the line with # to make it a comment",
            Self::EmptyKey => "write name = value",
            Self::OutsideSection => "write [DEFAULT], or the section it belongs to, on a line above",
            Self::ByteOrderMark | Self::NotUtf8 => "save the file as UTF-8 without a byte order mark",
        }
    }
}

/// What kind of mistake a [`ReadError`] is; each stands for one exception class of oslo.config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadErrorKind {
    /// A file or directory cannot be read.
    Unreadable,
    /// `ConfigFileParseError`.
    Parse(ParseReason),
    /// `ConfigFileValueError`, and `ConfigSourceValueError` for an environment variable.
    Value,
    /// `NoSuchOptError`: `$name` names no option.
    NoSuchOption,
    /// `NoSuchGroupError`: `$group.name` names no section of the table.
    NoSuchGroup,
    /// `TemplateSubstitutionError`: `$name` names something that has no text, a section or a list.
    Substitution,
    /// `$name` leads back to the option itself. (oslo.config recurses until it gives up with `NoSuchOptError`.)
    Loop,
}

/// One mistake in a configuration. Prints `file:line: [section] option: what is wrong`; never the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    kind: ReadErrorKind,
    message: String,
    remedy: String,
}

impl ReadError {
    pub(super) fn new(kind: ReadErrorKind, message: String, remedy: impl Into<String>) -> Self {
        Self { kind, message, remedy: remedy.into() }
    }

    /// `text` is the offending line, unless it may hold a secret.
    pub(super) fn parse(at: &Location, reason: ParseReason, text: Option<&str>) -> Self {
        let message = match text {
            Some(text) => format!("{at}: {}: {text:?}", reason.message()),
            None => format!("{at}: {}", reason.message()),
        };
        Self::new(ReadErrorKind::Parse(reason), message, reason.remedy())
    }

    pub(super) fn unreadable(path: impl fmt::Display, error: &std::io::Error) -> Self {
        let remedy = "check that it exists and that this user may read it";
        Self::new(ReadErrorKind::Unreadable, format!("cannot read {path}: {error}"), remedy)
    }

    /// What kind of mistake it is.
    pub fn kind(&self) -> ReadErrorKind {
        self.kind
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

impl From<ReadError> for Error {
    fn from(e: ReadError) -> Self {
        let kind = match e.kind {
            ReadErrorKind::Unreadable => ErrorKind::Storage,
            _ => ErrorKind::InvalidConfiguration,
        };
        Self::new(kind, e.message).remedy(e.remedy)
    }
}
