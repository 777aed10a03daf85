//! The other site: a server on loopback that answers as `protector-api` does, or as a script says.

use crate::engine::peer::answers::Answers;
use crate::engine::peer::service::answer;
use crate::ports::Store;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of one request in place of a true answer.
#[derive(Debug, Clone)]
pub(super) enum Play {
    /// Status, a header line or nothing, body; the request is not read any further.
    Say(u16, &'static str, String),
    /// The question is done, and the connection ends without a word.
    DoAndClose,
    /// The connection ends, and nothing is done.
    Close,
    /// Nothing more comes.
    Hang,
    /// What was asked for is done, and the answer is right.
    Answer,
}

/// Closes when dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// `site-b` with that store; `script` first, and true answers after it.
    pub(super) async fn start(store: Arc<dyn Store>, script: impl IntoIterator<Item = Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let (seen, answers) = (Arc::default(), Answers::new("site-b".into(), store));
        let shared = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answers.clone(), Arc::clone(&script), Arc::clone(&shared)));
            }
        });
        Self { address, seen, task }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(line, ..)| line.clone()).collect()
    }

    /// The token of each request for an answer.
    pub(super) fn tokens(&self) -> Vec<Option<String>> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|(line, ..)| line.contains("/admin/peer")).map(|(_, token, _)| token.clone()).collect()
    }

    pub(super) fn bodies(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(.., body)| body.clone()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// First line, token and body.
type Request = (String, Option<String>, String);

async fn serve(
    stream: TcpStream,
    answers: Answers,
    script: Arc<Mutex<VecDeque<Play>>>,
    seen: Arc<Mutex<Vec<Request>>>,
) {
    let mut stream = BufReader::new(stream);
    while let Some((line, token, body)) = request(&mut stream).await {
        seen.lock().unwrap().push((line, token, body.clone()));
        let play = script.lock().unwrap().pop_front().unwrap_or(Play::Answer);
        let (status, header, body) = match play {
            Play::Say(status, header, body) => (status, header, body),
            Play::DoAndClose => {
                answered(&answers, &body).await;
                return;
            }
            Play::Close => return,
            Play::Hang => std::future::pending().await,
            Play::Answer => (200, "", answered(&answers, &body).await),
        };
        let text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{header}\r\n{body}", body.len());
        if stream.get_mut().write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn answered(answers: &Answers, body: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    format!("{{\"answer\": {}}}", answer(answers, &body["question"].to_string()).await.unwrap())
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    while stream.read_line(&mut line).await.ok()? > 2 {
        lines.push(line.trim_end().to_owned());
        line.clear();
    }
    let header = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    let mut body = vec![0; header("content-length: ")?.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    Some((lines.first()?.clone(), header("x-auth-token: "), String::from_utf8(body).ok()?))
}
