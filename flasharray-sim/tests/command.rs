//! The simulator as a process.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says so by panicking")]

use serde_json::Value;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flasharray-sim"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Ends the process also when a test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(what: &str, mut check: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !check() {
        assert!(Instant::now() < end, "{what}");
        sleep(Duration::from_millis(10));
    }
}

fn start(ready: &Path, more: &[&str]) -> (Running, Value) {
    let ready_text = ready.to_str().unwrap();
    let arguments = ["--array", "arrA=127.0.0.1:0", "--array", "arrB=127.0.0.1:0", "--ready-file", ready_text];
    let running = Running(command(&[&arguments, more].concat()).spawn().unwrap());
    wait_for("the ready file is written", || ready.exists());
    (running, serde_json::from_str(&fs::read_to_string(ready).unwrap()).unwrap())
}

fn end(mut running: Running, signal: &str) -> Option<i32> {
    let id = running.0.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    wait_for("it ends", || running.0.try_wait().unwrap().is_some());
    running.0.try_wait().unwrap().unwrap().code()
}

#[test]
fn the_ready_file_holds_what_a_client_needs() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ready.json");
    let more = ["--control", "127.0.0.1:0", "--api-token", "arrB=secret-b", "--link", "both", "--log", "requests"];
    let (running, ready) = start(&path, &more);
    let arrays = ready["arrays"].as_array().unwrap();
    assert_eq!((arrays.len(), &arrays[0]["name"], &arrays[1]["api_token"]), (2, &"arrA".into(), &"secret-b".into()));
    assert_eq!(arrays[0]["api_token"].as_str().unwrap().len(), 36);
    assert!(arrays[0]["url"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    let certificate = fs::read_to_string(arrays[0]["ca_cert"].as_str().unwrap()).unwrap();
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(ready["control"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing unfinished is left");
    assert_eq!(end(running, "-TERM"), Some(0));
}

#[test]
fn it_ends_on_an_interrupt_and_shows_no_token() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ready.json");
    let (mut running, ready) = start(&path, &["--oauth-subject", "subject-1"]);
    let mut log = running.0.stderr.take().unwrap();
    assert_eq!(end(running, "-INT"), Some(0));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut log, &mut text).unwrap();
    assert!(text.contains("arrA listens on https://127.0.0.1:"), "{text}");
    for array in ready["arrays"].as_array().unwrap() {
        assert!(!text.contains(array["api_token"].as_str().unwrap()));
    }
    assert!(!text.contains("subject-1"));
}

#[test]
fn a_world_in_a_file_is_there_again() {
    let directory = tempfile::tempdir().unwrap();
    let world = directory.path().join("world.db");
    for run in 0..2 {
        let (running, _) = start(&directory.path().join(format!("ready{run}")), &["--db", world.to_str().unwrap()]);
        assert_eq!(end(running, "-TERM"), Some(0));
        assert!(world.exists());
    }
}

#[test]
fn wrong_arguments_are_refused_with_status_2() {
    let a = "--array=arrA=127.0.0.1:0";
    let table: &[(&[&str], &str)] = &[
        (&["--link", "async"], "--array <NAME=HOST:PORT>"),
        (&["--array", "arrA"], "write NAME=HOST:PORT"),
        (&["--array", "arrA=127.0.0.1:99999"], "'99999' is not a port"),
        (&["--array", "a.b=127.0.0.1:0"], "'a.b' cannot be the name of an array"),
        (&[a, "--rest-max", "2.12"], "'2.12' is not a version of FlashArray REST 2"),
        (&[a, "--latency", "20"], "write a number and its unit"),
        (&[a, "--control", "0.0.0.0:0"], "only loopback addresses may be used"),
        (&[a, "--fault", "boom now"], "'boom' is no fault"),
        (&[a, "--fault", "/no/such/file"], "the fault script '/no/such/file' cannot be read"),
        (&[a, "--api-token", "arrX=t-secret"], "--api-token names array 'arrX', which is not served"),
        (&[a, "--api-token", "t-secret"], "a value of --api-token has no '='"),
        (&[a, "--clock", "lunar"], "[possible values: system, virtual]"),
    ];
    for (arguments, why) in table {
        let Output { status, stderr, .. } = command(arguments).output().unwrap();
        let text = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(why), "{arguments:?}: {text}");
        assert!(!text.contains("t-secret"), "{text}");
    }
}

#[test]
fn what_cannot_be_done_ends_with_status_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let array = format!("arrA={}", taken.local_addr().unwrap());
    let Output { status, stderr, .. } = command(&["--array", &array]).output().unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("array 'arrA' cannot listen on 127.0.0.1:"), "{text}");
}
