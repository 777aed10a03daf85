//! Listening: one loop per array, one task per connection.

use crate::service::answer;
use crate::state::{Served, Shared};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, body::Incoming, server::conn::http1, service::HttpService};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use std::{error::Error, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// How long a client may take for its handshake, or between two requests.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long requests under way may take when the simulator stops.
const GRACE: Duration = Duration::from_secs(2);

/// True once the simulator stops.
pub(crate) type Stop = watch::Receiver<bool>;

/// What an array listens with.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) served: Arc<Served>,
    pub(crate) tcp: TcpListener,
    pub(crate) tls: Arc<ServerConfig>,
}

/// Serves an array until the simulator stops, then lets requests under way end.
pub(crate) async fn serve(sim: Arc<Shared>, listener: Listener, stop: Stop) {
    let Listener { served, tcp, tls } = listener;
    let tls = TlsAcceptor::from(tls);
    accept(&tcp, stop.clone(), |stream, connections| {
        // an array that is down is seen to close the connection before it says anything
        if sim.world.array_is_available(&served.name).unwrap_or(false) {
            connections.spawn(connection(Arc::clone(&sim), Arc::clone(&served), tls.clone(), stream, stop.clone()));
        }
    })
    .await;
}

/// Hands connections over until the simulator stops, then waits for those that are open, but not for long.
pub(crate) async fn accept(tcp: &TcpListener, mut stop: Stop, mut each: impl FnMut(TcpStream, &mut JoinSet<()>)) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = tcp.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        match accepted {
            Ok((stream, _)) => each(stream, &mut connections),
            // out of file descriptors, for example: those that are open will close
            Err(e) => {
                tracing::warn!("a connection cannot be accepted: {e}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    let ended = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        connections.shutdown().await;
    }
}

async fn connection(sim: Arc<Shared>, served: Arc<Served>, tls: TlsAcceptor, stream: TcpStream, stop: Stop) {
    // small replies must not wait for more to come
    let _ = stream.set_nodelay(true);
    let stream = match tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(e)) => return tracing::debug!("{}: no TLS: {e}", served.name),
        Err(_) => return,
    };
    let service = hyper::service::service_fn(|request| answer(Arc::clone(&sim), Arc::clone(&served), request));
    speak(stream, service, stop).await;
}

/// Speaks HTTP on a connection until the client leaves, or the simulator stops and the request under way has ended.
pub(crate) async fn speak<S>(stream: impl AsyncRead + AsyncWrite + Unpin, service: S, mut stop: Stop)
where
    S: HttpService<Incoming, ResBody = Full<Bytes>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    let mut http = std::pin::pin!(http);
    let result = tokio::select! {
        result = http.as_mut() => result,
        () = stopped(&mut stop) => {
            http.as_mut().graceful_shutdown();
            http.await
        }
    };
    if let Err(e) = result {
        tracing::debug!("a connection ended: {e}");
    }
}

/// A reply of plain HTTP.
pub(crate) type PlainReply = Response<Full<Bytes>>;

/// Waits until the simulator stops, or nobody is left to say so.
async fn stopped(stop: &mut Stop) {
    let _ = stop.wait_for(|stop| *stop).await;
}
