//! `make install`: what it puts there is all that a program needs.

#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

fn repository(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(below)
}

fn installed(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: {program} is not installed");
    }
    there
}

/// What the command prints; panics unless it succeeds.
fn run(command: &mut Command) -> String {
    // an outer make must not hand its own switches on, nor cargo its libraries
    let command = command.env_remove("MAKEFLAGS").env_remove("LD_LIBRARY_PATH");
    let done = command.output().unwrap();
    let printed = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{command:?}: {}\n{printed}{}", done.status, String::from_utf8_lossy(&done.stderr));
    printed
}

/// An empty root with the library in it.
fn root() -> TempDir {
    let root = TempDir::new().unwrap();
    // the library that belongs to this test, so that nothing is built here
    let library = std::env::current_exe().unwrap().with_file_name("libprotector.a");
    let mut make = Command::new("make");
    make.arg("--silent").arg("-C").arg(repository("")).arg("install").arg("PREFIX=/usr");
    make.arg(format!("DESTDIR={}", root.path().display())).arg(format!("STATIC_LIBRARY={}", library.display()));
    run(&mut make);
    root
}

#[test]
fn what_is_installed_is_all_that_a_program_needs() {
    let root = root();
    the_shared_library_has_a_name_and_versions_and_shows_nothing_else(root.path());
    nothing_names_the_place_where_it_was_put_together(root.path());
    if installed("pkg-config") {
        a_program_builds_and_runs_with_what_pkg_config_says(root.path());
    }
}

fn a_program_builds_and_runs_with_what_pkg_config_says(root: &Path) {
    let usr = root.join("usr");
    let version = env!("CARGO_PKG_VERSION");
    for file in [
        format!("lib/libprotector.so.{version}"),
        "lib/libprotector.so.1".to_owned(),
        "lib/libprotector.so".to_owned(),
        "lib/libprotector.a".to_owned(),
        "include/protector.h".to_owned(),
        "share/man/man3/libprotector.3".to_owned(),
    ] {
        assert!(usr.join(&file).is_file(), "{file} is not there");
    }
    let asked = |arguments: &[&str]| {
        let mut command = Command::new("pkg-config");
        command.env("PKG_CONFIG_PATH", usr.join("lib/pkgconfig")).env("PKG_CONFIG_SYSROOT_DIR", root);
        run(command.args(arguments).arg("protector"))
    };
    assert_eq!(asked(&["--modversion"]).trim(), version);
    assert!(asked(&["--static", "--libs"]).contains("-lpthread"));
    let flags = asked(&["--cflags", "--libs"]);

    let program = root.join("drill");
    let mut cc = Command::new("cc");
    run(cc.arg(repository("examples/c/drill.c")).arg("-o").arg(&program).args(flags.split_whitespace()));
    let done = Command::new(&program).env("LD_LIBRARY_PATH", usr.join("lib")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stdout).contains("test_failover: completed"));
    let needed = run(Command::new("readelf").arg("-d").arg(&program));
    assert!(needed.contains("Shared library: [libprotector.so.1]"), "{needed}");
}

fn the_shared_library_has_a_name_and_versions_and_shows_nothing_else(root: &Path) {
    let library = root.join("usr/lib/libprotector.so");
    let dynamic = run(Command::new("readelf").arg("-d").arg(&library));
    for wanted in ["Library soname: [libprotector.so.1]", "NODELETE", "BIND_NOW"] {
        assert!(dynamic.contains(wanted), "no {wanted}: {dynamic}");
    }
    let symbols = run(Command::new("nm").args(["-D", "--defined-only", "--with-symbol-versions"]).arg(&library));
    // the node itself is a symbol, too
    let mut shown: BTreeSet<&str> = symbols.lines().filter_map(|line| line.split(' ').next_back()).collect();
    assert!(shown.remove("PROTECTOR_1@@PROTECTOR_1") || shown.remove("PROTECTOR_1"), "{symbols}");
    let header = fs::read_to_string(repository("include/protector.h")).unwrap();
    let wanted: BTreeSet<String> = header
        .lines()
        .filter(|line| !line.starts_with(" *"))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("protector_"))
        .map(|name| format!("{name}@@PROTECTOR_1"))
        .collect();
    assert_eq!(shown, wanted.iter().map(String::as_str).collect());
}

/// Distributions unpack into a directory of their own first; what is written there must not name it.
fn nothing_names_the_place_where_it_was_put_together(root: &Path) {
    let description = fs::read_to_string(root.join("usr/lib/pkgconfig/protector.pc")).unwrap();
    assert!(description.contains("libdir=/usr/lib\n") && !description.contains('@'), "{description}");
    assert!(!description.contains(root.to_str().unwrap()), "{description}");
}
