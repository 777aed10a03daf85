//! The command line.

use clap::{Parser, ValueEnum};
use flasharray_sim::{ArrayOptions, Links, Options, RestVersion};
use protector_core::mock::{WorldLocation, WorldTime};
use protector_core::{Error, Result};
use std::{collections::BTreeMap, io::IsTerminal, net::SocketAddr, path::PathBuf, time::Duration};
use tracing_subscriber::EnvFilter;

/// Serve simulated FlashArrays over REST 2 and HTTPS.
///
/// All arrays are parts of one world, in memory or in a file. It ends on SIGINT or SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "flasharray-sim", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// Serve an array of this name; port 0 takes any that is free. May be repeated.
    #[arg(long = "array", value_name = "NAME=HOST:PORT", required = true, value_parser = array)]
    arrays: Vec<ArrayOptions>,
    /// The token to log in with; without it, one that follows from the name. May be repeated.
    #[arg(long = "api-token", value_name = "NAME=TOKEN", value_parser = pair)]
    api_tokens: Vec<Pair>,
    /// What connects each pair of arrays.
    #[arg(long, value_enum, default_value = "async")]
    link: Link,
    /// The newest REST version to advertise.
    #[arg(long, value_name = "VERSION", default_value_t = RestVersion::DEFAULT_MAX)]
    rest_max: RestVersion,
    /// Keep the world in this file; without it, in memory.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// How long a snapshot is on its way to another array.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = time)]
    transfer_time: Duration,
    /// How long a target waits before it shows a newly replicated group.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = time)]
    replica_delay: Duration,
    /// Added to each reply.
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = time)]
    latency: Duration,
    /// A file of faults, one per line, or one such line. May be repeated.
    #[arg(long = "fault", value_name = "SCRIPT")]
    faults: Vec<String>,
    /// Serve the control endpoint here, over plain HTTP; loopback addresses only.
    #[arg(long, value_name = "HOST:PORT", value_parser = loopback)]
    control: Option<SocketAddr>,
    /// Write addresses, tokens and the path of the certificate to trust into this file once all arrays listen.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Whose time the arrays go by; a virtual clock moves through the control endpoint only.
    #[arg(long, value_enum, default_value = "system")]
    clock: Clock,
    /// Of everything that is drawn at random.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Most items in one reply.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    page_limit: usize,
    /// How long a session may be idle.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = time)]
    session_time: Duration,
    /// Refuse to overwrite a volume when with_default_protection is given too.
    #[arg(long)]
    strict_overwrite: bool,
    /// An identity token that may be exchanged for an access token. May be repeated.
    #[arg(long = "oauth-subject", value_name = "TOKEN", value_parser = secret)]
    oauth_subjects: Vec<Secret>,
    /// What to write to standard error.
    #[arg(long, value_enum, default_value = "info")]
    pub(crate) log: Log,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Link {
    None,
    Async,
    Sync,
    Both,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Clock {
    System,
    Virtual,
}

/// What to write to standard error.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Log {
    Off,
    Info,
    Requests,
}

impl Log {
    /// Makes it so for the rest of the process.
    pub(crate) fn install(self) {
        let filter = match self {
            Self::Off => return,
            Self::Info => "info,flasharray_sim::requests=off",
            Self::Requests => "info",
        };
        let subscriber = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).with_writer(std::io::stderr);
        let _ = subscriber.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init();
    }
}

/// A value that is never shown.
#[derive(Clone)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

#[derive(Debug, Clone)]
struct Pair {
    /// `None`: there was no `=`.
    name: Option<String>,
    value: Secret,
}

