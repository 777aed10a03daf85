//! The words of a line, and the values that can be among them.

use jiff::SignedDuration;
use std::time::Duration;

/// The words of a line: those that stand alone, and the pairs `name=value`.
pub(super) struct Words {
    pub(super) bare: Vec<String>,
    pub(super) pairs: Vec<(String, String)>,
}

impl Words {
    pub(super) fn read(line: &str) -> Result<Self, String> {
        let (mut bare, mut pairs) = (Vec::new(), Vec::new());
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
            let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            rest = match behind.strip_prefix('=') {
                None => {
                    bare.push(word.to_owned());
                    behind
                }
                Some(value) => {
                    let (value, behind) = read_value(value)?;
                    pairs.push((word.to_owned(), value));
                    behind
                }
            }
            .trim_start();
        }
        Ok(Self { bare, pairs })
    }

    /// The next word that stands alone; empty if there is none.
    pub(super) fn verb(&mut self) -> String {
        if self.bare.is_empty() { String::new() } else { self.bare.remove(0) }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.pairs.iter().position(|(found, _)| found == name)?;
        Some(self.pairs.remove(at).1)
    }

    pub(super) fn required(&mut self, name: &str) -> Result<String, String> {
        self.take(name).ok_or_else(|| format!("{name}= is missing"))
    }

    /// Takes `after N requests`, wherever it stands.
    pub(super) fn after(&mut self) -> Result<u64, String> {
        let Some(at) = self.bare.iter().position(|word| word == "after") else { return Ok(0) };
        match self.bare.get(at + 1..at + 3) {
            Some([count, unit]) if unit == "requests" || unit == "request" => {
                let count = number(count)?;
                self.bare.drain(at..at + 3);
                Ok(count)
            }
            _ => Err("'after' is followed by a number and 'requests'".to_owned()),
        }
    }

    /// Nothing is left over.
    pub(super) fn end(self) -> Result<(), String> {
        match (self.bare.first(), self.pairs.first()) {
            (None, None) => Ok(()),
            (Some(word), _) => Err(format!("'{word}' has no meaning here")),
            (None, Some((name, _))) => Err(format!("'{name}=' has no meaning here")),
        }
    }
}

/// A value up to the next blank, or in double quotes, where a backslash takes the next character as it is.
fn read_value(text: &str) -> Result<(String, &str), String> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (value, behind) = text.split_at_checked(end).unwrap_or((text, ""));
        return Ok((value.to_owned(), behind));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => value.extend(characters.next().map(|(_, next)| next)),
            _ => value.push(character),
        }
    }
    Err("a text in quotes does not end".to_owned())
}

pub(super) fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("'{text}' is not a number"))
}

pub(super) fn positive(text: &str) -> Result<u64, String> {
    number(text)?.checked_sub(1).map(|less| less + 1).ok_or_else(|| "0 is too small: 1 is the first".to_owned())
}

pub(super) fn fraction(text: &str) -> Result<f64, String> {
    let found = text.parse::<f64>().ok().filter(|value| (0.0..=1.0).contains(value));
    found.ok_or_else(|| format!("'{text}' is not a probability between 0 and 1"))
}

/// `10x`.
pub(super) fn factor(text: &str) -> Result<f64, String> {
    let found = text.strip_suffix('x').and_then(|text| text.parse::<f64>().ok());
    let found = found.filter(|factor| factor.is_finite() && *factor > 0.0);
    found.ok_or_else(|| format!("'{text}' is not a factor such as 10x"))
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let found = text.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    found.ok_or_else(|| format!("'{text}' is not a time such as 500ms or 2s"))
}

pub(super) fn millis(text: &str) -> Result<i64, String> {
    let found = text.parse::<SignedDuration>().ok().and_then(|duration| i64::try_from(duration.as_millis()).ok());
    found.ok_or_else(|| format!("'{text}' is not a time such as +90s or -2m"))
}
