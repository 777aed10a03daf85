//! The page of a list that a request gets.

use super::Listed;
use crate::filter::{FieldPath, Filter, compare};
use crate::query::Query;
use crate::refusal::Refusal;
use crate::reply::Page;
use crate::sentences;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

/// What a request says about paging.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) filter: Option<Filter>,
    /// Field, and whether descending.
    pub(super) sort: Vec<(FieldPath, bool)>,
    pub(super) offset: usize,
    pub(super) limit: usize,
    /// Name and id of the last item of the page before.
    pub(super) after: Option<(String, String)>,
    pub(super) count: bool,
    pub(super) total_only: bool,
}

impl Request {
    /// What the query asks for; `page_limit`: most items in one reply.
    pub(super) fn read(query: Query<'_>, page_limit: usize) -> Result<Self, Refusal> {
        let filter = query.text("filter").filter(|text| !text.trim().is_empty());
        let filter = filter
            .map(|text| Filter::parse(&text).map_err(|why| Refusal::bad("filter", sentences::invalid_filter(&why))));
        let sort = query.list("sort").unwrap_or_default();
        let sort: Vec<_> = sort.iter().map(|field| order(field)).collect::<Result<_, _>>()?;
        let token = query.text("continuation_token").filter(|token| !token.is_empty());
        if !sort.is_empty() && token.is_some() {
            return Err(Refusal::bad("sort", sentences::exclusive_parameters("sort", "continuation_token")));
        }
        let after = token.map(|token| {
            read_token(&token).ok_or_else(|| {
                Refusal::bad("continuation_token", sentences::invalid_parameter("continuation_token", &token))
            })
        });
        let limit = query.number("limit")?.map(size);
        Ok(Self {
            filter: filter.transpose()?,
            sort,
            offset: size(query.number("offset")?.unwrap_or(0)),
            limit: limit.unwrap_or(page_limit).min(page_limit),
            after: after.transpose()?,
            count: query.is_set("total_item_count")? || limit == Some(0),
            total_only: query.is_set("total_only")?,
        })
    }

    fn needs_all(&self) -> bool {
        !self.sort.is_empty() || self.total_only
    }

    /// Whether the filter, if there is one, lets a row pass; and its item, if that was needed.
    fn examine<T: Listed>(&self, row: &T, render: impl Fn(&T) -> Value) -> (bool, Option<Value>) {
        match &self.filter {
            Some(filter) if row.shows_name() && filter.is_about_name() => {
                (filter.matches(&json!({"name": row.name()})), self.needs_all().then(|| render(row)))
            }
            Some(filter) => {
                let item = render(row);
                (filter.matches(&item), Some(item))
            }
            None => (true, self.needs_all().then(|| render(row))),
        }
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// `field` ascends, `field-` and `-field` descend.
fn order(text: &str) -> Result<(FieldPath, bool), Refusal> {
    let (field, descending) = match (text.strip_suffix('-'), text.strip_prefix('-')) {
        (Some(field), _) | (None, Some(field)) => (field, true),
        (None, None) => (text.strip_suffix('+').unwrap_or(text), false),
    };
    let path =
        FieldPath::parse(field).ok_or_else(|| Refusal::bad("sort", sentences::invalid_parameter("sort", text)))?;
    Ok((path, descending))
}

/// A row, and its item once it is needed.
struct Candidate<T> {
    row: T,
    item: Option<Value>,
}

/// The page of `rows` that the request gets.
pub(super) fn page<T: Listed>(request: &Request, mut rows: Vec<T>, render: impl Fn(&T) -> Value) -> Page {
    rows.sort_by(|one, other| key(one).cmp(&key(other)));
    let mut found: Vec<Candidate<T>> = rows
        .into_iter()
        .filter_map(|row| {
            let (passes, item) = request.examine(&row, &render);
            passes.then_some(Candidate { row, item })
        })
        .collect();
    if !request.sort.is_empty() {
        found.sort_by(|one, other| in_order(&request.sort, one.item.as_ref(), other.item.as_ref()));
    }
    let count = found.len();
    if request.total_only {
        let items = found.iter().filter_map(|candidate| candidate.item.as_ref());
        let total_item_count = request.count.then_some(count);
        return Page { total: Some(vec![total(items)]), total_item_count, ..Page::default() };
    }
    let start = match &request.after {
        Some((name, id)) => found.partition_point(|candidate| key(&candidate.row) <= (name, id)),
        None => request.offset.min(count),
    };
    let shown: Vec<Candidate<T>> = found.drain(start..).take(request.limit).collect();
    let more = request.limit > 0 && start + shown.len() < count;
    Page {
        more_items_remaining: more,
        continuation_token: shown.last().filter(|_| more && request.sort.is_empty()).map(|last| token(&last.row)),
        items: shown.into_iter().map(|Candidate { row, item }| item.unwrap_or_else(|| render(&row))).collect(),
        total_item_count: request.count.then_some(count),
        total: None,
    }
}

fn key<T: Listed>(row: &T) -> (&str, &str) {
    (row.name(), row.id().unwrap_or_default())
}

/// Where the next page begins: behind this row, whatever comes and goes in the meantime.
fn token<T: Listed>(row: &T) -> String {
    URL_SAFE_NO_PAD.encode(Value::from(<[&str; 2]>::from(key(row)).to_vec()).to_string())
}

fn read_token(token: &str) -> Option<(String, String)> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).ok()?).ok()
}

/// Absent values come last, whichever the direction.
fn in_order(sort: &[(FieldPath, bool)], one: Option<&Value>, other: Option<&Value>) -> Ordering {
    let value = |item: Option<&'_ Value>, path: &FieldPath| item.and_then(|item| path.first(item)).cloned();
    let by_field = sort.iter().map(|(path, descending)| match (value(one, path), value(other, path)) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) if *descending => compare(&b, &a),
        (Some(a), Some(b)) => compare(&a, &b),
    });
    by_field.fold(Ordering::Equal, Ordering::then)
}

/// The sum over items of what can be summed; all other fields are `null`.
fn total<'a>(items: impl Iterator<Item = &'a Value>) -> Value {
    const SUMMED: [&str; 5] = ["provisioned", "space", "data_transferred", "physical_bytes_written", "footprint"];
    let mut sum = Map::new();
    for (field, value) in items.filter_map(Value::as_object).flatten() {
        let before = sum.entry(field.clone()).or_insert(Value::Null);
        if SUMMED.contains(&field.as_str()) {
            add(before, value);
        }
    }
    sum.into()
}

fn add(sum: &mut Value, value: &Value) {
    match value {
        Value::Number(_) => {
            let [a, b] = [&*sum, value].map(|number| number.as_u64());
            *sum = match (a.or(sum.is_null().then_some(0)), b) {
                (Some(a), Some(b)) => a.saturating_add(b).into(),
                // a ratio: a sum would mean nothing
                _ => Value::Null,
            };
        }
        Value::Object(fields) => {
            if sum.is_null() {
                *sum = Map::new().into();
            }
            if let Value::Object(sum) = sum {
                for (field, value) in fields {
                    add(sum.entry(field.clone()).or_insert(Value::Null), value);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
