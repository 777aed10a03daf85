//! A call as a value: built by pure functions, looked at in tests, sent by the client.

use crate::{Error, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;
use std::fmt::{Display, Write as _};

/// What arrays read as it stands: py-pure-client 1.96 encodes everything but these.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// Longest list of names in one URL, in bytes. No limit is documented; URLs of 8 KiB pass everywhere.
const LONGEST_LIST: usize = 6000;

/// What may happen when a request is sent a second time although the first may have been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Safety {
    /// It changes nothing.
    Read,
    /// It asks for a state: the second time changes nothing more. The second answer may be `NotFound` or
    /// `AlreadyExists`, and then the first had its effect; any other refusal of it is looked into (`retry`).
    Repeatable,
    /// It creates: never sent again unless the first certainly had no effect.
    Once,
}

/// The value of a query parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum QueryValue {
    /// A text.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// A number.
    Number(u64),
    /// Several texts, joined by commas. Must not be empty: an array may read an empty list as "all".
    List(Vec<String>),
}

impl QueryValue {
    /// A list of names or ids.
    pub(super) fn list<T: Display>(values: &[T]) -> Self {
        Self::List(values.iter().map(ToString::to_string).collect())
    }

    /// A list of one.
    pub(super) fn one(value: impl Display) -> Self {
        Self::List(vec![value.to_string()])
    }
}

impl From<bool> for QueryValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<String> for QueryValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// One call. The path is without the version prefix.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    /// HTTP method.
    pub(super) method: Method,
    /// `protection-groups/volumes`.
    pub(super) path: &'static str,
    /// Parameters, in the order they are sent.
    pub(super) query: Vec<(&'static str, QueryValue)>,
    /// JSON body.
    pub(super) body: Option<Value>,
    /// What a second sending may do.
    pub(super) safety: Safety,
}

impl Request {
    /// A read.
    pub(super) fn get(path: &'static str) -> Self {
        Self::new(Method::GET, path, Safety::Read)
    }

    /// A creation.
    pub(super) fn post(path: &'static str) -> Self {
        Self::new(Method::POST, path, Safety::Once)
    }

    /// A change to a state.
    pub(super) fn patch(path: &'static str, body: Value) -> Self {
        Self::new(Method::PATCH, path, Safety::Repeatable).body(body)
    }

    /// A replacement.
    pub(super) fn put(path: &'static str, body: Value) -> Self {
        Self::new(Method::PUT, path, Safety::Repeatable).body(body)
    }

    /// A removal.
    pub(super) fn delete(path: &'static str) -> Self {
        Self::new(Method::DELETE, path, Safety::Repeatable)
    }

    fn new(method: Method, path: &'static str, safety: Safety) -> Self {
        Self { method, path, query: Vec::new(), body: None, safety }
    }

    /// Adds a parameter.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<QueryValue>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Adds a list of names or ids.
    #[must_use]
    pub(super) fn with_list<T: Display>(self, name: &'static str, values: &[T]) -> Self {
        self.with(name, QueryValue::list(values))
    }

    /// Adds a list of one name or id.
    #[must_use]
    pub(super) fn with_one(self, name: &'static str, value: impl Display) -> Self {
        self.with(name, QueryValue::one(value))
    }

    /// Sets the body.
    #[must_use]
    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Says that sending it twice does no harm.
    #[must_use]
    pub(super) fn repeatable(mut self) -> Self {
        self.safety = Safety::Repeatable;
        self
    }

    /// Whether a parameter is set.
    pub(super) fn has(&self, name: &str) -> bool {
        self.query.iter().any(|(present, _)| *present == name)
    }

    /// Path and query as they are sent, without the version prefix.
    ///
    /// # Errors
    /// a list without entries → `Internal`: it could address everything → report it.
    pub(super) fn target(&self) -> Result<String> {
        let mut target = self.path.to_owned();
        for (at, (name, value)) in self.query.iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            target.push_str(name);
            target.push('=');
            match value {
                QueryValue::Text(text) => push_encoded(&mut target, text),
                QueryValue::Flag(flag) => target.push_str(if *flag { "true" } else { "false" }),
                QueryValue::Number(number) => push_encoded(&mut target, &number.to_string()),
                QueryValue::List(values) if values.is_empty() => {
                    return Err(Error::internal(format!("{} {} names nothing in {name}", self.method, self.path)));
                }
                QueryValue::List(values) => {
                    for (at, value) in values.iter().enumerate() {
                        if at > 0 {
                            target.push(',');
                        }
                        push_encoded(&mut target, value);
                    }
                }
            }
        }
        Ok(target)
    }
}

