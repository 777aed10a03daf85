//! Starting and stopping.

use crate::faults::Faults;
use crate::nouns;
use crate::options::{ArrayOptions, Links, Options};
use crate::requests::Requests;
use crate::route::Routes;
use crate::server::{self, Listener};
use crate::session::Sessions;
use crate::state::{Served, Shared};
use crate::tls::Authority;
use crate::version::advertised;
use protector_core::mock::{ConnectionKind, World, WorldSettings};
use protector_core::model::ArrayName;
use protector_core::{Error, ErrorKind};
use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

/// An array that is served.
#[derive(Clone, PartialEq, Eq)]
pub struct ServedArray {
    /// Name.
    pub name: ArrayName,
    /// `https://HOST:PORT`, without a path.
    pub url: String,
    /// The token to log in with.
    pub api_token: String,
    /// The certificate to trust, PEM text.
    pub ca_cert: String,
}

impl fmt::Debug for ServedArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServedArray").field("name", &self.name).field("url", &self.url).finish_non_exhaustive()
    }
}

/// Arrays that are served by tasks of the runtime it was started on, until it is stopped or dropped.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    arrays: Vec<ServedArray>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Simulator {
    /// Opens the world, makes the arrays that are not there, joins them, and serves them. When it returns, all arrays
    /// accept connections.
    ///
    /// # Errors
    /// no array, two of one name, or a fault that cannot be read → `InvalidRequest`; an address that is taken or is none
    /// → `InvalidRequest`, which names it; the world cannot be opened → `Storage`.
    pub async fn start(options: Options) -> Result<Self, Error> {
        check(&options)?;
        let world = open(&options)?;
        let authority = Authority::new()?;
        let mut arrays = Vec::new();
        let mut listeners = Vec::new();
        for array in &options.arrays {
            let (tcp, url) = listen(array).await?;
            let served = Arc::new(Served::new(array.name.clone(), array.token()));
            listeners.push(Listener { served, tcp, tls: authority.server(&array.host)? });
            arrays.push(ServedArray {
                name: array.name.clone(),
                url,
                api_token: array.token(),
                ca_cert: authority.pem(),
            });
        }
        let served: Vec<Arc<Served>> = listeners.iter().map(|listener| Arc::clone(&listener.served)).collect();
        let routes = Arc::new(Routes::new(nouns::routes()));
        let sessions = Arc::new(Sessions::new(options.session_time));
        let faults = Faults::new(world.clone(), served, Arc::clone(&sessions), Arc::clone(&routes), options.seed)?;
        faults.add(&options.faults)?;
        let shared = Arc::new(Shared {
            clock: world.clock(),
            world,
            versions: advertised(options.rest_max),
            routes,
            sessions,
            faults,
            requests: Requests::default(),
            options,
        });
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for listener in listeners {
            tasks.spawn(server::serve(Arc::clone(&shared), listener, stopped.clone()));
        }
        Ok(Self { shared, arrays, stop, tasks })
    }

    /// The arrays, in the order of the options.
    pub fn arrays(&self) -> &[ServedArray] {
        &self.arrays
    }

    /// The world that is served.
    pub fn world(&self) -> &World {
        &self.shared.world
    }

    /// What goes wrong on purpose.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// How many requests came in, answered or not.
    pub fn requests(&self) -> u64 {
        self.shared.requests.total()
    }

    /// Stops listening and lets requests under way end, for two seconds at most.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

fn check(options: &Options) -> Result<(), Error> {
    if options.arrays.is_empty() {
        return Err(Error::invalid("there is no array to serve").remedy("--array NAME=HOST:PORT"));
    }
    let mut names = BTreeSet::new();
    match options.arrays.iter().find(|array| !names.insert(&array.name)) {
        Some(array) => Err(Error::invalid(format!("array '{}' is given twice", array.name))),
        None => Ok(()),
    }
}

fn open(options: &Options) -> Result<World, Error> {
    let world = match &options.world {
        Some(world) => world.clone(),
        None => {
            let world = World::open(&options.location, options.time.clone())?;
            let settings = world.settings()?;
            let (transfer_millis, replica_delay_millis) =
                (millis(options.transfer_time), millis(options.replica_delay));
            world.set_settings(WorldSettings { transfer_millis, replica_delay_millis, ..settings })?;
            world
        }
    };
    // in the world a sync connection carries what an async one does
    let kind = match options.links {
        Links::None => None,
        Links::Async => Some(ConnectionKind::Async),
        Links::Sync | Links::Both => Some(ConnectionKind::Sync),
    };
    for (position, array) in options.arrays.iter().enumerate() {
        world.ensure_array(&array.name)?;
        for other in options.arrays.iter().take(position) {
            if let Some(kind) = kind {
                world.connect_arrays(&other.name, &array.name, kind)?;
            }
        }
    }
    Ok(world)
}

async fn listen(array: &ArrayOptions) -> Result<(TcpListener, String), Error> {
    let host = if array.host.contains(':') { format!("[{}]", array.host) } else { array.host.clone() };
    let cannot = |e: std::io::Error| {
        let kind = ErrorKind::InvalidRequest;
        Error::new(kind, format!("array '{}' cannot listen on {host}:{}: {e}", array.name, array.port))
            .remedy("choose another address, or port 0 for any that is free")
            .source(e)
    };
    let tcp = TcpListener::bind((array.host.as_str(), array.port)).await.map_err(cannot)?;
    let port = tcp.local_addr().map_err(cannot)?.port();
    Ok((tcp, format!("https://{host}:{port}")))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
