//! `include/protector.h` is what the sources say. `UPDATE_HEADER=1` writes it.

#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// The files with exported names, in the order of the header; `exports.rs` checks that none is forgotten.
const SOURCES: [&str; 26] = [
    "abi",
    "status",
    "error",
    "text",
    "log",
    "plan",
    "driver_tables",
    "reply",
    "drivers",
    "deployment",
    "keys",
    "simulation",
    "engine",
    "sites",
    "groups",
    "mappings",
    "policies",
    "members",
    "consistency_groups",
    "metadata",
    "operations",
    "cancel",
    "operation_runs",
    "runs",
    "site_failovers",
    "health",
];

fn path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// The rules in `src/lib.rs`, as a C comment.
fn rules() -> String {
    let source = fs::read_to_string(path("src/lib.rs")).unwrap();
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.fold("/*\n".to_owned(), |text, line| text + format!(" *{line}").trim_end() + "\n") + " */"
}

fn generate() -> String {
    let mut config = cbindgen::Config::from_file(path("cbindgen.toml")).unwrap();
    config.header = Some(rules());
    config.after_includes = Some(format!(
        "\n/**\n * Version of the library that this header belongs to.\n */\n#define PROTECTOR_VERSION \"{}\"",
        env!("CARGO_PKG_VERSION")
    ));
    let builder = cbindgen::Builder::new().with_config(config);
    let builder = SOURCES.iter().fold(builder, |b, name| b.with_src(path(&format!("src/{name}.rs"))));
    let mut header = Vec::new();
    builder.generate().unwrap().write(&mut header);
    String::from_utf8(header).unwrap()
}

#[test]
fn the_header_is_what_the_sources_say() {
    let (file, wanted) = (path("../include/protector.h"), generate());
    if std::env::var_os("UPDATE_HEADER").is_some() {
        fs::write(&file, &wanted).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    let differs = found.lines().zip(wanted.lines()).position(|(a, b)| a != b).map(|line| line + 1);
    assert!(
        found == wanted,
        "include/protector.h is not what the sources say, first at line {}; UPDATE_HEADER=1 cargo test -p protector-ffi --test header",
        differs.unwrap_or_else(|| found.lines().count().min(wanted.lines().count()) + 1)
    );
}
