use super::*;
use crate::call::Call;
use serde_json::json;
use std::cell::Cell;

#[derive(Clone)]
struct Row {
    name: String,
    size: Option<u64>,
}

impl Listed for Row {
    fn name(&self) -> &str {
        &self.name
    }
    fn item(&self, _call: &Call<'_>) -> Value {
        Value::Null
    }
}

fn row(name: &str, size: Option<u64>) -> Row {
    Row { name: name.to_owned(), size }
}

fn rows() -> Vec<Row> {
    vec![row("e", Some(10)), row("b", Some(9)), row("a", None), row("d", Some(9)), row("c", Some(100))]
}

fn shown(row: &Row) -> Value {
    json!({"name": row.name, "provisioned": row.size, "space": {"unique": 2, "data_reduction": 1.5}})
}

fn ask(query: &str, rows: Vec<Row>) -> Page {
    page(&Request::read(Query::new(query), 1000).unwrap(), rows, shown)
}

fn names(page: &Page) -> String {
    page.items.iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[test]
fn a_list_is_in_the_order_of_names_unless_another_is_asked_for() {
    let table = [
        ("", "abcde"),
        ("sort=name-", "edcba"),
        ("sort=-name", "edcba"),
        ("sort=provisioned", "bdeca"),
        ("sort=provisioned-", "cebda"),
        ("sort=provisioned,name-", "dbeca"),
        ("filter=provisioned=9", "bd"),
        ("filter=not%20provisioned=9&sort=provisioned", "eca"),
        ("offset=3", "de"),
        ("offset=9", ""),
        ("limit=2", "ab"),
        ("limit=2&offset=1", "bc"),
        ("sort=provisioned&limit=2&offset=2", "ec"),
    ];
    for (query, expected) in table {
        assert_eq!(names(&ask(query, rows())), expected, "{query}");
    }
}

#[test]
fn pages_follow_one_another_while_objects_come_and_go() {
    let first = ask("limit=2", rows());
    assert!(first.more_items_remaining);
    let mut changed = rows();
    changed.retain(|row| row.name != "b" && row.name != "d");
    changed.extend([row("aa", None), row("bb", None), row("z", None)]);
    let token = first.continuation_token.unwrap();
    let second = ask(&format!("limit=2&continuation_token={token}"), changed.clone());
    assert_eq!((names(&second).as_str(), second.more_items_remaining), ("bbc", true));
    let token = second.continuation_token.unwrap();
    let last = ask(&format!("limit=2&continuation_token={token}"), changed);
    assert_eq!(names(&last), "ez");
    assert_eq!((last.more_items_remaining, last.continuation_token), (false, None));
}

#[test]
fn a_page_is_never_longer_than_the_array_allows() {
    let request = |query| Request::read(Query::new(query), 2).unwrap();
    for query in ["", "limit=3"] {
        let page = page(&request(query), rows(), shown);
        assert_eq!((names(&page).as_str(), page.more_items_remaining), ("ab", true), "{query}");
    }
    assert_eq!(names(&page(&request("limit=1"), rows(), shown)), "a");
}

#[test]
fn with_an_order_of_its_own_a_list_goes_on_by_offset() {
    let page = ask("sort=name-&limit=2", rows());
    assert_eq!((page.more_items_remaining, page.continuation_token), (true, None));
    let refused = Request::read(Query::new("sort=name&continuation_token=x"), 9).unwrap_err();
    assert!(refused.errors[0].message.contains("cannot be set together"));
}

#[test]
fn a_limit_of_nothing_asks_for_the_count() {
    let page = ask("limit=0&filter=provisioned=9", rows());
    assert_eq!((page.items.len(), page.total_item_count, page.more_items_remaining), (0, Some(2), false));
    assert_eq!(ask("", rows()).total_item_count, None);
    assert_eq!(ask("total_item_count=true&limit=1", rows()).total_item_count, Some(5));
}

#[test]
fn a_total_sums_what_can_be_summed() {
    let page = ask("total_only=true", rows());
    assert!(page.items.is_empty());
    let space = json!({"unique": 10, "data_reduction": null});
    assert_eq!(page.total.unwrap(), [json!({"name": null, "provisioned": 128, "space": space})]);
}

#[test]
fn only_the_items_of_the_page_are_rendered() {
    let rendered = Cell::new(0);
    let count = |row: &Row| {
        rendered.set(rendered.get() + 1);
        shown(row)
    };
    let many: Vec<Row> = (0..10_000).map(|number| row(&format!("v{number:05}"), Some(1))).collect();
    let request = Request::read(Query::new("limit=10&offset=5000&total_item_count=true"), 1000).unwrap();
    assert_eq!(page(&request, many, count).items.len(), 10);
    assert_eq!(rendered.get(), 10);
}

#[test]
fn what_cannot_be_read_is_refused() {
    for query in [
        "continuation_token=%25%25",
        "continuation_token=YWJj",
        "sort=a..b",
        "filter=name=",
        "limit=many",
        "offset=-1",
        "total_only=maybe",
    ] {
        assert_eq!(Request::read(Query::new(query), 9).unwrap_err().status, 400, "{query}");
    }
}
