//! Which objects a request names.

use super::{Listed, Noun};
use crate::query::Query;
use crate::refusal::{Entry, Refusal};
use crate::sentences;
use std::collections::{BTreeMap, BTreeSet};

/// The rows that `names`, `ids` and `destroyed` choose.
pub(super) fn select<T: Listed>(
    query: Query<'_>,
    mut rows: Vec<T>,
    noun: &Noun,
    known: impl Fn(&str) -> bool,
) -> Result<Vec<T>, Refusal> {
    let destroyed = query.flag("destroyed")?;
    let given = |list: Option<Vec<String>>| list.filter(|list| !list.is_empty());
    match (given(query.names()), given(query.ids())) {
        (Some(_), Some(_)) => return Err(Refusal::bad("names", sentences::exclusive_parameters("names", "ids"))),
        (Some(names), None) => {
            check(&rows, &names, noun, destroyed, &known, |row| [Some(row.name()), row.belongs_to()])?;
            let names: BTreeSet<String> = names.into_iter().collect();
            rows.retain(|row| names.contains(row.name()) || row.belongs_to().is_some_and(|name| names.contains(name)));
        }
        (None, Some(ids)) => {
            check(&rows, &ids, noun, destroyed, |_| false, |row| [row.id(), None])?;
            let ids: BTreeSet<String> = ids.into_iter().collect();
            rows.retain(|row| row.id().is_some_and(|id| ids.contains(id)));
        }
        (None, None) => {}
    }
    if let Some(destroyed) = destroyed {
        rows.retain(|row| row.destroyed() == destroyed);
    }
    Ok(rows)
}

/// Whether everything named is there, and in the right state. `keys`: the key of a row of its own, and that of what it
/// belongs to.
fn check<'a, T: Listed>(
    rows: &'a [T],
    wanted: &[String],
    noun: &Noun,
    destroyed: Option<bool>,
    known: impl Fn(&str) -> bool,
    keys: impl Fn(&'a T) -> [Option<&'a str>; 2],
) -> Result<(), Refusal> {
    let mut own = BTreeMap::new();
    let mut groups = BTreeSet::new();
    for row in rows {
        let [key, group] = keys(row);
        own.extend(key.map(|key| (key, row.destroyed())));
        groups.extend(group);
    }
    let refused = |name: &String| {
        let message = match (own.get(name.as_str()), destroyed) {
            (Some(true), Some(false)) => sentences::has_been_destroyed(noun.title),
            (Some(false), Some(true)) => sentences::does_not_exist(noun.title),
            (None, _) if !groups.contains(name.as_str()) && !known(name) => sentences::does_not_exist(noun.title),
            _ => return None,
        };
        Some(Entry { context: Some(name.clone()), message })
    };
    let errors: Vec<Entry> = wanted.iter().filter_map(refused).collect();
    if errors.is_empty() { Ok(()) } else { Err(Refusal::several(errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Call;
    use serde_json::Value;

    /// name, id, destroyed, belongs to
    struct Row(&'static str, &'static str, bool, Option<&'static str>);

    impl Listed for Row {
        fn name(&self) -> &str {
            self.0
        }
        fn id(&self) -> Option<&str> {
            Some(self.1)
        }
        fn destroyed(&self) -> bool {
            self.2
        }
        fn belongs_to(&self) -> Option<&str> {
            self.3
        }
        fn item(&self, _call: &Call<'_>) -> Value {
            Value::Null
        }
    }

    static VOLUME: Noun = Noun { title: "Volume" };

    fn chosen(query: &str) -> Result<String, String> {
        let rows = vec![
            Row("a", "1", false, None),
            Row("b", "2", true, None),
            Row("g.1", "3", false, Some("g")),
            Row("g.2", "4", true, Some("g")),
        ];
        let rows = select(Query::new(query), rows, &VOLUME, |name| name == "empty");
        let names = |rows: Vec<Row>| rows.iter().map(|row| row.0).collect::<Vec<_>>().join(" ");
        rows.map(names).map_err(|refusal| {
            assert_eq!(refusal.status, 400);
            let entries = refusal.errors.iter().map(|e| format!("{}: {}", e.context.as_deref().unwrap(), e.message));
            entries.collect::<Vec<_>>().join(" ")
        })
    }

    #[test]
    fn names_ids_and_state_choose() {
        let table = [
            ("", "a b g.1 g.2"),
            ("names=", "a b g.1 g.2"),
            ("destroyed=false", "a g.1"),
            ("destroyed=true", "b g.2"),
            ("names=b,a", "a b"),
            ("names=a&destroyed=false", "a"),
            ("names=b&destroyed=true", "b"),
            ("names=g", "g.1 g.2"),
            ("names=g&destroyed=false", "g.1"),
            ("names=g.2", "g.2"),
            ("names=empty", ""),
            ("names=empty,a", "a"),
            ("ids=2,1", "a b"),
        ];
        for (query, expected) in table {
            assert_eq!(chosen(query).as_deref(), Ok(expected), "{query}");
        }
    }

    #[test]
    fn everything_named_must_be_there_in_that_state() {
        let table = [
            ("names=None", "None: Volume does not exist."),
            ("names=x,a,y", "x: Volume does not exist. y: Volume does not exist."),
            ("names=b,a&destroyed=false", "b: Volume has been destroyed."),
            ("names=a&destroyed=true", "a: Volume does not exist."),
            ("ids=a", "a: Volume does not exist."),
            ("ids=empty", "empty: Volume does not exist."),
            ("names=a&ids=1", "names: The parameters 'names' and 'ids' cannot be set together."),
            ("destroyed=maybe", "destroyed: Invalid value 'maybe' for parameter 'destroyed'."),
        ];
        for (query, expected) in table {
            assert_eq!(chosen(query).unwrap_err(), expected, "{query}");
        }
    }
}
