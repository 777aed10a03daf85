//! A way to a database server that breaks at commits: before the server hears of one, or before its answer arrives.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A command of the protocol: COM_QUERY with its text.
const COMMIT: &[u8] = b"\x03COMMIT";

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtCommit {
    /// It goes through.
    Pass,
    /// The server never hears of it.
    CutBefore,
    /// It happens, and nobody is told.
    CutAfter,
}

/// Ends with the value.
#[derive(Debug)]
pub struct CuttingProxy {
    /// Where it listens.
    pub address: SocketAddr,
    cuts: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl CuttingProxy {
    /// Leads to `server`. `script`: what becomes of each commit, over and over.
    ///
    /// # Errors
    /// no free port.
    pub async fn start(server: SocketAddr, script: Vec<AtCommit>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (script, commits, cuts) = (Arc::new(script), Arc::new(AtomicUsize::new(0)), Arc::default());
        let counted = Arc::clone(&cuts);
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (script, commits, cuts) = (script.clone(), commits.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    let at = || commits.fetch_add(1, Ordering::SeqCst) % script.len().max(1);
                    let next = || script.get(at()).copied().unwrap_or(AtCommit::Pass);
                    // a connection that breaks is what this is for
                    let _ = lead(client, server, next, &cuts).await;
                });
            }
        });
        Ok(Self { address, cuts, serving })
    }

    /// How many commits were cut.
    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn lead(
    client: TcpStream,
    server: SocketAddr,
    next: impl Fn() -> AtCommit,
    cuts: &AtomicUsize,
) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut text = vec![0; 1 << 16];
    loop {
        let length = from_client.read(&mut text).await?;
        if length == 0 {
            return Ok(());
        }
        let said = text.get(..length).unwrap_or_default();
        // a command is one packet, which comes in one piece
        let fate = if said.windows(COMMIT.len()).any(|bytes| bytes == COMMIT) { next() } else { AtCommit::Pass };
        if fate != AtCommit::Pass {
            cuts.fetch_add(1, Ordering::SeqCst);
            answers.abort();
        }
        if fate != AtCommit::CutBefore {
            to_server.write_all(said).await?;
        }
        match fate {
            AtCommit::Pass => {}
            AtCommit::CutBefore => return Ok(()),
            AtCommit::CutAfter => {
                // long enough for the server to have it on its disk
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                return Ok(());
            }
        }
    }
}
