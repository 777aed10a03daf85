//! `flasharray-sim`: the simulated arrays of `protector-core`, to be served as FlashArray REST 2.
//!
//! Only `--version` and `--help` exist so far; the server is a later milestone (see DESIGN.md, "Where it stands").

use clap::Parser;

/// Serve simulated FlashArrays over REST 2. Not serving yet: this build only reports its version.
#[derive(Debug, Parser)]
#[command(name = "flasharray-sim", version, arg_required_else_help = true)]
struct Arguments {}

fn main() {
    Arguments::parse();
}
