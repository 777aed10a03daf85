//! The choices that the settings offer.

use std::fmt;
use std::path::PathBuf;

/// The driver behind the replicated arrays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageDriverChoice {
    /// Pure Storage FlashArrays.
    Pure,
    /// Simulated arrays: nothing is protected.
    Mock,
    /// A driver that is not part of this crate, by the name it was installed under.
    Named(String),
}

impl fmt::Display for StorageDriverChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pure => "pure",
            Self::Mock => "mock",
            Self::Named(name) => name,
        })
    }
}

/// Where the simulated world is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MockDatabase {
    /// In memory: gone with the process.
    Memory,
    /// In this SQLite file.
    File(PathBuf),
}

impl MockDatabase {
    /// Whether the simulated world outlives the process.
    pub fn persistent(&self) -> bool {
        matches!(self, Self::File(_))
    }
}

impl fmt::Display for MockDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str(":memory:"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// The time of the simulated world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MockClock {
    /// The time of the machine.
    System,
    /// Time that moves only when the engine waits, and ids from a counter: the same drill gives the same plan, in every
    /// language and at any speed.
    Virtual,
}

/// The clouds the engine talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudDriverChoice {
    /// OpenStack, found through `clouds.yaml`.
    OpenStack,
    /// Two simulated clouds in this process.
    Mock,
    /// A driver that is not part of this crate, by the name it was installed under.
    Named(String),
}

impl fmt::Display for CloudDriverChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::OpenStack => "openstack",
            Self::Mock => "mock",
            Self::Named(name) => name,
        })
    }
}

/// The two arrays of `[storage]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArrayRole {
    /// `primary_array_url`.
    Primary,
    /// `secondary_array_url`.
    Secondary,
}

impl fmt::Display for ArrayRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        })
    }
}
