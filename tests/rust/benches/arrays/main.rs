//! `PureStorageDriver` beside the clients of others, on simulated arrays: `cargo bench -p protector-tests --bench arrays`.
//!
//! Without arguments it hands over to `tests/bench/arrays.py`, which runs the contenders one after another and prints the
//! table. This program itself is one of them: `<this> fail-over <order>` and `<this> list <order>` do the work once, in a
//! process of their own, and say how long it took and how much memory the process ever held.

#![allow(clippy::print_stdout, reason = "what was measured goes to standard output")]

mod contender;
mod fail_over;
mod list;

use protector_core::{Error, Result};
use std::{path::Path, process::Command};

/// The root of the repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["accept", order] => fail_over::accept(Path::new(order)).await,
        ["fail-over", order] => fail_over::measure(Path::new(order)).await,
        ["list", order] => list::measure(Path::new(order)).await,
        others => side_by_side(others),
    }
}

/// The simulator to start: `FLASHARRAY_SIM`, or the release build.
fn simulator() -> String {
    std::env::var("FLASHARRAY_SIM").unwrap_or_else(|_| format!("{ROOT}/target/release/flasharray-sim"))
}

/// Runs all contenders. `PYTHON` names the interpreter that has the clients of others.
fn side_by_side(arguments: &[&str]) -> Result<()> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| format!("{ROOT}/.venv/bin/python"));
    let program = std::env::current_exe().map_err(|e| Error::internal(format!("this program has no path: {e}")))?;
    let status = Command::new(&python)
        .arg(format!("{ROOT}/tests/bench/arrays.py"))
        .arg("--driver")
        .arg(program)
        .args(arguments)
        .env("PYTHONPATH", format!("{ROOT}/tests/interop"))
        .env("FLASHARRAY_SIM", simulator())
        .status()
        .map_err(|e| Error::precondition(format!("'{python}' cannot be run: {e}")).remedy("make bench-arrays"))?;
    std::process::exit(status.code().unwrap_or(1))
}
