//! Text of a file → its assignments, each with its line. The rules are those of oslo.config's own parser, which are not
//! those of Python's configparser: no comments behind values, no inheritance from `[DEFAULT]`.

use std::sync::Arc;

use super::error::{Location, ParseReason, ReadError};

/// One file, read.
#[derive(Clone)]
pub(super) struct ParsedFile {
    path: Arc<str>,
    /// Every section line, in order; a name may come twice.
    pub(super) sections: Vec<Section>,
    /// In order; a later one of the same name wins.
    pub(super) assignments: Vec<Assignment>,
}

/// A section line; the name is as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) line: usize,
}

/// `key = value`, with the line of the key. Continuation lines are joined with `\n`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) section: String,
    pub(super) key: String,
    pub(super) value: String,
    pub(super) line: usize,
}

impl ParsedFile {
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn location(&self, line: usize) -> Location {
        Location::File { path: Arc::clone(&self.path), line }
    }
}

/// Parses the bytes of `path`; the name is for messages only.
///
/// # Errors
/// [`ReadErrorKind::Parse`](super::ReadErrorKind::Parse) with the first line that cannot be understood.
pub(super) fn parse(path: &str, bytes: &[u8]) -> Result<ParsedFile, ReadError> {
    let file = ParsedFile { path: path.into(), sections: Vec::new(), assignments: Vec::new() };
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let up_to_bad_byte = String::from_utf8_lossy(bytes.get(..=e.valid_up_to()).unwrap_or_default());
        ReadError::parse(&file.location(lines(&up_to_bad_byte).count()), ParseReason::NotUtf8, None)
    })?;
    if text.starts_with('\u{feff}') {
        return Err(ReadError::parse(&file.location(1), ParseReason::ByteOrderMark, None));
    }
    let mut parser = Parser { file, section: None, open: None, last_key: String::new() };
    for (index, line) in lines(text).enumerate() {
        let number = index + 1;
        parser.line(number, line).map_err(|reason| {
            let text = (!parser.may_hold_a_secret(line)).then_some(line);
            ReadError::parse(&parser.file.location(number), reason, text)
        })?;
    }
    parser.close();
    Ok(parser.file)
}

/// Lines as Python's text files give them: `\n`, `\r\n` and a lone `\r` all end one.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
        .flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
        .map(|l| l.trim_end_matches(is_space))
}

struct Parser {
    file: ParsedFile,
    section: Option<String>,
    /// The assignment that an indented line would continue.
    open: Option<Assignment>,
    /// Kept after `open` is gone: a stray line most likely belongs to it.
    last_key: String,
}

impl Parser {
    fn line(&mut self, number: usize, line: &str) -> Result<(), ParseReason> {
        if line.starts_with([' ', '\t']) {
            let open = self.open.as_mut().ok_or(ParseReason::UnexpectedContinuation)?;
            open.value.push('\n');
            open.value.push_str(line.trim_start_matches(is_space));
            return Ok(());
        }
        self.close();
        match line.chars().next() {
            None | Some('#' | ';') => Ok(()),
            Some('[') => self.section(number, line),
            Some(_) => self.assignment(number, line),
        }
    }

    fn section(&mut self, number: usize, line: &str) -> Result<(), ParseReason> {
        let name = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')).ok_or(ParseReason::UnclosedSection)?;
        if name.is_empty() {
            return Err(ParseReason::EmptySection);
        }
        self.file.sections.push(Section { name: name.to_owned(), line: number });
        self.section = Some(name.to_owned());
        Ok(())
    }

    fn assignment(&mut self, number: usize, line: &str) -> Result<(), ParseReason> {
        let (key, value) = line.split_once([':', '=']).ok_or(ParseReason::NoSeparator)?;
        let key = key.trim_matches(is_space);
        if key.is_empty() {
            return Err(ParseReason::EmptyKey);
        }
        key.clone_into(&mut self.last_key);
        let section = self.section.clone().ok_or(ParseReason::OutsideSection)?;
        let value = unquote(value.trim_matches(is_space)).to_owned();
        self.open = Some(Assignment { section, key: key.to_owned(), value, line: number });
        Ok(())
    }

    fn close(&mut self) {
        self.file.assignments.extend(self.open.take());
    }

    /// An error must not repeat a token that somebody put on a malformed line.
    fn may_hold_a_secret(&self, line: &str) -> bool {
        const HINTS: [&str; 5] = ["token", "passw", "secret", "connection", "://"];
        [line, &self.last_key].iter().any(|text| {
            let text = text.to_lowercase();
            HINTS.iter().any(|hint| text.contains(hint))
        })
    }
}

/// Removes one pair of equal quotes around the value. A lone quote counts as a pair.
fn unquote(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return if rest.is_empty() { rest } else { rest.strip_suffix(quote).unwrap_or(value) };
        }
    }
    value
}

/// What Python's `str.strip` removes: Unicode white space and the four ASCII separators.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
