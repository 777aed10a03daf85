//! Looking at servers from the machine on which the engine works.

use crate::ports::{Probe, ProbeCommand, ProbedServer, last_lines};
use crate::{Error, ErrorKind, Result};
use async_trait::async_trait;
use std::{fmt, process::Stdio, time::Duration};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// How much of a program's output is read; what it writes beyond is dropped.
const MOST_OUTPUT: u64 = 1 << 20;
/// How long pipes are read that a program has left open to others.
const GRACE: Duration = Duration::from_secs(1);

/// Connects to servers and runs programs.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemProbe;

impl fmt::Display for SystemProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemProbe")
    }
}

#[async_trait]
impl Probe for SystemProbe {
    async fn tcp(&self, server: &ProbedServer, port: u16, wait: Duration) -> Result<()> {
        let address = server.addresses.first();
        let address = address
            .ok_or_else(|| Error::precondition(format!("server '{}' has no address to connect to", server.name)))?;
        let not_yet = |why: String| Error::new(ErrorKind::Transient, format!("{address} port {port}: {why}"));
        match tokio::time::timeout(wait, TcpStream::connect((address.as_str(), port))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(e)) => Err(not_yet(e.to_string()).source(e)),
            Err(_) => Err(not_yet(format!("no answer within {} ms", wait.as_millis()))),
        }
    }

    async fn command(&self, server: &ProbedServer, command: &ProbeCommand, wait: Duration) -> Result<Vec<String>> {
        let program = &command.program;
        let mut child = spawn(server, command)
            .map_err(|e| Error::precondition(format!("'{program}' cannot be started: {e}")).source(e))?;
        let mut output = Vec::new();
        let ended = tokio::time::timeout(wait, run(&mut child, &mut output)).await;
        let lines = last_lines(&String::from_utf8_lossy(&output));
        let end =
            || if lines.is_empty() { String::new() } else { format!("; the end of its output:\n{}", lines.join("\n")) };
        match ended {
            Ok(Ok(status)) if status.success() => Ok(lines),
            Ok(Ok(status)) => Err(Error::precondition(format!("'{program}' ended with {status}{}", end()))),
            Ok(Err(e)) => Err(Error::precondition(format!("'{program}' cannot be waited for: {e}")).source(e)),
            Err(_) => {
                // what it left behind ends with it; a failure means that it is gone already
                let _ = child.kill().await;
                let message = format!("'{program}' did not end within {} s and was killed{}", wait.as_secs(), end());
                Err(Error::new(ErrorKind::DeadlineExceeded, message))
            }
        }
    }
}

/// Nothing of our environment is passed on: it may hold passwords.
fn spawn(server: &ProbedServer, command: &ProbeCommand) -> std::io::Result<Child> {
    Command::new(&command.program)
        .args(&command.arguments)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("PROTECTOR_SERVER_ID", server.id.as_str())
        .env("PROTECTOR_SERVER_NAME", &server.name)
        .env("PROTECTOR_SERVER_ADDRESSES", server.addresses.join(","))
        .env("PROTECTOR_SITE", server.site.as_str())
        .env("PROTECTOR_OPERATION", server.operation.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Reads what the program writes until it ends.
async fn run(child: &mut Child, output: &mut Vec<u8>) -> std::io::Result<std::process::ExitStatus> {
    let (mut errors, stdout, stderr) = (Vec::new(), child.stdout.take(), child.stderr.take());
    let status = {
        let mut reading = std::pin::pin!(async { tokio::join!(read(stdout, output), read(stderr, &mut errors)) });
        tokio::select! {
            status = child.wait() => {
                // a grandchild may keep the pipes open
                let _ = tokio::time::timeout(GRACE, &mut reading).await;
                status?
            }
            _ = &mut reading => child.wait().await?,
        }
    };
    output.extend(errors);
    Ok(status)
}

async fn read(pipe: Option<impl AsyncReadExt + Unpin>, into: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    let mut part = [0; 4096];
    // an error ends the reading as the end of the output does
    while let Ok(count @ 1..) = pipe.read(&mut part).await {
        if (into.len() as u64) < MOST_OUTPUT {
            into.extend(part.iter().take(count));
        }
    }
}

#[cfg(test)]
mod tests;
