//! Where a store keeps its data, and how hard it holds on to it.

use super::DatabaseServer;
use std::{fmt, path::PathBuf};

/// Where the data is. Prints as the path, `:memory:`, or the server without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreLocation {
    /// In this process, gone with the store.
    Memory,
    /// In a file, shared by every process that opens it.
    File(PathBuf),
    /// On a server, shared by every process that connects to it.
    Server(DatabaseServer),
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str(":memory:"),
            Self::File(path) => path.display().fmt(f),
            Self::Server(server) => server.fmt(f),
        }
    }
}

/// When a write counts as done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// Once it is on the disk: it survives a power cut. What the journal needs to be worth anything.
    #[default]
    Full,
    /// Once the operating system has it: it survives the process, not a power cut, which may even damage the file. For
    /// tests and benches only.
    Off,
}
