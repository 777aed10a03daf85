//! Whether a server came up, as somebody outside of its cloud sees it.

use crate::Result;
use crate::model::{OperationId, ServerId, SiteName};
use async_trait::async_trait;
use std::{
    fmt::{Debug, Display},
    time::Duration,
};

/// The server that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbedServer {
    /// Its site.
    pub site: SiteName,
    /// Nova id there.
    pub id: ServerId,
    /// Name there.
    pub name: String,
    /// Fixed addresses, those of the first interface first.
    pub addresses: Vec<String>,
    /// The operation that asks.
    pub operation: OperationId,
}

/// A program to run. It gets nothing of the environment but `PATH`, and these: `PROTECTOR_SERVER_ID`,
/// `PROTECTOR_SERVER_NAME`, `PROTECTOR_SERVER_ADDRESSES` (with commas between them), `PROTECTOR_SITE`,
/// `PROTECTOR_OPERATION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeCommand {
    /// Absolute path.
    pub program: String,
    /// Arguments, each as it is: there is no shell.
    pub arguments: Vec<String>,
}

/// How much of a program's output is kept.
pub const PROBE_OUTPUT_LINES: usize = 10;
/// Longest line of it, in characters.
pub const PROBE_LINE_LENGTH: usize = 200;

/// Looks at servers from outside.
///
/// # Contract
/// Nothing is changed by a look at a port; what a program does is its own matter, and it may be run again after a crash.
/// Waits end after the time given.
#[async_trait]
pub trait Probe: Debug + Display + Send + Sync {
    /// Whether the server accepts a connection at its first address now.
    ///
    /// # Errors
    /// refused or no answer within `wait` → `Transient`: look again; it has no address → `Precondition`.
    async fn tcp(&self, server: &ProbedServer, port: u16, wait: Duration) -> Result<()>;

    /// Runs a program to its end and returns the last lines of its output, without control characters.
    ///
    /// # Errors
    /// cannot be started, or ends with another status than 0 → `Precondition` with the last lines; does not end within
    /// `wait` → it is killed, `DeadlineExceeded`.
    async fn command(&self, server: &ProbedServer, command: &ProbeCommand, wait: Duration) -> Result<Vec<String>>;
}

/// The last lines of a program's output, bounded, with control characters shown as `?`.
pub fn last_lines(output: &str) -> Vec<String> {
    let printable = |c: char| if c.is_control() { '?' } else { c };
    let line = |text: &str| text.chars().take(PROBE_LINE_LENGTH).map(printable).collect::<String>();
    let lines: Vec<&str> = output.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
    lines.iter().skip(lines.len().saturating_sub(PROBE_OUTPUT_LINES)).map(|l| line(l)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_an_output_is_kept() {
        let many: String = (0..100).map(|n| format!("line {n}\n\n")).collect();
        let kept = last_lines(&many);
        assert_eq!(kept.len(), PROBE_OUTPUT_LINES);
        assert_eq!(kept.last().unwrap(), "line 99");
        assert_eq!(last_lines("a\u{1b}[31mb\tc"), ["a?[31mb?c"]);
        assert_eq!(last_lines(&"x".repeat(5000)), ["x".repeat(PROBE_LINE_LENGTH)]);
        assert!(last_lines("\n \n").is_empty());
    }
}
