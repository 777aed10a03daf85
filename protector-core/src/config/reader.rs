//! The reader: which of several values counts, and what it means.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::error::{Location, ReadError, ReadErrorKind};
use super::interpolate::substitute;
use super::parse::{Assignment, ParsedFile, Section, is_space, parse};
use super::schema::{Kind, Opt};
use super::source::variable;
use super::value::{Mismatch, Value, convert};
use crate::ApiToken;

/// A configuration as oslo.config sees it: files in the order they were added, environment variables
/// `OS_<SECTION>__<NAME>` above them, and the options that may be asked for.
///
/// A mistake in the syntax of a file shows when the file is added; a wrong value shows when its option is read.
#[derive(Clone, Default)]
pub struct Config {
    options: Vec<Opt>,
    files: Vec<ParsedFile>,
    environment: BTreeMap<String, String>,
    lenient: bool,
}

/// What an option is set to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// `None`: not set, and no default.
    pub value: Option<Value>,
    /// Where it was set; `None`: nowhere, the value is the default.
    pub origin: Option<Location>,
    /// What [`Config::lenient`] had to overlook.
    pub warning: Option<String>,
}

/// The text of an option before it is converted.
struct Raw {
    text: String,
    origin: Option<Location>,
}

impl Config {
    /// A configuration without files and options over these environment variables.
    pub fn new(environment: BTreeMap<String, String>) -> Self {
        Self { environment, ..Self::default() }
    }

    /// Makes an option known.
    pub fn register(&mut self, option: Opt) {
        self.options.push(option);
    }

    /// Accepts a comment behind the value of a choice, number or boolean, with a warning.
    pub fn lenient(&mut self) {
        self.lenient = true;
    }

    /// Reads a file; its values win over those of earlier files.
    ///
    /// # Errors
    /// * [`ReadErrorKind::Unreadable`]: name a file that this user may read.
    /// * [`ReadErrorKind::Parse`]: mend the line.
    pub fn add_file(&mut self, path: &Path) -> Result<(), ReadError> {
        let bytes = std::fs::read(path).map_err(|e| ReadError::unreadable(path.display(), &e))?;
        self.add_text(&path.display().to_string(), &bytes)
    }

    /// As [`Config::add_file`] with the content at hand; `name` stands for the file in messages.
    ///
    /// # Errors
    /// [`ReadErrorKind::Parse`]: mend the line.
    pub fn add_text(&mut self, name: &str, content: &[u8]) -> Result<(), ReadError> {
        self.files.push(parse(name, content)?);
        Ok(())
    }

    /// Reads an option.
    ///
    /// # Errors
    /// * [`ReadErrorKind::Value`]: mend the value.
    /// * [`ReadErrorKind::NoSuchOption`], [`ReadErrorKind::NoSuchGroup`], [`ReadErrorKind::Substitution`],
    ///   [`ReadErrorKind::Loop`]: mend the `$name` in the value, or write `$$` for a dollar sign.
    pub fn get(&self, section: &str, name: &str) -> Result<Reading, ReadError> {
        match self.option(section, name) {
            Some(option) => self.read(option, &mut Vec::new()),
            None => Err(ReadError::new(
                ReadErrorKind::NoSuchOption,
                format!("no option {name} in [{section}]"),
                "register the option before reading it",
            )),
        }
    }

    /// Every section line of every file.
    pub(super) fn sections(&self) -> impl Iterator<Item = (&Section, Location)> {
        self.files.iter().flat_map(|file| file.sections.iter().map(|section| (section, file.location(section.line))))
    }

    /// Every assignment that sets no known option.
    pub(super) fn unknown(&self) -> impl Iterator<Item = (&Assignment, Location)> {
        self.files.iter().flat_map(move |file| {
            let unknown =
                file.assignments.iter().filter(|a| !self.options.iter().any(|o| o.names().any(|n| a.sets(n))));
            unknown.map(|a| (a, file.location(a.line)))
        })
    }

