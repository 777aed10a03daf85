//! A cloud on the loopback: Keystone that grants tokens, and scripted answers of everything else.

use serde_json::json;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What happens to one request.
#[derive(Debug, Clone)]
pub(crate) enum Play {
    /// Status and body.
    Answer(u16, String),
    /// Reads the request and closes without a word.
    Close,
    /// As an answer, after a while.
    Late(Duration, u16, String),
}

pub(crate) fn ok(body: &serde_json::Value) -> Play {
    Play::Answer(200, body.to_string())
}

pub(crate) fn answer(status: u16, body: &str) -> Play {
    Play::Answer(status, body.to_owned())
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// `GET /cinder/v3/p1/volumes/detail?limit=1000`.
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

#[derive(Default)]
struct State {
    /// By beginning of the line; the last answer of a script is played for ever.
    scripts: Vec<(String, VecDeque<Play>)>,
    seen: Vec<Seen>,
    tokens: u32,
    under_way: usize,
    most_under_way: usize,
}

/// The cloud. Stops when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, address, Arc::clone(&shared)));
            }
        });
        Self { address, state, task }
    }

    /// Plays these for requests whose line begins so, the newest script first.
    pub(crate) fn on(&self, line: &str, plays: Vec<Play>) -> &Self {
        self.state.lock().unwrap().scripts.insert(0, (line.to_owned(), plays.into()));
        self
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// Lines of requests that begin so.
    pub(crate) fn lines(&self, beginning: &str) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).filter(|line| line.starts_with(beginning)).collect()
    }

    pub(crate) fn tokens(&self) -> u32 {
        self.state.lock().unwrap().tokens
    }

    pub(crate) fn most_under_way(&self) -> usize {
        self.state.lock().unwrap().most_under_way
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, address: SocketAddr, state: Arc<Mutex<State>>) {
    let mut stream = BufReader::new(stream);
    while let Some(seen) = read(&mut stream).await {
        let play = {
            let mut state = state.lock().unwrap();
            state.seen.push(seen.clone());
            state.under_way += 1;
            state.most_under_way = state.most_under_way.max(state.under_way);
            scripted(&mut state, &seen.line)
        };
        let (status, body) = match play {
            Some(Play::Close) => {
                state.lock().unwrap().under_way -= 1;
                return;
            }
            Some(Play::Answer(status, body)) => (status, body),
            Some(Play::Late(pause, status, body)) => {
                tokio::time::sleep(pause).await;
                (status, body)
            }
            None => usual(&mut state.lock().unwrap(), address, &seen),
        };
        state.lock().unwrap().under_way -= 1;
        let token = if seen.line.ends_with("/auth/tokens") && status == 201 {
            format!("X-Subject-Token: token-{}\r\n", state.lock().unwrap().tokens)
        } else {
            String::new()
        };
        let head = format!(
            "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Date: Mon, 30 Nov 2026 10:00:00 GMT\r\nX-Openstack-Request-Id: req-{status}\r\n{token}\r\n",
            body.len()
        );
        if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
            return;
        }
    }
}

fn scripted(state: &mut State, line: &str) -> Option<Play> {
    let (_, plays) = state.scripts.iter_mut().find(|(beginning, _)| line.starts_with(beginning.as_str()))?;
    if plays.len() > 1 { plays.pop_front() } else { plays.front().cloned() }
}

/// What every cloud answers.
fn usual(state: &mut State, address: SocketAddr, seen: &Seen) -> (u16, String) {
    match seen.line.as_str() {
        "POST /v3/auth/tokens" => {
            state.tokens += 1;
            (201, grant(address, "2026-11-30T11:00:00.000000Z"))
        }
        "GET /v3" => (200, json!({"version": {"id": "v3.14"}}).to_string()),
        // as the genuine one behind keystonemiddleware
        "GET /cinder/v3/" if !seen.headers.contains_key("x-auth-token") => {
            let text = "The request you have made requires authentication.";
            (401, json!({"error": {"code": 401, "title": "Unauthorized", "message": text}}).to_string())
        }
        "GET /cinder/v3/" => {
            let offer = json!({"id": "v3.0", "version": "3.71", "min_version": "3.0"});
            (200, json!({"versions": [offer]}).to_string())
        }
        "GET /nova/v2.1/" => {
            (200, json!({"version": {"id": "v2.1", "version": "2.103", "min_version": "2.1"}}).to_string())
        }
        line => (404, json!({"itemNotFound": {"message": format!("{line} is not scripted")}}).to_string()),
    }
}

/// The body that comes with a token.
pub(crate) fn grant(address: SocketAddr, expires_at: &str) -> String {
    let entry = |kind: &str, path: &str| {
        let url = format!("http://{address}/{path}");
        json!({"type": kind, "endpoints": [{"interface": "public", "region": "RegionOne", "url": url}]})
    };
    let catalog = [entry("volumev3", "cinder/v3/p1"), entry("compute", "nova/v2.1"), entry("network", "neutron")];
    json!({"token": {"expires_at": expires_at, "project": {"id": "p1"}, "catalog": catalog}}).to_string()
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|length| *length > 0)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok()?;
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let line = line.trim().strip_suffix(" HTTP/1.1")?.to_owned();
    Some(Seen { line, headers, body: String::from_utf8(body).ok()? })
}
