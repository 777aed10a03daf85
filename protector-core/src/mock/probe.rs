//! [`Probe`] over a world: whoever is active answers, unless a test wants it otherwise.

use super::clouds::{self, servers};
use super::mishaps::{self, Mishap};
use super::{World, tx::Tx};
use crate::ports::{Probe, ProbeCommand, ProbedServer, ServerState};
use crate::{Error, ErrorKind, Result};
use async_trait::async_trait;
use std::{fmt, time::Duration};

/// Looks at the servers of a simulated world. No connection is made and no program is run.
#[derive(Debug, Clone)]
pub struct MockProbe(World);

impl fmt::Display for MockProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MockProbe")
    }
}

impl MockProbe {
    /// Looks at the servers of `world`.
    pub fn new(world: World) -> Self {
        Self(world)
    }

    /// Whether something answers on the server; `Err`: why nobody can tell.
    fn is_up(&self, server: &ProbedServer) -> Result<bool> {
        let look = |tx: &Tx<'_>| {
            let site = clouds::answering(tx, &server.site)?;
            let found = servers::find(tx, &site, &server.id)?.filter(|s| s.state == ServerState::Active);
            match found {
                Some(found) => Ok(!mishaps::happens(tx, &site.name, Mishap::Check, &found.name)?),
                None => Ok(false),
            }
        };
        self.0.read(look)
    }
}

#[async_trait]
impl Probe for MockProbe {
    async fn tcp(&self, server: &ProbedServer, port: u16, _wait: Duration) -> Result<()> {
        if self.is_up(server)? {
            return Ok(());
        }
        let address = server.addresses.first().map_or("no address", String::as_str);
        Err(Error::new(ErrorKind::Transient, format!("nothing answers on {address} port {port} of '{}'", server.name)))
    }

    async fn command(&self, server: &ProbedServer, command: &ProbeCommand, _wait: Duration) -> Result<Vec<String>> {
        let line = format!("{} {}", command.program, server.name);
        if self.is_up(server)? {
            return Ok(vec![format!("{line}: ok")]);
        }
        Err(Error::precondition(format!(
            "'{}' ended with status 1; the end of its output:\n{line}: down",
            command.program
        )))
    }
}
