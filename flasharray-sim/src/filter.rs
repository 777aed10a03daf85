//! Filters: which items of a list are wanted.
//!
//! The grammar is that of FlashArray REST 2 as clients use it: `name='arrA:pg.1.*'`, `name=('a','b')`, `progress="1.0"`,
//! `not is_local`, `pod.name='x' and (a>1 or b!=2)`, `contains(name,'x')`, `tags('key','value')`, `interfaces[any].name='x'`.
//!
//! A field that is missing is like one that is `null`: nothing equals it, everything differs from it, and it has no order.

mod parse;
mod value;

pub(crate) use value::{FieldPath, compare};

use serde_json::Value;

/// A filter that was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter(Condition);

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// `=`: one of the values; `!=`: none of them.
    Equal {
        field: FieldPath,
        values: Vec<String>,
        negated: bool,
    },
    /// `<`, `<=`, `>`, `>=`.
    Ordered {
        field: FieldPath,
        order: Order,
        value: String,
    },
    /// The field alone: true, or there and no boolean.
    Holds(FieldPath),
    /// `exists(field)`: there, whatever it is.
    Exists(FieldPath),
    Contains {
        field: FieldPath,
        part: String,
    },
    /// An item of `tags` has this key and value.
    Tagged {
        key: String,
        value: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// what is wrong, and where.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        parse::condition(text).map(Self)
    }

    /// Whether the name of an item decides, and nothing else about it.
    pub(crate) fn is_about_name(&self) -> bool {
        self.0.is_about_name()
    }

    /// What the names of all items that are wanted begin with, without regard to case, if the filter says that and no more.
    pub(crate) fn name_prefix(&self) -> Option<&str> {
        match &self.0 {
            Condition::Equal { field, values, negated: false } if field.is_name() => match values.as_slice() {
                [pattern] => pattern.strip_suffix('*').filter(|prefix| !prefix.contains('*')),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether an item is wanted.
    pub(crate) fn matches(&self, item: &Value) -> bool {
        self.0.holds(item)
    }
}

impl Condition {
    fn is_about_name(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().all(Self::is_about_name),
            Self::Not(part) => part.is_about_name(),
            Self::Equal { field, .. }
            | Self::Ordered { field, .. }
            | Self::Holds(field)
            | Self::Exists(field)
            | Self::Contains { field, .. } => field.is_name(),
            Self::Tagged { .. } => false,
        }
    }

    fn holds(&self, item: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(item)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(item)),
            Self::Not(part) => !part.holds(item),
            Self::Equal { field, values, negated: false } => field.test(item, &|found| equals_one(found, values)),
            Self::Equal { field, values, negated: true } => {
                field.is_absent(item) || field.test(item, &|found| !equals_one(found, values))
            }
            Self::Ordered { field, order, value } => field.test(item, &|found| order.holds(found, value)),
            Self::Holds(field) => field.test(item, &|found| *found != Value::Bool(false)),
            Self::Exists(field) => field.test(item, &|_| true),
            Self::Contains { field, part } => {
                field.test(item, &|found| value::text(found).is_some_and(|found| value::contains(&found, part)))
            }
            Self::Tagged { key, value } => tagged(item, key, value),
        }
    }
}

fn equals_one(found: &Value, values: &[String]) -> bool {
    values.iter().any(|value| value::equals(found, value))
}

fn tagged(item: &Value, key: &str, expected: &str) -> bool {
    let tags = item.get("tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    tags.iter().any(|tag| {
        let is = |field: &str, expected: &str| tag.get(field).is_some_and(|found| value::equals(found, expected));
        is("key", key) && is("value", expected)
    })
}

impl Order {
    fn holds(self, found: &Value, value: &str) -> bool {
        let order = value::order(found, value);
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

#[cfg(test)]
mod tests;
