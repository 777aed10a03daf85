//! The C programs in `tests/c`: compiled without a warning, run, and run again under valgrind.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says so by panicking")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const STRICT: [&str; 6] = ["-std=c11", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];
const SYSTEM_LIBRARIES: [&str; 6] = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl"];
const VALGRIND: [&str; 5] = [
    "--quiet",
    "--error-exitcode=9",
    "--leak-check=full",
    "--show-leak-kinds=definite",
    "--errors-for-leak-kinds=definite",
];
const RUN_TIME: Duration = Duration::from_secs(60);
const VALGRIND_TIME: Duration = Duration::from_secs(300);

fn repository(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(below)
}

/// Where cargo put the libraries that belong to this test.
fn libraries() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_path_buf()
}

fn installed(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: {program} is not installed");
    }
    there
}

/// Runs to the end or kills it; panics unless it succeeds. Returns what it printed.
fn run(command: &mut Command, limit: Duration) -> String {
    let place = TempDir::new().unwrap();
    let (out, err) = (place.path().join("out"), place.path().join("err"));
    let mut child = command
        // cargo points it at a directory that may hold an older build of the library
        .env_remove("LD_LIBRARY_PATH")
        .stdin(Stdio::null())
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let until = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > until {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{command:?} was still running after {limit:?}");
        }
        sleep(Duration::from_millis(10));
    };
    let printed = fs::read_to_string(out).unwrap();
    assert!(status.success(), "{command:?}: {status}\n{printed}{}", fs::read_to_string(err).unwrap());
    printed
}

/// A program of `tests/c`, compiled in a directory of its own.
struct Program {
    place: TempDir,
    path: PathBuf,
}

impl Program {
    fn shared(name: &str) -> Self {
        let libraries = libraries();
        let at = libraries.display();
        Self::compile(name, &[format!("-L{at}"), "-lprotector".into(), format!("-Wl,-rpath,{at}")])
    }

    fn with_static_library(name: &str) -> Self {
        let mut link = vec![libraries().join("libprotector.a").display().to_string()];
        link.extend(SYSTEM_LIBRARIES.map(str::to_owned));
        Self::compile(name, &link)
    }

    fn compile(name: &str, link: &[String]) -> Self {
        let place = TempDir::new().unwrap();
        let path = place.path().join(name);
        let source = repository(&format!("tests/c/{name}.c"));
        let mut cc = Command::new("cc");
        cc.args(STRICT).arg("-I").arg(repository("include")).arg(source).arg("-o").arg(&path).args(link);
        run(&mut cc, RUN_TIME);
        Self { place, path }
    }

    /// Runs it twice, the second time under valgrind; `prepare` makes each run's arguments and environment.
    fn check(&self, prepare: impl Fn(&mut Command)) -> String {
        let mut plain = Command::new(&self.path);
        prepare(&mut plain);
        let printed = run(&mut plain, RUN_TIME);
        if installed("valgrind") {
            let mut command = Command::new("valgrind");
            command.args(VALGRIND).arg(&self.path);
            prepare(&mut command);
            assert_eq!(run(&mut command, VALGRIND_TIME), printed, "another output under valgrind");
        }
        printed
    }
}

#[test]
fn drill() {
    let printed = Program::shared("drill").check(|_| {});
    let lines: Vec<Vec<&str>> = printed.lines().map(|line| line.split(' ').collect()).collect();
    let expected = ["sync", "test_failover", "test_cleanup", "failover", "failback"];
    assert_eq!(
        lines.iter().map(|line| (line[0], line[2])).collect::<Vec<_>>(),
        expected.map(|kind| (kind, "completed"))
    );

    let file = repository("tests/data/drill.json");
    let Ok(golden) = fs::read_to_string(&file) else {
        eprintln!("skipped: comparing plan hashes, there is no tests/data/drill.json");
        return;
    };
    let golden: Vec<serde_json::Value> = serde_json::from_str(&golden).unwrap();
    let golden: Vec<&str> = golden.iter().map(|row| row["hash"].as_str().unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line[1]).collect::<Vec<_>>(), golden);
}

#[test]
fn drill_over_the_static_library() {
    let program = Program::with_static_library("drill");
    run(&mut Command::new(&program.path), RUN_TIME);
}

#[test]
fn errors() {
    Program::shared("errors").check(|_| {});
}

#[test]
fn cancel() {
    Program::shared("cancel").check(|_| {});
}

/// Not under valgrind, to which the threads that a child does not have are leaks.
#[test]
fn fork() {
    run(&mut Command::new(&Program::shared("fork").path), RUN_TIME);
}

/// I-24: every golden plan, by its hash.
#[test]
fn plan() {
    let files = fs::read_dir(repository("tests/data/plans")).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    cases.sort();
    // of each kind one that can be accepted and one that cannot, at the least
    assert!(cases.len() >= 18, "{cases:?}");
    let printed = Program::shared("plan").check(|command| {
        command.args(&cases);
    });
    assert_eq!(printed.lines().count(), cases.len());
}

#[test]
fn graph() {
    let plan = repository("tests/data/graphs/large.json");
    let printed = Program::shared("graph").check(|command| {
        command.arg(&plan);
        for (format, extension) in [("mermaid", "mmd"), ("dot", "dot"), ("svg", "svg")] {
            command.arg(format).arg(plan.with_extension(extension));
        }
    });
    assert_eq!(printed, "mermaid\ndot\nsvg\n");
}

#[test]
fn files() {
    let program = Program::shared("files");
    program.check(|command| {
        // each run starts with an empty directory
        let state = TempDir::new_in(program.place.path()).unwrap().keep();
        let (config, at) = (state.join("protector.conf"), state.display());
        let text = format!(
            "[DEFAULT]\nstate_path = {at}\n[engine]\nstorage_driver = mock\nmock_db_path = {at}\n\
             mock_clock = virtual\ncloud_driver = mock\n"
        );
        fs::write(&config, text).unwrap();
        command.arg(&config).env("PROTECTOR_CONFIG_FILE", &config);
    });
}

#[test]
fn the_header_is_fine_with_cpp() {
    if installed("c++") {
        let mut cpp = Command::new("c++");
        cpp.args(["-fsyntax-only", "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-x", "c++"]);
        run(cpp.arg("-include").arg(repository("include/protector.h")).arg("/dev/null"), RUN_TIME);
    }
}
