//! The list of invariants in `tests/invariants.md` is whole: every number is there, and every test that it names exists, is
//! run, and says the number.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests may panic as tests do")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Numbers of the catalogue: I-01 to I-46.
const NUMBERS: u32 = 46;

fn repository(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(below)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// One row of the list.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    number: String,
    law: String,
    /// File and name of each.
    tests: Vec<(String, String)>,
    /// Why there are none.
    reason: Option<String>,
}

/// The rows whose first cell is a number.
fn rows(text: &str) -> Vec<Row> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [number, law, carried] = cells.as_slice() else { panic!("not three cells: {line}") };
        let named = carried.split('`').skip(1).step_by(2);
        let tests = named.map(|test| {
            let (file, name) = test.split_once("::").unwrap_or_else(|| panic!("'{test}' is not <file>::<name>"));
            (file.to_owned(), name.to_owned())
        });
        Row {
            number: (*number).to_owned(),
            law: (*law).to_owned(),
            tests: tests.collect(),
            reason: carried.strip_prefix("not yet: ").map(str::to_owned),
        }
    };
    text.lines().filter(|line| line.starts_with("| I-")).map(row).collect()
}

/// What a function says: its comments and attributes, and all of it down to the end of its body.
fn source_of(text: &str, name: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let opens = |line: &&str| {
        let line = line.trim_start();
        let line =
            ["pub ", "pub(crate) ", "async "].iter().fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
        let rest = line.strip_prefix("fn ").or_else(|| line.strip_prefix("def "));
        rest.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with(['(', '<']))
    };
    let at = lines.iter().position(opens)?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let depth = indent(lines.get(at)?);
    let belongs = |line: &&&str| {
        let line = line.trim_start();
        line.starts_with("///") || line.starts_with("#[") || line.starts_with('@') || line.starts_with("# ")
    };
    let before = lines.get(..at)?.iter().rev().take_while(belongs).count();
    let closes = |line: &&&str| {
        let closing = line.trim_start().starts_with(['}', ')']);
        line.trim().is_empty() || indent(line) > depth || (indent(line) == depth && closing)
    };
    let body = lines.get(at + 1..)?.iter().take_while(closes).count();
    Some(lines.get(at - before..=at + body)?.join("\n"))
}

/// Whether anybody runs it: it is a test, or a law or a check that something beside it names.
fn is_run(path: &Path, name: &str, source: &str) -> bool {
    let is_test = source.lines().any(|line| line.trim_start().starts_with("#[") && line.contains("test"));
    if is_test || (path.extension().is_some_and(|e| e == "py") && name.starts_with("test_")) {
        return true;
    }
    let place = path.parent().expect("a file has a directory");
    let beside = [place.to_path_buf(), place.join("..")].into_iter().flat_map(|directory| {
        fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>()
    });
    let files: BTreeSet<PathBuf> = beside.filter(|file| file.extension().is_some_and(|e| e == "rs")).collect();
    let mentions = |file: &PathBuf| {
        let text = read(file);
        text.match_indices(name).filter(|(at, _)| !text[..*at].ends_with("fn ")).count()
    };
    files.iter().map(mentions).sum::<usize>() > 0
}

#[test]
fn every_invariant_is_listed_once_and_in_order() {
    let found: Vec<String> =
        rows(&read(&repository("tests/invariants.md"))).into_iter().map(|row| row.number).collect();
    let expected: Vec<String> = (1..=NUMBERS).map(|number| format!("I-{number:02}")).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_invariant_has_a_test_that_says_its_number() {
    let mut faults = Vec::new();
    let mut texts: BTreeMap<PathBuf, String> = BTreeMap::new();
    for Row { number, law, tests, reason } in rows(&read(&repository("tests/invariants.md"))) {
        if law.is_empty() || tests.is_empty() == reason.is_none() {
            faults.push(format!("{number}: a law, and either tests or a reason why there are none"));
        }
        for (file, name) in tests {
            let path = repository(&file);
            let text = texts.entry(path.clone()).or_insert_with(|| read(&path));
            match source_of(text, &name) {
                None => faults.push(format!("{number}: {file} has no '{name}'")),
                Some(source) if !source.contains(&number) => {
                    faults.push(format!("{number}: '{name}' in {file} does not say so"));
                }
                Some(source) if !is_run(&path, &name, &source) => {
                    faults.push(format!("{number}: nobody runs '{name}' in {file}"));
                }
                Some(_) => {}
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The reader sees what there is, and what is missing.
#[test]
fn the_reader_of_the_list_and_of_sources() {
    let text = "| number | what | tests |\n|---|---|---|\n| I-01 | a law | `a.rs::b`, `c.py::d` |\n| I-02 | another | not yet: later |";
    let test = |file: &str, name: &str| (file.to_owned(), name.to_owned());
    let found = rows(text);
    assert_eq!(
        found.iter().map(|row| row.tests.clone()).collect::<Vec<_>>(),
        [vec![test("a.rs", "b"), test("c.py", "d")], vec![]]
    );
    assert_eq!(found.iter().map(|row| row.reason.as_deref()).collect::<Vec<_>>(), [None, Some("later")]);

    let rust = "/// I-01\n#[test]\nfn one() {\n    assert(\"I-02\");\n}\n\n/// I-03\nasync fn one_more<T>(\n    t: T,\n) {\n}\n";
    let one = source_of(rust, "one").expect("it is there");
    assert!(one.contains("I-01") && one.contains("I-02") && !one.contains("I-03"), "{one}");
    let more = source_of(rust, "one_more").expect("it is there");
    assert!(more.contains("I-03") && !more.contains("I-02"), "{more}");
    assert_eq!(source_of(rust, "two"), None);
    let python =
        "@mark\ndef test_a() -> None:\n    \"\"\"I-04\"\"\"\n\n\ndef test_b() -> None:\n    \"\"\"I-05\"\"\"\n";
    let a = source_of(python, "test_a").expect("it is there");
    assert!(a.contains("I-04") && !a.contains("I-05"), "{a}");
}
