//! Lists: which objects a GET names, and the page of them it gets.

use crate::call::Call;
use crate::refusal::Refusal;
use crate::reply::Reply;
use serde_json::Value;

mod page;
mod select;
mod stretch;

pub(crate) use stretch::Wanted;

/// What the sentences call a kind of object: `Volume`, `Protection group`.
#[derive(Debug)]
pub(crate) struct Noun {
    pub(crate) title: &'static str,
}

/// An object that can be listed.
pub(crate) trait Listed {
    /// Unique together with the id; lists are in its order.
    fn name(&self) -> &str;

    fn id(&self) -> Option<&str> {
        None
    }

    /// Whether it is destroyed and waits for eradication.
    fn destroyed(&self) -> bool {
        false
    }

    /// Another name under which `names=` finds it: a snapshot of a group is found under the group's.
    fn belongs_to(&self) -> Option<&str> {
        None
    }

    /// Whether the item shows [`Listed::name`] as its `name`. Then a filter on that needs no item.
    fn shows_name(&self) -> bool {
        false
    }

    /// As the reply shows it.
    fn item(&self, call: &Call<'_>) -> Value;
}

/// The reply to a GET that lists objects: obeys `names`, `ids`, `destroyed`, `filter`, `sort`, `offset`, `limit`,
/// `continuation_token`, `total_item_count` and `total_only`.
///
/// `rows` are all objects there are, or, when names or ids are given, at least the objects of these names or ids. Only the
/// items of the page are rendered, unless an order, a total or a filter on more than names asks for all.
///
/// # Errors
/// a named object is not there, or not in the state that `destroyed` asks for → 400, one entry for each; a parameter or
/// filter that cannot be read → 400.
pub(crate) fn list<T: Listed>(call: &Call<'_>, rows: Vec<T>, noun: &'static Noun) -> Result<Reply, Refusal> {
    list_known(call, rows, noun, |_| false)
}

/// As [`list`]; a name that `known` knows is no error even if no row has it: a group that has no snapshot yet.
///
/// # Errors
/// as [`list`].
pub(crate) fn list_known<T: Listed>(
    call: &Call<'_>,
    rows: Vec<T>,
    noun: &'static Noun,
    known: impl Fn(&str) -> bool,
) -> Result<Reply, Refusal> {
    let rows = select::select(call.query, rows, noun, known)?;
    let request = page::Request::read(call.query, call.sim.options.page_limit)?;
    Ok(Reply::page(call, page::page(&request, rows, |row| row.item(call))))
}
