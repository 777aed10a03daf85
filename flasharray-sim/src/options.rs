//! What a simulator is started with.

use crate::version::RestVersion;
use protector_core::mock::{World, WorldLocation, WorldTime};
use protector_core::model::ArrayName;
use std::{fmt, net::SocketAddr, time::Duration};
use uuid::Uuid;

/// An array to serve.
#[derive(Clone, PartialEq, Eq)]
pub struct ArrayOptions {
    /// Its name in the world; made if it is not there.
    pub name: ArrayName,
    /// Where it listens: an address, or a name that resolves to one.
    pub host: String,
    /// 0: any free port.
    pub port: u16,
    /// The token to log in with. `None`: one that follows from the name, the same after a restart.
    pub api_token: Option<String>,
}

impl ArrayOptions {
    /// An array on a free port of 127.0.0.1.
    pub fn local(name: &str) -> Self {
        Self { name: name.into(), host: "127.0.0.1".to_owned(), port: 0, api_token: None }
    }

    /// The token to log in with.
    pub(crate) fn token(&self) -> String {
        const NAMESPACE: Uuid = Uuid::from_u128(0x3d1c_7a52_90fe_4b8e_8a4f_16c5_0e0b_92d7);
        let derived = || Uuid::new_v5(&NAMESPACE, self.name.as_str().as_bytes()).to_string();
        self.api_token.clone().unwrap_or_else(derived)
    }
}

impl fmt::Debug for ArrayOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrayOptions")
            .field("name", &self.name)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// What joins each pair of arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Links {
    /// Nothing.
    None,
    /// An async-replication connection.
    #[default]
    Async,
    /// A sync-replication connection.
    Sync,
    /// One of each.
    Both,
}

/// What a simulator is started with. Begin with [`Options::default`] and set what differs.
#[derive(Clone)]
pub struct Options {
    /// The arrays, one at least.
    pub arrays: Vec<ArrayOptions>,
    /// What joins each pair of them.
    pub links: Links,
    /// The newest REST version that is advertised. All up to it are served.
    pub rest_max: RestVersion,
    /// A world that is open already. Then `location`, `transfer_time` and `replica_delay` have no effect, and `time` has to
    /// be what the world was opened with.
    pub world: Option<World>,
    /// Where the world is kept.
    pub location: WorldLocation,
    /// Whose time the world lives in.
    pub time: WorldTime,
    /// How long a snapshot is on its way to the other array.
    pub transfer_time: Duration,
    /// How long a target waits before it shows a newly replicated group.
    pub replica_delay: Duration,
    /// Added to each reply.
    pub latency: Duration,
    /// Faults from the start, one per line; see [`crate::Faults`].
    pub faults: String,
    /// Where the control endpoint listens, plain HTTP; loopback addresses only. `None`: there is none.
    pub control: Option<SocketAddr>,
    /// Of everything that is drawn at random.
    pub seed: u64,
    /// Most items in one reply.
    pub page_limit: usize,
    /// How long a session may be idle.
    pub session_time: Duration,
    /// Refuse to overwrite a volume when `with_default_protection` is given too, as the contract has it.
    pub strict_overwrite: bool,
    /// Identity tokens that may be exchanged for access tokens.
    pub oauth_subjects: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            arrays: Vec::new(),
            links: Links::default(),
            rest_max: RestVersion::DEFAULT_MAX,
            world: None,
            location: WorldLocation::Memory,
            time: WorldTime::System,
            transfer_time: Duration::from_millis(500),
            replica_delay: Duration::ZERO,
            latency: Duration::ZERO,
            faults: String::new(),
            control: None,
            seed: 0,
            page_limit: 1000,
            session_time: Duration::from_secs(1800),
            strict_overwrite: false,
            oauth_subjects: Vec::new(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("arrays", &self.arrays)
            .field("links", &self.links)
            .field("rest_max", &self.rest_max)
            .field("location", &self.location)
            .field("time", &self.time)
            .field("control", &self.control)
            .finish_non_exhaustive()
    }
}
