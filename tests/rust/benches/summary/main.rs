//! What was measured, and whether it meets its target: the table that `make bench` ends with.

#![allow(clippy::print_stdout, reason = "the table is the purpose")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench says so by panicking")]

mod commits;
mod executor;
mod failover;
mod ideal;
mod latencies;
mod makespan;
mod metadata;
mod planning;
mod sweep;
mod table;

use protector_tests::scale::{Prepared, prepare};
use std::path::Path;
use std::time::Instant;
use table::Table;
use tempfile::tempdir_in;
use tokio::runtime::Runtime;

/// On the disk that the build is on: a directory in memory would make fsync look free.
const DISK: &str = env!("CARGO_TARGET_TMPDIR");
/// Servers of the group that is moved over latencies.
const SERVERS: u32 = 500;

fn main() {
    let mut table = Table::default();
    let runtime = Runtime::new().unwrap();
    if wanted("planning") {
        planning::measure(&mut table);
        makespan::measure(&mut table);
    }
    if wanted("executor") {
        runtime.block_on(executor::measure(&mut table));
    }
    if wanted("metadata") {
        runtime.block_on(metadata::measure(&mut table));
    }
    if wanted("sweep") {
        runtime.block_on(sweep::measure(&mut table));
    }
    if wanted("failover") {
        runtime.block_on(failover::measure());
        let directory = tempdir_in(DISK).unwrap();
        let prepared = runtime.block_on(prepared(directory.path()));
        runtime.block_on(commits::measure(&prepared, &mut table));
        drop(runtime);
        latencies::measure(&prepared, &mut table);
    }
    table.print();
}

/// Whether a part was asked for: by name, behind `--`; all parts if none is named.
fn wanted(part: &str) -> bool {
    let mut named = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).peekable();
    named.peek().is_none() || named.any(|name| name == part)
}

async fn prepared(directory: &Path) -> Prepared {
    prepare(directory, SERVERS).await.unwrap()
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