fn push_encoded(target: &mut String, text: &str) {
    // writing to a String does not fail
    let _ = write!(target, "{}", utf8_percent_encode(text, ENCODED));
}

/// A text as a literal of a filter: `'it\'s'`.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Cuts a list of names or ids into pieces for one request each: at most `batch_size` entries, and a URL that passes
/// everywhere. No entries, no pieces.
pub(super) fn batches<T: Display>(values: &[T], batch_size: usize) -> Vec<&[T]> {
    let most = batch_size.max(1);
    let mut pieces = Vec::new();
    let mut rest = values;
    while !rest.is_empty() {
        let mut length = 0;
        let fitting = rest.iter().take(most).take_while(|value| {
            length += 1 + utf8_percent_encode(&value.to_string(), ENCODED).map(str::len).sum::<usize>();
            length <= LONGEST_LIST
        });
        // an entry that is too long by itself goes alone
        let (piece, others) = rest.split_at(fitting.count().max(1));
        pieces.push(piece);
        rest = others;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn values_are_encoded_and_lists_joined_by_a_bare_comma() {
        for (request, target) in [
            (Request::get("arrays"), "arrays"),
            (Request::get("pods").with_list("names", &["p/q", "r::s", "a,b"]), "pods?names=p/q,r%3A%3As,a%2Cb"),
            (Request::get("volumes").with_one("names", "v-1_x.y~z"), "volumes?names=v-1_x.y~z"),
            (
                Request::get("volume-snapshots")
                    .with("destroyed", false)
                    .with("filter", format!("name={}", literal("arrA:pg.1.*")))
                    .with("limit", QueryValue::Number(7)),
                "volume-snapshots?destroyed=false&filter=name%3D%27arrA%3Apg.1.%2A%27&limit=7",
            ),
            (Request::get("volumes").with("filter", "a b+c%&ü".to_owned()), "volumes?filter=a%20b%2Bc%25%26%C3%BC"),
        ] {
            assert_eq!(request.target().unwrap(), target);
        }
    }

    #[test]
    fn an_empty_list_is_never_sent() {
        let error = Request::delete("volumes").with_list::<&str>("names", &[]).target().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.message().contains("DELETE volumes names nothing in names"), "{error}");
    }

    #[test]
    fn a_literal_cannot_be_left() {
        assert_eq!(literal("a"), "'a'");
        assert_eq!(literal(r"x' or name='*\"), r"'x\' or name=\'*\\'");
    }

    #[test]
    fn lists_are_cut_by_count_and_by_length() {
        let names: Vec<String> = (0..2500).map(|n| format!("v{n}")).collect();
        let sizes: Vec<usize> = batches(&names, 1000).iter().map(|piece| piece.len()).collect();
        assert_eq!(sizes.iter().sum::<usize>(), 2500);
        assert!(sizes.iter().all(|size| (1..=1000).contains(size)), "{sizes:?}");

        let long: Vec<String> = (0..300).map(|n| format!("pod::volume-{n:036}-cinder")).collect();
        for piece in batches(&long, 1000) {
            let target = Request::get("volumes").with_list("names", piece).target().unwrap();
            assert!(target.len() < LONGEST_LIST + 100, "{}", target.len());
            assert!(piece.len() > 90, "{}", piece.len());
        }
        assert_eq!(batches(&long, 1000).concat(), long);
    }

    #[test]
    fn what_cannot_be_cut_goes_alone_and_nothing_makes_nothing() {
        let wide = ["x".repeat(9000), "y".to_owned(), "z".to_owned()];
        let sizes: Vec<usize> = batches(&wide, 10).iter().map(|piece| piece.len()).collect();
        assert_eq!(sizes, [1, 2]);
        assert!(batches::<String>(&[], 10).is_empty());
        assert_eq!(batches(&["a", "b"], 0).len(), 2);
    }
}
