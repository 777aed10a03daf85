//! What the library exports: nothing without the guard, nothing that cannot be freed, nothing but `protector_*`.

#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An exported function, as its source says. White space is reduced to single spaces.
struct Export {
    name: String,
    signature: String,
    body: String,
}

fn crate_path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

fn words(text: &str) -> String {
    let code = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    code.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

fn exports() -> Vec<Export> {
    let mut found = Vec::new();
    for entry in fs::read_dir(crate_path("src")).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("driver_tests.rs") {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let mut functions =
            source.split("extern \"C\" fn ").skip(1).filter(|f| !f.starts_with('(')).collect::<Vec<_>>();
        assert_eq!(source.matches("#[unsafe(no_mangle)]").count(), functions.len(), "{}", path.display());
        for function in functions.drain(..) {
            let (signature, rest) = function.split_once(" {\n").unwrap();
            let (body, _) = rest.split_once("\n}\n").unwrap();
            let name = signature.split('(').next().unwrap().to_owned();
            found.push(Export { name, signature: words(signature), body: words(body) });
        }
    }
    assert!(found.len() > 30, "only {} exports found", found.len());
    found
}

/// The guard that a signature asks for: a call that can fail says so, and has a place for its result or none.
fn guard_of(name: &str, signature: &str) -> &'static str {
    match signature.ends_with("-> protector_status") && name != "protector_error_status" {
        true if out_types(signature).count() > 1 => "guard",
        true => "act",
        false => "shielded",
    }
}

/// Whether `body` is one call of `guard` and nothing beside it.
fn is_only(body: &str, guard: &str) -> bool {
    let inner = body.strip_prefix("unsafe { ").and_then(|b| b.strip_suffix(" }")).unwrap_or(body);
    let Some(arguments) = inner.strip_suffix(';').unwrap_or(inner).strip_prefix(guard) else { return false };
    let mut depth = 0;
    let end = arguments.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    end == Some(arguments.len() - 1)
}

fn out_types(signature: &str) -> impl Iterator<Item = &str> {
    signature.split("*mut *mut ").skip(1).map(|rest| rest.split([',', ' ', ')']).next().unwrap())
}

#[test]
fn every_body_is_one_guarded_call() {
    for Export { name, signature, body } in exports() {
        let guard = guard_of(&name, &signature);
        assert!(is_only(body.as_str(), guard), "{name}: the body is not one call of {guard}: {body}");
        if guard != "shielded" {
            let inside = signature.split(')').next().unwrap().trim_end_matches([',', ' ']);
            assert!(inside.ends_with("error: *mut *mut protector_error"), "{name}: the last argument is not the error");
        }
    }
}

#[test]
fn the_check_of_bodies_sees_what_stands_beside_the_guard() {
    assert!(is_only("unsafe { guard(a, || b(c)) }", "guard"));
    assert!(is_only("unsafe { act(e, || b(c)) }", "act"));
    assert!(is_only("shielded((), || f());", "shielded"));
    for unguarded in ["f(); guard(a)", "guard(a); f()", "unsafe { f() }", "unsafe { guard(a).and(f()) }"] {
        assert!(!is_only(unguarded, "guard"), "{unguarded}");
    }
}

#[test]
fn whatever_is_given_out_can_be_freed() {
    let exports = exports();
    let names: BTreeSet<&str> = exports.iter().map(|e| e.name.as_str()).collect();
    for export in &exports {
        for given in out_types(&export.signature) {
            let free = if given == "c_char" { "protector_string_free".into() } else { format!("{given}_free") };
            assert!(names.contains(free.as_str()), "{} gives out {given}, and there is no {free}", export.name);
        }
    }
}

#[test]
fn the_header_declares_every_export() {
    let header = fs::read_to_string(crate_path("../include/protector.h")).unwrap();
    let code: Vec<&str> = header.lines().filter(|l| !l.starts_with(" *") && !l.starts_with("/*")).collect();
    for Export { name, .. } in exports() {
        let declared = code.iter().filter(|line| line.contains(&format!("{name}("))).count();
        assert_eq!(declared, 1, "{name}: is its file in the list of tests/header.rs?");
    }
}

/// The shared library that this test was built with.
fn library() -> PathBuf {
    std::env::current_exe().unwrap().with_file_name(format!(
        "{}protector{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    ))
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let done = match Command::new(program).args(arguments).arg(library()).output() {
        Ok(done) => done,
        Err(e) => {
            eprintln!("skipped: {program}: {e}");
            return None;
        }
    };
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    Some(String::from_utf8(done.stdout).unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn the_shared_library_exports_just_these() {
    let Some(symbols) = output("nm", &["-D", "--defined-only", "--format=posix"]) else { return };
    let exported: BTreeSet<String> = symbols.lines().map(|l| l.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(exported, exports().into_iter().map(|e| e.name).collect());
}

/// Its threads run on after `dlclose`.
#[test]
#[cfg(target_os = "linux")]
fn the_shared_library_stays_loaded() {
    let Some(dynamic) = output("readelf", &["-d"]) else { return };
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
}
