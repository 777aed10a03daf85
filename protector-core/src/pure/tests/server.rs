//! A server that plays scripted answers over TLS and writes down what it was asked.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{DEFAULT_VERSIONS, ServerConfig, SupportedProtocolVersion};

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Play {
    /// Answers: status, more headers, body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Reads the request and closes without a word.
    Close,
    /// Announces more than it sends, and closes.
    CloseAmidBody,
    /// Answers `200 {"items":[]}` after a while.
    Late(Duration),
    /// Never answers.
    Hang,
}

/// 200 with a body.
pub(crate) fn ok(body: &str) -> Play {
    answer(200, body)
}

/// An answer without more headers.
pub(crate) fn answer(status: u16, body: &str) -> Play {
    Play::Answer(status, Vec::new(), body.to_owned())
}

/// An answer in the form of arrays.
pub(crate) fn refusal(status: u16, sentence: &str) -> Play {
    answer(status, &format!(r#"{{"errors":[{{"context":"x","message":"{sentence}"}}]}}"#))
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

#[derive(Default)]
struct State {
    script: VecDeque<Play>,
    session_script: VecDeque<Play>,
    seen: Vec<Seen>,
    sessions: u32,
    connections: usize,
    refused_connections: usize,
    under_way: usize,
    most_under_way: usize,
}

/// A certificate with its key.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
    pub(crate) pem: String,
}

impl Identity {
    /// Signed by itself, for the loopback address.
    pub(crate) fn self_signed() -> Self {
        let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self::new(&certificate, &key)
    }

    pub(crate) fn new(certificate: &rcgen::Certificate, key: &rcgen::KeyPair) -> Self {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Self { certificate: certificate.der().clone(), key, pem: certificate.pem() }
    }
}

/// The server. Stops when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) certificate: CertificateDer<'static>,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Logs in whoever asks, offers 2.4 and 2.37, and plays `script` for everything else.
    pub(crate) async fn start(script: Vec<Play>) -> Self {
        Self::start_as(Identity::self_signed(), script).await
    }

    pub(crate) async fn start_as(identity: Identity, script: Vec<Play>) -> Self {
        Self::start_with(identity, DEFAULT_VERSIONS, script).await
    }

    /// Speaks only these versions of TLS.
    pub(crate) async fn start_with(
        identity: Identity,
        versions: &[&'static SupportedProtocolVersion],
        script: Vec<Play>,
    ) -> Self {
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let certificate = identity.certificate.clone();
        // put together by hand: a test presents a certificate with a key that is not its own
        let key = provider.key_provider.load_private_key(identity.key).unwrap();
        let presented = SingleCertAndKey::from(CertifiedKey::new(vec![identity.certificate], key));
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(presented));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { script: script.into(), ..State::default() }));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let refused = {
                    let mut state = shared.lock().unwrap();
                    state.connections += 1;
                    let refused = state.refused_connections > 0;
                    state.refused_connections -= usize::from(refused);
                    refused
                };
                if !refused {
                    tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&shared)));
                }
            }
        });
        Self { address, certificate, state, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Played for `api_version`, `login` and `logout` in place of the usual answers.
    pub(crate) fn in_sessions(&self, script: Vec<Play>) {
        self.state.lock().unwrap().session_script = script.into();
    }

    /// Closes the next connections before TLS.
    pub(crate) fn refuse_connections(&self, count: usize) {
        self.state.lock().unwrap().refused_connections = count;
    }

    /// Requests so far, `METHOD target`.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    /// Requests so far without those about versions and sessions.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.lines().into_iter().filter(|line| !is_about_sessions(line)).collect()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    pub(crate) fn most_under_way(&self) -> usize {
        self.state.lock().unwrap().most_under_way
    }

    /// Whether everything was played.
    pub(crate) fn is_done(&self) -> bool {
        self.state.lock().unwrap().script.is_empty()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn is_about_sessions(line: &str) -> bool {
    ["/api_version", "/login", "/logout"].iter().any(|end| line.ends_with(end))
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, state: Arc<Mutex<State>>) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    while let Some(seen) = read_request(&mut stream).await {
        let play = next_play(&state, seen);
        let (status, headers, body) = match play {
            Play::Answer(status, headers, body) => (status, headers, body),
            Play::Close => break,
            Play::CloseAmidBody => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"items\":[").await;
                let _ = stream.flush().await;
                break;
            }
            Play::Late(wait) => {
                tokio::time::sleep(wait).await;
                (200, Vec::new(), r#"{"items":[]}"#.to_owned())
            }
            Play::Hang => std::future::pending().await,
        };
        state.lock().unwrap().under_way -= 1;
        let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(&body);
        if stream.write_all(text.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

/// Writes the request down and says what to do with it.
fn next_play(state: &Mutex<State>, seen: Seen) -> Play {
    let mut state = state.lock().unwrap();
    let line = seen.line.clone();
    state.seen.push(seen);
    state.under_way += 1;
    state.most_under_way = state.most_under_way.max(state.under_way);
    if !is_about_sessions(&line) {
        return state.script.pop_front().unwrap_or_else(|| answer(599, "the script is over"));
    }
    if let Some(play) = state.session_script.pop_front() {
        return play;
    }
    if line.ends_with("/api_version") {
        return ok(r#"{"version":["1.19","2.37","2.4","2.X"]}"#);
    }
    if line.ends_with("/logout") {
        return ok("");
    }
    state.sessions += 1;
    let token = format!("session-{}", state.sessions);
    Play::Answer(200, vec![("x-auth-token", token)], r#"{"items":[{"username":"pureuser"}]}"#.to_owned())
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Seen { line, headers, body: String::from_utf8(body).ok()? })
}
