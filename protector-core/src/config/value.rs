//! Text → typed value.

use std::fmt;

use super::parse::is_space;
use super::schema::Kind;
use crate::ApiToken;

/// A value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of [`Kind::Text`], [`Kind::Choice`] and [`Kind::Word`].
    Text(String),
    /// Of [`Kind::Text`] when the option is [`secret`](super::Opt::secret).
    Secret(ApiToken),
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// Of [`Kind::Int`].
    Int(i64),
    /// Of [`Kind::List`] and [`Kind::Multi`].
    List(Vec<String>),
}

/// Why a text is no value of its kind: what is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub(super) reason: String,
    pub(super) remedy: String,
}

impl Mismatch {
    fn new(reason: impl fmt::Display, remedy: impl fmt::Display) -> Self {
        Self { reason: reason.to_string(), remedy: remedy.to_string() }
    }
}

/// Converts the text of one assignment. `None`: an empty number, which means "not set", also where a default exists.
pub(super) fn convert(kind: &Kind, text: &str) -> Result<Option<Value>, Mismatch> {
    Ok(Some(match kind {
        Kind::Text => Value::Text(text.to_owned()),
        Kind::Choice(choices) if choices.contains(&text) => Value::Text(text.to_owned()),
        Kind::Choice(choices) => {
            let choices = choices.join(", ");
            return Err(Mismatch::new(format_args!("not one of {choices}"), format_args!("write one of: {choices}")));
        }
        Kind::Word if is_driver_name(text) => Value::Text(text.to_owned()),
        Kind::Word => return Err(Mismatch::new("not a name", "write one word of letters, digits, '-' and '_'")),
        Kind::Bool => Value::Bool(boolean(text)?),
        Kind::Int(range) => match integer(text)? {
            None => return Ok(None),
            Some(number) if range.contains(&number) => Value::Int(number),
            Some(_) => {
                let bounds = format!("from {} to {}", range.start(), range.end());
                return Err(Mismatch::new("out of range", format_args!("write a whole number {bounds}")));
            }
        },
        Kind::List => Value::List(list(text)),
        Kind::Multi => Value::List(vec![text.to_owned()]),
    }))
}

/// Whether it can be the name of a driver: a letter, then letters, digits, `-` and `_`.
///
/// ```
/// use protector_core::config::is_driver_name;
/// assert!(is_driver_name("sparse-files") && !is_driver_name("1st") && !is_driver_name("two words"));
/// ```
pub fn is_driver_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn boolean(text: &str) -> Result<bool, Mismatch> {
    match text.to_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Ok(true),
        "false" | "0" | "off" | "no" => Ok(false),
        _ => Err(Mismatch::new("not a boolean", "write True or False")),
    }
}

/// What Python's `int()` takes: a sign, digits (here only those of ASCII), single underscores between digits.
fn integer(text: &str) -> Result<Option<i64>, Mismatch> {
    let text = text.trim_matches(is_space);
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let well_formed = digits.split('_').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    match text.replace('_', "").parse() {
        Ok(number) if well_formed => Ok(Some(number)),
        _ => Err(Mismatch::new("not a whole number", "write a whole number in decimal digits")),
    }
}

fn list(text: &str) -> Vec<String> {
    let text = text.trim_matches(is_space).trim_end_matches(',');
    if text.is_empty() {
        return Vec::new();
    }
    text.split(',').map(|item| item.trim_matches(is_space).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_python() {
        let any = Kind::Int(i64::MIN..=i64::MAX);
        let good = [("7", 7), ("+1_0", 10), ("-3", -3), (" 5\t", 5), ("007", 7), ("-9223372036854775808", i64::MIN)];
        for (text, want) in good {
            assert_eq!(convert(&any, text), Ok(Some(Value::Int(want))), "{text}");
        }
        for text in ["0x10", "1__0", "_1", "1_", "+", "+-1", "+ 1", "1.0", "1e3", "9223372036854775808"] {
            assert!(convert(&any, text).is_err(), "{text}");
        }
        for text in ["", "  "] {
            assert_eq!(convert(&any, text), Ok(None));
        }
    }

    #[test]
    fn bounds_are_inclusive() {
        let kind = Kind::Int(1..=3);
        for (text, good) in [("0", false), ("1", true), ("3", true), ("4", false)] {
            assert_eq!(convert(&kind, text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn lists_split_on_commas_alone() {
        for (text, want) in
            [("", vec![]), (",,", vec![]), (" a ,,b,,", vec!["a", "", "b"]), ("\"a,b\"", vec!["\"a", "b\""])]
        {
            assert_eq!(list(text), want, "{text}");
        }
    }
}
