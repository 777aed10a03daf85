//! Where a secret is taken out of its wrapping. [`ApiToken`](protector_core::ApiToken) prints as `***` and cannot be
//! serialised, so nothing else can leak one: each of these places says to whom it is handed.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests may panic as tests do")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// File below the sources of a crate, how often, and to whom.
const EXPOSED: [(&str, usize, &str); 13] = [
    ("protector-core/src/config/reader.rs", 1, "into another secret option that names it"),
    ("protector-core/src/config/settings.rs", 2, "the connection of the database; whether a token is empty"),
    ("protector-core/src/connect/references.rs", 2, "into `env:`, `file:`, `castellan:`, or the token itself"),
    (
        "protector-core/src/engine/peer/http/keystone.rs",
        2,
        "to Keystone, and into a header that is marked as sensitive",
    ),
    ("protector-core/src/engine/peer/wire.rs", 1, "into the body of a question or an answer between two sites"),
    ("protector-core/src/openstack/identity.rs", 3, "to Keystone, in the body that asks for a token"),
    ("protector-core/src/openstack/session/login.rs", 1, "to what is taken out of messages"),
    ("protector-core/src/pure/client/failure.rs", 1, "to what is taken out of messages"),
    ("protector-core/src/pure/client/session.rs", 1, "into a header that is marked as sensitive"),
    ("protector-core/src/pure/options.rs", 1, "to the check of its characters"),
    ("protector-core/src/store/keys.rs", 1, "to encryption"),
    ("protector-ffi/src/drivers.rs", 1, "to the driver that its section is for"),
    ("protector-py/src/settings.rs", 3, "to the driver that its section is for"),
];

#[test]
fn a_secret_is_exposed_only_where_it_is_handed_on() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for of_crate in ["protector-core", "protector-py", "protector-ffi"] {
        for file in sources(&root.join(of_crate).join("src")) {
            let name = file.strip_prefix(&root).expect("below the root").display().to_string();
            let exposed = exposures(&fs::read_to_string(&file).expect("a source"));
            // tests compare what they planted
            if exposed > 0 && !name.contains("/tests/") && !name.ends_with("tests.rs") {
                found.insert(name, exposed);
            }
        }
    }
    let wanted = EXPOSED.iter().map(|(file, count, _)| ((*file).to_owned(), *count));
    assert_eq!(found, wanted.collect(), "say here to whom a secret is handed, or do not expose it");
}

#[test]
fn what_exposes_is_seen() {
    assert_eq!(exposures("fn f() { a.expose(); b\n.expose() }"), 2);
    assert_eq!(
        exposures("/// token.expose()\n// token.expose()\nfn f() {}\n#[cfg(test)]\nmod tests { a.expose() }"),
        0
    );
}

/// Calls outside of comments and of the tests at the end of a file.
fn exposures(text: &str) -> usize {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| line.matches(".expose()").count()).sum()
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
