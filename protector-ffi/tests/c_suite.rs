//! The C programs in `tests/c` and `examples/c`: compiled without a warning by gcc and clang, run, and run again under valgrind and
//! with the sanitizers. Those see what the programs do; the library itself is not instrumented, which stable Rust cannot.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says so by panicking")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const STRICT: [&str; 6] = ["-std=c11", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];
const VALGRIND: [&str; 5] = [
    "--quiet",
    "--error-exitcode=9",
    "--leak-check=full",
    "--show-leak-kinds=definite",
    "--errors-for-leak-kinds=definite",
];
const RUN_TIME: Duration = Duration::from_secs(120);
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
    fn shared(source: &str) -> Self {
        Self::shared_by("cc", source, &[])
    }

    fn shared_by(compiler: &str, source: &str, flags: &[&str]) -> Self {
        let libraries = libraries();
        let at = libraries.display();
        let link = [format!("-L{at}"), "-lprotector".into(), "-lpthread".into(), format!("-Wl,-rpath,{at}")];
        Self::compile(compiler, source, flags, &link)
    }

    fn with_static_library(source: &str) -> Self {
        let mut link = vec![libraries().join("libprotector.a").display().to_string()];
        // what pkg-config --static would print
        let description = fs::read_to_string(repository("packaging/protector.pc.in")).unwrap();
        let private = description.lines().find_map(|line| line.strip_prefix("Libs.private: ")).unwrap();
        link.extend(private.split(' ').map(str::to_owned));
        Self::compile("cc", source, &[], &link)
    }

    fn compile(compiler: &str, source: &str, flags: &[&str], link: &[String]) -> Self {
        let place = TempDir::new().unwrap();
        let source = repository(source).with_extension("c");
        let path = place.path().join(source.file_stem().unwrap());
        let mut command = Command::new(compiler);
        command.args(STRICT).args(flags);
        // examples may use what POSIX has, and stand by themselves
        command.arg("-D_POSIX_C_SOURCE=200809L");
        command.arg("-I").arg(repository("include")).arg("-I").arg(repository("examples/c"));
        run(command.arg(source).arg("-o").arg(&path).args(link), RUN_TIME);
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
    let printed = Program::shared("tests/c/drill").check(|_| {});
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
    let program = Program::with_static_library("tests/c/drill");
    run(&mut Command::new(&program.path), RUN_TIME);
}

#[test]
fn errors() {
    Program::shared("tests/c/errors").check(|_| {});
}

#[test]
fn waiting() {
    Program::shared("tests/c/waiting").check(|_| {});
}

#[test]
fn log() {
    Program::shared("tests/c/log").check(|_| {});
}

#[test]
fn own_driver() {
    let printed = Program::shared("examples/c/own_driver").check(|_| {});
    assert_eq!(printed, "rack-7 at site-a: pg-web replicates 1 volume to cabinet-b\nopened 2, released 2\n");
}

#[test]
fn examples() {
    let printed = run(&mut Command::new(&Program::shared("examples/c/drill").path), RUN_TIME);
    let lines: Vec<&str> = printed.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(lines, ["sync: completed", "test_failover: completed", "test_cleanup: completed"]);

    let case = fs::read_to_string(repository("tests/data/plans/sync.json")).unwrap();
    let case: serde_json::Value = serde_json::from_str(&case).unwrap();
    let program = Program::shared("examples/c/plan");
    let facts = program.place.path().join("facts.json");
    fs::write(&facts, case["facts"].to_string()).unwrap();
    let printed = run(Command::new(&program.path).arg(&facts).arg(case["request"].to_string()), RUN_TIME);
    assert!(printed.contains(case["plan"]["hash"].as_str().unwrap()), "{printed}");
}

/// Programs that need no arguments.
const ALONE: [&str; 6] =
    ["tests/c/drill", "tests/c/errors", "tests/c/cancel", "tests/c/waiting", "tests/c/log", "examples/c/own_driver"];

#[test]
fn with_sanitizers() {
    for source in ALONE {
        let program = Program::shared_by("cc", source, &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
        // leaks are valgrind's to find
        run(Command::new(&program.path).env("ASAN_OPTIONS", "detect_leaks=0"), RUN_TIME);
    }
}

#[test]
fn by_clang() {
    if installed("clang") {
        for source in ALONE {
            run(&mut Command::new(&Program::shared_by("clang", source, &[]).path), RUN_TIME);
        }
    }
}

#[test]
fn cancel() {
    Program::shared("tests/c/cancel").check(|_| {});
}

/// Not under valgrind, to which the threads that a child does not have are leaks.
#[test]
fn fork() {
    run(&mut Command::new(&Program::shared("tests/c/fork").path), RUN_TIME);
}

/// I-24: every golden plan, by its hash.
#[test]
fn plan() {
    let files = fs::read_dir(repository("tests/data/plans")).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    cases.sort();
    // of each kind one that can be accepted and one that cannot, at the least
    assert!(cases.len() >= 18, "{cases:?}");
    let printed = Program::shared("tests/c/plan").check(|command| {
        command.args(&cases);
    });
    assert_eq!(printed.lines().count(), cases.len());
}

#[test]
fn graph() {
    let plan = repository("tests/data/graphs/large.json");
    let printed = Program::shared("tests/c/graph").check(|command| {
        command.arg(&plan);
        for (format, extension) in [("mermaid", "mmd"), ("dot", "dot"), ("svg", "svg")] {
            command.arg(format).arg(plan.with_extension(extension));
        }
    });
    assert_eq!(printed, "mermaid\ndot\nsvg\n");
}

#[test]
fn files() {
    let program = Program::shared("tests/c/files");
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
