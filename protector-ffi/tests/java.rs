//! A program in Java over the header, by a piece of JNI: `examples/java`, and what goes wrong there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

fn repository(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(below)
}

/// What the command prints; panics unless it succeeds.
fn run(command: &mut Command) -> String {
    // cargo points it at a directory that may hold an older build of the library
    let done = command.env_remove("LD_LIBRARY_PATH").output().unwrap();
    let (printed, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{command:?}: {}\n{printed}{complained}", done.status);
    printed.into_owned()
}

/// The directory of a Java that can compile; `JAVA_HOME`, or the one behind `javac`.
fn java_home() -> Option<PathBuf> {
    let found = std::env::var_os("JAVA_HOME").map(PathBuf::from).or_else(|| {
        let places = std::env::var_os("PATH")?;
        let compiler = std::env::split_paths(&places).map(|place| place.join("javac")).find(|file| file.is_file())?;
        Some(fs::canonicalize(compiler).ok()?.parent()?.parent()?.to_path_buf())
    });
    found.filter(|home| home.join("include/jni.h").is_file())
}

fn sources(below: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(repository(below)).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "java")).collect()
}

#[test]
fn a_program_in_java() {
    let Some(home) = java_home() else {
        eprintln!("skipped: no JDK is installed");
        return;
    };
    let place = TempDir::new().unwrap();
    let libraries = std::env::current_exe().unwrap().parent().unwrap().to_path_buf();

    let mut compiler = Command::new(home.join("bin/javac"));
    compiler.args(["-Xlint:all", "-Werror", "-d"]).arg(place.path());
    run(compiler.args(sources("examples/java")).args(sources("tests/java")));

    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-std=c11", "-Wall", "-Wextra", "-Werror"]);
    cc.arg(repository("examples/java/protector_jni.c")).arg("-o").arg(place.path().join("libprotector_jni.so"));
    cc.arg("-I")
        .arg(home.join("include"))
        .arg("-I")
        .arg(home.join("include/linux"))
        .arg("-I")
        .arg(repository("include"));
    cc.arg(format!("-L{}", libraries.display())).arg("-lprotector");
    run(cc.arg(format!("-Wl,-rpath,{}", libraries.display())));

    let java = |class: &str| {
        let mut java = Command::new(home.join("bin/java"));
        java.arg("-Xcheck:jni").arg(format!("-Djava.library.path={}", place.path().display()));
        run(java.arg("-cp").arg(place.path()).arg(class))
    };
    let drill = java("Drill");
    let lines: Vec<&str> = drill.lines().map(|line| line.split(',').next().unwrap_or_default()).collect();
    assert_eq!(lines, ["sync: completed", "test_failover: completed", "test_cleanup: completed"], "{drill}");
    assert_eq!(java("Refusals"), "");
}
