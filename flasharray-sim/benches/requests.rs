//! How many small requests one array answers: `cargo bench -p flasharray-sim --bench requests`.
//!
//! Keep-alive connections over TLS, one request under way on each, for ten seconds; clients and simulator share the
//! machine, each with a runtime of its own. Then one client reads a list of 10,000 volumes page by page. Arguments:
//! connections (default 16), seconds (default 10).

use flasharray_sim::{ArrayOptions, Options, ServedArray, Simulator};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{
    error::Error,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Runtime,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

type Failure = Box<dyn Error + Send + Sync>;

/// What is asked over and over.
const PATH: &str = "volumes?names=v1";
/// Requests per second, at least.
const RATE_TARGET: f64 = 5_000.0;
/// How long the slowest request in a hundred may take.
const P99_TARGET: Duration = Duration::from_millis(20);
/// Volumes of the array that is listed.
const VOLUMES: usize = 10_000;

fn main() -> Result<(), Failure> {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let connections = numbers.next().unwrap_or(16);
    let time = Duration::from_secs(numbers.next().unwrap_or(10).try_into()?);
    let (server, clients) = (Runtime::new()?, Runtime::new()?);
    let options = Options { arrays: vec![ArrayOptions::local("arrA")], ..Options::default() };
    let simulator = server.block_on(Simulator::start(options))?;
    let array = simulator.arrays().first().ok_or("no array")?.clone();
    clients.block_on(async { Session::open(&array).await?.make("v1").await })?;
    let begun = Instant::now();
    let end = begun + time;
    let tasks: Vec<_> = (0..connections).map(|_| clients.spawn(ask(array.clone(), end))).collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(clients.block_on(task)??);
    }
    let elapsed = begun.elapsed();
    let pages = clients.block_on(read_pages(&array))?;
    server.block_on(simulator.stop());

    times.sort_unstable();
    let share = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    let rate = times.len() as f64 / elapsed.as_secs_f64();
    let mut out = std::io::stdout();
    writeln!(
        out,
        "GET {PATH} over {connections} connections: {rate:.0} requests/s, p50 {:.2?}, p99 {:.2?}; clients and simulator \
         share {} processors",
        share(50),
        share(99),
        std::thread::available_parallelism()?
    )?;
    let verdict = |met: bool| if met { "met" } else { "MISSED" };
    writeln!(out, "target {}: requests/s: {rate:.0} (at least {RATE_TARGET})", verdict(rate >= RATE_TARGET))?;
    writeln!(out, "target {}: p99: {:.2?} (under {P99_TARGET:?})", verdict(share(99) < P99_TARGET), share(99))?;
    let longest = pages.iter().max().copied().unwrap_or_default();
    writeln!(out, "GET volumes, {VOLUMES} of them in {} pages: at most {longest:.2?} per page", pages.len())?;
    Ok(())
}

/// Asks until `end`; how long each reply took.
async fn ask(array: ServedArray, end: Instant) -> Result<Vec<Duration>, Failure> {
    let mut session = Session::open(&array).await?;
    let mut times = Vec::new();
    while Instant::now() < end {
        let begun = Instant::now();
        session.exchange("GET", PATH).await?;
        times.push(begun.elapsed());
    }
    Ok(times)
}

/// Makes the volumes and reads their list; how long each page took.
async fn read_pages(array: &ServedArray) -> Result<Vec<Duration>, Failure> {
    let mut session = Session::open(array).await?;
    let names: Vec<String> = (0..VOLUMES).map(|number| format!("volume-{number:05}")).collect();
    for names in names.chunks(500) {
        session.make(&names.join(",")).await?;
    }
    let (mut times, mut token) = (Vec::new(), Some(String::new()));
    while let Some(after) = token {
        let begun = Instant::now();
        let head = session.exchange("GET", &format!("volumes?continuation_token={after}")).await?;
        times.push(begun.elapsed());
        token = head.lines().find_map(|line| line.strip_prefix("x-next-token: ")).map(str::to_owned);
    }
    Ok(times)
}

/// A connection with a session.
struct Session {
    stream: TlsStream<TcpStream>,
    host: String,
    header: String,
}

impl Session {
    async fn open(array: &ServedArray) -> Result<Self, Failure> {
        let host = array.url.trim_start_matches("https://").to_owned();
        let header = format!("api-token: {}", array.api_token);
        let mut session = Self { stream: connect(array).await?, host, header };
        let head = session.exchange("POST", "login").await?;
        let token = head.lines().find_map(|line| line.strip_prefix("x-auth-token: ")).ok_or("no session")?;
        session.header = format!("x-auth-token: {token}");
        Ok(session)
    }

    async fn make(&mut self, names: &str) -> Result<(), Failure> {
        self.exchange("POST", &format!("volumes?names={names}")).await.map(drop)
    }

    /// Sends a request without a body and reads the whole reply; its head.
    async fn exchange(&mut self, method: &str, path: &str) -> Result<String, Failure> {
        let Self { stream, host, header } = self;
        let request =
            format!("{method} /api/2.37/{path} HTTP/1.1\r\nhost: {host}\r\n{header}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut reply = Vec::with_capacity(4096);
        let end = loop {
            read_more(stream, &mut reply).await?;
            if let Some(end) = reply.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
        };
        let head = String::from_utf8_lossy(reply.get(..end).unwrap_or_default()).into_owned();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        let length: usize = length.parse()?;
        while reply.len() < end + 4 + length {
            read_more(stream, &mut reply).await?;
        }
        if head.starts_with("HTTP/1.1 200") { Ok(head) } else { Err(String::from_utf8_lossy(&reply).into()) }
    }
}

async fn read_more(stream: &mut TlsStream<TcpStream>, reply: &mut Vec<u8>) -> Result<(), Failure> {
    if stream.read_buf(reply).await? == 0 { Err("the connection was closed".into()) } else { Ok(()) }
}

async fn connect(array: &ServedArray) -> Result<TlsStream<TcpStream>, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(array.ca_cert.as_bytes())?)?;
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(array.url.trim_start_matches("https://")).await?;
    stream.set_nodelay(true)?;
    Ok(TlsConnector::from(Arc::new(tls)).connect(ServerName::try_from("localhost")?, stream).await?)
}
