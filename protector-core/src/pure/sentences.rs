//! What an array's answer means: its status and its sentences, in one table.
//!
//! Arrays answer 400 for nearly everything, so the sentence decides and the status only where it says more.

use super::wire::ArrayError;
use crate::ErrorKind;

/// What a failure means for sending the request again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advice {
    /// The answer is final.
    Never,
    /// It certainly had no effect and may pass later.
    Later,
    /// The session is gone: log in, then send it again. It had no effect.
    NewSession,
    /// It may or may not have had its effect.
    Unsure,
}

/// A failure, judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Kind of the error, should it be the last word.
    pub(super) kind: ErrorKind,
    /// What it means for sending again.
    pub(super) retry: Advice,
}

impl Verdict {
    /// A verdict.
    pub(super) const fn new(kind: ErrorKind, retry: Advice) -> Self {
        Self { kind, retry }
    }

    const fn last(kind: ErrorKind) -> Self {
        Self::new(kind, Advice::Never)
    }
}

/// Part of a sentence, what it means, and who has seen it. The first that fits decides. Case is not looked at.
const SENTENCES: &[(&str, Verdict)] = &[
    // "Invalid session.", 401: issue 24 of the Proxmox plug-in by kolesa
    ("invalid session", Verdict::new(ErrorKind::Unauthenticated, Advice::NewSession)),
    // "Server is busy", 500: py-pure-client 1.96, _rate_limit.py
    ("server is busy", Verdict::new(ErrorKind::Transient, Advice::Later)),
    // "Volume has been destroyed.", "Volume snapshot has been destroyed. It can be recovered by purevol recover …"
    ("has been destroyed", Verdict::last(ErrorKind::PendingEradication)),
    // "Volume limit reached."-like, Cinder 29.0 pure.py:820
    ("limit reached", Verdict::last(ErrorKind::LimitReached)),
    // "Connection already exists.", Cinder 29.0 pure.py:165-176 like the three after it
    ("already exists", Verdict::last(ErrorKind::AlreadyExists)),
    ("already includes", Verdict::last(ErrorKind::AlreadyExists)),
    ("already allowed on", Verdict::last(ErrorKind::AlreadyExists)),
    ("already belongs to", Verdict::last(ErrorKind::AlreadyExists)),
    // "Volume does not exist.", "Protection group does not exist", "Resource does not exist." (OpenAPI example)
    ("does not exist", Verdict::last(ErrorKind::NotFound)),
    // Cinder 29.0 pure.py:165-176
    ("could not be found", Verdict::last(ErrorKind::NotFound)),
    // "No such volume or snapshot.": arrays; matched by Cinder 29.0
    ("no such volume or snapshot", Verdict::last(ErrorKind::NotFound)),
    // "Volume has been deleted.": arrays, after eradication
    ("has been deleted", Verdict::last(ErrorKind::NotFound)),
    // "Host cannot be deleted due to existing connections.", Cinder 29.0 pure.py:1549
    ("due to existing connections", Verdict::last(ErrorKind::Precondition)),
    // Cinder 29.0 pure.py:165-176: an initiator that belongs to another host
    ("already in use", Verdict::last(ErrorKind::Precondition)),
    // "Pod contains file systems or policies.": arrays, on DELETE and PATCH of pods
    ("pod contains", Verdict::last(ErrorKind::Precondition)),
    // "No attribute specified.": arrays, PATCH volumes with `source`
    ("no attribute specified", Verdict::last(ErrorKind::InvalidRequest)),
    // "Snapshot suffix must be between 1 and 63 characters …": arrays
    ("snapshot suffix must be", Verdict::last(ErrorKind::InvalidRequest)),
    // with_default_protection "cannot be provided when overwrite is true": OpenAPI 2.26 to 2.56, POST /volumes
    ("cannot be provided when", Verdict::last(ErrorKind::InvalidRequest)),
];

