//! Python and C beside Rust: `cargo bench -p protector-tests --bench doors`.
//!
//! Without arguments it hands over to `tests/bench/doors.py`, which measures and prints the table. This program itself is
//! the Rust side of it: `<this> answer` reads orders from standard input, one a line, does each as often as it says, and
//! answers with a line.

#![allow(clippy::print_stdout, reason = "what was measured goes to standard output")]

mod orders;

use orders::{Contender, Order};
use protector_core::{Error, Result};
use std::{io, process::Command};

/// The root of the repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if arguments == ["answer"] { answer() } else { side_by_side(&arguments) }
}

fn answer() -> Result<()> {
    let mut contender = Contender::default();
    for line in io::stdin().lines() {
        let line = line.map_err(|e| Error::internal(format!("nobody asks: {e}")))?;
        let order: Order = serde_json::from_str(&line)?;
        println!("{}", contender.answer(&order)?);
    }
    Ok(())
}

/// Measures both sides. `PYTHON` names an interpreter that has the package and the commands.
fn side_by_side(arguments: &[&str]) -> Result<()> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| format!("{ROOT}/.venv/bin/python"));
    let program = std::env::current_exe().map_err(|e| Error::internal(format!("this program has no path: {e}")))?;
    // two directories below which cargo puts this program it puts libraries
    let libraries = program.ancestors().nth(2).unwrap_or(&program).to_owned();
    let status = Command::new(&python)
        .arg(format!("{ROOT}/tests/bench/doors.py"))
        .arg("--rust")
        .arg(program)
        .arg("--libraries")
        .arg(libraries)
        .args(arguments)
        .status()
        .map_err(|e| Error::precondition(format!("'{python}' cannot be run: {e}")).remedy("make .venv/client"))?;
    std::process::exit(status.code().unwrap_or(1))
}
