//! How many small requests one array answers: `cargo bench -p flasharray-sim --bench requests`.
//!
//! Keep-alive connections over TLS, one request under way on each, for ten seconds; clients and simulator share the
//! machine, each with a runtime of its own. Arguments: connections (default 16), seconds (default 10).

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
const PATH: &str = "arrays";

fn main() -> Result<(), Failure> {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let connections = numbers.next().unwrap_or(16);
    let time = Duration::from_secs(numbers.next().unwrap_or(10).try_into()?);
    let (server, clients) = (Runtime::new()?, Runtime::new()?);
    let options = Options { arrays: vec![ArrayOptions::local("arrA")], ..Options::default() };
    let simulator = server.block_on(Simulator::start(options))?;
    let array = simulator.arrays().first().ok_or("no array")?.clone();

    let begun = Instant::now();
    let end = begun + time;
    let tasks: Vec<_> = (0..connections).map(|_| clients.spawn(ask(array.clone(), end))).collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(clients.block_on(task)??);
    }
    let elapsed = begun.elapsed();
    server.block_on(simulator.stop());

    times.sort_unstable();
    let share = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    let rate = times.len() as f64 / elapsed.as_secs_f64();
    writeln!(
        std::io::stdout(),
        "GET {PATH} over {connections} connections: {rate:.0} requests/s, p50 {:.2?}, p99 {:.2?}",
        share(50),
        share(99)
    )?;
    Ok(())
}

/// Asks until `end`; how long each reply took.
async fn ask(array: ServedArray, end: Instant) -> Result<Vec<Duration>, Failure> {
    let mut stream = connect(&array).await?;
    let host = array.url.trim_start_matches("https://");
    let token = format!("api-token: {}", array.api_token);
    let head = exchange(&mut stream, &request("POST", host, "login", &token)).await?;
    let session = head.lines().find_map(|line| line.strip_prefix("x-auth-token: ")).ok_or("no session")?;
    let request = request("GET", host, PATH, &format!("x-auth-token: {session}"));
    let mut times = Vec::new();
    while Instant::now() < end {
        let begun = Instant::now();
        let head = exchange(&mut stream, &request).await?;
        times.push(begun.elapsed());
        if !head.starts_with("HTTP/1.1 200") {
            return Err(head.into());
        }
    }
    Ok(times)
}

fn request(method: &str, host: &str, path: &str, header: &str) -> String {
    format!("{method} /api/2.37/{path} HTTP/1.1\r\nhost: {host}\r\n{header}\r\ncontent-length: 0\r\n\r\n")
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

/// Sends a request and reads the whole reply; its head.
async fn exchange(stream: &mut TlsStream<TcpStream>, request: &str) -> Result<String, Failure> {
    stream.write_all(request.as_bytes()).await?;
    let mut reply = Vec::with_capacity(4096);
    loop {
        if stream.read_buf(&mut reply).await? == 0 {
            return Err("the connection was closed".into());
        }
        let Some(end) = reply.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(reply.get(..end).unwrap_or_default()).into_owned();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        if reply.len() >= end + 4 + length.parse::<usize>()? {
            return Ok(head);
        }
    }
}