/// Judges an answer that is not a plain success. `errors`: the sentences; `None` where the body could not be read.
///
/// A 400 with a sentence that is not in the table is `Precondition`: requests are built by tested functions from checked
/// values, so what an array still refuses lies in its state. Sentences that disagree (one object is missing, another is there
/// already) are `Precondition` too, so that no part of the answer passes for the whole.
pub(super) fn classify(status: u16, errors: Option<&[ArrayError]>) -> Verdict {
    match status {
        // only part of it was done; not asked for (allow_errors), so it should not come
        207 => Verdict::last(ErrorKind::Indeterminate),
        401 => Verdict::new(ErrorKind::Unauthenticated, Advice::NewSession),
        403 => Verdict::last(ErrorKind::Forbidden),
        429 | 503 => Verdict::new(ErrorKind::Transient, Advice::Later),
        408 => Verdict::new(ErrorKind::Transient, Advice::Unsure),
        404 => spoken(errors).unwrap_or(Verdict::last(ErrorKind::Unsupported)),
        405 | 501 => Verdict::last(ErrorKind::Unsupported),
        409 => spoken(errors).unwrap_or(Verdict::last(ErrorKind::Conflict)),
        400..=499 => refused(status, errors),
        // of what a failing server says only this is believed
        500..=599 => spoken(errors)
            .filter(|verdict| verdict.retry == Advice::Later)
            .unwrap_or(Verdict::new(ErrorKind::Transient, Advice::Unsure)),
        300..=399 => Verdict::last(ErrorKind::Unsupported),
        _ => Verdict::last(ErrorKind::Internal),
    }
}

/// Judges the answer to a login. A bad token is 401 or 400, depending on the version.
pub(super) fn classify_login(status: u16, errors: Option<&[ArrayError]>) -> Verdict {
    match (status, classify(status, errors)) {
        (400 | 401 | 403, verdict) if verdict.retry != Advice::Later => Verdict::last(ErrorKind::Unauthenticated),
        (_, verdict) => verdict,
    }
}

fn refused(status: u16, errors: Option<&[ArrayError]>) -> Verdict {
    match (errors, spoken(errors)) {
        (_, Some(verdict)) => verdict,
        (Some([_, ..]), None) if status == 400 => Verdict::last(ErrorKind::Precondition),
        (Some([_, ..]), None) => Verdict::last(ErrorKind::InvalidRequest),
        _ => Verdict::last(ErrorKind::Internal),
    }
}

/// What the sentences say, if all of them say the same.
fn spoken(errors: Option<&[ArrayError]>) -> Option<Verdict> {
    let mut verdicts = errors?.iter().map(|error| meaning(&error.message));
    let first = verdicts.next()?;
    if verdicts.all(|other| other == first) { first } else { Some(Verdict::last(ErrorKind::Precondition)) }
}

fn meaning(sentence: &str) -> Option<Verdict> {
    let sentence = sentence.to_lowercase();
    SENTENCES.iter().find(|(part, _)| sentence.contains(part)).map(|(_, verdict)| *verdict)
}

/// The sentences for people: `v1: Volume does not exist.; v2: …`. Long lists are cut.
pub(super) fn shown(errors: &[ArrayError]) -> String {
    const MOST: usize = 5;
    let one = |error: &ArrayError| match error.context.as_deref() {
        Some(context) if !context.is_empty() => format!("{context}: {}", error.message),
        _ => error.message.clone(),
    };
    let mut text = errors.iter().take(MOST).map(one).collect::<Vec<_>>().join("; ");
    if errors.len() > MOST {
        text.push_str(&format!("; and {} more", errors.len() - MOST));
    }
    printable(&text, 1000)
}

/// The first `most` characters, control characters escaped.
pub(super) fn printable(text: &str, most: usize) -> String {
    let escaped = text.chars().take(most).flat_map(|c| {
        let (plain, escaped) = if c.is_control() { (None, Some(c.escape_default())) } else { (Some(c), None) };
        plain.into_iter().chain(escaped.into_iter().flatten())
    });
    escaped.collect()
}

#[cfg(test)]
mod tests;
