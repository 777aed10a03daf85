//! The control endpoint: plain HTTP on a loopback address, for those who run the simulator as a process of its own.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /faults` | the faults: line, whether begun, requests that matched |
//! | `POST /faults` | adds the lines of the body; see [`crate::Faults`] |
//! | `DELETE /faults` | ends all faults and undoes what they did |
//! | `GET /requests` | how many requests came in, by array, method and path |
//! | `DELETE /requests` | begins to count anew |
//! | `POST /clock/advance` | `{"seconds": 90}`: moves a virtual clock |

use crate::server::{PlainReply, Stop, accept, speak};
use crate::state::Shared;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, service::service_fn};
use protector_core::mock::WorldTime;
use protector_core::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// The largest body that is read.
const BODY_LIMIT: usize = 1 << 20;

/// Listens on `address`.
///
/// # Errors
/// no loopback address → `InvalidRequest`; one that is taken → `Precondition`. Both name it.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener> {
    if !address.ip().is_loopback() {
        return Err(Error::invalid(format!(
            "the control endpoint cannot listen on {address}: it asks for no password"
        ))
        .remedy("choose a loopback address, for example --control 127.0.0.1:0"));
    }
    TcpListener::bind(address)
        .await
        .map_err(|e| Error::precondition(format!("the control endpoint cannot listen on {address}: {e}")).source(e))
}

/// Serves the control endpoint until the simulator stops.
pub(crate) async fn serve(sim: Arc<Shared>, tcp: TcpListener, stop: Stop) {
    accept(&tcp, stop.clone(), |stream, connections| {
        let (sim, stop) = (Arc::clone(&sim), stop.clone());
        connections.spawn(async move {
            let service = service_fn(|request| {
                let sim = Arc::clone(&sim);
                async move { Ok::<_, Infallible>(answer(&sim, request).await) }
            });
            speak(stream, service, stop).await;
        });
    })
    .await;
}

async fn answer(sim: &Shared, request: Request<Incoming>) -> PlainReply {
    let (head, body) = request.into_parts();
    let outcome = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => obey(sim, &head.method, head.uri.path(), &body.to_bytes()).await,
        Err(e) => Err(Error::invalid(format!("the body cannot be read: {e}"))),
    };
    let (status, body) = match outcome {
        Ok(Some(body)) => (StatusCode::OK, body),
        Ok(None) => {
            (StatusCode::NOT_FOUND, json!({"error": format!("there is no {} {}", head.method, head.uri.path())}))
        }
        Err(e) => (StatusCode::BAD_REQUEST, json!({"error": e.to_string()})),
    };
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: f64,
}

/// Does what a request asks. `None`: there is no such request.
async fn obey(sim: &Shared, method: &Method, path: &str, body: &[u8]) -> Result<Option<Value>> {
    match (method.as_str(), path) {
        ("GET", "/faults") => {}
        ("POST", "/faults") => {
            let script = std::str::from_utf8(body).map_err(|_| Error::invalid("the fault script is not UTF-8"))?;
            sim.faults.add(script)?;
        }
        ("DELETE", "/faults") => sim.faults.clear()?,
        ("GET", "/requests") => return Ok(Some(requests(sim))),
        ("DELETE", "/requests") => {
            sim.requests.reset();
            return Ok(Some(requests(sim)));
        }
        ("POST", "/clock/advance") => return advance(sim, body).await.map(Some),
        _ => return Ok(None),
    }
    let states = sim.faults.states();
    let lines =
        states.into_iter().map(|state| json!({"line": state.line, "begun": state.begun, "matched": state.matched}));
    Ok(Some(json!({"faults": lines.collect::<Vec<_>>()})))
}

fn requests(sim: &Shared) -> Value {
    json!({"total": sim.requests.total(), "by_route": sim.requests.by_route()})
}

async fn advance(sim: &Shared, body: &[u8]) -> Result<Value> {
    let Advance { seconds } = serde_json::from_slice(body)?;
    if !matches!(sim.options.time, WorldTime::Virtual) {
        return Err(Error::invalid("the clock is the machine's and cannot be moved").remedy("--clock virtual"));
    }
    let by = Duration::try_from_secs_f64(seconds)
        .map_err(|e| Error::invalid(format!("the clock cannot move by {seconds} seconds: {e}")))?;
    sim.clock.sleep(by).await;
    Ok(json!({"now_ms": sim.now_ms()}))
}
