//! How a member is started, and how one tells that it came up.

use super::ServerId;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

/// How a member is started, beside its tier.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct StartOptions {
    /// Members of the same group that are up and checked before this one starts, and that stop after it.
    pub depends_on: BTreeSet<ServerId>,
    /// Nothing goes on without it: if it fails, the operation stops instead of leaving it behind. What it depends on is
    /// required with it.
    pub required: bool,
    /// Longest time until the server is active, in seconds; absent: ten minutes.
    pub start_timeout_seconds: Option<u32>,
    /// What must succeed after the server is active.
    pub boot_check: Option<BootCheck>,
}

/// Looks whether a server came up, beyond Nova's word for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BootCheck {
    /// The server accepts a connection at the first address of its first interface.
    Tcp {
        /// Port.
        port: u16,
        /// How long to try.
        timeout_seconds: u32,
        /// Also in a test failover, whose networks are often isolated.
        #[serde(default)]
        in_tests: bool,
    },
    /// A program of the machine on which the engine works ends with status 0. It runs once, without a shell.
    Command {
        /// Absolute path.
        program: String,
        /// Its arguments, each as it is.
        #[serde(default)]
        arguments: Vec<String>,
        /// After that time it is killed.
        timeout_seconds: u32,
        /// Also in a test failover.
        #[serde(default)]
        in_tests: bool,
    },
}

impl BootCheck {
    /// How long it may take.
    pub const fn timeout_seconds(&self) -> u32 {
        match self {
            Self::Tcp { timeout_seconds, .. } | Self::Command { timeout_seconds, .. } => *timeout_seconds,
        }
    }

    /// Whether a test failover makes it, too.
    pub const fn in_tests(&self) -> bool {
        match self {
            Self::Tcp { in_tests, .. } | Self::Command { in_tests, .. } => *in_tests,
        }
    }
}

impl fmt::Display for BootCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { port, .. } => write!(f, "port {port} accepts connections"),
            Self::Command { program, .. } => write!(f, "'{program}' ends well"),
        }
    }
}