    fn option(&self, section: &str, name: &str) -> Option<&Opt> {
        let current = self.options.iter().find(|o| o.section == section && o.name == name);
        current.or_else(|| self.options.iter().find(|o| o.deprecated.contains(&(section, name))))
    }

    /// `trail`: the options whose values led here.
    fn read<'a>(&'a self, option: &'a Opt, trail: &mut Vec<&'a Opt>) -> Result<Reading, ReadError> {
        let mut raw = self.raw(option);
        if matches!(option.kind, Kind::Multi) {
            return self.read_multi(option, &raw, trail);
        }
        let Some(raw) = raw.pop() else { return Ok(Reading::default()) };
        match self.value(option, &raw, trail) {
            Ok(value) => Ok(Reading { value, origin: raw.origin, warning: None }),
            Err(e)
                if self.lenient && matches!(option.kind, Kind::Choice(_) | Kind::Word | Kind::Int(_) | Kind::Bool) =>
            {
                let Some((text, comment)) = split_comment(&raw.text) else { return Err(e) };
                let warning = format!(
                    "{}took {text:?} and ignored the comment {comment:?} behind it; oslo.config would refuse the line, \
                     so move the comment to a line of its own",
                    prefix(option, raw.origin.as_ref())
                );
                let raw = Raw { text: text.to_owned(), origin: raw.origin };
                let value = self.value(option, &raw, trail)?;
                Ok(Reading { value, origin: raw.origin, warning: Some(warning) })
            }
            Err(e) => Err(e),
        }
    }

    fn read_multi<'a>(&'a self, option: &'a Opt, raw: &[Raw], trail: &mut Vec<&'a Opt>) -> Result<Reading, ReadError> {
        let Some(last) = raw.last() else { return Ok(Reading::default()) };
        let mut all = Vec::with_capacity(raw.len());
        for raw in raw {
            all.push(self.substituted(option, raw, trail)?);
        }
        Ok(Reading { value: Some(Value::List(all)), origin: last.origin.clone(), warning: None })
    }

    /// What the sources say, the last one counting; for [`Kind::Multi`] all of it, in order.
    fn raw(&self, option: &Opt) -> Vec<Raw> {
        let variable = variable(&option.section, &option.name);
        if let Some(text) = self.environment.get(&variable) {
            return vec![Raw { text: text.clone(), origin: Some(Location::Environment { variable }) }];
        }
        let multi = matches!(option.kind, Kind::Multi);
        let mut found = Vec::new();
        for file in &self.files {
            // the oldest name first: what comes later wins, and that is the current name
            let mut names: Vec<_> = option.names().collect();
            names.reverse();
            for name in names {
                let set = file.assignments.iter().filter(|a| a.sets(name));
                let mut raw = set.map(|a| Raw { text: a.value.clone(), origin: Some(file.location(a.line)) });
                if multi { found.extend(raw) } else { found.extend(raw.next_back()) }
            }
        }
        if found.is_empty() {
            found.extend(option.default.map(|text| Raw { text: text.to_owned(), origin: None }));
        }
        found
    }

    fn value<'a>(&'a self, option: &'a Opt, raw: &Raw, trail: &mut Vec<&'a Opt>) -> Result<Option<Value>, ReadError> {
        let text = self.substituted(option, raw, trail)?;
        let value = convert(&option.kind, &text).map_err(|Mismatch { reason, remedy }| {
            let prefix = prefix(option, raw.origin.as_ref());
            let message =
                if option.secret { format!("{prefix}{reason}") } else { format!("{prefix}{:?} is {reason}", raw.text) };
            ReadError::new(ReadErrorKind::Value, message, remedy)
        })?;
        Ok(value.map(|value| match value {
            Value::Text(text) if option.secret => Value::Secret(ApiToken::new(text)),
            value => value,
        }))
    }

    fn substituted<'a>(&'a self, option: &'a Opt, raw: &Raw, trail: &mut Vec<&'a Opt>) -> Result<String, ReadError> {
        trail.push(option);
        let text = substitute(&raw.text, |name| {
            let wrong = |kind, reason: &str| wrong_reference(option, raw.origin.as_ref(), name, kind, reason);
            let target = self.referenced(option, name).map_err(|(kind, reason)| wrong(kind, reason))?;
            if trail.contains(&target) {
                return Err(wrong(ReadErrorKind::Loop, "leads back to this option"));
            }
            if target.secret && !option.secret {
                return Err(wrong(ReadErrorKind::Substitution, "is a secret, and this option is shown in the clear"));
            }
            match self.read(target, trail)?.value {
                None => Ok(String::new()),
                Some(Value::Text(text)) => Ok(text),
                Some(Value::Secret(secret)) => Ok(secret.expose().to_owned()),
                Some(Value::Int(number)) => Ok(number.to_string()),
                Some(Value::Bool(true)) => Ok("True".to_owned()),
                Some(Value::Bool(false)) => Ok("False".to_owned()),
                Some(Value::List(_)) => Err(wrong(ReadErrorKind::Substitution, "is a list, which has no text")),
            }
        });
        trail.pop();
        text
    }

    /// `$name` is looked for in the section of the option that holds it, then in `[DEFAULT]`.
    fn referenced(&self, holder: &Opt, name: &str) -> Result<&Opt, (ReadErrorKind, &'static str)> {
        // [DEFAULT] is no group to oslo.config: its options have plain names
        let is_group = |group: &str| group != "DEFAULT" && self.options.iter().any(|o| o.section == group);
        let found = match name.split_once('.') {
            Some((group, _)) if !is_group(group) => return Err((ReadErrorKind::NoSuchGroup, "names no section")),
            Some((group, name)) => self.option(group, name),
            None => self.option(&holder.section, name),
        };
        match found.or_else(|| self.option("DEFAULT", name)) {
            Some(option) => Ok(option),
            None if is_group(name) => Err((ReadErrorKind::Substitution, "names a section, not an option")),
            None => Err((ReadErrorKind::NoSuchOption, "names no option")),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the values may be secrets, those of the environment too
        let files: Vec<_> = self.files.iter().map(ParsedFile::path).collect();
        f.debug_struct("Config").field("options", &self.options).field("files", &files).finish_non_exhaustive()
    }
}

