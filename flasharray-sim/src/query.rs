//! The query of a request.

use crate::refusal::Refusal;
use crate::sentences;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The parameters behind the `?`, still encoded. Lists are split before their values are decoded, so that an encoded comma
/// stays inside its value. Parameters that nobody asks for are ignored, as an array does.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The raw values of a parameter, in order.
    fn raw(self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.split('&').filter_map(move |pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name || decoded(key) == name).then_some(value)
        })
    }

    /// Whether the parameter is there, empty or not.
    pub(crate) fn has(self, name: &str) -> bool {
        self.raw(name).next().is_some()
    }

    /// A list. `None`: not given. Empty values are dropped, so `member_names=` is an empty list.
    pub(crate) fn list(self, name: &str) -> Option<Vec<String>> {
        let mut given = false;
        let mut values = Vec::new();
        for raw in self.raw(name) {
            given = true;
            values.extend(raw.split(',').filter(|value| !value.is_empty()).map(|value| decoded(value).into_owned()));
        }
        given.then_some(values)
    }

    /// `names=`.
    pub(crate) fn names(self) -> Option<Vec<String>> {
        self.list("names")
    }

    /// `ids=`.
    pub(crate) fn ids(self) -> Option<Vec<String>> {
        self.list("ids")
    }

    /// A single value, commas and all; the last one counts. An empty value is `Some("")`.
    pub(crate) fn text(self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name).last().map(decoded)
    }

    /// `true` or `false`. `None`: not given, or empty.
    ///
    /// # Errors
    /// anything else → 400.
    pub(crate) fn flag(self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.text(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(text) => Err(invalid(name, &text)),
        }
    }

    /// Whether the flag is given and true.
    ///
    /// # Errors
    /// neither `true` nor `false` → 400.
    pub(crate) fn is_set(self, name: &str) -> Result<bool, Refusal> {
        Ok(self.flag(name)?.unwrap_or(false))
    }

    /// A number that is not negative. `None`: not given, or empty.
    ///
    /// # Errors
    /// anything else → 400.
    pub(crate) fn number(self, name: &str) -> Result<Option<u64>, Refusal> {
        match self.text(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| invalid(name, &text)),
        }
    }

    /// The names that a request which changes something must give.
    ///
    /// # Errors
    /// none given → 400.
    pub(crate) fn required(self, name: &str) -> Result<Vec<String>, Refusal> {
        self.list(name)
            .filter(|values| !values.is_empty())
            .ok_or_else(|| Refusal::bad(name, sentences::missing_parameter(name)))
    }
}

fn invalid(name: &str, value: &str) -> Refusal {
    Refusal::bad(name, sentences::invalid_parameter(name, value))
}

/// Percent-decoding; `+` is a blank, as forms have it. Bytes that are not UTF-8 become replacement characters, which no
/// name contains.
pub(crate) fn decoded(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        return Cow::Owned(percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned());
    }
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_split_before_their_values_are_decoded() {
        let query = Query::new("names=a%2Cb,arrA%3Apg.%2A,p/q,r%3A%3As");
        assert_eq!(query.names().unwrap(), ["a,b", "arrA:pg.*", "p/q", "r::s"]);
    }

    #[test]
    fn nothing_an_empty_list_and_none_are_three_things() {
        assert_eq!(Query::new("").names(), None);
        assert_eq!(Query::new("x=1").list("member_names"), None);
        assert_eq!(Query::new("group_names=g&member_names=").list("member_names"), Some(vec![]));
        assert_eq!(Query::new("names=None").names().unwrap(), ["None"]);
        assert_eq!(Query::new("names").text("names").unwrap(), "");
    }

    #[test]
    fn a_parameter_given_twice_adds_to_its_list() {
        assert_eq!(Query::new("names=a&names=b,c").names().unwrap(), ["a", "b", "c"]);
    }

    #[test]
    fn text_keeps_commas_blanks_and_signs() {
        let filter = "name=('a','b') and x>=1";
        let encoded = "filter=name%3D%28%27a%27,%27b%27%29+and%20x%3E%3D1";
        assert_eq!(Query::new(encoded).text("filter").unwrap(), filter);
        assert_eq!(Query::new("filter=a%2Bb").text("filter").unwrap(), "a+b");
    }

    #[test]
    fn flags_and_numbers_are_read_or_refused() {
        let query = Query::new("overwrite=True&destroyed=false&limit=10&bad=yes&neg=-1&empty=");
        assert_eq!(query.flag("overwrite").unwrap(), Some(true));
        assert_eq!(query.flag("destroyed").unwrap(), Some(false));
        assert_eq!(query.flag("empty").unwrap(), None);
        assert_eq!(query.flag("absent").unwrap(), None);
        assert_eq!(query.number("limit").unwrap(), Some(10));
        assert_eq!(query.flag("bad").unwrap_err().status, 400);
        assert_eq!(query.number("neg").unwrap_err().status, 400);
        assert_eq!(query.number("bad").unwrap_err().status, 400);
    }

    #[test]
    fn names_that_must_be_given_are_asked_for() {
        assert_eq!(Query::new("names=v").required("names").unwrap(), ["v"]);
        for text in ["", "names=", "names=,"] {
            assert_eq!(Query::new(text).required("names").unwrap_err().status, 400, "{text}");
        }
    }
}
