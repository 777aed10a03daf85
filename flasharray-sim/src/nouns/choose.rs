//! Which objects a request is about.

use crate::query::Query;
use crate::refusal::{Entry, Refusal};
use crate::sentences;
use protector_core::Error;

/// Does the same to each: all results, or every refusal there was.
pub(crate) fn each<I, T>(
    items: impl IntoIterator<Item = I>,
    mut act: impl FnMut(I) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    let mut results = Vec::new();
    let mut errors: Vec<Entry> = Vec::new();
    for item in items {
        match act(item) {
            Ok(result) => results.push(result),
            Err(refusal) if refusal.status == 400 => errors.extend(refusal.errors),
            Err(refusal) => return Err(refusal),
        }
    }
    if errors.is_empty() { Ok(results) } else { Err(Refusal::several(errors)) }
}

/// How objects of a noun are found.
pub(crate) struct Finder<'a, T> {
    pub(crate) by_name: &'a dyn Fn(&str) -> Result<Option<T>, Error>,
    pub(crate) by_id: &'a dyn Fn(&str) -> Result<Option<T>, Error>,
}

impl<T> Finder<'_, T> {
    /// What a GET shall choose from: the objects that it names, as far as they are there, else `all`.
    pub(crate) fn candidates(
        &self,
        query: Query<'_>,
        all: impl FnOnce() -> Result<Vec<T>, Error>,
    ) -> Result<Vec<T>, Error> {
        let given = |list: Option<Vec<String>>| list.filter(|list| !list.is_empty());
        let (list, find) = match (given(query.names()), given(query.ids())) {
            (Some(names), None) => (names, self.by_name),
            (None, Some(ids)) => (ids, self.by_id),
            _ => return all(),
        };
        let list: std::collections::BTreeSet<String> = list.into_iter().collect();
        list.iter().filter_map(|one| find(one).transpose()).collect()
    }

    /// The objects that a request to change something names with the parameter `names` or `ids`, all of them.
    ///
    /// # Errors
    /// neither given, both given, one of them not there → 400.
    pub(crate) fn named(&self, query: Query<'_>, noun: &str, names: &str, ids: &str) -> Result<Vec<T>, Refusal> {
        let (list, find) = match (query.list(names), query.list(ids)) {
            (Some(_), Some(_)) => return Err(Refusal::bad(names, sentences::exclusive_parameters(names, ids))),
            (None, Some(list)) if !list.is_empty() => (list, self.by_id),
            _ => (query.required(names)?, self.by_name),
        };
        each(list, |one| find(&one)?.ok_or_else(|| Refusal::missing(noun, &one)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_told() {
        let odd = |n: u8| if n % 2 == 1 { Ok(n) } else { Err(Refusal::missing("Volume", &n.to_string())) };
        assert_eq!(each([1, 3], odd), Ok(vec![1, 3]));
        let contexts = |refusal: Refusal| refusal.errors.into_iter().filter_map(|e| e.context).collect::<Vec<_>>();
        assert_eq!(contexts(each([1, 2, 3, 4], odd).unwrap_err()), ["2", "4"]);
        let busy = |_: u8| Err::<(), _>(Refusal::with_status(500, None, "Server is busy"));
        assert_eq!(each([1, 2], busy).unwrap_err().status, 500);
    }

    #[test]
    fn what_a_change_names_must_be_given_and_there() {
        let finder = Finder {
            by_name: &|name| Ok((name != "x").then(|| format!("name {name}"))),
            by_id: &|id| Ok(Some(format!("id {id}"))),
        };
        let named = |query| finder.named(Query::new(query), "Volume", "names", "ids");
        assert_eq!(named("names=a,b").unwrap(), ["name a", "name b"]);
        assert_eq!(named("ids=1").unwrap(), ["id 1"]);
        assert_eq!(named("names=x,a").unwrap_err(), Refusal::missing("Volume", "x"));
        for query in ["", "names=", "ids=", "names=a&ids=1"] {
            assert_eq!(named(query).unwrap_err().errors[0].context.as_deref(), Some("names"), "{query}");
        }
        let candidates = |query| finder.candidates(Query::new(query), || Ok(vec!["all".to_owned()])).unwrap();
        assert_eq!(candidates("names=b,x,a,b"), ["name a", "name b"]);
        assert_eq!(candidates("names="), ["all"]);
    }
}