impl Opt {
    /// Section and name, the current ones first.
    fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        std::iter::once((self.section.as_str(), self.name.as_ref())).chain(self.deprecated.iter().copied())
    }
}

impl Assignment {
    fn sets(&self, (section, name): (&str, &str)) -> bool {
        self.key == name && normal(&self.section) == normal(section)
    }
}

/// Sections are the same in any case, but for `DEFAULT`.
pub(super) fn normal(section: &str) -> String {
    if section == "DEFAULT" { section.to_owned() } else { section.to_lowercase() }
}

/// `file:line: [section] option: `
fn prefix(option: &Opt, origin: Option<&Location>) -> String {
    let place = origin.map_or_else(|| "default of ".to_owned(), |at| format!("{at}: "));
    format!("{place}[{}] {}: ", option.section, option.name)
}

/// The name is part of the value, so for a secret it is kept back.
fn wrong_reference(holder: &Opt, at: Option<&Location>, name: &str, kind: ReadErrorKind, reason: &str) -> ReadError {
    let reference = if holder.secret { "a '$' in the value".to_owned() } else { format!("${name}") };
    let remedy = "write $$ for a dollar sign, ${name} to end a name early";
    ReadError::new(kind, format!("{}{reference} {reason}", prefix(holder, at)), remedy)
}

/// Value and comment, when a `#` or `;` follows white space.
fn split_comment(text: &str) -> Option<(&str, &str)> {
    let marks = text.match_indices(['#', ';']);
    let (head, comment) =
        marks.filter_map(|(at, _)| text.split_at_checked(at)).find(|(head, _)| head.ends_with(is_space))?;
    Some((head.trim_end_matches(is_space), comment))
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
