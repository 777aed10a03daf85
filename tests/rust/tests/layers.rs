//! `use` points down only: engine → exec → plan → rules → model.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may panic as tests do"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What each module of the crate may name, beside itself. Whoever adds a module says here where it lives.
const ALLOWED: [(&str, &[&str]); 21] = [
    ("error", &[]),
    ("caller", &[]),
    ("process", &["error"]),
    ("transport", &["error"]),
    ("secret", &["error"]),
    ("model", &["error", "secret"]),
    ("rules", &["error", "secret", "model"]),
    ("ports", &["error", "secret", "model", "rules"]),
    ("plan", &["error", "secret", "model", "rules", "ports"]),
    ("config", &["error", "secret", "model", "rules"]),
    ("exec", &["caller", "error", "secret", "model", "rules", "ports", "plan"]),
    ("engine", &["error", "secret", "model", "rules", "ports", "plan", "exec", "transport"]),
    ("mock", ADAPTER),
    ("store", ADAPTER),
    ("pure", ADAPTER),
    ("openstack", ADAPTER),
    ("foreign", ADAPTER),
    ("wrap", &["error", "model", "ports"]),
    (
        "connect",
        &[
            "caller",
            "error",
            "secret",
            "model",
            "ports",
            "config",
            "engine",
            "exec",
            "foreign",
            "mock",
            "store",
            "pure",
            "openstack",
            "wrap",
        ],
    ),
    (
        "blocking",
        &[
            "caller", "error", "process", "secret", "model", "ports", "plan", "config", "engine", "connect", "foreign",
            "mock", "pure", "store",
        ],
    ),
    // makes nothing, only says what the types of the others look like
    ("schema", &["error", "model", "ports", "plan", "engine", "connect", "foreign", "mock", "store"]),
];

/// An implementation of a port knows the port, never another implementation nor who calls it.
const ADAPTER: &[&str] = &["caller", "error", "process", "secret", "model", "rules", "ports", "transport"];

/// What the crate's root re-exports, by the module it comes from.
const AT_ROOT: [(&str, &str); 4] =
    [("Error", "error"), ("ErrorKind", "error"), ("Result", "error"), ("ApiToken", "secret")];

fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protector-core")
}

#[test]
fn modules_name_only_what_is_below_them() {
    let source = core().join("src");
    let mut upward = Vec::new();
    let mut seen = 0;
    for file in rust_files(&source) {
        let relative = file.strip_prefix(&source).expect("below src").to_path_buf();
        let module = module_of(&relative);
        if module == "lib" {
            continue;
        }
        let allowed = allowed(&module);
        for (line, named) in paths_into_the_crate(&read(&file)) {
            seen += 1;
            let home = AT_ROOT.iter().find(|(name, _)| *name == named).map_or(named.as_str(), |(_, home)| home);
            if home != module && !allowed.contains(&home) {
                upward.push(format!("{}:{line}: {module} → {home}", relative.display()));
            }
        }
    }
    assert!(upward.is_empty(), "edges that point up or sideways:\n{}", upward.join("\n"));
    assert!(seen > 300, "only {seen} paths were read");
}

/// Every module that exists is in the table, so that none escapes.
fn allowed(module: &str) -> &'static [&'static str] {
    ALLOWED.iter().find(|(name, _)| *name == module).unwrap_or_else(|| panic!("module '{module}' has no place yet")).1
}

#[test]
fn the_reader_of_paths_sees_what_there_is() {
    let text = "use crate::{Error, model::{A, B}, ports::{self, Cx}};\nfn f() { crate::plan::g(); }\n// crate::mock\n\
                use crate::rules::naming;\npub(in crate::plan) fn h() {}\n\
                #[cfg(test)]\nmod tests {\n    use crate::engine::X;\n}\n";
    let found: Vec<_> = paths_into_the_crate(text).into_iter().map(|(line, name)| format!("{line} {name}")).collect();
    assert_eq!(found, ["1 Error", "1 model", "1 ports", "2 plan", "4 rules", "5 plan"]);
}

/// Line and first segment of each `crate::` path, outside of comments and of test modules.
fn paths_into_the_crate(text: &str) -> Vec<(usize, String)> {
    let code = without_tests_and_comments(text);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            found.extend(heads_of_list(list).into_iter().map(|head| (line, head)));
        } else {
            found.push((line, identifier(rest)));
        }
    }
    found
}

/// First segments of the entries of `a, b::{c, d}, e}`.
fn heads_of_list(list: &str) -> Vec<String> {
    let (mut depth, mut start, mut heads) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                let entry = list[start..at].trim();
                if !entry.is_empty() {
                    heads.push(identifier(entry));
                }
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Comments become empty; what follows `#[cfg(test)]` on a module with a body is cut off: it is the last item of a file.
fn without_tests_and_comments(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.starts_with("mod ") && next.ends_with('{')) {
            break;
        }
        code.push_str(if line.trim_start().starts_with("//") { "" } else { line });
        code.push('\n');
    }
    code
}

fn module_of(relative: &Path) -> String {
    let first = relative.components().next().expect("a file").as_os_str().to_string_lossy().into_owned();
    first.strip_suffix(".rs").unwrap_or(&first).to_owned()
}

/// Sources, without those of unit tests: they may look anywhere.
fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if name == "tests" || name == "tests.rs" || name.ends_with("_tests.rs") {
            continue;
        }
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a source")
}

/// Facts in, plan out needs nothing that waits, talks or stores.
#[test]
fn the_pure_part_stands_on_little() {
    let lines = dependencies(&["--no-default-features"]);
    let names: BTreeSet<&str> = lines.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains("jiff") && names.contains("serde_json"), "{names:?}");
    for heavy in ["tokio", "reqwest", "hyper", "rusqlite", "libsqlite3-sys", "futures", "fernet", "pyo3"] {
        assert!(!names.contains(heavy), "the pure part depends on {heavy}");
    }
    let whole = dependencies(&[]);
    assert!(whole.lines().any(|line| line.starts_with("tokio ")), "the check would see it");
}

/// One SQLite in the process, and no OpenSSL.
#[test]
fn nothing_is_there_twice_that_must_be_there_once() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in dependencies(&[]).lines() {
        let mut words = line.split_whitespace().map(str::to_owned);
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            versions.entry(name).or_default().insert(version);
        }
    }
    assert_eq!(versions.get("libsqlite3-sys").map(BTreeSet::len), Some(1));
    assert!(!versions.contains_key("openssl-sys"));
}

/// `name version` of everything that protector-core is built with.
fn dependencies(options: &[&str]) -> String {
    let listed = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none", "--package", "protector-core"])
        .args(options)
        .current_dir(core())
        .output()
        .expect("cargo");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    String::from_utf8_lossy(&listed.stdout).into_owned()
}
