//! Listening: one loop per array, one task per connection.

use crate::service::answer;
use crate::state::{Served, Shared};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use std::{sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// How long a client may take for its handshake, or between two requests.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long requests under way may take when the simulator stops.
const GRACE: Duration = Duration::from_secs(2);

/// What an array listens with.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) served: Arc<Served>,
    pub(crate) tcp: TcpListener,
    pub(crate) tls: Arc<ServerConfig>,
}

/// Serves an array until `stop` is true, then lets requests under way end.
pub(crate) async fn serve(sim: Arc<Shared>, listener: Listener, mut stop: watch::Receiver<bool>) {
    let Listener { served, tcp, tls } = listener;
    let tls = TlsAcceptor::from(tls);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = tcp.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        match accepted {
            // an array that is down is seen to close the connection before it says anything
            Ok(_) if !sim.world.array_is_available(&served.name).unwrap_or(false) => {}
            Ok((stream, _)) => {
                connections.spawn(connection(Arc::clone(&sim), Arc::clone(&served), tls.clone(), stream, stop.clone()));
            }
            // out of file descriptors, for example: those that are open will close
            Err(e) => {
                tracing::warn!("{} cannot accept a connection: {e}", served.name);
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

async fn connection(
    sim: Arc<Shared>,
    served: Arc<Served>,
    tls: TlsAcceptor,
    stream: TcpStream,
    mut stop: watch::Receiver<bool>,
) {
    // small replies must not wait for more to come
    let _ = stream.set_nodelay(true);
    let stream = match tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(e)) => return tracing::debug!("{}: no TLS: {e}", served.name),
        Err(_) => return,
    };
    let service = service_fn(|request| answer(Arc::clone(&sim), Arc::clone(&served), request));
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
        tracing::debug!("{}: a connection ended: {e}", served.name);
    }
}

/// Waits until `stop` is true, or nobody is left to say so.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