impl Arguments {
    /// What the simulator starts with.
    ///
    /// # Errors
    /// a token for an array that is not served, or a file of faults that cannot be read → `InvalidRequest`.
    pub(crate) fn options(self) -> Result<Options> {
        let mut arrays = self.arrays;
        let tokens = self.api_tokens.into_iter().map(|Pair { name, value }| Some((name?, value)));
        let tokens: Option<BTreeMap<String, Secret>> = tokens.collect();
        let mut tokens = tokens
            .ok_or_else(|| Error::invalid("a value of --api-token has no '='").remedy("--api-token NAME=TOKEN"))?;
        for array in &mut arrays {
            array.api_token = tokens.remove(array.name.as_str()).map(|Secret(token)| token);
        }
        if let Some(name) = tokens.keys().next() {
            return Err(Error::invalid(format!("--api-token names array '{name}', which is not served"))
                .remedy(format!("--array {name}=127.0.0.1:0")));
        }
        let faults = self.faults.iter().map(|given| fault_script(given)).collect::<Result<Vec<_>>>()?;
        Ok(Options {
            arrays,
            links: match self.link {
                Link::None => Links::None,
                Link::Async => Links::Async,
                Link::Sync => Links::Sync,
                Link::Both => Links::Both,
            },
            rest_max: self.rest_max,
            world: None,
            location: self.db.map_or(WorldLocation::Memory, WorldLocation::File),
            time: match self.clock {
                Clock::System => WorldTime::System,
                Clock::Virtual => WorldTime::Virtual,
            },
            transfer_time: self.transfer_time,
            replica_delay: self.replica_delay,
            latency: self.latency,
            faults: faults.join("\n"),
            control: self.control,
            seed: self.seed,
            page_limit: self.page_limit,
            session_time: self.session_time,
            strict_overwrite: self.strict_overwrite,
            oauth_subjects: self.oauth_subjects.into_iter().map(|Secret(token)| token).collect(),
        })
    }
}

/// A file of that name, or the line itself: lines have blanks, names of files seldom.
fn fault_script(given: &str) -> Result<String> {
    match std::fs::read_to_string(given) {
        Ok(script) => Ok(script),
        Err(_) if given.contains(char::is_whitespace) => Ok(given.to_owned()),
        Err(e) => Err(Error::invalid(format!("the fault script '{given}' cannot be read: {e}")).source(e)),
    }
}

fn array(text: &str) -> Result<ArrayOptions, String> {
    let parts = text.split_once('=').and_then(|(name, address)| Some((name, address.rsplit_once(':')?)));
    let (name, (host, port)) = parts.ok_or("write NAME=HOST:PORT, for example arrA=127.0.0.1:0")?;
    let port = port.parse().map_err(|_| format!("'{port}' is not a port between 0 and 65535"))?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if name.is_empty() || host.is_empty() {
        return Err("write NAME=HOST:PORT, for example arrA=127.0.0.1:0".to_owned());
    }
    Ok(ArrayOptions { name: name.into(), host: host.to_owned(), port, api_token: None })
}

// clap quotes a value that its parser refuses, so parsers of secrets refuse nothing

#[expect(clippy::unnecessary_wraps, reason = "what clap takes for a parser")]
fn pair(text: &str) -> Result<Pair, String> {
    Ok(match text.split_once('=') {
        Some((name, value)) => Pair { name: Some(name.to_owned()), value: Secret(value.to_owned()) },
        None => Pair { name: None, value: Secret(text.to_owned()) },
    })
}

#[expect(clippy::unnecessary_wraps, reason = "what clap takes for a parser")]
fn secret(text: &str) -> Result<Secret, String> {
    Ok(Secret(text.to_owned()))
}

fn time(text: &str) -> Result<Duration, String> {
    let found = text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    found.ok_or_else(|| "write a number and its unit, for example 500ms, 2s or 30m".to_owned())
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address = text.replace("localhost:", "127.0.0.1:").parse::<SocketAddr>();
    let address = address.map_err(|_| "write ADDRESS:PORT, for example 127.0.0.1:0".to_owned())?;
    if !address.ip().is_loopback() {
        return Err("the control endpoint asks for no password, so only loopback addresses may be used".to_owned());
    }
    Ok(address)
}
