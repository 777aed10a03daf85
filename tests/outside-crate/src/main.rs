//! Plans a request on facts that are given as two texts, and prints the plan.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [facts, request] = arguments.as_slice() else {
        eprintln!("usage: outside-crate FACTS REQUEST");
        return ExitCode::from(2);
    };
    match protector_core::plan::plan_json(facts, request) {
        Ok(plan) => {
            println!("{plan}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}
