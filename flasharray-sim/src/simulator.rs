//! Starting and stopping.

use crate::control;
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
use protector_core::Error;
use protector_core::mock::{ConnectionKind, World, WorldSettings};
use protector_core::model::ArrayName;
use std::{collections::BTreeSet, fmt, net::SocketAddr, sync::Arc, time::Duration};
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
    control: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Simulator {
    /// Opens the world, makes the arrays that are not there, joins them, and serves them. When it returns, all arrays
    /// accept connections.
    ///
    /// # Errors
    /// no array, two of one name or a name that no array can have, a fault that cannot be read, a control address that
    /// others can reach → `InvalidRequest`; an address that is taken or is none → `Precondition`, which names it; the world
    /// cannot be opened → `Storage`.
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
        let control = match options.control {
            Some(address) => Some(control::listen(address).await?),
            None => None,
        };
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
        let address = control.as_ref().and_then(|tcp| tcp.local_addr().ok());
        if let Some(tcp) = control {
            tasks.spawn(control::serve(Arc::clone(&shared), tcp, stopped));
        }
        Ok(Self { shared, arrays, control: address, stop, tasks })
    }

    /// The arrays, in the order of the options.
    pub fn arrays(&self) -> &[ServedArray] {
        &self.arrays
    }

    /// Where the control endpoint listens.
    pub fn control(&self) -> Option<SocketAddr> {
        self.control
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
    if !options.rest_max.is_published() {
        return Err(Error::invalid(format!("there is no FlashArray REST {}", options.rest_max)));
    }
    if options.page_limit == 0 {
        return Err(Error::invalid("a page limit of 0 would show nothing").remedy("--page-limit 1000"));
    }
    let mut names = BTreeSet::new();
    for ArrayOptions { name, .. } in &options.arrays {
        if !is_array_name(name.as_str()) {
            return Err(Error::invalid(format!("'{name}' cannot be the name of an array"))
                .remedy("1 to 56 letters, digits and '-', with a letter or digit at both ends"));
        }
        if !names.insert(name) {
            return Err(Error::invalid(format!("array '{name}' is given twice")));
        }
    }
    Ok(())
}

/// Names of arrays become parts of other names, so signs that separate those are not for them.
fn is_array_name(name: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=56).contains(&name.len()) && name.chars().all(is_inner) && !name.starts_with('-') && !name.ends_with('-')
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
        Error::precondition(format!("array '{}' cannot listen on {host}:{}: {e}", array.name, array.port))
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
