//! Fields of an item, and how their values compare.

use serde_json::Value;
use std::{borrow::Cow, cmp::Ordering};

/// The way to a field: `pod.name`, `arrays[any].status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldPath(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Segment {
    name: String,
    /// `[all]`: every element of the list must pass; else one is enough.
    all: bool,
}

impl FieldPath {
    /// Reads a path. `None`: it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let segment = |text: &str| {
            let (name, all) = match (text.strip_suffix("[any]"), text.strip_suffix("[all]")) {
                (Some(name), _) => (name, false),
                (None, Some(name)) => (name, true),
                (None, None) => (text, false),
            };
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            (!name.is_empty() && name.chars().all(is_name)).then(|| Segment { name: name.to_owned(), all })
        };
        text.split('.').map(segment).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Whether it is `name`.
    pub(super) fn is_name(&self) -> bool {
        matches!(self.0.as_slice(), [Segment { name, .. }] if name == "name")
    }

    /// Whether the field passes; of a list, one element or, with `[all]`, every element. `null` does not pass.
    pub(super) fn test(&self, item: &Value, check: &dyn Fn(&Value) -> bool) -> bool {
        walk(&self.0, false, item, check)
    }

    /// Whether there is no value that could be tested.
    pub(super) fn is_absent(&self, item: &Value) -> bool {
        self.first(item).is_none()
    }

    /// The value, or the first of several.
    pub(crate) fn first<'a>(&self, item: &'a Value) -> Option<&'a Value> {
        let found = self.0.iter().try_fold(item, |value, segment| {
            let object = value.as_array().map_or(Some(value), |list| list.first())?;
            object.get(&segment.name)
        })?;
        found.as_array().map_or(Some(found), |list| list.first()).filter(|found| !found.is_null())
    }
}

fn walk(path: &[Segment], all: bool, value: &Value, check: &dyn Fn(&Value) -> bool) -> bool {
    match (value, path) {
        (Value::Array(list), _) if all => !list.is_empty() && list.iter().all(|value| walk(path, false, value, check)),
        (Value::Array(list), _) => list.iter().any(|value| walk(path, false, value, check)),
        (Value::Null, _) => false,
        (_, []) => check(value),
        (_, [segment, rest @ ..]) => {
            value.get(&segment.name).is_some_and(|value| walk(rest, segment.all, value, check))
        }
    }
}

/// A scalar as text.
pub(super) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(_) | Value::Number(_) => Some(Cow::Owned(value.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a value is what the filter says: numbers by value, so that `"1.0"` is 1; texts without regard to case, where `*`
/// stands for anything.
pub(super) fn equals(found: &Value, expected: &str) -> bool {
    if let (Some(found), Ok(expected)) = (found.as_f64(), expected.parse::<f64>()) {
        return found == expected;
    }
    text(found).is_some_and(|found| glob(&found.to_lowercase(), &expected.to_lowercase()))
}

/// How a value stands to the one of the filter.
pub(super) fn order(found: &Value, expected: &str) -> Ordering {
    match (found.as_f64(), expected.parse::<f64>()) {
        (Some(found), Ok(expected)) => found.total_cmp(&expected),
        _ => text(found).unwrap_or_default().to_lowercase().cmp(&expected.to_lowercase()),
    }
}

/// Whether a text has a part, without regard to case.
pub(super) fn contains(found: &str, part: &str) -> bool {
    found.to_lowercase().contains(&part.to_lowercase())
}

/// The order of two values of one field: numbers by value, all else as text.
pub(crate) fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().unwrap_or_default().total_cmp(&b.as_f64().unwrap_or_default()),
        },
        _ => text(one).unwrap_or_default().cmp(&text(other).unwrap_or_default()),
    }
}

/// Whether the pattern, in which `*` stands for anything, covers the whole text. Takes time in proportion to the product
/// of the two lengths at most.
fn glob(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        let table = [
            ("", "", true),
            ("abc", "abc", true),
            ("abc", "ab", false),
            ("abc", "a*", true),
            ("abc", "*c", true),
            ("abc", "*", true),
            ("abc", "a*c", true),
            ("abc", "a*b", false),
            ("a", "a*a", false),
            ("aXbXc", "a*b*c", true),
            ("acb", "a*b*c", false),
            ("pg.1.v", "pg.1.*", true),
            ("pg.10.v", "pg.1.*", false),
            ("abc", "**", true),
        ];
        for (text, pattern, expected) in table {
            assert_eq!(glob(text, pattern), expected, "{text} {pattern}");
        }
    }

    #[test]
    fn paths_are_names_with_points_between() {
        for good in ["name", "pod.name", "arrays[any].status", "a[all].b_c.d1"] {
            assert!(FieldPath::parse(good).is_some(), "{good}");
        }
        for bad in ["", ".", "a.", ".a", "a b", "a[0]", "[any]", "a-b", "näme"] {
            assert!(FieldPath::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert!(compare(&value("9"), &value("10")).is_lt());
        assert!(compare(&value("0.5"), &value("0.25")).is_gt());
        assert!(compare(&value("9007199254740993"), &value("9007199254740992")).is_gt());
        assert!(compare(&value("\"a\""), &value("\"b\"")).is_lt());
    }
}
